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

func TestConv2D(t *testing.T) {
	for _, c := range []struct {
		name       string
		x, w       []int
		window     graph.Window
		groups     int
		activation graph.Activation
	}{
		{"same", []int{2, 3, 5, 6}, []int{4, 3, 3, 3}, graph.Window{Padding: graph.Padding{Top: 1, Bottom: 1, Left: 1, Right: 1}}, 1, graph.Activation{Kind: graph.Tanh}},
		{"stride", []int{3, 2, 7, 6}, []int{3, 2, 3, 2}, graph.Window{StrideH: 2, StrideW: 3, Padding: graph.Padding{Top: 2, Bottom: 0, Left: 1, Right: 1}}, 1, graph.Activation{Kind: graph.GELU}},
		{"dilation and groups", []int{2, 4, 8, 7}, []int{6, 2, 3, 2}, graph.Window{DilationH: 2, DilationW: 3, StrideH: 2}, 2, graph.Activation{}},
		{"depthwise", []int{2, 3, 4, 4}, []int{6, 1, 3, 3}, graph.Window{Padding: graph.Padding{Top: 1, Bottom: 1, Left: 1, Right: 1}}, 3, graph.Activation{Kind: graph.Sigmoid}},
		{"pointwise", []int{2, 3, 3, 4}, []int{5, 3, 1, 1}, graph.Window{StrideH: 2, StrideW: 2}, 1, graph.Activation{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			model(func(g *testGraph) (*graph.Node, []*graph.Node) {
				x, w, b := param(g, "x", c.x...), param(g, "w", c.w...), param(g, "b", c.w[0])
				return scalar(g, g.Conv2D(x, w, b, c.window, c.groups, c.activation)), []*graph.Node{x, w, b}
			}).check(t)
		})
	}
}

func TestConv1D(t *testing.T) {
	for _, c := range []struct {
		name   string
		x, w   []int
		window graph.Window
		groups int
	}{
		{"same", []int{2, 7, 3}, []int{5, 3, 3}, graph.Window{Padding: graph.Padding{Top: 1, Bottom: 1}}, 1},
		{"causal", []int{2, 9, 2}, []int{4, 2, 3}, graph.Window{DilationH: 2, Padding: graph.Padding{Top: 4}}, 1},
		{"stride and groups", []int{2, 8, 4}, []int{6, 2, 3}, graph.Window{StrideH: 2}, 2},
		{"one channel", []int{3, 12, 1}, []int{4, 1, 5}, graph.Window{StrideH: 3, Padding: graph.Padding{Bottom: 2}}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			model(func(g *testGraph) (*graph.Node, []*graph.Node) {
				x, w, b := param(g, "x", c.x...), param(g, "w", c.w...), param(g, "b", c.w[0])
				lengths := g.Input("lengths", []float32{4, 8, 0}[:c.x[0]], c.x[0])
				y := g.Conv1D(g.MaskSteps(x, lengths), w, b, c.window, c.groups, graph.Activation{Kind: graph.Tanh})
				return scalar(g, y), []*graph.Node{x, w, b}
			}).check(t)
		})
	}
}

func TestPools(t *testing.T) {
	for name, pool := range map[string]func(g *testGraph, x *graph.Node) *graph.Node{
		"max": func(g *testGraph, x *graph.Node) *graph.Node {
			return g.MaxPool2D(x, 2, 2, graph.Window{StrideH: 2, StrideW: 2})
		},
		"overlapping": func(g *testGraph, x *graph.Node) *graph.Node {
			return g.MaxPool2D(x, 3, 3, graph.Window{StrideH: 2, Padding: graph.Padding{Top: 1, Bottom: 1, Left: 1, Right: 1}})
		},
		"mean": func(g *testGraph, x *graph.Node) *graph.Node {
			return g.AvgPool2D(x, 3, 2, graph.Window{StrideW: 2, Padding: graph.Padding{Top: 2, Bottom: 1, Left: 0, Right: 1}}, false)
		},
		"mean of all": func(g *testGraph, x *graph.Node) *graph.Node {
			return g.AvgPool2D(x, 3, 2, graph.Window{StrideW: 2, Padding: graph.Padding{Top: 2, Bottom: 1, Left: 0, Right: 1}}, true)
		},
		"global max":     func(g *testGraph, x *graph.Node) *graph.Node { return g.GlobalMaxPool(x) },
		"global average": func(g *testGraph, x *graph.Node) *graph.Node { return g.GlobalAvgPool(x) },
	} {
		t.Run(name, func(t *testing.T) {
			model(func(g *testGraph) (*graph.Node, []*graph.Node) {
				x := spread(g, 2, 3, 6, 4)
				return scalar(g, pool(g, x)), []*graph.Node{x}
			}).check(t)
		})
	}
	for name, pool := range map[string]func(g *testGraph, x, lengths *graph.Node) *graph.Node{
		"max": func(g *testGraph, x, n *graph.Node) *graph.Node {
			return g.MaxPool1D(x, n, 3, graph.Window{StrideH: 2, Padding: graph.Padding{Top: 1}})
		},
		"mean": func(g *testGraph, x, n *graph.Node) *graph.Node {
			return g.AvgPool1D(x, n, 2, graph.Window{StrideH: 2}, false)
		},
	} {
		for _, masked := range []bool{false, true} {
			t.Run(fmt.Sprintf("sequence %s, lengths %v", name, masked), func(t *testing.T) {
				model(func(g *testGraph) (*graph.Node, []*graph.Node) {
					x := spread(g, 3, 6, 5)
					var lengths *graph.Node
					if masked {
						lengths = g.Input("lengths", []float32{3, 0, 6}, 3)
					}
					return scalar(g, pool(g, x, lengths)), []*graph.Node{x}
				}).check(t)
			})
		}
	}
}

