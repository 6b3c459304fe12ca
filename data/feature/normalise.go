package feature

import (
	"encoding/json"
	"fmt"
	"slices"

	"pipe/data/token"
)

func normaliseKind() Kind {
	return Kind{
		Name:    "normalise",
		Version: 1,
		Doc:     "Bring texts into one form: Unicode, case, accents, what stands for addresses, mentions and numbers, and blanks, in this order.",
		Takes:   Texts,
		New:     func() Setting { return new(Normalise) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			s, err := Decode[Normalise](state)
			if err != nil {
				return nil, err
			}
			return s, s.check()
		},
	}
}

// Normalise brings texts into one form.
type Normalise struct {
	Form     token.Form `yaml:"form" json:"form" default:"nfkc" doc:"The normal form of Unicode. nfkc also replaces characters that only look different, such as those of full width; none leaves texts as they are."`
	Case     token.Case `yaml:"case" json:"case" default:"lower" doc:"What becomes of upper case: lower, fold (for comparison: also ß becomes ss) or keep."`
	Accents  Accents    `yaml:"accents" json:"accents" default:"keep" doc:"Whether accents and other characters that combine with a letter are stripped."`
	URLs     string     `yaml:"urls" json:"urls,omitempty" default:"" doc:"What takes the place of each address (http://, https:// or www.). Empty leaves them; a space takes them out."`
	Mentions string     `yaml:"mentions" json:"mentions,omitempty" default:"" doc:"What takes the place of each @name. Empty leaves them."`
	Numbers  string     `yaml:"numbers" json:"numbers,omitempty" default:"" doc:"What takes the place of each number that is no part of a word, such as 3, 1,000 or 2.5. Empty leaves them."`
	Blanks   Blanks     `yaml:"blanks" json:"blanks" default:"collapse" doc:"Whether each run of blanks and control characters becomes one space, and none at the ends."`
}

// Accents says what becomes of accents.
type Accents string

// Enum implements settings.Enum.
func (Accents) Enum() []string { return []string{"keep", "strip"} }

// Blanks says what becomes of runs of blanks.
type Blanks string

// Enum implements settings.Enum.
func (Blanks) Enum() []string { return []string{"collapse", "keep"} }

func (s Normalise) check() error {
	for _, c := range []struct {
		value string
		known []string
	}{{string(s.Form), s.Form.Enum()}, {string(s.Case), s.Case.Enum()}, {string(s.Accents), s.Accents.Enum()}, {string(s.Blanks), s.Blanks.Enum()}} {
		if !slices.Contains(c.known, c.value) {
			return fmt.Errorf("normalise knows no %.20q", c.value)
		}
	}
	return nil
}

// Fit implements Setting.
func (s *Normalise) Fit(*Input) (Fitter, error) { return Fixed(*s), nil }

// Outputs implements Fitted.
func (Normalise) Outputs() []Output { return nil }

// Apply implements Fitted. A text that is missing stays so.
func (s Normalise) Apply(v *Values, _ *Out) {
	n := token.Normaliser{Form: s.Form, Case: s.Case, Strip: s.Accents == "strip", URLs: s.URLs, Names: s.Mentions, Digits: s.Numbers, Blanks: s.Blanks == "collapse"}
	for i, text := range v.Texts {
		if v.Valid == nil || v.Valid[i] {
			v.Texts[i] = n.Normal(text)
		}
	}
}
