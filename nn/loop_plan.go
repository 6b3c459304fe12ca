package nn

import (
	"errors"
	"slices"

	"pipe/nn/backend"
	"pipe/nn/graph"
)

// An architecture puts networks into graphs. It is what the training loop knows
// of a Spec.
type architecture interface {
	// wire adds the network for a number of rows, over the numbers of m. In
	// training mode it also adds the loss: the mean over the rows, weighted.
	wire(g *graph.Graph, m *numbers, rows int, training bool) (*wiring, error)
}

// A wiring says what is where in a graph.
type wiring struct {
	x         []givenNode   // by input
	y, weight *graph.Node   // rows, or rows x targets; training only
	output    *graph.Node   // rows x outputs
	loss      *graph.Node   // a scalar; training only
	params    []*graph.Node // leaves, in the order of the numbers
	layers    []layerNode   // in order; training only
	parts     []partLeaf    // in place of weight, if the loss has parts
}

// A givenNode is an input, with the lengths (rows) of one that is ragged.
type givenNode struct{ values, lengths *graph.Node }

// A layerNode is the output of a layer.
type layerNode struct {
	name string
	node *graph.Node
}

// how says what plans run on.
type how struct {
	backend backend.Backend
	threads int
	idle    bool // nothing is ever run, and there is no memory
}

// memory is that of so many numbers.
func (h how) memory(n int) []float32 {
	if h.idle {
		return nil
	}
	return make([]float32, n)
}

// device is the backend, if it is one; else nil.
func (h how) device() backend.Device {
	d, _ := h.backend.(backend.Device)
	return d
}

// compile makes a program of graphs: of one, if the backend is no device, which has
// no use for the options either. It may use the memory of another program, if there is one.
func (h how) compile(within backend.Program, o backend.JoinOptions, parts ...backend.Part) (backend.Program, error) {
	d := h.device()
	if d == nil {
		p := parts[0]
		return h.backend.Compile(p.Graph, p.Keep, backend.Options{Threads: h.threads, Places: p.Places, Within: within})
	}
	program, err := d.Join(parts, o)
	if err != nil {
		return nil, err // and no program, of whatever type
	}
	return program, nil
}

// ahead is how many runs may be asked for before somebody looks at the first.
func (h how) ahead() int {
	if d := h.device(); d != nil {
		return max(1, d.Ahead())
	}
	return 1
}

// window is how many batches are asked for before training looks at the first few
// of them (ahead), so that a device has others to work on meanwhile.
func (h how) window() int {
	if h.device() != nil {
		return 2 * h.ahead()
	}
	return 1
}

// A batchLeaf is an input of a graph with memory to fill it from.
type batchLeaf struct {
	data     []float32
	variable backend.Variable
}

// A plan is a network for a fixed number of rows, ready to run.
type plan struct {
	*wiring
	extent    extent
	rows      int
	graph     *graph.Graph
	program   backend.Program
	places    map[*graph.Node]backend.Place
	tables    map[*graph.Node]backend.Rows // in place of inputs, if the device has the rows
	row       int                          // of those, the first of the next run
	inputs    []batchLeaf
	x         []given // memory of a batch, filled before a run
	y, weight []float32
	out       []float32 // after a run

	shorter map[int]*plan                 // by extent: for batches of short rows, in the memory of this one
	shorten func(e extent) (*plan, error) // makes those

	// Training only.
	lossNow []float32       // after a run
	factor  *graph.Node     // what gradients are multiplied by before they are added; nil: each batch is a step
	squares *graph.Node     // sums of the squares of the gradients so far, by trained parameter
	probe   backend.Program // the same, and what squares of the outputs of layers add up to
	layered *graph.Node     // those, by layer
}

// stepScope is what operators belong to that do something with gradients.
const stepScope = "step"

// newPlan plans for rows up to an extent. within is a plan for a larger one, in whose
// memory the batch is: nil if there is none.
func newPlan(e extent, m *numbers, rows int, h how, there *resident, training bool, within *plan) (*plan, error) {
	p := &plan{extent: e, rows: rows, graph: graph.New(), places: map[*graph.Node]backend.Place{}}
	var err error
	if p.wiring, err = e.arch.wire(p.graph, m, rows, training); err != nil {
		return nil, errors.Join(err, p.graph.Err())
	}
	for i, n := range p.params {
		p.places[n] = backend.Place{Variable: m.variable, From: m.params[i].from}
	}
	if there != nil {
		p.takeFrom(there, training)
		return p, nil
	}
	if within == nil {
		within = &plan{wiring: &wiring{parts: make([]partLeaf, len(p.parts))}, x: make([]given, len(p.wiring.x))}
	}
	for i, in := range p.wiring.x {
		x := given{values: p.input(h, in.values, within.x[i].values)}
		if in.lengths != nil {
			x.lengths = p.input(h, in.lengths, within.x[i].lengths)
		}
		p.x = append(p.x, x)
	}
	if training {
		p.y = p.input(h, p.wiring.y, within.y)
		if len(p.parts) == 0 {
			p.weight = p.input(h, p.wiring.weight, within.weight)
			return p, nil
		}
		if p.weight = within.weight; p.weight == nil {
			p.weight = h.memory(rows)
		}
		for i := range p.parts {
			p.parts[i].weight = p.input(h, p.parts[i].node, within.parts[i].weight)
		}
	}
	return p, nil
}

