package nn

import (
	"errors"
	"fmt"

	"pipe/nn/kernel"
	"pipe/nn/op"
	"pipe/nn/optim"
)

// An architecture puts networks into graphs. It is what the training loop knows
// of a Spec.
type architecture interface {
	// wire adds the network for a number of rows, over the numbers of m. In
	// training mode it also adds the loss: the mean over the rows, weighted.
	wire(g *op.Graph, m *numbers, rows int, training bool) (*wiring, error)
}

// A wiring says what is where in a graph. Memory of the size of the batch is
// filled in before a run.
type wiring struct {
	x         []given     // by input
	y, weight []float32   // rows; training only
	output    *op.Node    // rows x outputs
	loss      *op.Node    // a scalar; training only
	params    []*op.Node  // those that are trained, in the order of the numbers; training only
	layers    []layerNode // in order; training only
}

// A layerNode is the output of a layer.
type layerNode struct {
	name string
	node *op.Node
}

// numbers are all numbers of a network that training changes. Plans share them:
// they see each other's changes, and one at a time may run.
type numbers struct {
	params []tensorAt
	flat   []float32 // the parameters, one behind the other
}

// A tensorAt is a parameter as a part of a flat memory.
type tensorAt struct {
	name    string // with that of its layer: "layers.0.weight"
	from    int
	size    int
	trained bool // by gradients; else by the way, as running means
	decays  bool // weight decay and L1 apply to it
}

// of is the parameter in a memory of the size of flat.
func (t tensorAt) of(flat []float32) []float32 { return flat[t.from : t.from+t.size : t.from+t.size] }

// trained lists the parameters that the optimizer changes.
func (m *numbers) trained() []optim.Range {
	var list []optim.Range
	for _, t := range m.params {
		if t.trained {
			list = append(list, optim.Range{From: t.from, Size: t.size, Decays: t.decays})
		}
	}
	return list
}

// clone is a copy with memory of its own.
func (m *numbers) clone() *numbers {
	return &numbers{m.params, append([]float32(nil), m.flat...)}
}

// A plan is a network for a fixed number of rows, ready to run.
type plan struct {
	*wiring
	rows    int
	graph   *op.Graph
	machine *op.Machine
	out     []float32 // rows x outputs, after a run in evaluation mode
	lossAt  []float32 // 1, after a run in training mode

	probe *op.Machine // the same, and what squares of the outputs of layers add up to
	norms []*op.Node  // by layer
}

// how says what plans run on.
type how struct {
	table   *kernel.Table
	threads int
}

// newTraining plans training; gradients go into grads, in the order of
// m.params. With probes there is a second machine for measuring layers.
func newTraining(a architecture, m *numbers, rows int, h how, grads []float32, probes bool) (p *plan, err error) {
	p = &plan{rows: rows, graph: op.NewGraph()}
	if p.wiring, err = a.wire(p.graph, m, rows, true); err != nil {
		return nil, errors.Join(err, p.graph.Err())
	}
	var into [][]float32
	for _, t := range m.params {
		if t.trained {
			into = append(into, t.of(grads))
		}
	}
	if len(into) != len(p.params) {
		return nil, fmt.Errorf("the network has %d parameters to train in the graph, %d in memory", len(p.params), len(into))
	}
	if _, err := p.graph.Grad(p.loss, p.params, into); err != nil {
		return nil, err
	}
	if probes { // after Grad, which would take them for a part of the way to the loss
		for _, l := range p.layers {
			p.norms = append(p.norms, p.graph.SumSquares(l.node))
		}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if p.machine, err = p.graph.Machine(h.table, h.threads, p.loss); err != nil {
		return nil, err
	}
	p.lossAt = p.machine.Data(p.loss)
	if probes {
		p.probe, err = p.graph.Machine(h.table, h.threads, append(p.norms[:len(p.norms):len(p.norms)], p.loss)...)
	}
	return p, err
}

// newEvaluation plans evaluation.
func newEvaluation(a architecture, m *numbers, rows int, h how) (p *plan, err error) {
	p = &plan{rows: rows, graph: op.NewGraph()}
	if p.wiring, err = a.wire(p.graph, m, rows, false); err != nil {
		return nil, errors.Join(err, p.graph.Err())
	}
	if p.machine, err = p.graph.Machine(h.table, h.threads, p.output); err != nil {
		return nil, err
	}
	p.out = p.machine.Data(p.output)
	return p, nil
}

// run executes the plan once. step chooses the random numbers.
func (p *plan) run(step uint64) error {
	p.graph.SetStep(step)
	return p.machine.RunAll()
}

// runProbe is run, with the squares of the outputs of each layer. The other
// results are the same to the bit.
func (p *plan) runProbe(step uint64, squares []float64) error {
	p.graph.SetStep(step)
	if err := p.probe.RunAll(); err != nil {
		return err
	}
	for i, n := range p.norms {
		squares[i] = float64(p.probe.Data(n)[0])
	}
	p.lossAt[0] = p.probe.Data(p.loss)[0]
	return nil
}

func (p *plan) close() error {
	var errs []error
	for _, m := range []*op.Machine{p.machine, p.probe} {
		if m != nil {
			errs = append(errs, m.Close())
		}
	}
	return errors.Join(errs...)
}

// layerOf splits the label of an operator, "layers.0: dense dw", into the layer
// and what it computes.
func layerOf(label string) (layer, tensor string) {
	for i := range len(label) - 1 {
		if label[i] == ':' && label[i+1] == ' ' {
			return label[:i], label[i+2:]
		}
	}
	return "", label
}
