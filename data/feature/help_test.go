package feature

import (
	"bytes"
	"math"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"pipe/data/table"
)

// A col is a column of a table in a test. Values are string, int64, float64 or
// bool, all of one type, or nil for a null.
type col struct {
	name   string
	values []any
}

func (c col) array(t testing.TB) arrow.Array {
	t.Helper()
	for _, v := range c.values {
		switch v.(type) {
		case string:
			return arrayOf[string](c.values)
		case int64:
			return arrayOf[int64](c.values)
		case bool:
			return arrayOf[bool](c.values)
		case arrow.Date32:
			return arrayOf[arrow.Date32](c.values)
		}
	}
	return arrayOf[float64](c.values)
}

func arrayOf[T table.Value](values []any) arrow.Array {
	out, valid := make([]T, len(values)), make([]bool, len(values))
	for i, v := range values {
		if v != nil {
			out[i], valid[i] = v.(T), true
		}
	}
	return table.NewArray(out, valid)
}

// record makes a record of columns.
func record(t testing.TB, cols ...col) arrow.Record {
	t.Helper()
	fields, arrays := make([]arrow.Field, len(cols)), make([]arrow.Array, len(cols))
	for i, c := range cols {
		arrays[i] = c.array(t)
		fields[i] = arrow.Field{Name: c.name, Type: arrays[i].DataType(), Nullable: true}
	}
	rec, err := table.NewRecord(arrow.NewSchema(fields, nil), arrays...)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// tableOf makes a table of a record.
func tableOf(t testing.TB, rec arrow.Record) *table.Reader {
	t.Helper()
	var b bytes.Buffer
	w, err := table.NewWriter(&b, rec.Schema())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rec); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := table.Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func fit(t testing.TB, spec Spec, cols ...col) *Transform {
	t.Helper()
	tr, err := Fit(t.Context(), spec, tableOf(t, record(t, cols...)))
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// apply gives the feature vectors of the columns.
func apply(t testing.TB, tr *Transform, cols ...col) [][]float32 {
	t.Helper()
	rec, err := tr.Apply(record(t, cols...), false)
	if err != nil {
		t.Fatal(err)
	}
	return vectors(rec)
}

func vectors(rec arrow.Record) [][]float32 {
	column := rec.Column(0)
	values := table.Vectors(column)
	n := int(rec.NumRows())
	out := make([][]float32, n)
	for i := range out {
		width := len(values) / n
		out[i] = values[i*width : (i+1)*width]
	}
	return out
}

func ignore(arrow.Record) error { return nil }

func names(tr *Transform) []string {
	info := tr.Info()
	return info.Names()
}

// close12 says whether two numbers agree to twelve digits.
func close12(a, b float64) bool {
	return math.Abs(a-b) <= 1e-12*max(1, math.Abs(a), math.Abs(b))
}
