package nn

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"pipe/data/metric"
	"pipe/data/task"
	"pipe/nn/backend"
)

// A Config says how to train.
type Config struct {
	Loss      Loss // the zero value is Auto
	Optimizer Rule
	Schedule  Factor // of the learning rate; nil: it is constant
	Epochs    int
	BatchSize int  // cut down to the number of rows
	Shuffle   bool // a new order of the rows in each epoch

	// Gaps says that targets, which are numbers then, may be missing: NaN. They have no
	// influence on the loss, whose mean is that of the targets which are there.
	Gaps bool

	// BalanceClasses weighs each class by the inverse of its share of the
	// training rows, in training and in the reported losses.
	BalanceClasses bool

	// ClassWeights is the weight of each class by index, in place of the
	// balanced ones. Nil: all are 1.
	ClassWeights []float64

	// Sampling draws the rows that are trained on. Nil: each is there once. Nothing is
	// drawn of validation data.
	Sampling *Sampling

	// Prior takes out of the probabilities of the model what weights and sampling of
	// classes have done to their shares, when training is over.
	Prior bool

	// What is done to gradients: first L1 sign(w) is added, then each is cut to
	// ±ClipValue, then all are scaled down to ClipNorm, taken over all of them
	// together. 0: none of it.
	L1        float64
	ClipValue float64
	ClipNorm  float64

	// DecayWeights restricts weight decay and L1 to parameters that are weights
	// (ParamShape.IsWeight), which leaves out biases and normalisation. False:
	// they apply to all that is trained, as in PyTorch.
	DecayWeights bool

	// Accumulate adds up the gradients of so many batches for one step of the
	// optimizer, which is then that of one batch of as many rows; an epoch ends
	// with a smaller step if it must. 0 is 1.
	Accumulate int

	// Average is the decay of an exponential moving average of the parameters,
	// updated after each step: a = Average a + (1 - Average) p. Curves are
	// measured with it, and the model has it. 0: there is none.
	Average float64

	Initializer Initializer
	Seed        uint64

	// KeepNorms says that the model tells of the gradients of its first epoch.
	KeepNorms bool

	// Augment changes the rows of batches, but not those that losses are measured
	// of. Nil: they stay as they are. It is a part of the name of the work, as JSON.
	Augment Augmenter

	// EarlyStopping ends training when the monitored curve no longer gets
	// better. Nil: all epochs are run.
	EarlyStopping *EarlyStopping

	// OnEpoch, if set, is called after each epoch; when training goes on from a
	// checkpoint, also for the epochs before it.
	OnEpoch func(Epoch)

	// OnRows, if set, is called after each step with how many rows training has taken so
	// far, each once in an epoch, of how many it takes if it runs all epochs.
	OnRows func(done, of int64)

	// Resume is what an earlier training with the same spec, data and Config
	// saved; nil to begin anew. If it makes no sense OnAnew, if set, is told why,
	// and training begins anew.
	Resume io.Reader
	OnAnew func(why error)

	// Checkpoint, if set, is called after each step, and once more when the
	// context has ended: it may call save, then and there, or not. What comes
	// out does not depend on it.
	Checkpoint func(save func(io.Writer) error)

	Threads int     // that work on a step; 0: one for each CPU
	Backend Backend // what computes; nil: this processor

	bare bool // steps alone: nothing is ever measured
}

// A Backend compiles graphs for a processor.
type Backend = backend.Backend

// EarlyStopping ends training after Patience epochs in a row of which none was
// better by more than MinDelta than the best before them.
type EarlyStopping struct {
	Monitor  string  `yaml:"monitor" default:"validation.loss" enum:"validation.loss,validation.accuracy,validation.rmse,train.loss" doc:"The curve to watch: accuracy of classes, rmse of numbers."`
	Patience int     `yaml:"patience" default:"10" min:"1" doc:"Epochs in a row without a better value before training ends."`
	MinDelta float64 `yaml:"min_delta" default:"0" min:"0" doc:"By how much a value must be better to count."`
}

// An Epoch is what was measured at its end, in evaluation mode over all rows.
type Epoch struct {
	Number, Of int // Number counts from 1
	Values     []Value
	// Norms are of its last full step: learning_rate.factor, activation_rms of
	// the output of each layer, and gradient_norm of each parameter before L1 and
	// clipping.
	Norms []Value
}

// A Value is a named number.
type Value struct {
	Name  string
	Value float64
}

// CheckMonitor lists the tasks that have the curve of a monitor, or says in a
// *MonitorError that none does.
func CheckMonitor(monitor string, validation bool) ([]task.Kind, error) {
	var list []task.Kind
	var curves []string
	for _, kind := range task.All() {
		names := curveNames(kind, validation)
		if slices.Contains(names, monitor) {
			list = append(list, kind)
		}
		for _, name := range names {
			if !slices.Contains(curves, name) {
				curves = append(curves, name)
			}
		}
	}
	if len(list) == 0 {
		return nil, &MonitorError{Monitor: monitor, Curves: curves}
	}
	return list, nil
}

// A CountError is a target that cannot be a count, which the poisson loss is for.
type CountError struct {
	Data, Column  string
	Row           int // from 1
	Value, Center float64
}

func (e *CountError) Error() string {
	if e.Center != 0 {
		return fmt.Sprintf("loss poisson is for counts, but in %s the target %s is scaled around %g", e.Data, e.Column, e.Center)
	}
	return fmt.Sprintf("loss poisson is for counts, but in %s the target %s of row %d is %g", e.Data, e.Column, e.Row, e.Value)
}

// Hint says what to do about it.
func (e *CountError) Hint() string {
	if e.Center != 0 {
		return fmt.Sprintf("set `target: {column: %s, scale: none}` in the preprocess stage", e.Column)
	}
	return "use loss: mse for numbers that may be negative"
}

