package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/source/cell"
)

// ReadingKey is the metadata of a table that says how the data were read that it is
// made of: the settings, as JSON. A table that was read in the usual way does not
// have it.
const ReadingKey = "pipe.reading"

// mixed is what a table says, in place of settings, whose data were read in several
// ways: none of them is how a file with all of its columns is written.
const mixed = `{"mixed":true}`

// LineKey is the metadata of a table of new rows that says in which line of their file
// the first one is, if each is a line and no other line is between them.
const LineKey = "pipe.first_line"

// datesSetting is the setting that says how dates are written, by column. Each
// column of a table says it for itself.
const datesSetting = "dates"

// maxReading bounds the settings that a table carries.
const maxReading = 1 << 20

// Carried is the schema that a table carries with it, as a document: how its data
// were read, and its columns. It is nil if the table does not say how.
func Carried(t *arrow.Schema) ([]byte, error) {
	if _, ok := t.Metadata().GetValue(ReadingKey); !ok {
		return nil, nil
	}
	return Whole(t)
}

// Whole is Carried, but also of a table that was read in the usual way.
func Whole(t *arrow.Schema) ([]byte, error) {
	text, ok := t.Metadata().GetValue(ReadingKey)
	if !ok {
		text = "{}"
	}
	var told map[string]json.RawMessage
	if len(text) > maxReading {
		return nil, fmt.Errorf("the metadata %s of the table have more than %d MiB", ReadingKey, maxReading>>20)
	}
	if err := json.Unmarshal([]byte(text), &told); err != nil || told == nil {
		return nil, fmt.Errorf("the metadata %s of the table are no settings", ReadingKey)
	}
	dates := map[string]string{}
	s := new(Schema)
	for _, f := range t.Fields() {
		s.Columns = append(s.Columns, Column{Name: f.Name, Type: cell.TypeFor(f.Type)})
		if layout, ok := f.Metadata.GetValue(cell.LayoutKey); ok {
			dates[f.Name] = layout
		}
	}
	var err error
	if delete(told, datesSetting); len(dates) > 0 {
		if told[datesSetting], err = json.Marshal(dates); err != nil {
			return nil, err
		}
	}
	var reading bytes.Buffer
	e := json.NewEncoder(&reading)
	e.SetEscapeHTML(false)
	if err := e.Encode(told); err != nil {
		return nil, err
	}
	return s.text(bytes.TrimSpace(reading.Bytes()))
}

// Mix gives a schema, as a document, that says that its columns were read in several
// ways.
func Mix(document []byte) ([]byte, error) {
	s, err := ReadPart(document, 0, len(document), nil)
	if err != nil {
		return nil, err
	}
	return s.text([]byte(mixed))
}

// MixTable is Mix of a table.
func MixTable(t *arrow.Schema) *arrow.Schema {
	meta := t.Metadata().ToMap()
	meta[ReadingKey] = mixed
	with := arrow.MetadataFrom(meta)
	return arrow.NewSchema(t.Fields(), &with)
}

// Mixed says whether a document says that its columns were read in several ways.
func Mixed(document []byte) bool {
	var told struct {
		Reading struct {
			Mixed bool `json:"mixed"`
		} `json:"reading"`
	}
	return json.Unmarshal(document, &told) == nil && told.Reading.Mixed
}

// Alike says whether the data of two schemas, documents, were read in one way, and, with
// dates, also the dates of columns that both have.
func Alike(a, b []byte, dates bool) (bool, error) {
	x, err := wayOf(a)
	if err != nil {
		return false, err
	}
	y, err := wayOf(b)
	if err != nil || x.settings != y.settings {
		return false, err
	}
	for name, typ := range x.types {
		other, both := y.types[name]
		text := cell.String.String()
		if dates && both && typ != text && other != text && x.dates[name] != y.dates[name] {
			return false, nil
		}
	}
	return true, nil
}

// A way is how data were read.
type way struct {
	settings     string
	dates, types map[string]string // by column
}

func wayOf(document []byte) (*way, error) {
	var told struct {
		Reading map[string]json.RawMessage `json:"reading"`
		Columns []struct {
			Name string `json:"name"`
			Type string `json:"type"`
		} `json:"columns"`
	}
	if err := json.Unmarshal(document, &told); err != nil {
		return nil, err
	}
	w := &way{types: map[string]string{}}
	if text, ok := told.Reading[datesSetting]; ok {
		if err := json.Unmarshal(text, &w.dates); err != nil {
			return nil, err
		}
	}
	delete(told.Reading, datesSetting)
	text, err := json.Marshal(told.Reading)
	if err != nil {
		return nil, err
	}
	w.settings = string(text)
	for _, c := range told.Columns {
		w.types[c.Name] = c.Type
	}
	return w, nil
}

// Typed are the columns of a schema, a document, as they were read, and the time zone of
// times that name none, empty for UTC.
func Typed(document []byte) (columns []cell.Typed, zone string, err error) {
	s, err := ReadPart(document, 0, len(document), nil)
	if err != nil {
		return nil, "", err
	}
	var told struct {
		Reading struct {
			Dates    map[string]string `json:"dates"`
			Timezone string            `json:"timezone"`
		} `json:"reading"`
	}
	if err := json.Unmarshal(document, &told); err != nil {
		return nil, "", err
	}
	for _, c := range s.Columns {
		t := cell.Typed{Name: c.Name, Type: c.Type}
		if text, ok := told.Reading.Dates[c.Name]; ok {
			if t.Layout, _, err = cell.ParseLayout(text); err != nil {
				return nil, "", err
			}
		}
		columns = append(columns, t)
	}
	return columns, told.Reading.Timezone, nil
}

// With gives a schema, as a document, further columns of a table, but those whose names
// it has already.
func With(document []byte, fields []arrow.Field) (with []byte, taken []string, err error) {
	var told struct {
		Reading json.RawMessage `json:"reading"`
	}
	s, err := ReadPart(document, 0, len(document), nil)
	if err == nil {
		err = json.Unmarshal(document, &told)
	}
	if err != nil {
		return nil, nil, err
	}
	for _, f := range fields {
		if slices.ContainsFunc(s.Columns, func(c Column) bool { return c.Name == f.Name }) {
			taken = append(taken, f.Name)
			continue
		}
		s.Columns = append(s.Columns, Column{Name: f.Name, Type: cell.TypeFor(f.Type)})
	}
	with, err = s.text(told.Reading)
	return with, taken, err
}

// ReadPart reads a schema that is a part of a larger document, from one byte of it to
// another, as Read does. A program has written it, so that what is wrong with it is
// damage: the error is the first such thing, with its place in the document.
func ReadPart(document []byte, from, to int, reading any) (*Schema, error) {
	blank := make([]byte, to)
	for i := range from {
		if blank[i] = ' '; document[i] == '\n' {
			blank[i] = '\n'
		}
	}
	copy(blank[from:], document[from:to])
	s, err := Read("", blank, reading)
	var list diag.List
	if errors.As(err, &list) && len(list) > 0 {
		return nil, fmt.Errorf("line %d, column %d: %s", list[0].Pos.Line, list[0].Pos.Column, diag.Visible(list[0].Msg))
	}
	return s, err
}
