package main

import (
	"fmt"

	"pipe/base/random"
	"pipe/nn/graph"
)

// A bench is one operator, or a few, at the sizes of real networks.
type bench struct {
	name  string
	build func(b *builder) *graph.Node
}

// A builder makes the inputs of a graph.
type builder struct {
	*graph.Graph
	params []*graph.Node
	ids    *graph.Node // of an embedding of 5000
}

// param is an input that gets a gradient.
func (b *builder) param(shape ...int) *graph.Node {
	n := b.Param("x", shape...)
	b.params = append(b.params, n)
	return n
}

func cases() []bench {
	var list []bench
	add := func(name string, build func(b *builder) *graph.Node) { list = append(list, bench{name, build}) }
	for _, s := range [][3]int{{256, 784, 512}, {512, 512, 512}, {1024, 1024, 1024}, {2048, 128, 512}, {32, 64, 64}} {
		add(fmt.Sprintf("dense %d x %d x %d", s[0], s[1], s[2]), func(b *builder) *graph.Node {
			return b.Dense(b.param(s[0], s[1]), b.param(s[1], s[2]), b.param(s[2]), graph.Activation{})
		})
	}
	same := graph.Window{Padding: graph.Padding{Top: 1, Left: 1, Bottom: 1, Right: 1}}
	for _, s := range [][4]int{{64, 32, 64, 14}, {64, 64, 64, 28}, {16, 256, 256, 8}} {
		add(fmt.Sprintf("conv 3x3, %d x %d -> %d, %dx%d", s[0], s[1], s[2], s[3], s[3]), func(b *builder) *graph.Node {
			return b.Conv2D(b.param(s[0], s[1], s[3], s[3]), b.param(s[2], s[1], 3, 3), b.param(s[2]), same, 1, graph.Activation{})
		})
	}
	add("conv1d 5, 32 x 128 x 64 -> 64", func(b *builder) *graph.Node {
		return b.Conv1D(b.param(32, 128, 64), b.param(64, 64, 5), b.param(64), graph.Window{Padding: graph.Padding{Left: 2, Right: 2}}, 1, graph.Activation{})
	})
	add("max pooling 2, 64 x 32 x 28x28", func(b *builder) *graph.Node {
		return b.MaxPool2D(b.param(64, 32, 28, 28), 2, 2, graph.Window{StrideH: 2, StrideW: 2})
	})
	for _, a := range []struct {
		name string
		act  graph.Function
	}{{"relu", graph.ReLU}, {"gelu", graph.GELU}, {"silu", graph.SiLU}, {"tanh", graph.Tanh}, {"sigmoid", graph.Sigmoid}} {
		add(a.name+", 512 x 512", func(b *builder) *graph.Node { return b.Activate(b.param(512, 512), graph.Activation{Kind: a.act}) })
	}
	add("dropout, 512 x 512", func(b *builder) *graph.Node {
		return b.Apply(graph.Dropout{Rate: 0.2, Key: random.New(1, "dropout", 0).Key()}, b.param(512, 512))
	})
	add("layer norm, 2048 x 128", func(b *builder) *graph.Node {
		return b.LayerNorm(b.param(2048, 128), b.param(128), b.param(128), 1e-5)
	})
	add("batch norm, 64 x 32 x 28x28", func(b *builder) *graph.Node {
		return b.BatchNorm(b.param(64, 32, 28, 28), graph.BatchNorm{Momentum: 0.1, Epsilon: 1e-5, Training: true},
			graph.Batch{Gamma: b.param(32), Beta: b.param(32), Mean: b.State("mean", 32), Variance: b.State("variance", 32)})
	})
	for _, r := range []struct {
		name  string
		gates int
		layer func(b *builder, x *graph.Node, r graph.Recurrent) *graph.Node
	}{
		{"lstm", 4, func(b *builder, x *graph.Node, r graph.Recurrent) *graph.Node { return b.LSTM(x, r) }},
		{"gru", 3, func(b *builder, x *graph.Node, r graph.Recurrent) *graph.Node { return b.GRU(x, r) }},
	} {
		add(r.name+" 16 -> 128, 64 x 48 steps", func(b *builder) *graph.Node {
			n := 128 * r.gates
			return r.layer(b, b.param(64, 48, 16), graph.Recurrent{Wx: b.param(16, n), Wh: b.param(128, n), Bx: b.param(n), Bh: b.param(n)})
		})
	}
	for _, steps := range []int{64, 512} {
		add(fmt.Sprintf("attention, 4 heads, %d x %d x 128", 2048/steps, steps), func(b *builder) *graph.Node {
			shape := []int{2048 / steps, steps, 128}
			return b.Attention(b.param(shape...), b.param(shape...), b.param(shape...), nil, graph.Attention{Heads: 4})
		})
	}
	add("embedding, 32 x 64 of 5000 x 128", func(b *builder) *graph.Node {
		b.ids = b.Input("ids", 32, 64)
		return b.Embedding(b.ids, b.param(5000, 128), 1, graph.NoPadding)
	})
	return list
}
