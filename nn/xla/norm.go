package xla

import (
	"math"

	"pipe/nn/graph"
	"pipe/nn/xla/stablehlo"
)

func (l *lowering) norm(op graph.Op) bool {
	switch o := op.(type) {
	case graph.LayerNorm:
		l.rowNorm(o.Epsilon, false)
	case graph.RMSNorm:
		l.rowNorm(o.Epsilon, true)
	case graph.RowNormGrad:
		l.rowNormGrad(o)
	case graph.BatchNorm:
		l.batchNorm(o)
	case graph.BatchNormGrad:
		l.batchNormGrad(o.Norm)
	case graph.StepMask:
		l.stepMask(o)
	case graph.GroupNorm:
		x := l.groups(l.wide(0), o.Groups)
		over := without(len(x.Shape), 0, 1)
		mean := l.mean(x, over...)
		r := l.inverse(l.Sub(x, l.along(mean, x.Shape, 0, 1)), o.Epsilon, over)
		y := l.scaled(x, mean, r, 0, 1)
		y = l.Add(l.Mul(y, l.byGroup(l.wide(1), x)), l.byGroup(l.wide(2), x))
		l.pass(0, y)
		l.keep(1, mean, r)
	case graph.GroupNormGrad:
		l.groupNormGrad(o.Norm)
	case graph.Softmax:
		l.softmax()
	case graph.SoftmaxGrad:
		l.softmaxGrad()
	default:
		return false
	}
	return true
}

// inverse is 1 / sqrt(mean(x²) + epsilon) over dimensions.
func (l *lowering) inverse(x stablehlo.Value, epsilon float64, over []int) stablehlo.Value {
	return l.Unary("rsqrt", l.Plus(l.mean(l.Mul(x, x), over...), epsilon))
}

// scaled is (x - mean) r, which are those at dims of x.
func (l *lowering) scaled(x, mean, r stablehlo.Value, dims ...int) stablehlo.Value {
	return l.Mul(l.Sub(x, l.along(mean, x.Shape, dims...)), l.along(r, x.Shape, dims...))
}

func (l *lowering) rowNorm(epsilon float64, rms bool) {
	x := l.rows(l.wide(0))
	mean := l.Const(0, stablehlo.F32, x.Shape[0])
	centred := x
	if !rms {
		mean = l.mean(x, 1)
		centred = l.Sub(x, l.along(mean, x.Shape, 0))
	}
	r := l.inverse(centred, epsilon, []int{1})
	y := l.Mul(l.Mul(centred, l.along(r, x.Shape, 0)), l.along(l.wide(1), x.Shape, 1))
	if l.has(2) {
		y = l.Add(y, l.along(l.wide(2), x.Shape, 1))
	}
	l.pass(0, y)
	l.keep(1, mean, r)
}

func (l *lowering) rowNormGrad(o graph.RowNormGrad) {
	x, dy := l.rows(l.wide(0)), l.rows(l.wide(3))
	m := x.Shape[0]
	kept := l.parts(2, []int{m, m})
	y := l.scaled(x, kept[0], kept[1], 0)
	g := l.Mul(dy, l.along(l.wide(1), x.Shape, 1))
	l.pass(0, l.throughNorm(y, g, kept[1], !o.RMS, []int{1}, 0))
	l.put(1, l.Sum(l.Mul(dy, y), 0))
	l.put(2, l.Sum(dy, 0))
}

// throughNorm is the gradient of x from that of y = (x - mean) r, where mean and r
// are those over dimensions, and at the others.
func (l *lowering) throughNorm(y, dy, r stablehlo.Value, centred bool, over []int, at ...int) stablehlo.Value {
	along := func(v stablehlo.Value) stablehlo.Value { return l.along(v, y.Shape, at...) }
	dx := l.Sub(dy, l.Mul(y, along(l.mean(l.Mul(dy, y), over...))))
	if centred {
		dx = l.Sub(dx, along(l.mean(dy, over...)))
	}
	return l.Mul(dx, along(r))
}

// groups is x(n, c, ...) as (n, groups, c / groups, ...).
func (l *lowering) groups(x stablehlo.Value, groups int) stablehlo.Value {
	return l.Reshape(x, append([]int{x.Shape[0], groups, x.Shape[1] / groups}, x.Shape[2:]...)...)
}

