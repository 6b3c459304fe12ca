package optim

import (
	"fmt"
	"math"

	"pipe/nn/graph"
	"pipe/pipeline/settings"
)

// An Optimizer is a choice of a rule for the weights.
type Optimizer struct {
	settings.OneOf
	SGD     *SGD     `yaml:"sgd" doc:"Stochastic gradient descent, with or without momentum."`
	Adam    *Adam    `yaml:"adam" doc:"Adam; weight decay is L2 regularisation, added to the gradient."`
	AdamW   *AdamW   `yaml:"adamw" doc:"Adam with weight decay that bypasses the gradient."`
	RMSprop *RMSprop `yaml:"rmsprop" doc:"Steps divided by the running root mean square of the gradients."`
	Adagrad *Adagrad `yaml:"adagrad" doc:"Steps divided by the root of the sum of all squared gradients; for sparse data."`
	Lion    *Lion    `yaml:"lion" doc:"Steps of one size, in the direction of a momentum. Its learning rate is 3 to 10 times smaller than that of adamw, its weight decay as much larger."`
}

// Rule is what was chosen.
func (o *Optimizer) Rule() Rule {
	switch {
	case o.SGD != nil:
		return *o.SGD
	case o.Adam != nil:
		return *o.Adam
	case o.AdamW != nil:
		return *o.AdamW
	case o.RMSprop != nil:
		return *o.RMSprop
	case o.Adagrad != nil:
		return *o.Adagrad
	case o.Lion != nil:
		return *o.Lion
	}
	return nil
}

// A Rule turns gradients into changes of the parameters: SGD, Adam, AdamW,
// RMSprop, Adagrad or Lion.
type Rule interface {
	fmt.Stringer
	// Validate says which setting makes no sense.
	Validate() error
	// WithRate is the rule with another learning rate.
	WithRate(rate float64) Rule
	rule() rule
}

// A rule is an optimizer as an operator.
type rule struct {
	op                  func(graph.Descent) graph.Op
	states              []bool  // of what the operator can keep, which there is
	initial             float32 // of the first one
	learning, l2, decay float64
	beta1, beta2        float64 // of bias corrections; 0: there are none
}

// hyper writes the numbers that an operator reads at step t = 1, 2, ..., with the
// factor of the learning rate, but for those of the gradient.
func (r *rule) hyper(h []float32, t int, factor float64) {
	rate := r.learning * factor
	h[graph.HyperDecay] = float32(rate * r.decay)
	h[graph.HyperL2] = float32(r.l2)
	h[graph.HyperRate] = float32(rate / (1 - float64(power(r.beta1, t))))
	h[graph.HyperRoot] = float32(1 / math.Sqrt(1-float64(power(r.beta2, t))))
}

// SGD is stochastic gradient descent: with d = g + WeightDecay p,
//
//	b = Momentum b + d        (b = 0 to begin with)
//	p = p - LearningRate b    (Nesterov: d + Momentum b in place of b)
type SGD struct {
	LearningRate float64 `yaml:"learning_rate" short:"true" default:"0.01" above:"0" doc:"The size of a step."`
	Momentum     float64 `yaml:"momentum" default:"0" min:"0" below:"1" doc:"How much of the last step is carried into the next."`
	Nesterov     bool    `yaml:"nesterov" default:"false" doc:"Look ahead along the momentum, which must not be 0."`
	WeightDecay  float64 `yaml:"weight_decay" default:"0" min:"0" doc:"L2 regularisation: this share of the weights is added to the gradient."`
}

// WithRate is the same with another learning rate.
func (o SGD) WithRate(rate float64) Rule {
	o.LearningRate = rate
	return o
}

func (o SGD) String() string {
	return fmt.Sprintf("sgd(learning_rate=%v, momentum=%v, nesterov=%v, weight_decay=%v)",
		o.LearningRate, o.Momentum, o.Nesterov, o.WeightDecay)
}

// Validate says which setting makes no sense.
func (o SGD) Validate() error {
	if o.Nesterov && o.Momentum <= 0 {
		return &settings.FieldError{Field: "nesterov", Err: fmt.Errorf("nesterov needs a momentum"), Todo: "add momentum: 0.9"}
	}
	return first(share("sgd", "momentum", o.Momentum), rates("sgd", o.LearningRate, o.WeightDecay))
}

func (o SGD) rule() rule {
	op := func(d graph.Descent) graph.Op {
		return graph.SGD{Descent: d, Momentum: o.Momentum, Nesterov: o.Nesterov}
	}
	return rule{op: op, states: []bool{o.Momentum != 0}, learning: o.LearningRate, l2: o.WeightDecay}
}

