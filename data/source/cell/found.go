package cell

import (
	"maps"
	"slices"
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
	Line  int64  // of the first, counted from 1
}

// Found is what was found in the columns of the table, in their order.
func (p *Plan) Found() []Found {
	list := make([]Found, len(p.Targets))
	for i, t := range p.Targets {
		tally := &p.Tallies[t.From]
		f := Found{Missing: tally.missingAs(t.like)}
		for _, word := range slices.Sorted(maps.Keys(tally.words)) {
			f.Words = append(f.Words, Word{word, tally.words[word]})
		}
		if n := p.misfits(t.From); n > 0 {
			e := tally.example(classText)
			f.Misfits = &Misfits{Type: t.like, Count: n, First: e.text, Line: e.line}
		}
		list[i] = f
	}
	return list
}
