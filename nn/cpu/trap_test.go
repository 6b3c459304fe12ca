package cpu

import (
	"math"
	"slices"
	"sync"
	"testing"

	"pipe/base/random"
	"pipe/nn/cpu/kernel"
	"pipe/nn/graph"
)

// Where gorgonia surprises those who compute something: a test for each. What it
// expects of operators is tested in package graph.

// A net is rows x 3 -> dense 4 -> dropout -> dense k -> loss, with all that it
// reads. The weight of the last row is 0.
type net struct {
	g             *testGraph
	x, target     []float32
	h, z, l       *graph.Node
	params        []*graph.Node
	grads         [][]float32
	gradientNodes []*graph.Node
}

func newNet(t testing.TB, spec graph.Loss, rows, k int) *net {
	t.Helper()
	n := &net{g: newGraph(), x: numbers("x", rows*3)}
	n.target = numbers("t", rows*k)
	if spec.Kind == graph.SoftmaxCrossEntropy {
		n.target = n.target[:rows]
		for i := range n.target {
			n.target[i] = float32(i % k)
		}
	}
	weight := slices.Repeat([]float32{1.5}, rows)
	if rows > 1 {
		weight[rows-1] = 0
	}
	g := n.g
	x, w, b := g.Param("x", n.x, rows, 3), g.Param("w", numbers("w", 12), 3, 4), g.Param("b", numbers("b", 4), 4)
	v, c := g.Param("w", numbers("v", 4*k), 4, k), g.Param("b", numbers("c", k), k)
	n.h = drop(g, g.Dense(x, w, b, graph.Activation{Kind: graph.Tanh}), 0.4, random.New(1, "dropout", 0))
	n.z = g.Dense(n.h, v, c, graph.Activation{})
	n.l = g.Loss(spec, n.z, g.Input("target", n.target, len(n.target)), g.Input("weight", weight, rows))
	n.params = []*graph.Node{x, w, b, v, c}
	if g.Err() != nil {
		t.Fatal(g.Err())
	}
	return n
}

func (n *net) grad(t testing.TB) *net {
	t.Helper()
	for _, p := range n.params {
		n.grads = append(n.grads, make([]float32, p.Shape().Size()))
	}
	var err error
	if n.gradientNodes, err = n.g.Grad(n.l, n.params, n.grads); err != nil {
		t.Fatal(err)
	}
	return n
}

