package nn

import (
	"fmt"

	"pipe/nn/graph"
)

// Structure is how layers are joined, and how values are laid out.
type Structure struct {
	Residual *Residual `yaml:"residual" json:"residual,omitempty" doc:"Add the input of some layers to their output. If shapes differ the input passes through a projection."`
	Concat   *Concat   `yaml:"concat" json:"concat,omitempty" doc:"Join the outputs of branches, by channels of images or the last axis."`
	Flatten  *Flatten  `yaml:"flatten" json:"flatten,omitempty" doc:"Features from images or sequences: all their values."`
	Reshape  *Reshape  `yaml:"reshape" json:"reshape,omitempty" doc:"Take the values of a row as features, a sequence [steps, values] or an image [channels, height, width]."`
}

// Residual adds its input to the output of its layers. If they differ in shape
// the input is projected, see Node.Projection.
type Residual struct {
	Layers []Layer `yaml:"layers" json:"layers" short:"true" required:"true" min:"1" max:"1000" doc:"The layers that are skipped."`
}

func (l *Residual) expand(_, at string) ([]Layer, bool) {
	return []Layer{NewLayer("residual", &Residual{Layers: Expand(l.Layers, at+".layers")})}, false
}

func (l *Residual) words() string { return "" }

func (l *Residual) infer(s *step) error {
	if len(l.Layers) == 0 {
		return s.wrong("layers", "", "has no layers")
	}
	inner, out, err := s.list(s.Path, l.Layers, s.in)
	if err != nil {
		return err
	}
	s.Inner = [][]Node{inner}
	s.out = out
	s.out.raw = false
	for i := range inner {
		s.Flops += inner[i].Flops
	}
	s.Flops += count(out.shape.Size())
	return s.project(out)
}

