package xla

import (
	"pipe/nn/graph"
	"pipe/nn/xla/stablehlo"
)

func (l *lowering) primitive(op graph.Op) bool {
	switch o := op.(type) {
	case graph.Map:
		return l.mapped(o)
	case graph.Affine:
		l.put(0, l.Plus(l.Times(l.in(0), o.Factor), o.Offset))
	case graph.Multiply:
		l.put(0, l.Mul(l.both()))
	case graph.Divide:
		l.put(0, l.Div(l.both()))
	case graph.Less:
		a, b := l.both()
		l.put(0, l.Convert(l.Compare("LT", a, b), a.Type))
	case graph.MatMul:
		batch := []int{0}
		l.put(0, l.Dot(l.narrow(0), l.narrow(1), batch, batch, []int{2}, []int{1}, l.compute))
	case graph.Transpose:
		x := l.in(0)
		perm := without(len(x.Shape))
		perm[o.A], perm[o.B] = o.B, o.A
		l.put(0, l.Transpose(x, perm...))
	case graph.Broadcast:
		x := l.in(0)
		l.put(0, l.along(x, l.outShape(0), without(len(x.Shape))...))
	case graph.Reduce:
		x := l.in(0)
		if o.Max {
			l.put(0, l.Reduce("maximum", x, o.Axis))
			break
		}
		l.put(0, l.Convert(l.Sum(l.wide(0), o.Axis), x.Type))
	case graph.Slice:
		l.put(0, l.Slice(l.in(0), o.Axis, o.From, o.From+o.Size))
	case graph.Pad:
		x := l.in(0)
		edge := func(size int) []int {
			list := make([]int, len(x.Shape))
			list[o.Axis] = size
			return list
		}
		l.put(0, l.Pad(x, 0, edge(o.Before), edge(o.After), edge(0)))
	case graph.Count:
		l.put(0, l.Iota(stablehlo.F32, 0, o.Size))
	case graph.Still:
		l.put(0, l.in(0))
	default:
		return false
	}
	return true
}

// mapped is a function of each element.
func (l *lowering) mapped(o graph.Map) bool {
	x := l.in(0)
	switch o.Kind {
	case graph.Exp:
		l.put(0, l.Unary("exponential", x))
	case graph.Log:
		l.put(0, l.Unary("log", x))
	case graph.Sqrt:
		l.put(0, l.Unary("sqrt", x))
	case graph.Erf:
		l.put(0, l.Erf(x))
	case graph.Abs:
		l.put(0, l.Unary("abs", x))
	default:
		return false
	}
	return true
}
