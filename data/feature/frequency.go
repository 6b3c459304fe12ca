package feature

import (
	"encoding/json"
	"errors"
	"slices"
)

func frequencyKind() Kind {
	return Kind{
		Name:    "frequency",
		Version: 1,
		Doc:     "How frequent the category was in training. One that was not there is 0; the missing value is a category of its own.",
		Takes:   Texts,
		Gives:   Numbers,
		New:     func() Setting { return new(Frequency) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			f, err := Decode[frequencies](state)
			if err != nil {
				return nil, err
			}
			f = f.prepared()
			return f, f.check()
		},
	}
}

// A Frequency puts the frequency of a category in its place.
type Frequency struct {
	As FrequencyUnit `yaml:"as" short:"true" default:"share" doc:"The share of the rows of training, from 0 to 1, or their count."`
}

// A FrequencyUnit is what frequencies are in.
type FrequencyUnit string

const (
	share FrequencyUnit = "share"
	count FrequencyUnit = "count"
)

// Enum implements settings.Enum.
func (FrequencyUnit) Enum() []string { return []string{string(share), string(count)} }

// Fit implements Setting.
func (s *Frequency) Fit(in *Input) (Fitter, error) {
	f := in.Frequencies()
	return Learned(func() (Fitted, error) {
		out := frequencies{Rare: f.single(), Unit: s.As, Categories: f.Sorted(), Missing: f.Missing()}
		for _, name := range out.Categories {
			out.Counts = append(out.Counts, f.Of(name))
		}
		f.remarkIdentifier(len(out.Categories), "")
		return out.prepared(), nil
	}), nil
}

type frequencies struct {
	Unit       FrequencyUnit `json:"unit"`
	Categories []string      `json:"categories"`
	Counts     []int64       `json:"counts"`
	Rare       bool          `json:"rare,omitempty"`    // some have one row, so new ones are no wonder
	Missing    int64         `json:"missing,omitempty"` // rows without a value

	numbers map[string]float64
	missing float64
}

func (f frequencies) prepared() frequencies {
	rows := 1.0
	if f.Unit != count {
		rows = float64(f.Missing)
		for _, n := range f.Counts {
			rows += float64(n)
		}
	}
	f.numbers = make(map[string]float64, len(f.Counts))
	for i, n := range f.Counts[:min(len(f.Counts), len(f.Categories))] {
		f.numbers[f.Categories[i]] = float64(n) / rows
	}
	f.missing = float64(f.Missing) / rows
	return f
}

func (f *frequencies) check() error {
	switch {
	case f.Unit != share && f.Unit != count:
		return errors.New("frequencies are neither shares nor counts")
	case len(f.Counts) != len(f.Categories) || len(f.numbers) != len(f.Categories):
		return errors.New("a category has no count, or several")
	case f.Missing < 0 || slices.ContainsFunc(f.Counts, func(n int64) bool { return n < 1 }) || len(f.Counts) == 0 && f.Missing == 0:
		return errors.New("nothing was counted")
	}
	return nil
}

// Outputs implements Fitted.
func (frequencies) Outputs() []Output { return nil }

// Apply implements Fitted.
func (f frequencies) Apply(v *Values, out *Out) {
	from := *v
	v.BecomeNumbers()
	for row := range v.Numbers {
		text, there := from.Text(row)
		number, known := f.missing, f.Missing > 0
		if there {
			number, known = f.numbers[text]
		}
		if v.Numbers[row] = number; !known && !f.Rare {
			out.unseen(row)
		}
	}
}
