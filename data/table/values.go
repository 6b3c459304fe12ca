package table

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
)

// A Value is a Go type that the values of a column can be given in; a Timestamp
// is in microseconds since 1970, a Time64 in microseconds since midnight.
type Value interface {
	string | bool | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32 | float64 |
		arrow.Date32 | arrow.Timestamp | arrow.Time64
}

// NewArray makes a column from values. valid[i] false makes row i null; nil
// means that there are no nulls, otherwise it is as long as values. The
// values are copied.
func NewArray[T Value](values []T, valid []bool) arrow.Array {
	if valid != nil && len(valid) != len(values) {
		panic(fmt.Sprintf("table: %d values with %d validities", len(values), len(valid)))
	}
	var c *column
	switch v := any(values).(type) {
	case []string:
		c = newColumn(arrow.BinaryTypes.String)
		for i, s := range v {
			if valid == nil || valid[i] {
				c.text = append(c.text, s...)
			}
			if len(c.text) > math.MaxInt32 {
				panic(errTextTooLong(len(v)))
			}
			c.offsets = append(c.offsets, int32(len(c.text)))
		}
	case []bool:
		c = newColumn(arrow.FixedWidthTypes.Boolean)
		c.values = bitmapOf(v)
	case []int8:
		c = fixedColumn(arrow.PrimitiveTypes.Int8, v)
	case []int16:
		c = fixedColumn(arrow.PrimitiveTypes.Int16, v)
	case []int32:
		c = fixedColumn(arrow.PrimitiveTypes.Int32, v)
	case []int64:
		c = fixedColumn(arrow.PrimitiveTypes.Int64, v)
	case []uint8:
		c = fixedColumn(arrow.PrimitiveTypes.Uint8, v)
	case []uint16:
		c = fixedColumn(arrow.PrimitiveTypes.Uint16, v)
	case []uint32:
		c = fixedColumn(arrow.PrimitiveTypes.Uint32, v)
	case []uint64:
		c = fixedColumn(arrow.PrimitiveTypes.Uint64, v)
	case []float32:
		c = fixedColumn(arrow.PrimitiveTypes.Float32, v)
	case []float64:
		c = fixedColumn(arrow.PrimitiveTypes.Float64, v)
	case []arrow.Date32:
		c = fixedColumn(arrow.PrimitiveTypes.Date32, v)
	case []arrow.Timestamp:
		c = fixedColumn(TimestampType(), v)
	case []arrow.Time64:
		c = fixedColumn(TimeType(), v)
	}
	c.valid = bitmapOf(valid)
	for _, ok := range valid {
		if !ok {
			c.nulls++
		}
	}
	n := len(values)
	if c.nulls > 0 && c.size > 0 {
		c.zeroNulls(n)
	} else if c.nulls > 0 && c.offsets == nil {
		c.clearNullBits(n)
	}
	c.rows = n
	return c.array()
}

func fixedColumn[T Value](t arrow.DataType, values []T) *column {
	c := newColumn(t)
	c.values = append(c.values, bytesOf(values)...)
	return c
}

// bytesOf views fixed-size values as bytes in the order of the machine, which
// is the order that Arrow's own buffers have in memory.
func bytesOf[T Value](values []T) []byte {
	if len(values) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&values[0])), len(values)*int(unsafe.Sizeof(values[0])))
}

func bitmapOf(bits []bool) []byte {
	if bits == nil {
		return nil
	}
	b := make([]byte, bitutil.BytesForBits(int64(len(bits))))
	for i, set := range bits {
		if set {
			bitutil.SetBit(b, i)
		}
	}
	return b
}

// NewTextArray makes a text column without copying: row i is
// text[offsets[i]:offsets[i+1]], offsets[0] is 0. valid is a bitmap with one
// bit for each row, lowest bit first, or nil. The memory belongs to the array
// from then on. What lies under a null must be empty.
func NewTextArray(offsets []int32, text, valid []byte) arrow.Array {
	n := len(offsets) - 1
	c := &column{dtype: arrow.BinaryTypes.String, offsets: offsets, text: text, rows: n}
	c.setValid(valid)
	return c.array()
}

// NewFixedArray makes a column of a type of one value, but text, without copying
// from n values in Arrow's layout (of bool a bitmap). valid is as
// in NewTextArray. The memory belongs to the array from then on.
func NewFixedArray(t arrow.DataType, n int, values, valid []byte) arrow.Array {
	c := newColumn(t)
	c.values, c.rows = values, n
	c.setValid(valid)
	return c.array()
}

