package feature

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// maxDistinct bounds the distinct values of a column of categories: beyond it
// the column is an identifier or a free text, which learns nothing.
const maxDistinct = 1 << 20

// A counter counts the categories of a column.
type counter struct {
	integers bool           // sort by value
	places   map[string]int // of categories in counts
	counts   []int64
	missing  int64
}

func newCounter(integers bool) *counter {
	return &counter{integers: integers, places: make(map[string]int)}
}

// plus counts n more of a category, whose memory it refers to if it is new. A map
// is not assigned a key that it has: it would take over the memory of that.
func (c *counter) plus(category string, n int64) {
	at, ok := c.places[category]
	if !ok {
		at = len(c.counts)
		c.places[category], c.counts = at, append(c.counts, 0)
	}
	c.counts[at] += n
}

// of is how many of a category there are.
func (c *counter) of(category string) int64 {
	if at, ok := c.places[category]; ok {
		return c.counts[at]
	}
	return 0
}

// add counts the values of some rows, whose memory it refers to.
func (c *counter) add(v *Values) {
	for i := range v.Texts {
		if text, ok := v.Text(i); ok {
			c.plus(text, 1)
		} else {
			c.missing++
		}
	}
}

// take adds what another has counted, which it empties, and says whether it can hold
// that.
func (c *counter) take(other *counter) (ok bool) {
	c.missing += other.missing
	for text, at := range other.places {
		if _, known := c.places[text]; !known {
			if len(c.counts) == maxDistinct {
				return false
			}
			text = strings.Clone(text) // its memory may be used again
		}
		c.plus(text, other.counts[at])
	}
	other.missing, other.counts = 0, other.counts[:0]
	clear(other.places)
	return true
}

// sorted lists the categories in their order.
func (c *counter) sorted() []string {
	names := slices.AppendSeq(make([]string, 0, len(c.places)), maps.Keys(c.places))
	slices.SortFunc(names, compareCategories(c.integers))
	return names
}

// compareCategories orders text by code point and integers by value.
func compareCategories(integers bool) func(a, b string) int {
	if !integers {
		return strings.Compare
	}
	return func(a, b string) int {
		kindA, x := integerOf(a)
		kindB, y := integerOf(b)
		return cmp.Or(cmp.Compare(kindA, kindB), cmp.Compare(x, y), strings.Compare(a, b)) // "7" and an imputed "07"
	}
}

// integerOf orders integers of 64 bits with and without a sign: negative ones, then
// all others. An imputed constant need not be a number; it comes after them.
func integerOf(text string) (kind int, v uint64) {
	if v, err := strconv.ParseInt(text, 10, 64); err == nil && v < 0 {
		return 0, uint64(v)
	}
	if v, err := strconv.ParseUint(strings.TrimPrefix(text, "+"), 10, 64); err == nil {
		return 1, v
	}
	if v, err := strconv.ParseInt(text, 10, 64); err == nil { // "-0"
		return 1, uint64(v)
	}
	return 2, 0
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// mode is the most frequent category, the smallest of several.
func (c *counter) mode() string {
	name, most := "", int64(0)
	for _, candidate := range c.sorted() {
		if n := c.of(candidate); n > most {
			name, most = candidate, n
		}
	}
	return name
}

// fill counts the missing values as a category.
func (c *counter) fill(name string) {
	if c.missing > 0 {
		c.plus(name, c.missing)
		c.missing = 0
	}
}

// infrequent gives the indices of the categories that share the bucket, by the
// rules of scikit-learn: those that are rarer than minFrequency, and then the
// rarest until maxCategories are left, bucket included. Of equally frequent
// ones the first go first.
func infrequent(counts []int64, minFrequency float64, maxCategories int) []int {
	var rows int64
	for _, n := range counts {
		rows += n
	}
	if minFrequency < 1 {
		minFrequency *= float64(rows)
	}
	rare := make([]bool, len(counts))
	left := len(counts)
	for i, n := range counts {
		if float64(n) < minFrequency {
			rare[i] = true
			left--
		}
	}
	// The bucket counts even while it is empty, as it does there.
	if maxCategories > 0 && left+1 > maxCategories {
		order := make([]int, len(counts))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(counts[a], counts[b]) })
		for _, i := range order[:max(0, len(order)-(maxCategories-1))] {
			rare[i] = true
		}
	}
	var indices []int
	for i, r := range rare {
		if r {
			indices = append(indices, i)
		}
	}
	return indices
}
