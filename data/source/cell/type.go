package cell

import (
	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/table"
)

// A Type is the type of a column as it is declared or inferred.
type Type uint8

// Types of columns.
const (
	Undeclared Type = iota
	String
	Int64
	Float64
	Bool
	Date
	Timestamp
	TimestampNs
	Time
	TimeNs
	List    // of numbers: whole ones if all are and 32 bits hold them, else decimal ones
	ListF32 // of decimal numbers
	ListU8  // of whole numbers from 0 to 255
	ListI32 // of whole numbers
)

// typeNames are the names of the types in the order of the constants.
var typeNames = [...]string{"", "string", "int64", "float64", "bool", "date", "timestamp", "timestamp[ns]", "time", "time[ns]", "list", "f32[]", "u8[]", "i32[]"}

// String is the name of the type.
func (t Type) String() string { return typeNames[t] }

// Noun is what people call a value of the type.
func (t Type) Noun() string {
	switch t {
	case Int64:
		return "whole number"
	case Float64:
		return "number"
	case Bool:
		return "truth value"
	}
	return t.String()
}

// TypeOf finds a type by name. What is none is Undeclared.
func TypeOf(name string) Type {
	for i, n := range typeNames {
		if n == name {
			return Type(i)
		}
	}
	return Undeclared
}

// TypeFor is the type that reads the values of a column of a table again: that of
// the same class which holds them all, else text.
func TypeFor(t arrow.DataType) Type { return TypeNamed(table.TypeName(t)) }

// TypeNamed is TypeFor of a type that a table has, by its name.
func TypeNamed(name string) Type {
	switch table.ClassNamed(name) {
	case table.ClassWhole:
		return Int64
	case table.ClassReal:
		return Float64
	case table.ClassBool:
		return Bool
	case table.ClassDate:
		return Date
	case table.ClassTimestamp:
		if name == TimestampNs.String() {
			return TimestampNs
		}
		return Timestamp
	case table.ClassTime:
		if name == TimeNs.String() {
			return TimeNs
		}
		return Time
	case table.ClassText:
		return String
	}
	return List
}

// Arrow is how a table stores the type. Lists have one that follows from their values.
func (t Type) Arrow() arrow.DataType {
	switch t {
	case Int64:
		return arrow.PrimitiveTypes.Int64
	case Float64:
		return arrow.PrimitiveTypes.Float64
	case Bool:
		return arrow.FixedWidthTypes.Boolean
	case Date:
		return arrow.FixedWidthTypes.Date32
	case Timestamp:
		return table.TimestampType()
	case TimestampNs:
		return &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}
	case Time:
		return table.TimeType()
	case TimeNs:
		return arrow.FixedWidthTypes.Time64ns
	}
	return arrow.BinaryTypes.String
}

// Accepts says whether a text, without blanks around it, is a value of the
// type. Whatever is accepted can be parsed.
func (t Type) Accepts(b []byte) (ok bool) {
	switch t {
	case Int64:
		_, ok = parseInt(b)
	case Float64:
		_, ok = parseFloat(b)
	case Bool:
		_, ok = parseBool(b)
	case Date:
		_, ok = parseDate(b)
	case Timestamp:
		_, ok = parseTimestamp(b)
	case TimestampNs:
		_, ok = parseTimestampNs(b)
	case Time:
		_, ok = parseTime(b)
	case TimeNs:
		_, ok = parseTimeNs(b)
	case List, ListF32, ListU8, ListI32:
		ok = new(lists).look(b, t.element())
	default:
		ok = true
	}
	return ok
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *Type) UnmarshalText(text []byte) error {
	if *t = TypeOf(string(text)); *t == Undeclared {
		return diag.Unknown("type", string(text), typeNames[1:])
	}
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (t Type) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// Parse reads a text, without blanks around it, as a value of the type, but for
// String: a float64 as its bits, a bool as 1 or 0, dates in days and times in the
// unit of the type, since 1970 or midnight. layout is how dates and times are
// written, nil for the usual way.
func (t Type) Parse(text []byte, layout *Layout) (bits int64, ok bool) {
	w := writing{layout: layout}
	bits, _, ok = w.parse(t, text)
	return bits, ok
}
