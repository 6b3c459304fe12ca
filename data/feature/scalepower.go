package feature

import (
	"fmt"
	"math"

	"pipe/base/exact"
	"pipe/data/power"
)

// powerFit finds the exponent with the greatest likelihood if what comes out is
// normal. The likelihood has one top, so it is where the derivative is 0, of which
// each pass over the values gives one value.
type powerFit struct {
	in      *Input
	moments *Moments
	curve   power.Curve
	passes  int

	// Sums over the values with the current exponent, about the curve at center.
	n                       int64
	center, at, slope       float64
	d, e, dd, de, logarithm exact.Sum

	search search
	spread *deviations // of what comes out, in the last pass
	begun  bool
}

func newPowerFit(in *Input, family power.Family) *powerFit {
	return &powerFit{in: in, moments: in.Moments(), curve: power.Curve{Family: family, Lambda: 1}}
}

// Again implements Passer.
func (f *powerFit) Again() bool {
	if !f.begun {
		f.begun = true
		f.begin()
		return true
	}
	if f.spread != nil {
		return false
	}
	if f.n < 2 {
		f.keep()
		return true
	}
	n := float64(f.n)
	d, e := f.d.Value()/n, f.e.Value()/n
	variance := f.dd.Value()/n - float64(d*d)
	if f.passes == 1 { // with the exponent 1, which leaves the values as they are but for a factor
		factor := f.curve.Factor()
		if a := standard(f.moments.Mean(), float64(variance*float64(factor*factor)), f.n); a.Scale == 1 && variance*factor*factor != 1 {
			f.keep()
			return true
		}
	}
	rise := f.logarithm.Value()/n - (f.de.Value()/n-float64(d*e))/variance
	next, found := f.search.next(f.curve.Lambda, rise)
	if found || f.passes == maxPowerPasses {
		f.finish(next)
		return true
	}
	f.pass(next)
	return true
}

const maxPowerPasses = 60

// begin chooses the pivot, and bounds the exponent so that values twenty times as far
// away can still be squared, as scipy does.
func (f *powerFit) begin() {
	least, most := f.moments.Range()
	mean := f.moments.Mean()
	if f.curve.Family == power.BoxCox || least >= 0 || most < 0 {
		f.curve.Pivot = mean
	}
	widest := exact.Log1p(20 * max(math.Abs(least), math.Abs(most)))
	if f.curve.Family == power.BoxCox {
		widest = exact.Log(20) + max(math.Abs(power.Relative(least, least-mean, mean)), math.Abs(power.Relative(most, most-mean, mean)))
	}
	const low, high = -336.17, 336.85 // half of the exponents of a float64, but for its digits
	from, to := low/widest, high/widest
	switch {
	case f.curve.Family == power.BoxCox:
	case most < 0:
		from, to = 2-to, 2-from
	case least < 0:
		from, to = max(2-to, from), min(2-from, to)
	}
	f.center = mean
	f.search = search{from: from, to: to, step: max(1, 1/max(widest, 0x1p-40))}
	f.pass(1)
}

// pass begins a pass with an exponent.
func (f *powerFit) pass(lambda float64) {
	f.passes++
	f.curve.Lambda = lambda
	f.n, f.d, f.e, f.dd, f.de, f.logarithm = 0, exact.Sum{}, exact.Sum{}, exact.Sum{}, exact.Sum{}, exact.Sum{}
	f.at, f.slope = f.curve.From(f.curve.Log(f.center))
}

// keep leaves the values of a constant column as they are.
func (f *powerFit) keep() {
	if f.curve.Family == power.YeoJohnson {
		f.curve.Pivot, f.n = 0, 0
	}
	f.finish(1)
}

// finish begins the last pass, over what the curve makes.
func (f *powerFit) finish(lambda float64) {
	f.curve.Lambda = lambda
	f.spread = &deviations{center: f.curve.At(f.center)}
	if f.n > 0 {
		f.spread.center += f.d.Value() / float64(f.n)
	}
}

