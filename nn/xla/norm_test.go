package xla

import (
	"math"
	"slices"
	"testing"

	"pipe/nn/graph"
)

// near1 makes n values around 1, as scales are.
func near1(purpose string, n int) []float32 {
	v := numbers(purpose, n)
	for i := range v {
		v[i] = 1 + v[i]/2
	}
	return v
}

// batchNorm is a model of batch norm of x; weights and lengths may be nil. What
// does not count holds what is no number. Values of a channel lie around offset.
func batchNorm(o graph.BatchNorm, offset float32, weights, lengths []float32, shape ...int) model {
	return func(g *testGraph) (*graph.Node, []*graph.Node) {
		data := numbers("x", graph.Shape(shape).Size())
		c, step, width := shape[1], 1, graph.Shape(shape[1:]).Size()
		if len(shape) == 3 {
			c, step = shape[2], shape[2]
		}
		for i := range data {
			data[i] = data[i]*(1+float32(i%3)) + offset
			row := i / width
			if weights != nil && weights[row] == 0 || lengths != nil && i%width/step >= int(lengths[row]) {
				data[i] = float32(math.NaN())
			}
		}
		x := g.Param("x", data, shape...)
		gamma, beta := g.Param("gamma", near1("gamma", c), c), param(g, "beta", c)
		b := graph.Batch{Gamma: gamma, Beta: beta,
			Mean: g.State("mean", numbers("mean", c), c), Variance: g.State("variance", near1("variance", c), c)}
		if weights != nil {
			b.Weight = g.Input("weights", weights, shape[0])
		}
		if lengths != nil {
			b.Lengths = g.Input("lengths", lengths, shape[0])
		}
		return weighted(g, g.BatchNorm(x, o, b)), []*graph.Node{x, gamma, beta}
	}
}

// batchNormOfFew is a model of batch norm where next to nothing counts: x, which has
// hardly a gradient there, goes beside it too.
func batchNormOfFew(o graph.BatchNorm, weights []float32) model {
	return func(g *testGraph) (*graph.Node, []*graph.Node) {
		n := len(weights)
		x := param(g, "x", n, 3)
		y := g.BatchNorm(x, o, graph.Batch{Gamma: param(g, "gamma", 3), Beta: param(g, "beta", 3),
			Mean: g.State("mean", numbers("mean", 3), 3), Variance: g.State("variance", near1("variance", 3), 3), Weight: g.Input("weights", weights, n)})
		return weighted(g, g.Add(x, y)), []*graph.Node{x}
	}
}

func TestBatchNorm(t *testing.T) {
	train := graph.BatchNorm{Momentum: 0.1, Epsilon: 1e-5, Training: true}
	run := graph.BatchNorm{Momentum: 0.1, Epsilon: 1e-5}
	check(t, cases{
		"images":                  batchNorm(train, 0.3, nil, nil, 3, 2, 3, 5),
		"rows":                    batchNorm(train, -1, nil, nil, 7, 3),
		"far from 0":              batchNorm(train, 30, nil, nil, 16, 2),
		"sequences":               batchNorm(train, 0.5, nil, nil, 2, 5, 3),
		"one value":               batchNormOfFew(train, []float32{1}),
		"two values":              batchNormOfFew(train, []float32{1, 1}),
		"weights of rows":         batchNorm(train, 0.5, []float32{1, 0, 2, 0.5, 0}, nil, 5, 3),
		"weights of images":       batchNorm(train, 0.5, []float32{0, 1, 1}, nil, 3, 2, 3, 2),
		"lengths":                 batchNorm(train, 0.5, nil, []float32{4, 0, 1}, 3, 4, 2),
		"lengths and weights":     batchNorm(train, 0.5, []float32{0, 1, 3}, []float32{4, 0, 3}, 3, 4, 2),
		"weights of sequences":    batchNorm(train, 0.5, []float32{0, 1, 3}, nil, 3, 4, 2),
		"nothing counts":          batchNormOfFew(train, []float32{0, 0}),
		"one counts":              batchNormOfFew(train, []float32{0, 1}),
		"evaluation":              batchNorm(run, 0.5, nil, nil, 2, 3, 2, 3),
		"evaluation with weights": batchNorm(run, 0.5, []float32{0, 1, 2}, nil, 3, 2),
		"evaluation with lengths": batchNorm(run, 0.5, nil, []float32{2, 0}, 2, 3, 2),
	})
	checkNarrow(t, cases{
		"images": batchNorm(train, 0.5, []float32{0, 1, 1}, nil, 3, 2, 3, 2),
		"run":    batchNorm(run, 0.5, nil, []float32{2, 1}, 2, 3, 2),
	})
}

