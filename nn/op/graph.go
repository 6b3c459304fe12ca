package op

import (
	"errors"
	"fmt"
	"sync"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pipe/nn/vm"
)

// buildMu serialises all work on expression graphs, not their execution:
// gorgonia.Grad hashes a constant node that all graphs of the process share.
var buildMu sync.Mutex

// A Node is a value of a graph.
type Node = gorgonia.Node

// A Graph is one gorgonia graph under construction, with a fixed number of
// examples in each of its shapes. Its methods may be called from one goroutine
// at a time; different graphs may be built and run in parallel. A method that
// fails returns nil and makes Err return its error, and later methods do nothing.
type Graph struct {
	expr  *gorgonia.ExprGraph
	leafs map[*Node][]float32 // memory of inputs and parameters
	into  map[*Node][]float32 // where gradients of parameters go
	flows map[*Node]bool      // nodes that a gradient flows through
	ops   uint32
	names int
	scope string
	step  uint64
	done  bool // the gradient has been built
	alone []*vm.Program
	err   error
}

// NewGraph makes an empty graph.
func NewGraph() *Graph {
	return &Graph{expr: gorgonia.NewGraph(), leafs: map[*Node][]float32{}, into: map[*Node][]float32{}, flows: map[*Node]bool{}}
}

// Err is the first error of the construction.
func (g *Graph) Err() error { return g.err }

// Scope names the layer that the next operators belong to, for people.
func (g *Graph) Scope(name string) { g.scope = name }

// SetStep sets the step that dropout masks are drawn for. Call it between runs.
func (g *Graph) SetStep(step uint64) { g.step = step }

// Input makes a node whose value is whatever backing holds when the graph runs.
func (g *Graph) Input(name string, backing []float32, shape ...int) *Node {
	return g.leaf(name, backing, shape, false)
}

// Param makes an input that the graph can be differentiated with respect to.
// The backing is shared, never copied: several graphs can run over the same
// parameters, one at a time, and see each other's changes.
func (g *Graph) Param(name string, backing []float32, shape ...int) *Node {
	return g.leaf(name, backing, shape, true)
}

func (g *Graph) leaf(name string, backing []float32, shape tensor.Shape, param bool) *Node {
	if g.err != nil {
		return nil
	}
	if size := shape.TotalSize(); len(shape) == 0 || size < 1 || size != len(backing) {
		return g.fail("input %s: %d values do not fill shape %v", name, len(backing), shape)
	}
	buildMu.Lock()
	defer buildMu.Unlock()
	g.names++ // gorgonia takes two inputs of one name and shape for the same node
	n := gorgonia.NewTensor(g.expr, tensor.Float32, len(shape),
		gorgonia.WithShape(shape...), gorgonia.WithName(fmt.Sprintf("%s#%d", name, g.names)))
	value := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(backing))
	if err := gorgonia.Let(n, value); err != nil {
		return g.fail("input %s: %w", name, err)
	}
	g.leafs[n], g.flows[n] = backing, param
	return n
}

// Grad adds the gradient of a scalar to the graph. A Machine that is made
// afterwards writes the gradient of each parameter into the memory given for
// it. It can be called once: a second call of gorgonia.Grad on a graph silently
// gives the gradients of the first. The nodes are those of the gradients.
func (g *Graph) Grad(loss *Node, params []*Node, into [][]float32) ([]*Node, error) {
	if g.err != nil {
		return nil, g.err
	}
	if g.done {
		return nil, errors.New("the gradient of the graph was already built")
	}
	g.done = true
	buildMu.Lock()
	defer buildMu.Unlock()
	nodes, err := gorgonia.Grad(loss, params...)
	if err != nil {
		return nil, fmt.Errorf("differentiate the network: %w", err)
	}
	if g.err != nil {
		return nil, g.err
	}
	for i, n := range nodes {
		if want := params[i].Shape().TotalSize(); n.Shape().TotalSize() != want || len(into[i]) != want {
			return nil, fmt.Errorf("differentiate the network: the gradient of %s has shape %v", params[i].Name(), n.Shape())
		}
		if _, twice := g.into[n]; twice {
			return nil, fmt.Errorf("differentiate the network: %s shares its gradient with another parameter", params[i].Name())
		}
		g.into[n] = into[i]
	}
	return nodes, nil
}

// Tape makes gorgonia's own machine for the graph, the oracle of the tests. One
// machine at a time may run a graph. The caller closes it.
func (g *Graph) Tape() (vm gorgonia.VM, err error) {
	if g.err != nil {
		return nil, g.err
	}
	buildMu.Lock()
	defer buildMu.Unlock()
	defer func() {
		if r := recover(); r != nil {
			vm, err = nil, fmt.Errorf("compile the network: %v", r)
		}
	}()
	return tape{gorgonia.NewTapeMachine(g.expr), g}, nil
}

type tape struct {
	gorgonia.VM
	graph *Graph
}

func (t tape) Close() error { return errors.Join(t.VM.Close(), t.graph.closeAlone()) }

func (g *Graph) fail(format string, args ...any) *Node {
	if g.err == nil {
		g.err = fmt.Errorf(format, args...)
	}
	return nil
}
