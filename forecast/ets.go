package forecast

import (
	"errors"
	"fmt"
	"math"

	"pipe/base/exact"
)

// An ETSForm is the form of exponential smoothing with additive errors.
type ETSForm struct {
	Trend    string // none, additive, damped; auto, or empty: the one of the lowest AICc
	Seasonal string // none, additive; auto, or empty: likewise
}

// Forms of trend and season.
const (
	Auto     = "auto"
	None     = "none"
	Additive = "additive"
	Damped   = "damped"
)

// ETS is exponential smoothing in its form as a state space model with additive errors, ETS(A,N|A|Ad,N|A) of
// R. Hyndman et al., Forecasting with Exponential Smoothing (2008). With the error e of the forecast of a step,
//
//	forecast = level + φ·trend + season of the step
//	level'   = level + φ·trend + α·e
//	trend'   = φ·trend + β·e
//	season'  = season of the step + γ·e
//
// where 0 < β < α < 1, 0 < γ < 1-α and 0.8 <= φ <= 0.98 are those of the least squares of e over the training part, of a
// long one its last 20,000 steps or 20 periods.
// The states before the first step are not estimated but found by the heuristic of section 2.6.1, in the form it
// has in statsmodels. From then on the states follow the values, and a step that is not known leaves them as the
// forecast of it has them. statsmodels does the same where results are extended without a refit.
type ETS struct {
	Trend    string    `json:"trend"`
	Season   int       `json:"season"` // 1: none
	Alpha    float64   `json:"alpha"`
	Beta     float64   `json:"beta"`
	Gamma    float64   `json:"gamma"`
	Phi      float64   `json:"phi"`
	Level    float64   `json:"level"`   // the states before the first step
	Slope    float64   `json:"slope"`   //
	Seasonal []float64 `json:"initial"` // of the first step, the second, ...
	Squares  float64   `json:"squares"` // of the errors of training
	AICc     *float64  `json:"aicc"`    // null: there are too few values for it, or no errors
}

func (f ETSForm) check() error {
	for _, c := range []struct {
		what, is string
		of       []string
	}{{"trend", f.Trend, []string{"", Auto, None, Additive, Damped}}, {"season", f.Seasonal, []string{"", Auto, None, Additive}}} {
		ok := false
		for _, name := range c.of {
			ok = ok || c.is == name
		}
		if !ok {
			return fmt.Errorf("a %s of the form %q is not known: there are %v", c.what, c.is, c.of[1:])
		}
	}
	return nil
}

// fitETS chooses among the forms that are asked for by their AICc, of equal ones the simplest.
func fitETS(form ETSForm, season int, y []float64) (*ETS, error) {
	trends, seasons := []string{form.Trend}, []int{max(1, season)}
	if form.Trend == Auto || form.Trend == "" {
		trends = []string{None, Additive, Damped}
	}
	switch {
	case form.Seasonal == None:
		seasons = []int{1}
	case form.Seasonal == Additive && season < 2:
		return nil, errors.New("a season needs a period of 2 steps or more")
	case form.Seasonal != Additive && season > 1:
		seasons = []int{1, season}
	}
	var best *ETS
	var least float64
	var first error
	for _, m := range seasons {
		for _, trend := range trends {
			e, err := fitETSForm(trend, m, y)
			if err != nil {
				if first == nil {
					first = err
				}
				continue
			}
			if c := e.criterion(); best == nil || c < least {
				best, least = e, c
			}
		}
	}
	if best == nil {
		return nil, first
	}
	return best, nil
}

func (e *ETS) criterion() float64 {
	switch {
	case e.AICc != nil:
		return *e.AICc
	case e.Squares == 0:
		return math.Inf(-1)
	}
	return math.Inf(1)
}

func fitETSForm(trend string, m int, all []float64) (*ETS, error) {
	e := &ETS{Trend: trend, Season: m, Phi: 1}
	y := all
	if most := max(20_000, 20*m); len(all) > most && count(all[len(all)-most:]) > most/2 {
		y = all[len(all)-most:]
	}
	if err := e.start(y); err != nil {
		return nil, err
	}
	// A scale keeps squares of any units within the numbers.
	scale := 0.0
	for _, v := range y {
		if !math.IsNaN(v) {
			scale = max(scale, math.Abs(v-e.Level))
		}
	}
	if scale == 0 {
		scale = 1
	}
	phis := []float64{0.5}
	if trend == Damped {
		phis = []float64{0.05, 0.95} // there may be a valley at either end
	}
	var x []float64
	least := math.Inf(1)
	for _, phi := range phis {
		starts := [][]float64{}
		for _, alpha := range []float64{0.02, 0.1, 0.5, 0.9} {
			for _, share := range []float64{0.001, 0.02, 0.3} {
				starts = append(starts, e.point(alpha, share, phi))
			}
		}
		found := minimise(func(x []float64) float64 {
			e.set(x)
			return e.squares(y, scale)
		}, 0.5, starts...)
		if found.f < least || x == nil {
			x, least = found.x, found.f
		}
	}
	e.set(x)
	if err := e.start(all); err != nil {
		return nil, err
	}
	e.Squares = e.squares(all, 1)
	n, k := float64(count(all)), float64(e.parameters())
	if n-k-1 > 0 && e.Squares > 0 && !math.IsInf(e.Squares, 0) {
		c := float64(n*exact.Log(e.Squares/n)) + 2*k + 2*k*(k+1)/(n-k-1)
		e.AICc = &c
	}
	if err := e.check(); err != nil {
		return nil, err
	}
	return e, nil
}

