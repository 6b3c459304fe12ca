package xla

import (
	"fmt"
	"slices"

	"pipe/nn/graph"
	"pipe/nn/xla/stablehlo"
)

// A lowering adds the operations of one operator after the other to a function.
//
// Values of activations are of the type that products are made in (see narrow),
// those of parameters, what is kept of statistics, and losses are F32. A result
// need not have the shape of its node, only its size; inputs have it (see in).
type lowering struct {
	*stablehlo.Func
	compute stablehlo.Type  // of products and of what lies between layers
	step    stablehlo.Value // a scalar of U64: what random numbers are drawn for
	cudnn   bool            // attention may be a call of cuDNN's
	piece   int             // steps of recurrent layers in a turn of a loop
	ordered bool            // sums are to have an order that is always the same, also where a GPU would not keep to one
	values  map[*graph.Node]value
	roots   map[*graph.Node]*graph.Node // leaves, by what updates made of them
	changed map[*graph.Node]value       // leaves that were updated
	call    *graph.Call                 // which is lowered
	ledger  *ledger                     // of what operators take; nil: nobody asks
}

// A value is what a node stands for: one Value of its shape, or several flat
// parts, one behind the other. Parameters of a network are parts of one node where
// an optimiser is at work, and it works on each of them.
type value struct {
	whole stablehlo.Value
	parts []stablehlo.Value
}

// sizes are those of the parts.
func (v value) sizes() []int {
	if v.parts == nil {
		return []int{v.whole.Size()}
	}
	var list []int
	for _, p := range v.parts {
		list = append(list, p.Size())
	}
	return list
}

func newLowering(f *stablehlo.Func, compute stablehlo.Type) *lowering {
	return &lowering{Func: f, compute: compute, piece: pieceSteps, values: map[*graph.Node]value{},
		roots: map[*graph.Node]*graph.Node{}, changed: map[*graph.Node]value{}}
}

// leaf says what a leaf holds.
func (l *lowering) leaf(n *graph.Node, v value) { l.values[n], l.roots[n] = v, n }

// graph adds all operators of a graph, whose leaves are there.
func (l *lowering) graph(g *graph.Graph) error {
	for _, c := range g.Calls() {
		if err := l.lower(c); err != nil {
			return err
		}
	}
	return nil
}

// lower adds an operator, by its family.
func (l *lowering) lower(c *graph.Call) error {
	l.call = c
	defer l.ledger.entry(l, c)()
	known := l.arithmetic(c.Op) || l.primitive(c.Op) || l.dense(c.Op) || l.conv(c.Op) || l.pool(c.Op) || l.norm(c.Op) || l.attention(c.Op) ||
		l.recurrent(c.Op) || l.sequence(c.Op) || l.embedding(c.Op) || l.loss(c.Op) || l.update(c.Op)
	if !known {
		return &RecipeError{Layer: c.Scope, Operator: c.Op.Name(), Type: fmt.Sprintf("%T", c.Op)}
	}
	return nil
}

// A RecipeError is an operator that cannot be put into StableHLO.
type RecipeError struct {
	Layer, Operator string
	Type            string // of the operator in package graph
}

func (e *RecipeError) Error() string {
	where := ""
	if e.Layer != "" {
		where = "layer " + e.Layer + ": "
	}
	return fmt.Sprintf("%s%s (%s) cannot be computed by XLA", where, e.Operator, e.Type)
}

// Hint says what to do about it.
func (*RecipeError) Hint() string { return "train with device: cpu" }

// has says whether there is an input.
func (l *lowering) has(i int) bool { return i < len(l.call.In) && l.call.In[i] != nil }

// shape is that of an input, nil if it is left out.
func (l *lowering) shape(i int) graph.Shape {
	if !l.has(i) {
		return nil
	}
	return l.call.In[i].Shape()
}

// outShape is the shape of a result.
func (l *lowering) outShape(i int) graph.Shape { return l.call.Out[i].Shape() }

// in is an input in its shape, with the type that it was made in.
func (l *lowering) in(i int) stablehlo.Value { return l.of(l.call.In[i]) }

