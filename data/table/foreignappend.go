package table

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/bitutil"

	"pipe/base/diag"
)

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
	case kind == ragged:
		err = f.appendLists(c, p, from, n)
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

// offsetsAt reads two of the offsets.
func (p part) offsetsAt(rows ...int64) (offsets [2]int64, err error) {
	for i, row := range rows {
		offset, err := p.offsets(row, 0)
		if err != nil {
			return offsets, err
		}
		offsets[i] = offset(0)
	}
	return offsets, nil
}

// viewedBytes adds up the lengths of texts that views refer to.
func (p part) viewedBytes(from int64, n int) (sum int64, err error) {
	const size = 16
	raw, err := p.values.read(from*size, int64(n)*size)
	for i := 0; i < len(raw); i += size {
		sum += max(0, int64(int32(little.Uint32(raw[i:]))))
	}
	return sum, err
}

// offsets reads where n rows begin and the last of them ends, in 4 or 8 bytes each.
func (p part) offsets(from int64, n int) (func(i int) int64, error) {
	size := int64(p.field.cast.size)
	raw, err := p.values.read(from*size, int64(n+1)*size)
	if err != nil {
		return nil, err
	}
	if size == 4 {
		return func(i int) int64 { return int64(int32(little.Uint32(raw[4*i:]))) }, nil
	}
	return func(i int) int64 { return int64(little.Uint64(raw[8*i:])) }, nil
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
	if cast.format != nil {
		for i := range n {
			if bitutil.BitIsSet(c.valid, c.rows+i) {
				c.text = cast.format(c.text, raw[i*cast.size:(i+1)*cast.size])
			}
			if len(c.text) > math.MaxInt32 {
				return errTextTooLong(n)
			}
			c.offsets = append(c.offsets, int32(len(c.text)))
		}
		return nil
	}
	if cast.convert == nil {
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
		if bitutil.BitIsNotSet(c.valid, c.rows+i) {
			continue
		}
		kept, err := cast.convert(c.values[at+i*c.size:], value)
		if err != nil {
			return fmt.Errorf("row %d: %w", f.row(from, i), err)
		}
		if !kept {
			p.field.lost++
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
	if p.values.size == 0 && p.rows == 0 {
		return nil
	}
	offset, err := p.offsets(from, n)
	if err != nil {
		return err
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
	at := func(i int) int64 {
		return wholeOf(raw[i*index.size:(i+1)*index.size], arrow.IsSignedInteger(index.to.ID()))
	}
	if c.offsets != nil && d != nil { // before memory is taken for it
		var bytes int64
		for i := range n {
			if k := at(i); bitutil.BitIsSet(c.valid, c.rows+i) && k >= 0 && k < int64(d.rows) {
				bytes += int64(d.offsets[k+1] - d.offsets[k])
			}
		}
		if err := f.expand(bytes); err != nil {
			return err
		}
		c.text = slices.Grow(c.text, int(bytes))
	}
	for i := range n {
		var k int64
		if bitutil.BitIsSet(c.valid, c.rows+i) {
			k = at(i)
			if d == nil || k < 0 || k >= int64(d.rows) {
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
			err = c.appendValue(d.text[d.offsets[k]:d.offsets[k+1]])
		}
		if err != nil {
			return err
		}
	}
	return nil
}
