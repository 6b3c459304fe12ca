package op

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"slices"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pipe/nn/kernel"
	"pipe/nn/vm"
)

// A fused is an operator made for one place in one graph: its types and shapes
// are those of the nodes it is applied to.
type fused struct {
	id    uint32 // unique in the graph
	name  string
	scope string // of the layer it belongs to
	in    []hm.Type
	out   hm.Type
	shape tensor.Shape
	diff  []bool // per input: does a gradient flow to it

	// lower emits the instructions that compute out, all of it. in has a buffer
	// for each input.
	lower func(e *emitter, out vm.Buffer, in []vm.Buffer)
	// view says that the output is a part of the first input, from offset on:
	// then there is nothing to compute.
	view   bool
	offset int
	// backward makes the nodes of the gradients of the inputs, nil where diff
	// is false, given the nodes of the inputs, the output and its gradient.
	backward func(in gorgonia.Nodes, out, grad *Node) gorgonia.Nodes

	graph  *Graph
	inputs []*Node
	alone  *alone
}

// An emitter adds instructions to a program under the name of an operator.
type emitter struct {
	*vm.Builder
	label string
	step  *uint64 // what random numbers are drawn for
}

// emit adds an instruction.
func (e *emitter) emit(in vm.Instr) {
	in.Label = e.label
	e.Emit(in)
}

// stepWord is the buffer of the step.
func (e *emitter) stepWord() vm.Buffer { return e.BindWord(e.step) }

var _ gorgonia.SDOp = (*fused)(nil)

// apply adds an operator to the graph. The caller holds buildMu.
func (g *Graph) apply(o *fused, in ...*Node) *Node {
	if g.err != nil {
		return nil
	}
	g.ops++
	o.id, o.graph, o.scope, o.inputs = g.ops, g, g.scope, slices.Clone(in)
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
	o.out = hm.Type(tensor.Float32)
	if len(o.shape) > 0 {
		o.out = gorgonia.TensorType{Dims: len(o.shape), Of: tensor.Float32}
	}
	// ApplyOp keeps the slice that it is given, so it gets one of its own.
	n, err := gorgonia.ApplyOp(o, slices.Clone(in)...)
	if err != nil {
		return g.fail("%s: %w", o.name, err)
	}
	g.flows[n] = flows
	return n
}

// add applies an operator from outside of a backward function.
func (g *Graph) add(o *fused, in ...*Node) *Node {
	if g.err != nil {
		return nil
	}
	buildMu.Lock()
	defer buildMu.Unlock()
	return g.apply(o, in...)
}

// viewOf is an operator whose output is a part of its input: an operator with
// several results gives them one behind the other in one node. At most one view
// of a node may have a gradient, which is taken to be that of the whole node;
// the operator whose results they are knows better.
func viewOf(name string, offset int, diff bool, shape ...int) *fused {
	return &fused{name: name, shape: shape, diff: []bool{diff}, view: true, offset: offset,
		backward: func(_ gorgonia.Nodes, _, grad *Node) gorgonia.Nodes { return gorgonia.Nodes{grad} }}
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

// label is what people see of the operator.
func (o *fused) label() string {
	if o.scope == "" {
		return o.name
	}
	return o.scope + ": " + o.name
}

// DiffWRT says which inputs a gradient flows to, not which could have one.
func (o *fused) DiffWRT(int) []bool { return o.diff }

// SymDiff builds the gradient. It is called by gorgonia.Grad, under buildMu.
func (o *fused) SymDiff(in gorgonia.Nodes, out, grad *Node) (gorgonia.Nodes, error) {
	scope := o.graph.scope
	o.graph.scope = o.scope
	nodes := o.backward(slices.Clone(in), out, grad)
	o.graph.scope = scope
	if err := o.graph.err; err != nil {
		return nil, err
	}
	return nodes, nil
}

// alone is an operator as a program of its own on the reference kernels, which
// is how gorgonia's machine runs it.
type alone struct {
	program *vm.Program
	in      [][]float32
	value   gorgonia.Value
	out     []float32
}

func (o *fused) makeAlone() (_ *alone, err error) {
	a := &alone{out: make([]float32, max(1, o.shape.TotalSize()))}
	b := vm.NewBuilder(kernel.Reference())
	var in []vm.Buffer
	for _, n := range o.sizes() {
		data := make([]float32, n)
		a.in = append(a.in, data)
		in = append(in, b.Bind(data))
	}
	out := b.Bind(a.out)
	e := &emitter{b, o.label(), &o.graph.step}
	if o.view {
		n := len(a.out)
		e.emit(copyInstr(b.View(in[0], o.offset, n), out, n))
	} else {
		o.lower(e, out, in)
	}
	if a.program, err = b.Compile(1); err != nil {
		return nil, err
	}
	o.graph.alone = append(o.graph.alone, a.program)
	return a, nil
}

// sizes is how many numbers each input has.
func (o *fused) sizes() []int {
	var list []int
	for _, n := range o.inputs {
		list = append(list, max(1, n.Shape().TotalSize()))
	}
	return list
}

// Do runs the operator on its own. gorgonia's machine calls it in a goroutine,
// where a panic would end the process, so a panic becomes an error. The result
// is memory of the operator: a machine may hand out the same register twice,
// and a gradient must survive until it has been read.
func (o *fused) Do(in ...gorgonia.Value) (_ gorgonia.Value, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: %v", o.name, r)
		}
	}()
	if o.alone == nil {
		if o.alone, err = o.makeAlone(); err != nil {
			return nil, err
		}
	}
	a := o.alone
	if len(in) != len(a.in) {
		return nil, fmt.Errorf("%s: got %d inputs, want %d", o.name, len(in), len(a.in))
	}
	for i, v := range in {
		switch d := v.Data().(type) {
		case []float32:
			if copy(a.in[i], d) != len(a.in[i]) {
				return nil, fmt.Errorf("%s: input %d holds %d numbers, want %d", o.name, i, len(d), len(a.in[i]))
			}
		case float32:
			a.in[i][0] = d
		default:
			return nil, fmt.Errorf("%s: input %d holds %T", o.name, i, d)
		}
	}
	a.program.Run()
	if len(o.shape) == 0 {
		return gorgonia.NewF32(a.out[0]), nil
	}
	if a.value == nil {
		a.value = tensor.New(tensor.WithShape(o.shape...), tensor.WithBacking(a.out))
	}
	return a.value, nil
}

// closeAlone frees what gorgonia's machine needed.
func (g *Graph) closeAlone() error {
	var errs []error
	for _, p := range g.alone {
		errs = append(errs, p.Close())
	}
	g.alone = nil
	return errors.Join(errs...)
}
