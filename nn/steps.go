package nn

import (
	"context"
	"errors"

	"pipe/nn/backend"
)

// Steps is the training of Train one step at a time, for those who measure it:
// batches in the order of the rows, over and over. Nothing else is measured, nor
// compiled.
type Steps struct{ t *trainer }

// NewSteps prepares. Close it after use.
func NewSteps(spec Spec, sig Signature, data Source, cfg Config) (*Steps, error) {
	cfg.Shuffle, cfg.Checkpoint, cfg.bare = false, nil, true
	t, _, err := newTrainer(spec, sig, data, nil, cfg)
	if err != nil {
		if t != nil {
			err = errors.Join(err, t.close())
		}
		return nil, err
	}
	if err := t.begin(); err != nil {
		return nil, errors.Join(err, t.close())
	}
	return &Steps{t}, nil
}

// Params are the parameters as they are now, which the next step changes.
func (s *Steps) Params() ([]Param, error) {
	var list []Param
	if err := errors.Join(s.t.settle(), s.t.numbers.read()); err != nil {
		return nil, err
	}
	for i, p := range s.t.arch.(*specArchitecture).spec.params() {
		list = append(list, Param{Name: p.Name, Shape: p.Shape, Data: s.t.numbers.params[i].of(s.t.numbers.flat)})
	}
	return list, nil
}

// Step does one step and returns the loss of its batch, before the step.
func (s *Steps) Step(ctx context.Context) (loss float64, err error) {
	if err := errors.Join(s.Ask(ctx), s.t.settle()); err != nil {
		return s.t.at.Last, err
	}
	return s.t.at.Last, nil
}

// Ask is Step, but it does not wait for a device to have done it: the error may be
// that of an earlier one.
func (s *Steps) Ask(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if t := s.t; t.at.Row >= t.train.rows {
		t.feed.stop()
		t.at.Row = 0
		if err := t.begin(); err != nil {
			return err
		}
	}
	return s.t.step()
}

// Wait waits for the steps that were asked for.
func (s *Steps) Wait() error { return s.t.settle() }

// Flops is the number of floating point operations of the forward and backward
// pass of a full batch.
func (s *Steps) Flops() float64 { return s.plan().program.Flops() }

// Bytes is the memory of the plan of a full batch.
func (s *Steps) Bytes() int { return s.plan().program.Bytes() }

// Subnormals counts the subnormal numbers that the last step of a full batch left
// in memory; 0 if the backend does not know.
func (s *Steps) Subnormals() int {
	p, ok := s.plan().program.(interface{ Subnormals() int })
	if !ok {
		return 0
	}
	return p.Subnormals()
}

// Profile says what each instruction of the plan of a full batch costs.
func (s *Steps) Profile(runs int) []backend.Timing { return s.plan().program.Profile(runs) }

func (s *Steps) plan() *plan { return s.t.plans[s.t.cfg.BatchSize] }

// Close frees what training needs.
func (s *Steps) Close() error { return s.t.close() }
