package nn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"pipe/data/metric"
	"pipe/data/tensor"
	"pipe/nn/backend"
	"pipe/nn/cpu"
	"pipe/nn/optim"
)

// A trainer is training in progress. All that changes from step to step and
// decides what comes next is in at, numbers, average, best and the memory of the
// updater, which is what a checkpoint holds.
type trainer struct {
	cfg  Config
	sig  *Signature
	arch architecture
	how  how
	// extents of batches on this processor; a device has programs for whole rows.
	extents extents
	// norms are the layers that normalise over a batch.
	norms   []*Node
	batches batches
	// vocabularies of the token ids that inputs are; 0: they are none.
	vocabularies []int
	work         string // a text that is the same for the same work only
	train        *set
	validate     *set // nil if there is none
	rowLoss      func(z, y []float32) float64

	store   *store
	numbers *numbers
	best    *numbers // of the best epoch; what is compared is flat
	update  *updater
	grads   backend.Variable // by parameter, as the numbers
	plan    *training
	plans   map[int]*plan // of training, by rows
	evals   [2]*plan      // of the training and the validation data: one, if not for devices
	there   [2]*resident  // those, if the device has them
	feed    *feeder
	order   order   // of the epoch
	unseen  []asked // batches that are computed or will be
	reads   []reading
	failed  error      // of one of them
	measure [2]*feeder // of the training and the validation data
	listed  []int      // memory of the order
	probed  *plan      // of the batch whose norms are recorded
	layers  []float32  // sums of the squares of outputs, by layer
	squares []float32  // of gradients so far, by trained parameter
	counts  []float32  // 1: the weight of a batch
	saving  func(io.Writer) error

	at progress
}

// evalRows is the batch size of evaluation. A row's outputs do not depend on
// the other rows of its batch, so it is free to choose.
const evalRows = 256

// prepare makes plans for what is set already: all above updater.
func (t *trainer) prepare() (err error) {
	if t.how.backend, t.how.threads = t.cfg.Backend, t.cfg.Threads; t.how.backend == nil {
		t.how.backend = cpu.New()
	}
	onBackend(t.how.backend, t.numbers)
	t.extents = extentsOf(t.arch, t.sig.AllInputs())
	if t.how.device() != nil {
		t.extents = t.extents[:1]
	}
	for _, s := range []*set{t.train, t.validate} {
		if s != nil {
			s.extents = t.extents
		}
	}
	t.plans = map[int]*plan{}
	t.batched()
	t.cfg.Accumulate = max(1, t.cfg.Accumulate)
	t.saving = t.save
	accumulate := t.cfg.Accumulate > 1
	gradients := t.how.memory(t.numbers.size())
	if accumulate {
		fill(gradients, nothing)
	}
	t.grads = t.how.backend.Variable(gradients, t.numbers.sizes()...)
	reg := optim.Regularization{L1: t.cfg.L1, ClipValue: t.cfg.ClipValue, ClipNorm: t.cfg.ClipNorm}
	if t.update, err = newUpdater(t.numbers, t.grads, t.cfg.Optimizer, reg, t.cfg.Average, accumulate, t.how); err != nil {
		return err
	}
	t.plan = &training{how: t.how, numbers: t.numbers, gradients: t.grads, accumulate: accumulate, update: t.update}
	if t.how.device() != nil {
		t.plan.halt = t.how.backend.Variable(make([]float32, 1))
	}
	if !t.plan.joined() {
		if err := t.update.compile(t.plan); err != nil {
			return err
		}
	}
	if err := t.settleIn(); err != nil {
		return err
	}
	if t.cfg.Augment == nil {
		t.plan.there = t.there[0] // else rows come from here, as they are in the epoch
	}
	for _, rows := range []int{t.cfg.BatchSize, t.batches.last(t.train.rows)} {
		if rows > 0 {
			if t.plans[rows], err = t.plan.plan(t.extents[0], rows, rows == t.cfg.BatchSize && !t.cfg.bare, nil); err != nil {
				return err
			}
		}
	}
	t.layers, t.counts = make([]float32, len(t.plans[t.cfg.BatchSize].layers)), make([]float32, 1)
	t.squares = make([]float32, len(t.numbers.trained()))
	t.feed = newFeeder(t.train, t.batches)
	t.feed.there = t.plan.there
	t.feed.ahead = t.feed.ahead || t.cfg.Augment != nil
	if !t.cfg.bare {
		if err := t.planEvaluation(); err != nil {
			return err
		}
	}
	t.at = progress{Epoch: 1}
	if p, ok := t.cfg.Schedule.(Plateau); ok {
		t.at.Plateau = p.Start()
	}
	for _, name := range curveNames(t.sig.Task, t.validate != nil) {
		t.at.Curves = append(t.at.Curves, Curve{Name: name})
	}
	return nil
}

