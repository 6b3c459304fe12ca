package relation

import (
	"context"
	"errors"
	"iter"
	"math/bits"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/data/source/block"
	"pipe/data/table"
)

// A JoinTally says what has become of the rows.
type JoinTally struct {
	Left, Right int64    // rows of the tables
	Matched     int64    // rows of the left table that match
	Alone       []string // keys of some that do not
	Unused      int64    // rows of the right table that match none; only of a FullJoin
	Rows        int64    // that were made
	Parts       int      // in how many parts the right table was read
}

// Run joins two tables. What is made is emitted batch by batch: rows in the order of
// the left table, then those of the right one that no row matches, in its order. A
// right table that is larger than the budget is read in parts.
func (j *Joiner) Run(ctx context.Context, with Means, left, right *table.Reader, emit func(arrow.RecordBatch) error) (*JoinTally, error) {
	r := &joining{Joiner: j, ctx: ctx, with: with, left: left, right: right, emit: emit, tally: &JoinTally{Left: left.NumRows(), Right: right.NumRows(), Parts: 1}}
	if j.join.How == FullJoin {
		r.used = make([]uint64, (right.NumRows()+63)/64)
	}
	need, err := j.rightReader(right)
	if err != nil {
		return nil, err
	}
	var seen int64 // of the right table before it was too large
	counted := func(yield func(table.Piece, error) bool) {
		for p, err := range need.Pieces(wholeBatches) {
			if err == nil {
				seen = p.At + p.Rows.NumRows()
			}
			if !yield(p, err) {
				return
			}
		}
	}
	lookup, err := j.load(ctx, with.Threads, counted, with.budget())
	switch {
	case errors.Is(err, errTooLarge):
		// Parts of half the budget, by what the first rows took.
		parts := max(8, 2*right.NumRows()/max(1, seen))
		r.bits = min(mostBits, bits.Len64(uint64(parts-1)))
		r.tally.Parts = 1 << r.bits
		err = r.inParts(need)
	case err == nil:
		err = r.atOnce(lookup)
	}
	if err == nil && r.used != nil {
		err = r.rest()
	}
	return r.tally, err
}

// mostBits bounds the parts, each of which is a file.
const mostBits = 8

// A joining is a join on its way.
type joining struct {
	*Joiner
	ctx         context.Context
	with        Means
	left, right *table.Reader
	emit        func(arrow.RecordBatch) error
	tally       *JoinTally
	done        int64    // rows of the left table
	used        []uint64 // of each row of the right table, whether one matches; nil if nobody asks
	bits        int      // of a hash, that say which part a key is in
}

// A joined is a batch that was worked on.
type joined struct {
	left    arrow.RecordBatch
	rec     arrow.RecordBatch // what is made; nil if it is too much to be made at once
	matches *matches
	alone   []string
}

// atOnce joins with a right table that is in memory.
func (r *joining) atOnce(lookup *Lookup) error {
	work := func(p table.Piece) (joined, error) {
		m, err := lookup.matchTable(p.Rows, p.At)
		if err != nil {
			return joined{}, err
		}
		done := joined{left: p.Rows, matches: m, alone: r.describeAlone(p.Rows, m.hit)}
		if m.all == nil {
			done.rec, err = lookup.assemble(p.Rows, m.left, m.right)
		}
		return done, err
	}
	return block.Ordered(r.ctx, max(1, r.with.Threads), r.with.pieces(r.left), work, func(done joined) error {
		defer done.left.Release()
		r.count(done.matches.hit, done.alone)
		r.useSeveral(lookup, done.matches.several)
		return done.matches.each(r.join.How, func(left []int, right []int32) error {
			r.use(lookup, right)
			rec := done.rec
			if rec == nil {
				var err error
				if rec, err = lookup.assemble(done.left, left, right); err != nil {
					return err
				}
			}
			return r.send(rec)
		})
	})
}

// send emits rows, and releases them.
func (r *joining) send(rec arrow.RecordBatch) error {
	defer rec.Release()
	if err := r.ctx.Err(); err != nil {
		return err
	}
	r.tally.Rows += rec.NumRows()
	return r.emit(rec)
}

