package xla

import (
	"math"

	"pipe/nn/graph"
	"pipe/nn/xla/stablehlo"
)

func (l *lowering) loss(op graph.Op) bool {
	switch o := op.(type) {
	case graph.Loss:
		if o.Kind == graph.SoftmaxCrossEntropy {
			l.classLoss(o)
			return true
		}
		z, y := l.outputs()
		each := l.lossOf(o, z, y)
		if each.None() {
			return false
		}
		l.meanLoss(l.Times(l.Sum(each, 1), 1/float64(z.Shape[1])))
	case graph.LossGrad:
		if o.Loss.Kind == graph.SoftmaxCrossEntropy {
			l.classLossGrad(o.Loss)
			return true
		}
		z, y := l.outputs()
		scale := l.Times(l.rowScale(), 1/float64(z.Shape[1]))
		l.lossGrad(l.Mul(l.along(scale, z.Shape, 0), l.lossSlope(o.Loss, z, y)))
	default:
		return false
	}
	return true
}

// outputs are those of a network, and the targets: (rows, outputs).
func (l *lowering) outputs() (z, y stablehlo.Value) {
	z, y = l.rowsOf(l.wide(0)), l.wide(1)
	if y.Size() == z.Size() {
		y = l.Reshape(y, z.Shape...)
	}
	return z, y
}

// rowsOf is z in as many rows as there are weights.
func (l *lowering) rowsOf(z stablehlo.Value) stablehlo.Value {
	m := l.shape(2).Size()
	return l.Reshape(z, m, z.Size()/m)
}

// weights are those of the rows, and which of them count.
func (l *lowering) weights() (w, live stablehlo.Value) {
	w = l.wide(2)
	w = l.Reshape(w, w.Size())
	return w, l.Compare("NE", w, l.Like(0, w))
}

// meanLoss gives the mean of the losses of the rows, and the total weight.
func (l *lowering) meanLoss(rows stablehlo.Value) {
	w, live := l.weights()
	total, sum := l.All("add", w), l.All("add", l.where(live, l.Mul(w, rows), 0))
	zero := l.Like(0, total)
	l.put(0, l.Select(l.Compare("EQ", total, zero), zero, l.Div(sum, total)))
	l.put(1, total)
}

// rowScale is what the gradient of the loss of each row is multiplied by.
func (l *lowering) rowScale() stablehlo.Value {
	w, _ := l.weights()
	unit := l.Reshape(l.wide(3))
	if l.has(5) {
		unit = l.Div(l.Reshape(l.wide(5)), unit)
	} else {
		unit = l.Div(l.Like(1, unit), unit)
	}
	return l.Mul(w, l.Fill(unit, w.Shape...))
}

// lossGrad gives the gradient of z, which is 0 in rows without weight.
func (l *lowering) lossGrad(dz stablehlo.Value) {
	_, live := l.weights()
	l.pass(0, l.where(l.along(live, dz.Shape, 0), dz, 0))
}

// classes says which of the outputs of each row is its class; and of rows, whether
// one is.
func (l *lowering) classes(y stablehlo.Value, shape []int) (hit, valid stablehlo.Value) {
	y = l.Reshape(y, y.Size())
	valid = l.Binary("and", l.Compare("GE", y, l.Like(0, y)), l.Compare("LT", y, l.Like(float64(shape[1]), y)))
	class := l.Convert(l.where(valid, y, -1), stablehlo.I32)
	return l.Compare("EQ", l.Iota(stablehlo.I32, 1, shape...), l.along(class, shape, 0)), valid
}

// classLoss is the cross entropy of softmax. Of each row are kept the largest
// output, 1 over the sum of exponentials, and what the gradient is multiplied by.
func (l *lowering) classLoss(o graph.Loss) {
	z, y := l.outputs()
	top := l.Reduce("maximum", z, 1)
	below := l.Sub(l.along(top, z.Shape, 0), z)
	sum := l.Sum(l.Unary("exponential", l.Unary("negate", below)), 1)
	hit, valid := l.classes(y, z.Shape)
	far := l.Times(l.Sum(l.where(hit, below, 0), 1), 1-o.Smoothing)
	if o.Smoothing != 0 {
		far = l.Add(far, l.Times(l.Sum(below, 1), o.Smoothing/float64(z.Shape[1])))
	}
	far = l.where(valid, far, math.NaN())
	loss := l.Add(l.Unary("log", sum), far)
	factor := l.where(l.Compare("EQ", far, far), l.Like(1, far), math.NaN())
	if o.Gamma != 0 {
		e := l.Unary("exponential", l.Unary("negate", far))
		miss := l.Div(l.Sub(sum, e), sum) // the probability of all other classes
		power := l.raise(miss, o.Gamma)
		turn := l.Mul(l.Times(l.Div(e, sum), o.Gamma), l.Div(loss, miss))
		never := l.Compare("EQ", miss, l.Like(0, miss))
		factor = l.Select(never, l.Like(0, miss), l.Mul(power, l.Plus(turn, 1)))
		loss = l.Mul(power, loss)
	}
	l.meanLoss(loss)
	l.keep(2, top, l.Div(l.Like(1, sum), sum), factor)
}

