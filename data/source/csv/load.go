package csv

import (
	"context"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/source/block"
	"pipe/data/source/cell"
	"pipe/data/table"
)

// load reads the columns of the file that are kept, block by block in the
// order of the file, and hands them to write. The survey has proved that every
// value can be parsed or is a word for a missing one.
func (r *reading) load(ctx context.Context, write func(arrow.Record) error) error {
	free := sync.Pool{New: func() any { return new(loader) }}
	return block.Ordered(ctx, r.threads, block.Each(r.pieces),
		func(p piece) (*loader, error) {
			l := free.Get().(*loader)
			return l, l.load(r, p)
		},
		func(l *loader) error {
			rec, err := l.record(r.plan.Schema)
			if err != nil {
				return err
			}
			err = write(rec)
			rec.Release()
			r.advance(l.size)
			free.Put(l)
			return err
		})
}

// A loader parses one block. It is kept for its memory.
type loader struct {
	piece
	buf     []byte
	records records
	columns []cell.Builder
}

func (l *loader) load(r *reading, p piece) error {
	l.piece = p
	if int64(cap(l.buf)) < p.size {
		l.buf = make([]byte, p.size)
	}
	l.buf = l.buf[:p.size]
	if err := r.file.ReadFull(l.buf, p.offset); err != nil {
		return err
	}
	plan := r.plan.Targets
	if l.columns == nil {
		l.columns = make([]cell.Builder, len(plan))
	}
	for i := range plan {
		l.columns[i].Reset(plan[i], int(p.rows))
	}
	rs := &l.records
	r.start(rs, block.Block{Data: l.buf})
	for row := 0; row < int(p.rows) && rs.next(); row++ {
		for i := range plan {
			f := &rs.fields[plan[i].From]
			l.columns[i].Set(&r.rules, row, f.cell(), rs.text(*f))
		}
	}
	return nil
}

// record gives what was parsed. It shares the memory of the loader.
func (l *loader) record(schema *arrow.Schema) (arrow.Record, error) {
	arrays := make([]arrow.Array, len(l.columns))
	for i := range l.columns {
		arrays[i] = l.columns[i].Array(int(l.rows))
	}
	return table.NewRecord(schema, arrays...)
}
