package cpu

import (
	"pipe/nn/cpu/kernel"
	"pipe/nn/cpu/vm"
	"pipe/nn/graph"
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
		in := changes(kernel.Regularize, n)
		in.Args = update(n, o.Decays)
		in.P = []vm.Operand{e.read(0), vm.Update(e.in(1)), e.read(2)}
		e.emit(in)
		e.alias(0, e.in(1))
	case graph.ClipNorm:
		e.clip(o)
	case graph.SGD:
		e.descend(kernel.SGD, kernel.SGDArgs{UpdateArgs: update(n, o.Decays), Momentum: float32(o.Momentum), Nesterov: o.Nesterov}, 1)
	case graph.Adam:
		e.descend(kernel.Adam, moments(update(n, o.Decays), o.Beta1, o.Beta2, o.Epsilon), 2)
	case graph.RMSprop:
		e.descend(kernel.RMSprop, kernel.RMSpropArgs{UpdateArgs: update(n, o.Decays),
			Alpha: float32(o.Alpha), Rest: float32(1 - o.Alpha), Epsilon: float32(o.Epsilon), Momentum: float32(o.Momentum)}, 3)
	case graph.Adagrad:
		e.descend(kernel.Adagrad, kernel.AdagradArgs{UpdateArgs: update(n, o.Decays), Epsilon: float32(o.Epsilon)}, 1)
	case graph.Lion:
		e.descend(kernel.Lion, moments(update(n, o.Decays), o.Beta1, o.Beta2, 0), 1)
	default:
		return false
	}
	return true
}

// times is an instruction that multiplies n numbers by a factor.
func times(n int, from, to, factor vm.Operand) vm.Instr {
	return scaled(kernel.Scale, n, 1, from, to, factor)
}

// changes is an instruction over parameters.
func changes(op kernel.Op, n int) vm.Instr {
	in := elementwise(op, n)
	in.Bytes = float64(12 * n)
	return in
}

// update is n parameters at the full learning rate.
func update(n int, decays bool) kernel.UpdateArgs {
	args := kernel.UpdateArgs{Span: span(n, grain), Rate: 1}
	if decays {
		args.Decay = 1
	}
	return args
}

func moments(u kernel.UpdateArgs, beta1, beta2, epsilon float64) kernel.MomentsArgs {
	return kernel.MomentsArgs{UpdateArgs: u, Beta1: float32(beta1), Rest1: float32(1 - beta1), Beta2: float32(beta2), Rest2: float32(1 - beta2),
		Epsilon: float32(epsilon)}
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
	e.emit(vm.Instr{Op: kernel.ClipNorm, Tasks: 1, Args: kernel.ClipNormArgs{Parts: int64(n), Max: float32(o.Limit)},
		P: []vm.Operand{vm.Read(parts), vm.Write(e.out(0)), vm.Read(e.View(e.in(0), kernel.HyperScale, 1))}})
}

// descend emits the step of an optimiser that keeps up to so many memories.
func (e *emitter) descend(op kernel.Op, args any, memories int) {
	in := changes(op, e.outShape(0).Size())
	in.Args = args
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
