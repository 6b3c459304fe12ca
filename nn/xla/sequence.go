package xla

import (
	"math"

	"pipe/nn/graph"
	"pipe/nn/xla/stablehlo"
)

func (l *lowering) sequence(op graph.Op) bool {
	switch o := op.(type) {
	case graph.PickStep:
		l.put(0, l.pick(o, 1))
	case graph.PickStepGrad:
		dy := l.in(0)
		n, d := dy.Shape[0], dy.Shape[1]
		to := []int{n, o.Steps, d}
		l.put(0, l.only(l.picked(o.Pick, 1, n, o.Steps), l.along(dy, to, 0, 2)))
	case graph.ReverseSteps, graph.ReverseStepsGrad:
		l.put(0, l.reversed())
	case graph.MaskSteps, graph.MaskStepsGrad:
		x := l.in(0)
		l.put(0, l.only(l.inSequence(1, x.Shape[1]), x))
	case graph.Concat:
		l.put(0, l.concat())
	case graph.ConcatGrad:
		x := l.in(0)
		l.put(0, l.Slice(x, len(x.Shape)-1, o.From, o.From+o.Width))
	case graph.TimePool:
		l.timePool(o)
	case graph.TimePoolGrad:
		l.timePoolGrad(o)
	default:
		return false
	}
	return true
}

// inSequence says which of t steps are before the end of their sequence,
// whose length is an input, which may be left out: none, if all are.
func (l *lowering) inSequence(lengths, t int) stablehlo.Value {
	if !l.has(lengths) {
		return stablehlo.Value{}
	}
	return l.valid(lengths, t)
}

// only is x where a mask of its first dimensions is true, else 0, whatever x holds.
func (l *lowering) only(mask, x stablehlo.Value) stablehlo.Value {
	if mask.None() {
		return x
	}
	dims := make([]int, len(mask.Shape))
	for i := range dims {
		dims[i] = i
	}
	return l.Select(l.along(mask, x.Shape, dims...), x, l.Like(0, x))
}

// picked says which step of n times t is the one that is picked: one at most for
// each sequence.
func (l *lowering) picked(o graph.PickStep, lengths, n, t int) stablehlo.Value {
	at := l.Iota(stablehlo.F32, 1, n, t)
	if !l.has(lengths) {
		place := t - 1
		if o.First {
			place = 0
		}
		return l.Compare("EQ", at, l.Like(float64(place), at))
	}
	length := l.along(l.Min(l.wide(lengths), l.Const(float64(t), stablehlo.F32, n)), at.Shape, 0)
	if o.First {
		return l.Binary("and", l.Compare("EQ", at, l.Like(0, at)), l.Compare("GT", length, l.Like(0, at)))
	}
	return l.Compare("EQ", l.Plus(at, 1), length)
}

// pick is a step of the first input.
func (l *lowering) pick(o graph.PickStep, lengths int) stablehlo.Value {
	x := l.in(0)
	n, t := x.Shape[0], x.Shape[1]
	if l.has(lengths) && !o.First {
		return l.Sum(l.only(l.picked(o, lengths, n, t), x), 1)
	}
	at := t - 1
	if o.First {
		at = 0
	}
	step := l.Reshape(l.Slice(x, 1, at, at+1), n, x.Shape[2])
	if l.has(lengths) {
		length := l.wide(lengths)
		step = l.only(l.Compare("GT", length, l.Like(0, length)), step)
	}
	return step
}

// reversed is x with its valid steps in reverse order.
func (l *lowering) reversed() stablehlo.Value {
	x := l.in(0)
	n, t, d := x.Shape[0], x.Shape[1], x.Shape[2]
	valid := l.inSequence(1, t)
	if valid.None() {
		return l.Reverse(x, 1)
	}
	i32 := func(dim int) stablehlo.Value { return l.Iota(stablehlo.I32, dim, n, t) }
	length := l.Convert(l.wide(1), stablehlo.I32)
	from := l.Sub(l.Plus(l.along(length, []int{n, t}, 0), -1), i32(1))
	row := l.Add(l.Mul(i32(0), l.Like(float64(t), from)), l.Max(from, l.Like(0, from)))
	y := l.Rows(l.Reshape(x, n*t, d), l.Reshape(row, n*t))
	return l.only(valid, l.Reshape(y, n, t, d))
}

