package expr_test

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/expr"
	"pipe/data/table"
)

func BenchmarkEval(b *testing.B) {
	const n = 1 << 16
	x, y, i, j, s := make([]float64, n), make([]float64, n), make([]int64, n), make([]int64, n), make([]string, n)
	d := make([]arrow.Date32, n)
	for k := range n {
		x[k], y[k], i[k], j[k] = float64(k%977)+0.5, 1+float64(k%13)/7, int64(k), int64(k%101)+1
		s[k], d[k] = []string{"red", "Green", "blue-ish"}[k%3], arrow.Date32(k%20000)
	}
	var fields []arrow.Field
	columns := map[string]arrow.Array{"x": table.NewArray(x, nil), "y": table.NewArray(y, nil), "i": table.NewArray(i, nil), "j": table.NewArray(j, nil),
		"s": table.NewArray(s, nil), "d": table.NewArray(d, nil)}
	for _, name := range []string{"x", "y", "i", "j", "s", "d"} {
		fields = append(fields, arrow.Field{Name: name, Type: columns[name].DataType()})
	}
	scope := expr.ScopeOf(arrow.NewSchema(fields, nil))
	for _, text := range []string{"x + y", "x / y ** 2", "i + j", "i * j", "i % j", "x > 100 and y < 2", "log(x)", "if(x > 100, y, 0)", "month(d)", "lower(s)", "s == 'red'", "hash(s, 100)"} {
		b.Run(text, func(b *testing.B) {
			e, err := expr.Parse(text)
			if err != nil {
				b.Fatal(err)
			}
			p, err := e.Bind(scope)
			if err != nil {
				b.Fatal(err)
			}
			var in []arrow.Array
			for _, name := range p.Inputs() {
				in = append(in, columns[name])
			}
			for b.Loop() {
				arr, _, err := p.Eval(in, n, 0)
				if err != nil {
					b.Fatal(err)
				}
				arr.Release()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
		})
	}
}
