package graph

// LayerNorm is (x - mean) / sqrt(variance + Epsilon) gamma + beta over the last
// axis of x(..., d), with gamma(d) and beta(d); beta may be left out. The variance
// is the biased one (Ba et al., "Layer Normalization", 2016). The second result
// is the mean and the inverse deviation of each row.
type LayerNorm struct{ Epsilon float64 }

// LayerNorm normalises rows by their mean and deviation; beta may be nil.
func (g *Graph) LayerNorm(x, gamma, beta *Node, epsilon float64) *Node {
	return g.Apply(LayerNorm{epsilon}, x, gamma, beta)
}

// RMSNorm is x / sqrt(mean(x²) + Epsilon) gamma over the last axis of x(..., d),
// with gamma(d) (Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019).
type RMSNorm struct{ Epsilon float64 }

// RMSNorm normalises rows by the root of the mean of their squares.
func (g *Graph) RMSNorm(x, gamma *Node, epsilon float64) *Node {
	return g.Apply(RMSNorm{epsilon}, x, gamma, nil)
}

func (LayerNorm) Name() string                        { return "layer norm" }
func (RMSNorm) Name() string                          { return "rms norm" }
func (o LayerNorm) Infer(in []Shape) ([]Shape, error) { return inferRows(in) }
func (o RMSNorm) Infer(in []Shape) ([]Shape, error)   { return inferRows(in) }

func inferRows(in []Shape) ([]Shape, error) {
	x, gamma, beta := in[0], in[1], in[2]
	if len(x) < 2 || gamma == nil || !gamma.vector(x.last()) || !beta.vector(x.last()) {
		return nil, misfit("shapes x%v, gamma%v and beta%v do not fit", x, gamma, beta)
	}
	return []Shape{x, {2 * x.Size() / x.last()}}, nil
}

func (o LayerNorm) Grad(g *Graph, c *Call, dy *Node) []*Node {
	return g.Call(RowNormGrad{Of: "layer norm", Epsilon: o.Epsilon}, c.In[0], c.In[1], c.Out[1], dy).results()
}

func (o RMSNorm) Grad(g *Graph, c *Call, dy *Node) []*Node {
	return g.Call(RowNormGrad{Of: "rms norm", RMS: true, Epsilon: o.Epsilon}, c.In[0], c.In[1], c.Out[1], dy).results()
}

// results are those of a call, which may be nil.
func (c *Call) results() []*Node {
	if c == nil {
		return nil
	}
	return c.Out
}

// RowNormGrad gives the gradients of x, gamma and beta from x, gamma, what the
// norm kept and the gradient of the output.
type RowNormGrad struct {
	backward
	Of      string
	RMS     bool
	Epsilon float64
}

func (o RowNormGrad) Name() string                      { return o.Of + " dx" }
func (o RowNormGrad) Infer(in []Shape) ([]Shape, error) { return []Shape{in[0], in[1], in[1]}, nil }

// BatchNorm normalises rows x(N, C), images x(N, C, H, W) or sequences x(N, T,
// C) by (x - mean) / sqrt(variance + Epsilon) gamma + beta for each channel (Ioffe
// and Szegedy, "Batch Normalization", 2015). Its inputs are x, gamma, beta, the
// running mean and variance, all (C), and the weight of each row or step, which
// may be left out: those with weight 0 do not count, their output is 0. In
// training the running statistics move by the part Momentum towards the mean and
// the unbiased variance of the batch; otherwise they are what is used.
type BatchNorm struct {
	Momentum, Epsilon float64
	Training          bool
}

// A Batch is what BatchNorm works with beside its input: parameters and running
// statistics (C), and, if not nil, the weight (N) of examples and the length (N)
// of sequences.
type Batch struct{ Gamma, Beta, Mean, Variance, Weight, Lengths *Node }

// BatchNorm normalises each channel over the batch.
func (g *Graph) BatchNorm(x *Node, o BatchNorm, b Batch) *Node {
	if g.err != nil {
		return nil
	}
	weight := b.Weight
	if len(x.shape) == 3 && (weight != nil || b.Lengths != nil) {
		weight = g.Apply(StepMask{Examples: x.shape[0], Steps: x.shape[1]}, b.Lengths, b.Weight)
	} else if b.Lengths != nil {
		return g.fail("%s: lengths of x%v", o.Name(), x.shape)
	}
	return g.Apply(o, x, b.Gamma, b.Beta, b.Mean, b.Variance, weight)
}

func (BatchNorm) Name() string { return "batch norm" }

func (o BatchNorm) Infer(in []Shape) ([]Shape, error) {
	x := in[0]
	rows, c := 0, 0
	switch len(x) {
	case 2, 4:
		rows, c = x[0], x[1]
	case 3:
		rows, c = x[0]*x[1], x[2]
	default:
		return nil, misfit("want rows (n, c), images (n, c, h, w) or sequences (n, t, c), got shape %v", x)
	}
	for _, p := range in[1:5] {
		if p == nil || !p.vector(c) {
			return nil, misfit("gamma, beta and the running statistics of x%v have shape (%d), not %v", x, c, p)
		}
	}
	if !in[5].vector(rows) {
		return nil, misfit("weights %v do not fit x%v", in[5], x)
	}
	return []Shape{x, {2 * c}}, nil
}

