package cpu

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"pipe/nn/cpu/kernel"
	"pipe/nn/graph"
)

// recurrentParams makes the parameters of a layer.
func recurrentParams(g *testGraph, name string, d, h, gates int, bias bool) (graph.Recurrent, []*graph.Node) {
	param := func(part string, shape ...int) *graph.Node {
		n := 1
		for _, s := range shape {
			n *= s
		}
		return g.Param(name+part, numbers(name+part, n), shape...)
	}
	r := graph.Recurrent{Wx: param("wx", d, gates*h), Wh: param("wh", h, gates*h)}
	params := []*graph.Node{r.Wx, r.Wh}
	if bias {
		r.Bx, r.Bh = param("bx", gates*h), param("bh", gates*h)
		params = append(params, r.Bx, r.Bh)
	}
	return r, params
}

func TestRecurrent(t *testing.T) {
	for _, gates := range []int{3, 4} {
		for mask := range 8 {
			bias, ragged, reverse := mask&1 != 0, mask&2 != 0, mask&4 != 0
			t.Run(fmt.Sprintf("gates %d, bias %v, lengths %v, reverse %v", gates, bias, ragged, reverse), func(t *testing.T) {
				model(func(g *testGraph) (*graph.Node, []*graph.Node) {
					x := g.Param("x", numbers("x", 3*4*2), 3, 4, 2)
					r, params := recurrentParams(g, "", 2, 5, gates, bias)
					r.Reverse = reverse
					if ragged {
						r.Lengths = g.Input("lengths", []float32{4, 0, 2}, 3)
					}
					layer := g.LSTM
					if gates == 3 {
						layer = g.GRU
					}
					y := layer(x, r)
					return scalar(g, g.Add(y, g.ReverseSteps(y, r.Lengths))), append(params, x)
				}).check(t)
			})
		}
	}
}

// Two layers in both directions, of which the last states count, over enough
// sequences for several tasks.
func TestStackedBidirectional(t *testing.T) {
	model(func(g *testGraph) (*graph.Node, []*graph.Node) {
		x := g.Input("x", numbers("x", 27*3*2), 27, 3, 2) // needs no gradient
		lengths := make([]float32, 27)
		for i := range lengths {
			lengths[i] = float32(1 + i%3)
		}
		l := g.Input("lengths", lengths, 27)
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
		return scalar(g, g.Concat(g.LastStep(forward, l), g.FirstStep(backward, l), g.LastStep(h, nil))), params
	}).check(t)
}

// Only what is asked for is kept: parameters without a gradient, and graphs
// that are not differentiated.
func TestRecurrentWithoutSomeGradients(t *testing.T) {
	for _, gates := range []int{3, 4} {
		var forward []float32
		model(func(g *testGraph) (*graph.Node, []*graph.Node) {
			x := g.Input("x", numbers("x", 3*4*2), 3, 4, 2)
			r, params := recurrentParams(g, "", 2, 5, gates, true)
			r.Wx, r.Bh = g.Input("wx", numbers("wx", 2*5*gates), 2, 5*gates), nil
			layer := map[int]func(*graph.Node, graph.Recurrent) *graph.Node{3: g.GRU, 4: g.LSTM}[gates]
			y := layer(x, r)
			m, err := g.Machine(kernel.Tables()[0], 1, y)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			m.RunAll()
			forward = append(forward, m.Data(y)...)
			return scalar(g, y), []*graph.Node{params[1], params[2]}
		}).check(t)
		if len(forward) != 3*4*5 || forward[0] == 0 {
			t.Errorf("without a gradient the outputs are %v", forward)
		}
	}
}

