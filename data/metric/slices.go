package metric

import "pipe/data/task"

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

// SliceBy measures the rows of each value of a column, the most frequent first.
// Beyond 30 values the others are taken together.
func SliceBy(s Sample, g *Groups, metrics List) []Slice {
	var out []Slice
	g.each(func(value string, pooled, rows int, count []int32) {
		one := Slice{Value: value, Pooled: pooled, Rows: rows, Values: s.Measure(metrics, count)}
		if rows, ok := certainty(s, count); ok {
			if a := s.Measure(List{accuracy()}, count)[0]; a.Undefined == "" {
				w := Score(a.Value, rows)
				one.Accuracy, one.Interval = &a, &w
			}
		}
		out = append(out, one)
	})
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
