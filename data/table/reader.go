package table

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// A Reader reads a table file, one batch at a time. Batch may be called from
// several goroutines.
type Reader struct {
	src     io.ReaderAt
	schema  *arrow.Schema
	file    *arrow.Schema // of the file, of which some columns may be left out
	columns []int         // of the file, those of the schema; nil: all
	batches []batchAt
	starts  []int64 // the first row of each batch, and the number of all rows
	spare   *spare  // memory for batches; nil: each has its own
}

// Open reads the schema of a table of the given size in bytes. Bytes that are
// no table give an error, whatever they are.
func Open(r io.ReaderAt, size int64) (tr *Reader, err error) {
	defer recoverDamage(&err)
	batches, err := readFooter(r, size)
	if err != nil {
		return nil, fmt.Errorf("table: %w", err)
	}
	schema, err := readSchema(r, size)
	if err != nil {
		return nil, fmt.Errorf("table: %w", err)
	}
	tr = &Reader{src: r, schema: schema, file: schema, batches: batches, starts: make([]int64, 1, len(batches)+1)}
	for i := range batches {
		rows, err := tr.batchRows(i)
		if err != nil {
			return nil, fmt.Errorf("table: batch %d: %w", i, err)
		}
		tr.starts = append(tr.starts, tr.starts[i]+rows)
	}
	return tr, nil
}

// batchRows reads how many rows a batch has. That stands at the beginning of its
// header, which says much of each column after it.
func (r *Reader) batchRows(i int) (rows int64, err error) {
	const enough = 512
	for n := min(enough, r.batches[i].header); ; n = r.batches[i].header {
		raw, err := readBytes(r.src, span{r.batches[i].offset, n})
		if err != nil {
			return 0, err
		}
		rows, ok := rowsIn(raw)
		if !ok && n < r.batches[i].header {
			continue
		}
		if !ok || rows < 1 || rows > mostBatchRows {
			return 0, fmt.Errorf("%d rows, but a batch holds 1 to %d", rows, mostBatchRows)
		}
		return rows, nil
	}
}

// rowsIn finds the number of rows in the beginning of a header, if it is there.
func rowsIn(header []byte) (rows int64, ok bool) {
	defer func() {
		if recover() != nil { // out of range
			rows, ok = 0, false
		}
	}()
	batch, ok := flatRoot(header[8:]).table(2)
	return batch.int64(0), ok
}

// The end of an Arrow file is the footer, its length and the magic bytes.
const (
	magic   = "ARROW1"
	endSize = int64(4 + len(magic))
)

func readFooter(r io.ReaderAt, size int64) ([]batchAt, error) {
	errNotArrow := errors.New("not an Arrow file, or only a part of one")
	if size < 8+endSize {
		return nil, errNotArrow
	}
	end, err := readBytes(r, span{size - endSize, endSize})
	if err != nil {
		return nil, err
	}
	length := int64(binary.LittleEndian.Uint32(end))
	if string(end[4:]) != magic || length < 4 || length > size-8-endSize {
		return nil, errNotArrow
	}
	footer, err := readBytes(r, span{size - endSize - length, length})
	if err != nil {
		return nil, err
	}
	return checkFooter(footer, size-endSize-length)
}

// readSchema leaves it to Arrow to decode the schema, after checkFooter.
func readSchema(r io.ReaderAt, size int64) (*arrow.Schema, error) {
	file, err := ipc.NewFileReader(io.NewSectionReader(r, 0, size))
	if err != nil {
		return nil, fmt.Errorf("not an Arrow file: %w", err)
	}
	defer file.Close()
	_, err = canonical(file.Schema())
	return file.Schema(), err
}

func readBytes(r io.ReaderAt, s span) ([]byte, error) {
	buf := make([]byte, s.size)
	if err := readInto(buf, r, s.offset); err != nil {
		return nil, err
	}
	return buf, nil
}

func readInto(buf []byte, r io.ReaderAt, at int64) error {
	if n, err := r.ReadAt(buf, at); n < len(buf) {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("read %d bytes at %d: %w", len(buf), at, err)
	}
	return nil
}

// Schema is the schema of the table, with its metadata.
func (r *Reader) Schema() *arrow.Schema { return r.schema }

// NumRows is the number of rows of the whole table.
func (r *Reader) NumRows() int64 { return r.starts[len(r.batches)] }

