package feature

import (
	"fmt"
	"math"
	"slices"

	"pipe/data/leak"
	"pipe/data/order"
	"pipe/data/table"
	"pipe/data/tensor"
)

// An Input is a column that a transform learns from: its values as the
// transforms before it in the chain have made them. Statistics that are asked
// for in Setting.Fit are gathered once for all who ask, and have values when
// Fitter.Done or Passer.Again is called.
type Input struct {
	Name string // of the column
	Type string // of the column, by table.TypeName
	Form Form   // of the values: one of those that the kind takes

	// Of lists the type of the elements, and the shape of a row, as table.ShapeOf
	// gives them.
	Of    tensor.Type
	Shape []int

	stats   *statistics
	ordered bool    // Order was asked for
	filler  filling // puts a value in place of those that the statistics lack
	doubt   string  // why it was read as text though nearly all values are of another type
	remarks *[]Remark
	targets *Targets
	scratch *scratch

	besideType string // of the column that a Beside looks at
	open       bool   // missing values stay so, and are none that anything is to be made of
}

// A filling is a Fitter of a transform that puts one value in place of all that
// are missing, and does nothing else. The statistics behind it are those before
// it and the value, so that both need one pass.
type filling interface {
	Fitter
	fill() fill   // known after Done
	always() bool // there is a fill whatever the values are
}

// statistics are what one pass over the values of a column tells.
type statistics struct {
	moments *moments
	order   *order.Column // of the numbers that are there
	absent  int64         // numbers that are not
	counter *counter
	ready   bool

	centered bool    // the median is wanted
	middle   *nearby // of which it will be found, if the order is not wanted
	again    bool    // all but the order was gathered by a pass before

	numbers *order.Store
	failed  error // in finding out what the order tells
}

// wanted says whether anybody asked for any.
func (s *statistics) wanted() bool {
	return s.moments != nil || s.order != nil || s.centered || s.counter != nil
}

// take gathers what was seen in the next rows, and says whether it can hold that.
func (s *statistics) take(seen *seen) (ok bool, err error) {
	if err := s.keep(seen); err != nil || s.again {
		return true, err
	}
	if m := s.moments; m != nil {
		m.addAll(seen.values.Numbers)
	}
	return s.counter == nil || s.counter.take(seen.counts), nil
}

// behind is the same column behind a filling.
func (in *Input) behind(f filling) *Input {
	next := *in
	next.filler, next.ordered = f, false
	return &next
}

// filled is the value in place of missing ones, if there is one.
func (in *Input) filled() (fill, bool) {
	if in.filler == nil {
		return fill{}, false
	}
	return in.filler.fill(), true
}

// Moments asks for the moments of the numbers.
func (in *Input) Moments() *Moments {
	if in.stats.moments == nil {
		in.stats.moments = new(moments)
	}
	return &Moments{in}
}

// Moments are what sums over a column of numbers tell. Missing ones do not count.
type Moments struct{ in *Input }

func (m *Moments) value() moments {
	if f, ok := m.in.filled(); ok {
		return m.in.stats.moments.filled(*f.Number)
	}
	return *m.in.stats.moments
}

// Count is the number of values.
func (m *Moments) Count() int64 { v := m.value(); return v.n }

// single says whether some category is that of one row: then there are others that no
// row has, and to meet them later is nothing to tell (A. Turing, I. J. Good).
func (f *Frequencies) single() bool { return slices.Contains(f.counter().counts, 1) }

// Missing is the number of rows that have none, and for which there is to be something.
func (m *Moments) Missing() int64 {
	if v := m.value(); !m.in.open {
		return v.missing
	}
	return 0
}

// Mean is their mean, in compensated arithmetic.
func (m *Moments) Mean() float64 { v := m.value(); return v.mean() }

// Range gives the smallest and the largest of them.
func (m *Moments) Range() (least, most float64) { v := m.value(); return v.min, v.max }

// Order asks for the order of the numbers.
func (in *Input) Order() *Order {
	if in.stats.order == nil {
		in.stats.order = in.stats.numbers.NewColumn()
	}
	in.ordered = true
	return &Order{in}
}

// Order is what the sorted values of a column of numbers tell. Missing ones do not
// count. It needs at least one value. The values are not in memory; if they cannot
// be read, what it says means nothing, and the fit fails.
type Order struct{ in *Input }

// at gives the value at a place, counted from 0, and len how many there are: with
// what was filled in at its place among the others.
func (o *Order) at(place int64) float64 {
	s := o.in.stats
	if f, ok := o.in.filled(); ok && s.absent > 0 {
		switch before := o.known(s.order.Below(*f.Number)); {
		case place >= before+s.absent:
			place -= s.absent
		case place >= before:
			return *f.Number
		}
	}
	x, err := s.order.At(place)
	o.known(0, err)
	return x
}

func (o *Order) len() int64 {
	if _, ok := o.in.filled(); ok {
		return o.in.stats.order.Len() + o.in.stats.absent
	}
	return o.in.stats.order.Len()
}

// known keeps the error that makes the fit fail.
func (o *Order) known(n int64, err error) int64 {
	if err != nil {
		o.in.stats.failed = err
	}
	return n
}

