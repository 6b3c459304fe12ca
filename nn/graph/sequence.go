package graph

import "slices"

// sequences checks x(n, t, d) and lengths (n), which may be left out.
func sequences(in []Shape) error {
	if len(in[0]) != 3 {
		return misfit("want sequences (n, t, d), got shape %v", in[0])
	}
	if !in[1].vector(in[0][0]) {
		return misfit("lengths of shape %v, want (%d)", in[1], in[0][0])
	}
	return nil
}

// PickStep is the last valid step (N, D) of sequences x(N, T, D), or the First
// one, 0 where there is none. lengths (N) may be left out: all steps are valid.
type PickStep struct{ First bool }

// LastStep is the last valid step of sequences; lengths may be nil.
func (g *Graph) LastStep(x, lengths *Node) *Node { return g.Apply(PickStep{}, x, lengths) }

// FirstStep is the first step of sequences, 0 where none is valid.
func (g *Graph) FirstStep(x, lengths *Node) *Node {
	return g.Apply(PickStep{First: true}, x, lengths)
}

func (o PickStep) Name() string {
	if o.First {
		return "first step"
	}
	return "last step"
}

func (PickStep) Infer(in []Shape) ([]Shape, error) {
	if err := sequences(in); err != nil {
		return nil, err
	}
	return []Shape{{in[0][0], in[0][2]}}, nil
}

// Stops says that no gradient flows to lengths.
func (PickStep) Stops(input int) bool { return input == 1 }

func (o PickStep) Grad(g *Graph, c *Call, dy *Node) []*Node {
	return []*Node{g.Apply(PickStepGrad{Pick: o, Steps: c.In[0].shape[1]}, dy, c.In[1]), nil}
}

// PickStepGrad puts a gradient back to where its step was.
type PickStepGrad struct {
	backward
	Pick  PickStep
	Steps int
}

func (o PickStepGrad) Name() string { return o.Pick.Name() + " dx" }
func (o PickStepGrad) Infer(in []Shape) ([]Shape, error) {
	return []Shape{{in[0][0], o.Steps, in[0][1]}}, nil
}

// ReverseSteps puts the valid steps of sequences x(N, T, D) in reverse order,
// with 0 behind them. lengths (N) may be left out.
type ReverseSteps struct{}

// ReverseSteps puts valid steps in reverse order; lengths may be nil.
func (g *Graph) ReverseSteps(x, lengths *Node) *Node { return g.Apply(ReverseSteps{}, x, lengths) }

func (ReverseSteps) Name() string { return "reverse steps" }
func (ReverseSteps) Infer(in []Shape) ([]Shape, error) {
	return in[:1], sequences(in)
}

// Stops says that no gradient flows to lengths.
func (ReverseSteps) Stops(input int) bool { return input == 1 }

func (ReverseSteps) Grad(g *Graph, c *Call, dy *Node) []*Node {
	return []*Node{g.Apply(ReverseStepsGrad{}, dy, c.In[1]), nil}
}

// ReverseStepsGrad reverses a gradient.
type ReverseStepsGrad struct{ backward }

func (ReverseStepsGrad) Name() string                      { return "reverse steps dx" }
func (ReverseStepsGrad) Infer(in []Shape) ([]Shape, error) { return in[:1], nil }

// MaskSteps is x(n, t, d) with zeros from step lengths(n) on.
type MaskSteps struct{}

// MaskSteps is x with zeros behind the end of each sequence.
func (g *Graph) MaskSteps(x, lengths *Node) *Node { return g.Apply(MaskSteps{}, x, lengths) }

func (MaskSteps) Name() string { return "mask" }
func (MaskSteps) Infer(in []Shape) ([]Shape, error) {
	if in[1] == nil {
		return nil, misfit("lengths are missing")
	}
	return in[:1], sequences(in)
}

// Stops says that no gradient flows to lengths.
func (MaskSteps) Stops(input int) bool { return input == 1 }

func (MaskSteps) Grad(g *Graph, c *Call, dy *Node) []*Node {
	return []*Node{g.Apply(MaskStepsGrad{}, dy, c.In[1]), nil}
}

