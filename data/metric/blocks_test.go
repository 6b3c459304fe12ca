package metric_test

import (
	"math"
	"testing"

	"pipe/base/random"
	"pipe/data/metric"
)

// Errors that go on for a while are worth fewer rows than there are: an interval of rows drawn
// one by one misses the truth, and one of blocks does not.
func TestBlocks(t *testing.T) {
	const n, block, series = 480, 40, 60
	list := metric.All().Named("mae", "rmse")
	held := map[int]int{}
	for s := range series {
		noise := random.New(uint64(s), "blocks", 0)
		actual, predicted := make([]float64, n), make([]float64, n)
		level := 0.
		for i := range actual {
			level = .9*level + noise.Normal(uint64(i))
			predicted[i] = level
		}
		v, err := metric.NewValues(actual, predicted)
		if err != nil {
			t.Fatal(err)
		}
		truth := math.Sqrt(2/math.Pi) / math.Sqrt(1-.81)
		for _, b := range []int{0, block} {
			in, err := metric.Drawing{Threads: 2, Block: b}.Intervals(t.Context(), v, list)
			if err != nil {
				t.Fatal(err)
			}
			if in[0].Low <= truth && truth <= in[0].High {
				held[b]++
			}
		}
	}
	if held[0] > series*3/4 || held[block] < series*4/5 {
		t.Errorf("of %d series the interval of rows held the truth in %d, of blocks in %d", series, held[0], held[block])
	}
}

// Blocks of one row are rows, of few blocks there is no interval, accuracy has one of blocks and
// not Wilson's, and threads do not show.
func TestBlocksOfClasses(t *testing.T) {
	noise := random.New(3, "blocks", 0)
	actual, prob := make([]int32, 200), make([]float64, 200)
	for i := range actual {
		actual[i], prob[i] = int32(noise.IntN(uint64(i), 2)), noise.Float64(uint64(1000+i))
	}
	rows := metric.CollectClasses([]string{"no", "yes"}, 200)
	for i, class := range actual {
		rows.Add(class, prob[i])
	}
	c, err := rows.Sample()
	if err != nil {
		t.Fatal(err)
	}
	list := metric.All().Named("accuracy", "roc_auc")
	of := func(threads, block int) []*metric.Interval {
		in, err := metric.Drawing{Threads: threads, Block: block}.Intervals(t.Context(), c, list)
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	one, plain := of(1, 1), of(1, 0)
	if *one[0] != *plain[0] || *one[1] != *plain[1] || plain[0].Method != metric.Wilson {
		t.Errorf("of blocks of one row %v and %v, of rows %v and %v", one[0], one[1], plain[0], plain[1])
	}
	a, b := of(1, 20), of(3, 20)
	if *a[0] != *b[0] || *a[1] != *b[1] || a[0].Method != metric.Bootstrap {
		t.Errorf("on one thread %v and %v, on three %v and %v", a[0], a[1], b[0], b[1])
	}
	if in := of(1, 41); in[0] != nil || in[1] != nil {
		t.Errorf("of four blocks %v and %v", in[0], in[1])
	}
	all, err := metric.Drawing{Threads: 2, Block: 20}.Differences(t.Context(), c, []metric.Sample{c, c}, list)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all[1] {
		if d.Value != 0 || d.Interval == nil || d.Interval.Low != 0 || d.Interval.High != 0 {
			t.Errorf("%s of a sample to itself: %+v", d.Name, d)
		}
	}
}

// Of two rows the least and the greatest that resamples give hold the truth every other time, which is
// no interval of 95%.
func TestFewRowsHaveNoInterval(t *testing.T) {
	list := metric.All().Named("mae", "rmse")
	for _, n := range []int{1, 2, 5, 6, 7} {
		actual, predicted, other := make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range actual {
			actual[i], other[i] = float64(i*i), float64(i)
		}
		a, err := metric.NewValues(actual, predicted)
		if err != nil {
			t.Fatal(err)
		}
		b, err := metric.NewValues(actual, other)
		if err != nil {
			t.Fatal(err)
		}
		o := metric.Drawing{Threads: 1}
		in, err := o.Intervals(t.Context(), a, list)
		if err != nil {
			t.Fatal(err)
		}
		apart, err := o.Differences(t.Context(), a, []metric.Sample{b}, list)
		if err != nil {
			t.Fatal(err)
		}
		_, _, certain := apart[0][0].Gain()
		if want := n >= 6; (in[0] != nil) != want || certain != want || (o.Without(n) == "") != want {
			t.Errorf("of %d rows the interval is %v, that of the difference %v, and %q", n, in[0], apart[0][0].Interval, o.Without(n))
		}
	}
	if (metric.Drawing{Block: math.MaxInt}).Without(1000) == "" {
		t.Error("a block of all numbers has an interval")
	}
}
