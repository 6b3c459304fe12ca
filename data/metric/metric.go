// Package metric computes the figures that say how good predictions are, with
// the definitions and edge cases of scikit-learn 1.5 (or, where it has none,
// as stated on the metric), and how certain those figures are.
//
// A metric is one Def: its computation with all that is to be known of it. All
// lists those of pipe. Every figure is computed over all rows at once, never
// averaged over batches. Rows may carry weights, with which all figures are the
// weighted ones of scikit-learn 1.9, and counts, which is how the bootstrap
// resamples without copying a row.
package metric

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"pipe/data/task"
)

// A Def is a metric: what it is, how its values are read, and its computation,
// which is exactly one of Cells, Classes and Values.
type Def struct {
	Name   string // as written in a pipeline: "macro_f1"
	Title  string // as printed for people: "Macro F1"
	Doc    string // definition in one line, with its range where that surprises
	Source string // where the formula is from: a function of scikit-learn, or a paper
	Goal   Goal
	Range  Range
	Unit   Unit
	// Interval is how an interval of it is found; empty: by the bootstrap.
	Interval Method
	// Tasks are those that it is for; none: all that its computation is for.
	Tasks []task.Kind
	// Of is what it looks at.
	Of Need
	// Positive says that, of two classes, it is about the positive one, and has
	// another value for the other. Metrics of Cells always are.
	Positive bool
	// Unweighted says that it has no weighted form: the weights of rows do not count,
	// but that those of weight 0 are left out.
	Unweighted bool

	// Cells computes it for one class. Of two classes that is the positive one;
	// of any number it can be asked for one class, as NAME[CLASS].
	Cells func(Cells) float64
	// Among says of a metric of Cells that is a share of some rows which these are, by
	// whether a row is of the class and is predicted to be.
	Among func(actual, predicted bool) bool
	// Class computes it for one class against the rest, so that it can be asked for
	// one class; Classes is there as well.
	Class func(t *Tally, class int) (float64, error)
	// Classes computes it for a classification.
	Classes func(*Tally) (float64, error)
	// Values computes it for a regression.
	Values func(*Errors) (float64, error)

	// Of several targets it is the plain mean of itself over them, if Mean; or of
	// another metric of each; or computed for labels at once.
	Mean   bool
	Each   func() *Def
	Labels func(*Labels) (float64, error)

	base *Def   // of one of several targets: of which metric
	one  string // and which target
}

// A Need is what a metric looks at beside the actual values.
type Need int

const (
	Predictions   Need = iota // the predicted classes or values
	Probabilities             // the probabilities of the classes, whatever the threshold is
)

// A Unit is what the values of a metric are in.
type Unit string

const (
	Number   Unit = ""        // a plain number
	Share    Unit = "%"       // a share in [0, 1] that people read as a percentage
	Nats     Unit = "nat"     // information
	OfTarget Unit = "target"  // the unit of the target
	Squared  Unit = "target²" // the squared unit of the target
)

// A Range is the values that a metric can have, with both ends. An end that
// does not exist is infinite.
type Range struct{ Low, High float64 }

// Ranges that many metrics have.
var (
	unitRange   = Range{0, 1}
	signedRange = Range{-1, 1}
	errorRange  = Range{0, math.Inf(1)}
)

// Has tells whether a value can be.
func (r Range) Has(v float64) bool { return v >= r.Low && v <= r.High }

// String is the range for people: "0 to 1", "0 or more", "at most 1".
func (r Range) String() string {
	switch low, high := math.IsInf(r.Low, -1), math.IsInf(r.High, 1); {
	case low && high:
		return "any number"
	case low:
		return fmt.Sprintf("at most %.4g", r.High)
	case high:
		return fmt.Sprintf("%.4g or more", r.Low)
	}
	return fmt.Sprintf("%.4g to %.4g", r.Low, r.High)
}

// For tells whether the metric is defined for a task.
func (d *Def) For(t task.Kind) bool {
	switch {
	case d.Tasks != nil:
		return slices.Contains(d.Tasks, t)
	case t == task.Multioutput:
		return d.Mean && d.Values != nil
	case t == task.Multilabel:
		return d.Values == nil && (d.Mean || d.Each != nil || d.Labels != nil)
	case d.Cells != nil:
		return t == task.Binary
	}
	return t.IsClassification() == (d.Classes != nil)
}

// IsPositive tells whether, of two classes, it is about the positive one.
func (d *Def) IsPositive() bool { return d.Positive || d.Cells != nil }

// Better tells whether a is the better value of the metric.
func (d *Def) Better(a, b float64) bool { return d.Goal.Gain(a, b) > 0 }

// Meaning is how its values are read for a model of the classes.
func (d *Def) Meaning(classes []string) Meaning {
	m := Meaning{Goal: d.Goal}
	if d.IsPositive() && len(classes) == 2 {
		m.Class = classes[1]
	}
	if _, class, ok := cutClass(d.Name); ok {
		m.Class = class
	}
	return m
}