// Adam is the method of Kingma and Ba (2015), with L2 regularisation by adding
// WeightDecay p to the gradient:
//
//	m = Beta1 m + (1-Beta1) g,  v = Beta2 v + (1-Beta2) g²
//	p = p - LearningRate/(1-Beta1^t) m / (sqrt(v)/sqrt(1-Beta2^t) + Epsilon)
type Adam struct {
	LearningRate float64 `yaml:"learning_rate" short:"true" default:"0.001" above:"0" doc:"The size of a step."`
	Beta1        float64 `yaml:"beta1" default:"0.9" min:"0" below:"1" doc:"Decay of the mean of the gradients."`
	Beta2        float64 `yaml:"beta2" default:"0.999" min:"0" below:"1" doc:"Decay of the mean of their squares."`
	Epsilon      float64 `yaml:"epsilon" default:"1e-8" above:"0" doc:"Keeps steps finite where gradients vanish."`
	WeightDecay  float64 `yaml:"weight_decay" default:"0" min:"0" doc:"L2 regularisation: this share of the weights is added to the gradient."`
}

// WithRate is the same with another learning rate.
func (o Adam) WithRate(rate float64) Rule {
	o.LearningRate = rate
	return o
}

func (o Adam) String() string { return o.text("adam") }

// Validate says which setting makes no sense.
func (o Adam) Validate() error { return o.check("adam") }

func (o Adam) text(name string) string {
	return fmt.Sprintf("%s(learning_rate=%v, beta1=%v, beta2=%v, epsilon=%v, weight_decay=%v)",
		name, o.LearningRate, o.Beta1, o.Beta2, o.Epsilon, o.WeightDecay)
}

func (o Adam) check(name string) error {
	return first(share(name, "beta1", o.Beta1), share(name, "beta2", o.Beta2), positive(name, "epsilon", o.Epsilon),
		rates(name, o.LearningRate, o.WeightDecay))
}

func (o Adam) rule() rule {
	op := func(d graph.Descent) graph.Op {
		return graph.Adam{Descent: d, Beta1: o.Beta1, Beta2: o.Beta2, Epsilon: o.Epsilon}
	}
	return rule{op: op, states: []bool{true, true},
		learning: o.LearningRate, l2: o.WeightDecay, beta1: o.Beta1, beta2: o.Beta2}
}

// AdamW is Adam with decoupled weight decay (Loshchilov and Hutter, 2019): p is
// multiplied by 1 - LearningRate WeightDecay before each step, and the gradient
// is left alone.
type AdamW struct {
	LearningRate float64 `yaml:"learning_rate" short:"true" default:"0.001" above:"0" doc:"The size of a step."`
	Beta1        float64 `yaml:"beta1" default:"0.9" min:"0" below:"1" doc:"Decay of the mean of the gradients."`
	Beta2        float64 `yaml:"beta2" default:"0.999" min:"0" below:"1" doc:"Decay of the mean of their squares."`
	Epsilon      float64 `yaml:"epsilon" default:"1e-8" above:"0" doc:"Keeps steps finite where gradients vanish."`
	WeightDecay  float64 `yaml:"weight_decay" default:"0.01" min:"0" doc:"The share of the weights, times the learning rate, that is taken off at each step."`
}

// WithRate is the same with another learning rate.
func (o AdamW) WithRate(rate float64) Rule {
	o.LearningRate = rate
	return o
}

func (o AdamW) String() string { return Adam(o).text("adamw") }

// Validate says which setting makes no sense.
func (o AdamW) Validate() error { return Adam(o).check("adamw") }

func (o AdamW) rule() rule {
	r := Adam(o).rule()
	r.l2, r.decay = 0, o.WeightDecay
	return r
}

// RMSprop divides gradients by the root of the running mean of their squares
// (Hinton, 2012; Centered: Graves, 2013): with d = g + WeightDecay p,
//
//	v = Alpha v + (1-Alpha) d²,  a = Alpha a + (1-Alpha) d  (a = 0 unless Centered)
//	b = Momentum b + d / (sqrt(v - a²) + Epsilon)
//	p = p - LearningRate b
type RMSprop struct {
	LearningRate float64 `yaml:"learning_rate" short:"true" default:"0.01" above:"0" doc:"The size of a step."`
	Alpha        float64 `yaml:"alpha" default:"0.99" min:"0" below:"1" doc:"Decay of the mean of the squared gradients."`
	Epsilon      float64 `yaml:"epsilon" default:"1e-8" above:"0" doc:"Keeps steps finite where gradients vanish."`
	Momentum     float64 `yaml:"momentum" default:"0" min:"0" below:"1" doc:"How much of the last step is carried into the next."`
	Centered     bool    `yaml:"centered" default:"false" doc:"Divide by the deviation of the gradients in place of their root mean square."`
	WeightDecay  float64 `yaml:"weight_decay" default:"0" min:"0" doc:"L2 regularisation: this share of the weights is added to the gradient."`
}

// WithRate is the same with another learning rate.
func (o RMSprop) WithRate(rate float64) Rule {
	o.LearningRate = rate
	return o
}

func (o RMSprop) String() string {
	return fmt.Sprintf("rmsprop(learning_rate=%v, alpha=%v, epsilon=%v, momentum=%v, centered=%v, weight_decay=%v)",
		o.LearningRate, o.Alpha, o.Epsilon, o.Momentum, o.Centered, o.WeightDecay)
}

