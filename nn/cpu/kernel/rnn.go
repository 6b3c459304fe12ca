package kernel

// #include "instr.h"
import "C"

import "unsafe"

const (
	PackGates    Op = C.OP_pack_gates
	PackSteps    Op = C.OP_pack_steps
	LSTM         Op = C.OP_lstm
	LSTMGrad     Op = C.OP_lstm_grad
	GRU          Op = C.OP_gru
	GRUGrad      Op = C.OP_gru_grad
	PickStep     Op = C.OP_pick_step
	PickStepGrad Op = C.OP_pick_step_grad
	ReverseSteps Op = C.OP_reverse_steps
	CopyColumns  Op = C.OP_copy_columns
)

// A PackGatesArgs is the packing of the weights of G gates of H units.
type PackGatesArgs struct{ H, G int64 }

// A PackStepsArgs is the packing of [x | h before | 1] by columns.
type PackStepsArgs struct {
	N, T, D, H int64
	Per        int64 // panels of a task
	Ones       bool  // the column of ones is there
	Reversed   bool
}

// A RecurrentArgs is a recurrent layer; the span is of examples.
type RecurrentArgs struct {
	Span
	T, H     int64
	Reversed bool
}

// A StepsArgs is sequences of T steps of D numbers.
type StepsArgs struct {
	Span
	T, D  int64
	First bool // the first step, not the last valid one
}

// A ColumnsArgs is a block of columns of two matrices; the span is of rows.
type ColumnsArgs struct {
	Span
	Columns             int64
	StrideIn, StrideOut int64
	ColumnIn, ColumnOut int64 // the first
}

// RecurrentRows is the most rows that a task of a recurrent kernel takes.
const RecurrentRows = 64

// The kernels of rnn.h and sequence.h. The reference does not pack recurrent weights in an order
// of its own: what PackGates gives is in rows of (H, G*H), each H padded to 16.

func rnnKernels() map[Op]definition {
	return map[Op]definition{
		PackGates: reads[PackGatesArgs](packGatesReference), PackSteps: reads[PackStepsArgs](packStepsReference),
		LSTM: reads[RecurrentArgs](lstmReference), LSTMGrad: reads[RecurrentArgs](lstmGradReference), GRU: reads[RecurrentArgs](gruReference), GRUGrad: reads[RecurrentArgs](gruGradReference),
		PickStep: reads[StepsArgs](func(in *Instr, task int, _ unsafe.Pointer) {
			from, to := in.span(task)
			for j := from; j < to; j++ {
				in.floats(2, j, 1)[0] = 0
				if at, ok := in.pickedStep(j / int(read[StepsArgs](in).D)); ok {
					in.floats(2, j, 1)[0] = in.floats(0, at+j%int(read[StepsArgs](in).D), 1)[0]
				}
			}
		}),
		PickStepGrad: reads[StepsArgs](func(in *Instr, task int, _ unsafe.Pointer) {
			from, to := in.span(task)
			steps, d := int(read[StepsArgs](in).T), int(read[StepsArgs](in).D)
			for n := from; n < to; n++ {
				clear(in.floats(2, n*steps*d, steps*d))
				if at, ok := in.pickedStep(n); ok {
					copy(in.floats(2, at, d), in.floats(0, n*d, d))
				}
			}
		}),
		ReverseSteps: reads[StepsArgs](func(in *Instr, task int, _ unsafe.Pointer) {
			from, to := in.span(task)
			steps, d := int(read[StepsArgs](in).T), int(read[StepsArgs](in).D)
			for n := from; n < to; n++ {
				length := in.stepsOf(1, n, steps)
				for t := range steps {
					out := in.floats(2, (n*steps+t)*d, d)
					if clear(out); t < length {
						copy(out, in.floats(0, (n*steps+length-1-t)*d, d))
					}
				}
			}
		}),
		CopyColumns: reads[ColumnsArgs](func(in *Instr, task int, _ unsafe.Pointer) {
			arg := read[ColumnsArgs](in)
			from, to := in.span(task)
			for r := from; r < to; r++ {
				copy(in.floats(1, r*int(arg.StrideOut)+int(arg.ColumnOut), int(arg.Columns)), in.floats(0, r*int(arg.StrideIn)+int(arg.ColumnIn), int(arg.Columns)))
			}
		}),
	}
}

