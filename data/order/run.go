// Package order finds which number is at which place of a sorted column, exactly,
// however large the column is. Numbers are sorted piece by piece, as they come;
// what is asked of the whole is searched for in all pieces at once. Pieces that
// memory has no room for lie in a file.
package order

import (
	"math"
	"slices"
)

// A Run is some keys in order, each of a number or made by whoever sorts.
type Run []uint64

// Key is a number as an unsigned integer of the same order.
func Key(x float64) uint64 {
	bits := math.Float64bits(x + 0) // no -0, which is no other number than 0
	if bits>>63 != 0 {
		return ^bits
	}
	return bits | 1<<63
}

// Number is the number that a key of Sort stands for.
func Number(key uint64) float64 {
	if key>>63 != 0 {
		return math.Float64frombits(key &^ (1 << 63))
	}
	return math.Float64frombits(^key)
}

// Sort puts the numbers among values in order, and leaves out what is NaN. It may be
// called from several goroutines.
func Sort(values []float64) Run { return new(Sorter).Sort(values) }

// SortKeys puts keys in order, in their memory or in other. It may be called from
// several goroutines.
func SortKeys(keys []uint64) Run { return new(Sorter).SortKeys(keys) }

// A Sorter sorts run after run in the same memory. It is for one goroutine.
type Sorter struct{ keys, spare []uint64 }

// Sort is the function of this name. The run is in memory of the Sorter, and lasts
// until it sorts again.
func (s *Sorter) Sort(values []float64) Run {
	keys := s.room(len(values))
	for _, x := range values {
		if x == x {
			keys = append(keys, Key(x))
		}
	}
	return s.SortKeys(keys)
}

// Within is Sort of those numbers whose keys are from low to high, and says how many
// are before them, and how many values are NaN.
func (s *Sorter) Within(values []float64, low, high uint64) (run Run, before, missing int64) {
	keys := s.room(len(values))[:len(values)]
	n := 0
	for _, x := range values { // without a branch: nobody can predict where a number lies
		k := Key(x)
		if x != x {
			k = math.MaxUint64
			missing++
		}
		keys[n] = k
		if k < low {
			before++
		}
		if k-low <= high-low {
			n++
		}
	}
	return s.SortKeys(keys[:n]), before, missing
}

// room is memory for keys.
func (s *Sorter) room(n int) []uint64 {
	if cap(s.keys) < n {
		s.keys = make([]uint64, 0, n)
	}
	return s.keys[:0]
}

// SortKeys is the function of this name. The run is in the memory of the keys, which
// the Sorter takes over, or in its own, and lasts until it sorts again.
func (s *Sorter) SortKeys(keys []uint64) Run {
	if len(keys) < fewKeys {
		slices.Sort(keys)
		s.keys = keys
		return keys
	}
	if cap(s.spare) < len(keys) {
		s.spare = make([]uint64, len(keys))
	}
	s.keys, s.spare = sortDigits(keys, s.spare[:len(keys)])
	return s.keys
}

// Keys are sorted by their digits, the last one first (LSD radix sort), which costs
// 6 passes over them at most, and 0 for digits that are all the same.
const (
	digitBits = 11
	digits    = (64 + digitBits - 1) / digitBits
	digitMask = 1<<digitBits - 1
	fewKeys   = 1 << 9 // fewer are sorted faster by comparing
)

// sortDigits sorts keys with the help of as much memory. One of the two holds them
// then.
func sortDigits(keys, spare []uint64) (sorted, other []uint64) {
	var counts [digits][1 << digitBits]uint32
	for _, k := range keys {
		for d := range counts {
			counts[d][k>>(d*digitBits)&digitMask]++
		}
	}
	from, to := keys, spare
	for d := range counts {
		shift := d * digitBits
		count := &counts[d]
		if count[from[0]>>shift&digitMask] == uint32(len(keys)) {
			continue
		}
		var at uint32
		for i, n := range count {
			count[i] = at
			at += n
		}
		for _, k := range from {
			i := &count[k>>shift&digitMask]
			to[*i] = k
			*i++
		}
		from, to = to, from
	}
	return from, to
}
