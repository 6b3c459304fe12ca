package profile

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxKept  = 10_000  // different values that are counted one by one
	maxBytes = 1 << 20 // of their texts
	maxTop   = 10      // most frequent values that are told
	maxValue = 200     // bytes of the text of a value that is told
	smallest = 1024    // hashes that are kept of other values
)

// A counter counts values: the first different ones exactly, of the others only how
// many there are, from the smallest of their hashes.
type counter[K comparable] struct {
	hash   func(K) uint64
	counts map[K]int // index in values
	values []Count
	bytes  int
	full   bool

	hashes []uint64 // of the others, sorted, the smallest
}

func newCounter[K comparable](hash func(K) uint64) *counter[K] {
	return &counter[K]{hash: hash, counts: map[K]int{}}
}

// add counts a value. keep gives its key in memory of its own, and text how it is
// written, which few values are asked for: those that are there twice, and those
// that may be all.
func (c *counter[K]) add(k K, keep func(K) K, text func() string) {
	if at, ok := c.counts[k]; ok {
		v := &c.values[at]
		if v.N++; v.N == 2 && at >= maxTop {
			v.Value = short(text())
		}
		return
	}
	if !c.full {
		k = keep(k)
		c.counts[k] = len(c.values)
		v := Count{N: 1}
		if len(c.values) < maxTop {
			v.Value = short(text())
		}
		c.values = append(c.values, v)
		if s, ok := any(k).(string); ok {
			c.bytes += len(s)
		}
		c.full = len(c.values) >= maxKept || c.bytes > maxBytes
		return
	}
	h := c.hash(k)
	if len(c.hashes) == smallest && h >= c.hashes[smallest-1] {
		return
	}
	at, there := slices.BinarySearch(c.hashes, h)
	if there {
		return
	}
	if c.hashes = slices.Insert(c.hashes, at, h); len(c.hashes) > smallest {
		c.hashes = c.hashes[:smallest]
	}
}

func (c *counter[K]) distinct() *Distinct {
	d := &Distinct{N: int64(len(c.values) + len(c.hashes))}
	if len(c.hashes) == smallest {
		d.Estimate = true
		d.N = int64(len(c.values)) + int64((smallest-1)/(float64(c.hashes[smallest-1])/math.MaxUint64))
	}
	return d
}

// top are the most frequent values: of many those that are there twice at least.
func (c *counter[K]) top() []Count {
	list := slices.Clone(c.values)
	if len(list) > maxTop {
		list = slices.DeleteFunc(list, func(v Count) bool { return v.N < 2 })
	}
	slices.SortFunc(list, func(a, b Count) int { return cmp.Or(cmp.Compare(b.N, a.N), strings.Compare(a.Value, b.Value)) })
	return slices.Clone(list[:min(len(list), maxTop)])
}

// short is the beginning of a long text, in memory of its own.
func short(s string) string {
	if len(s) <= maxValue {
		return strings.Clone(s)
	}
	return strings.ToValidUTF8(s[:maxValue], "") + "…"
}

func characters(s string) int { return utf8.RuneCountInString(s) }

// mix spreads the bits of a number, after splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// hashText is FNV-1a with its bits spread.
func hashText(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return mix(h)
}