// stepsOf is how many steps of sequence n are valid; operand k has the lengths.
func (in *Instr) stepsOf(k, n, steps int) int {
	if in.P[k] == nil {
		return steps
	}
	switch v := in.floats(k, n, 1)[0]; {
	case v >= float32(steps):
		return steps
	case v > 0:
		return int(v)
	}
	return 0
}

// pickedStep is where the step of sequence n is that PickStep takes.
func (in *Instr) pickedStep(n int) (at int, ok bool) {
	arg := read[StepsArgs](in)
	steps, d := int(arg.T), int(arg.D)
	length := in.stepsOf(1, n, steps)
	if arg.First {
		return n * steps * d, length > 0
	}
	return (n*steps + length - 1) * d, length > 0
}

func packGatesReference(in *Instr, task int, _ unsafe.Pointer) {
	h, g := int(read[PackGatesArgs](in).H), int(read[PackGatesArgs](in).G)
	for u := task * 16; u < min(h, task*16+16); u++ {
		for k := range h {
			for gate := range g {
				in.floats(1, (k*g+gate)*padded(h)+u, 1)[0] = in.floats(0, (k*g+gate)*h+u, 1)[0]
			}
		}
	}
}

func padded(h int) int { return (h + 15) / 16 * 16 }

func packStepsReference(in *Instr, task int, _ unsafe.Pointer) {
	arg := read[PackStepsArgs](in)
	n, steps, d, h, per := int(arg.N), int(arg.T), int(arg.D), int(arg.H), int(arg.Per)
	layer := walk{steps: steps, reversed: arg.Reversed}
	const w = 4 // MR of the reference
	columns := d + h
	if arg.Ones {
		columns++
	}
	for panel := task * per; panel < (task+1)*per && panel*w < columns; panel++ {
		for q := range n * steps {
			dst := in.floats(4, (panel*n*steps+q)*w, w)
			length := in.stepsOf(2, q/steps, steps)
			for i := range w {
				dst[i] = 0
				switch c := panel*w + i; {
				case c < d:
					dst[i] = in.floats(0, q*d+c, 1)[0]
				case c < d+h:
					if at := layer.before(q % steps); at >= 0 && at < length {
						dst[i] = in.floats(1, (q/steps*steps+at)*h+c-d, 1)[0]
					} else if in.P[3] != nil {
						dst[i] = in.floats(3, q/steps*h+c-d, 1)[0]
					}
				case c < columns:
					dst[i] = 1
				}
			}
		}
	}
}

// A walk is what the recurrent kernels share: one sequence through its steps.
type walk struct {
	in                   *Instr
	batch, steps, hidden int
	gates                int
	reversed             bool
}

func newWalk(in *Instr, gates int) walk {
	arg := read[RecurrentArgs](in)
	return walk{in: in, batch: int(arg.N), steps: int(arg.T), hidden: int(arg.H), gates: gates, reversed: arg.Reversed}
}

// rows calls f for each sequence of a task.
func (w walk) rows(task int, f func(n int)) {
	for n := task * int(read[RecurrentArgs](w.in).Per); n < min(w.batch, (task+1)*int(read[RecurrentArgs](w.in).Per)); n++ {
		f(n)
	}
}

// order is the s-th step; back says that the walk goes the other way.
func (w walk) order(s int, back bool) int {
	if w.reversed != back {
		return w.steps - 1 - s
	}
	return s
}

// before is the step before t, which may be none.
func (w walk) before(t int) int {
	if w.reversed {
		return t + 1
	}
	return t - 1
}

