package xla

import (
	"math"

	"pipe/nn/graph"
	"pipe/nn/xla/stablehlo"
)

func (l *lowering) pool(op graph.Op) bool {
	switch o := op.(type) {
	case graph.Pool:
		x, w := l.in(0), windowing(o)
		if o.Max {
			y := l.ReduceWindow("maximum", l.before(x, math.Inf(-1), 1), w)
			l.put(0, l.nonempty(o, y, 1))
			break
		}
		sum := l.ReduceWindow("add", l.before(l.wide(0), 0, 1), w)
		l.put(0, l.Convert(l.Div(sum, l.divisor(o, l.shape(0), sum.Shape, 1)), x.Type))
	case graph.PoolGrad:
		if o.Pool.Max {
			l.pass(0, l.maxPoolGrad(o.Pool))
		} else {
			l.pass(0, l.meanPoolGrad(o.Pool))
		}
	case graph.GlobalPool:
		if o.Max {
			l.put(0, l.Reduce("maximum", l.in(0), 2, 3))
			break
		}
		l.put(0, l.Convert(l.mean(l.wide(0), 2, 3), l.in(0).Type))
	case graph.GlobalPoolGrad:
		if o.Pool.Max {
			l.globalMaxGrad()
			break
		}
		to := l.outShape(0)
		l.pass(0, l.along(l.Div(l.wide(2), l.Like(float64(o.H*o.W), l.wide(2))), to, 0, 1))
	default:
		return false
	}
	return true
}

// mean is the mean over dimensions, which are then gone.
func (l *lowering) mean(x stablehlo.Value, dims ...int) stablehlo.Value {
	sum := l.Sum(x, dims...)
	return l.Div(sum, l.Like(float64(x.Size()/sum.Size()), sum))
}

// windowing is how windows go over images (n, c, h, w) or sequences (n, t, d).
func windowing(o graph.Pool) stablehlo.Windowing {
	v := o.Window
	if o.Sequences {
		return stablehlo.Windowing{Size: []int{1, o.KH, 1}, Stride: []int{1, v.StrideH, 1}, Low: []int{0, v.Top, 0}, High: []int{0, v.Bottom, 0}}
	}
	return stablehlo.Windowing{Size: []int{1, 1, o.KH, o.KW}, Stride: []int{1, 1, v.StrideH, v.StrideW},
		Low: []int{0, 0, v.Top, v.Left}, High: []int{0, 0, v.Bottom, v.Right}}
}

// before is sequences x with a number behind their ends, by the lengths that may
// be an input.
func (l *lowering) before(x stablehlo.Value, behind float64, lengths int) stablehlo.Value {
	if !l.has(lengths) {
		return x
	}
	return l.Select(l.along(l.valid(lengths, x.Shape[1]), x.Shape, 0, 1), x, l.Like(behind, x))
}

// inside is how many elements of a dimension each window has, I32 of the shape of
// y; size is how many elements there are, and not above 0 where there are none.
func (l *lowering) inside(w stablehlo.Windowing, dim int, size stablehlo.Value) stablehlo.Value {
	from := l.Plus(l.Times(l.Iota(stablehlo.I32, dim, size.Shape...), float64(w.Stride[dim])), float64(-w.Low[dim]))
	to := l.Min(l.Plus(from, float64(w.Size[dim])), size)
	return l.Sub(to, l.Max(from, l.Like(0, from)))
}

// steps is how many steps a window has, of the lengths that are an input.
func (l *lowering) steps(o graph.Pool, y []int, lengths int) stablehlo.Value {
	return l.inside(windowing(o), 1, l.along(l.Convert(l.in(lengths), stablehlo.I32), y, 0))
}

// nonempty is y where a window has steps, else 0.
func (l *lowering) nonempty(o graph.Pool, y stablehlo.Value, lengths int) stablehlo.Value {
	if !l.has(lengths) {
		return y
	}
	n := l.steps(o, y.Shape, lengths)
	return l.Select(l.Compare("GT", n, l.Like(0, n)), y, l.Like(0, y))
}

// divisor is what the sums of windows over x are divided by.
func (l *lowering) divisor(o graph.Pool, x, y []int, lengths int) stablehlo.Value {
	w := windowing(o)
	if o.CountPadding || !l.has(lengths) && o.Window.Padding == (graph.Padding{}) {
		return l.Const(float64(o.KH*o.KW), stablehlo.F32, y...)
	}
	var n stablehlo.Value
	switch {
	case l.has(lengths):
		n = l.steps(o, y, lengths)
		n = l.Max(n, l.Like(1, n))
	case o.Sequences:
		n = l.inside(w, 1, l.Const(float64(x[1]), stablehlo.I32, y...))
	default:
		n = l.Mul(l.inside(w, 2, l.Const(float64(x[2]), stablehlo.I32, y...)), l.inside(w, 3, l.Const(float64(x[3]), stablehlo.I32, y...)))
	}
	return l.Convert(n, stablehlo.F32)
}

