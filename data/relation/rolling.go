package relation

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/source/block"
	"pipe/data/table"
)

// A Rolling is what is said, beside each row, of the rows before it.
type Rolling struct {
	By       []string // columns: only rows with equal values count
	Time     string   // column that says what is before what; rows of one time are in the order of the table
	Length   string   // how far back rows count, see AsOf.Tolerance; empty: Rows counts
	Rows     int64    // how many rows count
	Before   bool     // whether only rows before count, and not the row itself
	Measures []Measure
}

// A Roller is a rolling of a table with certain columns.
type Roller struct {
	Rolling
	siding
	scratch  Scratch
	time     int // in records of names
	nanos    bool
	length   int64
	measures []*measuring
}

// NewRoller checks that a table with the columns can be rolled over.
func NewRoller(schema *arrow.Schema, spec Rolling, scratch Scratch) (*Roller, error) {
	r := &Roller{Rolling: spec, scratch: scratch, siding: siding{table: schema, hasher: newHasher(), rowSize: rolledBytes}}
	at, err := table.Column(schema, spec.Time)
	if err != nil {
		return nil, fmt.Errorf("time: %w", err)
	}
	t := schema.Field(at).Type
	if !inOrder(t) {
		return nil, diag.WithHint(fmt.Errorf("time: column %q is %s, which has no order in time", spec.Time, table.TypeName(t)),
			fmt.Sprintf("read it as a time: `columns: {%s: timestamp}` of the ingest stage; whole numbers and dates do as well", spec.Time))
	}
	r.nanos = inNanos(t)
	if spec.Length != "" {
		if r.length, err = toleranceOf(spec.Length, orderOf(t) == table.ClassWhole, r.nanos); err != nil {
			return nil, fmt.Errorf("window: %w", err)
		}
	}
	r.time = need(&r.names, spec.Time)
	for _, name := range spec.By {
		need(&r.names, name)
	}
	for _, m := range spec.Measures {
		if m.Column != "" {
			need(&r.names, m.Column)
		}
	}
	needs, err := narrowed(schema, r.names)
	if err != nil {
		return nil, err
	}
	if r.keys, err = NewKeys(needs, spec.By...); err != nil {
		return nil, fmt.Errorf("by: %w", err)
	}
	var made []arrow.Field
	for _, m := range spec.Measures {
		if len(schema.FieldIndices(m.Name)) > 0 {
			return nil, diag.WithHint(fmt.Errorf("columns: the table has a column %q already", m.Name), "choose another name")
		}
		g, err := newMeasuring(needs, m, scratch)
		if err != nil {
			return nil, fmt.Errorf("columns: %s: %w", m.Name, err)
		}
		r.measures, made = append(r.measures, g), append(made, g.out)
	}
	r.made = arrow.NewSchema(made, nil)
	meta := schema.Metadata()
	r.out = arrow.NewSchema(append(slices.Clone(schema.Fields()), made...), &meta)
	return r, nil
}

// Schema is that of what is made: the columns of the table, then the measures.
func (r *Roller) Schema() *arrow.Schema { return r.out }

// Run emits the rows of a table, in their order, with the measures beside them. It
// says how many rows have no time.
func (r *Roller) Run(ctx context.Context, with Means, t *table.Reader, emit func(arrow.RecordBatch) error) (timeless int64, err error) {
	run := &rolling{Roller: r, ctx: ctx, with: with}
	err = r.run(ctx, with, t, run.roll, emit)
	return run.timeless, err
}

// rolledBytes is what is held for each row beside its values.
const rolledBytes = 8 + 4 + 8 + 8

// A rolling is one on its way.
type rolling struct {
	*Roller
	ctx      context.Context
	with     Means
	timeless int64
}

// rolled are measures beside rows.
type rolled struct{ arrow.RecordBatch }

func (r rolled) rows(from, to int64) (arrow.RecordBatch, error) { return r.NewSlice(from, to), nil }

func (r rolled) release() { r.Release() }

// A chunk is some rows in the order of time, and the rows before each that count.
type chunk struct {
	rows   []int
	groups []int32
	n      int // rows that something is said of
}

