package op

import "math"

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
