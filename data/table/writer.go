package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// A Writer writes a table file. It holds two batches in memory at most: one that
// is being filled, and one that is being written meanwhile, by another goroutine;
// the latter is one for all Writers that Share.
// What went wrong there is the error of a later call. After an error it is of no
// further use. It is not safe for concurrent use.
//
// Whoever gives a Writer up without an error of its own, and without Close, calls
// Discard before the underlying writer is used again.
type Writer struct {
	schema  *arrow.Schema
	out     *ipc.FileWriter
	file    *redirected
	mem     memory.Allocator
	columns []*column // of the batch that is being filled
	filling *filling
	other   chan []*column // of the other batch, nil before there was one, while it is not being written
	writing chan error     // gives the error of the batch that is being written; nil if none is
	rows    int64
	err     error // first error, returned by every later call

	described *arrow.Schema // of the footer, if it is another, see Describe
}

// NewWriter starts a table with the schema, which may hold metadata.
func NewWriter(w io.Writer, schema *arrow.Schema) (*Writer, error) {
	return newWriter(w, schema, memory.DefaultAllocator)
}

func newWriter(w io.Writer, schema *arrow.Schema, mem memory.Allocator) (*Writer, error) {
	s, err := canonical(schema)
	if err != nil {
		return nil, fmt.Errorf("table: %w", err)
	}
	t := &Writer{schema: s, file: &redirected{w}, mem: mem, columns: newColumns(s), filling: newFilling(s, mostBatchRows, batchBytes)}
	t.other = make(chan []*column, 1)
	t.other <- nil
	t.out, err = t.newFile(s)
	return t, err
}

func (w *Writer) newFile(s *arrow.Schema) (*ipc.FileWriter, error) {
	out, err := ipc.NewFileWriter(w.file, ipc.WithSchema(s), ipc.WithAllocator(w.mem))
	if err != nil {
		return nil, fmt.Errorf("table: %w", err)
	}
	return out, nil
}

// Expect makes room for rows that are about to be written, as far as their memory is
// known and a batch has it. It may be more or less of them that come.
func (w *Writer) Expect(rows int64) {
	n := int(min(rows, int64(w.filling.most)))
	for _, c := range w.columns {
		c.expect(n)
	}
}

// Share has writers of one schema use the memory of one batch in turns, so that they
// hold one more than they are. It is called before the first row is written.
func Share(writers ...*Writer) {
	for _, w := range writers {
		w.other = writers[0].other
	}
}

// Schema is the schema as written.
func (w *Writer) Schema() *arrow.Schema { return w.schema }

// Rows is the number of rows written so far.
func (w *Writer) Rows() int64 { return w.rows }

// Write adds the rows of a record, whose columns must be those of the schema.
// It copies what it needs and keeps no reference.
func (w *Writer) Write(rec arrow.RecordBatch) error {
	if w.err == nil {
		if w.err = w.write(rec); w.err != nil {
			w.wait()
		}
	}
	return w.err
}