func (l *Residual) build(b *builder, n *Node, x *graph.Node) *graph.Node {
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

// project finds the projection of a residual.
func (s *step) project(out flow) error {
	in, to := s.in.shape, out.shape
	equal := len(in) == len(to)
	for i := 0; equal && i < len(in); i++ {
		equal = mayEqual(in[i], to[i])
	}
	if equal {
		return nil
	}
	l, ok := projection(in, to)
	switch known := in.Size() != Unknown && to.Size() != Unknown; {
	case ok && !known:
		return nil // which stride it takes follows from the data
	case !ok:
		return s.wrong("layers", "let its layers keep the shape, or divide it by a stride",
			"turns %s into %s, and no projection of its input can be added to that", in, to)
	}
	l.from = s.Layer.from.part()
	p, _, err := s.layer(s.Path+".projection", l, s.in, nil)
	if err != nil {
		return err
	}
	s.Projection = &p
	s.Flops += p.Flops
	return nil
}

// projection is a layer that makes the shape to of in; ok also says whether there may be
// one where a dimension is Unknown.
func projection(in, to Shape) (l Layer, ok bool) {
	switch {
	case len(in) != len(to):
		return l, false
	case len(in) == 3:
		h, okH := strideOf(in[1], to[1])
		w, okW := strideOf(in[2], to[2])
		return NewLayer("conv2d", &Conv2D{Filters: to[0], Kernel: Pair{1}, Stride: Pair{h, w}, Dilation: Pair{1},
			Padding: Valid, Groups: 1, Activation: Linear}), okH && okW
	case len(in) == 2 && in[0] != to[0]:
		t, ok := strideOf(in[0], to[0])
		return NewLayer("conv1d", &Conv1D{Filters: to[1], Kernel: 1, Stride: t, Dilation: 1, Padding: Valid, Groups: 1, Activation: Linear}), ok
	}
	return dense(to[len(to)-1], Linear), true
}

// strideOf is the smallest stride with which n inputs give m outputs. Of Unknown ones any may.
func strideOf(n, m int) (int, bool) {
	switch {
	case n == Unknown || m == Unknown:
		return 1, true
	case m > n:
		return 0, false
	}
	stride := (n-1)/m + 1 // the smallest s with (n-1)/s < m
	return stride, (n-1)/stride+1 == m && stride <= maxWindow
}

// Concat joins the outputs of branches that all get its input: channels of
// images, else the last axis. An empty branch is the input itself.
type Concat struct {
	Branches [][]Layer `yaml:"branches" json:"branches" short:"true" required:"true" min:"2" max:"100" doc:"Lists of layers that all get the same input. An empty one is the input itself."`
}

func (l *Concat) expand(_, at string) ([]Layer, bool) {
	full := &Concat{}
	for i, branch := range l.Branches {
		full.Branches = append(full.Branches, Expand(branch, child(at+".branches", i)))
	}
	return []Layer{NewLayer("concat", full)}, false
}

func (l *Concat) words() string { return fmt.Sprintf("%d branches", len(l.Branches)) }

func (l *Concat) infer(s *step) error {
	if len(l.Branches) < 2 {
		return s.wrong("branches", "write a list of lists of layers", "has %d branches: want at least 2", len(l.Branches))
	}
	for i, branch := range l.Branches {
		nodes, out, err := s.list(child(s.Path, i), branch, s.in)
		if err != nil {
			return err
		}
		s.Inner = append(s.Inner, nodes)
		for j := range nodes {
			s.Flops += nodes[j].Flops
		}
		if i == 0 {
			s.out = out
			s.out.shape = append(Shape{}, out.shape...)
			continue
		}
		was := s.out.shape
		if !s.out.join(out) {
			return s.wrong("branches", "all branches must agree, but for channels of images and the last axis of others",
				"cannot join %s of branch %d with %s", out.shape, i+1, was)
		}
	}
	s.out.raw = false
	return nil
}

// build puts branches side by side: the channels of images, which come first, else
// the last axis.
func (l *Concat) build(b *builder, n *Node, x *graph.Node) *graph.Node {
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

// join adds what another branch gives: the channels of images, which come first,
// else the last axis. It says whether that is possible.
func (f *flow) join(other flow) bool {
	if !f.shape.joins(other.shape) {
		return false
	}
	axis := len(other.shape) - 1
	if axis == 2 {
		axis = 0
	}
	for j, d := range other.shape {
		switch {
		case j == axis:
			f.shape[j] = plus(f.shape[j], d)
		case f.shape[j] == Unknown:
			f.shape[j] = d
		}
	}
	if f.lengths != other.lengths {
		f.lengths = ""
	}
	f.raw = false
	return true
}

// joins says whether two shapes can be joined by channels.
func (s Shape) joins(t Shape) bool {
	switch {
	case len(s) != len(t):
		return false
	case len(s) == 3:
		return mayEqual(s[1], t[1]) && mayEqual(s[2], t[2])
	case len(s) == 2:
		return mayEqual(s[0], t[0])
	}
	return true
}

// Flatten makes features of anything.
type Flatten struct{}

func (l *Flatten) words() string { return "" }

func (l *Flatten) infer(s *step) error {
	s.out = flow{shape: Shape{s.in.shape.Size()}, raw: s.in.raw}
	return nil
}

func (l *Flatten) build(b *builder, n *Node, x *graph.Node) *graph.Node {
	return b.Reshape(x, append([]int{b.rows}, n.Out...)...)
}

// Reshape takes the values of a row as another shape, row-major. One of the
// dimensions may be -1: what is left for it.
type Reshape struct {
	Dims []int `yaml:"dims" json:"dims" short:"true" single:"true" required:"true" min:"1" max:"3" doc:"The dimensions; one of them may be -1, which then follows from the others."`
}

func (l *Reshape) words() string { return Shape(l.Dims).String() }

func (l *Reshape) infer(s *step) error {
	if len(l.Dims) < 1 || len(l.Dims) > 3 {
		return s.wrong("dims", "write [steps, values] or [channels, height, width]", "has %d dimensions: want 1 to 3", len(l.Dims))
	}
	open, known := -1, Shape{}
	for i, d := range l.Dims {
		switch {
		case d == Unknown && open >= 0:
			return s.wrong("dims", "", "has -1 twice: only one dimension can follow from the others")
		case d == Unknown:
			open = i
		case d < 1 || d > maxValues:
			return s.wrong("dims", "", "has the dimension %d: want 1 to %d", d, maxValues)
		default:
			known = append(known, d)
		}
	}
	out := append(Shape{}, l.Dims...)
	have, want := s.in.shape.Size(), checkedSize(known)
	switch {
	case have == Unknown: // as many as it takes
	case open < 0 && int64(have) != want:
		return s.wrong("dims", s.featuresHint(), "to %s wants %d values, but gets %s, which are %d", out, want, s.in.shape, have)
	case open >= 0 && int64(have)%want != 0:
		return s.wrong("dims", s.featuresHint(), "to %s wants a multiple of %d values, but gets %s, which are %d", out, want, s.in.shape, have)
	case open >= 0:
		out[open] = have / int(want)
	}
	s.out = flow{shape: out, raw: s.in.raw}
	return nil
}

func (l *Reshape) build(b *builder, n *Node, x *graph.Node) *graph.Node {
	return b.Reshape(x, append([]int{b.rows}, n.Out...)...)
}

func (s *step) featuresHint() string {
	if s.in.raw {
		return "its values are the features of the data set: make the product of the dimensions their number"
	}
	return "make the product of the dimensions equal to the number of values"
}
