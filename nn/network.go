package nn

import (
	"strings"

	"gorgonia.org/gorgonia"

	"pipe/nn/op"
	"pipe/random"
)

// A network is one graph of a Spec for a fixed number of rows, over a store of
// parameters, and the machine that runs it.
type network struct {
	rows  int
	graph *op.Graph
	vm    gorgonia.VM
	x     []float32 // rows x inputs, filled in before a run
	z     []float32 // rows x outputs, after a run

	// Training only.
	y, weight []float32   // rows
	loss      []float32   // 1
	grads     [][]float32 // by parameter
	outputs   []output    // of each layer, to find the one that went wrong
}

type output struct {
	layer string
	data  []float32
}

// newForward makes a network in evaluation mode.
func newForward(s Spec, st *store, rows int) (*network, error) {
	n := &network{rows: rows, graph: op.NewGraph()}
	z, _ := n.build(s, st, nil)
	return n.finish(z)
}

// newTraining makes a network in training mode, with its loss and gradients.
func newTraining(s Spec, st *store, rows int, loss op.Loss, seed uint64) (*network, error) {
	n := &network{rows: rows, graph: op.NewGraph(), y: make([]float32, rows), weight: make([]float32, rows)}
	z, params := n.build(s, st, &seed)
	y := n.graph.Input("target", n.y, rows)
	w := n.graph.Input("weight", n.weight, rows)
	l := n.graph.Loss(loss, z, y, w)
	var err error
	if n.grads, err = n.graph.Grad(l, params...); err != nil {
		return nil, err
	}
	n.loss = n.graph.Data(l)
	return n.finish(z)
}

// build adds the layers; a seed puts it in training mode.
func (n *network) build(s Spec, st *store, seed *uint64) (z *op.Node, params []*op.Node) {
	n.x = make([]float32, n.rows*s.Inputs)
	z = n.graph.Input("x", n.x, n.rows, s.Inputs)
	for i, p := range st.specs {
		params = append(params, n.graph.Param(p.name, st.each[i], p.shape...))
	}
	next := 0 // of params
	dense := func() {
		z = n.graph.Dense(z, params[next], params[next+1], st.specs[next].act)
		n.outputs = append(n.outputs, output{strings.TrimSuffix(st.specs[next].name, ".weight"), n.graph.Data(z)})
		next += 2
	}
	for i, l := range s.Layers {
		switch {
		case l.Dense != nil:
			dense()
		case l.Dropout != nil && seed != nil:
			z = n.graph.Dropout(z, l.Dropout.Rate, random.New(*seed, "dropout."+layerName(i), 0))
		}
	}
	dense()
	return z, params
}

func (n *network) finish(z *op.Node) (*network, error) {
	vm, err := n.graph.Tape()
	if err != nil {
		return nil, err
	}
	n.vm, n.z = vm, n.graph.Data(z)
	return n, nil
}

// run executes the graph once. step chooses the dropout masks.
func (n *network) run(step uint64) error {
	n.graph.SetStep(step)
	n.vm.Reset()
	return n.vm.RunAll()
}

func (n *network) close() error { return n.vm.Close() }

// culprit names the first layer whose outputs are not finite, else the first
// parameter's layer whose gradient is not, else "loss".
func (n *network) culprit(st *store) string {
	for _, o := range n.outputs {
		if !allFinite(o.data) {
			return o.layer
		}
	}
	for i := len(n.grads) - 1; i >= 0; i-- { // gradients are computed from the end
		if !allFinite(n.grads[i]) {
			return strings.TrimSuffix(strings.TrimSuffix(st.specs[i].name, ".weight"), ".bias")
		}
	}
	return "loss"
}

func allFinite(v []float32) bool {
	for _, x := range v {
		if x-x != 0 {
			return false
		}
	}
	return true
}
