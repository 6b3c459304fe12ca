package metric

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"

	"pipe/base/exact"
)

// Values is the sample of a regression, in units of the target. It is
// immutable.
type Values struct {
	Actual    []float64
	Predicted []float64

	weights
	order func() []int32 // rows by absolute error; nil of rows that are too many to keep it

	// Of a guess there are no predictions but one for all rows.
	guess bool
	all   float64
}

// NewValues makes the sample of rows whose actual values are known.
func NewValues(actual, predicted []float64) (*Values, error) {
	if len(actual) != len(predicted) {
		return nil, fmt.Errorf("%d predictions for %d rows", len(predicted), len(actual))
	}
	for i := range actual {
		if v := actual[i]; math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("row %d: actual value is %v", i, v)
		}
		if v := predicted[i]; math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("row %d: predicted value is %v", i, v)
		}
	}
	v := &Values{Actual: actual, Predicted: predicted}
	if v.Rows() <= mostDrawn {
		v.order = ordered(v)
	}
	return v, nil
}

// ordered gives the rows by absolute error. They are sorted once, on first use.
func ordered(v *Values) func() []int32 {
	return sync.OnceValue(func() []int32 {
		rows := make([]int32, v.Rows())
		for i := range rows {
			rows[i] = int32(i)
		}
		slices.SortFunc(rows, func(a, b int32) int {
			return cmp.Or(cmp.Compare(v.abs(int(a)), v.abs(int(b))), cmp.Compare(a, b))
		})
		return rows
	})
}

// Rows implements Sample.
func (v *Values) Rows() int { return len(v.Actual) }

// Residual is the actual minus the predicted value of a row.
func (v *Values) Residual(i int) float64 { return v.Actual[i] - v.predicted(i) }

func (v *Values) predicted(i int) float64 {
	if v.guess {
		return v.all
	}
	return v.Predicted[i]
}

func (v *Values) abs(i int) float64 { return math.Abs(v.Residual(i)) }

// Measure implements Sample.
func (v *Values) Measure(metrics List, count []int32) []Value {
	e := v.errors(count)
	values := make([]Value, len(metrics))
	for i, d := range metrics {
		x, err := e.measure(d)
		if err == nil && (math.IsInf(x, 0) || math.IsNaN(x)) {
			err = Undefinedf("the value is too large for a number")
		}
		values[i] = valueOf(d, x, err)
	}
	return values
}

func (v *Values) errors(count []int32) *Errors {
	e := &Errors{v: v, count: count, rows: counted(v.Rows(), count)}
	var n exact.Sum
	for i := range v.Actual {
		n.Add(e.of(i))
	}
	e.n = n.Value()
	return e
}

func (e *Errors) measure(d *Def) (float64, error) {
	switch {
	case e.n == 0:
		return 0, nothing(e.rows)
	case d.Values == nil:
		return 0, Undefinedf("%s is not a metric of regression", d.Name)
	}
	return d.Values(e)
}

// Guessed implements Sample. What is guessed is there once for all rows.
func (v *Values) Guessed(b Baseline) (Sample, error) {
	if _, err := NewValues([]float64{0}, []float64{b.Value}); err != nil {
		return nil, err
	}
	return &Values{Actual: v.Actual, guess: true, all: b.Value, weights: v.weights}, nil
}
