package op

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pipe/random"
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

// A net is a small network under test, with everything that it reads.
type net struct {
	g                    *Graph
	x, w, b, target, wgt []float32
	z, l                 *Node
	params               []*Node
}

// build makes rows x 3 -> dense(4, act) -> [dropout] -> dense(k) -> loss, with x
// as a parameter, so that its gradient is there to be checked.
func build(t testing.TB, act Activation, loss Loss, rows, k int, rate float64) *net {
	t.Helper()
	n := &net{g: NewGraph(), x: numbers("x", rows*3), w: numbers("w", 12), b: numbers("b", 4), wgt: numbers("wgt", rows)}
	n.target = make([]float32, rows)
	for i := range n.target {
		n.target[i] = numbers("t", rows)[i]
		if loss == SoftmaxCrossEntropy || loss == SigmoidCrossEntropy {
			n.target[i] = float32(i % max(k, 2))
		}
		n.wgt[i] += 1.5
	}
	n.wgt[rows-1] = 0
	g := n.g
	x, w, b := g.Param("x", n.x, rows, 3), g.Param("w", n.w, 3, 4), g.Param("b", n.b, 4)
	v, c := g.Param("w", numbers("v", 4*k), 4, k), g.Param("b", numbers("c", k), k)
	h := g.Dense(x, w, b, act)
	if rate > 0 {
		h = g.Dropout(h, rate, random.New(1, "dropout", 0))
	}
	n.z = g.Dense(h, v, c, Linear)
	n.l = g.Loss(loss, n.z, g.Input("target", n.target, rows), g.Input("weight", n.wgt, rows))
	n.params = []*Node{x, w, b, v, c}
	if g.Err() != nil {
		t.Fatal(g.Err())
	}
	return n
}

func tape(t testing.TB, g *Graph) gorgonia.VM {
	t.Helper()
	vm, err := g.Tape()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { vm.Close() })
	return vm
}

func run(t testing.TB, vm gorgonia.VM) {
	t.Helper()
	vm.Reset()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
}

// Each gradient agrees with the slope of the loss in float64 differences. The
// step is large enough for float32 forward passes to show it.
func TestGradientsAgreeWithFiniteDifferences(t *testing.T) {
	for _, act := range []Activation{Linear, ReLU, Tanh, Sigmoid} {
		for _, loss := range []Loss{SoftmaxCrossEntropy, SigmoidCrossEntropy, MSE, MAE, Huber} {
			for _, rate := range []float64{0, 0.5} {
				k := 1
				if loss == SoftmaxCrossEntropy {
					k = 3
				}
				t.Run(fmt.Sprintf("%s/%s/dropout=%v", act, loss, rate), func(t *testing.T) {
					checkGradients(t, build(t, act, loss, 6, k, rate))
				})
			}
		}
	}
}

func checkGradients(t *testing.T, n *net) {
	grads, err := n.g.Grad(n.l, n.params...)
	if err != nil {
		t.Fatal(err)
	}
	vm := tape(t, n.g)
	n.g.SetStep(3)
	value := func() float64 {
		run(t, vm)
		return float64(n.g.Data(n.l)[0])
	}
	value()
	want := make([][]float32, len(grads))
	for i := range grads {
		want[i] = slices.Clone(grads[i])
	}
	moved := false
	for i, p := range n.params {
		data := n.g.Data(p)
		for j, v := range data {
			const h = 1.0 / 512
			data[j] = v + h
			up := value()
			data[j] = v - h
			down := value()
			data[j] = v
			got := (up - down) / (2 * h)
			if math.Abs(got-float64(want[i][j])) > 2e-3 {
				t.Errorf("%s[%d]: gradient %v, finite difference %v", p.Name(), j, want[i][j], got)
			}
			moved = moved || want[i][j] != 0
		}
	}
	if !moved {
		t.Error("all gradients are 0")
	}
}

// Trap: gorgonia returns the Type of an operator to a pool after inference, so
// each call must give a new one.
func TestTrapTypeIsFresh(t *testing.T) {
	n := build(t, ReLU, MSE, 2, 1, 0)
	o := n.z.Op()
	if o.Type() == o.Type() {
		t.Error("Type gave the same value twice")
	}
	for range 20 { // poisoned pools show up in later graphs
		build(t, Tanh, MSE, 2, 1, 0.5)
	}
}

// Trap: nodes with equal hashes are merged, so two dropouts of one input would
// become one mask.
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
	run(t, tape(t, g))
	if slices.Equal(g.Data(a), g.Data(b)) {
		t.Error("two dropouts drew one mask")
	}
}

// Trap: inputs are merged by name and shape.
func TestTrapInputsOfOneNameAreNotMerged(t *testing.T) {
	g := NewGraph()
	a, b := g.Param("w", make([]float32, 4), 2, 2), g.Param("w", make([]float32, 4), 2, 2)
	if a == b || a.Name() == b.Name() {
		t.Errorf("two parameters became one node: %s, %s", a.Name(), b.Name())
	}
}