// byGroup puts (c) to the channels of x(n, groups, c / groups, ...).
func (l *lowering) byGroup(v, x stablehlo.Value) stablehlo.Value {
	return l.along(l.Reshape(v, x.Shape[1], x.Shape[2]), x.Shape, 1, 2)
}

func (l *lowering) groupNormGrad(o graph.GroupNorm) {
	x, dy := l.groups(l.wide(0), o.Groups), l.groups(l.wide(3), o.Groups)
	rows := x.Shape[0] * o.Groups
	kept := l.parts(2, []int{rows, rows})
	mean, r := l.Reshape(kept[0], x.Shape[0], o.Groups), l.Reshape(kept[1], x.Shape[0], o.Groups)
	y := l.scaled(x, mean, r, 0, 1)
	g := l.Mul(dy, l.byGroup(l.wide(1), x))
	l.pass(0, l.throughNorm(y, g, r, true, without(len(x.Shape), 0, 1), 0, 1))
	rest := without(len(x.Shape), 1, 2)
	l.put(1, l.Sum(l.Mul(dy, y), rest...))
	l.put(2, l.Sum(dy, rest...))
}

// A batch is what of an input of batch norm counts.
type batch struct {
	channel int             // its dimension
	over    []int           // the others
	exists  stablehlo.Value // booleans of the shape of x; none: all count
	count   stablehlo.Value // how many values of a channel, F32 (c)
}

// batch is that of x, by the weights that may be an input.
func (l *lowering) batch(x stablehlo.Value, weights int) batch {
	b := batch{channel: 1}
	if len(x.Shape) == 3 {
		b.channel = 2
	}
	b.over = without(len(x.Shape), b.channel)
	c := x.Shape[b.channel]
	if !l.has(weights) {
		b.count = l.Const(float64(x.Size()/c), stablehlo.F32, c)
		return b
	}
	rows := x.Shape[:1]
	if len(x.Shape) == 3 {
		rows = x.Shape[:2]
	}
	w := l.Reshape(l.wide(weights), rows...)
	exists := l.Compare("NE", w, l.Like(0, w))
	n := l.All("add", l.Convert(exists, stablehlo.F32))
	b.count = l.Fill(l.Times(n, float64(x.Size()/c/w.Size())), c)
	b.exists = l.along(exists, x.Shape, without(len(rows))...)
	return b
}

func (l *lowering) batchNorm(o graph.BatchNorm) {
	x := l.wide(0)
	b := l.batch(x, 5)
	mean, variance := l.wide(3), l.wide(4)
	if o.Training {
		mean, variance = l.trained(o, b, x, mean, variance)
	}
	r := l.Unary("rsqrt", l.Plus(variance, o.Epsilon))
	y := l.scaled(x, mean, r, b.channel)
	y = l.Add(l.Mul(y, l.along(l.wide(1), x.Shape, b.channel)), l.along(l.wide(2), x.Shape, b.channel))
	l.pass(0, l.where(b.exists, y, 0))
	l.keep(1, mean, r)
}

// trained gives the mean and the variance of a batch and moves the running ones,
// which are what it gives if nothing counts.
//
// Both come from one look at x: its differences from an origin, of which the mean
// is not far from 0 as deviations go. So little is lost where the square of the
// mean is subtracted from the mean of the squares (Chan et al., "Algorithms for
// Computing the Sample Variance", 1983).
func (l *lowering) trained(o graph.BatchNorm, b batch, x, mean, variance stablehlo.Value) (m, v stablehlo.Value) {
	origin := l.origin(b, x)
	d := l.where(b.exists, l.Sub(x, l.along(origin, x.Shape, b.channel)), 0)
	sum, squares := l.Sum(d, b.over...), l.Sum(l.Mul(d, d), b.over...)
	one := l.Like(1, b.count)
	by := l.Max(b.count, one)
	m = l.Div(sum, by)
	squares = l.Max(l.Sub(squares, l.Mul(sum, m)), l.Like(0, sum))
	m = l.Add(origin, m)
	moved := func(running, now stablehlo.Value) stablehlo.Value {
		return l.Add(running, l.Times(l.Sub(now, running), o.Momentum))
	}
	v = l.Div(squares, by)
	unbiased := l.Div(squares, l.Max(l.Sub(b.count, one), one))
	nextMean, nextVariance := moved(mean, m), moved(variance, unbiased)
	if !b.exists.None() {
		some := l.Compare("GT", b.count, l.Like(0, b.count))
		or := func(a, b stablehlo.Value) stablehlo.Value { return l.Select(some, a, b) }
		m, v, nextMean, nextVariance = or(m, mean), or(v, variance), or(nextMean, mean), or(nextVariance, variance)
	}
	l.change(3, nextMean)
	l.change(4, nextVariance)
	return m, v
}

