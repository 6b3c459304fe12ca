package op

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pipe/nn/kernel"
	"pipe/nn/vm"
)

// LayerNorm is (x - mean) / sqrt(variance + epsilon) gamma + beta over the last
// axis of x(..., d), with gamma(d) and beta(d); beta may be nil. The variance is
// the biased one (Ba et al., "Layer Normalization", 2016).
func (g *Graph) LayerNorm(x, gamma, beta *Node, epsilon float64) *Node {
	return g.rowNorm("layer norm", x, gamma, beta, epsilon, false)
}

// RMSNorm is x / sqrt(mean(x²) + epsilon) gamma over the last axis of x(..., d),
// with gamma(d) (Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019).
func (g *Graph) RMSNorm(x, gamma *Node, epsilon float64) *Node {
	return g.rowNorm("rms norm", x, gamma, nil, epsilon, true)
}

func (g *Graph) rowNorm(name string, x, gamma, beta *Node, epsilon float64, rms bool) *Node {
	if g.err != nil {
		return nil
	}
	s := x.Shape().Clone()
	if len(s) < 2 || gamma == nil || !isVector(gamma, s[len(s)-1]) || !isVector(beta, s[len(s)-1]) {
		return g.fail("%s: shapes x%v, gamma%v and beta%v do not fit", name, s, shapeOf(gamma), shapeOf(beta))
	}
	d := s[len(s)-1]
	m := s.TotalSize() / d
	per := max(8, grain/2/d)
	instr := func(op kernel.Op, operands ...vm.Operand) vm.Instr {
		return vm.Instr{Op: op, Tasks: tasks(m, per), I: [16]int64{int64(m), int64(per), int64(d), flag(rms)},
			F: [8]float32{float32(epsilon)}, P: operands, Bytes: float64(12 * m * d), Flops: float64(10 * m * d)}
	}
	l := inputs{graph: g}
	l.put(x, true)
	l.put(gamma, true)
	at := l.put(beta, true)
	// Mean and deviation of each row are behind the output.
	return g.normalised(name, s, 2*m, l, func(e *emitter, y, stats vm.Buffer, in []vm.Buffer) {
		e.emit(instr(kernel.RowNorm, vm.Read(in[0]), vm.Read(in[1]), readAt(in, at), vm.Write(y), vm.Write(stats)))
	}, d, func(e *emitter, dx, dparams, x, gamma, stats, dy vm.Buffer, _ []vm.Buffer) {
		parts := e.Alloc(tasks(m, per) * 2 * d)
		e.emit(instr(kernel.RowNormGrad, vm.Read(x), vm.Read(gamma), vm.Read(stats), vm.Read(dy), vm.Write(dx), vm.Write(parts)))
		e.colsum(dparams, parts, tasks(m, per), 2*d)
	})
}

// normalised adds an operator that has statistics behind its output and, besides
// x, the inputs gamma and perhaps beta, of c elements: the gradients of both
// come one behind the other. extra are further inputs.
func (g *Graph) normalised(name string, shape tensor.Shape, stats int, l inputs,
	forward func(e *emitter, y, stats vm.Buffer, in []vm.Buffer),
	c int, backward func(e *emitter, dx, dparams, x, gamma, stats, dy vm.Buffer, extra []vm.Buffer)) *Node {
	size, diff := shape.TotalSize(), l.diff
	packed := g.add(&fused{
		name: name, shape: tensor.Shape{size + stats}, diff: diff,
		lower: func(e *emitter, out vm.Buffer, in []vm.Buffer) {
			forward(e, e.View(out, 0, size), e.View(out, size, stats), in)
		},
		backward: func(in gorgonia.Nodes, out, dy *Node) gorgonia.Nodes {
			operands := append([]*Node{in[0], in[1], out, dy}, in[2:]...)
			all := g.apply(&fused{name: name + " dx", shape: tensor.Shape{size + 2*c}, lower: func(e *emitter, out vm.Buffer, in []vm.Buffer) {
				backward(e, e.View(out, 0, size), e.View(out, size, 2*c), in[0], in[1], e.View(in[2], size, stats), in[3], in[4:])
			}}, operands...)
			grads := make(gorgonia.Nodes, len(in))
			if diff[0] {
				grads[0] = g.apply(viewOf(name+" dx", 0, false, shape...), all)
			}
			for i := 1; i < len(in); i++ {
				if diff[i] {
					grads[i] = g.apply(viewOf(name+" dw", size+(i-1)*c, false, c), all)
				}
			}
			return grads
		},
	}, l.nodes...)
	if packed == nil {
		return nil
	}
	return g.add(viewOf(name+" output", 0, g.flows[packed], shape...), packed)
}

