package metric

import (
	"cmp"
	"math"
	"slices"
)

// How rows that are too many to keep an order of are put in one: in pieces of falling
// keys, each of which is sorted by itself. So there is never an order of all rows.
const (
	pieces       = 8
	pivotSamples = 1 << 12
)

// falling gives something of each row, those with the largest keys first, a piece at a
// time, until yield returns false. A row that is not to be there has no key. A piece is
// overwritten by the next.
func falling[E any](rows int, key func(i int) (uint64, bool), of func(key uint64, i int) E, sort func([]E), yield func(piece []E) bool) {
	var sample []uint64
	for i := 0; i < rows; i += max(1, rows/pivotSamples) {
		if k, ok := key(i); ok {
			sample = append(sample, k)
		}
	}
	slices.Sort(sample)
	piece := make([]E, 0, rows/(pieces-1)+64)
	above, first := uint64(math.MaxUint64), true // the least of the piece before, which is not in the next
	for p := pieces - 1; p >= 0; p-- {
		var least uint64
		if p > 0 && len(sample) > 0 {
			least = sample[len(sample)*p/pieces]
		}
		if !first && least >= above {
			continue // many rows are equal
		}
		piece = piece[:0]
		for i := range rows {
			if k, ok := key(i); ok && k >= least && (first || k < above) {
				piece = append(piece, of(k, i))
			}
		}
		sort(piece)
		if len(piece) > 0 && !yield(piece) || least == 0 {
			return
		}
		above, first = least, false
	}
}

// fallingKeys gives the keys alone.
func fallingKeys(rows int, key func(i int) (uint64, bool), yield func(keys []uint64) bool) {
	falling(rows, key, func(key uint64, _ int) uint64 { return key }, func(keys []uint64) {
		slices.Sort(keys)
		slices.Reverse(keys)
	}, yield)
}

// A keyedRow is a row with its key.
type keyedRow struct {
	key uint64
	row int32
}

// fallingRows gives the rows, of equal ones the first first.
func fallingRows(rows int, key func(i int) (uint64, bool), yield func(rows []keyedRow) bool) {
	falling(rows, key, func(key uint64, i int) keyedRow { return keyedRow{key, int32(i)} }, func(list []keyedRow) {
		slices.SortFunc(list, func(a, b keyedRow) int {
			if a.key != b.key {
				return cmp.Compare(b.key, a.key)
			}
			return cmp.Compare(a.row, b.row)
		})
	}, yield)
}

// orderedKey is a key that is the larger the larger a number is. What is no number is
// before all others, and 0 and -0 are the same.
func orderedKey(v float64) uint64 {
	if math.IsNaN(v) {
		return 0
	}
	if b := math.Float64bits(v + 0); b>>63 == 0 {
		return b | 1<<63
	} else {
		return ^b
	}
}

// keyed is the number of an ordered key.
func keyed(key uint64) float64 {
	if key>>63 == 1 {
		return math.Float64frombits(key &^ (1 << 63))
	}
	return math.Float64frombits(^key)
}
