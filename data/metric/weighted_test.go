package metric_test

import (
	"encoding/json"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pipe/data/metric"
	"pipe/data/task"
)

// What scikit-learn says about rows with weights; see testdata/weighted.py.
func TestWeightedOracle(t *testing.T) {
	path := "testdata/weighted.json"
	if more := os.Getenv("PIPE_ORACLE"); more != "" {
		path = more
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		oracle
		Labels [][]int32
		Weight []float64
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, o := range all {
		t.Run(o.Name, func(t *testing.T) {
			var s metric.Sample
			var err error
			switch {
			case o.Labels != nil:
				s, err = labelled(o.Labels, o.Prob, o.Weight)
			default:
				switch plain := o.sample(t).(type) {
				case *metric.Classes:
					s, err = plain.Weighted(o.Weight)
				case *metric.Values:
					s, err = plain.Weighted(o.Weight)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			names := slices.Sorted(maps.Keys(o.Expect))
			for i, v := range s.Measure(metric.All().Named(names...), nil) {
				want := o.Expect[names[i]]
				seen[names[i]] = true
				switch {
				case v.Name != names[i]:
					t.Fatalf("%s is not known", names[i])
				case want == nil && v.Undefined == "":
					t.Errorf("%s = %v, want it undefined", v.Name, v.Value)
				case want != nil && v.Undefined != "":
					t.Errorf("%s is undefined (%s), want %v", v.Name, v.Undefined, *want)
				case want != nil && math.Abs(v.Value-*want) > 1e-9*max(1, math.Abs(*want)):
					t.Errorf("%s = %v, want %v", v.Name, v.Value, *want)
				}
			}
		})
	}
	for _, d := range metric.All() {
		if !seen[d.Name] && strings.HasPrefix(d.Source, "sklearn.") {
			t.Errorf("%s was not compared", d.Name)
		}
	}
}

// labelled is a sample of several labels, whose rows have weights.
func labelled(labels [][]int32, prob [][]float64, weight []float64) (metric.Sample, error) {
	names := classNames(len(labels[0]))
	samples := make([]metric.Sample, len(names))
	for j := range names {
		var actual []int32
		var p []float64
		for i := range labels {
			actual, p = append(actual, labels[i][j]), append(p, prob[i][j])
		}
		c, err := metric.NewClasses([]string{"no", "yes"}, actual, p)
		if err == nil {
			c, err = c.Weighted(weight)
		}
		if err != nil {
			return nil, err
		}
		samples[j] = c
	}
	return metric.NewSeveral(names, samples)
}

// A whole number as the weight of a row is so many rows, also in a resample, and how
// large all weights are does not matter.
func TestWeightsAreRepetitions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var plain, weighted metric.Sample
		var metrics metric.List
		draw := func(n int) (counts, other []int32, weight []float64) {
			scale := math.Ldexp(1, rapid.IntRange(-300, 300).Draw(t, "scale"))
			for range n {
				m, o := int32(rapid.IntRange(0, 3).Draw(t, "weight")), int32(rapid.IntRange(0, 2).Draw(t, "count"))
				counts, other, weight = append(counts, m*o), append(other, o), append(weight, float64(m)*scale)
			}
			return
		}
		var counts, other []int32
		var weight []float64
		var err error
		if rapid.Bool().Draw(t, "classes") {
			c := drawClasses(t, rapid.IntRange(2, 4).Draw(t, "k"))
			counts, other, weight = draw(c.Rows())
			plain, metrics = c, metric.All().For(c.Task())
			weighted, err = c.Weighted(weight)
		} else {
			v := drawValues(t)
			counts, other, weight = draw(v.Rows())
			plain, metrics = v, metric.All().For(task.Regression)
			weighted, err = v.Weighted(weight)
		}
		if err != nil {
			t.Fatal(err)
		}
		a, b := plain.Measure(metrics, counts), weighted.Measure(metrics, other)
		for i := range a {
			// Rows of weight 0 are rows, and their classes occur.
			if strings.HasPrefix(a[i].Name, "macro_") || a[i].Name == "r2" {
				continue
			}
			if (a[i].Undefined == "") != (b[i].Undefined == "") || !near(a[i].Value, b[i].Value) {
				t.Fatalf("%s: %v %s, with weights %v %s", a[i].Name, a[i].Value, a[i].Undefined, b[i].Value, b[i].Undefined)
			}
		}
	})
}

