// Package profile says what is in a table: of each column how many values there
// are, how they are spread, and which are the most frequent. It reads a table once,
// in memory that does not grow with it. Values are gathered in the order of the
// rows, and columns beside each other, so that the same rows have the same profile
// whatever the batches and the threads.
package profile

import (
	"context"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/data/table"
)

// A Column is what there is to say of a column.
type Column struct {
	Values   int64     // that are there
	Distinct *Distinct // nil of vectors
	Numbers  *Numbers  // of numbers, times and vectors, whose elements count; times are in microseconds since 1970 or midnight, dates in days
	Lengths  *Lengths  // of text
	Top      []Count   // the most frequent values, the most frequent first
}

// Distinct is how many different values there are.
type Distinct struct {
	N        int64 `json:"n"`
	Estimate bool  `json:"estimate,omitempty"` // within 5 per cent or so: they were too many to be kept
}

// A Count is a value with how often it is there.
type Count struct {
	Value string `json:"value"`
	N     int64  `json:"count"`
}

// Lengths are those of texts, in characters.
type Lengths struct {
	Min  int     `json:"min"`
	Mean float64 `json:"mean"`
	Max  int     `json:"max"`
}

// Numbers says how numbers are spread. Those that are none do not count.
type Numbers struct {
	Mean      float64    `json:"mean"`
	Deviation float64    `json:"standard_deviation"` // of the values, not an estimate from a sample
	Quantiles []Quantile `json:"quantiles,omitempty"`
	Histogram *Histogram `json:"histogram,omitempty"`
	Estimate  bool       `json:"estimate,omitempty"` // quantiles and histogram are within half a per cent of the rows
}

// Quantile is the value below which a share of the values lies, if that is one of
// those that are told.
func (n *Numbers) Quantile(share float64) (value float64, ok bool) {
	for _, q := range n.Quantiles {
		if q.Share == share {
			return q.Value, true
		}
	}
	return 0, false
}

// A Quantile is a value below which a share of the values lies.
type Quantile struct {
	Share float64 `json:"share"`
	Value float64 `json:"value"`
}

// A Histogram counts values in bins of equal width from the least value to the
// greatest; a value on a bound is in the upper bin. Of whole numbers and days each
// bin has as many, and the last one may end behind the greatest.
type Histogram struct {
	Min   float64 `json:"min"`
	Max   float64 `json:"max"`
	Count []int64 `json:"counts"`
}

// together is how many columns are gathered at a time: each takes up to about 2 MB.
const together = 64

// Of reads a table, each column once.
func Of(ctx context.Context, r *table.Reader) ([]Column, error) {
	names := table.Names(r.Schema())
	if len(names) <= together {
		return gather(ctx, r)
	}
	columns := make([]Column, 0, len(names))
	for some := range slices.Chunk(names, together) {
		only, err := r.Select(some...)
		if err != nil {
			return nil, err
		}
		list, err := gather(ctx, only)
		if err != nil {
			return nil, err
		}
		columns = append(columns, list...)
	}
	return columns, nil
}

func gather(ctx context.Context, r *table.Reader) ([]Column, error) {
	gatherers := make([]gatherer, r.Schema().NumFields())
	for i, f := range r.Schema().Fields() {
		gatherers[i] = gathererFor(f.Type)
	}
	for rec, err := range r.Batches() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		beside(len(gatherers), func(i int) { gatherers[i].add(rec.Column(i)) })
		rec.Release()
	}
	columns := make([]Column, len(gatherers))
	beside(len(columns), func(i int) { columns[i] = gatherers[i].column() })
	return columns, nil
}

// beside does n things on all processors.
func beside(n int, do func(i int)) {
	var wg sync.WaitGroup
	workers := min(n, runtime.GOMAXPROCS(0))
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				do(i)
			}
		})
	}
	wg.Wait()
}

// A gatherer gathers what there is to say of a column.
type gatherer interface {
	add(arrow.Array)
	column() Column
}

func gathererFor(t arrow.DataType) gatherer {
	switch table.ClassOf(t) {
	case table.ClassOther:
		return new(vectors)
	case table.ClassText:
		return &texts{counts: newCounter[string](hashText)}
	case table.ClassBool:
		return &numbers{counts: newCounter[uint64](mix)}
	}
	c := table.ClassOf(t)
	return &numbers{counts: newCounter[uint64](mix), sketch: new(sketch), whole: c == table.ClassWhole || c == table.ClassDate}
}

// texts gathers a column of text.
type texts struct {
	counts        *counter[string]
	n, characters int64
	min, max      int
}

func (g *texts) add(arr arrow.Array) {
	a := arr.(*array.String)
	for i := range a.Len() {
		if a.IsNull(i) {
			continue
		}
		s := a.Value(i)
		g.counts.add(s, strings.Clone, func() string { return s })
		n := characters(s)
		if g.n == 0 || n < g.min {
			g.min = n
		}
		g.max = max(g.max, n)
		g.n++
		g.characters += int64(n)
	}
}

func (g *texts) column() Column {
	c := Column{Values: g.n, Distinct: g.counts.distinct(), Top: g.counts.top()}
	if g.n > 0 {
		c.Lengths = &Lengths{g.min, float64(g.characters) / float64(g.n), g.max}
	}
	return c
}

// numbers gathers a column of numbers, times or truth values.
type numbers struct {
	counts *counter[uint64]
	moments
	n      int64   // with those that are no number
	sketch *sketch // nil of truth values
	whole  bool    // there is nothing between two numbers
}

func (g *numbers) add(arr arrow.Array) {
	values, valid, _ := table.Floats(arr) // a class that has numbers
	for i, x := range values {
		if valid != nil && !valid[i] {
			continue
		}
		g.n++
		if x != x {
			continue
		}
		g.counts.add(key(arr, i, x), itself, func() string { return table.Text(arr, i) })
		if g.sketch != nil && !math.IsInf(x, 0) {
			g.moments.add(x)
			g.sketch.add(x)
		}
	}
}

func itself(key uint64) uint64 { return key }

// key is what tells values apart: all bits of large integers.
func key(arr arrow.Array, i int, x float64) uint64 {
	switch a := arr.(type) {
	case *array.Int64:
		return uint64(a.Value(i))
	case *array.Uint64:
		return a.Value(i)
	}
	return math.Float64bits(x + 0) // one zero
}

func (g *numbers) column() Column {
	c := Column{Values: g.n, Distinct: g.counts.distinct(), Top: g.counts.top()}
	if g.sketch == nil || g.moments.n == 0 {
		return c
	}
	c.Numbers = g.moments.numbers()
	c.Numbers.Estimate = g.sketch.folded()
	sorted := g.sketch.sorted()
	for _, share := range []float64{.01, .05, .25, .5, .75, .95, .99} {
		c.Numbers.Quantiles = append(c.Numbers.Quantiles, Quantile{share, sorted.quantile(share)})
	}
	c.Numbers.Histogram = sorted.histogram(g.min, g.max, g.moments.n, g.whole)
	return c
}

// vectors gathers the elements of a column of vectors.
type vectors struct {
	n int64
	moments
}

func (g *vectors) add(arr arrow.Array) {
	g.n += int64(arr.Len() - arr.NullN())
	rows, ok := table.Lists(arr)
	if !ok {
		return
	}
	for i := range rows.Len() {
		if x := rows.At(i); x-x == 0 {
			g.moments.add(x)
		}
	}
}

func (g *vectors) column() Column {
	c := Column{Values: g.n}
	if g.moments.n > 0 {
		c.Numbers = g.moments.numbers()
	}
	return c
}
