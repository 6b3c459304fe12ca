package nn

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"pipe/data/task"
	"pipe/nn/graph"
	"pipe/pipeline/settings"
)

// A Loss is a choice of what is minimised. The zero value is Auto.
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

// lossKind is one of the losses.
type lossKind interface {
	// operator is the loss for a task, nil if it is not for that.
	operator(task.Kind) *graph.Loss
}

// AutoLoss is the loss that fits the target.
type AutoLoss struct{}

func (AutoLoss) operator(kind task.Kind) *graph.Loss {
	if !kind.IsClassification() {
		return MSE{}.operator(kind)
	}
	return CrossEntropy{}.operator(kind)
}

// CrossEntropy is for classes.
type CrossEntropy struct {
	LabelSmoothing float64 `yaml:"label_smoothing" default:"0" min:"0" below:"1" doc:"The share of each target that is given to all classes alike."`
}

func (l CrossEntropy) operator(kind task.Kind) *graph.Loss {
	return ofClasses(kind, graph.Loss{Smoothing: l.LabelSmoothing})
}

// Focal is for classes of which some are rare.
type Focal struct {
	Gamma float64 `yaml:"gamma" short:"true" default:"2" above:"0" max:"100" doc:"How much less rows matter that are right anyway."`
}

func (l Focal) operator(kind task.Kind) *graph.Loss {
	return ofClasses(kind, graph.Loss{Gamma: cmp.Or(l.Gamma, 2)})
}

// ofClasses is a cross entropy with parameters.
func ofClasses(kind task.Kind, l graph.Loss) *graph.Loss {
	switch kind {
	case task.Binary, task.Multilabel:
		l.Kind = graph.SigmoidCrossEntropy
	case task.Multiclass:
		l.Kind = graph.SoftmaxCrossEntropy
	default:
		return nil
	}
	return &l
}

// MSE is the mean squared error.
type MSE struct{}

func (MSE) operator(kind task.Kind) *graph.Loss { return ofNumbers(kind, graph.Loss{Kind: graph.MSE}) }

// MAE is the mean absolute error.
type MAE struct{}

func (MAE) operator(kind task.Kind) *graph.Loss { return ofNumbers(kind, graph.Loss{Kind: graph.MAE}) }

// Huber is for numbers with outliers.
type Huber struct {
	Delta float64 `yaml:"delta" short:"true" default:"1" above:"0" doc:"The error from which on it is linear, in the scale of the data set's target."`
}

func (l Huber) operator(kind task.Kind) *graph.Loss {
	return ofNumbers(kind, graph.Loss{Kind: graph.Huber, Delta: l.Delta})
}

// Pinball is quantile regression.
type Pinball struct {
	Quantile float64 `yaml:"quantile" short:"true" default:"0.5" above:"0" below:"1" doc:"The share of targets that should be below the prediction."`
}

func (l Pinball) operator(kind task.Kind) *graph.Loss {
	return ofNumbers(kind, graph.Loss{Kind: graph.Pinball, Quantile: l.Quantile})
}

// Poisson is for counts.
type Poisson struct{}

func (Poisson) operator(kind task.Kind) *graph.Loss {
	return ofNumbers(kind, graph.Loss{Kind: graph.Poisson})
}

func ofNumbers(kind task.Kind, l graph.Loss) *graph.Loss {
	if kind.IsClassification() {
		return nil
	}
	return &l
}

// chosen is the loss that is set, and its name.
func (l *Loss) chosen() (string, lossKind) {
	v := reflect.ValueOf(l).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Pointer && !f.IsNil() {
			return v.Type().Field(i).Tag.Get("yaml"), f.Interface().(lossKind)
		}
	}
	return "auto", AutoLoss{}
}

// Name is that of the loss that is set: mse, or auto.
func (l *Loss) Name() string {
	name, _ := l.chosen()
	return name
}

// nameFor is Name with what auto stands for.
func (l *Loss) nameFor(kind task.Kind) string {
	if name := l.Name(); name != "auto" {
		return name
	}
	return DefaultLoss(kind)
}

// operator finds the operator for a task.
func (l *Loss) operator(kind task.Kind) (graph.Loss, error) {
	name, of := l.chosen()
	o := of.operator(kind)
	if o == nil {
		return graph.Loss{}, &LossError{Loss: name, Task: kind}
	}
	return *o, o.Validate()
}

// with is the parameters of the loss for a task, as a part of the name of the
// work that a checkpoint is of.
func (l *Loss) with(kind task.Kind) any {
	o, _ := l.operator(kind)
	return struct{ LabelSmoothing, Delta, Quantile, Gamma float64 }{o.Smoothing, o.Delta, o.Quantile, o.Gamma}
}

// Tasks lists the tasks that a loss is for.
func (l *Loss) Tasks() []task.Kind {
	_, of := l.chosen()
	return slices.DeleteFunc(task.All(), func(kind task.Kind) bool { return of.operator(kind) == nil })
}

// DefaultLoss is the loss that "auto" stands for.
func DefaultLoss(kind task.Kind) string {
	if !kind.IsClassification() {
		return "mse"
	}
	return "cross_entropy"
}

// A LossError is a loss that cannot be used for a task.
type LossError struct {
	Loss string
	Task task.Kind
}

func (e *LossError) Error() string {
	return fmt.Sprintf("loss %s does not fit a %s target", e.Loss, e.Task)
}

// Hint names a loss that fits.
func (e *LossError) Hint() string {
	return fmt.Sprintf("use loss: %s, or leave it out", DefaultLoss(e.Task))
}