func TestWeightMistakes(t *testing.T) {
	v, err := metric.NewValues([]float64{1, 2}, []float64{1, 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range [][]float64{{1}, {1, -1}, {1, math.NaN()}, {1, math.Inf(1)}} {
		if _, err := v.Weighted(w); err == nil {
			t.Errorf("weights %v are taken", w)
		}
	}
	none, err := v.Weighted([]float64{0, 0})
	if err != nil {
		t.Fatal(err)
	}
	if v := measure(none, "mae"); !strings.Contains(v.Undefined, "weights of all rows are 0") {
		t.Errorf("mae of no weight is %v %s", v.Value, v.Undefined)
	}
}

// The interval of many rows is that of the whole bootstrap, about: of a mean the
// normal one, and of rows of which few are of a class that of those.
func TestIntervalsOfManyRows(t *testing.T) {
	const n = 200_000
	actual, predicted := make([]float64, n), make([]float64, n)
	class, prob := make([]int32, n), make([]float64, n)
	var mean, square float64
	for i := range n {
		e := math.Mod(float64(i)*.7548776662, 1)
		actual[i] = e
		mean += e / n
		square += e * e / n
		if prob[i] = math.Mod(float64(i)*.618033, 1) * .8; i%1000 == 0 {
			class[i], prob[i] = 1, prob[i]+.2
		}
	}
	v, err := metric.NewValues(actual, predicted)
	if err != nil {
		t.Fatal(err)
	}
	c, err := metric.NewClasses([]string{"no", "yes"}, class, prob)
	if err != nil {
		t.Fatal(err)
	}
	got, err := metric.Drawing{Threads: 2}.Intervals(t.Context(), v, metric.All().Named("mae", "max_error"))
	if err != nil {
		t.Fatal(err)
	}
	half := 1.96 * math.Sqrt((square-mean*mean)/n)
	if math.Abs(got[0].Low-(mean-half)) > half/5 || math.Abs(got[0].High-(mean+half)) > half/5 {
		t.Errorf("interval %+v, want about [%v, %v]", *got[0], mean-half, mean+half)
	}
	if again, err := (metric.Drawing{Threads: 3}).Intervals(t.Context(), v, metric.All().Named("mae")); err != nil || *again[0] != *got[0] {
		t.Errorf("with other threads %v is %v (%v)", got[0], again, err)
	}
	if got[1] != nil {
		t.Errorf("the largest error has the interval %+v", *got[1])
	}
	// J. A. Hanley and B. J. McNeil (1982) have the standard error of an area.
	list := metric.All().Named("roc_auc", "recall")
	auc := c.Measure(list, nil)[0].Value
	q1, q2 := auc/(2-auc), 2*auc*auc/(1+auc)
	const pos, neg = n / 1000, n - n/1000
	half = 1.96 * math.Sqrt((auc*(1-auc)+(pos-1)*(q1-auc*auc)+(neg-1)*(q2-auc*auc))/(pos*neg))
	if got, err = (metric.Drawing{Threads: 2}).Intervals(t.Context(), c, list); err != nil {
		t.Fatal(err)
	}
	if w := got[0].High - got[0].Low; w < half || w > 3*half || got[0].Low > auc || got[0].High < auc {
		t.Errorf("interval %+v of the area %v, want about %v to both sides", *got[0], auc, half)
	}
}

// Of errors with heavy tails a few rows are most of what a metric varies by: the part
// of many rows that is drawn has them all, also those of the other model.
func TestIntervalsOfHeavyTails(t *testing.T) {
	const n = 120_000
	zero, a, b, weight := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		u, v, w := math.Mod(float64(i)*.7548776662, 1), math.Mod(float64(i)*.5698402909, 1), math.Mod(float64(i)*.618033988, 1)
		a[i], b[i] = 1+u, math.Pow(1-v, -1/3.05)
		weight[i] = math.Pow(1-w, -1/2.1)
	}
	deviation := func(x func(i int) float64, w func(i int) float64) float64 { // of a weighted mean
		var sum, all, square float64
		for i := range n {
			sum, all = sum+w(i)*x(i), all+w(i)
		}
		for i := range n {
			d := w(i) * (x(i) - sum/all)
			square += d * d
		}
		return math.Sqrt(square) / all
	}
	alike := func(what string, in *metric.Interval, want float64) {
		t.Helper()
		if got := (in.High - in.Low) / (2 * 1.96); math.Abs(got-want) > want/4 {
			t.Errorf("%s: the interval %+v has the deviation %v, want %v", what, *in, got, want)
		}
	}
	one := func(int) float64 { return 1 }
	va, err := metric.NewValues(zero, a)
	if err != nil {
		t.Fatal(err)
	}
	vb, err := metric.NewValues(zero, b)
	if err != nil {
		t.Fatal(err)
	}
	d, err := differences(t.Context(), va, vb, metric.All().Named("mse"), 2)
	if err != nil {
		t.Fatal(err)
	}
	alike("difference", d[0].Interval, deviation(func(i int) float64 { return a[i]*a[i] - b[i]*b[i] }, one))
	class, prob := make([]int32, n), make([]float64, n)
	for i := range n {
		if class[i], prob[i] = int32(i%2), .7; i%3 == 0 {
			prob[i] = .2
		}
	}
	c, err := metric.NewClasses([]string{"no", "yes"}, class, prob)
	if err != nil {
		t.Fatal(err)
	}
	wc, err := c.Weighted(weight)
	if err != nil {
		t.Fatal(err)
	}
	got, err := metric.Drawing{Threads: 2}.Intervals(t.Context(), wc, metric.All().Named("accuracy"))
	if err != nil {
		t.Fatal(err)
	}
	right := func(i int) float64 {
		if (prob[i] > .5) == (class[i] == 1) {
			return 1
		}
		return 0
	}
	alike("weighted accuracy", got[0], deviation(right, func(i int) float64 { return weight[i] }))
}

// A curve begins at the first row that counts.
func TestCurvesLeaveOutRowsWithoutWeight(t *testing.T) {
	c, err := metric.NewClasses([]string{"no", "yes"}, []int32{0, 1, 0, 1}, []float64{.99, .9, .5, .4})
	if err != nil {
		t.Fatal(err)
	}
	if c, err = c.Weighted([]float64{0, 2, 1, 1}); err != nil {
		t.Fatal(err)
	}
	var recall, precision []float64
	c.PrecisionRecall(1, func(x, y, _ float64) { recall, precision = append(recall, x), append(precision, y) })
	if precision[0] != 1 || precision[1] != 1 || len(precision) != 4 {
		t.Errorf("precision is %v over the recall %v", precision, recall)
	}
}

// The rows of a value have the accuracy of all labels together, with an interval.
func TestSlicesOfLabels(t *testing.T) {
	s, err := labelled([][]int32{{0, 1}, {1, 1}, {0, 0}}, [][]float64{{.1, .9}, {.8, .2}, {.3, .4}}, []float64{1, 1, 2})
	if err != nil {
		t.Fatal(err)
	}
	var g metric.Groups
	for _, v := range []string{"a", "a", "b"} {
		g.Add(v, true)
	}
	for i, one := range metric.SliceBy(s, &g, metric.All().Named("macro_f1")) {
		want := []float64{.5, 1}[i]
		if one.Accuracy == nil || one.Accuracy.Value != want || one.Interval.Low > want || one.Interval.High < want {
			t.Errorf("slice %s: accuracy %+v, want %v", one.Value, one.Accuracy, want)
		}
	}
}
