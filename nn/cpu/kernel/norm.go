package kernel

// #include "instr.h"
import "C"

import (
	"math"
	"unsafe"
)

const (
	RowNorm       Op = C.OP_rownorm
	RowNormGrad   Op = C.OP_rownorm_grad
	BatchNorm     Op = C.OP_batchnorm
	BatchNormGrad Op = C.OP_batchnorm_grad
	GroupNorm     Op = C.OP_groupnorm
	GroupNormGrad Op = C.OP_groupnorm_grad
	Softmax       Op = C.OP_softmax
	SoftmaxGrad   Op = C.OP_softmax_grad
)

// A RowNormArgs is a normalisation of rows of D numbers.
type RowNormArgs struct {
	Span
	D       int64
	Epsilon float32
	RMS     bool // by the root mean square, and no mean
}

// A BatchNormArgs is a normalisation of channels; the span is of these.
type BatchNormArgs struct {
	Span
	Rows, Plane       int64 // examples, elements of a channel of one
	Epsilon, Momentum float32
	Training          bool
}

// A GroupNormArgs is a normalisation of groups of channels; the span is of the
// groups of all examples.
type GroupNormArgs struct {
	Span
	Channels, Plane, Groups int64
	Epsilon                 float32
}

// A SoftmaxArgs is softmax of rows of D numbers, of which Each have one length.
type SoftmaxArgs struct {
	Span
	D, Each int64
}

// The kernels of norm.h.

func normKernels() map[Op]definition {
	return map[Op]definition{
		RowNorm: reads[RowNormArgs](rowNormReference), RowNormGrad: reads[RowNormArgs](rowNormGradReference),
		BatchNorm: reads[BatchNormArgs](batchNormReference), BatchNormGrad: reads[BatchNormArgs](batchNormGradReference),
		GroupNorm: reads[GroupNormArgs](groupNormReference), GroupNormGrad: reads[GroupNormArgs](groupNormGradReference),
		Softmax: reads[SoftmaxArgs](softmaxReference), SoftmaxGrad: reads[SoftmaxArgs](softmaxGradReference),
	}
}

// rowSum is the sum in lanes.
func rowSum(x []float32) float32 {
	var l [16]float32
	for j, v := range x {
		l[j%16] += v
	}
	return sum16(&l)
}

// rowSquare is the sum of the squares of x - mean, in lanes.
func rowSquare(x []float32, mean float32) float32 {
	var l [16]float32
	for j, v := range x {
		l[j%16] = fma(v-mean, v-mean, l[j%16])
	}
	return sum16(&l)
}

// rowSums are the sums of g and of g (x - mean) r, in lanes.
func rowSums(g, x []float32, mean, r float32) (a, b float32) {
	var s, t [16]float32
	for j, v := range g {
		s[j%16] += v
		t[j%16] = fma(v, float32((x[j]-mean)*r), t[j%16])
	}
	return sum16(&s), sum16(&t)
}

func rowNormReference(in *Instr, task int, _ unsafe.Pointer) {
	arg := read[RowNormArgs](in)
	from, to := in.span(task)
	d := int(arg.D)
	gamma, rms := in.floats(1, 0, d), arg.RMS
	for i := from; i < to; i++ {
		x, y, stats := in.floats(0, i*d, d), in.floats(3, i*d, d), in.floats(4, i*2, 2)
		mean := float32(0)
		if !rms {
			mean = rowSum(x) / float32(d)
		}
		r := 1 / sqrt32(rowSquare(x, mean)/float32(d)+arg.Epsilon)
		stats[0], stats[1] = mean, r
		for j, v := range x {
			v = float32((v - mean) * r)
			if in.P[2] != nil {
				y[j] = fma(v, gamma[j], in.floats(2, j, 1)[0])
			} else {
				y[j] = v * gamma[j]
			}
		}
	}
}

func rowNormGradReference(in *Instr, task int, _ unsafe.Pointer) {
	from, to := in.span(task)
	d := int(read[RowNormArgs](in).D)
	gamma, parts := in.floats(1, 0, d), in.floats(5, task*2*d, 2*d)
	clear(parts)
	for i := from; i < to; i++ {
		x, stats, dy, dx := in.floats(0, i*d, d), in.floats(2, i*2, 2), in.floats(3, i*d, d), in.floats(4, i*d, d)
		var s, t [16]float32
		for j, v := range dy {
			xhat, g := float32((x[j]-stats[0])*stats[1]), float32(v*gamma[j])
			s[j%16] += g
			t[j%16] = fma(g, xhat, t[j%16])
			parts[j] = fma(v, xhat, parts[j])
			parts[d+j] += v
		}
		a, b := sum16(&s)/float32(d), sum16(&t)/float32(d)
		if read[RowNormArgs](in).RMS {
			a = 0
		}
		for j := range dx {
			xhat := float32((x[j] - stats[0]) * stats[1])
			dx[j] = fma(-xhat, b, float32(dy[j]*gamma[j])-a) * stats[1]
		}
	}
}

