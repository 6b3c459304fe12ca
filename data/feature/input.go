package feature

import (
	"fmt"
	"math"
	"slices"

	"pipe/data/table"
)

// An Input is a column that a transform learns from: its values as the
// transforms before it in the chain have made them. Statistics that are asked
// for in Setting.Fit are gathered once for all who ask, and have values when
// Fitter.Done or Passer.Again is called.
type Input struct {
	Name string // of the column
	Type string // of the column, by table.TypeName
	Form Form   // of the values: one of those that the kind takes

	stats   *statistics
	ordered bool    // Order was asked for
	filler  filling // puts a value in place of those that the statistics lack
	doubt   string  // why it was read as text though nearly all values are of another type
	remarks *[]Remark
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
	values  *[]float64 // that are there; sorted when ready
	absent  int64      // that are not
	counter *counter
	ready   bool
}

// wanted says whether anybody asked for any.
func (s *statistics) wanted() bool { return s.moments != nil || s.values != nil || s.counter != nil }

// add gathers the values of some rows, and says whether it can go on.
func (s *statistics) add(v *Values) (ok bool) {
	if m := s.moments; m != nil {
		for _, x := range v.Numbers {
			m.add(x)
		}
	}
	if s.values != nil {
		values := *s.values
		for _, x := range v.Numbers {
			if math.IsNaN(x) {
				s.absent++
			} else {
				values = append(values, x+0) // no -0, which would sort anywhere among 0
			}
		}
		*s.values = values
	}
	return s.counter == nil || s.counter.add(v)
}

func (s *statistics) finish() {
	s.ready = true
	if s.values != nil {
		slices.Sort(*s.values)
	}
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

// Mean is their mean, in compensated arithmetic.
func (m *Moments) Mean() float64 { v := m.value(); return v.mean() }

// Range gives the smallest and the largest of them.
func (m *Moments) Range() (least, most float64) { v := m.value(); return v.min, v.max }

// Order asks for the order of the numbers, which takes eight bytes a row of
// memory while it is found out.
func (in *Input) Order() *Order {
	if in.stats.values == nil {
		in.stats.values = new([]float64)
	}
	in.ordered = true
	return &Order{in: in}
}

// Order is what the sorted values of a column of numbers tell. Missing ones do
// not count. It needs at least one value.
type Order struct {
	in     *Input
	sorted []float64 // once known
}

// Sorted gives the values in order. They must not be changed, nor kept after
// Fitter.Done.
func (o *Order) Sorted() []float64 {
	if o.sorted == nil {
		o.sorted = *o.in.stats.values
		if f, ok := o.in.filled(); ok {
			o.sorted = withFill(o.sorted, *f.Number, o.in.stats.absent)
		}
	}
	return o.sorted
}

// Quantile is the value below which the share q of the values lies, by linear
// interpolation as numpy has it.
func (o *Order) Quantile(q float64) float64 { return quantile(o.Sorted(), q) }

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
func (f *Frequencies) Of(category string) int64 { return f.counter().counts[category] }

// Missing is the number of rows that have none.
func (f *Frequencies) Missing() int64 { return f.counter().missing }

// Remark notes something about the column that is allowed but seldom meant, and
// what to write if it is not.
func (in *Input) Remark(msg, fix string) {
	*in.remarks = append(*in.remarks, Remark{Column: in.Name, Msg: msg, Fix: fix})
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
