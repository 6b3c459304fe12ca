package metric_test

import (
	"context"
	"math"
	"testing"

	"pgregory.net/rapid"

	"pipe/data/metric"
)

// The other way round it is less by what it was more, and a sample differs from itself in nothing.
func TestDifferencesAreAntisymmetric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drawValues(t)
		other := make([]float64, a.Rows())
		for i := range other {
			other[i] = rapid.Float64Range(-1e6, 1e6).Draw(t, "other")
		}
		b, err := metric.NewValues(a.Actual, other)
		if err != nil {
			t.Fatal(err)
		}
		list := metric.All().Named("rmse", "median_ae", "r2")
		ab, err := differences(t.Context(), a, b, list, 2)
		if err != nil {
			t.Fatal(err)
		}
		ba, err := differences(t.Context(), b, a, list, 1)
		if err != nil {
			t.Fatal(err)
		}
		for i := range ab {
			x, y := ab[i], ba[i]
			if x.Undefined != y.Undefined || x.Value != -y.Value || (x.Interval == nil) != (y.Interval == nil) {
				t.Fatalf("%s: %+v and %+v", x.Name, x, y)
			}
			if x.Interval != nil && (!about(x.Interval.Low, -y.Interval.High) || !about(x.Interval.High, -y.Interval.Low)) {
				t.Fatalf("%s: %+v and %+v", x.Name, *x.Interval, *y.Interval)
			}
			low, high, ok := x.Gain()
			back, _, _ := y.Gain()
			if ok && (low > high || !about(high, -back)) {
				t.Fatalf("%s: better by %v to %v, the other by %v or more", x.Name, low, high, back)
			}
		}
		same, err := differences(t.Context(), a, a, list, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range same {
			if d.Undefined == "" && d.Value != 0 || d.Interval != nil && d.Interval.Low != d.Interval.High {
				t.Fatalf("of itself %s differs by %+v", d.Name, d)
			}
		}
	})
}

func TestDifferencesOfOtherRows(t *testing.T) {
	a, err := metric.NewValues([]float64{1, 2}, []float64{1, 2})
	if err != nil {
		t.Fatal(err)
	}
	b, err := metric.NewValues([]float64{1, 3}, []float64{1, 2})
	if err != nil {
		t.Fatal(err)
	}
	w, err := a.Weighted([]float64{1, 2})
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []metric.Sample{b, w} {
		if _, err := differences(t.Context(), a, other, nil, 1); err == nil {
			t.Error("rows that are not the same are compared")
		}
	}
}

// about allows for the rounding of numbers between two others.
func about(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(a), math.Abs(b)) }

// differences compares two samples.
func differences(ctx context.Context, a, b metric.Sample, list metric.List, threads int) ([]metric.Difference, error) {
	all, err := metric.Drawing{Threads: threads}.Differences(ctx, a, []metric.Sample{b}, list)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}
