package forecast

import (
	"errors"
	"fmt"
	"math"
)

var errNothing = errors.New("no value is known before it")

// Naive forecasts the last known value.
type Naive struct{}

func (*Naive) check() error { return nil }

// Roll forecasts from each origin.
func (*Naive) Roll(s Series, origins []int, steps int) ([][]float64, error) {
	last := math.NaN()
	return roll(s, origins, steps, func(x float64) {
		if !math.IsNaN(x) {
			last = x
		}
	}, func(out []float64) error {
		if math.IsNaN(last) {
			return errNothing
		}
		for i := range out {
			out[i] = last
		}
		return nil
	})
}

// SeasonalNaive forecasts the value of the same step of the last period in which it is known, and the last
// known value of all if that step never was.
type SeasonalNaive struct {
	Season int `json:"season"`
}

func (n *SeasonalNaive) check() error { return checkSeason(n.Season) }

func checkSeason(m int) error {
	if m < 1 || m > MaxSeason {
		return fmt.Errorf("a season of %d steps is not possible: 1 to %d are", m, MaxSeason)
	}
	return nil
}

// Roll forecasts from each origin.
func (n *SeasonalNaive) Roll(s Series, origins []int, steps int) ([][]float64, error) {
	last, at := math.NaN(), 0
	season := make([]float64, n.Season) // by step of the period
	for i := range season {
		season[i] = math.NaN()
	}
	return roll(s, origins, steps, func(x float64) {
		if !math.IsNaN(x) {
			last, season[at] = x, x
		}
		at = (at + 1) % n.Season
	}, func(out []float64) error {
		if math.IsNaN(last) {
			return errNothing
		}
		for i := range out {
			if out[i] = season[(at+i)%n.Season]; math.IsNaN(out[i]) {
				out[i] = last
			}
		}
		return nil
	})
}

// Drift goes on along the line from the first known value to the last: its slope is the mean change of a step.
type Drift struct{}

func (*Drift) check() error { return nil }

// Roll forecasts from each origin.
func (*Drift) Roll(s Series, origins []int, steps int) ([][]float64, error) {
	first, last := math.NaN(), math.NaN()
	from, to, at := 0, 0, 0
	return roll(s, origins, steps, func(x float64) {
		if !math.IsNaN(x) {
			if math.IsNaN(first) {
				first, from = x, at
			}
			last, to = x, at
		}
		at++
	}, func(out []float64) error {
		if math.IsNaN(last) {
			return errNothing
		}
		slope := 0.0
		if to > from {
			slope = (last - first) / float64(to-from)
		}
		for i := range out {
			out[i] = last + float64(slope*float64(at-to+i)) // the last known value may lie before the origin
		}
		return nil
	})
}
