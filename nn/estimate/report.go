package estimate

import (
	"context"
	"errors"
	"slices"
	"time"

	"pipe/nn"
	"pipe/nn/xla"
)

// A Question says what an estimate is to be about.
type Question struct {
	Machines []Machine // GPUs that need not be there
	Batches  []int     // sizes; none: that of the training. None is larger than the rows are many
	GPUs     int       // that share each batch; 0 is 1
	Deadline time.Duration
	// Hands are the processors that are there.
	Hands []Hand
	// Measure is for how long each of them trains; 0: not at all.
	Measure time.Duration
	// Compile gives what a program takes on a GPU, in bytes, beside what stays from
	// one to the next. Nil: there is no compiler.
	Compile func(m Machine, text string) (int64, error)
}

// A Hand is a processor that is there.
type Hand struct {
	Name    string
	Backend nn.Backend // nil: the engine of this processor
	Threads int
	Memory  int64 // bytes; 0: not known
	// Machine is what the model goes by. The zero Machine is measured if it is this
	// processor, and else unknown.
	Machine Machine
	// Compile is that of a Question.
	Compile func(text string) (int64, error)
}

// A Report is an estimate.
type Report struct {
	Parameters int       `json:"parameters"`
	Rows       int       `json:"rows"`
	Validation int       `json:"validation_rows"`
	Batch      int       `json:"batch_size"`
	Steps      int       `json:"steps"` // of an epoch
	Epochs     int       `json:"epochs"`
	Precision  string    `json:"precision"` // on a GPU
	Here       []Measure `json:"here"`
	There      []Line    `json:"gpus"`
	// Problem is why there is nothing about GPUs.
	Problem string `json:"problem,omitempty"`
}

// A Measure is what training takes on a processor that is there.
type Measure struct {
	Name   string `json:"name"`
	Batch  int    `json:"batch_size"`
	Memory int64  `json:"memory"` // bytes; 0: not known
	Fits   bool   `json:"fits"`
	Rough  bool   `json:"memory_modelled,omitempty"` // Memory is that of the model
	Step   Time   `json:"step_seconds,omitempty"`
	Epoch  Time   `json:"epoch_seconds,omitempty"`
	Total  Time   `json:"total_seconds,omitempty"`
	// Modelled is the step by the model, and Error by how much that is more than what
	// was measured: 0.1 is 10 %.
	Modelled Time    `json:"modelled_step_seconds,omitempty"`
	Error    float64 `json:"error,omitempty"`
}

// A Line is what training takes on GPUs that need not be there, by the model.
type Line struct {
	GPU        string  `json:"gpu"`
	GPUs       int     `json:"count"`
	Batch      int     `json:"batch_size"`
	Memory     int64   `json:"memory"` // bytes of each GPU
	Parts      Memory  `json:"memory_parts"`
	Of         int64   `json:"memory_of_gpu"`
	Fits       bool    `json:"fits"`
	Compiled   bool    `json:"compiled"`               // Memory is what the compiler says
	Refused    string  `json:"not_compiled,omitempty"` // why it is not, though there is a compiler
	Largest    int     `json:"largest_batch_size"`
	Step       Time    `json:"step_seconds,omitempty"`
	Exchange   Time    `json:"exchange_seconds,omitempty"`
	Epoch      Time    `json:"epoch_seconds,omitempty"`
	Total      Time    `json:"total_seconds,omitempty"`
	Efficiency float64 `json:"efficiency,omitempty"`
	InTime     *bool   `json:"in_time,omitempty"` // before the deadline
}

// A Time is a number of seconds.
type Time float64

// Duration is the same as a time.Duration.
func (t Time) Duration() time.Duration {
	return time.Duration(min(float64(t)*float64(time.Second), 1<<62))
}

// Answer estimates the training.
func (e *Estimator) Answer(ctx context.Context, q Question) (*Report, error) {
	r := &Report{Rows: e.Rows, Validation: e.Validation, Batch: min(e.Config.BatchSize, e.Rows), Epochs: e.Config.Epochs,
		Precision: string(e.Precision), Here: []Measure{}, There: []Line{}}
	if len(q.Batches) == 0 {
		q.Batches = []int{r.Batch}
	}
	q.Batches = slices.Clone(q.Batches)
	for i, b := range q.Batches {
		q.Batches[i] = min(b, e.Rows)
	}
	q.Batches = slices.Compact(q.Batches)
	shapes, err := e.Spec.Shapes()
	if err != nil {
		return nil, err
	}
	r.Parameters = shapes.Parameters
	r.Steps = e.steps(r.Batch)
	for i := range q.Hands {
		for _, batch := range q.Batches {
			m, err := e.here(ctx, &q.Hands[i], batch, q.Measure)
			if errors.As(err, new(*xla.RecipeError)) { // which is said below, once for all GPUs
				continue
			}
			if err != nil {
				return nil, err
			}
			r.Here = append(r.Here, m)
		}
	}
	for _, batch := range q.Batches {
		for _, m := range q.Machines {
			l, err := e.there(m, batch, &q)
			if why := (*xla.RecipeError)(nil); errors.As(err, &why) {
				r.Problem = why.Error()
				return r, nil
			}
			if err != nil {
				return nil, err
			}
			r.There = append(r.There, l)
		}
	}
	return r, nil
}

