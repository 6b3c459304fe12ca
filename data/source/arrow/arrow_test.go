package arrow

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/data/table"
	"pipe/data/table/tabletest"
)

func read(t testing.TB, name string, data []byte, contract cell.Contract) (csv, types string, err error) {
	t.Helper()
	file := &source.File{ReaderAt: bytes.NewReader(data), Size: int64(len(data)), Name: name}
	rows, err := new(Reader).Open(t.Context(), source.Inputs{Files: []*source.File{file}, Contract: contract, Threads: 2})
	if err != nil {
		return "", "", err
	}
	defer rows.Close()
	var out bytes.Buffer
	if _, err := source.Write(t.Context(), &out, rows); err != nil {
		return "", "", err
	}
	read := tabletest.Open(t, out.Bytes())
	var list []string
	for _, f := range read.Schema().Fields() {
		list = append(list, f.Name+":"+table.TypeName(f.Type))
	}
	var b strings.Builder
	if err := table.WriteCSV(&b, read); err != nil {
		t.Fatal(err)
	}
	return b.String(), strings.Join(list, " "), nil
}

func load(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestWriters: one table is the same, whichever program wrote it, in files and
// streams, compressed or not. Columns that a table cannot hold do no harm that are
// left out, wherever they stand.
func TestWriters(t *testing.T) {
	const want = "f,labels,n,s\n0,p,0,\"\"\n0.25,q,1,a\n0.5,p,,\n0.75,q,3,ä\n1,p,4,NA\n1.25,q,5,x\n1.5,p,6,y\n"
	for _, name := range []string{"plain.arrow", "zstd.arrow", "lz4.arrows", "pandas.feather", "polars.ipc"} {
		data := load(t, name)
		got, types, err := read(t, name, data, cell.Contract{Keep: []string{"f", "labels", "n", "s"}})
		if err != nil || types != "f:float32 labels:string n:int16 s:string" {
			t.Errorf("%s: types %s, %v", name, types, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if kind := source.ByName([]source.Kind{Kind()}, name); kind == nil || !kind.Detect(data) {
			t.Errorf("%s is not found by its name and its beginning", name)
		}
		_, _, err = read(t, name, data, cell.Contract{})
		if err == nil || !strings.Contains(err.Error(), name+`: column "`) || diag.HintOf(err) == "" {
			t.Errorf("%s: error %v, hint %q", name, err, diag.HintOf(err))
		}
	}
	missing := cell.Contract{Keep: []string{"s"}, Rules: cell.Rules{Missing: cell.NewMissing([]string{"NA", ""}, true)}}
	if got, _, err := read(t, "small.arrow", load(t, "small.arrow"), missing); err != nil || got != "s\n\na\n\nä\n\nx\ny\n" {
		t.Errorf("missing words: %q, %v", got, err)
	}
}

func TestRefusals(t *testing.T) {
	whole := load(t, "plain.arrow")
	for _, c := range []struct {
		name, want string
		data       []byte
	}{
		{"half", "half: ", whole[:len(whole)/2]},
		{"none", "none is empty", nil},
		{"csv", "csv: not an Arrow file or stream", []byte("a,b\n1,2\n")},
		{"parquet", "parquet is a Parquet file, not Arrow", []byte("PAR1....")},
	} {
		if _, _, err := read(t, c.name, c.data, cell.Contract{Keep: []string{"n"}}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
	if _, _, err := read(t, "x", whole, cell.Contract{Keep: []string{"m"}}); err == nil || !strings.Contains(err.Error(), `select: x has no column "m"`) {
		t.Errorf("absent: %v", err)
	}
	// What happens to who reads is no damage of the file.
	defer func() {
		if v := recover(); v != "mine" {
			t.Errorf("recovered %v", v)
		}
	}()
	f, err := table.OpenForeign(bytes.NewReader(load(t, "small.arrow")), int64(len(load(t, "small.arrow"))))
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Each(t.Context(), func(arrow.RecordBatch) error { panic("mine") })
}

// listed is a file with a column v of all rows, and of all but the first.
func listed(t testing.TB, typ arrow.DataType, rows string) []byte {
	t.Helper()
	a, _, err := array.FromJSON(memory.DefaultAllocator, typ, strings.NewReader(rows))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	schema := arrow.NewSchema([]arrow.Field{{Name: "v", Type: typ, Nullable: true}}, nil)
	w, err := ipc.NewFileWriter(&b, ipc.WithSchema(schema))
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []int64{0, 1} { // with which no byte of a bitmap begins
		if err := w.Write(array.NewRecordBatch(schema, []arrow.Array{array.NewSlice(a, from, int64(a.Len()))}, int64(a.Len())-from)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Where others were read before, a list that is missing, or has a number that is missing
// or too large, is missing in a column of texts, so that it is a matter of its row.
func TestGaps(t *testing.T) {
	for _, c := range []struct {
		of         arrow.DataType
		lists, csv string
	}{
		{arrow.PrimitiveTypes.Float32, "[[1, 2], null, [3, null], [4, 5]]", `"[1,2]",,,"[4,5]"`},
		{arrow.PrimitiveTypes.Float64, "[[1, 2], [3, null], [1e300], [], [4, 5]]", `"[1,2]",,,[],"[4,5]"`},
		{arrow.PrimitiveTypes.Int64, "[[1, 2], null, [3000000000], [null], [4]]", `"[1,2]",,,,[4]`},
	} {
		for _, typ := range []arrow.DataType{arrow.ListOf(c.of), arrow.LargeListOf(c.of)} {
			got, _, err := read(t, "gaps.arrow", listed(t, typ, c.lists), cell.Contract{Expected: []cell.Typed{{Name: "v", Type: cell.List}}})
			if err != nil {
				t.Fatal(err)
			}
			got = strings.ReplaceAll(strings.TrimSpace(got), "\n", ",")
			if want := "v," + c.csv + "," + strings.TrimPrefix(c.csv, `"[1,2]",`); got != want {
				t.Errorf("%s: %s, want %s", typ, got, want)
			}
		}
	}
}

// FuzzRead: no file makes the reader panic, whichever columns are left out.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"small.arrow", "lz4.arrows"} {
		f.Add(load(f, name), true)
	}
	f.Add(listed(f, arrow.ListOf(arrow.PrimitiveTypes.Int64), "[[1, 2], null, [3, null]]"), false)
	f.Fuzz(func(t *testing.T, data []byte, one bool) {
		contract := cell.Contract{Expected: []cell.Typed{{Name: "v", Type: cell.List}}}
		if one {
			contract.Keep = []string{"n"}
		}
		_, _, _ = read(t, "f", data, contract)
	})
}
