package kernel

// #include "instr.h"
import "C"

import (
	"math"
	"unsafe"
)

const (
	Attention     Op = C.OP_attention
	AttentionGrad Op = C.OP_attention_grad
	SwapAxes      Op = C.OP_swap_axes
)

// An AttentionArgs is attention of heads of Dh numbers.
type AttentionArgs struct {
	Heads, Tq, Tk, Dh                    int64
	StrideQ, StrideK, StrideV, StrideOut int64  // of steps
	Key                                  uint64 // of dropout
	Scale, DropScale                     float32
	Below                                uint32 // numbers below it drop; 0: none
	Causal                               bool
}

// A SwapArgs is matrices (A, B) that are transposed.
type SwapArgs struct {
	Span
	A, B int64
}

// attentionBlock is how many queries and keys are in a block.
const attentionBlock = 64

// AttentionTasks is how many tasks Attention has.
func AttentionTasks(n, heads, tq int) int {
	return n * heads * ((tq + attentionBlock - 1) / attentionBlock)
}

// AttentionScratch is the memory, in bytes, that Attention and AttentionGrad
// need for each worker.
func AttentionScratch(t *Table, tq, dh int) (forward, backward int) {
	up := func(n, w int) int { return (n + w - 1) / w * w }
	mr, nr, dm := up(attentionBlock, t.MR), up(attentionBlock, t.NR), up(dh, t.MR)
	rows := max(mr, nr)
	forward = nr*dh + mr*dh + attentionBlock*dm + rows*t.NR + nr*dm + 3*nr
	each := 2*nr*dh + 2*attentionBlock*dm + nr*dm + 3*nr
	backward = up(tq, attentionBlock)/attentionBlock*each + 2*mr*dh + attentionBlock*dm + 2*nr*dm + 2*nr*rows + 2*nr*nr
	return 4 * forward, 4 * backward
}

// The kernels of attention.h.

func attentionKernels() map[Op]definition {
	return map[Op]definition{
		Attention: reads[AttentionArgs](attentionForward), AttentionGrad: reads[AttentionArgs](attentionBackward), SwapAxes: reads[SwapArgs](swapAxesReference),
	}
}

// A head is one head of one example.
type head struct {
	in            *Instr
	n, h          int
	tq, tk, dh, d int // d: of all heads
	keys          int // that there are
}

func (in *Instr) head(task int) head {
	arg := read[AttentionArgs](in)
	heads := int(arg.Heads)
	a := head{in: in, n: task / heads, h: task % heads, tq: int(arg.Tq), tk: int(arg.Tk), dh: int(arg.Dh)}
	a.d, a.keys = heads*a.dh, in.length(5, a.n, a.tk)
	return a
}

// row is a row of this head of operand 0 to 3 or 7, which are q, k, v, out, dout.
func (a head) row(operand, t int) []float32 {
	arg := read[AttentionArgs](a.in)
	stride, steps := arg.StrideOut, a.tq
	switch operand {
	case 0:
		stride = arg.StrideQ
	case 1:
		stride, steps = arg.StrideK, a.tk
	case 2:
		stride, steps = arg.StrideV, a.tk
	}
	return a.in.floats(operand, (a.n*steps+t)*int(stride)+a.h*a.dh, a.dh)
}

// seen is how many keys query t sees.
func (a head) seen(t int) int {
	if read[AttentionArgs](a.in).Causal {
		return min(t+1, a.keys)
	}
	return a.keys
}

// seenByBlock is how many keys the block of query t sees.
func (a head) seenByBlock(t int) int {
	return a.seen(min(t/attentionBlock*attentionBlock+attentionBlock, a.tq) - 1)
}

// drop is what dropout makes of the weight x of a query and a key.
func (a head) drop(x float32, t, k int) float32 {
	if read[AttentionArgs](a.in).Below == 0 {
		return x
	}
	g := (uint64(a.n*int(read[AttentionArgs](a.in).Heads)+a.h)*uint64(a.tq)+uint64(t))*uint64((a.tk+3)/4) + uint64(k/4)
	step, key := *(*uint64)(a.in.P[6]), read[AttentionArgs](a.in).Key
	r := philox([4]uint32{uint32(g), uint32(g >> 32), uint32(step), uint32(step >> 32)}, [2]uint32{uint32(key), uint32(key >> 32)})
	if r[k%4] < read[AttentionArgs](a.in).Below {
		return 0
	}
	return x * read[AttentionArgs](a.in).DropScale
}

// dot is one chain.
func dot(x, y []float32) float32 {
	s := float32(0)
	for j, v := range x {
		s = fma(v, y[j], s)
	}
	return s
}

