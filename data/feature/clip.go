package feature

import (
	"encoding/json"
	"errors"
	"math"

	"pipe/pipeline/settings"
)

func clipKind() Kind {
	return Kind{
		Name:    "clip",
		Version: 1,
		Doc:     "Put numbers that lie outside of a range at its nearer end.",
		Takes:   Numbers,
		New:     func() Setting { return new(Clip) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			s, err := Decode[Clip](state)
			if err != nil {
				return nil, err
			}
			return s, s.Validate()
		},
	}
}

// A Clip puts numbers into a range.
type Clip struct {
	Min *float64 `yaml:"min" json:"min,omitempty" doc:"The smallest number that is left as it is."`
	Max *float64 `yaml:"max" json:"max,omitempty" doc:"The largest number that is left as it is."`
}

// Validate finds ranges that are none.
func (s Clip) Validate() error {
	switch {
	case s.Min == nil && s.Max == nil:
		return &settings.FieldError{Err: errors.New("clip has neither min nor max"), Todo: "write `clip: {min: 0}`, or `max`, or both"}
	case s.Min != nil && s.Max != nil && *s.Min > *s.Max:
		return settings.FieldErrorf("min", "%v is more than max, %v", *s.Min, *s.Max)
	}
	return nil
}

// Fit implements Setting.
func (s *Clip) Fit(*Input) (Fitter, error) { return Fixed(*s), nil }

// Outputs implements Fitted.
func (Clip) Outputs() []Output { return nil }

// Apply implements Fitted. A number that is missing stays so.
func (s Clip) Apply(v *Values, _ *Out) {
	least, most := math.Inf(-1), math.Inf(1)
	if s.Min != nil {
		least = *s.Min
	}
	if s.Max != nil {
		most = *s.Max
	}
	for i, x := range v.Numbers {
		v.Numbers[i] = min(max(x, least), most)
	}
}
