package xla

import (
	"testing"

	"pipe/nn/graph"
)

// residual is a small network of images: a block with a shortcut, as in ResNet
// (He et al., 2015), one that halves the sides, a pool and classes.
func residual(g *testGraph) (*graph.Node, []*graph.Node) {
	var params []*graph.Node
	weight := func(name string, shape ...int) *graph.Node {
		p := param(g, name, shape...)
		params = append(params, p)
		return p
	}
	o := graph.BatchNorm{Momentum: 0.1, Epsilon: 1e-5, Training: true}
	norm := func(name string, x *graph.Node, c int) *graph.Node {
		gamma := g.Param(name+" scale", near1(name+" scale", c), c)
		params = append(params, gamma)
		return g.BatchNorm(x, o, graph.Batch{Gamma: gamma, Beta: weight(name+" shift", c),
			Mean: g.State(name+" mean", numbers(name+" mean", c), c), Variance: g.State(name+" variance", near1(name+" variance", c), c)})
	}
	act := graph.Activation{Kind: graph.ELU, Alpha: 1}
	conv := func(name string, x *graph.Node, m, k, stride int) *graph.Node {
		w := weight(name, m, x.Shape()[1], k, k)
		return norm(name, g.Conv2D(x, w, nil, graph.Window{StrideH: stride, StrideW: stride, Padding: around(k / 2)}, 1, graph.Activation{}), m)
	}
	x := g.Input("x", numbers("images", 4*3*8*8), 4, 3, 8, 8)
	h := g.Activate(conv("stem", x, 4, 3, 1), act)
	h = g.MaxPool2D(h, 3, 3, graph.Window{StrideH: 2, StrideW: 2, Padding: around(1)})
	h = g.Activate(g.Add(h, conv("b", g.Activate(conv("a", h, 4, 3, 1), act), 4, 3, 1)), act)
	h = g.Activate(g.Add(conv("short", h, 6, 1, 2), conv("d", g.Activate(conv("c", h, 6, 3, 2), act), 6, 3, 1)), act)
	z := g.Dense(g.GlobalAvgPool(h), weight("out", 6, 3), weight("out bias", 3), graph.Activation{})
	y, w := g.Input("y", []float32{0, 2, 1, 2}, 4), g.Input("weight", []float32{1, 1, 2, 1}, 4)
	return g.Loss(graph.Loss{Kind: graph.SoftmaxCrossEntropy}, z, y, w), params
}

func TestNetworkOfImages(t *testing.T) {
	c := cases{"residual": residual}
	check(t, c)
	c.compare(t, Options{Precision: BFloat16}, 0.1) // after ten layers
}

// Statistics of a batch are those of all of it, however many devices share it.
func TestNetworkOfImagesOnDevices(t *testing.T) {
	cases{"residual": residual}.compare(t, Options{Devices: 2}, 1e-5, "x")
}
