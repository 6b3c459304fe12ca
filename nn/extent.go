package nn

import (
	"math/bits"
	"slices"

	"pipe/data/tensor"
)

// An extent is up to how many steps the rows of a batch have, of each ragged input, and
// the network for them. A plan is for one extent.
type extent struct {
	inputs []Input
	arch   architecture
}

// extents are those that batches are planned for, the longest first: that one is for all
// rows. A batch takes the last that holds it, since what a step costs a network it costs
// of filled up rows, too, and a few long rows among many short ones are the rule in texts.
type extents []extent

// extentsOf are those of a network, one if it cannot do with fewer steps. Of several
// inputs all go down by as many lengths.
func extentsOf(a architecture, inputs []Input) extents {
	list := extents{{inputs, a}}
	of, ok := a.(*specArchitecture)
	if !ok || len(of.spec.Branches) != len(inputs) {
		return list
	}
	any := of.spec.anyLength()
	for {
		arch, next, changed := *of, slices.Clone(inputs), false
		arch.spec.Branches = slices.Clone(arch.spec.Branches)
		for i := range next {
			steps := next[i].Shape[0]
			if any[i] && steps > shortest {
				next[i].Shape = append(Shape{shorter(steps)}, next[i].Shape[1:]...)
				arch.spec.Branches[i].Shape, changed = next[i].Shape, true
			}
		}
		if !changed {
			return list
		}
		of, inputs = &arch, next
		list = append(list, extent{next, &arch})
	}
}

// shortest is the number of steps below which it is not worth to plan for fewer.
const shortest = 8

// shorter is the next length below n that is 4, 5, 6 or 7 times a power of two: there are
// four between a number and its double, so that at most a fifth of the steps of the longest
// row are filled up, and of 500 steps there are 24 lengths.
func shorter(n int) int {
	n--
	drop := max(0, bits.Len(uint(n))-3)
	return max(shortest, n>>drop<<drop)
}

// holding is the index of the last extent that holds n rows from one on. None cuts more
// than the first does.
func (l extents) holding(rows []tensor.Rows, from, n int) int {
	at := len(l) - 1
	for i := range l[0].inputs {
		in := &l[0].inputs[i]
		if !in.Ragged || at == 0 {
			continue
		}
		size, most := in.Shape.Size(), 0
		for r := range n {
			begin, end := rows[i].Row(from+r, size)
			most = max(most, end-begin)
		}
		for at > 0 && l[at].inputs[i].Shape.Size() < min(most, size) {
			at--
		}
	}
	return at
}

// anyLength says of which inputs rows may be filled up to any number of steps, and the
// network says the same of them: all layers leave out of account what is filled up, and
// none has a shape that depends on it.
func (s Spec) anyLength() []bool {
	list := make([]bool, len(s.Branches))
	shapes, err := s.Shapes()
	if err != nil {
		return list
	}
	for i, b := range s.Branches {
		at, end := BranchPath(i), BranchPath(i)
		if nodes := shapes.Branches[i]; len(nodes) > 0 {
			end = nodes[len(nodes)-1].Lengths
		}
		if b.Sparse > 0 {
			// Pairs that are filled up are 0 times an element. Beside sequences they would keep those long.
			list[i] = !slices.ContainsFunc(s.Branches, func(b Branch) bool { return b.Ragged && b.Sparse == 0 })
			continue
		}
		// Sequences that are joined have one length, and nothing knows what of it counts.
		list[i] = b.Ragged && (len(s.Branches) == 1 || end != at)
		shapes.Walk(func(n *Node) { list[i] = list[i] && (n.LengthsIn != at || n.anyLength()) })
	}
	return list
}

// anyLength says whether a layer makes the same of the steps of sequences, or of all of
// them together, however many are filled up behind them.
func (n *Node) anyLength() bool {
	sequence := len(n.In) == 2
	switch n.Kind {
	case "embedding":
		return len(n.In) == 1
	case "lstm", "gru", "time_pool":
		return sequence
	case "position":
		return sequence && n.Layer.Position.Kind == "sinusoidal"
	case "dense", "activation", "conv1d", "attention", "batch_norm", "layer_norm", "rms_norm", "dropout", "spatial_dropout", "step_dropout":
		return sequence && n.Lengths == n.LengthsIn
	case "residual", "concat", "transformer": // and those within, which Walk comes to
		return sequence && (n.Lengths == n.LengthsIn || len(n.Out) == 1)
	}
	return false // windows that drop the lengths, and shapes of all steps
}
