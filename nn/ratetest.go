package nn

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"pipe/base/exact"
	"pipe/pipeline/settings"
)

// A FindRate looks for a learning rate in two parts, each of which begins with the
// same weights and sees the same batches.
//
// The range test of Smith, "Cyclical Learning Rates for Training Neural Networks"
// (2017), is one training in which the rate rises from From to To, by the same factor
// at each step. Its losses l are smoothed: m(i) = 0.9 m(i-1) + 0.1 l(i), divided by
// 1 - 0.9^i, since m(0) is 0. A tenth of the rate at which that is least is where to
// begin: it says where to look, and no more, since rates follow each other
// so fast that batches differ by more than what one rate does.
//
// Then From, 3 From, 9 From and so on are tried, each in a training of its own: the one
// nearest to that, and those above and below until two in a row are no better than
// the best. What a rate is worth is the mean loss over the second half of its steps.
// As all take the same batches, and dropout the same numbers, what they differ in
// is the rate alone. Neighbours of the best are as good if the differences to it, batch
// by batch, are less than two standard errors on average; the middle one of those is the answer.
type FindRate struct {
	From  float64 `yaml:"from" default:"1e-6" above:"0" doc:"The least learning rate of the search."`
	To    float64 `yaml:"to" default:"1" above:"0" doc:"The greatest."`
	Steps int     `yaml:"steps" short:"true" default:"100" min:"20" max:"100000" doc:"How many steps each of its short trainings has, of which there are about seven, unless the loss explodes before."`
}

// Validate says which setting makes no sense.
func (r FindRate) Validate() error {
	switch {
	case !(r.From > 0 && r.From < r.To) || math.IsInf(r.To, 0):
		return settings.FieldErrorf("to", "to must be more than from, %v", r.From)
	case r.Steps < minRateSteps:
		return fmt.Errorf("%d steps are too few to see a slope: want %d or more", r.Steps, minRateSteps)
	}
	return nil
}

// A RateCurve is what a FindRate saw.
type RateCurve struct {
	// Rates and Losses are those of the range test, smoothed, step by step. It ends
	// early where training diverged.
	Rates, Losses []float64
	// Tried are the rates with a training of their own, the least first.
	Tried []TriedRate
	// Best is that of the least loss.
	Best float64
}

// A TriedRate is how good a learning rate is.
type TriedRate struct {
	Rate float64
	Loss float64 // over the second half of the steps; Inf if training diverged
}

const (
	minRateSteps = 20
	rateForgets  = 0.1 // share of the moving average
	rateDiverges = 4   // times the least loss
	ratesApart   = 3   // what a rate that is tried is multiplied by for the next
	ratesWorse   = 2   // in a row, and no more are tried
	rateErrors   = 2   // standard errors by which one loss must be less than another
)

// A NoRateError says that there is no telling which rate is good.
type NoRateError struct {
	Test FindRate
	// Edge is the end of the range at which the loss is least, of several rates that
	// are good for something; 0: none is.
	Edge float64
}

func (e *NoRateError) Error() string {
	if e.Edge != 0 {
		return fmt.Sprintf("no learning rate found: of all between %g and %g the loss is least with %g, and beyond it may be better", e.Test.From, e.Test.To, e.Edge)
	}
	return fmt.Sprintf("no learning rate found: the loss falls at none between %g and %g by more than it differs from batch to batch", e.Test.From, e.Test.To)
}

// Hint says what usually helps.
func (e *NoRateError) Hint() string {
	switch e.Edge {
	case 0: // nothing is better than to learn nothing
		return "try more steps, larger batches or another range; if that does not help, the features may say nothing about the target"
	case e.Test.From:
		return fmt.Sprintf("set `from: %g`, and look whether features and target are scaled", e.Test.From/1000)
	}
	return fmt.Sprintf("set `to: %g`", e.Test.To*1000)
}