// wide is an input as F32.
func (l *lowering) wide(i int) stablehlo.Value { return l.Convert(l.in(i), stablehlo.F32) }

// narrow is an input in the type that products are made in.
func (l *lowering) narrow(i int) stablehlo.Value { return l.Convert(l.in(i), l.compute) }

// of is the value of a node in its shape.
func (l *lowering) of(n *graph.Node) stablehlo.Value {
	v, ok := l.values[n]
	if !ok {
		panic(fmt.Sprintf("xla: %v has no value", n)) // its operator was lowered without it
	}
	if v.parts != nil {
		v.whole = l.Concat(0, v.parts...)
	}
	whole := l.Reshape(v.whole, n.Shape()...)
	l.values[n] = value{whole, v.parts}
	return whole
}

// parts are an input in flat parts of given sizes.
func (l *lowering) parts(i int, sizes []int) []stablehlo.Value { return l.split(l.call.In[i], sizes) }

func (l *lowering) split(n *graph.Node, sizes []int) []stablehlo.Value {
	if v := l.values[n]; v.parts != nil && slices.Equal(v.sizes(), sizes) {
		return v.parts
	}
	return l.cut(value{whole: l.of(n)}, sizes)
}

// cut is a value in flat parts of given sizes.
func (l *lowering) cut(v value, sizes []int) []stablehlo.Value {
	if v.parts != nil {
		if slices.Equal(v.sizes(), sizes) {
			return v.parts
		}
		v.whole = l.Concat(0, v.parts...)
	}
	flat := l.Reshape(v.whole, v.whole.Size())
	var list []stablehlo.Value
	from := 0
	for _, size := range sizes {
		list = append(list, l.Slice(flat, 0, from, from+size))
		from += size
	}
	return list
}

// put is a result.
func (l *lowering) put(i int, v stablehlo.Value) {
	n := l.call.Out[i]
	if v.Size() != n.Shape().Size() {
		panic(fmt.Sprintf("xla: %s gives %v for %v", l.call.Op.Name(), v.Shape, n))
	}
	l.values[n] = value{whole: v}
}

// pass is a result that goes on as an activation.
func (l *lowering) pass(i int, v stablehlo.Value) { l.put(i, l.Convert(v, l.compute)) }

// keep is a result of several parts, which only the gradient of the operator reads.
func (l *lowering) keep(i int, parts ...stablehlo.Value) {
	for k, p := range parts {
		parts[k] = l.Reshape(p, p.Size())
	}
	l.values[l.call.Out[i]] = value{parts: parts}
}

// change is the new value of an input that the operator updates, which is a leaf or
// was made of one by updates; and the first result, if it is the only one.
func (l *lowering) change(i int, parts ...stablehlo.Value) {
	v := value{parts: parts}
	for k, p := range parts {
		v.parts[k] = l.Convert(l.Reshape(p, p.Size()), stablehlo.F32)
	}
	root := l.roots[l.call.In[i]]
	l.changed[root] = v
	if u := l.call.Op.(graph.Updater).Updates(); len(l.call.Out) == 1 && u[0] == i {
		l.values[l.call.Out[0]], l.roots[l.call.Out[0]] = v, root
	}
}

// valid says which of t steps lie before the end of a sequence: (n, t), of the
// lengths (n) that are an input.
func (l *lowering) valid(i, t int) stablehlo.Value {
	lengths := l.Convert(l.in(i), stablehlo.I32)
	shape := []int{lengths.Size(), t}
	return l.Compare("LT", l.Iota(stablehlo.I32, 1, shape...), l.along(lengths, shape, 0))
}

// where is v where a mask is, else a number; a mask that is none is everywhere.
func (l *lowering) where(mask, v stablehlo.Value, other float64) stablehlo.Value {
	if mask.None() {
		return v
	}
	return l.Select(mask, v, l.Like(other, v))
}

// along repeats v, whose dimensions are those at dims of a shape.
func (l *lowering) along(v stablehlo.Value, shape []int, dims ...int) stablehlo.Value {
	return l.Broadcast(v, dims, shape...)
}
