package xla_test

import (
	"math"
	"testing"

	"pipe/base/random"
	"pipe/data/task"
	"pipe/data/tensor"
	"pipe/nn"
	"pipe/nn/xla"
)

// mixed is rows of a picture, a text and features, in the types that they are
// stored in.
type mixed struct{ nn.Data }

func (m mixed) Gather(rows []int, into *nn.Batch) error {
	for _, r := range rows {
		s := random.New(5, "mixed", uint64(r))
		if len(into.Inputs) > 0 {
			for i := range 16 {
				into.Inputs[0].U8 = append(into.Inputs[0].U8, uint8(s.Uint64(uint64(i))))
			}
			for i := range r % 5 {
				into.Inputs[1].I32 = append(into.Inputs[1].I32, int32(s.IntN(uint64(20+i), 7)))
			}
			into.Inputs[1].Ends = append(into.Inputs[1].Ends, len(into.Inputs[1].I32))
			into.Inputs[2].F32 = append(into.Inputs[2].F32, m.Features[2*r:2*r+2]...)
		}
		into.Targets[0] = append(into.Targets[0], m.Target[r])
		into.Weights = append(into.Weights, 1)
	}
	return nil
}

// Networks of all kinds have the losses of the CPU in their first steps.
func TestNetworks(t *testing.T) {
	sequence := []nn.Layer{nn.NewLayer("reshape", &nn.Reshape{Dims: []int{4, 4}})}
	nets := map[string][]nn.Layer{
		"cnn":         layers(nn.NewLayer("cnn", &nn.CNN{Image: []int{1, 4, 4}, Filters: []int{3}, Kernel: 3, Dense: 5, Activation: nn.Tanh})),
		"transformer": layers(append(sequence, nn.NewLayer("position", &nn.Position{Kind: "sinusoidal"}), nn.NewLayer("transformer", &nn.Transformer{Heads: 2, FeedForward: 6, Activation: nn.GELU, Norm: "pre", Layers: 1, Dropout: 0.2}), nn.NewLayer("time_pool", &nn.TimePool{Kind: "mean"}))...),
	}
	for _, kind := range []string{"lstm", "gru"} {
		nets[kind] = layers(nn.NewLayer(kind, &nn.Recurrent{Steps: 4, Units: 5, Layers: 1, Return: "last", Dropout: new(float64)}))
	}
	d := open(t, xla.Options{})
	for name, net := range nets {
		t.Run(name, func(t *testing.T) {
			c := training{sig: signature(16, 3), train: rows(24, 16, 3), cfg: mlp().cfg}
			c.spec = nn.Spec{Inputs: 16, Outputs: 3, Layers: net}
			c.cfg.BatchSize = 8
			c.steps(t, c.train, d, 3)
		})
	}
	t.Run("mixed", func(t *testing.T) {
		data := rows(24, 2, 3)
		inputs := []nn.Input{{Name: "picture", Type: tensor.U8, Shape: nn.Shape{16}, Scale: nn.PixelScale}, {Name: "text", Type: tensor.I32, Shape: nn.Shape{5}, Ragged: true},
			{Name: "features", Type: tensor.F32, Shape: nn.Shape{2}, Features: names("x", 2)}}
		c := training{sig: nn.Signature{Inputs: inputs, Column: "y", Task: task.Multiclass, Classes: names("c", 3)}, cfg: mlp().cfg}
		c.cfg.BatchSize = 8
		c.spec = nn.Spec{Outputs: 3, Layers: layers(dense(4, nn.Tanh)), Branches: []nn.Branch{
			{Input: "picture", Shape: nn.Shape{16}, Layers: layers(dense(3, nn.Tanh))},
			{Input: "text", Shape: nn.Shape{5}, Ragged: true, Layers: layers(nn.NewLayer("embedding", &nn.Embedding{Vocabulary: 7, Dimensions: 3}), nn.NewLayer("time_pool", &nn.TimePool{Kind: "mean"}))},
			{Input: "features", Shape: nn.Shape{2}, Layers: []nn.Layer{}},
		}}
		c.steps(t, mixed{data}, d, 3)
		c.steps(t, mixed{data}, open(t, xla.Options{Room: -1}), 1)
	})
}

// steps holds the losses of the first steps on a device against those of the CPU.
func (c training) steps(t *testing.T, data nn.Source, on nn.Backend, n int) {
	t.Helper()
	var want []float64
	for _, b := range []nn.Backend{nil, on} {
		c.cfg.Backend = b
		s, err := nn.NewSteps(c.spec, c.sig, data, c.cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for i := range n {
			loss, err := s.Step(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if b == nil {
				want = append(want, loss)
			} else if d := math.Abs(loss - want[i]); !(d <= 2e-6*math.Abs(want[i])) {
				t.Errorf("the loss of step %d is %v, on the CPU %v", i+1, loss, want[i])
			}
		}
	}
}
