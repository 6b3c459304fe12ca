package table

import (
	"bytes"
	"io"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"pgregory.net/rapid"

	"pipe/data/tensor"
)

// A counted file counts the bytes that are read of it.
type counted struct {
	io.ReaderAt
	bytes atomic.Int64
}

func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	c.bytes.Add(int64(len(p)))
	return c.ReaderAt.ReadAt(p, off)
}

// Some columns of a table, in any order and also of what was selected before, are
// those that the whole table has.
func TestSelectColumns(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rec := drawRecord(rt, rapid.IntRange(1, 12).Draw(rt, "rows"))
		r := read(rt, writeSmall(rt, 5, batchBytes, rec.Schema(), rec))
		names := rapid.Permutation(Names(rec.Schema())).Draw(rt, "names")
		for len(names) > 0 {
			var err error
			if r, err = r.Select(names...); err != nil {
				rt.Fatal(err)
			}
			got, err := ReadAll(r)
			if err != nil {
				rt.Fatal(err)
			}
			want, err := Select(rec, names)
			if err != nil {
				rt.Fatal(err)
			}
			if !array.RecordEqual(got, want) || r.NumRows() != rec.NumRows() {
				rt.Fatalf("read\n%v\nwant\n%v", got, want)
			}
			names = names[:len(names)/2]
		}
		if _, err := r.Select("nobody"); err == nil {
			rt.Fatal("a column that is not there is selected")
		}
	})
}

// What is not selected is not read, and training needs no inputs to know its labels.
func TestSelectReadsNothingElse(t *testing.T) {
	const rows = 6000
	data := mixedFile(t, rows)
	file := &counted{ReaderAt: bytes.NewReader(data)}
	d, err := OpenDataset(file, int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	file.bytes.Store(0)
	n := 0
	for ex, err := range d.StreamLabels() {
		if err != nil {
			t.Fatal(err)
		}
		n += ex.Rows
		if len(ex.Targets) != 2 || ex.Inputs != nil || ex.Kept.NumCols() != 3 {
			t.Fatalf("%d targets, inputs %v, kept %v", len(ex.Targets), ex.Inputs, ex.Kept)
		}
	}
	if read := file.bytes.Load(); n != rows || read > 60*rows {
		t.Errorf("%d bytes of %d were read for the labels of %d rows", read, len(data), n)
	}
}

// Who leaves the loop over the batches can close the file.
func TestBatchesEndReading(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64}}, nil)
	rec, err := NewRecord(schema, NewArray(make([]int64, 20), nil))
	if err != nil {
		t.Fatal(err)
	}
	data := writeSmall(t, 3, batchBytes, schema, rec)
	file := &counted{ReaderAt: bytes.NewReader(data)}
	r, err := Open(file, int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for batches := range 5 {
		seen := 0
		for _, err := range r.Batches() {
			if err != nil {
				t.Fatal(err)
			}
			if seen++; seen > batches {
				break
			}
		}
		before := file.bytes.Load()
		if again := slices.Repeat([]int64{before}, 1000); slices.ContainsFunc(again, func(n int64) bool { return n != file.bytes.Load() }) {
			t.Fatal("it is read after the loop has ended")
		}
	}
}

// A foreseeing file says whether what is read of it was foretold.
type foreseeing struct {
	io.ReaderAt
	told, untold int
	ranges       map[int64]int64
}

func (f *foreseeing) WillNeed(off, n int64) { f.ranges[off] = n }

func (f *foreseeing) ReadAt(p []byte, off int64) (int, error) {
	if n, ok := f.ranges[off]; ok && n == int64(len(p)) {
		f.told++
	} else {
		f.untold++
	}
	return f.ReaderAt.ReadAt(p, off)
}

// Rows in any order are foretold, so that a file that is not in memory is read at
// many places at once.
func TestGatherForetells(t *testing.T) {
	const rows = 6000
	data := mixedFile(t, rows)
	file := &foreseeing{ReaderAt: bytes.NewReader(data), ranges: map[int64]int64{}}
	d, err := OpenDataset(file, int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	list := []int{rows - 1, 3, 5700, 7, 8, 9}
	for i := range d.Info.Inputs {
		in, err := d.InputRows(i)
		if err != nil {
			t.Fatal(err)
		}
		file.told, file.untold, file.ranges = 0, 0, map[int64]int64{}
		var got tensor.Rows
		if err := in.Gather(list, &got); err != nil {
			t.Fatal(err)
		}
		// One read of each of four pieces, and of ragged rows one of where they end.
		want := 4
		if d.Info.Inputs[i].Ragged() {
			want = 8
		}
		if file.told != want || file.untold > 0 {
			t.Errorf("%s: %d reads were foretold, %d not", d.Info.Inputs[i].Name, file.told, file.untold)
		}
	}
}
