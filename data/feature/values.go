package feature

import (
	"fmt"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"pipe/data/table"
)

// A ValueError is a value that a rule cannot be applied to.
type ValueError struct {
	Column string
	Row    int64 // counted from 0, in the table or record at hand
	Reason Reason
	Msg    string
	Fix    string // what to write to get around it
}

// A Reason is why a rule cannot be applied to a value, whatever the value is.
type Reason string

const (
	Absent    Reason = "the value is missing"
	NotNumber Reason = "the text is no number"
	NotTruth  Reason = "the text is no truth value"
	Infinite  Reason = "the value is infinite"
	TooLarge  Reason = "the number is too large for a float32"
	NotSeen   Reason = "the category was not there in training"
)

func (e *ValueError) Error() string {
	return fmt.Sprintf("column %q, row %d: %s", e.Column, e.Row+1, e.Msg)
}

// inRow says what is wrong where the row is known.
func (e *ValueError) inRow() string { return fmt.Sprintf("column %q: %s", e.Column, e.Msg) }

// Hint says what to write to get around it.
func (e *ValueError) Hint() string { return e.Fix }

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
			return nil, &ValueError{Column: column, Row: int64(i), Reason: Infinite, Msg: string(Infinite),
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