// axpy adds s x to y.
func axpy(s float32, x, y []float32) {
	for j, v := range x {
		y[j] = fma(v, s, y[j])
	}
}

func scaleBy(s float32, x []float32) {
	for j := range x {
		x[j] *= s
	}
}

// flushBy is scaleBy of what is handed on as a gradient.
func flushBy(s float32, x []float32) {
	for j := range x {
		x[j] = flush32(x[j] * s)
	}
}

func attentionForward(in *Instr, task int, _ unsafe.Pointer) {
	arg := read[AttentionArgs](in)
	blocks := (int(arg.Tq) + attentionBlock - 1) / attentionBlock
	a := in.head(task / blocks)
	for t := task % blocks * attentionBlock; t < min(a.tq, (task%blocks+1)*attentionBlock); t++ {
		out, lse := a.row(3, t), in.floats(4, task/blocks*a.tq+t, 1)
		clear(out)
		lse[0] = 0
		top, seen, q := a.seenByBlock(t), a.seen(t), a.row(0, t)
		if top == 0 {
			continue
		}
		m, l := float32(math.Inf(-1)), float32(0)
		for k0 := 0; k0 < top; k0 += attentionBlock {
			var s [attentionBlock]float32
			nk, best := min(attentionBlock, top-k0), float32(math.Inf(-1))
			for k := range nk {
				s[k] = dot(a.row(1, k0+k), q)
				if k0+k < seen && s[k] > best {
					best = s[k]
				}
			}
			before := m
			if best = float32(best * arg.Scale); best > m {
				m = best
			}
			if k0 > 0 {
				alpha := flush32(exp32(before - m))
				l *= alpha
				scaleBy(alpha, out)
			}
			for k := range nk {
				p := float32(0)
				if k0+k < seen {
					p = flush32(exp32(fma(s[k], arg.Scale, -m)))
				}
				l += p
				axpy(a.drop(p, t, k0+k), a.row(2, k0+k), out)
			}
		}
		scaleBy(1/l, out)
		lse[0] = m + log32(l)
	}
}

func attentionBackward(in *Instr, task int, _ unsafe.Pointer) {
	arg := read[AttentionArgs](in)
	a := in.head(task)
	examples := int(in.Tasks) / int(arg.Heads)
	dq := func(t int) []float32 { return in.floats(8, (a.n*a.tq+t)*a.d+a.h*a.dh, a.dh) }
	dk := func(k int) []float32 { return in.floats(8, (examples*a.tq+a.n*a.tk+k)*a.d+a.h*a.dh, a.dh) }
	dv := func(k int) []float32 {
		return in.floats(8, (examples*(a.tq+a.tk)+a.n*a.tk+k)*a.d+a.h*a.dh, a.dh)
	}
	for t := range a.tq {
		clear(dq(t))
	}
	for k := range a.tk {
		clear(dk(k))
		clear(dv(k))
	}
	for k0 := 0; k0 < a.keys; k0 += attentionBlock {
		for t := range a.tq {
			if a.seenByBlock(t) <= k0 {
				continue
			}
			q, out, dout := a.row(0, t), a.row(3, t), a.row(7, t)
			var l [16]float32
			for j, v := range out {
				l[j%16] = fma(v, dout[j], l[j%16])
			}
			d, lse := sum16(&l), in.floats(4, task*a.tq+t, 1)[0]
			for k := k0; k < min(a.keys, k0+attentionBlock); k++ {
				p := float32(0)
				if k < a.seen(t) {
					p = flush32(exp32(fma(dot(a.row(1, k), q), arg.Scale, -lse)))
				}
				ds := flush32(p * (a.drop(dot(a.row(2, k), dout), t, k) - d))
				axpy(a.drop(p, t, k), dout, dv(k))
				axpy(ds, q, dk(k))
				axpy(ds, a.row(1, k), dq(t))
			}
		}
	}
	for t := range a.tq {
		flushBy(arg.Scale, dq(t))
	}
	for k := range a.keys {
		flushBy(arg.Scale, dk(k))
		flushBy(1, dv(k))
	}
}

func swapAxesReference(in *Instr, task int, _ unsafe.Pointer) {
	from, to := in.span(task)
	a, b := int(read[SwapArgs](in).A), int(read[SwapArgs](in).B)
	for n := from; n < to; n++ {
		x, out := in.floats(0, n*a*b, a*b), in.floats(1, n*a*b, a*b)
		for i, v := range x {
			out[i%b*a+i/b] = v
		}
	}
}
