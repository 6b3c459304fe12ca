package estimate

import (
	"errors"
	"time"

	"pipe/nn/xla"
)

// GPUs of one machine, which is where a training runs.
const maxGPUs = 8

// worthwhile is what more GPUs have to make of the time if all of them are too few.
const worthwhile = 0.97

// reserved is memory of a GPU that nobody gets: that of the driver, of CUDA and of
// the libraries, and what is lost between buffers.
const reserved = 1 << 30

// An Estimator estimates a training on whatever it is asked for. Close it after use.
type Estimator struct {
	Training
	drafts map[[2]int]*Draft            // by batch size and number of GPUs
	local  map[xla.Precision]*Estimator // of processors that are no GPUs
}

// NewEstimator is the Estimator of a training.
func NewEstimator(t Training) *Estimator {
	return &Estimator{Training: t, drafts: map[[2]int]*Draft{}, local: map[xla.Precision]*Estimator{}}
}

// Draft is the draft of the training with a batch size on a number of GPUs.
func (e *Estimator) Draft(batch, gpus int) (*Draft, error) {
	key := [2]int{batch, gpus}
	if d := e.drafts[key]; d != nil {
		return d, nil
	}
	d, err := e.Training.Draft(batch, gpus)
	if err == nil {
		e.drafts[key] = d
	}
	return d, err
}

// Close frees the drafts.
func (e *Estimator) Close() error {
	var errs []error
	for _, d := range e.drafts {
		errs = append(errs, d.Close())
	}
	for _, l := range e.local {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// A Plan is a training on GPUs of a kind.
type Plan struct {
	Machine Machine
	GPUs    int
	Batch   int
	Memory  Memory // of each
	Fits    bool
	Largest int  // batch that fits, a power of 2, by the model; 0: none does
	Cost    Cost // not known if it does not fit
	// Efficiency is how much of the time of that many GPUs is not lost, compared
	// with one: 1 is nothing.
	Efficiency float64
}

// On plans the training with a batch size on a number of GPUs of a kind.
func (e *Estimator) On(m Machine, batch, gpus int) (Plan, error) {
	p := Plan{Machine: m, GPUs: gpus, Batch: batch, Efficiency: 1}
	d, err := e.Draft(batch, gpus)
	if err != nil {
		return p, err
	}
	p.Memory = d.Memory.on(m)
	if p.Largest, err = e.largest(m, batch, gpus); err != nil {
		return p, err
	}
	if p.Fits = p.Memory.Total() <= m.usable(); !p.Fits {
		return p, nil
	}
	p.Cost = d.On(m)
	if gpus > 1 {
		one, err := e.Draft(batch, 1)
		if err != nil {
			return p, err
		}
		p.Efficiency = one.On(m).Total.Seconds() / (float64(gpus) * p.Cost.Total.Seconds())
	}
	return p, nil
}

// Within plans for as few GPUs as it takes to be done within a time. If no number of
// them is enough, it plans for that which is done first.
func (e *Estimator) Within(m Machine, batch int, deadline time.Duration) (Plan, error) {
	var best Plan
	for gpus := 1; gpus <= maxGPUs; gpus++ {
		if batch%gpus != 0 { // they share each batch
			continue
		}
		p, err := e.On(m, batch, gpus)
		if err != nil {
			return p, err
		}
		switch {
		case p.Fits && p.Cost.Total <= deadline:
			return p, nil
		case best.GPUs == 0, p.Fits && !best.Fits, p.Fits && p.Cost.Total.Seconds() < worthwhile*best.Cost.Total.Seconds():
			best = p
		}
	}
	return best, nil
}

// Memory that XLA sets aside for the library that multiplies matrices, in bytes.
const (
	workspace         = 4 << 20
	workspaceOfHopper = 32 << 20 // and of later ones
)

// usable is the memory that a training may have.
func (m *Machine) usable() int64 { return m.Memory - reserved }

// on is the memory on a GPU: rows that do not leave it half of its memory stay
// outside.
func (m Memory) on(gpu Machine) Memory {
	if m.Data > gpu.Memory/2 {
		m.Data = 0
	}
	m.Workspace = workspace
	if gpu.target.Major >= 9 {
		m.Workspace = workspaceOfHopper
	}
	return m
}

// largest is the largest batch that fits, as memory grows from one batch to twice as
// many rows: not a small one, since losses are measured with more rows than those.
func (e *Estimator) largest(m Machine, batch, gpus int) (int, error) {
	size := max(batch, leastGrowing*gpus)
	one, err := e.Draft(size, gpus)
	if err != nil {
		return 0, err
	}
	two, err := e.Draft(2*size, gpus)
	if err != nil {
		return 0, err
	}
	least, more := one.Memory.on(m), two.Memory.on(m)
	row := float64(more.Total()-least.Total()) / float64(size)
	rest := float64(m.usable()-least.Total()) + row*float64(size)
	fits := 0
	for b := 1; b <= MaxBatch && float64(b)*max(row, 1) <= rest; b *= 2 {
		fits = b
	}
	return fits, nil
}

// leastGrowing is a batch size from which on all that a training takes grows with it.
const leastGrowing = 512

// MaxBatch is the largest batch size that a pipeline may have.
const MaxBatch = 1 << 20
