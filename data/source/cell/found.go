package cell

import (
	"maps"
	"slices"
	"strings"
)

// Found is what was found in a column of a table by looking at all its values.
type Found struct {
	Missing int64    // values
	Words   []Word   // usual words for a missing value, sorted; in a column of text they are text
	Misfits *Misfits // nil if there are none
}

// A Word is a text with how often it occurs.
type Word struct {
	Text  string
	Count int64
}

// Misfits are values that are not of the type that was expected.
type Misfits struct {
	Type  Type
	Count int64
	First string // the beginning of the first
	Line  int64  // of the first, or its row in data without lines, counted from 1
	File  string // which that is in; empty if there is one only
}

// Found is what was found in the columns of the table, in their order.
func (p *Plan) Found() []Found {
	list := make([]Found, len(p.Targets))
	for i, t := range p.Targets {
		tally := &p.Tallies[t.From]
		f := Found{Missing: tally.missingAs(t.like)}
		if p.misfits(t.From) > 0 {
			f.Misfits = tally.Misfits(t.like)
		}
		for _, word := range slices.Sorted(maps.Keys(tally.words)) {
			f.Words = append(f.Words, Word{word, tally.words[word]})
		}
		list[i] = f
	}
	return list
}

// Misfits are the values of a column that are not of the type that was expected, nil
// if there are none.
func (t *Tally) Misfits(expected Type) *Misfits {
	n := t.misfits()
	if n == 0 {
		return nil
	}
	e := t.misfit()
	return &Misfits{Type: expected, Count: n, First: e.text, Line: e.line, File: e.file}
}

// Add adds what was found in the same column of the next file of a table, all of
// whose values are in other rows.
func (f *Found) Add(file string, next *Found) {
	f.Missing += next.Missing
	for _, w := range next.Words {
		at, there := slices.BinarySearchFunc(f.Words, w, func(a, b Word) int { return strings.Compare(a.Text, b.Text) })
		if there {
			f.Words[at].Count += w.Count
		} else {
			f.Words = slices.Insert(f.Words, at, w)
		}
	}
	switch m := next.Misfits; {
	case m == nil:
	case f.Misfits == nil:
		first := *m
		first.File = file
		f.Misfits = &first
	default:
		f.Misfits.Count += m.Count
	}
}