func TestRecurrentRefusesWrongShapes(t *testing.T) {
	for name, f := range map[string]func(g *testGraph, x *graph.Node, r graph.Recurrent){
		"rows":          func(g *testGraph, x *graph.Node, r graph.Recurrent) { g.LSTM(g.Reshape(x, 12, 2), r) },
		"gates":         func(g *testGraph, x *graph.Node, r graph.Recurrent) { g.GRU(x, r) },
		"no weights":    func(g *testGraph, x *graph.Node, r graph.Recurrent) { g.LSTM(x, graph.Recurrent{Wx: r.Wx}) },
		"bias":          func(g *testGraph, x *graph.Node, r graph.Recurrent) { r.Bh = g.Reshape(r.Bh, 1, 20); g.LSTM(x, r) },
		"lengths":       func(g *testGraph, x *graph.Node, r graph.Recurrent) { r.Lengths = r.Bx; g.LSTM(x, r) },
		"last step":     func(g *testGraph, x *graph.Node, r graph.Recurrent) { g.LastStep(r.Wx, nil) },
		"reverse":       func(g *testGraph, x *graph.Node, r graph.Recurrent) { g.ReverseSteps(x, r.Bx) },
		"concat":        func(g *testGraph, x *graph.Node, r graph.Recurrent) { g.Concat(x, r.Wx) },
		"empty concat":  func(g *testGraph, x *graph.Node, r graph.Recurrent) { g.Concat() },
		"other leading": func(g *testGraph, x *graph.Node, r graph.Recurrent) { g.Concat(r.Wx, r.Wh) },
	} {
		g := newGraph()
		x := g.Input("x", numbers("x", 3*4*2), 3, 4, 2)
		r, _ := recurrentParams(g, "", 2, 5, 4, true)
		if g.Err() != nil {
			t.Fatal(g.Err())
		}
		if f(g, x, r); g.Err() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// oracle is a network that PyTorch has run: see testdata/rnn_oracle.py.
type oracle struct {
	Cell          string
	Bidirectional bool
	Lengths       []float32 // of packed sequences; none: all are whole
	N, T, D, H    int
	Layers        int
	X             []float32
	Params, Grads map[string][]float32 // as PyTorch names and shapes them
	Weights       []float32            // of the outputs in the loss, the sum of products
	LastWeights   []float32            // of the last states of the last layer (N, directions H)
	Y, Last, DX   []float32
	Loss          float32
}

func TestRecurrentLikePyTorch(t *testing.T) {
	data, err := os.ReadFile("testdata/rnn_oracle.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []oracle
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%s, %d layers, bidirectional %v, lengths %v", c.Cell, c.Layers, c.Bidirectional, c.Lengths), func(t *testing.T) { c.check(t) })
	}
}

func (c *oracle) check(t *testing.T) {
	gates := map[string]int{"LSTM": 4, "GRU": 3}[c.Cell]
	g := newGraph()
	x := g.Param("x", c.X, c.N, c.T, c.D)
	var lengths *graph.Node
	if len(c.Lengths) > 0 {
		lengths = g.Input("lengths", c.Lengths, c.N)
	}
	params, names := []*graph.Node{x}, []string{""}
	param := func(name string, cols int) *graph.Node {
		v := c.Params[name]
		if cols > 1 {
			v = transposed(v, cols)
		}
		shape := []int{cols, len(v) / cols}
		if cols == 1 {
			shape = shape[1:]
		}
		params, names = append(params, g.Param(name, v, shape...)), append(names, name)
		return params[len(params)-1]
	}
	h, width, suffixes := x, c.D, []string{""}
	if c.Bidirectional {
		suffixes = append(suffixes, "_reverse")
	}
	var last []*graph.Node
	for layer := range c.Layers {
		var outs []*graph.Node
		last = nil
		for k, suffix := range suffixes {
			suffix = fmt.Sprintf("_l%d%s", layer, suffix)
			r := graph.Recurrent{Wx: param("weight_ih"+suffix, width), Wh: param("weight_hh"+suffix, c.H), Bx: param("bias_ih"+suffix, 1), Bh: param("bias_hh"+suffix, 1),
				Lengths: lengths, Reverse: k == 1}
			if gates == 4 {
				outs = append(outs, g.LSTM(h, r))
			} else {
				outs = append(outs, g.GRU(h, r))
			}
			if k == 0 {
				last = append(last, g.LastStep(outs[0], lengths))
			} else {
				last = append(last, g.FirstStep(outs[1], lengths))
			}
		}
		h, width = g.Concat(outs...), len(outs)*c.H
	}
	state := g.Concat(last...)
	weighted := func(n *graph.Node, w []float32) *graph.Node { // the sum of n times w
		return g.Dense(g.Reshape(n, 1, len(w)), g.Input("weights", w, len(w), 1), nil, graph.Activation{})
	}
	sum := g.Add(weighted(h, c.Weights), weighted(state, c.LastWeights))
	loss := g.SumSquares(sum)
	var grads [][]float32
	for _, p := range params {
		grads = append(grads, make([]float32, p.Shape().Size()))
	}
	if _, err := g.Grad(loss, params, grads); err != nil {
		t.Fatal(err)
	}
	m, err := g.Machine(kernel.Tables()[0], 2, h, state, loss)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.RunAll(); err != nil {
		t.Fatal(err)
	}
	near := func(what string, got, want []float32) {
		t.Helper()
		if len(got) != len(want) {
			t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
		}
		scale := float32(1)
		for _, v := range want {
			scale = max(scale, float32(math.Abs(float64(v))))
		}
		for i, v := range want {
			if math.Abs(float64(got[i]-v)) > 2e-6*float64(scale) {
				t.Errorf("%s[%d] is %v, PyTorch has %v", what, i, got[i], v)
				return
			}
		}
	}
	near("y", m.Data(h), c.Y)
	near("last state", m.Data(state), c.Last)
	near("loss", m.Data(loss), []float32{c.Loss})
	near("gradient of x", grads[0], c.DX)
	for i, name := range names[1:] {
		want := c.Grads[name]
		if s := params[i+1].Shape(); len(s) == 2 {
			want = transposed(want, s[0])
		}
		near("gradient of "+name, grads[i+1], want)
	}
}

// transposed is the transpose of a matrix with so many columns.
func transposed(v []float32, cols int) []float32 {
	rows := len(v) / cols
	out := make([]float32, len(v))
	for i, x := range v {
		out[i%cols*rows+i/cols] = x
	}
	return out
}

// Forward and backward through one layer, without an optimiser.
func BenchmarkRecurrentLayer(b *testing.B) {
	for _, gates := range []int{3, 4} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("gates=%d/threads=%d", gates, threads), func(b *testing.B) {
				model(func(g *testGraph) (*graph.Node, []*graph.Node) {
					x := g.Input("x", numbers("x", 64*48*16), 64, 48, 16)
					r, params := recurrentParams(g, "", 16, 128, gates, true)
					layer := map[int]func(*graph.Node, graph.Recurrent) *graph.Node{3: g.GRU, 4: g.LSTM}[gates]
					return g.SumSquares(g.LastStep(layer(x, r), nil)), params
				}).benchmark(b, threads)
			})
		}
	}
}
