package preprocess

import (
	"math/big"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestApportion(t *testing.T) {
	tests := []struct {
		n         int64
		fractions []float64
		want      []int64
	}{
		{344, []float64{0.7, 0.15, 0.15}, []int64{241, 52, 51}},
		{20, []float64{0.7, 0.15, 0.15}, []int64{14, 3, 3}},
		{10, []float64{0.7, 0.3}, []int64{7, 3}}, // 10*0.7 is less than 7 in float64
		{100, []float64{0.333333333, 0.333333333, 0.333333334}, []int64{33, 33, 34}},
		{99, []float64{0.333333333, 0.333333333, 0.333333334}, []int64{33, 33, 33}},
		{1, []float64{0.5, 0.5}, []int64{1, 0}},
		{1 << 62, []float64{0.5, 0.25, 0.25}, []int64{1 << 61, 1 << 60, 1 << 60}},
	}
	for _, test := range tests {
		if got := apportion(test.n, weightsOf(test.fractions)); !slices.Equal(got, test.want) {
			t.Errorf("%d by %v: got %v, want %v", test.n, test.fractions, got, test.want)
		}
	}
}

func TestApportionStrata(t *testing.T) {
	tests := []struct {
		name    string
		counts  []int64
		weights []uint64
		want    [][]int64
	}{
		{"penguins", []int64{152, 68, 124}, []uint64{70, 15, 15}, [][]int64{{106, 23, 23}, {48, 10, 10}, {87, 19, 18}}},
		{"a rare one is in every part", []int64{4, 96}, []uint64{70, 15, 15}, [][]int64{{2, 1, 1}, {68, 14, 14}}},
		// Shares of all ten rows are 2.5, 2.5, 1.67, 1.67, 1.67, so that the
		// last three parts should be rounded up. But the first stratum is in
		// whole numbers there, and the second has two rows for the three.
		{"best totals are out of reach", []int64{6, 4}, []uint64{3, 3, 2, 2, 2}, [][]int64{{2, 1, 1, 1, 1}, {1, 1, 1, 1, 0}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, apportionStrata(test.counts, test.weights, -1)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// drawWeights draws fractions of a split as weightsOf gives them.
func drawWeights(t *rapid.T) []uint64 {
	return rapid.SliceOfN(rapid.Uint64Range(1, 1e3), 1, 6).Draw(t, "weights")
}

// isRounded says whether got is n*w/sum rounded up or down.
func isRounded(got, n int64, w, sum uint64) bool {
	share := big.NewRat(n, 1)
	share.Mul(share, new(big.Rat).SetFrac(new(big.Int).SetUint64(w), new(big.Int).SetUint64(sum)))
	off := share.Sub(share, big.NewRat(got, 1))
	return off.Abs(off).Cmp(big.NewRat(1, 1)) < 0
}

func TestApportionRounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := drawWeights(t)
		n := rapid.Int64Range(0, 1<<40).Draw(t, "n")
		var sum int64
		for p, size := range apportion(n, weights) {
			sum += size
			if !isRounded(size, n, weights[p], total(weights)) {
				t.Fatalf("part %d has %d rows", p, size)
			}
		}
		if sum != n {
			t.Fatalf("parts add up to %d, want %d", sum, n)
		}
	})
}

// Every cell and every total is its share rounded up or down.
func TestApportionStrataRounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := drawWeights(t)
		counts := rapid.SliceOfN(rapid.Int64Range(1, 40), 1, 30).Draw(t, "counts")
		quotas := apportionStrata(counts, weights, -1)
		totals := make([]int64, len(weights))
		var n int64
		for c, parts := range quotas {
			var sum int64
			for p, q := range parts {
				sum += q
				totals[p] += q
				if !isRounded(q, counts[c], weights[p], total(weights)) {
					t.Fatalf("stratum %d of %d rows has %d in part %d", c, counts[c], q, p)
				}
			}
			if sum != counts[c] {
				t.Fatalf("stratum %d adds up to %d, want %d", c, sum, counts[c])
			}
			n += counts[c]
		}
		for p, size := range totals {
			if !isRounded(size, n, weights[p], total(weights)) {
				t.Fatalf("part %d has %d of %d rows", p, size, n)
			}
		}
	})
}
