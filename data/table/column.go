package table

import (
	"errors"
	"fmt"
	"math"
	mathbits "math/bits"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// A column gathers values of one type in the one form that a table file has:
// null slots zeroed, no bit or byte set beyond the last row.
type column struct {
	dtype arrow.DataType
	size  int // bytes of a value, of a ragged list those of an element; 0 for text and bool
	rows  int
	nulls int
	valid []byte // bitmap, kept for all types but lists, which are missing only where Foreign.AllowGaps lets them

	values  []byte  // fixed-size values, or the bitmap of a bool column
	offsets []int32 // text and ragged lists only: rows+1 of them
	text    []byte
}

func newColumn(t arrow.DataType) *column {
	c := &column{dtype: t}
	switch t := t.(type) {
	case *arrow.StringType:
		c.offsets = []int32{0}
	case *arrow.BooleanType:
	case *arrow.FixedSizeListType:
		c.size = elements[t.Elem().ID()].Size() * int(t.Len())
	case *arrow.ListType:
		c.offsets, c.size = []int32{0}, elements[t.Elem().ID()].Size()
	case arrow.FixedWidthDataType:
		c.size = t.Bytes()
	}
	return c
}

// reset empties the column and keeps its memory. Arrays made by array before
// must no longer be in use.
func (c *column) reset() {
	c.rows, c.nulls = 0, 0
	c.valid, c.values, c.text = c.valid[:0], c.values[:0], c.text[:0]
	if c.offsets != nil {
		c.offsets = c.offsets[:1]
	}
}

// another is a column of the same type, empty, with as much memory as this one uses.
func (c *column) another() *column {
	d := newColumn(c.dtype)
	d.valid = make([]byte, 0, len(c.valid))
	d.values = make([]byte, 0, len(c.values))
	d.text = make([]byte, 0, len(c.text))
	if c.offsets != nil {
		d.offsets = append(make([]int32, 0, len(c.offsets)), 0)
	}
	return d
}

// expect makes room for n rows, but for what they have of no fixed size.
func (c *column) expect(n int) {
	switch c.dtype.(type) {
	case *arrow.StringType, *arrow.ListType:
		c.offsets = slices.Grow(c.offsets, n)
	case *arrow.BooleanType:
		c.values = slices.Grow(c.values, (n+7)/8)
	default:
		c.values = slices.Grow(c.values, n*c.size)
	}
	if c.dtype.ID() != arrow.FIXED_SIZE_LIST && c.dtype.ID() != arrow.LIST {
		c.valid = slices.Grow(c.valid, (n+7)/8)
	}
}

// roomFor gives b with room for n bytes more. It doubles, up to 16 MiB at a time.
func roomFor(b []byte, n int) []byte {
	if have := len(b); have+n > cap(b) {
		b = append(make([]byte, 0, max(have+n, min(2*have, have+1<<24))), b...)
	}
	return b
}

// grown gives b with n bytes, the new ones zero.
func grown(b []byte, n int) []byte {
	old := len(b)
	b = roomFor(b, n-old)[:n]
	clear(b[old:])
	return b
}

// appendRange adds rows from (inclusive) to (exclusive) of an array of the
// type of the column.
func (c *column) appendRange(arr arrow.Array, from, to int) error {
	n := to - from
	if n == 0 {
		return nil
	}
	switch v := arr.(type) {
	case *array.FixedSizeList:
		return c.appendVectors(v, from, to)
	case *array.List:
		return c.appendRagged(v, from, to)
	}
	c.valid = grown(c.valid, int(bitutil.BytesForBits(int64(c.rows+n))))
	start := arr.Data().Offset() + from
	nulls := 0
	if arr.NullN() == 0 {
		bitutil.SetBitsTo(c.valid, int64(c.rows), int64(n), true)
	} else {
		bitutil.CopyBitmap(arr.NullBitmapBytes(), start, n, c.valid, c.rows)
		nulls = n - bitutil.CountSetBits(c.valid, c.rows, n)
	}
	switch a := arr.(type) {
	case *array.String:
		if err := c.appendText(a, from, to, nulls); err != nil {
			return err
		}
	case *array.Boolean:
		c.values = grown(c.values, len(c.valid))
		bitutil.CopyBitmap(a.Data().Buffers()[1].Bytes(), start, n, c.values, c.rows)
		if nulls > 0 {
			c.clearNullBits(n)
		}
	default:
		src := arr.Data().Buffers()[1].Bytes()[start*c.size : (start+n)*c.size]
		c.values = append(roomFor(c.values, len(src)), src...)
		if nulls > 0 {
			c.zeroNulls(n)
		}
	}
	c.rows += n
	c.nulls += nulls
	return nil
}

func (c *column) appendVectors(a *array.FixedSizeList, from, to int) error {
	if a.NullN() > 0 || a.ListValues().NullN() > 0 {
		return errListNulls
	}
	values := a.ListValues().Data()
	element := elements[c.dtype.(*arrow.FixedSizeListType).Elem().ID()].Size()
	start := values.Offset()*element + (a.Data().Offset()+from)*c.size
	n := to - from
	c.values = append(roomFor(c.values, n*c.size), values.Buffers()[1].Bytes()[start:start+n*c.size]...)
	c.rows += n
	return nil
}

func (c *column) appendRagged(a *array.List, from, to int) error {
	if a.NullN() > 0 || a.ListValues().NullN() > 0 {
		return errListNulls
	}
	at := a.Data().Offset()
	offsets := a.Offsets()[at+from : at+to+1]
	first, last := int(offsets[0]), int(offsets[to-from])
	have := len(c.values) / c.size
	if have+last-first > math.MaxInt32 {
		return fmt.Errorf("%d rows hold more than %d elements, which is more than one array can", c.rows+to-from, math.MaxInt32)
	}
	for i, end := range offsets[1:] {
		if n := int(end - offsets[i]); n > maxListed {
			return fmt.Errorf("a list has %d elements, at most %d are possible", n, maxListed)
		}
		c.offsets = append(c.offsets, int32(int(end)-first+have))
	}
	values := a.ListValues().Data()
	start := values.Offset()
	c.values = append(c.values, values.Buffers()[1].Bytes()[(start+first)*c.size:(start+last)*c.size]...)
	c.rows += to - from
	return nil
}

var errListNulls = errors.New("a vector column cannot hold nulls")

func (c *column) appendText(a *array.String, from, to, nulls int) error {
	if nulls == 0 {
		// One copy for the whole range: offsets only move.
		first, last := a.ValueOffset(from), a.ValueOffset(to-1)+len(a.Value(to-1))
		if len(c.text)+last-first > math.MaxInt32 {
			return errTextTooLong(c.rows + to - from)
		}
		shift := len(c.text) - first
		c.text = append(roomFor(c.text, last-first), bytesIn(a.Data().Buffers()[2])[first:last]...)
		for i := from + 1; i < to; i++ {
			c.offsets = append(c.offsets, int32(a.ValueOffset(i)+shift))
		}
		c.offsets = append(c.offsets, int32(last+shift))
		return nil
	}
	for i := from; i < to; i++ {
		if a.IsValid(i) {
			c.text = append(c.text, a.Value(i)...)
		}
		if len(c.text) > math.MaxInt32 {
			return errTextTooLong(len(c.offsets))
		}
		c.offsets = append(c.offsets, int32(len(c.text)))
	}
	return nil
}

func errTextTooLong(rows int) error {
	return fmt.Errorf("%d rows hold more than 2 GiB of text, which is more than one array can", rows)
}

// clearNullBits clears the values of nulls among the n rows being added to a
// bool column.
func (c *column) clearNullBits(n int) {
	for i := c.rows; i < c.rows+n; i++ {
		if bitutil.BitIsNotSet(c.valid, i) {
			bitutil.ClearBit(c.values, i)
		}
	}
}

// zeroNulls zeros the values of nulls among the n rows being added.
func (c *column) zeroNulls(n int) {
	for i := c.rows; i < c.rows+n; i++ {
		if i%8 == 0 && c.valid[i/8] == 0xff {
			i += 7
			continue
		}
		if bitutil.BitIsNotSet(c.valid, i) {
			clear(c.values[i*c.size : (i+1)*c.size])
		}
	}
}

// hasForm says whether an array has the buffers that array would give if the column
// held its values, so that nothing is gained by gathering them.
func (c *column) hasForm(arr arrow.Array) bool {
	d := arr.Data()
	n := d.Len()
	if d.Offset() != 0 || n == 0 {
		return false
	}
	switch t := c.dtype.(type) {
	case *arrow.FixedSizeListType:
		child := d.Children()[0]
		return arr.NullN() == 0 && child.NullN() == 0 && child.Offset() == 0 && child.Len() == n*int(t.Len()) &&
			len(bytesIn(child.Buffers()[1])) == n*c.size
	case *arrow.ListType:
		return false
	}
	var valid []byte
	if arr.NullN() > 0 {
		if valid = bytesIn(d.Buffers()[0]); !isBitmap(valid, n) {
			return false
		}
	}
	values := bytesIn(d.Buffers()[1])
	switch c.dtype.(type) {
	case *arrow.StringType:
		if len(values) != 4*(n+1) {
			return false
		}
		offsets := arrow.Int32Traits.CastFromBytes(values)
		if offsets[0] != 0 || int(offsets[n]) != len(bytesIn(d.Buffers()[2])) {
			return false
		}
		return valid == nil || emptyNulls(valid, n, func(i int) bool { return offsets[i] == offsets[i+1] })
	case *arrow.BooleanType:
		return isBitmap(values, n) && (valid == nil || emptyNulls(valid, n, func(i int) bool { return bitutil.BitIsNotSet(values, i) }))
	}
	if len(values) != n*c.size {
		return false
	}
	return valid == nil || emptyNulls(valid, n, func(i int) bool {
		for _, b := range values[i*c.size : (i+1)*c.size] {
			if b != 0 {
				return false
			}
		}
		return true
	})
}

// isBitmap says whether b has n bits, and zeros behind them.
func isBitmap(b []byte, n int) bool {
	return len(b) == int(bitutil.BytesForBits(int64(n))) && (n%8 == 0 || b[len(b)-1]>>(n%8) == 0)
}

// emptyNulls says whether nothing lies under the nulls of n rows.
func emptyNulls(valid []byte, n int, empty func(row int) bool) bool {
	for at, b := range valid[:bitutil.BytesForBits(int64(n))] {
		for nulls := ^b; nulls != 0; nulls &= nulls - 1 { // few, mostly
			if i := 8*at + mathbits.TrailingZeros8(nulls); i < n && !empty(i) {
				return false
			}
		}
	}
	return true
}

// array gives the rows gathered so far. It shares the memory of the column.
func (c *column) array() arrow.Array {
	var valid *memory.Buffer
	if c.nulls > 0 {
		valid = memory.NewBufferBytes(c.valid)
	}
	var data *array.Data
	switch t := c.dtype.(type) {
	case *arrow.StringType:
		data = array.NewData(t, c.rows, []*memory.Buffer{valid,
			memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(c.offsets)),
			memory.NewBufferBytes(c.text)}, nil, c.nulls, 0)
	case *arrow.FixedSizeListType:
		child := array.NewData(t.Elem(), c.rows*int(t.Len()),
			[]*memory.Buffer{nil, memory.NewBufferBytes(c.values)}, nil, 0, 0)
		defer child.Release()
		data = array.NewData(t, c.rows, []*memory.Buffer{nil}, []arrow.ArrayData{child}, 0, 0)
	case *arrow.ListType:
		child := array.NewData(t.Elem(), len(c.values)/c.size,
			[]*memory.Buffer{nil, memory.NewBufferBytes(c.values)}, nil, 0, 0)
		defer child.Release()
		data = array.NewData(t, c.rows, []*memory.Buffer{valid,
			memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(c.offsets))}, []arrow.ArrayData{child}, c.nulls, 0)
	default:
		data = array.NewData(t, c.rows, []*memory.Buffer{valid,
			memory.NewBufferBytes(c.values)}, nil, c.nulls, 0)
	}
	defer data.Release()
	return array.MakeFromData(data)
}
