package nn

import (
	"slices"

	"pipe/nn/graph"
)

// An Activation is a function that values pass through, with the usual parameter
// where it has one. The empty one is linear.
type Activation string

// The activations. The output has none: the losses for classes take logits.
const (
	Linear    Activation = "linear"
	ReLU      Activation = "relu"
	LeakyReLU Activation = "leaky_relu" // slope 0.01 below 0
	ELU       Activation = "elu"        // limit -1
	GELU      Activation = "gelu"       // x times the normal distribution function, by erf
	SiLU      Activation = "silu"       // x sigmoid(x)
	Tanh      Activation = "tanh"
	Sigmoid   Activation = "sigmoid"
	Softplus  Activation = "softplus" // log(1 + e^x)
	Softmax   Activation = "softmax"  // e^x / sum of e^x over the features, or over those of a step
)

// Activations lists them all.
func Activations() []Activation {
	var list []Activation
	for _, f := range graph.Functions() {
		if f != graph.Linear {
			list = append(list, Activation(f))
		}
	}
	return append(list, Softmax, Linear)
}

// Enum implements settings.Enum.
func (Activation) Enum() []string {
	var names []string
	for _, a := range Activations() {
		names = append(names, string(a))
	}
	return names
}

// Known says whether a is one of the above.
func (a Activation) Known() bool { return slices.Contains(Activations(), a) }

// Alpha is the usual parameter of a: the slope of leaky_relu, the scale of elu,
// else 0.
func (a Activation) Alpha() float64 { return graph.Function(a).Alpha() }

// operator is the activation in terms of package graph, with its usual parameter;
// softmax, which is an operator of its own, is linear.
func (a Activation) operator() graph.Activation {
	if a == Softmax {
		a = Linear
	}
	return graph.Activation{Kind: graph.Function(a), Alpha: float32(a.Alpha())}
}
