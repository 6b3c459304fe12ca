package source

import (
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"pipe/data/source/cell"
	"pipe/data/table"
)

// absent are the values of typed columns that mean that one is missing, since their
// text is listed: 999, or 1900-01-01.
type absent struct {
	missing *cell.Missing
	numbers []float64
}

func absentIn(c *cell.Contract) absent {
	return absent{&c.Missing, c.Missing.Numbers()}
}

// without gives a column, whose reference stays with the caller, with such values
// null. One without any is not copied.
func (a absent) without(in arrow.Array) arrow.Array {
	is := a.test(in)
	if is == nil {
		in.Retain()
		return in
	}
	offset, n := in.Data().Offset(), in.Len()
	var valid []byte
	nulls := in.NullN()
	for row := range n {
		if in.IsNull(row) || !is(row) {
			continue
		}
		if valid == nil {
			valid = make([]byte, bitutil.BytesForBits(int64(offset+n)))
			bitutil.SetBitsTo(valid, int64(offset), int64(n), true)
			if old := in.NullBitmapBytes(); len(old) > 0 {
				bitutil.CopyBitmap(old, offset, n, valid, offset)
			}
		}
		bitutil.ClearBit(valid, offset+row)
		nulls++
	}
	if valid == nil {
		in.Retain()
		return in
	}
	buffers := slices.Clone(in.Data().Buffers())
	buffers[0] = memory.NewBufferBytes(valid)
	data := array.NewData(in.DataType(), n, buffers, nil, nulls, offset)
	defer data.Release()
	return array.MakeFromData(data)
}

// test tells of each row of a column whether its value is one, nil if none can be.
func (a absent) test(in arrow.Array) func(row int) bool {
	class := table.ClassOf(in.DataType())
	switch class {
	case table.ClassWhole, table.ClassReal:
		if len(a.numbers) == 0 {
			return nil
		}
		values, _, err := table.Floats(in)
		if err != nil {
			return nil
		}
		return func(row int) bool {
			if _, is := slices.BinarySearch(a.numbers, values[row]); !is {
				return false
			}
			// Beyond 2^53 whole numbers share a float64.
			return class == table.ClassReal || math.Abs(values[row]) < 1<<53 || a.lists(in, row)
		}
	case table.ClassBool, table.ClassDate, table.ClassTimestamp, table.ClassTime:
		if a.missing.ListsAny() {
			return func(row int) bool { return a.lists(in, row) }
		}
	}
	return nil
}

// lists says whether the text of a value is listed.
func (a absent) lists(in arrow.Array, row int) bool {
	one := array.NewSlice(in, int64(row), int64(row)+1)
	defer one.Release()
	texts, _, err := table.Texts(one)
	return err == nil && a.missing.Lists([]byte(texts[0]))
}
