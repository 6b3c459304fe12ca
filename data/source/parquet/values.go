package parquet

import (
	"errors"
	"fmt"
	"math"
)

// fixedValues reads values of a fixed size into dst, n of them one after the other.
type fixedValues interface {
	read(dst []byte, n int) error
}

// textValues adds n texts to a piece. longest is more bytes than none of them has.
type textValues interface {
	append(p *piece, n int) error
	longest() int
}

var errFewValues = errors.New("a page has fewer values than it says")

// newFixed finds what reads values that have a size, or are bits.
func (l *leaf) newFixed(encoding int, body []byte) (fixedValues, error) {
	switch {
	case encoding == plainEncoding && l.physical == typeBool:
		h := hybrid{buf: body, width: 1, packed: len(body) * 8}
		return &bits{h}, nil
	case encoding == rleEncoding && l.physical == typeBool:
		if len(body) < 4 {
			return nil, errFewValues
		}
		h, err := newHybrid(body[4:], 1)
		return &bits{h}, err
	case encoding == plainEncoding:
		return &plain{body, l.size}, nil
	case encoding == deltaNumbers && (l.physical == typeInt32 || l.physical == typeInt64):
		d, err := newDelta(body)
		return &differences{delta: d, size: l.size}, err
	case encoding == byteStreamSplit && l.size > 0:
		n := len(body) / l.size
		return &split{body: body[:n*l.size], size: l.size, n: n}, nil
	}
	return nil, fmt.Errorf("values of type %d in encoding %d", l.physical, encoding)
}

// plain values stand one after the other.
type plain struct {
	body []byte
	size int
}

func (v *plain) read(dst []byte, n int) error {
	if len(v.body)/v.size < n {
		return errFewValues
	}
	copy(dst, v.body[:n*v.size])
	v.body = v.body[n*v.size:]
	return nil
}

// bits are truth values, a byte each when they are read.
type bits struct{ hybrid }

func (v *bits) read(dst []byte, n int) error {
	var some [256]uint32
	for n > 0 {
		part := some[:min(n, len(some))]
		if err := v.hybrid.read(part); err != nil {
			return err
		}
		for i, b := range part {
			dst[i] = byte(b & 1)
		}
		dst, n = dst[len(part):], n-len(part)
	}
	return nil
}

// differences are whole numbers, written as a delta is.
type differences struct {
	*delta
	size int
	some [512]int64
}

func (v *differences) read(dst []byte, n int) error {
	for n > 0 {
		part := v.some[:min(n, len(v.some))]
		if err := v.delta.read(part); err != nil {
			return err
		}
		if v.size == 4 {
			for i, x := range part {
				little.PutUint32(dst[4*i:], uint32(x))
			}
		} else {
			for i, x := range part {
				little.PutUint64(dst[8*i:], uint64(x))
			}
		}
		dst, n = dst[len(part)*v.size:], n-len(part)
	}
	return nil
}

// A split has the first bytes of all values, then their second ones, and so on.
type split struct {
	body        []byte
	size, at, n int
}

func (v *split) read(dst []byte, n int) error {
	if v.n-v.at < n {
		return errFewValues
	}
	for k := range v.size {
		stream := v.body[k*v.n+v.at:][:n]
		for i, b := range stream {
			dst[i*v.size+k] = b
		}
	}
	v.at += n
	return nil
}

// converted values have another type in the table.
type converted struct {
	fixed   fixedValues
	size    int
	convert func(dst, src []byte) error
	buf     []byte
}

func (v *converted) read(dst []byte, n int) error {
	v.buf = room(v.buf, n*v.size)
	if err := v.fixed.read(v.buf, n); err != nil {
		return err
	}
	return v.convert(dst, v.buf)
}

func room(buf []byte, n int) []byte {
	if cap(buf) < n {
		return make([]byte, n)
	}
	return buf[:n]
}

// written values are texts in the table.
type written struct {
	fixed  fixedValues
	size   int
	format func(dst, src []byte) ([]byte, error)
	buf    []byte
}

const mostWritten = 128 // bytes that a number or a UUID takes as text

func (v *written) longest() int { return mostWritten }

func (v *written) append(p *piece, n int) error {
	v.buf = room(v.buf, n*v.size)
	if err := v.fixed.read(v.buf, n); err != nil {
		return err
	}
	for i := range n {
		var err error
		if p.text, err = v.format(p.text, v.buf[i*v.size:][:v.size]); err != nil {
			return err
		}
		p.endText()
	}
	return nil
}

