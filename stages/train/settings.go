package train

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"pipe/base/diag"
	"pipe/data/metric"
	"pipe/pipeline/settings"
)

// ClassWeights are the weights of classes in the loss.
type ClassWeights struct {
	Mode    string                `yaml:"mode" short:"true" default:"none" enum:"none,balanced" doc:"All equal, or each inverse to its share of the training rows."`
	Weights settings.Map[float64] `yaml:"weights" min:"1" doc:"The weight of each class by name; of those that are not named it is 1."`
}

// Validate finds two kinds of weights, and weights that are none.
func (c *ClassWeights) Validate() error {
	if c.Mode == "balanced" && c.Weights != nil {
		return settings.FieldErrorf("weights", "class weights are either balanced or listed")
	}
	for _, w := range c.Weights {
		if !(w.Value > 0) {
			return settings.FieldErrorf("weights."+w.Key, "the weight of a class must be more than 0, not %v", w.Value)
		}
	}
	return nil
}

// forClasses orders the weights as a data set does its classes. They are nil if
// none are listed.
func (c *ClassWeights) forClasses(classes []string) ([]float64, error) {
	if c.Weights == nil {
		return nil, nil
	}
	if classes == nil {
		return nil, fmt.Errorf("class_weights are for classes, but the target is a number")
	}
	list := make([]float64, len(classes))
	known := 0
	for i, class := range classes {
		w, ok := c.Weights.Get(class)
		if list[i] = w; ok {
			known++
		} else {
			list[i] = 1
		}
	}
	if known < len(c.Weights) {
		for _, w := range c.Weights {
			if !slices.Contains(classes, w.Key) {
				return nil, diag.WithHint(fmt.Errorf("class_weights names %q, which is none of the classes", w.Key),
					"the classes are "+strings.Join(classes, ", "))
			}
		}
	}
	return list, nil
}

// Threshold is where the positive one of two classes begins.
type Threshold struct {
	Value *float64        `yaml:"value" short:"true" above:"0" below:"1" doc:"The probability itself."`
	Best  ThresholdMetric `yaml:"best" doc:"Find it: where this metric is best on the validation data, each row counting once. Of equally good ones the nearest to 0.5."`
}

// A ThresholdMetric is the name of a metric by which a threshold is chosen.
type ThresholdMetric string

// Enum implements settings.Enum.
func (ThresholdMetric) Enum() []string { return metric.ForThreshold().Names() }

// Validate finds thresholds that are both given and to be found, or neither.
func (t *Threshold) Validate() error {
	switch {
	case t.Value != nil && t.Best != "":
		return settings.FieldErrorf("best", "the threshold is either given or to be found")
	case t.Value == nil && t.Best == "":
		return &settings.FieldError{Err: errors.New("the threshold is neither given nor to be found"), Todo: "write `threshold: 0.3` or `threshold: {best: f1}`"}
	}
	return nil
}
