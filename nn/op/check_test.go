package op

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pipe/base/random"
	"pipe/nn/kernel"
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
func param(g *Graph, name string, shape ...int) *Node {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return g.Param(name, numbers(name, n), shape...)
}

// A model under test is a function that builds it: params are what to
// differentiate with respect to, loss is a scalar.
type model func(g *Graph) (loss *Node, params []*Node)

// built is a model with its gradient.
type built struct {
	g      *Graph
	loss   *Node
	params []*Node
	grads  [][]float32
	nodes  []*Node // of the gradients
}

func (m model) build(t testing.TB) *built {
	t.Helper()
	b := &built{g: NewGraph()}
	b.loss, b.params = m(b.g)
	if b.g.Err() != nil {
		t.Fatal(b.g.Err())
	}
	for _, p := range b.params {
		b.grads = append(b.grads, make([]float32, p.Shape().TotalSize()))
	}
	var err error
	if b.nodes, err = b.g.Grad(b.loss, b.params, b.grads); err != nil {
		t.Fatal(err)
	}
	b.g.SetStep(3)
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
	vm, err := b.g.Tape()
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	var out [][]float32
	for _, n := range append([]*Node{b.loss}, b.nodes...) {
		switch d := n.Value().Data().(type) {
		case float32:
			out = append(out, []float32{d})
		case []float32:
			out = append(out, slices.Clone(d))
		}
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
		data := b.g.leafs[p]
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
func scalar(g *Graph, x *Node) *Node {
	if g.Err() != nil {
		return nil
	}
	n := x.Shape().TotalSize()
	w := g.Input("scalar", numbers("scalar", n), 1, n)
	return g.SumSquares(g.Add(g.Reshape(x, 1, n), w))
}

func TestDense(t *testing.T) {
	for _, act := range []Activation{{}, {Kind: kernel.ReLU}, {kernel.LeakyReLU, 0.2}, {kernel.ELU, 0.7}, {Kind: kernel.GELU}, {Kind: kernel.SiLU},
		{Kind: kernel.Tanh}, {Kind: kernel.Sigmoid}, {Kind: kernel.Softplus}} {
		for _, shape := range [][]int{{6, 3}, {2, 5, 3}} {
			t.Run(fmt.Sprintf("%v/%v", act, shape), func(t *testing.T) {
				model(func(g *Graph) (*Node, []*Node) {
					n := 1
					for _, d := range shape {
						n *= d
					}
					x := g.Param("x", numbers("x", n), shape...)
					w, b := g.Param("w", numbers("w", 12), 3, 4), g.Param("b", numbers("b", 4), 4)
					v := g.Param("w", numbers("v", 8), 4, 2)
					h := g.Dropout(g.Dense(x, w, b, act), 0.3, random.New(1, "dropout", 0))
					return scalar(g, g.Dense(h, v, nil, Activation{})), []*Node{x, w, b, v}
				}).check(t)
			})
		}
	}
}

// A node with two readers gets the sum of their gradients.
func TestResidual(t *testing.T) {
	model(func(g *Graph) (*Node, []*Node) {
		x := g.Param("x", numbers("x", 12), 4, 3)
		w, b := g.Param("w", numbers("w", 9), 3, 3), g.Param("b", numbers("b", 3), 3)
		h := x
		for range 3 { // the same weights three times
			h = g.Add(h, g.Dense(h, w, b, Activation{Kind: kernel.Tanh}))
		}
		return scalar(g, h), []*Node{x, w, b}
	}).check(t)
}

func TestSpatialDropoutDropsPlanes(t *testing.T) {
	m := model(func(g *Graph) (*Node, []*Node) {
		x := g.Param("x", numbers("x", 2*3*5*2), 2, 3, 5, 2)
		return scalar(g, g.SpatialDropout(x, 0.5, random.New(1, "dropout", 0))), []*Node{x}
	})
	m.check(t)
}
