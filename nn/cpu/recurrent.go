package cpu

import (
	"pipe/nn/cpu/kernel"
	"pipe/nn/cpu/vm"
	"pipe/nn/graph"
)

// A cell is a kind of recurrent layer.
type cell struct {
	gates             int
	forward, backward kernel.Op
	states            int // numbers of a state, in units: scratch memory of both kernels
}

var (
	lstm = cell{gates: 4, forward: kernel.LSTM, backward: kernel.LSTMGrad, states: 3}
	gru  = cell{gates: 3, forward: kernel.GRU, backward: kernel.GRUGrad, states: 2}
)

func (e *emitter) recurrent(op graph.Op) bool {
	switch o := op.(type) {
	case graph.LSTM:
		e.steps(lstm, o.Reverse)
	case graph.GRU:
		e.steps(gru, o.Reverse)
	case graph.LSTMGrad:
		e.stepsBack(lstm, o.Reverse)
	case graph.GRUGrad:
		e.stepsBack(gru, o.Reverse)
	case graph.RecurrentGradInput:
		e.gradInput()
	case graph.RecurrentGradWeight:
		e.recurrentWeights(o)
	default:
		return false
	}
	return true
}

// instr is an instruction over all steps of all sequences, whose states y have
// shape (n, t, h).
func (k cell) instr(op kernel.Op, y graph.Shape, reverse bool, operands ...vm.Operand) vm.Instr {
	n, t, h := y[0], y[1], y[2]
	// Sequences of a task: enough for the tiles of the kernels, and few enough for
	// a common batch to be shared out evenly.
	rows := 16
	if n < 32 {
		rows = (n + 1) / 2
	}
	pad := func(n int) int { return tasks(n, 16) * 16 }
	return vm.Instr{
		Op: op, Tasks: tasks(n, rows), P: operands,
		Args:    kernel.RecurrentArgs{Span: span(n, rows), T: int64(t), H: int64(h), Reversed: reverse},
		Scratch: 4 * rows * (k.states*pad(h) + pad(k.gates*h) + 16),
		Flops:   float64(n*t*h) * float64(2*k.gates*h+40*k.gates),
	}
}

// steps computes the states of x, wx, wh, bx, bh and lengths; the gates and what
// is kept beside them only if something reads them.
func (e *emitter) steps(k cell, reverse bool) {
	out := e.call.Out
	x, wx, y := e.shape(0), e.shape(1), e.outShape(0)
	width, h := wx[1], y[2]
	var z vm.Buffer
	var kept, states vm.Operand
	if e.used[out[1]] || e.used[out[2]] {
		e.packed()
		z, kept = e.buffers[out[1]], vm.Update(e.buffers[out[2]])
		states = vm.Update(e.buffers[out[0]]) // the gates are there already
	} else {
		z, states = e.Alloc(out[1].Shape().Size()), vm.Write(e.out(0))
	}
	p := product{}
	if e.has(3) {
		p.bias, p.mode = e.in(3), kernel.ByColumn
	}
	e.matmul(z, plain(e.in(0), x[0]*x[1], x[2]), plain(e.in(1), x[2], width), p)
	wh := e.Alloc(tasks(h, 16) * 16 * width)
	e.emit(vm.Instr{Op: kernel.PackGates, Tasks: tasks(h, 16), Args: kernel.PackGatesArgs{H: int64(h), G: int64(k.gates)},
		P: []vm.Operand{e.read(2), vm.Write(wh)}, Bytes: float64(8 * h * width)})
	e.emit(k.instr(k.forward, y, reverse, vm.Update(z), vm.Read(wh), e.read(4), e.read(5), vm.Operand{}, states, kept))
}

// stepsBack computes the gradient with regard to the projections, from y, the
// gates, what was kept, dy, wh and lengths.
func (e *emitter) stepsBack(k cell, reverse bool) {
	wh := e.shape(4)
	wht, _ := e.pack(plain(e.in(4), wh[0], wh[1]).t(), true, 1)
	operands := []vm.Operand{e.read(1), e.read(2)}
	if k.gates == 3 {
		operands = append(operands, e.read(0))
	}
	e.emit(k.instr(k.backward, e.shape(0), reverse,
		append(operands, e.read(3), vm.Read(wht), e.read(5), vm.Operand{}, vm.Operand{}, vm.Write(e.packed()))...))
}

// recurrentWeights computes dw(d+h+1, gates H) = [x | h before | 1]ᵀ dz from x, y
// and dz, without the columns of x or of h if they are not asked for.
func (e *emitter) recurrentWeights(o graph.RecurrentGradWeight) {
	x, y, width := e.shape(0), e.shape(1), e.shape(2)[2]
	m, d, h := x[0]*x[1], 0, 0
	if o.X {
		d = x[2]
	}
	if o.H {
		h = y[2]
	}
	columns := d + h + 1
	const per = 2
	panels := tasks(columns, e.Table().MR)
	left := e.Alloc(panels * e.Table().MR * m)
	e.emit(vm.Instr{Op: kernel.PackSteps, Tasks: tasks(panels, per), Args: kernel.PackStepsArgs{N: int64(x[0]), T: int64(x[1]), D: int64(d), H: int64(h), Ones: true, Reversed: o.Reverse, Per: per},
		P: []vm.Operand{e.read(0), e.read(1), {}, {}, vm.Write(left)}, Bytes: float64(8 * columns * m)})
	right, _ := e.pack(plain(e.in(2), m, width), true, 1)
	e.packedProduct(e.packed(), left, 0, right, 0, columns, width, m, product{batch: 1})
}