// Find looks for a rate for a network with the initial weights and the batches that
// Train would begin with, and any other setting of cfg that has to do with
// single steps. Nothing is left of the network. If there is no telling, the error is
// a *NoRateError.
func (r FindRate) Find(ctx context.Context, spec Spec, sig Signature, train Source, cfg Config) (_ *RateCurve, err error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	cfg.Optimizer, cfg.Schedule, cfg.bare = cfg.Optimizer.WithRate(1), rising{r}, true
	cfg.EarlyStopping, cfg.Average, cfg.OnEpoch, cfg.OnRows, cfg.Resume, cfg.Checkpoint = nil, 0, nil, nil, nil, nil
	t, _, err := newTrainer(spec, sig, train, nil, cfg)
	if t != nil {
		defer func() { err = errors.Join(err, t.close()) }()
	}
	if err != nil {
		return nil, err
	}
	f := newRateFinder(r, t)
	if err := f.remember(); err != nil {
		return nil, err
	}
	return f.find(ctx)
}

// A rateFinder trains again and again from the same start.
type rateFinder struct {
	FindRate
	trainer *trainer
	rates   []float64 // to try
	start   progress
	parts   [][]float32
	still   []float64         // losses of the batches where nothing is learned
	tried   map[int][]float64 // losses by the place of a rate
}

func newRateFinder(r FindRate, t *trainer) *rateFinder {
	f := &rateFinder{FindRate: r, trainer: t, start: t.at, tried: map[int][]float64{}}
	for rate := r.From; rate <= r.To; rate *= ratesApart {
		f.rates = append(f.rates, rate)
	}
	return f
}

// remember keeps where training begins.
func (f *rateFinder) remember() error {
	if err := f.trainer.pull(); err != nil {
		return err
	}
	for _, part := range f.trainer.parts(false) {
		f.parts = append(f.parts, slices.Clone(part))
	}
	return nil
}

func (f *rateFinder) find(ctx context.Context) (*RateCurve, error) {
	c := &RateCurve{}
	if err := f.rise(ctx, c); err != nil {
		return nil, err
	}
	var err error
	if f.still, err = f.losses(ctx, level(0)); err != nil {
		return nil, err
	}
	best, err := f.search(ctx, f.nearest(c.least()/10))
	if err != nil {
		return nil, err
	}
	for _, k := range slices.Sorted(maps.Keys(f.tried)) {
		c.Tried = append(c.Tried, TriedRate{f.rates[k], f.loss(k)})
	}
	if f.falls(best) {
		best = f.middle(best)
	}
	c.Best = f.rates[best]
	switch {
	case !f.falls(best):
		return nil, &NoRateError{Test: f.FindRate}
	case best == 0 || best == len(f.rates)-1:
		return nil, &NoRateError{Test: f.FindRate, Edge: c.Best}
	}
	return c, nil
}

// nearest is the rate to try first: the nearest one, on a scale of logarithms.
func (f *rateFinder) nearest(rate float64) int {
	k := 0
	for k+1 < len(f.rates) && math.Sqrt(f.rates[k])*math.Sqrt(f.rates[k+1]) <= rate {
		k++
	}
	return k
}

// search tries rates from one on, upwards and downwards, until two in a row are no better.
func (f *rateFinder) search(ctx context.Context, from int) (best int, err error) {
	best = from
	for _, step := range []int{1, -1} {
		worse := 0
		for k := best; k >= 0 && k < len(f.rates) && worse < ratesWorse; k += step {
			if _, done := f.tried[k]; !done {
				if f.tried[k], err = f.losses(ctx, level(f.rates[k])); err != nil {
					return 0, err
				}
			}
			switch {
			case f.loss(k) < f.loss(best):
				best, worse = k, 0
			case k != best:
				worse++
			}
		}
	}
	return best, nil
}

// loss is how good a rate is that was tried.
func (f *rateFinder) loss(k int) float64 {
	losses := f.tried[k]
	if len(losses) < f.Steps {
		return math.Inf(1)
	}
	sum := 0.0
	for _, l := range losses[f.judged():] {
		sum += l
	}
	return sum / float64(f.Steps-f.judged())
}

// judged is the first step of the second half.
func (f *rateFinder) judged() int { return f.Steps - f.Steps/2 }

// falls says whether the loss of a rate is less than where nothing is learned.
func (f *rateFinder) falls(k int) bool {
	return !math.IsInf(f.loss(k), 1) && len(f.still) == f.Steps && f.less(f.tried[k], f.still)
}

