package op

import (
	"encoding/binary"
	"fmt"
	"hash"
	"slices"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A fused is an operator made for one place in one graph: its types and shapes
// are those of the nodes it is applied to, and it owns the memory of its
// output. It takes no memory from the machine (it has no UsePreallocDo), since
// a machine may hand out the same register twice and a gradient must survive
// until the optimiser has read it.
type fused struct {
	id    uint32 // unique in the graph
	name  string
	in    []hm.Type
	out   hm.Type
	shape tensor.Shape
	diff  []bool // per input: does a gradient flow to it

	// forward computes the output, all of it. It must not keep its arguments.
	forward func(out []float32, in [][]float32)
	// backward makes the nodes of the gradients of the inputs, nil where diff
	// is false, given the nodes of the inputs, the output and its gradient.
	backward func(in gorgonia.Nodes, out, grad *Node) gorgonia.Nodes

	graph  *Graph
	data   []float32
	value  gorgonia.Value
	scalar *gorgonia.F32    // value, if the output is a scalar
	values []gorgonia.Value // the inputs of the last run, and their memory
	args   [][]float32
}

var _ gorgonia.SDOp = (*fused)(nil)

// apply adds an operator to the graph. The caller holds buildMu.
func (g *Graph) apply(o *fused, in ...*Node) *Node {
	if g.err != nil {
		return nil
	}
	g.ops++
	o.id, o.graph = g.ops, g
	flows := false
	for i, n := range in {
		if n == nil {
			return g.fail("%s: input %d is missing", o.name, i)
		}
		o.in = append(o.in, n.Type())
		flows = flows || i < len(o.diff) && o.diff[i]
	}
	if o.diff == nil {
		o.diff = make([]bool, len(in)) // full length: gorgonia takes an empty slice for an error
	}
	o.values, o.args = make([]gorgonia.Value, len(in)), make([][]float32, len(in))
	if len(o.shape) == 0 {
		o.out, o.data, o.scalar = tensor.Float32, make([]float32, 1), gorgonia.NewF32(0)
		o.value = o.scalar
	} else {
		o.out = gorgonia.TensorType{Dims: len(o.shape), Of: tensor.Float32}
		o.data = make([]float32, o.shape.TotalSize())
		o.value = tensor.New(tensor.WithShape(o.shape...), tensor.WithBacking(o.data))
	}
	// ApplyOp keeps the slice that it is given, so it gets one of its own.
	n, err := gorgonia.ApplyOp(o, slices.Clone(in)...)
	if err != nil {
		return g.fail("%s: %w", o.name, err)
	}
	g.data[n], g.grads[n] = o.data, flows
	return n
}

func (o *fused) Arity() int { return len(o.in) }

// Type is a new value at each call, since gorgonia returns it to a pool after
// it has inferred a node's type.
func (o *fused) Type() hm.Type {
	return hm.NewFnType(append(slices.Clone(o.in), o.out)...)
}

func (o *fused) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) { return o.shape.Clone(), nil }
func (o *fused) ReturnsPtr() bool                                      { return false }
func (o *fused) CallsExtern() bool                                     { return false }
func (o *fused) OverwritesInput() int                                  { return -1 }

// WriteHash and Hashcode tell every operator from every other: gorgonia merges
// nodes with equal hashes, and two dropout layers are two.
func (o *fused) WriteHash(h hash.Hash) { binary.Write(h, binary.LittleEndian, o.id) }
func (o *fused) Hashcode() uint32      { return o.id }
func (o *fused) String() string        { return fmt.Sprintf("%s#%d", o.name, o.id) }

// DiffWRT says which inputs a gradient flows to, not which could have one.
func (o *fused) DiffWRT(int) []bool { return o.diff }

// SymDiff builds the gradient. It is called by gorgonia.Grad, under buildMu.
func (o *fused) SymDiff(in gorgonia.Nodes, out, grad *Node) (gorgonia.Nodes, error) {
	nodes := o.backward(slices.Clone(in), out, grad)
	if err := o.graph.err; err != nil {
		return nil, err
	}
	return nodes, nil
}

// Do runs the operator. gorgonia's machine calls it in a goroutine of its own,
// where a panic would end the process, so a panic becomes an error.
func (o *fused) Do(in ...gorgonia.Value) (_ gorgonia.Value, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: %v", o.name, r)
		}
	}()
	if len(in) != len(o.args) {
		return nil, fmt.Errorf("%s: got %d inputs, want %d", o.name, len(in), len(o.args))
	}
	for i, v := range in {
		if f, ok := v.(*gorgonia.F32); ok {
			o.args[i] = append(o.args[i][:0], float32(*f))
			continue
		}
		if v == o.values[i] {
			continue // the usual case: each node keeps its tensor between runs
		}
		d, ok := v.Data().([]float32)
		if !ok {
			return nil, fmt.Errorf("%s: input %d holds %T", o.name, i, v.Data())
		}
		o.args[i], o.values[i] = d, v
	}
	o.forward(o.data, o.args)
	if o.scalar != nil {
		*o.scalar = gorgonia.F32(o.data[0])
	}
	return o.value, nil
}