// parameters counts what is estimated: those of smoothing, the states before the first step, the variance.
func (e *ETS) parameters() int {
	n := 3 // alpha, level, variance
	if e.Trend != None {
		n += 2
	}
	if e.Trend == Damped {
		n++
	}
	if e.Season > 1 {
		n += e.Season // gamma, and a season whose sum is 0
	}
	return n
}

// point is that of the search with this alpha, and the others at these shares of what they may be.
func (e *ETS) point(alpha, share, phi float64) []float64 {
	x := []float64{logit(alpha)}
	if e.Trend != None {
		x = append(x, logit(share))
	}
	if e.Season > 1 {
		x = append(x, logit(share))
	}
	if e.Trend == Damped {
		x = append(x, logit(phi))
	}
	return x
}

// set takes the parameters of a point of the search.
func (e *ETS) set(x []float64) {
	within := func(v float64) float64 { return min(max(exact.Logistic(v), 1e-4), 1-1e-4) }
	e.Alpha, x = within(x[0]), x[1:]
	if e.Trend != None {
		e.Beta, x = float64(e.Alpha*within(x[0])), x[1:]
	}
	if e.Season > 1 {
		e.Gamma, x = float64((1-e.Alpha)*within(x[0])), x[1:]
	}
	if e.Trend == Damped {
		e.Phi = 0.8 + float64(0.18*exact.Logistic(x[0]))
	}
}

// start finds the states before the first step: the season is that of the first periods, level and slope are those
// of a line through ten values without season.
func (e *ETS) start(y []float64) error {
	const length = 10
	m, need := e.Season, length
	if m > 1 {
		need = max(2*m, length+2*(m/2))
	}
	if n := count(y); n < need {
		return fmt.Errorf("exponential smoothing needs %d known values to begin with, and there are %d", need, n)
	}
	x := filled(y)
	e.Seasonal = nil
	if m > 1 {
		periods := max(min(5, len(x)/m), (need+m-1)/m)
		x = x[:min(len(x), periods*m)]
		e.Seasonal = seasonOf(x, m, false)
		x = trendOf(x, m)[m/2:]
	}
	at0, slope := line(x[:length])
	e.Level, e.Slope = at0-slope, 0
	if e.Trend != None {
		e.Slope = slope
	}
	return nil
}

// A smoothing is the states of a model at a step.
type smoothing struct {
	*ETS
	level, slope float64
	season       []float64
	at           int // of the season, the next step
}

func (e *ETS) begin() *smoothing {
	s := &smoothing{ETS: e, level: e.Level, slope: e.Slope, season: make([]float64, e.Season)}
	copy(s.season, e.Seasonal)
	return s
}

// next is the forecast of the next step without its season.
func (s *smoothing) next() float64 { return s.level + float64(s.Phi*s.slope) }

// see takes the value of the next step, and gives the error of its forecast.
func (s *smoothing) see(y float64) (err float64) {
	base := s.next()
	if !math.IsNaN(y) {
		err = y - (base + s.season[s.at])
	}
	s.level = base + float64(s.Alpha*err)
	s.slope = float64(s.Phi*s.slope) + float64(s.Beta*err)
	s.season[s.at] += float64(s.Gamma * err)
	if s.at++; s.at == len(s.season) {
		s.at = 0
	}
	return err
}

// squares is the sum of those of the errors over a scale.
func (e *ETS) squares(y []float64, scale float64) float64 {
	s := e.begin()
	sum := 0.0
	for _, v := range y {
		err := s.see(v) / scale
		sum += float64(err * err)
	}
	if math.IsNaN(sum) {
		return math.Inf(1)
	}
	return sum
}

// Roll forecasts from each origin.
func (e *ETS) Roll(s Series, origins []int, steps int) ([][]float64, error) {
	state := e.begin()
	return roll(s, origins, steps, func(x float64) { state.see(x) }, func(out []float64) error {
		slope, level := state.slope, state.level
		for i := range out {
			slope = float64(e.Phi * slope)
			level += slope
			out[i] = level + state.season[(state.at+i)%len(state.season)]
		}
		return nil
	})
}

func (e *ETS) check() error {
	if err := checkSeason(e.Season); err != nil {
		return err
	}
	if e.Season > 1 && len(e.Seasonal) != e.Season || e.Season == 1 && len(e.Seasonal) > 0 {
		return fmt.Errorf("there are %d states of a season of %d steps", len(e.Seasonal), e.Season)
	}
	if e.Trend != None && e.Trend != Additive && e.Trend != Damped {
		return fmt.Errorf("a trend of the form %q is not known", e.Trend)
	}
	for _, p := range []float64{e.Alpha, e.Beta, e.Gamma, e.Phi} {
		if !(p >= 0 && p <= 1) {
			return fmt.Errorf("a parameter is %v", p)
		}
	}
	return checkFinite(append([]float64{e.Level, e.Slope, e.Squares}, e.Seasonal...))
}

func checkFinite(x []float64) error {
	for _, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return errors.New("a number is not finite")
		}
	}
	return nil
}