// less says whether losses are less than others of the same batches, by more than these
// differences differ from batch to batch.
func (f *rateFinder) less(losses, than []float64) bool {
	losses, than = losses[f.judged():], than[f.judged():]
	n := float64(len(losses))
	sum, squares := 0.0, 0.0
	for i := range losses {
		sum += than[i] - losses[i]
	}
	mean := sum / n
	for i := range losses {
		d := than[i] - losses[i] - mean
		squares += float64(d * d)
	}
	return mean > rateErrors*math.Sqrt(squares/(n-1)/n)
}

// middle is that of the rates around the best whose loss is not told from its.
func (f *rateFinder) middle(best int) int {
	alike := func(k int) bool {
		_, tried := f.tried[k]
		return tried && !math.IsInf(f.loss(k), 1) && !f.less(f.tried[best], f.tried[k])
	}
	low, high := best, best
	for alike(low - 1) {
		low--
	}
	for alike(high + 1) {
		high++
	}
	return (low + high) / 2
}

// losses are those of the batches of a training from the start; fewer if it diverges.
func (f *rateFinder) losses(ctx context.Context, schedule Factor) ([]float64, error) {
	if err := f.again(); err != nil {
		return nil, err
	}
	f.trainer.cfg.Schedule = schedule
	var list []float64
	err := f.trainer.takeSteps(ctx, f.Steps, func(loss float64) bool {
		list = append(list, loss)
		return true
	})
	return list, err
}

// again goes back to the start.
func (f *rateFinder) again() error {
	t := f.trainer
	for i, part := range t.parts(false) {
		copy(part, f.parts[i])
	}
	t.at, t.failed = f.start, nil
	errs := []error{t.push()}
	if t.cfg.Accumulate > 1 {
		gradients := t.how.memory(t.numbers.size())
		fill(gradients, nothing)
		errs = append(errs, t.grads.Write(gradients))
	}
	if t.plan.halt != nil {
		errs = append(errs, t.plan.halt.Write(make([]float32, 1)))
	}
	return errors.Join(errs...)
}

// rising is the schedule of a range test, for an optimizer with the rate 1.
type rising struct{ FindRate }

func (r rising) String() string {
	return fmt.Sprintf("rising(from=%v, to=%v, steps=%d)", r.From, r.To, r.Steps)
}

// At is From (To/From)^(step/(Steps-1)).
func (r rising) At(p Progress) float64 {
	return r.From * exact.Exp(float64(p.Step)/float64(r.Steps-1)*exact.Log(r.To/r.From))
}

// level is the schedule of a rate that is tried.
type level float64

func (l level) String() string      { return fmt.Sprintf("level(%v)", float64(l)) }
func (l level) Validate() error     { return nil }
func (l level) At(Progress) float64 { return float64(l) }

// rise does the range test: all steps, or until the loss has become too large.
func (f *rateFinder) rise(ctx context.Context, c *RateCurve) error {
	mean, missing, least := 0.0, 1.0, math.Inf(1)
	return f.trainer.takeSteps(ctx, f.Steps, func(loss float64) bool {
		n := len(c.Losses) + 1
		mean += float64(rateForgets * (loss - mean))
		missing *= 1 - rateForgets
		loss = mean / (1 - missing) // it began with 0
		c.Rates, c.Losses = append(c.Rates, f.trainer.factor(n-1)), append(c.Losses, loss)
		least = min(least, loss)
		return n <= f.Steps/10 || loss <= least+float64((rateDiverges-1)*math.Abs(least))
	})
}

// least is the rate at which the smoothed loss is least, 0 if there is none.
func (c *RateCurve) least() (rate float64) {
	least := math.Inf(1)
	for i, l := range c.Losses {
		if l < least {
			least, rate = l, c.Rates[i]
		}
	}
	return rate
}

// takeSteps takes so many steps over and over the rows, as long as it is told to go on, and
// training does not diverge.
func (t *trainer) takeSteps(ctx context.Context, steps int, each func(loss float64) bool) error {
	for n := 0; n < steps; t.at.Epoch, t.at.Row = t.at.Epoch+1, 0 {
		if err := t.begin(); err != nil {
			return err
		}
		for ; t.at.Row < t.train.rows && n < steps; n++ {
			err := errors.Join(ctx.Err(), t.step(), t.settle())
			if err != nil || !each(t.at.Last) {
				t.feed.stop()
				if _, ok := errors.AsType[*DivergedError](err); ok {
					return nil
				}
				return err
			}
		}
		t.feed.stop()
	}
	return nil
}
