package op

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pipe/nn/kernel"
	"pipe/nn/vm"
)

// An Activation is a function that each value passes through, with its
// parameter: the slope of LeakyReLU below 0, the limit of ELU. The zero value
// is the identity.
type Activation struct {
	Kind  kernel.Activation
	Alpha float32
}

// Activate is act(x), element by element.
func (g *Graph) Activate(x *Node, act Activation) *Node {
	if g.err != nil || act.Kind == kernel.Linear {
		return x
	}
	n := x.Shape().TotalSize()
	shape := x.Shape().Clone()
	lower := func(op kernel.Op) func(*emitter, vm.Buffer, []vm.Buffer) {
		return func(e *emitter, out vm.Buffer, in []vm.Buffer) {
			operands := []vm.Operand{vm.Read(in[0])}
			if len(in) == 2 {
				operands = append(operands, vm.Read(in[1]))
			}
			e.emit(act.instr(op, n, append(operands, vm.WriteOver(out, len(in)-1))...))
		}
	}
	return g.add(&fused{
		name: "activation", shape: shape, diff: []bool{g.flows[x]}, lower: lower(kernel.Activate),
		backward: func(in gorgonia.Nodes, _, dy *Node) gorgonia.Nodes {
			return gorgonia.Nodes{g.apply(&fused{name: "activation dx", shape: shape, lower: lower(kernel.ActivateGrad)}, in[0], dy)}
		},
	}, x)
}

// instr is an instruction of an activation over n numbers.
func (a Activation) instr(op kernel.Op, n int, operands ...vm.Operand) vm.Instr {
	in := elementwise(op, n, operands...)
	in.I[2], in.F[0] = int64(a.Kind), a.Alpha
	if a.Kind >= kernel.ELU { // exponentials
		in.Flops = 30 * float64(n)
	}
	return in
}

// outputGrad is the gradient before an activation, from its output (the first
// input) and the gradient after it.
func outputGrad(act Activation, shape tensor.Shape) *fused {
	return &fused{name: "activation dx", shape: shape.Clone(), lower: func(e *emitter, dx vm.Buffer, in []vm.Buffer) {
		e.emit(act.instr(kernel.OutputGrad, shape.TotalSize(), vm.Read(in[0]), vm.Read(in[1]), vm.WriteOver(dx, 1)))
	}}
}
