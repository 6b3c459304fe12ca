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

// A Loss is a choice of what is minimised.
type Loss struct {
	settings.OneOf
	Auto         *AutoLoss     `yaml:"auto" doc:"cross_entropy for classes, mse for numbers."`
	CrossEntropy *CrossEntropy `yaml:"cross_entropy" doc:"The negative logarithm of the probability of the class."`
	Focal        *Focal        `yaml:"focal" doc:"Cross entropy times (1-p)^gamma, p being the probability of the class: rows that are right anyway matter less."`
	MSE          *MSE          `yaml:"mse" doc:"The squared error, of numbers in the scale of the data set's target."`
	MAE          *MAE          `yaml:"mae" doc:"The absolute error."`
	Huber        *Huber        `yaml:"huber" doc:"Half the squared error below delta, linear above it."`
	Pinball      *Pinball      `yaml:"pinball" doc:"The loss whose minimum is a quantile in place of the mean."`
	Poisson      *Poisson      `yaml:"poisson" doc:"That of counts, which must not be scaled around a mean: the network gives the logarithm of a rate, and predictions are the rate."`
}

// AutoLoss is the loss that fits the target.
type AutoLoss struct{}

// CrossEntropy is for classes.
type CrossEntropy struct {
	LabelSmoothing float64 `yaml:"label_smoothing" default:"0" min:"0" below:"1" doc:"The share of each target that is given to all classes alike."`
}

// Focal is for classes of which some are rare.
type Focal struct {
	Gamma float64 `yaml:"gamma" short:"true" default:"2" above:"0" max:"100" doc:"How much less rows matter that are right anyway."`
}

// MSE is the mean squared error.
type MSE struct{}

// MAE is the mean absolute error.
type MAE struct{}

// Huber is for numbers with outliers.
type Huber struct {
	Delta float64 `yaml:"delta" short:"true" default:"1" above:"0" doc:"The error from which on it is linear, in the scale of the data set's target."`
}

// Pinball is quantile regression.
type Pinball struct {
	Quantile float64 `yaml:"quantile" short:"true" default:"0.5" above:"0" below:"1" doc:"The share of targets that should be below the prediction."`
}

// Poisson is for counts.
type Poisson struct{}

// A Schedule is a choice of how the learning rate changes.
type Schedule struct {
	settings.OneOf
	Constant    *Constant    `yaml:"constant" doc:"It does not change."`
	Step        *StepDecay   `yaml:"step" doc:"It falls by a factor after a number of epochs, again and again."`
	Exponential *Exponential `yaml:"exponential" doc:"It falls by a factor after each epoch."`
	Cosine      *Cosine      `yaml:"cosine" doc:"It falls at each step, along half a wave of the cosine over all epochs."`
	OneCycle    *OneCycle    `yaml:"one_cycle" doc:"It rises from 1/25 of its value to all of it, and falls to 1/250000, along the cosine."`
	Plateau     *Plateau     `yaml:"reduce_on_plateau" doc:"It falls by a factor when the monitored curve gets no better: that of early stopping, else validation.loss, else train.loss."`
}

// Constant is a learning rate that does not change.
type Constant struct {
	Warmup float64 `yaml:"warmup" default:"0" min:"0" max:"1000000" doc:"Epochs at the beginning in which it grows from 0."`
}

// StepDecay falls in steps.
type StepDecay struct {
	Every  int     `yaml:"every" short:"true" required:"true" min:"1" doc:"Epochs between two steps."`
	Factor float64 `yaml:"factor" default:"0.1" min:"1e-9" max:"1" doc:"What it is multiplied by."`
}

// Exponential falls by a factor.
type Exponential struct {
	Factor float64 `yaml:"factor" short:"true" required:"true" min:"1e-9" max:"1" doc:"What it is multiplied by."`
}

// Cosine falls along the cosine.
type Cosine struct {
	Warmup float64 `yaml:"warmup" default:"0" min:"0" max:"1000000" doc:"Epochs at the beginning in which it grows from 0."`
	Final  float64 `yaml:"final" default:"0" min:"0" max:"1" doc:"The share of it that is left at the last step."`
}

// OneCycle rises and falls.
type OneCycle struct {
	Rise float64 `yaml:"rise" default:"0.3" min:"0.001" max:"0.999" doc:"The share of all steps in which it rises."`
}

// Plateau falls when training gets no better.
type Plateau struct {
	Factor   float64 `yaml:"factor" default:"0.1" min:"1e-9" below:"1" doc:"What it is multiplied by."`
	Patience int     `yaml:"patience" default:"10" min:"0" doc:"Epochs in a row without a better value that are let pass."`
	MinDelta float64 `yaml:"min_delta" default:"0" min:"0" doc:"By how much a value must be better to count."`
	Min      float64 `yaml:"min" default:"0" min:"0" max:"1" doc:"The share of it that is always left."`
}

// FindRate is the search for a learning rate.
type FindRate struct {
	From  float64 `yaml:"from" default:"1e-6" above:"0" doc:"The learning rate of its first step."`
	To    float64 `yaml:"to" default:"1" above:"0" doc:"That of its last one."`
	Steps int     `yaml:"steps" short:"true" default:"100" min:"20" max:"100000" doc:"How many steps it has, unless the loss explodes before."`
}

// Validate finds a rate that does not rise.
func (f *FindRate) Validate() error {
	if f.From >= f.To {
		return settings.FieldErrorf("to", "to must be more than from, %v", f.From)
	}
	return nil
}

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

