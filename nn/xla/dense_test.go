package xla

import (
	"testing"

	"pipe/base/random"
	"pipe/nn/graph"
)

func TestDense(t *testing.T) {
	c := cases{}
	for _, f := range graph.Functions() {
		act := graph.Activation{Kind: f, Alpha: 0.3}
		c["dense "+string(f)] = func(g *testGraph) (*graph.Node, []*graph.Node) {
			x := g.Param("x", numbers("x", 30), 2, 5, 3)
			w, b := g.Param("w", numbers("w", 12), 3, 4), g.Param("b", numbers("b", 4), 4)
			v := g.Param("v", numbers("v", 8), 4, 2)
			h := g.Apply(graph.Dropout{Rate: 0.3, Key: random.New(1, "dropout", 0).Key()}, g.Dense(x, w, b, act))
			return weighted(g, g.Dense(h, v, nil, graph.Activation{})), []*graph.Node{x, w, b, v}
		}
	}
	c["residual"] = func(g *testGraph) (*graph.Node, []*graph.Node) {
		x := g.Param("x", numbers("x", 12), 4, 3)
		w, b := g.Param("w", numbers("w", 9), 3, 3), g.Param("b", numbers("b", 3), 3)
		h := x
		for range 3 { // the same weights three times
			h = g.Add(h, g.Dense(h, w, b, graph.Activation{Kind: graph.Tanh}))
		}
		return weighted(g, h), []*graph.Node{x, w, b}
	}
	c["planes"] = func(g *testGraph) (*graph.Node, []*graph.Node) {
		x := g.Param("x", numbers("x", 2*3*5*2), 2, 3, 5, 2)
		h := g.Apply(graph.Dropout{Rate: 0.5, Key: random.New(1, "dropout", 0).Key(), Spatial: true}, x)
		return weighted(g, g.SwapAxes(g.Reshape(h, 6, 5, 2))), []*graph.Node{x}
	}
	c["steps"] = func(g *testGraph) (*graph.Node, []*graph.Node) {
		x := g.Param("x", numbers("x", 4*5*3), 4, 5, 3)
		h := g.Apply(graph.Dropout{Rate: 0.5, Key: random.New(1, "dropout", 0).Key(), Spatial: true}, x)
		return weighted(g, g.SwapAxes(h)), []*graph.Node{x}
	}
	check(t, c)
	checkNarrow(t, cases{"dense": c["dense gelu"], "residual": c["residual"], "planes": c["planes"]})
}
