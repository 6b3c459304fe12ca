package graph

import (
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
)

// What gorgonia expects of operators from outside of it, and where it surprises
// them: a test for each. Those that compute something are in package cpu.

// A net is rows x 3 -> dense 4 -> dropout -> dense k -> loss.
type net struct {
	g      *Graph
	z, l   *Node
	params []*Node
}

func newNet(t testing.TB, loss LossKind, rows, k int) *net {
	t.Helper()
	n := &net{g: New()}
	g, targets := n.g, rows*k
	if loss == SoftmaxCrossEntropy {
		targets = rows
	}
	x, w, b, v, c := g.Param("x", rows, 3), g.Param("w", 3, 4), g.Param("b", 4), g.Param("w", 4, k), g.Param("b", k)
	h := g.Apply(Dropout{Rate: 0.4}, g.Dense(x, w, b, Activation{Kind: Tanh}))
	n.z = g.Dense(h, v, c, Activation{})
	n.l = g.Loss(Loss{Kind: loss}, n.z, g.Input("target", targets), g.Input("weight", rows))
	n.params = []*Node{x, w, b, v, c}
	if g.Err() != nil {
		t.Fatal(g.Err())
	}
	return n
}

func (n *net) grad(t testing.TB) *net {
	t.Helper()
	if _, err := n.g.Grad(n.l, n.params...); err != nil {
		t.Fatal(err)
	}
	return n
}

// gorgonia returns the Type of an operator to a pool after inference, so each
// call must give a new one.
func TestTrapTypeIsFresh(t *testing.T) {
	n := newNet(t, MSE, 2, 1)
	o := n.z.expr.Op()
	if o.Type() == o.Type() {
		t.Error("Type gave the same value twice")
	}
	for range 20 { // poisoned pools show up in later graphs
		newNet(t, MSE, 2, 1).grad(t)
	}
}

// Inputs are merged by name and shape.
func TestTrapInputsOfOneNameAreNotMerged(t *testing.T) {
	g := New()
	a, b := g.Param("w", 2, 2), g.Param("w", 2, 2)
	if a.expr == b.expr || a.expr.Name() == b.expr.Name() {
		t.Errorf("two parameters became one node: %s, %s", a.expr.Name(), b.expr.Name())
	}
}

// Constants are merged by the name they print, where %v elides the middle of a
// large one. There are none but the 1 that a gradient starts with, and no
// operator of gorgonia's own but the sum of gradients: the rest is ours.
func TestTrapNoConstantsAndNoNativeOperators(t *testing.T) {
	n := newNet(t, SoftmaxCrossEntropy, 5, 3).grad(t)
	for _, node := range n.g.differ.expr.AllNodes() {
		if _, ours := node.Op().(*adapter); node.Op() != nil && !ours && node.Op().String() != "const 1" {
			t.Errorf("node %v is computed by gorgonia's %T %v", node, node.Op(), node.Op())
		}
	}
	if got := constants(n.g); got != 1 {
		t.Errorf("the graph has %d constants", got)
	}
}

func constants(g *Graph) (n int) {
	for _, node := range g.differ.expr.AllNodes() {
		if node.Op() != nil && strings.HasPrefix(node.Op().String(), "const") {
			n++
		}
	}
	return n
}

// ApplyOp keeps the slice of children, and gorgonia may write to it.
func TestTrapChildrenAreCopied(t *testing.T) {
	g := New()
	x := g.Param("x", 2, 2)
	in := []*Node{x}
	n := g.Apply(SumSquares{}, in...)
	in[0] = nil
	if n.call.In[0] != x || g.differ.expr.From(n.expr.ID()).Len() != 1 {
		t.Error("the operator lost its input")
	}
}

// DiffWRT must have full length also where nothing is differentiable, and says
// which gradients are wanted: that of the data is not computed.
func TestTrapDiffWRTHasFullLength(t *testing.T) {
	g := New()
	x := g.Input("x", 2, 3)
	h := g.Apply(Dropout{Rate: 0.5}, x) // no parameter before it
	w, b := g.Param("w", 3, 1), g.Param("b", 1)
	z := g.Dense(h, w, b, Activation{})
	l := g.Loss(Loss{Kind: MSE}, z, g.Input("t", 2), g.Input("w", 2))
	if g.Err() != nil {
		t.Fatal(g.Err())
	}
	for n, want := range map[*Node][]bool{h: {false}, z: {false, true, true}} {
		if got := n.expr.Op().(gorgonia.SDOp).DiffWRT(len(want)); !slices.Equal(got, want) {
			t.Errorf("%v: DiffWRT is %v, want %v", n.call.Op, got, want)
		}
	}
	if _, err := g.Grad(l, w, b); err != nil {
		t.Fatal(err)
	}
	for _, c := range g.Calls() {
		if name := c.Op.Name(); name == "dense dx" || name == "dropout dx" {
			t.Errorf("the gradient of the data is computed: %v", c.Op)
		}
	}
}

// A second Grad on a graph returns the gradients of the first, silently.
func TestTrapGradOnlyOnce(t *testing.T) {
	n := newNet(t, MSE, 2, 1).grad(t)
	if _, err := n.g.Grad(n.l, n.params...); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("second Grad: got error %v", err)
	}
}

// A parameter that the loss does not depend on is an error, not a nil.
func TestTrapUnreachedParameter(t *testing.T) {
	n := newNet(t, MSE, 2, 1)
	stray := n.g.Param("stray", 1)
	if _, err := n.g.Grad(n.l, stray); err == nil {
		t.Error("no error for a parameter outside of the network")
	}
}

// The shape of a gradient is checked by nobody in gorgonia.
func TestTrapShapeOfGradients(t *testing.T) {
	g := New()
	l := g.SumSquares(g.Apply(wrong{}, g.Param("x", 2, 3)))
	if _, err := g.Grad(l, g.leaves[0]); err == nil || !strings.Contains(err.Error(), "shape") {
		t.Errorf("a gradient of another shape: got error %v", err)
	}
}

// wrong gives a gradient of another shape than its input has.
type wrong struct{}

func (wrong) Name() string                      { return "wrong" }
func (wrong) Infer(in []Shape) ([]Shape, error) { return in[:1], nil }
func (wrong) Grad(g *Graph, _ *Call, dy *Node) []*Node {
	return []*Node{g.Apply(Constant{Size: 5})}
}

// An operator that forgets a gradient is an error that names it.
func TestTrapMissingGradient(t *testing.T) {
	g := New()
	x := g.Param("x", 2, 3)
	if _, err := g.Grad(g.SumSquares(g.Apply(SumGradients{}, x, x)), x); err == nil || !strings.Contains(err.Error(), "sum of gradients gives no gradient of its input 0") {
		t.Errorf("got error %v", err)
	}
}

// gorgonia's machine runs operators in a goroutine of its own, where a panic
// cannot be caught by the caller.
func TestTrapPanicBecomesError(t *testing.T) {
	g := New()
	g.SumSquares(g.Param("x", 2, 2))
	tape, err := g.Tape(func(n *Node) []float32 { return make([]float32, n.shape.Size()) },
		func(*Call, [][]float32, [][]float32) error { panic("out of range") })
	if err != nil {
		t.Fatal(err)
	}
	defer tape.Close()
	if err := tape.Run(); err == nil || !strings.Contains(err.Error(), "out of range") {
		t.Errorf("got error %v", err)
	}
}
