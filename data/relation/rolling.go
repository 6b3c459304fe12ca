package relation

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"
	"math/bits"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

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
	scratch  Scratch
	table    *arrow.Schema
	names    []string // columns of the table that are needed
	keys     *Keys    // in records of names
	time     int      // likewise
	nanos    bool
	length   int64
	measures []*measuring
	out      *arrow.Schema
	made     *arrow.Schema // of what is added
	hasher   hasher
}

// NewRoller checks that a table with the columns can be rolled over.
func NewRoller(schema *arrow.Schema, spec Rolling, scratch Scratch) (*Roller, error) {
	r := &Roller{Rolling: spec, scratch: scratch, table: schema, hasher: newHasher()}
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
	var fields []arrow.Field
	for _, name := range r.names {
		at, err := table.Column(schema, name)
		if err != nil {
			return nil, err
		}
		fields = append(fields, schema.Field(at))
	}
	needs := arrow.NewSchema(fields, nil)
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
	need, err := t.Select(r.names...)
	if err != nil {
		return 0, err
	}
	run := &rolling{Roller: r, ctx: ctx, with: with, table: t, emit: emit}
	var records []arrow.RecordBatch
	var held, seen int64
	for rec, err := range need.Batches() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return 0, err
		}
		rec.Retain()
		records, held, seen = append(records, rec), held+2*table.Bytes(rec)+rec.NumRows()*rolledBytes, seen+rec.NumRows()
		if held > with.budget() {
			parts := max(8, 2*t.NumRows()/max(1, seen))
			run.bits = min(mostBits, bits.Len64(uint64(parts-1)))
			return run.timeless, run.inParts(need)
		}
	}
	return run.timeless, run.atOnce(records)
}

// rolledBytes is what is held for each row beside its values, which are there twice for
// a while: in batches, and in one record.
const rolledBytes = 8 + 4 + 8 + 8

// A rolling is one on its way.
type rolling struct {
	*Roller
	ctx      context.Context
	with     Means
	table    *table.Reader
	emit     func(arrow.RecordBatch) error
	bits     int
	timeless int64
}

// atOnce rolls over a table that is in memory.
func (r *rolling) atOnce(records []arrow.RecordBatch) error {
	if len(records) == 0 {
		return nil
	}
	made, err := r.roll(records)
	if err != nil {
		return err
	}
	defer made.Release()
	var done int64
	for p, err := range r.with.pieces(r.table) {
		if err != nil {
			return err
		}
		n := p.Rows.NumRows()
		part := made.NewSlice(p.At, p.At+n)
		err = r.beside(p.Rows, part)
		part.Release()
		p.Rows.Release()
		if err == nil {
			err = r.ctx.Err()
		}
		if err != nil {
			return err
		}
		done += n
		r.with.progress(done, r.table.NumRows())
	}
	return nil
}

func (r *rolling) beside(rec, made arrow.RecordBatch) error {
	out := array.NewRecordBatch(r.out, slices.Concat(rec.Columns(), made.Columns()), rec.NumRows())
	defer out.Release()
	return r.emit(out)
}

// inParts deals the rows among parts by their group, rolls over each, and puts what
// was made to the rows again, as a join does.
func (r *rolling) inParts(need *table.Reader) (err error) {
	n := 1 << r.bits
	rows, adds := newSpill(r.with.Scratch, numbered(need.Schema()), n), newSpill(r.with.Scratch, r.made, n)
	defer closeAll(&err, rows, adds)
	if err := deal(r.ctx, r.with, r.hasher, r.bits, need, r.keys, rows); err != nil {
		return err
	}
	for part := range n {
		var records []arrow.RecordBatch
		for rec, err := range rows.read(part) {
			if err != nil {
				return err
			}
			rec.Retain()
			records = append(records, rec)
		}
		if len(records) == 0 {
			continue
		}
		made, err := r.roll(records)
		if err != nil {
			return err
		}
		for from := int64(0); from < made.NumRows(); from += runRows {
			if err := adds.write(part, made.NewSlice(from, min(made.NumRows(), from+runRows))); err != nil {
				return err
			}
		}
		if err := rows.drop(part); err != nil {
			return err
		}
	}
	add := newCursors(adds)
	defer add.stop()
	work := func(p table.Piece) (dealtRows, error) { return partsOf(p, r.names, r.keys, r.hasher, r.bits) }
	var done int64
	return block.Ordered(r.ctx, max(1, r.with.Threads), r.with.pieces(r.table), work, func(d dealtRows) error {
		defer d.rec.Release()
		places := make([]table.Place, len(d.parts))
		add.begin()
		for row, part := range d.parts {
			if places[row], err = add.next(int(part)); err != nil {
				return err
			}
		}
		made, err := table.Combine(r.made, add.records, places)
		if err != nil {
			return err
		}
		defer made.Release()
		done += d.rec.NumRows()
		r.with.progress(done, r.table.NumRows())
		return r.beside(d.rec, made)
	})
}

// A chunk is some rows in the order of time, and the rows before each that count.
type chunk struct {
	rows   []int
	groups []int32
	n      int // rows that something is said of
}

// chunkRows is about how many rows that count are looked at in one go.
const chunkRows = 1 << 16

// roll makes the measures of all rows of records, in their order.
func (r *rolling) roll(records []arrow.RecordBatch) (arrow.RecordBatch, error) {
	var places []table.Place
	for i, rec := range records {
		for row := range int(rec.NumRows()) {
			places = append(places, table.Place{Record: int32(i), Row: int32(row)})
		}
	}
	if len(places) > mostKeys {
		return nil, errTooMany("rows of one group, or nearly")
	}
	fields := records[0].Schema().Fields()[:len(r.names)]
	rec, err := table.Combine(arrow.NewSchema(fields, nil), records, places)
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
	return table.Combine(r.made, made, back)
}

// inTime gives the rows that have a time, group by group in the order of time, and
// for each of them where its group begins.
func (r *rolling) inTime(rec arrow.RecordBatch) (order, starts []int32, times []int64) {
	col := rec.Column(r.time)
	times = instants(col, r.nanos)
	keys := r.keys.Encode(rec)
	ids := make([]int32, rec.NumRows())
	var x index
	for row := range ids {
		key := keys.key(row)
		ids[row], _ = x.add(key, r.hasher.hash(key))
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
