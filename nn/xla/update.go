package xla

import (
	"pipe/nn/graph"
	"pipe/nn/xla/stablehlo"
)

func (l *lowering) update(op graph.Op) bool {
	switch o := op.(type) {
	case graph.Assign:
		l.change(0, l.parts(1, l.sizes(0))...)
	case graph.Accumulate:
		factor := l.Reshape(l.wide(2))
		l.each(func(state, value stablehlo.Value) stablehlo.Value {
			return l.Add(state, l.scale(value, factor))
		})
	case graph.Average:
		keep, take := l.Reshape(l.wide(2)), l.Reshape(l.wide(3))
		l.each(func(state, value stablehlo.Value) stablehlo.Value {
			return l.Add(l.scale(state, keep), l.scale(value, take))
		})
	case graph.SquareSums:
		sums := l.squares(0)
		for i, v := range sums {
			sums[i] = l.Reshape(v, 1)
		}
		l.put(0, l.Concat(0, sums...))
	case graph.Regularize:
		l.regularize(o)
	case graph.ClipNorm:
		l.clipNorm(o)
	default:
		return l.optimizer(op)
	}
	return true
}

// sizes are those of the parts of an input.
func (l *lowering) sizes(i int) []int { return l.values[l.call.In[i]].sizes() }

// flat are the parts of an input as F32, in given sizes.
func (l *lowering) flat(i int, sizes []int) []stablehlo.Value {
	var list []stablehlo.Value
	for _, p := range l.parts(i, sizes) {
		list = append(list, l.Convert(p, stablehlo.F32))
	}
	return list
}

// each changes the first input by the second, part by part.
func (l *lowering) each(f func(state, value stablehlo.Value) stablehlo.Value) {
	sizes := l.sizes(0)
	states, values := l.flat(0, sizes), l.flat(1, sizes)
	for i, v := range values {
		states[i] = f(states[i], v)
	}
	l.change(0, states...)
}

// scale multiplies each element by a scalar.
func (l *lowering) scale(v, by stablehlo.Value) stablehlo.Value {
	return l.Mul(v, l.Fill(by, v.Shape...))
}

// A GPU has a program for each sum. Those of the squares of values of so few elements
// are made together, of so many values at a time.
const (
	fewElements = 1 << 13
	fewValues   = 32
)

// squares are the sums of the squares of the elements of each input from one on,
// scalars.
func (l *lowering) squares(from int) []stablehlo.Value {
	var few []stablehlo.Value // (1, elements)
	var of []int              // the inputs that they are of
	sums := make([]stablehlo.Value, len(l.call.In)-from)
	add := func(i int, v stablehlo.Value) {
		if v = l.Reshape(v); !sums[i].None() {
			v = l.Add(sums[i], v)
		}
		sums[i] = v
	}
	for i := range sums {
		for _, p := range l.flat(i+from, l.sizes(i+from)) {
			if p.Size() <= fewElements {
				few, of = append(few, l.Reshape(p, 1, p.Size())), append(of, i)
			} else {
				add(i, l.All("add", l.Mul(p, p)))
			}
		}
	}
	for len(few) > 0 {
		n := min(fewValues, len(few))
		longest := 0
		for _, v := range few[:n] {
			longest = max(longest, v.Size())
		}
		for k, v := range few[:n] {
			few[k] = l.Pad(v, 0, []int{0, 0}, []int{0, longest - v.Size()}, []int{0, 0})
		}
		rows := l.Concat(0, few[:n]...)
		rows = l.Sum(l.Mul(rows, rows), 1)
		for k, i := range of[:n] {
			add(i, l.Slice(rows, 0, k, k+1))
		}
		few, of = few[n:], of[n:]
	}
	return sums
}

// hyper is a number of the block that is an input, a scalar.
func (l *lowering) hyper(i int, which graph.Hyper) stablehlo.Value {
	return l.Reshape(l.Slice(l.wide(i), 0, int(which), int(which)+1))
}

// signum is -1, 0 or 1, and 0 of what is no number.
func (l *lowering) signum(v stablehlo.Value) stablehlo.Value {
	zero := l.Like(0, v)
	return l.Select(l.Compare("GT", v, zero), l.Like(1, v), l.Select(l.Compare("LT", v, zero), l.Like(-1, v), zero))
}

// clamp cuts to a limit on both sides; what is no number stays so.
func (l *lowering) clamp(v, limit stablehlo.Value) stablehlo.Value {
	return l.Max(l.Min(v, limit), l.Unary("negate", limit))
}

// penalised scales a gradient, adds the slope of L1, unless that is none, and cuts it.
func (l *lowering) penalised(w, g, scale, l1, limit stablehlo.Value) stablehlo.Value {
	d := l.scale(g, scale)
	if !l1.None() {
		d = l.Add(d, l.scale(l.signum(w), l1))
	}
	return l.clamp(d, l.Fill(limit, d.Shape...))
}

func (l *lowering) regularize(o graph.Regularize) {
	scale, limit, l1 := l.hyper(2, graph.HyperScale), l.hyper(2, graph.HyperLimit), stablehlo.Value{}
	if o.Decays {
		l1 = l.hyper(2, graph.HyperL1)
	}
	sizes := l.sizes(1)
	params, grads := l.flat(0, sizes), l.flat(1, sizes)
	for i, g := range grads {
		grads[i] = l.penalised(params[i], g, scale, l1, limit)
	}
	l.change(1, grads...)
}

