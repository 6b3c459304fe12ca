package graph

import "slices"

// Constant is so many equal numbers, of size 0 one that is a scalar.
type Constant struct {
	backward
	Value float32
	Size  int
}

func (Constant) Name() string { return "constant" }
func (o Constant) Infer([]Shape) ([]Shape, error) {
	if o.Size == 0 {
		return []Shape{{}}, nil
	}
	return []Shape{{o.Size}}, nil
}

// Reshape gives the elements of x, in their order, the shape To.
type Reshape struct{ To Shape }

// Reshape gives the elements of x, in their order, another shape.
func (g *Graph) Reshape(x *Node, shape ...int) *Node {
	return g.Apply(Reshape{slices.Clone(shape)}, x)
}

func (Reshape) Name() string { return "reshape" }
func (o Reshape) Infer(in []Shape) ([]Shape, error) {
	if o.To.Size() != in[0].Size() {
		return nil, misfit("%v has not as many elements as %v", in[0], o.To)
	}
	return []Shape{o.To}, nil
}

func (Reshape) Grad(g *Graph, c *Call, dy *Node) []*Node {
	return []*Node{g.Reshape(dy, c.In[0].shape...)}
}

// SwapAxes is x(N, A, B) with the last two axes swapped: (N, B, A).
type SwapAxes struct{}

// SwapAxes swaps the last two of three axes.
func (g *Graph) SwapAxes(x *Node) *Node { return g.Apply(SwapAxes{}, x) }

func (SwapAxes) Name() string { return "swap axes" }
func (SwapAxes) Infer(in []Shape) ([]Shape, error) {
	s := in[0]
	if len(s) != 3 {
		return nil, misfit("want three axes, got shape %v", s)
	}
	return []Shape{{s[0], s[2], s[1]}}, nil
}

func (SwapAxes) Grad(g *Graph, _ *Call, dy *Node) []*Node {
	return []*Node{g.Apply(SwapAxesGrad{}, dy)}
}

// SwapAxesGrad swaps a gradient back.
type SwapAxesGrad struct{ backward }

func (SwapAxesGrad) Name() string                      { return "swap axes dx" }
func (SwapAxesGrad) Infer(in []Shape) ([]Shape, error) { return SwapAxes{}.Infer(in) }

// Add is a + b of one shape: a residual connection.
type Add struct{}

// Add is a + b of one shape.
func (g *Graph) Add(a, b *Node) *Node { return g.Apply(Add{}, a, b) }

func (Add) Name() string { return "add" }
func (Add) Infer(in []Shape) ([]Shape, error) {
	if !in[0].Equal(in[1]) {
		return nil, misfit("shapes %v and %v differ", in[0], in[1])
	}
	return in[:1], nil
}
func (Add) Grad(_ *Graph, _ *Call, dy *Node) []*Node { return []*Node{dy, dy} }

// SumGradients is Add where a value has several readers.
type SumGradients struct{ backward }

func (SumGradients) Name() string                      { return "sum of gradients" }
func (SumGradients) Infer(in []Shape) ([]Shape, error) { return in[:1], nil }

// SumSquares is the sum of the squares of all elements of x, a scalar.
type SumSquares struct{}

// SumSquares is the sum of the squares of all elements of x.
func (g *Graph) SumSquares(x *Node) *Node { return g.Apply(SumSquares{}, x) }

func (SumSquares) Name() string                   { return "sum of squares" }
func (SumSquares) Infer([]Shape) ([]Shape, error) { return []Shape{{}}, nil }
func (SumSquares) Grad(g *Graph, c *Call, dy *Node) []*Node {
	return []*Node{g.Apply(SumSquaresGrad{}, c.In[0], dy)}
}

// SumSquaresGrad is 2 x dy.
type SumSquaresGrad struct{ backward }

func (SumSquaresGrad) Name() string                      { return "sum of squares dx" }
func (SumSquaresGrad) Infer(in []Shape) ([]Shape, error) { return in[:1], nil }

// Dropout sets each element of x to zero with probability Rate and divides the
// others by 1-Rate. Whether an element survives is a function of the key of the
// stream, the step of the run and the index of the element, so the backward pass
// draws the mask again instead of keeping it.
//
// If it is Spatial, of x(n, c, h, w) each plane (h, w) is kept or dropped as one,
// so that neighbours cannot stand in for each other (Tompson et al., "Efficient
// Object Localization Using Convolutional Networks", 2015), and of sequences x(n, t, d)
// each step.
type Dropout struct {
	Rate    float64
	Key     uint64
	Spatial bool
}

func (o Dropout) Name() string {
	if o.Spatial {
		return "spatial dropout"
	}
	return "dropout"
}

func (o Dropout) Infer(in []Shape) ([]Shape, error) {
	if !(o.Rate >= 0 && o.Rate < 1) {
		return nil, misfit("rate %v is not in [0, 1)", o.Rate)
	}
	if o.Spatial && len(in[0]) != 4 && len(in[0]) != 3 {
		return nil, misfit("want images (n, c, h, w) or sequences (n, t, d), got shape %v", in[0])
	}
	return in[:1], nil
}

func (o Dropout) Grad(g *Graph, _ *Call, dy *Node) []*Node {
	return []*Node{g.Apply(DropoutGrad{Dropout: o}, dy)}
}

// DropoutGrad drops of a gradient what was dropped before.
type DropoutGrad struct {
	backward
	Dropout Dropout
}

func (o DropoutGrad) Name() string                      { return o.Dropout.Name() + " dx" }
func (o DropoutGrad) Infer(in []Shape) ([]Shape, error) { return in[:1], nil }
