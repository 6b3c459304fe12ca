package forecast

import (
	"errors"
	"fmt"
	"math"
)

// A RidgeForm is what a ridge regression sees, and how much it is held back.
type RidgeForm struct {
	Lags     int     // last values of the target; 0: three periods of a season of up to 52 steps, else two, and at least 24
	PastLags int     // last values of each past column; 0: one period, at most 24
	Penalty  float64 // of the squared coefficients of inputs whose mean square is 1; 0: 1
}

// Ridge is linear regression on the last values less their mean, one for each step ahead, with a penalty on the
// squares of the coefficients. Further inputs are the last values of past columns less their mean, and of columns
// known ahead the value at the step and one period before it. Inputs that are not known have the value of the
// last step before, or of the mean where there is none; targets that are not are left out. Of a long series the last windows are used that have 16 million
// inputs together.
type Ridge struct {
	Lags     int         `json:"lags"`
	PastLags int         `json:"past_lags"`
	Season   int         `json:"season"`
	Scale    float64     `json:"scale"` // root of the mean square of the target's inputs, which are divided by it
	Past     []float64   `json:"past"`  // likewise of the past columns
	Known    []Standard  `json:"known"` // of the columns known ahead
	Weights  [][]float64 `json:"weights"`
}

// A Standard is what makes a column one of mean 0 and standard deviation 1: both of the training part.
type Standard struct {
	Mean  float64 `json:"mean"`
	Scale float64 `json:"scale"` // 0: the column is constant
}

func (f RidgeForm) check() error {
	if f.Lags < 0 || f.Lags > maxLags || f.PastLags < 0 || f.PastLags > maxLags {
		return fmt.Errorf("%d lags are not possible: at most %d are", max(f.Lags, f.PastLags), maxLags)
	}
	if f.Penalty != 0 && !(f.Penalty >= 1e-9 && f.Penalty <= 1e18) {
		return fmt.Errorf("a penalty of %v is not possible: 1e-9 to 1e18 are", f.Penalty)
	}
	return nil
}

// base is how many inputs are the same for all steps ahead: 1 and the lags.
func (r *Ridge) base() int { return 1 + r.Lags + len(r.Past)*r.PastLags }

// wide is the number of all inputs.
func (r *Ridge) wide() int {
	each := 1
	if r.Season > 1 {
		each = 2
	}
	return r.base() + each*len(r.Known)
}

const (
	minWindows = 10      // of training
	mostInputs = 1 << 24 // of all windows, which are held in memory
	maxInputs  = 4000    // of one window, with what is known ahead
)

func fitRidge(form RidgeForm, season, steps int, s Series) (*Ridge, error) {
	n := len(s.Values)
	if steps < 1 || steps > MaxSteps {
		return nil, fmt.Errorf("a regression on lags for %d steps ahead is not possible: 1 to %d are", steps, MaxSteps)
	}
	r := &Ridge{Lags: form.Lags, PastLags: form.PastLags, Season: max(1, season), Weights: make([][]float64, steps)}
	if len(s.Known) > maxKnown || len(s.Past) > maxKnown {
		return nil, fmt.Errorf("there are %d further columns, and at most %d are possible", max(len(s.Known), len(s.Past)), maxKnown)
	}
	if r.Lags == 0 {
		periods := 3
		if r.Season > 52 {
			periods = 2
		}
		r.Lags = max(1, min(max(24, periods*r.Season), (n-steps)/2, maxLags))
	}
	if r.PastLags == 0 {
		r.PastLags = 24
		if r.Season > 1 {
			r.PastLags = min(24, r.Season)
		}
	}
	r.PastLags = min(r.PastLags, r.Lags)
	windows := n - r.Lags - steps + 1
	if count(s.Values) == 0 || windows < minWindows {
		return nil, fmt.Errorf("regression on %d lags for %d steps ahead needs %d steps of training, and there are %d", r.Lags, steps, r.Lags+steps+minWindows-1, n)
	}
	r.Past, r.Known = make([]float64, len(s.Past)), make([]Standard, len(s.Known))
	if n := r.wide(); n > maxInputs {
		return nil, fmt.Errorf("regression on lags has %d inputs, and at most %d are possible: it needs fewer lags or columns", n, maxInputs)
	}
	in := r.inputs(s)
	first := max(0, windows-mostInputs/r.base())
	r.measure(in, n, first, windows)
	penalty := form.Penalty
	if penalty == 0 {
		penalty = 1
	}
	if err := r.solve(in, s.Values, first, windows, penalty); err != nil {
		return nil, err
	}
	return r, r.check()
}

