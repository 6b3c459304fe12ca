package nn

import (
	"fmt"
	"math"
)

// An Optimizer is SGD, Adam or AdamW: a rule that turns gradients into changes
// of the parameters. The rules are those of PyTorch; weight decay applies to
// biases as well.
type Optimizer interface {
	fmt.Stringer
	validate() error
	// start makes an update for parameters of so many numbers in all. It is
	// called for each parameter p with gradient g, that begins at offset from,
	// at steps t = 1, 2, ...
	start(size int) update
}

type update func(t int, from int, p, g []float32)

// SGD is stochastic gradient descent: with d = g + WeightDecay p,
//
//	b = Momentum b + d        (b = d at the first step)
//	p = p - LearningRate b    (Nesterov: d + Momentum b in place of b)
type SGD struct {
	LearningRate, Momentum float64
	Nesterov               bool
	WeightDecay            float64
}

func (o SGD) String() string {
	return fmt.Sprintf("sgd(learning_rate=%v, momentum=%v, nesterov=%v, weight_decay=%v)",
		o.LearningRate, o.Momentum, o.Nesterov, o.WeightDecay)
}

func (o SGD) validate() error {
	switch {
	case o.Nesterov && o.Momentum <= 0:
		return fmt.Errorf("sgd: nesterov needs a momentum above 0")
	case !(o.Momentum >= 0 && o.Momentum < 1):
		return fmt.Errorf("sgd: momentum %v is not in [0, 1)", o.Momentum)
	}
	return checkRates("sgd", o.LearningRate, o.WeightDecay)
}

func (o SGD) start(size int) update {
	lr, mu, decay := float32(o.LearningRate), float32(o.Momentum), float32(o.WeightDecay)
	var velocity []float32
	if mu != 0 {
		velocity = make([]float32, size)
	}
	return func(t, from int, p, g []float32) {
		for i := range p {
			d := g[i] + float32(decay*p[i])
			if mu != 0 {
				b := &velocity[from+i]
				if t == 1 {
					*b = d
				} else {
					*b = float32(mu**b) + d
				}
				if o.Nesterov {
					d += float32(mu * *b)
				} else {
					d = *b
				}
			}
			p[i] -= float32(lr * d)
		}
	}
}

// Adam is the method of Kingma and Ba (2015), with L2 regularisation by adding
// WeightDecay p to the gradient:
//
//	m = Beta1 m + (1-Beta1) g,  v = Beta2 v + (1-Beta2) g²
//	p = p - LearningRate/(1-Beta1^t) m / (sqrt(v)/sqrt(1-Beta2^t) + Epsilon)
type Adam struct {
	LearningRate, Beta1, Beta2, Epsilon float64
	WeightDecay                         float64
}

func (o Adam) String() string  { return o.text("adam") }
func (o Adam) validate() error { return o.check("adam") }

func (o Adam) text(name string) string {
	return fmt.Sprintf("%s(learning_rate=%v, beta1=%v, beta2=%v, epsilon=%v, weight_decay=%v)",
		name, o.LearningRate, o.Beta1, o.Beta2, o.Epsilon, o.WeightDecay)
}

func (o Adam) check(name string) error {
	switch {
	case !(o.Beta1 >= 0 && o.Beta1 < 1):
		return fmt.Errorf("%s: beta1 %v is not in [0, 1)", name, o.Beta1)
	case !(o.Beta2 >= 0 && o.Beta2 < 1):
		return fmt.Errorf("%s: beta2 %v is not in [0, 1)", name, o.Beta2)
	case !(o.Epsilon > 0) || math.IsInf(o.Epsilon, 0):
		return fmt.Errorf("%s: epsilon %v is not a positive number", name, o.Epsilon)
	}
	return checkRates(name, o.LearningRate, o.WeightDecay)
}

func (o Adam) start(size int) update {
	return o.moments(size, 1, float32(o.WeightDecay))
}

// moments is the update of Adam and AdamW: p is first multiplied by keep, and
// l2 p is added to the gradient.
func (o Adam) moments(size int, keep, l2 float32) update {
	m, v := make([]float32, size), make([]float32, size)
	b1, b2, eps := float32(o.Beta1), float32(o.Beta2), float32(o.Epsilon)
	c1, c2 := float32(1-o.Beta1), float32(1-o.Beta2)
	return func(t, from int, p, g []float32) {
		rate := float32(o.LearningRate / (1 - power(o.Beta1, t)))
		root := float32(math.Sqrt(1 - power(o.Beta2, t)))
		m, v, g := m[from:from+len(p)], v[from:from+len(p)], g[:len(p)]
		for i, w := range p {
			w *= keep
			d := g[i] + float32(l2*w)
			m[i] = float32(b1*m[i]) + float32(c1*d)
			v[i] = float32(b2*v[i]) + float32(float32(c2*d)*d)
			denom := float32(math.Sqrt(float64(v[i])))/root + eps
			p[i] = w - float32(rate*m[i])/denom
		}
	}
}

// AdamW is Adam with decoupled weight decay (Loshchilov and Hutter, 2019): p is
// multiplied by 1 - LearningRate WeightDecay before each step, and the gradient
// is left alone.
type AdamW Adam

func (o AdamW) String() string  { return Adam(o).text("adamw") }
func (o AdamW) validate() error { return Adam(o).check("adamw") }
func (o AdamW) start(size int) update {
	return Adam(o).moments(size, float32(1-o.LearningRate*o.WeightDecay), 0)
}

func checkRates(name string, learning, decay float64) error {
	switch {
	case !(learning > 0) || math.IsInf(learning, 0):
		return fmt.Errorf("%s: learning rate %v is not a positive number", name, learning)
	case !(decay >= 0) || math.IsInf(decay, 0):
		return fmt.Errorf("%s: weight decay %v is negative or no number", name, decay)
	}
	return nil
}

// power is x to the n by repeated squaring: products only, so that it is the
// same on every machine.
func power(x float64, n int) float64 {
	r := 1.0
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			r *= x
		}
		x *= x
	}
	return r
}

// clip scales the gradients down to a norm, taken over all of them together, as
// PyTorch's clip_grad_norm_ does, and returns the norm that they had.
func clip(grads [][]float32, norm float64) float64 {
	sum := 0.0
	for _, g := range grads {
		for _, v := range g {
			sum += float64(float64(v) * float64(v))
		}
	}
	had := math.Sqrt(sum)
	if c := norm / (had + 1e-6); c < 1 {
		for _, g := range grads {
			for i := range g {
				g[i] *= float32(c)
			}
		}
	}
	return had
}
