package table_test

import (
	"bytes"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"pgregory.net/rapid"

	"pipe/data/table"
)

// TestBeside: whatever is taken at a time, the rows are those of the table in their order.
func TestBeside(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil)
	const rows = 70_000 // more than a batch
	values := make([]int64, rows)
	for i := range values {
		values[i] = int64(i)
	}
	rec, err := table.NewRecord(schema, table.NewArray(values, nil))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := table.NewWriter(&b, schema)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rec); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := table.Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if r.NumBatches() < 2 {
		t.Fatalf("%d batches tell nothing", r.NumBatches())
	}
	rapid.Check(t, func(t *rapid.T) {
		beside := r.Beside()
		defer beside.Close()
		for at := 0; at < rows; {
			n := min(rows-at, rapid.SampledFrom([]int{0, 1, 20_000, 65_536, rows}).Draw(t, "n"))
			some, err := beside.Next(n)
			if err != nil {
				t.Fatal(err)
			}
			for i := range n {
				if got := some.Column(0).(*array.Int64).Value(i); got != int64(at+i) {
					t.Fatalf("row %d is %d", at+i, got)
				}
			}
			some.Release()
			if at += n; n == 1 {
				at = rows
			}
		}
		if _, err := beside.Next(rows + 1); err == nil {
			t.Fatal("more rows than there are")
		}
	})
}