// meanPoolGrad gives each element its share of each window that it is in.
func (l *lowering) meanPoolGrad(o graph.Pool) stablehlo.Value {
	x, w := l.outShape(0), windowing(o)
	dy := l.wide(2)
	dy = l.Div(l.nonempty(o, dy, 3), l.divisor(o, x, dy.Shape, 3))
	back := stablehlo.Windowing{Size: w.Size}
	var low, high, between []int
	for d, size := range x {
		back.Stride, back.Low, back.High = append(back.Stride, 1), append(back.Low, 0), append(back.High, 0)
		before := w.Size[d] - 1 - w.Low[d]
		low, between = append(low, before), append(between, w.Stride[d]-1)
		high = append(high, size+w.Size[d]-2-(dy.Shape[d]-1)*w.Stride[d]-before)
	}
	return l.before(l.ReduceWindow("add", l.Pad(dy, 0, low, high, between), back), 0, 3)
}

// mostWindows is over how many windows of an element the gradient of the largest
// is written out: more make a program that takes long to compile.
const mostWindows = 64

// maxPoolGrad gives the gradient of each window to its largest element: each element
// looks at all windows that it is in. The other way, from windows to elements, is
// select_and_scatter. XLA makes a scatter of it on a GPU, and where that is to give
// the same bits again it sorts and scans: 9.1 instead of 3.4 GB of memory traffic
// for a step of a small ResNet.
func (l *lowering) maxPoolGrad(o graph.Pool) stablehlo.Value {
	x, w := l.before(l.in(0), math.Inf(-1), 3), windowing(o)
	dy := l.nonempty(o, l.wide(2), 3)
	turns, all := make([]int, len(x.Shape)), 1 // of windows that an element can be in
	for d := range turns {
		turns[d] = (w.Size[d]-1)/w.Stride[d] + 1
		all *= turns[d]
	}
	if all > mostWindows {
		return l.SelectAndScatter(l.Convert(x, stablehlo.F32), dy, w)
	}
	numbers := l.Iota(stablehlo.I32, 1, x.Shape...)
	if !o.Sequences {
		numbers = l.Add(l.Times(l.Iota(stablehlo.I32, 2, x.Shape...), float64(x.Shape[3])), l.Iota(stablehlo.I32, 3, x.Shape...))
	}
	_, largest := l.Largest(x, numbers, w)
	var dx stablehlo.Value
	for turn := range all {
		back := make([]int, len(turns))
		for d, n := range turns {
			back[d] = turn % n
			turn /= n
		}
		own := l.Compare("EQ", l.spread(largest, w, x.Shape, back), numbers)
		part := l.spread(dy, w, x.Shape, back)
		if part = l.Select(own, part, l.Like(0, part)); dx.None() {
			dx = part
		} else {
			dx = l.Add(dx, part)
		}
	}
	return dx
}

// spread puts what there is of each window to the elements of x: of the last
// window that begins before an element, or of one so many windows further back; 0
// where there is no such window.
func (l *lowering) spread(v stablehlo.Value, w stablehlo.Windowing, x, back []int) stablehlo.Value {
	var high, split, dims, merged []int
	for d, size := range x {
		n := (w.Low[d]+size-1)/w.Stride[d] + 1
		high = append(high, n-v.Shape[d]-back[d])
		dims, merged = append(dims, len(split)), append(merged, n*w.Stride[d])
		if split = append(split, n); w.Stride[d] > 1 {
			split = append(split, w.Stride[d])
		}
	}
	v = l.Pad(v, 0, back, high, make([]int, len(x)))
	v = l.Reshape(l.Broadcast(v, dims, split...), merged...)
	for d, size := range x {
		v = l.Slice(v, d, w.Low[d], w.Low[d]+size)
	}
	return v
}

// globalMaxGrad gives the gradient of a plane to the first of its largest elements.
func (l *lowering) globalMaxGrad() {
	x, dy := l.in(0), l.wide(2)
	number := l.Add(l.Times(l.Iota(stablehlo.I32, 2, x.Shape...), float64(x.Shape[3])), l.Iota(stablehlo.I32, 3, x.Shape...))
	largest := l.Compare("EQ", x, l.along(l.Convert(l.in(1), x.Type), x.Shape, 0, 1))
	first := l.Reduce("minimum", l.Select(largest, number, l.Like(math.MaxInt32, number)), 2, 3)
	dx := l.along(dy, x.Shape, 0, 1)
	l.pass(0, l.Select(l.Compare("EQ", number, l.along(first, x.Shape, 0, 1)), dx, l.Like(0, dx)))
}