// spread makes a parameter whose elements are so far apart that the step of a
// difference quotient does not change which is the largest.
func spread(g *testGraph, shape ...int) *graph.Node {
	x := param(g, "x", shape...)
	data := g.memory[x]
	for i := range data {
		data[i] = float32((i*7919)%len(data)) * 2 / float32(len(data))
	}
	return x
}

func TestConvolutionsSayWhatIsWrong(t *testing.T) {
	for name, build := range map[string]func(g *testGraph, x *graph.Node){
		"groups": func(g *testGraph, x *graph.Node) {
			g.Conv2D(x, param(g, "w", 4, 3, 3, 3), nil, graph.Window{}, 2, graph.Activation{})
		},
		"kernel": func(g *testGraph, x *graph.Node) {
			g.Conv2D(x, param(g, "w", 4, 3, 9, 3), nil, graph.Window{}, 1, graph.Activation{})
		},
		"weights": func(g *testGraph, x *graph.Node) {
			g.Conv2D(x, param(g, "w", 4, 2, 3, 3), nil, graph.Window{}, 1, graph.Activation{})
		},
		"stride": func(g *testGraph, x *graph.Node) {
			g.Conv2D(x, param(g, "w", 4, 3, 3, 3), nil, graph.Window{StrideH: -1}, 1, graph.Activation{})
		},
		"bias": func(g *testGraph, x *graph.Node) {
			g.Conv2D(x, param(g, "w", 4, 3, 3, 3), param(g, "b", 3), graph.Window{}, 1, graph.Activation{})
		},
		"rank": func(g *testGraph, x *graph.Node) {
			g.Conv1D(x, param(g, "w", 4, 3, 3), nil, graph.Window{}, 1, graph.Activation{})
		},
		"padding": func(g *testGraph, x *graph.Node) { g.MaxPool2D(x, 2, 2, graph.Window{Padding: graph.Padding{Top: 2}}) },
		"window":  func(g *testGraph, x *graph.Node) { g.AvgPool2D(x, 7, 2, graph.Window{}, false) },
		"mask":    func(g *testGraph, x *graph.Node) { g.MaskSteps(x, param(g, "n", 2)) },
	} {
		g := newGraph()
		build(g, param(g, "x", 2, 3, 6, 6))
		if g.Err() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// Values and gradients are those of PyTorch: testdata/conv_oracle.py made them.
func TestConvolutionsAgainstPyTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/conv_oracle.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Op                                string
		Shape, WShape                     []int
		Stride, Dilation, Padding, Window []int
		Groups                            int
		ReLU, Count                       bool
		X, Y, DY, DX, W, DW, B, DB        []float32
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		t.Run(fmt.Sprintf("%d %s", i, c.Op), func(t *testing.T) {
			g := newGraph()
			x := g.Param("x", c.X, c.Shape...)
			params, want := []*graph.Node{x}, [][]float32{c.DX}
			var w, b *graph.Node
			if c.W != nil {
				w, b = g.Param("w", c.W, c.WShape...), g.Param("b", c.B, len(c.B))
				params, want = append(params, w, b), append(want, c.DW, c.DB)
			}
			var window graph.Window
			if c.Stride != nil {
				window.StrideH, window.StrideW = c.Stride[0], c.Stride[1]
				window.Padding = graph.Padding{Top: c.Padding[0], Bottom: c.Padding[1], Left: c.Padding[2], Right: c.Padding[3]}
			}
			if c.Dilation != nil {
				window.DilationH, window.DilationW = c.Dilation[0], c.Dilation[1]
			}
			act := graph.Activation{}
			if c.ReLU {
				act.Kind = graph.ReLU
			}
			var y *graph.Node
			switch c.Op {
			case "conv2d":
				y = g.Conv2D(x, w, b, window, c.Groups, act)
			case "conv1d":
				y = g.Conv1D(x, w, b, window, c.Groups, act)
			case "max2d":
				y = g.MaxPool2D(x, c.Window[0], c.Window[1], window)
			case "avg2d":
				y = g.AvgPool2D(x, c.Window[0], c.Window[1], window, c.Count)
			case "max1d":
				y = g.MaxPool1D(x, nil, c.Window[0], window)
			case "avg1d":
				y = g.AvgPool1D(x, nil, c.Window[0], window, c.Count)
			case "globalmax":
				y = g.GlobalMaxPool(x)
			case "globalavg":
				y = g.GlobalAvgPool(x)
			}
			if g.Err() != nil {
				t.Fatal(g.Err())
			}
			// The loss sum((y + a)^2) with a = dy/2 - y has the gradient dy.
			n := len(c.Y)
			a := make([]float32, n)
			for i := range a {
				a[i] = c.DY[i]/2 - c.Y[i]
			}
			loss := g.SumSquares(g.Add(g.Reshape(y, 1, n), g.Input("a", a, 1, n)))
			grads := make([][]float32, len(params))
			for i := range grads {
				grads[i] = make([]float32, len(want[i]))
			}
			if _, err := g.Grad(loss, params, grads); err != nil {
				t.Fatal(err)
			}
			m, err := g.Machine(kernel.Tables()[0], 1, y)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			m.RunAll()
			for k, got := range append([][]float32{m.Data(y)}, grads...) {
				want := append([][]float32{c.Y}, want...)[k]
				for i := range want {
					if math.Abs(float64(got[i]-want[i])) > 1e-4 {
						t.Fatalf("%s[%d] is %v, PyTorch has %v", []string{"y", "dx", "dw", "db"}[k], i, got[i], want[i])
					}
				}
			}
		})
	}
}
