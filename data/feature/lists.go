package feature

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"pipe/data/table"
	"pipe/data/tensor"
)

// A Whole is a Fitted that makes an input of its own of a column of lists: elements
// that have no names, in the type that they have in the table.
type Whole interface {
	Fitted
	// Input is what the data set has, but for its name, which is that of the column.
	Input() table.Input
	// Rows gives what the input holds of some rows. It may share the memory of v.
	Rows(v *Values, out *Out) tensor.Rows
}

// lists is the chain of a column of lists for which nobody has said what it is.
func (c Column) lists(of tensor.Type, shape []int, shows table.InputKind, kinds []Kind) (chain, error) {
	if c.Impute != nil || c.Indicator || c.Scale != "" || c.Encode != nil {
		return chain{}, c.wrong("", "write `[image]`, `[series]`, `[tokens]` or `[vector]`", "it holds a list in each row, which has no other settings")
	}
	if c.Chain != nil {
		return chainOf(c, kinds)
	}
	var kind Kind
	switch many := len(shape) > 1; {
	case shows == table.Series:
		kind = seriesKind()
	case many && of != tensor.I32:
		kind = imageKind()
	case !many && of == tensor.I32:
		kind = tokensKind()
	case !many && of == tensor.F32 && shape[0] != tensor.Ragged:
		kind = vectorKind()
	case !many && of == tensor.F32:
		return chain{}, c.wrong("", fmt.Sprintf("make them equally long where the table is made for a feature each; write `%s: [series]` if they are steps in time", c.Name),
			"its rows have different numbers of elements")
	default:
		return chain{}, c.wrong("", fmt.Sprintf("write `%s: [image: [28, 28]]` for pictures of 28 by 28 levels, `%[1]s: [series]` for steps in time, `%[1]s: [tokens]` for the ids of words, `%[1]s: [vector]` for a feature each", c.Name),
			"its lists of %s may be pictures, tokens or numbers", of)
	}
	return chain{column: c.Name, uses: []use{{&kind, kind.New()}}}, nil
}

// channelsFirst puts the levels of each channel side by side.
func channelsFirst[E any](in []E, shape []int) []E {
	out := make([]E, 0, len(in))
	channels, size := shape[0], shape[1]*shape[2]
	for ; len(in) >= channels*size; in = in[channels*size:] {
		for c := range channels {
			for i := range size {
				out = append(out, in[i*channels+c])
			}
		}
	}
	return out
}

// checkFinite refuses rows with decimal numbers that are none.
func checkFinite(v *Values, width int, out *Out) {
	for i, x := range v.Lists.F32 {
		if x-x != 0 {
			row := v.rowOf(i, width)
			out.Fail(row, Infinite, fmt.Sprintf("element %d of the list is %v", i-v.start(row, width)+1, x), "mend it where the table is made")
		}
	}
}

// rowOf is the row whose list an element is in.
func (v *Values) rowOf(i, width int) int {
	if v.Lists.Ends == nil {
		return i / max(1, width)
	}
	row, _ := slices.BinarySearch(v.Lists.Ends, i+1)
	return row
}

// start is where the list of a row begins.
func (v *Values) start(row, width int) int {
	from, _ := v.Lists.Row(row, width)
	return from
}

func tokensKind() Kind {
	return Kind{
		Name:    "tokens",
		Version: 1,
		Doc:     "An input of the ids of words or other pieces, for an embedding. Rows may have different numbers of them.",
		Takes:   Lists,
		Gives:   Features,
		New:     func() Setting { return new(Tokens) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			f, err := Decode[ids](state)
			if err == nil && (len(f.Shape) != 1 || f.Type == tensor.F32) {
				err = errors.New("these are no tokens")
			}
			return f, err
		},
	}
}

// Tokens makes ids of lists of integers.
type Tokens struct{}

// Fit implements Setting.
func (*Tokens) Fit(in *Input) (Fitter, error) {
	if in.Of == tensor.F32 {
		return nil, in.Errorf("chain", "write `[vector]`, or make integers of them where the table is made", "its elements are decimal numbers, which are no ids")
	}
	width := in.Shape[0]
	if width != tensor.Ragged {
		width = tensor.Width(in.Shape)
	}
	return Fixed(ids{Type: in.Of, Shape: []int{width}}), nil
}

type ids struct {
	Type  tensor.Type `json:"type"`
	Shape []int       `json:"shape"`
}

// Outputs implements Fitted.
func (ids) Outputs() []Output { return nil }

// Apply implements Fitted.
func (ids) Apply(*Values, *Out) {}

// Input implements Whole.
func (f ids) Input() table.Input {
	return table.Input{Kind: table.Tokens, Type: f.Type, Shape: f.Shape}
}

// Rows implements Whole.
func (f ids) Rows(v *Values, out *Out) tensor.Rows { return v.Lists }

func vectorKind() Kind {
	return Kind{
		Name:    "vector",
		Version: 1,
		Doc:     "A feature for each element of a list, as it is: an embedding that was computed before, or levels without a place.",
		Takes:   Lists,
		Gives:   Features,
		New:     func() Setting { return new(Vector) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			f, err := Decode[elements](state)
			if err == nil && (f.Width < 1 || f.Width > maxFeatures) {
				err = fmt.Errorf("%d elements", f.Width)
			}
			return f, err
		},
	}
}

// Vector makes features of the elements of lists.
type Vector struct{}

// Fit implements Setting.
func (*Vector) Fit(in *Input) (Fitter, error) {
	width := tensor.Width(in.Shape)
	switch {
	case in.Shape[0] == tensor.Ragged:
		return nil, in.Errorf("chain", "make them equally long where the table is made", "its rows have different numbers of elements")
	case width > maxFeatures:
		return nil, in.Errorf("chain", "make fewer of them where the table is made", "%d features, at most %d are possible", width, maxFeatures)
	}
	return Fixed(elements{width}), nil
}

type elements struct {
	Width int `json:"width"`
}

// Outputs implements Fitted.
func (f elements) Outputs() []Output {
	list := make([]Output, f.Width)
	for i := range list {
		list[i].Suffix = fmt.Sprintf("[%d]", i)
	}
	return list
}

// Apply implements Fitted.
func (f elements) Apply(v *Values, out *Out) {
	checkFinite(v, f.Width, out)
	if v.Lists.Len() != v.Len()*f.Width {
		for row := range v.Len() {
			out.Fail(row, OtherLength, string(OtherLength), "")
		}
		return
	}
	for row := range v.Len() {
		for i := range f.Width {
			x := float32(v.Lists.At(row*f.Width + i))
			if math.IsNaN(float64(x)) {
				x = 0
			}
			out.Set(row, i, x)
		}
	}
}
