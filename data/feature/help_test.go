package feature

import (
	"math"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/pipeline/settings"
)

// A col is a column of a table in a test. Values are string, int64, float64 or
// bool, all of one type, or nil for a null.
type col struct {
	name   string
	values []any
}

// record makes a record of columns.
func record(t testing.TB, cols ...col) arrow.RecordBatch {
	t.Helper()
	var list []any
	for _, c := range cols {
		list = append(list, c.name, c.values)
	}
	return tabletest.Record(t, list...)
}

// tableOf makes a table of a record.
func tableOf(t testing.TB, rec arrow.RecordBatch) *table.Reader {
	t.Helper()
	return tabletest.Open(t, tabletest.Bytes(t, rec))
}

func fit(t testing.TB, spec Spec, cols ...col) *Transform {
	t.Helper()
	tr, err := Fit(t.Context(), spec, tableOf(t, record(t, cols...)), All(), Resources{})
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

func vectors(rec arrow.RecordBatch) [][]float32 {
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

func ignore(arrow.RecordBatch) error { return nil }

func names(tr *Transform) []string {
	info := tr.Info()
	return info.Names()
}

// by is an imputation without settings.
func by(s Strategy) *Impute {
	yes := new(GroupFill)
	return map[Strategy]*Impute{Mean: {Mean: yes}, Median: {Median: yes}, MostFrequent: {MostFrequent: yes}}[s]
}

func constant(text string) *Impute {
	return &Impute{Constant: &ConstantFill{settings.Scalar{Text: text}}}
}

func asOneHot(s OneHot) *Encode   { return &Encode{OneHot: &s} }
func asOrdinal(s Ordinal) *Encode { return &Encode{Ordinal: &s} }

// documented is a transform in its JSON form.
func documented(t testing.TB, tr *Transform) document {
	t.Helper()
	doc, err := tr.document()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// close12 says whether two numbers agree to twelve digits.
func close12(a, b float64) bool {
	return math.Abs(a-b) <= 1e-12*max(1, math.Abs(a), math.Abs(b))
}
