package op

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pipe/nn/kernel"
	"pipe/nn/vm"
)

// Dense is y(..., n) = act(x(..., k) w(k, n) + b(n)), for x of two or more
// dimensions. b may be nil.
func (g *Graph) Dense(x, w, b *Node, act Activation) *Node {
	if g.err != nil {
		return nil
	}
	if !act.Kind.FromOutput() { // its derivative takes what is before it
		return g.Activate(g.Dense(x, w, b, Activation{}), act)
	}
	xs, ws := x.Shape(), w.Shape()
	if len(xs) < 2 || len(ws) != 2 || xs[len(xs)-1] != ws[0] || b != nil && (b.Dims() != 1 || b.Shape()[0] != ws[1]) {
		return g.fail("dense: shapes x%v, w%v and b%v do not fit", xs, ws, shapeOf(b))
	}
	k, n := ws[0], ws[1]
	m := xs.TotalSize() / k
	shape := xs.Clone()
	shape[len(shape)-1] = n
	in, diff := []*Node{x, w}, []bool{g.flows[x], g.flows[w]}
	if b != nil {
		in, diff = append(in, b), append(diff, g.flows[b])
	}
	return g.add(&fused{
		name: "dense", shape: shape, diff: diff,
		lower: func(e *emitter, y vm.Buffer, in []vm.Buffer) {
			p := product{act: act.Kind, alpha: act.Alpha}
			if b != nil {
				p.bias, p.mode = in[2], 1
			}
			e.matmul(y, plain(in[0], m, k), plain(in[1], k, n), p)
		},
		backward: func(in gorgonia.Nodes, y, dy *Node) gorgonia.Nodes {
			if act.Kind != kernel.Linear {
				dy = g.apply(outputGrad(act, shape), y, dy)
			}
			grads := make(gorgonia.Nodes, len(in))
			if diff[0] {
				grads[0] = g.apply(&fused{name: "dense dx", shape: xs.Clone(), lower: func(e *emitter, dx vm.Buffer, in []vm.Buffer) {
					e.matmul(dx, plain(in[0], m, n), plain(in[1], k, n).t(), product{})
				}}, dy, in[1])
			}
			if diff[1] {
				grads[1] = g.apply(&fused{name: "dense dw", shape: ws.Clone(), lower: func(e *emitter, dw vm.Buffer, in []vm.Buffer) {
					e.matmul(dw, plain(in[0], m, k).t(), plain(in[1], m, n), product{})
				}}, in[0], dy)
			}
			if len(in) == 3 && diff[2] {
				grads[2] = g.apply(&fused{name: "dense db", shape: tensor.Shape{n}, lower: func(e *emitter, db vm.Buffer, in []vm.Buffer) {
					e.colsum(db, in[0], m, n)
				}}, dy)
			}
			return grads
		},
	}, in...)
}

// shapeOf is the shape of a node that may be left out.
func shapeOf(n *Node) tensor.Shape {
	if n == nil {
		return nil
	}
	return n.Shape()
}
