package feature

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"pipe/pipeline/settings"
)

func outliersKind() Kind {
	return Kind{
		Name:    "outliers",
		Version: 1,
		Doc:     "Find numbers that are far from the others by a rule, and put them at the nearer end of the range, or take them for missing.",
		Takes:   Numbers,
		New:     func() Setting { return new(Outliers) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			f, err := Decode[fence](state)
			if err != nil {
				return nil, err
			}
			return f, f.check()
		},
	}
}

// Outliers says which numbers are far from the others, and what becomes of them.
type Outliers struct {
	Rule   OutlierRule `yaml:"rule" short:"true" default:"iqr" enum:"iqr,z_score,quantile" doc:"Which range is usual: the quartiles and width times their distance beyond (iqr), the mean and width times the deviation around it (z_score), or what lies between two quantiles (quantile)."`
	Width  *float64    `yaml:"width" doc:"How wide the range is: 1.5 by default for iqr, 3 for z_score."`
	Lower  *float64    `yaml:"lower" min:"0" max:"1" doc:"Of quantile: the share of the rows below the range, 0.01 by default."`
	Upper  *float64    `yaml:"upper" min:"0" max:"1" doc:"Of quantile: the share of the rows that are not above it, 0.99 by default."`
	Become OutlierFate `yaml:"become" default:"clip" enum:"clip,missing" doc:"What becomes of numbers beyond: the nearer end of the range (clip), or a missing value, for impute or indicator behind it (missing)."`
}

// An OutlierRule says which range is usual.
type OutlierRule string

const (
	ByIQR       OutlierRule = "iqr"
	ByZScore    OutlierRule = "z_score"
	ByQuantiles OutlierRule = "quantile"
)

// An OutlierFate is what becomes of numbers beyond the usual range.
type OutlierFate string

const (
	Clipped     OutlierFate = "clip"
	MadeMissing OutlierFate = "missing"
)

// Validate finds settings of another rule.
func (s *Outliers) Validate() error {
	byQuantiles := s.Rule == ByQuantiles
	lower, upper := s.shares()
	wrong := func(field, rule string) error {
		return &settings.FieldError{Field: field, Err: fmt.Errorf("it does not go with `rule: %s`", s.Rule), Todo: "remove it, or write `rule: " + rule + "`"}
	}
	switch {
	case byQuantiles && s.Width != nil:
		return wrong("width", string(ByIQR))
	case !byQuantiles && s.Lower != nil:
		return wrong("lower", string(ByQuantiles))
	case !byQuantiles && s.Upper != nil:
		return wrong("upper", string(ByQuantiles))
	case s.Width != nil && !(*s.Width > 0 && *s.Width <= math.MaxFloat64):
		return settings.FieldErrorf("width", "%v is not above 0", *s.Width)
	case byQuantiles && !(lower < upper):
		return settings.FieldErrorf("upper", "%v is not more than lower, %v", upper, lower)
	}
	return nil
}

// shares are those that the range of quantile is between.
func (s *Outliers) shares() (lower, upper float64) {
	lower, upper = 0.01, 0.99
	if s.Lower != nil {
		lower = *s.Lower
	}
	if s.Upper != nil {
		upper = *s.Upper
	}
	return lower, upper
}

// Fit implements Setting.
func (s *Outliers) Fit(in *Input) (Fitter, error) {
	width := 1.5
	if s.Rule == ByZScore {
		width = 3
	}
	if s.Width != nil {
		width = *s.Width
	}
	done := func(least, most float64) (Fitted, error) {
		f := fence{Become: s.Become, Min: least, Max: most}
		if f.Become == "" {
			f.Become = Clipped
		}
		return f, in.finite(least, most)
	}
	if s.Rule == ByZScore {
		return &zScoreFit{standardFit{in: in, moments: in.Moments()}, func(mean, deviation float64) (Fitted, error) {
			return done(mean-float64(width*deviation), mean+float64(width*deviation))
		}}, nil
	}
	order := in.Order()
	return Learned(func() (Fitted, error) {
		if s.Rule == ByQuantiles {
			lower, upper := s.shares()
			return done(order.Quantile(lower), order.Quantile(upper))
		}
		lower, upper := order.Quantile(0.25), order.Quantile(0.75)
		reach := float64(width * (upper - lower))
		return done(lower-reach, upper+reach)
	}), nil
}

// zScoreFit learns the mean and the deviation as the standard scale does, but for its
// rule for columns that are nearly constant.
type zScoreFit struct {
	standardFit
	done func(mean, deviation float64) (Fitted, error)
}

// Done implements Fitter.
func (f *zScoreFit) Done() (Fitted, error) {
	return f.done(f.spread.center, math.Sqrt(f.spread.variance()))
}

// A fence is the usual range of numbers, which has its ends.
type fence struct {
	Become OutlierFate `json:"become"`
	Min    float64     `json:"min"`
	Max    float64     `json:"max"`
}

func (f fence) check() error {
	switch {
	case f.Become != Clipped && f.Become != MadeMissing:
		return fmt.Errorf("unknown fate %q of outliers", f.Become)
	case f.Min > f.Max:
		return errors.New("the range of usual numbers ends before it begins")
	}
	return nil
}

// Outputs implements Fitted.
func (fence) Outputs() []Output { return nil }

// Apply implements Fitted.
func (f fence) Apply(v *Values, out *Out) {
	if f.Become == Clipped {
		for i, x := range v.Numbers {
			v.Numbers[i] = min(max(x, f.Min), f.Max)
		}
		return
	}
	for i, x := range v.Numbers {
		if x < f.Min || x > f.Max {
			v.Numbers[i] = math.NaN()
			out.lose(i)
		}
	}
}
