package cpu

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pipe/base/random"
	"pipe/nn/backend"
	"pipe/nn/cpu/kernel"
	"pipe/nn/graph"
)

// numbers makes n values in [-1, 1).
func numbers(purpose string, n int) []float32 {
	s := random.New(1, purpose, 0)
	v := make([]float32, n)
	for i := range v {
		v[i] = 2*s.Float32(uint64(i)) - 1
	}
	return v
}

// param makes a parameter filled by its name.
func param(g *testGraph, name string, shape ...int) *graph.Node {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return g.Param(name, numbers(name, n), shape...)
}

// A testGraph is a graph with memory for its leaves.
type testGraph struct {
	*graph.Graph
	memory map[*graph.Node][]float32
	grads  []*graph.Node
	into   [][]float32
	step   uint64
}

func newGraph() *testGraph {
	return &testGraph{Graph: graph.New(), memory: map[*graph.Node][]float32{}}
}

func (g *testGraph) Input(name string, data []float32, shape ...int) *graph.Node {
	return g.with(g.Graph.State(name, shape...), data)
}

func (g *testGraph) Param(name string, data []float32, shape ...int) *graph.Node {
	return g.with(g.Graph.Param(name, shape...), data)
}

func (g *testGraph) with(n *graph.Node, data []float32) *graph.Node {
	g.memory[n] = data
	return n
}

// Grad differentiates; a machine that is made afterwards writes gradients into memory.
func (g *testGraph) Grad(loss *graph.Node, params []*graph.Node, into [][]float32) ([]*graph.Node, error) {
	var err error
	if g.grads, err = g.Graph.Grad(loss, params...); err == nil {
		g.into = into
	}
	return g.grads, err
}

// A machine is a program of a testGraph.
type machine struct {
	*Program
	g *testGraph
}

func (g *testGraph) Machine(table *kernel.Table, threads int, keep ...*graph.Node) (*machine, error) {
	b := On(table)
	o := backend.Options{Threads: threads, Places: map[*graph.Node]backend.Place{}}
	for n, data := range g.memory {
		o.Places[n] = backend.Place{Variable: b.Variable(data)}
	}
	p, err := b.Compile(g.Graph, append(keep[:len(keep):len(keep)], g.grads...), o)
	if err != nil {
		return nil, err
	}
	return &machine{p.(*Program), g}, nil
}

func (m *machine) RunAll() error {
	err := m.Run(m.g.step)
	for i, n := range m.g.grads {
		m.Read(n, m.g.into[i])
	}
	return err
}

func (m *machine) Data(n *graph.Node) []float32 { return m.plan.Data(m.buffers[n]) }

func drop(g *testGraph, x *graph.Node, rate float64, s random.Stream) *graph.Node {
	return g.Apply(graph.Dropout{Rate: rate, Key: s.Key()}, x)
}

func dropPlanes(g *testGraph, x *graph.Node, rate float64, s random.Stream) *graph.Node {
	return g.Apply(graph.Dropout{Rate: rate, Key: s.Key(), Spatial: true}, x)
}

// A model under test is a function that builds it: params are what to
// differentiate with respect to, loss is a scalar.
type model func(g *testGraph) (loss *graph.Node, params []*graph.Node)

// built is a model with its gradient.
type built struct {
	g      *testGraph
	loss   *graph.Node
	params []*graph.Node
	grads  [][]float32
	nodes  []*graph.Node // of the gradients
}

func (m model) build(t testing.TB) *built {
	t.Helper()
	b := &built{g: newGraph()}
	b.loss, b.params = m(b.g)
	if b.g.Err() != nil {
		t.Fatal(b.g.Err())
	}
	for _, p := range b.params {
		b.grads = append(b.grads, make([]float32, p.Shape().Size()))
	}
	var err error
	if b.nodes, err = b.g.Grad(b.loss, b.params, b.grads); err != nil {
		t.Fatal(err)
	}
	b.g.step = 3
	return b
}

// benchmark measures forward and backward, without an optimiser.
func (m model) benchmark(b *testing.B, threads int) {
	b.Helper()
	net := m.build(b)
	machine, err := net.g.Machine(kernel.Tables()[0], threads, net.loss)
	if err != nil {
		b.Fatal(err)
	}
	defer machine.Close()
	b.ReportAllocs()
	for b.Loop() {
		machine.RunAll()
	}
	b.ReportMetric(machine.Flops()/1e9/(b.Elapsed().Seconds()/float64(b.N)), "GFLOP/s")
	b.ReportMetric(float64(machine.Bytes())/1e6, "MB")
}

// run runs the model once and gives loss and gradients.
func (b *built) run(t testing.TB, table *kernel.Table, threads int) [][]float32 {
	t.Helper()
	m, err := b.g.Machine(table, threads, b.loss)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for _, g := range b.grads {
		for i := range g {
			g[i] = float32(math.NaN())
		}
	}
	if err := m.RunAll(); err != nil {
		t.Fatal(err)
	}
	out := [][]float32{slices.Clone(m.Data(b.loss))}
	for _, g := range b.grads {
		out = append(out, slices.Clone(g))
	}
	return out
}

// check holds a model against all oracles: every table of kernels and every
// number of threads gives the bits of gorgonia's machine, which runs each
// operator by itself on the reference kernels; and each gradient agrees with
// the slope of the loss.
func (m model) check(t *testing.T) {
	t.Helper()
	b := m.build(t)
	want := b.tape(t)
	for _, table := range append(kernel.Tables(), kernel.Reference()) {
		for threads := 1; threads <= 3; threads++ {
			got := b.run(t, table, threads)
			for k := range want {
				for i := range want[k] {
					if math.Float32bits(got[k][i]) != math.Float32bits(want[k][i]) {
						t.Fatalf("%v, %d threads: %s[%d] is %v, gorgonia's machine has %v", table, threads, b.name(k), i, got[k][i], want[k][i])
					}
				}
			}
		}
	}
	b.checkSlopes(t, want)
}

