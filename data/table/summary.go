package table

import (
	"cmp"
	"strconv"
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
	if s := scalarOf(t); s != nil {
		return s.extreme()
	}
	bits := 64 // of the elements of lists
	if of, _, _ := ListOf(t); of == tensor.F32 {
		bits = 32
	}
	return &extremeOf[float64]{values: func(a arrow.Array) (func(int) float64, int) {
		v, _ := Lists(a)
		return v.At, v.Len()
	}, text: func(v float64) string { return string(appendFloat(nil, v, bits)) }}
}

func textExtreme() extreme {
	return &extremeOf[string]{values: func(a arrow.Array) (func(int) string, int) { return a.(*array.String).Value, a.Len() },
		text: func(s string) string { return s }}
}

func boolExtreme() extreme {
	return &extremeOf[int8]{values: func(a arrow.Array) (func(int) int8, int) {
		return func(i int) int8 {
			if a.(*array.Boolean).Value(i) {
				return 1
			}
			return 0
		}, a.Len()
	}, text: func(v int8) string { return strconv.FormatBool(v == 1) }}
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
	if _, _, ok := ListOf(col.DataType()); !ok {
		return string(appendValue(nil, col, row))
	}
	text, _ := appendJSONField(nil, col, row)
	return string(text)
}
