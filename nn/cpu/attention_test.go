package cpu

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"pipe/base/random"
	"pipe/nn/cpu/kernel"
	"pipe/nn/graph"
)

func TestNorms(t *testing.T) {
	for name, m := range map[string]model{
		"layer": func(g *testGraph) (*graph.Node, []*graph.Node) {
			x, gamma, beta := param(g, "x", 3, 5, 7), param(g, "gamma", 7), param(g, "beta", 7)
			return scalar(g, g.LayerNorm(x, gamma, beta, 1e-3)), []*graph.Node{x, gamma, beta}
		},
		"layer without beta": func(g *testGraph) (*graph.Node, []*graph.Node) {
			x, gamma := g.Input("x", numbers("x", 35), 5, 7), param(g, "gamma", 7)
			return scalar(g, g.LayerNorm(x, gamma, nil, 1e-3)), []*graph.Node{gamma}
		},
		"rms": func(g *testGraph) (*graph.Node, []*graph.Node) {
			x, gamma := param(g, "x", 5, 17), param(g, "gamma", 17)
			return scalar(g, g.RMSNorm(x, gamma, 1e-3)), []*graph.Node{x, gamma}
		},
		"group": func(g *testGraph) (*graph.Node, []*graph.Node) {
			x, gamma, beta := param(g, "x", 2, 6, 3, 2), param(g, "gamma", 6), param(g, "beta", 6)
			return scalar(g, g.GroupNorm(x, gamma, beta, 3, 1e-3)), []*graph.Node{x, gamma, beta}
		},
		"group of rows": func(g *testGraph) (*graph.Node, []*graph.Node) {
			x, gamma, beta := param(g, "x", 2, 6), param(g, "gamma", 6), param(g, "beta", 6)
			return scalar(g, g.GroupNorm(x, gamma, beta, 2, 1e-3)), []*graph.Node{x, gamma, beta}
		},
		"group of sequences": func(g *testGraph) (*graph.Node, []*graph.Node) {
			x, gamma, beta := param(g, "x", 2, 5, 6), param(g, "gamma", 6), param(g, "beta", 6)
			return scalar(g, g.GroupNorm(x, gamma, beta, 2, 1e-3)), []*graph.Node{x, gamma, beta}
		},
		"softmax": func(g *testGraph) (*graph.Node, []*graph.Node) {
			x := param(g, "x", 3, 2, 9)
			return scalar(g, g.Softmax(x, nil)), []*graph.Node{x}
		},
		"softmax with lengths": func(g *testGraph) (*graph.Node, []*graph.Node) {
			x := param(g, "x", 3, 2, 9)
			return scalar(g, g.Softmax(x, g.Input("lengths", []float32{9, 0, 4}, 3))), []*graph.Node{x}
		},
	} {
		t.Run(name, m.check)
	}
}

func TestBatchNorm(t *testing.T) {
	for _, shape := range [][]int{{7, 19}, {5, 3, 4, 2}, {5, 4, 3}} {
		for mask := range 4 {
			t.Run(fmt.Sprint(shape, mask), func(t *testing.T) {
				model(func(g *testGraph) (*graph.Node, []*graph.Node) {
					c := shape[1]
					if len(shape) == 3 {
						c = shape[2]
					}
					x := param(g, "x", shape...)
					b := graph.Batch{Gamma: param(g, "gamma", c), Beta: param(g, "beta", c), Mean: g.Input("mean", numbers("mean", c), c)}
					variance := numbers("variance", c)
					for i := range variance {
						variance[i] += 2
					}
					b.Variance = g.Input("variance", variance, c)
					if mask&2 != 0 {
						b.Weight = g.Input("weight", slices.Concat([]float32{1, 0}, slices.Repeat([]float32{1}, shape[0]-2)), shape[0])
						if len(shape) == 3 {
							b.Lengths = g.Input("lengths", []float32{4, 4, 3, 0, 1}, 5)
						}
					}
					return scalar(g, g.BatchNorm(x, graph.BatchNorm{Momentum: 0.1, Epsilon: 1e-3, Training: mask&1 != 0}, b)), []*graph.Node{x, b.Gamma, b.Beta}
				}).check(t)
			})
		}
	}
}

func TestAttention(t *testing.T) {
	for _, c := range []struct {
		n, tq, tk, heads, d int
		causal, lengths     bool
		dropout             float64
	}{
		{2, 3, 3, 1, 4, false, false, 0},
		{3, 5, 4, 2, 6, false, true, 0},
		{3, 6, 6, 2, 6, true, true, 0.3},
		{1, 70, 70, 2, 6, true, false, 0.2},
	} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			model(func(g *testGraph) (*graph.Node, []*graph.Node) {
				q, k, v := param(g, "q", c.n, c.tq, c.d), param(g, "k", c.n, c.tk, c.d), param(g, "v", c.n, c.tk, c.d)
				stream := random.New(1, "dropout", 0)
				a := graph.Attention{Heads: c.heads, Causal: c.causal, Dropout: c.dropout, Key: stream.Key()}
				var lengths *graph.Node
				if c.lengths {
					lengths = g.Input("lengths", []float32{2, 0, float32(c.tk)}, 3)
				}
				return scalar(g, g.Attention(q, k, v, lengths, a)), []*graph.Node{q, k, v}
			}).check(t)
		})
	}
}

