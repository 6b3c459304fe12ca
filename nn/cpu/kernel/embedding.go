package kernel

// #include "instr.h"
import "C"

import "unsafe"

const (
	Embed        Op = C.OP_embed
	EmbedSort    Op = C.OP_embed_sort
	EmbedGrad    Op = C.OP_embed_grad
	AddRows      Op = C.OP_add_rows
	IDLengths    Op = C.OP_id_lengths
	StepMask     Op = C.OP_step_mask
	TimePool     Op = C.OP_time_pool
	TimePoolGrad Op = C.OP_time_pool_grad
)

// An EmbedArgs is rows of D numbers of a table; the span is of ids.
type EmbedArgs struct {
	Span
	D, Rows int64
	Scale   float32
}

// An EmbedSortArgs is Ids ids of a table of so many rows.
type EmbedSortArgs struct{ IDs, Rows int64 }

// An EmbedGradArgs is the gradient of a table; the span is of its rows.
type EmbedGradArgs struct {
	Span
	D, Padding int64 // Padding: an id, or -1
	Scale      float32
}

// A RowsArgs is rows of K numbers.
type RowsArgs struct {
	Span
	K int64
}

// An IDLengthsArgs is sequences of T ids.
type IDLengthsArgs struct {
	Span
	T       int64
	Padding float32
}

// A TimePoolArgs is pooling over the T steps of D numbers of each example.
type TimePoolArgs struct {
	Span
	T, D int64
	Kind Pooling
}

// A Pooling is how the steps of a sequence become one.
type Pooling int64

const (
	TimeMean Pooling = iota
	TimeLast
	TimeMax
)

// The kernels of embedding.h.

func embeddingKernels() map[Op]definition {
	return map[Op]definition{
		Embed: reads[EmbedArgs](embedReference), EmbedSort: reads[EmbedSortArgs](embedSortReference), EmbedGrad: reads[EmbedGradArgs](embedGradReference),
		AddRows: reads[RowsArgs](addRowsReference), IDLengths: reads[IDLengthsArgs](idLengthsReference), StepMask: reads[RowsArgs](stepMaskReference),
		TimePool: reads[TimePoolArgs](timePoolReference), TimePoolGrad: reads[TimePoolArgs](timePoolGradReference),
	}
}

// rowOf is the row of a table of v rows that an id stands for.
func rowOf(id float32, v int) int {
	switch {
	case id >= float32(v-1):
		return v - 1
	case id > 0:
		return int(id)
	}
	return 0
}

func embedReference(in *Instr, task int, _ unsafe.Pointer) {
	arg := read[EmbedArgs](in)
	from, to := in.span(task)
	d := int(arg.D)
	for k := from; k < to; k++ {
		row, out := in.floats(1, rowOf(in.floats(0, k, 1)[0], int(arg.Rows))*d, d), in.floats(2, k*d, d)
		for j, x := range row {
			out[j] = x * arg.Scale
		}
	}
}

// int32s is n integers of an operand.
func (in *Instr) int32s(k, n int) []int32 { return unsafe.Slice((*int32)(in.P[k]), n) }

func embedSortReference(in *Instr, _ int, _ unsafe.Pointer) {
	k, v := int(read[EmbedSortArgs](in).IDs), int(read[EmbedSortArgs](in).Rows)
	ids, order, start := in.floats(0, 0, k), in.int32s(1, k), in.int32s(2, v+1)
	clear(start)
	for _, id := range ids {
		start[rowOf(id, v)+1]++
	}
	for i := range v {
		start[i+1] += start[i]
	}
	next := append([]int32{}, start...)
	for i, id := range ids {
		row := rowOf(id, v)
		order[next[row]] = int32(i)
		next[row]++
	}
}

func embedGradReference(in *Instr, task int, _ unsafe.Pointer) {
	arg := read[EmbedGradArgs](in)
	from, to := in.span(task)
	d := int(arg.D)
	start := in.int32s(1, int(arg.N)+1)
	for v := from; v < to; v++ {
		out := in.floats(3, v*d, d)
		clear(out)
		if v == int(arg.Padding) || start[v] == start[v+1] {
			continue
		}
		for _, k := range in.int32s(0, int(start[v+1]))[start[v]:] {
			for j, x := range in.floats(2, int(k)*d, d) {
				out[j] += x
			}
		}
		for j := range out {
			out[j] *= arg.Scale
		}
	}
}

func addRowsReference(in *Instr, task int, _ unsafe.Pointer) {
	from, to := in.span(task)
	k := int(read[RowsArgs](in).K)
	for n := from; n < to; n++ {
		x, row, out := in.floats(0, n*k, k), in.floats(1, 0, k), in.floats(2, n*k, k)
		for j := range out {
			out[j] = x[j] + row[j]
		}
	}
}

func idLengthsReference(in *Instr, task int, _ unsafe.Pointer) {
	from, to := in.span(task)
	for n := from; n < to; n++ {
		t := int(read[IDLengthsArgs](in).T)
		for ids := in.floats(0, n*t, t); t > 0 && ids[t-1] == read[IDLengthsArgs](in).Padding; {
			t--
		}
		in.floats(1, n, 1)[0] = float32(t)
	}
}

func stepMaskReference(in *Instr, task int, _ unsafe.Pointer) {
	from, to := in.span(task)
	t := int(read[RowsArgs](in).K)
	for n := from; n < to; n++ {
		length, out := in.length(0, n, t), in.floats(2, n*t, t)
		if in.P[1] != nil && in.floats(1, n, 1)[0] == 0 {
			length = 0
		}
		for k := range out {
			out[k] = float32(min(max(length-k, 0), 1))
		}
	}
}

func timePoolReference(in *Instr, task int, _ unsafe.Pointer) {
	arg := read[TimePoolArgs](in)
	from, to := in.span(task)
	t, d := int(arg.T), int(arg.D)
	for n := from; n < to; n++ {
		length := in.length(2, n, t)
		for j, y := 0, in.floats(1, n*d, d); j < d; j++ {
			y[j] = 0
			at := float32(-1)
			for k := range length {
				switch x := in.floats(0, (n*t+k)*d+j, 1)[0]; {
				case arg.Kind == TimeMean:
					y[j] += x
				case arg.Kind == TimeLast || k == 0 || x > y[j]:
					y[j], at = x, float32(k)
				}
			}
			switch arg.Kind {
			case TimeMean:
				y[j] /= float32(max(length, 1))
			case TimeMax:
				in.floats(3, n*d+j, 1)[0] = at
			}
		}
	}
}

func timePoolGradReference(in *Instr, task int, _ unsafe.Pointer) {
	arg := read[TimePoolArgs](in)
	from, to := in.span(task)
	t, d := int(arg.T), int(arg.D)
	for n := from; n < to; n++ {
		length := in.length(2, n, t)
		for j, dy := range in.floats(0, n*d, d) {
			for k := range t {
				dx := &in.floats(1, (n*t+k)*d+j, 1)[0]
				*dx = 0
				switch arg.Kind {
				case TimeMean:
					if k < length {
						*dx = dy / float32(length)
					}
				case TimeLast:
					if k == length-1 {
						*dx = dy
					}
				case TimeMax:
					if k < length && in.floats(3, n*d+j, 1)[0] == float32(k) {
						*dx = dy
					}
				}
			}
		}
	}
}