// settleIn brings the data to a device that has room for it.
func (t *trainer) settleIn() (err error) {
	d := t.how.device()
	if d == nil {
		return nil
	}
	room := d.Room()
	for i, s := range []*set{t.train, t.validate} {
		if s == nil || s.bytes() > room {
			continue
		}
		if t.there[i], err = s.resident(d, i == 0 && t.cfg.Augment == nil); err != nil {
			return err
		}
		room -= s.bytes()
	}
	return nil
}

// planEvaluation plans the measuring of both sets. A device has a program for each,
// which takes rows from where it has them.
func (t *trainer) planEvaluation() (err error) {
	sets := []*set{t.train, t.validate}
	most := 0
	for _, s := range sets {
		if s != nil {
			most = max(most, min(s.rows, evalRows))
		}
	}
	if t.how.device() == nil {
		if t.evals[0], err = newEvaluation(t.extents[0], t.measured(), most, t.how, nil, nil); err != nil {
			return err
		}
		t.evals[1] = t.evals[0]
	}
	for i, s := range sets {
		if s == nil {
			continue
		}
		if t.how.device() != nil {
			// It is slow with few rows, and has the memory for a batch.
			rows := min(s.rows, max(evalRows, t.cfg.BatchSize))
			if t.evals[i], err = newEvaluation(t.extents[0], t.measured(), rows, t.how, t.there[i].plain(), nil); err != nil {
				return err
			}
		}
		t.measure[i] = newFeeder(s, batches{size: t.evals[i].rows})
		t.measure[i].there = t.there[i].plain()
	}
	return nil
}

// close frees everything that prepare has made.
func (t *trainer) close() error {
	var errs []error
	for i := range t.unseen { // a device may still be at work on them
		if later := t.unseen[i].later; later != nil {
			errs = append(errs, later())
		}
	}
	t.unseen = nil
	if t.feed != nil {
		t.feed.stop()
	}
	for _, f := range t.measure {
		if f != nil {
			f.stop()
		}
	}
	for _, p := range t.plans {
		if p != nil {
			errs = append(errs, p.close())
		}
	}
	for i, p := range t.evals {
		if p != nil && (i == 0 || p != t.evals[0]) {
			errs = append(errs, p.close())
		}
	}
	if t.update != nil {
		errs = append(errs, t.update.close())
	}
	if t.plan != nil && t.plan.halt != nil {
		errs = append(errs, t.plan.halt.Close())
	}
	for _, v := range []backend.Variable{t.numbers.variable, t.grads} {
		if v != nil {
			errs = append(errs, v.Close())
		}
	}
	for _, r := range t.there {
		if r != nil {
			r.close()
		}
	}
	return errors.Join(errs...)
}

