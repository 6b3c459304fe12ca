package xla

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"pipe/nn/backend"
	"pipe/nn/graph"
)

var lossSpecs = []graph.Loss{
	{Kind: graph.MSE}, {Kind: graph.MAE}, {Kind: graph.Huber, Delta: 0.3}, {Kind: graph.Huber, Delta: 5}, {Kind: graph.Pinball, Quantile: 0.9}, {Kind: graph.Poisson},
	{Kind: graph.SigmoidCrossEntropy}, {Kind: graph.SigmoidCrossEntropy, Smoothing: 0.2}, {Kind: graph.SigmoidCrossEntropy, Gamma: 2}, {Kind: graph.SigmoidCrossEntropy, Alpha: 0.25},
	{Kind: graph.SigmoidCrossEntropy, Gamma: 1.5, Alpha: 0.25, Smoothing: 0.1},
	{Kind: graph.SoftmaxCrossEntropy}, {Kind: graph.SoftmaxCrossEntropy, Smoothing: 0.1}, {Kind: graph.SoftmaxCrossEntropy, Gamma: 2},
}

// lossOf is a loss of m rows of k outputs, of which those without weight hold
// what nobody may see.
func lossOf(o graph.Loss, m, k int) model {
	nan := float32(math.NaN())
	return func(g *testGraph) (*graph.Node, []*graph.Node) {
		z, w, y := numbers("z", m*k), numbers("w", m), numbers("y", m*k)
		targets := k
		switch o.Kind {
		case graph.SoftmaxCrossEntropy:
			targets, y = 1, y[:m]
			for i := range y {
				y[i] = float32(i * 5 % k)
			}
		case graph.SigmoidCrossEntropy:
			for i := range y {
				y[i] = float32(i % 2)
			}
		}
		for r := range w {
			w[r] += 1.5
			if r%4 != 2 {
				continue
			}
			w[r] = 0
			for i := range k {
				z[r*k+i] = nan
			}
			for i := range targets {
				y[r*targets+i] = nan
			}
		}
		node := g.Param("z", z, m, k)
		return g.Loss(o, node, g.Input("y", y, len(y)), g.Input("w", w, m, 1)), []*graph.Node{node}
	}
}

func TestLoss(t *testing.T) {
	c, narrow := cases{}, cases{}
	for _, o := range lossSpecs {
		for _, k := range []int{1, 5} {
			if k == 1 && o.Kind == graph.SoftmaxCrossEntropy {
				continue // its gradient is 0
			}
			c[fmt.Sprint(o, " ", k)] = lossOf(o, 7, k)
			if k > 1 && (o.Gamma != 0 || o.Delta != 0) {
				narrow[fmt.Sprint(o)] = lossOfADense(o, 7, k)
			}
		}
	}
	for _, kind := range []graph.LossKind{graph.SoftmaxCrossEntropy, graph.SigmoidCrossEntropy} { // one row is certain, and right
		c["certain "+string(kind)] = func(g *testGraph) (*graph.Node, []*graph.Node) {
			y := []float32{0, 1, 0, 0}
			if kind == graph.SoftmaxCrossEntropy {
				y = []float32{1, 0}
			}
			z := g.Param("z", []float32{-300, 300, 0.5, 0.3}, 2, 2)
			return g.Loss(graph.Loss{Kind: kind, Gamma: 2}, z, g.Input("y", y, len(y)), g.Input("w", []float32{1, 2}, 2)), []*graph.Node{z}
		}
	}
	c["of a network"] = lossOfADense(graph.Loss{Kind: graph.SoftmaxCrossEntropy}, 5, 3)
	check(t, c)
	cases{"network": lossOfADense(graph.Loss{Kind: graph.SoftmaxCrossEntropy, Gamma: 2}, 6, 3)}.compare(t, Options{Devices: 2}, 1e-5, "x", "y", "w")
	narrow["of a network"] = c["of a network"]
	checkNarrow(t, narrow)
}

// lossOfADense is a loss of a network, whose gradient has a factor.
func lossOfADense(o graph.Loss, m, k int) model {
	return func(g *testGraph) (*graph.Node, []*graph.Node) {
		inner := newTestGraph()
		lossOf(o, m, k)(inner)
		leaves := inner.Leaves()
		y, w := inner.data[leaves[1]], inner.data[leaves[2]]
		x, v := g.Input("x", numbers("x", m*4), m, 4), g.Param("v", numbers("v", 4*k), 4, k)
		l := g.Loss(o, g.Dense(x, v, nil, graph.Activation{}), g.Input("y", y, len(y)), g.Input("w", w, m))
		return g.SumSquares(l), []*graph.Node{v}
	}
}

// What no row has a weight for is 0, and so is its gradient.
func TestLossWithoutRows(t *testing.T) {
	c := cases{}
	for _, o := range lossSpecs {
		c[fmt.Sprint(o)] = func(g *testGraph) (*graph.Node, []*graph.Node) {
			nan := float32(math.NaN())
			y := []float32{nan, nan, nan, nan}
			if o.Kind == graph.SoftmaxCrossEntropy {
				y = y[:2]
			}
			z := g.Param("z", []float32{nan, nan, nan, nan}, 2, 2)
			w := g.Input("w", []float32{0, 0}, 2)
			call := g.Call(o, z, g.Input("y", y, len(y)), w)
			grads := o.Grad(g.Graph, call, g.Apply(graph.Constant{Value: 1, Size: 1}))
			both := g.Apply(graph.SquareSums{}, call.Out[0], grads[0])
			g.Assign(g.State("seen", []float32{7, 7}, 2), both)
			return both, nil
		}
	}
	check(t, c)
}

// A row whose class is none of the outputs has no loss, and that shows.
func TestLossOfNoClass(t *testing.T) {
	on := open(t, Options{})
	g := graph.New()
	z, y, w := g.Param("z", 1, 3), g.Input("y", 1), g.Input("w", 1)
	loss := g.Loss(graph.Loss{Kind: graph.SoftmaxCrossEntropy, Smoothing: 0.1}, z, y, w)
	grads, err := g.Grad(loss, z)
	if err != nil {
		t.Fatal(err)
	}
	p, err := on.Compile(g, []*graph.Node{loss, grads[0]}, backend.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	p.Write(w, []float32{1})
	for _, class := range []float32{3, -1, float32(math.NaN()), 2} {
		p.Write(y, []float32{class})
		if err := p.Run(0); err != nil {
			t.Fatal(err)
		}
		l, dz := make([]float32, 1), make([]float32, 3)
		if err := errors.Join(p.Read(loss, l), p.Read(grads[0], dz)); err != nil {
			t.Fatal(err)
		}
		for _, v := range append(l, dz...) {
			if known := class == 2; (v == v) != known {
				t.Errorf("class %v of 3: loss %v, gradient %v", class, l, dz)
				break
			}
		}
	}
}
