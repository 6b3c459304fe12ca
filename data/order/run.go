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
func Sort(values []float64) Run {
	keys := make([]uint64, 0, len(values))
	for _, x := range values {
		if x == x {
			keys = append(keys, Key(x))
		}
	}
	return SortKeys(keys)
}

// SortKeys puts keys in order, in their memory or in other. It may be called from
// several goroutines.
func SortKeys(keys []uint64) Run {
	if len(keys) < fewKeys {
		slices.Sort(keys)
		return keys
	}
	return sortDigits(keys)
}

// Keys are sorted by their digits, the last one first (LSD radix sort), which costs
// 6 passes over them at most, and 0 for digits that are all the same.
const (
	digitBits = 11
	digits    = (64 + digitBits - 1) / digitBits
	digitMask = 1<<digitBits - 1
	fewKeys   = 1 << 9 // fewer are sorted faster by comparing
)

func sortDigits(keys []uint64) []uint64 {
	var counts [digits][1 << digitBits]uint32
	for _, k := range keys {
		for d := range counts {
			counts[d][k>>(d*digitBits)&digitMask]++
		}
	}
	from, to := keys, make([]uint64, len(keys))
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
	return from
}
