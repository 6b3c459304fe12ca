package train

import (
	"context"
	"errors"
	"fmt"

	"pipe/base/diag"
	"pipe/data/metric"
	"pipe/data/task"
	"pipe/data/tensor"
	"pipe/estimator"
	"pipe/nn"
	"pipe/pipeline"
)

// check finds a threshold that a data set has no use for.
func (t *Threshold) check(sig *nn.Signature, validation *rows) error {
	switch {
	case t == nil:
		return nil
	case !sig.Task.IsOne():
		return diag.WithHint(fmt.Errorf("threshold: it divides two classes of one target, but there are %d targets", len(sig.Targets)), "remove threshold")
	case sig.Task == task.Regression:
		return diag.WithHint(fmt.Errorf("threshold: it divides two classes, but the target %s is a number", sig.Column),
			"remove threshold, or set `target: {column: "+sig.Column+", task: classification}` in the preprocess stage")
	case sig.Task != task.Binary:
		return diag.WithHint(fmt.Errorf("threshold: it divides two classes, but the target %s has %d", sig.Column, len(sig.Classes)), "remove threshold")
	}
	if by, ok := t.by(); ok && validation == nil {
		return fmt.Errorf("threshold: %w", errNoValidation(by))
	}
	return nil
}

func errNoValidation(by *metric.Def) error {
	return diag.WithHint(fmt.Errorf("the best %s is looked for on validation data, and there is none", by.Name),
		"connect validation data, or write a number, as in `threshold: 0.3`")
}

// set gives the signature of a model its threshold. All other parts of the model are complete.
func (t *Threshold) set(ctx context.Context, env pipeline.Env, sig *nn.Signature, sum *nn.Summary, model *estimator.Model, validation *rows) error {
	if t == nil {
		return nil
	}
	if t.Value != nil {
		sig.Threshold = *t.Value
		return nil
	}
	classes, err := predictAll(ctx, model, validation)
	if err != nil {
		return fmt.Errorf("threshold: %w", err)
	}
	by, ok := t.by()
	if !ok {
		return fmt.Errorf("threshold: no threshold is chosen by %q", t.Best)
	}
	at, value, err := classes.BestThreshold(by)
	if err != nil {
		return fmt.Errorf("threshold: validation data set %s: %w", validation.name, err)
	}
	sig.Threshold = at
	sum.Threshold = &nn.Chosen{Metric: by.Name, Value: value}
	env.Metric("threshold", at, metric.Meaning{})
	env.Metric(validationPort+"."+by.Name, value, by.Meaning(sig.Classes))
	env.Log().Info(fmt.Sprintf("%s is best on the validation data, %.4g, at the threshold %.4g", by.Name, value, at))
	return nil
}

// predictAll is what a binary model says of all rows.
func predictAll(ctx context.Context, model *estimator.Model, r *rows) (_ *metric.Classes, err error) {
	p, err := model.NewPredictor()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	const batch = 256
	list, b := make([]int, 0, batch), nn.Batch{Inputs: make([]tensor.Rows, len(r.inputs)), Targets: make([][]float64, 1)}
	actual, prob := make([]int32, 0, r.Len()), make([]float64, 0, r.Len())
	for from := 0; from < r.Len(); from += batch {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		list = list[:0]
		for row := from; row < min(from+batch, r.Len()); row++ {
			list = append(list, row)
		}
		for i := range b.Inputs {
			b.Inputs[i].Reset(r.info.Inputs[i].Type, 0)
		}
		b.Targets[0], b.Weights = b.Targets[0][:0], b.Weights[:0]
		if err := r.Gather(list, &b); err != nil {
			return nil, err
		}
		output, err := p.Predict(b.Inputs, len(list))
		if err != nil {
			return nil, err
		}
		prob = append(prob, output...)
		for _, class := range b.Targets[0] {
			actual = append(actual, int32(class))
		}
	}
	return metric.NewClasses(model.Signature.Classes, actual, prob)
}
