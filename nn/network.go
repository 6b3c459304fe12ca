package nn

import (
	"fmt"

	"pipe/base/random"
	"pipe/nn/graph"
)

// A specArchitecture puts the network of a Spec into graphs. The loss is of
// training only.
type specArchitecture struct {
	spec Spec
	loss graph.Loss
	// parts, if there are any, are losses of some of the outputs each, in place of loss; they
	// are added up.
	parts []lossPart
	seed  uint64
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
	x, wide := b.inputs(a.spec, shapes)
	layers, end := shapes.Nodes[:len(shapes.Nodes)-1], &shapes.Nodes[len(shapes.Nodes)-1]
	if x = b.list(layers, x); wide != nil && b.Err() == nil {
		b.Scope("wide")
		x = b.join([]*graph.Node{x, wide}, end.In)
	}
	if b.Err() != nil {
		return nil, b.Err()
	}
	z := b.layer(end, x)
	b.output = z
	if training {
		target := []int{rows}
		if n := targetsOf(a.loss, a.spec.Outputs); n > 1 {
			target = append(target, n)
		}
		b.y = g.Input("target", target...)
		if len(a.parts) > 0 {
			b.add(a.parts, a.spec.Outputs)
			return b.wiring, g.Err()
		}
		b.weight = g.Input("weight", rows)
		g.Scope("loss")
		b.loss = g.Loss(a.loss, z, b.y, b.weight)
	}
	return b.wiring, g.Err()
}

// targetsOf is how many numbers of a row a loss compares with so many outputs.
func targetsOf(loss graph.Loss, outputs int) int {
	if loss.Kind == graph.SoftmaxCrossEntropy {
		return 1
	}
	return outputs
}

// inputs adds what the network is given, and what inputs with names pass through
// until they are joined: for the layers, and where some are wide for the outputs.
func (b *builder) inputs(spec Spec, shapes *Shapes) (joined, wide *graph.Node) {
	if len(spec.Branches) == 0 {
		x := b.Input("x", b.rows, spec.Inputs)
		b.x = []givenNode{{values: x}}
		return x, nil
	}
	var parts, beside []*graph.Node
	for i, branch := range spec.Branches {
		at := BranchPath(i)
		in := givenNode{values: b.Input(at, append([]int{b.rows}, branch.Shape...)...)}
		if branch.Ragged {
			in.lengths = b.Input(at+".lengths", b.rows)
			b.lengths[at] = in.lengths
		}
		b.x = append(b.x, in)
		y := b.list(shapes.Branches[i], in.values)
		if b.Err() != nil {
			return nil, nil
		}
		if branch.Wide {
			beside = append(beside, y)
		} else {
			parts = append(parts, y)
		}
	}
	b.Scope("inputs")
	if len(beside) > 0 {
		wide = b.join(beside, shapes.Wide)
	}
	return b.join(parts, shapes.Joined), wide
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
	_, values := n.Layer.chosen() // one, or its shape would not be known
	y := values[0].build(b, n, x)
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

// stream is the random numbers of what is dropped in a layer.
func (b *builder) stream(path string) uint64 { return random.New(b.seed, "dropout."+path, 0).Key() }

func (b *builder) drop(path string, x *graph.Node, rate float64) *graph.Node {
	if !b.training || rate == 0 {
		return x
	}
	return b.Apply(graph.Dropout{Rate: rate, Key: b.stream(path)}, x)
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

// dropParts drops whole planes of images, or steps of sequences.
func (b *builder) dropParts(path string, x *graph.Node, rate float64) *graph.Node {
	if !b.training || rate == 0 {
		return x
	}
	return b.Apply(graph.Dropout{Rate: rate, Key: b.stream(path), Spatial: true}, x)
}
