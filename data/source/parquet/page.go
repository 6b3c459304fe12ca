package parquet

import (
	"errors"
	"fmt"
	"hash/crc32"

	"pipe/base/diag"
	"pipe/data/source"
)

// Types of pages.
const (
	pageData       = 0
	pageDictionary = 2
	pageDataV2     = 3
)

// A pageHead says what follows it.
type pageHead struct {
	kind      int
	plain     int // bytes, when it is not compressed
	packed    int
	crc       uint32
	hasCRC    bool
	values    int
	encoding  int
	levels    int // encoding of the definition levels
	starts    int // and of the repetition levels
	defBytes  int
	repBytes  int
	unpacked  bool // not compressed, though the chunk is
	hasDetail bool
}

// Pages are those of a chunk, one after the other.
type pages struct {
	file    *source.File
	at, end int64  // what was not read
	window  []byte // what was read and not used
	buf     []byte // behind window
}

const (
	// windowSize is how much of a chunk is read to look for the head of a page. A file
	// can have thousands of columns that are read at the same time.
	windowSize = 8 << 10
	// maxHead bounds the head of a page, which may hold the least and the greatest
	// text.
	maxHead = 16 << 20
)

// fill makes the window n bytes long, or as long as the chunk is.
func (p *pages) fill(n int) error {
	n = int(min(int64(n), int64(len(p.window))+p.end-p.at))
	have := len(p.window)
	if have >= n {
		return nil
	}
	buf := p.buf
	if cap(buf) < n {
		buf = make([]byte, n)
	}
	copy(buf[:n], p.window)
	p.buf, p.window = buf[:n], buf[:n]
	if err := p.file.ReadFull(p.window[have:], p.at); err != nil {
		return err
	}
	p.at += int64(n - have)
	return nil
}

// next reads the head of the next page. ok is false at the end.
func (p *pages) next() (h pageHead, ok bool, err error) {
	for look := windowSize; ; look *= 8 {
		if err := p.fill(look); err != nil {
			return h, false, err
		}
		if len(p.window) == 0 {
			return h, false, nil
		}
		t := &thrift{buf: p.window}
		h = t.pageHead()
		if t.err == nil {
			p.window = p.window[t.at:]
			break
		}
		if t.err != errShort || len(p.window) < look || look > maxHead {
			return h, false, fmt.Errorf("the head of a page: %w", t.err)
		}
	}
	if h.packed < 0 || h.plain < 0 || h.values < 0 || int64(h.packed) > int64(len(p.window))+p.end-p.at {
		return h, false, errors.New("a page ends outside of its column")
	}
	return h, true, nil
}

// skip passes over the bytes of a page.
func (p *pages) skip(n int) {
	have := min(n, len(p.window))
	p.window = p.window[have:]
	p.at += int64(n - have)
}

// body reads the bytes of a page into a buffer, which is grown if it is too small.
func (p *pages) body(buf []byte, h pageHead) ([]byte, error) {
	buf = room(buf, h.packed)
	have := copy(buf, p.window)
	if err := p.file.ReadFull(buf[have:], p.at); err != nil {
		return buf, err
	}
	p.skip(h.packed)
	if h.hasCRC && crc32.ChecksumIEEE(buf) != h.crc {
		return buf, errors.New("the checksum of a page is wrong: the file is damaged")
	}
	return buf, nil
}

func (t *thrift) pageHead() (h pageHead) {
	numbers := func(to ...*int) func(number int, kind byte) bool {
		return func(number int, kind byte) bool {
			if kind != thriftInt32 || number < 1 || number > len(to) || to[number-1] == nil {
				return false
			}
			*to[number-1] = int(t.int())
			return true
		}
	}
	h.kind = -1
	top := numbers(&h.kind, &h.plain, &h.packed)
	t.structure(func(number int, kind byte) bool {
		switch {
		case number == 4 && kind == thriftInt32:
			h.crc, h.hasCRC = uint32(t.int()), true
		case number == 5 && kind == thriftStruct:
			h.hasDetail = true
			t.structure(numbers(&h.values, &h.encoding, &h.levels, &h.starts))
		case number == 7 && kind == thriftStruct:
			h.hasDetail = true
			t.structure(numbers(&h.values, &h.encoding))
		case number == 8 && kind == thriftStruct:
			h.hasDetail = true
			some := numbers(&h.values, nil, nil, &h.encoding, &h.defBytes, &h.repBytes)
			t.structure(func(number int, kind byte) bool {
				if number == 7 {
					h.unpacked = kind == thriftFalse
				}
				return some(number, kind)
			})
		default:
			return top(number, kind)
		}
		return true
	})
	return h
}

