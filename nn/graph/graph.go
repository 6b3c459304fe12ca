package graph

import (
	"errors"
	"fmt"
	"slices"
)

// An Op is an operator: a value whose exported fields say all about it. It knows
// the shapes that it makes and the gradient that flows back through it, and
// nothing of who computes it. Inputs that are left out are nil, as are their shapes.
type Op interface {
	// Name is what people call it: "dense", "dense dw".
	Name() string
	// Infer gives the shapes of the results. A gradient flows through the first
	// one only; the others are what the gradient needs to know.
	Infer(in []Shape) ([]Shape, error)
	// Grad adds the gradients of the inputs that want one (Call.Wants), given that
	// of the first result, and gives them by input, nil for the others.
	Grad(g *Graph, c *Call, dy *Node) []*Node
}

// A Stopper is an operator with inputs that no gradient flows to, whatever they are.
type Stopper interface{ Stops(input int) bool }

// An Updater is an operator that changes inputs in place: leaves that are Param
// or State, or what another Updater has made of one. Nothing that is added later
// may take such an input. If there is one result, it is the new value of the first
// of them.
type Updater interface{ Updates() []int }

// A Decomposer is a fused operator that can say what it means in primitive ones.
type Decomposer interface {
	// Decompose adds them and gives the first result.
	Decompose(g *Graph, in []*Node) *Node
}

// backward is embedded in operators that are part of a gradient, or of what is
// done with one: they have none of their own.
type backward struct{}

func (backward) Grad(*Graph, *Call, *Node) []*Node { return nil }

// A Node is a value of a graph: a leaf, or a result of an operator.
type Node struct {
	name    string
	shape   Shape
	call    *Call // nil: a leaf
	index   int   // among the results
	id      int
	role    role
	updated bool // by an operator
	flows   bool // a gradient flows through it
	expr    *expression
}

type role int8

const (
	result role = iota
	input
	param
	state
)

// Shape is the shape of the value. It is not to be changed.
func (n *Node) Shape() Shape { return n.shape }

// Name is that of a leaf, else that of the operator.
func (n *Node) Name() string {
	if n.call != nil {
		return n.call.Op.Name()
	}
	return n.name
}

// Call is the operator that the value is a result of; nil: it is a leaf.
func (n *Node) Call() *Call { return n.call }

// Index is the place of the value among the results of its operator.
func (n *Node) Index() int { return n.index }

// String is short: what it is and its shape.
func (n *Node) String() string {
	if n.call == nil {
		return fmt.Sprintf("%s%v", n.name, []int(n.shape))
	}
	return fmt.Sprintf("%%%d%v", n.id, []int(n.shape))
}

// changes says whether operators can change it: it is a parameter or a state, or
// what became of one.
func (n *Node) changes() bool {
	if n.call == nil {
		return n.role == param || n.role == state
	}
	_, ok := n.call.Op.(Updater)
	return ok && len(n.call.Out) == 1
}

// A Call is an operator at one place of a graph.
type Call struct {
	Op    Op
	In    []*Node
	Out   []*Node
	Scope string // the layer that it belongs to, for people
}

// Wants says whether a gradient is to flow to an input.
func (c *Call) Wants(input int) bool {
	if input >= len(c.In) || c.In[input] == nil || !c.In[input].flows {
		return false
	}
	s, ok := c.Op.(Stopper)
	return !ok || !s.Stops(input)
}

func (c *Call) flows() bool {
	for i := range c.In {
		if c.Wants(i) {
			return true
		}
	}
	return false
}

// A Graph is a list of operators, each on leaves and on results of those before.
// Its methods may be called from one goroutine at a time; different graphs may be
// built in parallel. A method that fails returns nil and makes Err return its
// error, and later methods do nothing.
type Graph struct {
	calls  []*Call
	leaves []*Node
	nodes  int
	scope  string
	differ differentiator
	fixed  bool // what is added is part of a gradient: no other flows through it
	err    error
}

// New makes an empty graph.
func New() *Graph {
	g := &Graph{}
	g.differ.init()
	return g
}

// Err is the first error of the construction.
func (g *Graph) Err() error { return g.err }

// Calls are the operators in an order that they can be computed in.
func (g *Graph) Calls() []*Call { return g.calls }

// Leaves are the inputs, parameters and states.
func (g *Graph) Leaves() []*Node { return g.leaves }

// Scope names the layer that the next operators belong to, for people.
func (g *Graph) Scope(name string) { g.scope = name }