// BatchNorm says how a batch is normalised: by (x - mean) / sqrt(variance +
// Epsilon) Gamma + Beta for each channel (Ioffe and Szegedy, "Batch
// Normalization", 2015).
type BatchNorm struct {
	Gamma, Beta *Node // (C)
	// Running statistics (C), inputs that the machine writes: in training they
	// move by the part Momentum towards the mean and the unbiased variance of
	// the batch. Otherwise they are what is used.
	Mean, Variance    *Node
	Momentum, Epsilon float64
	Training          bool
	// Weight (N) and, for sequences, Lengths (N) may be left out. Examples with
	// weight 0 and steps beyond the length do not count, their output is 0.
	Weight, Lengths *Node
}

// BatchNorm normalises rows x(N, C), images x(N, C, H, W) or sequences
// x(N, T, C). Training on a graph with gorgonia's machine does not move the
// running statistics.
func (g *Graph) BatchNorm(x *Node, b BatchNorm) *Node {
	const name = "batch norm"
	if g.err != nil {
		return nil
	}
	s := x.Shape().Clone()
	if len(s) < 2 || len(s) > 4 {
		return g.fail("%s: want rows (n, c), images (n, c, h, w) or sequences (n, t, c), got shape %v", name, s)
	}
	n, c, plane := s[0], s[1], 1
	weight := b.Weight
	if !isVector(b.Weight, s[0]) || !isVector(b.Lengths, s[0]) || b.Lengths != nil && len(s) != 3 {
		return g.fail("%s: weights %v or lengths %v do not fit x%v", name, shapeOf(b.Weight), shapeOf(b.Lengths), s)
	}
	switch len(s) {
	case 3:
		n, c = s[0]*s[1], s[2]
		if weight != nil || b.Lengths != nil {
			weight = g.stepMask(b.Lengths, b.Weight, s[0], s[1])
		}
	case 4:
		plane = s[2] * s[3]
	}
	for _, p := range []*Node{b.Gamma, b.Beta, b.Mean, b.Variance} {
		if p == nil || !isVector(p, c) {
			return g.fail("%s: gamma, beta and the running statistics of x%v have shape (%d), not %v", name, s, c, shapeOf(p))
		}
	}
	per := 1
	if plane == 1 {
		per = 16 // channels lie side by side
	}
	instr := func(op kernel.Op, operands ...vm.Operand) vm.Instr {
		return vm.Instr{Op: op, Tasks: tasks(c, per), I: [16]int64{int64(c), int64(per), int64(n), int64(plane), flag(b.Training)},
			F: [8]float32{float32(b.Epsilon), float32(b.Momentum)}, P: operands,
			Bytes: float64(16 * n * c * plane), Flops: float64(8 * n * c * plane)}
	}
	l := inputs{graph: g}
	l.put(x, true)
	l.put(b.Gamma, true)
	l.put(b.Beta, true)
	l.put(b.Mean, false)
	l.put(b.Variance, false)
	at := l.put(weight, false)
	return g.normalised(name, s, 2*c, l, func(e *emitter, y, stats vm.Buffer, in []vm.Buffer) {
		mean, variance := vm.Read(in[3]), vm.Read(in[4])
		if b.Training {
			mean, variance = vm.Update(in[3]), vm.Update(in[4])
		}
		e.emit(instr(kernel.BatchNorm, vm.Read(in[0]), vm.Read(in[1]), vm.Read(in[2]), vm.Write(y), vm.Write(stats),
			mean, variance, readAt(in, at)))
	}, c, func(e *emitter, dx, dparams, x, gamma, stats, dy vm.Buffer, extra []vm.Buffer) {
		mask := vm.Operand{}
		if at != 0 {
			mask = vm.Read(extra[at-2])
		}
		e.emit(instr(kernel.BatchNormGrad, vm.Read(x), vm.Read(gamma), vm.Read(stats), vm.Read(dy), vm.Write(dx),
			vm.Write(e.View(dparams, 0, c)), vm.Write(e.View(dparams, c, c)), mask))
	})
}

// stepMask is 1 for the valid steps (n t) of the examples that exist, else 0.
func (g *Graph) stepMask(lengths, weight *Node, n, t int) *Node {
	l := inputs{graph: g}
	first := lengths == nil // then the weight is the first input
	l.put(lengths, false)
	at := l.put(weight, false)
	return g.add(&fused{name: "step mask", shape: tensor.Shape{n * t}, diff: l.diff, lower: func(e *emitter, out vm.Buffer, in []vm.Buffer) {
		operands := []vm.Operand{vm.Read(in[0]), readAt(in, at), vm.Write(out)}
		if first {
			operands[0], operands[1] = vm.Operand{}, vm.Read(in[0])
		}
		e.emit(vm.Instr{Op: kernel.StepMask, Tasks: 1, I: [16]int64{int64(n), int64(n), int64(t)}, P: operands})
	}}, l.nodes...)
}