func (b *built) name(k int) string {
	if k == 0 {
		return "loss"
	}
	return "gradient of " + b.params[k-1].Name()
}

// tape gives loss and gradients of gorgonia's machine.
func (b *built) tape(t testing.TB) [][]float32 {
	t.Helper()
	tape, err := b.g.Tape()
	if err != nil {
		t.Fatal(err)
	}
	defer tape.Close()
	if err := tape.Run(); err != nil {
		t.Fatal(err)
	}
	var out [][]float32
	for _, n := range append([]*graph.Node{b.loss}, b.nodes...) {
		v, err := tape.Value(n)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

// checkSlopes compares gradients with differences of the loss. The step is
// large enough for float32 forward passes to show it.
func (b *built) checkSlopes(t *testing.T, want [][]float32) {
	t.Helper()
	m, err := b.g.Machine(kernel.Tables()[0], 1, b.loss)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	value := func() float64 {
		m.RunAll()
		return float64(m.Data(b.loss)[0])
	}
	moved := false
	for k, p := range b.params {
		data := b.g.memory[p]
		scale := 1.0
		for _, v := range want[k+1] {
			scale = max(scale, math.Abs(float64(v)))
		}
		for j, v := range data {
			if len(data) > 60 && j%(len(data)/40) != 0 {
				continue
			}
			const h = 1.0 / 256
			data[j] = v + h
			up := value()
			data[j] = v - h
			down := value()
			data[j] = v
			got := (up - down) / (2 * h)
			if math.Abs(got-float64(want[k+1][j])) > 4e-3*scale {
				t.Errorf("%s[%d]: gradient %v, difference quotient %v", p.Name(), j, want[k+1][j], got)
			}
			moved = moved || want[k+1][j] != 0
		}
	}
	if !moved {
		t.Error("all gradients are 0")
	}
}

// scalar makes a loss of a node that treats its elements differently.
func scalar(g *testGraph, x *graph.Node) *graph.Node {
	if g.Err() != nil {
		return nil
	}
	n := x.Shape().Size()
	w := g.Input("scalar", numbers("scalar", n), 1, n)
	return g.SumSquares(g.Add(g.Reshape(x, 1, n), w))
}

func TestDense(t *testing.T) {
	for _, act := range []graph.Activation{{}, {Kind: graph.ReLU}, {Kind: graph.LeakyReLU, Alpha: 0.2}, {Kind: graph.ELU, Alpha: 0.7}, {Kind: graph.GELU}, {Kind: graph.SiLU},
		{Kind: graph.Tanh}, {Kind: graph.Sigmoid}, {Kind: graph.Softplus}} {
		for _, shape := range [][]int{{6, 3}, {2, 5, 3}} {
			t.Run(fmt.Sprintf("%v/%v", act, shape), func(t *testing.T) {
				model(func(g *testGraph) (*graph.Node, []*graph.Node) {
					n := 1
					for _, d := range shape {
						n *= d
					}
					x := g.Param("x", numbers("x", n), shape...)
					w, b := g.Param("w", numbers("w", 12), 3, 4), g.Param("b", numbers("b", 4), 4)
					v := g.Param("w", numbers("v", 8), 4, 2)
					h := drop(g, g.Dense(x, w, b, act), 0.3, random.New(1, "dropout", 0))
					return scalar(g, g.Dense(h, v, nil, graph.Activation{})), []*graph.Node{x, w, b, v}
				}).check(t)
			})
		}
	}
}

// A node with two readers gets the sum of their gradients.
func TestResidual(t *testing.T) {
	model(func(g *testGraph) (*graph.Node, []*graph.Node) {
		x := g.Param("x", numbers("x", 12), 4, 3)
		w, b := g.Param("w", numbers("w", 9), 3, 3), g.Param("b", numbers("b", 3), 3)
		h := x
		for range 3 { // the same weights three times
			h = g.Add(h, g.Dense(h, w, b, graph.Activation{Kind: graph.Tanh}))
		}
		return scalar(g, h), []*graph.Node{x, w, b}
	}).check(t)
}

func TestSpatialDropoutDropsPlanes(t *testing.T) {
	m := model(func(g *testGraph) (*graph.Node, []*graph.Node) {
		x := g.Param("x", numbers("x", 2*3*5*2), 2, 3, 5, 2)
		return scalar(g, dropPlanes(g, x, 0.5, random.New(1, "dropout", 0))), []*graph.Node{x}
	})
	m.check(t)
}

// Of sequences whole steps are dropped, as their gradients say.
func TestSpatialDropoutDropsSteps(t *testing.T) {
	const rows, steps, width = 7, 11, 3
	m := model(func(g *testGraph) (*graph.Node, []*graph.Node) {
		x := g.Param("x", numbers("x", rows*steps*width), rows, steps, width)
		return scalar(g, dropPlanes(g, x, 0.25, random.New(1, "dropout", 0))), []*graph.Node{x}
	})
	m.check(t)
	dropped, grad := 0, m.build(t).run(t, kernel.Reference(), 1)[1]
	for i := range rows * steps {
		zeros := 0
		for _, v := range grad[i*width : (i+1)*width] {
			if v == 0 {
				zeros++
			}
		}
		if zeros%width != 0 {
			t.Fatalf("%d of %d numbers of step %d are dropped", zeros, width, i)
		}
		dropped += zeros / width
	}
	if dropped < 8 || dropped > 32 {
		t.Errorf("%d of %d steps are dropped at a rate of 0.25", dropped, rows*steps)
	}
}
