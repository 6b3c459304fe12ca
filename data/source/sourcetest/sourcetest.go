// Package sourcetest shows tests of readers what these make of data.
package sourcetest

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"pipe/data/source"
	"pipe/data/table"
	"pipe/data/table/tabletest"
)

// Made is what a reader has made of some data.
type Made struct {
	CSV    string // the table
	Types  string // of its columns: "name:type name:type"
	Shapes string // of its columns, each with its type: "u8[4][2 2];uint8[];"
	Said   string // what the reader reports, line by line
}

// Read makes a table, and fails the test if what was made is none.
func Read(t testing.TB, r source.Reader, in source.Inputs) (Made, error) {
	t.Helper()
	rows, err := r.Open(t.Context(), in)
	if err != nil {
		return Made{}, err
	}
	defer rows.Close()
	var out bytes.Buffer
	if _, err := source.Write(t.Context(), &out, rows); err != nil {
		return Made{}, err
	}
	var said bytes.Buffer
	rows.Report(slog.New(slog.NewTextHandler(&said, nil)))
	read := tabletest.Open(t, out.Bytes())
	var types []string
	var shapes strings.Builder
	for _, field := range read.Schema().Fields() {
		name := table.TypeName(field.Type)
		types = append(types, field.Name+":"+name)
		_, shape, _ := table.ShapeOf(field)
		fmt.Fprint(&shapes, name, shape, ";")
	}
	var csv strings.Builder
	if err := table.WriteCSV(&csv, read); err != nil {
		t.Fatal(err)
	}
	return Made{csv.String(), strings.Join(types, " "), shapes.String(), said.String()}, nil
}
