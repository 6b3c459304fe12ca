package preprocess

import (
	"bytes"
	"fmt"
	"testing"

	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/pipeline/pipelinetest"
)

// However many threads there are, a table of several batches gives the same bytes
// and the same messages.
func TestThreadsChangeNothing(t *testing.T) {
	n := 2*batchRows + 1000
	numbers, whole, texts, classes := make([]float64, n), make([]int64, n), make([]string, n), make([]string, n)
	there, labelled := make([]bool, n), make([]bool, n)
	for i := range n {
		numbers[i] = float64(i*7919%10007)/3 + 1e6
		whole[i] = int64(i * 31 % 1009)
		texts[i] = fmt.Sprint("town ", i*13%37)
		classes[i] = []string{"a", "b", "c"}[i*i%3]
		there[i], labelled[i] = i%11 != 0, i%5000 != 17
	}
	rows := tabletest.Table(t, "number", table.NewArray(numbers, there), "whole", whole, "text", table.NewArray(texts, there),
		"part", classes, "class", table.NewArray(classes, labelled))
	transforms := preprocessCase(t)
	transforms.Inputs = map[string][]byte{"train": rows, "test": rows}
	transforms.With = `
target: class
features:
  number: {impute: mean, indicator: true, scale: standard}
  whole: [impute: median, log1p, scale: robust]
  text: {impute: most_frequent}
  part: {}
cross:
  - polynomial: {columns: [number, whole], degree: 3, chain: [scale: robust]}
  - interaction: {columns: [text, part], chain: [target_encode]}
keep: [text, whole]
`
	const parts = "parts: {train: 0.7, validation: 0.2, test: 0.1}"
	for name, c := range map[string]pipelinetest.Case{
		"preprocess":       transforms,
		"random":           splitCase(parts, rows),
		"stratified":       splitCase("{"+parts+", stratify: class}", rows),
		"grouped":          splitCase("{"+parts+", group: whole}", rows),
		"timed":            splitCase("{"+parts+", time: whole}", rows),
		"strata of groups": splitCase("{"+parts+", stratify: class, group: whole}", rows),
		"series":           splitCase("{"+parts+", time: whole, within: part, gap: 1}", rows),
		"folds":            splitCase("{folds: {of: 4, fold: 2}, stratify: class}", rows),
		"by value":         splitCase("by: {column: part, values: {train: [a], test: [b]}, drop: [c]}", rows),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.Threads = 1
			want := pipelinetest.Run(t, c)
			c.Threads = 5
			got := pipelinetest.Run(t, c)
			for port, data := range want.Outputs {
				if !bytes.Equal(data, got.Outputs[port]) {
					t.Errorf("%s has other bytes", port)
				}
			}
			if want.Log != got.Log {
				t.Errorf("log is\n%s\nwant\n%s", got.Log, want.Log)
			}
		})
	}
}
