package graph

import (
	"fmt"
	"math"
	"slices"

	"pipe/base/exact"
)

// A LossKind measures how far the outputs of a network are from the target of a
// row. The target of a classification is the index of the class, as a number.
type LossKind string

const (
	SoftmaxCrossEntropy LossKind = "softmax_cross_entropy" // k logits; -log softmax(z)[class]
	SigmoidCrossEntropy LossKind = "sigmoid_cross_entropy" // logits of class 1; -log of the class's probability
	MSE                 LossKind = "mse"                   // (z-y)²
	MAE                 LossKind = "mae"                   // |z-y|
	Huber               LossKind = "huber"                 // d²/2 if |d| <= delta, else delta (|d| - delta/2), of d = z-y
	Pinball             LossKind = "pinball"               // q (y-z) if y >= z, else (1-q) (z-y): z becomes a quantile
	Poisson             LossKind = "poisson"               // e^z - y z: z becomes the logarithm of a mean
)

// LossKinds are all there are.
func LossKinds() []LossKind {
	return []LossKind{SoftmaxCrossEntropy, SigmoidCrossEntropy, MSE, MAE, Huber, Pinball, Poisson}
}

// Known says whether k is one of the losses above.
func (k LossKind) Known() bool { return slices.Contains(LossKinds(), k) }

// Loss is the mean of the losses of the rows of z(m, k), weighted with w(m): a
// scalar, 0 if there is no weight. A row of weight 0 has no influence at all,
// whatever it holds. y has the class of each row, m numbers, for
// SoftmaxCrossEntropy, else a target for each output, m k numbers. The shapes
// are of any dimensions: only their sizes count, and the first of z is that of
// w. No gradient flows to y and w. Further results are the total weight and, of
// SoftmaxCrossEntropy, what the gradient needs to know of each row.
//
// Of the parameters 0 is the usual value.
type Loss struct {
	Kind LossKind

	Delta    float64 // huber: where it turns linear; 1
	Quantile float64 // pinball: which one; 0.5

	// Cross entropies. With smoothing s, classes that are not that of the row
	// have s of the target: spread over all k classes by softmax, as PyTorch's
	// label_smoothing; t = (1-s) y + s/2 by sigmoid. Gamma is of the focal loss
	// (Lin et al., "Focal Loss for Dense Object Detection", 2017): times
	// (1-p)^gamma, p being the probability of the class. Alpha, by sigmoid, is
	// the weight of class 1, 1-alpha being that of class 0; 0: both are 1.
	Smoothing, Gamma, Alpha float64
}

// Validate says what is wrong with a loss.
func (o Loss) Validate() error {
	sigmoid, softmax := o.Kind == SigmoidCrossEntropy, o.Kind == SoftmaxCrossEntropy
	switch {
	case !o.Kind.Known():
		return fmt.Errorf("unknown loss %.40q", string(o.Kind))
	case !(o.Delta >= 0) || math.IsInf(o.Delta, 0):
		return fmt.Errorf("%s: delta %v is not a positive number", o.Kind, o.Delta)
	case !(o.Quantile >= 0 && o.Quantile < 1):
		return fmt.Errorf("%s: quantile %v is not in (0, 1)", o.Kind, o.Quantile)
	case !(o.Smoothing >= 0 && o.Smoothing < 1):
		return fmt.Errorf("%s: label smoothing %v is not in [0, 1)", o.Kind, o.Smoothing)
	case !(o.Gamma >= 0) || math.IsInf(o.Gamma, 0):
		return fmt.Errorf("%s: gamma %v is negative or no number", o.Kind, o.Gamma)
	case !(o.Alpha >= 0 && o.Alpha < 1):
		return fmt.Errorf("%s: alpha %v is not in [0, 1)", o.Kind, o.Alpha)
	case o.Delta != 0 && o.Kind != Huber:
		return fmt.Errorf("%s has no delta", o.Kind)
	case o.Quantile != 0 && o.Kind != Pinball:
		return fmt.Errorf("%s has no quantile", o.Kind)
	case !sigmoid && !softmax && (o.Smoothing != 0 || o.Gamma != 0):
		return fmt.Errorf("%s has no classes: it takes neither label smoothing nor gamma", o.Kind)
	case o.Alpha != 0 && !sigmoid:
		return fmt.Errorf("%s takes no alpha: give the classes weights", o.Kind)
	case softmax && o.Smoothing != 0 && o.Gamma != 0:
		return fmt.Errorf("%s: label smoothing and gamma contradict each other, use one of them", o.Kind)
	}
	return nil
}

