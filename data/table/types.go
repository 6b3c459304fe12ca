package table

import (
	"math"
	"strconv"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// A Class is what the values of a column are, whatever room each of them takes.
// Who uses a column should ask for its class, and seldom for its type.
type Class uint8

// Classes of columns.
const (
	ClassOther     Class = iota // lists, and what no table holds
	ClassText                   // string
	ClassWhole                  // int8 to int64, uint8 to uint64
	ClassReal                   // float32 and float64
	ClassBool                   // bool
	ClassDate                   // date
	ClassTimestamp              // timestamp and timestamp[ns]
	ClassTime                   // time and time[ns]
)

// Numeric says whether the values are numbers that can be counted with.
func (c Class) Numeric() bool { return c == ClassWhole || c == ClassReal }

// Group is what pipeline files call columns of a class.
func (c Class) Group() string {
	switch c {
	case ClassText:
		return "text"
	case ClassWhole, ClassReal:
		return "number"
	case ClassBool:
		return "bool"
	case ClassDate:
		return "date"
	case ClassTimestamp:
		return "timestamp"
	case ClassTime:
		return "time"
	}
	return "list"
}

// ClassOf is the class of a column type.
func ClassOf(t arrow.DataType) Class {
	if s := scalarOf(t); s != nil {
		return s.class
	}
	return ClassOther
}

// ClassNamed is the class of a column type by its TypeName.
func ClassNamed(name string) Class {
	for i := range scalars {
		if scalars[i].name == name {
			return scalars[i].class
		}
	}
	return ClassOther
}

// TypeNamed is the type of one value of a name, as TypeName gives it.
func TypeNamed(name string) (arrow.DataType, bool) {
	for i := range scalars {
		if scalars[i].name == name {
			return scalars[i].dtype, true
		}
	}
	return nil, false
}

// TimestampType is the usual type of timestamps: microseconds since 1970 in UTC.
func TimestampType() arrow.DataType {
	return &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
}

// TimeType is the usual type of times of day: microseconds since midnight.
func TimeType() arrow.DataType { return arrow.FixedWidthTypes.Time64us }

// A scalar is a type of which a column has one value in each row.
type scalar struct {
	name  string // as people write and read it
	class Class
	dtype arrow.DataType
	// numbers gives the values for Floats, nil if they are none, in the memory of buf
	// if it is large enough and they are not those of the column; extreme what keeps
	// the least and the greatest of them.
	numbers func(arr arrow.Array, buf []float64) []float64
	extreme func() extreme
	parquet parquetForm
}

// scalars are all types of one value that a table holds.
var scalars = [...]scalar{
	{name: "string", class: ClassText, dtype: arrow.BinaryTypes.String, extreme: textExtreme,
		parquet: parquetForm{physical: parquetBytes, converted: convertedUTF8, logical: logicalString}},
	{name: "bool", class: ClassBool, dtype: arrow.FixedWidthTypes.Boolean, numbers: boolNumbers, extreme: boolExtreme,
		parquet: parquetForm{physical: parquetBool}},
	number[int8]("int8", ClassWhole, arrow.PrimitiveTypes.Int8, parquetWhole(8, true)),
	number[int16]("int16", ClassWhole, arrow.PrimitiveTypes.Int16, parquetWhole(16, true)),
	number[int32]("int32", ClassWhole, arrow.PrimitiveTypes.Int32, parquetForm{physical: parquetInt32}),
	number[int64]("int64", ClassWhole, arrow.PrimitiveTypes.Int64, parquetForm{physical: parquetInt64}),
	number[uint8]("uint8", ClassWhole, arrow.PrimitiveTypes.Uint8, parquetWhole(8, false)),
	number[uint16]("uint16", ClassWhole, arrow.PrimitiveTypes.Uint16, parquetWhole(16, false)),
	number[uint32]("uint32", ClassWhole, arrow.PrimitiveTypes.Uint32, parquetWhole(32, false)),
	number[uint64]("uint64", ClassWhole, arrow.PrimitiveTypes.Uint64, parquetWhole(64, false)),
	number[float32]("float32", ClassReal, arrow.PrimitiveTypes.Float32, parquetForm{physical: parquetFloat}),
	number[float64]("float64", ClassReal, arrow.PrimitiveTypes.Float64, parquetForm{physical: parquetDouble}),
	number[int32]("date", ClassDate, arrow.FixedWidthTypes.Date32,
		parquetForm{physical: parquetInt32, converted: convertedDate, logical: logicalDate}),
	number[int64]("timestamp", ClassTimestamp, TimestampType(),
		parquetForm{physical: parquetInt64, converted: convertedTimestampMicros, logical: logicalTimestamp, unit: unitMicros}),
	finer("timestamp[ns]", ClassTimestamp, &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"},
		parquetForm{physical: parquetInt64, logical: logicalTimestamp, unit: unitNanos}),
	number[int64]("time", ClassTime, TimeType(),
		parquetForm{physical: parquetInt64, converted: convertedTimeMicros, logical: logicalTime, unit: unitMicros}),
	finer("time[ns]", ClassTime, arrow.FixedWidthTypes.Time64ns,
		parquetForm{physical: parquetInt64, logical: logicalTime, unit: unitNanos}),
}

// scalarOf finds a type, nil if it is none of one value, or none of a table.
func scalarOf(t arrow.DataType) *scalar {
	for i := range scalars {
		if s := &scalars[i]; s.dtype.ID() == t.ID() && arrow.TypeEqual(s.dtype, t) {
			return s
		}
	}
	return nil
}

// plain are the Go types whose bytes are those of a value in a column.
type plain interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32 | float64
}

