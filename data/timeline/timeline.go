// Package timeline reads series out of a table: the values of columns at equal steps of time, for each
// group of rows that are a series. Whatever order the rows are in, what comes out is in the order of time.
package timeline

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/base/diag"
	"pipe/data/relation"
	"pipe/data/table"
)

const (
	maxSeries = 100_000
	maxCells  = 500_000_000 // numbers in memory
)

// A Spec says what is read.
type Spec struct {
	Time    string        // the column that says which row is before which
	Step    string        // how long a step is
	By      []string      // rows of equal values are a series
	Gaps    relation.Gaps // what a step without a row is
	Numbers []string      // columns of numbers; missing ones are NaN
	Filled  []string      // of those, the ones that Gaps fills, up to their last value
	Labels  []string      // columns of which a series has one value
}

// Series are those of a table, in the order of their keys.
type Series struct {
	Clock Clock
	By    []string
	List  []One
	// First and End are the steps of the first row of all and behind the last.
	First, End int64
}

// One is a series.
type One struct {
	Key     []string // its values of By
	First   int64    // step of its first row
	Steps   int
	Numbers [][]float64 // of each column of Spec.Numbers, by step from First on
	Rows    []bool      // whether there is a row at the step
	Labels  []Label     // of each column of Spec.Labels
}

// A Label is one value of a series, a number or a text.
type Label struct {
	Text   string
	Number float64 // NaN of a text
	Known  bool    // it is not missing in all rows
}

// Name is what a series is called, by its key: empty of the only one.
func (o *One) Name(by []string) string {
	var parts []string
	for i, v := range o.Key {
		parts = append(parts, by[i]+"="+v)
	}
	return strings.Join(parts, ", ")
}

// reading is a table on its way.
type reading struct {
	spec    Spec
	clock   Clock
	rows    []row
	keys    map[string]int32
	names   [][]string
	columns [][]float64 // Numbers
	labels  [][]string
	reals   []bool // of Labels, whether they are numbers
}

// A row is one that has a time.
type row struct {
	time   int64
	series int32
	number int64 // in the table, from 1
}

// Read reads the series of a table. clock is nil, or one that they are to keep to: that of a model.
func Read(ctx context.Context, t *table.Reader, spec Spec, clock *Clock) (*Series, error) {
	if _, err := table.Column(t.Schema(), spec.Time); err != nil {
		return nil, fmt.Errorf("time: %w", err)
	}
	at, _ := table.Column(t.Schema(), spec.Time)
	c, err := newClock(spec.Time, t.Schema().Field(at).Type, spec.Step)
	if err != nil {
		return nil, err
	}
	r := &reading{spec: spec, clock: c, keys: map[string]int32{}, columns: make([][]float64, len(spec.Numbers)), labels: make([][]string, len(spec.Labels)), reals: make([]bool, len(spec.Labels))}
	names := slices.Concat([]string{spec.Time}, spec.By, spec.Numbers, spec.Labels)
	var needed []string
	for _, name := range names {
		if !slices.Contains(needed, name) {
			needed = append(needed, name)
		}
	}
	if t, err = t.Select(needed...); err != nil {
		return nil, err
	}
	if t.NumRows() > maxCells/int64(len(needed)) {
		return nil, diag.WithHint(fmt.Errorf("the table has %d rows of %d columns that are needed, more than series in memory can have", t.NumRows(), len(needed)), "use fewer series or columns")
	}
	places := make([]int, len(names))
	for i, name := range names {
		places[i] = slices.Index(needed, name)
	}
	for rec, err := range t.Batches() {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = r.add(rec, places)
		}
		if err != nil {
			return nil, err
		}
	}
	return r.series(clock)
}