// Input makes a leaf that is written before a run.
func (g *Graph) Input(name string, shape ...int) *Node { return g.leaf(input, name, shape) }

// Param makes a leaf that the graph can be differentiated with respect to.
func (g *Graph) Param(name string, shape ...int) *Node { return g.leaf(param, name, shape) }

// State makes a leaf that operators change.
func (g *Graph) State(name string, shape ...int) *Node { return g.leaf(state, name, shape) }

func (g *Graph) leaf(r role, name string, shape Shape) *Node {
	if g.err != nil {
		return nil
	}
	if len(shape) == 0 || slices.Min(shape) < 1 {
		return g.fail("input %s: shape %v", name, []int(shape))
	}
	n := g.node(slices.Clone(shape))
	n.name, n.role, n.flows = name, r, r == param
	g.leaves = append(g.leaves, n)
	if err := g.differ.leaf(n); err != nil {
		return g.fail("input %s: %w", name, err)
	}
	return n
}

func (g *Graph) node(shape Shape) *Node {
	g.nodes++
	return &Node{shape: shape, id: g.nodes}
}

// Apply adds an operator and gives its first result. Inputs that are left out
// are nil, the last ones need not be mentioned.
func (g *Graph) Apply(op Op, in ...*Node) *Node {
	c := g.Call(op, in...)
	if c == nil {
		return nil
	}
	return c.Out[0]
}

// Call is Apply for operators of which more than the first result is needed.
func (g *Graph) Call(op Op, in ...*Node) *Call {
	c := g.record(op, in)
	if c == nil {
		return nil
	}
	if err := g.differ.apply(g, c); err != nil {
		g.fail("%s: %w", op.Name(), err)
		return nil
	}
	return c
}

// record adds an operator to the list.
func (g *Graph) record(op Op, in []*Node) *Call {
	if g.err != nil {
		return nil
	}
	shapes := make([]Shape, len(in))
	for i, n := range in {
		switch {
		case n == nil:
		case n.updated:
			g.fail("%s: input %d, %v, was updated before: take what the update gives", op.Name(), i, n)
			return nil
		default:
			shapes[i] = n.shape
		}
	}
	out, err := op.Infer(shapes)
	if err != nil {
		g.fail("%s: %w", op.Name(), err)
		return nil
	}
	c := &Call{Op: op, In: slices.Clone(in), Scope: g.scope}
	for i, s := range out {
		n := g.node(s)
		n.call, n.index = c, i
		c.Out = append(c.Out, n)
	}
	c.Out[0].flows = !g.fixed && c.flows()
	if u, ok := op.(Updater); ok {
		for _, i := range u.Updates() {
			if i >= len(in) || in[i] == nil {
				continue
			}
			if !in[i].changes() {
				g.fail("%s: input %d, %v, is no state and cannot be updated", op.Name(), i, in[i])
				return nil
			}
			in[i].updated = true
		}
	}
	g.calls = append(g.calls, c)
	return c
}

// Grad adds the gradients of a scalar with respect to parameters and gives them.
// It can be called once.
func (g *Graph) Grad(loss *Node, params ...*Node) ([]*Node, error) {
	if g.err != nil {
		return nil, g.err
	}
	if g.fixed {
		return nil, errors.New("the gradient of the graph was already built")
	}
	g.fixed = true
	nodes, err := g.differ.grad(g, loss, params)
	if err == nil {
		err = g.err
	}
	if err != nil {
		return nil, fmt.Errorf("differentiate the network: %w", err)
	}
	for i, n := range nodes {
		if n.shape.Size() != params[i].shape.Size() {
			return nil, fmt.Errorf("differentiate the network: the gradient of %s has shape %v", params[i].name, n.shape)
		}
	}
	return nodes, nil
}

// gradients asks an operator for its gradient.
func (g *Graph) gradients(c *Call, dy *Node) ([]*Node, error) {
	scope := g.scope
	g.scope = c.Scope
	nodes := c.Op.Grad(g, c, dy)
	g.scope = scope
	if g.err != nil {
		return nil, g.err
	}
	for i := range c.In {
		if c.Wants(i) && (i >= len(nodes) || nodes[i] == nil) {
			return nil, fmt.Errorf("%s gives no gradient of its input %d", c.Op.Name(), i)
		}
	}
	return nodes, nil
}

func (g *Graph) fail(format string, args ...any) *Node {
	if g.err == nil {
		g.err = fmt.Errorf(format, args...)
	}
	return nil
}
