package power

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// A curve is undone, about a pivot as well: however far from 0 numbers lie, as many of
// the digits by which they differ come back as there are.
func TestCurvesAreUndone(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := &Curve{Family: YeoJohnson, Lambda: rapid.Float64Range(-3, 5).Draw(r, "lambda")}
		about := rapid.SampledFrom([]float64{1, 1e3, 1e6, 1e9}).Draw(r, "about")
		spread := about * rapid.Float64Range(1e-4, 0.5).Draw(r, "spread")
		if c.Pivot = about; rapid.Bool().Draw(r, "box_cox") {
			c.Family = BoxCox
		} else if rapid.Bool().Draw(r, "below 0") {
			c.Pivot = -about
		}
		// As far as a fit lets the exponent go, whose curve changes by a factor over the spread.
		c.Lambda = 1 + (c.Lambda-1)*about/spread
		x := c.Pivot + spread*rapid.Float64Range(-0.9, 0.9).Draw(r, "x")
		y := c.Pivot + spread*rapid.Float64Range(-0.9, 0.9).Draw(r, "y")
		if a, b := c.At(x), c.At(y); x+1e-9*spread < y && a >= b {
			r.Fatalf("%v and %v become %v and %v", x, y, a, b)
		}
		if got := c.Invert(c.At(x)); math.Abs(got-x) > 1e-6*spread {
			r.Fatalf("%v becomes %v becomes %v", x, c.At(x), got)
		}
	})
}

// Where numbers have the other sign than the pivot, or there is none for what a network
// says, the inverse still rises and is a number or an end.
func TestCurvesRiseEverywhere(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := &Curve{Family: YeoJohnson, Lambda: rapid.Float64Range(-300, 300).Draw(r, "lambda"), Pivot: rapid.SampledFrom([]float64{-1e6, -2, 0, 2, 1e6}).Draw(r, "pivot")}
		if rapid.Bool().Draw(r, "box_cox") {
			c.Family, c.Pivot = BoxCox, math.Abs(c.Pivot)
		}
		a, b := rapid.Float64Range(-50, 50).Draw(r, "a"), rapid.Float64Range(-50, 50).Draw(r, "b")
		u, v := c.Invert(a), c.Invert(b)
		if u != u || a < b && u > v && u-v > 1e-9*math.Abs(u) || c.Family == BoxCox && u < 0 {
			r.Fatalf("%v and %v stand for %v and %v", a, b, u, v)
		}
	})
	c := &Curve{Family: YeoJohnson, Lambda: 0.5, Pivot: 3}
	for _, x := range []float64{-40, -1, -1e-6, 0, 1e-6, 3, 50} {
		if got := c.Invert(c.At(x)); math.Abs(got-x) > 1e-12*(1+math.Abs(x)) {
			t.Errorf("%v becomes %v becomes %v", x, c.At(x), got)
		}
		c.Lambda, c.Pivot = 2-c.Lambda, -c.Pivot // the mirror image
		if got := c.Invert(c.At(-x)); math.Abs(got+x) > 1e-12*(1+math.Abs(x)) {
			t.Errorf("%v becomes %v becomes %v", -x, c.At(-x), got)
		}
		c.Lambda, c.Pivot = 2-c.Lambda, -c.Pivot
	}
}
