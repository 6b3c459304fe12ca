package feature

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

func scaleKind() Kind {
	return Kind{
		Name:    "scale",
		Version: 1,
		Doc:     "Change the range of numbers.",
		Takes:   Numbers,
		New:     func() Setting { return new(Scale) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			f, err := Decode[scaling](state)
			if err != nil {
				return nil, err
			}
			return f, f.check()
		},
	}
}

// A Scale says how the range of numbers is changed: to (x - center) / scale,
// where a scale that is zero but for rounding is 1.
type Scale struct {
	Method Scaling `yaml:"method" short:"true" required:"true" doc:"How: standard (mean 0, deviation 1), min_max (0 to 1), max_abs (largest magnitude 1), robust (median 0, interquartile range 1)."`
}

// A Scaling names a rule for the range of a number.
type Scaling string

const (
	None     Scaling = "none"     // the number itself
	Standard Scaling = "standard" // mean 0, standard deviation (ddof 0) 1
	MinMax   Scaling = "min_max"  // smallest 0, largest 1
	MaxAbs   Scaling = "max_abs"  // largest magnitude 1, zero stays zero
	Robust   Scaling = "robust"   // median 0, interquartile range 1
)

// Enum implements settings.Enum. A step of a chain always changes something.
func (Scaling) Enum() []string {
	return []string{string(Standard), string(MinMax), string(MaxAbs), string(Robust)}
}

// known says whether there is such a rule, but for None.
func (s Scaling) known() bool { return slices.Contains(s.Enum(), string(s)) }

// Fit implements Setting.
func (s *Scale) Fit(in *Input) (Fitter, error) {
	if s.Method == Standard {
		return &standardFit{in: in, moments: in.Moments()}, nil
	}
	done := func(a affine) (Fitted, error) {
		return scaling{s.Method, a.Center, a.Scale}, in.finite(a.Center, a.Scale)
	}
	if s.Method == Robust {
		order := in.Order()
		return Learned(func() (Fitted, error) { return done(robust(order)) }), nil
	}
	moments := in.Moments()
	return Learned(func() (Fitted, error) {
		if s.Method == MinMax {
			return done(minMax(moments.Range()))
		}
		return done(maxAbs(moments.Range()))
	}), nil
}

// standardFit sums up the distances from the mean in a pass of its own.
type standardFit struct {
	in      *Input
	moments *Moments
	begun   bool
	spread  deviations
}

// Again implements Passer.
func (f *standardFit) Again() bool {
	if f.begun {
		return false
	}
	f.begun = true
	f.spread.center = f.moments.Mean()
	return true
}

// Add implements Passer.
func (f *standardFit) Add(v *Values) error {
	for _, x := range v.Numbers {
		f.spread.add(x)
	}
	return nil
}

// Done implements Fitter.
func (f *standardFit) Done() (Fitted, error) {
	a := standard(f.spread.center, f.spread.variance(), f.spread.n)
	return scaling{Standard, a.Center, a.Scale}, f.in.finite(a.Center, a.Scale)
}

// A scaling is a scale that was learned.
type scaling struct {
	Scaling Scaling `json:"scaling"`
	Center  float64 `json:"center"`
	Scale   float64 `json:"scale"`
}

func (s scaling) check() error {
	if !s.Scaling.known() {
		return fmt.Errorf("unknown scaling %q", s.Scaling)
	}
	// JSON has no infinities, but a scale of zero makes one.
	if !(s.Scale > 0) || math.IsInf(1/s.Scale, 0) {
		return fmt.Errorf("the scale %v is not positive", s.Scale)
	}
	return nil
}

// Outputs implements Fitted.
func (scaling) Outputs() []Output { return nil }

// Apply implements Fitted.
func (s scaling) Apply(v *Values, out *Out) {
	for i, x := range v.Numbers {
		y := (x - s.Center) / s.Scale
		v.Numbers[i] = y
		if math.IsInf(float64(float32(y)), 0) {
			s.refuse(out, i, x)
		}
	}
}

// write implements writer.
func (s scaling) write(c *column, v *Values, out *Out, vectors []float32, stride int) {
	at := 0
	for r, x := range v.Numbers {
		y := float32((x - s.Center) / s.Scale)
		if y-y != 0 {
			switch {
			case out.failed(r):
			case x != x:
				c.refuse(out, r, x)
			default:
				s.refuse(out, r, x)
			}
			y = 0
		}
		vectors[at] = y
		at += stride
	}
}

// refuse says that a number lies too far away.
func (s scaling) refuse(out *Out, row int, x float64) {
	fix := "mend the value, or leave it empty where the table is made"
	if !out.filled {
		fix += " and write `impute: median`"
	}
	out.Fail(row, TooLarge, fmt.Sprintf("%v is too far from the rows that the scale was learned from (center %.6g, scale %.6g)", x, s.Center, s.Scale), fix)
}
