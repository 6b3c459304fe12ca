package xla

import (
	"pipe/nn/graph"
	"pipe/nn/xla/stablehlo"
)

func (l *lowering) recurrent(op graph.Op) bool {
	switch o := op.(type) {
	case graph.LSTM:
		l.cells(4, o.Reverse, lstmCell)
	case graph.GRU:
		l.cells(3, o.Reverse, gruCell)
	case graph.LSTMGrad:
		l.lstmBack(o.Reverse)
	case graph.GRUGrad:
		l.gruBack(o.Reverse)
	case graph.RecurrentGradInput:
		dz := l.rows(l.narrow(0))
		l.put(0, l.MatMul(dz, 1, l.narrow(1), 1, l.compute))
	case graph.RecurrentGradWeight:
		l.recurrentWeights(o)
	default:
		return false
	}
	return true
}

// A walk goes through the steps of sequences, whose values are (T, N, ...): steps
// are the first dimension, so that each is one block of memory.
type walk struct {
	steps   int
	reverse bool              // from the last step to the first
	read    []stablehlo.Value // (T, N, ...): a step of each is given to the body
	shared  []stablehlo.Value // that do not change
	state   []stablehlo.Value // from step to step
	widths  []int             // of what each step gives: (N, width)
	body    func(read, shared, state []stablehlo.Value) (next, out []stablehlo.Value)
}

// pieceSteps is how many steps are in a turn of a loop, unrolled, so that XLA sees
// what goes on between them; up to twice as many need no loop. A loop of single
// steps takes twice the time on a GPU.
const pieceSteps = 32

// walk gives what steps give, as (T, N, width).
func (l *lowering) walk(w walk) []stablehlo.Value {
	piece := l.piece
	if w.steps <= 2*piece {
		return l.unrolled(w)
	}
	turns := w.steps / piece
	n := w.state[0].Shape[0]
	var out []stablehlo.Value
	for _, width := range w.widths {
		out = append(out, l.Const(0, stablehlo.F32, w.steps, n, width))
	}
	step := func(place stablehlo.Value, read, shared, state, out []stablehlo.Value) (next, put []stablehlo.Value) {
		var now []stablehlo.Value
		for _, x := range read {
			now = append(now, l.Reshape(l.At(x, place, 1), x.Shape[1:]...))
		}
		next, given := w.body(now, shared, state)
		for i, v := range given {
			put = append(put, l.Put(out[i], l.Reshape(v, append([]int{1}, v.Shape...)...), place))
		}
		return next, put
	}
	place := func(s stablehlo.Value) stablehlo.Value {
		if w.reverse {
			return l.Sub(l.Const(float64(w.steps-1), stablehlo.I32), s)
		}
		return s
	}
	all := append(append(append(append([]stablehlo.Value{}, w.read...), w.shared...), w.state...), out...)
	cut := func(all []stablehlo.Value) (read, shared, state, out []stablehlo.Value) {
		a, b, c := len(w.read), len(w.read)+len(w.shared), len(w.read)+len(w.shared)+len(w.state)
		return all[:a], all[a:b], all[b:c], all[c:]
	}
	all = l.Loop(turns, all, func(turn stablehlo.Value, all []stablehlo.Value) []stablehlo.Value {
		read, shared, state, out := cut(all)
		first := l.Mul(turn, l.Const(float64(piece), stablehlo.I32))
		for j := range piece {
			state, out = step(place(l.Add(first, l.Const(float64(j), stablehlo.I32))), read, shared, state, out)
		}
		return append(append(append(append([]stablehlo.Value{}, read...), shared...), state...), out...)
	})
	read, shared, state, out := cut(all)
	for s := turns * piece; s < w.steps; s++ {
		state, out = step(place(l.Const(float64(s), stablehlo.I32)), read, shared, state, out)
	}
	return out
}

