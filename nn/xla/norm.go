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
		l.groupNorm(o)
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

// moments are the mean of n values and the sum of the squares of what they differ
// from it, of their sum and that of their squares: one look at them, which a GPU has
// to read from memory. The square of the mean is subtracted from the mean of the
// squares, so values are to be differences from an origin that is not far from the
// mean (Chan et al., "Algorithms for Computing the Sample Variance", 1983).
func (l *lowering) moments(sum, squares, n stablehlo.Value) (mean, deviations stablehlo.Value) {
	mean = l.Div(sum, n)
	return mean, l.Max(l.Sub(squares, l.Mul(sum, mean)), l.Like(0, mean))
}

// sums are those of several values over dimensions, some after the others (counted
// in what the first leave): a GPU adds up side by side what lies side by side.
func (l *lowering) sums(over [][]int, values ...stablehlo.Value) []stablehlo.Value {
	for _, dims := range over {
		if len(dims) > 0 {
			values = l.Sums(dims, values...)
		}
	}
	return values
}

// inverse is 1 / sqrt(variance + epsilon).
func (l *lowering) inverse(variance stablehlo.Value, epsilon float64) stablehlo.Value {
	return l.Unary("rsqrt", l.Plus(variance, epsilon))
}

// scaled is (x - mean) r, which are those at dims of x.
func (l *lowering) scaled(x, mean, r stablehlo.Value, dims ...int) stablehlo.Value {
	return l.Mul(l.Sub(x, l.along(mean, x.Shape, dims...)), l.along(r, x.Shape, dims...))
}

// rowNorm is such that XLA makes one program of it, which holds a row while it looks
// at it more than once.
func (l *lowering) rowNorm(epsilon float64, rms bool) {
	x := l.rows(l.wide(0))
	mean, y := l.Const(0, stablehlo.F32, x.Shape[0]), x
	if !rms {
		mean = l.mean(x, 1)
		y = l.Sub(x, l.along(mean, x.Shape, 0))
	}
	r := l.inverse(l.mean(l.Mul(y, y), 1), epsilon)
	y = l.Mul(l.Mul(y, l.along(r, x.Shape, 0)), l.along(l.wide(1), x.Shape, 1))
	if l.has(2) {
		y = l.Add(y, l.along(l.wide(2), x.Shape, 1))
	}
	l.pass(0, y)
	l.keep(1, mean, r)
}

// rowNormGrad finds the mean and the deviation of each row again, together with the
// sums that the gradient needs. To keep them would take rowNorm apart.
func (l *lowering) rowNormGrad(o graph.RowNormGrad) {
	x, dy := l.rows(l.wide(0)), l.rows(l.wide(3))
	n := float64(x.Shape[1])
	g := l.Mul(dy, l.along(l.wide(1), x.Shape, 1))
	by := func(row, v stablehlo.Value) stablehlo.Value { return l.Mul(l.along(row, v.Shape, 0), v) }
	var y, r, dx stablehlo.Value
	if o.RMS {
		sums := l.Sums([]int{1}, l.Mul(x, x), l.Mul(g, x))
		r = l.inverse(l.Times(sums[0], 1/n), o.Epsilon)
		y = by(r, x)
		dx = l.Sub(g, by(l.Mul(l.Times(sums[1], 1/n), r), y))
	} else {
		origin := l.mean(l.Slice(x, 1, 0, min(16, x.Shape[1])), 1) // not far from the mean: see moments
		x = l.Sub(x, l.along(origin, x.Shape, 0))
		sums := l.Sums([]int{1}, x, l.Mul(x, x), l.Mul(g, x), g)
		mean, squares := l.moments(sums[0], sums[1], l.Like(n, sums[0]))
		r = l.inverse(l.Times(squares, 1/n), o.Epsilon)
		y = by(r, l.Sub(x, l.along(mean, x.Shape, 0)))
		gy := l.Mul(l.Sub(sums[2], l.Mul(mean, sums[3])), r) // the sum of g y
		dx = l.Sub(g, l.Add(by(l.Times(gy, 1/n), y), l.along(l.Times(sums[3], 1/n), x.Shape, 0)))
	}
	l.pass(0, by(r, dx))
	sums := l.Sums([]int{0}, l.Mul(dy, y), dy)
	l.put(1, sums[0])
	l.put(2, sums[1])
}

