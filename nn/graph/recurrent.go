package graph

// LSTM gives the hidden states (N, T, H) of a layer over sequences x(N, T, D)
// (Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997, with the forget
// gate of Gers et al., 2000, as torch.nn.LSTM has it). The state begins with 0:
//
//	[i f g o] = x Wx + bx + h Wh + bh
//	c' = sigmoid(f) c + sigmoid(i) tanh(g),  h' = sigmoid(o) tanh(c')
//
// The last state is what LastStep gives, FirstStep if reversed. Inputs are x, the
// weights wx(D, 4H) and wh(H, 4H), the biases bx and bh(4H) and lengths (N); the
// last three may be left out. Gates are side by side, in the order of PyTorch;
// weights are transposed against PyTorch's, as in Dense. Further results are the
// gates and what is kept of the states.
type LSTM struct {
	Reverse bool // from the last valid step to the first; outputs stay at their steps
}

// GRU is LSTM with the cell of Cho et al., "Learning Phrase Representations using
// RNN Encoder-Decoder", 2014, as torch.nn.GRU has it, which resets the state
// after the product:
//
//	r = sigmoid((x Wx + bx)_r + (h Wh + bh)_r),  z = sigmoid((x Wx + bx)_z + (h Wh + bh)_z)
//	n = tanh((x Wx + bx)_n + r (h Wh + bh)_n),   h' = (1 - z) n + z h
type GRU struct{ Reverse bool }

// A Recurrent is what a recurrent layer of H units works with.
type Recurrent struct {
	Wx, Wh *Node // of inputs (D, gates H) and of the state (H, gates H)
	Bx, Bh *Node // biases of both, (gates H); one or both may be nil

	// Lengths (N) says how many steps of each sequence are valid, from the first
	// on; nil: all. Outputs beyond are 0 and the state is carried unchanged.
	Lengths *Node
	// Reverse goes from the last valid step to the first. Outputs stay at their steps.
	Reverse bool
}

// LSTM is a layer of long short-term memory.
func (g *Graph) LSTM(x *Node, r Recurrent) *Node {
	return g.Apply(LSTM{r.Reverse}, x, r.Wx, r.Wh, r.Bx, r.Bh, r.Lengths)
}

// GRU is a layer of gated recurrent units.
func (g *Graph) GRU(x *Node, r Recurrent) *Node {
	return g.Apply(GRU{r.Reverse}, x, r.Wx, r.Wh, r.Bx, r.Bh, r.Lengths)
}

func (LSTM) Name() string                        { return "lstm" }
func (GRU) Name() string                         { return "gru" }
func (o LSTM) Infer(in []Shape) ([]Shape, error) { return lstm.infer(in) }
func (o GRU) Infer(in []Shape) ([]Shape, error)  { return gru.infer(in) }

// Stops says that no gradient flows to lengths.
func (LSTM) Stops(input int) bool { return input == 5 }

// Stops says that no gradient flows to lengths.
func (GRU) Stops(input int) bool { return input == 5 }

func (o LSTM) Grad(g *Graph, c *Call, dy *Node) []*Node {
	return lstm.grad(g, c, LSTMGrad{Reverse: o.Reverse}, o.Reverse, dy)
}

func (o GRU) Grad(g *Graph, c *Call, dy *Node) []*Node {
	return gru.grad(g, c, GRUGrad{Reverse: o.Reverse}, o.Reverse, dy)
}

// A cell is what kinds of recurrent layers differ in.
type cell struct {
	name  string
	gates int
}

var lstm, gru = cell{"lstm", 4}, cell{"gru", 3}

