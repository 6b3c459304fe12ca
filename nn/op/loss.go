package op

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pipe/nn/kernel"
	"pipe/nn/vm"
)

// A Loss measures how far the outputs of a network are from the target of a
// row. The target of a classification is the index of the class, as a number.
type Loss string

const (
	SoftmaxCrossEntropy Loss = "softmax_cross_entropy" // k logits; -log softmax(z)[class]
	SigmoidCrossEntropy Loss = "sigmoid_cross_entropy" // logits of class 1; -log of the class's probability
	MSE                 Loss = "mse"                   // (z-y)²
	MAE                 Loss = "mae"                   // |z-y|
	Huber               Loss = "huber"                 // d²/2 if |d| <= delta, else delta (|d| - delta/2), of d = z-y
	Pinball             Loss = "pinball"               // q (y-z) if y >= z, else (1-q) (z-y): z becomes a quantile
	Poisson             Loss = "poisson"               // e^z - y z: z becomes the logarithm of a mean
)

// Known says whether l is one of the losses above.
func (l Loss) Known() bool {
	switch l {
	case SoftmaxCrossEntropy, SigmoidCrossEntropy, MSE, MAE, Huber, Pinball, Poisson:
		return true
	}
	return false
}

// Row is the loss of one row of outputs z, with the usual parameters. It is NaN
// where the class is none of the outputs.
func (l Loss) Row(z []float32, target float32) float64 {
	return LossSpec{Loss: l}.Row(z, []float32{target})
}

// A LossSpec is a loss with its parameters, of which 0 is the usual value.
type LossSpec struct {
	Loss Loss

	Delta    float64 // huber: where it turns linear; 1
	Quantile float64 // pinball: which one; 0.5

	// Cross entropies. With smoothing s, classes that are not that of the row
	// have s of the target: spread over all k classes by softmax, as PyTorch's
	// label_smoothing; t = (1-s) y + s/2 by sigmoid. Gamma is of the focal loss
	// (Lin et al., "Focal Loss for Dense Object Detection", 2017): times
	// (1-p)^gamma, p being the probability of the class. Alpha, by sigmoid, is
	// the weight of class 1, 1-alpha being that of class 0; 0: both are 1.
	Smoothing, Gamma, Alpha float64
}

// Validate says what is wrong with a loss.
func (s LossSpec) Validate() error {
	sigmoid, softmax := s.Loss == SigmoidCrossEntropy, s.Loss == SoftmaxCrossEntropy
	switch {
	case !s.Loss.Known():
		return fmt.Errorf("unknown loss %.40q", string(s.Loss))
	case !(s.Delta >= 0) || math.IsInf(s.Delta, 0):
		return fmt.Errorf("%s: delta %v is not a positive number", s.Loss, s.Delta)
	case !(s.Quantile >= 0 && s.Quantile < 1):
		return fmt.Errorf("%s: quantile %v is not in (0, 1)", s.Loss, s.Quantile)
	case !(s.Smoothing >= 0 && s.Smoothing < 1):
		return fmt.Errorf("%s: label smoothing %v is not in [0, 1)", s.Loss, s.Smoothing)
	case !(s.Gamma >= 0) || math.IsInf(s.Gamma, 0):
		return fmt.Errorf("%s: gamma %v is negative or no number", s.Loss, s.Gamma)
	case !(s.Alpha >= 0 && s.Alpha < 1):
		return fmt.Errorf("%s: alpha %v is not in [0, 1)", s.Loss, s.Alpha)
	case s.Delta != 0 && s.Loss != Huber:
		return fmt.Errorf("%s has no delta", s.Loss)
	case s.Quantile != 0 && s.Loss != Pinball:
		return fmt.Errorf("%s has no quantile", s.Loss)
	case !sigmoid && !softmax && (s.Smoothing != 0 || s.Gamma != 0):
		return fmt.Errorf("%s has no classes: it takes neither label smoothing nor gamma", s.Loss)
	case s.Alpha != 0 && !sigmoid:
		return fmt.Errorf("%s takes no alpha: give the classes weights", s.Loss)
	case softmax && s.Smoothing != 0 && s.Gamma != 0:
		return fmt.Errorf("%s: label smoothing and gamma contradict each other, use one of them", s.Loss)
	}
	return nil
}

