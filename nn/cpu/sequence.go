package cpu

import (
	"pipe/nn/cpu/kernel"
	"pipe/nn/cpu/vm"
	"pipe/nn/graph"
)

func (e *emitter) sequence(op graph.Op) bool {
	switch o := op.(type) {
	case graph.PickStep:
		s := e.shape(0)
		e.pick(kernel.PickStep, o, s, s[0]*s[2], grain)
	case graph.PickStepGrad:
		s := e.outShape(0)
		e.pick(kernel.PickStepGrad, o.Pick, s, s[0], max(1, grain/(s[1]*s[2])))
	case graph.ReverseSteps, graph.ReverseStepsGrad:
		s := e.shape(0)
		per := max(1, grain/(s[1]*s[2]))
		e.emit(vm.Instr{Op: kernel.ReverseSteps, Tasks: tasks(s[0], per), Args: kernel.StepsArgs{Span: span(s[0], per), T: int64(s[1]), D: int64(s[2])},
			P: []vm.Operand{e.read(0), e.read(1), vm.Write(e.out(0))}, Bytes: float64(8 * s.Size())})
	case graph.MaskSteps, graph.MaskStepsGrad:
		s := e.shape(0)
		e.emit(fromKernel(kernel.MaskRows(s[0], s[1], s[2]), 8*s.Size(), e.read(0), vm.Write(e.out(0)), e.read(1)))
	case graph.Concat:
		width, from := e.outShape(0), 0
		for i := range e.call.In {
			s := e.shape(i)
			n := s[len(s)-1]
			to := vm.Update(e.out(0))
			if i == 0 {
				to = vm.Write(e.out(0)) // a part of it, but the rest follows
			}
			e.copyColumns(e.read(i), to, s.Size()/n, n, n, width[len(width)-1], 0, from)
			from += n
		}
	case graph.ConcatGrad:
		s := e.shape(0)
		n := s[len(s)-1]
		e.copyColumns(e.read(0), vm.Write(e.out(0)), s.Size()/n, o.Width, n, o.Width, o.From, 0)
	case graph.TimePool:
		e.timePool(kernel.TimePool, o, e.shape(0), e.read(0), vm.Write(e.out(0)), e.read(1))
	case graph.TimePoolGrad:
		e.timePool(kernel.TimePoolGrad, o.Pool, e.outShape(0), e.read(0), vm.Write(e.out(0)), e.read(2))
	default:
		return false
	}
	return true
}

// pick emits the choice of a step of sequences of shape s, or the way back.
func (e *emitter) pick(op kernel.Op, o graph.PickStep, s graph.Shape, count, per int) {
	e.emit(vm.Instr{Op: op, Tasks: tasks(count, per), Args: kernel.StepsArgs{Span: span(count, per), T: int64(s[1]), D: int64(s[2]), First: o.First},
		P: []vm.Operand{e.read(0), e.read(1), vm.Write(e.out(0))}, Bytes: float64(8 * s[0] * s[2])})
}

// timePool emits the pooling of sequences of shape s, or the way back; where the
// largest were is a further operand.
func (e *emitter) timePool(op kernel.Op, o graph.TimePool, s graph.Shape, operands ...vm.Operand) {
	kind := map[graph.Pooling]kernel.Pooling{graph.PoolMean: kernel.TimeMean, graph.PoolLast: kernel.TimeLast, graph.PoolMax: kernel.TimeMax}[o.Kind]
	switch {
	case op == kernel.TimePoolGrad:
		operands = append(operands, e.read(1))
	case o.Kind == graph.PoolMax:
		operands = append(operands, vm.Write(e.out(1)))
	}
	per := max(1, grain/2/(s[1]*s[2]))
	e.emit(vm.Instr{Op: op, Tasks: tasks(s[0], per), Args: kernel.TimePoolArgs{Span: span(s[0], per), T: int64(s[1]), D: int64(s[2]), Kind: kind},
		P: operands, Bytes: float64(4 * s.Size())})
}

// copyColumns emits the copy of a block of columns.
func (e *emitter) copyColumns(src, dst vm.Operand, rows, columns, srcStride, dstStride, srcFirst, dstFirst int) {
	per := max(1, grain/columns)
	e.emit(vm.Instr{Op: kernel.CopyColumns, Tasks: tasks(rows, per), Args: kernel.ColumnsArgs{Span: span(rows, per), Columns: int64(columns), StrideIn: int64(srcStride), StrideOut: int64(dstStride), ColumnIn: int64(srcFirst), ColumnOut: int64(dstFirst)},
		P: []vm.Operand{src, dst}, Bytes: float64(8 * rows * columns)})
}
