package forecast

import (
	"errors"
	"fmt"
	"math"

	"pipe/base/exact"
)

// The measures are means over all pairs of an actual value and its forecast of which both are known (not NaN). An
// error says why there is none. Differences are rounded once; their sums are exact. Those that need no more than actual
// and predicted values, as mae, rmse and smape, are in data/metric.

var errNoPairs = errors.New("no actual value is known")

// meanOf is the mean of a function of the pairs.
func meanOf(actual, forecast []float64, of func(a, f float64) float64) (float64, error) {
	if len(actual) != len(forecast) {
		return 0, fmt.Errorf("there are %d forecasts of %d values", len(forecast), len(actual))
	}
	var sum exact.Sum
	n := 0
	for i, a := range actual {
		if f := forecast[i]; !math.IsNaN(a) && !math.IsNaN(f) {
			sum.Add(of(a, f))
			n++
		}
	}
	if n == 0 {
		return 0, errNoPairs
	}
	m := sum.Value() / float64(n)
	if math.IsNaN(m) || math.IsInf(m, 0) {
		return 0, errors.New("an error is too large for a number")
	}
	return m, nil
}

func absolute(a, f float64) float64 { return math.Abs(a - f) }

func square(a, f float64) float64 { return (a - f) * (a - f) }

// before is the part of a series that has a step one season before, and that: the seasonal naive forecast.
func before(train []float64, season int) (actual, forecast []float64, err error) {
	if err := checkSeason(season); err != nil {
		return nil, nil, err
	}
	if len(train) <= season {
		return nil, nil, fmt.Errorf("the training part has %d steps, and a season %d", len(train), season)
	}
	return train[season:], train[:len(train)-season], nil
}

// A Scale is what errors are divided by, so that those of different series can be compared: how far off the
// seasonal naive forecast is in the training part.
type Scale struct {
	Season   int     `json:"season"`   // 1: of the naive forecast
	Absolute float64 `json:"absolute"` // mean of |y[t] - y[t-season]|
	Root     float64 `json:"root"`     // root of the mean of their squares
}

// ScaleOf is that of a training part.
func ScaleOf(train []float64, season int) (Scale, error) {
	actual, naive, err := before(train, season)
	if err != nil {
		return Scale{}, err
	}
	abs, err := meanOf(actual, naive, absolute)
	if err != nil {
		return Scale{}, fmt.Errorf("the training part has no two known values %d steps apart", season)
	}
	squares, err := meanOf(actual, naive, square)
	return Scale{Season: season, Absolute: abs, Root: math.Sqrt(squares)}, err
}

// MASE is the mean absolute error over that of the seasonal naive forecast in the training part (R. Hyndman and
// A. Koehler, Another look at measures of forecast accuracy, 2006).
func MASE(actual, forecast []float64, scale Scale) (float64, error) {
	m, err := meanOf(actual, forecast, absolute)
	return scale.of(m, scale.Absolute, err)
}

// RMSSE is the root mean squared error over that of the seasonal naive forecast in the training part. In the M5
// competition the season is 1.
func RMSSE(actual, forecast []float64, scale Scale) (float64, error) {
	m, err := meanOf(actual, forecast, square)
	return scale.of(math.Sqrt(m), scale.Root, err)
}

func (s Scale) of(m, by float64, err error) (float64, error) {
	if err != nil {
		return 0, err
	}
	if by == 0 {
		return 0, fmt.Errorf("the training part repeats itself every %d steps, so the scale is 0", s.Season)
	}
	return m / by, nil
}

// Pinball is the mean loss of forecasts of a quantile q: q·(a-f) where the value is above, (1-q)·(f-a) where it is below.
func Pinball(actual, forecast []float64, q float64) (float64, error) {
	if !(q > 0 && q < 1) {
		return 0, fmt.Errorf("a quantile of %v is not possible: it lies between 0 and 1", q)
	}
	m, err := meanOf(actual, forecast, func(a, f float64) float64 {
		if a >= f {
			return q * (a - f)
		}
		return (1 - q) * (f - a)
	})
	return m, noInterval(err, forecast)
}

// Coverage is the share of values that lie within intervals, with both ends. Values that are not known, or have no
// interval, do not count.
func Coverage(actual, lower, upper []float64) (float64, error) {
	if len(lower) != len(upper) || len(actual) != len(lower) {
		return 0, fmt.Errorf("there are %d lower and %d upper ends of %d values", len(lower), len(upper), len(actual))
	}
	inside := make([]float64, len(actual))
	for i := range actual {
		inside[i] = math.NaN()
		if !math.IsNaN(lower[i]) && !math.IsNaN(upper[i]) {
			inside[i] = 0
			if actual[i] >= lower[i] && actual[i] <= upper[i] {
				inside[i] = 1
			}
		}
	}
	m, err := meanOf(actual, inside, func(_, in float64) float64 { return in })
	return m, noInterval(err, lower)
}

// Width is the mean width of intervals whose value is known: of those that coverage counts.
func Width(actual, lower, upper []float64) (float64, error) {
	if len(lower) != len(upper) || len(actual) != len(lower) {
		return 0, fmt.Errorf("there are %d lower and %d upper ends of %d values", len(lower), len(upper), len(actual))
	}
	width := make([]float64, len(lower))
	for i := range width {
		width[i] = upper[i] - lower[i]
	}
	m, err := meanOf(actual, width, func(_, w float64) float64 { return w })
	return m, noInterval(err, lower)
}

// noInterval is the error where it is intervals that are not known.
func noInterval(err error, lower []float64) error {
	if err != nil && count(lower) == 0 {
		return errors.New("no interval is known: too few forecasts were made before")
	}
	return err
}