func (l *lowering) unrolled(w walk) []stablehlo.Value {
	given := make([][]stablehlo.Value, len(w.widths)) // by step
	for i := range given {
		given[i] = make([]stablehlo.Value, w.steps)
	}
	state := w.state
	for s := range w.steps {
		t := s
		if w.reverse {
			t = w.steps - 1 - s
		}
		var now, out []stablehlo.Value
		for _, x := range w.read {
			now = append(now, l.Reshape(l.Slice(x, 0, t, t+1), x.Shape[1:]...))
		}
		state, out = w.body(now, w.shared, state)
		for i, v := range out {
			given[i][t] = l.Reshape(v, append([]int{1}, v.Shape...)...)
		}
	}
	var list []stablehlo.Value
	for _, steps := range given {
		list = append(list, l.Concat(0, steps...))
	}
	return list
}

// stepsFirst is (N, T, D) as (T, N, D), and the other way around.
func (l *lowering) stepsFirst(x stablehlo.Value) stablehlo.Value { return l.Transpose(x, 1, 0, 2) }

// validSteps is the mask of valid steps as (T, N, 1) numbers; none if all are.
func (l *lowering) validSteps(lengths, n, t int) []stablehlo.Value {
	if !l.has(lengths) {
		return nil
	}
	mask := l.Convert(l.inSequence(lengths, t), stablehlo.F32)
	return []stablehlo.Value{l.Reshape(l.Transpose(mask, 1, 0), t, n, 1)}
}

// chosen is a where a step is valid, else b. read has the mask, if there is one, at
// its end.
func (l *lowering) chosen(mask []stablehlo.Value, a, b stablehlo.Value) stablehlo.Value {
	if len(mask) == 0 {
		return a
	}
	valid := l.Compare("NE", mask[0], l.Like(0, mask[0]))
	return l.Select(l.along(l.Reshape(valid, a.Shape[0]), a.Shape, 0), a, b)
}

// gates cuts (N, gates H) into gates.
func (l *lowering) gates(z stablehlo.Value, n int) []stablehlo.Value {
	h := z.Shape[1] / n
	var list []stablehlo.Value
	for i := range n {
		list = append(list, l.Slice(z, 1, i*h, (i+1)*h))
	}
	return list
}

// A cellBody is a step of a cell: from the projections of the input and of the
// state, and the state, h first, it gives the next state, the gates and what else
// is kept.
type cellBody func(l *lowering, zx, zh stablehlo.Value, state []stablehlo.Value) (next []stablehlo.Value, gates, kept stablehlo.Value)

func lstmCell(l *lowering, zx, zh stablehlo.Value, state []stablehlo.Value) ([]stablehlo.Value, stablehlo.Value, stablehlo.Value) {
	z := l.gates(l.Add(zx, zh), 4)
	i, f, g, o := l.Unary("logistic", z[0]), l.Unary("logistic", z[1]), l.Unary("tanh", z[2]), l.Unary("logistic", z[3])
	c := l.Add(l.Mul(f, state[1]), l.Mul(i, g))
	return []stablehlo.Value{l.Mul(o, l.Unary("tanh", c)), c}, l.Concat(1, i, f, g, o), c
}

func gruCell(l *lowering, zx, zh stablehlo.Value, state []stablehlo.Value) ([]stablehlo.Value, stablehlo.Value, stablehlo.Value) {
	x, h := l.gates(zx, 3), l.gates(zh, 3)
	r, v, q := l.Unary("logistic", l.Add(x[0], h[0])), l.Unary("logistic", l.Add(x[1], h[1])), h[2]
	m := l.Unary("tanh", l.Add(x[2], l.Mul(r, q)))
	return []stablehlo.Value{l.Add(m, l.Mul(v, l.Sub(state[0], m)))}, l.Concat(1, r, v, m), q
}