// to is the plan for an extent, by its index, which is made when it is first asked for.
func (p *plan) to(list extents, at int) (q *plan, err error) {
	if at == 0 {
		return p, nil
	}
	if q = p.shorter[at]; q != nil {
		return q, nil
	}
	if q, err = p.shorten(list[at]); err != nil {
		return nil, err
	}
	if p.shorter == nil {
		p.shorter = map[int]*plan{}
	}
	p.shorter[at] = q
	return q, nil
}

// takeFrom makes inputs of what is on a device.
func (p *plan) takeFrom(r *resident, training bool) {
	p.tables = map[*graph.Node]backend.Rows{}
	for i, in := range p.wiring.x {
		p.tables[in.values] = r.ordered(r.x[i])
		if in.lengths != nil {
			p.tables[in.lengths] = r.ordered(r.lengths[i])
		}
	}
	if training {
		p.tables[p.wiring.y], p.tables[p.wiring.weight] = r.ordered(r.targets), r.ordered(r.weights)
	}
}

// part is the graph for a program of a device.
func (p *plan) part(keep []*graph.Node) backend.Part {
	return backend.Part{Graph: p.graph, Keep: keep, Places: p.places, Rows: p.tables}
}

// input makes the memory of an input, or takes it of what there is.
func (p *plan) input(h how, n *graph.Node, room []float32) []float32 {
	data := room
	if data == nil {
		data = h.memory(n.Shape().Size())
	} else {
		data = data[:n.Shape().Size()]
	}
	v := h.backend.Variable(data, n.Shape().Size())
	p.inputs = append(p.inputs, batchLeaf{data, v})
	p.places[n] = backend.Place{Variable: v, Batch: true}
	return data
}

// training is what the plans of a training have in common.
type training struct {
	how
	numbers    *numbers
	gradients  backend.Variable // in the order of the numbers
	accumulate bool             // several batches are one step
	halt       backend.Variable // of a device: see backend.JoinOptions
	update     *updater
	there      *resident // the training data, if the device has it
}

