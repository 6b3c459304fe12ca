package graph

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strings"
	"sync"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// This file is all there is of gorgonia: the expression graph that stands behind
// a Graph, node by node, and differentiates it. What gorgonia expects of
// operators from outside of it, and the surprises that its graphs hold for those
// who bring their own, are dealt with here once.

// buildMu serialises all work on expression graphs: gorgonia.Grad hashes a
// constant node that all graphs of the process share.
var buildMu sync.Mutex

type expression = gorgonia.Node

// A differentiator is the expression graph of a Graph.
type differentiator struct {
	expr  *gorgonia.ExprGraph
	nodes map[*expression]*Node
	ops   uint32
	busy  bool // gorgonia.Grad is running, under buildMu
	run   RunFunc
}

// A RunFunc computes an operator by itself: it fills in out.
type RunFunc func(c *Call, in, out [][]float32) error

func (d *differentiator) init() {
	d.expr, d.nodes = gorgonia.NewGraph(), map[*expression]*Node{}
}

func (d *differentiator) lock() func() {
	if d.busy {
		return func() {}
	}
	buildMu.Lock()
	return buildMu.Unlock
}

// leaf adds an input. gorgonia takes two inputs of one name and shape for the
// same node, so each has a number.
func (d *differentiator) leaf(n *Node) error {
	defer d.lock()()
	n.expr = gorgonia.NewTensor(d.expr, tensor.Float32, len(n.shape), gorgonia.WithShape(n.shape...),
		gorgonia.WithName(fmt.Sprintf("%s#%d", n.name, n.id)))
	d.nodes[n.expr] = n
	return nil
}

// apply adds an operator. Since a node has one value, several results are one
// behind the other in one node, and each is a view of it; the gradient of the
// first view is that of the whole.
func (d *differentiator) apply(g *Graph, c *Call) error {
	defer d.lock()()
	a := &adapter{graph: g, call: c, shape: tensor.Shape(c.Out[0].shape)}
	var in []*expression
	for i, n := range c.In {
		if n != nil {
			in = append(in, n.expr)
			a.at, a.diff = append(a.at, i), append(a.diff, !g.fixed && c.Wants(i))
		}
	}
	if len(c.Out) == 1 {
		return d.add(a, c.Out[0], in...)
	}
	size := 0
	for _, n := range c.Out {
		size += n.shape.Size()
	}
	a.shape = tensor.Shape{size}
	all := &Node{shape: Shape{size}}
	if err := d.add(a, all, in...); err != nil {
		return err
	}
	offset := 0
	for i, n := range c.Out {
		v := &adapter{graph: g, shape: tensor.Shape(n.shape), offset: offset, diff: []bool{i == 0 && slices.Contains(a.diff, true)}}
		if err := d.add(v, n, all.expr); err != nil {
			return err
		}
		offset += n.shape.Size()
	}
	return nil
}

func (d *differentiator) add(a *adapter, n *Node, in ...*expression) (err error) {
	d.ops++
	a.id = d.ops
	for _, x := range in {
		a.in = append(a.in, x.Type())
	}
	if a.diff == nil {
		a.diff = []bool{} // not nil: gorgonia takes that for an error
	}
	a.out = hm.Type(tensor.Float32)
	if len(a.shape) > 0 {
		a.out = gorgonia.TensorType{Dims: len(a.shape), Of: tensor.Float32}
	}
	if len(in) == 0 { // what has no inputs is an input, as far as gorgonia knows
		n.expr = gorgonia.NewTensor(d.expr, tensor.Float32, max(1, len(a.shape)), gorgonia.WithShape(append(tensor.Shape{}, a.shape...)...),
			gorgonia.WithName(fmt.Sprintf("%s#%d", a.call.Op.Name(), n.id)))
	} else if n.expr, err = gorgonia.ApplyOp(a, slices.Clone(in)...); err != nil { // ApplyOp keeps the slice
		return err
	}
	d.nodes[n.expr] = n
	return nil
}

