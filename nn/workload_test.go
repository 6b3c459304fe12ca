package nn

import (
	"context"
	"errors"
	"testing"
	"time"

	"pipe/data/task"
	"pipe/data/tensor"
	"pipe/nn/xla"
)

// An epoch has all rows, and as many steps as training takes.
func TestWorkload(t *testing.T) {
	for name, s := range samples() {
		spec, sig, data, cfg := s.training()
		for _, accumulate := range []int{1, 3} {
			cfg.Accumulate = accumulate
			draft := cfg
			draft.Backend = xla.NewDraft(xla.Options{})
			w, err := NewWorkload(spec, sig, data.Rows, 5, draft)
			if errors.As(err, new(*xla.RecipeError)) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			tr, m, err := newTrainer(spec, sig, data, data, cfg)
			if err != nil {
				t.Fatal(err)
			}
			if w.Parameters != m.Summary.Parameters || w.Steps != tr.stepsPerEpoch() || w.Epochs != cfg.Epochs {
				t.Errorf("%s: %+v", name, w)
			}
			steps, whole, measured := 0, 0, 0
			for _, p := range w.Passes {
				switch {
				case p.Measures:
					measured += p.Runs
				default:
					steps += p.Runs
				}
				if p.Whole {
					whole++
				}
			}
			if update := w.trainer.update.program; update != nil {
				steps -= w.Steps
			}
			if steps != 3 || whole != 1 || measured != 2 { // 22 rows in batches of 8; each set in one
				t.Errorf("%s: an epoch has %d batches, %d kinds of whole ones, and measures %d times", name, steps, whole, measured)
			}
			if n := int64(len(tr.numbers.flat)); w.Weights%(4*n) != 0 || w.Gradients != 4*n || w.Optimizer%(4*n) != 0 {
				t.Errorf("%s: %d numbers are %d bytes of weights, %d of gradients, %d of the optimizer", name, n, w.Weights, w.Gradients, w.Optimizer)
			}
			if err := errors.Join(w.Close(), tr.close()); err != nil {
				t.Error(err)
			}
		}
	}
}

// Any network can be tried, whatever its data would be.
func TestTry(t *testing.T) {
	for name, s := range samples() {
		spec, sig, _, cfg := s.training()
		trial, err := Try(t.Context(), spec, sig, 50, cfg, time.Millisecond)
		if err != nil || trial.Step <= 0 || trial.Steps < 1 || trial.Row <= 0 {
			t.Errorf("%s: %+v (%v)", name, trial, err)
		}
	}
	number := signatureOf(task.Regression, 7, 0)
	number.Center, number.Scale = 3, 2
	ragged := Signature{Column: "y", Task: task.Regression, Scale: 1, Inputs: []Input{
		{Name: "text", Type: tensor.I32, Shape: Shape{5}, Ragged: true}, {Name: "picture", Type: tensor.U8, Shape: Shape{1, 4, 4}, Scale: PixelScale}}}
	branches := []Branch{{Input: "text", Shape: Shape{5}, Ragged: true, Layers: []Layer{
		NewLayer("embedding", &Embedding{Vocabulary: 9, Dimensions: 3}), NewLayer("time_pool", &TimePool{Kind: "mean"})}},
		{Input: "picture", Shape: Shape{1, 4, 4}, Layers: []Layer{NewLayer("flatten", &Flatten{})}}}
	cfg := Config{Optimizer: SGD{LearningRate: 1e6}, Epochs: 1, BatchSize: 8, Seed: 1, Schedule: Plateau{Factor: 0.1, Patience: 1},
		EarlyStopping: &EarlyStopping{Monitor: "validation.loss", Patience: 1}}
	counts := cfg
	counts.Loss = Loss{Poisson: &Poisson{}}
	for name, c := range map[string]struct {
		spec Spec
		sig  Signature
		cfg  Config
	}{
		"a learning rate that is too high": {Spec{Inputs: 7, Layers: []Layer{dense(4, ReLU)}, Outputs: 1}, number, cfg},
		"counts":                           {Spec{Inputs: 7, Layers: []Layer{dense(4, ReLU)}, Outputs: 1}, number, counts},
		"named inputs":                     {Spec{Branches: branches, Layers: []Layer{dense(4, ReLU)}, Outputs: 1}, ragged, cfg},
	} {
		if trial, err := Try(t.Context(), c.spec, c.sig, 3, c.cfg, 0); err != nil || trial.Step <= 0 {
			t.Errorf("%s: %+v (%v)", name, trial, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	spec, sig, _, cfg := samples()["mlp"].training()
	if _, err := Try(ctx, spec, sig, 50, cfg, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("a trial goes on when it is cancelled: %v", err)
	}
}
