package table

import (
	"math"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"pgregory.net/rapid"
)

func TestTake(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rows := rapid.IntRange(1, 20).Draw(rt, "rows")
		from := rapid.IntRange(0, rows-1).Draw(rt, "from")
		rec := drawRecord(rt, rows).NewSlice(int64(from), int64(rows))
		take := rapid.SliceOf(rapid.IntRange(0, rows-from-1)).Draw(rt, "take")
		got, err := Take(rec, take)
		if err != nil {
			rt.Fatal(err)
		}
		if int(got.NumRows()) != len(take) {
			rt.Fatalf("%d rows, want %d", got.NumRows(), len(take))
		}
		for i, from := range take {
			if !array.RecordEqual(got.NewSlice(int64(i), int64(i+1)), rec.NewSlice(int64(from), int64(from+1))) {
				rt.Fatalf("row %d is not row %d", i, from)
			}
		}
		for i, col := range got.Columns() {
			if _, ragged := col.(*array.List); !ragged && len(take) > 0 && !newColumn(col.DataType()).hasForm(col) {
				rt.Fatalf("column %q is not as it would be written", got.ColumnName(i))
			}
		}
	})
	rec, err := NewRecord(arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64}}, nil), NewArray([]int64{1}, nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{-1, 1} {
		if _, err := Take(rec, []int{i}); err == nil {
			t.Errorf("row %d: no error", i)
		}
	}
}

// Numbers are those of Floats, wherever the column begins in its
// memory, and with NaN where those have a null.
func TestFloatsOrNaN(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rows := rapid.IntRange(1, 40).Draw(rt, "rows")
		from := rapid.IntRange(0, rows-1).Draw(rt, "from")
		rec := drawRecord(rt, rows).NewSlice(int64(from), int64(rows))
		buf := make([]float64, 30)
		for i, col := range rec.Columns() {
			want, valid, err := Floats(col)
			got, shared, err2 := FloatsOrNaN(col, buf)
			if (err == nil) != (err2 == nil) {
				rt.Fatalf("column %q: %v, want %v", rec.ColumnName(i), err2, err)
			}
			if err != nil {
				continue
			}
			if _, same := col.(*array.Float64); shared != (same && valid == nil) {
				rt.Errorf("column %q: shared is %v", rec.ColumnName(i), shared)
			}
			for r := range want {
				if null := valid != nil && !valid[r]; null != col.IsNull(r) || null != math.IsNaN(got[r]) || !null && got[r] != want[r] {
					rt.Fatalf("column %q, row %d: %v and %v", rec.ColumnName(i), r, got[r], want[r])
				}
			}
		}
	})
}
