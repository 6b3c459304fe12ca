package feature

import "encoding/json"

func indicatorKind() Kind {
	return Kind{
		Name:    "indicator",
		Version: 1,
		Doc:     "Add a feature that is 1 where the value is missing. It comes before impute, which leaves no value missing.",
		Takes:   Numbers | Texts | Times,
		New:     func() Setting { return new(Indicator) },
		Read:    func(_ int, state json.RawMessage) (Fitted, error) { return Decode[missingness](state) },
	}
}

// An Indicator adds a feature that is 1 where the value is missing.
type Indicator struct{}

// Fit implements Setting.
func (*Indicator) Fit(*Input) (Fitter, error) { return Fixed(missingness{}), nil }

type missingness struct{}

func (missingness) keeps() {}

// Outputs implements Fitted.
func (missingness) Outputs() []Output { return []Output{{Suffix: "=" + missingName}} }

// Apply implements Fitted.
func (missingness) Apply(v *Values, out *Out) {
	for i, x := range v.Numbers {
		if x != x {
			out.Set(i, 0, 1)
		}
	}
	for i, ok := range v.Valid {
		if !ok {
			out.Set(i, 0, 1)
		}
	}
}