// cells computes the states of x, wx, wh, bx, bh and lengths. The gates and what is
// kept stay as (T, N, ...), as their gradients take them.
func (l *lowering) cells(gates int, reverse bool, cell cellBody) {
	y := l.outShape(0)
	n, t, h := y[0], y[1], y[2]
	zx := l.Dot(l.narrow(0), l.narrow(1), nil, nil, []int{2}, []int{0}, stablehlo.F32)
	if l.has(3) {
		zx = l.Add(zx, l.along(l.wide(3), zx.Shape, 2))
	}
	zero := l.Const(0, stablehlo.F32, n, h)
	state := []stablehlo.Value{zero}
	if gates == 4 {
		state = append(state, zero)
	}
	shared := []stablehlo.Value{l.narrow(2)}
	if l.has(4) {
		shared = append(shared, l.wide(4))
	}
	out := l.walk(walk{
		steps: t, reverse: reverse, shared: shared, state: state, widths: []int{h, gates * h, h},
		read: append([]stablehlo.Value{l.stepsFirst(zx)}, l.validSteps(5, n, t)...),
		body: func(read, shared, state []stablehlo.Value) (next, out []stablehlo.Value) {
			mask := read[1:]
			zh := l.MatMul(l.Convert(state[0], l.compute), 1, shared[0], 0, stablehlo.F32)
			if len(shared) > 1 {
				zh = l.Add(zh, l.along(shared[1], zh.Shape, 1))
			}
			now, gates, kept := cell(l, read[0], zh, state)
			for i, v := range now {
				next = append(next, l.chosen(mask, v, state[i]))
			}
			for _, v := range []stablehlo.Value{now[0], gates, kept} {
				out = append(out, l.chosen(mask, v, l.Like(0, v)))
			}
			return next, out
		},
	})
	l.put(0, l.Convert(l.stepsFirst(out[0]), l.compute))
	l.put(1, out[1])
	l.put(2, out[2])
}

// earlier is x(T, N, D) with each step in the place of the next of a walk; the first
// is 0.
func (l *lowering) earlier(x stablehlo.Value, reverse bool) stablehlo.Value {
	low, high := []int{1, 0, 0}, []int{-1, 0, 0}
	if reverse {
		low, high = high, low
	}
	return l.Pad(x, 0, low, high, []int{0, 0, 0})
}

// keptSteps is an input as cells has put it: (T, N, width).
func (l *lowering) keptSteps(i, t, n int) stablehlo.Value {
	v := l.values[l.call.In[i]].whole
	return l.Reshape(v, t, n, v.Size()/t/n)
}

// back walks through the steps the other way: the gradient of the result, the
// gates and what else body reads, in this order, and the mask.
func (l *lowering) back(reverse bool, read []stablehlo.Value, states int, widths []int,
	body func(read []stablehlo.Value, wh stablehlo.Value, state []stablehlo.Value) (next, out []stablehlo.Value)) []stablehlo.Value {
	y := l.shape(0)
	n, t, h := y[0], y[1], y[2]
	var state []stablehlo.Value
	for range states {
		state = append(state, l.Const(0, stablehlo.F32, n, h))
	}
	given := len(read) + 1
	return l.walk(walk{
		steps: t, reverse: !reverse, shared: []stablehlo.Value{l.narrow(4)}, state: state, widths: widths,
		read: append(append([]stablehlo.Value{l.stepsFirst(l.wide(3))}, read...), l.validSteps(5, n, t)...),
		body: func(read, shared, state []stablehlo.Value) (next, out []stablehlo.Value) {
			mask := read[given:]
			now, dz := body(read[:given], shared[0], state)
			for i, v := range now {
				next = append(next, l.chosen(mask, v, state[i]))
			}
			for _, v := range dz {
				out = append(out, l.chosen(mask, v, l.Like(0, v)))
			}
			return next, out
		},
	})
}

// less1 is 1 - x, and slopes of functions whose value is x.
func (l *lowering) less1(x stablehlo.Value) stablehlo.Value { return l.Sub(l.Like(1, x), x) }
func (l *lowering) ofSigmoid(x stablehlo.Value) stablehlo.Value {
	return l.Mul(x, l.less1(x))
}
func (l *lowering) ofTanh(x stablehlo.Value) stablehlo.Value { return l.less1(l.Mul(x, x)) }

