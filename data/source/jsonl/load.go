package jsonl

import (
	"context"
	"iter"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/source/block"
	"pipe/data/source/cell"
	"pipe/data/table"
)

// batchCells bounds the values of a batch.
const batchCells = 1 << 20

// load reads the columns that are kept, piece by piece in the order of the file,
// and hands them to write. The survey has proved that nothing can go wrong.
func (r *reading) load(ctx context.Context, write func(arrow.RecordBatch) error) error {
	targets := make(map[string]int, len(r.plan.Targets))
	for i, t := range r.plan.Targets {
		targets[r.names[t.From]] = i
	}
	free := sync.Pool{New: func() any { return new(loader) }}
	return block.Ordered(ctx, r.threads, r.batches(),
		func(p piece) (*loader, error) {
			l := free.Get().(*loader)
			return l, l.load(r, targets, p)
		},
		func(l *loader) error {
			defer free.Put(l)
			r.advance(l.size)
			if l.row == 0 {
				return nil // blank lines
			}
			arrays := make([]arrow.Array, len(l.columns))
			for i := range l.columns {
				arrays[i] = l.columns[i].Array(l.row)
			}
			rec, err := table.NewRecord(r.plan.Schema, arrays...)
			if err != nil {
				return err
			}
			err = write(rec)
			rec.Release()
			return err
		})
}

// batches yields the pieces of the file that have rows. Pieces of which the rows
// would be too large, since a row can have many columns in few bytes, are cut
// into smaller ones.
func (r *reading) batches() iter.Seq2[piece, error] {
	most := max(1, batchCells/int64(len(r.plan.Targets)))
	return func(yield func(piece, error) bool) {
		for _, p := range r.pieces {
			switch {
			case p.rows == 0:
				continue
			case p.rows <= most:
				if !yield(p, nil) {
					return
				}
				continue
			}
			data := make([]byte, p.size)
			if err := r.file.ReadFull(data, p.offset); err != nil {
				yield(piece{}, err)
				return
			}
			part := piece{offset: p.offset}
			for record := range r.records(data) {
				part.size += r.size(record, part.offset+part.size, p.offset+p.size)
				if part.rows++; part.rows == most {
					if !yield(part, nil) {
						return
					}
					part = piece{offset: part.offset + part.size}
				}
			}
			if part.rows > 0 && !yield(part, nil) {
				return
			}
		}
	}
}

// A loader parses one piece. It is kept for its memory.
type loader struct {
	piece
	row     int // rows that were read
	buf     []byte
	walk    walk
	columns []cell.Builder
	last    []int // rows that each column has
}

// load reads a piece of at most p.rows rows.
func (l *loader) load(r *reading, targets map[string]int, p piece) error {
	l.piece, l.row = p, 0
	if int64(cap(l.buf)) < p.size {
		l.buf = make([]byte, p.size)
	}
	l.buf = l.buf[:p.size]
	if err := r.file.ReadFull(l.buf, p.offset); err != nil {
		return err
	}
	if l.columns == nil {
		l.columns, l.last = make([]cell.Builder, len(r.plan.Targets)), make([]int, len(r.plan.Targets))
	}
	for i := range l.columns {
		l.columns[i].Reset(r.plan.Targets[i], int(p.rows))
		l.last[i] = 0
	}
	l.walk.list = r.list
	for record := range r.records(l.buf) {
		if !r.list && isBlank(record) {
			continue
		}
		l.object(r, targets, &l.walk, record)
		l.row++
	}
	for i := range l.columns {
		l.fill(i)
	}
	return nil
}

// object reads an object, or one that is the value of a member.
func (l *loader) object(r *reading, targets map[string]int, w *walk, text []byte) {
	var m member
	for w.start(text); w.next(&m); {
		if m.kind == nested && r.flatten && m.text[0] == '{' {
			l.object(r, targets, w.within(m.name), m.text)
			continue
		}
		i, ok := targets[string(m.name)]
		if !ok || m.kind == null {
			continue
		}
		if m.kind == nested {
			m.form = cell.Text
			if r.plan.Targets[i].IsList() {
				m.form = cell.Listed
			}
		}
		l.fill(i)
		l.columns[i].Set(&r.contract.Rules, l.row, m.form, m.text)
		l.last[i]++
	}
}

// fill makes rows of a column null that do not have it.
func (l *loader) fill(column int) {
	for ; l.last[column] < l.row; l.last[column]++ {
		l.columns[column].Null(l.last[column])
	}
}
