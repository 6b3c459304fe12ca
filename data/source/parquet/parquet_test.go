package parquet

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/google/go-cmp/cmp"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/data/source/sourcetest"
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
		if name == "other.parquet" || name == "int96.parquet" || name == "uuid.parquet" || name == "fastparquet.parquet" || strings.HasPrefix(name, "lists") {
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
	for column, want := range map[string]string{"struct": "holds a struct", "fixed": "holds bytes"} {
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

// TestLists: lists of numbers are what they were in the table that was written, over
// all borders of pages, row groups and batches; testdata/lists.py has made the files.
func TestLists(t *testing.T) {
	var want strings.Builder
	want.WriteString("emb[0],emb[1],emb[2],fixed[0],fixed[1],tok,u8,wide[0],wide[1],need,n\n")
	list := func(n int, at func(i int) int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprint(at(i)))
		}
		if n > 1 {
			return `"[` + strings.Join(list, ",") + `]"`
		}
		return "[" + strings.Join(list, ",") + "]"
	}
	for i := range 700 {
		fmt.Fprintf(&want, "%v,%v,0.5,%d,%d,%s,%s,%v,%v,%s,%d\n", float32(i)/4, -float32(i)/8, i, i+1, list(i%7, func(k int) int { return k }),
			list(1+i%3, func(int) int { return i % 256 }), float32(float64(i)/10), float32(float64(i)/10), list(i%2, func(int) int { return 1 }), i)
	}
	text := strings.Replace(want.String(), "\n0,-0,", "\n0,0,", 1) // a whole number in Python
	for _, name := range []string{"lists.parquet", "lists-v2.parquet"} {
		for _, threads := range []int{1, 16} {
			file := &source.File{ReaderAt: bytes.NewReader(load(t, name)), Size: int64(len(load(t, name))), Name: name}
			made, err := sourcetest.Read(t, new(Reader), source.Inputs{Files: []*source.File{file}, Threads: threads, Contract: cell.Contract{
				Keep: []string{"emb", "fixed", "tok", "u8", "wide", "need", "n"}}})
			if err != nil {
				t.Fatal(name, err)
			}
			if want := "emb:vector[3] fixed:i32[2] tok:i32[] u8:u8[] wide:vector[2] need:i32[] n:int32"; made.Types != want {
				t.Errorf("%s: types %s, want %s", name, made.Types, want)
			}
			if diff := cmp.Diff(text, made.CSV); diff != "" {
				t.Errorf("%s (-want +got): %s", name, diff)
			}
			if lost := 700 - 700/5; !strings.Contains(made.Said, fmt.Sprintf(`column \"wide\": %d of its values`, lost)) {
				t.Errorf("%s: said %s", name, made.Said)
			}
		}
		for column, want := range map[string]string{
			"text": "it holds a list of something else than numbers", "gap": "a list that is missing (null)", "hole": "a number that is missing (null) in a list",
			"big": "a number of a list that 32 bits do not hold",
		} {
			_, err := read(t, name, load(t, name), cell.Contract{Keep: []string{column}}, 2)
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `column "`+column+`"`) {
				t.Errorf("%s: %s: %v", name, column, err)
			}
		}
	}
}