// concat puts inputs side by side, in one type.
func (l *lowering) concat() stablehlo.Value {
	var parts []stablehlo.Value
	same := true
	for i := range l.call.In {
		parts = append(parts, l.in(i))
		same = same && parts[i].Type == parts[0].Type
	}
	if !same {
		for i := range parts {
			parts[i] = l.narrow(i)
		}
	}
	return l.Concat(len(parts[0].Shape)-1, parts...)
}

func (l *lowering) timePool(o graph.TimePool) {
	x := l.in(0)
	n, t, d := x.Shape[0], x.Shape[1], x.Shape[2]
	switch o.Kind {
	case graph.PoolLast:
		l.put(0, l.pick(graph.PickStep{}, 1))
	case graph.PoolMax:
		valid := l.inSequence(1, t)
		lowest := l.Like(math.Inf(-1), x)
		seen := x
		if !valid.None() {
			seen = l.Select(l.along(valid, x.Shape, 0, 1), x, lowest)
		}
		top := l.Reduce("maximum", seen, 1)
		at := l.Iota(stablehlo.F32, 1, n, t, d)
		is := l.Compare("EQ", seen, l.along(top, x.Shape, 0, 2))
		where := l.Reduce("minimum", l.Select(is, at, l.Like(float64(t), at)), 1) // the first of the largest
		if !valid.None() {
			length := l.wide(1)
			any := l.Compare("GT", length, l.Like(0, length))
			top, where = l.only(any, top), l.Select(l.along(any, where.Shape, 0), where, l.Like(-1, where))
		}
		l.put(0, top)
		l.put(1, where)
	default:
		// Counted along with the sum: for one sum alone XLA would turn steps and
		// dimensions around in all layers that lead here, so that it adds up what lies
		// side by side.
		valid := l.inSequence(1, t)
		sums := l.Sums([]int{1}, l.only(valid, l.wide(0)), l.only(valid, l.Const(1, stablehlo.F32, n, t, d)))
		l.put(0, l.Convert(l.Div(sums[0], l.Max(sums[1], l.Like(1, sums[1]))), x.Type))
	}
}

// share is one over the number of valid steps of each of n sequences.
func (l *lowering) share(lengths, n, t int) stablehlo.Value {
	if !l.has(lengths) {
		return l.Const(1/float64(t), stablehlo.F32, n)
	}
	length := l.wide(lengths)
	length = l.Max(l.Min(length, l.Like(float64(t), length)), l.Like(1, length)) // the sum of no steps is 0
	return l.Div(l.Like(1, length), length)
}

func (l *lowering) timePoolGrad(o graph.TimePoolGrad) {
	dy := l.in(0)
	n, t, d := dy.Shape[0], o.Steps, dy.Shape[1]
	to := []int{n, t, d}
	switch o.Pool.Kind {
	case graph.PoolLast:
		l.put(0, l.only(l.picked(graph.PickStep{}, 2, n, t), l.along(dy, to, 0, 2)))
	case graph.PoolMax:
		is := l.Compare("EQ", l.Iota(stablehlo.F32, 1, to...), l.along(l.wide(1), to, 0, 2))
		l.put(0, l.Select(is, l.along(dy, to, 0, 2), l.Const(0, dy.Type, to...)))
	default:
		each := l.Mul(l.wide(0), l.along(l.share(2, n, t), dy.Shape, 0))
		l.put(0, l.only(l.inSequence(2, t), l.along(l.Convert(each, dy.Type), to, 0, 2)))
	}
}