// groups is x(n, c, ...) as (n, groups, c / groups, ...).
func (l *lowering) groups(x stablehlo.Value, groups int) stablehlo.Value {
	return l.Reshape(x, append([]int{x.Shape[0], groups, x.Shape[1] / groups}, x.Shape[2:]...)...)
}

// byGroup puts (c) to the channels of x(n, groups, c / groups, ...).
func (l *lowering) byGroup(v, x stablehlo.Value) stablehlo.Value {
	return l.along(l.Reshape(v, x.Shape[1], x.Shape[2]), x.Shape, 1, 2)
}

// pixels are the dimensions of x(n, groups, c / groups, ...) behind the channels.
func pixels(x stablehlo.Value) []int { return without(len(x.Shape), 0, 1, 2) }

func (l *lowering) groupNorm(o graph.GroupNorm) {
	x := l.groups(l.wide(0), o.Groups)
	first := x
	for _, d := range pixels(x) {
		first = l.Slice(first, d, 0, 1)
	}
	origin := l.mean(first, without(len(x.Shape), 0, 1)...)
	d := l.Sub(x, l.along(origin, x.Shape, 0, 1))
	sums := l.sums([][]int{pixels(x), {2}}, d, l.Mul(d, d))
	n := l.Like(float64(x.Size()/origin.Size()), origin)
	mean, squares := l.moments(sums[0], sums[1], n)
	mean = l.Add(origin, mean)
	r := l.inverse(l.Div(squares, n), o.Epsilon)
	y := l.scaled(x, mean, r, 0, 1)
	l.pass(0, l.Add(l.Mul(y, l.byGroup(l.wide(1), x)), l.byGroup(l.wide(2), x)))
	l.keep(1, mean, r)
}

func (l *lowering) groupNormGrad(o graph.GroupNorm) {
	x, dy := l.groups(l.wide(0), o.Groups), l.groups(l.wide(3), o.Groups)
	rows := x.Shape[0] * o.Groups
	kept := l.parts(2, []int{rows, rows})
	mean, r := l.Reshape(kept[0], x.Shape[0], o.Groups), l.Reshape(kept[1], x.Shape[0], o.Groups)
	y := l.scaled(x, mean, r, 0, 1)
	sums := l.sums([][]int{pixels(x)}, l.Mul(dy, y), dy) // (n, groups, c / groups)
	share := func(sum stablehlo.Value) stablehlo.Value { // of the gradient of y
		group := l.Sum(l.Mul(sum, l.byGroup(l.wide(1), sum)), 2)
		return l.along(l.Times(group, float64(rows)/float64(x.Size())), x.Shape, 0, 1)
	}
	dx := l.Sub(l.Mul(dy, l.byGroup(l.wide(1), x)), l.Add(l.Mul(y, share(sums[0])), share(sums[1])))
	l.pass(0, l.Mul(dx, l.along(r, x.Shape, 0, 1)))
	l.put(1, l.Sum(sums[0], 0))
	l.put(2, l.Sum(sums[1], 0))
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
	r := l.inverse(variance, o.Epsilon)
	y := l.scaled(x, mean, r, b.channel)
	y = l.Add(l.Mul(y, l.along(l.wide(1), x.Shape, b.channel)), l.along(l.wide(2), x.Shape, b.channel))
	l.pass(0, l.where(b.exists, y, 0))
	l.keep(1, mean, r)
}

// trained gives the mean and the variance of a batch and moves the running ones,
// which are what it gives if nothing counts.
func (l *lowering) trained(o graph.BatchNorm, b batch, x, mean, variance stablehlo.Value) (m, v stablehlo.Value) {
	origin := l.origin(b, x)
	d := l.where(b.exists, l.Sub(x, l.along(origin, x.Shape, b.channel)), 0)
	one := l.Like(1, b.count)
	by := l.Max(b.count, one)
	sums := l.Sums(b.over, d, l.Mul(d, d))
	m, squares := l.moments(sums[0], sums[1], by)
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
		return l.Sum(l.Times(x, float64(x.Shape[b.channel])/float64(x.Size())), b.over...)
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
	sums := l.Sums(b.over, dy, l.Mul(dy, y))
	dbeta, dgamma := sums[0], sums[1]
	dx := dy
	if o.Training { // the share of each is taken here, not by programs of their own
		share := l.Div(l.Like(1, b.count), l.Max(b.count, l.Like(1, b.count)))
		dx = l.Sub(dy, l.Mul(l.Add(along(dbeta), l.Mul(y, along(dgamma))), along(share)))
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
