package xla

import (
	"pipe/nn/graph"
	"pipe/nn/xla/stablehlo"
)

func (l *lowering) loss(op graph.Op) bool {
	switch o := op.(type) {
	case graph.Loss:
		z, y, w := l.lossIn()
		var row stablehlo.Value
		if o.Kind == graph.SoftmaxCrossEntropy {
			top := l.along(l.Reduce("maximum", z, 1), z.Shape, 0)
			e := l.Unary("exponential", l.Sub(z, top))
			lse := l.Unary("log", l.Sum(e, 1))
			hot := l.hot(y, z)
			at := l.Sum(l.Select(hot, l.Sub(z, top), l.Like(0, z)), 1)
			row = l.Sub(lse, at)
			l.put(2, l.Const(0, stablehlo.F32, 3*w.Size()))
		} else {
			d := l.Sub(z, y)
			row = l.Times(l.Sum(l.Mul(d, d), 1), 1/float64(z.Shape[1]))
		}
		zero := l.Like(0, w)
		row = l.Select(l.Compare("EQ", w, zero), zero, row)
		total := l.All("add", w)
		mean := l.Div(l.All("add", l.Mul(row, w)), total)
		l.put(0, l.Select(l.Compare("EQ", total, l.Const(0, stablehlo.F32)), l.Const(0, stablehlo.F32), mean))
		l.put(1, total)
	case graph.LossGrad:
		z, y, w := l.lossIn()
		unit := l.Div(l.Reshape(l.wide(5)), l.Reshape(l.wide(3)))
		var d stablehlo.Value
		if o.Loss.Kind == graph.SoftmaxCrossEntropy {
			top := l.along(l.Reduce("maximum", z, 1), z.Shape, 0)
			e := l.Unary("exponential", l.Sub(z, top))
			p := l.Div(e, l.along(l.Sum(e, 1), z.Shape, 0))
			d = l.Sub(p, l.Convert(l.hot(y, z), stablehlo.F32))
		} else {
			d = l.Times(l.Sub(z, y), 2/float64(z.Shape[1]))
		}
		ww := l.along(w, z.Shape, 0)
		d = l.Mul(d, l.Mul(ww, l.Fill(unit, z.Shape...)))
		l.put(0, l.Select(l.Compare("EQ", ww, l.Like(0, ww)), l.Like(0, d), d))
	default:
		return false
	}
	return true
}

func (l *lowering) lossIn() (z, y, w stablehlo.Value) {
	w = l.wide(2)
	w = l.Reshape(w, w.Size())
	z = l.wide(0)
	z = l.Reshape(z, w.Size(), z.Size()/w.Size())
	y = l.wide(1)
	return z, l.Reshape(y, w.Size(), y.Size()/w.Size()), w
}

func (l *lowering) hot(y, z stablehlo.Value) stablehlo.Value {
	return l.Compare("EQ", l.Iota(stablehlo.F32, 1, z.Shape...), l.along(l.Reshape(y, z.Shape[0]), z.Shape, 0))
}
