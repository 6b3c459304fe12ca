package nn

import (
	"fmt"
	"strings"

	"pipe/nn/op"
)

// A Config says how to train.
type Config struct {
	Loss      string // "cross_entropy", "mse", "mae", "huber"; "auto" or empty: by the task
	Optimizer Optimizer
	Epochs    int
	BatchSize int  // cut down to the number of rows
	Shuffle   bool // a new order of the rows in each epoch

	// BalanceClasses weighs each class by the inverse of its share of the
	// training rows, in training and in the reported losses.
	BalanceClasses bool

	ClipNorm float64 // largest global norm of the gradient; 0 = no limit
	Seed     uint64

	// EarlyStopping ends training when the monitored curve no longer gets
	// better. Nil: all epochs are run.
	EarlyStopping *EarlyStopping

	// OnEpoch, if set, is called after each epoch.
	OnEpoch func(Epoch)
}

// EarlyStopping ends training after Patience epochs in a row of which none was
// better by more than MinDelta than the best before them.
type EarlyStopping struct {
	Monitor  string // the name of a curve
	Patience int
	MinDelta float64
}

// An Epoch is what was measured at its end, in evaluation mode over all rows.
type Epoch struct {
	Number, Of int // Number counts from 1
	Values     []Value
}

// A Value is a named number.
type Value struct {
	Name  string
	Value float64
}

// loss finds the operator for a task.
func (c *Config) loss(task string) (op.Loss, error) {
	name := c.Loss
	if name == "" || name == "auto" {
		name = DefaultLoss(task)
	}
	switch {
	case name == "cross_entropy" && task == Binary:
		return op.SigmoidCrossEntropy, nil
	case name == "cross_entropy" && task == Multiclass:
		return op.SoftmaxCrossEntropy, nil
	case name == "mse" || name == "mae" || name == "huber":
		if task == Regression {
			return op.Loss(name), nil
		}
	case name != "cross_entropy":
		return "", fmt.Errorf("unknown loss %q", name)
	}
	return "", &LossError{Loss: name, Task: task}
}

// DefaultLoss is the loss that "auto" stands for.
func DefaultLoss(task string) string {
	if task == Regression {
		return "mse"
	}
	return "cross_entropy"
}

// A LossError is a loss that cannot be used for a task.
type LossError struct{ Loss, Task string }

func (e *LossError) Error() string {
	return fmt.Sprintf("loss %s does not fit a %s target", e.Loss, e.Task)
}

// Hint names a loss that fits.
func (e *LossError) Hint() string {
	return fmt.Sprintf("use loss: %s, or leave it out", DefaultLoss(e.Task))
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
	return strings.HasPrefix(e.Monitor, "validation.") && !strings.HasPrefix(e.Curves[len(e.Curves)-1], "validation.")
}

// A DivergedError says that training ran into numbers that are not finite.
type DivergedError struct {
	Epoch, Step int     // from 1; Step is within the epoch, 0 at its evaluation
	Layer       string  // where they were first seen
	Loss        float64 // of that batch or evaluation
	LastLoss    float64 // of the batch before it, 0 if it was the first
}

func (e *DivergedError) Error() string {
	at := fmt.Sprintf("epoch %d, batch %d", e.Epoch, e.Step)
	if e.Step == 0 {
		at = fmt.Sprintf("epoch %d, evaluation", e.Epoch)
	}
	return fmt.Sprintf("training diverged at %s: loss is %v (before: %.6g), first seen in layer %s", at, e.Loss, e.LastLoss, e.Layer)
}

// Hint says what usually helps.
func (e *DivergedError) Hint() string {
	return "lower the learning rate (by 10, to begin with), scale the features and the target, or limit the gradient with clip_norm: 1"
}

func (c *Config) validate() error {
	if c.Optimizer == nil {
		return fmt.Errorf("no optimizer given")
	}
	if err := c.Optimizer.validate(); err != nil {
		return err
	}
	switch e := c.EarlyStopping; {
	case c.Epochs < 1:
		return fmt.Errorf("epochs is %d: want at least 1", c.Epochs)
	case c.BatchSize < 1:
		return fmt.Errorf("batch size is %d: want at least 1", c.BatchSize)
	case !(c.ClipNorm >= 0):
		return fmt.Errorf("clip norm is %v: want 0 or more", c.ClipNorm)
	case e != nil && e.Patience < 1:
		return fmt.Errorf("patience is %d: want at least 1", e.Patience)
	case e != nil && !(e.MinDelta >= 0):
		return fmt.Errorf("min delta is %v: want 0 or more", e.MinDelta)
	}
	return nil
}

// curveNames lists what each epoch measures, training first.
func curveNames(task string, validation bool) []string {
	metric := metricName(task)
	names := []string{"train.loss", "train." + metric}
	if validation {
		names = append(names, "validation.loss", "validation."+metric)
	}
	return names
}

func metricName(task string) string {
	if task == Regression {
		return "rmse"
	}
	return "accuracy"
}

func higherIsBetter(curve string) bool { return strings.HasSuffix(curve, ".accuracy") }
