package kernel

// #include "instr.h"
import "C"

import (
	"math"
	"unsafe"
)

const (
	LossRows      Op = C.OP_loss_rows
	LossGrad      Op = C.OP_loss_grad
	ClassLoss     Op = C.OP_class_loss
	ClassLossGrad Op = C.OP_class_loss_grad
	WeightedSum   Op = C.OP_weighted_sum
	WeightedMean  Op = C.OP_weighted_mean
)

// A LossArgs is a loss of rows of K outputs. What F means depends on the kind.
type LossArgs struct {
	Span
	Kind LossKind
	K    int64
	F    [5]float32
}

// A ClassLossArgs is the cross entropy of rows of K classes: Rest and Target
// smooth the labels, by s/K and 1-s.
type ClassLossArgs struct {
	Span
	K                   int64
	Rest, Target, Gamma float32
}

// A PartsArgs is how many parts, one of each task of another kernel, there are.
type PartsArgs struct{ Parts int64 }

// A LossKind is a loss that is a sum over outputs: see loss.h.
type LossKind int64

// Losses of LossRows and LossGrad.
const (
	MSELoss LossKind = iota
	MAELoss
	HuberLoss
	PinballLoss
	PoissonLoss
	SigmoidLoss
	FocalLoss
)

// The kernels of loss.h.

func lossKernels() map[Op]definition {
	return map[Op]definition{
		LossRows: reads[LossArgs](func(in *Instr, task int, _ unsafe.Pointer) {
			arg := read[LossArgs](in)
			from, to := in.span(task)
			k := int(arg.K)
			for r := from; r < to; r++ {
				row := in.floats(3, r, 1)
				row[0] = 0
				if in.floats(2, r, 1)[0] == 0 {
					continue
				}
				z, y := in.floats(0, r*k, k), in.floats(1, r*k, k)
				var l [16]float32
				for j := range z {
					l[j%16] += lossValue(z[j], y[j], arg.Kind, &arg.F)
				}
				row[0] = sum16(&l) / float32(k)
			}
		}),
		LossGrad: reads[LossArgs](func(in *Instr, task int, _ unsafe.Pointer) {
			arg := read[LossArgs](in)
			from, to := in.span(task)
			k := int(arg.K)
			unit := perWeight(in, 4, 3) / float32(k)
			for r := from; r < to; r++ {
				w := in.floats(2, r, 1)[0]
				z, y, dz := in.floats(0, r*k, k), in.floats(1, r*k, k), in.floats(5, r*k, k)
				for j := range z {
					if w == 0 {
						dz[j] = 0
					} else {
						dz[j] = flush32(float32(w*unit) * lossSlope(z[j], y[j], arg.Kind, &arg.F))
					}
				}
			}
		}),
		ClassLoss: reads[ClassLossArgs](classLoss),
		ClassLossGrad: reads[ClassLossArgs](func(in *Instr, task int, _ unsafe.Pointer) {
			arg := read[ClassLossArgs](in)
			from, to := in.span(task)
			m, k := int(arg.N), int(arg.K)
			unit := perWeight(in, 5, 4)
			stats := in.floats(3, 0, 3*m)
			for r := from; r < to; r++ {
				w, y := in.floats(2, r, 1)[0], in.floats(1, r, 1)[0]
				z, dz := in.floats(0, r*k, k), in.floats(6, r*k, k)
				scale := float32(float32(w*unit) * stats[2*m+r])
				for j := range z {
					if w == 0 {
						dz[j] = 0
					} else {
						dz[j] = flush32(scale * fma(exp32(z[j]-stats[r]), stats[m+r], -arg.Rest))
					}
				}
				if w != 0 && y >= 0 && y < float32(k) {
					dz[int(y)] -= float32(scale * arg.Target)
				}
			}
		}),
		WeightedSum: reads[Span](func(in *Instr, task int, _ unsafe.Pointer) {
			from, to := in.span(task)
			x, w, out := in.floats(0, from, to-from), in.floats(1, from, to-from), in.floats(2, 2*task, 2)
			var s, l [16]float32
			for j := range x {
				s[j%16] = fma(w[j], x[j], s[j%16])
				l[j%16] += w[j]
			}
			out[0], out[1] = sum16(&s), sum16(&l)
		}),
		WeightedMean: reads[PartsArgs](func(in *Instr, _ int, _ unsafe.Pointer) {
			var sum, total float32
			for j := range int(read[PartsArgs](in).Parts) {
				part := in.floats(0, 2*j, 2)
				sum += part[0]
				total += part[1]
			}
			if out := in.floats(1, 0, 2); total == 0 {
				out[0], out[1] = 0, total
			} else {
				out[0], out[1] = sum/total, total
			}
		}),
	}
}