// grad differentiates. A second call of gorgonia.Grad on a graph would silently
// give the gradients of the first.
func (d *differentiator) grad(g *Graph, loss *Node, params []*Node) ([]*Node, error) {
	buildMu.Lock()
	defer buildMu.Unlock()
	d.busy = true
	defer func() { d.busy = false }()
	var wrt []*expression
	for _, p := range params {
		wrt = append(wrt, p.expr)
	}
	exprs, err := gorgonia.Grad(loss.expr, wrt...)
	if err != nil {
		return nil, err
	}
	var nodes []*Node
	for _, x := range exprs {
		n, err := d.imported(g, x)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}

// imported is the node of an expression: one of ours, or what gorgonia.Grad adds
// by itself, which is the constant 1 and sums of gradients.
func (d *differentiator) imported(g *Graph, x *expression) (*Node, error) {
	if n := d.nodes[x]; n != nil {
		return n, nil
	}
	var op Op
	var in []*Node
	switch c, constant := x.Op().(interface{ Value() gorgonia.Value }); {
	case constant:
		v, ok := c.Value().Data().(float32)
		if !ok || len(x.Shape()) > 0 {
			return nil, fmt.Errorf("constant %v is not one float32", c.Value())
		}
		op = Constant{Value: v}
	case x.Op() != nil && strings.HasPrefix(x.Op().String(), "+ "):
		op = SumGradients{}
		for it := d.expr.From(x.ID()); it.Next(); {
			n, err := d.imported(g, it.Node().(*expression))
			if err != nil {
				return nil, err
			}
			in = append(in, n)
		}
	default:
		return nil, fmt.Errorf("%v of gorgonia is no operator of ours", x)
	}
	scope := g.scope
	g.scope = ""
	c := g.record(op, in)
	g.scope = scope
	if c == nil {
		return nil, g.err
	}
	c.Out[0].expr, d.nodes[x] = x, c.Out[0]
	return c.Out[0], nil
}

// An adapter is an operator of ours as gorgonia has them, made for one place in
// one graph; without a call it is a view.
type adapter struct {
	graph  *Graph
	call   *Call
	id     uint32 // unique in the graph
	at     []int  // inputs of the call that there are
	in     []hm.Type
	out    hm.Type
	shape  tensor.Shape
	offset int
	diff   []bool
	value  []float32
}

var _ gorgonia.SDOp = (*adapter)(nil)

func (o *adapter) Arity() int { return len(o.in) }

// Type is a new value at each call, since gorgonia returns it to a pool after
// it has inferred a node's type.
func (o *adapter) Type() hm.Type { return hm.NewFnType(append(slices.Clone(o.in), o.out)...) }

func (o *adapter) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) { return o.shape.Clone(), nil }
func (o *adapter) ReturnsPtr() bool                                      { return false }
func (o *adapter) CallsExtern() bool                                     { return false }
func (o *adapter) OverwritesInput() int                                  { return -1 }

// WriteHash and Hashcode tell every operator from every other: gorgonia merges
// nodes with equal hashes, and two dropout layers are two.
func (o *adapter) WriteHash(h hash.Hash) { binary.Write(h, binary.LittleEndian, o.id) }
func (o *adapter) Hashcode() uint32      { return o.id }

func (o *adapter) String() string {
	if o.call == nil {
		return fmt.Sprintf("view#%d", o.id)
	}
	return fmt.Sprintf("%s#%d", o.call.Op.Name(), o.id)
}

// DiffWRT says which inputs a gradient flows to, not which could have one. It has
// full length also where nothing is differentiable.
func (o *adapter) DiffWRT(int) []bool { return o.diff }

