package nn_test

import (
	"fmt"
	"math"
	"testing"

	"pipe/base/random"
	"pipe/data/task"
	"pipe/data/tensor"
	"pipe/nn"
)

// several is a source of features with several targets, of which some are missing.
type several struct {
	x []float32
	y [][]float64
}

func (s several) Len() int { return len(s.y) }

func (s several) Gather(rows []int, into *nn.Batch) error {
	for _, r := range rows {
		if len(into.Inputs) > 0 {
			into.Inputs[0].F32 = append(into.Inputs[0].F32, s.x[r])
		}
		for j, v := range s.y[r] {
			into.Targets[j] = append(into.Targets[j], v)
		}
		into.Weights = append(into.Weights, 1)
	}
	return nil
}

// Outputs learn the quantiles that they are told, and targets that are missing do not
// count: a network that sees none of a target's second half says what the first half says.
func TestPartsOfALoss(t *testing.T) {
	sig := nn.Signature{Features: []string{"x"}, Column: "y", Task: task.Multioutput, Scale: 1}
	quantiles := []float64{0.1, 0.5, 0.9, 0}
	for j, q := range quantiles {
		sig.Targets = append(sig.Targets, nn.Target{Column: fmt.Sprint("y", j), Scale: 1, Quantile: q})
	}
	noise := random.New(3, "parts", 0)
	var data several
	for i := range 2000 {
		u := noise.Float64(uint64(i))
		row := []float64{u, u, u, 3}
		if i%2 == 0 {
			row[3] = math.NaN()
		}
		if i%10 == 0 {
			row[0], row[1] = math.NaN(), math.NaN()
		}
		data.x, data.y = append(data.x, 1), append(data.y, row)
	}
	cfg := nn.Config{Optimizer: nn.Adam{LearningRate: 0.01, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}, Epochs: 30, BatchSize: 100, Shuffle: true, Seed: 1, Gaps: true}
	model, err := nn.Train(t.Context(), nn.Spec{Inputs: 1, Outputs: len(quantiles)}, sig, data, data, cfg)
	if err != nil {
		t.Fatal(err)
	}
	p, err := model.NewPredictor()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	out, err := p.Predict([]tensor.Rows{{F32: []float32{1}}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for j, want := range []float64{0.1, 0.5, 0.9, 3} {
		if math.Abs(out[j]-want) > 0.04 {
			t.Errorf("output %d is %v, want %v", j, out[j], want)
		}
	}
	cfg.Gaps = false
	if _, err := nn.Train(t.Context(), nn.Spec{Inputs: 1, Outputs: len(quantiles)}, sig, data, nil, cfg); err == nil {
		t.Error("missing targets were taken")
	}
}
