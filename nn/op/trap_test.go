package op

import (
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pipe/base/random"
	"pipe/nn/kernel"
	"pipe/nn/vm"
)

// What gorgonia expects of operators from outside of it, and where it surprises
// them: a test for each.

// A net is rows x 3 -> dense 4 -> dropout -> dense k -> loss, with all that it
// reads. The weight of the last row is 0.
type net struct {
	g             *Graph
	x, target     []float32
	h, z, l       *Node
	params        []*Node
	grads         [][]float32
	gradientNodes []*Node
}

func newNet(t testing.TB, spec LossSpec, rows, k int) *net {
	t.Helper()
	n := &net{g: NewGraph(), x: numbers("x", rows*3)}
	n.target = numbers("t", rows*k)
	if spec.Loss == SoftmaxCrossEntropy {
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
	n.h = g.Dropout(g.Dense(x, w, b, Activation{Kind: kernel.Tanh}), 0.4, random.New(1, "dropout", 0))
	n.z = g.Dense(n.h, v, c, Activation{})
	n.l = g.Loss(spec, n.z, g.Input("target", n.target, len(n.target)), g.Input("weight", weight, rows))
	n.params = []*Node{x, w, b, v, c}
	if g.Err() != nil {
		t.Fatal(g.Err())
	}
	return n
}

func (n *net) grad(t testing.TB) *net {
	t.Helper()
	for _, p := range n.params {
		n.grads = append(n.grads, make([]float32, p.Shape().TotalSize()))
	}
	var err error
	if n.gradientNodes, err = n.g.Grad(n.l, n.params, n.grads); err != nil {
		t.Fatal(err)
	}
	return n
}

func machine(t testing.TB, g *Graph, keep ...*Node) *Machine {
	t.Helper()
	m, err := g.Machine(kernel.Tables()[0], 2, keep...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func run(t testing.TB, m gorgonia.VM) {
	t.Helper()
	m.Reset()
	if err := m.RunAll(); err != nil {
		t.Fatal(err)
	}
}

// gorgonia returns the Type of an operator to a pool after inference, so each
// call must give a new one.
func TestTrapTypeIsFresh(t *testing.T) {
	n := newNet(t, LossSpec{Loss: MSE}, 2, 1)
	o := n.z.Op()
	if o.Type() == o.Type() {
		t.Error("Type gave the same value twice")
	}
	for range 20 { // poisoned pools show up in later graphs
		newNet(t, LossSpec{Loss: MSE}, 2, 1).grad(t)
	}
}

// Nodes with equal hashes are merged, so two dropouts of one input would become
// one mask.
func TestTrapEqualOperatorsAreNotMerged(t *testing.T) {
	g := NewGraph()
	x := g.Param("x", numbers("x", 64), 8, 8)
	a := g.Dropout(x, 0.5, random.New(1, "a", 0))
	b := g.Dropout(x, 0.5, random.New(1, "b", 0))
	if g.Err() != nil || a == b {
		t.Fatalf("two dropouts are one node (error %v)", g.Err())
	}
	if a.Op().Hashcode() == b.Op().Hashcode() || a.Op().String() == b.Op().String() {
		t.Error("two operators have one hash")
	}
	m := machine(t, g, a, b)
	run(t, m)
	if slices.Equal(m.Data(a), m.Data(b)) {
		t.Error("two dropouts drew one mask")
	}
}

// Inputs are merged by name and shape.
func TestTrapInputsOfOneNameAreNotMerged(t *testing.T) {
	g := NewGraph()
	a, b := g.Param("w", make([]float32, 4), 2, 2), g.Param("w", make([]float32, 4), 2, 2)
	if a == b || a.Name() == b.Name() {
		t.Errorf("two parameters became one node: %s, %s", a.Name(), b.Name())
	}
}

// Constants are merged by the name they print, where %v elides the middle of a
// large one. There are none but the 1 that a gradient starts with, and no
// operator of gorgonia's own but the sum of gradients: the rest is ours.
func TestTrapNoConstantsAndNoNativeOperators(t *testing.T) {
	n := newNet(t, LossSpec{Loss: SoftmaxCrossEntropy}, 5, 3).grad(t)
	for _, node := range n.g.expr.AllNodes() {
		if _, ours := node.Op().(*fused); node.Op() != nil && !ours && node.Op().String() != "const 1" {
			t.Errorf("node %v is computed by gorgonia's %T %v", node, node.Op(), node.Op())
		}
	}
	if got := constants(n.g); got != 1 {
		t.Errorf("the graph has %d constants", got)
	}
}

func constants(g *Graph) (n int) {
	for _, node := range g.expr.AllNodes() {
		if node.Op() != nil && strings.HasPrefix(node.Op().String(), "const") {
			n++
		}
	}
	return n
}

// ApplyOp keeps the slice of children, and gorgonia may write to it.
func TestTrapChildrenAreCopied(t *testing.T) {
	g := NewGraph()
	x := g.Param("x", numbers("x", 4), 2, 2)
	in := []*Node{x}
	n := g.add(&fused{name: "copy", shape: tensor.Shape{2, 2}, lower: func(e *emitter, out vm.Buffer, in []vm.Buffer) {
		e.emit(copyInstr(in[0], out, 4))
	}}, in...)
	in[0] = nil
	m := machine(t, g, n, x)
	run(t, m)
	if !slices.Equal(m.Data(n), m.Data(x)) {
		t.Error("the operator lost its input")
	}
}

// DiffWRT must have full length also where nothing is differentiable, and says
// which gradients are wanted: that of the data is not computed.
func TestTrapDiffWRTHasFullLength(t *testing.T) {
	g := NewGraph()
	x := g.Input("x", numbers("x", 6), 2, 3)
	h := g.Dropout(x, 0.5, random.New(1, "d", 0)) // no parameter before it
	w, b := g.Param("w", numbers("w", 3), 3, 1), g.Param("b", numbers("b", 1), 1)
	z := g.Dense(h, w, b, Activation{})
	l := g.Loss(LossSpec{Loss: MSE}, z, g.Input("t", numbers("t", 2), 2), g.Input("w", []float32{1, 1}, 2))
	if g.Err() != nil {
		t.Fatal(g.Err())
	}
	for n, want := range map[*Node][]bool{h: {false}, z: {false, true, true}} {
		if got := n.Op().(gorgonia.SDOp).DiffWRT(len(want)); !slices.Equal(got, want) {
			t.Errorf("%v: DiffWRT is %v, want %v", n.Op(), got, want)
		}
	}
	if _, err := g.Grad(l, []*Node{w, b}, [][]float32{make([]float32, 3), make([]float32, 1)}); err != nil {
		t.Fatal(err)
	}
	for _, n := range g.expr.AllNodes() {
		if o, ours := n.Op().(*fused); ours && (o.name == "dense dx" || o.name == "dropout dx") {
			t.Errorf("the gradient of the data is computed: %v", o)
		}
	}
}

// Gradients are summed by an operator of gorgonia's own where a node has two
// readers: it has a kernel, and the sum is right for three.
func TestTrapSumOfGradients(t *testing.T) {
	model(func(g *Graph) (*Node, []*Node) {
		x := g.Param("x", numbers("x", 6), 2, 3)
		w := g.Param("w", numbers("w", 9), 3, 3)
		h := g.Dense(x, w, nil, Activation{Kind: kernel.Tanh})
		return scalar(g, g.Add(g.Add(g.Dense(h, w, nil, Activation{}), h), x)), []*Node{x, w}
	}).check(t)
}

// A second Grad on a graph returns the gradients of the first, silently.
func TestTrapGradOnlyOnce(t *testing.T) {
	n := newNet(t, LossSpec{Loss: MSE}, 2, 1).grad(t)
	if _, err := n.g.Grad(n.l, n.params, n.grads); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("second Grad: got error %v", err)
	}
}

// A parameter that the loss does not depend on is an error, not a nil.
func TestTrapUnreachedParameter(t *testing.T) {
	n := newNet(t, LossSpec{Loss: MSE}, 2, 1)
	stray := n.g.Param("stray", make([]float32, 1), 1)
	if _, err := n.g.Grad(n.l, []*Node{stray}, [][]float32{make([]float32, 1)}); err == nil {
		t.Error("no error for a parameter outside of the network")
	}
}

// The shape of a gradient is checked by nobody in gorgonia.
func TestTrapShapeOfGradients(t *testing.T) {
	n := newNet(t, LossSpec{Loss: MSE}, 2, 1)
	if _, err := n.g.Grad(n.l, n.params[:1], [][]float32{make([]float32, 5)}); err == nil || !strings.Contains(err.Error(), "shape") {
		t.Errorf("5 numbers for the gradient of 6: got error %v", err)
	}
}

// gorgonia's machine adds up gradients over runs. Ours overwrites them.
func TestTrapGradientsDoNotAccumulate(t *testing.T) {
	n := newNet(t, LossSpec{Loss: SoftmaxCrossEntropy}, 5, 3).grad(t)
	m := machine(t, n.g)
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
	if n := newNet(t, LossSpec{Loss: MSE}, 1, 1); !n.l.IsScalar() {
		t.Errorf("the loss has shape %v", n.l.Shape())
	}
	model(func(g *Graph) (*Node, []*Node) {
		x, w := g.Param("x", numbers("x", 3), 1, 3), g.Param("w", numbers("w", 3), 3, 1)
		z := g.Dense(x, w, nil, Activation{})
		return g.Loss(LossSpec{Loss: MSE}, z, g.Input("t", []float32{1}, 1), g.Input("w", []float32{1}, 1)), []*Node{x, w}
	}).check(t)
}

// Grad hashes a constant that all graphs share. Run with -race.
func TestTrapConcurrentBuilds(t *testing.T) {
	var wg sync.WaitGroup
	losses := make([]float32, 4)
	for i := range losses {
		wg.Go(func() {
			n := newNet(t, LossSpec{Loss: SoftmaxCrossEntropy}, 4, 3)
			for _, p := range n.params {
				n.grads = append(n.grads, make([]float32, p.Shape().TotalSize()))
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
	g := NewGraph()
	const n = 4096
	ones := slices.Repeat([]float32{1}, n)
	x := g.Param("x", ones, n, 1)
	z := g.Dropout(x, 0.25, random.New(5, "dropout", 0))
	l := g.Loss(LossSpec{Loss: MAE}, z, g.Input("t", make([]float32, n), n), g.Input("w", slices.Clone(ones), n))
	grad := make([]float32, n) // the slope of the mean of |z| is 1/n on the rows that are kept
	if _, err := g.Grad(l, []*Node{x}, [][]float32{grad}); err != nil {
		t.Fatal(err)
	}
	m := machine(t, g, z)
	var last []float32
	for step := range uint64(3) {
		g.SetStep(step)
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

// gorgonia's machine runs operators in a goroutine of its own, where a panic
// cannot be caught by the caller.
func TestTrapPanicBecomesError(t *testing.T) {
	g := NewGraph()
	x := g.Param("x", numbers("x", 4), 2, 2)
	g.add(&fused{name: "bad", shape: tensor.Shape{1}, lower: func(*emitter, vm.Buffer, []vm.Buffer) { panic("out of range") }}, x)
	tape, err := g.Tape()
	if err != nil {
		t.Fatal(err)
	}
	defer tape.Close()
	if err := tape.RunAll(); err == nil || !strings.Contains(err.Error(), "out of range") {
		t.Errorf("got error %v", err)
	}
}

func TestShapesAreChecked(t *testing.T) {
	mse := LossSpec{Loss: MSE}
	for name, f := range map[string]func(g *Graph){
		"backing": func(g *Graph) { g.Input("x", make([]float32, 3), 2, 2) },
		"dense":   func(g *Graph) { x := g.Input("x", make([]float32, 4), 2, 2); g.Dense(x, x, x, Activation{}) },
		"loss":    func(g *Graph) { z := denseOf(g); g.Loss(mse, z, z, g.Input("w", make([]float32, 4), 4)) },
		"width":   func(g *Graph) { y := g.Input("y", make([]float32, 2), 2); g.Loss(mse, denseOf(g), y, y) },
		"kind": func(g *Graph) {
			y := g.Input("y", make([]float32, 2), 2)
			g.Loss(LossSpec{Loss: "hinge"}, denseOf(g), y, y)
		},
		"rate": func(g *Graph) { g.Dropout(denseOf(g), 1, random.New(1, "d", 0)) },
		"add":  func(g *Graph) { x := g.Input("x", make([]float32, 4), 2, 2); g.Add(x, denseOf(g)) },
	} {
		g := NewGraph()
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

func denseOf(g *Graph) *Node {
	return g.Dense(g.Input("x", make([]float32, 4), 2, 2), g.Param("w", make([]float32, 6), 2, 3), g.Param("b", make([]float32, 3), 3), Activation{})
}

// A row of weight 0 does not count, even if its numbers are not finite.
func TestWeightZeroIgnoresTheRow(t *testing.T) {
	n := newNet(t, LossSpec{Loss: SoftmaxCrossEntropy}, 4, 3).grad(t)
	m := machine(t, n.g, n.l)
	run(t, m)
	loss, dw := m.Data(n.l)[0], slices.Clone(n.grads[3])
	n.x[9], n.target[3] = 1e30, 77 // of the last row
	run(t, m)
	if got := m.Data(n.l)[0]; got != loss || !slices.Equal(dw, n.grads[3]) {
		t.Errorf("loss %v became %v, gradient %v became %v", loss, got, dw, n.grads[3])
	}
}
