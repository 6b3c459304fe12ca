package table

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
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
	"pipe/data/task"
	"pipe/data/tensor"
)

var update = flag.Bool("update", false, "write the expected files in testdata anew")

// importTable makes a table of foreign bytes.
func importTable(t testing.TB, data []byte) (out []byte, warnings []string, err error) {
	t.Helper()
	f, err := OpenForeign(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, nil, err
	}
	var b bytes.Buffer
	err = f.WriteTable(t.Context(), &b, func(s string) { warnings = append(warnings, s) })
	return b.Bytes(), warnings, err
}

func describe(t testing.TB, data []byte, warnings []string) string {
	t.Helper()
	r, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range r.Schema().Fields() {
		fmt.Fprintf(&b, "%s: %s\n", f.Name, TypeName(f.Type))
	}
	for _, w := range warnings {
		fmt.Fprintf(&b, "warning: %s\n", w)
	}
	var rows bytes.Buffer
	if err := WriteCSV(&rows, r); err != nil {
		t.Fatal(err)
	}
	return b.String() + "\n" + rows.String()
}

func foreignFiles(t testing.TB) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"*.arrow", "*.arrows", "*.feather"} {
		list, err := filepath.Glob(filepath.Join("testdata", "foreign", pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, list...)
	}
	if len(files) < 8 {
		t.Fatalf("%d files", len(files))
	}
	return files
}

