package graph

import "math"

// What fused operators mean in primitive ones.
//
// Convolutions and pooling have no decomposition: each backend that we know of has
// them as primitives (convolution and reduce_window of StableHLO, Conv and MaxPool
// of ONNX). Nor has Dropout, and Attention with it: their random numbers are a
// matter of bits. The gradients of operators and what changes states have none
// since nothing is differentiated through them, and the tests hold the former
// against those of the decompositions.

// Decompose is Apply for what an operator means, as far as it says that.
func (g *Graph) Decompose(op Op, in ...*Node) *Node {
	d, ok := op.(Decomposer)
	if !ok || g.err != nil {
		return g.Apply(op, in...)
	}
	return d.Decompose(g, in)
}

// softplus is log(1 + e^x), without overflow: max(x, 0) + log(1 + e^-|x|).
func (a algebra) softplus(x *Node) *Node {
	rest := a.mapped(Log, a.affine(a.mapped(Exp, a.affine(a.mapped(Abs, x), -1, 0)), 1, 1))
	return a.Add(a.times(a.less(a.zero(x), x), x), rest)
}

func (o Dense) Decompose(g *Graph, in []*Node) *Node {
	a, x, w := algebra{g}, in[0], in[1]
	k, n := w.shape[0], w.shape[1]
	y := a.matmul(a.Reshape(x, 1, x.shape.Size()/k, k), a.Reshape(w, 1, k, n))
	if in[2] != nil {
		y = a.Add(y, a.like(in[2], y))
	}
	return a.Decompose(Activate(o), a.Reshape(y, x.shape.withLast(n)...))
}

func (SwapAxes) Decompose(g *Graph, in []*Node) *Node { return algebra{g}.swap(in[0], 1, 2) }

func (SumSquares) Decompose(g *Graph, in []*Node) *Node {
	a := algebra{g}
	x := a.Reshape(in[0], in[0].shape.Size())
	return a.Reshape(a.sum(a.times(x, x), 0))
}

func (Positions) Decompose(g *Graph, in []*Node) *Node {
	return g.Add(in[0], algebra{g}.like(in[1], in[0]))
}

// rows is x(..., d) as (m, d).
func (a algebra) rows(x *Node) *Node {
	d := x.shape.last()
	return a.Reshape(x, x.shape.Size()/d, d)
}

// mean is the mean over the last axis of x(m, d), (m, 1).
func (a algebra) mean(x *Node) *Node { return a.affine(a.sum(x, 1), 1/float64(x.shape[1]), 0) }

// normalised is x(m, d) over the root of the mean of its squares by row.
func (a algebra) normalised(x *Node, epsilon float64) *Node {
	root := a.mapped(Sqrt, a.affine(a.mean(a.times(x, x)), 1, epsilon))
	return a.over(x, a.like(root, x))
}

// centred is x(m, d) without its mean by row.
func (a algebra) centred(x *Node) *Node { return a.minus(x, a.like(a.mean(x), x)) }

func (o LayerNorm) Decompose(g *Graph, in []*Node) *Node {
	a := algebra{g}
	y := a.normalised(a.centred(a.rows(in[0])), o.Epsilon)
	y = a.times(y, a.like(in[1], y))
	if in[2] != nil {
		y = a.Add(y, a.like(in[2], y))
	}
	return a.Reshape(y, in[0].shape...)
}

func (o RMSNorm) Decompose(g *Graph, in []*Node) *Node {
	a := algebra{g}
	y := a.normalised(a.rows(in[0]), o.Epsilon)
	return a.Reshape(a.times(y, a.like(in[1], y)), in[0].shape...)
}

func (o GroupNorm) Decompose(g *Graph, in []*Node) *Node {
	a, s := algebra{g}, in[0].shape
	n, c := s[0], s[1]
	rows := n * o.Groups
	y := a.normalised(a.centred(a.Reshape(in[0], rows, s.Size()/rows)), o.Epsilon)
	y = a.Reshape(y, n, c, s.Size()/n/c)
	y = a.Add(a.times(y, a.like(a.Reshape(in[1], c, 1), y)), a.like(a.Reshape(in[2], c, 1), y))
	return a.Reshape(y, s...)
}

