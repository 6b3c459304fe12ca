package train

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"pipe/data/metric"
	"pipe/nn"
	"pipe/pipeline"
	"pipe/pipeline/pipelinetest"
)

func trained(t *testing.T, with string) (*nn.Model, pipelinetest.Result) {
	t.Helper()
	r := pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(nil), With: small + with, Inputs: inputs(t, sex), Seed: 5})
	m, err := nn.ReadModel(bytes.NewReader(r.Outputs["model"]), int64(len(r.Outputs["model"])))
	if err != nil {
		t.Fatal(err)
	}
	return m, r
}

// A threshold becomes a part of the model, and changes nothing else of it.
func TestThreshold(t *testing.T) {
	plain, _ := trained(t, "")
	if plain.Signature.Threshold != 0 || plain.Signature.Cut() != .5 {
		t.Errorf("threshold %v without a setting", plain.Signature.Threshold)
	}
	given, _ := trained(t, "threshold: 0.3\n")
	if given.Signature.Threshold != .3 || given.Summary.Threshold != nil {
		t.Errorf("threshold %v, chosen by %v", given.Signature.Threshold, given.Summary.Threshold)
	}
	best, r := trained(t, "threshold: {best: f1}\n")
	at, by := best.Signature.Threshold, best.Summary.Threshold
	if !(at > 0 && at < 1) || by == nil || by.Metric != "f1" || r.Metrics["threshold"] != at || r.Metrics["validation.f1"] != by.Value {
		t.Errorf("threshold %v, chosen by %+v, metrics %v", at, by, r.Metrics)
	}
	for _, m := range []*nn.Model{given, best} {
		if d := nn.FirstDifference(plain, m); d != "" {
			t.Error(d)
		}
	}
	for _, test := range []struct {
		output []float64
		m      *nn.Model
		class  int
	}{{[]float64{.5}, plain, 0}, {[]float64{.51}, plain, 1}, {[]float64{.3}, given, 0}, {[]float64{.31}, given, 1}} {
		if got := test.m.Signature.Class(test.output); got != test.class {
			t.Errorf("threshold %v: %v is class %d", test.m.Signature.Cut(), test.output, got)
		}
	}
}

// The threshold belongs to the stage's work: the same on any number of threads,
// on other ways to the same rows, and after a killed attempt.
func TestBestThresholdConforms(t *testing.T) {
	pipelinetest.Conform(t, pipelinetest.Case{Kind: Kind(nil), With: small + "threshold: {best: balanced_accuracy}\n", Inputs: inputs(t, sex), Seed: 5})
}

// What stands in a model file as its threshold is not taken on trust.
func TestThresholdOfAModelFile(t *testing.T) {
	m, _ := trained(t, "threshold: 0.25\n")
	var file bytes.Buffer
	if _, err := m.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	old := []byte(`threshold\":0.25`)
	if !bytes.Contains(file.Bytes(), old) {
		t.Fatal("the file does not hold the threshold as was thought")
	}
	for _, wrong := range []string{"1.25", "-0.1", "1e99"} {
		bad := bytes.Replace(slices.Clone(file.Bytes()), old, []byte(`threshold\":`+(wrong + " ")[:4]), 1)
		if _, err := nn.ReadModel(bytes.NewReader(bad), int64(len(bad))); err == nil {
			t.Errorf("a threshold of %s was taken", wrong)
		}
	}
}

// The threshold of costs is where mistakes cost least: nowhere do they cost less.
func TestThresholdOfCosts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 40).Draw(t, "rows")
		actual, prob := []int32{0, 1}, []float64{rapid.Float64Range(0, 1).Draw(t, "p"), rapid.Float64Range(.01, .99).Draw(t, "p")}
		for range n {
			actual = append(actual, rapid.Int32Range(0, 1).Draw(t, "class"))
			prob = append(prob, float64(rapid.IntRange(0, 20).Draw(t, "p"))/20)
		}
		costs := &Costs{FalseAlarm: rapid.Float64Range(.1, 9).Draw(t, "false alarm"), Miss: rapid.Float64Range(.1, 9).Draw(t, "miss")}
		by, _ := (&Threshold{Costs: costs}).by()
		c, err := metric.NewClasses([]string{"no", "yes"}, actual, prob)
		if err != nil {
			t.Fatal(err)
		}
		at, value, err := c.BestThreshold(by)
		if err != nil {
			t.Fatal(err)
		}
		cost := func(threshold float64) (sum float64) {
			for i, p := range prob {
				switch taken := p > threshold; {
				case taken && actual[i] == 0:
					sum += costs.FalseAlarm
				case !taken && actual[i] == 1:
					sum += costs.Miss
				}
			}
			return sum / float64(len(prob))
		}
		if math.Abs(cost(at)-value) > 1e-12 {
			t.Fatalf("the cost at %v is %v, not %v", at, cost(at), value)
		}
		for i := 1; i < 400; i++ {
			if other := float64(i) / 400; cost(other) < value-1e-12 {
				t.Fatalf("the cost at %v is %v, and at %v %v", at, value, other, cost(other))
			}
		}
	})
}

// The settings that are recorded of a threshold are settings again, for pipe rerun.
func TestThresholdIsRecorded(t *testing.T) {
	for _, with := range []string{"threshold: 0.3", "threshold: {best: f1}", "threshold: {costs: {false_alarm: 1, miss: 9}}", ""} {
		s := pipelinetest.Decode(t, Kind(nil), "network: []\n"+with)
		kind := Kind(nil)
		if err := pipeline.CheckCanonical(&kind, s); err != nil {
			t.Errorf("%s: %v", with, err)
		}
	}
}
