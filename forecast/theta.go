package forecast

import (
	"errors"
	"fmt"
	"math"

	"pipe/base/exact"
)

// Theta is the standard method of V. Assimakopoulos and K. Nikolopoulos (2000), in the form of R. Hyndman and
// B. Billah (2003): simple exponential smoothing of the series without season, and half the slope of the line through
// the training part. The series is freed of its season if the autocorrelation at a period says at 10 % that
// there is one: n·r(m)² / (r(0)²+...+r(m-1)²) > 2.7055. The season is multiplied where all values are above 0,
// and added elsewhere. Smoothing begins with the first value. statsmodels' ThetaModel does the same.
type Theta struct {
	Season     int       `json:"season"`
	Seasonal   []float64 `json:"seasonal"` // of the first step, the second, ...; empty: there is none
	Multiplied bool      `json:"multiplied"`
	Alpha      float64   `json:"alpha"`
	Slope      float64   `json:"slope"`
}

func fitTheta(season int, y []float64) (*Theta, error) {
	t := &Theta{Season: max(1, season)}
	if n := count(y); n < 3 {
		return nil, fmt.Errorf("theta needs 3 known values, and there are %d", n)
	}
	x := filled(y)
	if m := t.Season; m > 1 && len(x) >= 2*m && seasonal(x, m) {
		t.Multiplied = true
		for _, v := range x {
			t.Multiplied = t.Multiplied && v > 0
		}
		t.Seasonal = seasonOf(x, m, t.Multiplied)
		for _, v := range t.Seasonal {
			if t.Multiplied && v <= 0 {
				t.Multiplied = false
				t.Seasonal = seasonOf(x, m, false)
				break
			}
		}
	}
	free := make([]float64, len(x))
	known := make([]float64, len(x))
	for i := range x {
		free[i], known[i] = t.free(x[i], i), t.free(y[i], i)
	}
	_, t.Slope = line(free)
	scale := 0.0
	for _, v := range free {
		scale = max(scale, math.Abs(v-free[0]))
	}
	if scale == 0 {
		scale = 1
	}
	at := func(x []float64) float64 { return min(max(exact.Logistic(x[0]), 1e-4), 1) }
	best := minimise(func(x []float64) float64 {
		level, alpha, sum := math.NaN(), at(x), 0.0
		for _, v := range known {
			if math.IsNaN(v) {
				continue
			}
			if math.IsNaN(level) {
				level = v
			}
			err := (v - level) / scale
			sum += float64(err * err)
			level += float64(alpha * (v - level))
		}
		return sum
	}, 0.5, []float64{logit(0.1)}, []float64{logit(0.5)}, []float64{logit(0.9)}, []float64{logit(0.9999)})
	t.Alpha = at(best.x)
	if err := t.check(); err != nil {
		return nil, err
	}
	return t, nil
}

// seasonal tests the autocorrelation at a period.
func seasonal(x []float64, m int) bool {
	mean := 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	covariance := func(lag int) (sum float64) {
		for i := lag; i < len(x); i++ {
			sum += float64((x[i] - mean) * (x[i-lag] - mean))
		}
		return sum
	}
	variance := covariance(0)
	if variance == 0 {
		return false
	}
	below := 1.0
	for lag := 1; lag < m; lag++ {
		r := covariance(lag) / variance
		below += float64(r * r)
	}
	r := covariance(m) / variance
	return float64(len(x))*r*r/below > 2.705543454095404
}

// free is a value without its season.
func (t *Theta) free(x float64, step int) float64 {
	switch {
	case len(t.Seasonal) == 0:
		return x
	case t.Multiplied:
		return x / t.Seasonal[step%t.Season]
	}
	return x - t.Seasonal[step%t.Season]
}

func (t *Theta) with(x float64, step int) float64 {
	switch {
	case len(t.Seasonal) == 0:
		return x
	case t.Multiplied:
		return float64(x * t.Seasonal[step%t.Season])
	}
	return x + t.Seasonal[step%t.Season]
}

// Roll forecasts from each origin.
func (t *Theta) Roll(s Series, origins []int, steps int) ([][]float64, error) {
	level, at := math.NaN(), 0
	since := 0 // the last known value
	return roll(s, origins, steps, func(x float64) {
		if v := t.free(x, at); !math.IsNaN(v) {
			if math.IsNaN(level) {
				level = v
			}
			level += float64(t.Alpha * (v - level))
			since = at
		}
		at++
	}, func(out []float64) error {
		if math.IsNaN(level) {
			return errNothing
		}
		// The smoothed level lags behind the line by the steps that smoothing looks back.
		behind := (1-exact.Pow(1-t.Alpha, float64(at)))/t.Alpha - 1
		for i := range out {
			ahead := float64(at + i - since)
			out[i] = t.with(level+float64(t.Slope/2*(ahead+behind)), at+i)
		}
		return nil
	})
}

func (t *Theta) check() error {
	if err := checkSeason(t.Season); err != nil {
		return err
	}
	if n := len(t.Seasonal); n > 0 && n != t.Season {
		return fmt.Errorf("there are %d values of a season of %d steps", n, t.Season)
	}
	if !(t.Alpha > 0 && t.Alpha <= 1) {
		return fmt.Errorf("alpha is %v", t.Alpha)
	}
	for _, v := range t.Seasonal {
		if t.Multiplied && !(v > 0) {
			return errors.New("a season that is multiplied is not above 0")
		}
	}
	return checkFinite(append([]float64{t.Slope}, t.Seasonal...))
}
