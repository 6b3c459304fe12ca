package op

import "pipe/nn/vm"

// inputs are those of an operator, of which some may be left out.
type inputs struct {
	graph *Graph
	nodes []*Node
	diff  []bool
}

// put adds an input and says where it is: 0 if there is none, or if it is the
// first, which there always is. A gradient flows to it if diff says so and it
// has one.
func (l *inputs) put(n *Node, diff bool) int {
	if n == nil {
		return 0
	}
	l.nodes, l.diff = append(l.nodes, n), append(l.diff, diff && l.graph.flows[n])
	return len(l.nodes) - 1
}

// readAt is the operand of an input that put gave the place of.
func readAt(in []vm.Buffer, at int) vm.Operand {
	if at == 0 {
		return vm.Operand{}
	}
	return vm.Read(in[at])
}

// isVector says whether a node, which may be left out, has shape (n).
func isVector(v *Node, n int) bool {
	return v == nil || v.Dims() == 1 && v.Shape()[0] == n
}

// flag is 1 or 0.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
