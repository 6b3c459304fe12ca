package nn

import (
	"fmt"
	"strconv"

	"pipe/base/random"
	"pipe/nn/graph"
)

// A specArchitecture puts the network of a Spec into graphs. The loss is of
// training only.
type specArchitecture struct {
	spec Spec
	loss graph.Loss
	seed uint64
}

func (a *specArchitecture) wire(g *graph.Graph, m *numbers, rows int, training bool) (*wiring, error) {
	shapes, err := a.spec.Shapes()
	if err != nil {
		return nil, err
	}
	b := &builder{Graph: g, rows: rows, training: training, seed: a.seed,
		params: map[string]*graph.Node{}, lengths: map[string]*graph.Node{},
		wiring: &wiring{}}
	for i, p := range shapes.Params() {
		leaf := g.State
		if m.params[i].trained {
			leaf = g.Param
		}
		n := leaf(p.Name, p.Shape...)
		b.params[p.Name] = n
		b.wiring.params = append(b.wiring.params, n)
	}
	z := b.list(shapes.Nodes, b.inputs(a.spec, shapes))
	b.output = z
	if training {
		b.y, b.weight = g.Input("target", rows), g.Input("weight", rows)
		g.Scope("loss")
		b.loss = g.Loss(a.loss, z, b.y, b.weight)
	}
	return b.wiring, g.Err()
}

// inputs adds what the network is given, and what inputs with names pass through
// until they are joined.
func (b *builder) inputs(spec Spec, shapes *Shapes) *graph.Node {
	if len(spec.Branches) == 0 {
		x := b.Input("x", b.rows, spec.Inputs)
		b.x = []givenNode{{values: x}}
		return x
	}
	var parts []*graph.Node
	for i, branch := range spec.Branches {
		at := BranchPath(i)
		in := givenNode{values: b.Input(at, append([]int{b.rows}, branch.Shape...)...)}
		if branch.Ragged {
			in.lengths = b.Input(at+".lengths", b.rows)
			b.lengths[at] = in.lengths
		}
		b.x = append(b.x, in)
		parts = append(parts, b.list(shapes.Branches[i], in.values))
		if b.Err() != nil {
			return nil
		}
	}
	b.Scope("inputs")
	return b.join(parts, shapes.Joined)
}

// A builder adds the layers of a network to a graph, for a number of rows.
type builder struct {
	*graph.Graph
	*wiring
	rows     int
	training bool
	seed     uint64
	params   map[string]*graph.Node // by name
	lengths  map[string]*graph.Node // of sequences, by the path of their embedding
}

// list adds layers one behind the other.
func (b *builder) list(nodes []Node, x *graph.Node) *graph.Node {
	for i := range nodes {
		if x = b.layer(&nodes[i], x); b.Err() != nil {
			return nil
		}
	}
	return x
}

// layer adds one layer.
func (b *builder) layer(n *Node, x *graph.Node) *graph.Node {
	b.Scope(n.Path)
	y := b.apply(n, x)
	if b.Err() != nil {
		return nil
	}
	if want := n.Out.Size() * b.rows; y.Shape().Size() != want {
		panic(fmt.Sprintf("nn: %s %s gives %v for %d rows, inferred was %v", n.Path, n.Kind, y.Shape(), b.rows, n.Out))
	}
	if len(n.Params) > 0 || n.Kind == "activation" || n.Kind == "residual" {
		b.layers = append(b.layers, layerNode{n.Path, y})
	}
	return y
}

// param is a parameter of a layer, nil if the layer has none of that name.
func (b *builder) param(n *Node, name string) *graph.Node { return b.params[n.Path+"."+name] }

