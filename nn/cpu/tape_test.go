package cpu

import (
	"pipe/nn/backend"
	"pipe/nn/cpu/kernel"
	"pipe/nn/cpu/vm"
	"pipe/nn/graph"
)

// Tape is gorgonia's machine for the graph, which runs each operator as a program
// of its own, on the Go reference of the kernels.
func (g *testGraph) Tape() (*graph.Tape, error) {
	return g.Graph.Tape(func(leaf *graph.Node) []float32 { return g.memory[leaf] }, func(c *graph.Call, in, out [][]float32) error {
		return alone(c, in, out, g.step)
	})
}

// alone runs an operator by itself.
func alone(c *graph.Call, in, out [][]float32, step uint64) error {
	e := newEmitter(vm.NewBuilder(kernel.Reference()), graph.New(), c.Out, &step)
	for i, n := range c.In {
		if n != nil {
			e.buffers[n] = e.Bind(append([]float32(nil), in[i]...)) // it may be changed
		}
	}
	if err := e.lower(c); err != nil {
		return err
	}
	var kept []vm.Buffer
	for _, n := range c.Out {
		kept = append(kept, e.buffers[n])
	}
	p, err := e.Compile(1, kept...)
	if err != nil {
		return err
	}
	defer p.Close()
	p.Run()
	for i, k := range kept {
		copy(out[i], p.Data(k))
	}
	return nil
}

var _ backend.Backend = (*Backend)(nil)
