package feature

import (
	"encoding/json"
	"fmt"
	"math"
)

func sqrtKind() Kind {
	return Kind{
		Name:    "sqrt",
		Version: 1,
		Doc:     "The square root, for counts. A number below 0 is an error.",
		Takes:   Numbers,
		New:     func() Setting { return new(Sqrt) },
		Read:    func(_ int, state json.RawMessage) (Fitted, error) { return Decode[Sqrt](state) },
	}
}

// Sqrt is the square root.
type Sqrt struct{}

// Fit implements Setting.
func (s *Sqrt) Fit(*Input) (Fitter, error) { return Fixed(*s), nil }

// Outputs implements Fitted.
func (Sqrt) Outputs() []Output { return nil }

// Apply implements Fitted.
func (Sqrt) Apply(v *Values, out *Out) {
	for i, x := range v.Numbers {
		if x < 0 {
			out.Fail(i, "the number is below 0, which has no square root", fmt.Sprintf("%v is below 0, which has no square root", x),
				"mend the value, or put `clip: {min: 0}` before `sqrt`")
		}
		v.Numbers[i] = math.Sqrt(x)
	}
}