// normed is a model of a norm of x, whose last input may be left out. Values lie
// around offset.
func normed(o graph.Op, offset float32, shift bool, channels int, shape ...int) model {
	return func(g *testGraph) (*graph.Node, []*graph.Node) {
		data := numbers("x", graph.Shape(shape).Size())
		for i := range data {
			data[i] += offset
		}
		params := []*graph.Node{g.Param("x", data, shape...), g.Param("gamma", near1("gamma", channels), channels)}
		if shift {
			params = append(params, param(g, "beta", channels))
		}
		in := append(slices.Clone(params), nil)[:3]
		return weighted(g, g.Apply(o, in...)), params
	}
}

// probabilities is a model of softmax; lengths may be nil. What does not count
// holds what is no number.
func probabilities(lengths []float32, shape ...int) model {
	return func(g *testGraph) (*graph.Node, []*graph.Node) {
		data := numbers("x", graph.Shape(shape).Size())
		d, each := shape[len(shape)-1], graph.Shape(shape[1:]).Size()
		for i := range data {
			data[i] *= 5
			if lengths != nil && i%d >= int(lengths[i/each]) {
				data[i] = float32(math.NaN())
			}
		}
		x := g.Param("x", data, shape...)
		var n *graph.Node
		if lengths != nil {
			n = g.Input("lengths", lengths, shape[0])
		}
		return weighted(g, g.Softmax(x, n)), []*graph.Node{x}
	}
}

func TestNorms(t *testing.T) {
	layer, rms := graph.LayerNorm{Epsilon: 1e-5}, graph.RMSNorm{Epsilon: 1e-5}
	group := func(n int) graph.Op { return graph.GroupNorm{Groups: n, Epsilon: 1e-5} }
	check(t, cases{
		"layer":               normed(layer, 0, true, 7, 3, 7),
		"layer far from 0":    normed(layer, 30, true, 7, 3, 7),
		"groups far from 0":   normed(group(2), 30, true, 6, 2, 6, 3, 2),
		"layer of steps":      normed(layer, 0, true, 5, 2, 3, 5),
		"layer without shift": normed(layer, 0, false, 5, 2, 3, 5),
		"layer of one": func(g *testGraph) (*graph.Node, []*graph.Node) {
			x, beta := param(g, "x", 2, 1), param(g, "beta", 1)
			return weighted(g, g.Add(x, g.LayerNorm(x, param(g, "gamma", 1), beta, 1e-5))), []*graph.Node{x, beta}
		},
		"rms":              normed(rms, 0, false, 5, 2, 3, 5),
		"rms of one":       normed(graph.RMSNorm{Epsilon: 0.1}, 0, false, 1, 3, 1),
		"groups of images": normed(group(2), 0, true, 6, 2, 6, 3, 2),
		"groups of rows":   normed(group(2), 0, true, 6, 4, 6),
		"one group":        normed(group(1), 0, true, 3, 2, 3, 2, 2),
		"a group for each": normed(group(3), 0, true, 3, 2, 3, 2, 2),
		"softmax":          probabilities(nil, 3, 5),
		"softmax of one": func(g *testGraph) (*graph.Node, []*graph.Node) {
			x := param(g, "x", 3, 1)
			return weighted(g, g.Add(x, g.Softmax(x, nil))), []*graph.Node{x}
		},
		"softmax of steps":        probabilities(nil, 2, 3, 5),
		"softmax with lengths":    probabilities([]float32{3, 0, 5, 1}, 4, 5),
		"softmax, steps, lengths": probabilities([]float32{2, 0, 4}, 3, 2, 2, 4),
		"softmax dx": func(g *testGraph) (*graph.Node, []*graph.Node) {
			dy := numbers("dy", 10) // no number where no probability is
			dy[3], dy[4], dy[9] = float32(math.NaN()), float32(math.NaN()), float32(math.NaN())
			return g.Apply(graph.SoftmaxGrad{}, g.Input("y", numbers("y", 10), 2, 5), g.Input("dy", dy, 2, 5), g.Input("lengths", []float32{3, 4}, 2)), nil
		},
	})
	checkNarrow(t, cases{
		"layer":   normed(graph.LayerNorm{Epsilon: 1e-5}, 0, true, 7, 3, 7),
		"rms":     normed(graph.RMSNorm{Epsilon: 1e-5}, 0, false, 7, 3, 7),
		"group":   normed(graph.GroupNorm{Groups: 2, Epsilon: 1e-5}, 0, true, 6, 2, 6, 3, 2),
		"softmax": probabilities([]float32{3, 0, 5, 1}, 4, 5),
	})
}
