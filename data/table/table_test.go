package table

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pipe/base/diag"
	"pipe/data/tensor"
)

// allTypes is a schema with a column of every type.
func allTypes() *arrow.Schema {
	var types []arrow.DataType
	for _, s := range scalars {
		types = append(types, s.dtype)
	}
	types = append(types, VectorType(3), ListType(tensor.U8, 4), ListType(tensor.I32, 2),
		ListType(tensor.I32, tensor.Ragged), ListType(tensor.F32, tensor.Ragged), ListType(tensor.U8, tensor.Ragged))
	var fields []arrow.Field
	for _, t := range types {
		fields = append(fields, arrow.Field{Name: TypeName(t), Type: t, Nullable: true})
	}
	return arrow.NewSchema(fields, nil)
}

// drawRecord draws a record of allTypes.
func drawRecord(t *rapid.T, rows int) arrow.RecordBatch {
	valid := func() []bool { return rapid.SliceOfN(rapid.Bool(), rows, rows).Draw(t, "valid") }
	columns := []arrow.Array{
		NewArray(rapid.SliceOfN(rapid.StringN(0, 8, -1), rows, rows).Draw(t, "texts"), valid()),
		NewArray(rapid.SliceOfN(rapid.Bool(), rows, rows).Draw(t, "bools"), valid()),
	}
	numbers := rapid.SliceOfN(rapid.Int64(), rows, rows).Draw(t, "numbers")
	for _, s := range scalars[len(columns):] {
		c := newColumn(s.dtype)
		for _, v := range numbers {
			switch s.dtype.ID() {
			case arrow.FLOAT32: // no bits of an int64 that are NaN, which equals nothing
				c.values = append(c.values, bytesOf([]float32{float32(v) / 3})...)
			case arrow.FLOAT64:
				c.values = append(c.values, bytesOf([]float64{float64(v) / 3})...)
			case arrow.TIME64:
				const day = 24 * 60 * 60 * 1_000_000 // also fits nanoseconds
				c.values = append(c.values, bytesOf([]int64{int64(uint64(v) % day)})...)
			default:
				c.values = append(c.values, bytesOf([]int64{v})[:c.size]...)
			}
		}
		c.rows = rows
		c.setValid(bitmapOf(valid()))
		for i := range rows {
			if c.valid[i/8]>>(i%8)&1 == 0 {
				clear(c.values[i*c.size : (i+1)*c.size])
			}
		}
		columns = append(columns, c.array())
	}
	columns = append(columns,
		NewVectors(rapid.SliceOfN(rapid.Float32(), 3*rows, 3*rows).Draw(t, "vectors"), 3),
		NewLists(tensor.U8, tensor.Rows{U8: rapid.SliceOfN(rapid.Byte(), 4*rows, 4*rows).Draw(t, "pixels")}, 4),
		NewLists(tensor.I32, tensor.Rows{I32: rapid.SliceOfN(rapid.Int32(), 2*rows, 2*rows).Draw(t, "pairs")}, 2),
		NewLists(tensor.I32, drawRagged(t, rows, func(n int, r *tensor.Rows) { r.I32 = rapid.SliceOfN(rapid.Int32(), n, n).Draw(t, "ids") }), tensor.Ragged),
		NewLists(tensor.F32, drawRagged(t, rows, func(n int, r *tensor.Rows) { r.F32 = rapid.SliceOfN(rapid.Float32(), n, n).Draw(t, "steps") }), tensor.Ragged),
		NewLists(tensor.U8, drawRagged(t, rows, func(n int, r *tensor.Rows) { r.U8 = rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "levels") }), tensor.Ragged),
	)
	rec, err := NewRecord(allTypes(), columns...)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// drawRagged draws the ends of rows, and the elements by a function.
func drawRagged(t *rapid.T, rows int, elements func(n int, r *tensor.Rows)) tensor.Rows {
	r := tensor.Rows{Ends: make([]int, rows)}
	end := 0
	for i := range r.Ends {
		end += rapid.IntRange(0, 3).Draw(t, "length")
		r.Ends[i] = end
	}
	elements(end, &r)
	return r
}

type failer interface{ Fatal(args ...any) }

