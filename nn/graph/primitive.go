package graph

import "math"

// The primitive operators: what fused ones mean (Decomposer). Add, Reshape and
// Constant are of them too. Their gradients are made of primitives again.

// A MapKind is a function of one number.
type MapKind string

const (
	Exp  MapKind = "exp"
	Log  MapKind = "log"
	Sqrt MapKind = "sqrt"
	Erf  MapKind = "erf"
	Abs  MapKind = "abs"
)

// Map is a function of each element.
type Map struct{ Kind MapKind }

func (o Map) Name() string                    { return string(o.Kind) }
func (Map) Infer(in []Shape) ([]Shape, error) { return in[:1], nil }

func (o Map) Grad(g *Graph, c *Call, dy *Node) []*Node {
	a, x, y := algebra{g}, c.In[0], c.Out[0]
	switch o.Kind {
	case Exp:
		dy = a.times(dy, y)
	case Log:
		dy = a.over(dy, x)
	case Sqrt:
		dy = a.over(a.affine(dy, 0.5, 0), y)
	case Erf:
		dy = a.times(dy, a.affine(a.mapped(Exp, a.affine(a.times(x, x), -1, 0)), 2/math.Sqrt(math.Pi), 0))
	case Abs:
		dy = a.times(dy, a.affine(a.less(x, a.zero(x)), -2, 1))
	default:
		return nil
	}
	return []*Node{dy}
}

// Affine is Factor x + Offset.
type Affine struct{ Factor, Offset float64 }

func (Affine) Name() string                      { return "affine" }
func (Affine) Infer(in []Shape) ([]Shape, error) { return in[:1], nil }
func (o Affine) Grad(g *Graph, _ *Call, dy *Node) []*Node {
	return []*Node{g.Apply(Affine{o.Factor, 0}, dy)}
}

// Multiply is a b, element by element.
type Multiply struct{}

func (Multiply) Name() string                      { return "multiply" }
func (Multiply) Infer(in []Shape) ([]Shape, error) { return Add{}.Infer(in) }
func (Multiply) Grad(g *Graph, c *Call, dy *Node) []*Node {
	return []*Node{g.Apply(Multiply{}, dy, c.In[1]), g.Apply(Multiply{}, dy, c.In[0])}
}

// Divide is a / b, element by element.
type Divide struct{}

func (Divide) Name() string                      { return "divide" }
func (Divide) Infer(in []Shape) ([]Shape, error) { return Add{}.Infer(in) }
func (Divide) Grad(g *Graph, c *Call, dy *Node) []*Node {
	a := algebra{g}
	da := a.over(dy, c.In[1])
	return []*Node{da, a.affine(a.times(da, c.Out[0]), -1, 0)}
}

// Less is 1 where a < b, else 0. No gradient flows through it.
type Less struct{ backward }

func (Less) Name() string                      { return "less" }
func (Less) Infer(in []Shape) ([]Shape, error) { return Add{}.Infer(in) }

// Stops says that no gradient flows through it.
func (Less) Stops(int) bool { return true }

// MatMul is a(n, m, k) b(n, k, p) for each of n matrices: (n, m, p).
type MatMul struct{}

func (MatMul) Name() string { return "matmul" }
func (MatMul) Infer(in []Shape) ([]Shape, error) {
	a, b := in[0], in[1]
	if len(a) != 3 || len(b) != 3 || a[0] != b[0] || a[2] != b[1] {
		return nil, misfit("shapes %v and %v do not fit", a, b)
	}
	return []Shape{{a[0], a[1], b[2]}}, nil
}

func (MatMul) Grad(g *Graph, c *Call, dy *Node) []*Node {
	a := algebra{g}
	return []*Node{a.matmul(dy, a.swap(c.In[1], 1, 2)), a.matmul(a.swap(c.In[0], 1, 2), dy)}
}

// Transpose swaps two axes.
type Transpose struct{ A, B int }

func (Transpose) Name() string { return "transpose" }
func (o Transpose) Infer(in []Shape) ([]Shape, error) {
	if min(o.A, o.B) < 0 || max(o.A, o.B) >= len(in[0]) {
		return nil, misfit("%v has no axes %d and %d", in[0], o.A, o.B)
	}
	s := append(Shape{}, in[0]...)
	s[o.A], s[o.B] = s[o.B], s[o.A]
	return []Shape{s}, nil
}
func (o Transpose) Grad(g *Graph, _ *Call, dy *Node) []*Node { return []*Node{g.Apply(o, dy)} }

// Broadcast repeats the only element of an axis.
type Broadcast struct{ Axis, Size int }

func (Broadcast) Name() string { return "broadcast" }
func (o Broadcast) Infer(in []Shape) ([]Shape, error) {
	return in[0].along(o.Axis, 1, o.Size)
}

func (o Broadcast) Grad(g *Graph, _ *Call, dy *Node) []*Node {
	return []*Node{g.Apply(Reduce{Axis: o.Axis}, dy)}
}

// along is s with another size of an axis, which was have if that is not 0.
func (s Shape) along(axis, have, size int) ([]Shape, error) {
	if axis < 0 || axis >= len(s) || size < 1 || have != 0 && s[axis] != have {
		return nil, misfit("%v has no axis %d of size %d to be made %d", s, axis, have, size)
	}
	s = append(Shape{}, s...)
	s[axis] = size
	return []Shape{s}, nil
}

// Reduce is the sum over an axis, or the largest element, which stays as one of
// size 1. The gradient of the largest goes to all that are equal to it.
type Reduce struct {
	Max  bool
	Axis int
}

