package op

import (
	"math"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A Loss measures how far the outputs of a network are from the target of a
// row. The target of a classification is the index of the class, as a number.
type Loss string

const (
	SoftmaxCrossEntropy Loss = "softmax_cross_entropy" // k logits; -log softmax(z)[class]
	SigmoidCrossEntropy Loss = "sigmoid_cross_entropy" // one logit of class 1; -log of the class's probability
	MSE                 Loss = "mse"                   // (z-y)², one output
	MAE                 Loss = "mae"                   // |z-y|
	Huber               Loss = "huber"                 // d²/2 if |d| <= 1, else |d| - 1/2, of d = z-y
)

// Known says whether l is one of the losses above.
func (l Loss) Known() bool {
	switch l {
	case SoftmaxCrossEntropy, SigmoidCrossEntropy, MSE, MAE, Huber:
		return true
	}
	return false
}

// Row is the loss of one row of outputs z. It is NaN where the class is none
// of the outputs.
func (l Loss) Row(z []float32, target float32) float64 {
	switch l {
	case SoftmaxCrossEntropy:
		class := int(target)
		if class < 0 || class >= len(z) {
			return math.NaN()
		}
		top, sum := maximum(z), 0.0
		for _, v := range z {
			sum += exp(float64(v) - top)
		}
		return log(sum) + (top - float64(z[class]))
	case SigmoidCrossEntropy:
		v := float64(z[0])
		loss := log1p(exp(-math.Abs(v)))
		if target == 0 {
			return loss + max(v, 0)
		}
		return loss + max(-v, 0)
	}
	d := float64(z[0]) - float64(target)
	switch a := math.Abs(d); {
	case l == MSE:
		return d * d
	case l == MAE:
		return a
	case a <= 1:
		return d * d / 2
	default:
		return a - 0.5
	}
}

// rowGrad is scale times the gradient of Row with respect to z. p is room for
// as many numbers as there are outputs.
func (l Loss) rowGrad(dz, z []float32, target float32, scale float64, p []float64) {
	switch l {
	case SoftmaxCrossEntropy:
		Softmax(p, z)
		for i, v := range p {
			if i == int(target) {
				v--
			}
			dz[i] = float32(scale * v)
		}
		return
	case SigmoidCrossEntropy:
		dz[0] = float32(scale * (Logistic(float64(z[0])) - float64(target)))
		return
	}
	d := float64(z[0]) - float64(target)
	switch {
	case l == MSE:
		d *= 2
	case l == MAE && d != 0, l == Huber && math.Abs(d) > 1:
		d = math.Copysign(1, d) // 0 of an exact hit stays 0, as in PyTorch
	}
	dz[0] = float32(scale * d)
}

// Loss is the mean of the rows' losses weighted by weight(m), of outputs
// z(m,k) and target(m): Σ wᵢ lossᵢ / Σ wᵢ, and 0 if all weights are 0. A row of
// weight 0 has no influence at all, whatever its values are.
func (g *Graph) Loss(loss Loss, z, target, weight *Node) *Node {
	if g.err != nil {
		return nil
	}
	zs, ts, ws := z.Shape(), target.Shape(), weight.Shape()
	if len(zs) != 2 || len(ts) != 1 || len(ws) != 1 || zs[0] != ts[0] || zs[0] != ws[0] {
		return g.fail("loss: shapes %v, target %v and weight %v do not fit", zs, ts, ws)
	}
	if !loss.Known() {
		return g.fail("unknown loss %q", loss)
	}
	if loss != SoftmaxCrossEntropy && zs[1] != 1 {
		return g.fail("loss %s takes one output, not %d", loss, zs[1])
	}
	m, k := zs[0], zs[1]
	o := &fused{
		name: "loss." + string(loss), shape: tensor.Shape{}, diff: []bool{g.grads[z], false, false},
		forward: func(out []float32, in [][]float32) {
			sum, total := 0.0, 0.0
			for i, w := range in[2] {
				if w != 0 {
					sum += float64(float64(w) * loss.Row(in[0][i*k:i*k+k], in[1][i]))
					total += float64(w)
				}
			}
			out[0] = 0
			if total != 0 {
				out[0] = float32(sum / total)
			}
		},
		backward: func(in gorgonia.Nodes, _, dloss *Node) gorgonia.Nodes {
			return gorgonia.Nodes{g.apply(lossGrad(loss, m, k), in[0], in[1], in[2], dloss), nil, nil}
		},
	}
	buildMu.Lock()
	defer buildMu.Unlock()
	return g.apply(o, z, target, weight)
}

// lossGrad is dz(m,k) of z(m,k), target(m), weight(m) and the gradient of the loss.
func lossGrad(loss Loss, m, k int) *fused {
	p := make([]float64, k)
	return &fused{name: "loss.dz", shape: tensor.Shape{m, k}, forward: func(dz []float32, in [][]float32) {
		total := 0.0
		for _, w := range in[2] {
			total += float64(w)
		}
		clear(dz)
		for i, w := range in[2] {
			if w != 0 {
				scale := float64(in[3][0]) * float64(w) / total
				loss.rowGrad(dz[i*k:i*k+k], in[0][i*k:i*k+k], in[1][i], scale, p)
			}
		}
	}}
}
