package train

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"time"

	"pipe/base/diag"
	"pipe/data/metric"
	"pipe/data/table"
	"pipe/data/task"
	"pipe/estimator"
	"pipe/nn"
	"pipe/nn/dataset"
	"pipe/pipeline"
	"pipe/pipeline/settings"
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
		dataset.Widen(&train.sig, &v.sig)
		validation = v
	}
	spec, sig, err := s.spec(&train.info, train.sig)
	if err != nil {
		return err
	}
	for i, n := range spec.Vocabularies() {
		if in := &train.info.Inputs[i]; in.Kind == table.Tokens && n == 0 {
			env.Log().Warn("token ids are taken for amounts", "input", in.Name, "hint", "begin its layers with `embedding: 16`")
		}
	}
	one := sig.Task == task.Binary || sig.Task == task.Multiclass
	if s.ClassWeights.balanced() && !one {
		return diag.WithHint(fmt.Errorf("class_weights: they are of the classes of one target, but %s is for %s", sig.Column, sig.Task), fmt.Sprintf("remove class_weights, or write `target: {column: %s, task: classification}` in the preprocess stage if its numbers stand for classes", sig.Column))
	}
	if s.balance().used() && !one {
		return diag.WithHint(fmt.Errorf("balance: it is of the classes of one target, but %s is for %s", sig.Column, sig.Task), "remove balance")
	}
	cfg, err := s.config(env.Seed(), sig.Classes)
	if err != nil {
		return err
	}
	if err := s.Threshold.check(&sig, validation); err != nil {
		return err
	}
	cfg.Threads = env.Threads()
	if err := s.augment(&cfg, &train.info, &spec, &sig); err != nil {
		return err
	}
	backend, err := s.backend(ctx, env)
	if err != nil {
		return err
	}
	if backend != nil {
		defer func() { err = errors.Join(err, backend.Close()) }()
		cfg.Backend = backend
	}
	if s.FindRate != nil {
		rate, err := findRate(ctx, env, *s.FindRate, spec, sig, train, cfg)
		if err != nil {
			return err
		}
		cfg.Optimizer = cfg.Optimizer.WithRate(rate)
	}
	if resume := env.Resume(); resume != nil {
		defer func() { err = errors.Join(err, resume.Close()) }()
		cfg.Resume = resume
	}
	cfg.OnAnew = anew(env)
	cfg.Checkpoint = env.Checkpoint
	speed := pace{tell: env.Progress, now: time.Now}
	cfg.OnRows = speed.rows
	cfg.OnEpoch = func(e nn.Epoch) {
		for _, v := range slices.Concat(e.Values, e.Norms) {
			env.Point(v.Name, int64(e.Number), v.Value)
		}
		speed.epoch()
	}
	var watched nn.Source
	if validation != nil {
		watched = validation
	}
	model, err := nn.Train(ctx, spec, sig, train, watched, cfg)
	if err != nil {
		return placed(err, spec.Branches...)
	}
	tellBalance(env, &model.Signature, &model.Summary)
	model.Summary.Device = trainedOn(env)
	if err := s.Threshold.set(ctx, env, &model.Signature, &model.Summary, estimator.OfNetwork(model), validation); err != nil {
		return err
	}
	for _, name := range append(train.info.Elements(), sig.Columns()...) {
		env.Column(pipeline.ColumnRef{Port: modelPort, Column: name}, pipeline.ColumnRef{Port: trainPort, Column: name})
	}
	report(env, &model.Summary, "epoch", speed.attrs()...)
	w, err := env.Create(modelPort)
	if err != nil {
		return err
	}
	_, err = model.WriteTo(w)
	return err
}

// anew says that training begins anew, and why.
func anew(env pipeline.Env) func(error) {
	return func(why error) {
		env.Anew()
		env.Log().Warn("the checkpoint is of no use, training begins anew", "reason", why)
	}
}

// tellBalance says what classes were made of, and that probabilities go by it.
func tellBalance(env pipeline.Env, sig *nn.Signature, s *nn.Summary) {
	b := s.Balance
	if b == nil {
		return
	}
	var attrs []any
	for i, n := range b.Sampled {
		attrs = append(attrs, slog.String(sig.Classes[i], fmt.Sprintf("%d of %d rows", n, s.ClassCounts[i])))
	}
	env.Log().Info("classes are "+b.String(), attrs[:min(len(attrs), mostTold)]...)
}

