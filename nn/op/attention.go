package op

import (
	"math"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pipe/base/random"
	"pipe/nn/kernel"
	"pipe/nn/vm"
)

// Attention says who sees what, and how, in an attention layer.
type Attention struct {
	Heads   int
	Causal  bool          // a step sees itself and what is before it
	Lengths *Node         // (N): keys that there are; may be left out
	Dropout float64       // rate at which weights become 0; 0 in evaluation
	Stream  random.Stream // of dropout
}

// Attention is softmax(q kᵀ / sqrt(d)) v for each head (Vaswani et al.,
// "Attention Is All You Need", 2017), from q(N, Tq, D) and k, v(N, Tk, D), whose
// heads are d = D/Heads columns each, side by side: (N, Tq, D). A step that sees
// no key gives 0.
func (g *Graph) Attention(q, k, v *Node, a Attention) *Node {
	const name = "attention"
	if g.err != nil {
		return nil
	}
	qs, ks, vs := q.Shape().Clone(), k.Shape(), v.Shape()
	switch {
	case len(qs) != 3 || len(ks) != 3 || !ks.Eq(vs) || qs[0] != ks[0] || qs[2] != ks[2]:
		return g.fail("%s: shapes q%v, k%v and v%v do not fit", name, qs, ks, vs)
	case a.Heads < 1 || qs[2]%a.Heads != 0:
		return g.fail("%s: %d dimensions are not divided by %d heads", name, qs[2], a.Heads)
	case a.Causal && qs[1] != ks[1]:
		return g.fail("%s: causal, but %d queries and %d keys", name, qs[1], ks[1])
	case !(a.Dropout >= 0 && a.Dropout < 1):
		return g.fail("%s: dropout rate %v is not in [0, 1)", name, a.Dropout)
	case !isVector(a.Lengths, qs[0]):
		return g.fail("%s: lengths of shape %v, want (%d)", name, a.Lengths.Shape(), qs[0])
	}
	n, tq, tk, d := qs[0], qs[1], ks[1], qs[2]
	dh, outs, keys := d/a.Heads, n*tq*d, n*tk*d
	instr := func(op kernel.Op, count, products, scratch int, operands ...vm.Operand) vm.Instr {
		w := int64(d)
		return vm.Instr{Op: op, Tasks: count, Scratch: scratch, P: operands,
			I: [16]int64{int64(a.Heads), int64(tq), int64(tk), int64(dh), w, w, w, w,
				flag(a.Causal), int64(a.Stream.Key()), int64(math.Round(a.Dropout * (1 << 32)))},
			F:     [8]float32{float32(1 / math.Sqrt(float64(dh))), float32(1 / (1 - a.Dropout))},
			Flops: float64(n*a.Heads*tq*tk) * float64(2*products*dh+30)}
	}
	step := func(e *emitter) vm.Operand {
		if a.Dropout == 0 {
			return vm.Operand{}
		}
		return vm.Read(e.stepWord())
	}
	l := inputs{graph: g}
	l.put(q, true)
	l.put(k, true)
	l.put(v, true)
	at := l.put(a.Lengths, false)
	diff := l.diff
	// What the gradient needs of the softmax is behind the output.
	sums := n * a.Heads * tq
	packed := g.add(&fused{
		name: name, shape: tensor.Shape{outs + sums}, diff: diff,
		lower: func(e *emitter, out vm.Buffer, in []vm.Buffer) {
			scratch, _ := kernel.AttentionScratch(e.Table(), tq, dh)
			e.emit(instr(kernel.Attention, kernel.AttentionTasks(n, a.Heads, tq), 2, scratch, vm.Read(in[0]), vm.Read(in[1]), vm.Read(in[2]),
				vm.Write(e.View(out, 0, outs)), vm.Write(e.View(out, outs, sums)), readAt(in, at), step(e)))
		},
		backward: func(in gorgonia.Nodes, out, dy *Node) gorgonia.Nodes {
			all := g.apply(&fused{name: name + " dx", shape: tensor.Shape{outs + 2*keys}, lower: func(e *emitter, grads vm.Buffer, in []vm.Buffer) {
				mask := vm.Operand{}
				if at != 0 {
					mask = vm.Read(in[5])
				}
				_, scratch := kernel.AttentionScratch(e.Table(), tq, dh)
				e.emit(instr(kernel.AttentionGrad, n*a.Heads, 5, scratch, vm.Read(in[0]), vm.Read(in[1]), vm.Read(in[2]),
					vm.Read(e.View(in[3], 0, outs)), vm.Read(e.View(in[3], outs, sums)), mask, step(e), vm.Read(in[4]), vm.Write(grads)))
			}}, append([]*Node{in[0], in[1], in[2], out, dy}, in[3:]...)...)
			grads := make(gorgonia.Nodes, len(in))
			for i, offset := range []int{0, outs, outs + keys} {
				if diff[i] {
					grads[i] = g.apply(viewOf(name+" dx", offset, false, in[i].Shape().Clone()...), all)
				}
			}
			return grads
		},
	}, l.nodes...)
	if packed == nil {
		return nil
	}
	return g.add(viewOf(name+" output", 0, g.flows[packed], qs...), packed)
}