// ridgeInputs are the columns of a series without gaps.
type ridgeInputs struct {
	target []float64
	past   [][]float64
	known  [][]float64
}

func (r *Ridge) inputs(s Series) ridgeInputs {
	in := ridgeInputs{target: carried(s.Values)}
	for _, c := range s.Past {
		in.past = append(in.past, carried(c))
	}
	for _, c := range s.Known {
		in.known = append(in.known, carried(c))
	}
	return in
}

// carried has the last known value in the place of unknown ones: NaN where there is none before.
func carried(x []float64) []float64 {
	out := make([]float64, len(x))
	last := math.NaN()
	for i, v := range x {
		if !math.IsNaN(v) {
			last = v
		}
		out[i] = last
	}
	return out
}

// measure finds the scales of the inputs in the windows from the first to the end.
func (r *Ridge) measure(in ridgeInputs, n, first, end int) {
	spread := func(x []float64, lags int) float64 {
		sum := 0.0
		for o := r.Lags + first; o < r.Lags+end; o++ {
			window := x[o-lags : o]
			m := mean(window)
			for _, v := range window {
				if !math.IsNaN(v) {
					sum += float64((v - m) * (v - m))
				}
			}
		}
		if s := math.Sqrt(sum / float64((end-first)*lags)); s > 0 {
			return s
		}
		return 1
	}
	r.Scale = spread(in.target, r.Lags)
	for i, x := range in.past {
		r.Past[i] = spread(x, r.PastLags)
	}
	for i, x := range in.known {
		m, sum := mean(x[:n]), 0.0
		for _, v := range x[:n] {
			if !math.IsNaN(v) {
				sum += float64((v - m) * (v - m))
			}
		}
		r.Known[i] = Standard{Mean: m, Scale: math.Sqrt(sum / float64(max(1, count(x[:n]))))}
	}
}

// mean is that of the known values, 0 if there is none.
func mean(x []float64) (m float64) {
	n := 0
	for _, v := range x {
		if !math.IsNaN(v) {
			m += v
			n++
		}
	}
	return m / float64(max(1, n))
}

// fill writes the inputs that all steps share, as they are at an origin, and gives what the target's are above.
func (r *Ridge) fill(row []float64, in ridgeInputs, o int) (level float64) {
	row[0] = 1
	at := 1
	window := func(x []float64, lags int, scale float64) float64 {
		m := mean(x[o-lags : o])
		for i, v := range x[o-lags : o] {
			if row[at+i] = (v - m) / scale; math.IsNaN(v) {
				row[at+i] = 0 // nothing was known yet: as the mean
			}
		}
		at += lags
		return m
	}
	level = window(in.target, r.Lags, r.Scale)
	for i, x := range in.past {
		window(x, r.PastLags, r.Past[i])
	}
	return level
}

// ahead writes the inputs of a step that are known ahead.
func (r *Ridge) ahead(row []float64, in ridgeInputs, step int) {
	at := r.base()
	value := func(c, step int) {
		row[at] = 0
		if v, s := in.known[c][max(0, step)], r.Known[c]; s.Scale > 0 && !math.IsNaN(v) {
			row[at] = (v - s.Mean) / s.Scale
		}
		at++
	}
	for c := range r.Known {
		value(c, step)
		if r.Season > 1 {
			value(c, step-r.Season)
		}
	}
}

// solve finds the weights of each step ahead by the normal equations. The part that all steps share is summed once;
// windows whose target is not known are then taken out of it.
func (r *Ridge) solve(in ridgeInputs, y []float64, first, end int, penalty float64) error {
	base, wide, steps, windows, from := r.base(), r.wide(), len(r.Weights), end-first, r.Lags+first
	rows := make([]float64, windows*base)
	levels := make([]float64, windows)
	shared := newSymmetric(base)
	for i := range windows {
		row := rows[i*base:][:base]
		levels[i] = r.fill(row, in, from+i)
	}
	for i := 0; i+4 <= windows; i += 4 {
		shared.add4(rows[i*base:][:4*base])
	}
	for i := windows &^ 3; i < windows; i++ {
		shared.add(rows[i*base:][:base], 1)
	}
	var factor *symmetric // of all windows, where they have nothing of their own for a step
	row := make([]float64, wide)
	for h := range steps {
		own := wide > base
		right := make([]float64, wide)
		a := newSymmetric(wide)
		a.place(shared)
		used := 0
		for i := range windows {
			target := y[from+i+h]
			known := rows[i*base:][:base]
			if math.IsNaN(target) {
				a.add(known, -1)
				own = true
				continue
			}
			used++
			target = (target - levels[i]) / r.Scale
			for j, v := range known {
				right[j] += float64(v * target)
			}
			if wide > base {
				copy(row, known)
				r.ahead(row, in, from+i+h)
				a.addFrom(row, base)
				for j := base; j < wide; j++ {
					right[j] += float64(row[j] * target)
				}
			}
		}
		if used < minWindows {
			return fmt.Errorf("regression on lags has %d windows whose value %d steps ahead is known, and needs %d", used, h+1, minWindows)
		}
		if own || factor == nil {
			for j := 1; j < wide; j++ {
				*a.at(j, j) += penalty
			}
			if !a.factor() {
				return errors.New("regression on lags has no stable solution: raise the penalty")
			}
			if !own {
				factor = a
			}
		} else {
			a = factor
		}
		a.solve(right)
		r.Weights[h] = right
	}
	return nil
}