// state copies a row of an operand that may be left out: part 0 or 1 of (2, N, H).
func (w walk) state(k, part, n int) []float32 {
	s := make([]float32, w.hidden)
	if w.in.P[k] != nil {
		copy(s, w.in.floats(k, (part*w.batch+n)*w.hidden, w.hidden))
	}
	return s
}

// keep writes a row of an operand that may be left out.
func (w walk) keep(k, part, n int, s []float32) {
	if w.in.P[k] != nil {
		copy(w.in.floats(k, (part*w.batch+n)*w.hidden, w.hidden), s)
	}
}

// projected is element j of h Wh + bh, where Wh is operand 1 and bh operand 2.
func (w walk) projected(h []float32, gate, unit int, first bool) float32 {
	s := float32(0)
	if !first || w.in.P[4] != nil {
		for k, v := range h {
			s = fma(v, w.in.floats(1, (k*w.gates+gate)*padded(w.hidden)+unit, 1)[0], s)
		}
	}
	if w.in.P[2] == nil {
		return s + 0 // which is what the kernel adds, and loses the sign of -0
	}
	return s + w.in.floats(2, gate*w.hidden+unit, 1)[0]
}

// back is element k of dz Whᵀ, where operand p has it packed with 4 columns in a panel.
func (w walk) back(p int, dz []float32, k int) float32 {
	s := float32(0)
	for j, v := range dz {
		s = fma(v, w.in.floats(p, k/4*4*len(dz)+j*4+k%4, 1)[0], s)
	}
	return s
}

func lstmReference(in *Instr, task int, _ unsafe.Pointer) {
	w := newWalk(in, 4)
	hidden := w.hidden
	w.rows(task, func(n int) {
		h, c := w.state(4, 0, n), w.state(4, 1, n)
		length := in.stepsOf(3, n, w.steps)
		for s := range w.steps {
			t := w.order(s, false)
			q := n*w.steps + t
			y := in.floats(5, q*hidden, hidden)
			next := make([]float32, hidden)
			if t >= length {
				clear(y)
				w.keepStep(6, q, nil)
				continue
			}
			z := in.floats(0, q*4*hidden, 4*hidden)
			for u := range hidden {
				var a [4]float32
				for g := range a {
					a[g] = z[g*hidden+u] + w.projected(h, g, u, s == 0)
				}
				i, f, g, o := sigmoid32(a[0]), sigmoid32(a[1]), tanh32(a[2]), sigmoid32(a[3])
				c[u] = flush32(fma(f, c[u], float32(i*g)))
				next[u] = flush32(o * tanh32(c[u]))
				if in.P[6] != nil {
					z[u], z[hidden+u], z[2*hidden+u], z[3*hidden+u] = i, f, g, o
				}
			}
			h = next
			copy(y, h)
			w.keepStep(6, q, c)
		}
		w.keep(7, 0, n, h)
		w.keep(7, 1, n, c)
	})
}

// keepStep writes row q of an operand that may be left out, zeros for nil.
func (w walk) keepStep(k, q int, v []float32) {
	if w.in.P[k] != nil {
		row := w.in.floats(k, q*w.hidden, w.hidden)
		clear(row)
		copy(row, v)
	}
}

func lstmGradReference(in *Instr, task int, _ unsafe.Pointer) {
	w := newWalk(in, 4)
	hidden := w.hidden
	w.rows(task, func(n int) {
		dh, dc := w.state(6, 0, n), w.state(6, 1, n)
		first := w.state(5, 1, n)
		length := in.stepsOf(4, n, w.steps)
		for s := range w.steps {
			t := w.order(s, true)
			q := n*w.steps + t
			dz := in.floats(7, q*4*hidden, 4*hidden)
			if t >= length {
				clear(dz)
				continue
			}
			before := first
			if at := w.before(t); at >= 0 && at < length {
				before = in.floats(1, (n*w.steps+at)*hidden, hidden)
			}
			gates := in.floats(0, q*4*hidden, 4*hidden)
			for u := range hidden {
				i, f, g, o := gates[u], gates[hidden+u], gates[2*hidden+u], gates[3*hidden+u]
				d := flush32(in.floats(2, q*hidden+u, 1)[0] + dh[u])
				tc := tanh32(in.floats(1, q*hidden+u, 1)[0])
				e := flush32(fma(float32(d*o), fma(-tc, tc, 1), dc[u]))
				dz[u] = flush32(float32(e*g) * float32(i*(1-i)))
				dz[hidden+u] = flush32(float32(e*before[u]) * float32(f*(1-f)))
				dz[2*hidden+u] = flush32(float32(e*i) * fma(-g, g, 1))
				dz[3*hidden+u] = flush32(float32(d*tc) * float32(o*(1-o)))
				dc[u] = flush32(e * f)
			}
			if s+1 < w.steps || in.P[8] != nil {
				for k := range hidden {
					dh[k] = flush32(w.back(3, dz, k))
				}
			}
		}
		w.keep(8, 0, n, dh)
		w.keep(8, 1, n, dc)
	})
}

