package feature

import (
	"encoding/json"
	"fmt"
	"math"
)

func roundKind() Kind {
	return Kind{
		Name:    "round",
		Version: 1,
		Doc:     "Round numbers to a number of digits after the point; halves go to the even neighbour.",
		Takes:   Numbers,
		New:     func() Setting { return new(Round) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			s, err := Decode[Round](state)
			if err == nil && (s.Digits < -15 || s.Digits > 15) {
				err = fmt.Errorf("%d digits", s.Digits)
			}
			return s, err
		},
	}
}

// A Round rounds numbers.
type Round struct {
	Digits int `yaml:"digits" json:"digits" short:"true" default:"0" min:"-15" max:"15" doc:"How many digits after the point: 0 for whole numbers, -3 for thousands."`
}

// Fit implements Setting.
func (s *Round) Fit(*Input) (Fitter, error) { return Fixed(*s), nil }

// Outputs implements Fitted.
func (Round) Outputs() []Output { return nil }

// Apply implements Fitted.
func (s Round) Apply(v *Values, _ *Out) {
	by := math.Pow10(max(s.Digits, -s.Digits))
	for i, x := range v.Numbers {
		var y float64
		if s.Digits < 0 {
			y = float64(math.RoundToEven(x/by) * by)
		} else {
			y = math.RoundToEven(float64(x*by)) / by
		}
		if !math.IsInf(y, 0) { // so large a number has no digits after the point
			v.Numbers[i] = y
		}
	}
}
