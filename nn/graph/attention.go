package graph

// Attention is softmax(q kᵀ / sqrt(d)) v for each head (Vaswani et al.,
// "Attention Is All You Need", 2017), from q(N, Tq, D) and k, v(N, Tk, D), whose
// heads are d = D/Heads columns each, side by side: (N, Tq, D). lengths (N), which
// may be left out, says how many keys there are. A step that sees no key gives 0.
// The second result is what the gradient needs of the softmax.
type Attention struct {
	Heads   int
	Causal  bool    // a step sees itself and what is before it
	Dropout float64 // rate at which weights become 0; 0 in evaluation
	Key     uint64  // of the stream of dropout
}

// Attention lets queries look at keys and take values; lengths may be nil.
func (g *Graph) Attention(q, k, v, lengths *Node, o Attention) *Node {
	return g.Apply(o, q, k, v, lengths)
}

func (Attention) Name() string { return "attention" }

func (o Attention) Infer(in []Shape) ([]Shape, error) {
	q, k, v := in[0], in[1], in[2]
	switch {
	case len(q) != 3 || len(k) != 3 || !k.Equal(v) || q[0] != k[0] || q[2] != k[2]:
		return nil, misfit("shapes q%v, k%v and v%v do not fit", q, k, v)
	case o.Heads < 1 || q[2]%o.Heads != 0:
		return nil, misfit("%d dimensions are not divided by %d heads", q[2], o.Heads)
	case o.Causal && q[1] != k[1]:
		return nil, misfit("causal, but %d queries and %d keys", q[1], k[1])
	case !(o.Dropout >= 0 && o.Dropout < 1):
		return nil, misfit("dropout rate %v is not in [0, 1)", o.Dropout)
	case !in[3].vector(q[0]):
		return nil, misfit("lengths of shape %v, want (%d)", in[3], q[0])
	}
	return []Shape{q, {q[0] * o.Heads * q[1]}}, nil
}

// Stops says that no gradient flows to lengths.
func (Attention) Stops(input int) bool { return input == 3 }

func (o Attention) Grad(g *Graph, c *Call, dy *Node) []*Node {
	return append(g.Call(AttentionGrad{Attention: o}, c.In[0], c.In[1], c.In[2], c.Out[0], c.Out[1], dy, c.In[3]).results(), nil)
}

// AttentionGrad gives the gradients of q, k and v from them, both results, the
// gradient of the first and lengths.
type AttentionGrad struct {
	backward
	Attention Attention
}

func (AttentionGrad) Name() string                      { return "attention dx" }
func (AttentionGrad) Infer(in []Shape) ([]Shape, error) { return in[:3], nil }
