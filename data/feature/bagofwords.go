package feature

import (
	"encoding/json"

	"pipe/data/table"
	"pipe/data/tensor"
	"pipe/data/token"
)

func bagOfWordsKind() Kind {
	return Kind{
		Name:    "bag_of_words",
		Version: 1,
		Doc:     "How often each word, or n-gram, of the training texts is in a text: an input of sparse vectors, which a dense layer takes.",
		Takes:   Texts,
		Gives:   Features,
		New:     func() Setting { return new(BagOfWords) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			f, err := Decode[bag](state)
			if err != nil {
				return nil, err
			}
			return f.fitted(), f.check()
		},
	}
}

// BagOfWords counts the n-grams of texts.
type BagOfWords struct {
	Grams
	Binary bool `yaml:"binary" default:"false" doc:"Whether it only counts that something is there, and not how often."`
}

// Fit implements Setting.
func (s *BagOfWords) Fit(in *Input) (Fitter, error) {
	return s.fit(in, "bag_of_words", func(v gramList, _ []token.Piece, _ int64) Fitted {
		return bag{gramList: v, Binary: s.Binary}.fitted()
	}), nil
}

// A bag is an input of counts.
type bag struct {
	gramList
	Binary bool `json:"binary,omitempty"`
}

func (f bag) fitted() Fitted {
	if f.gramList = f.prepared(); f.Dense {
		return denseBag{f}
	}
	return f
}

func (f bag) weigh(_ []int32, counts []float64) {
	for i := range counts {
		if f.Binary {
			counts[i] = 1
		}
	}
}

// Outputs implements Fitted.
func (bag) Outputs() []Output { return nil }

// Apply implements Fitted.
func (bag) Apply(*Values, *Out) {}

// Input implements Whole.
func (f bag) Input() table.Input { return f.input() }

// Rows implements Whole.
func (f bag) Rows(v *Values, _ *Out) tensor.Rows { return f.sparse(v, f.weigh) }

// A denseBag is features of counts.
type denseBag struct{ of bag }

// MarshalJSON writes what it is made of.
func (f denseBag) MarshalJSON() ([]byte, error) { return encode(f.of) }

// Outputs implements Fitted.
func (f denseBag) Outputs() []Output { return f.of.outputs() }

// Apply implements Fitted.
func (f denseBag) Apply(v *Values, out *Out) { f.of.dense(v, out, f.of.weigh) }
