package op

import (
	"errors"
	"fmt"
	"sync"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// buildMu serialises all work on expression graphs, not their execution:
// gorgonia.Grad hashes a constant node that all graphs of the process share.
var buildMu sync.Mutex

// A Node is a value of a graph.
type Node = gorgonia.Node

// A Graph is one gorgonia graph under construction, with a fixed number of
// rows in each of its shapes. Its methods may be called from one goroutine at a
// time; different graphs may be built and run in parallel. A method that fails
// returns nil and makes Err return its error, and later methods do nothing.
type Graph struct {
	expr  *gorgonia.ExprGraph
	data  map[*Node][]float32 // what the value of a node consists of
	grads map[*Node]bool      // nodes that a gradient flows through
	ops   uint32
	names int
	step  uint64
	done  bool // the gradient has been built
	err   error
}

// NewGraph makes an empty graph.
func NewGraph() *Graph {
	return &Graph{expr: gorgonia.NewGraph(), data: map[*Node][]float32{}, grads: map[*Node]bool{}}
}

// Err is the first error of the construction.
func (g *Graph) Err() error { return g.err }

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
	g.data[n], g.grads[n] = backing, param
	return n
}

// Data is the memory behind a node: valid for as long as the graph is, and
// written by each run.
func (g *Graph) Data(n *Node) []float32 { return g.data[n] }

// Grad adds the gradient of a scalar to the graph and returns, for each
// parameter, the memory that holds the gradient after each run. It can be
// called once: a second call of gorgonia.Grad on a graph silently gives the
// gradients of the first.
func (g *Graph) Grad(loss *Node, params ...*Node) ([][]float32, error) {
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
	out := make([][]float32, len(nodes))
	for i, n := range nodes {
		// A gradient that is not the output of one fused operator is a sum
		// that gorgonia made, in memory that its machine may use again.
		d, ok := g.data[n]
		if !ok || len(d) != len(g.data[params[i]]) {
			return nil, fmt.Errorf("differentiate the network: no usable gradient for %s", params[i].Name())
		}
		out[i] = d
	}
	return out, nil
}

// Tape makes gorgonia's own machine for the graph. One machine at a time may
// run a graph. The caller closes it.
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
	return gorgonia.NewTapeMachine(g.expr), nil
}

func (g *Graph) fail(format string, args ...any) *Node {
	if g.err == nil {
		g.err = fmt.Errorf(format, args...)
	}
	return nil
}