// or is v, or the usual value in place of 0.
func or(v, usual float64) float64 {
	if v == 0 {
		return usual
	}
	return v
}

// Row is the loss of one row of outputs z, in float64: the mean over the outputs
// if each has a target. It is NaN where the class is none of the outputs.
func (s LossSpec) Row(z, targets []float32) float64 {
	if s.Loss == SoftmaxCrossEntropy {
		return s.softmax(z, targets[0])
	}
	sum := 0.0
	for i, y := range targets {
		sum += float64(s.one(float64(z[i]), float64(y)))
	}
	return sum / float64(len(targets))
}

func (s LossSpec) softmax(z []float32, target float32) float64 {
	class := int(target)
	if !(target >= 0 && target < float32(len(z))) {
		return math.NaN()
	}
	top, sum, spread := maximum(z), 0.0, 0.0
	for _, v := range z {
		sum += Exp(float64(v) - top)
		spread += top - float64(v)
	}
	l := Log(sum)
	if s.Smoothing == 0 {
		l += top - float64(z[class])
	} else {
		l += float64((1-s.Smoothing)*(top-float64(z[class]))) + float64(s.Smoothing/float64(len(z))*spread)
	}
	if s.Gamma != 0 {
		l *= raise(1-Exp(-l), s.Gamma)
	}
	return l
}

// raise is x to the a, for x from 0 to 1.
func raise(x, a float64) float64 {
	if x <= 0 {
		return 0
	}
	return Exp(a * Log(x))
}

// one is the loss of one output.
func (s LossSpec) one(z, y float64) float64 {
	d := z - y
	a := math.Abs(d)
	switch s.Loss {
	case MSE:
		return d * d
	case MAE:
		return a
	case Huber:
		delta := or(s.Delta, 1)
		if a <= delta {
			return d * d / 2
		}
		return delta * (a - delta/2)
	case Pinball:
		q := or(s.Quantile, 0.5)
		if d > 0 {
			q = 1 - q
		}
		return q * a
	case Poisson:
		return Exp(z) - float64(y*z)
	}
	if s.Smoothing == 0 && s.Gamma == 0 && s.Alpha == 0 { // without rounding, for large logits
		loss := log1p(Exp(-math.Abs(z)))
		if y == 0 {
			return loss + max(z, 0)
		}
		return loss + max(-z, 0)
	}
	t := float64((1-s.Smoothing)*y) + s.Smoothing/2
	loss := log1p(Exp(-math.Abs(z))) + (max(z, 0) - float64(z*t))
	p, q := Logistic(z), Logistic(-z)
	if s.Gamma != 0 {
		loss *= raise(float64(p*(1-t))+float64(q*t), s.Gamma)
	}
	if s.Alpha != 0 {
		loss *= float64(s.Alpha*t) + float64((1-s.Alpha)*(1-t))
	}
	return loss
}

// kernel is the kernel of a loss that is a sum over outputs.
func (s LossSpec) kernel() (kernel.LossKind, [8]float32) {
	switch s.Loss {
	case MSE:
		return kernel.MSELoss, [8]float32{}
	case MAE:
		return kernel.MAELoss, [8]float32{}
	case Huber:
		return kernel.HuberLoss, [8]float32{float32(or(s.Delta, 1))}
	case Pinball:
		return kernel.PinballLoss, [8]float32{float32(or(s.Quantile, 0.5))}
	case Poisson:
		return kernel.PoissonLoss, [8]float32{}
	}
	f := [8]float32{float32(1 - s.Smoothing), float32(s.Smoothing / 2), float32(s.Gamma), 0, 1}
	if s.Alpha != 0 {
		f[3], f[4] = float32(2*s.Alpha-1), float32(1-s.Alpha)
	}
	if s.Gamma == 0 && s.Alpha == 0 {
		return kernel.SigmoidLoss, f
	}
	return kernel.FocalLoss, f
}