// Row is the loss of one row of outputs z, in float64: the mean over the outputs
// if each has a target. It is NaN where the class is none of the outputs.
func (o Loss) Row(z, targets []float32) float64 {
	if o.Kind == SoftmaxCrossEntropy {
		return o.softmax(z, targets[0])
	}
	sum := 0.0
	for i, y := range targets {
		sum += float64(o.one(float64(z[i]), float64(y)))
	}
	return sum / float64(len(targets))
}

func (o Loss) softmax(z []float32, target float32) float64 {
	class := int(target)
	if !(target >= 0 && target < float32(len(z))) {
		return math.NaN()
	}
	top, sum, spread := exact.Max(z), 0.0, 0.0
	for _, v := range z {
		sum += exact.Exp(float64(v) - top)
		spread += top - float64(v)
	}
	l := exact.Log(sum)
	if o.Smoothing == 0 {
		l += top - float64(z[class])
	} else {
		l += float64((1-o.Smoothing)*(top-float64(z[class]))) + float64(o.Smoothing/float64(len(z))*spread)
	}
	if o.Gamma != 0 {
		l *= raise(1-exact.Exp(-l), o.Gamma)
	}
	return l
}

// raise is x to the a, for x from 0 to 1.
func raise(x, a float64) float64 {
	if x <= 0 {
		return 0
	}
	return exact.Exp(a * exact.Log(x))
}

// one is the loss of one output.
func (o Loss) one(z, y float64) float64 {
	d := z - y
	a := math.Abs(d)
	switch o.Kind {
	case MSE:
		return d * d
	case MAE:
		return a
	case Huber:
		delta := o.With().Delta
		if a <= delta {
			return d * d / 2
		}
		return delta * (a - delta/2)
	case Pinball:
		q := o.With().Quantile
		if d > 0 {
			q = 1 - q
		}
		return q * a
	case Poisson:
		return exact.Exp(z) - float64(y*z)
	}
	if o.Smoothing == 0 && o.Gamma == 0 && o.Alpha == 0 { // without rounding, for large logits
		loss := exact.Log1p(exact.Exp(-math.Abs(z)))
		if y == 0 {
			return loss + max(z, 0)
		}
		return loss + max(-z, 0)
	}
	t := float64((1-o.Smoothing)*y) + o.Smoothing/2
	loss := exact.Log1p(exact.Exp(-math.Abs(z))) + (max(z, 0) - float64(z*t))
	p, q := exact.Logistic(z), exact.Logistic(-z)
	if o.Gamma != 0 {
		loss *= raise(float64(p*(1-t))+float64(q*t), o.Gamma)
	}
	if o.Alpha != 0 {
		loss *= float64(o.Alpha*t) + float64((1-o.Alpha)*(1-t))
	}
	return loss
}

// With gives a loss its usual parameters in place of 0.
func (o Loss) With() Loss {
	if o.Delta == 0 {
		o.Delta = 1
	}
	if o.Quantile == 0 {
		o.Quantile = 0.5
	}
	return o
}

// Loss is the weighted mean of the losses of the rows of z.
func (g *Graph) Loss(o Loss, z, y, w *Node) *Node { return g.Apply(o, z, y, w) }

func (Loss) Name() string { return "loss" }

func (o Loss) Infer(in []Shape) ([]Shape, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	z, y, m := in[0].Size(), in[1].Size(), in[2].Size()
	softmax := o.Kind == SoftmaxCrossEntropy
	if z%m != 0 || softmax && y != m || !softmax && y != z {
		return nil, misfit("shapes z%v, y%v and w%v do not fit", in[0], in[1], in[2])
	}
	if softmax {
		return []Shape{{}, {1}, {3 * m}}, nil
	}
	return []Shape{{}, {1}}, nil
}

// Stops says that no gradient flows to targets and weights.
func (Loss) Stops(input int) bool { return input > 0 }

func (o Loss) Grad(g *Graph, c *Call, dy *Node) []*Node {
	var rows *Node
	if len(c.Out) == 3 {
		rows = c.Out[2]
	}
	return []*Node{g.Apply(LossGrad{Loss: o}, c.In[0], c.In[1], c.In[2], c.Out[1], rows, dy), nil, nil}
}

// LossGrad is the gradient of z: from z, y, w, what the loss kept, and the
// gradient of the mean.
type LossGrad struct {
	backward
	Loss Loss
}

func (LossGrad) Name() string                      { return "loss dz" }
func (LossGrad) Infer(in []Shape) ([]Shape, error) { return in[:1], nil }
