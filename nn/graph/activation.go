package graph

import (
	"math"
	"slices"
)

// A Function is a function that each value passes through, by its name.
type Function string

// The functions. The empty name is the identity too.
const (
	Linear    Function = "linear"
	ReLU      Function = "relu"
	LeakyReLU Function = "leaky_relu"
	ELU       Function = "elu"
	GELU      Function = "gelu" // x times the normal distribution function, by erf
	SiLU      Function = "silu" // x sigmoid(x)
	Tanh      Function = "tanh"
	Sigmoid   Function = "sigmoid"
	Softplus  Function = "softplus" // log(1 + e^x)
)

// Functions are all there are.
func Functions() []Function {
	return []Function{Linear, ReLU, LeakyReLU, ELU, GELU, SiLU, Tanh, Sigmoid, Softplus}
}

// Known says whether f is one of them.
func (f Function) Known() bool { return slices.Contains(Functions(), f) }

// Alpha is the usual parameter: the slope of LeakyReLU below 0, the limit of
// ELU. The others have none.
func (f Function) Alpha() float64 {
	switch f {
	case LeakyReLU:
		return 0.01
	case ELU:
		return 1
	}
	return 0
}

// Rectifies says whether f passes what is above 0 and little else.
func (f Function) Rectifies() bool {
	switch f {
	case ReLU, LeakyReLU, ELU, GELU, SiLU:
		return true
	}
	return false
}

// An Activation is a function with its parameter. The zero value is the identity.
type Activation struct {
	Kind  Function
	Alpha float32
}

// linear says whether it is the identity.
func (a Activation) linear() bool { return a.Kind == "" || a.Kind == Linear }

// fromOutput says whether the derivative can be found from the output alone;
// else it takes what is before the function.
func (a Activation) fromOutput() bool { return a.Kind != GELU && a.Kind != SiLU }

// Activate is Act(x), element by element.
type Activate struct{ Act Activation }

// Activate is act(x), element by element.
func (g *Graph) Activate(x *Node, act Activation) *Node {
	if act.linear() {
		return x
	}
	return g.Apply(Activate{act}, x)
}

func (Activate) Name() string { return "activation" }

func (o Activate) Infer(in []Shape) ([]Shape, error) {
	if !o.Act.linear() && !o.Act.Kind.Known() {
		return nil, misfit("unknown function %.20q", string(o.Act.Kind))
	}
	return in[:1], nil
}

func (o Activate) Grad(g *Graph, c *Call, dy *Node) []*Node {
	return []*Node{g.Apply(ActivateGrad{Act: o.Act}, c.In[0], dy)}
}

func (o Activate) Decompose(g *Graph, in []*Node) *Node {
	a, x := algebra{g}, in[0]
	if o.Act.linear() {
		return x
	}
	sigmoid := func(x *Node) *Node {
		return a.over(a.number(1, x), a.affine(a.mapped(Exp, a.affine(x, -1, 0)), 1, 1))
	}
	positive := a.less(a.zero(x), x)
	alpha := float64(o.Act.Alpha)
	switch o.Act.Kind {
	case ReLU:
		return a.times(positive, x)
	case LeakyReLU:
		return a.choose(positive, x, a.affine(x, alpha, 0))
	case ELU:
		below := a.times(a.not(positive), x) // its exponential is not above 1
		return a.choose(positive, x, a.affine(a.mapped(Exp, below), alpha, -alpha))
	case GELU:
		return a.times(x, a.affine(a.mapped(Erf, a.affine(x, 1/math.Sqrt2, 0)), 0.5, 0.5))
	case SiLU:
		return a.times(x, sigmoid(x))
	case Tanh:
		return a.affine(sigmoid(a.affine(x, 2, 0)), 2, -1)
	case Sigmoid:
		return sigmoid(x)
	case Softplus:
		return a.softplus(x)
	}
	return g.fail("activation: no meaning of %s", o.Act.Kind)
}

// ActivateGrad is the gradient before an activation, from what is before it and
// the gradient after it.
type ActivateGrad struct {
	backward
	Act Activation
}

func (ActivateGrad) Name() string                        { return "activation dx" }
func (o ActivateGrad) Infer(in []Shape) ([]Shape, error) { return in[:1], nil }

// OutputGrad is the gradient before an activation, from its output and the
// gradient after it.
type OutputGrad struct {
	backward
	Act Activation
}

func (OutputGrad) Name() string                        { return "activation dx" }
func (o OutputGrad) Infer(in []Shape) ([]Shape, error) { return in[:1], nil }

// before is the gradient before an activation that an operator ends with.
func (g *Graph) before(act Activation, y, dy *Node) *Node {
	if act.linear() {
		return dy
	}
	return g.Apply(OutputGrad{Act: act}, y, dy)
}
