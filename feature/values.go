package feature

import (
	"fmt"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"pipe/table"
)

// A ValueError is a value that a rule cannot be applied to.
type ValueError struct {
	Column string
	Row    int64 // counted from 0, in the table or record at hand
	Msg    string
	Fix    string // what to write to get around it
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("column %q, row %d: %s", e.Column, e.Row+1, e.Msg)
}

// Hint says what to write to get around it.
func (e *ValueError) Hint() string { return e.Fix }

// isNumeric says whether numbers can read a column of the type.
func isNumeric(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.INT64, arrow.FLOAT64, arrow.BOOL:
		return true
	}
	return false
}

// isCategorical says whether the values of a column of the type can be categories.
func isCategorical(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.STRING, arrow.INT64, arrow.BOOL:
		return true
	}
	return false
}

// numbers gives the values of a numeric column in buf, which grows if it must:
// NaN for a missing value, 0 and 1 for booleans. Integers beyond 2^53 are
// rounded. An infinite value is an error.
func numbers(column string, arr arrow.Array, buf []float64) ([]float64, error) {
	values, valid, err := table.Floats(arr)
	if err != nil {
		return nil, fmt.Errorf("column %q: %w", column, err)
	}
	buf = append(buf[:0], values...)
	for i, v := range buf {
		if valid != nil && !valid[i] {
			buf[i] = math.NaN()
		} else if math.IsInf(v, 0) {
			return nil, &ValueError{Column: column, Row: int64(i), Msg: "the value is infinite",
				Fix: "leave it empty where the table is made, and declare `impute`"}
		}
	}
	return buf, nil
}

// texts gives the values of a column as text, and which of them are there; nil
// if all are. The text may share the memory of the array.
func texts(column string, arr arrow.Array) (values []string, valid []bool, err error) {
	values, valid, err = table.Texts(arr)
	if err != nil {
		return nil, nil, fmt.Errorf("column %q: %w", column, err)
	}
	return values, valid, nil
}

// missing says whether a value of a column is not there.
func missing(arr arrow.Array, i int) bool {
	if arr.IsNull(i) {
		return true
	}
	f, ok := arr.(*array.Float64)
	return ok && math.IsNaN(f.Value(i))
}
