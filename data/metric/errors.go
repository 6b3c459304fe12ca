package metric

import (
	"math"

	"pipe/base/exact"
)

// Errors is a regression with counts, whose errors metrics are made of.
type Errors struct {
	v     *Values
	count []int32
	rows  int64   // each as often as it occurs
	n     float64 // the same, or the sum of their weights
}

// Rows is the number of rows, each as often as it occurs, or the sum of their weights.
func (e *Errors) Rows() float64 { return e.n }

// Mean is the mean over all rows of a function of the actual and the predicted
// value.
func (e *Errors) Mean(of func(actual, predicted float64) float64) float64 {
	return e.mean(func(i int) float64 { return of(e.v.Actual[i], e.v.predicted(i)) })
}

// of is how much row i counts.
func (e *Errors) of(i int) float64 { return e.v.of(i, e.count) }

// mean is the mean of a function of the rows.
func (e *Errors) mean(of func(i int) float64) float64 {
	var s exact.Sum
	for i := range e.v.Actual {
		if m := e.of(i); m != 0 {
			s.Add(of(i) * m)
		}
	}
	return s.Value() / e.n
}

func (e *Errors) meanSquare() float64 {
	return e.mean(func(i int) float64 { r := e.v.Residual(i); return r * r })
}

func rmse() *Def {
	return &Def{Name: "rmse", Mean: true, Title: "RMSE", Goal: Down, Range: errorRange, Unit: OfTarget, Source: "sklearn.metrics.root_mean_squared_error",
		Doc:    "Root of the mean squared error, in units of the target.",
		Values: func(e *Errors) (float64, error) { return math.Sqrt(e.meanSquare()), nil }}
}

func mae() *Def {
	return &Def{Name: "mae", Mean: true, Title: "MAE", Goal: Down, Range: errorRange, Unit: OfTarget, Source: "sklearn.metrics.mean_absolute_error",
		Doc:    "Mean absolute error, in units of the target.",
		Values: func(e *Errors) (float64, error) { return e.mean(e.v.abs), nil }}
}

func mse() *Def {
	return &Def{Name: "mse", Mean: true, Title: "MSE", Goal: Down, Range: errorRange, Unit: Squared, Source: "sklearn.metrics.mean_squared_error",
		Doc:    "Mean squared error, in squared units of the target.",
		Values: func(e *Errors) (float64, error) { return e.meanSquare(), nil }}
}

func medianAE() *Def {
	return &Def{Name: "median_ae", Mean: true, Title: "Median abs. error", Goal: Down, Range: errorRange, Unit: OfTarget, Source: "sklearn.metrics.median_absolute_error",
		Doc:    "Median absolute error, in units of the target.",
		Values: (*Errors).median}
}

// median walks through the errors in order up to the middle of the weights, and
// takes the mean of two errors where it lies between them, as scikit-learn does.
func (e *Errors) median() (float64, error) {
	if e.v.order == nil && e.v.weights == nil && once(e.count) {
		return e.middle()
	}
	order := e.v.order
	if order == nil {
		order = ordered(e.v)
	}
	var seen exact.Sum
	var low float64
	found := false
	for _, i := range order() {
		m := e.of(int(i))
		if m == 0 {
			continue
		}
		x := e.v.abs(int(i))
		if found {
			return low + (x-low)/2, nil
		}
		seen.Add(m)
		if above := seen.Value() - e.n/2; above >= -e.n*0x1p-52 {
			if above > e.n*0x1p-52 {
				return x, nil
			}
			low, found = x, true
		}
	}
	if found {
		return low, nil
	}
	return 0, errNoRows
}

// middle is the median of rows that count 1 each, or not at all.
func (e *Errors) middle() (median float64, err error) {
	key := func(i int) (uint64, bool) { return orderedKey(e.v.abs(i)), e.count == nil || e.count[i] > 0 }
	left := e.rows / 2 // rows before the middle, from the largest
	even := e.rows%2 == 0
	var above float64
	fallingKeys(e.v.Rows(), key, func(piece []uint64) bool {
		n := int64(len(piece))
		if even && left > 0 && left <= n {
			above = keyed(piece[left-1])
		}
		if left >= n {
			left -= n
			return true
		}
		if median = keyed(piece[left]); even {
			median += (above - median) / 2
		}
		return false
	})
	return median, nil
}

func r2() *Def {
	return &Def{Name: "r2", Mean: true, Title: "R²", Goal: Up, Range: Range{math.Inf(-1), 1}, Source: "sklearn.metrics.r2_score",
		Doc:    "1 - SSE/SST, at most 1; constant actual values: 1 if predicted exactly, else 0.",
		Values: (*Errors).explained}
}

// explained treats constant actual values exactly: whether they are constant is
// decided by comparing them, not by a rounded sum of squares.
func (e *Errors) explained() (float64, error) {
	if e.rows < 2 {
		return 0, Undefinedf("needs at least 2 rows")
	}
	lo, hi := math.Inf(1), math.Inf(-1)
	for i, y := range e.v.Actual {
		if e.of(i) > 0 {
			lo, hi = min(lo, y), max(hi, y)
		}
	}
	sse := e.meanSquare()
	if lo == hi {
		if sse == 0 {
			return 1, nil
		}
		return 0, nil
	}
	mean := e.mean(func(i int) float64 { return e.v.Actual[i] })
	sst := e.mean(func(i int) float64 { d := e.v.Actual[i] - mean; return d * d })
	return 1 - sse/sst, nil
}

func mape() *Def {
	return &Def{Name: "mape", Mean: true, Title: "MAPE", Goal: Down, Range: errorRange, Source: "sklearn.metrics.mean_absolute_percentage_error",
		Doc: "Mean of |error| / max(|actual|, 2^-52), a fraction; explodes where actual values are near 0.",
		Values: func(e *Errors) (float64, error) {
			return e.mean(func(i int) float64 { return e.v.abs(i) / max(math.Abs(e.v.Actual[i]), 0x1p-52) }), nil
		}}
}

func smape() *Def {
	return &Def{Name: "smape", Mean: true, Title: "sMAPE", Goal: Down, Range: Range{0, 200}, Source: "S. Makridakis et al., the M4 competition (2018)",
		Doc: "Mean of 200 |error| / (|actual|+|predicted|), in [0, 200]; 0/0 counts 0.",
		Values: func(e *Errors) (float64, error) {
			return e.mean(func(i int) float64 {
				r := e.v.abs(i)
				if r == 0 {
					return 0
				}
				return 200 * r / (math.Abs(e.v.Actual[i]) + math.Abs(e.v.predicted(i)))
			}), nil
		}}
}

func maxError() *Def {
	return &Def{Name: "max_error", Title: "Largest error", Goal: Down, Range: errorRange, Unit: OfTarget, Unweighted: true, Source: "sklearn.metrics.max_error",
		Doc: "Largest absolute error, in units of the target.",
		Values: func(e *Errors) (float64, error) {
			var worst float64
			for i := range e.v.Actual {
				if e.of(i) > 0 {
					worst = max(worst, e.v.abs(i))
				}
			}
			return worst, nil
		}}
}
