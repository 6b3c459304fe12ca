package table

import (
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
)

// Take gives the rows of a record with the indices, in that order; an index
// may occur more than once. The rows are copied.
func Take(rec arrow.RecordBatch, rows []int) (arrow.RecordBatch, error) {
	for _, i := range rows {
		if i < 0 || int64(i) >= rec.NumRows() {
			return nil, fmt.Errorf("table: there is no row %d, the record has %d", i, rec.NumRows())
		}
	}
	columns := newColumns(rec.Schema())
	for i, c := range columns {
		if err := c.appendTaken(rec.Column(i), rows); err != nil {
			return nil, fmt.Errorf("table: column %q: %w", rec.ColumnName(i), err)
		}
	}
	return recordOf(rec.Schema(), columns), nil
}

// appendTaken adds the rows of an array with the indices.
func (c *column) appendTaken(arr arrow.Array, rows []int) error {
	n, data := len(rows), arr.Data()
	if n == 0 {
		return nil
	}
	switch arr.(type) {
	case *array.FixedSizeList, *array.List:
		return c.appendRows(arr, rows)
	}
	at := data.Offset()
	c.valid = grown(c.valid, int(bitutil.BytesForBits(int64(c.rows+n))))
	nulls := 0
	if arr.NullN() == 0 {
		bitutil.SetBitsTo(c.valid, int64(c.rows), int64(n), true)
	} else {
		takeBits(c.valid, c.rows, arr.NullBitmapBytes(), at, rows)
		nulls = n - bitutil.CountSetBits(c.valid, c.rows, n)
	}
	switch a := arr.(type) {
	case *array.String:
		if err := c.takeText(a, rows, nulls); err != nil {
			return err
		}
	case *array.Boolean:
		c.values = grown(c.values, len(c.valid))
		takeBits(c.values, c.rows, data.Buffers()[1].Bytes(), at, rows)
		if nulls > 0 {
			c.clearNullBits(n)
		}
	default:
		have := len(c.values)
		c.values = roomFor(c.values, n*c.size)[:have+n*c.size]
		takeSized(c.values[have:], data.Buffers()[1].Bytes()[at*c.size:], c.size, rows)
		if nulls > 0 {
			c.zeroNulls(n)
		}
	}
	c.rows += n
	c.nulls += nulls
	return nil
}

// takeSized takes values of some bytes each.
func takeSized(dst, src []byte, size int, rows []int) {
	switch size {
	case 1:
		takeValues(dst, src, rows)
	case 2:
		takeValues(arrow.Uint16Traits.CastFromBytes(dst), arrow.Uint16Traits.CastFromBytes(src), rows)
	case 4:
		takeValues(arrow.Uint32Traits.CastFromBytes(dst), arrow.Uint32Traits.CastFromBytes(src), rows)
	case 8:
		takeValues(arrow.Uint64Traits.CastFromBytes(dst), arrow.Uint64Traits.CastFromBytes(src), rows)
	default:
		for i, row := range rows {
			copy(dst[i*size:(i+1)*size], src[row*size:])
		}
	}
}

func takeValues[T any](dst, src []T, rows []int) {
	dst = dst[:len(rows)]
	for i, row := range rows {
		dst[i] = src[row]
	}
}

// takeBits takes bits out of a bitmap whose row 0 is at an offset, to a place in
// another, which has zeros there and behind.
func takeBits(dst []byte, to int, src []byte, at int, rows []int) {
	for ; to%8 != 0 && len(rows) > 0; to, rows = to+1, rows[1:] {
		bit := at + rows[0]
		dst[to/8] |= src[bit/8] >> (bit % 8) & 1 << (to % 8)
	}
	dst = dst[to/8:]
	for i := 0; 8*i < len(rows); i++ {
		var b byte
		for k, row := range rows[8*i : min(8*i+8, len(rows))] {
			bit := at + row
			b |= src[bit/8] >> (bit % 8) & 1 << k
		}
		dst[i] = b
	}
}

// takeText adds texts. Which of them are nulls is known.
func (c *column) takeText(a *array.String, rows []int, nulls int) error {
	ends := a.ValueOffsets() // where each row begins, and the last one ends
	first := len(c.text)
	size := first
	c.offsets = slices.Grow(c.offsets, len(rows))
	for i, row := range rows {
		if nulls == 0 || bitutil.BitIsSet(c.valid, c.rows+i) {
			size += int(ends[row+1] - ends[row])
		}
		if size > math.MaxInt32 {
			return errTextTooLong(c.rows + len(rows))
		}
		c.offsets = append(c.offsets, int32(size))
	}
	text := bytesIn(a.Data().Buffers()[2])
	c.text = roomFor(c.text, size-first)[:size]
	offsets := c.offsets[c.rows:]
	for i := 0; i < len(rows); {
		j, to := i+1, offsets[i]
		if offsets[j] > to { // rows side by side are copied in one go
			from, end := ends[rows[i]], ends[rows[i]+1]
			for j < len(rows) && rows[j] == rows[j-1]+1 && offsets[j+1]-to == ends[rows[j]+1]-from {
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
