package xla

import (
	"slices"
	"strings"

	"pipe/nn/graph"
	"pipe/nn/xla/stablehlo"
)

func (l *lowering) conv(op graph.Op) bool {
	switch o := op.(type) {
	case graph.Conv:
		y := l.Convolve(l.narrow(0), l.narrow(1), forward(o), l.compute)
		if l.has(2) {
			y = l.Add(y, l.along(l.narrow(2), y.Shape, channelOf(o)))
		}
		l.put(0, l.activate(o.Act, y))
	case graph.ConvGradInput:
		l.put(0, l.Convolve(l.narrow(0), l.turned(o.Conv, l.narrow(1)), inputGrad(o.Conv, l.outShape(0), l.shape(1), l.shape(0)), l.compute))
	case graph.ConvGradWeight:
		// Made in the type of its operands: for another XLA would widen these, and
		// convolve in float32.
		dw := l.Convolve(l.narrow(0), l.narrow(1), weightGrad(o.Conv, l.shape(0), l.outShape(0), l.shape(1)), l.compute)
		l.put(0, l.Convert(dw, stablehlo.F32))
	case graph.ConvGradBias:
		dy := l.wide(0)
		l.put(0, l.Sum(dy, without(len(dy.Shape), channelOf(o.Conv))...))
	default:
		return false
	}
	return true
}

// channelOf is the dimension of the channels of images or sequences.
func channelOf(o graph.Conv) int {
	if o.Sequences {
		return 2
	}
	return 1
}

// without are the dimensions of a rank but those.
func without(rank int, dims ...int) []int {
	var rest []int
	for d := range rank {
		if !slices.Contains(dims, d) {
			rest = append(rest, d)
		}
	}
	return rest
}

// forward is a convolution as StableHLO knows it.
func forward(o graph.Conv) stablehlo.Convolution {
	v := o.Window
	c := stablehlo.Convolution{Left: "bf01", Right: "oi01", Result: "bf01", Groups: o.Groups,
		Stride: []int{v.StrideH, v.StrideW}, RightDilation: []int{v.DilationH, v.DilationW},
		Low: []int{v.Top, v.Left}, High: []int{v.Bottom, v.Right}}
	if o.Sequences {
		c.Left, c.Right, c.Result = "b0f", "oi0", "b0f"
		for _, p := range []*[]int{&c.Stride, &c.RightDilation, &c.Low, &c.High} {
			*p = (*p)[:1]
		}
	}
	return c
}

// space is the sizes of the dimensions of a shape that are digits.
func space(letters string, shape graph.Shape) []int {
	from := strings.IndexByte(letters, '0')
	return shape[from : from+len(letters)-2]
}

// inputGrad convolves the gradient of y, with zeros between its elements where
// there was a stride, with turned weights: what they look back on.
func inputGrad(o graph.Conv, x, w, y graph.Shape) stablehlo.Convolution {
	f := forward(o)
	c := f
	c.Right = strings.NewReplacer("i", "o", "o", "i").Replace(f.Right)
	c.Stride, c.LeftDilation = slices.Repeat([]int{1}, len(f.Stride)), f.Stride
	c.Low, c.High = nil, nil
	size, window, out := space(f.Left, x), space(f.Right, w), space(f.Result, y)
	for k, stride := range f.Stride {
		reach := f.RightDilation[k] * (window[k] - 1)
		low := reach - f.Low[k]
		c.Low = append(c.Low, low)
		c.High = append(c.High, size[k]-1-(out[k]-1)*stride+reach-low)
	}
	return c
}

// turned is weights in the reverse order of space, (m / groups, c, ...).
func (l *lowering) turned(o graph.Conv, w stablehlo.Value) stablehlo.Value {
	if g := o.Groups; g > 1 {
		m, c, window := w.Shape[0], w.Shape[1], w.Shape[2:]
		w = l.Reshape(w, append([]int{g, m / g, c}, window...)...)
		perm := append([]int{1, 0}, without(len(w.Shape), 0, 1)...)
		w = l.Reshape(l.Transpose(w, perm...), append([]int{m / g, g * c}, window...)...)
	}
	return l.Reverse(w, without(len(w.Shape), 0, 1)...)
}

// weightGrad convolves the input with the gradient of y, whose elements are as far
// apart as the stride: examples are what is summed over, channels are the batch.
func weightGrad(o graph.Conv, x, w, y graph.Shape) stablehlo.Convolution {
	f := forward(o)
	c := f
	c.Left = strings.NewReplacer("b", "f", "f", "b").Replace(f.Left)
	c.Right = strings.NewReplacer("b", "i", "f", "o").Replace(f.Result)
	c.Result = strings.NewReplacer("i", "b", "o", "f").Replace(f.Right)
	c.Groups, c.BatchGroups = 1, o.Groups
	c.Stride, c.RightDilation = f.RightDilation, f.Stride
	c.High = nil
	size, window, out := space(f.Left, x), space(f.Right, w), space(f.Result, y)
	for k, stride := range f.Stride {
		reach := f.RightDilation[k] * (window[k] - 1)
		c.High = append(c.High, (out[k]-1)*stride+1+reach-size[k]-f.Low[k])
	}
	return c
}
