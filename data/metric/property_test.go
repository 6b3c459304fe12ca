package metric_test

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pipe/data/metric"
	"pipe/data/task"
)

// drawClasses draws a classifier's sample in which scores often tie.
func drawClasses(t *rapid.T, k int) *metric.Classes {
	n := rapid.IntRange(1, 40).Draw(t, "rows")
	actual := make([]int32, n)
	prob := make([]float64, 0, n*k)
	for i := range actual {
		actual[i] = int32(rapid.IntRange(0, k-1).Draw(t, "actual"))
		parts := make([]int, k)
		total := 0
		for j := range parts {
			parts[j] = rapid.IntRange(0, 5).Draw(t, "part")
			total += parts[j]
		}
		for _, p := range parts {
			if total == 0 {
				prob = append(prob, 1/float64(k))
			} else {
				prob = append(prob, float64(p)/float64(total))
			}
		}
	}
	c, err := metric.NewClasses(classNames(k), actual, prob)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func measure(s metric.Sample, name string) metric.Value {
	return s.Measure(metric.All().Named(name), nil)[0]
}

func TestAUCIsMannWhitney(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawClasses(t, 2)
		var wins, pairs float64
		for i := range c.Rows() {
			for j := range c.Rows() {
				a, b := c.Actual(i), c.Actual(j)
				if a == 1 && b == 0 {
					pairs++
					switch p, q := c.Probability(i, 1), c.Probability(j, 1); {
					case p > q:
						wins++
					case p == q:
						wins += .5
					}
				}
			}
		}
		v := measure(c, "roc_auc")
		if pairs == 0 {
			if v.Undefined == "" {
				t.Fatalf("roc_auc of one class = %v", v.Value)
			}
			return
		}
		if v.Value != wins/pairs {
			t.Fatalf("roc_auc = %v, want %v", v.Value, wins/pairs)
		}
	})
}

func TestMetricsIgnoreTheOrderOfRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.IntRange(2, 5).Draw(t, "classes")
		c := drawClasses(t, k)
		perm := rapid.Permutation(rows(c.Rows())).Draw(t, "order")
		actual := make([]int32, c.Rows())
		var prob []float64
		for i, from := range perm {
			actual[i] = int32(c.Actual(from))
			prob = c.AppendRow(prob, from)
		}
		moved, err := metric.NewClasses(c.Names, actual, prob)
		if err != nil {
			t.Fatal(err)
		}
		same(t, c, moved, metric.All().For(c.Task()))
	})
	rapid.Check(t, func(t *rapid.T) {
		v := drawValues(t)
		perm := rapid.Permutation(rows(v.Rows())).Draw(t, "order")
		var actual, predicted []float64
		for _, from := range perm {
			actual, predicted = append(actual, v.Actual[from]), append(predicted, v.Predicted[from])
		}
		moved, err := metric.NewValues(actual, predicted)
		if err != nil {
			t.Fatal(err)
		}
		same(t, v, moved, metric.All().For(task.Regression))
	})
}

// TestCountsAreRepetitions: counting a row n times is the same as having it n times.
func TestCountsAreRepetitions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawClasses(t, rapid.IntRange(2, 4).Draw(t, "classes"))
		count := make([]int32, c.Rows())
		var actual []int32
		var prob []float64
		for i := range count {
			count[i] = int32(rapid.IntRange(0, 3).Draw(t, "count"))
			for range count[i] {
				actual = append(actual, int32(c.Actual(i)))
				prob = c.AppendRow(prob, i)
			}
		}
		repeated, err := metric.NewClasses(c.Names, actual, prob)
		if err != nil {
			t.Fatal(err)
		}
		compare(t, c.Measure(metric.All().For(c.Task()), count), repeated.Measure(metric.All().For(c.Task()), nil))
	})
	rapid.Check(t, func(t *rapid.T) {
		v := drawValues(t)
		count := make([]int32, v.Rows())
		var actual, predicted []float64
		for i := range count {
			count[i] = int32(rapid.IntRange(0, 3).Draw(t, "count"))
			for range count[i] {
				actual, predicted = append(actual, v.Actual[i]), append(predicted, v.Predicted[i])
			}
		}
		repeated, err := metric.NewValues(actual, predicted)
		if err != nil {
			t.Fatal(err)
		}
		names := metric.All().For(task.Regression)
		compare(t, v.Measure(names, count), repeated.Measure(names, nil))
	})
}

