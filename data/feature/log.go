package feature

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"pipe/base/exact"
	"pipe/pipeline/settings"
)

func logKind() Kind {
	return Kind{
		Name:    "log",
		Version: 1,
		Doc:     "The logarithm of a number, to a base and with an offset that is added before. A number that is not above 0 then is an error.",
		Takes:   Numbers,
		New:     func() Setting { return new(Log) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			f, err := Decode[logarithm](state)
			if err != nil {
				return nil, err
			}
			return f, f.check()
		},
	}
}

// A Log is a logarithm.
type Log struct {
	Base   *float64 `yaml:"base" short:"true" doc:"The base: 2, 10 or another number above 1; without it the logarithm is the natural one."`
	Offset float64  `yaml:"offset" default:"0" doc:"Is added to the number before, such as 1 where there are zeros."`
}

// Validate finds bases that are none.
func (s *Log) Validate() error {
	if s.Base != nil && !(*s.Base > 1 && *s.Base <= math.MaxFloat64) {
		return &settings.FieldError{Field: "base", Err: fmt.Errorf("%v is not above 1", *s.Base), Todo: "write `log: 10`, or `log` for the natural logarithm"}
	}
	if math.IsNaN(s.Offset) || math.IsInf(s.Offset, 0) {
		return settings.FieldErrorf("offset", "%v is no number", s.Offset)
	}
	return nil
}

// Fit implements Setting.
func (s *Log) Fit(*Input) (Fitter, error) {
	f := logarithm{Offset: s.Offset}
	if s.Base != nil {
		f.Base = *s.Base
	}
	return Fixed(f), nil
}

type logarithm struct {
	Base   float64 `json:"base,omitempty"` // 0: the natural one
	Offset float64 `json:"offset,omitempty"`
}

func (f logarithm) check() error {
	if f.Base != 0 && !(f.Base > 1) {
		return errors.New("the base is not above 1")
	}
	return nil
}

// Outputs implements Fitted.
func (logarithm) Outputs() []Output { return nil }

// Apply implements Fitted.
func (f logarithm) Apply(v *Values, out *Out) {
	by := 1.0
	if f.Base != 0 {
		by = exact.Log(f.Base)
	}
	for i, x := range v.Numbers {
		y := x + f.Offset
		if y <= 0 {
			out.Fail(i, "the number is not above 0, as log needs", fmt.Sprintf("%v is not above 0, as log needs", y),
				"write `log1p` if there are zeros, or `log: {offset: 1}`, or mend the value")
			continue
		}
		switch f.Base {
		case 2:
			v.Numbers[i] = exact.Log2(y)
		case 10:
			v.Numbers[i] = exact.Log10(y)
		default:
			v.Numbers[i] = exact.Log(y) / by
		}
	}
}
