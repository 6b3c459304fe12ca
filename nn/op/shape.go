package op

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pipe/nn/kernel"
	"pipe/nn/vm"
)

// Reshape gives the elements of x, in their order, another shape.
func (g *Graph) Reshape(x *Node, shape ...int) *Node {
	if g.err != nil {
		return nil
	}
	if tensor.Shape(shape).TotalSize() != x.Shape().TotalSize() {
		return g.fail("reshape: %v has not as many elements as %v", x.Shape(), shape)
	}
	o := viewOf("reshape", 0, g.flows[x], shape...)
	o.backward = func(in gorgonia.Nodes, _, dy *Node) gorgonia.Nodes {
		return gorgonia.Nodes{g.apply(viewOf("reshape dx", 0, false, in[0].Shape().Clone()...), dy)}
	}
	return g.add(o, x)
}

// SwapAxes is x(N, A, B) with the last two axes swapped: (N, B, A).
func (g *Graph) SwapAxes(x *Node) *Node {
	if g.err != nil {
		return nil
	}
	s := x.Shape().Clone()
	if len(s) != 3 {
		return g.fail("swap axes: want three, got shape %v", s)
	}
	swap := func(name string, n, a, b int, diff ...bool) *fused {
		return &fused{name: name, shape: tensor.Shape{n, b, a}, diff: diff, lower: func(e *emitter, out vm.Buffer, in []vm.Buffer) {
			per := max(1, grain/a/b)
			e.emit(vm.Instr{Op: kernel.SwapAxes, Tasks: tasks(n, per), I: [16]int64{int64(n), int64(per), int64(a), int64(b)},
				P: []vm.Operand{vm.Read(in[0]), vm.Write(out)}, Bytes: float64(8 * n * a * b)})
		}}
	}
	o := swap("swap axes", s[0], s[1], s[2], g.flows[x])
	o.backward = func(_ gorgonia.Nodes, _, dy *Node) gorgonia.Nodes {
		return gorgonia.Nodes{g.apply(swap("swap axes dx", s[0], s[2], s[1]), dy)}
	}
	return g.add(o, x)
}

// Add is a + b of one shape: a residual connection.
func (g *Graph) Add(a, b *Node) *Node {
	if g.err != nil {
		return nil
	}
	if !a.Shape().Eq(b.Shape()) {
		return g.fail("add: shapes %v and %v differ", a.Shape(), b.Shape())
	}
	n := a.Shape().TotalSize()
	diff := []bool{g.flows[a], g.flows[b]}
	return g.add(&fused{
		name: "add", shape: a.Shape().Clone(), diff: diff,
		lower: func(e *emitter, out vm.Buffer, in []vm.Buffer) {
			e.emit(elementwise(kernel.Add, n, vm.Read(in[0]), vm.Read(in[1]), vm.WriteOver(out, 0)))
		},
		backward: func(in gorgonia.Nodes, _, dy *Node) gorgonia.Nodes {
			grads := make(gorgonia.Nodes, 2)
			for i := range grads {
				if diff[i] {
					grads[i] = dy
				}
			}
			return grads
		},
	}, a, b)
}

// SumSquares is the sum of the squares of all elements of x, a scalar.
func (g *Graph) SumSquares(x *Node) *Node {
	if g.err != nil {
		return nil
	}
	n := x.Shape().TotalSize()
	shape := x.Shape().Clone()
	return g.add(&fused{
		name: "sum of squares", shape: tensor.Shape{}, diff: []bool{g.flows[x]},
		lower: func(e *emitter, out vm.Buffer, in []vm.Buffer) {
			parts := e.Alloc(tasks(n, grain))
			square := elementwise(kernel.SumSq, n, vm.Read(in[0]), vm.Write(parts))
			e.emit(square)
			e.colsum(out, parts, tasks(n, grain), 1)
		},
		backward: func(in gorgonia.Nodes, _, dy *Node) gorgonia.Nodes {
			return gorgonia.Nodes{g.apply(&fused{name: "sum of squares dx", shape: shape, lower: func(e *emitter, dx vm.Buffer, in []vm.Buffer) {
				scale := elementwise(kernel.Scale, n, vm.Read(in[0]), vm.Write(dx), vm.Read(in[1]))
				scale.F[0] = 2
				e.emit(scale)
			}}, in[0], dy)}
		},
	}, x)
}
