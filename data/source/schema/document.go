package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"pipe/pipeline/settings"
)

// The JSON form of a schema. A reader refuses later versions.
const (
	formatName    = "pipe.schema"
	formatVersion = 1
)

// MaxSize bounds the bytes of a document.
const MaxSize = settings.MaxSize

// A document is a schema as it is written. People need write no more of it than
// the columns.
type document struct {
	Format  string       `yaml:"format" default:"pipe.schema" enum:"pipe.schema" doc:"What the document is."`
	Version int          `yaml:"version" default:"1" min:"1" max:"1" doc:"Version of its form."`
	Reading settings.Raw `yaml:"reading" doc:"Settings of the stage that has read the data."`
	Rows    *int64       `yaml:"rows" min:"0" doc:"How many rows were read."`
	LeftOut int64        `yaml:"left_out" min:"0" doc:"How many records were left out, since they cannot be read."`
	Columns []Column     `yaml:"columns" required:"true" min:"1" doc:"The columns in their order."`
}

// Validate checks what the tags cannot say.
func (d *document) Validate() error { return (&Schema{Columns: d.Columns}).check() }

// Read reads a schema, and its settings into what reading points to, which gets
// its defaults if there are none; nil is for who does not want them. Who has
// written it may be anyone, so all is checked; name is for messages.
func Read(name string, source []byte, reading any) (*Schema, error) {
	p := settings.NewProblems(name, source)
	root, err := parse(source, p)
	if err != nil {
		if name != "" {
			err = fmt.Errorf("%s: %w", name, err)
		}
		return nil, err
	}
	if root == nil {
		return nil, p.Err()
	}
	var d document
	settings.Decode(root, nil, &d, p)
	if reading != nil {
		settings.Decode(d.Reading.Value, d.Reading.Key, reading, p)
	}
	if err := p.Err(); err != nil {
		return nil, err
	}
	return &Schema{Columns: d.Columns, Rows: d.Rows, LeftOut: d.LeftOut, Told: d.Reading.Value != nil}, nil
}

// parse reads JSON or, since people write schemas too, YAML.
func parse(source []byte, p *settings.Problems) (*settings.Node, error) {
	if json.Valid(source) {
		return settings.ParseJSON(source)
	}
	doc := settings.Parse(source, p)
	switch {
	case doc == nil:
		return nil, nil
	case doc.Root == nil:
		return nil, errors.New("nothing is written there")
	}
	return doc.Root, nil
}

// Write writes a schema with the settings that the data were read with. The same
// schema has the same bytes.
func (s *Schema) Write(w io.Writer, reading any) error {
	text, err := s.text(settings.Brief(reading))
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// text is the document with the settings, which are JSON.
func (s *Schema) text(reading []byte) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\n  \"format\": %q,\n  \"version\": %d,\n  \"reading\": ", formatName, formatVersion)
	b.Write(reading)
	if s.Rows != nil {
		fmt.Fprintf(&b, ",\n  \"rows\": %d", *s.Rows)
	}
	if s.LeftOut > 0 {
		fmt.Fprintf(&b, ",\n  \"left_out\": %d", s.LeftOut)
	}
	b.WriteString(",\n  \"columns\": [")
	for i, c := range s.Columns {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n    ")
		if err := c.write(&b); err != nil {
			return nil, fmt.Errorf("schema: column %q: %w", c.Name, err)
		}
	}
	b.WriteString("\n  ]\n}\n")
	return b.Bytes(), nil
}

// write writes a column on one line, without what says nothing.
func (c *Column) write(b *bytes.Buffer) error {
	type misfits struct {
		Type  string `json:"type"`
		Count int64  `json:"count"`
		First string `json:"first"`
		Line  int64  `json:"line,omitempty"`
		File  string `json:"file,omitempty"`
	}
	out := struct {
		Name     string           `json:"name"`
		Type     string           `json:"type"`
		Optional bool             `json:"optional,omitempty"`
		Origin   string           `json:"origin,omitempty"`
		Missing  int64            `json:"missing,omitempty"`
		Words    map[string]int64 `json:"words,omitempty"`
		Misfits  *misfits         `json:"misfits,omitempty"`
	}{Name: c.Name, Type: c.Type.String(), Optional: c.Optional, Origin: c.Origin, Missing: c.Missing}
	if len(c.Words) > 0 {
		out.Words = make(map[string]int64, len(c.Words))
		for _, w := range c.Words {
			out.Words[w.Key] = w.Value
		}
	}
	if m := c.Misfits; m != nil {
		out.Misfits = &misfits{m.Type.String(), m.Count, m.First, m.Line, m.File}
	}
	var line bytes.Buffer
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false)
	if err := e.Encode(out); err != nil {
		return err
	}
	b.Write(bytes.TrimSuffix(line.Bytes(), []byte("\n")))
	return nil
}
