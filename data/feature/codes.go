package feature

import (
	"errors"
	"fmt"
	"math"
)

// Unseen says what becomes of a category that was not there in training.
type Unseen string

const (
	UnseenError      Unseen = "error"
	UnseenIgnore     Unseen = "ignore"     // all features 0; ordinal: -1
	UnseenInfrequent Unseen = "infrequent" // the bucket; as ignore if training had no rare category
)

// rarity says which categories share a bucket.
type rarity struct {
	unseen        Unseen
	minFrequency  float64
	maxCategories int
}

// problem finds settings that contradict each other.
func (r rarity) problem() *SpecError {
	wrong := func(setting, fix, format string, args ...any) *SpecError {
		return &SpecError{Setting: setting, Fix: fix, Msg: fmt.Sprintf(format, args...)}
	}
	switch {
	case r.unseen != "" && r.unseen != UnseenError && r.unseen != UnseenIgnore && r.unseen != UnseenInfrequent:
		return wrong("unseen", "error, ignore or infrequent", "unknown rule %q for unseen categories", r.unseen)
	case r.maxCategories < 0:
		return wrong("max_categories", "", "max_categories is %d, which is less than 0", r.maxCategories)
	case math.IsNaN(r.minFrequency) || r.minFrequency < 0:
		return wrong("min_frequency", "", "min_frequency is %v, which is less than 0", r.minFrequency)
	case r.minFrequency > 1 && r.minFrequency != math.Trunc(r.minFrequency):
		return wrong("min_frequency", "write a whole number of rows, or a fraction below 1",
			"min_frequency is %v, which is neither a number of rows nor a fraction", r.minFrequency)
	case r.unseen == UnseenInfrequent && r.minFrequency == 0 && r.maxCategories == 0:
		return wrong("unseen", "add `min_frequency: 10` or `max_categories: 20`",
			"there is no bucket of infrequent categories to put unseen ones into")
	}
	return nil
}

// A vocabulary is what was learned of categories.
type vocabulary struct {
	Unseen     Unseen   `json:"unseen"`
	Categories []string `json:"categories"`           // in order
	Missing    bool     `json:"missing,omitempty"`    // the missing value is one more, after them
	Infrequent []int    `json:"infrequent,omitempty"` // indices of those in the bucket
}

// learn makes a vocabulary of the categories of a column.
func learn(in *Input, f *Frequencies, r rarity) vocabulary {
	v := vocabulary{Unseen: r.unseen, Categories: f.Sorted(), Missing: f.Missing() > 0}
	counts := make([]int64, len(v.Categories), len(v.Categories)+1)
	for i, name := range v.Categories {
		counts[i] = f.Of(name)
	}
	if v.Missing {
		counts = append(counts, f.Missing())
	}
	v.Infrequent = infrequent(counts, r.minFrequency, r.maxCategories)
	f.remarkIdentifier(len(v.Categories)-len(v.Infrequent), "let rare values share one: `encode: {one_hot: {min_frequency: 5, unseen: infrequent}}`")
	return v
}

// count is the number of codes.
func (v *vocabulary) count() int {
	return len(v.Categories) + btoi(v.Missing) - max(0, len(v.Infrequent)-1)
}

// check finds what a hostile or damaged vocabulary could break. Without compare,
// any order will do.
func (v *vocabulary) check(compare func(a, b string) int) error {
	codes := len(v.Categories) + btoi(v.Missing)
	for i := 1; compare != nil && i < len(v.Categories); i++ {
		if compare(v.Categories[i-1], v.Categories[i]) >= 0 {
			return fmt.Errorf("category %q is out of order", v.Categories[i])
		}
	}
	for i, rare := range v.Infrequent {
		if rare < 0 || rare >= codes || i > 0 && rare <= v.Infrequent[i-1] {
			return fmt.Errorf("infrequent category %d is out of order or not there", rare)
		}
	}
	switch {
	case len(v.Categories) == 0:
		return errors.New("there are no categories")
	case v.Unseen != UnseenError && v.Unseen != UnseenIgnore && v.Unseen != UnseenInfrequent:
		return fmt.Errorf("unknown rule %q for unseen categories", v.Unseen)
	}
	return nil
}

// codes number the categories of a vocabulary: the frequent ones in order, then
// the missing value, then the bucket.
type codes struct {
	encoding string // by its name in the settings
	byName   map[string]int
	names    []string // of each code
	// Codes of values that have no text of their own; none means an error.
	missing, unseen int
	hasMissing      bool // the missing value was there in training
}

const (
	codeNone  = -2 // an error
	codeZeros = -1 // no category: all zeros, or ordinal -1
)

func newCodes(v *vocabulary, encoding string) *codes {
	c := &codes{encoding: encoding, byName: make(map[string]int, len(v.Categories)), missing: codeNone, unseen: codeNone, hasMissing: v.Missing}
	rare := make(map[int]bool, len(v.Infrequent))
	for _, i := range v.Infrequent {
		rare[i] = true
	}
	for i, name := range v.Categories {
		if !rare[i] {
			c.byName[name] = len(c.names)
			c.names = append(c.names, name)
		}
	}
	missingRare := rare[len(v.Categories)]
	if v.Missing && !missingRare {
		c.missing = len(c.names)
		c.names = append(c.names, missingName)
	}
	bucket := codeZeros
	if len(rare) > 0 {
		bucket = len(c.names)
		c.names = append(c.names, infrequentName)
		for i, name := range v.Categories {
			if rare[i] {
				c.byName[name] = bucket
			}
		}
	}
	switch v.Unseen {
	case UnseenIgnore:
		c.unseen = codeZeros
	case UnseenInfrequent:
		c.unseen = bucket
	}
	switch {
	case v.Missing && missingRare:
		c.missing = bucket
	case !v.Missing:
		c.missing = c.unseen // it was not there in training
	}
	return c
}

// other gives the code of a value in a row that is none of byName: it is missing
// or was not there in training. A value without a code has failed.
func (c *codes) other(v *Values, out *Out, row int) int {
	if v.Valid == nil || v.Valid[row] {
		text := v.Texts[row]
		if c.unseen == codeNone {
			out.Fail(row, NotSeen, fmt.Sprintf("category %s was not there in training", shortQuote(text)),
				"to allow it write "+out.in(c.encoding, "unseen: ignore"))
			return codeNone
		}
		out.unseen(row)
		return c.unseen
	}
	if v.Fill != nil {
		code, known := c.byName[*v.Fill]
		if known {
			return code
		}
		if c.unseen == codeNone { // nothing was missing in training, so the constant was not there
			out.Fail(row, Absent, fmt.Sprintf("the value is missing, and the constant %q in its place was not there in training", *v.Fill),
				"to allow it write "+out.in(c.encoding, "unseen: ignore")+", or write `impute: most_frequent`")
		}
		return c.unseen
	}
	if c.missing == codeNone {
		out.Fail(row, Absent, "the value is missing, and none was in training",
			"add `impute: most_frequent` to the column, or write "+out.in(c.encoding, "unseen: ignore"))
		return codeNone
	}
	if !c.hasMissing {
		out.unseen(row)
	}
	return c.missing
}
