package graph

// A Padding is how many zeros are put around an image, or before and after a
// sequence (Top and Bottom).
type Padding struct{ Top, Bottom, Left, Right int }

// A Window says how a convolution or a pooling goes over its input: the distance
// between windows, the distance between the elements of one, both 1 if they are
// 0, and the padding. For sequences those of the height count.
type Window struct {
	StrideH, StrideW     int
	DilationH, DilationW int // of convolutions only
	Padding
}

func (w Window) withDefaults() Window {
	for _, p := range []*int{&w.StrideH, &w.StrideW, &w.DilationH, &w.DilationW} {
		if *p == 0 {
			*p = 1
		}
	}
	return w
}

// out is how many windows of k elements there are along an axis.
func out(size, before, after, k, stride, dilation int) int {
	return (size+before+after-dilation*(k-1)-1)/stride + 1
}

// Conv is a convolution (cross-correlation, as everywhere in deep learning) with
// weights w, plus b(m), which may be left out, through an activation. Over images
// x(n, c, h, w) weights are w(m, c/Groups, kh, kw) and y(n, m, h', w') with h' = (h
// + padding - dilation (kh-1) - 1) / stride + 1, and so for w'. Over sequences
// x(n, t, c) weights are w(m, c/Groups, k) and y(n, t', m); what x holds behind
// the end of a sequence takes part: see MaskSteps.
type Conv struct {
	Sequences bool
	Window    Window // no zeros but in the padding
	Groups    int
	Act       Activation
}

// Conv2D is the convolution of images.
func (g *Graph) Conv2D(x, w, b *Node, window Window, groups int, act Activation) *Node {
	return g.conv(x, w, b, Conv{Window: window.withDefaults(), Groups: groups, Act: act})
}

// Conv1D is the convolution of sequences.
func (g *Graph) Conv1D(x, w, b *Node, window Window, groups int, act Activation) *Node {
	window = window.withDefaults()
	window.StrideW, window.DilationW, window.Left, window.Right = 1, 1, 0, 0
	return g.conv(x, w, b, Conv{Sequences: true, Window: window, Groups: groups, Act: act})
}

func (g *Graph) conv(x, w, b *Node, o Conv) *Node {
	if act := o.Act; !act.fromOutput() { // its derivative takes what is before it
		o.Act = Activation{}
		return g.Activate(g.Apply(o, x, w, b), act)
	}
	return g.Apply(o, x, w, b)
}

func (o Conv) Name() string {
	if o.Sequences {
		return "sequence convolution"
	}
	return "convolution"
}

// planes is the channels and the size of images or sequences.
func (o Conv) planes(x Shape) (c, h, w int) {
	if o.Sequences {
		return x[2], x[1], 1
	}
	return x[1], x[2], x[3]
}

// kernel is the size of the window of weights.
func (o Conv) kernel(w Shape) (kh, kw int) {
	if o.Sequences {
		return w[2], 1
	}
	return w[2], w[3]
}

func (o Conv) Infer(in []Shape) ([]Shape, error) {
	x, w, b := in[0], in[1], in[2]
	rank, what := 4, "images (n, c, h, w) and weights (m, c, h, w)"
	if o.Sequences {
		rank, what = 3, "sequences (n, t, c) and weights (m, c, k)"
	}
	if len(x) != rank || len(w) != rank {
		return nil, misfit("want %s, got shapes %v and %v", what, x, w)
	}
	c, height, width := o.planes(x)
	kh, kw := o.kernel(w)
	v := o.Window
	switch {
	case min(v.StrideH, v.StrideW, v.DilationH, v.DilationW) < 1:
		return nil, misfit("of %v: a stride or a dilation is below 1", x)
	case min(v.Top, v.Bottom, v.Left, v.Right) < 0:
		return nil, misfit("of %v: a padding is below 0", x)
	case o.Groups < 1 || c%o.Groups != 0 || w[0]%o.Groups != 0:
		return nil, misfit("of %v: %d groups do not divide %d and %d channels", x, o.Groups, c, w[0])
	case height+v.Top+v.Bottom <= v.DilationH*(kh-1) || width+v.Left+v.Right <= v.DilationW*(kw-1):
		return nil, misfit("of %v: a window of %dx%d, dilated by %dx%d, does not fit into it with its padding", x, kh, kw, v.DilationH, v.DilationW)
	case w[1] != c/o.Groups || !b.vector(w[0]):
		return nil, misfit("shapes x%v, w%v and b%v do not fit with %d groups", x, w, b, o.Groups)
	case !o.Act.fromOutput():
		return nil, misfit("%s is an operator of its own, its gradient takes what is before it", o.Act.Kind)
	}
	h := out(height, v.Top, v.Bottom, kh, v.StrideH, v.DilationH)
	if o.Sequences {
		return []Shape{{x[0], h, w[0]}}, nil
	}
	return []Shape{{x[0], w[0], h, out(width, v.Left, v.Right, kw, v.StrideW, v.DilationW)}}, nil
}

func (o Conv) Grad(g *Graph, c *Call, dy *Node) []*Node {
	dy = g.before(o.Act, c.Out[0], dy)
	o.Act = Activation{}
	grads := make([]*Node, 3)
	if c.Wants(0) {
		_, h, w := o.planes(c.In[0].shape)
		grads[0] = g.Apply(ConvGradInput{Conv: o, H: h, W: w}, dy, c.In[1])
	}
	if c.Wants(1) {
		kh, kw := o.kernel(c.In[1].shape)
		grads[1] = g.Apply(ConvGradWeight{Conv: o, KH: kh, KW: kw}, c.In[0], dy)
	}
	if c.Wants(2) {
		grads[2] = g.Apply(ConvGradBias{Conv: o}, dy)
	}
	return grads
}

// ConvGradInput is the gradient of inputs of size (H, W), or H steps, from that
// of the output and the weights.
type ConvGradInput struct {
	backward
	Conv Conv
	H, W int
}

func (o ConvGradInput) Name() string { return o.Conv.Name() + " dx" }
func (o ConvGradInput) Infer(in []Shape) ([]Shape, error) {
	n, c := in[0][0], in[1][1]*o.Conv.Groups
	if o.Conv.Sequences {
		return []Shape{{n, o.H, c}}, nil
	}
	return []Shape{{n, c, o.H, o.W}}, nil
}

// ConvGradWeight is the gradient of weights with windows of (KH, KW), or KH
// steps, from the input and the gradient of the output.
type ConvGradWeight struct {
	backward
	Conv   Conv
	KH, KW int
}

func (o ConvGradWeight) Name() string { return o.Conv.Name() + " dw" }
func (o ConvGradWeight) Infer(in []Shape) ([]Shape, error) {
	c, _, _ := o.Conv.planes(in[0])
	if o.Conv.Sequences {
		return []Shape{{in[1][2], c / o.Conv.Groups, o.KH}}, nil
	}
	return []Shape{{in[1][1], c / o.Conv.Groups, o.KH, o.KW}}, nil
}

// ConvGradBias is the sum of the gradient of the output by channel.
type ConvGradBias struct {
	backward
	Conv Conv
}

func (o ConvGradBias) Name() string { return o.Conv.Name() + " db" }
func (o ConvGradBias) Infer(in []Shape) ([]Shape, error) {
	c, _, _ := o.Conv.planes(in[0])
	return []Shape{{c}}, nil
}
