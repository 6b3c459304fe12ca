package relation

import (
	"bytes"
	"container/heap"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/base/diag"
	"pipe/data/table"
)

// An Aggregation is what is said of the groups of a table.
type Aggregation struct {
	By       []string // columns whose equal values are a group; there may be none
	Window   *Window  // a further one that is made of times; may be nil
	Measures []Measure
}

// An Aggregator is an aggregation of a table with certain columns.
type Aggregator struct {
	spec     Aggregation
	scratch  Scratch
	names    []string // columns of the table that are needed
	windowed *arrow.Schema
	window   *window
	keys     *Keys // in records of windowed
	measures []*measuring
	out      *arrow.Schema
	outKeys  *Keys // in what is made
}

// NewAggregator checks that a table with the columns can be aggregated.
func NewAggregator(schema *arrow.Schema, spec Aggregation, scratch Scratch) (*Aggregator, error) {
	a := &Aggregator{spec: spec, scratch: scratch}
	by := slices.Clone(spec.By)
	needed := slices.Clone(by)
	if spec.Window != nil {
		needed = append(needed, spec.Window.Column)
	}
	for _, m := range spec.Measures {
		if m.Column != "" {
			needed = append(needed, m.Column)
		}
	}
	var fields []arrow.Field
	for _, name := range needed {
		if slices.Contains(a.names, name) {
			continue
		}
		at, err := table.Column(schema, name)
		if err != nil {
			return nil, err
		}
		a.names, fields = append(a.names, name), append(fields, schema.Field(at))
	}
	if len(a.names) == 0 { // rows are counted, and a record has columns
		a.names, fields = []string{schema.Field(0).Name}, schema.Fields()[:1]
	}
	needs := arrow.NewSchema(fields, nil)
	a.windowed = needs
	if spec.Window != nil {
		var err error
		if a.window, err = newWindow(needs, *spec.Window); err != nil {
			return nil, err
		}
		// Its column comes first, so that it is found by its name.
		a.windowed = arrow.NewSchema(append([]arrow.Field{a.window.field}, fields...), nil)
	}
	if err := a.findKeys(by); err != nil {
		return nil, err
	}
	var made []arrow.Field
	for _, at := range a.keys.columns {
		made = append(made, a.windowed.Field(at))
	}
	for _, m := range spec.Measures {
		g, err := newMeasuring(needs, m, scratch)
		if err != nil {
			return nil, fmt.Errorf("columns: %s: %w", m.Name, err)
		}
		a.measures, made = append(a.measures, g), append(made, g.out)
	}
	seen := map[string]bool{}
	for _, f := range made {
		if seen[f.Name] {
			return nil, diag.WithHint(fmt.Errorf("there would be two columns %q", f.Name), "give one of them another name")
		}
		seen[f.Name] = true
	}
	a.out = arrow.NewSchema(made, nil)
	names := table.Names(a.out)[:len(a.keys.names)]
	var err error
	a.outKeys, err = NewKeys(a.out, names...)
	return a, err
}

func (a *Aggregator) findKeys(by []string) (err error) {
	if a.window == nil {
		a.keys, err = NewKeys(a.windowed, by...)
	} else {
		without := arrow.NewSchema(a.windowed.Fields()[1:], nil)
		if a.keys, err = NewKeys(without, by...); err == nil {
			for i := range a.keys.columns {
				a.keys.columns[i]++
			}
			form, _ := keyFormOf(a.window.field.Type)
			a.keys.names = append(slices.Clone(by), a.window.field.Name)
			a.keys.columns, a.keys.types, a.keys.forms = append(a.keys.columns, 0), append(a.keys.types, a.window.field.Type), append(a.keys.forms, form)
		}
	}
	if err != nil {
		return fmt.Errorf("by: %w", err)
	}
	return nil
}

// Schema is that of what is made: the columns of the groups, then the measures.
func (a *Aggregator) Schema() *arrow.Schema { return a.out }