// of is the metric for one class, as "recall[Gentoo]", or for one of several targets.
func (d *Def) of(class string) *Def {
	one := *d
	one.Name, one.Title = d.Name+"["+class+"]", d.Title+" of "+class
	one.base, one.one = d, class
	one.Mean, one.Each, one.Labels = false, nil, nil
	if d.Values != nil {
		one.Tasks = []task.Kind{task.Multioutput}
		one.Values = func(*Errors) (float64, error) { return 0, Undefinedf("there is no other target") }
		return &one
	}
	if d.Cells == nil && d.Class == nil {
		one.Tasks = []task.Kind{task.Multilabel}
		one.Classes = func(*Tally) (float64, error) { return 0, Undefinedf("there is no other target") }
		return &one
	}
	one.Tasks = []task.Kind{task.Binary, task.Multiclass, task.Multilabel}
	one.Cells = nil
	one.Classes = func(t *Tally) (float64, error) {
		j := slices.Index(t.c.Names, class)
		if j < 0 {
			return 0, Undefinedf("there is no class %q", class)
		}
		if d.Class != nil {
			return d.Class(t, j)
		}
		return d.Cells(t.Cells(j)), nil
	}
	return &one
}

// A List is metrics that are known, in the order in which they are shown.
type List []*Def

// Find looks a metric up by its name, which may ask for one class,
// "recall[Gentoo]", or for one of several targets: "rmse[price]".
func (l List) Find(name string) (*Def, bool) {
	for _, d := range l {
		if d.Name == name {
			return d, true
		}
	}
	base, class, ok := cutClass(name)
	if !ok {
		return nil, false
	}
	for _, d := range l {
		if d.Name == base && (d.Cells != nil || d.Class != nil || d.Mean) {
			return d.of(class), true
		}
	}
	return nil, false
}

// Named gives the metrics of the names, and leaves out those that are not known.
func (l List) Named(names ...string) List {
	var list List
	for _, name := range names {
		if d, ok := l.Find(name); ok {
			list = append(list, d)
		}
	}
	return list
}

// For gives the metrics of a task.
func (l List) For(t task.Kind) List {
	return l.Where(func(d *Def) bool { return d.For(t) })
}

// OfOneClass gives the metrics that can be asked for one class.
func (l List) OfOneClass() List {
	return l.Where(func(d *Def) bool { return d.Cells != nil || d.Class != nil })
}

// Where gives the metrics of which something holds.
func (l List) Where(holds func(*Def) bool) List {
	var list List
	for _, d := range l {
		if holds(d) {
			list = append(list, d)
		}
	}
	return list
}

// Names lists the names.
func (l List) Names() []string {
	names := make([]string, len(l))
	for i, d := range l {
		names[i] = d.Name
	}
	return names
}

// ClassOf is the class that a name asks for, as in "recall[Gentoo]"; ok is false
// if it asks for none.
func ClassOf(name string) (class string, ok bool) {
	_, class, ok = cutClass(name)
	return class, ok
}

func cutClass(name string) (base, class string, ok bool) {
	open := strings.IndexByte(name, '[')
	if open < 0 || !strings.HasSuffix(name, "]") {
		return "", "", false
	}
	return name[:open], name[open+1 : len(name)-1], true
}

// A Value is a metric of one sample. Where the metric is not defined for the
// sample, Undefined says why and Value has no meaning.
type Value struct {
	*Def
	Value     float64
	Undefined string
}

// A Sample is what was observed and what was predicted for a number of rows:
// Classes or Values.
type Sample interface {
	// Rows is the number of rows.
	Rows() int
	// Measure computes metrics. count says how often each row occurs; nil is
	// once each. Calls may be concurrent.
	Measure(metrics List, count []int32) []Value
	// Guessed is the sample of the same rows of which a baseline says the same.
	Guessed(b Baseline) (Sample, error)

	isWeighted() bool
	// strata are of which of some kinds each row is, so that a part can have some of each.
	strata() (of codes, kinds int)
	// influences say how much a row counts, so that a part can have all that count most.
	influences() []func(i int) float64
	// take is some of the rows, each of which counts as much more as scale says; nil
	// is as much as before.
	take(rows []int32, scale []float64) (Sample, error)
}

// errUndefined carries a reason to Value.Undefined.
type errUndefined string

func (e errUndefined) Error() string { return string(e) }

// Undefinedf is the error of a computation that says why a metric is not defined
// for a sample.
func Undefinedf(format string, args ...any) error { return errUndefined(fmt.Sprintf(format, args...)) }

var errNoRows = errors.New("there are no rows")

func valueOf(d *Def, v float64, err error) Value {
	if err != nil {
		return Value{Def: d, Undefined: err.Error()}
	}
	return Value{Def: d, Value: v}
}