// add takes in a batch.
func (r *reading) add(rec arrow.RecordBatch, places []int) error {
	n := int(rec.NumRows())
	column := func(i int) arrow.Array { return rec.Column(places[i]) }
	times, err := wholes(column(0))
	if err != nil {
		return fmt.Errorf("time: %w", err)
	}
	first := len(r.rows)
	by := make([]arrow.Array, len(r.spec.By))
	for i := range by {
		by[i] = column(1 + i)
		if table.ClassOf(by[i].DataType()) == table.ClassOther {
			return fmt.Errorf("by: column %q holds lists", r.spec.By[i])
		}
	}
	var key []byte
	for i := range n {
		if column(0).IsNull(i) {
			return diag.WithHint(fmt.Errorf("row %d: column %q is missing, so that nobody knows what is before it", first+i+1, r.spec.Time), "remove such rows with a `filter` stage")
		}
		if t := times[i]; r.clock.perDay == 0 && (t > mostCount || t < -mostCount) {
			return fmt.Errorf("row %d: %s is %d: whole numbers up to 2^53 are times", first+i+1, r.spec.Time, t)
		}
		key = key[:0]
		for _, col := range by {
			if col.IsValid(i) {
				key = append(key, 1)
				key = append(key, table.Text(col, i)...)
			}
			key = append(key, 0)
		}
		id, ok := r.keys[string(key)]
		if !ok {
			if id = int32(len(r.names)); id == maxSeries {
				return diag.WithHint(fmt.Errorf("there are more than %d series", maxSeries), "look at `by`: rows of equal values are a series")
			}
			r.keys[string(key)] = id
			var name []string
			for _, col := range by {
				name = append(name, strings.Clone(table.Text(col, i)))
			}
			r.names = append(r.names, name)
		}
		r.rows = append(r.rows, row{times[i], id, int64(first + i + 1)})
	}
	at := 1 + len(by)
	for i, name := range r.spec.Numbers {
		col := column(at + i)
		switch table.ClassOf(col.DataType()) {
		case table.ClassWhole, table.ClassReal, table.ClassBool:
		default:
			return diag.WithHint(fmt.Errorf("column %q is %s, and numbers are needed", name, table.TypeName(col.DataType())), "make numbers of it with a `derive` stage")
		}
		values, _, err := table.FloatsOrNaN(col, nil)
		if err != nil {
			return fmt.Errorf("column %q: %w", name, err)
		}
		for j, v := range values {
			if math.IsInf(v, 0) {
				return fmt.Errorf("row %d: column %q is infinite", first+j+1, name)
			}
		}
		r.columns[i] = append(r.columns[i], values...)
	}
	at += len(r.spec.Numbers)
	for i, name := range r.spec.Labels {
		col := column(at + i)
		if table.ClassOf(col.DataType()) == table.ClassOther {
			return fmt.Errorf("column %q holds lists", name)
		}
		r.reals[i] = table.ClassOf(col.DataType()).Numeric()
		for j := range n {
			text := ""
			if col.IsValid(j) {
				text = "=" + strings.Clone(table.Text(col, j))
			}
			r.labels[i] = append(r.labels[i], text)
		}
	}
	return nil
}

// series puts rows at their steps.
func (r *reading) series(clock *Clock) (*Series, error) {
	times := make([]int64, len(r.rows))
	for i := range r.rows {
		times[i] = r.rows[i].time
	}
	if clock != nil {
		if clock.perDay != r.clock.perDay || clock.months != r.clock.months || clock.length != r.clock.length {
			return nil, fmt.Errorf("time: column %q is %s, that of the model was %s", r.spec.Time, r.clock.Type, clock.Type)
		}
		r.clock.Origin, r.clock.LastDay, r.clock.Month = clock.Origin, clock.LastDay, clock.Month
	} else {
		r.clock.begin(times)
	}
	s := &Series{Clock: r.clock, By: r.spec.By, First: math.MaxInt64, End: math.MinInt64}
	order := make([]int32, len(r.rows))
	for i := range order {
		order[i] = int32(i)
	}
	rank := make([]int32, len(r.names))
	sorted := make([]int32, len(r.names))
	for i := range sorted {
		sorted[i] = int32(i)
	}
	slices.SortStableFunc(sorted, func(a, b int32) int { return slices.Compare(r.names[a], r.names[b]) })
	for i, id := range sorted {
		if rank[id] = int32(i); i > 0 && slices.Equal(r.names[id], r.names[sorted[i-1]]) {
			return nil, r.alike(id, sorted[i-1])
		}
	}
	slices.SortStableFunc(order, func(a, b int32) int {
		x, y := &r.rows[a], &r.rows[b]
		return cmp.Or(cmp.Compare(rank[x.series], rank[y.series]), cmp.Compare(x.time, y.time))
	})
	cells := int64(0)
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && r.rows[order[to]].series == r.rows[order[from]].series {
			to++
		}
		one, err := r.one(order[from:to], &cells)
		if err != nil {
			return nil, err
		}
		s.List = append(s.List, *one)
		s.First, s.End = min(s.First, one.First), max(s.End, one.First+int64(one.Steps))
		from = to
	}
	return s, nil
}

// alike is the error about two series that nothing tells apart.
func (r *reading) alike(a, b int32) error {
	number := func(id int32) int64 {
		return r.rows[slices.IndexFunc(r.rows, func(one row) bool { return one.series == id })].number
	}
	x, y := number(a), number(b)
	return diag.WithHint(fmt.Errorf("row %d: %s is the empty text, and missing in row %d, or the other way round: their forecasts could not be told apart", max(x, y), strings.Join(r.spec.By, ", "), min(x, y)),
		"give missing values a name with a `derive` stage, such as `id ?? 'none'`")
}

// place names a row in errors.
func (r *reading) place(at int32) string {
	row := &r.rows[at]
	text := fmt.Sprintf("row %d (", row.number)
	for i, v := range r.names[row.series] {
		text += fmt.Sprintf("%s=%s, ", r.spec.By[i], diag.Shorten(v))
	}
	c := r.clock
	if n, ok := c.number(row.time); ok && c.months == 0 {
		return text + r.spec.Time + "=" + c.Text(n) + ")"
	}
	c.months, c.length, c.Origin = 0, 1, 0
	return text + r.spec.Time + "=" + c.Text(row.time) + ")"
}

