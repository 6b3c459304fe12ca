package feature

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestMedianOfHugeNumbersIsFinite(t *testing.T) {
	if got := median([]float64{1.5e308, 1.7e308}); got != 1.6e308 {
		t.Errorf("got %v, want 1.6e308", got)
	}
}

// Filling in after the fact must tell the same as a column without gaps.
func TestMomentsOfFilledColumn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), 1, 50).Draw(t, "values")
		gaps := rapid.IntRange(0, 20).Draw(t, "gaps")
		fill := rapid.Float64Range(-1e6, 1e6).Draw(t, "fill")
		var gappy, full moments
		for _, x := range values {
			gappy.add(x)
			full.add(x)
		}
		for range gaps {
			gappy.add(math.NaN())
			full.add(fill)
		}
		got := gappy.filled(fill)
		if got.n != full.n || got.missing != 0 || got.min != full.min || got.max != full.max || math.Abs(got.mean()-full.mean()) > 1e-9 {
			t.Fatalf("filled %+v, want %+v", got, full)
		}
		sorted := slices.Sorted(slices.Values(values))
		filled := withFill(slices.Clone(sorted), fill, int64(gaps))
		if !slices.IsSorted(filled) || len(filled) != len(values)+gaps {
			t.Fatalf("withFill(%v, %v, %d) = %v", sorted, fill, gaps, filled)
		}
	})
}
