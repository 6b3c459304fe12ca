package ingest

import (
	"github.com/apache/arrow/go/v17/arrow"

	"pipe/data/table"
)

// columnType is the type of a column as it is declared or inferred.
type columnType uint8

const (
	undeclared columnType = iota
	stringType
	int64Type
	float64Type
	boolType
	dateType
	timestampType
)

// typeNames are the names of the types in the order of the constants.
var typeNames = [...]string{"", "string", "int64", "float64", "bool", "date", "timestamp"}

func (t columnType) String() string { return typeNames[t] }

// typeOf finds a type by name; the decoder has checked that it exists.
func typeOf(name string) columnType {
	for i, n := range typeNames {
		if n == name {
			return columnType(i)
		}
	}
	return undeclared
}

func (t columnType) arrow() arrow.DataType {
	switch t {
	case int64Type:
		return arrow.PrimitiveTypes.Int64
	case float64Type:
		return arrow.PrimitiveTypes.Float64
	case boolType:
		return arrow.FixedWidthTypes.Boolean
	case dateType:
		return arrow.FixedWidthTypes.Date32
	case timestampType:
		return table.TimestampType()
	}
	return arrow.BinaryTypes.String
}

// accepts says whether a text, without blanks around it, is a value of the
// type. Whatever is accepted can be parsed.
func (t columnType) accepts(b []byte) (ok bool) {
	switch t {
	case int64Type:
		_, ok = parseInt(b)
	case float64Type:
		_, ok = parseFloat(b)
	case boolType:
		_, ok = parseBool(b)
	case dateType:
		_, ok = parseDate(b)
	case timestampType:
		_, ok = parseTimestamp(b)
	default:
		ok = true
	}
	return ok
}