// Stops says that no gradient flows to running statistics and weights.
func (BatchNorm) Stops(input int) bool { return input > 2 }

// Updates lists the running statistics.
func (o BatchNorm) Updates() []int {
	if o.Training {
		return []int{3, 4}
	}
	return nil
}

func (o BatchNorm) Grad(g *Graph, c *Call, dy *Node) []*Node {
	return append(g.Call(BatchNormGrad{Norm: o}, c.In[0], c.In[1], c.Out[1], dy, c.In[5]).results(), nil, nil, nil)
}

// BatchNormGrad gives the gradients of x, gamma and beta from x, gamma, what the
// norm kept, the gradient of the output and the weights.
type BatchNormGrad struct {
	backward
	Norm BatchNorm
}

func (BatchNormGrad) Name() string                      { return "batch norm dx" }
func (BatchNormGrad) Infer(in []Shape) ([]Shape, error) { return []Shape{in[0], in[1], in[1]}, nil }

// StepMask is 1 for the valid steps of the examples that exist, else 0, as one
// vector: of lengths (Examples) and weights (Examples), of which one may be left out.
type StepMask struct {
	backward
	Examples, Steps int
}

func (StepMask) Name() string { return "step mask" }
func (o StepMask) Infer(in []Shape) ([]Shape, error) {
	if !in[0].vector(o.Examples) || !in[1].vector(o.Examples) {
		return nil, misfit("lengths %v or weights %v of %d examples", in[0], in[1], o.Examples)
	}
	return []Shape{{o.Examples * o.Steps}}, nil
}

// Stops says that no gradient flows through it.
func (StepMask) Stops(int) bool { return true }

// GroupNorm normalises each of so many groups of channels of an example by
// itself, over all its pixels: rows x(N, C) or images x(N, C, H, W), with gamma(C)
// and beta(C) (Wu and He, "Group Normalization", 2018).
type GroupNorm struct {
	Groups  int
	Epsilon float64
}

// GroupNorm normalises groups of channels; of sequences x(N, T, C) all steps
// count, it knows of no lengths.
func (g *Graph) GroupNorm(x, gamma, beta *Node, groups int, epsilon float64) *Node {
	o := GroupNorm{groups, epsilon}
	if g.err != nil {
		return nil
	}
	if len(x.shape) != 3 {
		return g.Apply(o, x, gamma, beta)
	}
	n, t, c := x.shape[0], x.shape[1], x.shape[2] // channels first, and back
	y := g.Apply(o, g.Reshape(g.SwapAxes(x), n, c, t, 1), gamma, beta)
	return g.SwapAxes(g.Reshape(y, n, c, t))
}

func (GroupNorm) Name() string { return "group norm" }

func (o GroupNorm) Infer(in []Shape) ([]Shape, error) {
	x, gamma, beta := in[0], in[1], in[2]
	if len(x) != 2 && len(x) != 4 || gamma == nil || beta == nil || !gamma.vector(x[1]) || !beta.vector(x[1]) {
		return nil, misfit("shapes x%v, gamma%v and beta%v do not fit", x, gamma, beta)
	}
	if o.Groups < 1 || x[1]%o.Groups != 0 {
		return nil, misfit("%d channels are not divided by %d groups", x[1], o.Groups)
	}
	return []Shape{x, {2 * x[0] * o.Groups}}, nil
}

func (o GroupNorm) Grad(g *Graph, c *Call, dy *Node) []*Node {
	return g.Call(GroupNormGrad{Norm: o}, c.In[0], c.In[1], c.Out[1], dy).results()
}

// GroupNormGrad is to GroupNorm what RowNormGrad is to LayerNorm.
type GroupNormGrad struct {
	backward
	Norm GroupNorm
}

func (GroupNormGrad) Name() string                      { return "group norm dx" }
func (GroupNormGrad) Infer(in []Shape) ([]Shape, error) { return []Shape{in[0], in[1], in[1]}, nil }

// Softmax is exp(x) / sum(exp(x)) over the last axis of x(..., d). With lengths
// (N), for which the rows of an example are together, only so many of the first
// elements take part; the others, and rows without any, are 0.
type Softmax struct{}

// Softmax makes probabilities of the last axis; lengths may be nil.
func (g *Graph) Softmax(x, lengths *Node) *Node { return g.Apply(Softmax{}, x, lengths) }

func (Softmax) Name() string { return "softmax" }
func (Softmax) Infer(in []Shape) ([]Shape, error) {
	if x := in[0]; len(x) < 2 || !in[1].vector(x[0]) {
		return nil, misfit("shapes x%v and lengths%v do not fit", x, in[1])
	}
	return in[:1], nil
}

// Stops says that no gradient flows to lengths.
func (Softmax) Stops(input int) bool { return input == 1 }

func (Softmax) Grad(g *Graph, c *Call, dy *Node) []*Node {
	return []*Node{g.Apply(SoftmaxGrad{}, c.Out[0], dy, c.In[1]), nil}
}

// SoftmaxGrad is the gradient of x, from y, dy and lengths.
type SoftmaxGrad struct{ backward }

func (SoftmaxGrad) Name() string                      { return "softmax dx" }
func (SoftmaxGrad) Infer(in []Shape) ([]Shape, error) { return in[:1], nil }