// GroupNorm normalises each of so many groups of channels of an example by
// itself, over all its pixels or steps: rows x(N, C), images x(N, C, H, W) or
// sequences x(N, T, C), with gamma(C) and beta(C) (Wu and He, "Group
// Normalization", 2018). It knows of no lengths: all steps count.
func (g *Graph) GroupNorm(x, gamma, beta *Node, groups int, epsilon float64) *Node {
	const name = "group norm"
	if g.err != nil {
		return nil
	}
	if x.Dims() == 3 { // channels first, and back
		n, t, c := x.Shape()[0], x.Shape()[1], x.Shape()[2]
		y := g.GroupNorm(g.Reshape(g.SwapAxes(x), n, c, t, 1), gamma, beta, groups, epsilon)
		if y == nil {
			return nil
		}
		return g.SwapAxes(g.Reshape(y, n, c, t))
	}
	s := x.Shape().Clone()
	if len(s) != 2 && len(s) != 4 || gamma == nil || beta == nil || !isVector(gamma, s[1]) || !isVector(beta, s[1]) {
		return g.fail("%s: shapes x%v, gamma%v and beta%v do not fit", name, s, shapeOf(gamma), shapeOf(beta))
	}
	if groups < 1 || s[1]%groups != 0 {
		return g.fail("%s: %d channels are not divided by %d groups", name, s[1], groups)
	}
	n, c := s[0], s[1]
	rows, size := n*groups, s.TotalSize()
	per := max(1, grain/4*rows/size)
	instr := func(op kernel.Op, operands ...vm.Operand) vm.Instr {
		return vm.Instr{Op: op, Tasks: tasks(rows, per), I: [16]int64{int64(rows), int64(per), int64(c), int64(size / n / c), int64(groups)},
			F: [8]float32{float32(epsilon)}, P: operands, Bytes: float64(12 * size), Flops: float64(10 * size)}
	}
	l := inputs{graph: g}
	l.put(x, true)
	l.put(gamma, true)
	l.put(beta, true)
	return g.normalised(name, s, 2*rows, l, func(e *emitter, y, stats vm.Buffer, in []vm.Buffer) {
		e.emit(instr(kernel.GroupNorm, vm.Read(in[0]), vm.Read(in[1]), vm.Read(in[2]), vm.Write(y), vm.Write(stats)))
	}, c, func(e *emitter, dx, dparams, x, gamma, stats, dy vm.Buffer, _ []vm.Buffer) {
		parts := e.Alloc(n * 2 * c)
		e.emit(instr(kernel.GroupNormGrad, vm.Read(x), vm.Read(gamma), vm.Read(stats), vm.Read(dy), vm.Write(dx), vm.Write(parts)))
		e.colsum(dparams, parts, n, 2*c)
	})
}

// Softmax is exp(x) / sum(exp(x)) over the last axis of x(..., d). With lengths
// (N), for which the rows of an example are together, only so many of the first
// elements take part; the others, and rows without any, are 0.
func (g *Graph) Softmax(x, lengths *Node) *Node {
	const name = "softmax"
	if g.err != nil {
		return nil
	}
	s := x.Shape().Clone()
	if len(s) < 2 || !isVector(lengths, s[0]) {
		return g.fail("%s: shapes x%v and lengths%v do not fit", name, s, shapeOf(lengths))
	}
	d := s[len(s)-1]
	m := s.TotalSize() / d
	per := max(1, grain/4/d)
	instr := func(op kernel.Op, flops int, operands ...vm.Operand) vm.Instr {
		return vm.Instr{Op: op, Tasks: tasks(m, per), I: [16]int64{int64(m), int64(per), int64(d), int64(m / s[0])}, P: operands,
			Flops: float64(flops * m * d), Bytes: float64(12 * m * d)}
	}
	l := inputs{graph: g}
	l.put(x, true)
	at := l.put(lengths, false)
	return g.add(&fused{
		name: name, shape: s, diff: l.diff,
		lower: func(e *emitter, y vm.Buffer, in []vm.Buffer) {
			e.emit(instr(kernel.Softmax, 30, vm.Read(in[0]), vm.WriteOver(y, 0), readAt(in, at)))
		},
		backward: func(in gorgonia.Nodes, y, dy *Node) gorgonia.Nodes {
			grads := make(gorgonia.Nodes, len(in))
			grads[0] = g.apply(&fused{name: name + " dx", shape: s, lower: func(e *emitter, dx vm.Buffer, in []vm.Buffer) {
				mask := vm.Operand{}
				if at != 0 {
					mask = vm.Read(in[2])
				}
				e.emit(instr(kernel.SoftmaxGrad, 5, vm.Read(in[0]), vm.Read(in[1]), vm.WriteOver(dx, 1), mask))
			}}, append([]*Node{y, dy}, in[1:]...)...)
			return grads
		},
	}, l.nodes...)
}
