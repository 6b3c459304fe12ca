package optim

import (
	"fmt"
	"math"

	"pipe/pipeline/settings"
)

// A Schedule is a choice of how the learning rate changes in the course of
// training.
type Schedule struct {
	settings.OneOf
	Constant    *Constant    `yaml:"constant" doc:"It does not change."`
	Step        *StepDecay   `yaml:"step" doc:"It falls by a factor after a number of epochs, again and again."`
	Exponential *Exponential `yaml:"exponential" doc:"It falls by a factor after each epoch."`
	Cosine      *Cosine      `yaml:"cosine" doc:"It falls at each step, along half a wave of the cosine over all epochs."`
	OneCycle    *OneCycle    `yaml:"one_cycle" doc:"It rises from 1/25 of its value to all of it, and falls to 1/250000, along the cosine."`
	Plateau     *Plateau     `yaml:"reduce_on_plateau" doc:"It falls by a factor when the monitored curve gets no better: that of early stopping, else validation.loss, else train.loss."`
}

// Factor is what was chosen.
func (s *Schedule) Factor() Factor {
	switch {
	case s.Constant != nil:
		return *s.Constant
	case s.Step != nil:
		return *s.Step
	case s.Exponential != nil:
		return *s.Exponential
	case s.Cosine != nil:
		return *s.Cosine
	case s.OneCycle != nil:
		return *s.OneCycle
	case s.Plateau != nil:
		return *s.Plateau
	}
	return nil
}

// A Factor of the learning rate changes in the course of training: Constant,
// StepDecay, Exponential, Cosine, OneCycle or Plateau.
type Factor interface {
	fmt.Stringer
	// Validate says which setting makes no sense.
	Validate() error
	// At is what the learning rate of the optimizer is multiplied by. It is a
	// function of the progress alone.
	At(Progress) float64
}

// Progress says how far training has come.
type Progress struct {
	Step   int // optimizer steps done before this one, over all epochs
	Steps  int // of an epoch, at least 1
	Epochs int // of training, at most
}

// epoch counts from 0.
func (p Progress) epoch() int        { return p.Step / p.Steps }
func (p Progress) lastStep() float64 { return float64(max(p.Steps*p.Epochs-1, 1)) }

// Constant keeps the learning rate, after it grew in equal steps in the first
// Warmup epochs, which may be a fraction.
type Constant struct {
	Warmup float64 `yaml:"warmup" default:"0" min:"0" max:"1000000" doc:"Epochs at the beginning in which it grows from 0."`
}

func (s Constant) String() string { return fmt.Sprintf("constant(warmup=%v)", s.Warmup) }

// Validate says which setting makes no sense.
func (s Constant) Validate() error { return within("constant", "warmup", s.Warmup, 0, math.MaxInt32) }

// At is (step + 1) / (steps of the warm-up + 1) and then 1, as PyTorch's
// LinearLR with start_factor = 1 / (steps + 1).
func (s Constant) At(p Progress) float64 {
	if steps := warmup(s.Warmup, p); float64(p.Step) < steps {
		return float64(p.Step+1) / (steps + 1)
	}
	return 1
}

// warmup is so many epochs in whole steps.
func warmup(epochs float64, p Progress) float64 { return math.Ceil(float64(epochs * float64(p.Steps))) }

// StepDecay multiplies the learning rate by Factor after each Every epochs, as
// PyTorch's StepLR.
type StepDecay struct {
	Every  int     `yaml:"every" short:"true" required:"true" min:"1" doc:"Epochs between two steps."`
	Factor float64 `yaml:"factor" default:"0.1" min:"1e-9" max:"1" doc:"What it is multiplied by."`
}

func (s StepDecay) String() string {
	return fmt.Sprintf("step(every=%d, factor=%v)", s.Every, s.Factor)
}

// Validate says which setting makes no sense.
func (s StepDecay) Validate() error {
	if s.Every < 1 {
		return fmt.Errorf("step schedule: every is %d: want at least 1", s.Every)
	}
	return within("step", "factor", s.Factor, 1e-9, 1)
}

// At is Factor to the number of times that Every epochs have passed.
func (s StepDecay) At(p Progress) float64 { return power(s.Factor, p.epoch()/s.Every) }

// Exponential multiplies the learning rate by Factor after each epoch, as
// PyTorch's ExponentialLR.
type Exponential struct {
	Factor float64 `yaml:"factor" short:"true" required:"true" min:"1e-9" max:"1" doc:"What it is multiplied by."`
}

func (s Exponential) String() string { return fmt.Sprintf("exponential(factor=%v)", s.Factor) }

// Validate says which setting makes no sense.
func (s Exponential) Validate() error { return within("exponential", "factor", s.Factor, 1e-9, 1) }

// At is Factor to the number of epochs that have passed.
func (s Exponential) At(p Progress) float64 { return power(s.Factor, p.epoch()) }

// Cosine lets the learning rate grow in the first Warmup epochs, as Constant
// does, and then fall along half a wave of the cosine to Final times its value at
// the last step: PyTorch's CosineAnnealingLR (Loshchilov and Hutter, "SGDR",
// 2017).
type Cosine struct {
	Warmup float64 `yaml:"warmup" default:"0" min:"0" max:"1000000" doc:"Epochs at the beginning in which it grows from 0."`
	Final  float64 `yaml:"final" default:"0" min:"0" max:"1" doc:"The share of it that is left at the last step."`
}

