package feature

import "encoding/json"

func ordinalKind() Kind {
	return Kind{
		Name:    "ordinal",
		Version: 1,
		Doc:     "The index of the category in sorted order.",
		Takes:   Texts,
		Gives:   Numbers,
		New:     func() Setting { return new(Ordinal) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			v, err := Decode[vocabulary](state)
			if err != nil {
				return nil, err
			}
			return newOrdinal(v), v.check(nil)
		},
	}
}

// An Ordinal makes a number of each category.
type Ordinal struct {
	Unseen        Unseen  `yaml:"unseen" default:"error" enum:"error,ignore,infrequent" doc:"What becomes of a category that was not there in training: an error, -1 with a warning that counts such values (ignore), which a network takes for a number and an embedding for the first index, or the bucket of infrequent categories."`
	MinFrequency  float64 `yaml:"min_frequency" default:"0" min:"0" doc:"Rarer categories share one index, the last: a number of rows, or below 1 a fraction of them. 0 is no limit."`
	MaxCategories int     `yaml:"max_categories" default:"0" min:"0" doc:"At most so many indices; the rarest categories share the last one. 0 is no limit."`

	assumed bool // nobody asked for it: it is the default of text
}

func (s *Ordinal) rarity() rarity {
	r := rarity{s.Unseen, s.MinFrequency, s.MaxCategories}
	if r.unseen == "" {
		r.unseen = UnseenError // a code is a number like any other, whichever it is
	}
	return r
}

// Validate finds settings that contradict each other.
func (s *Ordinal) Validate() error {
	if p := s.problem(); p != nil {
		return AtField(p)
	}
	return nil
}

func (s *Ordinal) problem() *SpecError { return s.rarity().problem() }

// Fit implements Setting.
func (s *Ordinal) Fit(in *Input) (Fitter, error) {
	f := in.Frequencies()
	return Learned(func() (Fitted, error) {
		if err := in.checkStray(f, s.assumed); err != nil {
			return nil, err
		}
		return newOrdinal(learn(in, f, s.rarity())), nil
	}), nil
}

type ordinal struct {
	vocabulary
	codes *codes
}

func newOrdinal(v vocabulary) ordinal { return ordinal{v, newCodes(&v, "ordinal")} }

// Outputs implements Fitted.
func (ordinal) Outputs() []Output { return nil }

// Apply implements Fitted.
func (f ordinal) Apply(v *Values, out *Out) {
	from := *v
	v.BecomeNumbers()
	for r, text := range from.Texts {
		code, known := f.codes.byName[text]
		if !known || from.Valid != nil && !from.Valid[r] {
			code = f.codes.other(&from, out, r)
		}
		v.Numbers[r] = float64(code) // -1 for none
	}
}
