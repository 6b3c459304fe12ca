package op

import (
	"math"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pipe/nn/kernel"
	"pipe/nn/vm"
)

// NoPadding is the padding id of those who have none.
const NoPadding = -1

// Embedding is scale times the row of table(V, D) of each of the ids(...), which
// are 0 to V-1: (..., D). The row of the padding id gets no gradient.
func (g *Graph) Embedding(ids, table *Node, scale float64, padding int) *Node {
	const name = "embedding"
	if g.err != nil {
		return nil
	}
	ts := table.Shape().Clone()
	if len(ts) != 2 || ids.Dims() < 1 || padding < NoPadding || padding >= ts[0] {
		return g.fail("%s: ids%v, table%v and padding %d do not fit", name, ids.Shape(), ts, padding)
	}
	v, d, k := ts[0], ts[1], ids.Shape().TotalSize()
	diff := []bool{false, g.flows[table]}
	factor := [8]float32{float32(scale)}
	return g.add(&fused{
		name: name, shape: append(ids.Shape().Clone(), d), diff: diff,
		lower: func(e *emitter, out vm.Buffer, in []vm.Buffer) {
			per := max(1, grain/2/d)
			e.emit(vm.Instr{Op: kernel.Embed, Tasks: tasks(k, per), I: [16]int64{int64(k), int64(per), int64(d), int64(v)}, F: factor,
				P: []vm.Operand{vm.Read(in[0]), vm.Read(in[1]), vm.Write(out)}, Bytes: float64(8 * k * d)})
		},
		backward: func(in gorgonia.Nodes, _, dy *Node) gorgonia.Nodes {
			dtable := g.apply(&fused{name: name + " dw", shape: ts, lower: func(e *emitter, dtable vm.Buffer, in []vm.Buffer) {
				order, start := e.Alloc(k), e.Alloc(v+1)
				e.emit(vm.Instr{Op: kernel.EmbedSort, Tasks: 1, I: [16]int64{int64(k), int64(v)},
					P: []vm.Operand{vm.Read(in[0]), vm.Write(order), vm.Write(start)}, Bytes: float64(16 * (k + v))})
				per := max(1, grain/d)
				e.emit(vm.Instr{Op: kernel.EmbedGrad, Tasks: tasks(v, per), I: [16]int64{int64(v), int64(per), int64(d), int64(padding)}, F: factor,
					P: []vm.Operand{vm.Read(order), vm.Read(start), vm.Read(in[1]), vm.Write(dtable)}, Bytes: float64(4 * (k + v) * d)})
			}}, in[0], dy)
			return gorgonia.Nodes{nil, dtable}
		},
	}, ids, table)
}

// IDLengths is the length (N) of sequences of ids(N, T): the number of steps up
// to the last that is not the padding id.
func (g *Graph) IDLengths(ids *Node, padding int) *Node {
	const name = "lengths"
	if g.err != nil {
		return nil
	}
	s := ids.Shape()
	if len(s) != 2 {
		return g.fail("%s: want ids (n, t), got shape %v", name, s)
	}
	n, t := s[0], s[1]
	return g.add(&fused{name: name, shape: tensor.Shape{n}, lower: func(e *emitter, out vm.Buffer, in []vm.Buffer) {
		e.emit(vm.Instr{Op: kernel.IDLengths, Tasks: 1, I: [16]int64{int64(n), int64(n), int64(t)}, F: [8]float32{float32(padding)},
			P: []vm.Operand{vm.Read(in[0]), vm.Write(out)}})
	}}, ids)
}

// LearnedPositions is x(N, T, D) + table(T, D).
func (g *Graph) LearnedPositions(x, table *Node) *Node {
	const name = "positions"
	if g.err != nil {
		return nil
	}
	s := x.Shape().Clone()
	if ts := table.Shape(); len(s) != 3 || len(ts) != 2 || ts[0] != s[1] || ts[1] != s[2] {
		return g.fail("%s: shapes x%v and table%v do not fit", name, s, ts)
	}
	n, k := s[0], s[1]*s[2]
	diff := []bool{g.flows[x], g.flows[table]}
	return g.add(&fused{
		name: name, shape: s, diff: diff,
		lower: func(e *emitter, out vm.Buffer, in []vm.Buffer) {
			per := max(1, grain/k)
			e.emit(vm.Instr{Op: kernel.AddRows, Tasks: tasks(n, per), I: [16]int64{int64(n), int64(per), int64(k)},
				P: []vm.Operand{vm.Read(in[0]), vm.Read(in[1]), vm.WriteOver(out, 0)}, Bytes: float64(12 * n * k)})
		},
		backward: func(in gorgonia.Nodes, _, dy *Node) gorgonia.Nodes {
			grads := make(gorgonia.Nodes, 2)
			if diff[0] {
				grads[0] = dy
			}
			if diff[1] {
				grads[1] = g.apply(&fused{name: name + " dw", shape: in[1].Shape().Clone(), lower: func(e *emitter, dw vm.Buffer, in []vm.Buffer) {
					e.colsum(dw, in[0], n, k)
				}}, dy)
			}
			return grads
		},
	}, x, table)
}

// SinusoidalPositions adds to x(N, T, D) what tells steps from each other:
// sin(t / 10000^(2i/D)) in column 2i and the cosine of it in column 2i+1
// (Vaswani et al., "Attention Is All You Need", 2017).
func (g *Graph) SinusoidalPositions(x *Node) *Node {
	if g.err != nil {
		return nil
	}
	s := x.Shape()
	if len(s) != 3 {
		return g.fail("positions: want sequences (n, t, d), got shape %v", s)
	}
	return g.LearnedPositions(x, g.Input("positions", sinusoids(s[1], s[2]), s[1], s[2]))
}

// sinusoids is the table of positions (t, d).
func sinusoids(t, d int) []float32 {
	table := make([]float32, t*d)
	for j := 0; j < d; j += 2 {
		rate := Exp(float64(-math.Ln10*4) * float64(j) / float64(d))
		for i := range t {
			sin, cos := sincos(float64(float64(i) * rate))
			table[i*d+j] = float32(sin)
			if j+1 < d {
				table[i*d+j+1] = float32(cos)
			}
		}
	}
	return table
}

// sincos is the sine and the cosine of an x from 0 to about 1e6: x = k pi/2 + r,
// and Taylor polynomials of r.
func sincos(x float64) (sin, cos float64) {
	const hi, lo = 1.57079632673412561417e+00, 6.07710050650619224932e-11 // pi/2; k*hi is exact
	k := math.Floor(float64(x*(2/math.Pi)) + 0.5)
	r := (x - float64(k*hi)) - float64(k*lo)
	r2 := float64(r * r)
	s, c := 0.0, 0.0
	for i := 8; i > 0; i-- { // up to r^17/17! and r^16/16!
		s = float64(-r2*(1+s)) / float64(2*i*(2*i+1))
		c = float64(-r2*(1+c)) / float64(2*i*(2*i-1))
	}
	sin, cos = r+float64(r*s), 1+c
	switch int64(k) & 3 {
	case 1:
		return cos, -sin
	case 2:
		return -sin, -cos
	case 3:
		return -cos, sin
	}
	return sin, cos
}
