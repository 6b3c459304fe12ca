package table

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"pipe/diag"
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
	text   segment
	more   []segment // texts of views
}

// A batchReader takes the buffers of a batch, one after the other.
type batchReader struct {
	f      *Foreign
	buf    []byte
	body   span
	nodes  []node
	spans  []span
	views  []int64 // number of further buffers of each column of views
	decode func(in []byte, n int) ([]byte, error)
}

func (f *Foreign) newBatch(batch flatTable, body span) (*batchReader, int64, error) {
	b := &batchReader{f: f, buf: batch.buf, body: body}
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
			b.decode = decodeLZ4
		case 1:
			b.decode = decodeZstd
		default:
			return nil, 0, fmt.Errorf("it is compressed by method %d", codec)
		}
	}
	return b, batch.int64(0), nil
}

func decodeLZ4(in []byte, n int) ([]byte, error) {
	out := make([]byte, n)
	_, err := io.ReadFull(lz4.NewReader(bytes.NewReader(in)), out)
	return out, err
}

func decodeZstd(in []byte, n int) ([]byte, error) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(max(n, 1<<10))))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	out, err := d.DecodeAll(in, make([]byte, 0, n))
	if err == nil && len(out) != n {
		err = fmt.Errorf("%d bytes, want %d", len(out), n)
	}
	return out, err
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
	in, err := rest.read(0, rest.size)
	if err != nil {
		return at, err
	}
	out, err := b.decode(in, int(n))
	if err != nil {
		return at, fmt.Errorf("compressed: %w", err)
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
	if kind == vectors {
		return b.vector(p)
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

func (b *batchReader) vector(p part) (part, error) {
	if p.valid.size > 0 {
		missing, err := p.valid.read(0, min(p.valid.size, bitutil.BytesForBits(max(0, p.rows))))
		if err != nil {
			return p, err
		}
		if bitutil.CountSetBits(missing, 0, min(len(missing)*8, int(p.rows))) < int(p.rows) {
			return p, errors.New("a vector column cannot hold nulls")
		}
	}
	if len(b.nodes) == 0 || b.nodes[0].nulls != 0 || b.nodes[0].rows != p.rows*int64(p.field.cast.size/4) {
		return p, errors.New("a vector has missing elements")
	}
	b.nodes = b.nodes[1:]
	if _, err := b.buffer(); err != nil {
		return p, err
	}
	var err error
	p.valid = segment{}
	p.values, err = b.buffer()
	return p, err
}

// readBatch writes the rows of a batch.
func (f *Foreign) readBatch(ctx context.Context, out *Writer, m *message) error {
	f.budget = mostExpanded
	b, rows, err := f.newBatch(m.header, m.body)
	if err != nil {
		return err
	}
	parts := make([]part, len(f.fields))
	empty := true
	for i, c := range f.fields {
		if parts[i], err = b.part(c, c.coded); err != nil {
			return fmt.Errorf("column %q: %w", c.name, err)
		}
		if parts[i].rows != rows {
			return fmt.Errorf("column %q: %d rows, want %d", c.name, parts[i].rows, rows)
		}
		empty = empty && c.cast.layout == noBytes && !c.coded
	}
	// Columns without bytes can have any number of rows.
	if rows < 0 || empty && rows > 1<<20 {
		return fmt.Errorf("%d rows without a value", rows)
	}
	left := f.budget
	for from := int64(0); from < rows; from += BatchRows {
		if err := ctx.Err(); err != nil {
			return err
		}
		f.budget = left
		if err := f.writeChunk(out, parts, from, int(min(BatchRows, rows-from))); err != nil {
			return err
		}
		f.rows += min(BatchRows, rows-from)
	}
	return nil
}

func (f *Foreign) writeChunk(out *Writer, parts []part, from int64, n int) error {
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
	return out.Write(rec)
}

// define takes in a dictionary.
func (f *Foreign) define(m *message) error {
	f.budget = mostExpanded
	id, delta := m.header.int64(0), m.header.byte(2) != 0
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

// append adds n rows of a part, which is of the type of the column, to it.
func (f *Foreign) append(c *column, p part, from int64, n int, coded bool) error {
	if err := p.appendValid(c, from, n); err != nil {
		return err
	}
	var err error
	switch kind := p.field.cast.layout; {
	case coded:
		err = f.appendCoded(c, p, from, n)
	case kind == noBytes:
		for range n {
			c.offsets = append(c.offsets, int32(len(c.text)))
		}
	case kind == bits:
		err = p.appendBits(c, from, n)
	case kind == texts:
		err = p.appendTexts(c, from, n)
	case kind == textViews:
		err = f.appendViews(c, p, from, n)
	default:
		err = f.appendFixed(c, p, from, n)
	}
	if err != nil {
		return err
	}
	c.nulls += n - bitutil.CountSetBits(c.valid, c.rows, n)
	c.rows += n
	return nil
}

// appendValid adds the bits that say which rows are not null.
func (p part) appendValid(c *column, from int64, n int) error {
	c.valid = grown(c.valid, int(bitutil.BytesForBits(int64(c.rows+n))))
	if p.field.cast.layout == noBytes && !p.field.coded {
		return nil
	}
	if p.valid.size == 0 {
		bitutil.SetBitsTo(c.valid, int64(c.rows), int64(n), true)
		return nil
	}
	return copyBits(c.valid, c.rows, p.valid, from, n)
}

func copyBits(to []byte, at int, s segment, from int64, n int) error {
	raw, err := s.read(from/8, bitutil.BytesForBits(from%8+int64(n)))
	if err == nil {
		bitutil.CopyBitmap(raw, int(from%8), n, to, at)
	}
	return err
}

func (p part) appendBits(c *column, from int64, n int) error {
	c.values = grown(c.values, len(c.valid))
	if err := copyBits(c.values, c.rows, p.values, from, n); err != nil {
		return err
	}
	c.clearNullBits(n)
	return nil
}

// row is the number of a row of the file for people, who count from 1.
func (f *Foreign) row(from int64, i int) int64 { return f.rows + 1 + int64(i) }

func (f *Foreign) appendFixed(c *column, p part, from int64, n int) error {
	cast := p.field.cast
	raw, err := p.values.read(from*int64(cast.size), int64(n)*int64(cast.size))
	if err != nil {
		return err
	}
	if cast.convert == nil && cast.format == nil {
		c.values = append(c.values, raw...)
		if cast.layout != vectors {
			c.zeroNulls(n)
		}
		return nil
	}
	at := len(c.values)
	c.values = grown(c.values, at+n*c.size)
	for i := range n {
		value := raw[i*cast.size : (i+1)*cast.size]
		null := bitutil.BitIsNotSet(c.valid, c.rows+i)
		switch {
		case cast.format != nil:
			text := ""
			if !null {
				text, err = cast.format(value)
			}
			c.text = append(c.text, text...)
			c.offsets = append(c.offsets, int32(len(c.text)))
		case !null:
			var kept bool
			if kept, err = cast.convert(c.values[at+i*c.size:], value); !kept {
				p.field.lost++
			}
		}
		if err != nil {
			return fmt.Errorf("row %d: %w", f.row(from, i), err)
		}
	}
	return nil
}

// appendText adds the text of a row.
func (c *column) appendValue(text []byte) error {
	if len(c.text)+len(text) > math.MaxInt32 {
		return errTextTooLong(len(c.offsets))
	}
	c.text = append(c.text, text...)
	c.offsets = append(c.offsets, int32(len(c.text)))
	return nil
}

var errNotUTF8 = diag.WithHint(errors.New("text is not UTF-8"), "decode it before you write it")

func (p part) appendTexts(c *column, from int64, n int) error {
	size := int64(p.field.cast.size)
	if p.values.size == 0 && p.rows == 0 {
		return nil
	}
	raw, err := p.values.read(from*size, int64(n+1)*size)
	if err != nil {
		return err
	}
	offset := func(i int) int64 {
		if size == 4 {
			return int64(int32(little.Uint32(raw[4*i:])))
		}
		return int64(little.Uint64(raw[8*i:]))
	}
	first := offset(0)
	if offset(n)-first > math.MaxInt32 {
		return errTextTooLong(n)
	}
	text, err := p.text.read(first, offset(n)-first)
	if err != nil {
		return err
	}
	valid := utf8.Valid(text)
	for i := range n {
		a, b := offset(i)-first, offset(i+1)-first
		if a < 0 || a > b || b > int64(len(text)) {
			return errors.New("text outside of its buffer")
		}
		value := text[a:b]
		if bitutil.BitIsNotSet(c.valid, c.rows+i) {
			value = nil
		}
		// Valid text can be cut inside of a character.
		if len(value) > 0 && (!valid || !utf8.RuneStart(value[0])) && !utf8.Valid(value) || b < int64(len(text)) && value != nil && !utf8.RuneStart(text[b]) {
			return errNotUTF8
		}
		if err := c.appendValue(value); err != nil {
			return err
		}
	}
	return nil
}

func (f *Foreign) appendViews(c *column, p part, from int64, n int) error {
	const size, inline = 16, 12
	raw, err := p.values.read(from*size, int64(n)*size)
	if err != nil {
		return err
	}
	for i := range n {
		view := raw[i*size : (i+1)*size]
		var text []byte
		if bitutil.BitIsSet(c.valid, c.rows+i) {
			length := int64(int32(little.Uint32(view)))
			if length >= 0 && length <= inline {
				text = view[4 : 4+length]
			} else if text, err = f.viewed(p, view, length); err != nil {
				return err
			}
			if !utf8.Valid(text) {
				return errNotUTF8
			}
		}
		if err := c.appendValue(text); err != nil {
			return err
		}
	}
	return nil
}

// viewed reads a text that a view refers to.
func (f *Foreign) viewed(p part, view []byte, length int64) ([]byte, error) {
	index, offset := int64(int32(little.Uint32(view[8:]))), int64(int32(little.Uint32(view[12:])))
	if length < 0 || index < 0 || index >= int64(len(p.more)) {
		return nil, errors.New("text outside of its buffers")
	}
	if err := f.expand(length); err != nil {
		return nil, err
	}
	return p.more[index].read(offset, length)
}

// appendCoded adds the values that indices stand for.
func (f *Foreign) appendCoded(c *column, p part, from int64, n int) error {
	d, index := f.dicts[p.field.dict].values, p.field.index
	raw, err := p.values.read(from*int64(index.size), int64(n)*int64(index.size))
	if err != nil {
		return err
	}
	for i := range n {
		var k int64
		if bitutil.BitIsSet(c.valid, c.rows+i) {
			if k, err = index.int(raw[i*index.size:]); err != nil || d == nil || k < 0 || k >= int64(d.rows) {
				return fmt.Errorf("index %d is not in the dictionary", k)
			}
			if bitutil.BitIsNotSet(d.valid, int(k)) {
				bitutil.ClearBit(c.valid, c.rows+i) // a value of the dictionary can be null, too
			}
		}
		null := bitutil.BitIsNotSet(c.valid, c.rows+i)
		switch {
		case c.offsets == nil && null:
			c.values = grown(c.values, len(c.values)+c.size)
		case c.offsets == nil:
			c.values = append(c.values, d.values[int(k)*c.size:(int(k)+1)*c.size]...)
		case null:
			err = c.appendValue(nil)
		default:
			text := d.text[d.offsets[k]:d.offsets[k+1]]
			if err = f.expand(int64(len(text))); err == nil {
				err = c.appendValue(text)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// int reads a whole number of this type.
func (c cast) int(from []byte) (int64, error) {
	var to [8]byte
	if c.convert == nil {
		return int64(little.Uint64(from)), nil
	}
	_, err := c.convert(to[:], from[:c.size])
	return int64(little.Uint64(to[:])), err
}
