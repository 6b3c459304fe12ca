package nn

import (
	"fmt"
	"math"
)

// RMSprop divides gradients by the root of the running mean of their squares:
// with d = g + WeightDecay p,
//
//	v = Alpha v + (1-Alpha) d²,  a = Alpha a + (1-Alpha) d  (a = 0 unless Centered)
//	b = Momentum b + d / (sqrt(v - a²) + Epsilon)
//	p = p - LearningRate b
type RMSprop struct {
	LearningRate, Alpha, Epsilon float64
	Momentum                     float64
	Centered                     bool
	WeightDecay                  float64
}

func (o RMSprop) String() string {
	return fmt.Sprintf("rmsprop(learning_rate=%v, alpha=%v, epsilon=%v, momentum=%v, centered=%v, weight_decay=%v)",
		o.LearningRate, o.Alpha, o.Epsilon, o.Momentum, o.Centered, o.WeightDecay)
}

func (o RMSprop) validate() error {
	switch {
	case !(o.Alpha >= 0 && o.Alpha < 1):
		return fmt.Errorf("rmsprop: alpha %v is not in [0, 1)", o.Alpha)
	case !(o.Momentum >= 0 && o.Momentum < 1):
		return fmt.Errorf("rmsprop: momentum %v is not in [0, 1)", o.Momentum)
	}
	return checkEpsilon("rmsprop", o.Epsilon, o.LearningRate, o.WeightDecay)
}

func (o RMSprop) start(size int) update {
	v, a, b := make([]float32, size), make([]float32, size), make([]float32, size)
	alpha, rest, eps := float32(o.Alpha), float32(1-o.Alpha), float32(o.Epsilon)
	lr, mu, decay := float32(o.LearningRate), float32(o.Momentum), float32(o.WeightDecay)
	return func(_, from int, p, g []float32) {
		v, a, b, g := v[from:from+len(p)], a[from:from+len(p)], b[from:from+len(p)], g[:len(p)]
		for i, w := range p {
			d := g[i] + float32(decay*w)
			v[i] = float32(alpha*v[i]) + float32(float32(rest*d)*d)
			square := v[i]
			if o.Centered {
				a[i] = float32(alpha*a[i]) + float32(rest*d)
				square = max(0, square-float32(a[i]*a[i]))
			}
			b[i] = float32(mu*b[i]) + d/(float32(math.Sqrt(float64(square)))+eps)
			p[i] = w - float32(lr*b[i])
		}
	}
}

// Adagrad divides gradients by the root of the sum of all their squares (Duchi
// et al., 2011): with d = g + WeightDecay p,
//
//	s = s + d²  (Initial to begin with),  p = p - LearningRate d / (sqrt(s) + Epsilon)
type Adagrad struct {
	LearningRate, Initial, Epsilon float64
	WeightDecay                    float64
}

func (o Adagrad) String() string {
	return fmt.Sprintf("adagrad(learning_rate=%v, initial=%v, epsilon=%v, weight_decay=%v)",
		o.LearningRate, o.Initial, o.Epsilon, o.WeightDecay)
}

func (o Adagrad) validate() error {
	if !(o.Initial >= 0) || math.IsInf(o.Initial, 0) {
		return fmt.Errorf("adagrad: initial %v is negative or no number", o.Initial)
	}
	return checkEpsilon("adagrad", o.Epsilon, o.LearningRate, o.WeightDecay)
}

func (o Adagrad) start(size int) update {
	s := make([]float32, size)
	fill(s, float32(o.Initial))
	lr, eps, decay := float32(o.LearningRate), float32(o.Epsilon), float32(o.WeightDecay)
	return func(_, from int, p, g []float32) {
		s, g := s[from:from+len(p)], g[:len(p)]
		for i, w := range p {
			d := g[i] + float32(decay*w)
			s[i] += float32(d * d)
			p[i] = w - float32(lr*d)/(float32(math.Sqrt(float64(s[i])))+eps)
		}
	}
}

// Lion takes steps of one size, by the sign of a momentum (Chen et al.,
// "Symbolic Discovery of Optimization Algorithms", 2023), with decoupled decay:
//
//	p = p (1 - LearningRate WeightDecay) - LearningRate sign(Beta1 m + (1-Beta1) g)
//	m = Beta2 m + (1-Beta2) g
type Lion struct {
	LearningRate, Beta1, Beta2 float64
	WeightDecay                float64
}

func (o Lion) String() string {
	return fmt.Sprintf("lion(learning_rate=%v, beta1=%v, beta2=%v, weight_decay=%v)", o.LearningRate, o.Beta1, o.Beta2, o.WeightDecay)
}

func (o Lion) validate() error {
	return Adam{o.LearningRate, o.Beta1, o.Beta2, 1, o.WeightDecay}.check("lion")
}

func (o Lion) start(size int) update {
	m := make([]float32, size)
	b1, c1, b2, c2 := float32(o.Beta1), float32(1-o.Beta1), float32(o.Beta2), float32(1-o.Beta2)
	lr, keep := float32(o.LearningRate), float32(1-o.LearningRate*o.WeightDecay)
	return func(_, from int, p, g []float32) {
		m, g := m[from:from+len(p)], g[:len(p)]
		for i, w := range p {
			w *= keep
			switch c := float32(b1*m[i]) + float32(c1*g[i]); {
			case c > 0:
				w -= lr
			case c < 0:
				w += lr
			}
			m[i] = float32(b2*m[i]) + float32(c2*g[i])
			p[i] = w
		}
	}
}

func checkEpsilon(name string, epsilon, learning, decay float64) error {
	if !(epsilon > 0) || math.IsInf(epsilon, 0) {
		return fmt.Errorf("%s: epsilon %v is not a positive number", name, epsilon)
	}
	return checkRates(name, learning, decay)
}
