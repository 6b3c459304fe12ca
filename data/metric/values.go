package metric

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"
)

// Values is the sample of a regression, in units of the target. It is
// immutable.
type Values struct {
	Actual    []float64
	Predicted []float64

	order func() []int32 // rows by absolute error
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
	v.order = sync.OnceValue(func() []int32 {
		rows := make([]int32, v.Rows())
		for i := range rows {
			rows[i] = int32(i)
		}
		slices.SortFunc(rows, func(a, b int32) int {
			return cmp.Or(cmp.Compare(v.abs(int(a)), v.abs(int(b))), cmp.Compare(a, b))
		})
		return rows
	})
	return v, nil
}

// Rows implements Sample.
func (v *Values) Rows() int { return len(v.Actual) }

// Residual is the actual minus the predicted value of a row.
func (v *Values) Residual(i int) float64 { return v.Actual[i] - v.Predicted[i] }

func (v *Values) abs(i int) float64 { return math.Abs(v.Residual(i)) }

// Measure implements Sample.
func (v *Values) Measure(names []string, count []int32) []Value {
	r := &residuals{v: v, count: count}
	for i := range v.Actual {
		r.n += r.of(i)
	}
	values := make([]Value, len(names))
	for i, name := range names {
		x, err := r.measure(name)
		if err == nil && (math.IsInf(x, 0) || math.IsNaN(x)) {
			err = undefinedf("the value is too large for a number")
		}
		values[i] = valueOf(name, x, err)
	}
	return values
}

func (r *residuals) measure(name string) (float64, error) {
	if r.n == 0 {
		return 0, errNoRows
	}
	def, ok := Find(name)
	if !ok || def.value == nil {
		return 0, undefinedf("%s is not a metric of regression", name)
	}
	return def.value(r)
}

// residuals is a sample with counts.
type residuals struct {
	v     *Values
	count []int32
	n     int64
}

// of is how often row i occurs.
func (r *residuals) of(i int) int64 {
	if r.count == nil {
		return 1
	}
	return int64(r.count[i])
}

// mean is the mean of a function of the rows.
func (r *residuals) mean(of func(i int) float64) float64 {
	var s sum
	for i := range r.v.Actual {
		if m := r.of(i); m != 0 {
			s.add(of(i) * float64(m))
		}
	}
	return s.value() / float64(r.n)
}

func (r *residuals) mae() (float64, error) { return r.mean(r.v.abs), nil }

func (r *residuals) mse() (float64, error) {
	return r.mean(func(i int) float64 { e := r.v.Residual(i); return e * e }), nil
}

func (r *residuals) rmse() (float64, error) {
	mse, err := r.mse()
	return math.Sqrt(mse), err
}

// medianAE walks through the errors in order up to the middle one, or to the
// two in the middle of an even number.
func (r *residuals) medianAE() (float64, error) {
	low, high := (r.n-1)/2, r.n/2
	var seen int64
	a := math.NaN()
	for _, i := range r.v.order() {
		seen += r.of(int(i))
		if math.IsNaN(a) && seen > low {
			a = r.v.abs(int(i))
		}
		if seen > high {
			return a + (r.v.abs(int(i))-a)/2, nil
		}
	}
	return 0, errNoRows
}

// r2 treats constant actual values exactly: whether they are constant is
// decided by comparing them, not by a rounded sum of squares.
func (r *residuals) r2() (float64, error) {
	if r.n < 2 {
		return 0, undefinedf("needs at least 2 rows")
	}
	lo, hi := math.Inf(1), math.Inf(-1)
	for i, y := range r.v.Actual {
		if r.of(i) > 0 {
			lo, hi = min(lo, y), max(hi, y)
		}
	}
	sse, _ := r.mse()
	if lo == hi {
		if sse == 0 {
			return 1, nil
		}
		return 0, nil
	}
	mean := r.mean(func(i int) float64 { return r.v.Actual[i] })
	sst := r.mean(func(i int) float64 { d := r.v.Actual[i] - mean; return d * d })
	return 1 - sse/sst, nil
}

func (r *residuals) mape() (float64, error) {
	return r.mean(func(i int) float64 {
		return r.v.abs(i) / max(math.Abs(r.v.Actual[i]), 0x1p-52)
	}), nil
}

func (r *residuals) smape() (float64, error) {
	return r.mean(func(i int) float64 {
		e := r.v.abs(i)
		if e == 0 {
			return 0
		}
		return 200 * e / (math.Abs(r.v.Actual[i]) + math.Abs(r.v.Predicted[i]))
	}), nil
}

func (r *residuals) maxError() (float64, error) {
	var worst float64
	for i := range r.v.Actual {
		if r.of(i) > 0 {
			worst = max(worst, r.v.abs(i))
		}
	}
	return worst, nil
}
