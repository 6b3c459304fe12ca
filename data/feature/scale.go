package feature

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"pipe/base/exact"
	"pipe/data/power"
	"pipe/pipeline/settings"
)

func scaleKind() Kind {
	return Kind{
		Name:    "scale",
		Version: 1,
		Doc:     "Change the range of numbers.",
		Takes:   Numbers,
		New:     func() Setting { return new(Scale) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			return readScale(state)
		},
	}
}

// readScale reads what a scale of any method has learned.
func readScale(state json.RawMessage) (Fitted, error) {
	var head struct{ Scaling Scaling }
	if err := json.Unmarshal(state, &head); err != nil {
		return nil, err
	}
	switch head.Scaling {
	case Quantile:
		f, err := Decode[ranking](state)
		if err != nil {
			return nil, err
		}
		return f.prepared(), f.check()
	case Power:
		f, err := Decode[powering](state)
		if err != nil {
			return nil, err
		}
		return f, f.check()
	}
	f, err := Decode[scaling](state)
	if err != nil {
		return nil, err
	}
	return f, f.check()
}

// A Scale says how the range of numbers is changed: to (x - center) / scale,
// where a scale that is zero but for rounding is 1, or by a curve.
type Scale struct {
	Method       Scaling      `yaml:"method" short:"true" required:"true" doc:"How: standard (mean 0, deviation 1), min_max (0 to 1), max_abs (largest magnitude 1), robust (median 0, interquartile range 1), quantile (the share of rows that have less, which takes any distribution to an even one), power (a power that makes the distribution as normal as it can, then mean 0, deviation 1)."`
	UnitVariance bool         `yaml:"unit_variance" default:"false" added:"true" doc:"Of robust: make the deviation 1, rather than the interquartile range, if the distribution is normal."`
	Quantiles    *int         `yaml:"n_quantiles" min:"2" max:"10000" added:"true" doc:"Of quantile: how many points of the distribution are learned, at most one for each row; 1000 by default."`
	Output       Distribution `yaml:"output" default:"uniform" enum:"uniform,normal" added:"true" doc:"Of quantile: what the distribution becomes, uniform (from 0 to 1) or normal (mean 0, deviation 1; within 5.2, which numbers within 1e-7 of the ends of the range become)."`
	Family       power.Family `yaml:"family" default:"yeo_johnson" enum:"yeo_johnson,box_cox" added:"true" doc:"Of power: yeo_johnson takes any number, box_cox only those above 0."`
}

// A Scaling names a rule for the range of a number.
type Scaling string

const (
	None     Scaling = "none"     // the number itself
	Standard Scaling = "standard" // mean 0, standard deviation (ddof 0) 1
	MinMax   Scaling = "min_max"  // smallest 0, largest 1
	MaxAbs   Scaling = "max_abs"  // largest magnitude 1, zero stays zero
	Robust   Scaling = "robust"   // median 0, interquartile range 1
	Quantile Scaling = "quantile" // the share of rows that have less
	Power    Scaling = "power"    // a power, then mean 0 and standard deviation 1
)

// Enum implements settings.Enum. A step of a chain always changes something.
func (Scaling) Enum() []string {
	return []string{string(Standard), string(MinMax), string(MaxAbs), string(Robust), string(Quantile), string(Power)}
}

// known says whether there is such a rule, but for None.
func (s Scaling) known() bool { return slices.Contains(s.Enum(), string(s)) }

// affine says whether the rule is (x - center) / scale, for some center and scale.
func (s Scaling) affine() bool { return s.known() && s != Quantile && s != Power }

// Validate finds settings of another method.
func (s *Scale) Validate() error {
	wrong := func(field string, of Scaling) error {
		return &settings.FieldError{Field: field, Err: fmt.Errorf("it goes with `method: %s`, and this is %s", of, s.Method),
			Todo: fmt.Sprintf("remove it, or write `method: %s`", of)}
	}
	switch {
	case s.UnitVariance && s.Method != Robust:
		return wrong("unit_variance", Robust)
	case s.Quantiles != nil && s.Method != Quantile:
		return wrong("n_quantiles", Quantile)
	case s.Output == Normal && s.Method != Quantile:
		return wrong("output", Quantile)
	case s.Family == power.BoxCox && s.Method != Power:
		return wrong("family", Power)
	}
	return nil
}

// Fit implements Setting.
func (s *Scale) Fit(in *Input) (Fitter, error) {
	switch s.Method {
	case Standard:
		return &standardFit{in: in, moments: in.Moments()}, nil
	case Quantile:
		return s.fitQuantiles(in), nil
	case Power:
		return newPowerFit(in, cmp.Or(s.Family, power.YeoJohnson)), nil
	}
	done := func(a affine) (Fitted, error) {
		return scaling{s.Method, a.Center, a.Scale}, in.finite(a.Center, a.Scale)
	}
	if s.Method == Robust {
		order := in.Order()
		return Learned(func() (Fitted, error) {
			a := robust(order)
			if s.UnitVariance {
				a.Scale /= normalRange
			}
			return done(a)
		}), nil
	}
	moments := in.Moments()
	return Learned(func() (Fitted, error) {
		if s.Method == MinMax {
			return done(minMax(moments.Range()))
		}
		return done(maxAbs(moments.Range()))
	}), nil
}

// normalRange is the interquartile range of a standard normal distribution.
var normalRange = exact.NormalQuantile(0.75) - exact.NormalQuantile(0.25)

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
	f.spread.addAll(v.Numbers)
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
	if !s.Scaling.affine() {
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
