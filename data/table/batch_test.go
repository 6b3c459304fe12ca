package table

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"

	"pipe/data/tensor"
)

// writeSmall writes with small batches.
func writeSmall(t failer, most int, limit int64, schema *arrow.Schema, records ...arrow.RecordBatch) []byte {
	return smallTable(t, most, limit, schema, func(w *Writer) error {
		for _, rec := range records {
			if err := w.Write(rec); err != nil {
				return err
			}
		}
		return nil
	})
}

// smallTable is what was written with small batches.
func smallTable(t failer, most int, limit int64, schema *arrow.Schema, write func(*Writer) error) []byte {
	var b bytes.Buffer
	w, err := newWriter(&b, schema, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	w.filling = newFilling(w.schema, most, limit)
	if err := write(w); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Rows that are picked out of records are written as a table of them alone.
func TestWriteRows(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rows := rapid.IntRange(1, 40).Draw(rt, "rows")
		from := rapid.IntRange(0, rows-1).Draw(rt, "from")
		rec := drawRecord(rt, rows).NewSlice(int64(from), int64(rows))
		most := rapid.SampledFrom([]int{1, 2, 5, 8, 11}).Draw(rt, "most")
		limit := rapid.SampledFrom([]int64{100, 500, 2000, 1 << 20}).Draw(rt, "limit")
		var picked [][]int
		var taken []arrow.RecordBatch
		for range rapid.IntRange(1, 4).Draw(rt, "times") {
			all := make([]int, rows-from)
			for i := range all {
				all[i] = i
			}
			some := rapid.Permutation(all).Draw(rt, "order")[:rapid.IntRange(0, len(all)).Draw(rt, "some")]
			if rapid.Bool().Draw(rt, "rising") {
				slices.Sort(some)
			}
			alone, err := Take(rec, some)
			if err != nil {
				rt.Fatal(err)
			}
			picked, taken = append(picked, some), append(taken, alone)
		}
		want := writeSmall(rt, most, limit, rec.Schema(), taken...)
		got := smallTable(rt, most, limit, rec.Schema(), func(w *Writer) error {
			for _, some := range picked {
				if err := w.WriteRows(rec, some); err != nil {
					return err
				}
			}
			return nil
		})
		if !bytes.Equal(got, want) {
			rt.Fatal("the bytes are others than of the rows taken out")
		}
	})
}

// Where batches end depends on the rows alone: not on how they arrive, nor on what
// lies under nulls, nor on whether a record could be written as it is.
func TestBatchesDependOnRowsAlone(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rows := rapid.IntRange(1, 20).Draw(rt, "rows")
		rec := drawRecord(rt, rows)
		if rapid.Bool().Draw(rt, "no ragged lists") { // which are always copied
			var names []string
			for _, f := range rec.Schema().Fields() {
				if _, width, _ := ListOf(f.Type); width != tensor.Ragged {
					names = append(names, f.Name)
				}
			}
			var err error
			if rec, err = Select(rec, names); err != nil {
				rt.Fatal(err)
			}
		}
		most := rapid.SampledFrom([]int{1, 2, 5, 8}).Draw(rt, "most")
		limit := rapid.SampledFrom([]int64{100, 500, 2000, 1 << 20}).Draw(rt, "limit")
		want := writeSmall(rt, most, limit, rec.Schema(), rec)
		var parts []arrow.RecordBatch
		for from := 0; from < rows; {
			to := rapid.IntRange(from, min(rows, from+most)).Draw(rt, "to")
			parts = append(parts, rec.NewSlice(int64(from), int64(to)))
			from = to
		}
		if got := writeSmall(rt, most, limit, rec.Schema(), parts...); !bytes.Equal(got, want) {
			rt.Fatal("the bytes depend on how the rows come")
		}
		if got := writeSmall(rt, most, limit, rec.Schema(), soil(rec, 64)); !bytes.Equal(got, want) {
			rt.Fatal("the bytes depend on what lies under nulls")
		}
		// Whole batches, clean and soiled, take the way without a copy or do not.
		r := read(rt, want)
		var whole, soiled []arrow.RecordBatch
		column := rapid.IntRange(0, int(rec.NumCols())-1).Draw(rt, "soiled column")
		more := rapid.SampledFrom([]int{0, 1, 64}).Draw(rt, "more bytes")
		for i := range r.NumBatches() {
			batch, err := r.Batch(i)
			if err != nil {
				rt.Fatal(err)
			}
			whole, soiled = append(whole, batch), append(soiled, soilColumn(batch, column, more))
		}
		for _, batches := range [][]arrow.RecordBatch{whole, soiled} {
			if got := writeSmall(rt, most, limit, rec.Schema(), batches...); !bytes.Equal(got, want) {
				rt.Fatal("the bytes are others if records come as batches")
			}
		}
		checkBatches(rt, r, most, limit)
		if got := readAll(rt, want); !array.RecordEqual(got, rec) {
			rt.Fatalf("read\n%v\nwant\n%v", got, rec)
		}
		if diff, err := FirstDifference(r, read(rt, write(rt, rec.Schema(), rec))); diff != "" || err != nil {
			rt.Fatal("with other batches:", diff, err)
		}
	})
}

