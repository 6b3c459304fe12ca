package schema_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pipe/base/diag"
	"pipe/data/source/cell"
	"pipe/data/source/schema"
	"pipe/pipeline/settings"
)

// A reading is settings of some stage.
type reading struct {
	Delimiter string               `yaml:"delimiter" default:"','" doc:"Between fields."`
	Missing   []string             `yaml:"missing" doc:"Words."`
	Dates     settings.Map[string] `yaml:"dates" added:"true" doc:"Forms."`
}

func write(t interface{ Fatal(...any) }, s *schema.Schema, r *reading) string {
	var b bytes.Buffer
	if err := s.Write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWrite(t *testing.T) {
	rows := int64(5)
	s := &schema.Schema{Rows: &rows, Columns: []schema.Column{
		{Name: "id", Type: cell.Int64, Origin: "declared"},
		{Name: "x <&> \"y\"", Type: cell.Float64, Origin: "inferred", Missing: 3, Words: settings.Map[int64]{{Key: "?", Value: 1}, {Key: "NA", Value: 2}}},
		{Name: "z", Type: cell.String, Optional: true, Misfits: &schema.Misfits{Type: cell.Bool, Count: 2, First: "maybe", Line: 7}},
	}}
	want := `{
  "format": "pipe.schema",
  "version": 1,
  "reading": {"delimiter":";","dates":{"b":"%d","a":"%m"}},
  "rows": 5,
  "columns": [
    {"name":"id","type":"int64","origin":"declared"},
    {"name":"x <&> \"y\"","type":"float64","origin":"inferred","missing":3,"words":{"?":1,"NA":2}},
    {"name":"z","type":"string","optional":true,"misfits":{"type":"bool","count":2,"first":"maybe","line":7}}
  ]
}
`
	r := &reading{Delimiter: ";", Dates: settings.Map[string]{{Key: "b", Value: "%d"}, {Key: "a", Value: "%m"}}}
	got := write(t, s, r)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !json.Valid([]byte(got)) {
		t.Error("it is no JSON")
	}
	back := new(reading)
	read, err := schema.Read("s.json", []byte(got), back)
	if err != nil {
		t.Fatal(err)
	}
	s.Told = true
	if diff := cmp.Diff(s, read); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(r, back); diff != "" {
		t.Error(diff)
	}
}

// TestReadBack: what was written is read as it was, whatever the names are.
func TestReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &schema.Schema{Told: true}
		text := rapid.StringN(1, 8, 40)
		for _, name := range rapid.SliceOfNDistinct(text, 1, 5, rapid.ID[string]).Draw(t, "names") {
			c := schema.Column{Name: name, Type: rapid.SampledFrom([]cell.Type{cell.String, cell.Int64, cell.Float64, cell.Bool, cell.Date, cell.Timestamp}).Draw(t, "type"),
				Missing: int64(rapid.IntRange(0, 3).Draw(t, "missing"))}
			if rapid.Bool().Draw(t, "misfits") {
				c.Misfits = &schema.Misfits{Type: cell.Bool, Count: 1, First: text.Draw(t, "first"), Line: 3}
			}
			s.Columns = append(s.Columns, c)
		}
		r := &reading{Delimiter: ",", Missing: rapid.SliceOfN(text, 1, 3).Draw(t, "missing")}
		written := write(t, s, r)
		back := new(reading)
		read, err := schema.Read("s.json", []byte(written), back)
		if err != nil {
			t.Fatalf("%v\n%s", err, written)
		}
		if diff := cmp.Diff(s, read); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(r, back); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestByHand: people write no more than the columns, as JSON or as YAML.
func TestByHand(t *testing.T) {
	for _, text := range []string{
		`{"columns": [{"name": "a", "type": "int64"}, {"name": "b", "type": "date", "optional": true}]}`,
		"columns:\n  - {name: a, type: int64}\n  - {name: b, type: date, optional: true}\n",
		"{\n\t\"columns\": [\n\t\t{\"name\": \"\\u0061\", \"type\": \"int64\"},\n\t\t{\"name\": \"b\", \"type\": \"date\", \"optional\": true}\n\t]\n}\n",
	} {
		r := new(reading)
		s, err := schema.Read("s.json", []byte(text), r)
		if err != nil {
			t.Errorf("%v: %s", err, text)
			continue
		}
		want := []schema.Column{{Name: "a", Type: cell.Int64}, {Name: "b", Type: cell.Date, Optional: true}}
		if diff := cmp.Diff(want, s.Columns); diff != "" || s.Told || s.Rows != nil {
			t.Errorf("%s%+v", diff, s)
		}
	}
}

func TestMistakes(t *testing.T) {
	for _, c := range []struct{ text, want, hint string }{
		{``, "s.json: nothing is written there", ""},
		{`{"columns": []}`, `s.json:1:13: "columns" must have at least 1 entry`, ""},
		{`{"columns": [{"name": "a"}]}`, `"type"`, ""},
		{`{"columns": [{"name": "", "type": "int64"}]}`, "no name", ""},
		{`{"columns": [{"name": "a", "type": "integer"}]}`, `unknown type "integer"`, ""},
		{`{"columns": [{"name": "a", "typ": "int64"}]}`, `1:28: unknown key "typ"`, ""},
		{"{\"columns\": [\n{\"name\": \"a\", \"type\": \"int64\"},\n{\"name\": \"a\", \"type\": \"bool\"}]}", `column 1 has the name "a", too`, ""},
		{`{"version": 2, "columns": [{"name": "a", "type": "int64"}]}`, "version", ""},
		{`{"format": "pipe.transform", "columns": [{"name": "a", "type": "int64"}]}`, "pipe.transform", ""},
		{`{"reading": {"delimitr": ";"}, "columns": [{"name": "a", "type": "int64"}]}`, `1:14: unknown key "delimitr"`, ""},
		{`{"columns": [{"name": "a", "type": "int64"}]`, "s.json:1", ""},
		{`[1]`, "s.json:1:1", ""},
	} {
		_, err := schema.Read("s.json", []byte(c.text), new(reading))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s:\nerror %v, want %q", c.text, err, c.want)
		} else if c.hint != "" && !strings.Contains(diag.HintOf(err), c.hint) {
			t.Errorf("%s: hint %q", c.text, diag.HintOf(err))
		}
	}
}

// FuzzRead: whatever a schema is, it is an error or a schema that is read back.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"columns": [{"name": "a", "type": "int64", "missing": 3, "words": {"NA": 3}}], "reading": {"dates": {"a": "b"}}}`))
	f.Add([]byte("columns: [{name: a, type: date, misfits: {type: bool}}]"))
	f.Add([]byte("{\"columns\": [{\"name\": \"\\ud83d\\ude00\", \"type\": \"bool\"}]}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := new(reading)
		s, err := schema.Read("s.json", data, r)
		if err != nil {
			return
		}
		s.Told = true
		written := write(t, s, r)
		back, err := schema.Read("s.json", []byte(written), new(reading))
		if err != nil {
			t.Fatalf("%v\n%s", err, written)
		}
		if again := write(t, back, r); again != written {
			t.Fatalf("%s\nbecame\n%s", written, again)
		}
	})
}