// fit trains from where at is to the end.
func (t *trainer) fit(ctx context.Context) error {
	for e := range t.at.Run { // of a checkpoint
		t.report(e)
	}
	for !t.at.Stopped && t.at.Epoch <= t.cfg.Epochs {
		if err := t.epoch(ctx); err != nil {
			return err
		}
		values, err := t.evaluateAll(ctx)
		if err != nil {
			return err
		}
		for i, v := range values {
			t.at.Curves[i].Values = append(t.at.Curves[i].Values, v.Value)
		}
		t.at.Rates = append(t.at.Rates, t.factor(t.at.Step-1))
		t.at.Run = t.at.Epoch
		t.report(t.at.Run - 1)
		if err := t.judge(); err != nil {
			return err
		}
		t.at.Epoch, t.at.Row = t.at.Epoch+1, 0
		t.offer()
	}
	return nil
}

// report tells of a measured epoch, counted from 0.
func (t *trainer) report(e int) {
	if t.cfg.OnEpoch == nil {
		return
	}
	epoch := Epoch{Number: e + 1, Of: t.cfg.Epochs, Norms: append([]Value{{"learning_rate.factor", t.at.Rates[e]}}, t.at.Norms[e]...)}
	for _, c := range t.at.Curves {
		epoch.Values = append(epoch.Values, Value{c.Name, c.Values[e]})
	}
	t.cfg.OnEpoch(epoch)
}

// offer offers a checkpoint. It is called between steps only.
func (t *trainer) offer() {
	if t.cfg.Checkpoint != nil {
		t.cfg.Checkpoint(t.saving)
	}
}

// epoch takes what is left of the training rows in this epoch.
func (t *trainer) epoch(ctx context.Context) error {
	if err := t.begin(); err != nil {
		return err
	}
	defer t.feed.stop()
	for t.at.Row < t.train.rows {
		if err := ctx.Err(); err != nil {
			t.offer() // the last word: whoever ends ctx may want to go on from here
			return err
		}
		if err := t.step(); err != nil {
			return err
		}
		if t.cfg.OnRows != nil {
			rows := int64(t.train.rows)
			t.cfg.OnRows(int64(t.at.Epoch-1)*rows+int64(t.at.Row), int64(t.cfg.Epochs)*rows)
		}
		t.offer()
	}
	return t.settle()
}

// begin brings the batches of what is left of an epoch on their way.
func (t *trainer) begin() error {
	o := order{rows: t.train.rows}
	if t.cfg.Shuffle {
		o = shuffled(t.cfg.Seed, t.at.Epoch, t.train.rows, t.listed)
		t.listed = o.listed
	}
	t.order = o
	t.feed.alter = t.augment()
	t.feed.start(o, t.at.Row)
	if t.feed.there != nil && t.cfg.Shuffle {
		return t.feed.there.take(&o)
	}
	return nil
}

// augment is what becomes of the rows of this epoch; nil: they stay as they are.
func (t *trainer) augment() augment {
	if t.cfg.Augment == nil {
		return nil
	}
	epoch := t.at.Epoch
	return func(rows []int, inputs []tensor.Rows) { t.cfg.Augment.Augment(epoch, rows, inputs) }
}

// step asks for one step of the optimizer: on one batch, or on the next few. On
// this processor it is then done.
func (t *trainer) step() error {
	t.at.Step++
	total, probed := 0.0, false
	for k := 0; k < t.cfg.Accumulate && t.at.Row < t.train.rows; k++ {
		rows := t.feed.next()
		p, err := t.plans[rows].to(t.extents, t.feed.extent())
		if err != nil {
			return err
		}
		weight, _, err := t.feed.load(p, p.y, p.weight)
		if err != nil {
			return err
		}
		probe := !t.cfg.bare && t.at.Row == (t.batches.full(t.train.rows)-1)*t.cfg.BatchSize
		t.at.Row += rows
		if weight == 0 {
			continue // nothing to learn, and the mean of nothing is not a number
		}
		// Each batch draws random numbers of its own.
		draw := uint64(t.at.Step-1)*uint64(t.cfg.Accumulate) + uint64(k) + 1
		t.counts[0] = float32(weight)
		if t.plan.joined() {
			t.update.set(p.choose(probe), t.at.Step, t.factor(t.at.Step-1), 1)
		}
		program, err := p.askBatch(draw, t.counts, probe)
		if err != nil {
			return err
		}
		t.unseen = append(t.unseen, t.asked(p, program, draw, t.at.Row-rows))
		if probe {
			probed, t.probed = true, p
		}
		total += weight
		if n := len(t.unseen); n >= t.how.window() {
			if err := t.settleFirst(min(n, t.how.ahead())); err != nil {
				return err
			}
		}
	}
	if total == 0 {
		return nil
	}
	scale := 1.0
	if t.cfg.Accumulate > 1 {
		scale = 1 / total
	}
	switch n := len(t.unseen); {
	case probed && n > 0:
		t.unseen[n-1].scale = scale
	case probed:
		t.record(scale)
	}
	return t.update.run(t.at.Step, t.factor(t.at.Step-1), scale)
}

