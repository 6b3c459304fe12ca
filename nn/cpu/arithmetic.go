package cpu

import (
	"math"

	"pipe/nn/graph"
	"pipe/nn/kernel"
	"pipe/nn/vm"
)

func (e *emitter) arithmetic(op graph.Op) bool {
	n := e.outShape(0).Size()
	switch o := op.(type) {
	case graph.Constant:
		fill := elementwise(kernel.Fill, n, vm.Write(e.out(0)))
		fill.F[0] = o.Value
		e.emit(fill)
	case graph.Reshape:
		e.alias(0, e.in(0))
	case graph.SwapAxes, graph.SwapAxesGrad:
		s := e.shape(0)
		per := max(1, grain/s[1]/s[2])
		e.emit(vm.Instr{Op: kernel.SwapAxes, Tasks: tasks(s[0], per), I: [16]int64{int64(s[0]), int64(per), int64(s[1]), int64(s[2])},
			P: []vm.Operand{e.read(0), vm.Write(e.out(0))}, Bytes: float64(8 * n)})
	case graph.Add, graph.SumGradients:
		e.emit(elementwise(kernel.Add, n, e.read(0), e.read(1), vm.WriteOver(e.out(0), 0)))
	case graph.SumSquares:
		e.squares(e.in(0), e.shape(0).Size(), vm.Write(e.out(0)))
	case graph.SumSquaresGrad:
		scale := elementwise(kernel.Scale, n, e.read(0), vm.Write(e.out(0)), e.read(1))
		scale.F[0] = 2
		e.emit(scale)
	case graph.Activate:
		e.emit(activate(kernel.Activate, o.Act, n, e.read(0), vm.WriteOver(e.out(0), 0)))
	case graph.ActivateGrad:
		e.emit(activate(kernel.ActivateGrad, o.Act, n, e.read(0), e.read(1), vm.WriteOver(e.out(0), 1)))
	case graph.OutputGrad:
		e.emit(activate(kernel.OutputGrad, o.Act, n, e.read(0), e.read(1), vm.WriteOver(e.out(0), 1)))
	case graph.Dropout:
		e.dropout(o)
	case graph.DropoutGrad:
		e.dropout(o.Dropout)
	default:
		return false
	}
	return true
}

// squares emits the sum of the squares of n numbers into to.
func (e *emitter) squares(x vm.Buffer, n int, to vm.Operand) {
	parts := e.Alloc(tasks(n, grain))
	e.emit(elementwise(kernel.SumSq, n, vm.Read(x), vm.Write(parts)))
	e.emit(vm.Instr{Op: kernel.ColSum, Tasks: 1, I: [16]int64{1, 1, int64(tasks(n, grain)), 1},
		P: []vm.Operand{vm.Read(parts), to}, Bytes: float64(4 * tasks(n, grain))})
}

// activation is a function as the kernels know it, by its name.
func activation(a graph.Activation) kernel.Activation {
	if a.Kind == "" {
		return kernel.Linear
	}
	return kernel.ActivationNamed(string(a.Kind))
}

// activate is an instruction of an activation over n numbers.
func activate(op kernel.Op, a graph.Activation, n int, operands ...vm.Operand) vm.Instr {
	kind := activation(a)
	in := elementwise(op, n, operands...)
	in.I[2], in.F[0] = int64(kind), a.Alpha
	if kind >= kernel.ELU { // exponentials
		in.Flops = 30 * float64(n)
	}
	return in
}

func (e *emitter) dropout(o graph.Dropout) {
	s, group := e.shape(0), 1
	if o.Spatial {
		group = s[2] * s[3]
	}
	n := s.Size()
	per := max(1, grain/4/group) * 4 * group
	e.emit(vm.Instr{
		Op: kernel.Dropout, Tasks: tasks(n, per),
		I: [16]int64{int64(n), int64(per), int64(o.Key), int64(group), int64(math.Round(o.Rate * (1 << 32)))},
		F: [8]float32{float32(1 / (1 - o.Rate))},
		P: []vm.Operand{e.read(0), vm.WriteOver(e.out(0), 0), vm.Read(e.stepWord())}, Flops: 20 * float64(n) / float64(min(group, 4)),
	})
}
