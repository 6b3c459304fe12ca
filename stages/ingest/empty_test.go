package ingest

import (
	"bytes"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/table"
	"pipe/pipeline/pipelinetest"
)

// TestNoRows: data without rows are an error with what to do, and a table without rows
// if that may be, in every format; where nothing says which columns there are, the
// settings or a schema do.
func TestNoRows(t *testing.T) {
	var ipc bytes.Buffer
	w, err := table.NewWriter(&ipc, arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Float32, Nullable: true}}, nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	npy := "\x93NUMPY\x01\x00\x37\x00{'descr':'<f4', 'fortran_order': False, 'shape': (0,)}\n"
	const allow = "if that may be, set empty: allow"
	for _, c := range []struct {
		name, file, with, in string
		want                 string // types, or the error
		hint                 string
	}{
		{"CSV", "in.csv", "empty: allow", "", "in.csv is empty: not even a header says which columns there are", "names: lists them, and columns: with their types"},
		{"CSV error", "in.csv", "", "a,b\n", "in.csv has a header but no rows", allow},
		{"CSV header", "in.csv", "empty: allow\ncolumns: {b: int64}", "a,b\n", "a:string b:int64", ""},
		{"CSV names", "in.csv", "empty: allow\nnames: [a, b]\ncolumns: {b: int64}", "", "a:string b:int64", ""},
		{"CSV columns", "in.csv", "empty: allow\ncolumns: {a: int64, b: date}", "", "a:int64 b:date", ""},
		{"CSV mark", "in.csv", "empty: allow\nnames: [a]", "\xef\xbb\xbf", "a:string", ""},
		{"CSV blank", "in.csv", "empty: allow\nnames: [a]", "\n\n", "a:string", ""},
		{"CSV comments", "in.csv", "empty: allow\nnames: [a]\ncomment: '#'", "# x\n", "a:string", ""},
		{"CSV mark error", "in.csv", "", "\xef\xbb\xbf", "in.csv has no records, only a byte order mark", allow},
		{"CSV blank error", "in.csv", "", "\n\n", "in.csv has no records, only blank lines", allow},
		{"CSV comments error", "in.csv", "comment: '#'", "# x\n", "in.csv has no records, only comments and blank lines", allow},
		{"CSV no UTF-16", "in.csv", "encoding: utf-16", "a,b\n1,2\n", "in.csv is no UTF-16: its characters are those of UTF-8", "set encoding: auto"},
		{"no ending", "in", "empty: allow\nnames: [a]", "", "a:string", ""},
		{"JSON error", "in.json", "", " [ ] ", "in.json is a list without objects", allow},
		{"JSON", "in.json", "empty: allow", "[]", "in.json is a list without objects, so that nothing says which columns there are", "columns: lists them with their types"},
		{"JSON columns", "in.json", "empty: allow\ncolumns: {a: int64, b: date}", "[]", "a:int64 b:date", ""},
		{"JSON of no bytes", "in.json", "empty: allow\ncolumns: {a: int64}", "", "a:int64", ""},
		{"JSON Lines error", "in.jsonl", "", "\n\n", "in.jsonl has no objects, only blank lines", allow},
		{"JSON Lines", "in.jsonl", "empty: allow\ncolumns: {a: int64}", "", "a:int64", ""},
		{"JSON Lines expected", "in.jsonl", "empty: allow\nexpect: {a: int64}", "\n", "a:int64", ""},
		{"text error", "in.txt", "format: text", "", "in.txt has no rows", allow},
		{"text", "in.txt", "format: text\nempty: allow", "", "line:int64 text:string", ""},
		{"Arrow error", "in.arrow", "", ipc.String(), "in.arrow has no rows", allow},
		{"Arrow", "in.arrow", "empty: allow", ipc.String(), "a:float32", ""},
		{"IDX error", "in.idx", "", "\x00\x00\x08\x03\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x02", "in.idx has no rows", allow},
		{"IDX", "in.idx", "empty: allow", "\x00\x00\x08\x03\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x02", "image:u8[4]", ""},
		{"NumPy", "in.npy", "empty: allow", npy, "in:float32", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := pipelinetest.RunErr(t, pipelinetest.Case{
				Kind: Kind(nil), With: "path: " + c.file + "\n" + c.with, Inputs: map[string][]byte{"path": []byte(c.in)},
			})
			if err != nil {
				if err.Error() != c.want || diag.HintOf(err) != c.hint {
					t.Errorf("%v (%s), want %s (%s)", err, diag.HintOf(err), c.want, c.hint)
				}
				return
			}
			read, err := table.Open(bytes.NewReader(r.Outputs["table"]), int64(len(r.Outputs["table"])))
			if err != nil {
				t.Fatal(err)
			}
			defer read.Close()
			var types []string
			for _, f := range read.Schema().Fields() {
				types = append(types, f.Name+":"+table.TypeName(f.Type))
			}
			if got := strings.Join(types, " "); got != c.want || read.NumRows() != 0 {
				t.Errorf("%s with %d rows, want %s", got, read.NumRows(), c.want)
			}
			if !strings.Contains(r.Log, "there are no rows") {
				t.Errorf("said %s", r.Log)
			}
		})
	}
}