// one makes a series of rows in the order of time.
func (r *reading) one(rows []int32, cells *int64) (*One, error) {
	steps := make([]int64, len(rows))
	for i, at := range rows {
		n, ok := r.clock.number(r.rows[at].time)
		if !ok {
			return nil, diag.WithHint(fmt.Errorf("%s: it is at no step: steps of %s begin at %s", r.place(at), r.clock.Step, r.clock.Text(0)), "choose a `step` that all times are at, or make means of steps with an `aggregate` stage")
		}
		if steps[i] = n; i > 0 && n == steps[i-1] {
			return nil, diag.WithHint(fmt.Errorf("%s: row %d of the same series is at this step, too", r.place(at), r.rows[rows[i-1]].number),
				"name the columns that tell series apart: `by: [station]`; or keep one row of each step with a `dedupe` or an `aggregate` stage")
		}
		if i > 0 && n != steps[i-1]+1 && r.spec.Gaps == relation.GapsWrong {
			return nil, diag.WithHint(fmt.Errorf("%s: the step before it, %s, has no row", r.place(at), r.clock.Text(n-1)), "write `gaps: missing` or `gaps: fill` if that may be")
		}
	}
	n := steps[len(steps)-1] - steps[0] + 1
	if *cells += n * int64(1+len(r.spec.Numbers)); n < 0 || n > maxCells || *cells > maxCells {
		return nil, diag.WithHint(fmt.Errorf("%s: its series would have %d steps of %s", r.place(rows[len(rows)-1]), n, r.clock.Step), "choose a longer step")
	}
	one := &One{Key: r.names[r.rows[rows[0]].series], First: steps[0], Steps: int(n), Rows: make([]bool, n)}
	for i := range steps {
		one.Rows[steps[i]-steps[0]] = true
	}
	for c, values := range r.columns {
		list := make([]float64, n)
		for i := range list {
			list[i] = math.NaN()
		}
		for i, at := range rows {
			list[steps[i]-steps[0]] = values[at]
		}
		if r.spec.Gaps == relation.GapsFilled && slices.Contains(r.spec.Filled, r.spec.Numbers[c]) {
			end := len(list)
			for end > 0 && math.IsNaN(list[end-1]) {
				end--
			}
			Fill(list[:end], nil) // what is behind the last value is ahead, and not measured
		}
		one.Numbers = append(one.Numbers, list)
	}
	for c, texts := range r.labels {
		l := Label{Number: math.NaN()}
		for _, at := range rows {
			text, ok := strings.CutPrefix(texts[at], "=")
			if !ok {
				continue
			}
			if l.Known && l.Text != text {
				return nil, diag.WithHint(fmt.Errorf("%s: column %q is %s, and was %s before: a static column has one value in each series", r.place(at), r.spec.Labels[c], diag.Shorten(text), diag.Shorten(l.Text)), "name it under `past` or `known`")
			}
			l.Text, l.Known = text, true
		}
		if l.Known && r.reals[c] {
			if _, err := fmt.Sscan(l.Text, &l.Number); err != nil || math.IsInf(l.Number, 0) {
				return nil, fmt.Errorf("column %q is %s", r.spec.Labels[c], diag.Shorten(l.Text))
			}
		}
		one.Labels = append(one.Labels, l)
	}
	return one, nil
}

// Fill replaces what is missing by the last value before it. filled, if it is not nil, becomes true where that is.
func Fill(list []float64, filled []bool) {
	last := math.NaN()
	for i, v := range list {
		switch {
		case !math.IsNaN(v):
			last = v
		case !math.IsNaN(last):
			list[i] = last
			if filled != nil {
				filled[i] = true
			}
		}
	}
}

// wholes are times as a column holds them.
func wholes(col arrow.Array) ([]int64, error) {
	switch a := col.(type) {
	case *array.Int64:
		return a.Values(), nil
	case *array.Timestamp:
		return widened(a.Values()), nil
	case *array.Date32:
		return widened(a.Values()), nil
	case *array.Int8:
		return widened(a.Values()), nil
	case *array.Int16:
		return widened(a.Values()), nil
	case *array.Int32:
		return widened(a.Values()), nil
	case *array.Uint8:
		return widened(a.Values()), nil
	case *array.Uint16:
		return widened(a.Values()), nil
	case *array.Uint32:
		return widened(a.Values()), nil
	case *array.Uint64:
		for i, v := range a.Values() {
			if v > mostCount && a.IsValid(i) {
				return nil, fmt.Errorf("%d is larger than 2^53", v)
			}
		}
		return widened(a.Values()), nil
	}
	return nil, fmt.Errorf("a column of %s holds no times", table.TypeName(col.DataType()))
}

func widened[T ~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64](values []T) []int64 {
	list := make([]int64, len(values))
	for i, v := range values {
		list[i] = int64(v)
	}
	return list
}
