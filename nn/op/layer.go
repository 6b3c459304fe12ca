package op

import (
	"math"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pipe/random"
)

// An Activation is the function that a dense layer ends with.
type Activation string

const (
	Linear  Activation = "linear"
	ReLU    Activation = "relu"
	Tanh    Activation = "tanh"
	Sigmoid Activation = "sigmoid"
)

// Known says whether a is one of the activations above.
func (a Activation) Known() bool { return a == Linear || a == ReLU || a == Tanh || a == Sigmoid }

// Dense is y(m,n) = act(x(m,k) w(k,n) + b(n)).
func (g *Graph) Dense(x, w, b *Node, act Activation) *Node {
	if g.err != nil {
		return nil
	}
	xs, ws, bs := x.Shape(), w.Shape(), b.Shape()
	if len(xs) != 2 || len(ws) != 2 || len(bs) != 1 || xs[1] != ws[0] || ws[1] != bs[0] {
		return g.fail("dense: shapes x%v, w%v and b%v do not fit", xs, ws, bs)
	}
	if !act.Known() {
		return g.fail("dense: unknown activation %q", act)
	}
	m, k, n := xs[0], xs[1], ws[1]
	o := &fused{
		name: "dense", shape: tensor.Shape{m, n}, diff: []bool{g.grads[x], g.grads[w], g.grads[b]},
		forward: func(y []float32, in [][]float32) {
			mul(y, in[0], in[1], m, k, n)
			for i := range m {
				activate(act, y[i*n:i*n+n], in[2])
			}
		},
		backward: func(in gorgonia.Nodes, y, dy *Node) gorgonia.Nodes {
			if act != Linear {
				dy = g.apply(activationGrad(act, y.Shape()), dy, y)
			}
			grads := make(gorgonia.Nodes, 3)
			if g.grads[in[0]] {
				grads[0] = g.apply(denseDX(m, k, n), dy, in[1])
			}
			if g.grads[in[1]] {
				grads[1] = g.apply(denseDW(m, k, n), in[0], dy)
			}
			if g.grads[in[2]] {
				grads[2] = g.apply(denseDB(m, n), dy)
			}
			return grads
		},
	}
	buildMu.Lock()
	defer buildMu.Unlock()
	return g.apply(o, x, w, b)
}

// denseDX is dx(m,k) = dy(m,n) wᵀ of w(k,n).
func denseDX(m, k, n int) *fused {
	wt := make([]float32, k*n)
	return &fused{name: "dense.dx", shape: tensor.Shape{m, k}, forward: func(dx []float32, in [][]float32) {
		mulBT(dx, in[0], in[1], wt, m, k, n)
	}}
}

// denseDW is dw(k,n) = xᵀ dy of x(m,k) and dy(m,n).
func denseDW(m, k, n int) *fused {
	return &fused{name: "dense.dw", shape: tensor.Shape{k, n}, forward: func(dw []float32, in [][]float32) {
		mulAT(dw, in[0], in[1], m, k, n)
	}}
}

// denseDB is db(n), the sum of the rows of dy(m,n), in row order.
func denseDB(m, n int) *fused {
	sum := make([]float64, n)
	return &fused{name: "dense.db", shape: tensor.Shape{n}, forward: func(db []float32, in [][]float32) {
		clear(sum)
		for i := range m {
			for j, v := range in[0][i*n : i*n+n] {
				sum[j] += float64(v)
			}
		}
		for j, s := range sum {
			db[j] = float32(s)
		}
	}}
}

// activate computes y = act(y + bias) of one row. A NaN stays one.
func activate(act Activation, y, bias []float32) {
	bias = bias[:len(y)]
	switch act {
	case ReLU:
		for j := range y {
			v := y[j] + bias[j]
			if v <= 0 {
				v = 0
			}
			y[j] = v
		}
	case Tanh:
		for j := range y {
			y[j] = float32(tanh(float64(y[j] + bias[j])))
		}
	case Sigmoid:
		for j := range y {
			y[j] = float32(Logistic(float64(y[j] + bias[j])))
		}
	default:
		for j := range y {
			y[j] += bias[j]
		}
	}
}

// activationGrad is the gradient before the activation, given the one after it
// (in[0]) and the output of the activation (in[1]), which is all that each of
// the derivatives needs: 1 or 0, 1-y², y(1-y).
func activationGrad(act Activation, shape tensor.Shape) *fused {
	return &fused{name: "dense." + string(act), shape: shape.Clone(), forward: func(dz []float32, in [][]float32) {
		dy, y := in[0][:len(dz)], in[1][:len(dz)]
		switch act {
		case ReLU:
			for i := range dz {
				dz[i] = 0
				if y[i] > 0 {
					dz[i] = dy[i]
				}
			}
		case Tanh:
			for i := range dz {
				dz[i] = dy[i] * (1 - float32(y[i]*y[i]))
			}
		case Sigmoid:
			for i := range dz {
				dz[i] = dy[i] * float32(y[i]*(1-y[i]))
			}
		}
	}}
}

// Dropout sets each element of x to zero with probability rate and divides the
// others by 1-rate. Whether an element survives is a function of the stream,
// the step of the graph (see SetStep) and the index of the element, so the
// backward pass draws the mask again instead of keeping it.
func (g *Graph) Dropout(x *Node, rate float64, stream random.Stream) *Node {
	if g.err != nil {
		return nil
	}
	if !(rate >= 0 && rate < 1) {
		return g.fail("dropout: rate %v is not in [0, 1)", rate)
	}
	mask := func(dst []float32, in [][]float32) {
		dropout(dst, in[0], rate, stream.At(g.step))
	}
	shape := x.Shape().Clone()
	o := &fused{
		name: "dropout", shape: shape, diff: []bool{g.grads[x]}, forward: mask,
		backward: func(_ gorgonia.Nodes, _, dy *Node) gorgonia.Nodes {
			return gorgonia.Nodes{g.apply(&fused{name: "dropout.dx", shape: shape, forward: mask}, dy)}
		},
	}
	buildMu.Lock()
	defer buildMu.Unlock()
	return g.apply(o, x)
}

// dropout keeps element i where the i-th 32-bit number of the stream (the low
// half of each 64-bit number comes first) is at least rate·2³².
func dropout(dst, src []float32, rate float64, stream random.Stream) {
	below := uint64(math.Round(rate * (1 << 32)))
	scale := float32(1 / (1 - rate))
	var r uint64
	for i, v := range src {
		if i%2 == 0 {
			r = stream.Uint64(uint64(i / 2))
		} else {
			r >>= 32
		}
		dst[i] = 0
		if r&(1<<32-1) >= below {
			dst[i] = v * scale
		}
	}
}