func write(t failer, schema *arrow.Schema, records ...arrow.RecordBatch) []byte {
	var b bytes.Buffer
	w, err := NewWriter(&b, schema)
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range records {
		if err := w.Write(rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(t failer, data []byte) *Reader {
	r, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func readAll(t failer, data []byte) arrow.RecordBatch {
	rec, err := ReadAll(read(t, data))
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// TestBytesDoNotDependOnChunks writes slices of a record, and a copy of it in
// which null slots hold garbage.
func TestBytesDoNotDependOnChunks(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rows := rapid.IntRange(0, 20).Draw(rt, "rows")
		rec := drawRecord(rt, rows)
		want := write(rt, rec.Schema(), rec)
		var parts []arrow.RecordBatch
		for from := 0; from < rows; {
			to := rapid.IntRange(from, rows).Draw(rt, "to")
			parts = append(parts, rec.NewSlice(int64(from), int64(to)))
			from = to
		}
		if got := write(rt, rec.Schema(), parts...); !bytes.Equal(got, want) {
			rt.Fatal("the bytes depend on how the rows come")
		}
		if got := write(rt, rec.Schema(), soil(rec, 64)); !bytes.Equal(got, want) {
			rt.Fatal("the bytes depend on what lies under nulls")
		}
		if got := readAll(rt, want); !array.RecordEqual(got, rec) {
			rt.Fatalf("read\n%v\nwant\n%v", got, rec)
		}
	})
}

// soil gives an equal record whose nulls lie over garbage and whose buffers
// have some more bytes than needed.
func soil(rec arrow.RecordBatch, more int) arrow.RecordBatch {
	for i := range int(rec.NumCols()) {
		rec = soilColumn(rec, i, more)
	}
	return rec
}

func soilColumn(rec arrow.RecordBatch, column, more int) arrow.RecordBatch {
	columns := slices.Clone(rec.Columns())
	switch a := columns[column].(type) {
	case *array.String:
		columns[column] = dirtyText(a, more)
	default:
		if scalarOf(a.DataType()) != nil {
			columns[column] = array.MakeFromData(array.NewData(a.DataType(), a.Len(), dirty(a, more), nil, a.NullN(), 0))
		}
	}
	return array.NewRecordBatch(rec.Schema(), columns, rec.NumRows())
}

// dirty copies the buffers of a fixed-size array, sets every bit under a null
// and beyond the end, and keeps the validity.
func dirty(a arrow.Array, more int) []*memory.Buffer {
	var size int
	if t, ok := a.DataType().(arrow.FixedWidthDataType); ok && a.DataType().ID() != arrow.BOOL {
		size = t.Bytes()
	}
	n := a.Len()
	values := bytes.Repeat([]byte{0xff}, n*size+more)
	if size == 0 {
		values = bytes.Repeat([]byte{0xff}, (n+7)/8+more)
	}
	valid := dirtyBits(n, more)
	for i := range n {
		if a.IsNull(i) {
			valid[i/8] &^= 1 << (i % 8)
			continue
		}
		if b, ok := a.(*array.Boolean); ok {
			if !b.Value(i) {
				values[i/8] &^= 1 << (i % 8)
			}
			continue
		}
		copy(values[i*size:], a.Data().Buffers()[1].Bytes()[i*size:(i+1)*size])
	}
	return []*memory.Buffer{memory.NewBufferBytes(valid), memory.NewBufferBytes(values)}
}

// dirtyBits are n bits that are set. Those behind them are, too, if there is much
// more.
func dirtyBits(n, more int) []byte {
	if more < 64 {
		return bitmapOf(slices.Repeat([]bool{true}, n))
	}
	return bytes.Repeat([]byte{0xff}, n/8+more)
}

func dirtyText(a *array.String, more int) arrow.Array {
	offsets, text := []int32{0}, []byte(nil)
	valid := dirtyBits(a.Len(), more)
	for i := range a.Len() {
		if a.IsNull(i) {
			valid[i/8] &^= 1 << (i % 8)
			text = append(text, "garbage"...)
		} else {
			text = append(text, a.Value(i)...)
		}
		offsets = append(offsets, int32(len(text)))
	}
	return array.NewStringData(array.NewData(a.DataType(), a.Len(), []*memory.Buffer{
		memory.NewBufferBytes(valid),
		memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(offsets)),
		memory.NewBufferBytes(append(text, make([]byte, more)...)),
	}, nil, a.NullN(), 0))
}

// TestBatches crosses the borders of batches, and accounts for all memory.
func TestBatches(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	t.Cleanup(func() { mem.AssertSize(t, 0) })
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "n", Type: arrow.PrimitiveTypes.Int64}, {Name: "s", Type: arrow.BinaryTypes.String},
	}, nil)
	for _, rows := range []int{0, 1, mostBatchRows - 1, mostBatchRows, mostBatchRows + 1, 2*mostBatchRows + 3} {
		var b bytes.Buffer
		w, err := newWriter(&b, schema, mem)
		if err != nil {
			t.Fatal(err)
		}
		for from := 0; from < rows; from += 50_000 {
			numbers := make([]int64, min(50_000, rows-from))
			texts := make([]string, len(numbers))
			for i := range numbers {
				numbers[i], texts[i] = int64(from+i), fmt.Sprint("row ", from+i)
			}
			rec, err := NewRecord(schema, NewArray(numbers, nil), NewArray(texts, nil))
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Write(rec); err != nil {
				t.Fatal(err)
			}
			rec.Release()
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		r, err := Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		if want := (rows + mostBatchRows - 1) / mostBatchRows; r.NumBatches() != want || r.NumRows() != int64(rows) || w.Rows() != int64(rows) {
			t.Errorf("%d rows: %d rows read, %d written, %d batches, want %d", rows, r.NumRows(), w.Rows(), r.NumBatches(), want)
		}
		next := int64(0)
		for rec, err := range r.Batches() {
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range rec.Column(0).(*array.Int64).Int64Values() {
				if s := rec.Column(1).(*array.String).Value(i); v != next || s != fmt.Sprint("row ", next) {
					t.Fatalf("row %d is %d, %q", next, v, s)
				}
				next++
			}
		}
		if next != int64(rows) {
			t.Errorf("read %d rows, want %d", next, rows)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestMetadataIsSorted(t *testing.T) {
	meta := func(keys ...string) arrow.Metadata { return arrow.NewMetadata(keys, keys) }
	file := func(m arrow.Metadata) []byte {
		s := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64, Metadata: m}}, &m)
		return write(t, s)
	}
	a, b := file(meta("x", "y", "z")), file(meta("z", "x", "y"))
	if !bytes.Equal(a, b) {
		t.Error("the bytes depend on the order of the metadata")
	}
	if f := read(t, a).Schema().Field(0); !slices.Equal(f.Metadata.Keys(), []string{"x", "y", "z"}) || !f.Nullable {
		t.Errorf("field is %v", f)
	}
}

