package feature

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"pipe/data/table"
	"pipe/data/tensor"
)

func embeddingIDsKind() Kind {
	return Kind{
		Name:    "embedding_ids",
		Version: 1,
		Doc:     "An input of one id for an embedding: 0 is a category that was not there in training or is too rare, and from 1 on the others come, first the missing value if there was any, then the most frequent ones.",
		Takes:   Texts,
		Gives:   Features,
		New:     func() Setting { return new(EmbeddingIDs) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			f, err := Decode[categoryIDs](state)
			if err != nil {
				return nil, err
			}
			f = f.prepared()
			return f, f.check()
		},
	}
}

// EmbeddingIDs numbers categories for an embedding.
type EmbeddingIDs struct {
	MinFrequency int `yaml:"min_frequency" default:"1" min:"1" doc:"Categories of fewer rows have the id 0."`
	MaxSize      int `yaml:"max_size" default:"0" min:"0" max:"1048577" doc:"How many ids there are at most, 0 counted: what an embedding has as its vocabulary. The most frequent categories are taken, of equals those that sort first. 0 is no limit."`
}

// Fit implements Setting.
func (s *EmbeddingIDs) Fit(in *Input) (Fitter, error) {
	f := in.Frequencies()
	return Learned(func() (Fitted, error) {
		least := int64(max(1, s.MinFrequency))
		out := categoryIDs{Missing: f.Missing() >= least}
		for _, name := range f.Sorted() {
			if f.Of(name) >= least {
				out.Categories = append(out.Categories, name)
			}
		}
		slices.SortStableFunc(out.Categories, func(a, b string) int { return cmp.Compare(f.Of(b), f.Of(a)) })
		if room := s.MaxSize - 1 - btoi(out.Missing); s.MaxSize > 0 && len(out.Categories) > room {
			out.Categories = out.Categories[:max(0, room)]
		}
		out.Rare = f.single() || len(out.Categories)+btoi(out.Missing) < len(f.Sorted())+btoi(f.Missing() > 0)
		if len(out.Categories) == 0 {
			return nil, in.Errorf("chain", "lower `min_frequency`, raise `max_size`, or leave the column out", "no category has an id of its own")
		}
		f.remarkIdentifier(len(out.Categories), "let rare values share the id 0: `embedding_ids: {min_frequency: 5}`")
		return out.prepared(), nil
	}), nil
}

type categoryIDs struct {
	Missing    bool     `json:"missing,omitempty"` // the missing value is the first
	Rare       bool     `json:"rare,omitempty"`    // some of training have the id 0, or one row: new ones are no wonder
	Categories []string `json:"categories"`        // from id 1 or 2 on

	ids map[string]int32
}

func (f categoryIDs) prepared() categoryIDs {
	f.ids = make(map[string]int32, len(f.Categories))
	for i, name := range f.Categories {
		f.ids[name] = int32(1 + btoi(f.Missing) + i)
	}
	return f
}

func (f *categoryIDs) check() error {
	switch n := len(f.Categories); {
	case n == 0 || n > maxDistinct:
		return fmt.Errorf("%d categories", n)
	case len(f.ids) != n:
		return errors.New("a category has two ids")
	}
	return nil
}

// Outputs implements Fitted.
func (categoryIDs) Outputs() []Output { return nil }

// Apply implements Fitted.
func (categoryIDs) Apply(*Values, *Out) {}

// Input implements Whole.
func (f categoryIDs) Input() table.Input {
	return table.Input{Kind: table.Tokens, Type: tensor.I32, Shape: []int{1}, Size: 1 + btoi(f.Missing) + len(f.Categories)}
}

// Rows implements Whole.
func (f categoryIDs) Rows(v *Values, out *Out) tensor.Rows {
	ids := make([]int32, v.Len())
	for row := range ids {
		text, there := v.Text(row)
		id, known := f.ids[text]
		switch {
		case there && known:
			ids[row] = id
		case !there && f.Missing:
			ids[row] = 1
		case !f.Rare:
			out.Unseen++
		}
	}
	return tensor.Rows{I32: ids}
}
