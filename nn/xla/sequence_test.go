package xla

import (
	"math"
	"testing"

	"pipe/nn/graph"
)

// sequences makes x(4, 5, 3) with lengths; what is behind the end is no number, if hidden.
func sequences(g *testGraph, hidden bool) (x, lengths *graph.Node) {
	data, lens := numbers("x", 4*5*3), []float32{5, 0, 2, 1}
	if hidden {
		for i := range data {
			if i/3%5 >= int(lens[i/15]) {
				data[i] = float32(math.NaN())
			}
		}
	}
	return g.Param("x", data, 4, 5, 3), g.Input("lengths", lens, 4)
}

func TestSequences(t *testing.T) {
	c := cases{}
	for name, op := range map[string]func(g *testGraph, x, lengths *graph.Node) *graph.Node{
		"last step":  func(g *testGraph, x, l *graph.Node) *graph.Node { return g.LastStep(x, l) },
		"first step": func(g *testGraph, x, l *graph.Node) *graph.Node { return g.FirstStep(x, l) },
		"reverse":    func(g *testGraph, x, l *graph.Node) *graph.Node { return g.ReverseSteps(x, l) },
		"mean":       func(g *testGraph, x, l *graph.Node) *graph.Node { return g.TimePool(x, l, graph.PoolMean) },
		"max":        func(g *testGraph, x, l *graph.Node) *graph.Node { return g.TimePool(x, l, graph.PoolMax) },
		"last":       func(g *testGraph, x, l *graph.Node) *graph.Node { return g.TimePool(x, l, graph.PoolLast) },
	} {
		c[name] = func(g *testGraph) (*graph.Node, []*graph.Node) {
			x, _ := sequences(g, false)
			return weighted(g, op(g, x, nil)), []*graph.Node{x}
		}
		c[name+" with lengths"] = func(g *testGraph) (*graph.Node, []*graph.Node) {
			x, l := sequences(g, true)
			return weighted(g, op(g, x, l)), []*graph.Node{x}
		}
	}
	c["mask"] = func(g *testGraph) (*graph.Node, []*graph.Node) {
		x, l := sequences(g, true)
		return weighted(g, g.Apply(graph.MaskSteps{}, x, l)), []*graph.Node{x}
	}
	c["concat"] = func(g *testGraph) (*graph.Node, []*graph.Node) {
		x, l := sequences(g, false)
		y := g.Param("y", numbers("y", 4*5*2), 4, 5, 2)
		return weighted(g, g.LastStep(g.Concat(x, y, x), l)), []*graph.Node{x, y}
	}
	check(t, c)
	checkNarrow(t, c)
}