// A page is what a column has to read at the moment.
type page struct {
	left   int    // values and nulls
	levels hybrid // of the definition, if the column is optional, or of lists
	starts hybrid // repetition levels of lists: 0 begins a row
	hasNot bool   // no levels: no value is null
	fixed  fixedValues
	texts  textValues
}

// open reads on to the next page of data. ok is false at the end.
func (c *cursor) open() (ok bool, err error) {
	for {
		before := c.pages
		h, ok, err := c.pages.next()
		if err != nil || !ok {
			return false, err
		}
		switch {
		case h.kind != pageData && h.kind != pageDataV2 && h.kind != pageDictionary || h.kind != pageDictionary && h.values == 0:
			c.pages.skip(h.packed) // an index, or nothing
			continue
		case !h.hasDetail:
			return false, errors.New("a page does not say what it holds")
		case h.kind == pageDictionary && c.dictAt > 0:
			return false, errors.New("a second dictionary")
		case h.kind == pageDictionary:
			c.dictAt = before.at - int64(len(before.window))
		}
		// The page is unpacked into memory of the cursor, so that what it is unpacked
		// from can serve another one then.
		buf := c.buffer()
		*buf, err = c.pages.body(*buf, h)
		switch {
		case err != nil:
		case h.kind == pageDictionary:
			err = c.readDictionary(h, *buf)
		default:
			c.page, err = c.dataPage(h, *buf)
		}
		c.scratch.Put(buf)
		if err != nil || h.kind != pageDictionary {
			return err == nil, err
		}
	}
}

func (c *cursor) readDictionary(h pageHead, body []byte) error {
	// It is unpacked into memory that others use after it, and read from there.
	mine := c.unpacker.buf
	plain := c.buffer()
	c.unpacker.buf = *plain
	defer func() {
		*plain, c.unpacker.buf = c.unpacker.buf, mine
		c.scratch.Put(plain)
	}()
	body, err := c.unpacker.unpack(c.codec, body, h.plain)
	if err != nil {
		return err
	}
	if h.encoding != plainEncoding && h.encoding != plainDictionary {
		return fmt.Errorf("a dictionary in encoding %d", h.encoding)
	}
	c.dict = &c.memory.dictionary
	if err := c.dict.fill(c.leaf, body, h.values); err != nil {
		return fmt.Errorf("dictionary: %w", err)
	}
	return nil
}

// buffer is one for a short time.
func (c *cursor) buffer() *[]byte {
	if buf, ok := c.scratch.Get().(*[]byte); ok {
		return buf
	}
	return new([]byte)
}

// needDictionary reads the dictionary again, if it was given up.
func (c *cursor) needDictionary() error {
	if c.dict != nil {
		return nil
	}
	if c.dictAt == 0 {
		return errors.New("a page refers to a dictionary that is not there")
	}
	p := pages{file: c.pages.file, at: c.dictAt, end: c.pages.end}
	h, _, err := p.next()
	if err != nil {
		return err
	}
	body, err := p.body(nil, h)
	if err != nil {
		return err
	}
	return c.readDictionary(h, body)
}

