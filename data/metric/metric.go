// Package metric computes the figures that say how good predictions are, with
// the definitions and edge cases of scikit-learn 1.5 (or, where it has none,
// as stated on the metric), and how certain those figures are.
//
// Every figure is computed over all rows at once, never averaged over
// batches. Rows may carry counts, which is how the bootstrap resamples
// without copying a row.
package metric

import (
	"errors"
	"fmt"
	"strings"

	"pipe/data/task"
)

// A Def describes a metric.
type Def struct {
	Name  string // as written in a pipeline: "macro_f1"
	Title string // as printed for people: "Macro F1"
	Doc   string // definition in one line, with its range where that surprises
	Tasks []task.Kind
	Goal  Goal
	// Positive says that, of two classes, it is about the positive one, and has
	// another value for the other.
	Positive bool
	// Proportion says that the metric is the share of rows with a property, so
	// that Wilson's interval holds for it.
	Proportion bool
	// Percent says that people read the value as a percentage.
	Percent bool
	class   func(*tally) (float64, error)
	value   func(*residuals) (float64, error)
}

// For tells whether the metric is defined for a task.
func (d *Def) For(t task.Kind) bool {
	for _, x := range d.Tasks {
		if x == t {
			return true
		}
	}
	return false
}

// Better tells whether a is the better value of the metric.
func (d *Def) Better(a, b float64) bool { return d.Goal.Gain(a, b) > 0 }

var (
	classification = []task.Kind{task.Binary, task.Multiclass}
	binaryOnly     = []task.Kind{task.Binary}
	multiOnly      = []task.Kind{task.Multiclass}
	regression     = []task.Kind{task.Regression}
)