// Validate says which setting makes no sense.
func (o RMSprop) Validate() error {
	return first(share("rmsprop", "alpha", o.Alpha), share("rmsprop", "momentum", o.Momentum), positive("rmsprop", "epsilon", o.Epsilon),
		rates("rmsprop", o.LearningRate, o.WeightDecay))
}

func (o RMSprop) rule() rule {
	op := func(d graph.Descent) graph.Op {
		return graph.RMSprop{Descent: d, Alpha: o.Alpha, Epsilon: o.Epsilon, Momentum: o.Momentum}
	}
	return rule{op: op, states: []bool{true, o.Centered, o.Momentum != 0}, learning: o.LearningRate, l2: o.WeightDecay}
}

// Adagrad divides gradients by the root of the sum of all their squares (Duchi
// et al., 2011): with d = g + WeightDecay p,
//
//	s = s + d²  (Initial to begin with),  p = p - LearningRate d / (sqrt(s) + Epsilon)
type Adagrad struct {
	LearningRate float64 `yaml:"learning_rate" short:"true" default:"0.01" above:"0" doc:"The size of a step."`
	Initial      float64 `yaml:"initial" default:"0" min:"0" doc:"What the sums of squares begin with."`
	Epsilon      float64 `yaml:"epsilon" default:"1e-10" above:"0" doc:"Keeps steps finite where gradients vanish."`
	WeightDecay  float64 `yaml:"weight_decay" default:"0" min:"0" doc:"L2 regularisation: this share of the weights is added to the gradient."`
}

// WithRate is the same with another learning rate.
func (o Adagrad) WithRate(rate float64) Rule {
	o.LearningRate = rate
	return o
}

func (o Adagrad) String() string {
	return fmt.Sprintf("adagrad(learning_rate=%v, initial=%v, epsilon=%v, weight_decay=%v)",
		o.LearningRate, o.Initial, o.Epsilon, o.WeightDecay)
}

// Validate says which setting makes no sense.
func (o Adagrad) Validate() error {
	return first(atLeast0("adagrad", "initial", o.Initial), positive("adagrad", "epsilon", o.Epsilon),
		rates("adagrad", o.LearningRate, o.WeightDecay))
}

func (o Adagrad) rule() rule {
	op := func(d graph.Descent) graph.Op { return graph.Adagrad{Descent: d, Epsilon: o.Epsilon} }
	return rule{op: op, states: []bool{true}, initial: float32(o.Initial),
		learning: o.LearningRate, l2: o.WeightDecay}
}

// Lion takes steps of one size, by the sign of a momentum (Chen et al.,
// "Symbolic Discovery of Optimization Algorithms", 2023), with decoupled decay:
//
//	p = p (1 - LearningRate WeightDecay) - LearningRate sign(Beta1 m + (1-Beta1) g)
//	m = Beta2 m + (1-Beta2) g
type Lion struct {
	LearningRate float64 `yaml:"learning_rate" short:"true" default:"0.0001" above:"0" doc:"The size of a step."`
	Beta1        float64 `yaml:"beta1" default:"0.9" min:"0" below:"1" doc:"The share of the momentum in the direction of a step."`
	Beta2        float64 `yaml:"beta2" default:"0.99" min:"0" below:"1" doc:"Decay of the momentum."`
	WeightDecay  float64 `yaml:"weight_decay" default:"0" min:"0" doc:"The share of the weights, times the learning rate, that is taken off at each step."`
}

// WithRate is the same with another learning rate.
func (o Lion) WithRate(rate float64) Rule {
	o.LearningRate = rate
	return o
}

func (o Lion) String() string {
	return fmt.Sprintf("lion(learning_rate=%v, beta1=%v, beta2=%v, weight_decay=%v)", o.LearningRate, o.Beta1, o.Beta2, o.WeightDecay)
}

// Validate says which setting makes no sense.
func (o Lion) Validate() error {
	return first(share("lion", "beta1", o.Beta1), share("lion", "beta2", o.Beta2), rates("lion", o.LearningRate, o.WeightDecay))
}

func (o Lion) rule() rule {
	op := func(d graph.Descent) graph.Op { return graph.Lion{Descent: d, Beta1: o.Beta1, Beta2: o.Beta2} }
	return rule{op: op, states: []bool{true}, learning: o.LearningRate, decay: o.WeightDecay}
}

// first is the first error that there is.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func share(of, name string, v float64) error {
	if !(v >= 0 && v < 1) {
		return fmt.Errorf("%s: %s %v is not in [0, 1)", of, name, v)
	}
	return nil
}

func positive(of, name string, v float64) error {
	if !(v > 0) || math.IsInf(v, 0) {
		return fmt.Errorf("%s: %s %v is not a positive number", of, name, v)
	}
	return nil
}

func atLeast0(of, name string, v float64) error {
	if !(v >= 0) || math.IsInf(v, 0) {
		return fmt.Errorf("%s: %s %v is negative or no number", of, name, v)
	}
	return nil
}

func rates(of string, learning, decay float64) error {
	return first(positive(of, "learning rate", learning), atLeast0(of, "weight decay", decay))
}

// power is x to the n by repeated squaring: products only, so that it is the
// same on every machine. 0 to the 0 is 1.
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
