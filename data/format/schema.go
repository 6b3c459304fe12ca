package format

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"pipe/artifacts"
	"pipe/data/source/schema"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// Schema is how data were read, see package schema, as JSON.
const Schema pipeline.PortType = "schema"

// schemas say how other data are to be read.
func schemas() Format {
	return Format{
		Type: Schema, Ending: ".json", Structured: true, Difference: jsonDifference,
		View: func(ctx context.Context, store *artifacts.Store, id artifacts.ID, _ int) (View, error) {
			return ReadSchema(ctx, store, id)
		},
	}
}

// A SchemaView is a schema with the settings that the data were read with.
type SchemaView struct {
	*schema.Schema
	Reading  string          // the settings, as JSON; empty if there are none
	document json.RawMessage // as it is written
}

// Name implements View.
func (*SchemaView) Name() string { return "schema" }

// MarshalJSON gives the document.
func (v *SchemaView) MarshalJSON() ([]byte, error) { return v.document, nil }

// Flow writes settings that are an object of JSON as they stand in a pipeline file,
// on one line. It is empty if they are none.
func Flow(object string) string {
	dec := json.NewDecoder(strings.NewReader(object))
	dec.UseNumber()
	var b strings.Builder
	if writeFlow(&b, dec) != nil {
		return ""
	}
	return strings.TrimSuffix(strings.TrimPrefix(b.String(), "{"), "}")
}

// writeFlow writes a value of JSON as YAML on one line, with no more quotes than it
// takes.
func writeFlow(b *strings.Builder, dec *json.Decoder) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	switch t := token.(type) {
	case json.Delim:
		b.WriteString(t.String())
		for i := 0; dec.More(); i++ {
			if i > 0 {
				b.WriteString(", ")
			}
			if t == '{' {
				if err := writeFlow(b, dec); err != nil { // the key
					return err
				}
				b.WriteString(": ")
			}
			if err := writeFlow(b, dec); err != nil {
				return err
			}
		}
		if token, err = dec.Token(); err == nil {
			b.WriteString(token.(json.Delim).String())
		}
		return err
	case string:
		b.WriteString(settings.Quote(t))
	default:
		fmt.Fprint(b, t)
	}
	return nil
}

// Met says what may surprise in a column that was read.
func Met(c *schema.Column) string {
	var parts []string
	if m := c.Misfits; m != nil {
		parts = append(parts, fmt.Sprintf("%d not %s, the first %s in line %d", m.Count, m.Type, strconv.Quote(m.First), m.Line))
	}
	for _, w := range c.Words {
		parts = append(parts, fmt.Sprintf("%s (%d)", strconv.Quote(w.Key), w.Value))
	}
	if c.Optional {
		parts = append(parts, "optional")
	}
	return strings.Join(parts, ", ")
}

// ReadSchema reads a schema with what can be shown of it.
func ReadSchema(ctx context.Context, store *artifacts.Store, id artifacts.ID) (*SchemaView, error) {
	f, err := store.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if f.Size() > schema.MaxSize {
		return nil, fmt.Errorf("the schema has more than %d MiB", schema.MaxSize>>20)
	}
	b, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	v := &SchemaView{document: b}
	if v.Schema, err = schema.Read("schema", b, nil); err != nil {
		return nil, err
	}
	var doc struct {
		Reading json.RawMessage `json:"reading"`
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		return nil, err
	}
	v.Reading = string(doc.Reading)
	return v, nil
}