func compiled(t testing.TB, g *testGraph, keep ...*graph.Node) *machine {
	t.Helper()
	m, err := g.Machine(kernel.Tables()[0], 2, keep...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func run(t testing.TB, m *machine) {
	t.Helper()
	if err := m.RunAll(); err != nil {
		t.Fatal(err)
	}
}

// Nodes with equal hashes are merged, so two dropouts of one input would become
// one mask.
func TestTrapEqualOperatorsAreNotMerged(t *testing.T) {
	g := newGraph()
	x := g.Param("x", numbers("x", 64), 8, 8)
	a := drop(g, x, 0.5, random.New(1, "a", 0))
	b := drop(g, x, 0.5, random.New(1, "b", 0))
	if g.Err() != nil || a == b {
		t.Fatalf("two dropouts are one node (error %v)", g.Err())
	}
	m := compiled(t, g, a, b)
	run(t, m)
	if slices.Equal(m.Data(a), m.Data(b)) {
		t.Error("two dropouts drew one mask")
	}
}

// Gradients are summed by an operator of gorgonia's own where a node has two
// readers: it has a kernel, and the sum is right for three.
func TestTrapSumOfGradients(t *testing.T) {
	model(func(g *testGraph) (*graph.Node, []*graph.Node) {
		x := g.Param("x", numbers("x", 6), 2, 3)
		w := g.Param("w", numbers("w", 9), 3, 3)
		h := g.Dense(x, w, nil, graph.Activation{Kind: graph.Tanh})
		return scalar(g, g.Add(g.Add(g.Dense(h, w, nil, graph.Activation{}), h), x)), []*graph.Node{x, w}
	}).check(t)
}

// gorgonia's machine adds up gradients over runs. Ours overwrites them.
func TestTrapGradientsDoNotAccumulate(t *testing.T) {
	n := newNet(t, graph.Loss{Kind: graph.SoftmaxCrossEntropy}, 5, 3).grad(t)
	m := compiled(t, n.g)
	run(t, m)
	first := slices.Clone(n.grads[1])
	for range 3 {
		run(t, m)
	}
	if !slices.Equal(first, n.grads[1]) {
		t.Errorf("gradient after one run %v, after four %v", first, n.grads[1])
	}
}

// A batch of one row and one output still has a loss of scalar type.
func TestTrapOneRow(t *testing.T) {
	if n := newNet(t, graph.Loss{Kind: graph.MSE}, 1, 1); len(n.l.Shape()) != 0 {
		t.Errorf("the loss has shape %v", n.l.Shape())
	}
	model(func(g *testGraph) (*graph.Node, []*graph.Node) {
		x, w := g.Param("x", numbers("x", 3), 1, 3), g.Param("w", numbers("w", 3), 3, 1)
		z := g.Dense(x, w, nil, graph.Activation{})
		return g.Loss(graph.Loss{Kind: graph.MSE}, z, g.Input("t", []float32{1}, 1), g.Input("w", []float32{1}, 1)), []*graph.Node{x, w}
	}).check(t)
}

// Grad hashes a constant that all graphs share. Run with -race.
func TestTrapConcurrentBuilds(t *testing.T) {
	var wg sync.WaitGroup
	losses := make([]float32, 4)
	for i := range losses {
		wg.Go(func() {
			n := newNet(t, graph.Loss{Kind: graph.SoftmaxCrossEntropy}, 4, 3)
			for _, p := range n.params {
				n.grads = append(n.grads, make([]float32, p.Shape().Size()))
			}
			if _, err := n.g.Grad(n.l, n.params, n.grads); err != nil {
				t.Error(err)
				return
			}
			m, err := n.g.Machine(kernel.Tables()[0], 2, n.l)
			if err != nil {
				t.Error(err)
				return
			}
			defer m.Close()
			for range 5 {
				m.RunAll()
			}
			losses[i] = m.Data(n.l)[0]
		})
	}
	wg.Wait()
	if slices.Max(losses) != slices.Min(losses) || losses[0] == 0 {
		t.Errorf("equal networks have the losses %v", losses)
	}
}

// gorgonia's own dropout scales the gradient by another factor than the value.
// Here both use the same mask and factor, new at each step.
func TestTrapDropoutGradientUsesTheMaskOfTheStep(t *testing.T) {
	g := newGraph()
	const n = 4096
	ones := slices.Repeat([]float32{1}, n)
	x := g.Param("x", ones, n, 1)
	z := drop(g, x, 0.25, random.New(5, "dropout", 0))
	l := g.Loss(graph.Loss{Kind: graph.MAE}, z, g.Input("t", make([]float32, n), n), g.Input("w", slices.Clone(ones), n))
	grad := make([]float32, n) // the slope of the mean of |z| is 1/n on the rows that are kept
	if _, err := g.Grad(l, []*graph.Node{x}, [][]float32{grad}); err != nil {
		t.Fatal(err)
	}
	m := compiled(t, g, z)
	var last []float32
	for step := range uint64(3) {
		g.step = step
		run(t, m)
		kept := 0
		for i, v := range m.Data(z) {
			if want := v / n; grad[i] != want {
				t.Fatalf("step %d: z[%d] is %v, its gradient %v, want %v", step, i, v, grad[i], want)
			}
			if v != 0 {
				kept++
				if v != float32(1/0.75) {
					t.Fatalf("a kept value became %v", v)
				}
			}
		}
		if share := float64(kept) / n; math.Abs(share-0.75) > 0.03 {
			t.Errorf("step %d: %v of the values are kept", step, share)
		}
		if slices.Equal(last, m.Data(z)) {
			t.Error("two steps have one mask")
		}
		last = slices.Clone(m.Data(z))
	}
}

func TestShapesAreChecked(t *testing.T) {
	mse := graph.Loss{Kind: graph.MSE}
	for name, f := range map[string]func(g *testGraph){
		"backing": func(g *testGraph) { g.Input("x", nil, 2, 0) },
		"dense":   func(g *testGraph) { x := g.Input("x", make([]float32, 4), 2, 2); g.Dense(x, x, x, graph.Activation{}) },
		"loss":    func(g *testGraph) { z := denseOf(g); g.Loss(mse, z, z, g.Input("w", make([]float32, 4), 4)) },
		"width":   func(g *testGraph) { y := g.Input("y", make([]float32, 2), 2); g.Loss(mse, denseOf(g), y, y) },
		"kind": func(g *testGraph) {
			y := g.Input("y", make([]float32, 2), 2)
			g.Loss(graph.Loss{Kind: "hinge"}, denseOf(g), y, y)
		},
		"rate": func(g *testGraph) { drop(g, denseOf(g), 1, random.New(1, "d", 0)) },
		"add":  func(g *testGraph) { x := g.Input("x", make([]float32, 4), 2, 2); g.Add(x, denseOf(g)) },
	} {
		g := newGraph()
		f(g)
		if g.Err() == nil {
			t.Errorf("%s: no error", name)
		}
		if _, err := g.Tape(); err == nil {
			t.Errorf("%s: gorgonia's machine takes a broken graph", name)
		}
		if _, err := g.Machine(kernel.Tables()[0], 1); err == nil {
			t.Errorf("%s: a broken graph can be run", name)
		}
	}
}

func denseOf(g *testGraph) *graph.Node {
	return g.Dense(g.Input("x", make([]float32, 4), 2, 2), g.Param("w", make([]float32, 6), 2, 3), g.Param("b", make([]float32, 3), 3), graph.Activation{})
}

// A row of weight 0 does not count, even if its numbers are not finite.
func TestWeightZeroIgnoresTheRow(t *testing.T) {
	n := newNet(t, graph.Loss{Kind: graph.SoftmaxCrossEntropy}, 4, 3).grad(t)
	m := compiled(t, n.g, n.l)
	run(t, m)
	loss, dw := m.Data(n.l)[0], slices.Clone(n.grads[3])
	n.x[9], n.target[3] = 1e30, 77 // of the last row
	run(t, m)
	if got := m.Data(n.l)[0]; got != loss || !slices.Equal(dw, n.grads[3]) {
		t.Errorf("loss %v became %v, gradient %v became %v", loss, got, dw, n.grads[3])
	}
}
