package metric

import (
	"fmt"
	"math"
	"slices"

	"pipe/base/exact"
)

// weights say how much rows count in metrics; nil: each counts 1. The largest is
// between 1 and 2: only how they compare matters, and so nothing overflows.
type weights []float64

// weightsOf checks the weights of so many rows.
func weightsOf(list []float64, rows int) (weights, error) {
	if len(list) != rows {
		return nil, fmt.Errorf("%d weights for %d rows", len(list), rows)
	}
	for i, w := range list {
		if !(w >= 0) || math.IsInf(w, 0) {
			return nil, fmt.Errorf("row %d: weight is %v", i, w)
		}
	}
	if rows == 0 {
		return nil, nil
	}
	_, exp := math.Frexp(slices.Max(list))
	scaled := make(weights, rows)
	for i, w := range list {
		scaled[i] = math.Ldexp(w, 1-exp)
	}
	return scaled, nil
}

// of is how much row i counts, if the rows occur as often as count says; nil is
// once each.
func (w weights) of(i int, count []int32) float64 {
	switch {
	case count == nil && w == nil:
		return 1
	case count == nil:
		return w[i]
	case w == nil:
		return float64(count[i])
	}
	return w[i] * float64(count[i])
}

func (w weights) isWeighted() bool { return w != nil }

// counted is the number of rows, each as often as it occurs.
func counted(rows int, count []int32) (n int64) {
	if count == nil {
		return int64(rows)
	}
	for _, m := range count {
		n += int64(m)
	}
	return n
}

// rowsOf is how many rows of weight 1 are as certain as those that are counted:
// (sum of weights)² / sum of their squares (L. Kish, 1965).
func (w weights) rowsOf(count []int32, rows int) float64 {
	if w == nil {
		return float64(counted(rows, count))
	}
	var sum, squares exact.Sum
	for i, x := range w {
		m := 1.
		if count != nil {
			m = float64(count[i])
		}
		sum.Add(m * x)
		squares.Add(m * float64(x*x))
	}
	if squares.Value() == 0 {
		return 0
	}
	return sum.Value() * sum.Value() / squares.Value()
}

// Weighted is the same rows, of which each counts as much as its weight says, in
// all metrics that have a weighted form. A row of weight 0 does not count at all.
func (c *Classes) Weighted(list []float64) (*Classes, error) {
	w, err := weightsOf(list, c.Rows())
	if err != nil {
		return nil, err
	}
	other := *c
	other.weights, other.areas = w, newAreas()
	return &other, nil
}

// Weighted is the same rows, of which each counts as much as its weight says, in
// all metrics that have a weighted form. A row of weight 0 does not count at all.
func (v *Values) Weighted(list []float64) (*Values, error) {
	w, err := weightsOf(list, v.Rows())
	if err != nil {
		return nil, err
	}
	other := *v
	other.weights = w
	return &other, nil
}

// errNoWeight is for rows that are there, but do not count.
var errNoWeight = Undefinedf("the weights of all rows are 0")

// nothing says why there is nothing to measure.
func nothing(rows int64) error {
	if rows > 0 {
		return errNoWeight
	}
	return errNoRows
}
