package table

import (
	"cmp"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/data/tensor"
)

// A ColumnSummary says what is in a column of a table.
type ColumnSummary struct {
	Name    string
	Type    string // see TypeName
	Missing int64  // nulls
	NaN     int64  // numbers that are none; Min and Max leave them out
	Min     string // as WriteCSV writes it; of lists, the least element
	Max     string
	Empty   bool // there is nothing that Min and Max could be
}

// Summarize reads a table once, and says of each column what is in it.
func Summarize(r *Reader) ([]ColumnSummary, error) {
	list := make([]ColumnSummary, r.Schema().NumFields())
	extremes := make([]extreme, len(list))
	for i, f := range r.Schema().Fields() {
		list[i] = ColumnSummary{Name: f.Name, Type: TypeName(f.Type)}
		extremes[i] = newExtreme(f.Type)
	}
	for rec, err := range r.Batches() {
		if err != nil {
			return nil, err
		}
		for i, col := range rec.Columns() {
			list[i].Missing += int64(col.NullN())
			list[i].NaN += extremes[i].add(col)
		}
	}
	for i, e := range extremes {
		var some bool
		list[i].Min, list[i].Max, some = e.texts()
		list[i].Empty = !some
	}
	return list, nil
}

// An extreme keeps the least and the greatest value of a column.
type extreme interface {
	add(arrow.Array) (nan int64)
	texts() (least, greatest string, some bool)
}

func newExtreme(t arrow.DataType) extreme {
	switch t.ID() {
	case arrow.STRING:
		return &extremeOf[string]{values: func(a arrow.Array) (func(int) string, int) { return a.(*array.String).Value, a.Len() },
			text: func(s string) string { return s }}
	case arrow.BOOL:
		number := func(b bool) int64 {
			if b {
				return 1
			}
			return 0
		}
		return &extremeOf[int64]{values: func(a arrow.Array) (func(int) int64, int) {
			return func(i int) int64 { return number(a.(*array.Boolean).Value(i)) }, a.Len()
		}, text: func(v int64) string { return textOf(v == 1) }}
	case arrow.INT64:
		return &extremeOf[int64]{values: func(a arrow.Array) (func(int) int64, int) { return a.(*array.Int64).Value, a.Len() }, text: textOf[int64]}
	case arrow.INT32:
		return &extremeOf[int32]{values: func(a arrow.Array) (func(int) int32, int) { return a.(*array.Int32).Value, a.Len() }, text: textOf[int32]}
	case arrow.DATE32:
		return &extremeOf[arrow.Date32]{values: func(a arrow.Array) (func(int) arrow.Date32, int) { return a.(*array.Date32).Value, a.Len() },
			text: textOf[arrow.Date32]}
	case arrow.TIMESTAMP:
		return &extremeOf[arrow.Timestamp]{values: func(a arrow.Array) (func(int) arrow.Timestamp, int) { return a.(*array.Timestamp).Value, a.Len() },
			text: textOf[arrow.Timestamp]}
	case arrow.FLOAT64:
		return &extremeOf[float64]{values: func(a arrow.Array) (func(int) float64, int) { return a.(*array.Float64).Value, a.Len() }, text: textOf[float64]}
	default: // lists
		bits := 64
		if of, _, _ := listOf(t); of == tensor.F32 {
			bits = 32
		}
		return &extremeOf[float64]{values: func(a arrow.Array) (func(int) float64, int) {
			v, _ := Lists(a)
			return v.At, v.Len()
		}, text: func(v float64) string { return string(appendFloat(nil, v, bits)) }}
	}
}

// textOf is a value as WriteCSV writes it.
func textOf[T Value](v T) string {
	a := NewArray([]T{v}, nil)
	defer a.Release()
	return string(appendValue(nil, a, 0))
}

type extremeOf[T cmp.Ordered] struct {
	values          func(arrow.Array) (value func(int) T, n int)
	text            func(T) string
	least, greatest T
	some            bool
}

func (e *extremeOf[T]) add(a arrow.Array) (nan int64) {
	value, n := e.values(a)
	nulls := a.NullN() > 0
	for i := range n {
		if nulls && a.IsNull(i) {
			continue
		}
		v := value(i)
		switch {
		case v != v:
			nan++
		case !e.some:
			e.least, e.greatest, e.some = own(v), own(v), true
		case v < e.least:
			e.least = own(v)
		case v > e.greatest:
			e.greatest = own(v)
		}
	}
	return nan
}

func (e *extremeOf[T]) texts() (least, greatest string, some bool) {
	if !e.some {
		return "", "", false
	}
	return e.text(e.least), e.text(e.greatest), true
}

// own copies a text, which lies in the memory of a batch.
func own[T cmp.Ordered](v T) T {
	if s, ok := any(v).(string); ok {
		return any(strings.Clone(s)).(T)
	}
	return v
}

// Text is a value as WriteCSV writes it, and a vector as a list; empty for a
// null.
func Text(col arrow.Array, row int) string {
	if _, _, ok := listOf(col.DataType()); !ok {
		return string(appendValue(nil, col, row))
	}
	text, _ := appendJSONField(nil, col, row)
	return string(text)
}
