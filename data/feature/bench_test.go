package feature

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table"
)

// benchTable has four columns of numbers and one of texts.
func benchTable(b *testing.B, n int) (*table.Reader, Spec) {
	values := make([][]float64, 4)
	texts := make([]string, n)
	for i := range n {
		for c := range values {
			values[c] = append(values[c], float64((i*7919+c)%10007)/3)
		}
		texts[i] = fmt.Sprintf("category %d", i%11)
	}
	var fields []arrow.Field
	var arrays []arrow.Array
	spec := Spec{Features: []Column{{Name: "text"}}}
	for c, scale := range []Scaling{Standard, MinMax, Robust, None} {
		name := string(scale)
		fields = append(fields, arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Float64, Nullable: true})
		arrays = append(arrays, table.NewArray(values[c], nil))
		spec.Features = append(spec.Features, Column{Name: name, Impute: by(Median), Scale: scale})
	}
	fields = append(fields, arrow.Field{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true})
	rec, err := table.NewRecord(arrow.NewSchema(fields, nil), append(arrays, table.NewArray(texts, nil))...)
	if err != nil {
		b.Fatal(err)
	}
	return tableOf(b, rec), spec
}

func BenchmarkFit(b *testing.B) {
	r, spec := benchTable(b, 1<<19)
	for b.Loop() {
		if _, err := Fit(b.Context(), spec, r, All(), Resources{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*float64(r.NumRows())/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkApply(b *testing.B) {
	r, spec := benchTable(b, 1<<19)
	tr, err := Fit(b.Context(), spec, r, All(), Resources{})
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for b.Loop() {
		if _, err := tr.ApplyTo(b.Context(), r, false, Resources{Threads: runtime.GOMAXPROCS(0)}, func(arrow.RecordBatch) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*float64(r.NumRows())/b.Elapsed().Seconds(), "rows/s")
}
