package train

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"pipe/base/diag"
	"pipe/data/metric"
	"pipe/nn"
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
	if c == nil || c.Weights == nil {
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

// Balance is how classes that are rare are made to count.
type Balance struct {
	By    string  `yaml:"by" short:"true" default:"none" enum:"none,weights,oversample,undersample" doc:"weights: each class counts inverse to its share, in the losses of validation data as well (class_weights: balanced). oversample: rows of rare classes are drawn again, at random, until each class has as many as the most frequent one. undersample: rows of frequent classes are left out at random until each has as many as the rarest."`
	Ratio float64 `yaml:"ratio" default:"1" above:"0" max:"1" doc:"Of oversample and undersample: how many rows a class has at least for each of the most frequent one; 0.5 leaves that twice as many."`
	Prior string  `yaml:"prior" default:"balanced" enum:"balanced,train" doc:"Of which shares of the classes the probabilities of the model are: of the balanced rows, or of the training rows as they are (train), which are put back into the output when training is over."`
}

// Validate finds a ratio or a prior that nothing is done with.
func (b *Balance) Validate() error {
	if b.Ratio != 1 && b.sampling() == nil {
		return &settings.FieldError{Field: "ratio", Err: errors.New("a ratio is of oversample and undersample alone"), Todo: "remove ratio, or write `by: oversample`"}
	}
	return nil
}

// sampling is how rows are drawn; nil: each is there once.
func (b *Balance) sampling() *nn.Sampling {
	switch b.By {
	case "oversample":
		return &nn.Sampling{Over: true, Ratio: b.Ratio}
	case "undersample":
		return &nn.Sampling{Ratio: b.Ratio}
	}
	return nil
}

// used says whether classes have weights.
func (c *ClassWeights) used() bool { return c.balanced() || c != nil && c.Weights != nil }

// balanced says whether these follow from the shares of the classes.
func (c *ClassWeights) balanced() bool { return c != nil && c.Mode == "balanced" }

// checkBalance finds what does not go with how classes are balanced.
func (s *Train) checkBalance() error {
	if s.balance().Prior == "train" && s.Loss.Focal != nil && (s.balance().By != "none" || s.ClassWeights.used()) {
		return &settings.FieldError{Field: "balance.prior", Err: errors.New("the probabilities that focal loss gives are of no shares of classes, so that none can be put back"), Todo: "use loss: cross_entropy, or remove prior"}
	}
	return checkBalance(&s.ClassWeights, s.Balance)
}

// checkBalance finds weights of classes and a balance that contradict each other.
func checkBalance(c *ClassWeights, b *Balance) error {
	b = b.orNone()
	weighted := c.used()
	switch {
	case b.By == "weights" && weighted:
		return &settings.FieldError{Field: "balance", Err: errors.New("the weights of classes are in class_weights already"), Todo: "remove balance or class_weights"}
	case b.Prior == "train" && b.By == "none" && !weighted:
		return &settings.FieldError{Field: "balance.prior", Err: errors.New("nothing has changed the shares of the classes that prior: train would put back"), Todo: "add `by: weights`, or remove prior"}
	}
	return nil
}

// balance is how classes are balanced, or not.
func (s *Train) balance() *Balance { return s.Balance.orNone() }

// orNone is the balance, or that of classes that are as they are.
func (b *Balance) orNone() *Balance {
	if b == nil {
		return &Balance{By: "none", Ratio: 1, Prior: "balanced"}
	}
	return b
}

// used says whether anything is balanced.
func (b *Balance) used() bool { return b != nil && (b.By != "none" || b.Prior == "train") }

// Threshold is where the positive one of two classes begins.
type Threshold struct {
	Value *float64        `yaml:"value" short:"true" above:"0" below:"1" doc:"The probability itself."`
	Best  ThresholdMetric `yaml:"best" doc:"Find it: where this metric is best on the validation data, each row counting once. Of equally good ones the nearest to 0.5."`
	Costs *Costs          `yaml:"costs" added:"true" doc:"Find it by what mistakes cost: where their cost is least on the validation data. Only how the two costs compare matters."`
}

// Costs are what the two kinds of mistakes cost.
type Costs struct {
	FalseAlarm float64 `yaml:"false_alarm" required:"true" above:"0" max:"1e12" doc:"Of a row that is taken for the positive class and is not of it."`
	Miss       float64 `yaml:"miss" required:"true" above:"0" max:"1e12" doc:"Of a row of the positive class that is not taken for it."`
}

// by is the metric by which the threshold is looked for; ok is false if it is given.
func (t *Threshold) by() (by *metric.Def, ok bool) {
	if t.Costs != nil {
		return metric.Cost(t.Costs.FalseAlarm, t.Costs.Miss), true
	}
	return metric.ForThreshold().Find(string(t.Best))
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
	case t.Costs != nil && (t.Value != nil || t.Best != ""):
		return settings.FieldErrorf("costs", "the threshold is either given, or to be found by one metric, or by costs")
	case t.Value == nil && t.Best == "" && t.Costs == nil:
		return &settings.FieldError{Err: errors.New("the threshold is neither given nor to be found"), Todo: "write `threshold: 0.3`, `threshold: {best: f1}` or `threshold: {costs: {false_alarm: 1, miss: 10}}`"}
	}
	return nil
}
