package nn

import (
	"fmt"
	"math"
)

// A Schedule is how the learning rate changes in the course of training: a
// Constant, StepDecay, Exponential, Cosine, OneCycle or Plateau.
type Schedule interface {
	fmt.Stringer
	validate() error
	// factor multiplies the learning rate of the optimizer.
	factor(Progress) float64
}

// Progress says how far training has come.
type Progress struct {
	Step   int // optimizer steps done before this one, over all epochs
	Steps  int // of an epoch
	Epochs int // of training, at most
}

// epoch counts from 0.
func (p Progress) epoch() int        { return p.Step / p.Steps }
func (p Progress) lastStep() float64 { return float64(max(p.Steps*p.Epochs-1, 1)) }

// Constant keeps the learning rate, after it grew from 0 in the first Warmup
// epochs, which may be a fraction.
type Constant struct{ Warmup float64 }

func (s Constant) String() string { return fmt.Sprintf("constant(warmup=%v)", s.Warmup) }

func (s Constant) validate() error { return positive("constant", "warmup", s.Warmup, 0, math.MaxInt32) }

func (s Constant) factor(p Progress) float64 {
	if steps := s.Warmup * float64(p.Steps); float64(p.Step) < steps {
		return float64(p.Step+1) / (math.Ceil(steps) + 1)
	}
	return 1
}

// StepDecay multiplies the learning rate by Factor after each Every epochs, as
// PyTorch's StepLR.
type StepDecay struct {
	Every  int
	Factor float64
}

func (s StepDecay) String() string {
	return fmt.Sprintf("step(every=%d, factor=%v)", s.Every, s.Factor)
}

func (s StepDecay) validate() error {
	if s.Every < 1 {
		return fmt.Errorf("step schedule: every is %d: want at least 1", s.Every)
	}
	return positive("step", "factor", s.Factor, 1e-9, 1)
}

func (s StepDecay) factor(p Progress) float64 { return power(s.Factor, p.epoch()/s.Every) }

// Exponential multiplies the learning rate by Factor after each epoch, as
// PyTorch's ExponentialLR.
type Exponential struct{ Factor float64 }

func (s Exponential) String() string { return fmt.Sprintf("exponential(factor=%v)", s.Factor) }

func (s Exponential) validate() error { return positive("exponential", "factor", s.Factor, 1e-9, 1) }

func (s Exponential) factor(p Progress) float64 { return power(s.Factor, p.epoch()) }

// Cosine lets the learning rate grow from 0 in the first Warmup epochs, and then
// fall along half a wave of the cosine to Final times its value at the last
// step (Loshchilov and Hutter, "SGDR", 2017).
type Cosine struct{ Warmup, Final float64 }

func (s Cosine) String() string { return fmt.Sprintf("cosine(warmup=%v, final=%v)", s.Warmup, s.Final) }

func (s Cosine) validate() error {
	if err := positive("cosine", "warmup", s.Warmup, 0, math.MaxInt32); err != nil {
		return err
	}
	return positive("cosine", "final", s.Final, 0, 1)
}

func (s Cosine) factor(p Progress) float64 {
	begin := math.Ceil(s.Warmup * float64(p.Steps))
	if float64(p.Step) < begin {
		return Constant{s.Warmup}.factor(p)
	}
	return anneal(1, s.Final, (float64(p.Step)-begin)/max(p.lastStep()-begin, 1))
}

// OneCycle lets the learning rate rise from 1/25 of its value to all of it in
// the Rise share of all steps, and then fall to 1/250000, both along half a wave
// of the cosine, as PyTorch's OneCycleLR (Smith and Topin, "Super-Convergence",
// 2018).
type OneCycle struct{ Rise float64 }

func (s OneCycle) String() string { return fmt.Sprintf("one_cycle(rise=%v)", s.Rise) }

func (s OneCycle) validate() error { return positive("one_cycle", "rise", s.Rise, 1e-9, 1-1e-9) }

func (s OneCycle) factor(p Progress) float64 {
	const start = 1.0 / 25
	last, step := p.lastStep(), float64(p.Step)
	top := float64(s.Rise*(last+1)) - 1
	if step <= top {
		return anneal(start, 1, step/max(top, 1))
	}
	return anneal(1, start/1e4, min((step-top)/(last-top), 1))
}

// Plateau multiplies the learning rate by Factor when the monitored curve was
// not better by MinDelta for more than Patience epochs in a row, down to Min
// times its value, as PyTorch's ReduceLROnPlateau with an absolute threshold.
type Plateau struct {
	Factor   float64
	Patience int
	MinDelta float64
	Min      float64
}

func (s Plateau) String() string {
	return fmt.Sprintf("reduce_on_plateau(factor=%v, patience=%d, min_delta=%v, min=%v)", s.Factor, s.Patience, s.MinDelta, s.Min)
}

func (s Plateau) validate() error {
	if s.Patience < 0 {
		return fmt.Errorf("reduce_on_plateau: patience is %d: want at least 0", s.Patience)
	}
	if err := positive("reduce_on_plateau", "factor", s.Factor, 1e-9, 1-1e-9); err != nil {
		return err
	}
	if err := positive("reduce_on_plateau", "min", s.Min, 0, 1); err != nil {
		return err
	}
	return positive("reduce_on_plateau", "min_delta", s.MinDelta, 0, math.MaxFloat64)
}

// factor is that of a curve that gets better all the time; see plateau.
func (s Plateau) factor(Progress) float64 { return 1 }

// A plateau is a Plateau in the course of training.
type plateau struct {
	Plateau
	value  float64 // the factor that applies
	best   float64
	seen   bool
	waited int
}

func (s Plateau) start() *plateau { return &plateau{Plateau: s, value: 1} }

// observe takes the value of the curve after an epoch, less being better.
func (s *plateau) observe(v float64) {
	if !s.seen || v < s.best-s.MinDelta {
		s.best, s.seen, s.waited = v, true, 0
		return
	}
	if s.waited++; s.waited > s.Patience {
		s.value, s.waited = max(s.value*s.Factor, s.Min), 0
	}
}

func positive(kind, name string, v, least, most float64) error {
	if !(v >= least && v <= most) {
		return fmt.Errorf("%s schedule: %s is %v: want %v to %v", kind, name, v, least, most)
	}
	return nil
}

// anneal goes from a to b along half a wave of the cosine, as x goes from 0 to 1.
func anneal(a, b, x float64) float64 {
	return b + float64((a-b)*0.5*(1+cosPi(x)))
}

// cosPi is cos(pi x) for x from 0 to 1, by the Taylor series of the sine. It is
// the same on all machines, which math.Cos may not be.
func cosPi(x float64) float64 {
	y := math.Pi * (0.5 - x)
	square, term, sum := float64(y*y), y, y
	for k := 2.0; k < 24; k += 2 {
		term = -float64(term*square) / float64(k*(k+1))
		sum += term
	}
	return sum
}
