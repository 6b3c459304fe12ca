package feature

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"pipe/pipeline/settings"
)

func binKind() Kind {
	return Kind{
		Name:    "bin",
		Version: 1,
		Doc:     "Cut the range of numbers into bins. A number beyond those of training is in the first or the last one. A missing number is a bin of its own if there was one in training, of one_hot; an index stays missing.",
		Takes:   Numbers,
		New:     func() Setting { return new(Bin) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			f, err := Decode[binned](state)
			if err != nil {
				return nil, err
			}
			return f, f.check()
		},
	}
}

// A Bin cuts the range of numbers into bins.
type Bin struct {
	Count  *int      `yaml:"count" short:"true" min:"2" max:"4096" doc:"How many bins, 5 by default. Those that would be empty are left out."`
	By     Binning   `yaml:"by" default:"quantile" enum:"quantile,uniform" doc:"Bins that share the rows equally (quantile), each wider than 1e-8, or that are equally wide (uniform). For a column in smaller units put scale: standard before."`
	Edges  []float64 `yaml:"edges" doc:"Where the bins end, in place of count: [18, 65] makes three, of which the second begins with 18."`
	Output BinOutput `yaml:"output" default:"one_hot" enum:"one_hot,ordinal" doc:"What becomes of them: a feature for each, 1 where the number is in it (one_hot), or one number, the index of the bin (ordinal)."`
}

// Binning is how the edges of bins are chosen.
type Binning string

const (
	ByQuantile Binning = "quantile"
	ByWidth    Binning = "uniform"
)

// BinOutput is what becomes of bins.
type BinOutput string

const (
	BinOneHot  BinOutput = "one_hot"
	BinOrdinal BinOutput = "ordinal"
)

// gives is the form that numbers become.
func (b BinOutput) gives() Form {
	if b == BinOrdinal {
		return Numbers
	}
	return Features
}

// Gives implements Giver.
func (s *Bin) Gives() Form { return s.Output.gives() }

// Validate finds settings that contradict each other.
func (s *Bin) Validate() error {
	switch {
	case s.Edges == nil:
		return nil
	case s.Count != nil:
		return &settings.FieldError{Field: "count", Err: errors.New("edges say how many bins there are"), Todo: "remove `count` or `edges`"}
	case s.By == ByWidth:
		return &settings.FieldError{Field: "by", Err: errors.New("edges say where the bins are"), Todo: "remove `by` or `edges`"}
	case len(s.Edges) == 0:
		return settings.FieldErrorf("edges", "there is none, so that all numbers are in one bin")
	}
	for i, e := range s.Edges {
		if math.IsNaN(e) || math.IsInf(e, 0) {
			return settings.FieldErrorf("edges", "%v is no edge", e)
		}
		if i > 0 && e <= s.Edges[i-1] {
			return settings.FieldErrorf("edges", "%v is not above the edge before it", e)
		}
	}
	return nil
}

// Fit implements Setting.
func (s *Bin) Fit(in *Input) (Fitter, error) {
	f := binned{Output: s.Output}
	if f.Output == "" {
		f.Output = BinOneHot
	}
	count := 5
	if s.Count != nil {
		count = *s.Count
	}
	moments := in.Moments()
	done := func(edges []float64, narrow int) (Fitted, error) {
		f.Edges, f.Missing = edges, f.Output == BinOneHot && moments.Missing() > 0
		switch n := len(edges) + 1; {
		case narrow > 0:
			in.remarkAlways(fmt.Sprintf("only %d of %d bins are left, since %d would not be wider than %v", n, count, narrow, narrowest),
				"put `scale: standard` before `bin`, or write `edges` of your own")
		case n < count && s.Edges == nil:
			in.Remark(fmt.Sprintf("only %d of %d bins are left, since too many rows have the same value", n, count),
				"write a smaller `count`, `by: uniform`, or `edges` of your own")
		}
		return f, in.finite(edges...)
	}
	switch {
	case s.Edges != nil:
		return Learned(func() (Fitted, error) { return done(s.Edges, 0) }), nil
	case s.By == ByWidth:
		return Learned(func() (Fitted, error) {
			least, most := moments.Range()
			if least == most {
				return done(nil, 0)
			}
			return done(evenEdges(least, most, count), 0)
		}), nil
	}
	order := in.Order()
	return Learned(func() (Fitted, error) {
		least, most := moments.Range()
		if least == most {
			return done(nil, 0)
		}
		return done(sharedEdges(order, count))
	}), nil
}