// Median is the value in the middle, or the mean of the two there.
func (o *Order) Median() float64 {
	n := o.len()
	return median(o.at((n-1)/2), o.at(n/2))
}

// Quantile is the value below which the share q of the values lies, by linear
// interpolation as numpy has it.
func (o *Order) Quantile(q float64) float64 { return quantile(o.at, o.len(), q) }

// Rows is how many rows there are, missing values included.
func (o *Order) Rows() int64 { return o.in.stats.order.Len() + o.in.stats.absent }

// Quantiles are those of shares that do not fall, in about the time of one pass over
// the values.
func (o *Order) Quantiles(shares []float64) []float64 {
	n := o.len()
	var places []int64
	for _, q := range shares {
		a, b, _ := between(n, q)
		places = append(places, a, b)
	}
	values := o.atAll(places)
	list := make([]float64, len(shares))
	for i, q := range shares {
		at := func(place int64) float64 {
			if place == places[2*i] {
				return values[2*i]
			}
			return values[2*i+1]
		}
		list[i] = quantile(at, n, q)
	}
	return list
}

// atAll gives the values at places, which may not fall by more than one.
func (o *Order) atAll(places []int64) []float64 {
	s := o.in.stats
	sorted := slices.Sorted(slices.Values(places))
	sorted = slices.Compact(sorted)
	found := make([]float64, len(sorted))
	var fill float64
	var before, with int64 // how many are before those that were filled in, and how many these are
	if f, ok := o.in.filled(); ok && s.absent > 0 {
		fill, with = *f.Number, s.absent
		before = o.known(s.order.Below(fill))
	}
	next, seen := 0, int64(0)
	visit := func(x float64, until int64) {
		for next < len(sorted) && sorted[next] < until {
			found[next] = x
			next++
		}
	}
	o.known(0, s.order.Each(func(key uint64, n int64) {
		if with > 0 && seen == before {
			seen += with
			visit(fill, seen)
		}
		seen += n
		visit(order.Number(key), seen)
	}))
	visit(fill, math.MaxInt64) // behind all others
	list := make([]float64, len(places))
	for i, place := range places {
		at, _ := slices.BinarySearch(sorted, place)
		list[i] = found[at]
	}
	return list
}

// Mode is the most frequent value, the smallest of several.
func (o *Order) Mode() float64 {
	s := o.in.stats
	mode, most, err := s.order.Mode()
	o.known(0, err)
	f, ok := o.in.filled()
	if !ok || s.absent == 0 {
		return mode
	}
	fill := *f.Number
	n := s.absent + o.known(s.order.Below(math.Nextafter(fill, math.Inf(1)))) - o.known(s.order.Below(fill))
	if n > most || n == most && fill < mode {
		return fill
	}
	return mode
}

// Frequencies asks for the frequencies of the categories.
func (in *Input) Frequencies() *Frequencies {
	if in.stats.counter == nil {
		in.stats.counter = newCounter(table.ClassNamed(in.Type) == table.ClassWhole)
	}
	return &Frequencies{in}
}

// Frequencies are how often each category of a column is there.
type Frequencies struct{ in *Input }

// counter has what was filled in as a category like the others.
func (f *Frequencies) counter() *counter {
	c := f.in.stats.counter
	if with, ok := f.in.filled(); ok {
		c.fill(*with.Text)
	}
	return c
}

// Sorted lists the categories: text by code point, integers by value.
func (f *Frequencies) Sorted() []string { return f.counter().sorted() }

// Of is the number of rows that have a category.
func (f *Frequencies) Of(category string) int64 { return f.counter().of(category) }

// Missing is the number of rows that have none, and for which there is to be something.
func (f *Frequencies) Missing() int64 {
	if f.in.open {
		return 0
	}
	return f.counter().missing
}

// Remark notes something about the column that is allowed but seldom meant, and
// what to write if it is not.
func (in *Input) Remark(msg, fix string) {
	*in.remarks = append(*in.remarks, Remark{Column: in.Name, Msg: msg, Fix: fix})
}

// remarkAlways is Remark for what is so in however few rows.
func (in *Input) remarkAlways(msg, fix string) {
	*in.remarks = append(*in.remarks, Remark{Column: in.Name, Msg: msg, Fix: fix, always: true})
}

// remarkKind is Remark of a kind that can be allowed.
func (in *Input) remarkKind(kind leak.Kind, msg, fix string) {
	*in.remarks = append(*in.remarks, Remark{Kind: kind, Column: in.Name, Msg: msg, Fix: fix})
}

// Errorf makes an error of a setting that does not go with the column. setting
// is the key it is written under, and fix says what to write instead.
func (in *Input) Errorf(setting, fix, format string, args ...any) error {
	return &SpecError{Column: in.Name, Setting: setting, Fix: fix, Msg: fmt.Sprintf(format, args...)}
}

// finite refuses learned numbers that are none.
func (in *Input) finite(numbers ...float64) error {
	for _, v := range numbers {
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return in.Errorf("scale", "divide the column by a power of ten where the table is made", "its values are too large to add up")
		}
	}
	return nil
}
