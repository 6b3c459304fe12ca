package expr

import (
	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table"
)

// A Kind is what values are, as far as expressions tell them apart.
type Kind uint8

// Kinds of values.
const (
	Unknown Kind = iota // of a column that is not known yet
	Missing             // the constant
	Bool
	Int
	Uint // of a column of uint64, which an Int need not hold
	Float
	Text
	Date
	Timestamp
	TimestampNs
	Time
	TimeNs
	Other // a list, which is passed on at most
)

// kindTypes are the types of the kinds in a table.
var kindTypes = map[Kind]arrow.DataType{
	Bool: arrow.FixedWidthTypes.Boolean, Int: arrow.PrimitiveTypes.Int64, Uint: arrow.PrimitiveTypes.Uint64,
	Float: arrow.PrimitiveTypes.Float64, Text: arrow.BinaryTypes.String, Date: arrow.FixedWidthTypes.Date32,
	Timestamp: table.TimestampType(), TimestampNs: &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"},
	Time: table.TimeType(), TimeNs: arrow.FixedWidthTypes.Time64ns,
}

// kindOf is the kind of the values of a column.
func kindOf(t arrow.DataType) Kind {
	switch table.ClassOf(t) {
	case table.ClassText:
		return Text
	case table.ClassWhole:
		if t.ID() == arrow.UINT64 {
			return Uint
		}
		return Int
	case table.ClassReal:
		return Float
	case table.ClassBool:
		return Bool
	case table.ClassDate:
		return Date
	case table.ClassTimestamp:
		if table.TypeName(t) == "timestamp[ns]" {
			return TimestampNs
		}
		return Timestamp
	case table.ClassTime:
		if table.TypeName(t) == "time[ns]" {
			return TimeNs
		}
		return Time
	}
	return Other
}

func (k Kind) numeric() bool { return k == Int || k == Uint || k == Float }

// whole says whether the values are held as integers.
func (k Kind) whole() bool {
	switch k {
	case Int, Uint, Date, Timestamp, TimestampNs, Time, TimeNs:
		return true
	}
	return false
}

func (k Kind) String() string {
	if t, ok := kindTypes[k]; ok {
		return table.TypeName(t)
	}
	return [...]string{Unknown: "unknown", Missing: "missing", Other: "a list"}[k]
}
