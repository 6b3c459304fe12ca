package relation

import (
	"context"
	"math/bits"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/data/source/block"
	"pipe/data/table"
)

// A siding puts columns beside the rows of a table that are made of the rows of their
// group. Groups that do not fit into memory together are dealt among files.
type siding struct {
	table   *arrow.Schema
	made    *arrow.Schema // of what is added
	out     *arrow.Schema // the columns of the table, then those that are made
	names   []string      // columns of the table that are needed
	keys    *Keys         // in records of names
	hasher  hasher
	rowSize int64 // bytes that are held for a row beside its values, which are there twice for a while
}

// An added is what is put beside the rows of some groups, in their order.
type added interface {
	rows(from, to int64) (arrow.RecordBatch, error) // safe for concurrent use
	release()
}

// adding makes what is beside the rows of records, which have the needed columns, and
// maybe more behind them.
type adding func(records []arrow.RecordBatch) (added, error)

// run emits the rows of a table in their order, with what is made beside them.
func (s *siding) run(ctx context.Context, with Means, t *table.Reader, add adding, emit func(arrow.RecordBatch) error) error {
	need, err := t.Select(s.names...)
	if err != nil {
		return err
	}
	r := &besides{siding: s, ctx: ctx, with: with, table: t, add: add, emit: emit}
	var records []arrow.RecordBatch
	var held, seen int64
	for rec, err := range need.Batches() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		rec.Retain()
		records, held, seen = append(records, rec), held+2*table.Bytes(rec)+rec.NumRows()*s.rowSize, seen+rec.NumRows()
		if held > with.budget() {
			records = nil
			parts := max(8, 2*t.NumRows()/max(1, seen))
			r.bits = min(mostBits, bits.Len64(uint64(parts-1)))
			return r.inParts(need)
		}
	}
	if len(records) == 0 {
		return nil
	}
	return r.atOnce(records)
}

// A besides is a siding on its way.
type besides struct {
	*siding
	ctx   context.Context
	with  Means
	table *table.Reader
	add   adding
	emit  func(arrow.RecordBatch) error
	bits  int
	done  int64
}

// atOnce is for a table whose needed columns are in memory.
func (r *besides) atOnce(records []arrow.RecordBatch) error {
	made, err := r.add(records)
	if err != nil {
		return err
	}
	defer made.release()
	work := func(p table.Piece) (arrow.RecordBatch, error) {
		defer p.Rows.Release()
		part, err := made.rows(p.At, p.At+p.Rows.NumRows())
		if err != nil {
			return nil, err
		}
		defer part.Release()
		return r.beside(p.Rows, part), nil
	}
	return block.Ordered(r.ctx, max(1, r.with.Threads), r.with.pieces(r.table), work, r.send)
}

func (r *besides) beside(rec, made arrow.RecordBatch) arrow.RecordBatch {
	return array.NewRecordBatch(r.out, slices.Concat(rec.Columns(), made.Columns()), rec.NumRows())
}

func (r *besides) send(rec arrow.RecordBatch) error {
	defer rec.Release()
	if err := r.ctx.Err(); err != nil {
		return err
	}
	r.done += rec.NumRows()
	r.with.progress(r.done, r.table.NumRows())
	return r.emit(rec)
}

// inParts deals the rows among parts by their group, makes what is beside those of
// each, and puts it to the rows again, as a join does.
func (r *besides) inParts(need *table.Reader) (err error) {
	n := 1 << r.bits
	rows, adds := newSpill(r.with.Scratch, numbered(need.Schema()), n), newSpill(r.with.Scratch, r.made, n)
	defer closeAll(&err, rows, adds)
	if err := deal(r.ctx, r.with, r.hasher, r.bits, need, r.keys, rows); err != nil {
		return err
	}
	for part := range n {
		if err := r.part(part, rows, adds); err != nil {
			return err
		}
		if err := rows.drop(part); err != nil {
			return err
		}
	}
	add := newCursors(adds)
	defer add.stop()
	work := func(p table.Piece) (dealtRows, error) { return partsOf(p, r.names, r.keys, r.hasher, r.bits) }
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
		return r.send(r.beside(d.rec, made))
	})
}

// part makes what is beside the rows of a part, and puts it aside.
func (r *besides) part(part int, rows, adds *spill) error {
	var records []arrow.RecordBatch
	var n int64
	for rec, err := range rows.read(part) {
		if err != nil {
			return err
		}
		rec.Retain()
		records, n = append(records, rec), n+rec.NumRows()
	}
	if n == 0 {
		return nil
	}
	made, err := r.add(records)
	if err != nil {
		return err
	}
	defer made.release()
	pieces := func(yield func(int64, error) bool) {
		for from := int64(0); from < n && yield(from, r.ctx.Err()); from += runRows {
		}
	}
	work := func(from int64) (arrow.RecordBatch, error) { return made.rows(from, min(n, from+runRows)) }
	return block.Ordered(r.ctx, max(1, r.with.Threads), pieces, work, func(rec arrow.RecordBatch) error {
		defer rec.Release()
		return adds.write(part, rec)
	})
}

// gathered are the needed columns of records as one.
func (s *siding) gathered(records []arrow.RecordBatch) (arrow.RecordBatch, error) {
	var places []table.Place
	for i, rec := range records {
		for row := range int(rec.NumRows()) {
			places = append(places, table.Place{Record: int32(i), Row: int32(row)})
		}
	}
	if len(places) > mostKeys {
		return nil, errTooMany("rows of one group, or nearly")
	}
	fields := records[0].Schema().Fields()[:len(s.names)]
	return table.Combine(arrow.NewSchema(fields, nil), records, places)
}

// groups numbers the group of each row of a record of the needed columns.
func (s *siding) groups(rec arrow.RecordBatch) []int32 {
	keys := s.keys.Encode(rec)
	ids := make([]int32, rec.NumRows())
	var x index
	for row := range ids {
		key := keys.key(row)
		ids[row], _ = x.add(key, s.hasher.hash(key))
	}
	return ids
}
