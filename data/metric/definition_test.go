package metric_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"pipe/data/metric"
	"pipe/data/task"
)

// What a list offers by default is known and of its task, and no name is there
// twice.
func TestLists(t *testing.T) {
	all := metric.All()
	names := all.Names()
	slices.Sort(names)
	if len(slices.Compact(names)) != len(all) {
		t.Errorf("a name is there twice: %v", all.Names())
	}
	check := func(list metric.List, kind task.Kind) {
		for _, d := range list {
			if _, ok := all.Find(d.Name); !ok || !d.For(kind) {
				t.Errorf("%s is not a metric of %s", d.Name, kind)
			}
		}
	}
	for _, kind := range task.All() {
		check(metric.Usual(kind), kind)
	}
	check(metric.ForThreshold(), task.Binary)
	for _, d := range all {
		if d.Title == "" || d.Doc == "" || d.Source == "" || d.Goal == metric.None && d.Name != "selection_rate" || !(d.Range.Low < d.Range.High) {
			t.Errorf("%s is not defined whole: %+v", d.Name, *d)
		}
	}
	for _, d := range all.OfOneClass() {
		if one, ok := all.Find(d.Name + "[x]"); !ok || one.Name != d.Name+"[x]" || !one.For(task.Multiclass) {
			t.Errorf("%s cannot be asked for one class", d.Name)
		}
	}
	for _, name := range []string{"accuracy[x]", "recall[x", "recall]x[", "[x]", ""} {
		if _, ok := all.Find(name); ok {
			t.Errorf("there is a metric %q", name)
		}
	}
}

// A metric in the unit of the target grows with it, and one in its square grows
// with the square; all others stay.
func TestUnits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := drawValues(t)
		const factor = 4
		scaled, err := metric.NewValues(times(v.Actual, factor), times(v.Predicted, factor))
		if err != nil {
			t.Fatal(err)
		}
		metrics := metric.All().For(task.Regression)
		a, b := v.Measure(metrics, nil), scaled.Measure(metrics, nil)
		for i, d := range metrics {
			if d.Name == "mape" && slices.ContainsFunc(v.Actual, func(y float64) bool { return math.Abs(y) < 1e-12 }) {
				continue // its denominator is bounded
			}
			want := a[i].Value
			switch d.Unit {
			case metric.OfTarget:
				want *= factor
			case metric.Squared:
				want *= factor * factor
			}
			if a[i].Undefined == "" && !near(b[i].Value, want) {
				t.Fatalf("%s is %v, and %v of values that are %v times as large", d.Name, a[i].Value, b[i].Value, factor)
			}
		}
	})
}

func times(values []float64, factor float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = v * factor
	}
	return out
}

// A metric needs no more than its definition, wherever it is written.
func TestOwnMetrics(t *testing.T) {
	own := append(metric.All(),
		specificity(),
		&metric.Def{Name: "confidence", Title: "Mean confidence", Of: metric.Probabilities,
			Classes: func(t *metric.Tally) (float64, error) {
				return t.Mean(func(_ int, prob []float64) float64 { return slices.Max(prob) }), nil
			}},
		&metric.Def{Name: "bias", Title: "Bias", Unit: metric.OfTarget,
			Values: func(e *metric.Errors) (float64, error) {
				return e.Mean(func(actual, predicted float64) float64 { return predicted - actual }), nil
			}})
	c, err := metric.NewClasses([]string{"no", "yes"}, []int32{0, 0, 0, 1}, []float64{.1, .2, .75, .75})
	if err != nil {
		t.Fatal(err)
	}
	v, err := metric.NewValues([]float64{1, 2}, []float64{2, 4})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		sample metric.Sample
		name   string
		want   float64
	}{{c, "specificity", 2. / 3}, {c, "specificity[no]", 1}, {c, "confidence", .8}, {v, "bias", 1.5}} {
		if got := test.sample.Measure(own.Named(test.name), nil)[0]; !near(got.Value, test.want) || got.Undefined != "" {
			t.Errorf("%s is %v %s, want %v", test.name, got.Value, got.Undefined, test.want)
		}
	}
	if _, err := (metric.Drawing{Threads: 2}).Intervals(t.Context(), c, own.For(task.Binary)); err != nil {
		t.Error(err)
	}
}
