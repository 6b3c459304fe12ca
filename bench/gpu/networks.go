package main

import (
	"fmt"
	"slices"
	"strconv"

	"pipe/base/random"
	"pipe/data/task"
	"pipe/nn"
	"pipe/nn/xla"
)

// A network is a case: what pipe trains, and what peers have to know to train the
// same beside its parameters.
type network struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"` // what peers know it as
	Batch   int    `json:"batch"`
	Batches int    `json:"batches"` // of the data set
	Inputs  int    `json:"inputs"`
	Classes int    `json:"classes"`
	Tokens  int    `json:"tokens,omitempty"` // features are ids below this; 0: numbers
	Image   []int  `json:"image,omitempty"`
	Steps   int    `json:"steps,omitempty"` // of a sequence of numbers
	Heads   int    `json:"heads,omitempty"`
	Blocks  int    `json:"blocks,omitempty"` // of a transformer; of a stage of a residual network

	Rate float64 `json:"rate"` // of learning, by Adam

	layers []nn.Layer
}

// A variant is a network in a precision.
type variant struct {
	*network
	precision xla.Precision
}

func (v variant) String() string { return v.Name + " " + string(v.precision) }

// A group is variants that are prepared together, since most of the time goes into
// compiling. All of them have to fit into the memory of the device, five times: 80 GB
// are enough.
type group []variant

// groups are all variants, the most important first. Small ones are the same kinds
// of networks in sizes for a processor without GPU.
func groups(small bool) []group {
	n := networks(small)
	in := func(precision xla.Precision, names ...string) (g group) {
		for _, name := range names {
			i := slices.IndexFunc(n, func(n *network) bool { return n.Name == name })
			g = append(g, variant{n[i], precision})
		}
		return g
	}
	return []group{
		in(xla.BFloat16, "transformer_big", "mlp_big"),
		slices.Concat(in(xla.BFloat16, "resnet"), in(xla.Float32, "mlp", "cnn", "lstm", "gru", "transformer")),
		in(xla.TF32, "transformer_big"),
		in(xla.TF32, "resnet", "mlp_big"),
		slices.Concat(in(xla.BFloat16, "cnn", "transformer"), in(xla.Float32, "mlp_big")),
	}
}

// networks are those that are trained; small ones take a second.
func networks(small bool) []*network {
	pick := func(full, tiny int) int {
		if small {
			return tiny
		}
		return full
	}
	wide := pick(4096, 32)
	return []*network{
		mlp("mlp", pick(256, 16), 4, 1e-3, pick(784, 12), pick(512, 8), pick(512, 8), 10),
		cnn(pick(64, 4), pick(28, 8), pick(32, 3), pick(64, 4), pick(128, 8)),
		recurrent("lstm", pick(64, 4), pick(48, 5), pick(16, 3), pick(128, 6)),
		recurrent("gru", pick(64, 4), pick(48, 5), pick(16, 3), pick(128, 6)),
		transformer("transformer", pick(32, 4), 2, pick(128, 16), 4, pick(512, 32), pick(64, 6), pick(5000, 30), 1e-3),
		mlp("mlp_big", pick(4096, 32), 2, 1e-4, wide, wide, wide, wide, wide),
		resnet(pick(256, 8), pick(64, 8), pick(64, 4), pick(100, 10)),
		transformer("transformer_big", pick(16, 2), pick(12, 3), pick(768, 24), pick(12, 3), pick(3072, 48), pick(512, 16), pick(5000, 30), 1e-4),
	}
}

func dense(units int) nn.Layer {
	return nn.NewLayer("dense", &nn.Dense{Units: units, Activation: nn.ReLU})
}

func mlp(name string, batch, batches int, rate float64, sizes ...int) *network {
	n := &network{Name: name, Kind: "mlp", Batch: batch, Batches: batches, Inputs: sizes[0], Classes: sizes[len(sizes)-1], Rate: rate}
	for _, units := range sizes[1 : len(sizes)-1] {
		n.layers = append(n.layers, dense(units))
	}
	return n
}

