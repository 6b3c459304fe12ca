package op

import (
	"fmt"
	"slices"
	"strings"

	"gorgonia.org/gorgonia"

	"pipe/nn/kernel"
	"pipe/nn/vm"
)

// A Machine runs a graph as one program of kernels. It is a gorgonia.VM. One
// goroutine at a time may use it.
type Machine struct {
	program *vm.Program
	buffers map[*Node]vm.Buffer // of the nodes that were kept
}

var _ gorgonia.VM = (*Machine)(nil)

// Machine makes a machine for the graph as it is now, on up to so many threads
// (0: one for each CPU). Kept nodes and the gradients of parameters have their
// values after each run; of the rest nothing more is computed than they need.
func (g *Graph) Machine(table *kernel.Table, threads int, keep ...*Node) (*Machine, error) {
	if g.err != nil {
		return nil, g.err
	}
	b := vm.NewBuilder(table)
	nodes := slices.Clone(g.expr.AllNodes())
	slices.SortFunc(nodes, func(a, b *Node) int { return int(a.ID() - b.ID()) }) // inputs have smaller numbers
	buffers := map[*Node]vm.Buffer{}
	for _, n := range nodes {
		if err := g.lower(b, n, buffers); err != nil {
			return nil, err
		}
	}
	m := &Machine{buffers: map[*Node]vm.Buffer{}}
	var kept []vm.Buffer
	for _, n := range keep {
		id, ok := buffers[n]
		if !ok {
			return nil, fmt.Errorf("node %v is none of the graph", n)
		}
		m.buffers[n] = id
		kept = append(kept, id)
	}
	var err error
	m.program, err = b.Compile(threads, kept...)
	return m, err
}

// lower emits a node: an input, an operator of ours, or what gorgonia.Grad adds
// by itself, which is the constant 1 and sums of gradients.
func (g *Graph) lower(b *vm.Builder, n *Node, buffers map[*Node]vm.Buffer) error {
	if data, ok := g.leafs[n]; ok {
		buffers[n] = b.Bind(data)
		return nil
	}
	var in []vm.Buffer
	for _, c := range g.inputs(n) {
		in = append(in, buffers[c])
	}
	size := max(1, n.Shape().TotalSize())
	into, bound := g.into[n]
	o, ours := n.Op().(*fused)
	if ours && o.view && !bound {
		buffers[n] = b.View(in[0], o.offset, size)
		return nil
	}
	out := vm.Buffer(0)
	if bound {
		out = b.Bind(into)
	} else {
		out = b.Alloc(size)
	}
	buffers[n] = out
	e := &emitter{Builder: b, step: &g.step}
	switch c, constant := n.Op().(interface{ Value() gorgonia.Value }); {
	case ours && o.view:
		e.label = o.label()
		e.emit(copyInstr(b.View(in[0], o.offset, size), out, size))
	case ours:
		e.label = o.label()
		o.lower(e, out, in)
	case constant:
		v, ok := c.Value().Data().(float32)
		if !ok {
			return fmt.Errorf("constant %v is not a float32", c.Value())
		}
		e.label = "constant"
		e.emit(vm.Instr{Op: kernel.Fill, Tasks: 1, I: [16]int64{int64(size), int64(size)}, F: [8]float32{v}, P: []vm.Operand{vm.Write(out)}})
	case n.Op() != nil && strings.HasPrefix(n.Op().String(), "+ ") && len(in) == 2:
		e.label = "sum of gradients"
		e.emit(elementwise(kernel.Add, size, vm.Read(in[0]), vm.Read(in[1]), vm.WriteOver(out, 0)))
	default:
		return fmt.Errorf("%v of gorgonia has no kernel", n)
	}
	return nil
}

// inputs lists the children of a node in order.
func (g *Graph) inputs(n *Node) []*Node {
	var list []*Node
	for it := g.expr.From(n.ID()); it.Next(); {
		list = append(list, it.Node().(*Node))
	}
	return list
}

// Data is the value of a kept node: valid until Close, written by each run.
func (m *Machine) Data(n *Node) []float32 { return m.program.Data(m.buffers[n]) }

// RunAll runs the graph once.
func (m *Machine) RunAll() error {
	m.program.Run()
	return nil
}

// Reset does nothing: each run begins from the inputs.
func (m *Machine) Reset() {}

// Bytes is the memory of the plan, in bytes.
func (m *Machine) Bytes() int { return m.program.Bytes() }

// Subnormals is vm.Program.Subnormals.
func (m *Machine) Subnormals() int { return m.program.Subnormals() }

// Flops is the number of floating point operations of a run.
func (m *Machine) Flops() float64 { return m.program.Flops() }

// Profile says what each instruction of the plan costs: see vm.Program.Profile.
func (m *Machine) Profile(runs int) []vm.Timing { return m.program.Profile(runs) }

// FirstNonFinite names the first operator whose result is not finite when the
// graph runs on what its inputs hold now; "" if there is none.
func (m *Machine) FirstNonFinite() (label string, index int) { return m.program.FirstNonFinite() }

// Close frees the memory of the machine.
func (m *Machine) Close() error { return m.program.Close() }
