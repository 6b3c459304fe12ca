package cpu

import (
	"fmt"
	"strings"
	"unsafe"

	"pipe/nn/backend"
	"pipe/nn/cpu/kernel"
	"pipe/nn/cpu/vm"
	"pipe/nn/graph"
)

// A Backend runs graphs on a table of kernels. All give the same bits.
type Backend struct{ table *kernel.Table }

// New is the backend of the fastest kernels of this machine.
func New() *Backend { return &Backend{kernel.Tables()[0]} }

// On is the backend of a table of kernels.
func On(t *kernel.Table) *Backend { return &Backend{t} }

// Name tells it from others.
func (b *Backend) Name() string { return "cpu, " + b.table.String() }

// variable is memory of the process. Who holds the slice it was made of sees what
// programs write.
type variable []float32

// Variable makes memory that programs share.
func (b *Backend) Variable(data []float32, _ ...int) backend.Variable { return variable(data) }

func (v variable) Size() int { return len(v) }

func (v variable) Read(into []float32) error {
	if unsafe.SliceData(into) != unsafe.SliceData(v) { // else it is there already
		copy(into, v)
	}
	return nil
}

func (v variable) Write(from []float32) error {
	if unsafe.SliceData(from) != unsafe.SliceData(v) {
		copy(v, from)
	}
	return nil
}

func (variable) Close() error { return nil }

// A Program is a graph as a plan of kernel instructions.
type Program struct {
	plan    *vm.Program
	buffers map[*graph.Node]vm.Buffer // of leaves and of kept nodes
	own     int                       // bytes of leaves
	step    *uint64
}

// Compile plans a graph.
func (b *Backend) Compile(g *graph.Graph, keep []*graph.Node, o backend.Options) (backend.Program, error) {
	if g.Err() != nil {
		return nil, g.Err()
	}
	p := &Program{buffers: map[*graph.Node]vm.Buffer{}, step: new(uint64)}
	e := newEmitter(vm.NewBuilder(b.table), g, keep, p.step)
	for _, n := range g.Leaves() {
		size := n.Shape().Size()
		place, ok := o.Places[n]
		if !ok {
			p.own += 4 * size
			e.buffers[n] = e.Bind(make([]float32, size))
			continue
		}
		v, ours := place.Variable.(variable)
		if !ours || place.From < 0 || place.From+size > len(v) {
			return nil, fmt.Errorf("%v has no place of its size in a variable of this backend", n)
		}
		e.buffers[n] = e.Bind(v[place.From : place.From+size])
	}
	for _, n := range g.Leaves() {
		p.buffers[n] = e.buffers[n]
	}
	for _, c := range g.Calls() {
		if err := e.lower(c); err != nil {
			return nil, fmt.Errorf("%s: %w", b.Name(), err)
		}
	}
	var kept []vm.Buffer
	for _, n := range keep {
		id, ok := e.buffers[n]
		if !ok {
			return nil, fmt.Errorf("node %v is none of the graph", n)
		}
		p.buffers[n] = id
		kept = append(kept, id)
	}
	var err error
	var within *vm.Program
	if other, ours := o.Within.(*Program); ours {
		within = other.plan
	}
	if p.plan, err = e.CompileWithin(within, o.Threads, kept...); err != nil {
		return nil, err
	}
	return p, nil
}

// Run runs the program once.
func (p *Program) Run(step uint64) error {
	*p.step = step
	p.plan.Run()
	return nil
}

// Write fills a leaf.
func (p *Program) Write(leaf *graph.Node, from []float32) {
	copy(p.plan.Data(p.buffers[leaf]), from)
}

// Read copies a leaf or a node that was kept.
func (p *Program) Read(n *graph.Node, into []float32) error {
	copy(into, p.plan.Data(p.buffers[n]))
	return nil
}

// Bytes is the memory of the program beside variables.
func (p *Program) Bytes() int { return p.plan.Bytes() + p.own }

// Flops is the number of floating point operations of a run.
func (p *Program) Flops() float64 { return p.plan.Flops() }

// Subnormals counts subnormal numbers in memory: see vm.Program.Subnormals.
func (p *Program) Subnormals() int { return p.plan.Subnormals() }

// Profile says what each instruction costs.
func (p *Program) Profile(runs int) []backend.Timing {
	var list []backend.Timing
	for _, t := range p.plan.Profile(runs) {
		list = append(list, backend.Timing{Label: t.Label, Tasks: t.Tasks, Took: t.Took, Flops: t.Flops, Bytes: t.Bytes})
	}
	return list
}

// FirstNonFinite runs the program once more and finds the first operator with a
// result that is not finite.
func (p *Program) FirstNonFinite() (backend.Fault, bool) {
	label, index := p.plan.FirstNonFinite()
	if label == "" {
		return backend.Fault{}, false
	}
	scope, name, found := strings.Cut(label, scopeEnd)
	if !found {
		scope, name = "", label
	}
	return backend.Fault{Scope: scope, Operator: name, Index: index}, true
}

// Close frees the memory.
func (p *Program) Close() error { return p.plan.Close() }
