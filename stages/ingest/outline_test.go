package ingest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pipe/data/table"
	"pipe/pipeline"
	"pipe/pipeline/pipelinetest"
)

// A lying is a file beside the stage.
type lying struct{ path string }

func (l lying) Ports() []string             { return []string{"path"} }
func (lying) Columns(string) *table.Outline { return nil }
func (l lying) Peek(port string) (*pipeline.PeekedFile, error) {
	f, err := os.Open(l.path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	return &pipeline.PeekedFile{File: f, Path: filepath.Base(l.path), Size: info.Size()}, err
}

// Of a large file only what its beginning decides is told.
func TestOutline(t *testing.T) {
	many := func(header, row string) []byte {
		return append([]byte(header+"\n"), bytes.Repeat([]byte(row+"\n"), wholeBytes/len(row)+1)...)
	}
	for _, tt := range []struct {
		name, with string
		data       []byte
		want       string
	}{
		{"small", "", []byte("a,b,c\n1,2.5,x\n,,\n"), "a int64, b float64, c string"},
		{"large", "", many("a,b", "1,2024-01-01"), "a ?, b ?"},
		{"declared", ", columns: {b: date}", many("a,b", "1,2024-01-01"), "a ?, b date32"},
		{"selected", ", select: [b]", many("a,b", "1,2"), "b ?"},
		{"semicolons", "", many("a;b", "1,5;2"), "a ?, b ?"},
		{"without a header", ", header: false, names: [x, y]", many("1,2", "3,4"), "x ?, y ?"},
		{"letters", "", many("größe,b", "1,2"), ""},
		{"letters in rows", "", many("a,b", "ä,2"), "a ?, b ?"},
		{"long lines", "", many("a,b", strings.Repeat("x", startBytes)+",2"), ""},
		{"other texts", "", many("{\"a\": 1}", "{\"a\": 1}"), ""},
		{"wrong", ", columns: {z: date}", []byte("a,b\n1,2\n"), ""},
		{"empty", "", nil, ""},
	} {
		path := filepath.Join(t.TempDir(), "data.txt")
		if err := os.WriteFile(path, tt.data, 0o600); err != nil {
			t.Fatal(err)
		}
		stage := pipelinetest.Decode(t, Kind(nil), "{path: data.txt"+tt.with+"}").(*Ingest)
		told, err := stage.Outline(t.Context(), lying{path})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		if o := told["table"]; o != nil {
			for _, f := range o.Fields() {
				typ := "?"
				if f.Type != nil {
					typ = f.Type.Name()
				}
				got = append(got, fmt.Sprint(f.Name, " ", strings.Replace(typ, "utf8", "string", 1)))
			}
		}
		if got := strings.Join(got, ", "); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