// Decompose leaves out that running statistics move in training.
func (o BatchNorm) Decompose(g *Graph, in []*Node) *Node {
	a, x := algebra{g}, in[0]
	s := x.shape
	n, c, plane := s[0], s[1], 1
	switch len(s) {
	case 3:
		n, c = s[0]*s[1], s[2]
	case 4:
		plane = s[2] * s[3]
	}
	byChannel := a.Reshape(a.swap(a.Reshape(x, n, c, plane), 0, 1), c, n*plane)
	column := func(v *Node) *Node { return a.like(a.Reshape(v, c, 1), byChannel) }
	weight := a.number(1, byChannel)
	if in[5] != nil { // those without weight do not count
		w := a.less(a.zero(in[5]), in[5])
		weight = a.Reshape(a.repeated(a.Reshape(w, 1, n, 1), Shape{c, n, plane}), c, n*plane)
	}
	mean, variance := column(in[3]), column(in[4])
	if o.Training {
		share := a.over(weight, a.like(a.sum(weight, 1), weight))
		mean = a.like(a.sum(a.times(share, byChannel), 1), byChannel)
		d := a.minus(byChannel, mean)
		variance = a.like(a.sum(a.times(share, a.times(d, d)), 1), byChannel)
	}
	y := a.over(a.minus(byChannel, mean), a.mapped(Sqrt, a.affine(variance, 1, o.Epsilon)))
	y = a.times(weight, a.Add(a.times(y, column(in[1])), column(in[2])))
	return a.Reshape(a.swap(a.Reshape(y, c, n, plane), 0, 1), s...)
}

// softmax is that of the rows of x(m, d) where a mask is 1; a row without any is 0.
func (a algebra) softmax(x, mask *Node) *Node {
	const far = 1e30
	x = a.choose(mask, x, a.number(-far, x))
	top := a.like(a.Apply(Reduce{Max: true, Axis: 1}, x), x)
	e := a.times(mask, a.mapped(Exp, a.minus(x, top)))
	sum := a.sum(e, 1)
	none := a.not(a.less(a.zero(sum), sum))
	return a.over(e, a.like(a.Add(sum, none), e))
}

func (Softmax) Decompose(g *Graph, in []*Node) *Node {
	a, s := algebra{g}, in[0].shape
	n, d := s[0], s.last()
	m := s.Size() / n / d
	mask := a.repeated(a.Reshape(a.before(in[1], n, d), n, 1, d), Shape{n, m, d})
	return a.Reshape(a.softmax(a.rows(in[0]), a.Reshape(mask, n*m, d)), s...)
}

func (o Attention) Decompose(g *Graph, in []*Node) *Node {
	if o.Dropout != 0 {
		return g.Apply(o, in...)
	}
	a, q, k := algebra{g}, in[0].shape, in[1].shape
	n, tq, tk, d := q[0], q[1], k[1], q[2]
	dh := d / o.Heads
	heads := func(x *Node, t int) *Node { // (n heads, t, dh)
		return a.Reshape(a.swap(a.Reshape(x, n, t, o.Heads, dh), 1, 2), n*o.Heads, t, dh)
	}
	scores := a.affine(a.matmul(heads(in[0], tq), a.swap(heads(in[1], tk), 1, 2)), 1/math.Sqrt(float64(dh)), 0)
	all := Shape{n, o.Heads, tq, tk}
	mask := a.repeated(a.Reshape(a.before(in[3], n, tk), n, 1, 1, tk), all)
	if o.Causal { // a key is not after its query
		after := a.less(a.repeated(a.Reshape(a.Apply(Count{Size: tq}), tq, 1), Shape{tq, tk}), a.repeated(a.Apply(Count{Size: tk}), Shape{tq, tk}))
		mask = a.times(mask, a.repeated(a.not(after), all))
	}
	rows := n * o.Heads * tq
	weights := a.Reshape(a.softmax(a.Reshape(scores, rows, tk), a.Reshape(mask, rows, tk)), n*o.Heads, tq, tk)
	y := a.Reshape(a.matmul(weights, heads(in[2], tk)), n, o.Heads, tq, dh)
	return a.Reshape(a.swap(y, 1, 2), q...)
}

// oneHot is 1 at the place of each of ids(m), of size many: (m, size).
func (a algebra) oneHot(ids *Node, size int) *Node {
	to := Shape{ids.shape.Size(), size}
	at := a.repeated(a.Apply(Count{Size: size}), to)
	id := a.repeated(a.Reshape(ids, to[0], 1), to)
	return a.not(a.Add(a.less(at, id), a.less(id, at)))
}