// TestGaps: where others were read before, a list that is missing, or has a number that
// is, is missing in a column of texts, so that it is a matter of its row.
func TestGaps(t *testing.T) {
	for _, name := range []string{"lists.parquet", "lists-v2.parquet"} {
		for column, whole := range map[string]string{"gap": "[1]", "hole": "[1,2]", "big": "[1]"} {
			contract := cell.Contract{Expected: []cell.Typed{{Name: column, Type: cell.List}}, Keep: []string{column}}
			data, err := read(t, name, load(t, name), contract, 2)
			if err != nil {
				t.Fatal(name, err)
			}
			texts := strings.Split(strings.TrimSpace(csvOf(t, data)), "\n")[1:]
			if types := typesOf(t, data); types != column+":string" || len(texts) != 700 {
				t.Fatalf("%s: %s of %d rows", name, types, len(texts))
			}
			for row, text := range texts {
				want := whole
				if row == 350 {
					want = ""
				}
				if got := strings.Trim(text, `"`); got != want {
					t.Fatalf("%s: row %d of %s is %s, want %s", name, row, column, text, want)
				}
			}
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

// TestListForms: lists are known in the ways in which they are and were written.
func TestListForms(t *testing.T) {
	group := func(name string, repetition, children int) element {
		e := element{physical: -1, name: name, repetition: repetition, children: children, converted: -1}
		if repetition != repeated {
			e.logical.kind = logicalList
		}
		return e
	}
	number := func(repetition int) element {
		return element{physical: typeInt32, name: "x", repetition: repetition, converted: -1}
	}
	plain := group("a", optional, 1)
	plain.logical.kind = 0
	for _, c := range []struct {
		name        string
		elements    []element
		full, empty uint32 // both 0 if it is no list
	}{
		{"three levels", []element{group("a", optional, 1), group("list", repeated, 1), number(optional)}, 3, 1},
		{"required", []element{group("a", required, 1), group("list", repeated, 1), number(required)}, 1, 0},
		{"two levels", []element{group("a", optional, 1), number(repeated)}, 2, 1},
		{"one level", []element{number(repeated)}, 1, 0},
		{"structs", []element{group("a", optional, 1), group("array", repeated, 1), number(required)}, 0, 0},
		{"structs of old", []element{group("a", optional, 1), group("a_tuple", repeated, 1), number(required)}, 0, 0},
		{"lists of lists", []element{group("a", optional, 1), group("list", repeated, 1), number(repeated)}, 0, 0},
		{"struct", []element{plain, number(repeated)}, 0, 0},
		{"a value", []element{number(optional)}, 0, 0},
		{"nothing", []element{group("a", optional, 1)}, 0, 0},
	} {
		_, l := c.elements[0].list(c.elements[1:])
		if l == nil && c.full > 0 || l != nil && (l.full != c.full || l.empty != c.empty) {
			t.Errorf("%s: %+v", c.name, l)
		}
	}
}

// TestTooMuch: a small file whose footer promises more than can be meant is refused
// before a row of it is read, and one whose texts become more as soon as they are.
func TestTooMuch(t *testing.T) {
	data := load(t, "pyarrow-snappy.parquet")
	for _, limit := range []int64{1, 4_000} {
		file := &source.File{ReaderAt: bytes.NewReader(data), Size: int64(len(data)), Name: "a.parquet"}
		made, err := sourcetest.Read(t, new(Reader), source.Inputs{Files: []*source.File{file}, Limit: limit})
		want := fmt.Sprintf("a.parquet: more than %d bytes come out of its %d bytes", limit, len(data))
		if err == nil || err.Error() != want || !strings.Contains(diag.HintOf(err), "unpack_limit: 20GB") {
			t.Errorf("%d: %v (%s), %s", limit, err, diag.HintOf(err), made.Types)
		}
	}
}

// TestTimezone: timestamps that a file does not put into a zone are of the one that is
// set, and others are not.
func TestTimezone(t *testing.T) {
	zone, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file, column string
		local        bool
	}{{"pyarrow-snappy", "us", false}, {"other", "ms", true}, {"other", "ns", true}} {
		var made [2]string
		for i, z := range []*time.Location{nil, zone} {
			data, err := read(t, "a", load(t, c.file+".parquet"), cell.Contract{Keep: []string{c.column}, Rules: cell.Rules{Notation: &cell.Notation{Zone: z}}}, 1)
			if err != nil {
				t.Fatal(err)
			}
			made[i] = csvOf(t, data)
		}
		if (made[0] != made[1]) != c.local {
			t.Errorf("%s, %s: the zone makes a difference: %v", c.file, c.column, !c.local)
		}
	}
}
