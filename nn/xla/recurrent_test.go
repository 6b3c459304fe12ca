package xla

import (
	"fmt"
	"testing"

	"pipe/nn/graph"
)

// recurrentParams makes the parameters of a layer.
func recurrentParams(g *testGraph, name string, d, h, gates int, bias bool) (graph.Recurrent, []*graph.Node) {
	param := func(part string, shape ...int) *graph.Node {
		return g.Param(name+part, numbers(name+part, graph.Shape(shape).Size()), shape...)
	}
	r := graph.Recurrent{Wx: param("wx", d, gates*h), Wh: param("wh", h, gates*h)}
	params := []*graph.Node{r.Wx, r.Wh}
	if bias {
		r.Bx, r.Bh = param("bx", gates*h), param("bh", gates*h)
		params = append(params, r.Bx, r.Bh)
	}
	return r, params
}

func recurrent(gates, steps int, bias, ragged, reverse bool) model {
	return func(g *testGraph) (*graph.Node, []*graph.Node) {
		x := g.Param("x", numbers("x", 3*steps*2), 3, steps, 2)
		r, params := recurrentParams(g, "", 2, 5, gates, bias)
		r.Reverse = reverse
		if ragged {
			r.Lengths = g.Input("lengths", []float32{float32(steps), 0, float32(steps / 2)}, 3)
		}
		layer := g.LSTM
		if gates == 3 {
			layer = g.GRU
		}
		y := layer(x, r)
		return weighted(g, g.Add(y, g.ReverseSteps(y, r.Lengths))), append(params, x)
	}
}

func TestRecurrent(t *testing.T) {
	c := cases{}
	for _, gates := range []int{3, 4} {
		for _, mask := range []int{1, 3, 6} {
			bias, ragged, reverse := mask&1 != 0, mask&2 != 0, mask&4 != 0
			c[fmt.Sprintf("gates %d, bias %v, lengths %v, reverse %v", gates, bias, ragged, reverse)] = recurrent(gates, 4, bias, ragged, reverse)
		}
	}
	// Two layers in both directions, of which the last states count.
	c["stacked"] = func(g *testGraph) (*graph.Node, []*graph.Node) {
		x := g.Input("x", numbers("x", 5*3*2), 5, 3, 2) // needs no gradient
		l := g.Input("lengths", []float32{1, 2, 3, 1, 2}, 5)
		h, params := x, []*graph.Node(nil)
		var forward, backward *graph.Node
		for k, d := range []int{2, 6} {
			a, p := recurrentParams(g, fmt.Sprint("a", k), d, 3, 4, true)
			b, q := recurrentParams(g, fmt.Sprint("b", k), d, 3, 3, true)
			a.Lengths, b.Lengths, b.Reverse = l, l, true
			params = append(append(params, p...), q...)
			forward, backward = g.LSTM(h, a), g.GRU(h, b)
			h = g.Concat(forward, backward)
		}
		return weighted(g, g.Concat(g.LastStep(forward, l), g.FirstStep(backward, l), g.LastStep(h, nil))), params
	}
	c["some gradients"] = func(g *testGraph) (*graph.Node, []*graph.Node) {
		x := g.Input("x", numbers("x", 3*4*2), 3, 4, 2)
		r, params := recurrentParams(g, "", 2, 5, 3, true)
		r.Wx, r.Bh = g.Input("wx", numbers("wx", 2*5*3), 2, 5*3), nil
		return weighted(g, g.GRU(x, r)), []*graph.Node{params[1], params[2]}
	}
	check(t, c)
	checkNarrow(t, cases{"gru": recurrent(3, 4, true, true, true), "lstm": recurrent(4, 4, true, true, false)})
}

// Sequences that are longer than what is unrolled go through a loop, with steps
// left at its end or none.
func TestLongSequences(t *testing.T) {
	cases{
		"lstm":           recurrent(4, 6, true, true, false),
		"lstm and steps": recurrent(4, 5, true, false, true),
		"gru and steps":  recurrent(3, 5, true, true, true),
	}.compare(t, Options{piece: 2}, 1e-5)
}