func (o Embedding) Decompose(g *Graph, in []*Node) *Node {
	a, ids, table := algebra{g}, in[0], in[1]
	v, d, k := table.shape[0], table.shape[1], ids.shape.Size()
	w := table
	if o.Padding != NoPadding { // its row counts, but gets no gradient
		keep := a.like(a.Reshape(a.not(a.oneHot(a.Apply(Constant{Value: float32(o.Padding), Size: 1}), v)), v, 1), table)
		w = a.Add(a.times(keep, table), a.times(a.not(keep), a.Apply(Still{}, table)))
	}
	y := a.matmul(a.Reshape(a.oneHot(ids, v), 1, k, v), a.Reshape(w, 1, v, d))
	return a.Reshape(a.affine(y, o.Scale, 0), append(append(Shape{}, ids.shape...), d)...)
}

func (Bag) Decompose(g *Graph, in []*Node) *Node {
	a, s := algebra{g}, in[0].shape
	column := func(i int) *Node { return a.Reshape(a.Apply(Slice{2, i, 1}, in[0]), s[0], s[1]) }
	return a.picked(a.Decompose(Embedding{Scale: 1, Padding: NoPadding}, column(0), in[1]), column(1))
}

func (MaskSteps) Decompose(g *Graph, in []*Node) *Node {
	a, s := algebra{g}, in[0].shape
	return a.times(in[0], a.repeated(a.Reshape(a.before(in[1], s[0], s[1]), s[0], s[1], 1), s))
}

// picked is the sum over the steps of x(n, t, d), each by its weight (n, t).
func (a algebra) picked(x, weights *Node) *Node {
	s := x.shape
	return a.Reshape(a.sum(a.times(x, a.repeated(a.Reshape(weights, s[0], s[1], 1), s)), 1), s[0], s[2])
}

func (o PickStep) Decompose(g *Graph, in []*Node) *Node {
	a, s := algebra{g}, in[0].shape
	n, t := s[0], s[1]
	valid := a.before(in[1], n, t)
	at := a.Apply(Constant{Size: n})
	if !o.First {
		at = a.affine(a.Reshape(a.sum(valid, 1), n), 1, -1)
	}
	return a.picked(in[0], a.times(valid, a.oneHot(at, t)))
}

func (o TimePool) Decompose(g *Graph, in []*Node) *Node {
	a, x, s := algebra{g}, in[0], in[0].shape
	n, t := s[0], s[1]
	valid := a.before(in[1], n, t)
	steps := a.sum(valid, 1)
	some := a.less(a.zero(steps), steps)
	switch o.Kind {
	case PoolLast:
		return PickStep{}.Decompose(g, in)
	case PoolMean:
		return a.picked(x, a.over(valid, a.like(a.Add(steps, a.not(some)), valid)))
	}
	const far = 1e30
	mask := a.repeated(a.Reshape(valid, n, t, 1), s)
	top := a.Apply(Reduce{Max: true, Axis: 1}, a.choose(mask, x, a.number(-far, x)))
	return a.Reshape(a.times(top, a.repeated(a.Reshape(some, n, 1, 1), Shape{n, 1, s[2]})), n, s[2])
}

func (o LSTM) Decompose(g *Graph, in []*Node) *Node { return lstm.unrolled(g, in, o.Reverse) }
func (o GRU) Decompose(g *Graph, in []*Node) *Node  { return gru.unrolled(g, in, o.Reverse) }