// Attention of a sequence with itself: one node is query, key and value.
func TestSelfAttention(t *testing.T) {
	model(func(g *testGraph) (*graph.Node, []*graph.Node) {
		x := param(g, "x", 2, 3, 4)
		return scalar(g, g.Add(x, g.Attention(x, x, x, nil, graph.Attention{Heads: 2}))), []*graph.Node{x}
	}).check(t)
}

func TestEmbedding(t *testing.T) {
	for _, pool := range []graph.Pooling{graph.PoolMean, graph.PoolLast, graph.PoolMax} {
		for _, ragged := range []bool{false, true} {
			t.Run(fmt.Sprint(pool, ragged), func(t *testing.T) {
				model(func(g *testGraph) (*graph.Node, []*graph.Node) {
					ids := g.Input("ids", []float32{1, 2, 3, 0, 4, 1, 0, 0, 0, 0, 0, 0}, 3, 4)
					table, positions := param(g, "table", 5, 6), param(g, "positions", 4, 6)
					padding, lengths := graph.NoPadding, (*graph.Node)(nil)
					if ragged { // then no padding id has an effect, as its gradient of 0 says
						padding, lengths = 0, g.IDLengths(ids, 0)
					}
					h := g.LearnedPositions(g.SinusoidalPositions(g.Embedding(ids, table, 2, padding)), positions)
					return scalar(g, g.TimePool(h, lengths, pool)), []*graph.Node{table, positions}
				}).check(t)
			})
		}
	}
}

func TestSinusoids(t *testing.T) {
	const steps, d = 3000, 7
	table := graph.Sinusoids{Steps: steps, Width: d}.Table()
	for i, got := range table {
		angle := float64(i/d) / math.Pow(10000, float64(i%d/2*2)/d)
		want := math.Sin(angle)
		if i%d%2 == 1 {
			want = math.Cos(angle)
		}
		if math.Abs(float64(got)-want) > 1e-7 {
			t.Fatalf("step %d, column %d: %v, want %v", i/d, i%d, got, want)
		}
	}
}

// tensors is a value of the oracle.
type tensors struct {
	Shape []int
	Data  []float32
}

func TestLikePyTorch(t *testing.T) {
	file, err := os.ReadFile("testdata/attention_oracle.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name                         string
		Params, Inputs, Grads, After []tensors
		W, Y                         tensors
	}
	if err := json.Unmarshal(file, &cases); err != nil {
		t.Fatal(err)
	}
	batch := func(training bool) func(g *testGraph, p, in []*graph.Node) *graph.Node {
		return func(g *testGraph, p, in []*graph.Node) *graph.Node {
			b := graph.Batch{Gamma: p[1], Beta: p[2], Mean: in[0], Variance: in[1]}
			if len(in) == 4 {
				b.Lengths, b.Weight = in[2], in[3]
			}
			return g.BatchNorm(p[0], graph.BatchNorm{Momentum: 0.1, Epsilon: 1e-5, Training: training}, b)
		}
	}
	attention := func(causal bool) func(g *testGraph, p, in []*graph.Node) *graph.Node {
		return func(g *testGraph, p, in []*graph.Node) *graph.Node {
			return g.Attention(p[0], p[1], p[2], in[0], graph.Attention{Heads: 2, Causal: causal})
		}
	}
	pool := func(kind graph.Pooling) func(g *testGraph, p, in []*graph.Node) *graph.Node {
		return func(g *testGraph, p, in []*graph.Node) *graph.Node { return g.TimePool(p[0], in[0], kind) }
	}
	layers := map[string]func(g *testGraph, p, in []*graph.Node) *graph.Node{
		"layer_norm": func(g *testGraph, p, _ []*graph.Node) *graph.Node { return g.LayerNorm(p[0], p[1], p[2], 1e-5) },
		"rms_norm":   func(g *testGraph, p, _ []*graph.Node) *graph.Node { return g.RMSNorm(p[0], p[1], 1e-5) },
		"group_norm": func(g *testGraph, p, _ []*graph.Node) *graph.Node { return g.GroupNorm(p[0], p[1], p[2], 2, 1e-5) },
		"batch_norm": batch(true), "batch_norm_evaluation": batch(false), "batch_norm_masked": batch(true),
		"softmax":   func(g *testGraph, p, _ []*graph.Node) *graph.Node { return g.Softmax(p[0], nil) },
		"attention": attention(false), "attention_causal": attention(true),
		"embedding": func(g *testGraph, p, in []*graph.Node) *graph.Node { return g.Embedding(in[0], p[0], 2, 0) },
		"mean":      pool(graph.PoolMean), "last": pool(graph.PoolLast), "max": pool(graph.PoolMax),
	}
	for i, c := range cases {
		t.Run(fmt.Sprint(c.Name, i), func(t *testing.T) {
			var y *graph.Node
			var state [][]float32
			b := model(func(g *testGraph) (*graph.Node, []*graph.Node) {
				var params, inputs []*graph.Node
				for _, p := range c.Params {
					params = append(params, g.Param("p", p.Data, p.Shape...))
				}
				for _, in := range c.Inputs {
					inputs = append(inputs, g.Input("in", in.Data, in.Shape...))
					state = append(state, in.Data)
				}
				y = layers[c.Name](g, params, inputs)
				return g.SumSquares(g.Add(y, g.Input("w", c.W.Data, c.W.Shape...))), params
			}).build(t)
			m, err := b.g.Machine(kernel.Tables()[0], 2, y)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			m.RunAll()
			compare := func(what string, got []float32, want tensors) {
				t.Helper()
				for i, w := range want.Data {
					if !(math.Abs(float64(got[i]-w)) <= 2e-5*(1+math.Abs(float64(w)))) {
						t.Fatalf("%s: element %d is %v, PyTorch has %v", what, i, got[i], w)
					}
				}
			}
			compare("output", m.Data(y), c.Y)
			for k, want := range c.Grads {
				compare(fmt.Sprint("gradient ", k), b.grads[k], want)
			}
			for k, want := range c.After {
				compare(fmt.Sprint("running statistic ", k), state[k], want)
			}
		})
	}
}