// MaskStepsGrad masks a gradient.
type MaskStepsGrad struct{ backward }

func (MaskStepsGrad) Name() string                      { return "mask dx" }
func (MaskStepsGrad) Infer(in []Shape) ([]Shape, error) { return in[:1], nil }

// Concat puts values side by side along the last axis; the others are of the
// same sizes.
type Concat struct{}

// Concat puts values side by side along the last axis.
func (g *Graph) Concat(parts ...*Node) *Node { return g.Apply(Concat{}, parts...) }

func (Concat) Name() string { return "concat" }
func (Concat) Infer(in []Shape) ([]Shape, error) {
	if len(in) == 0 {
		return nil, misfit("nothing to put together")
	}
	last := len(in[0]) - 1
	if last < 0 {
		return nil, misfit("a scalar has no axis")
	}
	width := 0
	for _, s := range in {
		if len(s) != last+1 || !s[:last].Equal(in[0][:last]) {
			return nil, misfit("shapes %v and %v differ in more than the last axis", in[0], s)
		}
		width += s[last]
	}
	return []Shape{in[0].withLast(width)}, nil
}

func (Concat) Grad(g *Graph, c *Call, dy *Node) []*Node {
	grads, from := make([]*Node, len(c.In)), 0
	for i, n := range c.In {
		if c.Wants(i) {
			grads[i] = g.Apply(ConcatGrad{From: from, Width: n.shape.last()}, dy)
		}
		from += n.shape.last()
	}
	return grads
}

// ConcatGrad is Width columns of the last axis, from one on.
type ConcatGrad struct {
	backward
	From, Width int
}

func (ConcatGrad) Name() string { return "concat dx" }
func (o ConcatGrad) Infer(in []Shape) ([]Shape, error) {
	return []Shape{in[0].withLast(o.Width)}, nil
}

// A Pooling makes one step of many.
type Pooling string

const (
	PoolMean Pooling = "mean"
	PoolLast Pooling = "last"
	PoolMax  Pooling = "max"
)

// TimePool makes one row (N, D) of the valid steps of each sequence of x(N, T,
// D): their mean, the last one or, column by column, the largest. It is 0 where
// there is no valid step. lengths (N) may be left out: all steps are valid. The
// second result, of the largest only, is where they were.
type TimePool struct{ Kind Pooling }

// TimePool makes one row of the steps of each sequence; lengths may be nil.
func (g *Graph) TimePool(x, lengths *Node, kind Pooling) *Node {
	return g.Apply(TimePool{kind}, x, lengths)
}

func (TimePool) Name() string { return "time pool" }
func (o TimePool) Infer(in []Shape) ([]Shape, error) {
	if !slices.Contains([]Pooling{PoolMean, PoolLast, PoolMax}, o.Kind) {
		return nil, misfit("unknown kind %.20q", string(o.Kind))
	}
	if err := sequences(in); err != nil {
		return nil, err
	}
	y := Shape{in[0][0], in[0][2]}
	if o.Kind == PoolMax {
		return []Shape{y, y}, nil
	}
	return []Shape{y}, nil
}

// Stops says that no gradient flows to lengths.
func (TimePool) Stops(input int) bool { return input == 1 }

func (o TimePool) Grad(g *Graph, c *Call, dy *Node) []*Node {
	var where *Node
	if o.Kind == PoolMax {
		where = c.Out[1]
	}
	return []*Node{g.Apply(TimePoolGrad{Pool: o, Steps: c.In[0].shape[1]}, dy, where, c.In[1]), nil}
}

// TimePoolGrad is the gradient of x: from dy, where the largest were, and lengths.
type TimePoolGrad struct {
	backward
	Pool  TimePool
	Steps int
}

func (TimePoolGrad) Name() string { return "time pool dx" }
func (o TimePoolGrad) Infer(in []Shape) ([]Shape, error) {
	return []Shape{{in[0][0], o.Steps, in[0][1]}}, nil
}