// NumBatches is the number of batches.
func (r *Reader) NumBatches() int { return len(r.batches) }

// BatchOf finds the batch that a row of the table is in, and its place there. Both
// are counted from 0.
func (r *Reader) BatchOf(row int64) (batch int, at int) {
	batch, found := slices.BinarySearch(r.starts, row)
	if !found {
		batch--
	}
	return batch, int(row - r.starts[batch])
}

// Close ends the use of the reader. Records that it gave stay valid, and the
// io.ReaderAt stays open.
func (r *Reader) Close() error { return nil }

// Batch reads one batch, counted from 0. Nothing in it points outside of its
// memory, and its text is UTF-8.
func (r *Reader) Batch(i int) (rec arrow.RecordBatch, err error) {
	if i < 0 || i >= len(r.batches) {
		return nil, fmt.Errorf("table: there is no batch %d, the table has %d", i, len(r.batches))
	}
	defer recoverDamage(&err)
	rec, err = r.decode(i)
	if err != nil {
		return nil, fmt.Errorf("table: batch %d: %w", i, err)
	}
	return rec, nil
}

// Batches reads the batches in order, each while the one before it is used. It
// ends after the first error.
func (r *Reader) Batches() iter.Seq2[arrow.RecordBatch, error] {
	type result struct {
		rec arrow.RecordBatch
		err error
	}
	return func(yield func(arrow.RecordBatch, error) bool) {
		next := make(chan result, 1)
		read := func(i int) {
			rec, err := r.Batch(i)
			next <- result{rec, err}
		}
		for i := range r.batches {
			if i == 0 {
				read(0)
			}
			now := <-next
			ahead := i+1 < len(r.batches) && now.err == nil
			if ahead {
				go read(i + 1)
			}
			more := yield(now.rec, now.err)
			if now.err != nil {
				return
			}
			now.rec.Release()
			if !more {
				if ahead { // which may not use the file any more when this returns
					if rest := <-next; rest.err == nil {
						rest.rec.Release()
					}
				}
				return
			}
		}
	}
}

// header reads the header of a batch.
func (r *Reader) header(i int) (*batchHeader, error) {
	at := r.batches[i]
	header, err := readBytes(r.src, span{at.offset, at.header})
	if err != nil {
		return nil, err
	}
	h, err := checkHeader(header, at.body)
	if err != nil {
		return nil, err
	}
	if want := r.starts[i+1] - r.starts[i]; h.rows != want {
		return nil, fmt.Errorf("%d rows, but there were %d", h.rows, want)
	}
	return h, nil
}

// array takes the next node and buffers for an array of a type.
func (h *batchHeader) array(t arrow.DataType, body body) *array.Data {
	n := h.nodes[0]
	h.nodes = h.nodes[1:]
	buffers := []*memory.Buffer{h.buffer(body)}
	if buffers[0].Len() == 0 {
		buffers[0] = nil // no validity bitmap
	}
	defer func() { // the array holds them from then on
		for _, b := range buffers {
			if b != nil {
				b.Release()
			}
		}
	}()
	switch t := t.(type) {
	case *arrow.StringType:
		buffers = append(buffers, h.buffer(body), h.buffer(body))
	case *arrow.ListType:
		buffers = append(buffers, h.buffer(body))
		child := h.array(t.Elem(), body)
		defer child.Release()
		return array.NewData(t, int(n.rows), buffers, []arrow.ArrayData{child}, int(n.nulls), 0)
	case *arrow.FixedSizeListType:
		child := h.array(t.Elem(), body)
		defer child.Release()
		return array.NewData(t, int(n.rows), buffers, []arrow.ArrayData{child}, int(n.nulls), 0)
	default:
		buffers = append(buffers, h.buffer(body))
	}
	return array.NewData(t, int(n.rows), buffers, nil, int(n.nulls), 0)
}

// buffer takes the next buffer.
func (h *batchHeader) buffer(body body) *memory.Buffer {
	s := h.buffers[0]
	h.buffers = h.buffers[1:]
	return body.buffer(s)
}

// recoverDamage turns a panic of a decoder, which trusts its input, into an
// error.
func recoverDamage(err *error) {
	if p := recover(); p != nil { // out of range, or a buffer that is too short
		*err = fmt.Errorf("table: damaged Arrow file: %v", p)
	}
}
