package estimate

import (
	"fmt"
	"time"

	"pipe/base/diag"
	"pipe/nn"
	"pipe/nn/xla"
)

// A Training is what is to be estimated.
type Training struct {
	Spec             nn.Spec
	Signature        nn.Signature
	Rows, Validation int // of data
	Config           nn.Config
	Precision        xla.Precision // on a GPU
	Deterministic    bool
}

// A Draft is a training on one of some GPUs that share each batch, as programs that
// nobody has compiled. It is the same for all GPUs.
type Draft struct {
	Batch, GPUs int
	Parameters  int
	Steps       int // of the optimizer in an epoch
	Epochs      int // at most
	Memory      Memory

	precision     xla.Precision
	deterministic bool
	accumulate    int
	rows          int64 // bytes of the rows of a batch
	all           int64 // bytes of all rows, which pass through a GPU in an epoch
	passes        []pass
	whole         pass // a batch of training
	// Memory that nobody has touched must not be used for the next draft, which
	// would be to touch it.
	workload *nn.Workload
}

// Close frees what there is of the programs.
func (d *Draft) Close() error { return d.workload.Close() }

type pass struct {
	operations []xla.Operation
	runs       int
	text       string
}

// Memory is what a training takes on each GPU, in bytes.
type Memory struct {
	Weights     int64       `json:"weights"`     // parameters, running statistics and averages
	Gradients   int64       `json:"gradients"`   // those that are there at the same time as the activations
	Optimizer   int64       `json:"optimizer"`   // what it keeps of each parameter
	Activations int64       `json:"activations"` // results of layers, when there are most of them
	Batches     int64       `json:"batches"`     // rows that a step or a measurement reads
	Data        int64       `json:"data"`        // all rows, which stay on a GPU that has room
	Layers      []xla.Share `json:"layers"`      // of Activations, the largest first
	Workspace   int64       `json:"workspace"`   // of the library that multiplies matrices
	// Compiled is what the compiled step takes beside what stays between steps, in
	// place of Gradients, Activations and Workspace. 0: it was not compiled.
	Compiled int64 `json:"compiled,omitempty"`
}

// Total is all of it.
func (m *Memory) Total() int64 {
	working := m.Gradients + m.Activations + m.Workspace
	if m.Compiled > 0 {
		working = m.Compiled
	}
	return m.Weights + m.Optimizer + m.Batches + m.Data + working
}

// Draft plans the training with a batch size on a number of GPUs. An error is an
// *xla.RecipeError if the network cannot be computed there.
func (t Training) Draft(batch, gpus int) (*Draft, error) {
	if batch%gpus != 0 {
		return nil, diag.WithHint(fmt.Errorf("batches of %d rows cannot be divided among %d GPUs", batch, gpus), "choose a batch size that is a multiple of the number of GPUs")
	}
	draft := xla.NewDraft(xla.Options{Precision: t.Precision, Deterministic: t.Deterministic})
	cfg := t.Config
	cfg.Backend, cfg.BatchSize = draft, batch/gpus
	share := func(rows int) int { return (rows + gpus - 1) / gpus }
	w, err := nn.NewWorkload(t.Spec, t.Signature, max(share(t.Rows), cfg.BatchSize), share(t.Validation), cfg)
	if err != nil {
		return nil, err
	}
	d := &Draft{workload: w, Batch: batch, GPUs: gpus, Parameters: w.Parameters, Steps: w.Steps, Epochs: w.Epochs,
		precision: t.Precision, deterministic: t.Deterministic, accumulate: max(1, cfg.Accumulate)}
	most := int64(-1)
	for _, p := range w.Passes {
		s := p.Program.(*xla.Sketch)
		one := pass{operations: s.Operations, runs: p.Runs, text: s.Text()}
		d.passes = append(d.passes, one)
		if p.Whole {
			d.whole = one
		}
		if s.Working > most {
			most = s.Working
			d.Memory.Gradients, d.Memory.Activations, d.Memory.Layers = s.Gradients, s.Working-s.Gradients, s.Layers
		}
	}
	d.Memory.Weights, d.Memory.Optimizer = w.Weights, w.Optimizer
	d.Memory.Data = w.Data * int64(gpus) // each has all
	d.all = w.Data
	d.rows = w.Data / int64(max(1, share(t.Rows)+share(t.Validation))) * int64(cfg.BatchSize)
	kept := int64(0)
	if d.accumulate > 1 {
		kept = w.Gradients
		d.Memory.Gradients += kept
	}
	d.Memory.Batches = draft.Held() - w.Weights - w.Optimizer - kept
	return d, nil
}

// A Cost is what a training takes on a number of processors of a kind.
type Cost struct {
	Step     time.Duration // of the optimizer, with the exchange
	Exchange time.Duration // of the gradients of a step among GPUs
	Epoch    time.Duration // with the measuring behind it
	Total    time.Duration // of all epochs
}

// On is what the training takes on GPUs of a kind, by the model.
func (d *Draft) On(m Machine) Cost {
	var c Cost
	c.Exchange = m.exchange(d.Parameters, d.GPUs)
	c.Step = time.Duration(d.accumulate)*d.time(m, d.whole) + c.Exchange
	for _, p := range d.passes {
		c.Epoch += time.Duration(p.runs) * d.time(m, p)
	}
	c.Epoch += time.Duration(d.Steps) * c.Exchange
	if memory := d.Memory.on(m); memory.Data == 0 { // no room for them
		c.Step += time.Duration(d.accumulate) * m.feed(d.rows)
		c.Epoch += 2 * m.feed(d.all) // to train, and to measure
	}
	c.Total = times(c.Epoch, float64(d.Epochs))
	return c
}

// times multiplies a duration that may become longer than any can be.
func times(d time.Duration, factor float64) time.Duration {
	return time.Duration(min(float64(d)*factor, 1<<62))
}