func TestSequenceOperatorsRefuseWrongShapes(t *testing.T) {
	for name, f := range map[string]func(g *testGraph, x *graph.Node){
		"gamma":     func(g *testGraph, x *graph.Node) { g.LayerNorm(x, param(g, "gamma", 5), nil, 0) },
		"no gamma":  func(g *testGraph, x *graph.Node) { g.RMSNorm(x, nil, 0) },
		"statistic": func(g *testGraph, x *graph.Node) { g.BatchNorm(x, graph.BatchNorm{}, graph.Batch{}) },
		"weights": func(g *testGraph, x *graph.Node) {
			g.BatchNorm(x, graph.BatchNorm{}, graph.Batch{Weight: param(g, "w", 5)})
		},
		"groups": func(g *testGraph, x *graph.Node) {
			g.GroupNorm(param(g, "x", 2, 4), param(g, "g", 4), param(g, "b", 4), 3, 0)
		},
		"sequence": func(g *testGraph, x *graph.Node) { g.GroupNorm(x, param(g, "g", 3), param(g, "b", 3), 3, 0) },
		"swap":     func(g *testGraph, x *graph.Node) { g.SwapAxes(param(g, "x", 3, 4)) },
		"softmax":  func(g *testGraph, x *graph.Node) { g.Softmax(x, param(g, "l", 5)) },
		"heads":    func(g *testGraph, x *graph.Node) { g.Attention(x, x, x, nil, graph.Attention{Heads: 3}) },
		"keys": func(g *testGraph, x *graph.Node) {
			g.Attention(x, param(g, "k", 2, 3, 6), x, nil, graph.Attention{Heads: 1})
		},
		"causal": func(g *testGraph, x *graph.Node) {
			k := param(g, "k", 2, 5, 4)
			g.Attention(x, k, k, nil, graph.Attention{Heads: 1, Causal: true})
		},
		"rate":     func(g *testGraph, x *graph.Node) { g.Attention(x, x, x, nil, graph.Attention{Heads: 1, Dropout: 1}) },
		"lengths":  func(g *testGraph, x *graph.Node) { g.Attention(x, x, x, x, graph.Attention{Heads: 1}) },
		"padding":  func(g *testGraph, x *graph.Node) { g.Embedding(x, param(g, "table", 3, 4), 1, 3) },
		"ids":      func(g *testGraph, x *graph.Node) { g.IDLengths(x, 0) },
		"position": func(g *testGraph, x *graph.Node) { g.LearnedPositions(x, param(g, "table", 4, 4)) },
		"sinus":    func(g *testGraph, x *graph.Node) { g.SinusoidalPositions(param(g, "x", 3, 4)) },
		"pool":     func(g *testGraph, x *graph.Node) { g.TimePool(x, param(g, "l", 3), graph.PoolMean) },
		"kind":     func(g *testGraph, x *graph.Node) { g.TimePool(x, nil, "median") },
	} {
		g := newGraph()
		if f(g, param(g, "x", 2, 3, 4)); g.Err() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
