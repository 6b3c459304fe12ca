package table

import (
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
)

// BenchmarkWriter writes tables as readers hand them over: in records of about a
// mebibyte.
func BenchmarkWriter(b *testing.B) {
	wide := make([]arrow.Array, 1000)
	for i := range wide {
		wide[i] = NewArray(make([]int64, 200), nil)
	}
	mixed := make([]arrow.Array, 16)
	for i := range mixed {
		mixed[i] = NewArray(make([]float64, 8000), nil)
	}
	mixed[0] = NewArray(strings.Split(strings.Repeat("some text,", 7999), ","), nil)
	batch := make([]arrow.Array, 16)
	for i := range batch {
		batch[i] = NewArray(make([]float64, mostBatchRows), nil)
	}
	for _, c := range []struct {
		name    string
		columns []arrow.Array
		rows    int64
	}{{"wide", wide, 50_000}, {"mixed", mixed, 2_000_000}, {"batches", batch, 2_000_000}} {
		var fields []arrow.Field
		for i, a := range c.columns {
			fields = append(fields, arrow.Field{Name: strconv.Itoa(i), Type: a.DataType()})
			a.Retain()
		}
		rec, err := NewRecord(arrow.NewSchema(fields, nil), c.columns...)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w, err := NewWriter(io.Discard, rec.Schema())
				if err != nil {
					b.Fatal(err)
				}
				for w.Rows() < c.rows {
					if err := w.Write(rec); err != nil {
						b.Fatal(err)
					}
				}
				if err := w.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