// Roll forecasts from each origin. Steps farther ahead than the regression was fitted for go on from its own
// forecasts.
func (r *Ridge) Roll(s Series, origins []int, steps int) ([][]float64, error) {
	if err := checkRoll(s, origins, steps); err != nil {
		return nil, err
	}
	if len(s.Past) != len(r.Past) || len(s.Known) != len(r.Known) {
		return nil, fmt.Errorf("the regression was fitted with %d past and %d known columns, and there are %d and %d", len(r.Past), len(r.Known), len(s.Past), len(s.Known))
	}
	in := r.inputs(s)
	row := make([]float64, r.wide())
	out := make([][]float64, len(origins))
	for i, o := range origins {
		if o < r.Lags {
			return nil, fmt.Errorf("regression on %d lags cannot forecast after %d steps", r.Lags, o)
		}
		for c, x := range in.known {
			if len(x) < o+steps {
				return nil, fmt.Errorf("column %d of those known ahead ends %d steps after the origin, of %d that are to be forecast", c+1, len(x)-o, steps)
			}
		}
		out[i] = make([]float64, steps)
		from := in
		for done := 0; done < steps; done += len(r.Weights) {
			if done > 0 {
				from = in.extended(o, out[i][:done])
			}
			level := r.fill(row, from, o+done)
			for h, w := range r.Weights[:min(len(r.Weights), steps-done)] {
				r.ahead(row, from, o+done+h)
				sum := 0.0
				for j, v := range row {
					sum += float64(v * w[j])
				}
				out[i][done+h] = level + float64(r.Scale*sum)
			}
		}
		if err := checkFinite(out[i]); err != nil {
			return nil, fmt.Errorf("at the origin after %d steps the forecast is not finite", o)
		}
	}
	return out, nil
}

// extended has the steps after an origin: of the target as they were forecast, of past columns as the last one was.
func (in ridgeInputs) extended(o int, forecasts []float64) ridgeInputs {
	out := ridgeInputs{target: append(append([]float64{}, in.target[:o]...), forecasts...), known: in.known}
	for _, x := range in.past {
		longer := append([]float64{}, x[:o]...)
		for range forecasts {
			longer = append(longer, x[o-1])
		}
		out.past = append(out.past, longer)
	}
	return out
}

func (r *Ridge) check() error {
	if r.Lags < 1 || r.Lags > maxLags || r.PastLags < 0 || r.PastLags > r.Lags || len(r.Past) > maxKnown || len(r.Known) > maxKnown {
		return fmt.Errorf("there are %d lags of the target, and %d of %d past columns", r.Lags, r.PastLags, len(r.Past))
	}
	if err := checkSeason(r.Season); err != nil {
		return err
	}
	if n := r.wide(); n > maxInputs {
		return fmt.Errorf("it has %d inputs", n)
	}
	if len(r.Weights) < 1 || len(r.Weights) > MaxSteps {
		return fmt.Errorf("it forecasts %d steps", len(r.Weights))
	}
	for _, scale := range append([]float64{r.Scale}, r.Past...) {
		if !(scale > 0) || math.IsInf(scale, 0) {
			return fmt.Errorf("a scale is %v", scale)
		}
	}
	for _, k := range r.Known {
		if err := checkFinite([]float64{k.Mean, k.Scale}); err != nil || k.Scale < 0 {
			return errors.New("a scale is not possible")
		}
	}
	for _, w := range r.Weights {
		if len(w) != r.wide() {
			return fmt.Errorf("a step has %d weights of %d inputs", len(w), r.wide())
		}
		if err := checkFinite(w); err != nil {
			return err
		}
	}
	return nil
}
