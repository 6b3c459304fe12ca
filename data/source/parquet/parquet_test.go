package parquet

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/google/go-cmp/cmp"

	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/data/table"
	"pipe/data/table/tabletest"
)

// read makes a table of a file.
func read(t testing.TB, name string, data []byte, contract cell.Contract, threads int) ([]byte, error) {
	t.Helper()
	file := &source.File{ReaderAt: bytes.NewReader(data), Size: int64(len(data)), Name: name}
	rows, err := new(Reader).Open(t.Context(), source.Inputs{Files: []*source.File{file}, Contract: contract, Threads: threads})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out bytes.Buffer
	if _, err := source.Write(t.Context(), &out, rows); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func load(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func csvOf(t testing.TB, data []byte) string {
	t.Helper()
	var b strings.Builder
	if err := table.WriteCSV(&b, tabletest.Open(t, data)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// typesOf names the columns with their types.
func typesOf(t testing.TB, data []byte) string {
	var list []string
	for _, f := range tabletest.Open(t, data).Schema().Fields() {
		list = append(list, f.Name+":"+table.TypeName(f.Type))
	}
	return strings.Join(list, " ")
}

// TestWriters: one table is the same, whichever program wrote it, in any encoding
// and compression, and with any number of threads.
func TestWriters(t *testing.T) {
	want := string(load(t, "values.csv"))
	types := "id:int64 i8:int8 i16:int16 i32:int32 i64:int64 u8:uint8 u16:uint16 u32:uint32 u64:uint64 f32:float32 f64:float64 " +
		"b:bool day:date us:timestamp time:time s:string cat:string small:float64 large:string whole:int64 none:string"
	files, err := filepath.Glob("testdata/*.parquet")
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, path := range files {
		name := filepath.Base(path)
		if name == "other.parquet" || name == "int96.parquet" || name == "uuid.parquet" || name == "fastparquet.parquet" {
			continue
		}
		tried++
		t.Run(name, func(t *testing.T) {
			data, err := read(t, name, load(t, name), cell.Contract{}, 1)
			if err != nil {
				t.Fatal(err)
			}
			wantTypes := types
			switch name {
			case "polars.parquet":
				wantTypes = strings.Replace(types, "time:time", "time:time[ns]", 1)
			case "pyarrow-v1-plain.parquet": // which knows no type for them
				wantTypes = strings.Replace(types, "u32:uint32", "u32:int64", 1)
			}
			if diff := cmp.Diff(wantTypes, typesOf(t, data)); diff != "" {
				t.Errorf("types: %s", diff)
			}
			if diff := cmp.Diff(want, csvOf(t, data)); diff != "" {
				t.Errorf("values (-want +got): %s", diff)
			}
			many, err := read(t, name, load(t, name), cell.Contract{}, 16)
			if err != nil || !bytes.Equal(data, many) {
				t.Errorf("16 threads: another table, %v", err)
			}
		})
	}
	if tried < 10 {
		t.Errorf("only %d files", tried)
	}
}

// TestOtherTypes: types of which a table has none become what comes nearest, or
// are refused if they are kept.
func TestOtherTypes(t *testing.T) {
	other := load(t, "other.parquet")
	keep := cell.Contract{Keep: []string{"last", "ms", "ns", "time32", "half", "bytes"}}
	data, err := read(t, "other.parquet", other, keep, 2)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := typesOf(t, data), "last:int32 ms:timestamp ns:timestamp[ns] time32:time half:float32 bytes:string"; got != want {
		t.Errorf("types %s, want %s", got, want)
	}
	lines := strings.Split(csvOf(t, data), "\n")
	if want := "0,1999-12-31T23:59:59Z,1970-01-01T00:00:00Z,00:00:00,0,text 0"; lines[1] != want {
		t.Errorf("row 1 is %s, want %s", lines[1], want)
	}
	if want := "44,2000-01-02T19:59:59Z,1970-01-01T00:00:44.000000044Z,20:44:00.044,11,text 44"; lines[45] != want {
		t.Errorf("row 45 is %s, want %s", lines[45], want)
	}
	for column, want := range map[string]string{"list": "holds a list", "struct": "holds a struct", "fixed": "holds bytes"} {
		_, err := read(t, "other.parquet", other, cell.Contract{Keep: []string{"ms", column}}, 2)
		if err == nil || !strings.Contains(err.Error(), `other.parquet: column "`+column+`": it `+want) {
			t.Errorf("%s: error %v", column, err)
		}
	}
	data, err = read(t, "int96.parquet", load(t, "int96.parquet"), cell.Contract{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got := csvOf(t, data); !strings.Contains(got, "1970-01-01T00:00:44.000000044Z,44\n") {
		t.Errorf("int96: %s", got)
	}
	data, err = read(t, "uuid.parquet", load(t, "uuid.parquet"), cell.Contract{Keep: []string{"n", "u"}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got := csvOf(t, data); !strings.Contains(got, "3,00000000-0000-0000-0000-000000000003\n") {
		t.Errorf("uuid: %s", got)
	}
	data, err = read(t, "fastparquet.parquet", load(t, "fastparquet.parquet"), cell.Contract{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if want := "n,f,s,t\n0,0,a,2024-01-01T00:00:00Z\n1,0.5,\"\",2024-01-02T00:00:00Z\n2,1,c,2024-01-03T00:00:00Z\n3,1.5,,2024-01-04T00:00:00Z\n4,2,e,2024-01-05T00:00:00Z\n"; csvOf(t, data) != want {
		t.Errorf("fastparquet: %s", csvOf(t, data))
	}
}

// TestDeclared: a column gets the type that is asked for, if that changes no value.
func TestDeclared(t *testing.T) {
	contract := cell.Contract{Keep: []string{"i16", "u32", "f32", "day", "b", "time"}, Declared: []cell.Typed{
		{Name: "i16", Type: cell.Int64}, {Name: "u32", Type: cell.Float64}, {Name: "f32", Type: cell.Float64}, {Name: "b", Type: cell.String},
	}}
	data, err := read(t, "f", load(t, "pyarrow-zstd.parquet"), contract, 2)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := typesOf(t, data), "i16:int64 u32:float64 f32:float64 day:date b:string time:time"; got != want {
		t.Errorf("types %s, want %s", got, want)
	}
	if got, want := strings.Split(csvOf(t, data), "\n")[4], "32767,7,-0.625,1967-07-16,true,03:03:56.003003"; got != want {
		t.Errorf("row 4 is %s, want %s", got, want)
	}
	for _, c := range []struct {
		name string
		typ  cell.Type
		want string
	}{
		{"u64", cell.Int64, "18446744073709551615 is no int64"},
		{"i64", cell.Float64, "9223372036854775807 is no float64"},
		{"u64", cell.Float64, "18446744073709551615 is no float64"},
		{"s", cell.Int64, `row 2, column "s": "a" is not an int64`},
	} {
		_, err := read(t, "f", load(t, "pyarrow-zstd.parquet"), cell.Contract{Keep: []string{c.name}, Declared: []cell.Typed{{Name: c.name, Type: c.typ}}}, 1)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// TestRefusals: what is wrong with a file is said with its place.
func TestRefusals(t *testing.T) {
	whole := load(t, "pyarrow-snappy.parquet")
	damaged := bytes.Clone(whole)
	damaged[300] ^= 1
	for _, c := range []struct {
		name, want string
		data       []byte
		contract   cell.Contract
	}{
		{"cut", "not a Parquet file, or only a part of one", whole[:len(whole)/2], cell.Contract{}},
		{"empty", "not a Parquet file", nil, cell.Contract{}},
		{"csv", "not a Parquet file", []byte("a,b\n1,2\n3,4\n"), cell.Contract{}},
		{"flipped", "row group 1, column", damaged, cell.Contract{}},
		{"declared", `declared: row 2, column "f32": -0.875 is no int64`, whole, cell.Contract{Declared: []cell.Typed{{Name: "f32", Type: cell.Int64}}}},
		{"absent", `select: absent has no column "x"`, whole, cell.Contract{Keep: []string{"x"}}},
	} {
		if _, err := read(t, c.name, c.data, c.contract, 2); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// FuzzRead: no file makes the reader panic or take memory that it does not need.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/small/*.parquet")
	if err != nil || len(files) == 0 {
		f.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		use(t, data)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 256<<20+200*uint64(len(data)) {
			t.Fatalf("%d bytes took %d MiB", len(data), took>>20)
		}
	})
}

// use reads the first rows of a file. Nulls take no room in it, so that a short one
// can have billions.
func use(t *testing.T, data []byte) {
	file := &source.File{ReaderAt: bytes.NewReader(data), Size: int64(len(data)), Name: "f"}
	rows, err := new(Reader).Open(t.Context(), source.Inputs{Files: []*source.File{file}, Threads: 2})
	if err != nil {
		return
	}
	defer rows.Close()
	n := int64(0)
	for rec, err := range rows.Batches(t.Context()) {
		if err != nil {
			return
		}
		if n += rec.NumRows(); n > 1<<16 {
			return
		}
	}
}

// TestFlippedBits flips bits all over files. What is then read may differ, but it
// must be read without a panic.
func TestFlippedBits(t *testing.T) {
	for _, name := range []string{"pyarrow-page-v2.parquet", "pyarrow-delta-2.0.parquet", "polars.parquet"} {
		data := load(t, name)
		for i := 0; i < 8*len(data); i += 311 {
			damaged := bytes.Clone(data)
			damaged[i/8] ^= 1 << (i % 8)
			use(t, damaged)
		}
	}
}

// TestDictionaryAgain: a dictionary that was given up is read again.
func TestDictionaryAgain(t *testing.T) {
	data := load(t, "pyarrow-snappy.parquet")
	file := &source.File{ReaderAt: bytes.NewReader(data), Size: int64(len(data)), Name: "f"}
	meta, err := readFooter(file)
	if err != nil {
		t.Fatal(err)
	}
	leaves, err := meta.columns()
	if err != nil {
		t.Fatal(err)
	}
	again := 0
	for _, l := range leaves {
		var scratch sync.Pool
		a, errA := newCursor(file, l, &meta.groups[0], newMemory(), &scratch)
		b, errB := newCursor(file, l, &meta.groups[0], newMemory(), &scratch)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		for {
			if b.dict != nil && b.page.left == 0 {
				b.dict = nil
				again++
			}
			_, want, errA := a.next(t.Context(), limit{rows: 3, text: 1})
			p, got, errB := b.next(t.Context(), limit{rows: 3, text: 1})
			if errA != nil || errB != nil {
				t.Fatal(errA, errB)
			}
			if want == nil || got == nil {
				break
			}
			if !array.Equal(want, got) {
				t.Errorf("column %s: %v, want %v", l.name, got, want)
			}
			b.reuse(p)
		}
	}
	if again < 5 {
		t.Errorf("only %d dictionaries were given up", again)
	}
}
