package table_test

import (
	"testing"

	"pipe/data/table"
	"pipe/data/table/tabletest"
)

func hashed(t *testing.T, h *table.RowHasher, columns ...any) []uint64 {
	t.Helper()
	rec := tabletest.Record(t, columns...)
	hashes, ok := h.Hashes(rec, func(name string) bool { return name == "id" })
	if !ok {
		t.Fatal("not compared")
	}
	return hashes
}

// Rows have one hash if their values are the same, whatever batch they are in.
func TestRowHashes(t *testing.T) {
	h := table.NewRowHasher()
	a := hashed(t, h, "x", []float64{1, 2, 1, 1}, "s", table.NewArray([]string{"a", "", "a", ""}, []bool{true, true, true, false}), "id", []int64{1, 2, 3, 4})
	b := hashed(t, h, "x", []float64{1, 2}, "s", []string{"", "a"}, "id", []int64{1, 2})
	if a[0] != a[2] || a[0] == a[1] || a[0] == a[3] || a[3] == b[0] || b[1] == a[0] || b[1] == a[1] {
		t.Errorf("%x %x", a, b)
	}
}

func BenchmarkRowHashes(b *testing.B) {
	const rows, width = 65536, 54
	values := make([]float32, rows*width)
	for i := range values {
		values[i] = float32(i)
	}
	lists := table.NewVectors(values, width)
	rec := tabletest.Record(b, "features", lists)
	h := table.NewRowHasher()
	b.SetBytes(4 * rows * width)
	for b.Loop() {
		if _, ok := h.Hashes(rec, func(string) bool { return false }); !ok {
			b.Fatal("not compared")
		}
	}
}
