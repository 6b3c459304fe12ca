package cpu

import (
	"pipe/nn/cpu/kernel"
	"pipe/nn/cpu/vm"
	"pipe/nn/graph"
)

func (e *emitter) loss(op graph.Op) bool {
	switch o := op.(type) {
	case graph.Loss:
		m := e.shape(2).Size()
		row := e.Alloc(m)
		rows := lossInstr(o, m, e.shape(0).Size()/m, false)
		rows.P = []vm.Operand{e.read(0), e.read(1), e.read(2), vm.Write(row)}
		if len(e.call.Out) == 3 {
			rows.P = append(rows.P, vm.Write(e.out(2)))
		}
		e.emit(rows)
		n := tasks(m, grain)
		parts, both := e.Alloc(2*n), e.Alloc(2)
		e.divide(both, e.call.Out[:2])
		e.emit(elementwise(kernel.WeightedSum, m, vm.Read(row), e.read(2), vm.Write(parts)))
		e.emit(vm.Instr{Op: kernel.WeightedMean, Tasks: 1, Args: kernel.PartsArgs{Parts: int64(n)}, P: []vm.Operand{vm.Read(parts), vm.Write(both)}})
	case graph.LossGrad: // of z, y, w, the total weight, what was kept of rows, and the gradient of the mean
		m := e.shape(2).Size()
		grad := lossInstr(o.Loss, m, e.shape(0).Size()/m, true)
		grad.P = []vm.Operand{e.read(0), e.read(1), e.read(2)}
		if e.has(4) {
			grad.P = append(grad.P, e.read(4))
		}
		grad.P = append(grad.P, e.read(3), e.read(5), vm.WriteOver(e.out(0), 0))
		e.emit(grad)
	default:
		return false
	}
	return true
}

// lossInstr is one of the kernels of a loss of m rows of k outputs. Tasks take
// whole rows.
func lossInstr(o graph.Loss, m, k int, backward bool) vm.Instr {
	const flops = 30 // of an exponential, more or less
	per := max(1, grain/4/k)
	in := vm.Instr{Tasks: tasks(m, per), Bytes: float64(8 * m * k), Flops: float64(flops * m * k)}
	if o.Kind == graph.SoftmaxCrossEntropy {
		in.Op = kernel.ClassLoss
		if backward {
			in.Op = kernel.ClassLossGrad
		}
		in.Args = kernel.ClassLossArgs{Span: span(m, per), K: int64(k),
			Rest: float32(o.Smoothing / float64(k)), Target: float32(1 - o.Smoothing), Gamma: float32(o.Gamma)}
		return in
	}
	kind, f := lossKernel(o)
	in.Op = kernel.LossRows
	if backward {
		in.Op = kernel.LossGrad
	}
	in.Args = kernel.LossArgs{Span: span(m, per), Kind: kind, K: int64(k), F: f}
	return in
}

// lossKernel is the kernel of a loss that is a sum over outputs.
func lossKernel(o graph.Loss) (kernel.LossKind, [5]float32) {
	o = o.With()
	switch o.Kind {
	case graph.MSE:
		return kernel.MSELoss, [5]float32{}
	case graph.MAE:
		return kernel.MAELoss, [5]float32{}
	case graph.Huber:
		return kernel.HuberLoss, [5]float32{float32(o.Delta)}
	case graph.Pinball:
		return kernel.PinballLoss, [5]float32{float32(o.Quantile)}
	case graph.Poisson:
		return kernel.PoissonLoss, [5]float32{}
	}
	f := [5]float32{float32(1 - o.Smoothing), float32(o.Smoothing / 2), float32(o.Gamma), 0, 1}
	if o.Alpha != 0 {
		f[3], f[4] = float32(2*o.Alpha-1), float32(1-o.Alpha)
	}
	if o.Gamma == 0 && o.Alpha == 0 {
		return kernel.SigmoidLoss, f
	}
	return kernel.FocalLoss, f
}
