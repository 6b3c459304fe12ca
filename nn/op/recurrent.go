package op

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pipe/nn/kernel"
	"pipe/nn/vm"
)

// A Recurrent is what a recurrent layer of H units works with. The gates are
// side by side, each H wide, in the order of PyTorch: i, f, g, o of an LSTM and
// r, z, n of a GRU. Weights are transposed against PyTorch's, as in Dense.
type Recurrent struct {
	Wx, Wh *Node // of inputs (D, gates H) and of the state (H, gates H)
	Bx, Bh *Node // biases of both, (gates H); one or both may be nil

	// Lengths (N) says how many steps of each sequence are valid, from the first
	// on; nil: all. Outputs beyond are 0 and the state is carried unchanged.
	Lengths *Node
	// Reverse goes from the last valid step to the first. Outputs stay at their steps.
	Reverse bool
}

// LSTM gives the hidden states (N, T, H) of a layer over sequences x(N, T, D)
// (Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997, with the forget
// gate of Gers et al., 2000, as torch.nn.LSTM has it). The state begins with 0:
//
//	[i f g o] = x Wx + bx + h Wh + bh
//	c' = sigmoid(f) c + sigmoid(i) tanh(g),  h' = sigmoid(o) tanh(c')
//
// The last state is what LastStep gives, FirstStep if reversed.
func (g *Graph) LSTM(x *Node, r Recurrent) *Node { return g.recurrent(x, r, lstm) }

// GRU is LSTM with the cell of Cho et al., "Learning Phrase Representations using
// RNN Encoder-Decoder", 2014, as torch.nn.GRU has it, which resets the state
// after the product:
//
//	r = sigmoid((x Wx + bx)_r + (h Wh + bh)_r),  z = sigmoid((x Wx + bx)_z + (h Wh + bh)_z)
//	n = tanh((x Wx + bx)_n + r (h Wh + bh)_n),   h' = (1 - z) n + z h
func (g *Graph) GRU(x *Node, r Recurrent) *Node { return g.recurrent(x, r, gru) }

// A cell is a kind of recurrent layer.
type cell struct {
	name              string
	gates             int
	forward, backward kernel.Op
	states            int // numbers of a state, in units: scratch memory of both kernels
	gradients         int // with regard to how many different projections
}

var (
	lstm = cell{name: "lstm", gates: 4, forward: kernel.LSTM, backward: kernel.LSTMGrad, states: 3, gradients: 1}
	gru  = cell{name: "gru", gates: 3, forward: kernel.GRU, backward: kernel.GRUGrad, states: 2, gradients: 2}
)

// A layer is a recurrent layer with its sizes and the places of its operands
// among the inputs of its node, 0 for those that are left out; x is the first.
type layer struct {
	cell
	n, t, d, h              int
	wx, wh, bx, bh, lengths int
	reverse                 bool
}

func (g *Graph) recurrent(x *Node, r Recurrent, c cell) *Node {
	if g.err != nil {
		return nil
	}
	if r.Wx == nil || r.Wh == nil {
		return g.fail("%s: weights are missing", c.name)
	}
	xs, wx, wh := x.Shape(), r.Wx.Shape(), r.Wh.Shape()
	if len(xs) != 3 || len(wx) != 2 || len(wh) != 2 || wx[0] != xs[2] || wh[1] != c.gates*wh[0] || wx[1] != wh[1] {
		return g.fail("%s: shapes x%v, wx%v and wh%v do not fit", c.name, xs, wx, wh)
	}
	for _, b := range []*Node{r.Bx, r.Bh} {
		if b != nil && (b.Dims() != 1 || b.Shape()[0] != wh[1]) {
			return g.fail("%s: bias of shape %v, want (%d)", c.name, b.Shape(), wh[1])
		}
	}
	l := layer{cell: c, n: xs[0], t: xs[1], d: xs[2], h: wh[0], reverse: r.Reverse}
	if !g.fitLengths(c.name, r.Lengths, l.n) {
		return nil
	}
	in, diff := []*Node{x}, []bool{g.flows[x]}
	for _, o := range []struct {
		node *Node
		at   *int
		diff bool
	}{{r.Wx, &l.wx, true}, {r.Wh, &l.wh, true}, {r.Bx, &l.bx, true}, {r.Bh, &l.bh, true}, {r.Lengths, &l.lengths, false}} {
		if o.node != nil {
			*o.at = len(in)
			in, diff = append(in, o.node), append(diff, o.diff && g.flows[o.node])
		}
	}
	// What the way back needs is behind the outputs: gates, and one row more.
	size := l.n * l.t * l.h
	packed := g.add(&fused{
		name: c.name, shape: tensor.Shape{size * (c.gates + 2)}, diff: diff,
		lower: func(e *emitter, out vm.Buffer, in []vm.Buffer) { l.lowerForward(e, out, in, g.done) },
		backward: func(in gorgonia.Nodes, out, dy *Node) gorgonia.Nodes {
			return l.gradient(g, in, out, dy, diff)
		},
	}, in...)
	if packed == nil {
		return nil
	}
	return g.add(viewOf(c.name+" outputs", 0, g.flows[packed], l.n, l.t, l.h), packed)
}