func (s Cosine) String() string { return fmt.Sprintf("cosine(warmup=%v, final=%v)", s.Warmup, s.Final) }

// Validate says which setting makes no sense.
func (s Cosine) Validate() error {
	return first(within("cosine", "warmup", s.Warmup, 0, math.MaxInt32), within("cosine", "final", s.Final, 0, 1))
}

// At is 1 at the first step after the warm-up and Final at the last.
func (s Cosine) At(p Progress) float64 {
	begin := warmup(s.Warmup, p)
	if float64(p.Step) < begin {
		return Constant{Warmup: s.Warmup}.At(p)
	}
	return anneal(1, s.Final, min(1, (float64(p.Step)-begin)/max(p.lastStep()-begin, 1)))
}

// OneCycle lets the learning rate rise from 1/25 of its value to all of it in
// the Rise share of all steps, and then fall to 1/250000, both along half a wave
// of the cosine, as PyTorch's OneCycleLR without a cycle of the momentum (Smith
// and Topin, "Super-Convergence", 2018).
type OneCycle struct {
	Rise float64 `yaml:"rise" default:"0.3" min:"0.001" max:"0.999" doc:"The share of all steps in which it rises."`
}

func (s OneCycle) String() string { return fmt.Sprintf("one_cycle(rise=%v)", s.Rise) }

// Validate says which setting makes no sense.
func (s OneCycle) Validate() error { return within("one_cycle", "rise", s.Rise, 1e-9, 1-1e-9) }

// At is 1 at step Rise times all steps, less one.
func (s OneCycle) At(p Progress) float64 {
	const start, final = 1.0 / 25, 1.0 / 25e4
	last, step := p.lastStep(), float64(p.Step)
	top := max(0, float64(s.Rise*(last+1))-1)
	if step < top {
		return anneal(start, 1, step/top)
	}
	return anneal(1, final, min((step-top)/(last-top), 1))
}

// Plateau multiplies the learning rate by Factor when the monitored curve was not
// better by MinDelta for more than Patience epochs in a row, down to Min times
// its value, as PyTorch's ReduceLROnPlateau with an absolute threshold.
type Plateau struct {
	Factor   float64 `yaml:"factor" default:"0.1" min:"1e-9" below:"1" doc:"What it is multiplied by."`
	Patience int     `yaml:"patience" default:"10" min:"0" doc:"Epochs in a row without a better value that are let pass."`
	MinDelta float64 `yaml:"min_delta" default:"0" min:"0" doc:"By how much a value must be better to count."`
	Min      float64 `yaml:"min" default:"0" min:"0" max:"1" doc:"The share of it that is always left."`
}

func (s Plateau) String() string {
	return fmt.Sprintf("reduce_on_plateau(factor=%v, patience=%d, min_delta=%v, min=%v)", s.Factor, s.Patience, s.MinDelta, s.Min)
}

// Validate says which setting makes no sense.
func (s Plateau) Validate() error {
	if s.Patience < 0 {
		return fmt.Errorf("reduce_on_plateau schedule: patience is %d: want at least 0", s.Patience)
	}
	return first(within("reduce_on_plateau", "factor", s.Factor, 1e-9, 1-1e-9), within("reduce_on_plateau", "min", s.Min, 0, 1),
		within("reduce_on_plateau", "min_delta", s.MinDelta, 0, math.MaxFloat64))
}

// At is that of a curve that gets better all the time; PlateauState has the
// real one.
func (s Plateau) At(Progress) float64 { return 1 }

// A PlateauState is a Plateau in the course of training. Its fields are what a
// checkpoint saves.
type PlateauState struct {
	Factor float64 // of the learning rate
	Best   float64 // value of the curve
	Seen   bool    // whether there is one
	Waited int     // epochs that were not better, in a row
}

// Start is the state before the first epoch.
func (s Plateau) Start() PlateauState { return PlateauState{Factor: 1} }

// Observe takes the value of the curve after an epoch, less being better, and
// returns the state of the next.
func (s Plateau) Observe(now PlateauState, v float64) PlateauState {
	if !now.Seen || v < now.Best-s.MinDelta {
		now.Best, now.Seen, now.Waited = v, true, 0
		return now
	}
	if now.Waited++; now.Waited > s.Patience {
		now.Factor, now.Waited = max(now.Factor*s.Factor, s.Min), 0
	}
	return now
}

func within(kind, name string, v, least, most float64) error {
	if !(v >= least && v <= most) {
		return fmt.Errorf("%s schedule: %s is %v: want %v to %v", kind, name, v, least, most)
	}
	return nil
}

// anneal goes from a to b along half a wave of the cosine, as x goes from 0 to 1.
func anneal(a, b, x float64) float64 {
	return b + float64(float64((a-b)*0.5)*(1+float64(cosPi(x))))
}

// cosPi is cos(pi x) for x from 0 to 1, by the series of the sine of pi (1/2 -
// x). It is the same on all machines, which math.Cos need not be.
func cosPi(x float64) float64 {
	y := float64(math.Pi * (0.5 - x))
	square, term, sum := float64(y*y), y, y
	for k := 2.0; k < 24; k += 2 {
		term = -float64(term*square) / float64(k*(k+1))
		sum += term
	}
	return max(-1, min(1, sum)) // or a learning rate could be below 0
}
