package nn

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"pipe/data/task"
	"pipe/data/tensor"
)

// A several is rows with several targets.
type several struct {
	Data
	targets [][]float64
}

func (s several) Gather(rows []int, into *Batch) error {
	if len(into.Inputs) > 0 {
		into.Inputs[0].Take(&tensor.Rows{F32: s.Features}, rows, len(s.Features)/s.Rows)
	}
	for _, r := range rows {
		for i := range into.Targets {
			into.Targets[i] = append(into.Targets[i], s.targets[i][r])
		}
		into.Weights = append(into.Weights, 1)
	}
	return nil
}

// Several numbers are learned as each would be alone, if the network shares nothing
// between them; so are several labels.
func TestSeveralTargets(t *testing.T) {
	s := several{Data: Data{Rows: 90}, targets: make([][]float64, 3)}
	for i := range s.Rows {
		a, b := float64(i%9)/4-1, float64(i%7)/3-1
		s.Features = append(s.Features, float32(a), float32(b))
		s.targets[0] = append(s.targets[0], 100+20*a)
		s.targets[1] = append(s.targets[1], math.Exp(a-b))
		s.targets[2] = append(s.targets[2], 3*b)
	}
	sig := signatureOf(task.Regression, 2, 1)
	sig.Task, sig.Targets = task.Multioutput, []Target{{Column: "a", Center: 100, Scale: 10}, {Column: "b", Scale: 1, Transform: &task.Transform{Kind: task.Log}}, {Column: "c", Scale: 2}}
	// The loss is the mean over the targets, so that each is learned a third as fast.
	m, err := Train(t.Context(), Spec{Inputs: 2, Outputs: 3}, sig, s, s, Config{Optimizer: SGD{LearningRate: 0.6}, Epochs: 60, BatchSize: 25, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	got := predict(t, m, []float32{0.5, -0.25}, 1)
	for i, want := range []float64{110, math.Exp(0.75), -0.75} {
		if math.Abs(got[i]/want-1) > 1e-3 {
			t.Errorf("target %d: %v, want %v", i, got[i], want)
		}
	}
	rmse, _ := m.Summary.Curve("validation.rmse")
	all, want := predict(t, m, s.Features, s.Rows), 0.0
	for j := range s.targets {
		sum := 0.0
		for i, y := range s.targets[j] {
			d := all[i*3+j] - y
			sum += d * d
		}
		want += math.Sqrt(sum/90) / 3
	}
	if got := rmse[m.Summary.BestEpoch-1]; math.Abs(got-want) > 1e-5 {
		t.Errorf("rmse %v, want %v", got, want)
	}
	if sum := m.Summary.Targets; len(sum) != 3 || sum[0].Column != "a" || sum[0].Target.Max != 120 || sum[2].Target.Min != -3 || m.Summary.Target != nil {
		t.Errorf("summary %+v", m.Summary)
	}
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	read, err := ReadModel(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if again := predict(t, read, s.Features, s.Rows); !slices.Equal(again, all) {
		t.Error("a model that was read says something else")
	}

	for j := range s.targets {
		for i, y := range s.targets[j] {
			s.targets[j][i] = 0
			if y > []float64{100, 1, 0}[j] {
				s.targets[j][i] = 1
			}
		}
	}
	classes := []string{"false", "true"}
	sig.Task, sig.Targets = task.Multilabel, []Target{{Column: "a", Classes: classes, Scale: 1}, {Column: "b", Classes: classes, Scale: 1}, {Column: "c", Classes: classes, Scale: 1}}
	m, err = Train(t.Context(), Spec{Inputs: 2, Outputs: 3}, sig, s, s, Config{Optimizer: adam, Epochs: 300, BatchSize: 25, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	accuracy, _ := m.Summary.Curve("validation.accuracy")
	prob := predict(t, m, s.Features, s.Rows)
	right := 0
	for i := range s.Rows {
		all := true
		for j := range s.targets {
			all = all && (prob[i*3+j] > 0.5) == (s.targets[j][i] == 1)
		}
		if all {
			right++
		}
	}
	if got := accuracy[m.Summary.BestEpoch-1]; got != float64(right)/90 || got < 0.9 {
		t.Errorf("accuracy %v, of all labels %v", got, float64(right)/90)
	}
	if err := (&Signature{Task: task.Multilabel, Targets: sig.Targets[:1], Features: sig.Features}).Validate(); err == nil {
		t.Error("one target is several")
	}
}