// checkBatches says whether each batch is within its limits, and would not be with
// the first row of the next.
func checkBatches(t failer, r *Reader, most int, limit int64) {
	var last arrow.RecordBatch
	for i := range r.NumBatches() {
		rec, err := r.Batch(i)
		if err != nil {
			t.Fatal(err)
		}
		if n, at := r.BatchOf(r.starts[i]); n != i || at != 0 {
			t.Fatal("row", r.starts[i], "is said to be in batch", n, "at", at)
		}
		if n, at := r.BatchOf(r.starts[i+1] - 1); n != i || at != int(rec.NumRows())-1 {
			t.Fatal("row", r.starts[i+1]-1, "is said to be in batch", n, "at", at)
		}
		f := newFilling(r.Schema(), most, limit)
		f.add(rec, 0, int(rec.NumRows()))
		if f.rows > 1 && (f.rows > f.most || !f.within(f.rows, f.bytes)) {
			t.Fatal("batch", i, "has", f.rows, "rows and", f.bytes, "bytes of any size")
		}
		if last != nil {
			f := newFilling(r.Schema(), most, limit)
			f.add(last, 0, int(last.NumRows()))
			f.add(rec, 0, 1)
			if f.rows <= f.most && f.within(f.rows, f.bytes) {
				t.Fatal("batch", i-1, "ends too early")
			}
		}
		last = rec
	}
}

// Many columns are filled by several goroutines, and long texts end a batch early.
func TestBatchesAreBounded(t *testing.T) {
	const columns, rows = 700, 4000
	var fields []arrow.Field
	var arrays []arrow.Array
	for i := range columns {
		values := make([]int64, rows)
		for j := range values {
			values[j] = int64(i * j)
		}
		a := NewArray(values, nil)
		arrays = append(arrays, a)
		fields = append(fields, arrow.Field{Name: "c" + strconv.Itoa(i), Type: a.DataType()})
	}
	wide, err := NewRecord(arrow.NewSchema(fields, nil), arrays...)
	if err != nil {
		t.Fatal(err)
	}
	texts := make([]string, 60)
	for i := range texts {
		texts[i] = strings.Repeat(string(rune('a'+i%26)), i*i*i%1000*1500)
	}
	texts[7] = strings.Repeat("x", batchBytes+1)
	long, err := NewRecord(arrow.NewSchema([]arrow.Field{{Name: "s", Type: arrow.BinaryTypes.String}}, nil), NewArray(texts, nil))
	if err != nil {
		t.Fatal(err)
	}
	for name, rec := range map[string]arrow.RecordBatch{"wide": wide, "long": long} {
		want := write(t, rec.Schema(), rec)
		sum := sha256.Sum256(want)
		for _, step := range []int64{1 + rec.NumRows()/50, rec.NumRows() / 3} {
			var parts []arrow.RecordBatch
			for from := int64(0); from < rec.NumRows(); from += step {
				parts = append(parts, rec.NewSlice(from, min(rec.NumRows(), from+step)))
			}
			if sha256.Sum256(write(t, rec.Schema(), parts...)) != sum {
				t.Errorf("%s: the bytes depend on how the rows come", name)
			}
		}
		r := read(t, want)
		if r.NumBatches() < 2 {
			t.Errorf("%s: %d batches", name, r.NumBatches())
		}
		checkBatches(t, r, mostBatchRows, batchBytes)
	}
}

