package occlusion

import (
	"pipe/data/tensor"
)

// MostSpans is how many spans a text is cut into at most, of which one after the other is left
// out: each word is one, unless there are more.
const MostSpans = 196

// A Variant is a row of which an input is another one: row Row of Instead, whose rows have a width or ends.
type Variant struct {
	Of      []tensor.Rows
	Input   int
	Instead *tensor.Rows
	Row     int
	Class   int // what is asked about
}

// AskVariants gives the answers about them.
func (p *Prober) AskVariants(list []Variant) ([]Answer, error) {
	return p.Ask(len(list), func(i int) int { return list[i].Class }, func(i int, into []tensor.Rows) {
		v := &list[i]
		for j := range into {
			if j != v.Input {
				p.CopyInput(j, &v.Of[j], &into[j])
				continue
			}
			from, to := v.Instead.Row(v.Row, p.inputs[j].Shape.Size())
			other := v.Instead.Slice(from, to)
			p.CopyInput(j, &other, &into[j])
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
