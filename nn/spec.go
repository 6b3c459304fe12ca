package nn

import (
	"fmt"

	"pipe/base/exact"
	"pipe/data/task"
)

// A Spec is the shape of a network: the number of input features, hidden
// layers, and a last dense layer without activation that gives the outputs.
type Spec struct {
	Inputs int `json:"inputs"` // features; 0 where there are branches
	// Branches are what named inputs pass through before they are joined, as the
	// branches of a concat are, for the layers, or if they are wide for the outputs.
	Branches []Branch `json:"branches,omitempty"`
	Layers   []Layer  `json:"layers"`
	Outputs  int      `json:"outputs"`
}

// A Branch is the layers that an input passes through by itself.
type Branch struct {
	Input  string  `json:"input"`
	Shape  Shape   `json:"shape"` // as Input.Shape
	Ragged bool    `json:"ragged,omitempty"`
	Sparse int     `json:"sparse,omitempty"` // as Input.Sparse
	Wide   bool    `json:"wide,omitempty"`   // leads to the output layer, past Spec.Layers
	Layers []Layer `json:"layers"`
}

// Validate reports the first thing that makes s impossible, see Shapes.
func (s Spec) Validate() error {
	_, err := s.Shapes()
	return err
}

// params lists the parameters of a valid Spec in network order. The last dense
// layer is called "output".
func (s Spec) params() []ParamShape {
	shapes, err := s.Shapes()
	if err != nil {
		panic(fmt.Sprintf("nn: %v", err)) // it was validated before
	}
	return shapes.Params()
}

// A Signature says what the inputs and outputs of a network mean.
type Signature struct {
	Features []string  `json:"features"` // names of the elements of the only input; none where there are Inputs
	Inputs   []Input   `json:"inputs,omitempty"`
	Column   string    `json:"column"`            // the target; of several, their names for people
	Task     task.Kind `json:"task"`              // binary: one logit, of the second class; multiclass: one for each
	Classes  []string  `json:"classes,omitempty"` // by class index
	Center   float64   `json:"center"`            // regression: output*Scale + Center
	Scale    float64   `json:"scale"`             // is in the units of the target
	// Log says that the network gives the logarithm: exp(output)*Scale + Center
	// is in the units of the target.
	Log bool `json:"log,omitempty"`
	// Transform is what the network learned in place of the target: then
	// output*Scale + Center is what it made of it. Nil: the target itself.
	Transform *task.Transform `json:"transform,omitempty"`
	// Targets are several, of which each has an output: then Classes, Center, Scale
	// and Transform are theirs.
	Targets []Target `json:"targets,omitempty"`
	// Threshold is the probability of the second of two classes above which a
	// row is taken to be of it. 0 stands for one half.
	Threshold float64 `json:"threshold,omitempty"`
}

// A Target is one of several that a network learns.
type Target struct {
	Column    string          `json:"column"`
	Classes   []string        `json:"classes,omitempty"` // two, or none of a number
	Center    float64         `json:"center"`
	Scale     float64         `json:"scale"`
	Transform *task.Transform `json:"transform,omitempty"`
	// Quantile is which one the output learns of the target, by the pinball loss; 0: it is
	// learned by the loss of all.
	Quantile float64 `json:"quantile,omitempty"`
}

// Heads are the targets one by one: each a signature with that target alone. Of a
// signature with one target it is that itself.
func (s *Signature) Heads() []*Signature {
	if len(s.Targets) == 0 {
		return []*Signature{s}
	}
	list := make([]*Signature, len(s.Targets))
	for i, t := range s.Targets {
		one := *s
		one.Column, one.Classes, one.Center, one.Scale, one.Transform = t.Column, t.Classes, t.Center, t.Scale, t.Transform
		one.Targets = nil
		if one.Task = task.Regression; s.Task == task.Multilabel {
			one.Task = task.Binary
		}
		list[i] = &one
	}
	return list
}

// Columns are those of the targets.
func (s *Signature) Columns() []string {
	var list []string
	for _, h := range s.Heads() {
		list = append(list, h.Column)
	}
	return list
}