// clipNorm gives the norm and the factor that brings it down, as PyTorch's
// clip_grad_norm_.
func (l *lowering) clipNorm(o graph.ClipNorm) {
	sums := l.squares(1)
	sum := sums[0]
	for _, s := range sums[1:] {
		sum = l.Add(sum, s)
	}
	norm := l.Mul(l.Unary("sqrt", sum), l.hyper(0, graph.HyperScale))
	factor := l.Like(1, norm)
	if o.Limit != 0 {
		c := l.Div(l.Like(o.Limit, norm), l.Plus(norm, 1e-6))
		factor = l.Select(l.Compare("GE", c, factor), factor, c)
	}
	l.put(0, l.Concat(0, l.Reshape(norm, 1), l.Reshape(factor, 1)))
}

// A descent is the step of an optimiser for one part of the parameters.
type descent struct {
	*lowering
	d          stablehlo.Value   // the gradient
	rate, root stablehlo.Value   // HyperRate, HyperRoot: scalars
	kept       []stablehlo.Value // what the rule keeps, of which some may be none; it changes them
}

// keeps says whether there is something that a rule may keep.
func (s *descent) keeps(i int) bool { return i < len(s.kept) && !s.kept[i].None() }

// decay makes what is kept a part of itself and something added.
func (s *descent) decay(i int, part float64, v stablehlo.Value) stablehlo.Value {
	s.kept[i] = s.Add(s.Times(s.kept[i], part), v)
	return s.kept[i]
}

// square is the square of the gradient times a number.
func (s *descent) square(times float64) stablehlo.Value {
	return s.Mul(s.Times(s.d, times), s.d)
}

// over is d / (sqrt(v) + epsilon).
func (s *descent) over(d, v stablehlo.Value, epsilon float64) stablehlo.Value {
	return s.Div(d, s.Plus(s.Unary("sqrt", v), epsilon))
}

// optimizer lowers a step of an optimiser: rules say what is subtracted from the
// parameters.
func (l *lowering) optimizer(op graph.Op) bool {
	switch o := op.(type) {
	case graph.SGD:
		l.descend(o.Decays, func(s *descent) stablehlo.Value {
			if !s.keeps(0) {
				return s.scale(s.d, s.rate)
			}
			b := s.decay(0, o.Momentum, s.d)
			if o.Nesterov {
				b = s.Add(s.Times(b, o.Momentum), s.d)
			}
			return s.scale(b, s.rate)
		})
	case graph.Adam:
		l.descend(o.Decays, func(s *descent) stablehlo.Value {
			m := s.decay(0, o.Beta1, s.Times(s.d, 1-o.Beta1))
			v := s.decay(1, o.Beta2, s.square(1-o.Beta2))
			return s.Div(s.scale(m, s.rate), s.Plus(s.scale(s.Unary("sqrt", v), s.root), o.Epsilon))
		})
	case graph.RMSprop:
		l.descend(o.Decays, func(s *descent) stablehlo.Value {
			v := s.decay(0, o.Alpha, s.square(1-o.Alpha))
			if s.keeps(1) {
				a := s.decay(1, o.Alpha, s.Times(s.d, 1-o.Alpha))
				v = s.Max(s.Sub(v, s.Mul(a, a)), s.Like(0, v)) // rounding
			}
			u := s.over(s.d, v, o.Epsilon)
			if s.keeps(2) {
				u = s.decay(2, o.Momentum, u)
			}
			return s.scale(u, s.rate)
		})
	case graph.Adagrad:
		l.descend(o.Decays, func(s *descent) stablehlo.Value {
			sum := s.decay(0, 1, s.square(1))
			return s.over(s.scale(s.d, s.rate), sum, o.Epsilon)
		})
	case graph.Lion:
		l.descend(o.Decays, func(s *descent) stablehlo.Value {
			u := s.Add(s.Times(s.kept[0], o.Beta1), s.Times(s.d, 1-o.Beta1))
			s.decay(0, o.Beta2, s.Times(s.d, 1-o.Beta2))
			return s.scale(s.signum(u), s.rate)
		})
	default:
		return false
	}
	return true
}

// firstKept is the input of an optimiser from which on it has what it keeps.
const firstKept = 4

// descend changes parameters and what is kept of them, part by part.
func (l *lowering) descend(decays bool, rule func(s *descent) stablehlo.Value) {
	number := func(h graph.Hyper) stablehlo.Value { return l.hyper(2, h) }
	scale, limit, rate, root := number(graph.HyperScale), number(graph.HyperLimit), number(graph.HyperRate), number(graph.HyperRoot)
	if l.has(3) {
		scale = l.Mul(scale, l.Reshape(l.Slice(l.wide(3), 0, 1, 2)))
	}
	var l1, l2, decay stablehlo.Value
	if decays {
		l1, l2, decay = number(graph.HyperL1), number(graph.HyperL2), number(graph.HyperDecay)
	}
	sizes := l.sizes(0)
	params, grads := l.flat(0, sizes), l.flat(1, sizes)
	var kept [][]stablehlo.Value // by input and part; nil: left out
	for i := firstKept; i < len(l.call.In); i++ {
		kept = append(kept, nil)
		if l.has(i) {
			kept[i-firstKept] = l.flat(i, sizes)
		}
	}
	for i, w := range params {
		s := &descent{lowering: l, d: l.penalised(w, grads[i], scale, l1, limit), rate: rate, root: root}
		if decays {
			s.d = l.Add(s.d, l.scale(w, l2))
			w = l.Sub(w, l.scale(w, decay))
		}
		for _, parts := range kept {
			s.kept = append(s.kept, stablehlo.Value{})
			if parts != nil {
				s.kept[len(s.kept)-1] = parts[i]
			}
		}
		params[i] = l.Sub(w, rule(s))
		for k, parts := range kept {
			if parts != nil {
				parts[i] = s.kept[k]
			}
		}
	}
	l.change(0, params...)
	for k, parts := range kept {
		if parts != nil {
			l.change(firstKept+k, parts...)
		}
	}
}
