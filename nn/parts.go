package nn

import (
	"fmt"

	"pipe/nn/graph"
)

// A lossPart is the loss of some of the outputs, which count for as many rows.
type lossPart struct {
	loss    graph.Loss
	outputs []bool
}

// A partLeaf is the weights of all outputs in a part of the loss: those of other parts,
// and where the target is missing, weigh nothing.
type partLeaf struct {
	of     *lossPart
	node   *graph.Node
	weight []float32
}

// lossParts divides a loss by output, if outputs learn quantiles or targets may be missing.
func lossParts(sig *Signature, loss graph.Loss, gaps bool) (parts []lossPart) {
	n := sig.Outputs()
	at := map[float64]int{}
	for i := range n {
		q := 0.0
		if len(sig.Targets) > 0 {
			q = sig.Targets[i].Quantile
		}
		p, ok := at[q]
		if !ok {
			part := lossPart{loss: loss, outputs: make([]bool, n)}
			if q != 0 {
				part.loss = graph.Loss{Kind: graph.Pinball, Quantile: q}
			}
			p = len(parts)
			at[q] = p
			parts = append(parts, part)
		}
		parts[p].outputs[i] = true
	}
	if _, plain := at[0]; plain && len(at) == 1 && !gaps {
		return nil
	}
	return parts
}

// add adds the losses of parts. Each is one of rows x outputs rows with one output.
func (b *builder) add(parts []lossPart, outputs int) {
	b.Scope("loss")
	n := b.rows * outputs
	z, y := b.Reshape(b.output, n, 1), b.Reshape(b.y, n, 1)
	for i := range parts {
		leaf := partLeaf{of: &parts[i], node: b.Input(fmt.Sprintf("weight of part %d", i), n)}
		l := b.Graph.Loss(parts[i].loss, z, y, leaf.node)
		if i == 0 {
			b.loss = l
		} else {
			b.loss = b.Add(b.loss, l)
		}
		b.parts = append(b.parts, leaf)
	}
}

// weigh fills in the weights of parts, by the targets and the weights of the batch.
func (p *plan) weigh() {
	for i := range p.parts {
		leaf := &p.parts[i]
		for j, y := range p.y {
			w := float32(0)
			if y == y && leaf.of.outputs[j%len(leaf.of.outputs)] {
				w = p.weight[j/len(leaf.of.outputs)]
			}
			leaf.weight[j] = w
		}
	}
}

// rowOf is the loss of a row by parts: the sum of the means of each over the targets that
// are there.
func rowOf(parts []lossPart) func(z, y []float32) float64 {
	return func(z, y []float32) float64 {
		total := 0.0
		for _, p := range parts {
			sum, n := 0.0, 0
			for j, v := range y {
				if p.outputs[j] && v == v {
					sum += p.loss.Row(z[j:j+1], y[j:j+1])
					n++
				}
			}
			if n > 0 {
				total += sum / float64(n)
			}
		}
		return total
	}
}