// plan plans the forward and the backward pass. Gradients go into a variable:
// added to what is there, times a factor, if several batches are one step. With
// probes there is a second program for measuring layers.
//
// The step of the optimizer is a graph of its own (newUpdater), since between the
// two the loop looks whether the numbers are finite, and whether more batches
// belong to the step; and since it is the same for all sizes of batches. On a
// device, which looks by itself, both are one program if each batch is a step.
//
// It may use the memory of a plan for a larger extent; nil: there is none.
func (t *training) plan(e extent, rows int, probes bool, within *plan) (p *plan, err error) {
	m := t.numbers
	if p, err = newPlan(e, m, rows, t.how, t.there, true, within); err != nil {
		return nil, err
	}
	p.shorten = func(e extent) (*plan, error) { return t.plan(e, rows, probes, p) }
	p.lossNow = make([]float32, 1)
	var params, sums []*graph.Node
	for i, t := range m.params {
		if t.trained {
			params = append(params, p.params[i])
		}
	}
	grads, err := p.graph.Grad(p.loss, params...)
	if err != nil {
		return nil, err
	}
	g := p.graph
	g.Scope(stepScope)
	if t.accumulate {
		p.factor = g.Input("weight of the batch", 1)
	}
	for _, r := range m.params {
		if !r.trained {
			continue
		}
		grad := grads[len(sums)]
		sum := g.State("gradient of "+r.name, grad.Shape()...)
		p.places[sum] = backend.Place{Variable: t.gradients, From: r.from}
		if t.accumulate {
			sum = g.Apply(graph.Accumulate{}, sum, grad, p.factor)
		} else {
			sum = g.Assign(sum, grad)
		}
		sums = append(sums, sum)
	}
	keep := []*graph.Node{p.loss}
	if len(sums) > 0 {
		p.squares = g.Apply(graph.SquareSums{}, sums...)
		keep = append(keep, p.squares)
	}
	if probes && len(p.layers) > 0 {
		var outputs []*graph.Node
		for _, l := range p.layers {
			outputs = append(outputs, l.node)
		}
		p.layered = g.Apply(graph.SquareSums{}, outputs...)
	}
	if err := g.Err(); err != nil {
		return nil, err
	}
	var program, probe backend.Program
	if within != nil {
		program, probe = within.program, within.probe
	}
	if p.program, err = t.compile(p, keep, program); err == nil && p.layered != nil {
		p.probe, err = t.compile(p, append(keep, p.layered), probe)
	}
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// compile makes a program of a plan.
func (t *training) compile(p *plan, keep []*graph.Node, within backend.Program) (backend.Program, error) {
	parts := []backend.Part{p.part(keep)}
	o := backend.JoinOptions{Guard: []*graph.Node{p.loss}, Halt: t.halt}
	if p.squares != nil {
		o.Guard = append(o.Guard, p.squares)
	}
	if t.joined() {
		parts = append(parts, t.update.part())
		o.Scratch = []backend.Variable{t.gradients}
	}
	return t.how.compile(within, o, parts...)
}

// joined says whether the program of a plan does the step of the optimizer too.
func (t *training) joined() bool { return t.device() != nil && !t.accumulate }

// newEvaluation plans evaluation, in the memory of a plan for a larger extent if there is one.
func newEvaluation(e extent, m *numbers, rows int, h how, there *resident, within *plan) (p *plan, err error) {
	if p, err = newPlan(e, m, rows, h, there, false, within); err != nil {
		return nil, err
	}
	p.shorten = func(e extent) (*plan, error) { return newEvaluation(e, m, rows, h, there, p) }
	var program backend.Program
	if within != nil {
		p.out, program = within.out, within.program
	} else {
		p.out = h.memory(p.output.Shape().Size())
	}
	p.program, err = h.compile(program, backend.JoinOptions{}, p.part([]*graph.Node{p.output}))
	return p, err
}

// run executes the plan once on what is in the memory of the batch, and waits for
// it. step chooses the random numbers.
func (p *plan) run(step uint64) error {
	if err := p.ask(p.program, step); err != nil {
		return err
	}
	return p.read(p.program, p.result())
}

// ask is run without waiting.
func (p *plan) ask(program backend.Program, step uint64) error {
	p.weigh()
	if p.tables != nil {
		program.(backend.Queue).From(p.row)
	}
	for _, in := range p.inputs {
		if err := in.variable.Write(in.data); err != nil {
			return err
		}
	}
	return program.Run(step)
}

// A reading is where to put what a run leaves in a node.
type reading struct {
	node *graph.Node
	into []float32
}

// result is the loss or the output.
func (p *plan) result() reading {
	if p.loss != nil {
		return reading{p.loss, p.lossNow}
	}
	return reading{p.output, p.out}
}

func (p *plan) read(program backend.Program, list ...reading) error {
	for _, r := range list {
		if err := program.Read(r.node, r.into); err != nil {
			return err
		}
	}
	return nil
}

// later is read of the last run, whenever it is called. It is nil if the program is
// no queue: then read does it.
func later(program backend.Program, list ...reading) (look func() error) {
	q, ok := program.(backend.Queue)
	if !ok {
		return nil
	}
	list = slices.Clone(list)
	var looks []func([]float32) error
	for _, r := range list {
		looks = append(looks, q.Later(r.node))
	}
	return func() error {
		var errs []error
		for i, look := range looks {
			errs = append(errs, look(list[i].into))
		}
		return errors.Join(errs...)
	}
}

// choose is the program for a batch.
func (p *plan) choose(probe bool) backend.Program {
	if probe && p.probe != nil {
		return p.probe
	}
	return p.program
}

// askBatch is ask for training: the gradients count with a weight, if several
// batches are one step. The result is the program: probe chooses the one that gives
// the sums of the squares of the outputs of each layer. All else is the same to the
// bit.
func (p *plan) askBatch(step uint64, weight []float32, probe bool) (backend.Program, error) {
	program := p.choose(probe)
	if p.factor != nil {
		program.Write(p.factor, weight)
	}
	return program, p.ask(program, step)
}

func (p *plan) close() error {
	var errs []error
	for _, q := range p.shorter { // which use the memory of this one
		errs = append(errs, q.close())
	}
	p.shorter = nil
	for _, m := range []backend.Program{p.program, p.probe} {
		if m != nil {
			errs = append(errs, m.Close())
		}
	}
	for _, in := range p.inputs {
		errs = append(errs, in.variable.Close())
	}
	return errors.Join(errs...)
}

// again computes rows of a set once more, with random numbers of a step, to find out
// where numbers stop being finite. It closes the plan if that fails.
func (p *plan) again(s *set, rows []int, step uint64, augment augment) error {
	y, w := p.y, p.weight
	if p.loss == nil {
		y, w = make([]float32, p.rows*len(s.heads)), make([]float32, p.rows)
	}
	_, _, err := s.gather(rows, p.x, y, w, augment)
	if err == nil {
		err = p.run(step)
	}
	if err != nil {
		return errors.Join(err, p.close())
	}
	return nil
}

// layerOf is the layer and the operator of a fault, none if it is in what is done
// with gradients.
func layerOf(f backend.Fault, found bool) (layer, tensor string, index int, ok bool) {
	if !found || f.Scope == stepScope {
		return "", "", 0, false
	}
	return f.Scope, f.Operator, f.Index, true
}
