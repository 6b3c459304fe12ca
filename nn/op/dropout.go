package op

import (
	"math"

	"gorgonia.org/gorgonia"

	"pipe/base/random"
	"pipe/nn/kernel"
	"pipe/nn/vm"
)

// Dropout sets each element of x to zero with probability rate and divides the
// others by 1-rate. Whether an element survives is a function of the stream,
// the step of the graph (see SetStep) and the index of the element, so the
// backward pass draws the mask again instead of keeping it.
func (g *Graph) Dropout(x *Node, rate float64, stream random.Stream) *Node {
	return g.dropout("dropout", x, rate, 1, stream)
}

// SpatialDropout is Dropout of whole planes: of x(n, c, h, w), each (h, w) is
// kept or dropped as one, so that neighbours cannot stand in for each other
// (Tompson et al., "Efficient Object Localization Using Convolutional
// Networks", 2015).
func (g *Graph) SpatialDropout(x *Node, rate float64, stream random.Stream) *Node {
	if g.err != nil {
		return nil
	}
	s := x.Shape()
	if len(s) != 4 {
		return g.fail("spatial dropout: want images (n, c, h, w), got shape %v", s)
	}
	return g.dropout("spatial dropout", x, rate, s[2]*s[3], stream)
}

func (g *Graph) dropout(name string, x *Node, rate float64, group int, stream random.Stream) *Node {
	if g.err != nil {
		return nil
	}
	if !(rate >= 0 && rate < 1) {
		return g.fail("%s: rate %v is not in [0, 1)", name, rate)
	}
	n := x.Shape().TotalSize()
	per := max(1, grain/4/group) * 4 * group
	lower := func(e *emitter, out vm.Buffer, in []vm.Buffer) {
		e.emit(vm.Instr{
			Op: kernel.Dropout, Tasks: tasks(n, per),
			I: [16]int64{int64(n), int64(per), int64(stream.Key()), int64(group), int64(math.Round(rate * (1 << 32)))},
			F: [8]float32{float32(1 / (1 - rate))},
			P: []vm.Operand{vm.Read(in[0]), vm.WriteOver(out, 0), vm.Read(e.stepWord())}, Flops: 20 * float64(n) / float64(min(group, 4)),
		})
	}
	shape := x.Shape().Clone()
	return g.add(&fused{
		name: name, shape: shape, diff: []bool{g.flows[x]}, lower: lower,
		backward: func(_ gorgonia.Nodes, _, dy *Node) gorgonia.Nodes {
			return gorgonia.Nodes{g.apply(&fused{name: name + " dx", shape: shape, lower: lower}, dy)}
		},
	}, x)
}
