package metric_test

import (
	"math"
	"slices"
	"testing"

	"pipe/data/metric"
)

// TestRepeated: to measure rows again is no more data, and what differs between the
// repetitions is no row.
func TestRepeated(t *testing.T) {
	const rows = 300
	var actual, predicted []float64
	for i := range rows {
		actual = append(actual, float64(i%17))
		predicted = append(predicted, float64(i%17)+math.Sin(float64(i*i)))
	}
	list := metric.All().Named("rmse", "mae", "r2")
	one, err := metric.NewValues(actual, predicted)
	if err != nil {
		t.Fatal(err)
	}
	three, err := metric.NewValues(slices.Repeat(actual, 3), slices.Repeat(predicted, 3))
	if err != nil {
		t.Fatal(err)
	}
	of := make([]int32, 3*rows)
	for i := range of {
		of[i] = int32(i % rows)
	}
	again, err := metric.NewRepeated(three, of)
	if err != nil {
		t.Fatal(err)
	}
	if again.Rows() != rows {
		t.Errorf("%d rows", again.Rows())
	}
	intervals := func(s metric.Sample) []*metric.Interval {
		t.Helper()
		in, err := metric.Drawing{Threads: 2}.Intervals(t.Context(), s, list)
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	want, got, naive := intervals(one), intervals(again), intervals(three)
	for i, d := range list {
		if math.Abs(got[i].Low-want[i].Low) > 1e-9 || math.Abs(got[i].High-want[i].High) > 1e-9 {
			t.Errorf("%s: %+v of the repeated rows, %+v of the rows", d.Name, got[i], want[i])
		}
		if width := naive[i].High - naive[i].Low; width > 0.8*(want[i].High-want[i].Low) {
			t.Errorf("%s: the interval of as many rows is not narrower: %v", d.Name, width)
		}
	}
	if v := again.Measure(list, nil); v[0].Value != three.Measure(list, nil)[0].Value {
		t.Errorf("%v", v)
	}
	// Proportions have no interval as of so many rows, either.
	said := make([]float64, 0, 6*rows)
	class := make([]int32, 0, 3*rows)
	for i := range 3 * rows {
		p := math.Abs(math.Sin(float64(i % rows * i)))
		said, class = append(said, 1-p, p), append(class, int32(i%rows%2))
	}
	c, err := metric.NewClasses([]string{"a", "b"}, class, said)
	if err != nil {
		t.Fatal(err)
	}
	r, err := metric.NewRepeated(c, of)
	if err != nil {
		t.Fatal(err)
	}
	in, err := metric.Drawing{Threads: 2}.Intervals(t.Context(), r, metric.All().Named("accuracy"))
	if err != nil || in[0].Method != metric.Bootstrap {
		t.Errorf("%+v, %v", in, err)
	}
	if err := metric.SameRows(r, c); err == nil {
		t.Error("rows are the same that are repeated otherwise")
	}
	for _, wrong := range [][]int32{nil, of[1:], append(slices.Clone(of[1:]), -1), append(slices.Clone(of[1:]), 1<<20), slices.Repeat([]int32{1}, 3*rows)} {
		if _, err := metric.NewRepeated(c, wrong); err == nil {
			t.Errorf("%d repetitions are right", len(wrong))
		}
	}
}

// TestManyRepeated: of many rows, or of rows with many repetitions, a part is drawn.
func TestManyRepeated(t *testing.T) {
	for _, size := range []struct{ rows, times int }{{60_000, 2}, {6_000, 20}} {
		n := size.rows * size.times
		actual, predicted, of := make([]float64, n), make([]float64, n), make([]int32, n)
		for i := range of {
			row := i / size.times
			of[i] = int32(row)
			actual[i], predicted[i] = float64(row%13), float64(row%13)+math.Sin(float64(row*row))
		}
		all, err := metric.NewValues(actual, predicted)
		if err != nil {
			t.Fatal(err)
		}
		s, err := metric.NewRepeated(all, of)
		if err != nil {
			t.Fatal(err)
		}
		list := metric.All().Named("mae")
		in, err := metric.Drawing{Threads: 2}.Intervals(t.Context(), s, list)
		if err != nil {
			t.Fatal(err)
		}
		// The standard error of a mean: |sin| has the standard deviation 0.3078.
		mae := s.Measure(list, nil)[0].Value
		half := 1.96 * 0.3078 / math.Sqrt(float64(size.rows))
		if math.Abs((in[0].High-in[0].Low)/2-half) > 0.25*half || in[0].Low > mae || in[0].High < mae {
			t.Errorf("%d rows: %+v about %v, want about ±%v", size.rows, in[0], mae, half)
		}
	}
}

// TestRepeatedAgainstOnce: what was measured once is compared with what several seeds predict
// of the same rows, as if it had been repeated as often.
func TestRepeatedAgainstOnce(t *testing.T) {
	const rows, seeds = 200, 3
	actual, better := make([]float64, rows), make([]float64, rows)
	var all, worse []float64
	var of []int32
	for i := range rows {
		actual[i] = float64(i % 13)
		better[i] = actual[i] + math.Sin(float64(i*i))
	}
	for seed := range seeds {
		for i := range rows {
			all, worse, of = append(all, actual[i]), append(worse, actual[i]+2*math.Sin(float64(i*i+seed))), append(of, int32(i))
		}
	}
	values := func(actual, predicted []float64) metric.Sample {
		s, err := metric.NewValues(actual, predicted)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	repeated := func(s metric.Sample) metric.Sample {
		r, err := metric.NewRepeated(s, of)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	once, several := values(actual, better), repeated(values(all, worse))
	list := metric.All().Named("rmse", "mae", "r2")
	differences := func(a, b metric.Sample) []metric.Difference {
		d, err := differences(t.Context(), a, b, list, 2)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	want := differences(repeated(values(all, slices.Repeat(better, seeds))), several)
	for i, d := range differences(once, several) {
		back := differences(several, once)[i]
		for _, pair := range [][2]float64{{d.Value, want[i].Value}, {d.Interval.Low, want[i].Interval.Low}, {d.Interval.High, want[i].Interval.High}, {-back.Interval.High, want[i].Interval.Low}} {
			if math.Abs(pair[0]-pair[1]) > 1e-9 {
				t.Errorf("%s: %+v, want %+v", d.Name, d.Interval, want[i].Interval)
			}
		}
	}
	actual[7]++
	for _, other := range []metric.Sample{values(actual, better), repeated(values(slices.Repeat(actual, seeds), worse)), values(actual[1:], better[1:])} {
		if metric.SameRows(several, other) == nil || metric.SameRows(other, several) == nil {
			t.Error("rows of other targets are the same")
		}
	}
}
