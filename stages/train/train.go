package train

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"pipe/base/diag"
	"pipe/data/metric"
	"pipe/data/table"
	"pipe/nn"
	"pipe/pipeline"
)

// Run trains the network and writes the model.
func (s *Train) Run(ctx context.Context, env pipeline.Env) (err error) {
	train, err := open(env, trainPort, s.SampleWeight)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, train.close()) }()
	var validation *rows // nil: there is none
	if slices.Contains(env.Inputs(), validationPort) {
		v, err := open(env, validationPort, s.SampleWeight)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, v.close()) }()
		if err := comparable(train, v); err != nil {
			return err
		}
		validation = v
	}
	spec, sig, err := s.spec(&train.info)
	if err != nil {
		return err
	}
	cfg, err := s.config(env.Seed(), sig.Classes)
	if err != nil {
		return err
	}
	if err := s.Threshold.check(&sig, validation); err != nil {
		return err
	}
	cfg.Threads = env.Threads()
	if s.FindRate != nil {
		rate, err := findRate(ctx, env, nn.RateTest(*s.FindRate), spec, sig, train, cfg)
		if err != nil {
			return err
		}
		cfg.Optimizer = nn.WithRate(cfg.Optimizer, rate)
	}
	if resume := env.Resume(); resume != nil {
		defer func() { err = errors.Join(err, resume.Close()) }()
		cfg.Resume = resume
	}
	cfg.OnAnew = func(why error) { env.Log().Warn("the checkpoint is of no use, training begins anew", "reason", why) }
	cfg.Checkpoint = env.Checkpoint
	cfg.OnEpoch = func(e nn.Epoch) {
		for _, v := range slices.Concat(e.Values, e.Norms) {
			env.Point(v.Name, int64(e.Number), v.Value)
		}
		env.Progress(int64(e.Number), int64(e.Of))
	}
	var watched nn.Source
	if validation != nil {
		watched = validation
	}
	model, err := nn.Train(ctx, spec, sig, train, watched, cfg)
	if err != nil {
		return err
	}
	if err := s.Threshold.set(ctx, env, model, validation); err != nil {
		return err
	}
	for _, name := range append(slices.Clone(sig.Features), sig.Column) {
		env.Column(pipeline.ColumnRef{Port: modelPort, Column: name}, pipeline.ColumnRef{Port: trainPort, Column: name})
	}
	report(env, &model.Summary)
	w, err := env.Create(modelPort)
	if err != nil {
		return err
	}
	_, err = model.WriteTo(w)
	return err
}

// findRate looks for a learning rate, and records what it saw.
func findRate(ctx context.Context, env pipeline.Env, test nn.RateTest, spec nn.Spec, sig nn.Signature, train nn.Source, cfg nn.Config) (float64, error) {
	curve, err := test.Find(ctx, spec, sig, train, cfg)
	if err != nil {
		return 0, fmt.Errorf("find a learning rate: %w", err)
	}
	for i, rate := range curve.Rates {
		env.Point("find_learning_rate.rate", int64(i+1), rate)
		env.Point("find_learning_rate.loss", int64(i+1), curve.Losses[i])
	}
	env.Metric("learning_rate", curve.Best, metric.Meaning{})
	env.Log().Info(fmt.Sprintf("found the learning rate %.3g in %d steps", curve.Best, len(curve.Rates)))
	return curve.Best, nil
}

// comparable checks that two data sets were made by the same transform, or by
// two that agree: a network has no other way to tell its inputs apart than by
// their order.
func comparable(train, validation *rows) error {
	hint := "connect two outputs of the same preprocess stage"
	a, b := train.info.Names(), validation.info.Names()
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return diag.WithHint(fmt.Errorf("feature %d is %q in %s but %q in %s", i+1, a[i], train.name, b[i], validation.name), hint)
		}
	}
	if len(a) != len(b) {
		return diag.WithHint(fmt.Errorf("%s has %d features but %s has %d", train.name, len(a), validation.name, len(b)), hint)
	}
	t, v := train.info.Target, validation.info.Target
	if t.Column != v.Column || t.Task != v.Task || !slices.Equal(t.Classes, v.Classes) || t.Center != v.Center || t.Scale != v.Scale {
		return diag.WithHint(fmt.Errorf("the target of %s (%s, %s) is not that of %s (%s, %s)",
			train.name, t.Column, t.Task, validation.name, v.Column, v.Task), hint)
	}
	return nil
}

// spec is the network for a data set. An error names the setting that does not fit.
func (s *Train) spec(info *table.DatasetInfo) (nn.Spec, nn.Signature, error) {
	sig, net := signature(info), s.network()
	spec := nn.Spec{Inputs: len(sig.Features), Layers: net.layers, Outputs: sig.Outputs()}
	if err := spec.Validate(); err != nil {
		return spec, sig, fmt.Errorf("%d features: %w", spec.Inputs, net.place(err))
	}
	return spec, sig, nil
}

func signature(info *table.DatasetInfo) nn.Signature {
	t := info.Target
	return nn.Signature{Features: info.Names(), Column: t.Column, Task: t.Task, Classes: t.Classes, Center: t.Center, Scale: t.Scale}
}

// report records what training came to: the metrics are those of the epoch
// whose weights the model has.
func report(env pipeline.Env, s *nn.Summary) {
	env.Metric("best_epoch", float64(s.BestEpoch), metric.Meaning{})
	env.Metric("epochs_run", float64(s.EpochsRun), metric.Meaning{})
	attrs := []any{slog.Int("epochs", s.EpochsRun), slog.Int("best_epoch", s.BestEpoch)}
	for _, c := range s.Curves {
		v := c.Values[s.BestEpoch-1]
		env.Metric(c.Name, v, metric.Meaning{Goal: c.Goal()})
		attrs = append(attrs, slog.String(c.Name, fmt.Sprintf("%.5g", v)))
	}
	msg := fmt.Sprintf("ran all %d epochs", s.EpochsRun)
	if s.StoppedEarly {
		msg = fmt.Sprintf("stopped after epoch %d", s.EpochsRun)
	}
	switch {
	case s.Monitor == "":
		msg += ", kept the last"
	case s.BestEpoch == s.EpochsRun:
		msg += ", the last was the best"
	default:
		msg += fmt.Sprintf(", best epoch %d, restored", s.BestEpoch)
	}
	env.Log().Info(msg, attrs[4:]...)
}