// mostTold is of how many classes the log tells.
const mostTold = 10

// findRate looks for a learning rate, and records what it saw.
func findRate(ctx context.Context, env pipeline.Env, test nn.FindRate, spec nn.Spec, sig nn.Signature, train nn.Source, cfg nn.Config) (float64, error) {
	curve, err := test.Find(ctx, spec, sig, train, cfg)
	if err != nil {
		return 0, fmt.Errorf("find a learning rate: %w", placed(err, spec.Branches...))
	}
	for i, rate := range curve.Rates {
		env.Point("find_learning_rate.rate", int64(i+1), rate)
		env.Point("find_learning_rate.loss", int64(i+1), curve.Losses[i])
	}
	for i, tried := range curve.Tried {
		env.Point("find_learning_rate.tried_rate", int64(i+1), tried.Rate)
		if !math.IsInf(tried.Loss, 0) {
			env.Point("find_learning_rate.tried_loss", int64(i+1), tried.Loss)
		}
	}
	env.Metric("learning_rate", curve.Best, metric.Meaning{})
	env.Log().Info(fmt.Sprintf("found the learning rate %.3g, of %d that were tried", curve.Best, len(curve.Tried)))
	return curve.Best, nil
}

// comparable checks that two data sets were made by the same transform, or by
// two that agree: a network has no other way to tell its inputs apart than by
// their order.
func comparable(train, validation *rows) error {
	hint := "connect two outputs of the same preprocess stage"
	a, b := dataset.Names(&train.sig), dataset.Names(&validation.sig)
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return diag.WithHint(fmt.Errorf("feature %d is %q in %s but %q in %s", i+1, a[i], train.name, b[i], validation.name), hint)
		}
	}
	if len(a) != len(b) {
		return diag.WithHint(fmt.Errorf("%s has %d features but %s has %d", train.name, len(a), validation.name, len(b)), hint)
	}
	switch t, v := &train.sig, &validation.sig; dataset.Differs(t, v) {
	case dataset.Nothing:
		return nil
	case dataset.Inputs, dataset.Features:
		return diag.WithHint(fmt.Errorf("the inputs of %s are %s, those of %s are %s", train.name, dataset.Text(t), validation.name, dataset.Text(v)), hint)
	default:
		return diag.WithHint(fmt.Errorf("the target of %s (%s, %s) is not that of %s (%s, %s)",
			train.name, t.Column, t.Task, validation.name, v.Column, v.Task), hint)
	}
}

// spec is the network for a data set with a signature, which it gives back. An
// error names the setting that does not fit.
func (s *Train) spec(info *table.DatasetInfo, sig nn.Signature) (nn.Spec, nn.Signature, error) {
	if err := dataset.Complete(*info); err != nil {
		return nn.Spec{}, sig, diag.WithHint(err, missingHint)
	}
	spec := nn.Spec{Inputs: len(sig.Features), Layers: nn.Expand(s.Network, network), Outputs: sig.Outputs()}
	if len(info.Inputs) == 1 && len(s.Branches) == 0 {
		spec.Layers = nn.WithVocabulary(spec.Layers, ids(&info.Inputs[0]))
	}
	about := fmt.Sprintf("%d features", spec.Inputs)
	if len(s.Branches) > 0 || len(s.Wide) > 0 || len(sig.Inputs) > 0 {
		sig.Inputs, sig.Features, spec.Inputs = sig.AllInputs(), nil, 0
		about = "inputs " + inputNames(sig.Inputs)
		var err error
		if spec.Branches, err = s.branches(info, sig.Inputs); err != nil {
			return spec, sig, err
		}
	}
	if err := spec.Validate(); err != nil {
		return spec, sig, fmt.Errorf("%s: %w", about, placed(err, spec.Branches...))
	}
	return spec, sig, nil
}

