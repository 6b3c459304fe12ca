package op

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"pipe/nn/kernel"
)

func TestConv2D(t *testing.T) {
	for _, c := range []struct {
		name       string
		x, w       []int
		window     Window
		groups     int
		activation Activation
	}{
		{"same", []int{2, 3, 5, 6}, []int{4, 3, 3, 3}, Window{Padding: Padding{1, 1, 1, 1}}, 1, Activation{Kind: kernel.Tanh}},
		{"stride", []int{3, 2, 7, 6}, []int{3, 2, 3, 2}, Window{StrideH: 2, StrideW: 3, Padding: Padding{2, 0, 1, 1}}, 1, Activation{Kind: kernel.GELU}},
		{"dilation and groups", []int{2, 4, 8, 7}, []int{6, 2, 3, 2}, Window{DilationH: 2, DilationW: 3, StrideH: 2}, 2, Activation{}},
		{"depthwise", []int{2, 3, 4, 4}, []int{6, 1, 3, 3}, Window{Padding: Padding{1, 1, 1, 1}}, 3, Activation{Kind: kernel.Sigmoid}},
		{"pointwise", []int{2, 3, 3, 4}, []int{5, 3, 1, 1}, Window{StrideH: 2, StrideW: 2}, 1, Activation{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			model(func(g *Graph) (*Node, []*Node) {
				x, w, b := param(g, "x", c.x...), param(g, "w", c.w...), param(g, "b", c.w[0])
				return scalar(g, g.Conv2D(x, w, b, c.window, c.groups, c.activation)), []*Node{x, w, b}
			}).check(t)
		})
	}
}

func TestConv1D(t *testing.T) {
	for _, c := range []struct {
		name   string
		x, w   []int
		window Window
		groups int
	}{
		{"same", []int{2, 7, 3}, []int{5, 3, 3}, Window{Padding: Padding{Top: 1, Bottom: 1}}, 1},
		{"causal", []int{2, 9, 2}, []int{4, 2, 3}, Window{DilationH: 2, Padding: Padding{Top: 4}}, 1},
		{"stride and groups", []int{2, 8, 4}, []int{6, 2, 3}, Window{StrideH: 2}, 2},
		{"one channel", []int{3, 12, 1}, []int{4, 1, 5}, Window{StrideH: 3, Padding: Padding{Bottom: 2}}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			model(func(g *Graph) (*Node, []*Node) {
				x, w, b := param(g, "x", c.x...), param(g, "w", c.w...), param(g, "b", c.w[0])
				lengths := g.Input("lengths", []float32{4, 8, 0}[:c.x[0]], c.x[0])
				y := g.Conv1D(g.MaskSteps(x, lengths), w, b, c.window, c.groups, Activation{Kind: kernel.Tanh})
				return scalar(g, y), []*Node{x, w, b}
			}).check(t)
		})
	}
}

func TestPools(t *testing.T) {
	for name, pool := range map[string]func(g *Graph, x *Node) *Node{
		"max": func(g *Graph, x *Node) *Node { return g.MaxPool2D(x, 2, 2, Window{StrideH: 2, StrideW: 2}) },
		"overlapping": func(g *Graph, x *Node) *Node {
			return g.MaxPool2D(x, 3, 3, Window{StrideH: 2, Padding: Padding{1, 1, 1, 1}})
		},
		"mean": func(g *Graph, x *Node) *Node {
			return g.AvgPool2D(x, 3, 2, Window{StrideW: 2, Padding: Padding{2, 1, 0, 1}}, false)
		},
		"mean of all": func(g *Graph, x *Node) *Node {
			return g.AvgPool2D(x, 3, 2, Window{StrideW: 2, Padding: Padding{2, 1, 0, 1}}, true)
		},
		"global max":     func(g *Graph, x *Node) *Node { return g.GlobalMaxPool(x) },
		"global average": func(g *Graph, x *Node) *Node { return g.GlobalAvgPool(x) },
	} {
		t.Run(name, func(t *testing.T) {
			model(func(g *Graph) (*Node, []*Node) {
				x := spread(g, 2, 3, 6, 4)
				return scalar(g, pool(g, x)), []*Node{x}
			}).check(t)
		})
	}
	for name, pool := range map[string]func(g *Graph, x, lengths *Node) *Node{
		"max": func(g *Graph, x, n *Node) *Node {
			return g.MaxPool1D(x, n, 3, Window{StrideH: 2, Padding: Padding{Top: 1}})
		},
		"mean":           func(g *Graph, x, n *Node) *Node { return g.AvgPool1D(x, n, 2, Window{StrideH: 2}, false) },
		"global max":     func(g *Graph, x, n *Node) *Node { return g.GlobalMaxPool1D(x, n) },
		"global average": func(g *Graph, x, n *Node) *Node { return g.GlobalAvgPool1D(x, n) },
	} {
		for _, masked := range []bool{false, true} {
			t.Run(fmt.Sprintf("sequence %s, lengths %v", name, masked), func(t *testing.T) {
				model(func(g *Graph) (*Node, []*Node) {
					x := spread(g, 3, 6, 5)
					var lengths *Node
					if masked {
						lengths = g.Input("lengths", []float32{3, 0, 6}, 3)
					}
					return scalar(g, pool(g, x, lengths)), []*Node{x}
				}).check(t)
			})
		}
	}
}