func drawValues(t *rapid.T) *metric.Values {
	n := rapid.IntRange(1, 30).Draw(t, "rows")
	number := rapid.Float64Range(-1e6, 1e6)
	actual := rapid.SliceOfN(number, n, n).Draw(t, "actual")
	predicted := rapid.SliceOfN(number, n, n).Draw(t, "predicted")
	v, err := metric.NewValues(actual, predicted)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func rows(n int) []int {
	r := make([]int, n)
	for i := range r {
		r[i] = i
	}
	return r
}

func same(t *rapid.T, a, b metric.Sample, metrics metric.List) {
	compare(t, a.Measure(metrics, nil), b.Measure(metrics, nil))
}

func compare(t *rapid.T, a, b []metric.Value) {
	for i := range a {
		if a[i].Undefined != b[i].Undefined || !near(a[i].Value, b[i].Value) {
			t.Fatalf("%s: %v and %v", a[i].Name, a[i], b[i])
		}
	}
}

// Every value is in the range that its metric says.
func TestRanges(t *testing.T) {
	within := func(t *rapid.T, s metric.Sample, kind task.Kind) {
		for _, v := range s.Measure(metric.All().For(kind), nil) {
			slack := metric.Range{Low: v.Range.Low - 1e-9, High: v.Range.High + 1e-9}
			if v.Undefined == "" && !slack.Has(v.Value) {
				t.Fatalf("%s = %v, beyond %v", v.Name, v.Value, v.Range)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) { within(t, drawValues(t), task.Regression) })
	rapid.Check(t, func(t *rapid.T) {
		c := drawClasses(t, rapid.IntRange(2, 6).Draw(t, "classes"))
		within(t, c, c.Task())
		if e, m := measure(c, "ece"), measure(c, "mce"); e.Value > m.Value+1e-12 {
			t.Fatalf("ece %v exceeds mce %v", e.Value, m.Value)
		}
		for j := range c.Names {
			var curve struct{ X, Y []float64 }
			c.ROC(j, func(x, y, _ float64) { curve.X, curve.Y = append(curve.X, x), append(curve.Y, y) })
			if len(curve.X) > 0 && (curve.X[len(curve.X)-1] != 1 || curve.Y[len(curve.Y)-1] != 1) {
				t.Fatalf("ROC ends at (%v, %v)", curve.X[len(curve.X)-1], curve.Y[len(curve.Y)-1])
			}
			if !slices.IsSorted(curve.X) || !slices.IsSorted(curve.Y) {
				t.Fatal("ROC turns back")
			}
		}
		var n int64
		for _, b := range c.Confidences() {
			n += b.Rows
		}
		if n != int64(c.Rows()) {
			t.Fatalf("bins hold %d rows of %d", n, c.Rows())
		}
	})
}

func TestIntervals(t *testing.T) {
	var actual []int32
	var prob []float64
	for i := range 200 {
		actual = append(actual, int32(i%2))
		prob = append(prob, math.Mod(float64(i)*.618, .6)+.4*float64(i%2))
	}
	c, err := metric.NewClasses([]string{"a", "b"}, actual, prob)
	if err != nil {
		t.Fatal(err)
	}
	names := metric.All().Named("accuracy", "roc_auc", "log_loss", "f1")
	one, err := metric.Drawing{Threads: 1}.Intervals(t.Context(), c, names)
	if err != nil {
		t.Fatal(err)
	}
	many, err := metric.Drawing{Threads: 5}.Intervals(t.Context(), c, names)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(one, many); diff != "" {
		t.Errorf("intervals depend on the number of threads:\n%s", diff)
	}
	for i, v := range c.Measure(names, nil) {
		w := one[i]
		if w == nil || !(w.Low < v.Value && v.Value < w.High) || w.High-w.Low > .3 {
			t.Errorf("%s = %v with interval %+v", v.Name, v.Value, w)
		}
	}
	if one[0].Method != metric.Wilson || one[1].Method != metric.Bootstrap {
		t.Errorf("methods %s, %s", one[0].Method, one[1].Method)
	}
}

// TestBootstrapOfAMean compares with the normal interval, which is right for a
// mean of many rows.
func TestBootstrapOfAMean(t *testing.T) {
	n := 500
	actual, predicted := make([]float64, n), make([]float64, n)
	var mean, square float64
	for i := range n {
		e := math.Mod(float64(i)*.7548776662, 1)
		actual[i] = e
		mean += e / float64(n)
		square += e * e / float64(n)
	}
	v, err := metric.NewValues(actual, predicted)
	if err != nil {
		t.Fatal(err)
	}
	got, err := metric.Drawing{Threads: 2}.Intervals(t.Context(), v, metric.All().Named("mae"))
	if err != nil {
		t.Fatal(err)
	}
	half := 1.96 * math.Sqrt((square-mean*mean)/float64(n))
	if math.Abs(got[0].Low-(mean-half)) > half/8 || math.Abs(got[0].High-(mean+half)) > half/8 {
		t.Errorf("interval %+v, want about [%v, %v]", *got[0], mean-half, mean+half)
	}
}

func TestHostileSamples(t *testing.T) {
	two := []string{"a", "b"}
	for name, make := range map[string]func() error{
		"class out of range": func() error { _, err := metric.NewClasses(two, []int32{2}, []float64{.5}); return err },
		"negative class":     func() error { _, err := metric.NewClasses(two, []int32{-1}, []float64{.5}); return err },
		"NaN":                func() error { _, err := metric.NewClasses(two, []int32{0}, []float64{math.NaN()}); return err },
		"beyond 1":           func() error { _, err := metric.NewClasses(two, []int32{0}, []float64{1.5}); return err },
		"one class":          func() error { _, err := metric.NewClasses(two[:1], []int32{0}, []float64{1}); return err },
		"too few":            func() error { _, err := metric.NewClasses(two, []int32{0, 1}, []float64{1}); return err },
		"NaN prediction":     func() error { _, err := metric.NewValues([]float64{1}, []float64{math.NaN()}); return err },
		"infinite actual":    func() error { _, err := metric.NewValues([]float64{math.Inf(1)}, []float64{1}); return err },
	} {
		if make() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	empty, err := metric.NewValues(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if v := measure(empty, "rmse"); v.Undefined == "" {
		t.Errorf("rmse of no rows = %v", v.Value)
	}
	if v := measure(empty, "accuracy"); v.Undefined == "" {
		t.Errorf("accuracy of a regression = %v", v.Value)
	}
}

// TestBestThreshold: no threshold is better than the one that is found, which
// has the value that it is said to have, whatever the order of the rows.
func TestBestThreshold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawClasses(t, 2)
		by := rapid.SampledFrom(metric.ForThreshold()).Draw(t, "metric")
		name := by.Name
		at, value, err := c.BestThreshold(by)
		if counts := c.Confusion(); counts[0][0]+counts[0][1] == 0 || counts[1][0]+counts[1][1] == 0 {
			if err == nil {
				t.Fatal("a threshold between a class and nothing")
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := measure(c.At(at), name); got.Value != value || got.Undefined != "" {
			t.Fatalf("%s at %v is %v, not %v", name, at, got, value)
		}
		for i := 1; i < 60; i++ {
			other := float64(i) / 60
			got := measure(c.At(other), name)
			if got.Undefined == "" && got.Value > value {
				t.Fatalf("%s is %v at %v, and %v at %v", name, value, at, got.Value, other)
			}
		}
		order := rapid.Permutation(indexes(c.Rows())).Draw(t, "order")
		var actual []int32
		var prob []float64
		for _, i := range order {
			actual, prob = append(actual, int32(c.Actual(i))), c.AppendRow(prob, i)
		}
		turned, err := metric.NewClasses(c.Names, actual, prob)
		if err != nil {
			t.Fatal(err)
		}
		if again, _, err := turned.BestThreshold(by); err != nil || again != at {
			t.Errorf("rows in another order: threshold %v, not %v (%v)", again, at, err)
		}
	})
}

func indexes(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// A threshold between neighbours divides them, also where there is no number in
// between, and probabilities of 0 and 1 leave room for one.
func TestBestThresholdAtTheEdges(t *testing.T) {
	for _, test := range []struct {
		prob []float64 // of the rows, of which the last is positive
		at   float64
	}{
		{[]float64{.2, .4, .8}, .6000000000000001},
		{[]float64{.5, math.Nextafter(.5, 1)}, .5},
		{[]float64{0, math.Nextafter(0, 1)}, math.NaN()}, // there is none but 0
		{[]float64{0, 1}, .5},
		{[]float64{1, 1}, .5},
		{[]float64{.3, .3}, .15},
	} {
		actual := make([]int32, len(test.prob))
		actual[len(actual)-1] = 1
		c, err := metric.NewClasses([]string{"no", "yes"}, actual, test.prob)
		if err != nil {
			t.Fatal(err)
		}
		at, _, err := c.BestThreshold(metric.ForThreshold()[0])
		if err != nil || at != test.at && !math.IsNaN(test.at) || !(at > 0 && at < 1) {
			t.Errorf("%v: threshold %v, want %v (%v)", test.prob, at, test.at, err)
		}
	}
}

// Metrics that are about one of two classes are those that change when the
// other one is made the positive one.
func TestPositiveMetricsAreThoseThatDependOnTheOrder(t *testing.T) {
	actual, p := []int32{0, 0, 0, 0, 0, 1, 1, 1}, []float64{.1, .2, .85, .3, .15, .8, .05, .9}
	swapped, q := make([]int32, len(actual)), make([]float64, len(p))
	for i := range actual {
		swapped[i], q[i] = 1-actual[i], 1-p[i]
	}
	one, err := metric.NewClasses([]string{"ok", "failed"}, actual, p)
	if err != nil {
		t.Fatal(err)
	}
	other, err := metric.NewClasses([]string{"failed", "ok"}, swapped, q)
	if err != nil {
		t.Fatal(err)
	}
	names := metric.All().For(task.Binary)
	a, b := one.Measure(names, nil), other.Measure(names, nil)
	for i, def := range names {
		name := def.Name
		if changes := math.Abs(a[i].Value-b[i].Value) > 1e-9; changes != def.IsPositive() {
			t.Errorf("%s is %v and %v of the two classes: IsPositive is %v", name, a[i].Value, b[i].Value, def.IsPositive())
		}
		class := ""
		if def.IsPositive() {
			class = "failed"
		}
		if m := def.Meaning(one.Names); m != (metric.Meaning{Goal: def.Goal, Class: class}) {
			t.Errorf("%s means %+v", name, m)
		}
		if m := def.Meaning([]string{"a", "b", "c"}); m.Class != "" {
			t.Errorf("of three classes %s is about %s", name, m.Class)
		}
	}
	of, _ := metric.All().Find("recall[b]")
	if m := of.Meaning([]string{"a", "b", "c"}); m != (metric.Meaning{Goal: metric.Up, Class: "b"}) {
		t.Errorf("recall[b] means %+v", m)
	}
}