// evenEdges are those between bins of equal width, rounded as those of numpy.
func evenEdges(least, most float64, count int) []float64 {
	var edges []float64
	step := (most - least) / float64(count)
	for i := 1; i < count; i++ {
		if e := least + float64(float64(i)*step); len(edges) == 0 || e > edges[len(edges)-1] {
			edges = append(edges, e)
		}
	}
	return edges
}

// narrowest is the width that a bin must exceed, as in scikit-learn.
const narrowest = 1e-8

// sharedEdges are those between bins that share the rows equally. Some are left out
// since two of them are equal but for rounding, and others, which are counted, for
// narrowest alone.
func sharedEdges(order *Order, count int) (edges []float64, narrow int) {
	n := order.len()
	places := make([]int64, 0, 2*count+2)
	for i := range count + 1 {
		q := float64(float64(i)*(100/float64(count))) / 100
		if i == count {
			q = 1
		}
		at := float64(float64(n)*q) - 1 // the averaged inverse of the distribution
		place := min(max(int64(math.Floor(at)), 0), n-1)
		next := min(place+1, n-1)
		switch {
		case at < 0:
			next = place
		case at >= float64(n-1):
			place, next = n-1, n-1
		case at != math.Floor(at):
			place = next
		}
		places = append(places, place, next)
	}
	values := order.atAll(places)
	last, width := 0.0, values[len(values)-1]-values[0]
	for i := range count + 1 {
		a, b := values[2*i], values[2*i+1]
		e := b - float64((b-a)*0.5)
		switch {
		case i == 0 || e-last > narrowest:
			edges = append(edges, e)
		case e-last > max(narrowest*width, 16*epsilon*math.Abs(e)):
			narrow++
		}
		last = e
	}
	if len(edges) < 3 {
		return nil, narrow
	}
	return edges[1 : len(edges)-1], narrow
}

// binned are bins that were learned.
type binned struct {
	Output  BinOutput `json:"output"`
	Edges   []float64 `json:"edges"`
	Missing bool      `json:"missing,omitempty"` // of one_hot: the missing value is one more, after them
}

func (f binned) check() error {
	switch {
	case f.Output != BinOneHot && f.Output != BinOrdinal:
		return fmt.Errorf("unknown output %q", f.Output)
	case f.Output == BinOneHot && len(f.Edges) >= maxOneHot:
		return fmt.Errorf("%d edges, at most %d are possible", len(f.Edges), maxOneHot-1)
	case f.Output == BinOrdinal && f.Missing:
		return errors.New("the index of a bin cannot be missing")
	}
	for i := 1; i < len(f.Edges); i++ {
		if f.Edges[i] <= f.Edges[i-1] {
			return errors.New("the edges are not in order")
		}
	}
	return nil
}

// Gives implements Giver.
func (f binned) Gives() Form { return f.Output.gives() }

// Outputs implements Fitted.
func (f binned) Outputs() []Output {
	if f.Output == BinOrdinal {
		return nil
	}
	text := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	list := make([]Output, 0, len(f.Edges)+2)
	from := "(-inf"
	for _, e := range f.Edges {
		list = append(list, Output{Suffix: "=" + from + ", " + text(e) + ")"})
		from = "[" + text(e)
	}
	list = append(list, Output{Suffix: "=" + from + ", inf)"})
	if f.Missing {
		list = append(list, Output{Suffix: "=" + missingName})
	}
	return list
}

// Apply implements Fitted.
func (f binned) Apply(v *Values, out *Out) {
	for i, x := range v.Numbers {
		if x != x {
			switch {
			case f.Output == BinOrdinal:
			case f.Missing:
				out.Set(i, len(f.Edges)+1, 1)
			default:
				reason, _ := out.absent(i)
				out.Fail(i, reason, string(reason)+", and none was missing in training", "put `impute: median` before `bin`")
			}
			continue
		}
		at := f.at(x)
		if f.Output == BinOrdinal {
			v.Numbers[i] = float64(at)
		} else {
			out.Set(i, at, 1)
		}
	}
}

// at is the bin that a number is in: as many edges are not above it.
func (f *binned) at(x float64) int {
	if len(f.Edges) > 32 {
		at, _ := slices.BinarySearchFunc(f.Edges, x, func(e, x float64) int {
			if e <= x {
				return -1
			}
			return 1
		})
		return at
	}
	n := 0
	for _, e := range f.Edges {
		if e <= x {
			n++
		}
	}
	return n
}