// A TransformError is a loss of the numbers of a target themselves, whose transform
// is to be learned.
type TransformError struct{ Loss, Column string }

func (e *TransformError) Error() string {
	return fmt.Sprintf("loss %s is for counts as they are, but the target %s is transformed", e.Loss, e.Column)
}

// Hint says what to do about it.
func (e *TransformError) Hint() string {
	return fmt.Sprintf("set `target: {column: %s, scale: none}` without a transform in the preprocess stage, or use loss: mse", e.Column)
}

// A MonitorError is a monitored curve that training will not have.
type MonitorError struct {
	Monitor string
	Curves  []string // those there are
}

func (e *MonitorError) Error() string {
	if e.unmeasured() {
		return fmt.Sprintf("early stopping monitors %s, but there is no validation data", e.Monitor)
	}
	return fmt.Sprintf("early stopping monitors %s, which is none of %s", e.Monitor, strings.Join(e.Curves, ", "))
}

// Hint says how to get the curve.
func (e *MonitorError) Hint() string {
	if e.unmeasured() {
		return "connect validation data, or monitor train.loss"
	}
	return "monitor " + strings.Join(e.Curves, ", or ")
}

// unmeasured says whether the curve would be there if there was validation.
func (e *MonitorError) unmeasured() bool {
	return strings.HasPrefix(e.Monitor, "validation.") &&
		!slices.ContainsFunc(e.Curves, func(c string) bool { return strings.HasPrefix(c, "validation.") })
}

// A DivergedError says that training ran into numbers that are not finite.
type DivergedError struct {
	Epoch, Step int     // from 1; Step is within the epoch, 0 at its evaluation
	Layer       string  // where they were first seen
	Tensor      string  // what it computed there: "dense", "dense dw"
	Element     int     // of that
	Loss        float64 // of that batch or evaluation
	LastLoss    float64 // of the batch before it, 0 if it was the first
}

func (e *DivergedError) Error() string {
	at := fmt.Sprintf("epoch %d, batch %d", e.Epoch, e.Step)
	if e.Step == 0 {
		at = fmt.Sprintf("epoch %d, evaluation", e.Epoch)
	}
	where := "layer " + e.Layer
	if e.Tensor != "" {
		where += fmt.Sprintf(" (%s, element %d)", e.Tensor, e.Element)
	}
	return fmt.Sprintf("training diverged at %s: loss is %v (before: %.6g), first seen in %s", at, e.Loss, e.LastLoss, where)
}

// Hint says what usually helps.
func (e *DivergedError) Hint() string {
	return "lower the learning rate (by 10, to begin with), scale the features and the target, or limit the gradient with clip_norm: 1"
}

func (c *Config) validate() error {
	if c.Optimizer == nil {
		return fmt.Errorf("no optimizer given")
	}
	if err := c.Optimizer.Validate(); err != nil {
		return err
	}
	if c.Schedule != nil {
		if err := c.Schedule.Validate(); err != nil {
			return err
		}
	}
	if err := checkInitializer(c.Initializer); err != nil {
		return err
	}
	switch e := c.EarlyStopping; {
	case c.Epochs < 1:
		return fmt.Errorf("epochs is %d: want at least 1", c.Epochs)
	case c.BatchSize < 1:
		return fmt.Errorf("batch size is %d: want at least 1", c.BatchSize)
	case !(c.ClipNorm >= 0):
		return fmt.Errorf("clip norm is %v: want 0 or more", c.ClipNorm)
	case !(c.ClipValue >= 0):
		return fmt.Errorf("clip value is %v: want 0 or more", c.ClipValue)
	case !(c.L1 >= 0) || math.IsInf(c.L1, 0):
		return fmt.Errorf("l1 is %v: want 0 or more", c.L1)
	case c.Accumulate < 0:
		return fmt.Errorf("accumulate is %d: want 1 or more", c.Accumulate)
	case !(c.Average >= 0 && c.Average < 1):
		return fmt.Errorf("the decay of the average is %v: want 0 or more and less than 1", c.Average)
	case c.BalanceClasses && c.ClassWeights != nil:
		return fmt.Errorf("class weights are both balanced and given")
	case slices.ContainsFunc(c.ClassWeights, func(w float64) bool { return !(w > 0) || math.IsInf(w, 0) }):
		return fmt.Errorf("class weights are %v: want positive numbers", c.ClassWeights)
	case c.Sampling != nil && !(c.Sampling.Ratio > 0 && c.Sampling.Ratio <= 1):
		return fmt.Errorf("the ratio of classes is %v: want more than 0 and at most 1", c.Sampling.Ratio)
	case e != nil && e.Patience < 1:
		return fmt.Errorf("patience is %d: want at least 1", e.Patience)
	case e != nil && !(e.MinDelta >= 0):
		return fmt.Errorf("min delta is %v: want 0 or more", e.MinDelta)
	}
	return nil
}

// curveNames lists what each epoch measures, training first.
func curveNames(kind task.Kind, validation bool) []string {
	measure := metricName(kind)
	names := []string{"train.loss", "train." + measure}
	if validation {
		names = append(names, "validation.loss", "validation."+measure)
	}
	return names
}

func metricName(kind task.Kind) string {
	if !kind.IsClassification() {
		return "rmse"
	}
	return "accuracy"
}

// curveGoal is that of the loss or of the metric whose curve it is, in the set
// that the name begins with.
func curveGoal(name string) metric.Goal {
	_, of, _ := strings.Cut(name, ".")
	if def, ok := metric.All().Find(of); ok {
		return def.Goal
	}
	return metric.Down // a loss
}