func (Reduce) Name() string { return "reduce" }
func (o Reduce) Infer(in []Shape) ([]Shape, error) {
	return in[0].along(o.Axis, 0, 1)
}

func (o Reduce) Grad(g *Graph, c *Call, dy *Node) []*Node {
	a, x := algebra{g}, c.In[0]
	dx := a.like(dy, x)
	if o.Max {
		dx = a.times(dx, a.not(a.less(x, a.like(c.Out[0], x))))
	}
	return []*Node{dx}
}

// Slice is Size elements of an axis, from one on.
type Slice struct{ Axis, From, Size int }

func (Slice) Name() string { return "slice" }
func (o Slice) Infer(in []Shape) ([]Shape, error) {
	if o.Axis < 0 || o.Axis >= len(in[0]) || o.From < 0 || o.From+o.Size > in[0][o.Axis] {
		return nil, misfit("%v has no %d elements from %d on along axis %d", in[0], o.Size, o.From, o.Axis)
	}
	return in[0].along(o.Axis, 0, o.Size)
}

func (o Slice) Grad(g *Graph, c *Call, dy *Node) []*Node {
	after := c.In[0].shape[o.Axis] - o.From - o.Size
	return []*Node{g.Apply(Pad{Axis: o.Axis, Before: o.From, After: after}, dy)}
}

// Pad puts zeros before and after an axis.
type Pad struct{ Axis, Before, After int }

func (Pad) Name() string { return "pad" }
func (o Pad) Infer(in []Shape) ([]Shape, error) {
	if o.Axis < 0 || o.Axis >= len(in[0]) || min(o.Before, o.After) < 0 {
		return nil, misfit("%v cannot be padded by %d and %d along axis %d", in[0], o.Before, o.After, o.Axis)
	}
	return in[0].along(o.Axis, 0, o.Before+in[0][o.Axis]+o.After)
}

func (o Pad) Grad(g *Graph, c *Call, dy *Node) []*Node {
	return []*Node{g.Apply(Slice{Axis: o.Axis, From: o.Before, Size: c.In[0].shape[o.Axis]}, dy)}
}

// Count is the numbers 0, 1, ... (Size).
type Count struct {
	backward
	Size int
}

func (Count) Name() string                     { return "count" }
func (o Count) Infer([]Shape) ([]Shape, error) { return []Shape{{o.Size}}, nil }

// Still is x, without a gradient.
type Still struct{ backward }

func (Still) Name() string                      { return "still" }
func (Still) Infer(in []Shape) ([]Shape, error) { return in[:1], nil }

// Stops says that no gradient flows through it.
func (Still) Stops(int) bool { return true }

// An algebra adds primitives, in words that read like formulas.
type algebra struct{ *Graph }

func (a algebra) mapped(k MapKind, x *Node) *Node         { return a.Apply(Map{k}, x) }
func (a algebra) affine(x *Node, f, offset float64) *Node { return a.Apply(Affine{f, offset}, x) }
func (a algebra) times(x, y *Node) *Node                  { return a.Apply(Multiply{}, x, y) }
func (a algebra) over(x, y *Node) *Node                   { return a.Apply(Divide{}, x, y) }
func (a algebra) minus(x, y *Node) *Node                  { return a.Add(x, a.affine(y, -1, 0)) }
func (a algebra) less(x, y *Node) *Node                   { return a.Apply(Less{}, x, y) }
func (a algebra) not(x *Node) *Node                       { return a.affine(x, -1, 1) }
func (a algebra) matmul(x, y *Node) *Node                 { return a.Apply(MatMul{}, x, y) }
func (a algebra) swap(x *Node, i, j int) *Node            { return a.Apply(Transpose{i, j}, x) }
func (a algebra) sum(x *Node, axis int) *Node             { return a.Apply(Reduce{Axis: axis}, x) }

// zero is 0 in the shape of x.
func (a algebra) zero(x *Node) *Node { return a.number(0, x) }

// number is a number in the shape of x.
func (a algebra) number(v float32, x *Node) *Node {
	if x == nil {
		return nil
	}
	return a.Reshape(a.Apply(Constant{Value: v, Size: x.shape.Size()}), x.shape...)
}

// like repeats x, which has as many axes as y or lacks the first ones, to the
// shape of y.
func (a algebra) like(x, y *Node) *Node {
	if x == nil || y == nil {
		return nil
	}
	return a.repeated(x, y.shape)
}

func (a algebra) repeated(x *Node, to Shape) *Node {
	if n := len(to) - len(x.shape); n > 0 {
		s := append(Shape{}, to...)
		for i := range s {
			if s[i] = 1; i >= n {
				s[i] = x.shape[i-n]
			}
		}
		x = a.Reshape(x, s...)
	}
	for i, size := range to {
		if x != nil && x.shape[i] != size {
			x = a.Apply(Broadcast{i, size}, x)
		}
	}
	return x
}

// choose is x where mask is 1, y where it is 0, and between them between.
func (a algebra) choose(mask, x, y *Node) *Node {
	return a.Add(a.times(mask, x), a.times(a.not(mask), y))
}

// before is a mask (n, size) of what is before lengths (n); all if there are none.
func (a algebra) before(lengths *Node, n, size int) *Node {
	to := Shape{n, size}
	if lengths == nil {
		return a.Reshape(a.Apply(Constant{Value: 1, Size: n * size}), to...)
	}
	return a.less(a.repeated(a.Apply(Count{Size: size}), to), a.repeated(a.Reshape(lengths, n, 1), to))
}
