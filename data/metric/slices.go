package metric

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"pipe/data/task"
)

// Groups are rows by the value that each has in a column. The zero value is
// empty.
type Groups struct {
	values  []string
	of      []int32 // place of the value of each row
	codes   map[string]int32
	missing int32 // place of the missing value, plus one; 0 if there is none
}

// NewGroups has room for so many rows.
func NewGroups(rows int) *Groups { return &Groups{of: make([]int32, 0, rows)} }

// Add gives the next row a value, or none.
func (g *Groups) Add(text string, valid bool) {
	code, ok := g.codes[text]
	if !valid {
		code, ok = g.missing-1, g.missing > 0
	}
	if !ok {
		code = int32(len(g.values))
		if g.codes == nil {
			g.codes = map[string]int32{}
		}
		if valid {
			text = strings.Clone(text)
			g.codes[text] = code
		} else {
			text, g.missing = "(missing)", code+1
		}
		g.values = append(g.values, text)
	}
	g.of = append(g.of, code)
}

// A Slice is the rows of one value of a column, or of the rarest values.
type Slice struct {
	Value  string
	Pooled int // that many values together; 0 for one value
	Rows   int
	Values []Value
	// Accuracy is that of a classification with its interval, of several labels the
	// share of rows of which all are right; nil of a regression, and of rows that
	// weigh nothing.
	Accuracy *Value
	Interval *Interval
}

// mostSlices is how many values of a column are measured on their own.
const mostSlices = 30

// SliceBy measures the rows of each value of a column, the most frequent first.
// Beyond 30 values the others are taken together.
func SliceBy(s Sample, g *Groups, metrics List) []Slice {
	sizes := make([]int, len(g.values))
	for _, code := range g.of {
		sizes[code]++
	}
	order := make([]int, len(g.values))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(sizes[b], sizes[a]), cmp.Compare(g.values[a], g.values[b]), cmp.Compare(a, b))
	})
	var out []Slice
	count := make([]int32, len(g.of))
	add := func(one Slice, in func(code int32) bool) {
		clear(count)
		for i, code := range g.of {
			if in(code) {
				count[i] = 1
				one.Rows++
			}
		}
		one.Values = s.Measure(metrics, count)
		if rows, ok := certainty(s, count); ok {
			if a := s.Measure(List{accuracy()}, count)[0]; a.Undefined == "" {
				w := Score(a.Value, rows)
				one.Accuracy, one.Interval = &a, &w
			}
		}
		out = append(out, one)
	}
	own := min(len(order), mostSlices)
	if len(order) == own+1 {
		own++ // a pool of one would be of no use
	}
	alone := map[int32]bool{}
	for _, code := range order[:own] {
		alone[int32(code)] = true
		add(Slice{Value: g.values[code]}, func(x int32) bool { return x == int32(code) })
	}
	if rest := len(order) - own; rest > 0 {
		add(Slice{Value: fmt.Sprintf("(%d other values)", rest), Pooled: rest}, func(x int32) bool { return !alone[x] })
	}
	return out
}

// certainty is how many rows the accuracy of some of them is the share of, and
// whether the sample has one. Weighted rows are as many as make it as certain.
func certainty(s Sample, count []int32) (rows float64, ok bool) {
	switch s := s.(type) {
	case *Classes:
		return s.rowsOf(count, s.Rows()), true
	case *Several:
		if s.Task() == task.Multilabel {
			return s.labels[0].rowsOf(count, s.Rows()), true
		}
	}
	return 0, false
}