// Tables that were written before batches were bounded in bytes keep their bytes
// if they are narrow, and are read in any case.
func TestTablesOfBefore(t *testing.T) {
	for _, file := range []string{"testdata/tables/types.arrow", "testdata/tables/batches.arrow"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		rec := readAll(t, data)
		if !bytes.Equal(write(t, rec.Schema(), rec), data) {
			t.Errorf("%s: the same rows give other bytes", file)
		}
	}
}

// An error of the goroutine that writes comes out at a later call, and Discard
// waits for it.
func TestErrorsOfWriting(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64}}, nil)
	rec, err := NewRecord(schema, NewArray(make([]int64, 10), nil))
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("disk full")
	open := func(after int) *Writer {
		w, err := newWriter(&failingAfter{n: after, err: full}, schema, memory.DefaultAllocator)
		if err != nil {
			t.Fatal(err)
		}
		w.filling = newFilling(w.schema, 4, batchBytes)
		return w
	}
	for after := range 20 {
		w := open(after)
		err := w.Write(rec)
		if err == nil {
			err = w.Write(rec)
		}
		if closed := w.Close(); err == nil {
			err = closed
		} else if closed == nil {
			t.Error("Close forgets that a write failed")
		}
		if !errors.Is(err, full) {
			t.Errorf("after %d writes: error %v", after, err)
		}
	}
	w := open(1000)
	if err := w.Write(rec); err != nil {
		t.Fatal(err)
	}
	w.Discard()
	if w.writing != nil || w.Write(rec) == nil || w.Close() == nil {
		t.Error("a table goes on after Discard")
	}
}

// failingAfter fails after some writes.
type failingAfter struct {
	n   int
	err error
}

func (f *failingAfter) Write(p []byte) (int, error) {
	if f.n--; f.n < 0 {
		return 0, f.err
	}
	return len(p), nil
}

// A slow file is at work on a batch until it is let go.
type slow struct {
	begun, letGo chan struct{}
	busy         atomic.Bool
}

func (s *slow) Write(p []byte) (int, error) {
	if len(p) > 1000 { // the values of a batch
		s.busy.Store(true)
		close(s.begun)
		<-s.letGo
		s.busy.Store(false)
	}
	return len(p), nil
}

// After an error of Write, and after Discard, nobody uses the file any more.
func TestNobodyWritesAfterwards(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64}}, nil)
	rec, err := NewRecord(schema, NewArray(make([]int64, 600), nil))
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewRecord(arrow.NewSchema([]arrow.Field{{Name: "b", Type: arrow.PrimitiveTypes.Int64}}, nil), NewArray([]int64{1}, nil))
	if err != nil {
		t.Fatal(err)
	}
	for name, end := range map[string]func(w *Writer) error{
		"an error": func(w *Writer) error { return w.Write(other) },
		"discard":  func(w *Writer) error { w.Discard(); return w.err },
	} {
		file := &slow{begun: make(chan struct{}), letGo: make(chan struct{})}
		w, err := newWriter(file, schema, memory.DefaultAllocator)
		if err != nil {
			t.Fatal(err)
		}
		w.filling = newFilling(w.schema, 500, batchBytes)
		if err := w.Write(rec); err != nil {
			t.Fatal(err)
		}
		<-file.begun
		go close(file.letGo)
		if err := end(w); err == nil || file.busy.Load() {
			t.Errorf("%s: %v, and the file is in use: %v", name, err, file.busy.Load())
		}
	}
}