// Run emits a row for each group, sorted by the columns of the groups. It says how
// many there are.
func (a *Aggregator) Run(ctx context.Context, with Means, r *table.Reader, emit func(arrow.RecordBatch) error) (rows int64, err error) {
	need, err := r.Select(a.names...)
	if err != nil {
		return 0, err
	}
	run := &aggregating{Aggregator: a, hasher: newHasher()}
	g := &grouping{with: with, keys: a.keys, prepare: run.prepare, begin: run.begin, finish: run.finish}
	if a.window != nil {
		g.derive = a.withWindow
	}
	spilled, err := g.run(ctx, need)
	if run.runs != nil {
		defer closeAll(&err, run.runs)
	}
	if err != nil {
		return 0, err
	}
	if run.wrong != nil {
		return 0, run.wrong
	}
	if len(a.keys.names) == 0 && r.NumRows() == 0 { // all rows are one group, also if there are none
		var none index
		none.add(nil, 0)
		t := run.begin().(*tallies)
		for _, s := range t.states {
			s.grow(1)
		}
		if err := run.finish(0, &none, t, false); err != nil {
			return 0, err
		}
	}
	read := func(part int) iter.Seq2[arrow.RecordBatch, error] { return run.held(part) }
	if spilled {
		read = run.runs.read
	}
	err = a.merge(ctx, read, func(rec arrow.RecordBatch) error {
		rows += rec.NumRows()
		return emit(rec)
	})
	return rows, err
}

// withWindow puts the windows that rows are in before their columns.
func (a *Aggregator) withWindow(rec arrow.RecordBatch) (arrow.RecordBatch, error) {
	column := a.window.of(rec.Column(a.window.column))
	defer column.Release()
	return array.NewRecordBatch(a.windowed, append([]arrow.Array{column}, rec.Columns()...), rec.NumRows()), nil
}

// An aggregating is an aggregation on its way.
type aggregating struct {
	*Aggregator
	hasher hasher

	mu       sync.Mutex
	memory   [parts][]arrow.RecordBatch // sorted rows of each part
	runs     *spill                     // or these, where memory is short
	wrong    error                      // of the first group, in the order of groups, that has a wrong
	wrongKey []byte
}

func (a *aggregating) prepare(b *batch) []any {
	list := make([]any, len(a.measures))
	for i, m := range a.measures {
		list[i] = m.prepare(b.rec, a.hasher)
	}
	return list
}

// tallies are the states of all measures.
type tallies struct{ states []state }

func (a *aggregating) begin() tallier {
	t := &tallies{}
	for _, m := range a.measures {
		t.states = append(t.states, m.begin(m))
	}
	return t
}

func (t *tallies) add(b *prepared, rows []int, groups []int32, n int) error {
	for i, s := range t.states {
		s.grow(n)
		s.add(b.more[i], rows, groups)
		if q, ok := s.(*quantileState); ok {
			if err := q.settle(groups); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *tallies) size() (n int64) {
	for _, s := range t.states {
		n += s.size()
	}
	return n
}

// runRows is how many rows of a sorted run are read at a time.
const runRows = 8192

// finish sorts the groups of a part, and keeps what is to be said of them.
func (a *aggregating) finish(part int, x *index, t tallier, last bool) error {
	if x.n == 0 {
		return nil
	}
	order := make([]int32, x.n)
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(i, k int32) int { return bytes.Compare(x.key(i), x.key(k)) })
	keys := make([][]byte, len(order))
	for i, id := range order {
		keys[i] = x.key(id)
	}
	columns := a.keys.Decode(keys)
	for _, s := range t.(*tallies).states {
		column, wrong, err := s.result(order)
		if err != nil && wrong >= 0 {
			return a.refuse(keys[wrong], err)
		}
		if err != nil {
			return err
		}
		columns = append(columns, column)
	}
	rec := array.NewRecordBatch(a.out, columns, int64(len(order)))
	if last {
		if a.runs == nil {
			a.runs = newSpill(a.scratch, a.out, parts)
		}
	}
	for from := int64(0); from < rec.NumRows(); from += runRows {
		piece := rec.NewSlice(from, min(rec.NumRows(), from+runRows))
		if !last {
			a.memory[part] = append(a.memory[part], piece)
			continue
		}
		if err := a.runs.write(part, piece); err != nil {
			return err
		}
	}
	return nil
}

// refuse remembers that there is no measure of a group.
func (a *aggregating) refuse(key []byte, err error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.wrong != nil && bytes.Compare(a.wrongKey, key) < 0 {
		return nil
	}
	of := ""
	if columns := a.keys.Decode([][]byte{key}); len(columns) > 0 {
		var parts []string
		for i, name := range a.keys.names {
			parts = append(parts, name+" "+valueText(columns[i], 0))
		}
		of = " of the group " + strings.Join(parts, ", ")
	}
	a.wrongKey = slices.Clone(key)
	a.wrong = diag.WithHint(fmt.Errorf("%w%s", err, of), "")
	return nil
}

func (a *aggregating) held(part int) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		for _, rec := range a.memory[part] {
			if !yield(rec, nil) {
				return
			}
		}
	}
}

