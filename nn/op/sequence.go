package op

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pipe/nn/kernel"
	"pipe/nn/vm"
)

// LastStep is the last valid step (N, D) of sequences x(N, T, D), 0 where there
// is none. lengths (N) may be nil: all steps are valid.
func (g *Graph) LastStep(x, lengths *Node) *Node { return g.pickStep("last step", x, lengths, 0) }

// FirstStep is the first step (N, D) of sequences x(N, T, D), 0 where none is valid.
func (g *Graph) FirstStep(x, lengths *Node) *Node { return g.pickStep("first step", x, lengths, 1) }

func (g *Graph) pickStep(name string, x, lengths *Node, first int64) *Node {
	if !g.fitSequences(name, x, lengths) {
		return nil
	}
	s := x.Shape().Clone()
	n, t, d := s[0], s[1], s[2]
	lower := func(op kernel.Op, count, per int) func(*emitter, vm.Buffer, []vm.Buffer) {
		return func(e *emitter, out vm.Buffer, in []vm.Buffer) {
			e.emit(vm.Instr{Op: op, Tasks: tasks(count, per), I: [16]int64{int64(count), int64(per), int64(t), int64(d), first},
				P: []vm.Operand{vm.Read(in[0]), optional(in, len(in)-1), vm.Write(out)}, Bytes: float64(8 * n * d)})
		}
	}
	return g.add(&fused{
		name: name, shape: tensor.Shape{n, d}, diff: []bool{g.flows[x], false}[:1+given(lengths)], lower: lower(kernel.PickStep, n*d, grain),
		backward: func(in gorgonia.Nodes, _, dy *Node) gorgonia.Nodes {
			operands := append(gorgonia.Nodes{dy}, in[1:]...)
			dx := g.apply(&fused{name: name + " dx", shape: s, lower: lower(kernel.PickStepGrad, n, max(1, grain/(t*d)))}, operands...)
			return append(gorgonia.Nodes{dx}, make(gorgonia.Nodes, len(in)-1)...)
		},
	}, withLengths(x, lengths)...)
}

// ReverseSteps puts the valid steps of sequences x(N, T, D) in reverse order,
// with 0 behind them.
func (g *Graph) ReverseSteps(x, lengths *Node) *Node {
	const name = "reverse steps"
	if !g.fitSequences(name, x, lengths) {
		return nil
	}
	s := x.Shape().Clone()
	lower := func(e *emitter, out vm.Buffer, in []vm.Buffer) {
		per := max(1, grain/(s[1]*s[2]))
		e.emit(vm.Instr{Op: kernel.ReverseSteps, Tasks: tasks(s[0], per), I: [16]int64{int64(s[0]), int64(per), int64(s[1]), int64(s[2])},
			P: []vm.Operand{vm.Read(in[0]), optional(in, len(in)-1), vm.Write(out)}, Bytes: float64(8 * s.TotalSize())})
	}
	return g.add(&fused{
		name: name, shape: s, diff: []bool{g.flows[x], false}[:1+given(lengths)], lower: lower,
		backward: func(in gorgonia.Nodes, _, dy *Node) gorgonia.Nodes {
			operands := append(gorgonia.Nodes{dy}, in[1:]...)
			return append(gorgonia.Nodes{g.apply(&fused{name: name + " dx", shape: s, lower: lower}, operands...)}, make(gorgonia.Nodes, len(in)-1)...)
		},
	}, withLengths(x, lengths)...)
}

func (g *Graph) fitSequences(name string, x, lengths *Node) bool {
	if g.err != nil {
		return false
	}
	if x.Dims() != 3 {
		g.fail("%s: want sequences (n, t, d), got shape %v", name, x.Shape())
		return false
	}
	return g.fitLengths(name, lengths, x.Shape()[0])
}

// withLengths is the inputs of an operator on sequences.
func withLengths(x, lengths *Node) []*Node {
	if lengths == nil {
		return []*Node{x}
	}
	return []*Node{x, lengths}
}

func given(n *Node) int {
	if n == nil {
		return 0
	}
	return 1
}

// Concat puts nodes side by side along the last axis; the others are of the same sizes.
func (g *Graph) Concat(parts ...*Node) *Node {
	if g.err != nil {
		return nil
	}
	if len(parts) == 0 {
		return g.fail("concat: nothing to put together")
	}
	shape := parts[0].Shape().Clone()
	last := len(shape) - 1
	if last < 0 {
		return g.fail("concat: a scalar has no axis")
	}
	rows := shape.TotalSize() / shape[last]
	width := 0
	diff := make([]bool, len(parts))
	from, columns := make([]int, len(parts)), make([]int, len(parts))
	for i, p := range parts {
		s := p.Shape()
		if len(s) != last+1 || !s[:last].Eq(shape[:last]) {
			return g.fail("concat: shapes %v and %v differ in more than the last axis", parts[0].Shape(), s)
		}
		from[i], columns[i], diff[i] = width, s[last], g.flows[p]
		width += s[last]
	}
	shape[last] = width
	return g.add(&fused{
		name: "concat", shape: shape, diff: diff,
		lower: func(e *emitter, out vm.Buffer, in []vm.Buffer) {
			for i := range in {
				to := vm.Update(out)
				if i == 0 {
					to = vm.Write(out) // a part of it, but the rest follows
				}
				e.copyColumns(vm.Read(in[i]), to, rows, columns[i], columns[i], width, 0, from[i])
			}
		},
		backward: func(in gorgonia.Nodes, _, dy *Node) gorgonia.Nodes {
			grads := make(gorgonia.Nodes, len(in))
			for i := range grads {
				if diff[i] {
					grads[i] = g.apply(&fused{name: "concat dx", shape: in[i].Shape().Clone(), lower: func(e *emitter, dx vm.Buffer, in []vm.Buffer) {
						e.copyColumns(vm.Read(in[0]), vm.Write(dx), rows, columns[i], width, columns[i], from[i], 0)
					}}, dy)
				}
			}
			return grads
		},
	}, parts...)
}

// copyColumns emits the copy of a block of columns.
func (e *emitter) copyColumns(src, dst vm.Operand, rows, columns, srcStride, dstStride, srcFirst, dstFirst int) {
	per := max(1, grain/columns)
	e.emit(vm.Instr{Op: kernel.CopyColumns, Tasks: tasks(rows, per),
		I: [16]int64{int64(rows), int64(per), int64(columns), int64(srcStride), int64(dstStride), int64(srcFirst), int64(dstFirst)},
		P: []vm.Operand{src, dst}, Bytes: float64(8 * rows * columns)})
}
