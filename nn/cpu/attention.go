package cpu

import (
	"math"

	"pipe/nn/cpu/kernel"
	"pipe/nn/cpu/vm"
	"pipe/nn/graph"
)

func (e *emitter) attention(op graph.Op) bool {
	switch o := op.(type) {
	case graph.Attention:
		q, k := e.shape(0), e.shape(1)
		scratch, _ := kernel.AttentionScratch(e.Table(), q[1], q[2]/o.Heads)
		e.emit(heads(kernel.Attention, kernel.AttentionTasks(q[0], o.Heads, q[1]), 2, scratch, o, q, k,
			e.read(0), e.read(1), e.read(2), vm.Write(e.out(0)), vm.Write(e.out(1)), e.read(3), e.drawn(o)))
	case graph.AttentionGrad:
		q, k := e.shape(0), e.shape(1)
		_, scratch := kernel.AttentionScratch(e.Table(), q[1], q[2]/o.Attention.Heads)
		e.emit(heads(kernel.AttentionGrad, q[0]*o.Attention.Heads, 5, scratch, o.Attention, q, k,
			e.read(0), e.read(1), e.read(2), e.read(3), e.read(4), e.read(6), e.drawn(o.Attention), e.read(5), vm.Write(e.packed())))
	default:
		return false
	}
	return true
}

// drawn is the operand that random numbers are drawn by, if any are.
func (e *emitter) drawn(o graph.Attention) vm.Operand {
	if o.Dropout == 0 {
		return vm.Operand{}
	}
	return vm.Read(e.stepWord())
}

// heads is an instruction over the heads of queries and keys.
func heads(op kernel.Op, count, products, scratch int, o graph.Attention, q, k graph.Shape, operands ...vm.Operand) vm.Instr {
	n, tq, tk, d := q[0], q[1], k[1], q[2]
	dh, w := d/o.Heads, int64(d)
	return vm.Instr{Op: op, Tasks: count, Scratch: scratch, P: operands,
		Args: kernel.AttentionArgs{
			Heads: int64(o.Heads), Tq: int64(tq), Tk: int64(tk), Dh: int64(dh), StrideQ: w, StrideK: w, StrideV: w, StrideOut: w,
			Key: o.Key, Scale: float32(1 / math.Sqrt(float64(dh))), DropScale: float32(1 / (1 - o.Dropout)),
			Below: threshold(o.Dropout), Causal: o.Causal,
		},
		Flops: float64(n*o.Heads*tq*tk) * float64(2*products*dh+30)}
}