// use remembers rows of the right table that match.
func (r *joining) use(lookup *Lookup, rows []int32) {
	if r.used == nil {
		return
	}
	for _, row := range rows {
		if row >= 0 {
			n := lookup.number(row)
			r.used[n/64] |= 1 << (n % 64)
		}
	}
}

// useSeveral remembers all matches of rows for which one of them is taken: they match
// as well. Rows that match one row are the matches of any that one of them matches, so
// that lists of them are remembered as a whole or not at all.
func (r *joining) useSeveral(lookup *Lookup, several [][]int32) {
	for _, found := range several {
		if n := lookup.number(found[0]); r.used[n/64]>>(n%64)&1 == 0 {
			r.use(lookup, found)
		}
	}
}

// fewAlone is how many rows that match nothing are of interest.
const fewAlone = 3

// count counts rows that match, and remembers some that do not.
func (r *joining) count(hit []bool, alone []string) {
	for _, h := range hit {
		if h {
			r.tally.Matched++
		}
	}
	r.done += int64(len(hit))
	r.with.progress(r.done, r.tally.Left)
	r.tally.Alone = append(r.tally.Alone, alone[:min(len(alone), fewAlone-len(r.tally.Alone))]...)
}

// describeAlone says which rows of the left table match nothing, the first few.
func (r *joining) describeAlone(rec arrow.RecordBatch, hit []bool) (list []string) {
	if !slices.Contains(hit, false) {
		return nil
	}
	deciding, err := table.Select(rec, r.leftNames)
	if err != nil {
		return nil // not of a record that was matched
	}
	defer deciding.Release()
	for row, h := range hit {
		if !h && len(list) < fewAlone {
			list = append(list, r.describe(deciding, row))
		}
	}
	return list
}

