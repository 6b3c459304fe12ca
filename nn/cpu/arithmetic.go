package cpu

import (
	"pipe/nn/cpu/kernel"
	"pipe/nn/cpu/vm"
	"pipe/nn/graph"
)

func (e *emitter) arithmetic(op graph.Op) bool {
	n := e.outShape(0).Size()
	switch o := op.(type) {
	case graph.Constant:
		e.emit(scaled(kernel.Fill, n, o.Value, vm.Write(e.out(0))))
	case graph.Reshape:
		e.alias(0, e.in(0))
	case graph.SwapAxes, graph.SwapAxesGrad:
		s := e.shape(0)
		per := max(1, grain/s[1]/s[2])
		e.emit(vm.Instr{Op: kernel.SwapAxes, Tasks: tasks(s[0], per), Args: kernel.SwapArgs{Span: span(s[0], per), A: int64(s[1]), B: int64(s[2])},
			P: []vm.Operand{e.read(0), vm.Write(e.out(0))}, Bytes: float64(8 * n)})
	case graph.Add, graph.SumGradients:
		e.emit(elementwise(kernel.Add, n, e.read(0), e.read(1), vm.WriteOver(e.out(0), 0)))
	case graph.SumSquares:
		e.squares(e.in(0), e.shape(0).Size(), vm.Write(e.out(0)))
	case graph.SumSquaresGrad:
		e.emit(scaled(kernel.Scale, n, 2, e.read(0), vm.Write(e.out(0)), e.read(1)))
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
	e.emit(vm.Instr{Op: kernel.ColSum, Tasks: 1, Args: kernel.ColSumArgs{Span: span(1, 1), Rows: int64(tasks(n, grain)), Stride: 1},
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
	in.Args = kernel.ActArgs{Span: span(n, grain), Act: kind, Alpha: a.Alpha}
	if kind >= kernel.ELU { // exponentials
		in.Flops = 30 * float64(n)
	}
	return in
}

func (e *emitter) dropout(o graph.Dropout) {
	s, group := e.shape(0), 1
	if o.Spatial {
		group = s[2:].Size()
	}
	n := s.Size()
	per := max(1, grain/4/group) * 4 * group
	e.emit(vm.Instr{
		Op: kernel.Dropout, Tasks: tasks(n, per),
		Args: kernel.DropoutArgs{Span: span(n, per), Key: o.Key, Group: int64(group), Scale: float32(1 / (1 - o.Rate)), Below: threshold(o.Rate)},
		P:    []vm.Operand{e.read(0), vm.WriteOver(e.out(0), 0), vm.Read(e.stepWord())}, Flops: 20 * float64(n) / float64(min(group, 4))})
}