func (c *column) setValid(valid []byte) {
	if valid != nil {
		c.valid, c.nulls = valid, c.rows-bitutil.CountSetBits(valid, 0, c.rows)
	}
}

// NewRecord makes a record of columns that fit the schema and takes over the
// caller's reference to each.
func NewRecord(schema *arrow.Schema, columns ...arrow.Array) (arrow.RecordBatch, error) {
	defer func() {
		for _, c := range columns {
			c.Release()
		}
	}()
	if len(columns) != schema.NumFields() {
		return nil, fmt.Errorf("table: %d columns for a schema of %d", len(columns), schema.NumFields())
	}
	rows := 0
	for i, c := range columns {
		f := schema.Field(i)
		if !sameType(c.DataType(), f.Type) {
			return nil, fmt.Errorf("table: column %q is %s, want %s", f.Name, TypeName(c.DataType()), TypeName(f.Type))
		}
		if i == 0 {
			rows = c.Len()
		}
		if c.Len() != rows {
			return nil, fmt.Errorf("table: column %q has %d rows, want %d", f.Name, c.Len(), rows)
		}
	}
	return array.NewRecordBatch(schema, columns, int64(rows)), nil
}

// Floats views a column of numbers, of bool (1 and 0), date (days), timestamp
// (microseconds since 1970) or time (microseconds since midnight) as float64,
// the nearest one where there is none that is equal. valid tells nulls, whose
// value is 0; it is nil if there are none. A float64 column is not copied: values
// is good while arr is retained and must not be changed.
func Floats(arr arrow.Array) (values []float64, valid []bool, err error) {
	numbers, err := numbersOf(arr)
	if err != nil {
		return nil, nil, err
	}
	return numbers(arr, nil), Valid(arr), nil
}

func numbersOf(arr arrow.Array) (func(arr arrow.Array, buf []float64) []float64, error) {
	s := scalarOf(arr.DataType())
	if s == nil || s.numbers == nil {
		return nil, fmt.Errorf("a %s column holds no numbers", TypeName(arr.DataType()))
	}
	return s.numbers, nil
}

// FloatsOrNaN gives the numbers that Floats does, and NaN for each null. They are
// in the memory of buf if it is large enough, but those of a float64 column without
// nulls are shared with the column: they must not be changed.
func FloatsOrNaN(arr arrow.Array, buf []float64) (values []float64, shared bool, err error) {
	numbers, err := numbersOf(arr)
	if err != nil {
		return nil, false, err
	}
	values = numbers(arr, buf)
	_, shared = arr.(*array.Float64)
	if arr.NullN() == 0 {
		return values, shared, nil
	}
	if shared {
		values = append(buf[:0], values...)
	}
	nan, valid := math.NaN(), arr.NullBitmapBytes()
	for i, at := 0, arr.Data().Offset(); i < len(values); i, at = i+1, at+1 {
		switch {
		case at%8 == 0 && valid[at/8] == 0xff: // eight that are there
			i, at = i+7, at+7
		case valid[at/8]>>(at%8)&1 == 0:
			values[i] = nan
		}
	}
	return values, false, nil
}

// Valid tells for each row whether it has a value. It is nil if all have.
func Valid(arr arrow.Array) []bool {
	if arr.NullN() == 0 {
		return nil
	}
	valid, bitmap, at := make([]bool, arr.Len()), arr.NullBitmapBytes(), arr.Data().Offset()
	for i := range valid {
		valid[i] = bitmap[(at+i)/8]>>((at+i)%8)&1 == 1
	}
	return valid
}

// Texts views any column but lists as text, in the form in which WriteCSV
// writes it; nulls are empty, and valid is as in Floats. The text of a string
// column is not copied: it is good while arr is retained.
func Texts(arr arrow.Array) (values []string, valid []bool, err error) {
	values = make([]string, arr.Len())
	if a, ok := arr.(*array.String); ok {
		for i := range values {
			values[i] = a.Value(i)
		}
		return values, Valid(arr), nil
	}
	if _, _, ok := ListOf(arr.DataType()); ok {
		return nil, nil, fmt.Errorf("a %s column holds no text", TypeName(arr.DataType()))
	}
	var buf []byte
	for i := range values {
		buf = appendValue(buf[:0], arr, i)
		values[i] = string(buf)
	}
	return values, Valid(arr), nil
}
