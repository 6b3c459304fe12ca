package cpu

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"pipe/nn/cpu/kernel"
	"pipe/nn/graph"
)

var lossSpecs = []graph.Loss{
	{Kind: graph.MSE}, {Kind: graph.MAE}, {Kind: graph.Huber}, {Kind: graph.Huber, Delta: 0.3}, {Kind: graph.Pinball}, {Kind: graph.Pinball, Quantile: 0.9}, {Kind: graph.Poisson},
	{Kind: graph.SigmoidCrossEntropy}, {Kind: graph.SigmoidCrossEntropy, Smoothing: 0.2}, {Kind: graph.SigmoidCrossEntropy, Gamma: 2},
	{Kind: graph.SigmoidCrossEntropy, Gamma: 1.5, Alpha: 0.25, Smoothing: 0.1},
	{Kind: graph.SoftmaxCrossEntropy}, {Kind: graph.SoftmaxCrossEntropy, Smoothing: 0.1}, {Kind: graph.SoftmaxCrossEntropy, Gamma: 2},
}

// lossCase makes targets and weights that fit; some rows do not exist.
func lossCase(s graph.Loss, m, k int) (y, w []float32) {
	w = numbers("w", m)
	for i := range w {
		w[i] += 1.5
		if i%4 == 2 {
			w[i] = 0
		}
	}
	y = numbers("y", m*k)
	switch s.Kind {
	case graph.SoftmaxCrossEntropy:
		y = y[:m]
		for i := range y {
			y[i] = float32(i * 5 % k)
			if w[i] == 0 {
				y[i] = float32(k)
			}
		}
	case graph.SigmoidCrossEntropy:
		for i := range y {
			y[i] = float32(i % 2)
		}
	case graph.MAE, graph.Pinball:
		for i, z := range numbers("z", m*k) { // away from the kink, which a difference quotient would straddle
			if math.Abs(float64(z-y[i])) < 0.02 {
				y[i] += 0.1
			}
		}
	}
	return y, w
}

func TestLoss(t *testing.T) {
	for _, s := range lossSpecs {
		for _, size := range [][2]int{{9, 1}, {6, 4}, {3, 37}} {
			m, k := size[0], size[1]
			y, w := lossCase(s, m, k)
			t.Run(fmt.Sprintf("%v/%v", s, size), func(t *testing.T) {
				lossOf := func(g *testGraph) (*graph.Node, []*graph.Node) {
					z := g.Param("z", numbers("z", m*k), m, k)
					loss := g.Loss(s, z, g.Input("y", y, len(y)), g.Input("w", w, m))
					return loss, []*graph.Node{z}
				}
				if s.Kind == graph.SoftmaxCrossEntropy && k == 1 {
					return // the loss of a single class is 0
				}
				model(lossOf).check(t)
				// The mean of Row over the rows.
				b := model(lossOf).build(t)
				got := b.run(t, kernel.Tables()[0], 1)
				z, want, total := numbers("z", m*k), 0.0, 0.0
				for i := range w {
					if w[i] == 0 {
						for _, d := range got[1][i*k : (i+1)*k] {
							if d != 0 {
								t.Errorf("row %d does not exist and has gradient %v", i, d)
							}
						}
						continue
					}
					n := len(y) / m
					want += float64(w[i]) * s.Row(z[i*k:(i+1)*k], y[i*n:(i+1)*n])
					total += float64(w[i])
				}
				if math.Abs(float64(got[0][0])-want/total) > 1e-6 {
					t.Errorf("loss %v, want %v", got[0][0], want/total)
				}
			})
		}
	}
}

// A loss behind layers, which are trained through it, with outputs whose memory
// the gradient takes over.
func TestLossOfANetwork(t *testing.T) {
	for _, s := range lossSpecs {
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			m, k := 5, 3
			y, w := lossCase(s, m, k)
			model(func(g *testGraph) (*graph.Node, []*graph.Node) {
				x, v, b := g.Input("x", numbers("x", m*4), m, 4), g.Param("v", numbers("v", 4*k), 4, k), g.Param("b", numbers("b", k), k)
				return g.Loss(s, g.Dense(x, v, b, graph.Activation{}), g.Input("y", y, len(y)), g.Input("w", w, m, 1)), []*graph.Node{v, b}
			}).check(t)
		})
	}
}

