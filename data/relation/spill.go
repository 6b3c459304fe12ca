package relation

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"pipe/data/table"
)

// A spill holds rows in a temporary file for each part, in the order in which they
// were written. It is for one goroutine.
type spill struct {
	scratch Scratch
	schema  *arrow.Schema
	parts   []spilled
}

type spilled struct {
	file *os.File
	buf  *bufio.Writer
	out  *ipc.Writer
	rows int64
}

func newSpill(scratch Scratch, schema *arrow.Schema, parts int) *spill {
	if scratch == nil {
		scratch = func() (string, error) { return "", nil }
	}
	return &spill{scratch: scratch, schema: schema, parts: make([]spilled, parts)}
}

// write adds rows to a part.
func (s *spill) write(part int, rec arrow.RecordBatch) error {
	if rec.NumRows() == 0 {
		return nil
	}
	p := &s.parts[part]
	if p.file == nil {
		dir, err := s.scratch()
		if err != nil {
			return err
		}
		if p.file, err = os.CreateTemp(dir, "rows"); err != nil {
			return fmt.Errorf("put rows aside: %w", err)
		}
		p.buf = bufio.NewWriterSize(p.file, 1<<16)
		p.out = ipc.NewWriter(p.buf, ipc.WithSchema(s.schema))
	}
	p.rows += rec.NumRows()
	if err := p.out.Write(rec); err != nil {
		return fmt.Errorf("put rows aside: %w", err)
	}
	return nil
}

// read gives the rows of a part, to which none can be added any more. A record is
// good until the next one is asked for, unless it is retained.
func (s *spill) read(part int) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		p := &s.parts[part]
		if p.file == nil {
			return
		}
		failed := func(err error) { yield(nil, fmt.Errorf("read rows that were put aside: %w", err)) }
		if p.out != nil {
			if err := errors.Join(p.out.Close(), p.buf.Flush()); err != nil {
				failed(err)
				return
			}
			p.out, p.buf = nil, nil
		}
		if _, err := p.file.Seek(0, io.SeekStart); err != nil {
			failed(err)
			return
		}
		r, err := ipc.NewReader(bufio.NewReaderSize(p.file, 1<<16))
		if err != nil {
			failed(err)
			return
		}
		defer r.Release()
		for r.Next() {
			if !yield(r.RecordBatch(), nil) {
				return
			}
		}
		if r.Err() != nil {
			failed(r.Err())
		}
	}
}

// drop removes the file of a part.
func (s *spill) drop(part int) error {
	p := &s.parts[part]
	if p.file == nil {
		return nil
	}
	err := errors.Join(p.file.Close(), os.Remove(p.file.Name()))
	*p = spilled{}
	return err
}

// Close removes all files.
func (s *spill) Close() error {
	var errs []error
	for i := range s.parts {
		errs = append(errs, s.drop(i))
	}
	return errors.Join(errs...)
}

// cursors read all parts of a spill side by side, row by row.
type cursors struct {
	spill   *spill
	parts   []cursor
	records []arrow.RecordBatch // those that rows since begin are in
}

// A cursor is how far a part was read.
type cursor struct {
	pull   func() (arrow.RecordBatch, error, bool)
	stop   func()
	rec    arrow.RecordBatch
	row    int
	record int32 // in records, -1 if it is not there
}

func newCursors(s *spill) *cursors { return &cursors{spill: s, parts: make([]cursor, len(s.parts))} }

// begin forgets the places of all rows so far.
func (c *cursors) begin() {
	c.records = nil
	for i := range c.parts {
		c.parts[i].record = -1
	}
}

// next is the place, in records, of the next row of a part. There is one.
func (c *cursors) next(part int) (table.Place, error) {
	p := &c.parts[part]
	if p.pull == nil {
		p.pull, p.stop = iter.Pull2(c.spill.read(part))
	}
	for p.rec == nil || p.row == int(p.rec.NumRows()) {
		rec, err, ok := p.pull()
		if err == nil && !ok {
			err = errors.New("rows that were put aside are not there any more")
		}
		if err != nil {
			return table.Place{}, err
		}
		rec.Retain()
		p.rec, p.row, p.record = rec, 0, -1
	}
	if p.record < 0 {
		p.record = int32(len(c.records))
		c.records = append(c.records, p.rec)
	}
	p.row++
	return table.Place{Record: p.record, Row: int32(p.row - 1)}, nil
}

// stop ends the reading.
func (c *cursors) stop() {
	for _, p := range c.parts {
		if p.stop != nil {
			p.stop()
		}
	}
}
