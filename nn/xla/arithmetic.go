package xla

import (
	"math"

	"pipe/nn/graph"
	"pipe/nn/xla/stablehlo"
)

func (l *lowering) arithmetic(op graph.Op) bool {
	switch o := op.(type) {
	case graph.Constant:
		l.put(0, l.Const(float64(o.Value), stablehlo.F32, l.outShape(0)...))
	case graph.Reshape:
		l.put(0, l.in(0))
	case graph.SwapAxes, graph.SwapAxesGrad:
		l.put(0, l.Transpose(l.in(0), 0, 2, 1))
	case graph.Add, graph.SumGradients:
		l.put(0, l.Add(l.both()))
	case graph.SumSquares:
		x := l.wide(0)
		l.put(0, l.All("add", l.Mul(x, x)))
	case graph.SumSquaresGrad:
		x := l.wide(0)
		l.put(0, l.Mul(l.Times(x, 2), l.Fill(l.wide(1), x.Shape...)))
	case graph.Dropout:
		l.drop(o)
	case graph.DropoutGrad:
		l.drop(o.Dropout)
	default:
		return false
	}
	return true
}

// both are the first two inputs in one type: that of activations unless both are
// F32.
func (l *lowering) both() (a, b stablehlo.Value) {
	a, b = l.in(0), l.in(1)
	if a.Type != b.Type {
		a, b = l.narrow(0), l.narrow(1)
	}
	return a, b
}

// drop is 0 where a random number is low; what is kept grows.
func (l *lowering) drop(o graph.Dropout) {
	x := l.in(0)
	shape := x.Shape
	if o.Spatial {
		shape = shape[:2]
	}
	drawn := stablehlo.Size(shape)
	keep := l.Reshape(l.kept(o.Key, o.Rate, drawn), shape...)
	if o.Spatial {
		keep = l.along(keep, x.Shape, 0, 1)
	}
	l.put(0, l.Select(keep, l.Times(x, float64(float32(1/(1-o.Rate)))), l.Like(0, x)))
}

// kept says which of n elements a dropout keeps. What the words of a block decide is
// put into one byte, which a GPU reads from memory for the next four elements.
func (l *lowering) kept(key uint64, rate float64, n int) stablehlo.Value {
	blocks := (n + 3) / 4
	bits := l.Uint(0, stablehlo.U8, blocks)
	for i, word := range l.Philox(key, l.step, blocks) {
		keep := l.Compare("GE", word, l.Uint(uint64(threshold(rate)), stablehlo.U32, blocks))
		bits = l.Binary("or", bits, l.Select(keep, l.Uint(1<<i, stablehlo.U8, blocks), l.Uint(0, stablehlo.U8, blocks)))
	}
	each := l.along(bits, []int{blocks, 4}, 0)
	own := l.Binary("shift_left", l.Like(1, each), l.Iota(stablehlo.U8, 1, each.Shape...))
	keep := l.Compare("NE", l.Binary("and", each, own), l.Like(0, each))
	return l.Slice(l.Reshape(keep, 4*blocks), 0, 0, n)
}

// threshold is the number below which those that decide what is dropped lie.
func threshold(rate float64) uint32 { return uint32(int64(math.Round(rate * (1 << 32)))) }