// branches are what the inputs of a data set pass through by themselves.
func (s *Train) branches(info *table.DatasetInfo, inputs []nn.Input) ([]nn.Branch, error) {
	keys, wide, used := make([]string, len(inputs)), make([]bool, len(inputs)), map[string]bool{}
	for i, in := range inputs {
		if keys[i] = s.branch(&info.Inputs[i], inputs); keys[i] != "" {
			used["branches."+keys[i]] = true
		}
		for j, name := range s.Wide {
			if name == in.Name || standsFor(name, inputs) && table.MatchName(name, in.Name) {
				wide[i], used[fmt.Sprintf("wide.%d", j)] = true, true
			}
		}
	}
	if err := s.unused(used, inputs); err != nil {
		return nil, err
	}
	list := make([]nn.Branch, len(inputs))
	for i, in := range inputs {
		list[i] = nn.Branch{Input: in.Name, Shape: in.Shape, Ragged: in.Ragged, Sparse: in.Sparse, Wide: wide[i], Layers: []nn.Layer{}}
		layers, ok := s.Branches.Get(keys[i])
		if !ok && len(inputs) > 1 && info.Inputs[i].Kind != table.Features {
			return nil, &settings.FieldError{Field: "branches", Err: fmt.Errorf("there are no layers for the input %q, which is %s", in.Name, info.Inputs[i].Kind),
				Todo: fmt.Sprintf("write `branches: {%s: [...]}` with layers that make features of it", in.Name)}
		}
		if ok {
			list[i].Layers = nn.WithVocabulary(nn.Expand(layers, "branches."+keys[i]), ids(&info.Inputs[i]))
		}
	}
	return list, nil
}

// unused finds a name in branches and wide that no input has, by the settings that are used.
func (s *Train) unused(used map[string]bool, inputs []nn.Input) error {
	check := func(field, name string) error {
		if used[field] {
			return nil
		}
		text := "the data set has no input %q"
		if standsFor(name, inputs) {
			text = "no input of the data set is left for %q"
		}
		return &settings.FieldError{Field: field, Err: fmt.Errorf(text, name), Todo: "its inputs are " + inputNames(inputs)}
	}
	for _, e := range s.Branches {
		if err := check("branches."+e.Key, e.Key); err != nil {
			return err
		}
	}
	for j, name := range s.Wide {
		if err := check(fmt.Sprintf("wide.%d", j), name); err != nil {
			return err
		}
	}
	return nil
}

// branch is the name in branches of the layers of an input: its own, else the first that stands
// for several. It is empty if there is none.
func (s *Train) branch(in *table.Input, all []nn.Input) string {
	if _, ok := s.Branches.Get(in.Name); ok {
		return in.Name
	}
	for _, e := range s.Branches {
		if in.Kind != table.Features && standsFor(e.Key, all) && table.MatchName(e.Key, in.Name) {
			return e.Key
		}
	}
	return ""
}

// standsFor says whether a name stands for all inputs that fit: crosses have a * in
// their own names.
func standsFor(name string, inputs []nn.Input) bool {
	return strings.Contains(name, "*") && !slices.ContainsFunc(inputs, func(in nn.Input) bool { return in.Name == name })
}

// ids are how many token ids an input has, 0 if that is not known, or if it has none.
func ids(in *table.Input) int {
	if in.Kind != table.Tokens {
		return 0
	}
	return in.Size
}

func inputNames(inputs []nn.Input) string {
	var names []string
	for _, in := range inputs {
		names = append(names, in.Name)
	}
	return strings.Join(names, ", ")
}

// report records what training came to: the metrics are those of the pass, an
// epoch or a round, that the model is of. The log has more attributes.
func report(env pipeline.Env, s *nn.Summary, pass string, more ...any) {
	env.Metric("best_"+pass, float64(s.BestEpoch), metric.Meaning{})
	env.Metric(pass+"s_run", float64(s.EpochsRun), metric.Meaning{})
	var attrs []any
	for _, c := range s.Curves {
		v := c.Values[s.BestEpoch-1]
		env.Metric(c.Name, v, metric.Meaning{Goal: c.Goal()})
		attrs = append(attrs, slog.String(c.Name, fmt.Sprintf("%.5g", v)))
	}
	msg := fmt.Sprintf("ran all %d %ss", s.EpochsRun, pass)
	if s.StoppedEarly {
		msg = fmt.Sprintf("stopped after %s %d", pass, s.EpochsRun)
	}
	switch {
	case s.Monitor == "":
		msg += ", kept the last"
	case s.BestEpoch == s.EpochsRun:
		msg += ", the last was the best"
	default:
		msg += fmt.Sprintf(", best %s %d, restored", pass, s.BestEpoch)
	}
	env.Log().Info(msg, append(attrs, more...)...)
}
