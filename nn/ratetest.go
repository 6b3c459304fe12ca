package nn

import (
	"context"
	"errors"
	"fmt"
	"math"

	"pipe/base/exact"
	"pipe/pipeline/settings"
)

// A FindRate looks for a learning rate by training for a few steps in which it
// rises from From to To, by the same factor at each step: the range test of
// Smith, "Cyclical Learning Rates for Training Neural Networks" (2017).
type FindRate struct {
	From  float64 `yaml:"from" default:"1e-6" above:"0" doc:"The learning rate of its first step."`
	To    float64 `yaml:"to" default:"1" above:"0" doc:"That of its last one."`
	Steps int     `yaml:"steps" short:"true" default:"100" min:"20" max:"100000" doc:"How many steps it has, unless the loss explodes before."`
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

// A RateCurve is what a FindRate saw: for each step its learning rate and the
// loss up to there, a moving average that forgets a tenth at each step. It ends
// early where training diverged.
type RateCurve struct {
	Rates, Losses []float64
	// Best is the rate at which the loss fell fastest.
	Best float64
}

const (
	minRateSteps  = 20
	rateForgets   = 0.1 // share of the moving average
	rateDiverges  = 4   // times the least loss
	rateSlopeSpan = 20  // a slope is taken over one part in so many of the curve, to each side
)

// A NoRateError says that the loss never fell.
type NoRateError struct{ Test FindRate }

func (e *NoRateError) Error() string {
	return fmt.Sprintf("the loss falls at no learning rate between %g and %g", e.Test.From, e.Test.To)
}

// Hint says what usually helps.
func (e *NoRateError) Hint() string {
	return "try a smaller from, or more steps; if that does not help, the features may say nothing about the target"
}

// Find runs the test on a network with the initial weights and the batches that
// Train would begin with, and any other setting of cfg that has to do with
// single steps. Nothing is left of the network.
func (r FindRate) Find(ctx context.Context, spec Spec, sig Signature, train Source, cfg Config) (_ *RateCurve, err error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	cfg.Optimizer, cfg.Schedule = cfg.Optimizer.WithRate(1), rising{r}
	cfg.EarlyStopping, cfg.Average, cfg.OnEpoch, cfg.Resume, cfg.Checkpoint = nil, 0, nil, nil, nil
	t, _, err := newTrainer(spec, sig, train, nil, cfg)
	if t != nil {
		defer func() { err = errors.Join(err, t.close()) }()
	}
	if err != nil {
		return nil, err
	}
	c := &RateCurve{}
	if err := t.riseAlong(ctx, r, c); err != nil {
		return nil, err
	}
	var ok bool
	if c.Best, ok = c.steepest(); !ok {
		return nil, &NoRateError{r}
	}
	return c, nil
}

// rising is the schedule of a FindRate, for an optimizer with the rate 1.
type rising struct{ FindRate }

func (r rising) String() string {
	return fmt.Sprintf("rising(from=%v, to=%v, steps=%d)", r.From, r.To, r.Steps)
}

// At is From (To/From)^(step/(Steps-1)).
func (r rising) At(p Progress) float64 {
	return r.From * exact.Exp(float64(p.Step)/float64(r.Steps-1)*exact.Log(r.To/r.From))
}

// riseAlong takes steps until all are done or the loss has become too large.
func (t *trainer) riseAlong(ctx context.Context, r FindRate, c *RateCurve) error {
	mean, missing, least := 0.0, 1.0, math.Inf(1)
	for ; len(c.Losses) < r.Steps; t.at.Epoch, t.at.Row = t.at.Epoch+1, 0 {
		if err := t.begin(); err != nil {
			return err
		}
		for t.at.Row < t.train.rows && len(c.Losses) < r.Steps {
			if err := errors.Join(ctx.Err(), t.step(), t.settle()); err != nil {
				t.feed.stop()
				if _, ok := errors.AsType[*DivergedError](err); ok {
					return nil
				}
				return err
			}
			n := len(c.Losses) + 1
			mean += float64(rateForgets * (t.at.Last - mean))
			missing *= 1 - rateForgets
			loss := mean / (1 - missing) // it began with 0
			c.Rates, c.Losses = append(c.Rates, t.factor(n-1)), append(c.Losses, loss)
			least = min(least, loss)
			if n > r.Steps/10 && loss > least+float64((rateDiverges-1)*math.Abs(least)) {
				t.feed.stop()
				return nil
			}
		}
		t.feed.stop()
	}
	return nil
}

// steepest is the rate at which the loss falls fastest over the logarithm of
// the rate, before it is least.
func (c *RateCurve) steepest() (rate float64, ok bool) {
	least := 0
	for i, l := range c.Losses {
		if l < c.Losses[least] {
			least = i
		}
	}
	span, best := max(2, len(c.Losses)/rateSlopeSpan), 0.0
	for i := range least {
		from, to := max(0, i-span), min(least, i+span)
		if slope := (c.Losses[to] - c.Losses[from]) / exact.Log(c.Rates[to]/c.Rates[from]); slope < best {
			best, rate = slope, c.Rates[i]
		}
	}
	return rate, best < 0
}
