package nn

import (
	"fmt"
	"strings"

	"pipe/nn/kernel"
	"pipe/nn/op"
	"pipe/random"
)

// A specArchitecture puts the network of a Spec into graphs. The loss is of
// training only.
type specArchitecture struct {
	spec Spec
	loss op.LossSpec
	seed uint64
}

func (a *specArchitecture) wire(g *op.Graph, m *numbers, rows int, training bool) (*wiring, error) {
	w := &wiring{x: make([]float32, rows*a.spec.Inputs)}
	z, width := g.Input("x", w.x, rows, a.spec.Inputs), a.spec.Inputs
	next := 0
	param := func(shape ...int) *op.Node {
		p := m.params[next]
		n := g.Param(p.name, p.of(m.flat), shape...)
		w.params = append(w.params, n)
		next++
		return n
	}
	dense := func(units int, act Activation) {
		name := strings.TrimSuffix(m.params[next].name, ".weight")
		g.Scope(name)
		z = g.Dense(z, param(width, units), param(units), act.operator())
		w.layers, width = append(w.layers, layerNode{name, z}), units
	}
	for i, l := range a.spec.Layers {
		switch {
		case l.Dense != nil && !l.Dense.NoBias:
			dense(l.Dense.Units, l.Dense.Activation)
		case l.Dropout != nil:
			if training {
				g.Scope(layerName(i))
				z = g.Dropout(z, l.Dropout.Rate, random.New(a.seed, "dropout."+layerName(i), 0))
			}
		default:
			return nil, fmt.Errorf("layer %s (%v) cannot be built yet", layerName(i), l)
		}
	}
	dense(a.spec.Outputs, Linear)
	w.output = z
	if training {
		w.y, w.weight = make([]float32, rows), make([]float32, rows)
		g.Scope("loss")
		w.loss = g.Loss(a.loss, z, g.Input("target", w.y, rows), g.Input("weight", w.weight, rows))
	}
	return w, g.Err()
}

// operator is the activation in terms of package op.
func (a Activation) operator() op.Activation {
	kinds := map[Activation]kernel.Activation{Linear: kernel.Linear, ReLU: kernel.ReLU, LeakyReLU: kernel.LeakyReLU, ELU: kernel.ELU,
		GELU: kernel.GELU, SiLU: kernel.SiLU, Tanh: kernel.Tanh, Sigmoid: kernel.Sigmoid, Softplus: kernel.Softplus}
	return op.Activation{Kind: kinds[a], Alpha: float32(a.Alpha())}
}
