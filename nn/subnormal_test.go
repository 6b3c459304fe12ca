package nn

import (
	"context"
	"testing"

	"pipe/base/random"
	"pipe/data/task"
)

// A step over long sequences whose gradients vanish leaves no subnormal number in
// any buffer, which made it many times as slow on some processors.
func TestLongSequencesMakeNoSubnormalNumbers(t *testing.T) {
	const steps, inputs, rows, units = 1024, 4, 4, 16
	draw := random.New(1, "test", 0)
	d := Data{Rows: 4 * rows, Features: make([]float32, 4*rows*steps*inputs), Target: make([]float64, 4*rows)}
	for i := range d.Features {
		d.Features[i] = draw.Float32(uint64(i))
	}
	for i := range d.Target {
		d.Target[i] = float64(i % 3)
	}
	for _, name := range []string{"lstm", "gru"} {
		t.Run(name, func(t *testing.T) {
			layers := Expand([]Layer{NewLayer(name, &Recurrent{Steps: steps, Units: units, Layers: 1, Return: "last", Dropout: new(float64)})}, "")
			s, err := NewSteps(Spec{Inputs: steps * inputs, Layers: layers, Outputs: 3}, signatureOf(task.Multiclass, steps*inputs, 3), d, Config{
				Optimizer: Adam{LearningRate: 0.001, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}, Epochs: 1, BatchSize: rows, Seed: 1,
			})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if _, err := s.Step(context.Background()); err != nil {
				t.Fatal(err)
			}
			if n := s.Subnormals(); n > 0 {
				t.Errorf("%d subnormal numbers in the memory of a step", n)
			}
		})
	}
}
