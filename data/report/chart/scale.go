package chart

import (
	"math"
	"strings"
	"unicode/utf8"
)

// A scale maps values to [0, 1] and knows its ticks.
type scale struct {
	lo, hi float64 // logarithms on a log axis
	log    bool
	ticks  []float64
	labels []string
}

func (s *scale) at(v float64) float64 {
	if s.log {
		v = math.Log10(v)
	}
	// Halves, so that a range as wide as all numbers does not overflow.
	return min(max((v/2-s.lo/2)/(s.hi/2-s.lo/2), 0), 1)
}

func (s *scale) widest() (n int) {
	for _, l := range s.labels {
		n = max(n, widthOf(l))
	}
	return n
}

func (s *scale) lastWidth() int {
	if len(s.labels) == 0 {
		return 0
	}
	return widthOf(s.labels[len(s.labels)-1])
}

// widthOf is the width of a label in average characters: a percent sign is as wide as two.
func widthOf(label string) int { return utf8.RuneCountInString(label) + strings.Count(label, "%") }

// scale fits the axis to its values, with about n ticks.
func (a *Axis) scale(e extent, n int) scale {
	lo, hi, fixed := e.lo, e.hi, a.Min < a.Max
	if fixed {
		lo, hi = a.Min, a.Max
	}
	if lo > hi {
		lo, hi = 0, 1
	}
	if a.Log && lo > 0 {
		return logScale(lo, hi)
	}
	if a.Zero {
		lo, hi = min(lo, 0), max(hi, 0)
	}
	// Beyond this, sums of bounds and steps would overflow.
	lo, hi = min(max(lo, -math.MaxFloat64/8), math.MaxFloat64/8), max(min(hi, math.MaxFloat64/8), -math.MaxFloat64/8)
	if hi-lo < 1e-300 {
		// One value: a range around it, wide enough to be seen in float64.
		pad := max(math.Abs(lo)*.1, .5)
		lo, hi = lo-pad, hi+pad
	}
	step := niceStep((hi - lo) / float64(n-1))
	if a.Whole {
		step = max(1, math.Ceil(step))
	}
	first, last := math.Floor(lo/step), math.Ceil(hi/step)
	switch {
	case fixed || a.Tight:
		if !fixed {
			pad := (hi - lo) * .02
			lo, hi = lo-pad, hi+pad
		}
		first, last = math.Ceil(lo/step-1e-9), math.Floor(hi/step+1e-9)
	default:
		lo, hi = first*step, last*step
	}
	s := scale{lo: lo, hi: hi}
	for i := first; i <= last && len(s.ticks) < 3*n; i++ {
		s.ticks = append(s.ticks, i*step)
		if i+1 == i {
			break // the step is below the precision of the values
		}
	}
	s.labels = labels(s.ticks, step, a.Percent)
	return s
}

// niceStep is the smallest of 1, 2, 2.5, 5 times a power of ten that is at
// least x (after P. Heckbert, "Nice numbers for graph labels", 1990).
func niceStep(x float64) float64 {
	if !(x > 0) {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(x)))
	if power == 0 {
		return x
	}
	for _, m := range []float64{1, 2, 2.5, 5} {
		if m*power >= x*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// Edges gives at most about n equal bins with round edges that hold lo and hi:
// one more number than there are bins, which are at least one.
func Edges(lo, hi float64, n int) []float64 {
	e := newExtent()
	e.add(lo, hi)
	s := (&Axis{}).scale(e, n+1)
	if len(s.ticks) < 2 {
		return []float64{s.lo, s.hi}
	}
	return s.ticks
}

// logScale has ticks at powers of ten, at 2 and 5 times those if they are few, and at equal
// steps where less than two of them are between lo and hi.
func logScale(lo, hi float64) scale {
	s := scale{log: true, lo: math.Log10(lo), hi: math.Log10(hi)}
	if s.hi-s.lo < .1 {
		s.lo, s.hi = s.lo-.1, s.hi+.1
	}
	pad := (s.hi - s.lo) * .04
	s.lo, s.hi = s.lo-pad, s.hi+pad
	decades := s.hi - s.lo
	every := math.Ceil(decades / 6)
	between := []float64{1}
	if decades < 3 {
		between = []float64{1, 2, 5}
	}
	for e := math.Floor(s.lo); e <= s.hi; e++ {
		if math.Mod(e, every) != 0 {
			continue
		}
		for _, m := range between {
			t := m * math.Pow(10, e)
			if l := math.Log10(t); l >= s.lo && l <= s.hi {
				s.ticks = append(s.ticks, t)
				s.labels = append(s.labels, Number(t, 3))
			}
		}
	}
	if len(s.ticks) < 2 {
		least, most := math.Pow(10, s.lo), math.Pow(10, s.hi)
		step := niceStep((most - least) / 4)
		s.ticks = nil
		for i := math.Ceil(least / step); i*step <= most; i++ {
			s.ticks = append(s.ticks, i*step)
		}
		s.labels = labels(s.ticks, step, false)
	}
	return s
}
