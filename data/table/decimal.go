package table

import "github.com/apache/arrow-go/v18/arrow"

const (
	// MaxWholeDigits is how many decimal digits an int64 always holds, MaxExactDigits
	// how many a float64.
	MaxWholeDigits = 18
	MaxExactDigits = 15
)

// DecimalType is the type of a column of decimal numbers with a number of digits,
// scale of them after the point: int64 if there are none, float64 if it holds all of
// them, and else text.
func DecimalType(digits, scale int) arrow.DataType {
	switch {
	case scale <= 0 && digits-scale <= MaxWholeDigits:
		return arrow.PrimitiveTypes.Int64
	case scale > 0 && max(digits, scale) <= MaxExactDigits:
		return arrow.PrimitiveTypes.Float64
	}
	return arrow.BinaryTypes.String
}