// origin is the mean of what counts of the first pixel, or step, of all examples, of
// each channel. (That of one example would be on one of several devices.)
func (l *lowering) origin(b batch, x stablehlo.Value) stablehlo.Value {
	exists := b.exists
	for _, d := range b.over[1:] {
		x = l.Slice(x, d, 0, 1)
		if !exists.None() {
			exists = l.Slice(exists, d, 0, 1)
		}
	}
	if exists.None() {
		return l.mean(x, b.over...)
	}
	n := l.Sum(l.Convert(exists, stablehlo.F32), b.over...)
	return l.Div(l.Sum(l.where(exists, x, 0), b.over...), l.Max(n, l.Like(1, n)))
}

func (l *lowering) batchNormGrad(o graph.BatchNorm) {
	x := l.wide(0)
	b := l.batch(x, 4)
	c := x.Shape[b.channel]
	kept := l.parts(2, []int{c, c})
	along := func(v stablehlo.Value) stablehlo.Value { return l.along(v, x.Shape, b.channel) }
	y, dy := l.where(b.exists, l.scaled(x, kept[0], kept[1], b.channel), 0), l.where(b.exists, l.wide(3), 0)
	dgamma, dbeta := l.Sum(l.Mul(dy, y), b.over...), l.Sum(dy, b.over...)
	dx := dy
	if o.Training {
		by := l.Max(b.count, l.Like(1, b.count))
		dx = l.Sub(l.Sub(dy, along(l.Div(dbeta, by))), l.Mul(y, along(l.Div(dgamma, by))))
	}
	dx = l.Mul(dx, along(l.Mul(l.wide(1), kept[1])))
	l.pass(0, l.where(b.exists, dx, 0))
	l.put(1, dgamma)
	l.put(2, dbeta)
}

// stepMask is 1 where a step and its example are there.
func (l *lowering) stepMask(o graph.StepMask) {
	shape := []int{o.Examples, o.Steps}
	there := l.Const(1, stablehlo.I1, shape...)
	if l.has(0) {
		there = l.valid(0, o.Steps)
	}
	if l.has(1) {
		w := l.wide(1)
		there = l.Binary("and", there, l.along(l.Compare("NE", w, l.Like(0, w)), shape, 0))
	}
	l.put(0, l.Convert(there, stablehlo.F32))
}

// valued says which elements of the last dimension of x count, of the lengths that
// may be an input; none: all.
func (l *lowering) valued(x stablehlo.Value, lengths int) stablehlo.Value {
	if !l.has(lengths) {
		return stablehlo.Value{}
	}
	last := len(x.Shape) - 1
	return l.along(l.valid(lengths, x.Shape[last]), x.Shape, 0, last)
}

func (l *lowering) softmax() {
	x := l.wide(0)
	last := len(x.Shape) - 1
	rows := without(last+1, last)
	valid := l.valued(x, 1)
	top := l.Reduce("maximum", l.where(valid, x, math.Inf(-1)), last)
	e := l.where(valid, l.Unary("exponential", l.Sub(x, l.along(top, x.Shape, rows...))), 0)
	y := l.Div(e, l.along(l.Sum(e, last), x.Shape, rows...))
	l.pass(0, l.where(valid, y, 0))
}

func (l *lowering) softmaxGrad() {
	y, dy := l.wide(0), l.wide(1)
	last := len(y.Shape) - 1
	valid := l.valued(y, 2)
	sum := l.Sum(l.where(valid, l.Mul(y, dy), 0), last)
	dx := l.Mul(y, l.Sub(dy, l.along(sum, y.Shape, without(last+1, last)...)))
	l.pass(0, l.where(valid, dx, 0))
}