// exists says whether the weight of an example lets it count.
func (in *Instr) exists(n int) bool { return in.P[7] == nil || in.floats(7, n, 1)[0] != 0 }

// batchCount is how many values of a channel count.
func (in *Instr) batchCount() float32 {
	count := 0
	for k := range int(read[BatchNormArgs](in).Rows) {
		if in.exists(k) {
			count++
		}
	}
	return float32(count * int(read[BatchNormArgs](in).Plane))
}

// batchSums adds what f says of each plane of a channel: by blocks of rows
// where a plane is one number.
func (in *Instr) batchSums(j int, f func(at int) (a, b float32)) (a, b float32) {
	arg := read[BatchNormArgs](in)
	c, n, s := int(arg.N), int(arg.Rows), int(arg.Plane)
	block := 64
	if s > 1 {
		block = 1
	}
	for k0 := 0; k0 < n; k0 += block {
		pa, pb, any := float32(0), float32(0), s == 1
		for k := k0; k < min(n, k0+block); k++ {
			if !in.exists(k) {
				continue
			}
			any = true
			at := (k*c + j) * s
			if s > 1 {
				pa, pb = f(at)
				continue
			}
			// A plane of one number goes into the chain by itself.
			x, y := f(at)
			pa += x
			pb = fma(y, x, pb)
		}
		if any {
			a += pa
			b += pb
		}
	}
	return a, b
}

func batchNormReference(in *Instr, task int, _ unsafe.Pointer) {
	arg := read[BatchNormArgs](in)
	from, to := in.span(task)
	c, n, s := int(arg.N), int(arg.Rows), int(arg.Plane)
	count := in.batchCount()
	by, by1 := max(count, 1), float32(1)
	if count > 2 {
		by1 = count - 1
	}
	for j := from; j < to; j++ {
		gamma, beta, rmean, rvar := in.floats(1, j, 1)[0], in.floats(2, j, 1)[0], in.floats(5, j, 1), in.floats(6, j, 1)
		m, v := rmean[0], rvar[0]
		if arg.Training && count > 0 {
			sum, _ := in.batchSums(j, func(at int) (a, b float32) {
				x := in.floats(0, at, s)
				if s == 1 {
					return x[0], 0
				}
				return rowSum(x), 0
			})
			m = sum / by
			var b float32
			if s == 1 {
				_, b = in.batchSums(j, func(at int) (float32, float32) { d := in.floats(0, at, 1)[0] - m; return d, d })
			} else {
				_, b = in.batchSums(j, func(at int) (float32, float32) { return 0, rowSquare(in.floats(0, at, s), m) })
			}
			rmean[0] = fma(arg.Momentum, m-rmean[0], rmean[0])
			rvar[0] = fma(arg.Momentum, b/by1-v, v)
			v = b / by
		}
		r := 1 / sqrt32(v+arg.Epsilon)
		in.floats(4, j, 1)[0], in.floats(4, c+j, 1)[0] = m, r
		for k := range n {
			x, y := in.floats(0, (k*c+j)*s, s), in.floats(3, (k*c+j)*s, s)
			for q := range y {
				if y[q] = fma(float32((x[q]-m)*r), gamma, beta); !in.exists(k) {
					y[q] = 0
				}
			}
		}
	}
}

func batchNormGradReference(in *Instr, task int, _ unsafe.Pointer) {
	arg := read[BatchNormArgs](in)
	from, to := in.span(task)
	c, n, s := int(arg.N), int(arg.Rows), int(arg.Plane)
	share := float32(0)
	if arg.Training {
		share = 1 / max(in.batchCount(), 1)
	}
	for j := from; j < to; j++ {
		gamma, m, r := in.floats(1, j, 1)[0], in.floats(2, j, 1)[0], in.floats(2, c+j, 1)[0]
		dbeta, dgamma := in.batchSums(j, func(at int) (float32, float32) {
			x, dy := in.floats(0, at, s), in.floats(3, at, s)
			if s == 1 {
				return dy[0], float32((x[0] - m) * r)
			}
			return rowSums(dy, x, m, r)
		})
		in.floats(5, j, 1)[0], in.floats(6, j, 1)[0] = dgamma, dbeta
		a, b := float32(dbeta*share), float32(dgamma*share)
		for k := range n {
			x, dy, dx := in.floats(0, (k*c+j)*s, s), in.floats(3, (k*c+j)*s, s), in.floats(4, (k*c+j)*s, s)
			for q := range dx {
				if !in.exists(k) {
					dx[q] = 0
					continue
				}
				dx[q] = fma(-float32((x[q]-m)*r), b, dy[q]-a) * float32(gamma*r)
			}
		}
	}
}

