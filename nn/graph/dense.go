package graph

import "fmt"

// misfit is an error of Infer.
func misfit(format string, args ...any) error { return fmt.Errorf(format, args...) }

// Dense is y(..., n) = Act(x(..., k) w(k, n) + b(n)), for x of two or more
// dimensions. b may be left out.
type Dense struct{ Act Activation }

// Dense is act(x w + b).
func (g *Graph) Dense(x, w, b *Node, act Activation) *Node {
	if !act.fromOutput() { // its derivative takes what is before it
		return g.Activate(g.Dense(x, w, b, Activation{}), act)
	}
	return g.Apply(Dense{act}, x, w, b)
}

func (Dense) Name() string { return "dense" }

func (o Dense) Infer(in []Shape) ([]Shape, error) {
	x, w, b := in[0], in[1], in[2]
	if len(x) < 2 || len(w) != 2 || x.last() != w[0] || !b.vector(w[1]) {
		return nil, misfit("shapes x%v, w%v and b%v do not fit", x, w, b)
	}
	if !o.Act.fromOutput() {
		return nil, misfit("%s is an operator of its own, its gradient takes what is before it", o.Act.Kind)
	}
	return []Shape{x.withLast(w[1])}, nil
}

func (o Dense) Grad(g *Graph, c *Call, dy *Node) []*Node {
	dy = g.before(o.Act, c.Out[0], dy)
	grads := make([]*Node, 3)
	if c.Wants(0) {
		grads[0] = g.Apply(DenseGradInput{}, dy, c.In[1])
	}
	if c.Wants(1) {
		grads[1] = g.Apply(DenseGradWeight{}, c.In[0], dy)
	}
	if c.Wants(2) {
		grads[2] = g.Apply(DenseGradBias{}, dy)
	}
	return grads
}

// DenseGradInput is dy(..., n) wᵀ for w(k, n).
type DenseGradInput struct{ backward }

func (DenseGradInput) Name() string { return "dense dx" }
func (DenseGradInput) Infer(in []Shape) ([]Shape, error) {
	return []Shape{in[0].withLast(in[1][0])}, nil
}

// DenseGradWeight is xᵀ dy, for x(..., k) and dy(..., n).
type DenseGradWeight struct{ backward }

func (DenseGradWeight) Name() string { return "dense dw" }
func (DenseGradWeight) Infer(in []Shape) ([]Shape, error) {
	return []Shape{{in[0].last(), in[1].last()}}, nil
}

// DenseGradBias is the sum of all rows of dy(..., n).
type DenseGradBias struct{ backward }

func (DenseGradBias) Name() string                      { return "dense db" }
func (DenseGradBias) Infer(in []Shape) ([]Shape, error) { return []Shape{{in[0].last()}}, nil }
