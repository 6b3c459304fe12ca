package kernel

// #include "instr.h"
import "C"

import (
	"slices"
	"unsafe"
)

const (
	Activate     Op = C.OP_activate
	ActivateGrad Op = C.OP_activate_grad
	OutputGrad   Op = C.OP_output_grad
	Add          Op = C.OP_add
	Mul          Op = C.OP_mul
	Scale        Op = C.OP_scale
	Fill         Op = C.OP_fill
	Copy         Op = C.OP_copy
	ColSum       Op = C.OP_colsum
	SumSq        Op = C.OP_sumsq
)

// An ActArgs is an activation of elements.
type ActArgs struct {
	Span
	Act   Activation
	Alpha float32
}

// A ScaleArgs is a number that elements are multiplied with, or made of.
type ScaleArgs struct {
	Span
	S float32
}

// A ColSumArgs is a sum over the rows of a matrix; the span is of columns.
type ColSumArgs struct {
	Span
	Rows, Stride int64 // the distance of rows
}

// An Activation is a function that works on each element by itself.
type Activation int64

// Alpha is the slope of LeakyReLU below 0 and the limit of ELU; the others
// have no parameter.
const (
	Linear Activation = iota
	ReLU
	LeakyReLU
	ELU
	GELU
	SiLU
	Tanh
	Sigmoid
	Softplus
)

// activations are the names, in that order.
func activations() []string {
	return []string{"linear", "relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid", "softplus"}
}

// ActivationNamed finds an activation by its name, -1 if there is none.
func ActivationNamed(name string) Activation { return Activation(slices.Index(activations(), name)) }

// The kernels of elementwise.h.

func elementwiseKernels() map[Op]definition {
	return map[Op]definition{
		Activate: reads[ActArgs](func(in *Instr, task int, _ unsafe.Pointer) {
			from, to := in.span(task)
			x, y := in.floats(0, from, to-from), in.floats(1, from, to-from)
			for j := range x {
				y[j] = act(x[j], read[ActArgs](in).Act, read[ActArgs](in).Alpha)
			}
		}),
		ActivateGrad: reads[ActArgs](func(in *Instr, task int, _ unsafe.Pointer) {
			from, to := in.span(task)
			x, dy, dx := in.floats(0, from, to-from), in.floats(1, from, to-from), in.floats(2, from, to-from)
			for j := range x {
				dx[j] = flush32(dy[j] * actSlope(x[j], read[ActArgs](in).Act, read[ActArgs](in).Alpha))
			}
		}),
		OutputGrad: reads[ActArgs](func(in *Instr, task int, _ unsafe.Pointer) {
			from, to := in.span(task)
			y, dy, dx := in.floats(0, from, to-from), in.floats(1, from, to-from), in.floats(2, from, to-from)
			for j := range y {
				dx[j] = flush32(dy[j] * actSlopeY(y[j], read[ActArgs](in).Act, read[ActArgs](in).Alpha))
			}
		}),
		Add: reads[Span](func(in *Instr, task int, _ unsafe.Pointer) {
			from, to := in.span(task)
			a, b, out := in.floats(0, from, to-from), in.floats(1, from, to-from), in.floats(2, from, to-from)
			for j := range a {
				out[j] = a[j] + b[j]
			}
		}),
		Mul: reads[Span](func(in *Instr, task int, _ unsafe.Pointer) {
			from, to := in.span(task)
			a, b, out := in.floats(0, from, to-from), in.floats(1, from, to-from), in.floats(2, from, to-from)
			for j := range a {
				out[j] = a[j] * b[j]
			}
		}),
		Scale: reads[ScaleArgs](func(in *Instr, task int, _ unsafe.Pointer) {
			from, to := in.span(task)
			s := read[ScaleArgs](in).S
			if in.P[2] != nil {
				s *= *(*float32)(in.P[2])
			}
			x, out := in.floats(0, from, to-from), in.floats(1, from, to-from)
			for j := range x {
				out[j] = x[j] * s
			}
		}),
		Fill: reads[ScaleArgs](func(in *Instr, task int, _ unsafe.Pointer) {
			from, to := in.span(task)
			for j := range in.floats(0, from, to-from) {
				in.floats(0, from, to-from)[j] = read[ScaleArgs](in).S
			}
		}),
		Copy: reads[Span](func(in *Instr, task int, _ unsafe.Pointer) {
			from, to := in.span(task)
			copy(in.floats(1, from, to-from), in.floats(0, from, to-from))
		}),
		ColSum: reads[ColSumArgs](func(in *Instr, task int, _ unsafe.Pointer) {
			from, to := in.span(task)
			for j := from; j < to; j++ {
				s := float32(0)
				for r := range int(read[ColSumArgs](in).Rows) {
					s += in.floats(0, r*int(read[ColSumArgs](in).Stride)+j, 1)[0]
				}
				in.floats(1, j, 1)[0] = s
			}
		}),
		SumSq: reads[Span](func(in *Instr, task int, _ unsafe.Pointer) {
			from, to := in.span(task)
			var l [16]float32
			for j, x := range in.floats(0, from, to-from) {
				l[j%16] = fma(x, x, l[j%16])
			}
			in.floats(1, task, 1)[0] = sum16(&l)
		}),
	}
}

// act is an activation.
func act(x float32, a Activation, alpha float32) float32 {
	switch a {
	case ReLU:
		if x <= 0 {
			return 0
		}
	case LeakyReLU:
		if x <= 0 {
			return x * alpha
		}
	case ELU:
		if x <= 0 {
			return alpha * (exp32(x) - 1)
		}
	case GELU:
		return float32(float32(x*0.5) * (1 + erf32(x*0.70710678118654752)))
	case SiLU:
		return x * sigmoid32(x)
	case Tanh:
		return tanh32(x)
	case Sigmoid:
		return sigmoid32(x)
	case Softplus:
		return softplus32(x)
	}
	return x
}

// actSlope is the derivative from the input.
func actSlope(x float32, a Activation, alpha float32) float32 {
	switch a {
	case ReLU:
		if x > 0 {
			return 1
		}
		return 0
	case LeakyReLU:
		if x > 0 {
			return 1
		}
		return alpha
	case ELU:
		if x > 0 {
			return 1
		}
		if x != x {
			x = 0 // as VMIN(x, 0) does
		}
		return alpha * exp32(x)
	case GELU:
		phi := 0.39894228040143268 * exp32(float32(x*x)*-0.5)
		return fma(x, phi, 0.5*(1+erf32(x*0.70710678118654752)))
	case SiLU:
		s := sigmoid32(x)
		return s * fma(x, 1-s, 1)
	case Tanh:
		y := tanh32(x)
		return fma(-y, y, 1)
	case Sigmoid:
		s := sigmoid32(x)
		return s * (1 - s)
	case Softplus:
		return sigmoid32(x)
	}
	return 1
}

// actSlopeY is the derivative from the output.
func actSlopeY(y float32, a Activation, alpha float32) float32 {
	switch a {
	case ReLU:
		if y > 0 {
			return 1
		}
		return 0
	case LeakyReLU:
		if y > 0 {
			return 1
		}
		return alpha
	case ELU:
		if y > 0 {
			return 1
		}
		return y + alpha
	case Tanh:
		return fma(-y, y, 1)
	case Sigmoid:
		return y * (1 - y)
	case Softplus:
		return 1 - exp32(-y)
	}
	return 1
}
