package metric_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"pipe/data/metric"
)

// testdata/several.py has asked scikit-learn.
func TestSeveralTargetsAsScikitLearn(t *testing.T) {
	var want struct {
		Version                          string
		Actual, Predicted                [][]float64
		Labels                           [][]int32
		Probabilities                    [][]float64
		Numbers, Classes, Number, Class1 map[string]float64
	}
	text, err := os.ReadFile("testdata/several.json")
	if err == nil {
		err = json.Unmarshal(text, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"a", "b", "c"}
	numbers, labels := make([]metric.Sample, 3), make([]metric.Sample, 3)
	for j := range names {
		var actual, predicted, prob []float64
		var class []int32
		for i := range want.Actual {
			actual, predicted = append(actual, want.Actual[i][j]), append(predicted, want.Predicted[i][j])
			class, prob = append(class, want.Labels[i][j]), append(prob, want.Probabilities[i][j])
		}
		var err error
		if numbers[j], err = metric.NewValues(actual, predicted); err != nil {
			t.Fatal(err)
		}
		if labels[j], err = metric.NewClasses([]string{"no", "yes"}, class, prob); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		samples []metric.Sample
		want    map[string]float64
		suffix  string
	}{{numbers, want.Numbers, ""}, {labels, want.Classes, ""}, {numbers, want.Number, "[b]"}, {labels, want.Class1, "[b]"}} {
		s, err := metric.NewSeveral(names, c.samples)
		if err != nil {
			t.Fatal(err)
		}
		if len(c.want) < 3 {
			t.Fatalf("only %d values", len(c.want))
		}
		for name, want := range c.want {
			def, ok := metric.All().Find(name + c.suffix)
			if !ok || !def.For(s.Task()) {
				t.Errorf("%s%s is not a metric of %s", name, c.suffix, s.Task())
				continue
			}
			if got := s.Measure(metric.List{def}, nil)[0]; got.Undefined != "" || math.Abs(got.Value-want) > 1e-12*max(1, math.Abs(want)) {
				t.Errorf("%s%s is %v %s, want %v", name, c.suffix, got.Value, got.Undefined, want)
			}
		}
	}
	if _, err := metric.NewSeveral(names, []metric.Sample{numbers[0], labels[0], numbers[1]}); err == nil {
		t.Error("numbers and labels together")
	}
}
