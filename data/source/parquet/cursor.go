package parquet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/bitutil"

	"pipe/data/source"
	"pipe/data/table"
)

// A cursor reads a column of a row group, page by page and piece by piece, so that
// it takes the memory of a page and of a piece, whatever the group is long.
type cursor struct {
	leaf     *leaf
	codec    int
	rows     int64 // left
	at       int64 // rows read
	pages    pages
	unpacker decompressor
	dict     *dictionary
	dictAt   int64 // where it is in the file
	page     page
	pending  levels // of lists
	*memory
	scratch *sync.Pool // of *[]byte
}

// memory is what the cursors of a column use, one after the other.
type memory struct {
	unpacked, levels []byte
	dictionary       dictionary
	pieces           chan *piece // that are no longer used
}

func newMemory() *memory { return &memory{pieces: make(chan *piece, alive)} }

// reuse gives a piece back, to whose array nothing refers any more.
func (m *memory) reuse(p *piece) {
	select {
	case m.pieces <- p:
	default:
	}
}

// piece gives an empty piece.
func (m *memory) piece() *piece {
	select {
	case p := <-m.pieces:
		clear(p.valid)
		*p = piece{valid: p.valid, fixed: p.fixed[:0], bits: p.bits, text: p.text[:0], ends: p.ends[:0]}
		return p
	default:
		return &piece{}
	}
}

func newCursor(f *source.File, l *leaf, g *group, m *memory, scratch *sync.Pool) (*cursor, error) {
	c := &g.chunks[l.chunk]
	if err := c.check(l, f.Size); err != nil {
		return nil, err
	}
	if c.values != g.rows && l.list == nil {
		return nil, fmt.Errorf("%d values in %d rows", c.values, g.rows)
	}
	return &cursor{leaf: l, codec: c.codec, rows: g.rows, memory: m, unpacker: decompressor{buf: m.unpacked}, scratch: scratch,
		pages: pages{file: f, at: c.at(), end: c.at() + c.packed}}, nil
}

// close gives the memory back.
func (c *cursor) close() {
	c.unpacker.close()
	c.unpacked = c.unpacker.buf
}

// A limit bounds a piece.
type limit struct {
	rows int
	text int // bytes: a piece ends with the text that brings it there
}

// step is how many values are read at a time.
const step = 1024

// next reads the next rows, as many as the limit says; nil at the end. The array
// shares the memory of the piece.
func (c *cursor) next(ctx context.Context, most limit) (*piece, arrow.Array, error) {
	if c.rows == 0 {
		return nil, nil, nil
	}
	if c.leaf.list != nil {
		return c.nextLists(ctx, most)
	}
	p := c.memory.piece()
	n := int(min(int64(most.rows), c.rows))
	if c.leaf.cast.size > 0 {
		p.fixed = slices.Grow(p.fixed, n*c.leaf.cast.size)
	} else {
		p.ends = append(slices.Grow(p.ends, n+1), 0)
	}
	if size := int(bitutil.BytesForBits(int64(n))); c.leaf.optional && size > len(p.valid) {
		p.valid = make([]byte, size)
	}
	for p.rows < n && len(p.text) < max(1, most.text) {
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		if c.page.left == 0 {
			ok, err := c.open()
			if err != nil {
				return nil, nil, err
			}
			if !ok {
				return nil, nil, fmt.Errorf("its pages end after row %d of the row group, which has %d", c.at, c.at+c.rows)
			}
		}
		take := min(n-p.rows, c.page.left, step)
		if c.page.texts != nil {
			if longest := c.page.texts.longest(); longest > 0 {
				take = min(take, max(1, most.text/longest))
			}
		}
		if err := c.read(p, take); err != nil {
			return nil, nil, fmt.Errorf("rows %d to %d of the row group: %w", c.at+1, c.at+int64(take), err)
		}
		c.page.left -= take
		c.rows -= int64(take)
		c.at += int64(take)
	}
	return p, c.array(p), nil
}

// read adds n rows of a page to a piece.
func (c *cursor) read(p *piece, n int) (err error) {
	present := n
	if c.leaf.optional {
		if c.page.hasNot {
			bitutil.SetBitsTo(p.valid, int64(p.rows), int64(n), true)
		} else if present, err = c.page.levels.bits(p.valid, p.rows, n); err != nil {
			return fmt.Errorf("levels: %w", err)
		}
	}
	p.nulls += n - present
	switch {
	case c.leaf.cast.size == 0:
		if present > 0 {
			if c.page.texts == nil {
				return errors.New("a page holds no text")
			}
			if err := c.page.texts.append(p, present); err != nil {
				return err
			}
		}
		p.spreadTexts(n, present)
	default:
		size := c.leaf.cast.size
		have := len(p.fixed)
		p.fixed = p.fixed[:have+n*size] // has room for all rows
		if present > 0 {
			if err := c.page.fixed.read(p.fixed[have:], present); err != nil {
				return err
			}
		}
		p.spread(have, n, present, size)
	}
	p.rows += n
	return nil
}

// spread moves the values of the last n rows, which stand one after the other, to
// their rows, and zeroes those that are null.
func (p *piece) spread(from, n, present, size int) {
	if present == n {
		return
	}
	dst := p.fixed[from:]
	switch size {
	case 1:
		spread[uint8](dst, p.valid, p.rows, n, present)
	case 2:
		spread[uint16](dst, p.valid, p.rows, n, present)
	case 4:
		spread[uint32](dst, p.valid, p.rows, n, present)
	case 8:
		spread[uint64](dst, p.valid, p.rows, n, present)
	}
}

type word interface {
	uint8 | uint16 | uint32 | uint64
}

func words[T word](b []byte) []T {
	var zero T
	if len(b) == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&b[0])), len(b)/int(unsafe.Sizeof(zero)))
}

func spread[T word](dst, valid []byte, at, n, present int) {
	values := words[T](dst)[:n]
	from := present
	for i := n - 1; i >= 0; i-- {
		if bitutil.BitIsSet(valid, at+i) {
			from--
			values[i] = values[from]
		} else {
			values[i] = 0
		}
	}
}

// gather reads the values of a dictionary that are asked for.
func gather[T word](dst, dict []byte, which []uint32) {
	to, from := words[T](dst)[:len(which)], words[T](dict)
	for i, k := range which {
		to[i] = from[k]
	}
}

func (p *piece) spreadTexts(n, present int) {
	if present == n {
		return
	}
	last := p.ends[len(p.ends)-1]
	for range n - present {
		p.ends = append(p.ends, last)
	}
	ends := p.ends[len(p.ends)-n-1:] // with the end of the row before
	from := present
	for i := n; i > 0; i-- {
		ends[i] = ends[from]
		if bitutil.BitIsSet(p.valid, p.rows+i-1) {
			from--
		}
	}
}

// array makes an array of a piece.
func (c *cursor) array(p *piece) arrow.Array {
	valid := p.valid
	if p.nulls == 0 {
		valid = nil
	} else {
		valid = valid[:bitutil.BytesForBits(int64(p.rows))]
	}
	if c.leaf.cast.size == 0 {
		return table.NewTextArray(p.ends, p.text, valid)
	}
	if c.leaf.physical == typeBool {
		p.bits = room(p.bits, int(bitutil.BytesForBits(int64(p.rows))))
		clear(p.bits)
		for i, b := range p.fixed {
			p.bits[i>>3] |= b << (i & 7)
		}
		return table.NewFixedArray(c.leaf.cast.to, p.rows, p.bits, valid)
	}
	return table.NewFixedArray(c.leaf.cast.to, p.rows, p.fixed, valid)
}
