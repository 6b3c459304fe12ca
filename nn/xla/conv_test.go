package xla

import (
	"testing"

	"pipe/nn/graph"
)

// param makes a parameter filled by its name.
func param(g *testGraph, name string, shape ...int) *graph.Node {
	return g.Param(name, numbers(name, graph.Shape(shape).Size()), shape...)
}

// convolution is a model of one convolution of images.
func convolution(x, w []int, window graph.Window, groups int, act graph.Function) model {
	return func(g *testGraph) (*graph.Node, []*graph.Node) {
		params := []*graph.Node{param(g, "x", x...), param(g, "w", w...), param(g, "b", w[0])}
		return weighted(g, g.Conv2D(params[0], params[1], params[2], window, groups, graph.Activation{Kind: act})), params
	}
}

// sequenceConvolution is the same of sequences, without a bias.
func sequenceConvolution(x, w []int, window graph.Window, groups int) model {
	return func(g *testGraph) (*graph.Node, []*graph.Node) {
		params := []*graph.Node{param(g, "x", x...), param(g, "w", w...)}
		return weighted(g, g.Conv1D(params[0], params[1], nil, window, groups, graph.Activation{Kind: graph.Tanh})), params
	}
}

func around(n int) graph.Padding { return graph.Padding{Top: n, Bottom: n, Left: n, Right: n} }

func TestConvolutions(t *testing.T) {
	check(t, cases{
		"same":                   convolution([]int{2, 3, 5, 6}, []int{4, 3, 3, 3}, graph.Window{Padding: around(1)}, 1, graph.Tanh),
		"stride":                 convolution([]int{3, 2, 7, 6}, []int{3, 2, 3, 2}, graph.Window{StrideH: 2, StrideW: 3, Padding: graph.Padding{Top: 2, Left: 1, Right: 1}}, 1, graph.GELU),
		"stride leaves a rest":   convolution([]int{1, 2, 8, 9}, []int{2, 2, 3, 3}, graph.Window{StrideH: 4, StrideW: 5}, 1, graph.Tanh),
		"stride over the window": convolution([]int{2, 2, 7, 8}, []int{3, 2, 2, 1}, graph.Window{StrideH: 3, StrideW: 2}, 1, graph.Linear),
		"dilation and groups":    convolution([]int{2, 4, 8, 7}, []int{6, 2, 3, 2}, graph.Window{DilationH: 2, DilationW: 3, StrideH: 2}, 2, graph.Linear),
		"depthwise":              convolution([]int{2, 3, 4, 4}, []int{6, 1, 3, 3}, graph.Window{Padding: around(1)}, 3, graph.Sigmoid),
		"pointwise":              convolution([]int{2, 3, 3, 4}, []int{5, 3, 1, 1}, graph.Window{StrideH: 2, StrideW: 2}, 1, graph.Linear),
		"wide padding":           convolution([]int{1, 1, 2, 3}, []int{2, 1, 2, 2}, graph.Window{Padding: around(3)}, 1, graph.Linear),
		"one of all":             convolution([]int{1, 1, 1, 1}, []int{1, 1, 1, 1}, graph.Window{}, 1, graph.Linear),
		"all of it":              convolution([]int{2, 2, 3, 5}, []int{3, 2, 3, 5}, graph.Window{}, 1, graph.Linear),
		"steps, same":            sequenceConvolution([]int{2, 7, 3}, []int{5, 3, 3}, graph.Window{Padding: graph.Padding{Top: 1, Bottom: 1}}, 1),
		"steps, causal":          sequenceConvolution([]int{2, 9, 2}, []int{4, 2, 3}, graph.Window{DilationH: 2, Padding: graph.Padding{Top: 4}}, 1),
		"steps, stride, groups":  sequenceConvolution([]int{2, 8, 4}, []int{6, 2, 3}, graph.Window{StrideH: 2}, 2),
		"steps, one channel":     sequenceConvolution([]int{3, 12, 1}, []int{4, 1, 5}, graph.Window{StrideH: 3, Padding: graph.Padding{Bottom: 2}}, 1),
		"steps, one":             sequenceConvolution([]int{1, 1, 2}, []int{2, 1, 1}, graph.Window{}, 2),
	})
	checkNarrow(t, cases{
		"groups": convolution([]int{2, 4, 8, 7}, []int{6, 2, 3, 2}, graph.Window{DilationH: 2, StrideH: 2, Padding: around(1)}, 2, graph.Tanh),
		"steps":  sequenceConvolution([]int{2, 7, 3}, []int{5, 3, 3}, graph.Window{StrideH: 2, Padding: graph.Padding{Top: 1, Bottom: 1}}, 1),
	})
}
