package feature_test

import (
	"encoding/json"
	"errors"
	"slices"

	"pipe/data/feature"
)

func binsKind() feature.Kind {
	return feature.Kind{
		Name:    "bins",
		Version: 1,
		Doc:     "The index of the bin that a number is in, of bins that share the rows equally.",
		Takes:   feature.Numbers,
		New:     func() feature.Setting { return new(bins) },
		Read: func(_ int, state json.RawMessage) (feature.Fitted, error) {
			e, err := feature.Decode[edges](state)
			if err == nil && !slices.IsSorted(e.Edges) {
				err = errors.New("the edges are not in order")
			}
			return e, err
		},
	}
}

// bins are the settings. Their tags say all that there is to say of them.
type bins struct {
	Count int `yaml:"count" short:"true" default:"10" min:"2" max:"1000" doc:"How many bins."`
}

// Fit says what it needs to know of the column, and what it makes of it.
func (s *bins) Fit(in *feature.Input) (feature.Fitter, error) {
	order := in.Order()
	return feature.Learned(func() (feature.Fitted, error) {
		var e edges
		for i := 1; i < s.Count; i++ {
			e.Edges = append(e.Edges, order.Quantile(float64(i)/float64(s.Count)))
		}
		return e, nil
	}), nil
}

// edges are what was learned, as they are stored.
type edges struct {
	Edges []float64 `json:"edges"`
}

func (edges) Outputs() []feature.Output { return nil }

func (e edges) Apply(v *feature.Values, _ *feature.Out) {
	for row, x := range v.Numbers {
		if x == x { // NaN is missing, and stays so
			at, _ := slices.BinarySearch(e.Edges, x)
			v.Numbers[row] = float64(at)
		}
	}
}
