package op

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pipe/nn/kernel"
	"pipe/nn/vm"
)

// TimePool makes one row (N, D) of the valid steps of each sequence of
// x(N, T, D): their mean, the last one or, column by column, the largest. It is 0
// where there is no valid step. lengths (N) may be nil: all steps are valid.
func (g *Graph) TimePool(x, lengths *Node, kind kernel.Pooling) *Node {
	const name = "time pool"
	if g.err != nil {
		return nil
	}
	s := x.Shape().Clone()
	if len(s) != 3 || !isVector(lengths, s[0]) {
		return g.fail("%s: shapes x%v and lengths%v do not fit", name, s, shapeOf(lengths))
	}
	if kind < kernel.TimeMean || kind > kernel.TimeMax {
		return g.fail("%s: unknown kind %d", name, kind)
	}
	n, t, d := s[0], s[1], s[2]
	per := max(1, grain/2/(t*d))
	instr := func(op kernel.Op, operands ...vm.Operand) vm.Instr {
		return vm.Instr{Op: op, Tasks: tasks(n, per), I: [16]int64{int64(n), int64(per), int64(t), int64(d), int64(kind)},
			P: operands, Bytes: float64(4 * n * t * d)}
	}
	// Where the largest were is behind the output.
	size, more := n*d, 0
	if kind == kernel.TimeMax {
		more = size
	}
	steps := func(e *emitter, out vm.Buffer, as func(vm.Buffer) vm.Operand) vm.Operand {
		if more == 0 {
			return vm.Operand{}
		}
		return as(e.View(out, size, more))
	}
	l := inputs{graph: g}
	l.put(x, true)
	at := l.put(lengths, false)
	packed := g.add(&fused{
		name: name, shape: tensor.Shape{size + more}, diff: l.diff,
		lower: func(e *emitter, out vm.Buffer, in []vm.Buffer) {
			e.emit(instr(kernel.TimePool, vm.Read(in[0]), vm.Write(e.View(out, 0, size)), readAt(in, at), steps(e, out, vm.Write)))
		},
		backward: func(in gorgonia.Nodes, out, dy *Node) gorgonia.Nodes {
			grads := make(gorgonia.Nodes, len(in))
			grads[0] = g.apply(&fused{name: name + " dx", shape: s, lower: func(e *emitter, dx vm.Buffer, in []vm.Buffer) {
				mask := vm.Operand{}
				if at != 0 {
					mask = vm.Read(in[2])
				}
				e.emit(instr(kernel.TimePoolGrad, vm.Read(in[0]), vm.Write(dx), mask, steps(e, in[1], vm.Read)))
			}}, append([]*Node{dy, out}, in[1:]...)...)
			return grads
		},
	}, l.nodes...)
	if packed == nil {
		return nil
	}
	return g.add(viewOf(name+" output", 0, g.flows[packed], n, d), packed)
}
