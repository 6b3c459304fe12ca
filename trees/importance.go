package trees

import (
	"cmp"
	"slices"
)

// LeastShare is a share of the gain that is not worth telling from 0.
const LeastShare = 1e-9

// An Importance is how much of what the trees learned is due to a column.
type Importance struct {
	Name   string  `json:"feature"`
	Share  float64 `json:"share"` // of the gain of all splits
	Splits int     `json:"splits"`
}

// Importance lists the columns that are asked for, the most important first.
func (m *Model) Importance() []Importance {
	total := 0.
	for i := range m.Columns {
		total += m.Columns[i].Gain
	}
	list := []Importance{}
	for i := range m.Columns {
		if c := &m.Columns[i]; c.Splits > 0 && total > 0 {
			list = append(list, Importance{c.Name, c.Gain / total, c.Splits})
		}
	}
	slices.SortStableFunc(list, func(a, b Importance) int { return cmp.Compare(b.Share, a.Share) })
	return list
}
