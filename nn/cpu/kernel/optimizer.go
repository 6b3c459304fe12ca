package kernel

// #include "instr.h"
import "C"

import (
	"math"
	"unsafe"
)

const (
	SGD        Op = C.OP_sgd
	Adam       Op = C.OP_adam
	RMSprop    Op = C.OP_rmsprop
	Adagrad    Op = C.OP_adagrad
	Lion       Op = C.OP_lion
	Regularize Op = C.OP_regularize
	ClipNorm   Op = C.OP_clip_norm
)

// A ClipNormArgs is a norm that is limited; Max 0 is none.
type ClipNormArgs struct {
	Parts int64
	Max   float32
}

// An UpdateArgs is a range of parameters. Rate multiplies the learning rate and
// the decay of the range, Decay all that pulls parameters to 0.
type UpdateArgs struct {
	Span
	Rate, Decay float32
}

// An SGDArgs is a step of gradient descent.
type SGDArgs struct {
	UpdateArgs
	Momentum float32
	Nesterov bool
}

// A MomentsArgs is a step of Adam or Lion. Rest1 is 1-Beta1.
type MomentsArgs struct {
	UpdateArgs
	Beta1, Rest1, Beta2, Rest2 float32
	Epsilon                    float32 // of Adam
}

// An RMSpropArgs is a step of RMSprop. Rest is 1-Alpha.
type RMSpropArgs struct {
	UpdateArgs
	Alpha, Rest, Epsilon, Momentum float32
}

// An AdagradArgs is a step of Adagrad.
type AdagradArgs struct {
	UpdateArgs
	Epsilon float32
}

// Places in the block of numbers that optimisers read at each step: see
// optimizer.h.
const (
	HyperRate = iota
	HyperRoot
	HyperDecay
	HyperL2
	HyperL1
	HyperScale
	HyperLimit
	HyperSize = 8
)

// The kernels of optimizer.h.

