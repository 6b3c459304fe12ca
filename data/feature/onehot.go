package feature

import (
	"encoding/json"
	"fmt"
)

// maxOneHot bounds the features of one column, far above what helps.
const maxOneHot = 4096

func oneHotKind() Kind {
	return Kind{
		Name:    "one_hot",
		Version: 1,
		Doc:     "A feature for each category, 1 where it is the value.",
		Takes:   Texts,
		Gives:   Features,
		New:     func() Setting { return new(OneHot) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			f, err := Decode[oneHot](state)
			if err != nil {
				return nil, err
			}
			return f.prepared(), f.check(nil)
		},
	}
}

// A OneHot makes a feature of each category.
type OneHot struct {
	Unseen        Unseen  `yaml:"unseen" default:"ignore" enum:"ignore,error,infrequent" doc:"What becomes of a category that was not there in training: all features 0 with a warning that counts such values (ignore), an error, or the bucket of infrequent categories. A row of predict for which it is an error has no prediction."`
	MinFrequency  float64 `yaml:"min_frequency" default:"0" min:"0" doc:"Rarer categories share one feature, the last: a number of rows, or below 1 a fraction of them. 0 is no limit."`
	MaxCategories int     `yaml:"max_categories" default:"0" min:"0" doc:"At most so many features; the rarest categories share the last one. 0 is no limit."`
	Drop          Drop    `yaml:"drop" default:"none" enum:"none,first,if_binary" doc:"Leave out the first feature, which the others imply: never, always, or if there are two."`

	assumed bool // nobody asked for it: it is what becomes of text
}

// Drop says which feature of a one-hot group is left out.
type Drop string

const (
	DropNone     Drop = "none" // also the meaning of empty
	DropFirst    Drop = "first"
	DropIfBinary Drop = "if_binary" // the first, if there are two
)

func (s *OneHot) rarity() rarity {
	r := rarity{s.Unseen, s.MinFrequency, s.MaxCategories}
	if r.unseen == "" {
		r.unseen = UnseenIgnore
	}
	return r
}

// Validate finds settings that contradict each other.
func (s *OneHot) Validate() error {
	if p := s.problem(); p != nil {
		return AtField(p)
	}
	return nil
}

func (s *OneHot) problem() *SpecError {
	if s.Drop != "" && s.Drop != DropNone && s.Drop != DropFirst && s.Drop != DropIfBinary {
		return &SpecError{Setting: "drop", Fix: "none, first or if_binary", Msg: fmt.Sprintf("unknown drop %q", s.Drop)}
	}
	return s.rarity().problem()
}

// Fit implements Setting.
func (s *OneHot) Fit(in *Input) (Fitter, error) {
	f := in.Frequencies()
	return Learned(func() (Fitted, error) {
		if err := in.checkStray(f, s.assumed); err != nil {
			return nil, err
		}
		out := &oneHot{vocabulary: learn(in, f, s.rarity())}
		n := out.count()
		in.remarkMany(out.vocabulary, n)
		out.DropFirst = s.Drop == DropFirst || s.Drop == DropIfBinary && n == 2
		if n > maxOneHot {
			return nil, in.Errorf("encode", fmt.Sprintf("write `%s: [target_encode]` or `[hash: 32]`, `{encode: {one_hot: {max_categories: 50, unseen: infrequent}}}`, or leave the column out if it is an identifier", in.Name),
				"%d categories would become %d features, at most %d are possible", n, n, maxOneHot)
		}
		return out.prepared(), nil
	}), nil
}

type oneHot struct {
	vocabulary
	DropFirst bool `json:"drop_first,omitempty"` // code 0 has no feature

	codes *codes
}

func (f oneHot) prepared() oneHot {
	f.codes = newCodes(&f.vocabulary, "one_hot")
	return f
}

// Outputs implements Fitted.
func (f oneHot) Outputs() []Output {
	names := f.codes.names[btoi(f.DropFirst):]
	list := make([]Output, len(names))
	for i, name := range names {
		list[i].Suffix = "=" + name
	}
	return list
}

// Apply implements Fitted.
func (f oneHot) Apply(v *Values, out *Out) {
	dropped, byName := btoi(f.DropFirst), f.codes.byName
	for r, text := range v.Texts {
		code, known := byName[text]
		if !known || v.Valid != nil && !v.Valid[r] {
			code = f.codes.other(v, out, r)
		}
		if at := code - dropped; at >= 0 {
			out.Set(r, at, 1)
		}
	}
}