// rest emits the rows of the right table that no row matches.
func (r *joining) rest() error {
	for p, err := range r.with.pieces(r.right) {
		if err == nil {
			err = r.ctx.Err()
		}
		if err != nil {
			return err
		}
		var rows []int
		for row := range int(p.Rows.NumRows()) {
			if n := p.At + int64(row); r.used[n/64]>>(n%64)&1 == 0 {
				rows = append(rows, row)
			}
		}
		err = r.unused(p.Rows, rows)
		p.Rows.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

// unused emits rows of the right table on their own: keys are those of the right
// table, other columns of the left one are missing.
func (r *joining) unused(rec arrow.RecordBatch, rows []int) error {
	if len(rows) == 0 {
		return nil
	}
	r.tally.Unused += int64(len(rows))
	taken, err := table.Take(rec, rows)
	if err != nil {
		return err
	}
	defer taken.Release()
	places := make([]table.Place, len(rows))
	for i := range places {
		places[i] = table.Nowhere
	}
	if err := checkLists(r.left.Schema(), places, "write `how: left`, or leave the column out before"); err != nil {
		return err
	}
	alone, err := table.Combine(r.left.Schema(), nil, places)
	if err != nil {
		return err
	}
	defer alone.Release()
	columns := append([]arrow.Array{}, alone.Columns()...)
	for _, p := range r.join.On {
		left, _ := table.Column(r.left.Schema(), p.Left)
		right, _ := table.Column(r.right.Schema(), p.Right)
		columns[left] = taken.Column(right)
	}
	for _, name := range r.rightNames[:r.added] {
		at, _ := table.Column(r.right.Schema(), name)
		columns = append(columns, taken.Column(at))
	}
	return r.send(array.NewRecordBatch(r.out, columns, int64(len(rows))))
}

// inParts deals the rows of both tables among parts, so that those with equal keys
// meet, and joins part by part. What is to be added to each row of the left table
// comes in the order of that table within each part, so that reading it again, each
// row with what its part has next, gives the rows in order.
func (r *joining) inParts(need *table.Reader) (err error) {
	n := 1 << r.bits
	deciding, err := r.left.Select(r.leftNames...)
	if err != nil {
		return err
	}
	rights, lefts := newSpill(r.with.Scratch, numbered(need.Schema()), n), newSpill(r.with.Scratch, numbered(deciding.Schema()), n)
	counts, adds := newSpill(r.with.Scratch, countSchema, n), newSpill(r.with.Scratch, r.payload, n)
	defer closeAll(&err, rights, lefts, counts, adds)
	if err := deal(r.ctx, r.with, r.hasher, r.bits, need, r.rightKeys, rights); err != nil {
		return err
	}
	if err := deal(r.ctx, r.with, r.hasher, r.bits, deciding, r.leftKeys, lefts); err != nil {
		return err
	}
	var several *severalError // of the first row, whichever part it is in
	for part := range n {
		err := r.part(part, rights, lefts, counts, adds)
		var s *severalError
		switch {
		case errors.As(err, &s):
			if several == nil || s.row < several.row {
				several = s
			}
		case err != nil:
			return err
		}
		if err := errors.Join(rights.drop(part), lefts.drop(part)); err != nil {
			return err
		}
	}
	if several != nil {
		return several
	}
	return r.gather(counts, adds)
}

func closeAll(err *error, spills ...*spill) {
	for _, s := range spills {
		*err = errors.Join(*err, s.Close())
	}
}

// numbered is a schema with a column more, for the numbers of the rows.
func numbered(s *arrow.Schema) *arrow.Schema {
	return arrow.NewSchema(append(append([]arrow.Field{}, s.Fields()...), arrow.Field{Name: "row", Type: arrow.PrimitiveTypes.Int64}), nil)
}

// deal writes each row of a table, with its number, to the file of its part.
func deal(ctx context.Context, with Means, h hasher, bits int, from *table.Reader, keys *Keys, to *spill) error {
	work := func(p table.Piece) ([]arrow.RecordBatch, error) {
		defer p.Rows.Release()
		encoded := keys.Encode(p.Rows)
		numbers := make([]int64, p.Rows.NumRows())
		rows := make([][]int, len(to.parts))
		for row := range numbers {
			numbers[row] = p.At + int64(row)
			part := partOf(h.hash(encoded.key(row)), bits)
			rows[part] = append(rows[part], row)
		}
		column := table.NewArray(numbers, nil)
		defer column.Release()
		whole := array.NewRecordBatch(to.schema, append(slices.Clone(p.Rows.Columns()), column), p.Rows.NumRows())
		defer whole.Release()
		list := make([]arrow.RecordBatch, len(rows))
		for part := range list {
			var err error
			if list[part], err = table.Take(whole, rows[part]); err != nil {
				return nil, err
			}
		}
		return list, nil
	}
	return block.Ordered(ctx, max(1, with.Threads), with.pieces(from), work, func(list []arrow.RecordBatch) error {
		for part, rec := range list {
			if err := to.write(part, rec); err != nil {
				return err
			}
			rec.Release()
		}
		return nil
	})
}

// dealtRows are rows of a table with the part that each is in.
type dealtRows struct {
	rec   arrow.RecordBatch
	parts []uint8
}

// partsOf finds the parts of rows again, by the columns that the keys are in a record
// of.
func partsOf(p table.Piece, names []string, keys *Keys, h hasher, bits int) (dealtRows, error) {
	deciding, err := table.Select(p.Rows, names)
	if err != nil {
		return dealtRows{}, err
	}
	defer deciding.Release()
	encoded := keys.Encode(deciding)
	parts := make([]uint8, p.Rows.NumRows())
	for row := range parts {
		parts[row] = uint8(partOf(h.hash(encoded.key(row)), bits))
	}
	return dealtRows{p.Rows, parts}, nil
}

// countSchema is that of how many rows are made of each row of the left table, and
// whether it has a match.
var countSchema = arrow.NewSchema([]arrow.Field{{Name: "rows", Type: arrow.PrimitiveTypes.Int32}, {Name: "matched", Type: arrow.FixedWidthTypes.Boolean}}, nil)

// part joins the rows of a part.
func (r *joining) part(part int, rights, lefts, counts, adds *spill) error {
	lookup, err := r.load(r.ctx, r.with.Threads, retained(rights.read(part)), 0)
	if err != nil {
		return err
	}
	type made struct {
		count, added arrow.RecordBatch // added is nil if nothing is, or too much to be made at once
		matches      *matches
	}
	work := func(p table.Piece) (made, error) {
		defer p.Rows.Release()
		numbers := p.Rows.Column(len(r.leftNames)).(*array.Int64)
		m, err := lookup.match(p.Rows, numbers.Value)
		if err != nil {
			return made{}, err
		}
		done := made{count: m.counts(int(p.Rows.NumRows()), r.join.How), matches: m}
		if r.added > 0 && m.all == nil {
			done.added, err = r.addition(lookup.records, lookup.placesOf(m.right))
		}
		return done, err
	}
	return block.Ordered(r.ctx, max(1, r.with.Threads), retained(lefts.read(part)), work, func(m made) error {
		if err := counts.write(part, m.count); err != nil {
			return err
		}
		r.useSeveral(lookup, m.matches.several)
		return m.matches.each(r.join.How, func(_ []int, right []int32) error {
			r.use(lookup, right)
			if r.added == 0 {
				return nil
			}
			added := m.added
			if added == nil {
				var err error
				if added, err = r.addition(lookup.records, lookup.placesOf(right)); err != nil {
					return err
				}
			}
			defer added.Release()
			return adds.write(part, added)
		})
	})
}

// retained are records for whoever gets them to release.
func retained(records iter.Seq2[arrow.RecordBatch, error]) iter.Seq2[table.Piece, error] {
	return func(yield func(table.Piece, error) bool) {
		for rec, err := range records {
			if err == nil {
				rec.Retain()
			}
			if !yield(table.Piece{Rows: rec}, err) {
				return
			}
		}
	}
}

// counts says of n rows of the left table what was made of them.
func (m *matches) counts(n int, how How) arrow.RecordBatch {
	counts := make([]int32, n)
	for row, found := range m.all {
		if counts[row] = int32(len(found)); len(found) == 0 && how != InnerJoin {
			counts[row] = 1
		}
	}
	if m.all == nil {
		for _, row := range m.lefts(n) {
			counts[row]++
		}
	}
	return array.NewRecordBatch(countSchema, []arrow.Array{table.NewArray(counts, nil), table.NewArray(m.hit, nil)}, int64(n))
}

// gather reads the left table again, and puts to each row what its part has for it.
func (r *joining) gather(counts, adds *spill) error {
	work := func(p table.Piece) (dealtRows, error) { return partsOf(p, r.leftNames, r.leftKeys, r.hasher, r.bits) }
	count, add := newCursors(counts), newCursors(adds)
	defer count.stop()
	defer add.stop()
	return block.Ordered(r.ctx, max(1, r.with.Threads), r.with.pieces(r.left), work, func(d dealtRows) error {
		defer d.rec.Release()
		left := make([]int, 0, len(d.parts))
		var places []table.Place
		flush := func() error {
			rec, err := r.beside(d.rec, left, add.records, places)
			if err != nil {
				return err
			}
			left, places = left[:0], places[:0]
			add.begin()
			return r.send(rec)
		}
		hit := make([]bool, len(d.parts))
		count.begin()
		add.begin()
		for row, part := range d.parts {
			at, err := count.next(int(part))
			if err != nil {
				return err
			}
			of := count.records[at.Record]
			hit[row] = of.Column(1).(*array.Boolean).Value(int(at.Row))
			for range of.Column(0).(*array.Int32).Value(int(at.Row)) {
				left = append(left, row)
				if r.added > 0 {
					at, err := add.next(int(part))
					if err != nil {
						return err
					}
					places = append(places, at)
				}
				if len(left) == manyRows {
					if err := flush(); err != nil {
						return err
					}
				}
			}
		}
		r.count(hit, r.describeAlone(d.rec, hit))
		return flush()
	})
}
