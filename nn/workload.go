package nn

import (
	"errors"

	"pipe/nn/backend"
)

// A Workload is what Train asks of a backend, known before there is any data.
// Close it after use.
type Workload struct {
	Parameters int    // numbers that are trained
	Steps      int    // of the optimizer in an epoch
	Epochs     int    // at most
	Passes     []Pass // of an epoch

	// Bytes of what stays in the memory of a backend, whatever it is.
	Weights   int64 // parameters and running statistics, and their average
	Gradients int64
	Optimizer int64 // what it keeps of parameters
	Data      int64 // all rows, if there is room

	trainer *trainer
}

// A Pass is a program that runs so often in an epoch.
type Pass struct {
	Program  backend.Program
	Runs     int
	Measures bool // rather than trains
	// Whole says that it does a step with as many rows as the batch size says.
	Whole bool
}

// NewWorkload is that of Train for so many rows of training and of validation data
// (0: there is none). The backend of cfg is a draft, that asks for no memory and
// whose programs are not run.
func NewWorkload(spec Spec, sig Signature, rows, validation int, cfg Config) (_ *Workload, err error) {
	t, _, err := assemble(spec, sig, cfg, true)
	if err != nil {
		return nil, err
	}
	t.train = setOf(max(1, rows), t.sig)
	if validation > 0 {
		t.validate = setOf(validation, t.sig)
	}
	if err := t.prepare(); err != nil {
		return nil, errors.Join(err, t.close())
	}
	w := &Workload{Steps: t.stepsPerEpoch(), Epochs: cfg.Epochs, Data: t.train.bytes(), trainer: t}
	for _, p := range t.numbers.params {
		if p.trained {
			w.Parameters += p.size
		}
	}
	all := 4 * int64(t.numbers.size())
	w.Weights, w.Gradients = all, all
	if t.update.average != nil {
		w.Weights += all
	}
	for _, v := range t.update.variables {
		if v != nil {
			w.Optimizer += all
		}
	}
	size := t.cfg.BatchSize
	whole := t.batches.full(t.train.rows)
	if probe := t.plans[size].probe; probe != nil { // one batch of an epoch
		w.Passes = append(w.Passes, Pass{Program: probe, Runs: 1})
		whole--
	}
	w.Passes = append(w.Passes, Pass{Program: t.plans[size].program, Runs: whole, Whole: true})
	if last := t.plans[t.batches.last(t.train.rows)]; last != nil {
		w.Passes = append(w.Passes, Pass{Program: last.program, Runs: 1})
	}
	if t.update.program != nil {
		w.Passes = append(w.Passes, Pass{Program: t.update.program, Runs: w.Steps})
	}
	for i, s := range []*set{t.train, t.validate} {
		if s != nil {
			rows := t.evals[i].rows
			w.Passes = append(w.Passes, Pass{Program: t.evals[i].program, Runs: (s.rows + rows - 1) / rows, Measures: true})
		}
	}
	if t.validate != nil {
		w.Data += t.validate.bytes()
	}
	return w, nil
}

// Close frees the programs.
func (w *Workload) Close() error { return w.trainer.close() }
