package cpu

import (
	"pipe/nn/cpu/kernel"
	"pipe/nn/cpu/vm"
	"pipe/nn/graph"
)

func (e *emitter) pool(op graph.Op) bool {
	switch o := op.(type) {
	case graph.Pool:
		kind := kernel.AvgPool
		if o.Max {
			kind = kernel.MaxPool
		}
		e.windows(kind, o, e.shape(0), e.outShape(0), e.read(0), vm.Write(e.out(0)), e.read(1))
	case graph.PoolGrad:
		if o.Pool.Max {
			e.windows(kernel.MaxPoolGrad, o.Pool, e.outShape(0), e.shape(2), e.read(0), e.read(1), e.read(2), vm.Write(e.out(0)), e.read(3))
		} else {
			e.windows(kernel.AvgPoolGrad, o.Pool, e.outShape(0), e.shape(2), e.read(2), vm.Write(e.out(0)), e.read(3))
		}
	case graph.GlobalPool:
		kind := kernel.PlaneSum
		if o.Max {
			kind = kernel.PlaneMax
		}
		e.planes(kind, e.shape(0), e.read(0), vm.Write(e.out(0)))
	case graph.GlobalPoolGrad:
		if o.Pool.Max {
			e.planes(kernel.PlaneMaxGrad, e.outShape(0), e.read(0), e.read(1), e.read(2), vm.Write(e.out(0)))
		} else {
			e.planes(kernel.PlaneFill, e.outShape(0), e.read(2), vm.Write(e.out(0)))
		}
	default:
		return false
	}
	return true
}

// windows emits a kernel of pooling from x to y, or back.
func (e *emitter) windows(op kernel.Op, o graph.Pool, x, y graph.Shape, operands ...vm.Operand) {
	v := o.Window
	w := kernel.Windows{KH: o.KH, KW: o.KW, StrideH: v.StrideH, StrideW: v.StrideW, Top: v.Top, Left: v.Left, CountPadding: o.CountPadding}
	if o.Sequences {
		w.Planes, w.H, w.W, w.OutH, w.OutW = x[0], x[1], x[2], y[1], x[2]
	} else {
		w.Planes, w.H, w.W, w.OutH, w.OutW = x[0]*x[1], x[2], x[3], y[2], y[3]
	}
	c, scratch := w.Call(op)
	instr := fromKernel(c, 4*(x.Size()+y.Size()), operands...)
	instr.Scratch = scratch
	e.emit(instr)
}

// planes emits a kernel over the planes of x(n, c, h, w).
func (e *emitter) planes(op kernel.Op, x graph.Shape, operands ...vm.Operand) {
	n := x[2] * x[3]
	e.emit(fromKernel(kernel.Planes(op, x[0]*x[1], n, 1/float32(n)), 4*x.Size(), operands...))
}