func (b *builder) apply(n *Node, x *graph.Node) *graph.Node {
	switch l := n.Layer; {
	case l.Dense != nil:
		return b.dense(n, "", x, l.Dense.Activation)
	case l.Activation != nil:
		if l.Activation.Kind == Softmax {
			return b.Softmax(x, nil)
		}
		act := l.Activation.Kind.operator()
		if alpha := orZero(l.Activation.Alpha); alpha != 0 {
			act.Alpha = float32(alpha)
		}
		return b.Activate(x, act)
	case l.Dropout != nil:
		return b.drop(n.Path, x, l.Dropout.Rate)
	case l.SpatialDropout != nil:
		if !b.training {
			return x
		}
		return b.Apply(graph.Dropout{Rate: l.SpatialDropout.Rate, Key: b.stream(n.Path), Spatial: true}, x)
	case l.Flatten != nil, l.Reshape != nil:
		return b.Reshape(x, append([]int{b.rows}, n.Out...)...)
	case l.Residual != nil:
		return b.residual(n, x)
	case l.Transformer != nil:
		return b.list(n.Inner[0], x)
	case l.Concat != nil:
		return b.concat(n, x)
	case l.LSTM != nil:
		return b.recurrent(n, x, l.LSTM, b.LSTM)
	case l.GRU != nil:
		return b.recurrent(n, x, l.GRU, b.GRU)
	case l.Embedding != nil:
		return b.embedding(n, x, l.Embedding)
	case l.Position != nil:
		if l.Position.Kind == "learned" {
			return b.LearnedPositions(x, b.param(n, "weight"))
		}
		return b.SinusoidalPositions(x)
	case l.Attention != nil:
		return b.attention(n, x, l.Attention)
	case l.TimePool != nil:
		return b.TimePool(x, b.lengths[n.LengthsIn], graph.Pooling(l.TimePool.Kind))
	}
	return b.spatial(n, x)
}

// spatial adds convolutions, pooling and normalisation.
func (b *builder) spatial(n *Node, x *graph.Node) *graph.Node {
	lengths := b.lengths[n.LengthsIn]
	switch l := n.Layer; {
	case l.Conv2D != nil:
		return b.Conv2D(x, b.param(n, "weight"), b.param(n, "bias"), n.Window.operator(), l.Conv2D.Groups, l.Conv2D.Activation.operator())
	case l.Conv1D != nil:
		if lengths != nil { // what is beyond the end must not leak into it
			x = b.MaskSteps(x, lengths)
		}
		return b.Conv1D(x, b.param(n, "weight"), b.param(n, "bias"), n.Window.operator(), l.Conv1D.Groups, l.Conv1D.Activation.operator())
	case l.MaxPool != nil && len(n.In) == 2:
		return b.MaxPool1D(x, lengths, n.Window.Kernel[0], n.Window.operator())
	case l.MaxPool != nil:
		return b.MaxPool2D(x, n.Window.Kernel[0], n.Window.Kernel[1], n.Window.operator())
	case l.AveragePool != nil && len(n.In) == 2:
		return b.AvgPool1D(x, lengths, n.Window.Kernel[0], n.Window.operator(), false)
	case l.AveragePool != nil:
		return b.AvgPool2D(x, n.Window.Kernel[0], n.Window.Kernel[1], n.Window.operator(), false)
	case l.GlobalPool != nil && l.GlobalPool.Kind == "max":
		return b.GlobalMaxPool(x)
	case l.GlobalPool != nil:
		return b.GlobalAvgPool(x)
	case l.BatchNorm != nil:
		return b.BatchNorm(x, graph.BatchNorm{Momentum: l.BatchNorm.Momentum, Epsilon: l.BatchNorm.Epsilon, Training: b.training}, graph.Batch{
			Gamma: b.param(n, "scale"), Beta: b.param(n, "shift"),
			Mean: b.param(n, "running_mean"), Variance: b.param(n, "running_variance"), Lengths: lengths,
		})
	case l.LayerNorm != nil:
		return b.LayerNorm(x, b.param(n, "scale"), b.param(n, "shift"), l.LayerNorm.Epsilon)
	case l.GroupNorm != nil:
		return b.GroupNorm(x, b.param(n, "scale"), b.param(n, "shift"), l.GroupNorm.Groups, l.GroupNorm.Epsilon)
	case l.RMSNorm != nil:
		return b.RMSNorm(x, b.param(n, "scale"), l.RMSNorm.Epsilon)
	}
	panic("nn: no operator for " + n.Kind)
}

// operator is the geometry in terms of package graph.
func (w *Window) operator() graph.Window {
	return graph.Window{
		StrideH: w.Stride[0], StrideW: w.Stride[1], DilationH: w.Dilation[0], DilationW: w.Dilation[1],
		Padding: graph.Padding{Top: w.Before[0], Bottom: w.After[0], Left: w.Before[1], Right: w.After[1]},
	}
}

// dense adds the product of a layer whose parameters begin with a prefix.
func (b *builder) dense(n *Node, prefix string, x *graph.Node, act Activation) *graph.Node {
	y := b.Dense(x, b.param(n, prefix+"weight"), b.param(n, prefix+"bias"), act.operator())
	if act == Softmax {
		return b.Softmax(y, nil)
	}
	return y
}

