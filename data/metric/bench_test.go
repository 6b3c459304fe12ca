package metric_test

import (
	"math"
	"testing"

	"pipe/data/metric"
	"pipe/data/task"
)

// BenchmarkIntervals is the most that the bootstrap costs: 10,000 rows, every
// default metric of ten classes.
func BenchmarkIntervals(b *testing.B) {
	const n, k = 10_000, 10
	actual, prob := make([]int32, n), make([]float64, 0, n*k)
	for i := range n {
		actual[i] = int32(i % k)
		var total float64
		row := make([]float64, k)
		for j := range row {
			row[j] = math.Mod(float64(i*k+j)*.6180339887, 1)
			total += row[j]
		}
		for _, p := range row {
			prob = append(prob, p/total)
		}
	}
	c, err := metric.NewClasses(classNames(k), actual, prob)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := (metric.Drawing{Threads: 2}).Intervals(b.Context(), c, metric.Usual(task.Multiclass)); err != nil {
			b.Fatal(err)
		}
	}
}