// there estimates the training on GPUs.
func (e *Estimator) there(m Machine, batch int, q *Question) (Line, error) {
	var p Plan
	var err error
	if q.Deadline > 0 {
		p, err = e.Within(m, batch, q.Deadline)
	} else {
		p, err = e.On(m, batch, max(1, q.GPUs))
	}
	if err != nil {
		return Line{}, err
	}
	l := Line{GPU: m.Name, GPUs: p.GPUs, Batch: batch, Parts: p.Memory, Of: m.Memory, Fits: p.Fits, Largest: p.Largest, Efficiency: p.Efficiency,
		Step: Time(p.Cost.Step.Seconds()), Exchange: Time(p.Cost.Exchange.Seconds()), Epoch: Time(p.Cost.Epoch.Seconds()), Total: Time(p.Cost.Total.Seconds())}
	if q.Compile != nil {
		d, err := e.Draft(batch, p.GPUs)
		if err != nil {
			return l, err
		}
		bytes, err := q.Compile(m, d.whole.text)
		if err != nil {
			l.Refused = err.Error()
		} else {
			l.Parts.Compiled, l.Compiled = bytes, true
			l.Fits = l.Parts.Total() <= m.usable()
		}
	}
	l.Memory = l.Parts.Total()
	if q.Deadline > 0 {
		in := l.Fits && p.Cost.Total <= q.Deadline
		l.InTime = &in
	}
	return l, nil
}

// here measures the training on a processor that is there, if it fits.
func (e *Estimator) here(ctx context.Context, h *Hand, batch int, budget time.Duration) (Measure, error) {
	m := Measure{Name: h.Name, Batch: batch, Fits: true}
	local := e.on(h)
	cfg := local.Config
	cfg.Backend, cfg.Threads, cfg.BatchSize = h.Backend, h.Threads, batch
	draft, err := local.Draft(batch, 1) // for the model
	if err != nil && !errors.As(err, new(*xla.RecipeError)) {
		return m, err
	}
	switch {
	case h.Backend == nil && draft != nil && draft.Memory.Total()-draft.Memory.Data > h.Memory:
		// To ask exactly would be to ask the system for that much.
		m.Memory, m.Fits, m.Rough = draft.Memory.Total()-draft.Memory.Data, false, true
	case h.Backend == nil:
		bytes, err := nn.Memory(e.Spec, e.Signature, e.Rows, e.Validation, cfg)
		if err != nil {
			return m, err
		}
		m.Memory = int64(bytes) + 8*int64(e.Rows+e.Validation) // with the targets
		m.Fits = m.Memory <= h.Memory
	case draft == nil:
		return m, err
	case h.Compile != nil:
		memory := draft.Memory
		if memory.Compiled, err = h.Compile(draft.whole.text); err != nil {
			return m, err
		}
		m.Memory = memory.Total()
		m.Fits = h.Memory == 0 || m.Memory <= h.Memory
	}
	if !m.Fits || budget == 0 {
		return m, nil
	}
	trial, err := nn.Try(ctx, e.Spec, e.Signature, e.Rows, cfg, budget)
	if err != nil {
		return m, err
	}
	steps := float64(e.steps(batch))
	m.Step = Time(trial.Step.Seconds())
	m.Epoch = m.Step*Time(steps) + Time(trial.Row.Seconds()*float64(e.Rows+e.Validation))
	m.Total = m.Epoch * Time(e.Config.Epochs)
	if h.Machine.Float32 == 0 && h.Backend == nil {
		if h.Machine, err = Calibrate(h.Name, h.Threads, h.Memory); err != nil {
			return m, err
		}
	}
	if draft == nil || h.Machine.Float32 == 0 {
		return m, nil
	}
	m.Modelled = Time(draft.On(h.Machine).Step.Seconds())
	m.Error = float64(m.Modelled/m.Step) - 1
	return m, nil
}

// on is the estimator of the training on a processor that is there. One that is no
// GPU has none of its special calls, and this one knows no precision but float32.
func (e *Estimator) on(h *Hand) *Estimator {
	if h.Backend != nil && h.Machine.Float32 > 0 {
		return e
	}
	t := e.Training
	if t.Deterministic = true; h.Backend == nil {
		t.Precision = xla.Float32
	}
	if e.local[t.Precision] == nil {
		e.local[t.Precision] = NewEstimator(t)
	}
	return e.local[t.Precision]
}

// steps is how many an epoch has with a batch size.
func (e *Estimator) steps(batch int) int {
	batches := (e.Rows + batch - 1) / batch
	accumulate := max(1, e.Config.Accumulate)
	return (batches + accumulate - 1) / accumulate
}