// defs is the whole vocabulary, in the order in which it is shown.
var defs = []Def{
	{Name: "accuracy", Title: "Accuracy", Tasks: classification, Goal: Up, Proportion: true, Percent: true, class: (*tally).accuracy,
		Doc: "Share of rows whose predicted class is the actual one."},
	{Name: "balanced_accuracy", Title: "Balanced accuracy", Tasks: classification, Goal: Up, Percent: true, class: (*tally).balancedAccuracy,
		Doc: "Mean recall of the classes that occur."},
	{Name: "precision", Title: "Precision", Tasks: binaryOnly, Goal: Up, Positive: true, class: (*tally).positivePrecision,
		Doc: "Share of rows predicted to be of the positive class that are; 0 if none is predicted."},
	{Name: "recall", Title: "Recall", Tasks: binaryOnly, Goal: Up, Positive: true, class: (*tally).positiveRecall,
		Doc: "Share of the rows of the positive class that are predicted to be; 0 if there is none."},
	{Name: "f1", Title: "F1", Tasks: binaryOnly, Goal: Up, Positive: true, class: (*tally).positiveF1,
		Doc: "2TP/(2TP+FP+FN) of the positive class."},
	{Name: "macro_precision", Title: "Macro precision", Tasks: classification, Goal: Up, class: macro(precision),
		Doc: "Plain mean over the classes that occur among actual or predicted values."},
	{Name: "macro_recall", Title: "Macro recall", Tasks: classification, Goal: Up, class: macro(recall),
		Doc: "Plain mean over the classes that occur among actual or predicted values."},
	{Name: "macro_f1", Title: "Macro F1", Tasks: classification, Goal: Up, class: macro(f1),
		Doc: "Plain mean over the classes that occur among actual or predicted values."},
	{Name: "weighted_precision", Title: "Weighted precision", Tasks: classification, Goal: Up, class: weighted(precision),
		Doc: "Mean over the classes, each by its number of rows."},
	{Name: "weighted_recall", Title: "Weighted recall", Tasks: classification, Goal: Up, class: weighted(recall),
		Doc: "Mean over the classes, each by its number of rows; equals accuracy."},
	{Name: "weighted_f1", Title: "Weighted F1", Tasks: classification, Goal: Up, class: weighted(f1),
		Doc: "Mean over the classes, each by its number of rows."},
	{Name: "micro_precision", Title: "Micro precision", Tasks: classification, Goal: Up, Proportion: true, class: (*tally).accuracy,
		Doc: "From counts pooled over the classes; equals accuracy where each row has one class."},
	{Name: "micro_recall", Title: "Micro recall", Tasks: classification, Goal: Up, Proportion: true, class: (*tally).accuracy,
		Doc: "From counts pooled over the classes; equals accuracy where each row has one class."},
	{Name: "micro_f1", Title: "Micro F1", Tasks: classification, Goal: Up, Proportion: true, class: (*tally).accuracy,
		Doc: "From counts pooled over the classes; equals accuracy where each row has one class."},
	{Name: "roc_auc", Title: "ROC AUC", Tasks: classification, Goal: Up, class: (*tally).rocAUC,
		Doc: "Chance that a positive row scores above a negative one, ties counting half; several classes: plain mean of one against the rest."},
	{Name: "average_precision", Title: "Average precision", Tasks: classification, Goal: Up, Positive: true, class: (*tally).averagePrecision,
		Doc: "Area under the precision-recall steps, without interpolation; several classes: plain mean of one against the rest."},
	{Name: "log_loss", Title: "Log loss", Tasks: classification, Goal: Down, class: (*tally).logLoss,
		Doc: "Mean of -ln p(actual class), p clipped to [2^-23, 1-2^-23], the precision of the network's float32 output."},
	{Name: "brier", Title: "Brier score", Tasks: classification, Goal: Down, class: (*tally).brier,
		Doc: "Mean squared error of the probabilities; two classes: of the positive one, in [0, 1]; more: summed over classes, in [0, 2]."},
	{Name: "ece", Title: "Calibration error", Tasks: classification, Goal: Down, class: (*tally).ece,
		Doc: "Expected calibration error: mean gap between confidence and accuracy over 15 equal bins of the top probability."},
	{Name: "mce", Title: "Max calibration error", Tasks: classification, Goal: Down, class: (*tally).mce,
		Doc: "Largest gap between confidence and accuracy among 15 equal bins of the top probability."},
	{Name: "mcc", Title: "Matthews correlation", Tasks: classification, Goal: Up, class: (*tally).mcc,
		Doc: "Correlation of actual and predicted classes in [-1, 1]; 0 if either is constant."},
	{Name: "kappa", Title: "Cohen's kappa", Tasks: classification, Goal: Up, class: (*tally).kappa,
		Doc: "Agreement beyond chance, at most 1."},
	{Name: "top_2_accuracy", Title: "Top-2 accuracy", Tasks: multiOnly, Goal: Up, Proportion: true, Percent: true, class: topK(2),
		Doc: "Share of rows whose actual class is among the 2 most probable."},
	{Name: "top_3_accuracy", Title: "Top-3 accuracy", Tasks: multiOnly, Goal: Up, Proportion: true, Percent: true, class: topK(3),
		Doc: "Share of rows whose actual class is among the 3 most probable."},
	{Name: "top_5_accuracy", Title: "Top-5 accuracy", Tasks: multiOnly, Goal: Up, Proportion: true, Percent: true, class: topK(5),
		Doc: "Share of rows whose actual class is among the 5 most probable."},

	{Name: "rmse", Title: "RMSE", Tasks: regression, Goal: Down, value: (*residuals).rmse,
		Doc: "Root of the mean squared error, in units of the target."},
	{Name: "mae", Title: "MAE", Tasks: regression, Goal: Down, value: (*residuals).mae,
		Doc: "Mean absolute error, in units of the target."},
	{Name: "mse", Title: "MSE", Tasks: regression, Goal: Down, value: (*residuals).mse,
		Doc: "Mean squared error, in squared units of the target."},
	{Name: "median_ae", Title: "Median abs. error", Tasks: regression, Goal: Down, value: (*residuals).medianAE,
		Doc: "Median absolute error, in units of the target."},
	{Name: "r2", Title: "R²", Tasks: regression, Goal: Up, value: (*residuals).r2,
		Doc: "1 - SSE/SST, at most 1; constant actual values: 1 if predicted exactly, else 0."},
	{Name: "mape", Title: "MAPE", Tasks: regression, Goal: Down, value: (*residuals).mape,
		Doc: "Mean of |error| / max(|actual|, 2^-52), a fraction; explodes where actual values are near 0."},
	{Name: "smape", Title: "sMAPE", Tasks: regression, Goal: Down, value: (*residuals).smape,
		Doc: "Mean of 200 |error| / (|actual|+|predicted|), in [0, 200]; 0/0 counts 0."},
	{Name: "max_error", Title: "Largest error", Tasks: regression, Goal: Down, value: (*residuals).maxError,
		Doc: "Largest absolute error, in units of the target."},
}

