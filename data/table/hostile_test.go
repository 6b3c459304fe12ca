package table

import (
	"bytes"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"pgregory.net/rapid"
)

// sample is a small table with a column of every type.
func sample(t testing.TB) []byte {
	rec := rapid.Custom(func(rt *rapid.T) arrow.RecordBatch { return drawRecord(rt, 9) }).Example(3)
	return write(t, rec.Schema(), rec)
}

// use reads everything that a table holds.
func use(data []byte) error {
	r, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	defer r.Close()
	rec, err := ReadAll(r)
	if err != nil {
		return err
	}
	for _, col := range rec.Columns() {
		_ = col.String()
	}
	var b bytes.Buffer
	return WriteCSV(&b, r)
}

func TestTruncatedFiles(t *testing.T) {
	data := sample(t)
	if err := use(data); err != nil {
		t.Fatal(err)
	}
	for n := range data {
		if err := use(data[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes are taken for a table", n, len(data))
		}
	}
}

// TestFlippedBits flips bits all over a file. What is then read may differ,
// but it must be read without a panic.
func TestFlippedBits(t *testing.T) {
	data := sample(t)
	refused := 0
	for i := range 8 * len(data) {
		if i%7 > 0 {
			continue // which meets every bit of a byte
		}
		damaged := bytes.Clone(data)
		damaged[i/8] ^= 1 << (i % 8)
		if use(damaged) != nil {
			refused++
		}
	}
	if refused < 100 {
		t.Errorf("only %d damaged files were refused", refused)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(sample(f))
	f.Add([]byte("ARROW1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = use(data) // must not panic, nor take more memory than the file is long
	})
}

// TestForeignFiles opens files that Arrow takes but a table is not.
func TestForeignFiles(t *testing.T) {
	numbers := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64}}, nil)
	text := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.BinaryTypes.String}}, nil)
	one, _ := NewRecord(numbers, NewArray([]int64{1}, nil))
	long, _ := NewRecord(numbers, NewArray(make([]int64, mostBatchRows+1), nil))
	bad, _ := NewRecord(text, NewTextArray([]int32{0, 1, 2}, []byte("\xc3\xa9"), nil))
	invalid, _ := NewRecord(text, NewTextArray([]int32{0, 1}, []byte("\xff"), nil))
	for _, c := range []struct {
		name    string
		schema  *arrow.Schema
		records []arrow.RecordBatch
		want    string
	}{
		{"text cut inside of a character", text, []arrow.RecordBatch{bad}, "text is not UTF-8"},
		{"text that is not UTF-8", text, []arrow.RecordBatch{invalid}, "text is not UTF-8"},
		{"other type", arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.FixedWidthTypes.Float16}}, nil), nil, "type float16"},
		{"empty batch", numbers, []arrow.RecordBatch{one, one.NewSlice(0, 0)}, "batch 1: 0 rows"},
		{"long batch", numbers, []arrow.RecordBatch{long}, "batch 0: 65537 rows"},
		{"dictionary", arrow.NewSchema([]arrow.Field{{Name: "a", Type: &arrow.DictionaryType{
			IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}}}, nil), nil, "dictionary-encoded"},
		{"union", arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.SparseUnionOf(numbers.Fields(), []arrow.UnionTypeCode{0})}}, nil), nil, "type union"},
		{"large text", arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.BinaryTypes.LargeString}}, nil), nil, "type large_utf8"},
	} {
		var b bytes.Buffer
		w, err := ipc.NewFileWriter(&b, ipc.WithSchema(c.schema))
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range c.records {
			if err := w.Write(rec); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := use(b.Bytes()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}
