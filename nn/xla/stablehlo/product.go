package stablehlo

import (
	"fmt"
	"slices"
	"strings"
)

// precision is how exactly products of float32 are made.
func (f *Func) precision(t Type) string {
	if f.Exact && t == F32 {
		return "[HIGHEST, HIGHEST]"
	}
	return "[DEFAULT, DEFAULT]"
}

// Dot contracts dimensions of a with dimensions of b, one to one, and keeps those
// of the batch, which come first in the result; then the others of a, then those
// of b. Sums are made and given in the type out.
func (f *Func) Dot(a, b Value, batchA, batchB, contractA, contractB []int, out Type) Value {
	var shape []int
	for _, d := range batchA {
		shape = append(shape, a.Shape[d])
	}
	for i, d := range a.Shape {
		if !slices.Contains(batchA, i) && !slices.Contains(contractA, i) {
			shape = append(shape, d)
		}
	}
	for i, d := range b.Shape {
		if !slices.Contains(batchB, i) && !slices.Contains(contractB, i) {
			shape = append(shape, d)
		}
	}
	sum := 1
	for _, d := range contractA {
		sum *= a.Shape[d]
	}
	batching := ""
	if len(batchA) > 0 {
		batching = fmt.Sprintf("batching_dims = %s x %s, ", list(batchA), list(batchB))
	}
	v := f.emit(shape, out, "stablehlo.dot_general %s, %s, %scontracting_dims = %s x %s, precision = %s : (%s, %s) -> %s",
		a.name, b.name, batching, list(contractA), list(contractB), f.precision(a.Type), a.typ(), b.typ(), tensor(shape, out))
	f.product(a, b, v, append(slices.Clone(shape), sum)...)
	return v
}

// MatMul contracts dimension ca of a matrix with cb of another.
func (f *Func) MatMul(a Value, ca int, b Value, cb int, out Type) Value {
	return f.Dot(a, b, nil, nil, []int{ca}, []int{cb}, out)
}

// A Convolution says how the window of the right operand goes over the left one.
// Dims say what the dimensions of an operand are, letter by letter: of the left one
// and of the result b (batch), f (features) and digits (space), of the right one i
// and o (its features) and digits.
type Convolution struct {
	Left, Right, Result string // "b01f", "01io", "b01f"
	Stride              []int
	Low, High           []int // padding
	LeftDilation        []int // of the left operand: zeros between its elements; nil: none
	RightDilation       []int // of the window
	Groups, BatchGroups int   // of features, and of the batch; 0 is 1
}

// Convolve makes a convolution (cross-correlation) of a and b.
func (f *Func) Convolve(a, b Value, c Convolution, out Type) Value {
	n := len(c.Stride)
	one := slices.Repeat([]int{1}, n)
	if c.LeftDilation == nil {
		c.LeftDilation = one
	}
	if c.RightDilation == nil {
		c.RightDilation = one
	}
	groups, batchGroups := max(1, c.Groups), max(1, c.BatchGroups)
	shape := make([]int, n+2)
	for i, letter := range c.Result {
		switch letter {
		case 'b':
			shape[i] = a.Shape[strings.IndexRune(c.Left, 'b')] / batchGroups
		case 'f':
			shape[i] = b.Shape[strings.IndexRune(c.Right, 'o')]
		default:
			k := int(letter - '0')
			size := (a.Shape[strings.IndexRune(c.Left, letter)]-1)*c.LeftDilation[k] + 1 + c.Low[k] + c.High[k]
			window := (b.Shape[strings.IndexRune(c.Right, letter)]-1)*c.RightDilation[k] + 1
			shape[i] = (size-window)/c.Stride[k] + 1
		}
	}
	f.Convolutions += max(1, f.turns)
	dims := func(s string) string { return "[" + strings.Join(strings.Split(s, ""), ", ") + "]" }
	var pads []string
	for i := range c.Low {
		pads = append(pads, fmt.Sprintf("[%d, %d]", c.Low[i], c.High[i]))
	}
	precision := "#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>"
	if f.Exact && a.Type == F32 {
		precision = "#stablehlo<precision HIGHEST>, #stablehlo<precision HIGHEST>"
	}
	v := f.emit(shape, out, "stablehlo.convolution(%s, %s) dim_numbers = %sx%s->%s, window = {stride = %s, pad = [%s], lhs_dilate = %s, rhs_dilate = %s} {batch_group_count = %d : i64, feature_group_count = %d : i64, precision_config = [%s]} : (%s, %s) -> %s",
		a.name, b.name, dims(c.Left), dims(c.Right), dims(c.Result), list(c.Stride), strings.Join(pads, ", "), list(c.LeftDilation), list(c.RightDilation),
		batchGroups, groups, precision, a.typ(), b.typ(), tensor(shape, out))
	f.product(a, b, v, append(slices.Clone(shape), b.Size()/b.Shape[strings.IndexRune(c.Right, 'o')])...)
	return v
}
