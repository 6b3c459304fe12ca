package nn

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"pipe/nn/op"
	"pipe/random"
)

// Train trains a network from scratch. With validation data, or with early
// stopping, the model has the weights of the epoch that was best by the
// monitored curve (validation.loss unless EarlyStopping says otherwise), also
// when all epochs were run; else those of the last epoch.
//
// It stops with the error of ctx, or with a *DivergedError; a loss or a monitor
// that does not fit is a *LossError or a *MonitorError.
func Train(ctx context.Context, spec Spec, sig Signature, train Data, validation *Data, cfg Config) (_ *Model, err error) {
	t, err := newTrainer(spec, sig, train, validation, cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	if err := t.fit(ctx); err != nil {
		return nil, err
	}
	return &Model{Spec: spec, Signature: sig, Params: t.store.params(), Summary: t.summary}, nil
}

// A trainer is training in progress.
type trainer struct {
	cfg       Config
	sig       Signature
	loss      op.Loss
	store     *store
	net       *network // of one batch, training mode
	eval      *network // evaluation mode
	update    update
	step      int // optimiser steps done
	lastLoss  float64
	train     *set
	validate  *set // nil if there is none
	summary   Summary
	best      []float32 // parameters of the best epoch
	bestValue float64
	reference float64 // the value that patience compares with
	waited    int     // epochs since reference
}

// evalRows is the batch size of evaluation. A row's outputs do not depend on
// the other rows of its batch, so it is free to choose.
const evalRows = 256

func newTrainer(spec Spec, sig Signature, train Data, validation *Data, cfg Config) (t *trainer, err error) {
	if err := errors.Join(spec.Validate(), sig.Validate(), cfg.validate()); err != nil {
		return nil, err
	}
	m := Model{Spec: spec, Signature: sig}
	if err := m.fits(); err != nil {
		return nil, err
	}
	t = &trainer{cfg: cfg, sig: sig}
	if t.loss, err = cfg.loss(sig.Task); err != nil {
		return nil, err
	}
	curves := curveNames(sig.Task, validation != nil)
	if e := cfg.EarlyStopping; e != nil && !slices.Contains(curves, e.Monitor) {
		return nil, &MonitorError{Monitor: e.Monitor, Curves: curves}
	}
	var weights []float64
	if cfg.BalanceClasses && sig.Task != Regression {
		weights = balanced(classCounts(train.Target, len(sig.Classes)))
	}
	if t.train, err = newSet("the training data", train, &sig, weights); err != nil {
		return nil, err
	}
	if validation != nil {
		if t.validate, err = newSet("the validation data", *validation, &sig, weights); err != nil {
			return nil, err
		}
	}
	t.cfg.BatchSize = min(cfg.BatchSize, t.train.rows)
	t.store = newStore(spec)
	t.store.init(cfg.Seed)
	t.update = cfg.Optimizer.start(len(t.store.flat))
	if t.net, err = newTraining(spec, t.store, t.cfg.BatchSize, t.loss, cfg.Seed); err != nil {
		return nil, err
	}
	rows := t.train.rows
	if t.validate != nil {
		rows = max(rows, t.validate.rows)
	}
	if t.eval, err = newForward(spec, t.store, min(rows, evalRows)); err != nil {
		return nil, errors.Join(err, t.net.close())
	}
	t.summarize(train, curves)
	return t, nil
}

func (t *trainer) close() error { return errors.Join(t.net.close(), t.eval.close()) }

func (t *trainer) summarize(train Data, curves []string) {
	s := &t.summary
	s.describe(train, &t.sig)
	s.Parameters = len(t.store.flat)
	s.Loss = t.cfg.Loss
	if s.Loss == "" || s.Loss == "auto" {
		s.Loss = DefaultLoss(t.sig.Task)
	}
	s.Optimizer, s.BatchSize, s.Seed = t.cfg.Optimizer.String(), t.cfg.BatchSize, t.cfg.Seed
	if t.validate != nil {
		s.ValidationRows = t.validate.rows
		s.Monitor = "validation.loss"
	}
	if e := t.cfg.EarlyStopping; e != nil {
		s.Monitor = e.Monitor
	}
	for _, name := range curves {
		s.Curves = append(s.Curves, Curve{Name: name})
	}
}

func (t *trainer) fit(ctx context.Context) error {
	for epoch := 1; epoch <= t.cfg.Epochs; epoch++ {
		if err := t.epoch(ctx, epoch); err != nil {
			return err
		}
		values, err := t.measure(epoch)
		if err != nil {
			return err
		}
		t.summary.EpochsRun = epoch
		for i, v := range values {
			t.summary.Curves[i].Values = append(t.summary.Curves[i].Values, v.Value)
		}
		if t.cfg.OnEpoch != nil {
			t.cfg.OnEpoch(Epoch{Number: epoch, Of: t.cfg.Epochs, Values: values})
		}
		if t.judge(epoch) {
			t.summary.StoppedEarly = true
			break
		}
	}
	if t.best != nil {
		copy(t.store.flat, t.best)
	} else {
		t.summary.BestEpoch = t.summary.EpochsRun
	}
	return nil
}

// judge keeps the best weights and says whether to stop.
func (t *trainer) judge(epoch int) (stop bool) {
	if t.summary.Monitor == "" {
		return false
	}
	curve, _ := t.summary.Curve(t.summary.Monitor)
	v := curve[len(curve)-1]
	if higherIsBetter(t.summary.Monitor) {
		v = -v
	}
	if t.best == nil || v < t.bestValue {
		t.bestValue, t.summary.BestEpoch = v, epoch
		t.best = append(t.best[:0], t.store.flat...)
	}
	e := t.cfg.EarlyStopping
	if e == nil {
		return false
	}
	if epoch == 1 || v < t.reference-e.MinDelta {
		t.reference, t.waited = v, 0
		return false
	}
	t.waited++
	return t.waited >= e.Patience && epoch < t.cfg.Epochs
}

// epoch runs over the training rows once.
func (t *trainer) epoch(ctx context.Context, epoch int) error {
	var order []int
	if t.cfg.Shuffle {
		order = random.New(t.cfg.Seed, "shuffle", uint64(epoch)).Perm(t.train.rows)
	}
	for from, batch := 0, 1; from < t.train.rows; from, batch = from+t.cfg.BatchSize, batch+1 {
		if err := ctx.Err(); err != nil {
			return err
		}
		t.net.fill(t.train, order, from)
		if err := t.learn(epoch, batch); err != nil {
			return err
		}
	}
	return nil
}

// fill puts rows of a set into the network, from the given place in an order
// (nil: as they are), and zeros with weight 0 into the rows that are left.
func (n *network) fill(s *set, order []int, from int) (count int) {
	inputs := len(s.x) / s.rows
	count = min(n.rows, s.rows-from)
	for i := range count {
		row := from + i
		if order != nil {
			row = order[row]
		}
		copy(n.x[i*inputs:(i+1)*inputs], s.x[row*inputs:])
		if n.y != nil {
			n.y[i], n.weight[i] = s.y[row], s.weight[row]
		}
	}
	clear(n.x[count*inputs:])
	if n.y != nil {
		clear(n.y[count:])
		clear(n.weight[count:])
	}
	return count
}

// learn does one optimiser step on the batch in the network.
func (t *trainer) learn(epoch, batch int) error {
	t.step++
	if err := t.net.run(uint64(t.step)); err != nil {
		return fmt.Errorf("epoch %d, batch %d: %w", epoch, batch, err)
	}
	loss := float64(t.net.loss[0])
	ok := finite(loss)
	if t.cfg.ClipNorm > 0 {
		ok = ok && finite(clip(t.net.grads, t.cfg.ClipNorm))
	} else {
		for _, g := range t.net.grads {
			ok = ok && allFinite(g)
		}
	}
	if !ok {
		return &DivergedError{Epoch: epoch, Step: batch, Layer: t.net.culprit(t.store), Loss: loss, LastLoss: t.lastLoss}
	}
	t.lastLoss = loss
	from := 0
	for i, p := range t.store.each {
		t.update(t.step, from, p, t.net.grads[i])
		from += len(p)
	}
	return nil
}
