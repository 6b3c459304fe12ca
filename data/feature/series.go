package feature

import (
	"encoding/json"
	"errors"
	"fmt"

	"pipe/data/table"
	"pipe/data/tensor"
)

func seriesKind() Kind {
	return Kind{
		Name:    "series",
		Version: 1,
		Doc:     "An input of the steps of a series, each with one or several values, as `window` lists them. Each of the values is scaled for itself.",
		Takes:   Lists,
		Gives:   Features,
		New:     func() Setting { return new(Series) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			f, err := Decode[steps](state)
			if err != nil {
				return nil, err
			}
			return f, f.check()
		},
	}
}

// Series makes a series of lists of numbers.
type Series struct {
	Scale  string `yaml:"scale" default:"standard" enum:"standard,none" doc:"Whether each value of a step has mean 0 and deviation 1 (standard) or is as it is (none)."`
	Values int    `yaml:"values" min:"1" max:"32768" doc:"How many values a step has, for lists that do not say it themselves."`
}

// Fit implements Setting.
func (s *Series) Fit(in *Input) (Fitter, error) {
	f := &seriesFit{in: in, fitted: steps{Shape: []int{in.Shape[0], 1}}, scale: s.Scale != string(None)}
	if len(in.Shape) == 2 {
		f.fitted.Shape[1] = in.Shape[1]
	}
	const write = "write `[series: {values: 2}]` for two values in each step"
	switch ragged := in.Shape[0] == tensor.Ragged; {
	case len(in.Shape) > 2:
		return nil, in.Errorf("chain", "write `[image]` if these are pictures", "its lists have the shape %v, and a series has steps of values", in.Shape)
	case s.Values == 0:
	case ragged && s.Values > 1:
		return nil, in.Errorf("chain", "make all lists of one length where the table is made", "its rows have different numbers of elements, and only such with one value in each step can be told apart")
	case !ragged && tensor.Width(in.Shape)%s.Values != 0:
		return nil, in.Errorf("chain", write, "%d elements are no steps of %d values", tensor.Width(in.Shape), s.Values)
	case !ragged:
		f.fitted.Shape = []int{tensor.Width(in.Shape) / s.Values, s.Values}
	}
	values := f.fitted.Shape[1]
	f.means, f.spreads = make([]moments, values), make([]deviations, values)
	if f.pass = unscaledSeries; f.scale {
		f.pass = meansOfSeries
	}
	return f, nil
}

// What a seriesFit is at.
const (
	meansOfSeries = iota + 1
	spreadsOfSeries
	unscaledSeries
)

// seriesFit finds the mean of each value in a pass, and the distances from it in
// another one.
type seriesFit struct {
	in      *Input
	fitted  steps
	scale   bool
	pass    int
	begun   bool
	means   []moments
	spreads []deviations
}

// Again implements Passer.
func (f *seriesFit) Again() bool {
	if f.pass == unscaledSeries {
		return false
	}
	if f.begun {
		f.pass++
	}
	f.begun = true
	if f.pass == spreadsOfSeries {
		for c := range f.spreads {
			if f.means[c].n > 0 {
				f.spreads[c].center = f.means[c].mean()
			}
		}
	}
	return f.pass < unscaledSeries
}

// Add implements Passer.
func (f *seriesFit) Add(v *Values) error {
	values := f.fitted.Shape[1]
	for i := range v.Lists.Len() {
		if c, x := i%values, v.Lists.At(i); f.pass == meansOfSeries {
			f.means[c].add(x)
		} else {
			f.spreads[c].add(x)
		}
	}
	return nil
}

// Done implements Fitter.
func (f *seriesFit) Done() (Fitted, error) {
	if !f.scale {
		return f.fitted, nil
	}
	for c := range f.spreads {
		a := affine{0, 1}
		if d := &f.spreads[c]; d.n > 0 {
			a = standard(d.center, d.variance(), d.n)
		}
		if err := f.in.finite(a.Center, a.Scale); err != nil {
			return nil, err
		}
		f.fitted.Scales = append(f.fitted.Scales, scaling{Standard, a.Center, a.Scale})
	}
	return f.fitted, nil
}

// steps are those of a series.
type steps struct {
	Shape  []int     `json:"shape"` // steps, values
	Scales []scaling `json:"scales,omitempty"`
}

func (f steps) check() error {
	if len(f.Shape) != 2 || f.Shape[1] < 1 || f.Shape[0] < 1 && f.Shape[0] != tensor.Ragged || len(f.Scales) > 0 && len(f.Scales) != f.Shape[1] {
		return errors.New("this is no series")
	}
	for _, s := range f.Scales {
		if err := s.check(); err != nil {
			return err
		}
	}
	return nil
}

// Outputs implements Fitted.
func (steps) Outputs() []Output { return nil }

// Apply implements Fitted.
func (steps) Apply(*Values, *Out) {}

// Input implements Whole.
func (f steps) Input() table.Input {
	return table.Input{Kind: table.Series, Type: tensor.F32, Shape: f.Shape}
}

// Rows implements Whole.
func (f steps) Rows(v *Values, out *Out) tensor.Rows {
	width := f.Shape[1]
	if f.Shape[0] != tensor.Ragged {
		width *= f.Shape[0]
	}
	checkFinite(v, width, out)
	rows := tensor.Rows{F32: make([]float32, v.Lists.Len()), Ends: v.Lists.Ends}
	values := f.Shape[1]
	for i := range rows.F32 {
		x := v.Lists.At(i)
		if f.Scales != nil {
			s := &f.Scales[i%values]
			x = (x - s.Center) / s.Scale
		}
		y := float32(x)
		if y-y != 0 {
			row := v.rowOf(i, width)
			out.Fail(row, TooLarge, fmt.Sprintf("element %d of the list is too large for a float32", i-v.start(row, width)+1), "mend it where the table is made")
			y = 0
		}
		rows.F32[i] = y
	}
	return rows
}