// Trap: ApplyOp keeps the slice of children, and gorgonia may write to it.
func TestTrapChildrenAreCopied(t *testing.T) {
	g := NewGraph()
	x := g.Param("x", numbers("x", 4), 2, 2)
	in := []*Node{x}
	o := &fused{name: "copy", shape: tensor.Shape{2, 2}, forward: func(out []float32, in [][]float32) { copy(out, in[0]) }}
	n := g.apply(o, in...)
	in[0] = nil
	run(t, tape(t, g))
	if !slices.Equal(g.Data(n), g.Data(x)) {
		t.Error("the operator lost its input")
	}
}

// Trap: DiffWRT must have full length also where nothing is differentiable, and
// says which gradients are wanted: that of the data is not computed.
func TestTrapDiffWRTHasFullLength(t *testing.T) {
	g := NewGraph()
	x := g.Input("x", numbers("x", 6), 2, 3)
	h := g.Dropout(x, 0.5, random.New(1, "d", 0)) // no parameter before it
	z := g.Dense(h, g.Param("w", numbers("w", 3), 3, 1), g.Param("b", numbers("b", 1), 1), Linear)
	l := g.Loss(MSE, z, g.Input("t", numbers("t", 2), 2), g.Input("w", []float32{1, 1}, 2))
	for n, want := range map[*Node][]bool{h: {false}, z: {false, true, true}, l: {true, false, false}} {
		if got := n.Op().(gorgonia.SDOp).DiffWRT(len(want)); !slices.Equal(got, want) {
			t.Errorf("%v: DiffWRT is %v, want %v", n.Op(), got, want)
		}
	}
	before := int(g.ops)
	var leaves []*Node
	for _, n := range g.expr.AllNodes() {
		if g.grads[n] && n.Op() == nil {
			leaves = append(leaves, n)
		}
	}
	if _, err := g.Grad(l, leaves...); err != nil {
		t.Fatal(err)
	}
	if added := int(g.ops) - before; added != 3 { // loss.dz, dense.dw, dense.db
		t.Errorf("the gradient has %d operators, want 3 (no dx of the data)", added)
	}
}

// Trap: a second Grad on a graph returns the gradients of the first, silently.
func TestTrapGradOnlyOnce(t *testing.T) {
	n := build(t, ReLU, MSE, 2, 1, 0)
	if _, err := n.g.Grad(n.l, n.params...); err != nil {
		t.Fatal(err)
	}
	if _, err := n.g.Grad(n.l, n.params...); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("second Grad: got error %v", err)
	}
}

// Trap: a parameter that the loss does not depend on is an error, not a nil.
func TestTrapUnreachedParameter(t *testing.T) {
	n := build(t, ReLU, MSE, 2, 1, 0)
	stray := n.g.Param("stray", make([]float32, 1), 1)
	if _, err := n.g.Grad(n.l, append(n.params, stray)...); err == nil {
		t.Error("no error for a parameter outside of the network")
	}
}

// Trap: a tape machine with dual values adds up gradients over runs. Ours are
// overwritten by each run, and they are stable memory: registers are not used.
func TestTrapGradientsDoNotAccumulate(t *testing.T) {
	n := build(t, Tanh, SoftmaxCrossEntropy, 5, 3, 0)
	grads, err := n.g.Grad(n.l, n.params...)
	if err != nil {
		t.Fatal(err)
	}
	vm := tape(t, n.g)
	run(t, vm)
	first := slices.Clone(grads[1])
	for range 3 {
		run(t, vm)
	}
	if !slices.Equal(first, grads[1]) {
		t.Errorf("gradient after one run %v, after four %v", first, grads[1])
	}
}

// Trap: with a native operator in the graph, a register that holds the output
// of a fused one could be handed out again. There are none but the constant 1
// that the gradient starts with.
func TestTrapNoNativeOperators(t *testing.T) {
	n := build(t, Sigmoid, SoftmaxCrossEntropy, 5, 3, 0.5)
	if _, err := n.g.Grad(n.l, n.params...); err != nil {
		t.Fatal(err)
	}
	for _, node := range n.g.expr.AllNodes() {
		if _, ours := node.Op().(*fused); node.Op() != nil && !ours && fmt.Sprint(node.Op()) != "const 1" {
			t.Errorf("node %v is computed by gorgonia's %T %v", node, node.Op(), node.Op())
		}
	}
}

// Trap: a batch of one row and one output still has a loss of scalar type.
func TestTrapOneRow(t *testing.T) {
	n := build(t, ReLU, MSE, 1, 1, 0)
	n.wgt[0] = 1
	if !n.l.IsScalar() {
		t.Errorf("the loss has shape %v", n.l.Shape())
	}
	checkGradients(t, n)
}

