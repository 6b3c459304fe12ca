package cpu

import (
	"pipe/nn/graph"
	"pipe/nn/kernel"
	"pipe/nn/vm"
)

// Both number the block that updates read.
var _ = [1]struct{}{}[(graph.HyperRate-kernel.HyperRate)|(graph.HyperRoot-kernel.HyperRoot)|(graph.HyperDecay-kernel.HyperDecay)|
	(graph.HyperL2-kernel.HyperL2)|(graph.HyperL1-kernel.HyperL1)|(graph.HyperScale-kernel.HyperScale)|
	(graph.HyperLimit-kernel.HyperLimit)|(graph.HyperSize-kernel.HyperSize)]

func (e *emitter) update(op graph.Op) bool {
	n := e.outShape(0).Size()
	switch o := op.(type) {
	case graph.Assign:
		if state := e.call.In[0]; e.into[e.call.In[1]] != state {
			e.emit(copyInstr(e.in(1), e.in(0), n))
		}
		e.alias(0, e.in(0))
	case graph.Accumulate:
		scaled := e.Alloc(n)
		e.emit(times(n, e.read(1), vm.Write(scaled), e.read(2)))
		e.emit(elementwise(kernel.Add, n, e.read(0), vm.Read(scaled), vm.Update(e.in(0))))
		e.alias(0, e.in(0))
	case graph.Average:
		part := e.Alloc(n)
		e.emit(times(n, e.read(1), vm.Write(part), e.read(3)))
		e.emit(times(n, e.read(0), vm.Update(e.in(0)), e.read(2)))
		e.emit(elementwise(kernel.Add, n, e.read(0), vm.Read(part), vm.Update(e.in(0))))
		e.alias(0, e.in(0))
	case graph.SquareSums:
		for i := range e.call.In {
			to := vm.Update(e.View(e.out(0), i, 1))
			if i == 0 {
				to = vm.Write(e.View(e.out(0), 0, 1)) // a part of it, but the rest follows
			}
			e.squares(e.in(i), e.shape(i).Size(), to)
		}
	case graph.Regularize:
		in := changes(kernel.Regularize, n, 12, o.Decays)
		in.P = []vm.Operand{e.read(0), vm.Update(e.in(1)), e.read(2)}
		e.emit(in)
		e.alias(0, e.in(1))
	case graph.ClipNorm:
		e.clip(o)
	case graph.SGD:
		in := changes(kernel.SGD, n, 12, o.Decays)
		in.F[2], in.I[2] = float32(o.Momentum), flag(o.Nesterov)
		e.descend(in, 1)
	case graph.Adam:
		e.descend(moments(changes(kernel.Adam, n, 12, o.Decays), o.Beta1, o.Beta2, o.Epsilon), 2)
	case graph.RMSprop:
		in := changes(kernel.RMSprop, n, 12, o.Decays)
		in.F[2], in.F[3], in.F[4], in.F[5] = float32(o.Alpha), float32(1-o.Alpha), float32(o.Epsilon), float32(o.Momentum)
		e.descend(in, 3)
	case graph.Adagrad:
		in := changes(kernel.Adagrad, n, 12, o.Decays)
		in.F[2] = float32(o.Epsilon)
		e.descend(in, 1)
	case graph.Lion:
		e.descend(moments(changes(kernel.Lion, n, 12, o.Decays), o.Beta1, o.Beta2, 0), 1)
	default:
		return false
	}
	return true
}

// times is an instruction that multiplies n numbers by a factor.
func times(n int, from, to, factor vm.Operand) vm.Instr {
	in := elementwise(kernel.Scale, n, from, to, factor)
	in.F[0] = 1
	return in
}

// changes is an instruction over parameters.
func changes(op kernel.Op, n, bytes int, decays bool) vm.Instr {
	in := elementwise(op, n)
	in.F[0], in.Bytes = 1, float64(bytes*n)
	if decays {
		in.F[1] = 1
	}
	return in
}

func moments(in vm.Instr, beta1, beta2, epsilon float64) vm.Instr {
	in.F[2], in.F[3], in.F[4], in.F[5], in.F[6] = float32(beta1), float32(1-beta1), float32(beta2), float32(1-beta2), float32(epsilon)
	return in
}

// clip emits the norm of all gradients, which are the inputs but the first. The
// squares of all of them are summed as one list of parts.
func (e *emitter) clip(o graph.ClipNorm) {
	n, at := 0, 0
	for i := 1; i < len(e.call.In); i++ {
		n += tasks(e.shape(i).Size(), grain)
	}
	parts := e.Alloc(n)
	for i := 1; i < len(e.call.In); i++ {
		size := e.shape(i).Size()
		e.emit(elementwise(kernel.SumSq, size, e.read(i), vm.Write(e.View(parts, at, tasks(size, grain)))))
		at += tasks(size, grain)
	}
	e.emit(vm.Instr{Op: kernel.ClipNorm, Tasks: 1, I: [16]int64{int64(n)}, F: [8]float32{float32(o.Limit)},
		P: []vm.Operand{vm.Read(parts), vm.Write(e.out(0)), vm.Read(e.View(e.in(0), kernel.HyperScale, 1))}})
}

// descend emits the step of an optimiser that keeps up to so many memories.
func (e *emitter) descend(in vm.Instr, memories int) {
	factor := vm.Operand{}
	if e.has(3) {
		factor = vm.Read(e.View(e.in(3), 1, 1))
	}
	in.P = []vm.Operand{vm.Update(e.in(0)), e.read(1), e.read(2), factor}
	for i := 4; i < 4+memories; i++ {
		o := vm.Operand{}
		if e.has(i) {
			o = vm.Update(e.in(i))
			in.Bytes += float64(8 * e.outShape(0).Size())
		}
		in.P = append(in.P, o)
	}
	e.emit(in)
	e.alias(0, e.in(0))
}
