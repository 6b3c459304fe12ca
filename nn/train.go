package nn

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"pipe/nn/backend"
	"pipe/nn/graph"
)

// Train trains a network from scratch, or goes on from Config.Resume. With
// validation data (nil: there is none), or with early stopping, the model has
// the weights of the epoch that was best by the monitored curve
// (validation.loss unless EarlyStopping says otherwise), also when all epochs
// were run; else those of the last epoch.
//
// It stops with the error of ctx, or with a *DivergedError; a loss or a monitor
// that does not fit is a *LossError or a *MonitorError.
func Train(ctx context.Context, spec Spec, sig Signature, train, validation Source, cfg Config) (_ *Model, err error) {
	t, model, err := newTrainer(spec, sig, train, validation, cfg)
	if t != nil {
		defer func() { err = errors.Join(err, t.close()) }()
	}
	if err != nil {
		return nil, err
	}
	t.resume()
	if err := t.fit(ctx); err != nil {
		return nil, err
	}
	if err := t.finish(model); err != nil {
		return nil, err
	}
	return model, nil
}

// newTrainer checks and prepares. The model has no parameters yet.
func newTrainer(spec Spec, sig Signature, train, validation Source, cfg Config) (*trainer, *Model, error) {
	t, m, err := assemble(spec, sig, cfg, false)
	if err != nil {
		return nil, nil, err
	}
	summary, err := t.read(train, validation)
	if err != nil {
		return nil, nil, err
	}
	if err := t.alone(); err != nil {
		return nil, nil, err
	}
	m.Summary = *summary
	t.describe(&m.Summary, spec)
	t.store.init(cfg.Seed, cfg.Initializer)
	return t, m, t.prepare()
}

// assemble puts together what does not depend on the data. The parameters are 0. Of
// what is idle there is no memory.
func assemble(spec Spec, sig Signature, cfg Config, idle bool) (*trainer, *Model, error) {
	if err := errors.Join(spec.Validate(), sig.Validate(), cfg.validate()); err != nil {
		return nil, nil, err
	}
	m := &Model{Spec: spec, Signature: sig}
	if err := m.fits(); err != nil {
		return nil, nil, err
	}
	loss, err := cfg.Loss.operator(sig.Task)
	if err != nil {
		return nil, nil, err
	}
	if m.Signature.Log = loss.Kind == graph.Poisson; m.Signature.Log {
		for _, h := range sig.Heads() {
			if h.Transform != nil {
				return nil, nil, &TransformError{Loss: "poisson", Column: h.Column}
			}
		}
	}
	st := &store{specs: spec.params()}
	if !idle {
		st = newStore(spec)
	}
	t := &trainer{cfg: cfg, sig: &m.Signature, vocabularies: spec.Vocabularies(), store: st, numbers: st.numbers(cfg.DecayWeights),
		rowLoss: loss.Row,
		how:     how{idle: idle}}
	arch := &specArchitecture{spec: spec, loss: loss, seed: cfg.Seed, parts: lossParts(&m.Signature, loss, cfg.Gaps)}
	if t.arch = arch; len(arch.parts) > 0 {
		if _, device := cfg.Backend.(backend.Device); device {
			return nil, nil, errors.New("quantiles of several outputs, and targets that may be missing, are trained on the CPU")
		}
		t.rowLoss = rowOf(arch.parts)
	}
	shapes, err := spec.Shapes()
	if err != nil {
		return nil, nil, err
	}
	shapes.Walk(func(n *Node) {
		if n.Layer.BatchNorm != nil {
			t.norms = append(t.norms, n)
		}
	})
	return t, m, nil
}

// numbers is the store as the training loop takes it.
func (st *store) numbers(weightsOnly bool) *numbers {
	m := &numbers{flat: st.flat}
	from := 0
	for i := range st.specs {
		p := &st.specs[i]
		m.params = append(m.params, tensorAt{p.Name, from, p.Size(), p.Trained(), p.IsWeight() || !weightsOnly})
		from += p.Size()
	}
	return m
}

// read looks at all data, and takes the weights of classes from it.
func (t *trainer) read(train, validation Source) (*Summary, error) {
	curves := curveNames(t.sig.Task, validation != nil)
	if e := t.cfg.EarlyStopping; e != nil && !slices.Contains(curves, e.Monitor) {
		return nil, &MonitorError{Monitor: e.Monitor, Curves: curves}
	}
	var err error
	if t.train, err = newSet("the training data", train, t.sig, t.vocabularies); err != nil {
		return nil, err
	}
	t.train.gaps = t.cfg.Gaps
	summary, err := t.train.check()
	if err != nil {
		return nil, err
	}
	if err := t.balance(summary); err != nil {
		return nil, err
	}
	if validation == nil {
		return summary, nil
	}
	if t.validate, err = newSet("the validation data", validation, t.sig, t.vocabularies); err != nil {
		return nil, err
	}
	t.validate.gaps = t.cfg.Gaps
	if _, err := t.validate.check(); err != nil {
		return nil, err
	}
	t.validate.classes = t.train.classes
	summary.ValidationRows = t.validate.rows
	return summary, nil
}

// describe fills in what of a summary is known before training, and the name of
// the work.
func (t *trainer) describe(s *Summary, spec Spec) {
	for _, p := range t.numbers.params {
		if p.trained {
			s.Parameters += p.size
		}
	}
	s.Loss = t.cfg.Loss.nameFor(t.sig.Task)
	s.Optimizer, s.BatchSize, s.Seed = t.cfg.Optimizer.String(), min(t.cfg.BatchSize, t.train.rows), t.cfg.Seed
	c := t.cfg
	parts := []any{spec, t.sig, s, c.Loss.with(t.sig.Task), fmt.Sprint(c.Schedule), c.Epochs, c.Shuffle, c.BalanceClasses, c.ClassWeights,
		c.L1, c.ClipValue, c.ClipNorm, c.DecayWeights, c.Accumulate, c.Average, c.Initializer, c.EarlyStopping}
	if c.Augment != nil {
		parts = append(parts, c.Augment)
	}
	if c.Gaps {
		parts = append(parts, "targets may be missing")
	}
	if len(t.norms) > 0 {
		parts = append(parts, "a row that is left over is joined to the batch before")
	}
	if slices.Contains(spec.anyLength(), true) {
		parts = append(parts, "a batch is as long as its longest row")
	}
	text, err := json.Marshal(parts)
	if err != nil {
		panic(fmt.Sprintf("nn: %v", err)) // all of it was validated
	}
	t.work = fmt.Sprintf("%x", sha256.Sum256(text))
}

// finish puts what came out into the model.
func (t *trainer) finish(m *Model) error {
	s := &m.Summary
	s.EpochsRun, s.BestEpoch, s.StoppedEarly, s.Monitor = t.at.Run, t.at.Best, t.at.Stopped, t.monitor()
	if s.BestEpoch == 0 {
		s.BestEpoch = s.EpochsRun
	}
	s.Curves = t.at.Curves
	if t.cfg.KeepNorms && len(t.at.Norms) > 0 {
		s.Norms = t.firstNorms()
	}
	numbers, err := t.result()
	if err != nil {
		return err
	}
	for i, p := range m.Spec.params() {
		data := append([]float32(nil), numbers.params[i].of(numbers.flat)...)
		m.Params = append(m.Params, Param{Name: p.Name, Shape: p.Shape, Data: data})
	}
	return s.Balance.restore(m)
}