// Loss is the mean of the losses of the rows of z(m, k), weighted with w(m): a
// scalar, 0 if there is no weight. A row of weight 0 has no influence at all,
// whatever it holds. y has the class of each row, m numbers, for
// SoftmaxCrossEntropy, else a target for each output, m k numbers. The shapes
// are of any dimensions: only their sizes count, and the first of z is that of
// w. No gradient flows to y and w.
func (g *Graph) Loss(s LossSpec, z, y, w *Node) *Node {
	if g.err != nil {
		return nil
	}
	if err := s.Validate(); err != nil {
		return g.fail("loss: %w", err)
	}
	m := w.Shape().TotalSize()
	k := z.Shape().TotalSize() / m
	softmax := s.Loss == SoftmaxCrossEntropy
	if want := m * k; z.Shape().TotalSize() != want || softmax && y.Shape().TotalSize() != m || !softmax && y.Shape().TotalSize() != want {
		return g.fail("loss: shapes z%v, y%v and w%v do not fit", z.Shape(), y.Shape(), w.Shape())
	}
	l := &loss{spec: s, m: m, k: k}
	size := 2 // the mean and the total weight
	if softmax {
		size += 3 * m // what the gradient needs to know of each row
	}
	diff := g.flows[z]
	both := g.add(&fused{
		name: "loss", shape: tensor.Shape{size}, diff: []bool{diff, false, false},
		lower: l.forward,
		backward: func(in gorgonia.Nodes, out, grad *Node) gorgonia.Nodes {
			return gorgonia.Nodes{g.apply(&fused{name: "loss dz", shape: in[0].Shape().Clone(), lower: l.backward}, in[0], in[1], in[2], out, grad), nil, nil}
		},
	}, z, y, w)
	if g.err != nil {
		return nil
	}
	return g.add(viewOf("loss", 0, diff), both)
}

// A loss emits the instructions of a loss of m rows of k outputs.
type loss struct {
	spec LossSpec
	m, k int
}

// instr is one of the kernels of the loss. Tasks take whole rows.
func (l *loss) instr(backward bool) vm.Instr {
	const flops = 30 // of an exponential, more or less
	per := max(1, grain/4/l.k)
	in := vm.Instr{Tasks: tasks(l.m, per), Bytes: float64(8 * l.m * l.k), Flops: float64(flops * l.m * l.k)}
	if l.spec.Loss == SoftmaxCrossEntropy {
		in.Op = kernel.ClassLoss
		if backward {
			in.Op = kernel.ClassLossGrad
		}
		in.I = [16]int64{int64(l.m), int64(per), int64(l.k)}
		in.F = [8]float32{float32(l.spec.Smoothing / float64(l.k)), float32(1 - l.spec.Smoothing), float32(l.spec.Gamma)}
		return in
	}
	kind, f := l.spec.kernel()
	in.Op = kernel.LossRows
	if backward {
		in.Op = kernel.LossGrad
	}
	in.I, in.F = [16]int64{int64(l.m), int64(per), int64(kind), int64(l.k)}, f
	return in
}

func (l *loss) forward(e *emitter, out vm.Buffer, in []vm.Buffer) {
	row := e.Alloc(l.m)
	rows := l.instr(false)
	rows.P = []vm.Operand{vm.Read(in[0]), vm.Read(in[1]), vm.Read(in[2]), vm.Write(row)}
	if l.spec.Loss == SoftmaxCrossEntropy {
		rows.P = append(rows.P, vm.Write(e.View(out, 2, 3*l.m)))
	}
	e.emit(rows)
	n := tasks(l.m, grain)
	parts := e.Alloc(2 * n)
	sum := elementwise(kernel.WeightedSum, l.m, vm.Read(row), vm.Read(in[2]), vm.Write(parts))
	e.emit(sum)
	e.emit(vm.Instr{Op: kernel.WeightedMean, Tasks: 1, I: [16]int64{int64(n)}, P: []vm.Operand{vm.Read(parts), vm.Write(e.View(out, 0, 2))}})
}

// backward takes z, y, w, what forward gave and the gradient of the mean.
func (l *loss) backward(e *emitter, dz vm.Buffer, in []vm.Buffer) {
	grad := l.instr(true)
	total := e.View(in[3], 1, 1)
	grad.P = []vm.Operand{vm.Read(in[0]), vm.Read(in[1]), vm.Read(in[2])}
	if l.spec.Loss == SoftmaxCrossEntropy {
		grad.P = append(grad.P, vm.Read(e.View(in[3], 2, 3*l.m)))
	}
	grad.P = append(grad.P, vm.Read(total), vm.Read(in[4]), vm.WriteOver(dz, 0))
	e.emit(grad)
}
