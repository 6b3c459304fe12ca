package estimate

import (
	"fmt"
	"math"
	"testing"

	"pipe/data/task"
	"pipe/nn"
	"pipe/nn/xla"
)

// layers make a training with a batch size on a signature of features and classes.
func trainingOf(features, classes, batch int, list ...nn.Layer) Training {
	sig := nn.Signature{Column: "y", Task: task.Multiclass}
	for i := range features {
		sig.Features = append(sig.Features, fmt.Sprint("x", i))
	}
	for i := range classes {
		sig.Classes = append(sig.Classes, fmt.Sprint("c", i))
	}
	return Training{
		Spec:      nn.Spec{Inputs: features, Layers: nn.Expand(list, ""), Outputs: classes},
		Signature: sig, Rows: 100 * batch, Precision: xla.Float32,
		Config: nn.Config{Optimizer: nn.Adam{LearningRate: 1e-3, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}, Epochs: 10, BatchSize: batch, Seed: 1},
	}
}

func mlp(batch int, sizes ...int) Training {
	n := len(sizes)
	return trainingOf(sizes[0], sizes[n-1], batch, nn.NewLayer("mlp", &nn.MLP{Units: sizes[1 : n-1], Activation: nn.ReLU}))
}

func cnn() Training {
	return trainingOf(784, 10, 64, nn.NewLayer("cnn", &nn.CNN{Image: []int{1, 28, 28}, Filters: []int{32, 64}, Kernel: 3, Dense: 128, Activation: nn.ReLU}))
}

func resnet() Training {
	return trainingOf(3*64*64, 100, 256, nn.NewLayer("resnet", &nn.ResNet{Image: []int{3, 64, 64}, Filters: []int{64, 128, 256, 512}, Blocks: 2}))
}

func lstm() Training {
	return trainingOf(48*16, 10, 64, nn.NewLayer("lstm", &nn.Recurrent{Steps: 48, Units: 128, Layers: 1, Return: "last", Dropout: new(float64)}))
}

func transformer(batch, layers, units, heads, forward, steps int) Training {
	return trainingOf(steps, 3, batch, nn.NewLayer("transformer", &nn.Transformer{Vocabulary: 5000, Units: &units, Heads: heads,
		FeedForward: forward, Layers: layers, Activation: nn.GELU, Norm: "pre"}))
}

// The model against the steps that were measured on an H200: see docs/estimate.md.
func TestMeasured(t *testing.T) {
	h200, err := Find("h200")
	if err != nil {
		t.Fatal(err)
	}
	big := transformer(16, 12, 768, 12, 3072, 512)
	for _, c := range []struct {
		name          string
		training      Training
		precision     xla.Precision
		deterministic bool
		ms            float64
	}{
		{"mlp", mlp(256, 784, 512, 512, 10), xla.Float32, false, 0.083},
		{"mlp", mlp(256, 784, 512, 512, 10), xla.Float32, true, 0.112},
		{"cnn", cnn(), xla.Float32, false, 0.36},
		{"cnn", cnn(), xla.Float32, true, 0.77},
		{"cnn", cnn(), xla.BFloat16, false, 0.19},
		{"lstm", lstm(), xla.Float32, false, 0.70},
		{"transformer", transformer(32, 2, 128, 4, 512, 64), xla.Float32, false, 0.55},
		{"transformer", transformer(32, 2, 128, 4, 512, 64), xla.Float32, true, 0.86},
		{"transformer", transformer(32, 2, 128, 4, 512, 64), xla.BFloat16, false, 0.38},
		{"transformer_big", big, xla.TF32, false, 33.9},
		{"transformer_big", big, xla.BFloat16, true, 21.1},
		{"transformer_big", big, xla.BFloat16, false, 17.0},
		{"mlp_big", mlp(4096, 4096, 4096, 4096, 4096, 4096), xla.Float32, false, 30.1},
		{"mlp_big", mlp(4096, 4096, 4096, 4096, 4096, 4096), xla.TF32, false, 5.64},
		{"mlp_big", mlp(4096, 4096, 4096, 4096, 4096, 4096), xla.BFloat16, false, 2.89},
		{"resnet", resnet(), xla.TF32, false, 25.3},
		{"resnet", resnet(), xla.BFloat16, false, 12.55},
	} {
		c.training.Precision, c.training.Deterministic = c.precision, c.deterministic
		d, err := c.training.Draft(c.training.Config.BatchSize, 1)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		t.Cleanup(func() { d.Close() })
		got := d.On(h200).Step.Seconds() * 1e3
		t.Logf("%-15s %-8s deterministic %-5v measured %6.3f ms, modelled %6.3f ms (%+.0f %%)", c.name, c.precision, c.deterministic, c.ms, got, 100*(got/c.ms-1))
		if off := math.Abs(math.Log2(got / c.ms)); off > 0.7 {
			t.Errorf("%s in %s: measured %.3f ms, modelled %.3f ms", c.name, c.precision, c.ms, got)
		}
	}
}

// The memory of a step, beside what stays between steps, against that of the same
// step compiled by XLA for an H100 (plugin jax-cuda13-pjrt 0.11.2), in bytes.
func TestCompiled(t *testing.T) {
	h100 := machine(t, "h100")
	big := transformer(16, 12, 768, 12, 3072, 512)
	for _, c := range []struct {
		name           string
		training       Training
		tf32, bfloat16 int64
	}{
		{"mlp", mlp(256, 784, 512, 512, 10), 36763440, 0},
		{"cnn", cnn(), 46553624, 40966168},
		{"lstm", lstm(), 48311424, 0},
		{"transformer", transformer(32, 2, 128, 4, 512, 64), 81603384, 62079800},
		{"transformer_big", big, 7919631952, 5449079376},
		{"mlp_big", mlp(4096, 4096, 4096, 4096, 4096, 4096), 604018272, 436282720},
		{"resnet", resnet(), 4872314432, 2453927920},
	} {
		for precision, want := range map[xla.Precision]int64{xla.TF32: c.tf32, xla.BFloat16: c.bfloat16} {
			if want == 0 {
				continue
			}
			c.training.Precision, c.training.Deterministic = precision, true
			d, err := estimator(t, c.training).Draft(c.training.Config.BatchSize, 1)
			if err != nil {
				t.Fatal(err)
			}
			m := d.Memory.on(h100)
			got := m.Gradients + m.Activations + m.Workspace
			off := float64(got)/float64(want) - 1
			t.Logf("%-15s %-8s compiled %7.1f MB, modelled %7.1f MB (%+.0f %%)", c.name, precision, float64(want)/1e6, float64(got)/1e6, 100*off)
			if math.Abs(off) > 0.35 && math.Abs(float64(got-want)) > workspaceOfHopper {
				t.Errorf("%s in %s: compiled %d bytes, modelled %d", c.name, precision, want, got)
			}
		}
	}
}