// measured is the numbers that are evaluated: the average, if there is one.
func (t *trainer) measured() *numbers {
	if t.update.average != nil {
		return t.update.average
	}
	return t.numbers
}

// stepsPerEpoch is how many steps of the optimizer an epoch has.
func (t *trainer) stepsPerEpoch() int {
	return (t.batches.count(t.train.rows) + t.cfg.Accumulate - 1) / t.cfg.Accumulate
}

// factor is what the learning rate of a step, counted from 0, is multiplied by.
func (t *trainer) factor(step int) float64 {
	switch s := t.cfg.Schedule.(type) {
	case nil:
		return 1
	case Plateau:
		return t.at.Plateau.Factor
	default:
		return s.At(optim.Progress{Step: step, Steps: t.stepsPerEpoch(), Epochs: t.cfg.Epochs})
	}
}

// judge keeps the best numbers, watches for a plateau, and says in at.Stopped
// whether to stop.
func (t *trainer) judge() error {
	monitor := t.monitor()
	if monitor == "" {
		return nil
	}
	i := slices.IndexFunc(t.at.Curves, func(c Curve) bool { return c.Name == monitor })
	v := t.at.Curves[i].Values[t.at.Run-1]
	if curveGoal(monitor) == metric.Up {
		v = -v
	}
	if t.at.Best == 0 || v < t.at.BestValue {
		t.at.BestValue, t.at.Best = v, t.at.Run
		now := t.measured()
		if t.best == nil {
			t.best = now.copy()
		}
		if err := now.read(); err != nil {
			return err
		}
		copy(t.best.flat, now.flat)
	}
	if p, ok := t.cfg.Schedule.(Plateau); ok {
		t.at.Plateau = p.Observe(t.at.Plateau, v)
	}
	e := t.cfg.EarlyStopping
	if e == nil {
		return nil
	}
	if t.at.Run == 1 || v < t.at.Reference-e.MinDelta {
		t.at.Reference, t.at.Waited = v, 0
		return nil
	}
	t.at.Waited++
	t.at.Stopped = t.at.Waited >= e.Patience && t.at.Run < t.cfg.Epochs
	return nil
}

// monitor is the curve that decides which epoch is best; empty: the last one.
func (t *trainer) monitor() string {
	_, plateau := t.cfg.Schedule.(Plateau)
	switch {
	case t.cfg.EarlyStopping != nil:
		return t.cfg.EarlyStopping.Monitor
	case t.validate != nil:
		return "validation.loss"
	case plateau:
		return "train.loss"
	}
	return ""
}

// result is the numbers that the model gets.
func (t *trainer) result() (*numbers, error) {
	if t.at.Best > 0 {
		return t.best, nil
	}
	m := t.measured()
	return m, m.read()
}

// resume goes on from a checkpoint, if it is one of this work.
func (t *trainer) resume() {
	if t.cfg.Resume == nil {
		return
	}
	if t.best == nil {
		t.best = t.numbers.copy()
	}
	if err := t.load(t.cfg.Resume); err != nil && t.cfg.OnAnew != nil {
		t.cfg.OnAnew(fmt.Errorf("the checkpoint is of no use, training starts anew: %w", err))
	}
}
