package xla

import (
	"testing"

	"pipe/nn/graph"
	"pipe/nn/graph/reference"
)

// byReference is what the reference computes, which knows primitive operators only.
func byReference(t *testing.T, b *built) [][]float32 {
	t.Helper()
	values, err := reference.Run(b.Graph, func(n *graph.Node) []float32 { return b.data[n] }, b.keep...)
	if err != nil {
		t.Fatalf("%s: %v", b.name, err)
	}
	var list [][]float32
	for _, v := range values {
		list = append(list, nil)
		for _, x := range v {
			list[len(list)-1] = append(list[len(list)-1], float32(x))
		}
	}
	return list
}

// meaning is an operator as what it means in primitive ones; parameters have names,
// and the other inputs data.
func meaning(op graph.Op, in func(g *testGraph) []*graph.Node) model {
	return func(g *testGraph) (*graph.Node, []*graph.Node) {
		nodes := in(g)
		var params []*graph.Node
		for _, n := range nodes {
			if n != nil && n.Name() == "param" {
				params = append(params, n)
			}
		}
		y := g.Decompose(op, nodes...)
		n := y.Shape().Size()
		w := g.Input("weights", numbers("weights", n), n)
		return g.Decompose(graph.SumSquares{}, g.Add(g.Reshape(y, n), w)), params
	}
}

// What fused operators mean can be computed too: all primitive operators and their
// gradients.
func TestPrimitives(t *testing.T) {
	param := func(g *testGraph, shape ...int) *graph.Node {
		n := graph.Shape(shape).Size()
		return g.Param("param", numbers("param", n), shape...)
	}
	c := cases{}
	for _, f := range []graph.Function{graph.ELU, graph.GELU, graph.Softplus, graph.Tanh} {
		c["dense "+string(f)] = meaning(graph.Dense{Act: graph.Activation{Kind: f, Alpha: 0.3}}, func(g *testGraph) []*graph.Node {
			return []*graph.Node{param(g, 5, 3), param(g, 3, 4), param(g, 4)}
		})
	}
	c["layer norm"] = meaning(graph.LayerNorm{Epsilon: 1e-3}, func(g *testGraph) []*graph.Node {
		return []*graph.Node{param(g, 2, 3, 5), param(g, 5), param(g, 5)}
	})
	c["attention"] = meaning(graph.Attention{Heads: 2, Causal: true}, func(g *testGraph) []*graph.Node {
		return []*graph.Node{param(g, 3, 4, 6), g.Param("param", numbers("k", 72), 3, 4, 6), param(g, 3, 4, 6), g.Input("lengths", []float32{4, 0, 2}, 3)}
	})
	c["embedding"] = meaning(graph.Embedding{Scale: 2, Padding: 1}, func(g *testGraph) []*graph.Node {
		return []*graph.Node{g.Input("ids", []float32{1, 2, 3, 0, 4, 1}, 2, 3), param(g, 5, 3)}
	})
	c["lstm"] = meaning(graph.LSTM{}, func(g *testGraph) []*graph.Node {
		return []*graph.Node{param(g, 2, 3, 2), param(g, 2, 12), param(g, 3, 12), param(g, 12), nil, g.Input("lengths", []float32{1, 3}, 2)}
	})
	c["pool"] = meaning(graph.TimePool{Kind: graph.PoolMax}, func(g *testGraph) []*graph.Node {
		return []*graph.Node{param(g, 3, 4, 5), g.Input("lengths", []float32{4, 0, 2}, 3)}
	})
	c["edges"] = func(g *testGraph) (*graph.Node, []*graph.Node) {
		x := param(g, 2, 3, 5)
		y := g.Apply(graph.Pad{Axis: 2, Before: 2, After: 1}, g.Apply(graph.Slice{Axis: 2, From: 1, Size: 3}, g.Apply(graph.Transpose{A: 0, B: 1}, x)))
		y = g.Apply(graph.Map{Kind: graph.Sqrt}, g.Apply(graph.Affine{Factor: -1, Offset: 1.5}, g.Apply(graph.Map{Kind: graph.Abs}, y)))
		return g.Decompose(graph.SumSquares{}, g.Add(g.Reshape(y, 36), g.Input("weights", numbers("weights", 36), 36))), []*graph.Node{x}
	}
	c.against(t, Options{}, 1e-5, byReference)
	c.against(t, Options{Precision: BFloat16}, 5e-2, byReference)
}
