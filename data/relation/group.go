package relation

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/data/source/block"
	"pipe/data/table"
)

// partBits is how many bits of a hash say which part the groups of a key are in. A
// part is worked on by one goroutine at a time, in the order of the rows.
const (
	partBits = 6
	parts    = 1 << partBits
)

// A batch is some rows that are put into groups.
type batch struct {
	rec     arrow.RecordBatch
	numbers []int64 // of the rows in the table
}

// A tallier keeps what is known of the groups of a part, which are numbered as they
// come.
type tallier interface {
	// add adds rows of a batch, each to a group. There are n groups from now on.
	add(b *prepared, rows []int, groups []int32, n int) error
	size() int64 // bytes of memory, about
}

// A prepared batch has what all parts need of it, made by any goroutine.
type prepared struct {
	batch
	keys   *Encoded
	hashes []uint64
	rows   [parts][]int
	more   []any // what the talliers asked for
}

// A grouping puts the rows of a table into groups of equal keys.
type grouping struct {
	with    Means
	keys    *Keys // in the records, or in what derive makes of them
	derive  func(rec arrow.RecordBatch) (arrow.RecordBatch, error)
	prepare func(b *batch) []any
	begin   func() tallier
	finish  func(part int, x *index, t tallier, last bool) error // once for each part; last: memory is short

	hasher hasher
	ctx    context.Context
	all    [parts]groups
	aside  *spill // rows that came when memory was full; nil before that
}

// groups are those of a part.
type groups struct {
	index   index
	tallier tallier
	ids     []int32 // of a batch
}

// run reads a table. It says whether memory was not enough.
func (g *grouping) run(ctx context.Context, r *table.Reader) (spilled bool, err error) {
	g.hasher, g.ctx = newHasher(), ctx
	for i := range g.all {
		g.all[i].tallier = g.begin()
	}
	work := func(p table.Piece) (*prepared, error) {
		numbers := make([]int64, p.Rows.NumRows())
		for i := range numbers {
			numbers[i] = p.At + int64(i)
		}
		return g.prepared(batch{p.Rows, numbers})
	}
	var done int64
	defer func() {
		if g.aside != nil {
			closeAll(&err, g.aside)
		}
	}()
	err = block.Ordered(ctx, max(1, g.with.Threads), g.with.pieces(r), work, func(b *prepared) error {
		defer b.rec.Release()
		if err := g.add(b); err != nil {
			return err
		}
		done += b.rec.NumRows()
		g.with.progress(done, r.NumRows())
		if g.aside == nil && g.size() > g.with.budget() {
			g.aside = newSpill(g.with.Scratch, numbered(r.Schema()), parts)
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	if g.aside == nil {
		return false, g.each(func(i int) error { return g.finish(i, &g.all[i].index, g.all[i].tallier, false) })
	}
	for i := range g.all {
		if err := g.rest(i); err != nil {
			return true, err
		}
	}
	return true, nil
}

// prepared makes of a batch what parts need.
func (g *grouping) prepared(b batch) (*prepared, error) {
	rec := b.rec
	if g.derive != nil {
		var err error
		if rec, err = g.derive(rec); err != nil {
			return nil, err
		}
		defer rec.Release()
	}
	for _, c := range b.rec.Columns() {
		c.NullN() // a slice counts its nulls when it is first asked, and writes that down: before parts share it
	}
	n := int(rec.NumRows())
	p := &prepared{batch: b, keys: g.keys.Encode(rec), hashes: make([]uint64, n)}
	var counts [parts]int
	for row := range n {
		p.hashes[row] = g.hasher.hash(p.keys.key(row))
		counts[partOf(p.hashes[row], partBits)]++
	}
	room := make([]int, n)
	for i, c := range counts {
		p.rows[i], room = room[:0:c], room[c:]
	}
	for row, h := range p.hashes {
		i := partOf(h, partBits)
		p.rows[i] = append(p.rows[i], row)
	}
	if g.prepare != nil {
		p.more = g.prepare(&b)
	}
	return p, nil
}

// add adds a batch to the groups, or puts it aside.
func (g *grouping) add(b *prepared) error {
	if g.aside == nil {
		return g.each(func(i int) error { return g.addTo(&g.all[i], b, b.rows[i]) })
	}
	column := table.NewArray(b.numbers, nil)
	defer column.Release()
	whole := array.NewRecordBatch(g.aside.schema, append(append([]arrow.Array{}, b.rec.Columns()...), column), b.rec.NumRows())
	defer whole.Release()
	return g.each(func(i int) error {
		if len(b.rows[i]) == 0 {
			return nil
		}
		rec, err := table.Take(whole, b.rows[i])
		if err != nil {
			return err
		}
		defer rec.Release()
		return g.aside.write(i, rec)
	})
}

func (g *grouping) addTo(to *groups, b *prepared, rows []int) error {
	if len(rows) == 0 {
		return nil
	}
	if to.index.n+len(rows) > mostKeys {
		return errTooMany("groups")
	}
	to.ids = to.ids[:0]
	for _, row := range rows {
		id, _ := to.index.add(b.keys.key(row), b.hashes[row])
		to.ids = append(to.ids, id)
	}
	return to.tallier.add(b, rows, to.ids, to.index.n)
}

// rest adds to a part what was put aside, and finishes it.
func (g *grouping) rest(i int) error {
	to := &g.all[i]
	for rec, err := range g.aside.read(i) {
		if err == nil {
			err = g.ctx.Err()
		}
		if err != nil {
			return err
		}
		at := int(rec.NumCols()) - 1
		columns := array.NewRecordBatch(arrow.NewSchema(rec.Schema().Fields()[:at], nil), rec.Columns()[:at], rec.NumRows())
		b, err := g.prepared(batch{columns, rec.Column(at).(*array.Int64).Values()})
		if err != nil {
			return err
		}
		all := make([]int, rec.NumRows())
		for k := range all {
			all[k] = k
		}
		if err := g.addTo(to, b, all); err != nil {
			return err
		}
	}
	err := g.finish(i, &to.index, to.tallier, true)
	*to = groups{}
	if err == nil {
		err = g.aside.drop(i)
	}
	return err
}

func (g *grouping) size() (n int64) {
	for i := range g.all {
		n += g.all[i].index.size() + g.all[i].tallier.size()
	}
	return n
}

// each does something for each part, in a number of goroutines. The error is that of
// the first part that has one. A panic becomes one of the calling goroutine.
func (g *grouping) each(do func(part int) error) error {
	threads := min(max(1, g.with.Threads), parts)
	if threads == 1 {
		for i := range parts {
			if err := do(i); err != nil {
				return err
			}
		}
		return nil
	}
	var errs [parts]error
	var next atomic.Int64
	var panicked atomic.Pointer[string]
	var wait sync.WaitGroup
	for range threads {
		wait.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					text := fmt.Sprintf("%v\n%s", v, debug.Stack())
					panicked.Store(&text)
				}
			}()
			for i := int(next.Add(1)) - 1; i < parts; i = int(next.Add(1)) - 1 {
				errs[i] = do(i)
			}
		})
	}
	wait.Wait()
	if text := panicked.Load(); text != nil {
		panic(*text)
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
