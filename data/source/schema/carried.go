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
