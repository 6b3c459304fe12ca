package source

import (
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/base/diag"
	"pipe/data/source/cell"
	"pipe/data/table"
)

// A conversion makes a column another type. make gives the first row whose value
// cannot be one of it, -1 if all can; it is nil where nothing is to be done.
type conversion struct {
	want cell.Type
	make func(arr arrow.Array) (to arrow.Array, wrong int, err error)
}

// converter finds what makes values of a type that a contract wants of those that the
// data have; its make is nil if no value could be one.
func converter(has arrow.DataType, want cell.Type) conversion {
	class := table.ClassOf(has)
	switch {
	case class == table.ClassOther:
		return conversion{}
	case want == cell.Float64 && class.Numeric():
		return conversion{want, toReal}
	case want == cell.Int64 && class == table.ClassWhole && has.ID() != arrow.UINT64:
		return conversion{want, toWhole}
	}
	return conversion{want, func(arr arrow.Array) (arrow.Array, int, error) { return throughText(arr, want) }}
}

// toReal makes float64 of numbers. It is wrong where that would change one.
func toReal(arr arrow.Array) (arrow.Array, int, error) {
	values, valid, err := table.Floats(arr)
	if err != nil {
		return nil, 0, err
	}
	const most = 1 << 53 // from here on not every whole number is a float64
	for row, v := range values {
		if math.Abs(v) < most || valid != nil && !valid[row] {
			continue
		}
		switch a := arr.(type) {
		case *array.Int64:
			if v >= math.MaxInt64 || int64(v) != a.Value(row) {
				return nil, row, nil
			}
		case *array.Uint64:
			if v >= math.MaxUint64 || uint64(v) != a.Value(row) {
				return nil, row, nil
			}
		}
	}
	return table.NewArray(values, valid), -1, nil
}

// toWhole makes int64 of shorter whole numbers.
func toWhole(arr arrow.Array) (arrow.Array, int, error) {
	values, valid, err := table.Floats(arr)
	if err != nil {
		return nil, 0, err
	}
	whole := make([]int64, len(values))
	for i, v := range values {
		whole[i] = int64(v)
	}
	return table.NewArray(whole, valid), -1, nil
}

// throughText reads what the values are as text.
func throughText(arr arrow.Array, want cell.Type) (arrow.Array, int, error) {
	texts, valid, err := table.Texts(arr)
	if err != nil {
		return nil, 0, err
	}
	var b cell.Builder
	rules := cell.Rules{Missing: cell.NewMissing(nil, false)}
	b.Reset(cell.TargetOf(want), len(texts))
	for row, text := range texts {
		switch {
		case valid != nil && !valid[row]:
			b.Null(row)
		case !want.Accepts([]byte(text)):
			b.Null(row)
			return nil, row, nil
		default:
			b.Set(&rules, row, cell.Text, []byte(text))
		}
	}
	return b.Array(len(texts)), -1, nil
}

// errWrong says that a value cannot have the type that is wanted.
func errWrong(data string, row int64, column string, arr arrow.Array, at int, want cell.Type) error {
	return diag.WithHint(fmt.Errorf("%s: row %d, column %q: %.60s is no %s", data, row, column, arr.ValueStr(at), want),
		"a column of this format has a type: leave the setting out, or change the column")
}