func optimizerKernels() map[Op]definition {
	return map[Op]definition{
		SGD: reads[SGDArgs](step(func(in *Instr, j int, _ []float32) func(w, d, rate float32) float32 {
			arg := read[SGDArgs](in)
			return func(w, d, rate float32) float32 {
				if in.P[4] == nil {
					return w - float32(rate*d)
				}
				b := &in.floats(4, j, 1)[0]
				*b = flush32(fma(arg.Momentum, *b, d))
				if arg.Nesterov {
					return w - float32(rate*fma(arg.Momentum, *b, d))
				}
				return w - float32(rate**b)
			}
		})),
		Adam: reads[MomentsArgs](step(func(in *Instr, j int, h []float32) func(w, d, rate float32) float32 {
			arg := read[MomentsArgs](in)
			return func(w, d, rate float32) float32 {
				m, v := &in.floats(4, j, 1)[0], &in.floats(5, j, 1)[0]
				q := flushRoot32(d)
				*m = flush32(fma(arg.Beta1, *m, float32(arg.Rest1*d)))
				*v = flush32(fma(arg.Beta2, *v, float32(float32(arg.Rest2*q)*q)))
				return w - float32(rate**m)/fma(sqrt32(*v), h[HyperRoot], arg.Epsilon)
			}
		})),
		RMSprop: reads[RMSpropArgs](step(func(in *Instr, j int, _ []float32) func(w, d, rate float32) float32 {
			arg := read[RMSpropArgs](in)
			return func(w, d, rate float32) float32 {
				square := &in.floats(4, j, 1)[0]
				q := flushRoot32(d)
				*square = flush32(fma(arg.Alpha, *square, float32(float32(arg.Rest*q)*q)))
				s := *square
				if in.P[5] != nil {
					a := &in.floats(5, j, 1)[0]
					*a = flush32(fma(arg.Alpha, *a, float32(arg.Rest*d)))
					if s = fma(-*a, *a, s); s < 0 {
						s = 0
					}
				}
				u := d / (sqrt32(s) + arg.Epsilon)
				if in.P[6] != nil {
					b := &in.floats(6, j, 1)[0]
					u = flush32(fma(arg.Momentum, *b, u))
					*b = u
				}
				return w - float32(rate*u)
			}
		})),
		Adagrad: reads[AdagradArgs](step(func(in *Instr, j int, _ []float32) func(w, d, rate float32) float32 {
			return func(w, d, rate float32) float32 {
				s := &in.floats(4, j, 1)[0]
				q := flushRoot32(d)
				*s = fma(q, q, *s)
				return w - float32(rate*d)/(sqrt32(*s)+read[AdagradArgs](in).Epsilon)
			}
		})),
		Lion: reads[MomentsArgs](step(func(in *Instr, j int, _ []float32) func(w, d, rate float32) float32 {
			arg := read[MomentsArgs](in)
			return func(w, d, rate float32) float32 {
				m := &in.floats(4, j, 1)[0]
				u := fma(arg.Beta1, *m, float32(arg.Rest1*d))
				*m = flush32(fma(arg.Beta2, *m, float32(arg.Rest2*d)))
				return w - float32(rate*signum32(u))
			}
		})),
		Regularize: reads[UpdateArgs](func(in *Instr, task int, _ unsafe.Pointer) {
			from, to := in.span(task)
			w, g, h := in.floats(0, from, to-from), in.floats(1, from, to-from), in.floats(2, 0, HyperSize)
			for j := range w {
				g[j] = clamp32(fma(float32(h[HyperL1]*read[UpdateArgs](in).Decay), signum32(w[j]), float32(g[j]*h[HyperScale])), h[HyperLimit])
			}
		}),
		ClipNorm: reads[ClipNormArgs](func(in *Instr, _ int, _ unsafe.Pointer) {
			arg := read[ClipNormArgs](in)
			var sum float32
			for _, v := range in.floats(0, 0, int(arg.Parts)) {
				sum += v
			}
			norm := sqrt32(sum)
			if in.P[2] != nil {
				norm *= in.floats(2, 0, 1)[0]
			}
			c := arg.Max / (norm + 1e-6)
			if arg.Max == 0 || c >= 1 {
				c = 1
			}
			out := in.floats(1, 0, 2)
			out[0], out[1] = norm, c
		}),
	}
}

// step is STEP of optimizer.h; rule gives, for element j, what its parameter
// becomes.
func step(rule func(in *Instr, j int, h []float32) func(w, d, rate float32) float32) func(*Instr, int, unsafe.Pointer) {
	return func(in *Instr, task int, _ unsafe.Pointer) {
		arg := read[UpdateArgs](in)
		from, to := in.span(task)
		h := in.floats(2, 0, HyperSize)
		scale := h[HyperScale]
		if in.P[3] != nil {
			scale *= in.floats(3, 0, 1)[0]
		}
		rate, decay := float32(h[HyperRate]*arg.Rate), float32(float32(h[HyperDecay]*arg.Rate)*arg.Decay)
		l2, l1, limit := float32(h[HyperL2]*arg.Decay), float32(h[HyperL1]*arg.Decay), h[HyperLimit]
		for j := from; j < to; j++ {
			w := in.floats(0, j, 1)
			d := float32(in.floats(1, j, 1)[0] * scale)
			if l1 != 0 || !math.IsInf(float64(limit), 1) {
				d = clamp32(fma(l1, signum32(w[0]), d), limit)
			}
			d = fma(l2, w[0], d)
			w[0] = flush32(rule(in, j, h)(fma(-decay, w[0], w[0]), d, rate))
		}
	}
}

func clamp32(x, limit float32) float32 {
	switch {
	case x > limit:
		return limit
	case x < -limit:
		return -limit
	}
	return x
}

// signum32 is -1, 0 or 1; 0 of NaN.
func signum32(x float32) float32 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}
