package cpu

import (
	"fmt"
	"math"
	"testing"

	"pipe/nn/backend"
	"pipe/nn/graph"
	"pipe/nn/graph/reference"
)

// A meaning is a fused operator on inputs: the kernels and what it means in
// primitive operators have to agree, forward and backward.
type meaning struct {
	op graph.Op
	in []operand
}

// An operand is an input; nil data: it is left out. One that has no gradient is an
// input, else a parameter.
type operand struct {
	shape []int
	data  []float32
	grad  bool
}

func weights(name string, shape ...int) operand {
	return operand{shape, numbers(name, graph.Shape(shape).Size()), true}
}

func given(data []float32, shape ...int) operand { return operand{shape, data, false} }

var absent operand

// run computes the loss of an operator and its gradients.
func (m meaning) run(t *testing.T, fused bool) (values [][]float64) {
	t.Helper()
	g := graph.New()
	data := map[*graph.Node][]float32{}
	var in, params []*graph.Node
	for i, o := range m.in {
		var n *graph.Node
		switch {
		case o.data == nil:
		case o.grad:
			n = g.Param(fmt.Sprint(i), o.shape...)
			params = append(params, n)
		default:
			n = g.State(fmt.Sprint(i), o.shape...)
		}
		if n != nil {
			data[n] = o.data
		}
		in = append(in, n)
	}
	apply := g.Decompose
	if fused {
		apply = g.Apply
	}
	y := apply(m.op, in...)
	if g.Err() != nil {
		t.Fatal(g.Err())
	}
	loss := y
	if n := y.Shape().Size(); len(y.Shape()) > 0 { // elements count differently
		w := g.Input("w", n)
		data[w] = numbers("scalar", n)
		loss = apply(graph.SumSquares{}, g.Add(g.Reshape(y, n), w))
	}
	grads, err := g.Grad(loss, params...)
	if err != nil {
		t.Fatal(err)
	}
	keep := append([]*graph.Node{loss, y}, grads...)
	if !fused {
		values, err := reference.Run(g, func(n *graph.Node) []float32 { return data[n] }, keep...)
		if err != nil {
			t.Fatal(err)
		}
		return values
	}
	p, err := New().Compile(g, keep, backend.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for n, v := range data {
		p.Write(n, v)
	}
	if err := p.Run(0); err != nil {
		t.Fatal(err)
	}
	for _, n := range keep {
		v := make([]float32, n.Shape().Size())
		p.Read(n, v)
		var list []float64
		for _, x := range v {
			list = append(list, float64(x))
		}
		values = append(values, list)
	}
	return values
}

func (m meaning) check(t *testing.T) {
	t.Helper()
	if _, ok := m.op.(graph.Decomposer); !ok {
		t.Fatalf("%T has no meaning", m.op)
	}
	got, want := m.run(t, true), m.run(t, false)
	for k := range want {
		scale := 1.0
		for _, v := range want[k] {
			scale = max(scale, math.Abs(v))
		}
		for i, v := range want[k] {
			if !(math.Abs(got[k][i]-v) <= 2e-5*scale) {
				t.Fatalf("result %d (loss, value, gradients): element %d is %v, the decomposition has %v", k, i, got[k][i], v)
			}
		}
	}
}

func TestOperatorsMeanWhatTheySay(t *testing.T) {
	var list []meaning
	add := func(op graph.Op, in ...operand) { list = append(list, meaning{op, in}) }
	for _, f := range graph.Functions()[1:] {
		act := graph.Activation{Kind: f, Alpha: 0.3}
		add(graph.Activate{Act: act}, weights("x", 3, 7))
		if f != graph.GELU && f != graph.SiLU {
			add(graph.Dense{Act: act}, weights("x", 5, 3), weights("w", 3, 4), weights("b", 4))
		}
	}
	add(graph.Dense{}, weights("x", 2, 1, 3), weights("w", 3, 1), absent)
	add(graph.SwapAxes{}, weights("x", 2, 3, 5))
	add(graph.SumSquares{}, weights("x", 2, 3))
	add(graph.Positions{}, weights("x", 3, 2, 5), weights("table", 2, 5))
	lengths := given([]float32{4, 0, 2}, 3)
	for _, l := range []operand{absent, lengths} {
		add(graph.Softmax{}, weights("x", 3, 2, 5), l)
		add(graph.Attention{Heads: 2}, weights("q", 3, 3, 6), weights("k", 3, 4, 6), weights("v", 3, 4, 6), l)
		add(graph.Attention{Heads: 1, Causal: true}, weights("q", 3, 5, 3), weights("k", 3, 5, 3), weights("v", 3, 5, 3), l)
		for _, kind := range []graph.Pooling{graph.PoolMean, graph.PoolLast, graph.PoolMax} {
			add(graph.TimePool{Kind: kind}, weights("x", 3, 4, 5), l)
		}
		for _, yes := range []bool{false, true} {
			add(graph.PickStep{First: yes}, weights("x", 3, 4, 5), l)
			x := weights("x", 3, 4, 2)
			add(graph.LSTM{Reverse: yes}, x, weights("wx", 2, 20), weights("wh", 5, 20), weights("bx", 20), weights("bh", 20), l)
			add(graph.GRU{Reverse: yes}, x, weights("wx", 2, 15), weights("wh", 5, 15), weights("bx", 15), weights("bh", 15), l)
		}
	}
	add(graph.LSTM{}, weights("x", 1, 1, 1), weights("wx", 1, 4), weights("wh", 1, 4), absent, absent, absent)
	add(graph.MaskSteps{}, weights("x", 3, 4, 5), lengths)
	ids := given([]float32{1, 2, 3, 0, 4, 1}, 2, 3)
	add(graph.Embedding{Scale: 2, Padding: graph.NoPadding}, ids, weights("table", 5, 3))
	add(graph.Embedding{Scale: 1, Padding: 1}, ids, weights("table", 5, 3))
	pairs := given([]float32{0, 0.5, 4, -2, 2, 1, 1, 3, 1, 0.25, 0, 0, 3, 1, 0, 0, 0, 0}, 3, 3, 2)
	add(graph.Bag{}, pairs, weights("table", 5, 3))
	add(graph.Bag{}, pairs, weights("table", 5, 1))
	add(graph.Bag{}, given([]float32{3, -1}, 1, 1, 2), weights("table", 4, 35))
	for _, s := range [][]int{{5, 7}, {2, 3, 1}, {1, 17}} {
		d := s[len(s)-1]
		add(graph.LayerNorm{Epsilon: 1e-3}, weights("x", s...), weights("gamma", d), weights("beta", d))
		add(graph.LayerNorm{Epsilon: 1e-3}, weights("x", s...), weights("gamma", d), absent)
		add(graph.RMSNorm{Epsilon: 1e-3}, weights("x", s...), weights("gamma", d), absent)
	}
	for _, s := range [][]int{{3, 6}, {2, 6, 3, 1}} {
		add(graph.GroupNorm{Groups: 2, Epsilon: 1e-3}, weights("x", s...), weights("gamma", 6), weights("beta", 6))
	}
	for _, training := range []bool{false, true} {
		for _, s := range [][]int{{5, 3}, {4, 3, 2, 3}, {3, 2, 3}} {
			rows := s[0]
			if len(s) == 3 {
				rows *= s[1]
			}
			some := make([]float32, rows)
			for i := range some {
				some[i] = float32(min(i%3, 1))
			}
			for _, w := range []operand{absent, given(some, rows)} {
				add(graph.BatchNorm{Momentum: 0.1, Epsilon: 1e-3, Training: training}, weights("x", s...), weights("gamma", 3), weights("beta", 3),
					given([]float32{0.1, -0.2, 0}, 3), given([]float32{1, 0.5, 2}, 3), w)
			}
		}
	}
	for _, s := range lossSpecs {
		for _, size := range [][2]int{{9, 1}, {6, 4}} {
			if s.Kind == graph.SoftmaxCrossEntropy && size[1] == 1 {
				continue // the loss of a single class is 0
			}
			y, w := lossCase(s, size[0], size[1])
			add(s, weights("z", size[0], size[1]), given(y, len(y)), given(w, size[0]))
		}
	}
	for i, m := range list {
		t.Run(fmt.Sprintf("%d %T%+v", i, m.op, m.op), m.check)
	}
}