// Add implements Passer.
func (f *powerFit) Add(v *Values) error {
	c := &f.curve
	for i, x := range v.Numbers {
		if x != x {
			continue
		}
		if c.Family == power.BoxCox && x <= 0 {
			return boxCoxError(f.in.Name, i, x)
		}
		if f.spread != nil {
			f.spread.add(c.At(x))
			continue
		}
		u, sign := c.Log(x)
		d, e := c.From(u, sign)
		d, e = d-f.at, e-f.slope
		f.n++
		f.d.Add(d)
		f.e.Add(e)
		f.dd.Add(float64(d * d))
		f.de.Add(float64(d * e))
		f.logarithm.Add(float64(sign * u))
	}
	return nil
}

func boxCoxError(column string, row int, x float64) *ValueError {
	return &ValueError{Column: column, Row: int64(row), Reason: "the number is not above 0, as box_cox needs",
		Msg: fmt.Sprintf("%v is not above 0, as box_cox needs", x),
		Fix: "write `scale: power`, whose yeo_johnson takes any number, or mend the value"}
}

// Done implements Fitter.
func (f *powerFit) Done() (Fitted, error) {
	n := f.spread.n
	mean := f.spread.center + f.spread.first.Value()/float64(n)
	a := standard(mean, f.spread.variance(), n)
	return powering{Power, f.curve, a.Center, a.Scale}, f.in.finite(f.curve.Lambda, f.curve.Pivot, a.Center, a.Scale)
}

// A search finds where a function that falls is 0, between two bounds, from the values
// that it is told.
type search struct {
	from, to, step float64

	low, high   float64 // where it is above and below 0, if it is known
	above, back float64 // its values there
	known       [2]bool
	stays       int // on which side the last one was found: the other end stays
}

// next is where to look next, once the function is known at x, or that x is the place.
func (s *search) next(x, value float64) (at float64, found bool) {
	side := 1
	if value > 0 {
		side = 0
	}
	switch {
	case value == 0 || value != value:
		return min(max(x, s.from), s.to), true
	case side == 0 && x >= s.to, side == 1 && x <= s.from:
		return x, true
	}
	// Where the same end has stayed, its value is taken for less (Anderson and Björck).
	if s.known[0] && s.known[1] && s.stays == side {
		old := s.above
		other := &s.back
		if side == 1 {
			old, other = s.back, &s.above
		}
		if m := 1 - value/old; m > 0 {
			*other *= m
		} else {
			*other /= 2
		}
	}
	if side == 0 {
		s.low, s.above = x, value
	} else {
		s.high, s.back = x, value
	}
	s.known[side], s.stays = true, side
	switch {
	case !s.known[1]:
		at = min(s.low+s.step, s.to)
		s.step *= 4
	case !s.known[0]:
		at = max(s.high-s.step, s.from)
		s.step *= 4
	default:
		at = (float64(s.low*s.back) - float64(s.high*s.above)) / (s.back - s.above)
		if !(at > s.low && at < s.high) {
			at = s.low + (s.high-s.low)/2
		}
		near := 1e-11 * max(1, math.Abs(x))
		if math.Abs(at-x) <= near || s.high-s.low <= near {
			return at, true
		}
	}
	return at, false
}

// A powering is a curve with its mean and deviation.
type powering struct {
	Scaling Scaling `json:"scaling"`
	power.Curve
	Center float64 `json:"center"`
	Scale  float64 `json:"scale"`
}

func (f powering) check() error {
	switch {
	case f.Family != power.YeoJohnson && f.Family != power.BoxCox:
		return fmt.Errorf("unknown family %q", f.Family)
	case f.Family == power.BoxCox && !(f.Pivot > 0):
		return fmt.Errorf("the pivot %v is not positive", f.Pivot)
	case !(f.Scale > 0) || math.IsInf(1/f.Scale, 0):
		return fmt.Errorf("the scale %v is not positive", f.Scale)
	}
	return nil
}

// Outputs implements Fitted.
func (powering) Outputs() []Output { return nil }

// Apply implements Fitted.
func (f powering) Apply(v *Values, out *Out) {
	for i, x := range v.Numbers {
		if x <= 0 && f.Family == power.BoxCox {
			out.fail(boxCoxError(out.column, i, x))
			continue
		}
		y := (f.At(x) - f.Center) / f.Scale
		v.Numbers[i] = y
		if x == x && (y != y || math.IsInf(float64(float32(y)), 0)) {
			out.Fail(i, TooLarge, fmt.Sprintf("%v is too far from the rows that the scale was learned from (lambda %.6g)", x, f.Lambda),
				"mend the value, or put `outliers` before `scale`")
		}
	}
}
