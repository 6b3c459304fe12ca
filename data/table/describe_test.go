package table

import (
	"bytes"
	"strconv"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// TestDescribe writes tables of different numbers of batches, which say at last
// what nobody knew at first.
func TestDescribe(t *testing.T) {
	bare := arrow.NewSchema([]arrow.Field{{Name: "x", Type: arrow.PrimitiveTypes.Int64}, {Name: "s", Type: arrow.BinaryTypes.String}}, nil)
	meta := arrow.MetadataFrom(map[string]string{"a": "1"})
	told := arrow.NewSchema([]arrow.Field{WithMetadata(bare.Field(0), "k", "v"), bare.Field(1)}, &meta)
	for _, rows := range []int{0, 1, mostBatchRows - 1, mostBatchRows, mostBatchRows + 1, 3*mostBatchRows + 7} {
		t.Run(strconv.Itoa(rows), func(t *testing.T) {
			first := describedTable(t, bare, told, rows)
			known := describedTable(t, told, told, rows)
			if rows < mostBatchRows && !bytes.Equal(first, known) {
				t.Error("a table of less than a batch has other bytes if its metadata are known from the start")
			}
			r, err := Open(bytes.NewReader(first), int64(len(first)))
			if err != nil {
				t.Fatal(err)
			}
			if s := r.Schema(); s.Field(0).Metadata.FindKey("k") < 0 || s.Metadata().FindKey("a") < 0 || r.NumRows() != int64(rows) {
				t.Errorf("%d rows, schema %v", r.NumRows(), s)
			}
			if _, err := ipc.NewFileReader(bytes.NewReader(first)); err != nil {
				t.Errorf("Arrow: %v", err)
			}
			total := int64(0)
			for rec, err := range r.Batches() {
				if err != nil {
					t.Fatal(err)
				}
				total += rec.NumRows()
			}
			if total != int64(rows) {
				t.Errorf("%d rows in the batches", total)
			}
		})
	}
}

func describedTable(t *testing.T, first, last *arrow.Schema, rows int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, first)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := NewRecord(first, NewArray(make([]int64, rows), nil), NewArray(make([]string, rows), nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rec); err != nil {
		t.Fatal(err)
	}
	other := arrow.NewSchema([]arrow.Field{{Name: "x", Type: arrow.PrimitiveTypes.Float64}}, nil)
	if err := w.Describe(other); err == nil {
		t.Error("other columns are taken")
	}
	if err := w.Describe(last); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