func TestSelectAndColumn(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "bill_length", Type: arrow.PrimitiveTypes.Int64}, {Name: "sex", Type: arrow.BinaryTypes.String},
	}, nil)
	rec, err := NewRecord(schema, NewArray([]int64{1, 2}, nil), NewArray([]string{"f", "m"}, nil))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Select(rec, []string{"sex"})
	if err != nil || got.NumCols() != 1 || got.ColumnName(0) != "sex" || got.Column(0).(*array.String).Value(1) != "m" {
		t.Errorf("Select gives %v, %v", got, err)
	}
	_, err = Select(rec, []string{"bil_length"})
	if err == nil || err.Error() != `there is no column "bil_length"` || diag.HintOf(err) != `did you mean "bill_length"?` {
		t.Errorf("error %v, hint %q", err, diag.HintOf(err))
	}
	if _, err = Column(schema, "zzzzz"); diag.HintOf(err) != "the columns are bill_length, sex" {
		t.Errorf("hint %q", diag.HintOf(err))
	}
}

func TestFloatsAndTexts(t *testing.T) {
	valid := []bool{true, false}
	for _, c := range []struct {
		arr    arrow.Array
		floats []float64
		texts  []string
	}{
		{NewArray([]int64{-7, 9}, valid), []float64{-7, 0}, []string{"-7", ""}},
		{NewArray([]int32{3, 9}, valid), []float64{3, 0}, []string{"3", ""}},
		{NewArray([]int8{-128, 9}, valid), []float64{-128, 0}, []string{"-128", ""}},
		{NewArray([]int16{-32768, 9}, valid), []float64{-32768, 0}, []string{"-32768", ""}},
		{NewArray([]uint8{255, 9}, valid), []float64{255, 0}, []string{"255", ""}},
		{NewArray([]uint16{65535, 9}, valid), []float64{65535, 0}, []string{"65535", ""}},
		{NewArray([]uint32{1<<32 - 1, 9}, valid), []float64{1<<32 - 1, 0}, []string{"4294967295", ""}},
		{NewArray([]uint64{1<<64 - 1, 9}, valid), []float64{1 << 64, 0}, []string{"18446744073709551615", ""}},
		{NewArray([]float32{0.1, 9}, valid), []float64{float64(float32(0.1)), 0}, []string{"0.1", ""}},
		{NewArray([]arrow.Time64{3_661_000_001, 9}, valid), []float64{3_661_000_001, 0}, []string{"01:01:01.000001", ""}},
		{NewFixedArray(arrow.FixedWidthTypes.Time64ns, 2, bytesOf([]int64{1_500, 0}), []byte{1}), []float64{1.5, 0}, []string{"00:00:00.0000015", ""}},
		{NewFixedArray(arrow.FixedWidthTypes.Timestamp_ns, 2, bytesOf([]int64{-1, 0}), []byte{1}), []float64{-0.001, 0}, []string{"1969-12-31T23:59:59.999999999Z", ""}},
		{NewArray([]float64{0.1, 9}, valid), []float64{0.1, 0}, []string{"0.1", ""}},
		{NewArray([]float64{1e21, 1e-7}, nil), []float64{1e21, 1e-7}, []string{"1e+21", "1e-07"}},
		{NewArray([]bool{true, true}, valid), []float64{1, 0}, []string{"true", ""}},
		{NewArray([]arrow.Date32{1, 9}, valid), []float64{1, 0}, []string{"1970-01-02", ""}},
		{NewArray([]arrow.Timestamp{1_500_000, 9}, valid), []float64{1.5e6, 0}, []string{"1970-01-01T00:00:01.5Z", ""}},
		{NewArray([]string{"x", "y"}, valid), nil, []string{"x", ""}},
		{NewVectors([]float32{1, 2}, 1), nil, nil},
	} {
		name := TypeName(c.arr.DataType())
		floats, fv, err := Floats(c.arr)
		if (err == nil) != (c.floats != nil) || !slices.Equal(floats, c.floats) {
			t.Errorf("%s: floats are %v, %v", name, floats, err)
		}
		texts, tv, err := Texts(c.arr)
		if (err == nil) != (c.texts != nil) || !slices.Equal(texts, c.texts) {
			t.Errorf("%s: texts are %q, %v", name, texts, err)
		}
		if c.arr.NullN() > 0 && (c.floats != nil && !slices.Equal(fv, valid) || !slices.Equal(tv, valid)) {
			t.Errorf("%s: valid is %v and %v", name, fv, tv)
		}
		// A slice is seen as a slice.
		if c.texts != nil {
			if part, _, _ := Texts(array.NewSlice(c.arr, 1, 2)); !slices.Equal(part, c.texts[1:]) {
				t.Errorf("%s: texts of a slice are %q", name, part)
			}
		}
	}
}