func TestForeign(t *testing.T) {
	made := map[string][]byte{}
	for _, file := range foreignFiles(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out, warnings, err := importTable(t, data)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		made[filepath.Base(file)] = out
		got := describe(t, out, warnings)
		golden := file + ".golden"
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatalf("%v (go test -update writes it)", err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
	for _, other := range []string{"lz4.arrow", "zstd.arrow", "stream.arrows"} {
		if !bytes.Equal(made["types.arrow"], made[other]) {
			t.Errorf("the same values in %s make another table than those in types.arrow", other)
		}
	}
}

// A table is a foreign file like any other, and stays what it is.
func TestForeignTakesTables(t *testing.T) {
	all := readAll(t, sample(t))
	var names []string
	for _, f := range all.Schema().Fields() {
		if of, width, list := ListOf(f.Type); !list || of == tensor.F32 && width != tensor.Ragged {
			names = append(names, f.Name)
		}
	}
	rec, err := Select(all, names)
	if err != nil {
		t.Fatal(err)
	}
	data := write(t, rec.Schema(), rec)
	out, warnings, err := importTable(t, data)
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	want, _ := Open(bytes.NewReader(data), int64(len(data)))
	got, err := Open(bytes.NewReader(out), int64(len(out)))
	if err != nil {
		t.Fatal(err)
	}
	if diff, err := FirstDifference(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// arrowFile writes arrays with Arrow's own writer.
func arrowFile(t testing.TB, schema *arrow.Schema, arrays ...arrow.Array) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := ipc.NewFileWriter(&b, ipc.WithSchema(schema))
	if err != nil {
		t.Fatal(err)
	}
	if len(arrays) > 0 {
		if err := w.Write(array.NewRecordBatch(schema, arrays, int64(arrays[0].Len()))); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// one is a file of one column.
func one(t testing.TB, dtype arrow.DataType, json string) []byte {
	t.Helper()
	a, _, err := array.FromJSON(memory.DefaultAllocator, dtype, strings.NewReader(json))
	if err != nil {
		t.Fatal(err)
	}
	return arrowFile(t, arrow.NewSchema([]arrow.Field{{Name: "c", Type: dtype, Nullable: true}}, nil), a)
}

func TestForeignRefuses(t *testing.T) {
	double := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.BinaryTypes.String}, {Name: "a", Type: arrow.BinaryTypes.String}}, nil)
	empty, _, err := array.FromJSON(memory.DefaultAllocator, arrow.BinaryTypes.String, strings.NewReader("[]"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name       string
		data       []byte
		want, hint string
	}{
		{"nothing", nil, "not an Arrow file or stream", ""},
		{"csv", []byte("a,b\n1,2\n3,4\n"), "not an Arrow file or stream", ""},
		{"parquet", []byte("PAR1............................PAR1"), "a Parquet file, not an Arrow file", "to_feather in pandas"},
		{"no columns", arrowFile(t, arrow.NewSchema(nil, nil)), "at least one column", ""},
		{"two of one name", arrowFile(t, double, empty, empty), `two columns are named "a"`, "another name"},
		{"binary", one(t, arrow.BinaryTypes.Binary, `["aGk="]`), "type binary is none", "files to an output of type directory"},
		{"large_binary", one(t, arrow.BinaryTypes.LargeBinary, `["aGk="]`), "type large_binary is none", "decode them to text"},
		{"duration", one(t, arrow.FixedWidthTypes.Duration_ns, "[1]"), "type duration is none", "total_seconds"},
		{"list of texts", one(t, arrow.ListOf(arrow.BinaryTypes.String), `[["x"]]`), "type list is none", "a column for each part"},
		{"list of large numbers", one(t, arrow.ListOf(arrow.PrimitiveTypes.Int64), "[[1], [2147483648]]"), "row 2: a number of a list that 32 bits do not hold", "ids"},
		{"list of huge numbers", one(t, arrow.ListOf(arrow.PrimitiveTypes.Float64), "[[1e300]]"), "row 1: 1e+300 in a list", "scale"},
		{"no list", one(t, arrow.ListOf(arrow.PrimitiveTypes.Int64), "[[1], null]"), "row 2: a list that is missing", "leave the row out"},
		{"no number", one(t, arrow.ListOf(arrow.PrimitiveTypes.Int64), "[[1, null]]"), "a number that is missing", "fill it"},
		{"struct", one(t, arrow.StructOf(arrow.Field{Name: "x", Type: arrow.PrimitiveTypes.Int64}), `[{"x": 1}]`), "type struct is none", "a column for each part"},
		{"vector with null", one(t, arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Float32), "[[1, 2], null]"), "row 2: a list that is missing", ""},
	} {
		_, _, err := importTable(t, test.data)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(diag.HintOf(err), test.hint) {
			t.Errorf("%s: error %v, hint %q", test.name, err, diag.HintOf(err))
		}
	}
}

func TestForeignWarns(t *testing.T) {
	for _, test := range []struct {
		data []byte
		want string
	}{
		{one(t, arrow.FixedWidthTypes.Date64, "[0, 86400000, 86400001]"), `column "c": 1 of its values: the time of day is lost`},
	} {
		if _, warnings, err := importTable(t, test.data); err != nil || len(warnings) != 1 || !strings.HasPrefix(warnings[0], test.want) {
			t.Errorf("warnings %q, %v, want %s", warnings, err, test.want)
		}
	}
}

// TestDamagedForeign flips bits and cuts ends. What is then read may differ, but
// it must cost no more than the file can hold, and what is written is a table.
func TestDamagedForeign(t *testing.T) {
	for _, file := range foreignFiles(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < 8*len(data); i += 1 + 8*len(data)/60 {
			damaged := bytes.Clone(data)
			damaged[i/8] ^= 1 << (i % 8)
			useForeign(t, damaged)
			useForeign(t, data[:i/8])
		}
	}
}

// A schema that says that it has billions of fields made Arrow's own reader take
// all memory of the process.
func TestForeignWithFalseCount(t *testing.T) {
	data, err := os.ReadFile("testdata/foreign/fields.damaged")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := importTable(t, data); err == nil || !strings.Contains(err.Error(), "damaged Arrow file") {
		t.Errorf("error %v", err)
	}
	if err := use(data); err == nil {
		t.Error("it is taken for a table")
	}
}

func useForeign(t testing.TB, data []byte) {
	t.Helper()
	out, _, err := importTable(t, data)
	if err != nil {
		return
	}
	if err := use(out); err != nil {
		t.Errorf("what was imported is no table: %v", err)
	}
}

// TestForeignExpands tries files that become far more than they are.
func TestForeignExpands(t *testing.T) {
	// A column of a dictionary whose only value is long.
	text := strings.Repeat("x", 1<<20)
	dict := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}
	values, _, err := array.FromJSON(memory.DefaultAllocator, arrow.BinaryTypes.String, strings.NewReader(`["`+text+`"]`))
	if err != nil {
		t.Fatal(err)
	}
	index := array.NewInt8Builder(memory.DefaultAllocator)
	for range 5000 {
		index.Append(0)
	}
	column := array.NewDictionaryArray(dict, index.NewArray(), values)
	data := arrowFile(t, arrow.NewSchema([]arrow.Field{{Name: "c", Type: dict}}, nil), column)
	if _, _, err := importTable(t, data); err == nil || !strings.Contains(err.Error(), "becomes more than 1024 MiB") {
		t.Errorf("error %v", err)
	}
	// Rows that take no bytes.
	nulls := arrowFile(t, arrow.NewSchema([]arrow.Field{{Name: "c", Type: arrow.Null}}, nil), array.NewNull(1<<20+1))
	if _, _, err := importTable(t, nulls); err == nil || !strings.Contains(err.Error(), "rows without a value") {
		t.Errorf("error %v", err)
	}
	// A compressed buffer that says that it is huge.
	lz4, err := os.ReadFile("testdata/foreign/lz4.arrow")
	if err != nil {
		t.Fatal(err)
	}
	frame := bytes.Index(lz4, []byte{0x04, 0x22, 0x4d, 0x18}) // an LZ4 frame, after the length
	binary.LittleEndian.PutUint64(lz4[frame-8:], 1<<40)
	if _, _, err := importTable(t, lz4); err == nil || !strings.Contains(err.Error(), "becomes more than 1024 MiB") {
		t.Errorf("error %v", err)
	}
}

func FuzzForeign(f *testing.F) {
	for _, file := range foreignFiles(f) {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { useForeign(t, data) })
}

// Programs write data sets with inputs of all types, in batches of any size, as
// files and streams, with offsets of 64 bits, and compressed.
func TestForeignDataset(t *testing.T) {
	info := DatasetInfo{
		Inputs: []Input{
			{Name: "photo", Kind: Image, Type: tensor.U8, Shape: []int{1, 2, 2}},
			{Name: "words", Kind: Tokens, Type: tensor.I32, Shape: []int{tensor.Ragged}},
			{Name: "pulse", Kind: Series, Type: tensor.F32, Shape: []int{tensor.Ragged, 1}},
		},
		Targets: []Target{{Column: "kind", Task: task.Binary, Classes: []string{"a", "b"}, Scale: 1}},
	}
	want, err := DatasetSchema(info, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	photo := tensor.Rows{U8: []uint8{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}
	words := tensor.Rows{I32: []int32{7, -8, 9}, Ends: []int{2, 2, 3}}
	pulse := tensor.Rows{F32: []float32{.5, 1, 2, 3}, Ends: []int{0, 1, 4}}
	rec, err := NewRecord(want, NewLists(tensor.U8, photo, 4), NewLists(tensor.I32, words, tensor.Ragged), NewLists(tensor.F32, pulse, tensor.Ragged), NewArray([]int32{1, 0, 1}, nil))
	if err != nil {
		t.Fatal(err)
	}
	ours := write(t, want, rec)
	doc, _ := want.Metadata().GetValue(DatasetKey)
	meta := arrow.MetadataFrom(map[string]string{DatasetKey: doc})
	large := arrow.LargeListOf(arrow.PrimitiveTypes.Float32)
	theirs := arrow.NewSchema([]arrow.Field{
		{Name: "photo", Type: arrow.FixedSizeListOf(4, arrow.PrimitiveTypes.Uint8), Nullable: true}, {Name: "words", Type: arrow.ListOf(arrow.PrimitiveTypes.Int32), Nullable: true},
		{Name: "pulse", Type: large, Nullable: true}, {Name: "target", Type: arrow.PrimitiveTypes.Int32, Nullable: true}}, &meta)
	column := func(i int, json string) arrow.Array {
		a, _, err := array.FromJSON(memory.DefaultAllocator, theirs.Field(i).Type, strings.NewReader(json))
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	columns := []arrow.Array{column(0, "[[1,2,3,4],[5,6,7,8],[9,10,11,12]]"), column(1, "[[7,-8],[],[9]]"), column(2, "[[],[0.5],[1,2,3]]"), column(3, "[1,0,1]")}
	all := array.NewRecordBatch(theirs, columns, 3)
	for name, options := range map[string][]ipc.Option{"plain": nil, "zstd": {ipc.WithZstd()}, "lz4": {ipc.WithLZ4()}} {
		var b bytes.Buffer
		w := ipc.NewWriter(&b, append(options, ipc.WithSchema(theirs))...)
		for _, cut := range [][2]int64{{0, 2}, {2, 3}} {
			if err := w.Write(all.NewSlice(cut[0], cut[1])); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		out, warnings, err := importTable(t, b.Bytes())
		if err != nil || len(warnings) > 0 {
			t.Fatal(name, err, warnings)
		}
		d := openDataset(t, out)
		diff, err := FirstDifference(read(t, ours), d.Reader)
		if err != nil || diff != "" && !strings.Contains(diff, RoleKey) { // which tells nobody anything here
			t.Errorf("%s: %s, %v", name, diff, err)
		}
		for i := 0; i < b.Len(); i += 5 {
			damaged := bytes.Clone(b.Bytes())
			damaged[i] ^= 0x41
			importTable(t, damaged) // no panic
		}
	}
	if _, _, err := importTable(t, arrowFile(t, arrow.NewSchema(theirs.Fields()[1:2], nil), columns[1])); err != nil {
		t.Errorf("lists outside of a data set: %v", err)
	}
}

// TestForeignLists: lists of numbers become those of the nearest type, and tell what
// they lose.
func TestForeignLists(t *testing.T) {
	for _, c := range []struct {
		dtype             arrow.DataType
		values            string // in JSON
		want, csv, warned string
	}{
		{arrow.ListOf(arrow.PrimitiveTypes.Int64), "[[1, -2147483648], [], [3]]", "i32[]", "c\n\"[1,-2147483648]\"\n[]\n[3]\n", ""},
		{arrow.LargeListOf(arrow.PrimitiveTypes.Uint8), "[[1], [255, 0]]", "u8[]", "c\n[1]\n\"[255,0]\"\n", ""},
		{arrow.ListOf(arrow.PrimitiveTypes.Uint32), "[[2147483647]]", "i32[]", "c\n[2147483647]\n", ""},
		{arrow.ListOf(arrow.PrimitiveTypes.Float64), "[[0.5], [0.25, 8]]", "f32[]", "c\n[0.5]\n\"[0.25,8]\"\n", ""},
		{arrow.LargeListOf(arrow.PrimitiveTypes.Float64), "[[0.1], [0.5], [0.5, 0.2]]", "f32[]", "c\n[0.1]\n[0.5]\n\"[0.5,0.2]\"\n", "column \"c\": 2 of its values: " + ListLoss},
		{arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Float64), "[[0.1, 1], [0.5, 2]]", "vector[2]", "c[0],c[1]\n0.1,1\n0.5,2\n", "column \"c\": 1 of its values: " + ListLoss},
		{arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Int8), "[[-128, 127]]", "i32[2]", "c[0],c[1]\n-128,127\n", ""},
	} {
		out, warnings, err := importTable(t, one(t, c.dtype, c.values))
		if err != nil {
			t.Errorf("%v: %v", c.dtype, err)
			continue
		}
		r := read(t, out)
		var csv strings.Builder
		if err := WriteCSV(&csv, r); err != nil {
			t.Fatal(err)
		}
		if got := TypeName(r.Schema().Field(0).Type); got != c.want || csv.String() != c.csv || strings.Join(warnings, "") != c.warned {
			t.Errorf("%v: %s %q, warned %q", c.dtype, got, csv.String(), warnings)
		}
	}
}