func (k cell) infer(in []Shape) ([]Shape, error) {
	x, wx, wh := in[0], in[1], in[2]
	if len(x) != 3 || len(wx) != 2 || len(wh) != 2 || wx[0] != x[2] || wh[1] != k.gates*wh[0] || wx[1] != wh[1] {
		return nil, misfit("shapes x%v, wx%v and wh%v do not fit", x, wx, wh)
	}
	for _, b := range in[3:5] {
		if !b.vector(wh[1]) {
			return nil, misfit("bias of shape %v, want (%d)", b, wh[1])
		}
	}
	if !in[5].vector(x[0]) {
		return nil, misfit("lengths of shape %v, want (%d)", in[5], x[0])
	}
	n, t, h := x[0], x[1], wh[0]
	return []Shape{{n, t, h}, {n, t, k.gates * h}, {n, t, h}}, nil
}

// grad goes back through the steps first, which gives the gradient of both
// projections: they have the same one in an LSTM. Those of the weights are
// products of [x | h | 1] with it: the ones give those of the biases.
func (k cell) grad(g *Graph, c *Call, steps Op, reverse bool, dy *Node) []*Node {
	const x, wx, wh, bx, bh, lengths = 0, 1, 2, 3, 4, 5
	dz := g.Call(steps, c.Out[0], c.Out[1], c.Out[2], dy, c.In[wh], c.In[lengths])
	if dz == nil {
		return nil
	}
	grads := make([]*Node, len(c.In))
	if c.Wants(x) {
		grads[x] = g.Apply(RecurrentGradInput{Of: k.name}, dz.Out[0], c.In[wx])
	}
	weights := func(dz *Node, ofX, ofH bool) []*Node {
		return g.Call(RecurrentGradWeight{Of: k.name, Reverse: reverse, X: ofX, H: ofH}, c.In[x], c.Out[0], dz).results()
	}
	ofX, ofH := c.Wants(wx) || c.Wants(bx), c.Wants(wh) || c.Wants(bh)
	switch {
	case len(dz.Out) == 1 && (ofX || ofH):
		if all := weights(dz.Out[0], true, true); all != nil {
			grads[wx], grads[wh], grads[bx], grads[bh] = all[0], all[1], all[2], all[2]
		}
	case len(dz.Out) == 2:
		if ofX {
			if of := weights(dz.Out[0], true, false); of != nil {
				grads[wx], grads[bx] = of[0], of[1]
			}
		}
		if ofH {
			if of := weights(dz.Out[1], false, true); of != nil {
				grads[wh], grads[bh] = of[0], of[1]
			}
		}
	}
	return grads
}

// LSTMGrad is the gradient of the projections x Wx and h Wh, which is one: from
// the three results of the layer, the gradient of the first, wh and lengths.
type LSTMGrad struct {
	backward
	Reverse bool
}

func (LSTMGrad) Name() string                      { return "lstm dz" }
func (LSTMGrad) Infer(in []Shape) ([]Shape, error) { return in[1:2], nil }

// GRUGrad is LSTMGrad with two gradients: that of x Wx and that of h Wh.
type GRUGrad struct {
	backward
	Reverse bool
}

func (GRUGrad) Name() string                      { return "gru dz" }
func (GRUGrad) Infer(in []Shape) ([]Shape, error) { return []Shape{in[1], in[1]}, nil }

// RecurrentGradInput is the gradient of x: from that of its projection, and wx.
type RecurrentGradInput struct {
	backward
	Of string
}

func (o RecurrentGradInput) Name() string { return o.Of + " dx" }
func (RecurrentGradInput) Infer(in []Shape) ([]Shape, error) {
	return []Shape{in[0].withLast(in[1][0])}, nil
}

// RecurrentGradWeight gives the gradients of wx, if X, of wh, if H, and of a bias:
// from x, the states y and the gradient of a projection.
type RecurrentGradWeight struct {
	backward
	Of      string
	Reverse bool
	X, H    bool
}

func (o RecurrentGradWeight) Name() string { return o.Of + " dw" }
func (o RecurrentGradWeight) Infer(in []Shape) ([]Shape, error) {
	var list []Shape
	width := in[2].last()
	if o.X {
		list = append(list, Shape{in[0].last(), width})
	}
	if o.H {
		list = append(list, Shape{in[1].last(), width})
	}
	return append(list, Shape{width}), nil
}