func cnn(batch, side, first, second, units int) *network {
	image := []int{1, side, side}
	preset := &nn.CNN{Image: image, Filters: []int{first, second}, Kernel: 3, Dense: units, Activation: nn.ReLU}
	return &network{Name: "cnn", Kind: "cnn", Batch: batch, Batches: 4, Inputs: side * side, Classes: 10, Image: image, Rate: 1e-3,
		layers: nn.Expand([]nn.Layer{nn.NewLayer("cnn", preset)}, "")}
}

func recurrent(kind string, batch, steps, values, units int) *network {
	preset := &nn.Recurrent{Steps: steps, Units: units, Layers: 1, Return: "last", Dropout: new(float64)}
	return &network{Name: kind, Kind: kind, Batch: batch, Batches: 4, Inputs: steps * values, Classes: 10, Steps: steps, Rate: 1e-3,
		layers: nn.Expand([]nn.Layer{nn.NewLayer(kind, preset)}, "")}
}

func transformer(name string, batch, blocks, width, heads, forward, steps, vocabulary int, rate float64) *network {
	return &network{Name: name, Kind: "transformer", Batch: batch, Batches: 4, Inputs: steps, Classes: 3, Tokens: vocabulary, Heads: heads, Blocks: blocks, Rate: rate,
		layers: nn.Expand([]nn.Layer{
			nn.NewLayer("embedding", &nn.Embedding{Vocabulary: vocabulary, Dimensions: width}),
			nn.NewLayer("position", &nn.Position{Kind: "sinusoidal"}),
			nn.NewLayer("transformer", &nn.Transformer{Heads: heads, FeedForward: forward, Activation: nn.GELU, Norm: "pre", Layers: blocks}),
			nn.NewLayer("time_pool", &nn.TimePool{Kind: "mean"}),
		}, "")}
}

// resnet is ResNet-18 with a first convolution for small images.
func resnet(batch, side, filters, classes int) *network {
	image := []int{3, side, side}
	preset := &nn.ResNet{Image: image, Filters: []int{filters, 2 * filters, 4 * filters, 8 * filters}, Blocks: 2}
	return &network{Name: "resnet", Kind: "resnet", Batch: batch, Batches: 4, Inputs: 3 * side * side, Classes: classes, Image: image, Blocks: 2, Rate: 1e-4,
		layers: nn.Expand([]nn.Layer{nn.NewLayer("resnet", preset)}, "")}
}

func (n *network) rows() int { return n.Batch * n.Batches }

func (n *network) spec() nn.Spec {
	return nn.Spec{Inputs: n.Inputs, Layers: n.layers, Outputs: n.Classes}
}

func (n *network) signature() nn.Signature {
	return nn.Signature{Features: numbered("x", n.Inputs), Column: "y", Task: task.Multiclass, Classes: numbered("c", n.Classes)}
}

func (n *network) config(on nn.Backend) nn.Config {
	return nn.Config{Optimizer: nn.Adam{LearningRate: n.Rate, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8},
		Epochs: 1, BatchSize: n.Batch, Seed: 1, Backend: on}
}

func numbered(prefix string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = prefix + strconv.Itoa(i)
	}
	return list
}

// data makes up the data set: features from -1 to 1, or ids, and classes.
func (n *network) data() (x, y []float32) {
	s := random.New(1, "bench.gpu."+n.Name, 0)
	x, y = make([]float32, n.rows()*n.Inputs), make([]float32, n.rows())
	for i := range x {
		if n.Tokens > 0 {
			x[i] = float32(s.IntN(uint64(i), n.Tokens))
		} else {
			x[i] = 2*s.Float32(uint64(i)) - 1
		}
	}
	for i := range y {
		y[i] = float32(s.IntN(uint64(len(x)+i), n.Classes))
	}
	return x, y
}

// find is a network by its name.
func find(name string, small bool) (*network, error) {
	for _, n := range networks(small) {
		if n.Name == name {
			return n, nil
		}
	}
	return nil, fmt.Errorf("there is no network %q", name)
}
