package occlusion

import (
	"pipe/data/tensor"
)

// MostSpans is how many spans a text is cut into at most, of which one after the other is left
// out: each word is one, unless there are more.
const MostSpans = 196

// A Variant is a row of which inputs are others.
type Variant struct {
	Of      []tensor.Rows
	Instead []Instead
	Row     int // of all Instead
	Class   int // what is asked about
}

// Instead is rows of an input, which have a width or ends.
type Instead struct {
	Input int
	Rows  *tensor.Rows
}

// AskVariants gives the answers about them.
func (p *Prober) AskVariants(list []Variant) ([]Answer, error) {
	return p.Ask(len(list), func(i int) int { return list[i].Class }, func(i int, into []tensor.Rows) {
		v := &list[i]
		for j := range into {
			row := v.Of[j]
			for _, other := range v.Instead {
				if other.Input == j {
					row = other.Rows.Slice(other.Rows.Row(v.Row, p.inputs[j].Shape.Size()))
				}
			}
			p.CopyInput(j, &row, &into[j])
		}
	})
}

// SameRow says whether row i of some rows, which have a width or ends, is the only row of others.
func SameRow(rows *tensor.Rows, i, width int, only *tensor.Rows) bool {
	from, to := rows.Row(i, width)
	if to-from != only.Len() {
		return false
	}
	for j := from; j < to; j++ {
		if rows.At(j) != only.At(j-from) {
			return false
		}
	}
	return true
}