// mergedRows is how many rows are made at a time.
const mergedRows = 32768

// merge puts the sorted rows of all parts in order.
func (a *Aggregator) merge(ctx context.Context, read func(part int) iter.Seq2[arrow.RecordBatch, error], emit func(arrow.RecordBatch) error) error {
	var front runs
	defer func() {
		for _, r := range front {
			r.stop()
		}
	}()
	var records []arrow.RecordBatch // that places are in
	advance := func(r *sortedRun) (bool, error) {
		for r.row++; r.rec == nil || r.row >= int(r.rec.NumRows()); {
			rec, err, ok := r.next()
			if err != nil || !ok {
				return false, err
			}
			rec.Retain()
			r.rec, r.keys, r.row, r.record = rec, a.outKeys.Encode(rec), 0, int32(len(records))
			records = append(records, rec)
		}
		return true, nil
	}
	for part := range parts {
		r := &sortedRun{}
		r.next, r.stop = iter.Pull2(read(part))
		if ok, err := advance(r); err != nil || !ok {
			r.stop()
			if err != nil {
				return err
			}
			continue
		}
		front = append(front, r)
	}
	heap.Init(&front)
	var places []table.Place
	flush := func() error {
		rec, err := table.Combine(a.out, records, places)
		if err != nil {
			return err
		}
		defer rec.Release()
		places, records = places[:0], records[:0]
		for _, r := range front {
			r.record = int32(len(records))
			records = append(records, r.rec)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		return emit(rec)
	}
	for len(front) > 0 {
		r := front[0]
		places = append(places, table.Place{Record: r.record, Row: int32(r.row)})
		more, err := advance(r)
		if err != nil {
			return err
		}
		if more {
			heap.Fix(&front, 0)
		} else {
			r.stop()
			heap.Pop(&front)
		}
		if len(places) == mergedRows {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if len(places) > 0 {
		return flush()
	}
	return nil
}

// A sortedRun is how far the rows of a part were read.
type sortedRun struct {
	next   func() (arrow.RecordBatch, error, bool)
	stop   func()
	rec    arrow.RecordBatch
	keys   *Encoded
	row    int
	record int32
}

// runs are those that have rows, that with the least key first.
type runs []*sortedRun

func (r runs) Len() int { return len(r) }
func (r runs) Less(i, k int) bool {
	return bytes.Compare(r[i].keys.key(r[i].row), r[k].keys.key(r[k].row)) < 0
}
func (r runs) Swap(i, k int) { r[i], r[k] = r[k], r[i] }
func (r *runs) Push(x any)   { *r = append(*r, x.(*sortedRun)) }
func (r *runs) Pop() any {
	last := (*r)[len(*r)-1]
	*r = (*r)[:len(*r)-1]
	return last
}
