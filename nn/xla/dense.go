package xla

import (
	"math"

	"pipe/nn/graph"
	"pipe/nn/xla/stablehlo"
)

func (l *lowering) dense(op graph.Op) bool {
	switch o := op.(type) {
	case graph.Dense:
		x := l.rows(l.narrow(0))
		y := l.MatMul(x, 1, l.narrow(1), 0, l.compute)
		if l.has(2) {
			y = l.Add(y, l.along(l.narrow(2), y.Shape, 1))
		}
		l.put(0, l.activate(o.Act, y))
	case graph.DenseGradInput:
		l.put(0, l.MatMul(l.rows(l.narrow(0)), 1, l.narrow(1), 1, l.compute))
	case graph.DenseGradWeight:
		l.put(0, l.MatMul(l.rows(l.narrow(0)), 0, l.rows(l.narrow(1)), 0, stablehlo.F32))
	case graph.DenseGradBias:
		l.put(0, l.Sum(l.rows(l.wide(0)), 0))
	case graph.Activate:
		l.put(0, l.activate(o.Act, l.in(0)))
	case graph.ActivateGrad:
		x, dy := l.both()
		l.put(0, l.Mul(dy, l.slope(o.Act, x)))
	case graph.OutputGrad:
		y, dy := l.both()
		l.put(0, l.Mul(dy, l.slopeOfOutput(o.Act, y)))
	default:
		return false
	}
	return true
}

// rows is x(..., d) as (m, d).
func (l *lowering) rows(x stablehlo.Value) stablehlo.Value {
	d := x.Shape[len(x.Shape)-1]
	return l.Reshape(x, x.Size()/d, d)
}

// activate is a function of each element.
func (l *lowering) activate(a graph.Activation, x stablehlo.Value) stablehlo.Value {
	zero := l.Like(0, x)
	alpha := float64(a.Alpha)
	switch a.Kind {
	case graph.ReLU:
		return l.Max(x, zero)
	case graph.LeakyReLU:
		return l.Select(l.Compare("GT", x, zero), x, l.Times(x, alpha))
	case graph.ELU:
		return l.Select(l.Compare("GT", x, zero), x, l.Times(l.Unary("exponential_minus_one", x), alpha))
	case graph.GELU:
		return l.Mul(x, l.normal(x))
	case graph.SiLU:
		return l.Mul(x, l.Unary("logistic", x))
	case graph.Tanh:
		return l.Unary("tanh", x)
	case graph.Sigmoid:
		return l.Unary("logistic", x)
	case graph.Softplus:
		return l.softplus(x)
	}
	return x
}

// softplus is log(1 + e^x) without overflow.
func (l *lowering) softplus(x stablehlo.Value) stablehlo.Value {
	rest := l.Unary("log_plus_one", l.Unary("exponential", l.Unary("negate", l.Unary("abs", x))))
	return l.Add(l.Max(x, l.Like(0, x)), rest)
}

// normal is the normal distribution function.
func (l *lowering) normal(x stablehlo.Value) stablehlo.Value {
	return l.Times(l.Plus(l.Erf(l.Times(x, 1/math.Sqrt2)), 1), 0.5)
}

// slope is the derivative of an activation at x.
func (l *lowering) slope(a graph.Activation, x stablehlo.Value) stablehlo.Value {
	switch a.Kind {
	case graph.GELU:
		density := l.Times(l.Unary("exponential", l.Times(l.Mul(x, x), -0.5)), 1/math.Sqrt(2*math.Pi))
		return l.Add(l.normal(x), l.Mul(x, density))
	case graph.SiLU:
		s := l.Unary("logistic", x)
		return l.Mul(s, l.Plus(l.Mul(x, l.Sub(l.Like(1, s), s)), 1))
	}
	return l.slopeOfOutput(a, l.activate(a, x))
}

// slopeOfOutput is the derivative of an activation whose output is y.
func (l *lowering) slopeOfOutput(a graph.Activation, y stablehlo.Value) stablehlo.Value {
	zero, one := l.Like(0, y), l.Like(1, y)
	alpha := float64(a.Alpha)
	positive := func(below stablehlo.Value) stablehlo.Value {
		return l.Select(l.Compare("GT", y, zero), one, below)
	}
	switch a.Kind {
	case graph.ReLU:
		return positive(zero)
	case graph.LeakyReLU:
		return positive(l.Like(alpha, y))
	case graph.ELU:
		return positive(l.Plus(y, alpha))
	case graph.Tanh:
		return l.Sub(one, l.Mul(y, y))
	case graph.Sigmoid:
		return l.Mul(y, l.Sub(one, y))
	case graph.Softplus: // 1 - e^-y
		return l.Unary("negate", l.Unary("exponential_minus_one", l.Unary("negate", y)))
	}
	return one
}