// Cut is the threshold of a binary model in use.
func (s *Signature) Cut() float64 {
	if s.Threshold == 0 {
		return .5
	}
	return s.Threshold
}

// Class is the class that a classification takes a row for, by the outputs of a
// Predictor: the most probable one, the first of equals; of two the second if
// its probability is above the threshold.
func (s *Signature) Class(output []float64) int {
	if s.Outputs() == 1 {
		if output[0] > s.Cut() {
			return 1
		}
		return 0
	}
	best := 0
	for j, p := range output {
		if p > output[best] {
			best = j
		}
	}
	return best
}

// Probability is that of a class, by the outputs of a Predictor for a row.
func (s *Signature) Probability(output []float64, class int) float64 {
	switch {
	case s.Outputs() > 1:
		return output[class]
	case class == 1:
		return output[0]
	}
	return 1 - output[0]
}

// number is what the output of a regression network means, on the scale of the
// targets in training.
func (s *Signature) number(z float32) float64 {
	if s.Log {
		return exact.Exp(float64(z))
	}
	return float64(z)
}

// value is what the output of a regression network means, in the units of the
// target.
func (s *Signature) value(z float32) float64 { return s.Unscaled(s.number(z)) }

// Unscaled is a number on the scale of the targets in training, in the units of the
// target.
func (s *Signature) Unscaled(v float64) float64 {
	return s.Transform.Invert(float64(v*s.Scale) + s.Center)
}

// Scaled is a target on the scale of training.
func (s *Signature) Scaled(t float64) float64 {
	return (s.Transform.Apply(t) - s.Center) / s.Scale
}

// scaled is a target as a network learns it.
func (s *Signature) scaled(t float64) float32 { return float32(s.Scaled(t)) }

// Outputs is the number of outputs of a network with this signature.
func (s Signature) Outputs() int {
	switch {
	case s.Task == task.Multiclass:
		return len(s.Classes)
	case len(s.Targets) > 0:
		return len(s.Targets)
	}
	return 1
}

// Validate reports the first contradiction in s.
func (s Signature) Validate() error {
	if err := s.Task.Check(len(s.Classes)); err != nil {
		return err
	}
	if err := s.checkInputs(); err != nil {
		return err
	}
	if several := len(s.Targets) > 0; several == s.Task.IsOne() || len(s.Targets) == 1 || len(s.Targets) > maxWidth {
		return fmt.Errorf("%d targets for a %s task", len(s.Targets), s.Task)
	}
	if len(s.Targets) > 0 {
		seen := map[string]bool{}
		for i, h := range s.Heads() {
			if seen[h.Column] {
				return fmt.Errorf("two targets are named %q", h.Column)
			}
			seen[h.Column] = true
			if q := s.Targets[i].Quantile; q != 0 && (h.Task != task.Regression || !(q > 0 && q < 1)) {
				return fmt.Errorf("target %q: no output of a %s learns the quantile %v", h.Column, h.Task, q)
			}
			if err := h.Validate(); err != nil {
				return fmt.Errorf("target %q: %w", h.Column, err)
			}
		}
	}
	if s.Task == task.Regression && (!finite(s.Center) || !finite(s.Scale) || s.Scale == 0) {
		return fmt.Errorf("the scaling of the target, center %v and scale %v, cannot be inverted", s.Center, s.Scale)
	}
	if s.Transform != nil && (s.Task != task.Regression || s.Log) {
		return fmt.Errorf("a transform of a target for %s", s.Task)
	}
	if err := s.Transform.Check(); err != nil {
		return err
	}
	if len(s.Classes) > maxWidth {
		return fmt.Errorf("a target of %d classes: at most %d are possible", len(s.Classes), maxWidth)
	}
	if s.Threshold != 0 && (s.Task != task.Binary || !(s.Threshold > 0 && s.Threshold < 1)) {
		return fmt.Errorf("a threshold of %v for a %s target: want one between 0 and 1, of two classes", s.Threshold, s.Task)
	}
	return nil
}