// chunkRows is about how many rows that count are looked at in one go.
const chunkRows = 1 << 16

// roll makes the measures of all rows of records, in their order.
func (r *rolling) roll(records []arrow.RecordBatch) (added, error) {
	rec, err := r.gathered(records)
	if err != nil {
		return nil, err
	}
	defer rec.Release()
	values := make([]any, len(r.measures))
	for i, m := range r.measures {
		values[i] = m.prepare(rec, r.hasher)
	}
	order, starts, times := r.inTime(rec)
	work := func(c chunk) (arrow.RecordBatch, error) { return r.say(c, values) }
	var made []arrow.RecordBatch
	err = block.Ordered(r.ctx, max(1, r.with.Threads), r.chunks(order, starts, times), work, func(rec arrow.RecordBatch) error {
		made = append(made, rec)
		return nil
	})
	if err != nil {
		return nil, err
	}
	// Row order[k] has what was made k-th; rows without a time have nothing.
	back := make([]table.Place, rec.NumRows())
	for i := range back {
		back[i] = table.Nowhere
	}
	k := 0
	for i, m := range made {
		for row := range int(m.NumRows()) {
			back[order[k]] = table.Place{Record: int32(i), Row: int32(row)}
			k++
		}
	}
	all, err := table.Combine(r.made, made, back)
	return rolled{all}, err
}

// inTime gives the rows that have a time, group by group in the order of time, and
// for each of them where its group begins.
func (r *rolling) inTime(rec arrow.RecordBatch) (order, starts []int32, times []int64) {
	col := rec.Column(r.time)
	times = instants(col, r.nanos)
	ids := r.groups(rec)
	for row := range ids {
		if col.IsNull(row) {
			r.timeless++
			continue
		}
		order = append(order, int32(row))
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(ids[a], ids[b]), cmp.Compare(times[a], times[b]), cmp.Compare(a, b))
	})
	starts = make([]int32, len(order))
	for i := range order {
		if i > 0 && ids[order[i]] == ids[order[i-1]] {
			starts[i] = starts[i-1]
		} else {
			starts[i] = int32(i)
		}
	}
	return order, starts, times
}

// chunks finds the rows that count for each row: of the same group, no later, and
// within the length or the number of rows.
func (r *rolling) chunks(order, starts []int32, times []int64) iter.Seq2[chunk, error] {
	return func(yield func(chunk, error) bool) {
		var c chunk
		low := 0
		for i := range order {
			t := times[order[i]]
			low = max(low, int(starts[i]))
			high := i + 1
			switch {
			case r.Length == "":
				if r.Before {
					high = i
				}
				low = max(low, high-int(min(r.Rows, math.MaxInt32)))
			case r.Before: // [t - length, t)
				for high > int(starts[i]) && times[order[high-1]] == t {
					high--
				}
				for low < high && distance(t, times[order[low]]) > uint64(r.length) {
					low++
				}
			default: // (t - length, t]
				for high < len(order) && starts[high] == starts[i] && times[order[high]] == t {
					high++
				}
				for low < high && distance(t, times[order[low]]) >= uint64(r.length) {
					low++
				}
			}
			for k := low; k < high; k++ {
				c.rows = append(c.rows, int(order[k]))
				c.groups = append(c.groups, int32(c.n))
			}
			c.n++
			if len(c.rows) >= chunkRows || c.n >= chunkRows {
				if !yield(c, r.ctx.Err()) {
					return
				}
				c = chunk{}
			}
		}
		if c.n > 0 {
			yield(c, nil)
		}
	}
}

// say makes the measures of the rows of a chunk: each row is a group of those that
// count for it.
func (r *rolling) say(c chunk, values []any) (arrow.RecordBatch, error) {
	order := make([]int32, c.n)
	for i := range order {
		order[i] = int32(i)
	}
	columns := make([]arrow.Array, len(r.measures))
	for i, m := range r.measures {
		s := m.begin(m)
		s.grow(c.n)
		s.add(values[i], c.rows, c.groups)
		column, _, err := s.result(order)
		if err != nil {
			return nil, err
		}
		columns[i] = column
	}
	return table.NewRecord(r.made, columns...)
}