// parsed values have each their own length, and a size in the table.
type parsed struct {
	texts   byteValues
	size    int
	convert func(dst, src []byte) error
}

func (v *parsed) read(dst []byte, n int) error {
	for range n {
		b, err := v.texts.next()
		if err != nil {
			return err
		}
		if err := v.convert(dst[:v.size], b); err != nil {
			return err
		}
		dst = dst[v.size:]
	}
	return nil
}

// formatted values have each their own length, and another as text.
type formatted struct {
	texts  byteValues
	format func(dst, src []byte) ([]byte, error)
}

func (v *formatted) longest() int { return mostWritten }

func (v *formatted) append(p *piece, n int) error {
	for range n {
		b, err := v.texts.next()
		if err != nil {
			return err
		}
		if p.text, err = v.format(p.text, b); err != nil {
			return err
		}
		p.endText()
	}
	return nil
}

// byteValues reads values that have each their own length.
type byteValues interface {
	textValues
	next() ([]byte, error) // good until the next one
}

func newTexts(encoding int, body []byte) (byteValues, error) {
	switch encoding {
	case plainEncoding:
		return &plainTexts{body}, nil
	case deltaLengths:
		lengths, rest, err := readDeltas(body)
		if err != nil {
			return nil, err
		}
		return newSuffixes(lengths, rest)
	case deltaTexts:
		prefixes, rest, err := readDeltas(body)
		if err != nil {
			return nil, err
		}
		lengths, rest, err := readDeltas(rest)
		if err != nil {
			return nil, err
		}
		if len(prefixes) != len(lengths) {
			return nil, errFewValues
		}
		return newPrefixed(prefixes, lengths, rest)
	}
	return nil, fmt.Errorf("texts in encoding %d", encoding)
}

// plainTexts stand each after its length.
type plainTexts struct{ body []byte }

func (v *plainTexts) next() ([]byte, error) {
	if len(v.body) < 4 {
		return nil, errFewValues
	}
	n := little.Uint32(v.body)
	if uint64(n) > uint64(len(v.body)-4) {
		return nil, errFewValues
	}
	b := v.body[4 : 4+n]
	v.body = v.body[4+n:]
	return b, nil
}

func (v *plainTexts) append(p *piece, n int) error { return appendTexts(v, p, n) }

// longest is 0: all of them together are no longer than the page.
func (v *plainTexts) longest() int { return 0 }

func appendTexts(v byteValues, p *piece, n int) error {
	for range n {
		b, err := v.next()
		if err != nil {
			return err
		}
		p.text = append(p.text, b...)
		p.endText()
	}
	return nil
}

// suffixes stand one after the other, their lengths before all of them.
type suffixes struct {
	lengths []int32
	body    []byte
}

func newSuffixes(lengths []int32, body []byte) (*suffixes, error) {
	sum := int64(0)
	for _, n := range lengths {
		sum += int64(n)
	}
	if sum > int64(len(body)) {
		return nil, errFewValues
	}
	return &suffixes{lengths, body}, nil
}

func (v *suffixes) next() ([]byte, error) {
	if len(v.lengths) == 0 {
		return nil, errFewValues
	}
	n := v.lengths[0]
	b := v.body[:n]
	v.lengths, v.body = v.lengths[1:], v.body[n:]
	return b, nil
}

func (v *suffixes) append(p *piece, n int) error { return appendTexts(v, p, n) }
func (v *suffixes) longest() int                 { return 0 }

// prefixed texts begin as the one before each does.
type prefixed struct {
	suffixes
	prefixes []int32
	last     []byte
	most     int
}

func newPrefixed(prefixes, lengths []int32, body []byte) (*prefixed, error) {
	s, err := newSuffixes(lengths, body)
	if err != nil {
		return nil, err
	}
	v := &prefixed{suffixes: *s, prefixes: prefixes}
	before := int64(0)
	for i, n := range prefixes {
		if int64(n) > before {
			return nil, errors.New("a text begins as more than all of the one before it")
		}
		if before = int64(n) + int64(lengths[i]); before > maxPage {
			return nil, fmt.Errorf("a text of %d bytes", before)
		}
		v.most = max(v.most, int(before))
	}
	return v, nil
}

