package relate

import (
	"fmt"
	"strings"
	"testing"

	"pipe/data/table/tabletest"
	"pipe/pipeline"
	"pipe/pipeline/pipelinetest"
)

func oneTable(kind pipeline.Kind, with string, data []byte) pipelinetest.Case {
	return pipelinetest.Case{Kind: kind, With: with, Seed: 7, Inputs: map[string][]byte{"table": data}}
}

func people(t testing.TB) []byte {
	t.Helper()
	return tabletest.Table(t, "name", []any{"ann", "bob", "ann", nil, "bob", nil, "eve"}, "age", []int64{1, 2, 1, 4, 5, 4, 7})
}

func TestRowsConform(t *testing.T) {
	for _, c := range []pipelinetest.Case{
		oneTable(dedupeKind(), "{}", people(t)), oneTable(dedupeKind(), "{by: name, keep: last, duplicates: true}", people(t)),
		oneTable(sampleKind(), "rows: 3", people(t)), oneTable(sampleKind(), "{fraction: 0.5, by: [name]}", people(t)),
		{Kind: unionKind(), With: "source: from", Inputs: map[string][]byte{"a": people(t), "b": people(t)}},
	} {
		t.Run(c.Kind.Name+" "+c.With, func(t *testing.T) { pipelinetest.Conform(t, c) })
	}
}

func TestDedupe(t *testing.T) {
	gives(t, oneTable(dedupeKind(), "{}", people(t)), "table", "name,age\nann,1\nbob,2\n-,4\nbob,5\neve,7\n")
	c := oneTable(dedupeKind(), "{by: name, keep: last, duplicates: true}", people(t))
	gives(t, c, "table", "name,age\nann,1\nbob,5\n-,4\neve,7\n")
	r := gives(t, c, "duplicates", "name,age\nann,1\nbob,2\n-,4\n")
	if r.Metrics["rows"] != 4 || r.Metrics["duplicates"] != 3 {
		t.Errorf("metrics are %v", r.Metrics)
	}
	gives(t, oneTable(dedupeKind(), "{by: [name], keep: none}", people(t)), "table", "name,age\neve,7\n")
	refuses(t, oneTable(dedupeKind(), "by: nam", people(t)), `table: by: there is no column "nam"`, `did you mean "name"?`)
	refusesSettings(t, dedupeKind(), "by: [a, a]", `by.1: "a" is there twice`)
}

func TestSample(t *testing.T) {
	r := pipelinetest.Run(t, oneTable(sampleKind(), "{rows: 2, by: name}", people(t)))
	if !strings.Contains(r.Log, "some groups have fewer rows") || r.Metrics["rows"] != 7 {
		t.Errorf("metrics are %v, log is %s", r.Metrics, r.Log)
	}
	r = pipelinetest.Run(t, oneTable(sampleKind(), "{rows: 1, by: name}", people(t)))
	if got := csvOf(t, r.Outputs["table"]); r.Metrics["rows"] != 4 || strings.Count(got, "ann") != 1 || strings.Count(got, "bob") != 1 {
		t.Errorf("drew\n%s", got)
	}
	other := oneTable(sampleKind(), "rows: 3", people(t))
	one := csvOf(t, pipelinetest.Run(t, other).Outputs["table"])
	other.Seed = 8
	if two := csvOf(t, pipelinetest.Run(t, other).Outputs["table"]); one == two {
		t.Errorf("another seed draws the same rows:\n%s", one)
	}
	refusesSettings(t, sampleKind(), "by: a", "nothing says how many rows to draw")
	refusesSettings(t, sampleKind(), "{rows: 1, fraction: 0.5}", "both `rows` and `fraction` say")
	refusesSettings(t, sampleKind(), "fraction: 1.5", "fraction")
}

func TestUnion(t *testing.T) {
	a, b := tabletest.Table(t, "x", []int64{1, 2}), tabletest.Table(t, "x", []float64{0.5})
	c := pipelinetest.Case{Kind: unionKind(), With: "{order: [late, early], source: from}", Inputs: map[string][]byte{"early": a, "late": b}}
	r := gives(t, c, "table", "x,from\n0.5,late\n1,early\n2,early\n")
	want := []pipelinetest.Column{{Out: pcol("table", "x"), In: pcol("early", "x")}, {Out: pcol("table", "x"), In: pcol("late", "x")}}
	if fmt.Sprint(r.Columns) != fmt.Sprint(want) {
		t.Errorf("columns are %v, want %v", r.Columns, want)
	}
	c.With = "{}"
	gives(t, c, "table", "x\n1\n2\n0.5\n")
	s := pipelinetest.Decode(t, unionKind(), "order: [late, erly]").(*Union)
	_, err := s.Foresee(map[string]pipeline.Facts{"early": {}, "late": {}})
	if err == nil || !strings.Contains(err.Error(), `there is no input "erly"`) || !strings.Contains(err.Error(), `the input "early" has no place in the order`) {
		t.Errorf("foresees %v", err)
	}
}

func TestRowsOnAnyThreads(t *testing.T) {
	const n = 65536 + 3000
	keys, rows := make([]int64, n), make([]int64, n)
	for i := range n {
		keys[i], rows[i] = int64(i*7919%50000), int64(i)
	}
	data := tabletest.Table(t, "key", keys, "row", rows)
	sameOnAnyThreads(t, oneTable(dedupeKind(), "{by: key, duplicates: true}", data))
	sameOnAnyThreads(t, oneTable(sampleKind(), "{rows: 1, by: key}", data))
	sameOnAnyThreads(t, oneTable(sampleKind(), "fraction: 0.3", data))
	sameOnAnyThreads(t, pipelinetest.Case{Kind: unionKind(), With: "{}", Inputs: map[string][]byte{"a": data, "b": data}})
}
