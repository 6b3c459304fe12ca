package feature

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"pipe/base/exact"
	"pipe/pipeline/settings"
)

func powKind() Kind {
	return Kind{
		Name:    "pow",
		Version: 1,
		Doc:     "A number to the power of an exponent. A number that has none, such as the root of one below 0, is an error.",
		Takes:   Numbers,
		New:     func() Setting { return new(Pow) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			s, err := Decode[Pow](state)
			if err != nil {
				return nil, err
			}
			return s, s.Validate()
		},
	}
}

// A Pow is a power with a given exponent.
type Pow struct {
	Exponent float64 `yaml:"exponent" json:"exponent" short:"true" required:"true" doc:"The exponent: 2 for squares, -1 for the inverse."`
}

// Validate finds exponents that are none.
func (s Pow) Validate() error {
	switch {
	case math.IsNaN(s.Exponent) || math.IsInf(s.Exponent, 0):
		return settings.FieldErrorf("exponent", "%v is no exponent", s.Exponent)
	case s.Exponent == 0:
		return &settings.FieldError{Field: "exponent", Err: errors.New("with the exponent 0 every number becomes 1"), Todo: "write `pow: 2`"}
	}
	return nil
}

// Fit implements Setting.
func (s *Pow) Fit(*Input) (Fitter, error) { return Fixed(*s), nil }

// Outputs implements Fitted.
func (Pow) Outputs() []Output { return nil }

// Apply implements Fitted.
func (s Pow) Apply(v *Values, out *Out) {
	if s.Exponent == 2 {
		for i, x := range v.Numbers {
			v.Numbers[i] = float64(x * x)
			if math.IsInf(v.Numbers[i], 0) {
				s.refuse(out, i, x)
			}
		}
		return
	}
	for i, x := range v.Numbers {
		y := exact.Pow(x, s.Exponent)
		v.Numbers[i] = y
		if y-y != 0 && x == x {
			s.refuse(out, i, x)
		}
	}
}

func (s Pow) refuse(out *Out, row int, x float64) {
	out.Fail(row, "the number has no such power", fmt.Sprintf("%v to the power of %v is no number", x, s.Exponent),
		"mend the value, or put `clip` before `pow`")
}