func (c *cursor) dataPage(h pageHead, body []byte) (p page, err error) {
	p = page{left: h.values, hasNot: !c.leaf.optional}
	var levels, starts []byte
	width := 1
	if c.leaf.list != nil {
		width = c.leaf.list.width()
	}
	if h.kind == pageDataV2 {
		if h.defBytes < 0 || h.repBytes < 0 || h.defBytes > len(body) || h.repBytes > len(body)-h.defBytes || h.plain < h.defBytes+h.repBytes {
			return p, errors.New("a page is shorter than its levels")
		}
		starts, levels, body = body[:h.repBytes], body[h.repBytes:h.repBytes+h.defBytes], body[h.repBytes+h.defBytes:]
		codec := c.codec
		if h.unpacked || len(body) == 0 {
			codec = codecNone
		}
		c.levels = append(append(c.levels[:0], starts...), levels...)
		starts, levels = c.levels[:len(starts)], c.levels[len(starts):]
		if body, err = c.unpacker.unpack(codec, body, h.plain-h.defBytes-h.repBytes); err != nil {
			return p, err
		}
	} else {
		if body, err = c.unpacker.unpack(c.codec, body, h.plain); err != nil {
			return p, err
		}
		if c.leaf.list != nil {
			if starts, body, err = levelsOf(body, h.starts); err != nil {
				return p, err
			}
		}
		if c.leaf.optional || c.leaf.list != nil {
			if levels, body, err = levelsOf(body, h.levels); err != nil {
				return p, err
			}
		}
	}
	if p.levels, err = newHybrid(levels, width); err != nil {
		return p, err
	}
	if p.starts, err = newHybrid(starts, 1); err != nil {
		return p, err
	}
	return p, c.values(&p, h.encoding, body)
}

// levelsOf takes levels, with their length, off the beginning of a page.
func levelsOf(body []byte, encoding int) (levels, rest []byte, err error) {
	if encoding != rleEncoding {
		return nil, nil, fmt.Errorf("levels in encoding %d", encoding)
	}
	if len(body) < 4 || int64(little.Uint32(body)) > int64(len(body)-4) {
		return nil, nil, errors.New("a page is shorter than its levels")
	}
	n := int(little.Uint32(body))
	return body[4 : 4+n], body[4+n:], nil
}

// Encodings of values.
const (
	plainEncoding   = 0
	plainDictionary = 2
	rleEncoding     = 3
	deltaNumbers    = 5
	deltaLengths    = 6
	deltaTexts      = 7
	rleDictionary   = 8
	byteStreamSplit = 9
)

// values finds what reads the values of a page.
func (c *cursor) values(p *page, encoding int, body []byte) (err error) {
	l := c.leaf
	if encoding == plainDictionary || encoding == rleDictionary {
		if err := c.needDictionary(); err != nil {
			return err
		}
		if len(body) == 0 {
			body = []byte{0} // of nothing but nulls
		}
		indices, err := newHybrid(body[1:], int(body[0]))
		if err != nil {
			return err
		}
		d := &coded{dict: c.dict, indices: indices}
		if l.cast.size == 0 {
			p.texts = d
		} else {
			p.fixed = d
		}
		return nil
	}
	// Writers that give a dictionary up seldom come back to it.
	if c.dict != nil {
		*c.dict = dictionary{}
		c.dict = nil
	}
	if l.physical == typeBytes {
		texts, err := newTexts(encoding, body)
		if err != nil {
			return err
		}
		switch {
		case l.cast.format != nil:
			p.texts = &formatted{texts: texts, format: l.cast.format}
		case l.cast.convert != nil:
			p.fixed = &parsed{texts: texts, size: l.cast.size, convert: l.cast.convert}
		default:
			p.texts = texts
		}
		return nil
	}
	fixed, err := l.newFixed(encoding, body)
	switch {
	case err != nil:
		return err
	case l.cast.format != nil && l.size > 0:
		p.texts = &written{fixed: fixed, size: l.size, format: l.cast.format}
	case l.cast.format != nil:
		return diag.WithHint(errors.New("truth values in a column that is said to have none"), "leave it out with select")
	case l.cast.convert != nil:
		p.fixed = &converted{fixed: fixed, size: l.size, convert: l.cast.convert}
	default:
		p.fixed = fixed
	}
	return nil
}