// Trap: Grad hashes a constant that all graphs share. Run with -race.
func TestTrapConcurrentBuilds(t *testing.T) {
	var wg sync.WaitGroup
	losses := make([]float32, 4)
	for i := range losses {
		wg.Go(func() {
			n := build(t, ReLU, SoftmaxCrossEntropy, 4, 3, 0.5)
			if _, err := n.g.Grad(n.l, n.params...); err != nil {
				t.Error(err)
				return
			}
			vm, err := n.g.Tape()
			if err != nil {
				t.Error(err)
				return
			}
			defer vm.Close()
			for range 5 {
				vm.Reset()
				if err := vm.RunAll(); err != nil {
					t.Error(err)
				}
			}
			losses[i] = n.g.Data(n.l)[0]
		})
	}
	wg.Wait()
	if slices.Max(losses) != slices.Min(losses) {
		t.Errorf("equal networks have the losses %v", losses)
	}
}

// Trap: gorgonia's own dropout scales the gradient by another factor than the
// value. Here both use the same mask and factor, new at each step.
func TestTrapDropoutGradientUsesTheMaskOfTheStep(t *testing.T) {
	g := NewGraph()
	const n = 4096
	ones := slices.Repeat([]float32{1}, n)
	x := g.Param("x", ones, n, 1)
	z := g.Dropout(x, 0.25, random.New(5, "dropout", 0))
	l := g.Loss(MAE, z, g.Input("t", make([]float32, n), n), g.Input("w", slices.Clone(ones), n))
	// slope of the mean of |z| is 1/n on the rows that are kept
	grads, err := g.Grad(l, x)
	if err != nil {
		t.Fatal(err)
	}
	vm := tape(t, g)
	var last []float32
	for step := range uint64(3) {
		g.SetStep(step)
		run(t, vm)
		kept := 0
		for i, v := range g.Data(z) {
			if want := v / n; grads[0][i] != want {
				t.Fatalf("step %d: z[%d] is %v, its gradient %v, want %v", step, i, v, grads[0][i], want)
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
		if slices.Equal(last, g.Data(z)) {
			t.Error("two steps have one mask")
		}
		last = slices.Clone(g.Data(z))
	}
}

// Trap: the machine runs operators in a goroutine of its own, where a panic
// cannot be caught by the caller.
func TestTrapPanicBecomesError(t *testing.T) {
	g := NewGraph()
	x := g.Param("x", numbers("x", 4), 2, 2)
	g.apply(&fused{name: "bad", shape: tensor.Shape{1}, forward: func(out []float32, in [][]float32) { _ = in[0][len(in[0])] }}, x)
	vm := tape(t, g)
	if err := vm.RunAll(); err == nil || !strings.Contains(err.Error(), "out of range") {
		t.Errorf("got error %v", err)
	}
}

func TestShapesAreChecked(t *testing.T) {
	for name, f := range map[string]func(g *Graph){
		"backing":    func(g *Graph) { g.Input("x", make([]float32, 3), 2, 2) },
		"dense":      func(g *Graph) { x := g.Input("x", make([]float32, 4), 2, 2); g.Dense(x, x, x, ReLU) },
		"activation": func(g *Graph) { denseOf(g, "gelu") },
		"loss":       func(g *Graph) { z := denseOf(g, ReLU); g.Loss(MSE, z, z, z) },
		"width":      func(g *Graph) { y := g.Input("y", make([]float32, 2), 2); g.Loss(MSE, denseOf(g, ReLU), y, y) },
		"kind":       func(g *Graph) { y := g.Input("y", make([]float32, 2), 2); g.Loss("hinge", denseOf(g, ReLU), y, y) },
		"rate":       func(g *Graph) { g.Dropout(denseOf(g, ReLU), 1, random.New(1, "d", 0)) },
	} {
		g := NewGraph()
		f(g)
		if g.Err() == nil {
			t.Errorf("%s: no error", name)
		}
		if _, err := g.Tape(); err == nil {
			t.Errorf("%s: a broken graph can be run", name)
		}
	}
}

func denseOf(g *Graph, act Activation) *Node {
	return g.Dense(g.Input("x", make([]float32, 4), 2, 2), g.Param("w", make([]float32, 6), 2, 3), g.Param("b", make([]float32, 3), 3), act)
}

// A row of weight 0 does not count, even if its numbers are not finite.
func TestWeightZeroIgnoresTheRow(t *testing.T) {
	n := build(t, ReLU, SoftmaxCrossEntropy, 4, 3, 0)
	grads, err := n.g.Grad(n.l, n.params...)
	if err != nil {
		t.Fatal(err)
	}
	vm := tape(t, n.g)
	run(t, vm)
	loss, dw := n.g.Data(n.l)[0], slices.Clone(grads[1])
	n.x[9], n.target[3] = 1e30, 77 // row 3 has weight 0
	run(t, vm)
	if got := n.g.Data(n.l)[0]; got != loss || !slices.Equal(dw, grads[1]) {
		t.Errorf("loss %v became %v", loss, got)
	}
}
