package main

import (
	"pipe/base/random"
	"pipe/data/task"
	"pipe/nn"
)

// A bench is a network with data, the same for all programs.
type bench struct {
	name   string
	batch  int
	steps  int // in one measurement
	inputs int
	tokens int // features are ids below this; 0: numbers
	sig    nn.Signature
	layers []nn.Layer
	goal   float64 // how many times faster than the best peer
}

func dense(units int) nn.Layer {
	return nn.NewLayer("dense", &nn.Dense{Units: units, Activation: nn.ReLU})
}

func benches() []bench {
	return []bench{
		{"mlp", 256, 30, 784, 0, classes(784, 10), []nn.Layer{dense(512), dense(512)}, 1.5},
		{"cnn", 64, 10, 784, 0, classes(784, 10), nn.Expand([]nn.Layer{nn.NewLayer("cnn", &nn.CNN{Image: []int{1, 28, 28}, Filters: []int{32, 64}, Kernel: 3, Dense: 128, Activation: nn.ReLU})}, ""), 1.5},
		{"lstm", 64, 15, 48 * 16, 0, classes(48*16, 10), recurrent("lstm", 48), 2},
		{"transformer", 32, 6, 64, 5000, classes(64, 3), transformer(), 1.5},
		{"tiny", 32, 3000, 16, 0, number(16), []nn.Layer{dense(64), dense(64)}, 10},
	}
}

func recurrent(kind string, steps int) []nn.Layer {
	return nn.Expand([]nn.Layer{nn.NewLayer(kind, &nn.Recurrent{Steps: steps, Units: 128, Layers: 1, Return: "last", Dropout: new(float64)})}, "")
}

func transformer() []nn.Layer {
	return []nn.Layer{
		nn.NewLayer("embedding", &nn.Embedding{Vocabulary: 5000, Dimensions: 128}),
		nn.NewLayer("position", &nn.Position{Kind: "sinusoidal"}),
		nn.NewLayer("transformer", &nn.Transformer{Heads: 4, FeedForward: 512, Activation: nn.GELU, Norm: "pre", Layers: 2}),
		nn.NewLayer("time_pool", &nn.TimePool{Kind: "mean"}),
	}
}

func features(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = "x" + string(rune('0'+i%10))
	}
	return names
}

func classes(inputs, n int) nn.Signature {
	return nn.Signature{Features: features(inputs), Column: "y", Task: task.Multiclass, Classes: features(n)}
}

func number(inputs int) nn.Signature {
	return nn.Signature{Features: features(inputs), Column: "y", Task: task.Regression, Scale: 1}
}

// data is four batches.
func (b *bench) data() nn.Data {
	s := random.New(1, "bench."+b.name, 0)
	d := nn.Data{Rows: 4 * b.batch}
	for i := range d.Rows {
		for j := range b.inputs {
			k := uint64(i*b.inputs + j)
			if b.tokens > 0 {
				d.Features = append(d.Features, float32(s.IntN(k, b.tokens)))
			} else {
				d.Features = append(d.Features, s.Float32(k))
			}
		}
		k := uint64(d.Rows*b.inputs + i)
		if n := len(b.sig.Classes); n > 0 {
			d.Target = append(d.Target, float64(s.IntN(k, n)))
		} else {
			d.Target = append(d.Target, s.Float64(k))
		}
	}
	return d
}
