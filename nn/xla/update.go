package xla

import (
	"pipe/nn/graph"
	"pipe/nn/xla/stablehlo"
)

func (l *lowering) update(op graph.Op) bool {
	switch o := op.(type) {
	case graph.Assign:
		l.change(0, l.parts(1, l.partSizes(0))...)
	case graph.Accumulate:
		f := l.scalarOf(2)
		l.each(0, func(i int, s, v []stablehlo.Value) stablehlo.Value {
			return l.Add(s[i], l.Mul(v[i], l.Fill(f, v[i].Shape...)))
		}, 1)
	case graph.Average:
		keep, take := l.scalarOf(2), l.scalarOf(3)
		l.each(0, func(i int, s, v []stablehlo.Value) stablehlo.Value {
			return l.Add(l.Mul(s[i], l.Fill(keep, s[i].Shape...)), l.Mul(v[i], l.Fill(take, v[i].Shape...)))
		}, 1)
	case graph.SquareSums:
		var list []stablehlo.Value
		for i := range l.call.In {
			x := l.wide(i)
			list = append(list, l.Reshape(l.All("add", l.Mul(x, x)), 1))
		}
		l.put(0, l.Concat(0, list...))
	case graph.ClipNorm:
		sum := l.Const(0, stablehlo.F32)
		for i := 1; i < len(l.call.In); i++ {
			for _, p := range l.parts(i, l.partSizes(i)) {
				sum = l.Add(sum, l.All("add", l.Mul(p, p)))
			}
		}
		norm := l.Mul(l.Unary("sqrt", sum), l.hyper(0, graph.HyperScale))
		c := l.Min(l.Div(l.Const(o.Limit, stablehlo.F32), l.Plus(norm, 1e-6)), l.Const(1, stablehlo.F32))
		l.put(0, l.Concat(0, l.Reshape(norm, 1), l.Reshape(c, 1)))
	case graph.Adam:
		l.adam(o)
	default:
		return false
	}
	return true
}

func (l *lowering) partSizes(i int) []int          { return l.values[l.call.In[i]].sizes() }
func (l *lowering) scalarOf(i int) stablehlo.Value { return l.Reshape(l.wide(i)) }
func (l *lowering) hyper(i int, h graph.Hyper) stablehlo.Value {
	return l.Reshape(l.Slice(l.wide(i), 0, int(h), int(h)+1))
}
func (l *lowering) each(i int, f func(i int, s, v []stablehlo.Value) stablehlo.Value, other int) {
	sizes := l.partSizes(i)
	s, v := l.parts(i, sizes), l.parts(other, sizes)
	var list []stablehlo.Value
	for k := range s {
		list = append(list, f(k, s, v))
	}
	l.change(i, list...)
}

func (l *lowering) adam(o graph.Adam) {
	sizes := l.partSizes(0)
	w, g, m, v := l.parts(0, sizes), l.parts(1, sizes), l.parts(4, sizes), l.parts(5, sizes)
	scale := l.hyper(2, graph.HyperScale)
	if l.has(3) {
		scale = l.Mul(scale, l.Reshape(l.Slice(l.wide(3), 0, 1, 2)))
	}
	rate, root, decay, l2 := l.hyper(2, graph.HyperRate), l.hyper(2, graph.HyperRoot), l.hyper(2, graph.HyperDecay), l.hyper(2, graph.HyperL2)
	if !o.Decays {
		decay, l2 = l.Const(0, stablehlo.F32), l.Const(0, stablehlo.F32)
	}
	var nw, nm, nv []stablehlo.Value
	f := func(v float64) float64 { return float64(float32(v)) }
	for i := range w {
		fill := func(s stablehlo.Value) stablehlo.Value { return l.Fill(s, w[i].Shape...) }
		d := l.Add(l.Mul(g[i], fill(scale)), l.Mul(fill(l2), w[i]))
		a := l.Add(l.Times(m[i], f(o.Beta1)), l.Times(d, f(1-o.Beta1)))
		b := l.Add(l.Times(v[i], f(o.Beta2)), l.Mul(l.Times(d, f(1-o.Beta2)), d))
		p := l.Sub(w[i], l.Mul(fill(decay), w[i]))
		p = l.Sub(p, l.Div(l.Mul(fill(rate), a), l.Plus(l.Mul(l.Unary("sqrt", b), fill(root)), f(o.Epsilon))))
		nw, nm, nv = append(nw, p), append(nm, a), append(nv, b)
	}
	l.change(0, nw...)
	l.change(4, nm...)
	l.change(5, nv...)
}
