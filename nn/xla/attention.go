package xla

import (
	"math"

	"pipe/nn/graph"
	"pipe/nn/xla/stablehlo"
)

func (l *lowering) attention(op graph.Op) bool {
	switch o := op.(type) {
	case graph.Attention:
		if l.fused(o, 3) {
			l.attendFused(o)
		} else {
			l.attend(o)
		}
	case graph.AttentionGrad:
		if l.fused(o.Attention, 6) {
			l.attendBackFused(o.Attention)
		} else {
			l.attendBack(o.Attention)
		}
	default:
		return false
	}
	return true
}

// heads is x(N, T, D) as (N, T, heads, D/heads).
func (l *lowering) heads(x stablehlo.Value, heads int) stablehlo.Value {
	return l.Reshape(x, x.Shape[0], x.Shape[1], heads, x.Shape[2]/heads)
}

// whole is (N, heads, T, d) as (N, T, heads d).
func (l *lowering) whole(x stablehlo.Value) stablehlo.Value {
	n, h, t, d := x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]
	return l.Reshape(l.Transpose(x, 0, 2, 1, 3), n, t, h*d)
}

// The dimensions of products of heads: (N, T, heads, d) with (N, T, heads, d) gives
// (N, heads, T, T), and that with (N, T, heads, d) gives (N, heads, T, d).

func (l *lowering) headsByHeads(a, b stablehlo.Value) stablehlo.Value {
	return l.Dot(a, b, []int{0, 2}, []int{0, 2}, []int{3}, []int{3}, stablehlo.F32)
}

// byHeads sums over dimension d of the weights and the steps of x.
func (l *lowering) byHeads(weights stablehlo.Value, d int, x stablehlo.Value) stablehlo.Value {
	return l.Dot(l.Convert(weights, l.compute), x, []int{0, 1}, []int{0, 2}, []int{d}, []int{1}, l.compute)
}

// scores are those of queries and keys, scaled: (N, heads, Tq, Tk), and which keys
// are seen; none: all.
func (l *lowering) scores(o graph.Attention, q, k stablehlo.Value, lengths int) (s, seen stablehlo.Value) {
	s = l.Times(l.headsByHeads(q, k), 1/math.Sqrt(float64(q.Shape[3])))
	if o.Causal {
		seen = l.Compare("LE", l.Iota(stablehlo.I32, 3, s.Shape...), l.Iota(stablehlo.I32, 2, s.Shape...))
	}
	if l.has(lengths) {
		before := l.Compare("LT", l.Iota(stablehlo.F32, 3, s.Shape...), l.along(l.wide(lengths), s.Shape, 0))
		if !seen.None() {
			before = l.Binary("and", before, seen)
		}
		seen = before
	}
	return s, seen
}

// keptWeights says which weights (N, heads, Tq, Tk) dropout keeps: four keys of a
// query have the numbers of one block.
func (l *lowering) keptWeights(o graph.Attention, shape []int) stablehlo.Value {
	n, h, tq, tk := shape[0], shape[1], shape[2], shape[3]
	row := (tk + 3) / 4 * 4
	all := l.kept(o.Key, o.Dropout, n*h*tq*row)
	return l.Slice(l.Reshape(all, n, h, tq, row), 3, 0, tk)
}

// dropped is what dropout makes of weights.
func (l *lowering) dropped(o graph.Attention, p stablehlo.Value) stablehlo.Value {
	if o.Dropout == 0 {
		return p
	}
	scale := float64(float32(1 / (1 - o.Dropout)))
	return l.Select(l.keptWeights(o, p.Shape), l.Times(p, scale), l.Like(0, p))
}

// attend gives the result of q, k, v and lengths, and the logarithms of the sums of
// the softmax.
func (l *lowering) attend(o graph.Attention) {
	q, k, v := l.heads(l.narrow(0), o.Heads), l.heads(l.narrow(1), o.Heads), l.heads(l.narrow(2), o.Heads)
	s, seen := l.scores(o, q, k, 3)
	if !seen.None() {
		s = l.Select(seen, s, l.Like(math.Inf(-1), s))
	}
	top := l.Reduce("maximum", s, 3)
	top = l.Select(l.Finite(top), top, l.Like(0, top)) // who sees no key
	e := l.Unary("exponential", l.Sub(s, l.along(top, s.Shape, 0, 1, 2)))
	sum := l.Sum(e, 3)
	none := l.Compare("EQ", sum, l.Like(0, sum))
	sum = l.Select(none, l.Like(1, sum), sum)
	p := l.Div(e, l.along(sum, e.Shape, 0, 1, 2))
	if l.has(3) { // what is behind the end may be anything
		v = l.only(l.inSequence(3, v.Shape[1]), v)
	}
	l.put(0, l.whole(l.byHeads(l.dropped(o, p), 3, v)))
	l.put(1, l.Select(none, l.Like(0, sum), l.Add(top, l.Unary("log", sum))))
}

// attendBack gives the gradients of q, k and v: of these, both results, the
// gradient of the first and lengths.
func (l *lowering) attendBack(o graph.Attention) {
	const q, k, v, out, lse, dout, lengths = 0, 1, 2, 3, 4, 5, 6
	heads := func(i int) stablehlo.Value { return l.heads(l.narrow(i), o.Heads) }
	n, tq := l.shape(q)[0], l.shape(q)[1]
	s, seen := l.scores(o, heads(q), heads(k), lengths)
	p := l.Unary("exponential", l.Sub(s, l.along(l.Reshape(l.wide(lse), n, o.Heads, tq), s.Shape, 0, 1, 2)))
	if !seen.None() {
		p = l.Select(seen, p, l.Like(0, p))
	}
	values, keys := heads(v), heads(k)
	if l.has(lengths) {
		valid := l.inSequence(lengths, keys.Shape[1])
		values, keys = l.only(valid, values), l.only(valid, keys)
	}
	d := l.Transpose(l.Sum(l.heads(l.Mul(l.wide(out), l.wide(dout)), o.Heads), 3), 0, 2, 1)
	ds := l.Sub(l.dropped(o, l.headsByHeads(heads(dout), values)), l.along(d, s.Shape, 0, 1, 2))
	ds = l.Times(l.Mul(p, ds), 1/math.Sqrt(float64(l.shape(q)[2]/o.Heads)))
	l.put(0, l.whole(l.byHeads(ds, 3, keys)))
	l.put(1, l.whole(l.byHeads(ds, 2, heads(q))))
	l.put(2, l.whole(l.byHeads(l.dropped(o, p), 2, heads(dout))))
}