func groupNormReference(in *Instr, task int, _ unsafe.Pointer) {
	arg := read[GroupNormArgs](in)
	from, to := in.span(task)
	s, groups := int(arg.Plane), int(arg.Groups)
	each := int(arg.Channels) / groups
	k := each * s
	for i := from; i < to; i++ {
		x, y, stats := in.floats(0, i*k, k), in.floats(3, i*k, k), in.floats(4, i*2, 2)
		gamma, beta := in.floats(1, i%groups*each, each), in.floats(2, i%groups*each, each)
		mean := rowSum(x) / float32(k)
		r := 1 / sqrt32(rowSquare(x, mean)/float32(k)+arg.Epsilon)
		stats[0], stats[1] = mean, r
		for j, v := range x {
			y[j] = fma(float32((v-mean)*r), gamma[j/s], beta[j/s])
		}
	}
}

func groupNormGradReference(in *Instr, task int, _ unsafe.Pointer) {
	arg := read[GroupNormArgs](in)
	from, to := in.span(task)
	channels, s, groups := int(arg.Channels), int(arg.Plane), int(arg.Groups)
	each := channels / groups
	k := each * s
	for i := from; i < to; i++ {
		x, stats, dy, dx := in.floats(0, i*k, k), in.floats(2, i*2, 2), in.floats(3, i*k, k), in.floats(4, i*k, k)
		gamma := in.floats(1, i%groups*each, each)
		at := i/groups*2*channels + i%groups*each
		dgamma, dbeta := in.floats(5, at, each), in.floats(5, at+channels, each)
		a, b := float32(0), float32(0)
		for c := range each {
			dbeta[c], dgamma[c] = rowSums(dy[c*s:c*s+s], x[c*s:c*s+s], stats[0], stats[1])
			a, b = fma(gamma[c], dbeta[c], a), fma(gamma[c], dgamma[c], b)
		}
		a /= float32(k)
		b /= float32(k)
		for j := range dx {
			xhat := float32((x[j] - stats[0]) * stats[1])
			dx[j] = fma(-xhat, b, float32(dy[j]*gamma[j/s])-a) * stats[1]
		}
	}
}

// length is that of a row of d elements.
func (in *Instr) length(operand, at, d int) int {
	if in.P[operand] == nil {
		return d
	}
	switch l := in.floats(operand, at, 1)[0]; {
	case l >= float32(d):
		return d
	case l > 0:
		return int(l)
	}
	return 0
}

func softmaxReference(in *Instr, task int, _ unsafe.Pointer) {
	from, to := in.span(task)
	d := int(read[SoftmaxArgs](in).D)
	for i := from; i < to; i++ {
		n := in.length(2, i/int(read[SoftmaxArgs](in).Each), d)
		x, y := in.floats(0, i*d, n), in.floats(1, i*d, d)
		var l, sum [16]float32
		for v := range l {
			l[v] = float32(math.Inf(-1))
		}
		for j, v := range x {
			if v > l[j%16] {
				l[j%16] = v
			}
		}
		for w := 8; w > 0; w /= 2 {
			for v := range w {
				if l[v+w] > l[v] {
					l[v] = l[v+w]
				}
			}
		}
		for j, v := range x {
			y[j] = flush32(exp32(v - l[0]))
			sum[j%16] += y[j]
		}
		inv := 1 / sum16(&sum)
		for j := range x {
			y[j] *= inv
		}
		clear(y[n:])
	}
}

func softmaxGradReference(in *Instr, task int, _ unsafe.Pointer) {
	from, to := in.span(task)
	d := int(read[SoftmaxArgs](in).D)
	for i := from; i < to; i++ {
		n := in.length(3, i/int(read[SoftmaxArgs](in).Each), d)
		y, dy, dx := in.floats(0, i*d, n), in.floats(1, i*d, n), in.floats(2, i*d, d)
		var l [16]float32
		for j, v := range dy {
			l[j%16] = fma(v, y[j], l[j%16])
		}
		s := sum16(&l)
		for j, v := range y {
			dx[j] = flush32(v * (dy[j] - s))
		}
		clear(dx[n:])
	}
}
