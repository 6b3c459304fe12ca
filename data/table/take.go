package table

import (
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
)

// Take gives the rows of a record with the indices, in that order; an index
// may occur more than once. The rows are copied.
func Take(rec arrow.RecordBatch, rows []int) (arrow.RecordBatch, error) {
	return new(Taker).Take(rec, rows)
}

// A Taker takes rows out of records, one record after the other, in the same
// memory. It is for one goroutine.
type Taker struct {
	schema  *arrow.Schema
	columns []*column
}

// Take does what the function Take does. The record that it gives, and whatever
// was made of it without copying, is good until the next one is asked for.
func (t *Taker) Take(rec arrow.RecordBatch, rows []int) (arrow.RecordBatch, error) {
	for _, i := range rows {
		if i < 0 || int64(i) >= rec.NumRows() {
			return nil, fmt.Errorf("table: there is no row %d, the record has %d", i, rec.NumRows())
		}
	}
	if t.schema != rec.Schema() {
		t.schema, t.columns = rec.Schema(), newColumns(rec.Schema())
	}
	for i, c := range t.columns {
		c.reset()
		if err := c.take(rec.Column(i), rows); err != nil {
			return nil, fmt.Errorf("table: column %q: %w", rec.ColumnName(i), err)
		}
	}
	return recordOf(rec.Schema(), t.columns), nil
}

// take puts rows of an array into the column, which is empty.
func (c *column) take(arr arrow.Array, rows []int) error {
	switch arr.(type) {
	case *array.FixedSizeList, *array.List:
		return c.appendRows(arr, rows)
	}
	n, data := len(rows), arr.Data()
	at := data.Offset()
	if arr.NullN() > 0 {
		c.valid = sized(c.valid, int(bitutil.BytesForBits(int64(n))))
		takeBits(c.valid, arr.NullBitmapBytes(), at, rows)
		c.nulls = n - bitutil.CountSetBits(c.valid, 0, n)
	}
	c.rows = n
	switch a := arr.(type) {
	case *array.String:
		return c.takeText(a, rows)
	case *array.Boolean:
		c.values = sized(c.values, int(bitutil.BytesForBits(int64(n))))
		takeBits(c.values, data.Buffers()[1].Bytes(), at, rows)
		if c.nulls > 0 {
			for i, valid := range c.valid {
				c.values[i] &= valid
			}
		}
		return nil
	}
	c.values = sized(c.values, n*c.size)
	src := data.Buffers()[1].Bytes()[at*c.size:]
	switch c.size {
	case 1:
		takeValues(c.values, src, rows)
	case 2:
		takeValues(arrow.Uint16Traits.CastFromBytes(c.values), arrow.Uint16Traits.CastFromBytes(src), rows)
	case 4:
		takeValues(arrow.Uint32Traits.CastFromBytes(c.values), arrow.Uint32Traits.CastFromBytes(src), rows)
	case 8:
		takeValues(arrow.Uint64Traits.CastFromBytes(c.values), arrow.Uint64Traits.CastFromBytes(src), rows)
	default:
		for i, row := range rows {
			copy(c.values[i*c.size:(i+1)*c.size], src[row*c.size:])
		}
	}
	if c.nulls > 0 {
		for i := range n {
			if bitutil.BitIsNotSet(c.valid, i) {
				clear(c.values[i*c.size : (i+1)*c.size])
			}
		}
	}
	return nil
}

// sized gives b, which is empty, n bytes, whatever they are.
func sized(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}

func takeValues[T any](dst, src []T, rows []int) {
	dst = dst[:len(rows)]
	for i, row := range rows {
		dst[i] = src[row]
	}
}

// takeBits takes bits out of a bitmap whose row 0 is at an offset. Those behind
// the last row are 0.
func takeBits(dst, src []byte, at int, rows []int) {
	for i := range dst {
		var b byte
		for k, row := range rows[8*i : min(8*i+8, len(rows))] {
			bit := at + row
			b |= src[bit/8] >> (bit % 8) & 1 << k
		}
		dst[i] = b
	}
}

func (c *column) takeText(a *array.String, rows []int) error {
	if cap(c.offsets) <= len(rows) {
		c.offsets = make([]int32, len(rows)+1)
	}
	c.offsets = c.offsets[:len(rows)+1]
	c.offsets[0] = 0
	if len(rows) == 0 {
		return nil
	}
	ends := a.ValueOffsets() // where each row begins, and the last one ends
	size := 0
	for i, row := range rows {
		if c.nulls == 0 || bitutil.BitIsSet(c.valid, i) {
			size += int(ends[row+1] - ends[row])
		}
		if size > math.MaxInt32 {
			return errTextTooLong(len(rows))
		}
		c.offsets[i+1] = int32(size)
	}
	text := bytesIn(a.Data().Buffers()[2])
	c.text = sized(c.text, size)
	for i := 0; i < len(rows); {
		j, to := i+1, c.offsets[i]
		if c.offsets[j] > to { // rows side by side are copied in one go
			from, end := ends[rows[i]], ends[rows[i]+1]
			for j < len(rows) && rows[j] == rows[j-1]+1 && c.offsets[j+1]-to == ends[rows[j]+1]-from {
				end = ends[rows[j]+1]
				j++
			}
			copy(c.text[to:], text[from:end])
		}
		i = j
	}
	return nil
}

// appendRows adds the rows of an array at the given indices. Rows that are
// neighbours there are copied together.
func (c *column) appendRows(arr arrow.Array, rows []int) error {
	for i := 0; i < len(rows); {
		j := i + 1
		for j < len(rows) && rows[j] == rows[j-1]+1 {
			j++
		}
		if err := c.appendRange(arr, rows[i], rows[i]+j-i); err != nil {
			return err
		}
		i = j
	}
	return nil
}
