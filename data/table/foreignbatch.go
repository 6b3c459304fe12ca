package table

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"pipe/base/diag"
)

// mostExpanded bounds the bytes that a chunk of rows becomes beyond those of the
// file: by compression, by indices into a dictionary, and by views that share
// their text.
const mostExpanded = 1 << 30

// A segment is a piece of the file or of memory that can be read in parts.
type segment struct {
	src io.ReaderAt
	span
}

func (s segment) read(offset, n int64) ([]byte, error) {
	if offset < 0 || n < 0 || offset > s.size || n > s.size-offset {
		return nil, fmt.Errorf("a buffer has %d bytes, want %d at %d", s.size, n, offset)
	}
	return readBytes(s.src, span{s.offset + offset, n})
}

// A part is an array of a batch: where its buffers are.
type part struct {
	field  *foreignField
	rows   int64
	valid  segment // bitmap; empty if no row is null
	values segment
	text   segment   // or the elements of lists
	more   []segment // texts of views
	// elements is how many elements lists have, and holes a bitmap of those that are there; it
	// is empty if all are.
	elements int64
	holes    segment
}

// A batchReader takes the buffers of a batch, one after the other.
type batchReader struct {
	f      *Foreign
	buf    []byte
	body   span
	nodes  []node
	spans  []span
	views  []int64                               // number of further buffers of each column of views
	decode func(in io.Reader) (io.Reader, error) // nil if nothing is compressed
}

func (f *Foreign) newBatch(batch flatTable, body span) (b *batchReader, rows int64, err error) {
	b = &batchReader{f: f, buf: batch.buf, body: body}
	start, n := batch.vector(1, 16)
	for i := range n {
		at := batch.buf[start+16*i:]
		b.nodes = append(b.nodes, node{int64(little.Uint64(at)), int64(little.Uint64(at[8:]))})
	}
	start, n = batch.vector(2, 16)
	for i := range n {
		at := batch.buf[start+16*i:]
		s := span{int64(little.Uint64(at)), int64(little.Uint64(at[8:]))}
		if s.offset < 0 || s.size < 0 || s.offset > body.size || s.size > body.size-s.offset {
			return nil, 0, fmt.Errorf("buffer %d is outside of its batch", i)
		}
		b.spans = append(b.spans, s)
	}
	start, n = batch.vector(4, 8)
	for i := range n {
		b.views = append(b.views, int64(little.Uint64(batch.buf[start+8*i:])))
	}
	if compression, ok := batch.table(3); ok {
		switch codec := compression.byte(0); codec {
		case 0:
			b.decode = func(in io.Reader) (io.Reader, error) { return lz4.NewReader(in), nil }
		case 1:
			b.decode = f.decodeZstd
		default:
			return nil, 0, fmt.Errorf("it is compressed by method %d", codec)
		}
	}
	return b, batch.int64(0), nil
}

func (f *Foreign) decodeZstd(in io.Reader) (io.Reader, error) {
	if f.zstd == nil {
		const maxWindow = 128 << 20
		var err error
		if f.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow)); err != nil {
			return nil, err
		}
	}
	return f.zstd, f.zstd.Reset(in)
}

// expand takes bytes from what a chunk may still become.
func (f *Foreign) expand(n int64) error {
	if n < 0 || n > f.budget {
		return diag.WithHint(fmt.Errorf("it becomes more than %d MiB in memory", mostExpanded>>20), "write smaller batches, or without compression")
	}
	f.budget -= n
	return nil
}

// buffer takes the next buffer.
func (b *batchReader) buffer() (segment, error) {
	if len(b.spans) == 0 {
		return segment{}, errors.New("it has fewer buffers than its columns need")
	}
	s := b.spans[0]
	b.spans = b.spans[1:]
	at := segment{b.f.src, span{b.body.offset + s.offset, s.size}}
	if b.decode == nil || s.size == 0 {
		return at, nil
	}
	const lengthSize = 8
	length, err := at.read(0, lengthSize)
	if err != nil {
		return at, err
	}
	rest := segment{at.src, span{at.offset + lengthSize, at.size - lengthSize}}
	n := int64(little.Uint64(length))
	if n == -1 {
		return rest, nil // this one is not compressed
	}
	if err := b.f.expand(n); err != nil {
		return at, err
	}
	in, err := b.decode(io.NewSectionReader(rest.src, rest.offset, rest.size))
	if err != nil {
		return at, fmt.Errorf("compressed: %w", err)
	}
	// The buffer grows with what is there, and not with what is promised.
	out, err := io.ReadAll(io.LimitReader(in, n))
	if err != nil {
		return at, fmt.Errorf("compressed: %w", err)
	}
	if int64(len(out)) < n {
		return at, fmt.Errorf("compressed: %d bytes, want %d", len(out), n)
	}
	return segment{bytes.NewReader(out), span{0, n}}, nil
}

