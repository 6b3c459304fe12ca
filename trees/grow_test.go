package trees

import (
	"slices"
	"testing"

	"pipe/base/random"
)

// A large leaf is divided by several threads as by one.
func TestLeavesAreDivided(t *testing.T) {
	const n = 5*alone/2 + 77
	s := random.New(1, "divide", 0)
	column := make([]uint8, n)
	var rows []int32
	for r := range n {
		column[r] = uint8(s.IntN(uint64(r), 256))
		rows = append(rows, int32(r))
	}
	for share := range 5 { // from none that goes left to all
		sides := new([binStride]bool)
		for b := range 64 * share {
			sides[b] = true
		}
		want := slices.Clone(rows)
		slices.SortStableFunc(want, func(a, b int32) int {
			if sides[column[a]] == sides[column[b]] {
				return 0
			} else if sides[column[a]] {
				return -1
			}
			return 1
		})
		for _, threads := range []int{1, 2, 5} {
			g := newGrower(&Config{Threads: threads}, &table{rows: n}, nil)
			got := slices.Clone(rows)
			k := g.part(got, column, sides)
			if !slices.Equal(got, want) || k < n && sides[column[want[k]]] || k > 0 && !sides[column[want[k-1]]] {
				t.Errorf("%d threads divide %d of %d otherwise", threads, k, n)
			}
		}
	}
}
