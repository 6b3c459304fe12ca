package feature

import (
	"encoding/json"
	"fmt"

	"pipe/base/exact"
)

func log1pKind() Kind {
	return Kind{
		Name:    "log1p",
		Version: 1,
		Doc:     "The logarithm of 1 + x, for amounts and counts, of which a few are far larger than the others. A number that is not above -1 is an error.",
		Takes:   Numbers,
		New:     func() Setting { return new(Log1p) },
		Read:    func(_ int, state json.RawMessage) (Fitted, error) { return Decode[Log1p](state) },
	}
}

// Log1p is the logarithm of 1 + x.
type Log1p struct{}

// Fit implements Setting.
func (s *Log1p) Fit(*Input) (Fitter, error) { return Fixed(*s), nil }

// Outputs implements Fitted.
func (Log1p) Outputs() []Output { return nil }

// Apply implements Fitted.
func (Log1p) Apply(v *Values, out *Out) {
	for i, x := range v.Numbers {
		if x <= -1 {
			out.Fail(i, "the number is not above -1, as log1p needs", fmt.Sprintf("%v is not above -1, as log1p needs", x),
				"mend the value, or put `clip: {min: 0}` before `log1p`")
		}
		v.Numbers[i] = exact.Log1p(x)
	}
}