// spread makes a parameter whose elements are so far apart that the step of a
// difference quotient does not change which is the largest.
func spread(g *Graph, shape ...int) *Node {
	x := param(g, "x", shape...)
	data := g.leafs[x]
	for i := range data {
		data[i] = float32((i*7919)%len(data)) * 2 / float32(len(data))
	}
	return x
}

func TestConvolutionsSayWhatIsWrong(t *testing.T) {
	for name, build := range map[string]func(g *Graph, x *Node){
		"groups":  func(g *Graph, x *Node) { g.Conv2D(x, param(g, "w", 4, 3, 3, 3), nil, Window{}, 2, Activation{}) },
		"kernel":  func(g *Graph, x *Node) { g.Conv2D(x, param(g, "w", 4, 3, 9, 3), nil, Window{}, 1, Activation{}) },
		"weights": func(g *Graph, x *Node) { g.Conv2D(x, param(g, "w", 4, 2, 3, 3), nil, Window{}, 1, Activation{}) },
		"stride": func(g *Graph, x *Node) {
			g.Conv2D(x, param(g, "w", 4, 3, 3, 3), nil, Window{StrideH: -1}, 1, Activation{})
		},
		"bias": func(g *Graph, x *Node) {
			g.Conv2D(x, param(g, "w", 4, 3, 3, 3), param(g, "b", 3), Window{}, 1, Activation{})
		},
		"rank":    func(g *Graph, x *Node) { g.Conv1D(x, param(g, "w", 4, 3, 3), nil, Window{}, 1, Activation{}) },
		"padding": func(g *Graph, x *Node) { g.MaxPool2D(x, 2, 2, Window{Padding: Padding{Top: 2}}) },
		"window":  func(g *Graph, x *Node) { g.AvgPool2D(x, 7, 2, Window{}, false) },
		"mask":    func(g *Graph, x *Node) { g.MaskSteps(x, param(g, "n", 2)) },
	} {
		g := NewGraph()
		build(g, param(g, "x", 2, 3, 6, 6))
		if g.Err() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestSamePadding(t *testing.T) {
	for _, c := range [][6]int{{28, 3, 1, 1, 1, 1}, {28, 3, 2, 1, 0, 1}, {5, 4, 1, 1, 1, 2}, {9, 3, 1, 2, 2, 2}, {7, 1, 2, 1, 0, 0}} {
		if before, after := SamePadding(c[0], c[1], c[2], c[3]); before != c[4] || after != c[5] {
			t.Errorf("same padding of %v is %d, %d", c, before, after)
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
			g := NewGraph()
			x := g.Param("x", c.X, c.Shape...)
			params, want := []*Node{x}, [][]float32{c.DX}
			var w, b *Node
			if c.W != nil {
				w, b = g.Param("w", c.W, c.WShape...), g.Param("b", c.B, len(c.B))
				params, want = append(params, w, b), append(want, c.DW, c.DB)
			}
			var window Window
			if c.Stride != nil {
				window.StrideH, window.StrideW = c.Stride[0], c.Stride[1]
				window.Padding = Padding{c.Padding[0], c.Padding[1], c.Padding[2], c.Padding[3]}
			}
			if c.Dilation != nil {
				window.DilationH, window.DilationW = c.Dilation[0], c.Dilation[1]
			}
			act := Activation{}
			if c.ReLU {
				act.Kind = kernel.ReLU
			}
			var y *Node
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