func (w *Writer) write(rec arrow.RecordBatch) error {
	if err := checkColumns(w.schema, rec.Schema()); err != nil {
		return fmt.Errorf("table: record does not fit: %w", err)
	}
	if w.isBatch(rec) {
		return w.pass(rec)
	}
	for from, rows := 0, int(rec.NumRows()); from < rows; {
		n := w.filling.room(rec, from)
		err := w.fill(func(c *column, at int) error { return c.appendRange(rec.Column(at), from, from+n) })
		if err != nil {
			return err
		}
		w.filling.add(rec, from, n)
		w.rows += int64(n)
		from += n
		if from < rows || w.filling.full() {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// WriteRows is Write of those rows of a record that have the indices, none of them
// twice, in that order.
func (w *Writer) WriteRows(rec arrow.RecordBatch, rows []int) error {
	if w.err == nil {
		if w.err = w.writeRows(rec, rows); w.err != nil {
			w.wait()
		}
	}
	return w.err
}

func (w *Writer) writeRows(rec arrow.RecordBatch, rows []int) error {
	if err := checkColumns(w.schema, rec.Schema()); err != nil {
		return fmt.Errorf("table: record does not fit: %w", err)
	}
	for len(rows) > 0 {
		n := w.filling.roomAmong(rec, rows)
		err := w.fill(func(c *column, at int) error { return c.appendTaken(rec.Column(at), rows[:n]) })
		if err != nil {
			return err
		}
		w.filling.took(n, w.columns)
		w.rows += int64(n)
		rows = rows[n:]
		if len(rows) > 0 || w.filling.full() {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// worthThread is how many columns are worth another goroutine to copy them.
const worthThread = 64

// fill adds to all columns of the batch, to many by several goroutines.
func (w *Writer) fill(add func(c *column, at int) error) error {
	threads := min(runtime.GOMAXPROCS(0), len(w.columns)/worthThread)
	if threads < 2 {
		return w.fillColumns(add, 0, len(w.columns))
	}
	errs := make([]error, (len(w.columns)+worthThread-1)/worthThread)
	var next atomic.Int64
	var wait sync.WaitGroup
	for range threads {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(errs); i = int(next.Add(1)) - 1 {
				errs[i] = w.fillColumns(add, i*worthThread, min((i+1)*worthThread, len(w.columns)))
			}
		})
	}
	wait.Wait()
	for _, err := range errs { // that of the first column, whoever was faster
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *Writer) fillColumns(add func(c *column, at int) error, first, end int) error {
	for i := first; i < end; i++ {
		if err := add(w.columns[i], i); err != nil {
			return fmt.Errorf("table: column %q: %w", w.schema.Field(i).Name, err)
		}
	}
	return nil
}

// flush begins to write the batch that is filled, once the one before is written.
func (w *Writer) flush() error {
	if err := w.wait(); err != nil {
		return err
	}
	full, other := w.columns, <-w.other
	if other == nil {
		other = make([]*column, len(full))
		for i, c := range full {
			other[i] = c.another()
		}
	}
	w.columns = other
	w.filling.reset()
	done := make(chan error, 1)
	w.writing = done
	schema := w.schema
	go func() {
		rec := recordOf(schema, full)
		err := w.out.Write(rec)
		rec.Release()
		for _, c := range full {
			c.reset()
		}
		w.other <- full
		done <- err
	}()
	return nil
}

// wait waits for the batch that is being written.
func (w *Writer) wait() error {
	if w.writing == nil {
		return nil
	}
	err := <-w.writing
	w.writing = nil
	if err != nil {
		return fmt.Errorf("table: %w", err)
	}
	return nil
}

// isBatch says whether a record has the very buffers that the next batch will
// have, so that they can be written as they are.
func (w *Writer) isBatch(rec arrow.RecordBatch) bool {
	rows := int(rec.NumRows())
	if w.filling.rows > 0 || rows < w.filling.most || w.filling.room(rec, 0) < rows {
		return false
	}
	for i, c := range w.columns {
		if !c.hasForm(rec.Column(i)) {
			return false
		}
	}
	return true
}

// pass writes a record as a batch, while the caller waits.
func (w *Writer) pass(rec arrow.RecordBatch) error {
	if err := w.wait(); err != nil {
		return err
	}
	columns := make([]arrow.Array, len(w.columns))
	for i, c := range w.columns {
		d := rec.Column(i).Data() // with the type as it is written: names of elements may differ
		data := array.NewData(c.dtype, d.Len(), d.Buffers(), d.Children(), d.NullN(), 0)
		columns[i] = array.MakeFromData(data)
		data.Release()
		defer columns[i].Release()
	}
	batch := array.NewRecordBatch(w.schema, columns, rec.NumRows())
	defer batch.Release()
	if err := w.out.Write(batch); err != nil {
		return fmt.Errorf("table: %w", err)
	}
	w.rows += rec.NumRows()
	return nil
}

// Close writes what is pending and the footer. It does not close the
// underlying writer.
func (w *Writer) Close() error {
	if w.err != nil {
		w.wait()
		return w.err
	}
	w.err = errors.New("table: write after close")
	if w.filling.rows > 0 {
		if err := w.flush(); err != nil {
			return err
		}
	}
	if err := w.wait(); err != nil {
		return err
	}
	return w.finish()
}

// finish writes the footer. It leaves out the mark that Arrow writes since version
// 18 between the last batch and the footer, for readers of streams: tables never
// had it, and the same rows must have the same bytes.
func (w *Writer) finish() error {
	var end bytes.Buffer
	file := w.file.Writer
	w.file.Writer = &end
	if err := w.out.Close(); err != nil {
		return fmt.Errorf("table: %w", err)
	}
	last := bytes.TrimPrefix(end.Bytes(), []byte("\xff\xff\xff\xff\x00\x00\x00\x00"))
	if w.described != nil {
		var err error
		if last, err = endOf(w.described, last); err != nil {
			return fmt.Errorf("table: %w", err)
		}
	}
	if _, err := file.Write(last); err != nil {
		return fmt.Errorf("table: %w", err)
	}
	return nil
}

// Discard ends a table that nobody wants: when it returns, the underlying writer
// is not used any more. After Close it does nothing.
func (w *Writer) Discard() {
	w.wait()
	if w.err == nil {
		w.err = errors.New("table: write after discard")
	}
}

// A redirected is where a file is written to, which can become another place.
type redirected struct{ io.Writer }