// SGD is stochastic gradient descent.
type SGD struct {
	LearningRate float64 `yaml:"learning_rate" short:"true" default:"0.01" above:"0" doc:"The size of a step."`
	Momentum     float64 `yaml:"momentum" default:"0" min:"0" below:"1" doc:"How much of the last step is carried into the next."`
	Nesterov     bool    `yaml:"nesterov" default:"false" doc:"Look ahead along the momentum, which must not be 0."`
	WeightDecay  float64 `yaml:"weight_decay" default:"0" min:"0" doc:"L2 regularisation: this share of the weights is added to the gradient."`
}

// Validate finds nesterov without momentum.
func (o *SGD) Validate() error {
	if o.Nesterov && o.Momentum == 0 {
		return &settings.FieldError{Field: "nesterov", Err: fmt.Errorf("nesterov needs a momentum"), Hint: "add momentum: 0.9"}
	}
	return nil
}

// Adam is the optimizer of Kingma and Ba.
type Adam struct {
	LearningRate float64 `yaml:"learning_rate" short:"true" default:"0.001" above:"0" doc:"The size of a step."`
	Beta1        float64 `yaml:"beta1" default:"0.9" min:"0" below:"1" doc:"Decay of the mean of the gradients."`
	Beta2        float64 `yaml:"beta2" default:"0.999" min:"0" below:"1" doc:"Decay of the mean of their squares."`
	Epsilon      float64 `yaml:"epsilon" default:"1e-8" above:"0" doc:"Keeps steps finite where gradients vanish."`
	WeightDecay  float64 `yaml:"weight_decay" default:"0" min:"0" doc:"L2 regularisation: this share of the weights is added to the gradient."`
}

// AdamW is Adam with decoupled weight decay.
type AdamW struct {
	LearningRate float64 `yaml:"learning_rate" short:"true" default:"0.001" above:"0" doc:"The size of a step."`
	Beta1        float64 `yaml:"beta1" default:"0.9" min:"0" below:"1" doc:"Decay of the mean of the gradients."`
	Beta2        float64 `yaml:"beta2" default:"0.999" min:"0" below:"1" doc:"Decay of the mean of their squares."`
	Epsilon      float64 `yaml:"epsilon" default:"1e-8" above:"0" doc:"Keeps steps finite where gradients vanish."`
	WeightDecay  float64 `yaml:"weight_decay" default:"0.01" min:"0" doc:"The share of the weights, times the learning rate, that is taken off at each step."`
}

// RMSprop divides by the root mean square.
type RMSprop struct {
	LearningRate float64 `yaml:"learning_rate" short:"true" default:"0.01" above:"0" doc:"The size of a step."`
	Alpha        float64 `yaml:"alpha" default:"0.99" min:"0" below:"1" doc:"Decay of the mean of the squared gradients."`
	Epsilon      float64 `yaml:"epsilon" default:"1e-8" above:"0" doc:"Keeps steps finite where gradients vanish."`
	Momentum     float64 `yaml:"momentum" default:"0" min:"0" below:"1" doc:"How much of the last step is carried into the next."`
	Centered     bool    `yaml:"centered" default:"false" doc:"Divide by the deviation of the gradients in place of their root mean square."`
	WeightDecay  float64 `yaml:"weight_decay" default:"0" min:"0" doc:"L2 regularisation: this share of the weights is added to the gradient."`
}

// Adagrad divides by the sum of all squares.
type Adagrad struct {
	LearningRate float64 `yaml:"learning_rate" short:"true" default:"0.01" above:"0" doc:"The size of a step."`
	Initial      float64 `yaml:"initial" default:"0" min:"0" doc:"What the sums of squares begin with."`
	Epsilon      float64 `yaml:"epsilon" default:"1e-10" above:"0" doc:"Keeps steps finite where gradients vanish."`
	WeightDecay  float64 `yaml:"weight_decay" default:"0" min:"0" doc:"L2 regularisation: this share of the weights is added to the gradient."`
}

// Lion goes by signs.
type Lion struct {
	LearningRate float64 `yaml:"learning_rate" short:"true" default:"0.0001" above:"0" doc:"The size of a step."`
	Beta1        float64 `yaml:"beta1" default:"0.9" min:"0" below:"1" doc:"The share of the momentum in the direction of a step."`
	Beta2        float64 `yaml:"beta2" default:"0.99" min:"0" below:"1" doc:"Decay of the momentum."`
	WeightDecay  float64 `yaml:"weight_decay" default:"0" min:"0" doc:"The share of the weights, times the learning rate, that is taken off at each step."`
}

// EarlyStopping ends training that no longer gets better.
type EarlyStopping struct {
	Monitor  string  `yaml:"monitor" default:"validation.loss" enum:"validation.loss,validation.accuracy,validation.rmse,train.loss" doc:"The curve to watch: accuracy of classes, rmse of numbers."`
	Patience int     `yaml:"patience" default:"10" min:"1" doc:"Epochs in a row without a better value before training ends."`
	MinDelta float64 `yaml:"min_delta" default:"0" min:"0" doc:"By how much a value must be better to count."`
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
		return &settings.FieldError{Err: errors.New("the threshold is neither given nor to be found"), Hint: "write `threshold: 0.3` or `threshold: {best: f1}`"}
	}
	return nil
}
