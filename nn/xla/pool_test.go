package xla

import (
	"math"
	"testing"

	"pipe/nn/graph"
)

// pooled is a model of an operator on x, whose elements all differ.
func pooled(op func(g *testGraph, x *graph.Node) *graph.Node, shape ...int) model {
	return func(g *testGraph) (*graph.Node, []*graph.Node) {
		data := numbers("x", graph.Shape(shape).Size())
		for i := range data {
			data[i] = float32((i*7919)%len(data))*2/float32(len(data)) - 1
		}
		x := g.Param("x", data, shape...)
		return weighted(g, op(g, x)), []*graph.Node{x}
	}
}

// masked is pooled for sequences with lengths, which hold what is no number behind
// their ends.
func masked(op func(g *testGraph, x, lengths *graph.Node) *graph.Node, lengths []float32, steps, width int) model {
	return func(g *testGraph) (*graph.Node, []*graph.Node) {
		n := len(lengths)
		data := numbers("x", n*steps*width)
		for i := range data {
			if i/width%steps >= int(lengths[i/width/steps]) {
				data[i] = float32(math.NaN())
			}
		}
		x := g.Param("x", data, n, steps, width)
		return weighted(g, op(g, x, g.Input("lengths", lengths, n))), []*graph.Node{x}
	}
}

func TestPools(t *testing.T) {
	lengths := []float32{3, 0, 6, 1}
	check(t, cases{
		"max": pooled(func(g *testGraph, x *graph.Node) *graph.Node {
			return g.MaxPool2D(x, 2, 2, graph.Window{StrideH: 2, StrideW: 2})
		}, 2, 3, 6, 4),
		"max, a rest": pooled(func(g *testGraph, x *graph.Node) *graph.Node {
			return g.MaxPool2D(x, 2, 3, graph.Window{StrideH: 2, StrideW: 3})
		}, 1, 2, 7, 5),
		"max, overlapping": pooled(func(g *testGraph, x *graph.Node) *graph.Node {
			return g.MaxPool2D(x, 3, 3, graph.Window{StrideH: 2, StrideW: 1, Padding: around(1)})
		}, 2, 3, 6, 5),
		"max, apart": pooled(func(g *testGraph, x *graph.Node) *graph.Node {
			return g.MaxPool2D(x, 1, 2, graph.Window{StrideH: 3, StrideW: 4})
		}, 1, 2, 8, 7),
		"max, many windows": pooled(func(g *testGraph, x *graph.Node) *graph.Node {
			return g.MaxPool2D(x, 9, 8, graph.Window{Padding: around(3)})
		}, 1, 1, 10, 9),
		"max of equal ones": func(g *testGraph) (*graph.Node, []*graph.Node) {
			x := g.Param("x", []float32{1, 1, 0, 1, 1, 2, 2, 0, 2, 2, 1, 0, 0, 1, 1, 1}, 1, 1, 4, 4)
			y := g.MaxPool2D(x, 3, 2, graph.Window{StrideW: 1, Padding: graph.Padding{Top: 1}})
			return g.Apply(graph.Add{}, weighted(g, y), weighted(g, g.GlobalMaxPool(x))), []*graph.Node{x}
		},
		"mean": pooled(func(g *testGraph, x *graph.Node) *graph.Node {
			return g.AvgPool2D(x, 3, 2, graph.Window{StrideW: 2, Padding: graph.Padding{Top: 2, Bottom: 1, Right: 1}}, false)
		}, 2, 3, 6, 4),
		"mean of all": pooled(func(g *testGraph, x *graph.Node) *graph.Node {
			return g.AvgPool2D(x, 3, 2, graph.Window{StrideW: 2, Padding: graph.Padding{Top: 2, Bottom: 1, Right: 1}}, true)
		}, 2, 3, 6, 4),
		"mean, a rest": pooled(func(g *testGraph, x *graph.Node) *graph.Node {
			return g.AvgPool2D(x, 2, 2, graph.Window{StrideH: 3, StrideW: 2}, false)
		}, 1, 2, 7, 5),
		"global max":  pooled(func(g *testGraph, x *graph.Node) *graph.Node { return g.GlobalMaxPool(x) }, 2, 3, 3, 5),
		"global mean": pooled(func(g *testGraph, x *graph.Node) *graph.Node { return g.GlobalAvgPool(x) }, 2, 3, 3, 5),
		"one pixel": pooled(func(g *testGraph, x *graph.Node) *graph.Node {
			return g.GlobalMaxPool(g.MaxPool2D(x, 1, 1, graph.Window{}))
		}, 1, 1, 1, 1),
		"steps, max": pooled(func(g *testGraph, x *graph.Node) *graph.Node { return g.MaxPool1D(x, nil, 3, graph.Window{StrideH: 2}) }, 2, 6, 3),
		"steps, mean": pooled(func(g *testGraph, x *graph.Node) *graph.Node {
			return g.AvgPool1D(x, nil, 3, graph.Window{Padding: graph.Padding{Bottom: 2}}, false)
		}, 2, 6, 3),
		"lengths, max": masked(func(g *testGraph, x, n *graph.Node) *graph.Node {
			return g.MaxPool1D(x, n, 3, graph.Window{StrideH: 2, Padding: graph.Padding{Top: 1, Bottom: 2}})
		}, lengths, 6, 3),
		"lengths, many windows": masked(func(g *testGraph, x, n *graph.Node) *graph.Node {
			return g.MaxPool1D(x, n, 65, graph.Window{Padding: graph.Padding{Top: 64, Bottom: 1}})
		}, lengths, 6, 2),
		"lengths, mean": masked(func(g *testGraph, x, n *graph.Node) *graph.Node {
			return g.AvgPool1D(x, n, 3, graph.Window{StrideH: 2, Padding: graph.Padding{Top: 1}}, false)
		}, lengths, 6, 3),
		"lengths, mean of all": masked(func(g *testGraph, x, n *graph.Node) *graph.Node {
			return g.AvgPool1D(x, n, 3, graph.Window{StrideH: 2, Padding: graph.Padding{Top: 1}}, true)
		}, lengths, 6, 3),
	})
	dense := func(g *testGraph, x *graph.Node) *graph.Node {
		return g.Conv2D(x, param(g, "w", 3, 3, 1, 1), nil, graph.Window{}, 1, graph.Activation{Kind: graph.Tanh})
	}
	checkNarrow(t, cases{
		"max": pooled(func(g *testGraph, x *graph.Node) *graph.Node {
			return g.MaxPool2D(dense(g, x), 2, 2, graph.Window{StrideH: 2, StrideW: 2})
		}, 1, 3, 4, 4),
		"mean": pooled(func(g *testGraph, x *graph.Node) *graph.Node {
			return g.AvgPool2D(dense(g, x), 3, 3, graph.Window{Padding: around(1)}, false)
		}, 1, 3, 4, 4),
		"global max":  pooled(func(g *testGraph, x *graph.Node) *graph.Node { return g.GlobalMaxPool(dense(g, x)) }, 1, 3, 4, 4),
		"global mean": pooled(func(g *testGraph, x *graph.Node) *graph.Node { return g.GlobalAvgPool(dense(g, x)) }, 1, 3, 4, 4),
	})
}
