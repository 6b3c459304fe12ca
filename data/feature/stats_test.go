package feature

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"pipe/data/order"
)

func TestMedianOfHugeNumbersIsFinite(t *testing.T) {
	if got := median(1.5e308, 1.7e308); got != 1.6e308 {
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
	})
}

// Values that are added together are added one by one.
func TestSumsOfManyValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var one, all moments
		alone, spread := deviations{center: 3}, deviations{center: 3}
		number := rapid.OneOf(rapid.Float64(), rapid.Float64Range(-3, 3), rapid.SampledFrom([]float64{math.NaN(), 0, math.Copysign(0, -1)}))
		for range 3 {
			values := rapid.SliceOfN(number, 0, 20).Draw(t, "values")
			for _, x := range values {
				one.add(x)
				alone.add(x)
			}
			all.addAll(values)
			spread.addAll(values)
		}
		if fmt.Sprintf("%x", one) != fmt.Sprintf("%x", all) || fmt.Sprintf("%x", alone) != fmt.Sprintf("%x", spread) {
			t.Fatalf("%+v and %+v, want %+v and %+v", all, spread, one, alone)
		}
	})
}

// The order of a column with something filled in is that of a column without gaps.
func TestOrderOfFilledColumn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.Map(rapid.IntRange(-5, 5), func(i int) float64 { return float64(i) / 2 })
		values := rapid.SliceOfN(number, 1, 30).Draw(t, "values")
		gaps := rapid.IntRange(0, 20).Draw(t, "gaps")
		x := number.Draw(t, "fill")
		ordered := func(values []float64, absent int, f filling) *Order {
			numbers := order.NewStore(maxHeld, nil)
			in := &Input{stats: &statistics{numbers: numbers, absent: int64(absent)}, filler: f}
			o := in.Order()
			if err := in.stats.order.Add(order.Sort(values)); err != nil {
				t.Fatal(err)
			}
			return o
		}
		got := ordered(values, gaps, &imputeFit{learned: fill{Number: &x}})
		want := ordered(append(values, slices.Repeat([]float64{x}, gaps)...), 0, nil)
		if got.Median() != want.Median() || got.Mode() != want.Mode() || got.len() != want.len() {
			t.Fatalf("median, mode and length %v, %v, %v, want %v, %v, %v", got.Median(), got.Mode(), got.len(), want.Median(), want.Mode(), want.len())
		}
		for _, q := range []float64{0, 0.1, 0.25, 0.75, 1} {
			if got, want := got.Quantile(q), want.Quantile(q); got != want {
				t.Fatalf("quantile %v is %v, want %v", q, got, want)
			}
		}
	})
}