func gruReference(in *Instr, task int, _ unsafe.Pointer) {
	w := newWalk(in, 3)
	hidden := w.hidden
	w.rows(task, func(n int) {
		h := w.state(4, 0, n)
		length := in.stepsOf(3, n, w.steps)
		for s := range w.steps {
			t := w.order(s, false)
			at := n*w.steps + t
			y := in.floats(5, at*hidden, hidden)
			if t >= length {
				clear(y)
				w.keepStep(6, at, nil)
				continue
			}
			z := in.floats(0, at*3*hidden, 3*hidden)
			next, kept := make([]float32, hidden), make([]float32, hidden)
			for u := range hidden {
				r := sigmoid32(z[u] + w.projected(h, 0, u, s == 0))
				v := sigmoid32(z[hidden+u] + w.projected(h, 1, u, s == 0))
				q := w.projected(h, 2, u, s == 0)
				m := tanh32(fma(r, q, z[2*hidden+u]))
				next[u], kept[u] = flush32(fma(v, h[u]-m, m)), q
				if in.P[6] != nil {
					z[u], z[hidden+u], z[2*hidden+u] = r, v, m
				}
			}
			h = next
			copy(y, h)
			w.keepStep(6, at, kept)
		}
		w.keep(7, 0, n, h)
	})
}

func gruGradReference(in *Instr, task int, _ unsafe.Pointer) {
	w := newWalk(in, 3)
	hidden := w.hidden
	w.rows(task, func(n int) {
		dh := w.state(7, 0, n)
		first := w.state(6, 0, n)
		length := in.stepsOf(5, n, w.steps)
		for s := range w.steps {
			t := w.order(s, true)
			at := n*w.steps + t
			dx := in.floats(8, at*3*hidden, 3*hidden)
			dr := in.floats(8, (w.batch*w.steps+at)*3*hidden, 3*hidden)
			if t >= length {
				clear(dx)
				clear(dr)
				continue
			}
			before := first
			if at := w.before(t); at >= 0 && at < length {
				before = in.floats(2, (n*w.steps+at)*hidden, hidden)
			}
			gates := in.floats(0, at*3*hidden, 3*hidden)
			for u := range hidden {
				r, v, m := gates[u], gates[hidden+u], gates[2*hidden+u]
				d := flush32(in.floats(3, at*hidden+u, 1)[0] + dh[u])
				dm := flush32(float32(d*(1-v)) * fma(-m, m, 1))
				dx[u] = flush32(float32(dm*in.floats(1, at*hidden+u, 1)[0]) * float32(r*(1-r)))
				dx[hidden+u] = flush32(float32(d*(before[u]-m)) * float32(v*(1-v)))
				dx[2*hidden+u] = dm
				dr[u], dr[hidden+u], dr[2*hidden+u] = dx[u], dx[hidden+u], flush32(dm*r)
				dh[u] = flush32(d * v)
			}
			if s+1 < w.steps || in.P[9] != nil {
				for k := range hidden {
					dh[k] = flush32(w.back(4, dr, k) + dh[k])
				}
			}
		}
		w.keep(9, 0, n, dh)
	})
}