func (l *lowering) classLossGrad(o graph.Loss) {
	z, y := l.outputs()
	m, k := z.Shape[0], z.Shape[1]
	kept := l.parts(4, []int{m, m, m})
	along := func(v stablehlo.Value) stablehlo.Value { return l.along(v, z.Shape, 0) }
	p := l.Mul(l.Unary("exponential", l.Sub(z, along(kept[0]))), along(kept[1]))
	hit, _ := l.classes(y, z.Shape)
	rest := o.Smoothing / float64(k)
	target := l.Select(hit, l.Like(1-o.Smoothing+rest, z), l.Like(rest, z))
	l.lossGrad(l.Mul(along(l.Mul(l.rowScale(), kept[2])), l.Sub(p, target)))
}

// raise is x to a power above 0, for x from 0 to 1.
func (l *lowering) raise(x stablehlo.Value, power float64) stablehlo.Value {
	return l.Unary("exponential", l.Times(l.Unary("log", x), power))
}

// entropy is the cross entropy of a logit.
func (l *lowering) entropy(z, t stablehlo.Value) stablehlo.Value {
	rest := l.Unary("log_plus_one", l.Unary("exponential", l.Unary("negate", l.Unary("abs", z))))
	return l.Add(l.Sub(l.Max(z, l.Like(0, z)), l.Mul(z, t)), rest)
}

// smooth are the targets of a sigmoid.
func (l *lowering) smooth(o graph.Loss, y stablehlo.Value) stablehlo.Value {
	return l.Plus(l.Times(y, 1-o.Smoothing), o.Smoothing/2)
}

// A focus is what value and slope of a focal loss have in common.
type focus struct{ t, p, q, entropy, miss, weight stablehlo.Value }

func (l *lowering) focus(o graph.Loss, z, y stablehlo.Value) focus {
	f := focus{t: l.smooth(o, y), p: l.Unary("logistic", z), q: l.Unary("logistic", l.Unary("negate", z))} // 1 - p would lose what is left of a good row
	f.entropy = l.entropy(z, f.t)
	f.miss = l.Add(l.Mul(f.p, l.Sub(l.Like(1, f.t), f.t)), l.Mul(f.q, f.t))
	f.weight = l.raise(f.miss, o.Gamma)
	if o.Gamma == 0 {
		f.weight = l.Like(1, z)
	}
	if o.Alpha != 0 {
		f.weight = l.Mul(f.weight, l.Plus(l.Times(f.t, 2*o.Alpha-1), 1-o.Alpha))
	}
	return f
}

// lossOf is the loss of each output; none if there is no recipe.
func (l *lowering) lossOf(o graph.Loss, z, y stablehlo.Value) stablehlo.Value {
	o = o.With()
	d := l.Sub(z, y)
	size := l.Unary("abs", d)
	switch o.Kind {
	case graph.MSE:
		return l.Mul(d, d)
	case graph.MAE:
		return size
	case graph.Huber:
		near := l.Compare("LE", size, l.Like(o.Delta, size))
		return l.Select(near, l.Mul(l.Times(d, 0.5), d), l.Times(l.Plus(size, -0.5*o.Delta), o.Delta))
	case graph.Pinball:
		below := l.Compare("LE", d, l.Like(0, d))
		return l.Select(below, l.Times(d, -o.Quantile), l.Times(d, 1-o.Quantile))
	case graph.Poisson:
		return l.Sub(l.Unary("exponential", z), l.Mul(y, z))
	case graph.SigmoidCrossEntropy:
		if o.Gamma == 0 && o.Alpha == 0 {
			return l.entropy(z, l.smooth(o, y))
		}
		f := l.focus(o, z, y)
		return l.Mul(f.weight, f.entropy)
	}
	return stablehlo.Value{}
}

// lossSlope is the derivative of lossOf by z; at the kinks of MAE and Pinball it is 0,
// the slope that belongs to a minimum.
func (l *lowering) lossSlope(o graph.Loss, z, y stablehlo.Value) stablehlo.Value {
	o = o.With()
	d := l.Sub(z, y)
	switch o.Kind {
	case graph.MSE:
		return l.Add(d, d)
	case graph.MAE:
		return l.Unary("sign", d)
	case graph.Huber:
		return l.clamp(d, l.Like(o.Delta, d))
	case graph.Pinball:
		above, below := l.Compare("GT", d, l.Like(0, d)), l.Compare("LT", d, l.Like(0, d))
		return l.Select(above, l.Like(1-o.Quantile, d), l.Select(below, l.Like(-o.Quantile, d), d))
	case graph.Poisson:
		return l.Sub(l.Unary("exponential", z), y)
	}
	if o.Gamma == 0 && o.Alpha == 0 {
		return l.Sub(l.Unary("logistic", z), l.smooth(o, y))
	}
	// (m^g c)' = m^g (c' + g c m'/m), with m' = p q (1 - 2t), and c' = p - t
	f := l.focus(o, z, y)
	turn := l.Div(l.Mul(l.Mul(f.p, f.q), l.Plus(l.Times(f.t, -2), 1)), f.miss)
	never := l.Compare("EQ", f.miss, l.Like(0, f.miss))
	turn = l.Select(never, l.Like(0, turn), turn)
	return l.Mul(f.weight, l.Add(l.Mul(l.Times(f.entropy, o.Gamma), turn), l.Sub(f.p, f.t)))
}