// part takes the buffers of a column, or of its dictionary.
func (b *batchReader) part(f *foreignField, coded bool) (p part, err error) {
	if len(b.nodes) == 0 {
		return p, errors.New("it has fewer arrays than columns")
	}
	p = part{field: f, rows: b.nodes[0].rows}
	b.nodes = b.nodes[1:]
	kind := f.cast.layout
	if coded {
		kind = fixed
	}
	if kind == noBytes {
		return p, nil
	}
	if p.valid, err = b.buffer(); err != nil {
		return p, err
	}
	if kind == vectors || kind == ragged {
		return b.list(p, kind)
	}
	if p.values, err = b.buffer(); err != nil {
		return p, err
	}
	switch kind {
	case texts:
		p.text, err = b.buffer()
	case textViews:
		if len(b.views) == 0 || b.views[0] < 0 || b.views[0] > int64(len(b.spans)) {
			return p, errors.New("the number of buffers of a column of views is wrong")
		}
		n := b.views[0]
		b.views = b.views[1:]
		for range n {
			more, err := b.buffer()
			if err != nil {
				return p, err
			}
			p.more = append(p.more, more)
		}
	}
	return p, err
}

// readBatch writes the rows of a batch.
func (f *Foreign) readBatch(ctx context.Context, use func(arrow.RecordBatch) error, m *message) error {
	f.budget = mostExpanded
	b, rows, err := f.newBatch(m.header, m.body)
	if err != nil {
		return err
	}
	var parts []part
	empty := true
	for _, c := range f.fields {
		if c.out != nil {
			if err := b.leaveOut(*c.out, 0); err != nil {
				return fmt.Errorf("column %q: %w", c.name, err)
			}
			continue
		}
		p, err := b.part(c, c.coded)
		if err != nil {
			return fmt.Errorf("column %q: %w", c.name, err)
		}
		if p.rows != rows {
			return fmt.Errorf("column %q: %d rows, want %d", c.name, p.rows, rows)
		}
		parts = append(parts, p)
		empty = empty && c.cast.layout == noBytes && !c.coded
	}
	// Columns without bytes can have any number of rows.
	if rows < 0 || empty && rows > 1<<20 {
		return fmt.Errorf("%d rows without a value", rows)
	}
	left, most := f.budget, newFilling(f.schema, mostBatchRows, batchBytes).most
	for from := int64(0); from < rows; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := chunk(most, parts, from, rows)
		if err != nil {
			return err
		}
		f.budget = left
		if err := f.readChunk(use, parts, from, n); err != nil {
			return err
		}
		from += int64(n)
		f.rows += int64(n)
	}
	return nil
}

// chunk is how many rows from one on are read at a time: about what a batch holds.
func chunk(most int, parts []part, from, rows int64) (n int, err error) {
	for n = int(min(int64(most), rows-from)); n > 1; n /= 2 {
		loose := int64(0)
		for i := range parts {
			p := &parts[i]
			if p.field.coded {
				continue
			}
			switch size := int64(1); p.field.cast.layout {
			case ragged:
				size = int64(p.field.cast.child)
				fallthrough
			case texts:
				offset, err := p.offsetsAt(from, from+int64(n))
				if err != nil {
					return 0, fmt.Errorf("column %q: %w", p.field.name, err)
				}
				loose += (offset[1] - offset[0]) * size
			case textViews:
				lengths, err := p.viewedBytes(from, n)
				if err != nil {
					return 0, fmt.Errorf("column %q: %w", p.field.name, err)
				}
				loose += lengths
			}
		}
		if loose <= batchBytes {
			break
		}
	}
	return max(1, n), nil
}

func (f *Foreign) readChunk(use func(arrow.RecordBatch) error, parts []part, from int64, n int) error {
	arrays := make([]arrow.Array, len(parts))
	for i, p := range parts {
		c := newColumn(p.field.cast.to)
		if err := f.append(c, p, from, n, p.field.coded); err != nil {
			return fmt.Errorf("column %q: %w", p.field.name, err)
		}
		arrays[i] = c.array()
	}
	rec, err := NewRecord(f.schema, arrays...)
	if err != nil {
		return err
	}
	defer rec.Release()
	f.lent = true
	err = use(rec)
	f.lent = false
	return err
}

// define takes in a dictionary.
func (f *Foreign) define(m *message) error {
	f.budget = mostExpanded
	id, delta := m.header.int64(0), m.header.byte(2) != 0
	if f.others[id] && f.dicts[id] == nil {
		return nil
	}
	d := f.dicts[id]
	data, ok := m.header.table(1)
	if d == nil || !ok {
		return damage("dictionary %d is that of no column", id)
	}
	fail := func(err error) error { return fmt.Errorf("dictionary of column %q: %w", d.field.name, err) }
	b, rows, err := f.newBatch(data, m.body)
	if err != nil {
		return fail(err)
	}
	p, err := b.part(d.field, false)
	if err != nil {
		return fail(err)
	}
	if rows != p.rows || rows < 0 || rows > math.MaxInt32 {
		return fail(fmt.Errorf("%d values, want %d", p.rows, rows))
	}
	switch {
	case d.values == nil || !delta && f.blocks == nil:
		d.values = newColumn(d.field.cast.to)
	case !delta:
		return fail(errors.New("it is defined twice"))
	}
	if err := f.append(d.values, p, 0, int(rows), false); err != nil {
		return fail(err)
	}
	return nil
}