// perWeight is the gradient of the loss, operand k or 1, by the total weight.
func perWeight(in *Instr, k, total int) float32 {
	d := float32(1)
	if in.P[k] != nil {
		d = in.floats(k, 0, 1)[0]
	}
	return d / in.floats(total, 0, 1)[0]
}

func classLoss(in *Instr, task int, _ unsafe.Pointer) {
	arg := read[ClassLossArgs](in)
	from, to := in.span(task)
	m, k := int(arg.N), int(arg.K)
	t0, t1, gamma := arg.Rest, arg.Target, arg.Gamma
	row, stats := in.floats(3, 0, m), in.floats(4, 0, 3*m)
	for r := from; r < to; r++ {
		y, w := in.floats(1, r, 1)[0], in.floats(2, r, 1)[0]
		row[r], stats[r], stats[m+r], stats[2*m+r] = 0, 0, 1, 0
		if w == 0 {
			continue
		}
		z := in.floats(0, r*k, k)
		top := float32(math.Inf(-1))
		for _, x := range z {
			if x > top {
				top = x
			}
		}
		top += 0 // no -0
		var s, d [16]float32
		for j, x := range z {
			s[j%16] += exp32(x - top)
			d[j%16] += top - x
		}
		sum, spread := sum16(&s), float32(0)
		if t0 != 0 {
			spread = float32(t0 * sum16(&d))
		}
		far := float32(math.NaN())
		if y >= 0 && y < float32(k) {
			far = fma(t1, top-z[int(y)], spread)
		}
		loss, factor := log32(sum)+far, float32(1)
		if far != far {
			factor = far
		}
		if gamma != 0 {
			e := exp32(-far)
			miss := float32(sum-e) / sum
			power := exp32(float32(gamma * log32(miss)))
			factor = float32(power * fma(float32(gamma*(e/sum)), loss/miss, 1))
			if miss == 0 {
				factor = 0
			}
			loss = float32(power * loss)
		}
		row[r], stats[r], stats[m+r], stats[2*m+r] = loss, top, 1/sum, factor
	}
}

func bce32(z, t float32) float32 {
	top := float32(0)
	if z > 0 {
		top = z
	}
	return fma(-z, t, top) + log1p32(exp32(-abs32(z)))
}

// A focal is what value and slope of FocalLoss have in common.
type focal struct{ t, p, q, entropy, miss, power, weight float32 }

func focus(z, y float32, f *[5]float32) focal {
	o := focal{t: fma(y, f[0], f[1]), p: sigmoid32(z), q: sigmoid32(-z)}
	o.entropy = bce32(z, o.t)
	o.miss = fma(o.p, 1-o.t, float32(o.q*o.t))
	o.power = exp32(float32(f[2] * log32(o.miss)))
	o.weight = fma(f[3], o.t, f[4])
	return o
}

func lossValue(z, y float32, kind LossKind, f *[5]float32) float32 {
	d := z - y
	switch kind {
	case MSELoss:
		return float32(d * d)
	case MAELoss:
		return abs32(d)
	case HuberLoss:
		if abs32(d) <= f[0] {
			return float32(float32(0.5*d) * d)
		}
		return float32(f[0] * (abs32(d) - float32(0.5*f[0])))
	case PinballLoss:
		if d <= 0 {
			return float32(f[0] * -d)
		}
		return float32((1 - f[0]) * d)
	case PoissonLoss:
		return fma(-y, z, exp32(z))
	case SigmoidLoss:
		return bce32(z, fma(y, f[0], f[1]))
	}
	o := focus(z, y, f)
	return float32(float32(o.weight*o.power) * o.entropy)
}

func lossSlope(z, y float32, kind LossKind, f *[5]float32) float32 {
	d := z - y
	switch kind {
	case MSELoss:
		return d + d
	case MAELoss:
		switch {
		case d > 0:
			return 1
		case d < 0:
			return -1
		}
		return d
	case HuberLoss:
		switch {
		case d > f[0]:
			return f[0]
		case d < -f[0]:
			return -f[0]
		}
		return d
	case PinballLoss:
		switch {
		case d > 0:
			return 1 - f[0]
		case d < 0:
			return -f[0]
		}
		return d
	case PoissonLoss:
		return exp32(z) - y
	case SigmoidLoss:
		return sigmoid32(z) - fma(y, f[0], f[1])
	}
	o := focus(z, y, f)
	turn := float32(float32(o.p*o.q)*(1-(o.t+o.t))) / o.miss
	if o.miss == 0 {
		turn = 0
	}
	return float32(float32(o.weight*o.power) * fma(float32(f[2]*o.entropy), turn, o.p-o.t))
}
