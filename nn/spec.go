package nn

import (
	"fmt"
	"strconv"

	"pipe/nn/op"
)

// Bounds of a Spec, so that a hostile model file cannot ask for more memory
// than the machine has, and sizes stay far from overflow.
const (
	maxLayers = 1000
	maxWidth  = 1 << 20
)

// A Spec is the shape of a network: the number of input features, hidden
// layers, and a last dense layer without activation that gives the outputs.
type Spec struct {
	Inputs  int     `json:"inputs"`
	Layers  []Layer `json:"layers"`
	Outputs int     `json:"outputs"`
}

// A Layer is exactly one of its fields.
type Layer struct {
	Dense   *Dense   `json:"dense,omitempty"`
	Dropout *Dropout `json:"dropout,omitempty"`
}

// Dense is activation(x W + b) with as many outputs as it has units.
type Dense struct {
	Units      int        `json:"units"`
	Activation Activation `json:"activation"`
}

// An Activation is "relu", "tanh", "sigmoid" or "linear".
type Activation = op.Activation

// Dropout zeroes each value with probability Rate during training and divides
// the others by 1-Rate. It does nothing when the network is evaluated.
type Dropout struct {
	Rate float64 `json:"rate"`
}

// Validate reports the first thing that makes s impossible.
func (s Spec) Validate() error {
	if s.Inputs < 1 || s.Inputs > maxWidth {
		return fmt.Errorf("a network of %d inputs: want 1 to %d", s.Inputs, maxWidth)
	}
	if s.Outputs < 1 || s.Outputs > maxWidth {
		return fmt.Errorf("a network of %d outputs: want 1 to %d", s.Outputs, maxWidth)
	}
	if len(s.Layers) > maxLayers {
		return fmt.Errorf("a network of %d layers: want at most %d", len(s.Layers), maxLayers)
	}
	for i, l := range s.Layers {
		switch {
		case (l.Dense == nil) == (l.Dropout == nil):
			return fmt.Errorf("layer %d: want exactly one of dense and dropout", i)
		case l.Dense != nil && (l.Dense.Units < 1 || l.Dense.Units > maxWidth):
			return fmt.Errorf("layer %d: dense of %d units: want 1 to %d", i, l.Dense.Units, maxWidth)
		case l.Dense != nil && !l.Dense.Activation.Known():
			return fmt.Errorf("layer %d: unknown activation %q", i, l.Dense.Activation)
		case l.Dropout != nil && !(l.Dropout.Rate >= 0 && l.Dropout.Rate < 1):
			return fmt.Errorf("layer %d: dropout rate %v is not in [0, 1)", i, l.Dropout.Rate)
		}
	}
	return nil
}

// A paramSpec is what a Spec says about one parameter.
type paramSpec struct {
	name  string
	shape []int         // weights: inputs, outputs; biases: outputs
	act   op.Activation // of the layer
}

func (p paramSpec) size() int {
	n := 1
	for _, d := range p.shape {
		n *= d
	}
	return n
}

// params lists the parameters in network order: weight and bias of each dense
// layer, the last one of which is called "output".
func (s Spec) params() []paramSpec {
	var list []paramSpec
	width := s.Inputs
	add := func(name string, units int, act op.Activation) {
		list = append(list,
			paramSpec{name + ".weight", []int{width, units}, act},
			paramSpec{name + ".bias", []int{units}, act})
		width = units
	}
	for i, l := range s.Layers {
		if l.Dense != nil {
			add(layerName(i), l.Dense.Units, l.Dense.Activation)
		}
	}
	add("output", s.Outputs, op.Linear)
	return list
}

// layerName names a layer of a Spec by its place, in parameter names, in the
// purposes of random numbers and in messages.
func layerName(i int) string { return "layers." + strconv.Itoa(i) }

// What a network is trained to do.
const (
	Regression = "regression" // one output, a number
	Binary     = "binary"     // one logit, of the second of two classes
	Multiclass = "multiclass" // one logit for each class
)

// A Signature says what the inputs and outputs of a network mean.
type Signature struct {
	Features []string `json:"features"` // names of the inputs, in order
	Column   string   `json:"column"`   // the target
	Task     string   `json:"task"`
	Classes  []string `json:"classes,omitempty"` // by class index
	Center   float64  `json:"center"`            // regression: output*Scale + Center
	Scale    float64  `json:"scale"`             // is in the units of the target
}

// Outputs is the number of outputs of a network with this signature.
func (s Signature) Outputs() int {
	if s.Task == Multiclass {
		return len(s.Classes)
	}
	return 1
}

// Validate reports the first contradiction in s.
func (s Signature) Validate() error {
	switch s.Task {
	case Regression:
		if len(s.Classes) != 0 {
			return fmt.Errorf("a regression target has no classes, got %d", len(s.Classes))
		}
		if !finite(s.Center) || !finite(s.Scale) || s.Scale == 0 {
			return fmt.Errorf("the scaling of the target, center %v and scale %v, cannot be inverted", s.Center, s.Scale)
		}
	case Binary:
		if len(s.Classes) != 2 {
			return fmt.Errorf("a binary target has 2 classes, got %d", len(s.Classes))
		}
	case Multiclass:
		if len(s.Classes) < 2 || len(s.Classes) > maxWidth {
			return fmt.Errorf("a multiclass target has at least 2 classes, got %d", len(s.Classes))
		}
	default:
		return fmt.Errorf("unknown task %q: want %s, %s or %s", s.Task, Regression, Binary, Multiclass)
	}
	return nil
}