// lstmBack is the gradient of the projections: of y, the gates, the cells, dy, wh
// and lengths.
func (l *lowering) lstmBack(reverse bool) {
	y := l.shape(0)
	n, t, h := y[0], y[1], y[2]
	cells := l.keptSteps(2, t, n)
	read := []stablehlo.Value{l.keptSteps(1, t, n), cells, l.earlier(cells, reverse)}
	out := l.back(reverse, read, 2, []int{4 * h}, func(read []stablehlo.Value, wh stablehlo.Value, state []stablehlo.Value) (next, out []stablehlo.Value) {
		g := l.gates(read[1], 4)
		d := l.Add(read[0], state[0])
		tc := l.Unary("tanh", read[2])
		e := l.Add(l.Mul(l.Mul(d, g[3]), l.ofTanh(tc)), state[1])
		dz := l.Concat(1,
			l.Mul(l.Mul(e, g[2]), l.ofSigmoid(g[0])),
			l.Mul(l.Mul(e, read[3]), l.ofSigmoid(g[1])),
			l.Mul(l.Mul(e, g[0]), l.ofTanh(g[2])),
			l.Mul(l.Mul(d, tc), l.ofSigmoid(g[3])))
		dh := l.MatMul(l.Convert(dz, l.compute), 1, wh, 1, stablehlo.F32)
		return []stablehlo.Value{dh, l.Mul(e, g[1])}, []stablehlo.Value{dz}
	})
	l.put(0, l.stepsFirst(out[0]))
}

// gruBack gives the gradients of both projections: of y, the gates, the projection
// of the state, dy, wh and lengths.
func (l *lowering) gruBack(reverse bool) {
	y := l.shape(0)
	n, t, h := y[0], y[1], y[2]
	states := l.earlier(l.stepsFirst(l.wide(0)), reverse)
	read := []stablehlo.Value{l.keptSteps(1, t, n), l.keptSteps(2, t, n), states}
	out := l.back(reverse, read, 1, []int{3 * h, 3 * h}, func(read []stablehlo.Value, wh stablehlo.Value, state []stablehlo.Value) (next, out []stablehlo.Value) {
		g := l.gates(read[1], 3)
		r, v, m := g[0], g[1], g[2]
		d := l.Add(read[0], state[0])
		dm := l.Mul(l.Mul(d, l.less1(v)), l.ofTanh(m))
		dv := l.Mul(l.Mul(d, l.Sub(read[3], m)), l.ofSigmoid(v))
		dr := l.Mul(l.Mul(dm, read[2]), l.ofSigmoid(r))
		ofX, ofH := l.Concat(1, dr, dv, dm), l.Concat(1, dr, dv, l.Mul(dm, r))
		dh := l.Add(l.Mul(d, v), l.MatMul(l.Convert(ofH, l.compute), 1, wh, 1, stablehlo.F32))
		return []stablehlo.Value{dh}, []stablehlo.Value{ofX, ofH}
	})
	l.put(0, l.stepsFirst(out[0]))
	l.put(1, l.stepsFirst(out[1]))
}

// recurrentWeights are [x | h before | 1]ᵀ dz, of x, y and dz.
func (l *lowering) recurrentWeights(o graph.RecurrentGradWeight) {
	dz := l.rows(l.narrow(2))
	at := 0
	add := func(x stablehlo.Value) {
		l.put(at, l.MatMul(l.rows(l.Convert(x, l.compute)), 0, dz, 0, stablehlo.F32))
		at++
	}
	if o.X {
		add(l.in(0))
	}
	if o.H {
		low, high := []int{0, 1, 0}, []int{0, -1, 0}
		if o.Reverse {
			low, high = high, low
		}
		add(l.Pad(l.in(1), 0, low, high, []int{0, 0, 0}))
	}
	// Without the barrier XLA would sum each step by itself: a program for each.
	l.put(at, l.Sum(l.Barrier(l.rows(l.wide(2))), 0))
}
