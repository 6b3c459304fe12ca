package forecast

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Rolled is what was forecast at some origins, and what came: a row for each origin, with each step ahead.
type Rolled struct {
	Origins  []int       // none below the one before
	Forecast [][]float64 //
	Actual   [][]float64 // NaN: not known, or not yet
}

// Conformal makes intervals of the errors of earlier forecasts, for each step ahead of its own: the half width is a
// quantile of the last absolute errors, of n errors the one of rank ⌈(n+1)(1-α)⌉. α begins as 1 less the level, and is
// then adapted (I. Gibbs and E. Candès, Adaptive Conformal Inference Under Distribution Shift, 2021): each interval
// that missed lowers it by Rate times the level, and each that did not raises it by Rate times 1 less the level.
// Where the rank lies beyond the largest error, which of n errors it does for α below 1/(n+1), the half width is that
// error times 1 more than α lacks to it, where the paper has an interval without ends.
type Conformal struct {
	Level  float64     `json:"level"`  // 0.9: of ten outcomes nine should lie within
	Window int         `json:"window"` // how many errors are kept
	Rate   float64     `json:"rate"`   // 0: α stays
	Alpha  []float64   `json:"alpha"`  // by step ahead
	Errors [][]float64 `json:"errors"` // by step ahead, the absolute errors, the oldest first
}

// Settings of intervals unless others are asked for.
const (
	DefaultWindow = 50
	DefaultRate   = 0.05

	maxWindow = 100_000
)

// NewConformal is one that has seen no error yet. The window is made as wide as the level needs: twice the errors
// of which the largest says as much.
func NewConformal(level float64, window int, rate float64, steps int) (*Conformal, error) {
	if !(level > 0 && level < 1) {
		return nil, fmt.Errorf("an interval of level %v is not possible: it lies between 0 and 1", level)
	}
	c := &Conformal{Level: level, Window: window, Rate: rate}
	if least := 2 * level / (1 - level); window >= 1 && least <= maxWindow {
		c.Window = max(window, int(math.Ceil(least)))
	}
	if steps < 1 || steps > MaxSteps {
		return nil, fmt.Errorf("intervals of %d steps are not possible: 1 to %d are", steps, MaxSteps)
	}
	c.Errors, c.Alpha = make([][]float64, steps), make([]float64, steps)
	for h := range c.Alpha {
		c.Alpha[h] = 1 - level
	}
	return c, c.Check()
}

// Check is why it cannot be used, if it was read.
func (c *Conformal) Check() error {
	switch {
	case !(c.Level > 0 && c.Level < 1):
		return fmt.Errorf("an interval of level %v is not possible: it lies between 0 and 1", c.Level)
	case c.Window < 1 || c.Window > maxWindow:
		return fmt.Errorf("a window of %d errors is not possible: 1 to %d are", c.Window, maxWindow)
	case !(c.Rate >= 0 && c.Rate <= 1):
		return fmt.Errorf("a rate of %v is not possible: 0 to 1 are", c.Rate)
	case len(c.Alpha) != len(c.Errors) || len(c.Errors) < 1 || len(c.Errors) > MaxSteps:
		return fmt.Errorf("there are errors of %d steps ahead, and α of %d", len(c.Errors), len(c.Alpha))
	}
	for h, errs := range c.Errors {
		if len(errs) > c.Window {
			return fmt.Errorf("%d errors are more than the window of %d", len(errs), c.Window)
		}
		if !(math.Abs(c.Alpha[h]) <= 1e9) {
			return fmt.Errorf("α is %v", c.Alpha[h])
		}
		if err := checkFinite(errs); err != nil {
			return err
		}
		for _, e := range errs {
			if e < 0 {
				return errors.New("an absolute error is below 0")
			}
		}
	}
	return nil
}

// Half is half the width of the interval so many steps ahead, from 0: NaN if too few errors are known, which are
// those of which even the largest says less than the level.
func (c *Conformal) Half(step int) float64 {
	errs := c.Errors[step]
	n := float64(len(errs))
	if (n+1)*c.Level > n {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(errs))
	rank := max(1, math.Ceil((n+1)*(1-c.Alpha[step])))
	if rank > n {
		return sorted[len(sorted)-1] * (1 + max(0, 1/(n+1)-c.Alpha[step]))
	}
	return sorted[int(rank)-1]
}

// Learn takes an error that has become known, and whether the interval that was given for it, if there was one, missed it.
func (c *Conformal) Learn(step int, err, half float64) {
	err = math.Abs(err)
	if !math.IsNaN(half) {
		missed := 0.0
		if err > half {
			missed = 1
		}
		c.Alpha[step] += float64(c.Rate * (1 - c.Level - missed))
	}
	kept := c.Errors[step]
	if len(kept) >= c.Window {
		kept = slices.Delete(kept, 0, len(kept)-c.Window+1)
	}
	c.Errors[step] = append(kept, err)
}

// Roll gives half the width of each interval at each origin, made of outcomes that were known there alone.
func (c *Conformal) Roll(r Rolled) [][]float64 {
	half := make([][]float64, len(r.Origins))
	steps := len(c.Errors)
	next := make([]int, steps) // by step, the first origin whose outcome was not taken yet
	learn := func(until int) {
		for h := range steps {
			for ; next[h] < len(r.Origins) && r.Origins[next[h]]+h < until; next[h]++ {
				i := next[h]
				if err := r.Actual[i][h] - r.Forecast[i][h]; !math.IsNaN(err) && !math.IsInf(err, 0) {
					c.Learn(h, err, half[i][h])
				}
			}
		}
	}
	for i, o := range r.Origins {
		learn(o)
		half[i] = make([]float64, steps)
		for h := range half[i] {
			half[i][h] = c.Half(h)
		}
	}
	learn(math.MaxInt) // all that is known in the end, for origins to come
	return half
}
