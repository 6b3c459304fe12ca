// Package tabletest makes tables and data sets from Go values, for tests.
//
// Columns are written as pairs of a name and values: a slice of a type that
// table.NewArray takes, of which a NaN is a null; a []any of such values, in
// which nil is a null; or an arrow.Array.
package tabletest

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table"
	"pipe/data/tensor"
)

// T is what is needed of a test; a testing.TB and a *rapid.T are both one.
type T interface {
	Helper()
	Fatal(args ...any)
}

// Array makes an array of the values of a column.
func Array(t T, values any) arrow.Array {
	t.Helper()
	switch v := values.(type) {
	case arrow.Array:
		return v
	case []string:
		return table.NewArray(v, nil)
	case []int8:
		return table.NewArray(v, nil)
	case []int16:
		return table.NewArray(v, nil)
	case []int32:
		return table.NewArray(v, nil)
	case []int64:
		return table.NewArray(v, nil)
	case []uint8:
		return table.NewArray(v, nil)
	case []uint16:
		return table.NewArray(v, nil)
	case []uint32:
		return table.NewArray(v, nil)
	case []uint64:
		return table.NewArray(v, nil)
	case []bool:
		return table.NewArray(v, nil)
	case []arrow.Date32:
		return table.NewArray(v, nil)
	case []arrow.Timestamp:
		return table.NewArray(v, nil)
	case []arrow.Time64:
		return table.NewArray(v, nil)
	case []float32:
		return table.NewArray(v, numbers(v))
	case []float64:
		return table.NewArray(v, numbers(v))
	case []any:
		return nullable(t, v)
	}
	t.Fatal(fmt.Sprintf("tabletest: a column of %T", values))
	return nil
}

// numbers tells which values are not NaN.
func numbers[F float32 | float64](values []F) []bool {
	valid := make([]bool, len(values))
	for i, v := range values {
		valid[i] = v == v
	}
	return valid
}

// nullable makes an array of the type of the first value that is not nil, of
// float64 if all are.
func nullable(t T, values []any) arrow.Array {
	t.Helper()
	for _, v := range values {
		switch v.(type) {
		case nil:
			continue
		case string:
			return arrayOf[string](values)
		case int8:
			return arrayOf[int8](values)
		case int16:
			return arrayOf[int16](values)
		case int32:
			return arrayOf[int32](values)
		case int64:
			return arrayOf[int64](values)
		case uint8:
			return arrayOf[uint8](values)
		case uint16:
			return arrayOf[uint16](values)
		case uint32:
			return arrayOf[uint32](values)
		case uint64:
			return arrayOf[uint64](values)
		case float32:
			return arrayOf[float32](values)
		case bool:
			return arrayOf[bool](values)
		case arrow.Date32:
			return arrayOf[arrow.Date32](values)
		case arrow.Timestamp:
			return arrayOf[arrow.Timestamp](values)
		case arrow.Time64:
			return arrayOf[arrow.Time64](values)
		case float64:
		default:
			t.Fatal(fmt.Sprintf("tabletest: a value of %T", v))
		}
		break
	}
	return arrayOf[float64](values)
}

func arrayOf[V table.Value](values []any) arrow.Array {
	out, valid := make([]V, len(values)), make([]bool, len(values))
	for i, v := range values {
		if v != nil {
			out[i], valid[i] = v.(V), true
		}
	}
	return table.NewArray(out, valid)
}

// Record makes a record of columns.
func Record(t T, columns ...any) arrow.RecordBatch {
	t.Helper()
	var fields []arrow.Field
	var arrays []arrow.Array
	for name, values := range pairs(t, columns) {
		a := Array(t, values)
		arrays = append(arrays, a)
		fields = append(fields, arrow.Field{Name: name, Type: a.DataType(), Nullable: true})
	}
	rec, err := table.NewRecord(arrow.NewSchema(fields, nil), arrays...)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// pairs yields the names and values of columns.
func pairs(t T, columns []any) iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		t.Helper()
		for i := 0; i+1 < len(columns); i += 2 {
			name, ok := columns[i].(string)
			if !ok {
				t.Fatal(fmt.Sprintf("tabletest: the name of a column is a %T", columns[i]))
			}
			if !yield(name, columns[i+1]) {
				return
			}
		}
	}
}

// Table makes the bytes of a table of columns.
func Table(t T, columns ...any) []byte {
	t.Helper()
	return Bytes(t, Record(t, columns...))
}

// Bytes writes a table with the rows of records, of which there must be at least
// one, and with the schema of the first.
func Bytes(t T, records ...arrow.RecordBatch) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := table.NewWriter(&b, records[0].Schema())
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range records {
		if err := w.Write(rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Dataset makes the bytes of a data set. Inputs and targets are the columns that
// have their names: an input is a slice of its type in row-major order, or, where
// rows have different numbers of steps, a slice of such slices. All other columns
// are kept.
func Dataset(t T, info table.DatasetInfo, columns ...any) []byte {
	t.Helper()
	var arrays []arrow.Array
	var keep []arrow.Field
	labelled := false
	for name, values := range pairs(t, columns) {
		if len(arrays) < len(info.Inputs) {
			arrays = append(arrays, input(t, &info.Inputs[len(arrays)], values))
			continue
		}
		isTarget := name == table.TargetColumn || strings.HasPrefix(name, table.TargetColumn+".")
		if list, ok := values.([]any); ok && len(list) == 0 && isTarget && info.Target().Task.IsClassification() {
			values = []int32{}
		}
		a := Array(t, values)
		arrays = append(arrays, a)
		if labelled = labelled || isTarget; !isTarget {
			keep = append(keep, arrow.Field{Name: name, Type: a.DataType(), Nullable: true})
		}
	}
	schema, err := table.DatasetSchema(info, labelled, keep)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := table.NewRecord(schema, arrays...)
	if err != nil {
		t.Fatal(err)
	}
	return Bytes(t, rec)
}

// input makes the column of an input.
func input(t T, in *table.Input, values any) arrow.Array {
	t.Helper()
	var rows tensor.Rows
	width := in.Width()
	switch v := values.(type) {
	case []float32:
		rows.F32 = v
	case []uint8:
		rows.U8 = v
	case []int32:
		rows.I32 = v
	case [][]float32:
		rows.F32, rows.Ends, width = slices.Concat(v...), ends(v), tensor.Ragged
	case [][]uint8:
		rows.U8, rows.Ends, width = slices.Concat(v...), ends(v), tensor.Ragged
	case [][]int32:
		rows.I32, rows.Ends, width = slices.Concat(v...), ends(v), tensor.Ragged
	default:
		t.Fatal(fmt.Sprintf("tabletest: the input %q is a %T", in.Name, values))
	}
	return table.NewLists(in.Type, rows, width)
}

func ends[E any](rows [][]E) []int {
	list, end := make([]int, len(rows)), 0
	for i, r := range rows {
		end += len(r)
		list[i] = end
	}
	return list
}

// Open opens the bytes of a table.
func Open(t T, b []byte) *table.Reader {
	t.Helper()
	r, err := table.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Rows reads all rows of a table. The record lives as long as the test wants it.
func Rows(t T, b []byte) arrow.RecordBatch {
	t.Helper()
	r := Open(t, b)
	rec, err := table.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return rec
}
