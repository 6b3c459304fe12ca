package format

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"pipe/artifacts"
	"pipe/data/source/schema"
	"pipe/pipeline"
)

// Schema is how data were read, see package schema, as JSON.
const Schema pipeline.PortType = "schema"

// schemas say how other data are to be read.
func schemas() Format {
	return Format{
		Type: Schema, Ending: ".json", Structured: true, Difference: jsonDifference,
		View: func(ctx context.Context, store *artifacts.Store, id artifacts.ID, _ int) (View, error) {
			return viewSchema(ctx, store, id)
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

func viewSchema(ctx context.Context, store *artifacts.Store, id artifacts.ID) (*SchemaView, error) {
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
