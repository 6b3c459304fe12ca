package relate

import (
	"fmt"
	"testing"

	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/pipeline/pipelinetest"
)

func aggregateCase(with string, data []byte) pipelinetest.Case {
	return pipelinetest.Case{Kind: aggregateKind(), With: with, Inputs: map[string][]byte{"table": data}}
}

func delays(t testing.TB) []byte {
	t.Helper()
	return tabletest.Table(t, "carrier", []any{"UA", "AA", nil, "UA", "AA", "UA"}, "delay", []any{1.5, nil, 7.0, 4.0, nil, 10.0},
		"at", times(10, 3700, 20, 3600, 90000, 7100), "late", []any{false, nil, true, false, nil, true})
}

func TestAggregateConforms(t *testing.T) {
	for _, with := range []string{
		"{by: carrier, columns: {n: count, mean: {mean: delay}, median: {median: delay}, kinds: {count_distinct: late}}}",
		"{window: {column: at, every: 1h}, columns: {last: {last: delay}, mode: {mode: carrier}}}",
		"columns: {std: {std: {column: delay, ddof: 0}}}",
	} {
		t.Run(with, func(t *testing.T) { pipelinetest.Conform(t, aggregateCase(with, delays(t))) })
	}
}

func TestAggregate(t *testing.T) {
	gives(t, aggregateCase("{by: carrier, columns: {n: count, delays: {count: delay}, mean: {mean: delay}, sum: {sum: delay}, worst: {max: delay}, p: {quantile: {column: delay, q: 0.25}}, var: {var: delay}, any: {any: late}, all: {all: late}, late: {sum: late}}}", delays(t)), "table", `
carrier,n,delays,mean,sum,worst,p,var,any,all,late
AA,2,0,-,0,-,-,-,false,true,0
UA,3,3,5.166666666666667,15.5,10,2.75,19.083333333333336,true,false,1
-,1,1,7,7,7,7,-,true,true,1
`)
	gives(t, aggregateCase("{by: [carrier], window: {column: at, every: 1h, name: hour}, columns: {n: count, first: {first: delay}}}", delays(t)), "table", `
carrier,hour,n,first
AA,1970-01-01T01:00:00Z,1,-
AA,1970-01-02T01:00:00Z,1,-
UA,1970-01-01T00:00:00Z,1,1.5
UA,1970-01-01T01:00:00Z,2,4
-,1970-01-01T00:00:00Z,1,7
`)
	none := tabletest.Table(t, "x", []float64{})
	gives(t, aggregateCase("columns: {n: count, sum: {sum: x}, mean: {mean: x}}", none), "table", "n,sum,mean\n0,0,-\n")
	gives(t, aggregateCase("{by: x, columns: {n: count}}", none), "table", "x,n\n")
	r := pipelinetest.Run(t, aggregateCase("{by: carrier, columns: {mean: {mean: delay}}}", delays(t)))
	want := []pipelinetest.Column{{Out: pcol("table", "carrier"), In: pcol("table", "carrier")}, {Out: pcol("table", "mean"), In: pcol("table", "delay")}}
	if fmt.Sprint(r.Columns) != fmt.Sprint(want) {
		t.Errorf("columns are %v, want %v", r.Columns, want)
	}
}

func TestAggregateSaysWhatIsWrong(t *testing.T) {
	data := delays(t)
	refuses(t, aggregateCase("{by: carier, columns: {n: count}}", data), `table: there is no column "carier"`, `did you mean "carrier"?`)
	refuses(t, aggregateCase("columns: {m: {mean: carrier}}", data), `columns: m: column "carrier" is string, which has no mean`, "columns: {carrier: float64}")
	refuses(t, aggregateCase("columns: {m: {any: delay}}", data), `column "delay" is float64, which has no any`, "")
	refuses(t, aggregateCase("{window: {column: carrier, every: 1h}, columns: {n: count}}", data), `window: column "carrier" is string, which is no time`, "columns: {carrier: timestamp}")
	refuses(t, aggregateCase("columns: {s: {sum: i}}", tabletest.Table(t, "i", []int64{1 << 62, 1 << 62})), `the sum of column "i" does not fit into int64`, "take the mean")
	refusesSettings(t, aggregateKind(), "{by: [a, b, a], columns: {n: count}}", `by.2: "a" is there twice`)
	refusesSettings(t, aggregateKind(), "{by: a, columns: {a: count}}", `there would be two columns "a"`)
	refusesSettings(t, aggregateKind(), "{window: {column: t, every: 1 hour}, columns: {n: count}}", `"1 hour" is no length of time`)
	refusesSettings(t, aggregateKind(), "columns: {n: average}", `unknown name "average"`)
	refusesSettings(t, aggregateKind(), "by: a", "columns")
}

func TestAggregateOnAnyThreads(t *testing.T) {
	const n = 65536 + 3000
	keys, x, words := make([]int64, n), make([]float64, n), make([]string, n)
	there := make([]bool, n)
	for i := range n {
		keys[i], x[i], words[i], there[i] = int64(i*7919%3000), float64(i%977)/7*1e9+1/float64(i+1), fmt.Sprint("w", i%11), i%13 != 0
	}
	data := tabletest.Table(t, "key", keys, "x", table.NewArray(x, there), "word", words)
	sameOnAnyThreads(t, aggregateCase("{by: key, columns: {sum: {sum: x}, mean: {mean: x}, std: {std: x}, median: {median: x}, mode: {mode: word}, first: {first: word}}}", data))
	sameOnAnyThreads(t, aggregateCase("columns: {sum: {sum: x}, std: {std: x}, median: {median: x}, mode: {mode: word}}", data))
}
