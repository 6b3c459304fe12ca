package cpu

import (
	"pipe/nn/cpu/kernel"
	"pipe/nn/cpu/vm"
	"pipe/nn/graph"
)

func (e *emitter) norm(op graph.Op) bool {
	switch o := op.(type) {
	case graph.LayerNorm:
		e.rowNorm(o.Epsilon, false)
	case graph.RMSNorm:
		e.rowNorm(o.Epsilon, true)
	case graph.RowNormGrad:
		instr, d := rowInstr(e.shape(0), o.Epsilon, o.RMS)
		dparams := e.dparams(d)
		parts := e.Alloc(instr.Tasks * 2 * d)
		instr.Op, instr.P = kernel.RowNormGrad, []vm.Operand{e.read(0), e.read(1), e.read(2), e.read(3), vm.Write(e.out(0)), vm.Write(parts)}
		e.emit(instr)
		e.colsum(dparams, parts, instr.Tasks, 2*d)
	case graph.BatchNorm:
		mean, variance := e.read(3), e.read(4)
		if o.Training {
			mean, variance = vm.Update(e.in(3)), vm.Update(e.in(4))
		}
		e.emit(channels(kernel.BatchNorm, o, e.shape(0), e.read(0), e.read(1), e.read(2), vm.Write(e.out(0)), vm.Write(e.out(1)),
			mean, variance, e.read(5)))
	case graph.BatchNormGrad:
		e.emit(channels(kernel.BatchNormGrad, o.Norm, e.shape(0), e.read(0), e.read(1), e.read(2), e.read(3), vm.Write(e.out(0)),
			vm.Write(e.out(1)), vm.Write(e.out(2)), e.read(4)))
	case graph.StepMask:
		e.emit(vm.Instr{Op: kernel.StepMask, Tasks: 1, Args: kernel.RowsArgs{Span: span(o.Examples, o.Examples), K: int64(o.Steps)},
			P: []vm.Operand{e.read(0), e.read(1), vm.Write(e.out(0))}})
	case graph.GroupNorm:
		instr := groupInstr(o, e.shape(0))
		instr.Op, instr.P = kernel.GroupNorm, []vm.Operand{e.read(0), e.read(1), e.read(2), vm.Write(e.out(0)), vm.Write(e.out(1))}
		e.emit(instr)
	case graph.GroupNormGrad:
		n, c := e.shape(0)[0], e.shape(0)[1]
		instr := groupInstr(o.Norm, e.shape(0))
		dparams := e.dparams(c)
		parts := e.Alloc(n * 2 * c)
		instr.Op, instr.P = kernel.GroupNormGrad, []vm.Operand{e.read(0), e.read(1), e.read(2), e.read(3), vm.Write(e.out(0)), vm.Write(parts)}
		e.emit(instr)
		e.colsum(dparams, parts, n, 2*c)
	case graph.Softmax:
		e.emit(softmax(kernel.Softmax, 30, e.shape(0), e.read(0), vm.WriteOver(e.out(0), 0), e.read(1)))
	case graph.SoftmaxGrad:
		e.emit(softmax(kernel.SoftmaxGrad, 5, e.shape(0), e.read(0), e.read(1), vm.WriteOver(e.out(0), 1), e.read(2)))
	default:
		return false
	}
	return true
}

// dparams makes one buffer of the gradients of gamma and beta (n), which are
// summed together.
func (e *emitter) dparams(n int) vm.Buffer {
	all := e.Alloc(2 * n)
	e.divide(all, e.call.Out[1:])
	return all
}

func (e *emitter) rowNorm(epsilon float64, rms bool) {
	instr, _ := rowInstr(e.shape(0), epsilon, rms)
	instr.Op, instr.P = kernel.RowNorm, []vm.Operand{e.read(0), e.read(1), e.read(2), vm.Write(e.out(0)), vm.Write(e.out(1))}
	e.emit(instr)
}

// rowInstr is an instruction over the rows of x(..., d).
func rowInstr(x graph.Shape, epsilon float64, rms bool) (in vm.Instr, d int) {
	d = x[len(x)-1]
	m := x.Size() / d
	per := max(8, grain/2/d)
	return vm.Instr{Tasks: tasks(m, per), Args: kernel.RowNormArgs{Span: span(m, per), D: int64(d), Epsilon: float32(epsilon), RMS: rms},
		Bytes: float64(12 * m * d), Flops: float64(10 * m * d)}, d
}

// channels is an instruction over the channels of a batch.
func channels(op kernel.Op, o graph.BatchNorm, x graph.Shape, operands ...vm.Operand) vm.Instr {
	n, c, plane, per := x[0], x[1], 1, 1
	switch len(x) {
	case 3:
		n, c = x[0]*x[1], x[2]
	case 4:
		plane = x[2] * x[3]
	}
	if plane == 1 {
		per = 16 // channels lie side by side
	}
	return vm.Instr{Op: op, Tasks: tasks(c, per), P: operands,
		Args: kernel.BatchNormArgs{Span: span(c, per), Rows: int64(n), Plane: int64(plane),
			Epsilon: float32(o.Epsilon), Momentum: float32(o.Momentum), Training: o.Training},
		Bytes: float64(16 * n * c * plane), Flops: float64(8 * n * c * plane)}
}

// groupInstr is an instruction over groups of channels of x(n, c, ...).
func groupInstr(o graph.GroupNorm, x graph.Shape) vm.Instr {
	n, c, size := x[0], x[1], x.Size()
	rows := n * o.Groups
	per := max(1, grain/4*rows/size)
	return vm.Instr{Tasks: tasks(rows, per), Bytes: float64(12 * size), Flops: float64(10 * size),
		Args: kernel.GroupNormArgs{Span: span(rows, per), Channels: int64(c), Plane: int64(size / n / c), Groups: int64(o.Groups), Epsilon: float32(o.Epsilon)}}
}

// softmax is an instruction over the rows of x(..., d).
func softmax(op kernel.Op, flops int, x graph.Shape, operands ...vm.Operand) vm.Instr {
	d := x[len(x)-1]
	m := x.Size() / d
	per := max(1, grain/4/d)
	return vm.Instr{Op: op, Tasks: tasks(m, per), Args: kernel.SoftmaxArgs{Span: span(m, per), D: int64(d), Each: int64(m / x[0])}, P: operands,
		Flops: float64(flops * m * d), Bytes: float64(12 * m * d)}
}