func (v *prefixed) next() ([]byte, error) {
	if len(v.prefixes) == 0 {
		return nil, errFewValues
	}
	b, err := v.suffixes.next()
	if err != nil {
		return nil, err
	}
	v.last = append(v.last[:v.prefixes[0]], b...)
	v.prefixes = v.prefixes[1:]
	return v.last, nil
}

func (v *prefixed) append(p *piece, n int) error { return appendTexts(v, p, n) }
func (v *prefixed) longest() int                 { return v.most }

// A dictionary has values that pages refer to by number, as the table has them.
type dictionary struct {
	n     int
	size  int // bytes of a value, 0 of text
	fixed []byte
	text  piece
	most  int
}

// fill reads the page that holds the values.
func (d *dictionary) fill(l *leaf, body []byte, n int) error {
	*d = dictionary{n: n, size: l.cast.size, fixed: d.fixed[:0], text: piece{text: d.text.text[:0], ends: d.text.ends[:0]}}
	if l.physical == typeBool {
		return errors.New("truth values have none")
	}
	c := &cursor{leaf: l}
	p := &page{left: n}
	// A value takes bytes of the page, which bounds how many there are.
	each := l.size
	if l.physical == typeBytes {
		each = 4
	}
	if n > len(body)/each || l.cast.format != nil && n > math.MaxInt32/mostWritten {
		return errFewValues
	}
	if err := c.values(p, plainEncoding, body); err != nil {
		return err
	}
	if p.fixed != nil {
		d.fixed = room(d.fixed, n*d.size)
		return p.fixed.read(d.fixed, n)
	}
	if err := p.texts.append(&d.text, n); err != nil {
		return err
	}
	start := int32(0)
	for _, end := range d.text.ends {
		d.most = max(d.most, int(end-start))
		start = end
	}
	return nil
}

// coded values are those of a dictionary.
type coded struct {
	dict    *dictionary
	indices hybrid
	some    [1024]uint32
}

func (v *coded) longest() int { return v.dict.most }

// next reads up to n numbers of values.
func (v *coded) next(n int) ([]uint32, error) {
	part := v.some[:min(n, len(v.some))]
	if v.indices.width == 0 && len(v.indices.buf) == 0 && v.dict.n > 0 {
		clear(part) // some writers leave out what says nothing
		return part, nil
	}
	if err := v.indices.read(part); err != nil {
		return nil, err
	}
	for _, k := range part {
		if uint64(k) >= uint64(v.dict.n) {
			return nil, fmt.Errorf("value %d of a dictionary of %d", k, v.dict.n)
		}
	}
	return part, nil
}

func (v *coded) read(dst []byte, n int) error {
	for n > 0 {
		part, err := v.next(n)
		if err != nil {
			return err
		}
		size := v.dict.size
		switch size {
		case 1:
			for i, k := range part {
				dst[i] = v.dict.fixed[k]
			}
		case 2:
			gather[uint16](dst, v.dict.fixed, part)
		case 4:
			gather[uint32](dst, v.dict.fixed, part)
		case 8:
			gather[uint64](dst, v.dict.fixed, part)
		default:
			return fmt.Errorf("values of %d bytes", size)
		}
		dst, n = dst[len(part)*size:], n-len(part)
	}
	return nil
}

func (v *coded) append(p *piece, n int) error {
	ends, text := v.dict.text.ends, v.dict.text.text
	for n > 0 {
		part, err := v.next(n)
		if err != nil {
			return err
		}
		out, to := p.text, p.ends
		for _, k := range part {
			start := int32(0)
			if k > 0 {
				start = ends[k-1]
			}
			out = append(out, text[start:ends[k]]...)
			to = append(to, int32(len(out)))
		}
		p.text, p.ends = out, to
		n -= len(part)
	}
	return nil
}

// A piece is some rows of a column.
type piece struct {
	rows  int
	nulls int
	valid []byte // bitmap
	fixed []byte
	bits  []byte // of truth values
	text  []byte
	ends  []int32 // of each text
}

// endText ends a text. A piece never has so many bytes that an int32 could not
// count them, since it is closed long before.
func (p *piece) endText() {
	if len(p.text) > math.MaxInt32 {
		panic("parquet: a piece is too long")
	}
	p.ends = append(p.ends, int32(len(p.text)))
}
