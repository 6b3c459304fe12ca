package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// A Writer writes a table file. It holds at most one batch in memory. After an
// error it is of no further use. It is not safe for concurrent use.
type Writer struct {
	schema  *arrow.Schema
	out     *ipc.FileWriter
	file    *redirected
	mem     memory.Allocator
	columns []*column
	each    int // rows of a batch, see BatchRows
	pending int // rows in columns
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
	t := &Writer{schema: s, file: &redirected{w}, mem: mem, columns: newColumns(s), each: BatchRows(s)}
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

// Schema is the schema as written.
func (w *Writer) Schema() *arrow.Schema { return w.schema }

// Rows is the number of rows written so far.
func (w *Writer) Rows() int64 { return w.rows }

// Write adds the rows of a record, whose columns must be those of the schema.
// It copies what it needs and keeps no reference.
func (w *Writer) Write(rec arrow.Record) error {
	if w.err == nil {
		w.err = w.write(rec)
	}
	return w.err
}

func (w *Writer) write(rec arrow.Record) error {
	if err := checkColumns(w.schema, rec.Schema()); err != nil {
		return fmt.Errorf("table: record does not fit: %w", err)
	}
	for from, rows := 0, int(rec.NumRows()); from < rows; {
		to := min(rows, from+w.each-w.pending)
		for i, c := range w.columns {
			if err := c.appendRange(rec.Column(i), from, to); err != nil {
				return fmt.Errorf("table: column %q: %w", w.schema.Field(i).Name, err)
			}
		}
		w.pending += to - from
		w.rows += int64(to - from)
		from = to
		if w.pending == w.each {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *Writer) flush() error {
	rec := recordOf(w.schema, w.columns)
	defer rec.Release()
	if err := w.out.Write(rec); err != nil {
		return fmt.Errorf("table: %w", err)
	}
	for _, c := range w.columns {
		c.reset()
	}
	w.pending = 0
	return nil
}

// Close writes what is pending and the footer. It does not close the
// underlying writer.
func (w *Writer) Close() error {
	if w.err != nil {
		return w.err
	}
	w.err = errors.New("table: write after close")
	if w.pending > 0 {
		if err := w.flush(); err != nil {
			return err
		}
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

// A redirected is where a file is written to, which can become another place.
type redirected struct{ io.Writer }