// SymDiff builds the gradient. It is called by gorgonia.Grad, under buildMu.
func (o *adapter) SymDiff(_ gorgonia.Nodes, _, grad *expression) (gorgonia.Nodes, error) {
	if o.call == nil {
		return gorgonia.Nodes{grad}, nil
	}
	dy, err := o.graph.differ.imported(o.graph, grad)
	if err != nil {
		return nil, err
	}
	grads, err := o.graph.gradients(o.call, dy)
	if err != nil {
		return nil, err
	}
	list := make(gorgonia.Nodes, len(o.at))
	for k, i := range o.at {
		if o.diff[k] {
			list[k] = grads[i].expr
		}
	}
	return list, nil
}

// Do runs the operator on its own. gorgonia's machine calls it in a goroutine,
// where a panic would end the process, so a panic becomes an error. The result
// is memory of the operator: a machine may hand out the same register twice,
// and a gradient must survive until it has been read.
func (o *adapter) Do(values ...gorgonia.Value) (_ gorgonia.Value, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v: %v", o, r)
		}
	}()
	var given [][]float32
	for _, v := range values {
		switch d := v.Data().(type) {
		case []float32:
			given = append(given, d)
		case float32:
			given = append(given, []float32{d})
		default:
			return nil, fmt.Errorf("%v: an input holds %T", o, d)
		}
	}
	o.value = make([]float32, Shape(o.shape).Size())
	if o.call == nil {
		copy(o.value, given[0][o.offset:])
	} else {
		in, out := make([][]float32, len(o.call.In)), [][]float32(nil)
		for k, i := range o.at {
			in[i] = given[k]
		}
		rest := o.value
		for _, n := range o.call.Out {
			size := n.shape.Size()
			out, rest = append(out, rest[:size:size]), rest[size:]
		}
		if err := o.graph.differ.run(o.call, in, out); err != nil {
			return nil, err
		}
	}
	if len(o.shape) == 0 {
		return gorgonia.NewF32(o.value[0]), nil
	}
	return tensor.New(tensor.WithShape(o.shape...), tensor.WithBacking(o.value)), nil
}

// A Tape is gorgonia's own machine for a graph: an oracle, which runs each
// operator by itself. States stay as they are.
type Tape struct {
	graph *Graph
	vm    gorgonia.VM
}

// Tape makes one. value gives what a leaf holds, run computes an operator. One
// machine at a time may run a graph. The caller closes it.
func (g *Graph) Tape(value func(leaf *Node) []float32, run RunFunc) (_ *Tape, err error) {
	if g.err != nil {
		return nil, g.err
	}
	buildMu.Lock()
	defer buildMu.Unlock()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("compile the network: %v", r)
		}
	}()
	g.differ.run = run
	for _, n := range g.leaves {
		v := tensor.New(tensor.WithShape(n.shape...), tensor.WithBacking(value(n)))
		if err := gorgonia.Let(n.expr, v); err != nil {
			return nil, err
		}
	}
	for _, c := range g.calls { // those that gorgonia takes for inputs
		if c.Out[0].expr.Op() != nil || len(c.In) > 0 {
			continue
		}
		out := make([]float32, c.Out[0].shape.Size())
		if err := run(c, nil, [][]float32{out}); err != nil {
			return nil, err
		}
		if err := gorgonia.Let(c.Out[0].expr, tensor.New(tensor.WithShape(c.Out[0].shape...), tensor.WithBacking(out))); err != nil {
			return nil, err
		}
	}
	return &Tape{g, gorgonia.NewTapeMachine(g.differ.expr)}, nil
}

// Run runs the graph once.
func (t *Tape) Run() error {
	t.vm.Reset()
	return t.vm.RunAll()
}

// Value is what a node holds after a run.
func (t *Tape) Value(n *Node) ([]float32, error) {
	v := n.expr.Value()
	if v == nil {
		return nil, errors.New("the node was not computed")
	}
	if d, ok := v.Data().(float32); ok {
		return []float32{d}, nil
	}
	return slices.Clone(v.Data().([]float32)), nil
}

// Close frees the machine.
func (t *Tape) Close() error { return t.vm.Close() }