// stream is the random numbers of what is dropped in a layer.
func (b *builder) stream(path string) uint64 { return random.New(b.seed, "dropout."+path, 0).Key() }

func (b *builder) drop(path string, x *graph.Node, rate float64) *graph.Node {
	if !b.training || rate == 0 {
		return x
	}
	return b.Apply(graph.Dropout{Rate: rate, Key: b.stream(path)}, x)
}

func (b *builder) residual(n *Node, x *graph.Node) *graph.Node {
	y := b.list(n.Inner[0], x)
	if n.Projection != nil {
		x = b.layer(n.Projection, x)
	}
	if b.Err() != nil {
		return nil
	}
	b.Scope(n.Path)
	return b.Add(y, x)
}

// concat joins branches: the channels of images, which come first, else the
// last axis.
func (b *builder) concat(n *Node, x *graph.Node) *graph.Node {
	var parts []*graph.Node
	for _, branch := range n.Inner {
		y := b.list(branch, x)
		if b.Err() != nil {
			return nil
		}
		parts = append(parts, y)
	}
	b.Scope(n.Path)
	return b.join(parts, n.Out)
}

// join puts parts side by side, to a shape.
func (b *builder) join(parts []*graph.Node, shape Shape) *graph.Node {
	if len(parts) == 1 {
		return parts[0]
	}
	for i, y := range parts {
		if s := y.Shape(); len(s) == 4 {
			parts[i] = b.Reshape(y, b.rows, s[1]*s[2]*s[3])
		}
	}
	y := b.Concat(parts...)
	if b.Err() != nil {
		return nil
	}
	return b.Reshape(y, append([]int{b.rows}, shape...)...)
}

// recurrent adds the layers of an lstm or a gru, with one or two directions.
func (b *builder) recurrent(n *Node, x *graph.Node, l *Recurrent, run func(*graph.Node, graph.Recurrent) *graph.Node) *graph.Node {
	lengths := b.lengths[n.LengthsIn]
	for i := range l.Layers {
		if i > 0 {
			x = b.drop(n.Path+"."+strconv.Itoa(i), x, orZero(l.Dropout))
		}
		at := strconv.Itoa(i) + ".forward."
		direction := func(at string, reverse bool) *graph.Node {
			return run(x, graph.Recurrent{
				Wx: b.param(n, at+"weight_input"), Wh: b.param(n, at+"weight_hidden"),
				Bx: b.param(n, at+"bias_input"), Bh: b.param(n, at+"bias_hidden"), Lengths: lengths, Reverse: reverse,
			})
		}
		forward, last := direction(at, false), i == l.Layers-1 && l.Return == "last"
		if !l.Bidirectional {
			if x = forward; last {
				x = b.LastStep(x, lengths)
			}
			continue
		}
		backward := direction(strconv.Itoa(i)+".backward.", true)
		if last {
			forward, backward = b.LastStep(forward, lengths), b.FirstStep(backward, lengths)
		}
		x = b.Concat(forward, backward)
	}
	return x
}

// embedding looks up ids. How long sequences are the data says, or else the
// padding id; what is beyond is 0.
func (b *builder) embedding(n *Node, ids *graph.Node, l *Embedding) *graph.Node {
	padding := graph.NoPadding
	if l.Padding != nil {
		padding = *l.Padding
	}
	lengths := b.lengths[n.LengthsIn]
	if lengths == nil && l.Padding != nil {
		lengths = b.IDLengths(ids, padding)
		b.lengths[n.Path] = lengths
	}
	y := b.Embedding(ids, b.param(n, "weight"), 1, padding)
	if lengths == nil {
		return y
	}
	return b.MaskSteps(y, lengths)
}

func (b *builder) attention(n *Node, x *graph.Node, l *Attention) *graph.Node {
	q, k, v := b.dense(n, "query.", x, Linear), b.dense(n, "key.", x, Linear), b.dense(n, "value.", x, Linear)
	a := graph.Attention{Heads: l.Heads, Causal: l.Causal}
	if b.training {
		a.Dropout, a.Key = l.Dropout, b.stream(n.Path)
	}
	return b.dense(n, "out.", b.Attention(q, k, v, b.lengths[n.LengthsIn], a), Linear)
}

// operator is the activation in terms of package graph, with its usual parameter;
// softmax, which is an operator of its own, is linear.
func (a Activation) operator() graph.Activation {
	if a == Softmax {
		a = Linear
	}
	return graph.Activation{Kind: graph.Function(a), Alpha: float32(a.Alpha())}
}
