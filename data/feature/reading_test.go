package feature

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/google/go-cmp/cmp"

	"pipe/data/source/cell"
	"pipe/data/source/schema"
	"pipe/data/table"
)

// told fits a transform on a table that says how it was read.
func told(t testing.TB, reading string) (*Transform, error) {
	t.Helper()
	rec := record(t, penguins()...)
	fields := rec.Schema().Fields()
	fields[1] = table.WithMetadata(fields[1], cell.LayoutKey, "%Y")
	meta := arrow.NewMetadata([]string{schema.ReadingKey}, []string{reading})
	whole := array.NewRecordBatch(arrow.NewSchema(fields, &meta), rec.Columns(), rec.NumRows())
	return Fit(t.Context(), penguinSpec(), tableOf(t, whole), All(), Resources{})
}

const anyReading = `{"delimiter": ";", "missing": ["<&>"], "dates": {"gone": "%d"}, "header": true}`

// TestReading: how the table was read that a transform was fitted on is part of it,
// for all of its columns.
func TestReading(t *testing.T) {
	const path = "testdata/reading.json"
	tr, err := told(t, anyReading)
	if err != nil {
		t.Fatal(err)
	}
	got := written(t, tr)
	if *update {
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("run go test ./feature -update if this is meant:\n%s", diff)
	}
	again, err := ReadTransform(bytes.NewReader(got), All())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(written(t, again), got) {
		t.Error("written otherwise than it was read")
	}
	s, err := schema.ReadPart(again.Reading(), 0, len(again.Reading()), nil)
	if err != nil || len(s.Columns) != len(penguins()) || !s.Told {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestNoReading: a table that says nothing leaves the transform as it always was.
func TestNoReading(t *testing.T) {
	if r := fit(t, penguinSpec(), penguins()...).Reading(); r != nil {
		t.Errorf("%s", r)
	}
	for _, bad := range []string{``, `null`, `[]`, `{"a"`, strings.Repeat(" ", 1<<20) + "{}"} {
		if tr, err := told(t, bad); err == nil || !strings.Contains(err.Error(), "pipe.reading") {
			t.Errorf("%.20q: %v, %v", bad, tr, err)
		}
	}
}

// TestDamagedReading: whatever the schema in a transform is, what is wrong with it is
// said with its place.
func TestDamagedReading(t *testing.T) {
	tr, err := told(t, anyReading)
	if err != nil {
		t.Fatal(err)
	}
	good := string(written(t, tr))
	for _, c := range []struct{ old, new, want string }{
		{`"pipe.schema"`, `"pipe.model"`, `reading: line 86, column 15: "format" must be one of pipe.schema`},
		{`"name": "sex"`, `"name": "year"`, `column 2 has the name "year", too`},
		{`"name": "sex"`, `"name": ""`, "no name"},
		{`"name": "sex"`, `"nome": "sex"`, `missing key "name" in "columns[3]"`},
		{`"type": "bool"
      }`, `"type": "boolean"
      }`, `unknown type "boolean"`},
		{`"version": 3`, `"version": 2`, "not in the form"},
		{`"version": 3`, fmt.Sprintf(`"version": %d`, formatVersion+1), fmt.Sprintf("version %d cannot be read", formatVersion+1)},
		{`"delimiter": ";"`, `"delimiter": ` + strings.Repeat("[", 200) + strings.Repeat("]", 200), "nested deeper"},
		{`"delimiter": ";"`, `"delimiter": ` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000), "depth"},
		{`"delimiter": ";"`, `"delimiter": ";", "delimiter": ","`, "twice"},
	} {
		bad := strings.Replace(good, c.old, c.new, 1)
		if bad == good {
			t.Errorf("the written form does not contain %s", c.old)
			continue
		}
		_, err := ReadTransform(strings.NewReader(bad), All())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40s for %s: got %.300v, want an error with %q", c.new, c.old, err, c.want)
		}
	}
	at := strings.Index(good, `"reading": {`)
	for _, with := range []string{`null`, `{}`, `[]`, `7`, `""`} {
		bad := good[:at] + `"reading": ` + with + "\n}\n"
		if _, err := ReadTransform(strings.NewReader(bad), All()); err == nil || !strings.Contains(err.Error(), "reading: ") {
			t.Errorf("%s: got %v", with, err)
		}
	}
}