func TestABatchWithoutRowsHasNoLoss(t *testing.T) {
	nan := float32(math.NaN())
	for _, s := range lossSpecs {
		b := model(func(g *testGraph) (*graph.Node, []*graph.Node) {
			z := g.Param("z", []float32{nan, nan, nan, nan}, 2, 2)
			y, _ := lossCase(s, 2, 2)
			return g.Loss(s, z, g.Input("y", y, len(y)), g.Input("w", []float32{0, 0}, 2)), []*graph.Node{z}
		}).build(t)
		for k, list := range b.run(t, kernel.Tables()[0], 1) {
			for _, v := range list {
				if v != 0 {
					t.Errorf("%v: result %d is %v", s, k, v)
				}
			}
		}
	}
}

// Values and gradients are those of PyTorch.
func TestLossesAgreeWithPyTorch(t *testing.T) {
	data, err := os.ReadFile("testdata/loss_oracle.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Loss                graph.LossKind
		Params              graph.Loss
		M, K                int
		Z, Y, W, Rows, Grad []float32
		Value               float64
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		s := c.Params
		s.Kind = c.Loss
		t.Run(fmt.Sprintf("%v %d", s, c.K), func(t *testing.T) {
			b := model(func(g *testGraph) (*graph.Node, []*graph.Node) {
				z := g.Param("z", c.Z, c.M, c.K)
				return g.Loss(s, z, g.Input("y", c.Y, len(c.Y)), g.Input("w", c.W, c.M)), []*graph.Node{z}
			}).build(t)
			got := b.run(t, kernel.Tables()[0], 1)
			if math.Abs(float64(got[0][0])-c.Value) > 1e-6*max(1, math.Abs(c.Value)) {
				t.Errorf("loss %v, PyTorch has %v", got[0][0], c.Value)
			}
			for i, want := range c.Grad {
				if math.Abs(float64(got[1][i]-want)) > 1e-6 {
					t.Errorf("gradient %d is %v, PyTorch has %v", i, got[1][i], want)
				}
			}
			for i, want := range c.Rows {
				n := len(c.Y) / c.M
				if row := s.Row(c.Z[i*c.K:(i+1)*c.K], c.Y[i*n:(i+1)*n]); math.Abs(row-float64(want)) > 2e-6*max(1, math.Abs(row)) {
					t.Errorf("row %d is %v, PyTorch has %v", i, row, want)
				}
			}
		})
	}
}

func TestLossRefuses(t *testing.T) {
	nan := math.NaN()
	for want, s := range map[string]graph.Loss{
		`unknown loss "nll"`:          {Kind: "nll"},
		"mse has no delta":            {Kind: graph.MSE, Delta: 1},
		"huber has no quantile":       {Kind: graph.Huber, Quantile: 0.5},
		"delta NaN":                   {Kind: graph.Huber, Delta: nan},
		"quantile 1 is not in (0, 1)": {Kind: graph.Pinball, Quantile: 1},
		"label smoothing 1 is not in": {Kind: graph.SoftmaxCrossEntropy, Smoothing: 1},
		"gamma -1 is negative":        {Kind: graph.SoftmaxCrossEntropy, Gamma: -1},
		"alpha NaN is not in":         {Kind: graph.SigmoidCrossEntropy, Alpha: nan},
		"takes no alpha":              {Kind: graph.SoftmaxCrossEntropy, Alpha: 0.5},
		"neither label smoothing nor": {Kind: graph.MAE, Gamma: 1},
		"contradict each other":       {Kind: graph.SoftmaxCrossEntropy, Gamma: 1, Smoothing: 0.1},
	} {
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", s, err, want)
		}
	}
	for _, shapes := range [][3]int{{6, 6, 4}, {6, 5, 3}, {6, 6, 3}} {
		g := newGraph()
		leaf := func(n int) *graph.Node { return g.Input("x", make([]float32, n), n) }
		if g.Loss(graph.Loss{Kind: graph.SoftmaxCrossEntropy}, leaf(shapes[0]), leaf(shapes[1]), leaf(shapes[2])); g.Err() == nil {
			t.Errorf("shapes %v were taken", shapes)
		}
	}
	if v := (graph.Loss{Kind: graph.SoftmaxCrossEntropy}).Row([]float32{1, 2}, []float32{2}); v == v {
		t.Errorf("the loss of no class is %v", v)
	}
}