// number is a type whose values have a fixed size.
func number[T plain](name string, class Class, dtype arrow.DataType, parquet parquetForm) scalar {
	return scalar{name: name, class: class, dtype: dtype, parquet: parquet,
		numbers: func(arr arrow.Array, buf []float64) []float64 {
			values := valuesOf[T](arr)
			if same, ok := any(values).([]float64); ok {
				return same
			}
			out := roomIn(buf, len(values))
			for i, v := range values {
				out[i] = float64(v)
			}
			return out
		},
		extreme: func() extreme {
			return &extremeOf[T]{
				values: func(arr arrow.Array) (func(int) T, int) {
					values := valuesOf[T](arr)
					return func(i int) T { return values[i] }, len(values)
				},
				text: func(v T) string {
					c := newColumn(dtype)
					c.values, c.rows = bytesOf([]T{v}), 1
					a := c.array()
					defer a.Release()
					return string(appendValue(nil, a, 0))
				}}
		}}
}

// finer is a type of times in nanoseconds, which as numbers are microseconds, as
// those of all other times are.
func finer(name string, class Class, dtype arrow.DataType, parquet parquetForm) scalar {
	s := number[int64](name, class, dtype, parquet)
	s.numbers = func(arr arrow.Array, buf []float64) []float64 {
		values := valuesOf[int64](arr)
		out := roomIn(buf, len(values))
		for i, v := range values {
			out[i] = float64(v/1000) + float64(v%1000)/1000
		}
		return out
	}
	return s
}

func boolNumbers(arr arrow.Array, buf []float64) []float64 {
	a := arr.(*array.Boolean)
	out := roomIn(buf, a.Len())
	for i := range out {
		out[i] = 0
		if a.Value(i) {
			out[i] = 1
		}
	}
	return out
}

// roomIn gives n numbers in the memory of buf, or in new memory if that is too small.
func roomIn(buf []float64, n int) []float64 {
	if cap(buf) < n {
		return make([]float64, n)
	}
	return buf[:n]
}

// valuesOf views the values of a column of a fixed size.
func valuesOf[T plain](arr arrow.Array) []T {
	d := arr.Data()
	if d.Len() == 0 {
		return nil
	}
	var zero T
	raw := d.Buffers()[1].Bytes()[d.Offset()*int(unsafe.Sizeof(zero)):]
	_ = raw[d.Len()*int(unsafe.Sizeof(zero))-1]
	return unsafe.Slice((*T)(unsafe.Pointer(&raw[0])), d.Len())
}

// Real gives the value in a row of a column of decimal numbers. ok is false for
// other columns and for a null.
func Real(arr arrow.Array, row int) (value float64, ok bool) {
	if arr.IsNull(row) {
		return 0, false
	}
	switch a := arr.(type) {
	case *array.Float64:
		return a.Value(row), true
	case *array.Float32:
		return float64(a.Value(row)), true
	}
	return 0, false
}

// appendValue adds row i of a column as text; a null adds nothing.
func appendValue(b []byte, arr arrow.Array, i int) []byte {
	if arr.IsNull(i) {
		return b
	}
	switch a := arr.(type) {
	case *array.String:
		return append(b, a.Value(i)...)
	case *array.Boolean:
		return strconv.AppendBool(b, a.Value(i))
	case *array.Int8:
		return strconv.AppendInt(b, int64(a.Value(i)), 10)
	case *array.Int16:
		return strconv.AppendInt(b, int64(a.Value(i)), 10)
	case *array.Int32:
		return strconv.AppendInt(b, int64(a.Value(i)), 10)
	case *array.Int64:
		return strconv.AppendInt(b, a.Value(i), 10)
	case *array.Uint8:
		return strconv.AppendUint(b, uint64(a.Value(i)), 10)
	case *array.Uint16:
		return strconv.AppendUint(b, uint64(a.Value(i)), 10)
	case *array.Uint32:
		return strconv.AppendUint(b, uint64(a.Value(i)), 10)
	case *array.Uint64:
		return strconv.AppendUint(b, a.Value(i), 10)
	case *array.Float32:
		return appendFloat(b, float64(a.Value(i)), 32)
	case *array.Float64:
		return appendFloat(b, a.Value(i), 64)
	case *array.Date32:
		return a.Value(i).ToTime().AppendFormat(b, "2006-01-02")
	case *array.Timestamp:
		return a.Value(i).ToTime(a.DataType().(*arrow.TimestampType).Unit).AppendFormat(b, "2006-01-02T15:04:05.999999999Z07:00")
	case *array.Time64:
		return a.Value(i).ToTime(a.DataType().(*arrow.Time64Type).Unit).AppendFormat(b, "15:04:05.999999999")
	}
	return b
}

// appendFloat adds the shortest text that reads back as the same number.
func appendFloat(b []byte, v float64, bits int) []byte {
	format := byte('f')
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(b, v, format, -1, bits)
}