// defaults is what is computed where a pipeline does not say.
var defaults = map[task.Kind][]string{
	task.Binary:     {"accuracy", "roc_auc", "f1", "log_loss", "balanced_accuracy", "precision", "recall", "average_precision", "brier", "ece", "mcc"},
	task.Multiclass: {"accuracy", "macro_f1", "log_loss", "roc_auc", "balanced_accuracy", "weighted_f1", "brier", "ece", "mcc"},
	task.Regression: {"rmse", "mae", "r2", "median_ae", "max_error", "mape"},
}

// Defaults names the metrics of a task that are computed unless others are asked for.
func Defaults(t task.Kind) []string { return append([]string(nil), defaults[t]...) }

// Names lists every metric, in the order in which metrics are shown.
func Names() []string {
	names := make([]string, len(defs))
	for i := range defs {
		names[i] = defs[i].Name
	}
	return names
}

// NamesFor lists the metrics of a task.
func NamesFor(t task.Kind) []string {
	var names []string
	for i := range defs {
		if defs[i].For(t) {
			names = append(names, defs[i].Name)
		}
	}
	return names
}

// Find looks a metric up by its name.
func Find(name string) (*Def, bool) {
	for i := range defs {
		if defs[i].Name == name {
			return &defs[i], true
		}
	}
	return nil, false
}

// PerClass is the metric that asks for one class: "recall[Gentoo]" is the
// recall of Gentoo. Only precision, recall and f1 can be asked in this way.
func PerClass(name string) (base, class string, ok bool) {
	open := strings.IndexByte(name, '[')
	if open < 0 || !strings.HasSuffix(name, "]") {
		return "", "", false
	}
	base, class = name[:open], name[open+1:len(name)-1]
	switch base {
	case "precision", "recall", "f1":
		return base, class, true
	}
	return "", "", false
}

// A Value is a metric of one sample. Where the metric is not defined for the
// sample, Undefined says why and Value has no meaning.
type Value struct {
	Name      string
	Value     float64
	Undefined string
}

// A Sample is what was observed and what was predicted for a number of rows.
type Sample interface {
	// Rows is the number of rows.
	Rows() int
	// Measure computes metrics; each must be one of the sample's task. count
	// says how often each row occurs; nil is once each. Calls may be
	// concurrent.
	Measure(names []string, count []int32) []Value
}

// errUndefined carries a reason to Value.Undefined.
type errUndefined string

func (e errUndefined) Error() string { return string(e) }

func undefinedf(format string, args ...any) error { return errUndefined(fmt.Sprintf(format, args...)) }

var errNoRows = errors.New("there are no rows")

func valueOf(name string, v float64, err error) Value {
	if err != nil {
		return Value{Name: name, Undefined: err.Error()}
	}
	return Value{Name: name, Value: v}
}

// A sum adds numbers with Neumaier's compensation, so that the order of rows
// does not show in the result.
type sum struct{ s, c float64 }

func (a *sum) add(x float64) {
	t := a.s + x
	big, small := a.s, x
	if big < 0 {
		big = -big
	}
	if small < 0 {
		small = -small
	}
	if big >= small {
		a.c += (a.s - t) + x
	} else {
		a.c += (x - t) + a.s
	}
	a.s = t
}

func (a *sum) value() float64 { return a.s + a.c }
