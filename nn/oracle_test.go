package nn

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"strconv"
	"testing"

	"pipe/data/task"
	"pipe/pipeline/settings"
)

// A torchCase is one network of testdata/oracle.json, made by oracle.py.
type torchCase struct {
	Name, Loss string
	Task       task.Kind
	Outputs    int
	Layers     []Dense
	Optimizer  string
	Settings   struct {
		LR          float64
		Betas       [2]float64
		Eps         float64
		WeightDecay float64 `json:"weight_decay"`
		Momentum    float64
		Nesterov    bool
	}
	Clip         float64
	Rows, Inputs int
	X            []float32
	Y            []float64
	Weight       []float32
	Params       [][]float32
	Gradients    [][]float32
	Losses       []float64
	Trained      [][]float32
}

func (c *torchCase) optimizer() Rule {
	s := c.Settings
	a := Adam{LearningRate: s.LR, Beta1: s.Betas[0], Beta2: s.Betas[1], Epsilon: s.Eps, WeightDecay: s.WeightDecay}
	switch c.Optimizer {
	case "adam":
		return a
	case "adamw":
		return AdamW(a)
	}
	return SGD{LearningRate: s.LR, Momentum: s.Momentum, Nesterov: s.Nesterov, WeightDecay: s.WeightDecay}
}

func (c *torchCase) trainer(t *testing.T) *trainer {
	spec := Spec{Inputs: c.Inputs, Outputs: c.Outputs}
	for _, l := range c.Layers {
		spec.Layers = append(spec.Layers, NewLayer("dense", &l))
	}
	var chosen struct {
		Loss Loss `yaml:"loss" required:"true"`
	}
	if err := settings.DecodeFile("loss", []byte("loss: "+c.Loss), &chosen); err != nil {
		t.Fatal(err)
	}
	sig := signatureOf(c.Task, c.Inputs, c.Outputs)
	tr, _, err := newTrainer(spec, sig, Data{Rows: c.Rows, Features: c.X, Target: c.Y, Weights: c.Weight}, nil, Config{
		Loss: chosen.Loss, Optimizer: c.optimizer(), Epochs: 1, BatchSize: c.Rows, ClipNorm: c.Clip,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.close() })
	for i, p := range c.Params {
		copy(tr.numbers.params[i].of(tr.numbers.flat), p)
	}
	return tr
}

// signatureOf makes up a signature.
func signatureOf(kind task.Kind, inputs, outputs int) Signature {
	sig := Signature{Column: "y", Task: kind}
	for i := range inputs {
		sig.Features = append(sig.Features, "x"+strconv.Itoa(i))
	}
	switch kind {
	case task.Regression:
		sig.Scale = 1
	case task.Binary:
		sig.Classes = []string{"no", "yes"}
	case task.Multiclass:
		for i := range outputs {
			sig.Classes = append(sig.Classes, "c"+strconv.Itoa(i))
		}
	}
	return sig
}

// Ten steps of training give the losses, gradients and weights of PyTorch.
func TestTrainingAgreesWithPyTorch(t *testing.T) {
	raw, err := os.ReadFile("testdata/oracle.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []torchCase
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			tr := c.trainer(t)
			for step := range 10 {
				if step == 0 && c.Clip == 0 {
					same(t, "gradients", tr.gradients(t, c.Rows), c.Gradients, 1e-6)
				}
				tr.at.Epoch, tr.at.Row = step+1, 0
				if err := tr.epoch(context.Background()); err != nil {
					t.Fatal(err)
				}
				if got := tr.at.Last; math.Abs(got-c.Losses[step]) > 3e-6*max(1, c.Losses[step]) {
					t.Errorf("step %d: loss %.9g, PyTorch has %.9g", step+1, got, c.Losses[step])
				}
			}
			same(t, "weights", tr.numbers.each(tr.numbers.flat), c.Trained, 3e-5)
		})
	}
	if len(cases) < 8 {
		t.Errorf("only %d cases", len(cases))
	}
}

// gradients runs the first rows, as they are, without a step.
func (t *trainer) gradients(tb testing.TB, rows int) [][]float32 {
	tb.Helper()
	p := t.plans[rows]
	f := newFeeder(t.train, batches{size: rows})
	f.start(order{rows: t.train.rows}, 0)
	defer f.stop()
	if _, err := f.fill(p.x, p.y, p.weight); err != nil {
		tb.Fatal(err)
	}
	if err := p.run(0); err != nil {
		tb.Fatal(err)
	}
	grads := make([]float32, t.grads.Size())
	if err := t.grads.Read(grads); err != nil {
		tb.Fatal(err)
	}
	return t.numbers.each(grads)
}

// each cuts a memory into parameters.
func (m *numbers) each(flat []float32) [][]float32 {
	var list [][]float32
	for _, p := range m.params {
		list = append(list, p.of(flat))
	}
	return list
}

func same(t *testing.T, what string, got, want [][]float32, tolerance float64) {
	t.Helper()
	for i := range want {
		for j := range want[i] {
			if d := math.Abs(float64(got[i][j] - want[i][j])); !(d <= tolerance*max(1, math.Abs(float64(want[i][j])))) {
				t.Errorf("%s %d[%d]: got %v, want %v", what, i, j, got[i][j], want[i][j])
			}
		}
	}
}

// The network forward, written down a second time in plain float64.
func forward64(m *Model, x []float32) []float64 {
	h := make([]float64, len(x))
	for i, v := range x {
		h[i] = float64(v)
	}
	next := 0
	dense := func(act Activation) {
		w, b := m.Params[next], m.Params[next+1]
		next += 2
		out := make([]float64, len(b.Data))
		for j := range out {
			out[j] = float64(b.Data[j])
			for i, v := range h {
				out[j] += v * float64(w.Data[i*len(out)+j])
			}
			switch act {
			case ReLU:
				out[j] = max(out[j], 0)
			case Tanh:
				out[j] = math.Tanh(out[j])
			case Sigmoid:
				out[j] = 1 / (1 + math.Exp(-out[j]))
			}
		}
		h = out
	}
	for _, l := range m.Spec.Layers {
		if l.Dense != nil {
			dense(l.Dense.Activation)
		}
	}
	dense(Linear)
	switch m.Signature.Task {
	case task.Binary:
		h[0] = 1 / (1 + math.Exp(-h[0]))
	case task.Multiclass:
		sum := 0.0
		for i := range h {
			h[i] = math.Exp(h[i])
			sum += h[i]
		}
		for i := range h {
			h[i] /= sum
		}
	default:
		h[0] = h[0]*m.Signature.Scale + m.Signature.Center
	}
	return h
}
