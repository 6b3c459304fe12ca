package leak

import (
	"hash/fnv"
	"io"
	"math"
	"strings"
)

const (
	mostValues = 400_000 // that are kept of all columns together
	mostRows   = 10_000
	leastRows  = 1_000 // of however many columns
	mostText   = 64    // bytes of a text that are kept; of a longer one its hash tells it apart
)

// A Sample is rows of a table that are looked at: about as many, of whichever size it
// is, and the same ones always.
type Sample struct {
	below uint64 // of which hashes a row is one
	all   bool
}

// NewSample is for a table of so many rows and columns.
func NewSample(rows int64, columns int) Sample {
	want := float64(min(mostRows, max(leastRows, mostValues/max(1, columns))))
	s := Sample{all: float64(rows) <= want}
	if !s.all {
		s.below = uint64(want / float64(rows) * math.MaxUint64)
	}
	return s
}

// Has says whether a row is one of them.
func (s *Sample) Has(row int64) bool { return s.all || mix(uint64(row)) < s.below }

// mix is the finalizer of SplitMix64, so that rows are chosen whatever their rhythm is.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// A Column is what a column has in the rows that are looked at.
type Column struct {
	Name    string
	Whole   bool      // the numbers are integers
	Numbers []float64 // NaN where one is missing; nil of a column of texts
	Texts   []string  // as Keep made them; Missing where one is missing
}

// Missing stands for a text that is not there.
const Missing = "\x00"

// Keep is what is kept of a text: all of it, or what tells it apart.
func Keep(text string) string {
	if len(text) <= mostText {
		return strings.Clone(text)
	}
	h := fnv.New64a()
	_, _ = io.WriteString(h, text)
	return string(h.Sum([]byte(text[:mostText-8])))
}

func (c *Column) len() int { return max(len(c.Numbers), len(c.Texts)) }

// key is what two rows have in common that have the same value.
type key struct {
	text   string
	number float64
}

func (c *Column) key(i int) key {
	if c.Numbers == nil {
		return key{text: c.Texts[i]}
	}
	if x := c.Numbers[i]; x == x {
		return key{number: x}
	}
	return key{text: Missing}
}
