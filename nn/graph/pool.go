package graph

// Pool is the largest element, or the mean, of each window of KH by KW of images
// x(n, c, h, w): y(n, c, h', w'), with h' = (h + padding - KH) / stride + 1; of
// sequences x(n, t, d) that of each KH steps: y(n, t', d), of which lengths(n),
// which may be left out, says how many there are; a window behind the end gives 0.
//
// A padding has no part in it and is smaller than the window, but in a mean with
// CountPadding, which is that of the zeros too. The gradient of the largest goes
// to the first of the largest, in row order.
type Pool struct {
	Max          bool
	Sequences    bool
	KH, KW       int
	Window       Window
	CountPadding bool
}

// MaxPool2D is the largest element of each window of kh by kw of images.
func (g *Graph) MaxPool2D(x *Node, kh, kw int, window Window) *Node {
	return g.Apply(Pool{Max: true, KH: kh, KW: kw, Window: window.withDefaults()}, x, nil)
}

// AvgPool2D is the mean of each window of kh by kw of images.
func (g *Graph) AvgPool2D(x *Node, kh, kw int, window Window, countPadding bool) *Node {
	return g.Apply(Pool{KH: kh, KW: kw, Window: window.withDefaults(), CountPadding: countPadding}, x, nil)
}

// MaxPool1D is the largest of each k steps of sequences; lengths may be nil.
func (g *Graph) MaxPool1D(x, lengths *Node, k int, window Window) *Node {
	return g.pool1D(x, lengths, Pool{Max: true, KH: k, Window: window})
}

// AvgPool1D is the mean of each k steps of sequences; lengths may be nil.
func (g *Graph) AvgPool1D(x, lengths *Node, k int, window Window, countPadding bool) *Node {
	return g.pool1D(x, lengths, Pool{KH: k, Window: window, CountPadding: countPadding})
}

func (g *Graph) pool1D(x, lengths *Node, o Pool) *Node {
	o.Window = o.Window.withDefaults()
	o.Sequences, o.KW, o.Window.StrideW, o.Window.DilationW, o.Window.Left, o.Window.Right = true, 1, 1, 1, 0, 0
	return g.Apply(o, x, lengths)
}

func (o Pool) Name() string {
	if o.Max {
		return "max pooling"
	}
	return "average pooling"
}

// planes is how many planes there are, and their size.
func (o Pool) planes(x Shape) (n, h, w int) {
	if o.Sequences {
		return x[0], x[1], x[2]
	}
	return x[0] * x[1], x[2], x[3]
}

func (o Pool) Infer(in []Shape) ([]Shape, error) {
	x, v := in[0], o.Window
	if o.Sequences && (len(x) != 3 || !in[1].vector(x[0])) {
		return nil, misfit("want sequences (n, t, d) and lengths (n), got shapes %v and %v", x, in[1])
	}
	if !o.Sequences && len(x) != 4 {
		return nil, misfit("want images (n, c, h, w), got shape %v", x)
	}
	_, h, w := o.planes(x)
	switch {
	case min(o.KH, o.KW, v.StrideH, v.StrideW) < 1 || v.DilationH != 1 || v.DilationW != 1:
		return nil, misfit("windows of %dx%d with stride %dx%d and dilation %dx%d", o.KH, o.KW, v.StrideH, v.StrideW, v.DilationH, v.DilationW)
	case min(v.Top, v.Bottom, v.Left, v.Right) < 0 || max(v.Top, v.Bottom) >= o.KH || max(v.Left, v.Right) >= o.KW:
		return nil, misfit("padding %v is not smaller than the window %dx%d", v.Padding, o.KH, o.KW)
	case h+v.Top+v.Bottom < o.KH || w+v.Left+v.Right < o.KW:
		return nil, misfit("a window of %dx%d does not fit into %v with its padding", o.KH, o.KW, x)
	}
	oh := out(h, v.Top, v.Bottom, o.KH, v.StrideH, 1)
	if o.Sequences {
		return []Shape{{x[0], oh, x[2]}}, nil
	}
	return []Shape{{x[0], x[1], oh, out(w, v.Left, v.Right, o.KW, v.StrideW, 1)}}, nil
}

func (o Pool) Grad(g *Graph, c *Call, dy *Node) []*Node {
	_, h, w := o.planes(c.In[0].shape)
	grad := PoolGrad{Pool: o, H: h, W: w}
	if o.Max { // which element it was is found again
		return []*Node{g.Apply(grad, c.In[0], c.Out[0], dy, c.In[1]), nil}
	}
	return []*Node{g.Apply(grad, nil, nil, dy, c.In[1]), nil}
}

// Stops says that no gradient flows to lengths.
func (Pool) Stops(input int) bool { return input == 1 }

// PoolGrad is the gradient of inputs of size (H, W), or H steps: of x and y, both
// left out for a mean, dy and lengths.
type PoolGrad struct {
	backward
	Pool Pool
	H, W int
}

func (o PoolGrad) Name() string { return o.Pool.Name() + " dx" }
func (o PoolGrad) Infer(in []Shape) ([]Shape, error) {
	dy := in[2]
	if o.Pool.Sequences {
		return []Shape{{dy[0], o.H, dy[2]}}, nil
	}
	return []Shape{{dy[0], dy[1], o.H, o.W}}, nil
}

// GlobalPool is the largest element, or the mean, of each plane of x(n, c, h, w):
// y(n, c).
type GlobalPool struct{ Max bool }

// GlobalMaxPool is the largest element of each plane of images.
func (g *Graph) GlobalMaxPool(x *Node) *Node { return g.Apply(GlobalPool{Max: true}, x) }

// GlobalAvgPool is the mean of each plane of images.
func (g *Graph) GlobalAvgPool(x *Node) *Node { return g.Apply(GlobalPool{}, x) }

func (o GlobalPool) Name() string {
	if o.Max {
		return "global max pooling"
	}
	return "global average pooling"
}

func (o GlobalPool) Infer(in []Shape) ([]Shape, error) {
	if len(in[0]) != 4 {
		return nil, misfit("want images (n, c, h, w), got shape %v", in[0])
	}
	return []Shape{in[0][:2]}, nil
}

func (o GlobalPool) Grad(g *Graph, c *Call, dy *Node) []*Node {
	x := c.In[0]
	grad := GlobalPoolGrad{Pool: o, H: x.shape[2], W: x.shape[3]}
	if o.Max {
		return []*Node{g.Apply(grad, x, c.Out[0], dy)}
	}
	return []*Node{g.Apply(grad, nil, nil, dy)}
}

// GlobalPoolGrad is the gradient of images of size (H, W): of x and y, both left
// out for a mean, and dy.
type GlobalPoolGrad struct {
	backward
	Pool GlobalPool
	H, W int
}

func (o GlobalPoolGrad) Name() string { return o.Pool.Name() + " dx" }
func (o GlobalPoolGrad) Infer(in []Shape) ([]Shape, error) {
	return []Shape{{in[2][0], in[2][1], o.H, o.W}}, nil
}