// unrolled goes through the steps one by one. A state is carried over steps that
// are not there, whose output is 0.
func (k cell) unrolled(g *Graph, in []*Node, reverse bool) *Node {
	a, x, wh := algebra{g}, in[0], in[2]
	n, t, h := x.shape[0], x.shape[1], wh.shape[0]
	valid := a.before(in[5], n, t)
	px := a.Decompose(Dense{}, x, in[1], in[3])
	state, memory := a.Reshape(a.Apply(Constant{Size: n * h}), n, h), a.Reshape(a.Apply(Constant{Size: n * h}), n, h)
	outputs := make([]*Node, t)
	for step := range t {
		at := step
		if reverse {
			at = t - 1 - step
		}
		there := a.repeated(a.Apply(Slice{1, at, 1}, valid), Shape{n, h})
		zx := a.Reshape(a.Apply(Slice{1, at, 1}, px), n, k.gates*h)
		zh := a.Decompose(Dense{}, state, wh, in[4])
		gate := func(z *Node, i int) *Node { return a.Apply(Slice{1, i * h, h}, z) }
		act := func(f Function, z *Node) *Node { return a.Decompose(Activate{Activation{Kind: f}}, z) }
		var next *Node
		if k.gates == 4 {
			z := a.Add(zx, zh)
			c := a.Add(a.times(act(Sigmoid, gate(z, 1)), memory), a.times(act(Sigmoid, gate(z, 0)), act(Tanh, gate(z, 2))))
			next = a.times(act(Sigmoid, gate(z, 3)), act(Tanh, c))
			memory = a.choose(there, c, memory)
		} else {
			r := act(Sigmoid, a.Add(gate(zx, 0), gate(zh, 0)))
			z := act(Sigmoid, a.Add(gate(zx, 1), gate(zh, 1)))
			m := act(Tanh, a.Add(gate(zx, 2), a.times(r, gate(zh, 2))))
			next = a.choose(z, state, m)
		}
		state = a.choose(there, next, state)
		outputs[at] = a.Reshape(a.times(there, state), n, 1, h)
	}
	y := outputs[0]
	for _, o := range outputs[1:] { // side by side along the steps
		y = a.Add(a.Apply(Pad{1, 0, 1}, y), a.Apply(Pad{1, y.shape[1], 0}, o))
	}
	return y
}

func (o Loss) Decompose(g *Graph, in []*Node) *Node {
	a, w := algebra{g}, in[2]
	m := w.shape.Size()
	k := in[0].shape.Size() / m
	weight := a.Reshape(w, m, 1)
	counts := a.less(a.zero(weight), weight)
	z := a.Reshape(in[0], m, k)
	var rows *Node // (m, 1)
	if o.Kind == SoftmaxCrossEntropy {
		rows = o.classes(a, z, in[1])
	} else {
		rows = a.mean(o.each(a, z, a.Reshape(in[1], m, k)))
	}
	total := a.sum(weight, 0)
	none := a.not(a.less(a.zero(total), total))
	return a.Reshape(a.over(a.sum(a.times(a.times(weight, counts), rows), 0), a.Add(total, none)))
}

// classes is the loss of rows of logits whose class is y.
func (o Loss) classes(a algebra, z, y *Node) *Node {
	k := z.shape[1]
	top := a.like(a.Apply(Still{}, a.Apply(Reduce{Max: true, Axis: 1}, z)), z)
	z = a.minus(z, top)
	lse := a.mapped(Log, a.sum(a.mapped(Exp, z), 1))
	own := a.sum(a.times(z, a.oneHot(a.Reshape(y, z.shape[0]), k)), 1)
	l := a.minus(lse, a.Add(a.affine(own, 1-o.Smoothing, 0), a.affine(a.sum(z, 1), o.Smoothing/float64(k), 0)))
	if o.Gamma != 0 {
		l = a.times(l, a.raised(a.not(a.mapped(Exp, a.affine(l, -1, 0))), o.Gamma))
	}
	return l
}

// raised is x to a power, for x above 0.
func (a algebra) raised(x *Node, power float64) *Node {
	return a.mapped(Exp, a.affine(a.mapped(Log, x), power, 0))
}

// each is the loss of each output.
func (o Loss) each(a algebra, z, y *Node) *Node {
	o = o.With()
	d := a.minus(z, y)
	size := a.mapped(Abs, d)
	switch o.Kind {
	case MSE:
		return a.times(d, d)
	case MAE:
		return size
	case Huber:
		near := a.less(size, a.number(float32(o.Delta), size))
		return a.choose(near, a.affine(a.times(d, d), 0.5, 0), a.affine(size, o.Delta, -o.Delta*o.Delta/2))
	case Pinball:
		above := a.less(a.zero(d), d)
		return a.times(size, a.affine(above, 1-2*o.Quantile, o.Quantile))
	case Poisson:
		return a.minus(a.mapped(Exp, z), a.times(y, z))
	}
	t := a.affine(y, 1-o.Smoothing, o.Smoothing/2)
	loss := a.minus(a.softplus(z), a.times(z, t))
	if o.Gamma != 0 {
		p := a.Decompose(Activate{Activation{Kind: Sigmoid}}, z)
		wrong := a.choose(t, a.not(p), p)
		loss = a.times(loss, a.raised(wrong, o.Gamma))
	}
	if o.Alpha != 0 {
		loss = a.times(loss, a.affine(t, 2*o.Alpha-1, 1-o.Alpha))
	}
	return loss
}