// fitLengths checks the lengths of n sequences, which may be left out.
func (g *Graph) fitLengths(name string, lengths *Node, n int) bool {
	if lengths != nil && (lengths.Dims() != 1 || lengths.Shape()[0] != n) {
		g.fail("%s: lengths of shape %v, want (%d)", name, lengths.Shape(), n)
		return false
	}
	return true
}

// optional is an operand that may be left out.
func optional(in []vm.Buffer, at int) vm.Operand {
	if at == 0 {
		return vm.Operand{}
	}
	return vm.Read(in[at])
}

// rows is how many sequences a task takes: enough for the tiles of the kernels,
// and few enough for a common batch to be shared out evenly.
func (l layer) rows() int {
	if l.n < 32 {
		return (l.n + 1) / 2
	}
	return 16
}

// steps is an instruction over all steps of all sequences.
func (l layer) steps(op kernel.Op, operands ...vm.Operand) vm.Instr {
	reverse := int64(0)
	if l.reverse {
		reverse = 1
	}
	pad := func(n int) int { return tasks(n, 16) * 16 }
	units := float64(l.n * l.t * l.h)
	return vm.Instr{
		Op: op, Tasks: tasks(l.n, l.rows()), I: [16]int64{int64(l.n), int64(l.t), int64(l.h), int64(l.rows()), reverse}, P: operands,
		Scratch: 4 * l.rows() * (l.states*pad(l.h) + pad(l.gates*l.h) + 16),
		Flops:   units * float64(2*l.gates*l.h+40*l.gates),
	}
}

// lowerForward computes the outputs; keep says that the rest of out is needed.
func (l layer) lowerForward(e *emitter, out vm.Buffer, in []vm.Buffer, keep bool) {
	size, width := l.n*l.t*l.h, l.gates*l.h
	z, kept := e.View(out, size, size*l.gates), vm.Update(e.View(out, size*(1+l.gates), size))
	if !keep {
		z, kept = e.Alloc(size*l.gates), vm.Operand{}
	}
	p := product{}
	if l.bx != 0 {
		p.bias, p.mode = in[l.bx], 1
	}
	e.matmul(z, plain(in[0], l.n*l.t, l.d), plain(in[l.wx], l.d, width), p)
	wh := e.Alloc(tasks(l.h, 16) * 16 * l.h * l.gates)
	e.emit(vm.Instr{Op: kernel.PackGates, Tasks: tasks(l.h, 16), I: [16]int64{int64(l.h), int64(l.gates)},
		P: []vm.Operand{vm.Read(in[l.wh]), vm.Write(wh)}, Bytes: float64(8 * l.h * width)})
	y := vm.Write(e.View(out, 0, size))
	if keep {
		y = vm.Update(e.View(out, 0, size)) // the gates are there already
	}
	e.emit(l.steps(l.forward, vm.Update(z), vm.Read(wh), optional(in, l.bh), optional(in, l.lengths), vm.Operand{}, y, kept))
}