func TestWriteCSV(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "a,b", Type: arrow.BinaryTypes.String}, {Name: "f", Type: arrow.PrimitiveTypes.Float64}, {Name: "v", Type: VectorType(2)},
	}, nil)
	rec, err := NewRecord(schema,
		NewArray([]string{"x \"y\"", "", "NA", "l\n", " z"}, []bool{true, true, true, true, true}),
		NewArray([]float64{0.1, 0, math.MaxFloat64, -0.5, 3}, []bool{true, false, true, true, true}),
		NewVectors([]float32{0.1, 2, 3, 4, 5, 6, 7, 8, 9, 1e10}, 2))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := WriteCSV(&b, read(t, write(t, schema, rec))); err != nil {
		t.Fatal(err)
	}
	want := `"a,b",f,v[0],v[1]
"x ""y""",0.1,0.1,2
"",,3,4
NA,1.7976931348623157e+308,5,6
"l
",-0.5,7,8
" z",3,9,10000000000
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	one := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64}}, nil)
	rec, _ = NewRecord(one, NewArray([]int64{1, 0}, []bool{true, false}))
	b.Reset()
	if err := WriteCSV(&b, read(t, write(t, one, rec))); err != nil || b.String() != "a\n1\n\n" {
		t.Errorf("one column: %q, %v", b.String(), err)
	}
}

func TestWriterRefuses(t *testing.T) {
	column := func(name string, t arrow.DataType) arrow.Field { return arrow.Field{Name: name, Type: t} }
	for want, fields := range map[string][]arrow.Field{
		"at least one column":                    nil,
		"two columns are named":                  {column("a", arrow.PrimitiveTypes.Int64), column("a", arrow.PrimitiveTypes.Int64)},
		"has no name":                            {column("", arrow.PrimitiveTypes.Int64)},
		`column "a": type float16`:               {column("a", arrow.FixedWidthTypes.Float16)},
		`column "a": type timestamp[ms, tz=UTC]`: {column("a", arrow.FixedWidthTypes.Timestamp_ms)},
		"a vector has 40000 elements":            {column("a", VectorType(40000))},
	} {
		if _, err := NewWriter(&bytes.Buffer{}, arrow.NewSchema(fields, nil)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	a := arrow.NewSchema([]arrow.Field{column("a", arrow.PrimitiveTypes.Int64)}, nil)
	b := arrow.NewSchema([]arrow.Field{column("b", arrow.PrimitiveTypes.Int64)}, nil)
	rec, _ := NewRecord(b, NewArray([]int64{1}, nil))
	w, err := NewWriter(&bytes.Buffer{}, a)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rec); err == nil || !strings.Contains(err.Error(), `column 1 is "b", want "a"`) {
		t.Errorf("error %v", err)
	}
	if err := w.Close(); err == nil {
		t.Error("Close forgets that a write failed")
	}
	full := errors.New("disk full")
	w, err = NewWriter(failing{full}, a)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); !errors.Is(err, full) {
		t.Errorf("error %v, want %v", err, full)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
