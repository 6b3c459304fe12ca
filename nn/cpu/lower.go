package cpu

import (
	"fmt"
	"math"

	"pipe/nn/cpu/kernel"
	"pipe/nn/cpu/vm"
	"pipe/nn/graph"
)

// scopeEnd is between the layer and the operator in the label of an instruction.
const scopeEnd = ": "

// An emitter adds the instructions of one operator after the other to a program.
type emitter struct {
	*vm.Builder
	step    *uint64 // what random numbers are drawn for
	buffers map[*graph.Node]vm.Buffer
	into    map[*graph.Node]*graph.Node // the state that a value becomes, if it can be computed there
	used    map[*graph.Node]bool        // by an operator, or kept
	call    *graph.Call                 // which is lowered
	label   string
}

func newEmitter(b *vm.Builder, g *graph.Graph, keep []*graph.Node, step *uint64) *emitter {
	e := &emitter{Builder: b, step: step, buffers: map[*graph.Node]vm.Buffer{},
		into: map[*graph.Node]*graph.Node{}, used: map[*graph.Node]bool{}}
	for _, n := range keep {
		e.used[n] = true
	}
	place := map[*graph.Call]int{}
	reader := map[*graph.Node]int{} // the last one
	for i, c := range g.Calls() {
		place[c] = i
		for _, n := range c.In {
			if n == nil {
				continue
			}
			e.used[n] = true
			if _, assigns := c.Op.(graph.Assign); !assigns {
				reader[n] = i
			}
		}
	}
	for _, c := range g.Calls() {
		if _, assigns := c.Op.(graph.Assign); !assigns {
			continue
		}
		state, value := c.In[0], c.In[1]
		by := value.Call()
		if by == nil || len(by.Out) != 1 || e.into[value] != nil {
			continue
		}
		// Nothing may look for the old value when the new one is there.
		if last, read := reader[state]; read && last >= place[by] || state.Call() != nil && place[state.Call()] >= place[by] {
			continue
		}
		e.into[value] = state
	}
	return e
}

// lower emits an operator, by its family.
func (e *emitter) lower(c *graph.Call) error {
	e.call, e.label = c, c.Op.Name()
	if c.Scope != "" {
		e.label = c.Scope + scopeEnd + e.label
	}
	known := e.arithmetic(c.Op) || e.dense(c.Op) || e.conv(c.Op) || e.pool(c.Op) || e.norm(c.Op) || e.attention(c.Op) ||
		e.recurrent(c.Op) || e.sequence(c.Op) || e.embedding(c.Op) || e.loss(c.Op) || e.update(c.Op)
	if !known {
		return fmt.Errorf("%s: no kernel for %T", e.label, c.Op)
	}
	return nil
}

// emit adds an instruction.
func (e *emitter) emit(in vm.Instr) {
	in.Label = e.label
	e.Emit(in)
}

// shape is that of an input, nil if it is left out.
func (e *emitter) shape(i int) graph.Shape {
	if e.call.In[i] == nil {
		return nil
	}
	return e.call.In[i].Shape()
}

// in is the buffer of an input.
func (e *emitter) in(i int) vm.Buffer { return e.buffers[e.call.In[i]] }

// has says whether there is an input.
func (e *emitter) has(i int) bool { return i < len(e.call.In) && e.call.In[i] != nil }

// read is an input as an operand, which is left out if the input is.
func (e *emitter) read(i int) vm.Operand {
	if !e.has(i) {
		return vm.Operand{}
	}
	return vm.Read(e.in(i))
}

// out is the buffer of a result, which it makes. The result of an operator that
// is there to be put into a state is computed there.
func (e *emitter) out(i int) vm.Buffer {
	n := e.call.Out[i]
	b, ok := e.buffers[n]
	if !ok {
		if state := e.into[n]; state != nil {
			b = e.buffers[state]
		} else {
			b = e.Alloc(n.Shape().Size())
		}
		e.buffers[n] = b
	}
	return b
}

// outShape is the shape of a result.
func (e *emitter) outShape(i int) graph.Shape { return e.call.Out[i].Shape() }

// packed is one buffer for all results, one behind the other.
func (e *emitter) packed() vm.Buffer {
	if len(e.call.Out) == 1 {
		return e.out(0)
	}
	size := 0
	for _, n := range e.call.Out {
		size += n.Shape().Size()
	}
	all := e.Alloc(size)
	e.divide(all, e.call.Out)
	return all
}

// divide cuts a buffer into results.
func (e *emitter) divide(all vm.Buffer, results []*graph.Node) {
	offset := 0
	for _, n := range results {
		size := n.Shape().Size()
		e.buffers[n] = e.View(all, offset, size)
		offset += size
	}
}

// alias makes a result of memory that is there already.
func (e *emitter) alias(i int, b vm.Buffer) {
	n := e.call.Out[i]
	if state := e.into[n]; state != nil { // which is elsewhere
		e.emit(copyInstr(b, e.buffers[state], n.Shape().Size()))
		b = e.buffers[state]
	}
	e.buffers[n] = b
}

// stepWord is the buffer of the step.
func (e *emitter) stepWord() vm.Buffer { return e.BindWord(e.step) }

// grain is how many numbers a task of an elementwise kernel takes.
const grain = 16384

func tasks(n, per int) int { return (n + per - 1) / per }

// elementwise is an instruction over n numbers; the operands are in the order
// of the kernel.
func elementwise(op kernel.Op, n int, operands ...vm.Operand) vm.Instr {
	return vm.Instr{Op: op, Tasks: tasks(n, grain), Args: span(n, grain), P: operands, Bytes: float64(4 * n * len(operands))}
}

// span is n elements in tasks of so many.
func span(n, per int) kernel.Span { return kernel.Span{N: int64(n), Per: int64(per)} }

// scaled is an elementwise instruction with a number.
func scaled(op kernel.Op, n int, s float32, operands ...vm.Operand) vm.Instr {
	in := elementwise(op, n, operands...)
	in.Args = kernel.ScaleArgs{Span: span(n, grain), S: s}
	return in
}

func copyInstr(from, to vm.Buffer, n int) vm.Instr {
	return elementwise(kernel.Copy, n, vm.Read(from), vm.Write(to))
}

// fromKernel is a call with its operands.
func fromKernel(c kernel.Call, bytes int, operands ...vm.Operand) vm.Instr {
	return vm.Instr{Op: c.Op, Tasks: c.Tasks, Args: c.Args, P: operands, Bytes: float64(bytes)}
}

// colsum emits out(n) = the sum of the rows of x(m, n).
func (e *emitter) colsum(out, x vm.Buffer, m, n int) {
	const per = 64
	e.emit(vm.Instr{Op: kernel.ColSum, Tasks: tasks(n, per), Args: kernel.ColSumArgs{Span: span(n, per), Rows: int64(m), Stride: int64(n)},
		P: []vm.Operand{vm.Read(x), vm.Write(out)}, Bytes: float64(4 * m * n)})
}

// threshold is the number below which those that decide what is dropped lie.
func threshold(rate float64) uint32 { return uint32(int64(math.Round(rate * (1 << 32)))) }