// gradient makes the nodes of the gradients of the inputs.
func (l layer) gradient(g *Graph, in gorgonia.Nodes, out, dy *Node, diff []bool) gorgonia.Nodes {
	m, width := l.n*l.t, l.gates*l.h
	operands := []*Node{out, dy, in[l.wh]}
	at := 0
	if l.lengths != 0 {
		at = len(operands)
		operands = append(operands, in[l.lengths])
	}
	dz := g.apply(&fused{name: l.name + " dz", shape: tensor.Shape{m * width * l.gradients}, lower: func(e *emitter, dz vm.Buffer, in []vm.Buffer) {
		l.lowerBackward(e, dz, in, at)
	}}, operands...)
	grads := make(gorgonia.Nodes, len(in))
	if diff[0] {
		grads[0] = g.apply(&fused{name: l.name + " dx", shape: in[0].Shape().Clone(), lower: func(e *emitter, dx vm.Buffer, in []vm.Buffer) {
			e.matmul(dx, plain(e.View(in[0], 0, m*width), m, width), plain(in[1], l.d, width).t(), product{})
		}}, dz, in[l.wx])
	}
	// The gradients of weights are products of [x | h | 1] and dz: the column of
	// ones gives those of the biases. Both projections have the same dz in an
	// LSTM, so one product gives all.
	weights := func(half, d, h int) *Node {
		return g.apply(&fused{name: l.name + " dw", shape: tensor.Shape{(d + h + 1) * width}, lower: func(e *emitter, dw vm.Buffer, in []vm.Buffer) {
			l.lowerWeights(e, dw, in, half, d, h)
		}}, in[0], out, dz)
	}
	row := func(of *Node, i int, shape ...int) *Node {
		return g.apply(viewOf(l.name+" dw", i*width, false, shape...), of)
	}
	needs := func(i ...int) bool {
		for _, k := range i {
			if k != 0 && diff[k] {
				return true
			}
		}
		return false
	}
	var ofX, ofH *Node
	first := l.d // the row where the gradient of wh begins
	switch {
	case l.gradients == 1 && needs(l.wx, l.bx, l.wh, l.bh):
		ofX = weights(0, l.d, l.h)
		ofH = ofX
	case l.gradients == 2:
		first = 0
		if needs(l.wx, l.bx) {
			ofX = weights(0, l.d, 0)
		}
		if needs(l.wh, l.bh) {
			ofH = weights(1, 0, l.h)
		}
	}
	for _, part := range []struct {
		input int
		of    *Node
		row   int
		shape []int
	}{
		{l.wx, ofX, 0, []int{l.d, width}}, {l.wh, ofH, first, []int{l.h, width}},
		{l.bx, ofX, l.d + (2-l.gradients)*l.h, []int{width}}, {l.bh, ofH, first + l.h, []int{width}},
	} {
		if needs(part.input) {
			grads[part.input] = row(part.of, part.row, part.shape...)
		}
	}
	return grads
}

// lowerBackward computes the gradient with regard to the projections.
func (l layer) lowerBackward(e *emitter, dz vm.Buffer, in []vm.Buffer, lengths int) {
	size := l.n * l.t * l.h
	wht, _ := e.pack(plain(in[2], l.h, l.gates*l.h).t(), true, 1)
	operands := []vm.Operand{vm.Read(e.View(in[0], size, size*l.gates)), vm.Read(e.View(in[0], size*(1+l.gates), size))}
	if l.gates == 3 {
		operands = append(operands, vm.Read(e.View(in[0], 0, size)))
	}
	e.emit(l.steps(l.backward, append(operands, vm.Read(in[1]), vm.Read(wht), optional(in, lengths), vm.Operand{}, vm.Operand{}, vm.Write(dz))...))
}

// lowerWeights computes dw(d+h+1, gates H) = [x | h before | 1]ᵀ dz from inputs
// x, outputs and dz, without the columns of x or h if d or h is 0.
func (l layer) lowerWeights(e *emitter, dw vm.Buffer, in []vm.Buffer, half, d, h int) {
	m, width, columns := l.n*l.t, l.gates*l.h, d+h+1
	reverse := int64(0)
	if l.reverse {
		reverse = 1
	}
	const per = 2
	panels := tasks(columns, e.Table().MR)
	left := e.Alloc(panels * e.Table().MR * m)
	e.emit(vm.Instr{Op: kernel.PackSteps, Tasks: tasks(panels, per),
		I: [16]int64{int64(l.n), int64(l.t), int64(d), int64(h), 1, reverse, per},
		P: []vm.Operand{vm.Read(in[0]), vm.Read(e.View(in[1], 0, l.n*l.t*l.h)), {}, {}, vm.Write(left)}, Bytes: float64(8 * columns * m)})
	right, _ := e.pack(plain(e.View(in[2], half*m*width, m*width), m, width), true, 1)
	e.packedProduct(dw, left, 0, right, 0, columns, width, m, product{batch: 1})
}
