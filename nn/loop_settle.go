package nn

import (
	"errors"
	"fmt"
	"math"

	"pipe/nn/backend"
	"pipe/nn/cpu"
)

// asked is a batch that a backend was asked to compute.
type asked struct {
	plan    *plan
	program backend.Program
	later   func() error // looks at what came out; nil: it can be read
	draw    uint64
	row     int     // its first, in the order of the epoch
	scale   float64 // of the gradients, if norms are to be recorded then; else 0
}

func (t *trainer) asked(p *plan, program backend.Program, draw uint64, row int) asked {
	a := asked{plan: p, program: program, draw: draw, row: row}
	if t.how.device() != nil {
		a.later = later(program, t.readings(&a)...)
	}
	return a
}

// readings are what training looks at after a batch.
func (t *trainer) readings(a *asked) []reading {
	t.reads = append(t.reads[:0], a.plan.result())
	if a.program == a.plan.probe {
		t.reads = append(t.reads, reading{a.plan.layered, t.layers})
	}
	if a.plan.squares != nil {
		t.reads = append(t.reads, reading{a.plan.squares, t.squares})
	}
	return t.reads
}

// look waits for a batch and gets its readings.
func (t *trainer) look(a *asked) error {
	if a.later != nil {
		return a.later()
	}
	return a.plan.read(a.program, t.readings(a)...)
}

// settle looks at what came of all that was asked for. At the first batch with
// numbers that are not finite training ends: a device that went on has changed
// nothing since.
func (t *trainer) settle() error { return t.settleFirst(len(t.unseen)) }

// settleFirst is settle of the first n batches.
func (t *trainer) settleFirst(n int) error {
	for i := range n {
		a := &t.unseen[i]
		if err := t.look(a); err != nil {
			t.failed = errors.Join(t.failed, err)
		}
		if t.failed != nil {
			continue
		}
		loss := float64(a.plan.lossNow[0])
		if !finite(loss) || !finite(t.norm()) {
			t.failed = t.diverged(a, loss)
			continue
		}
		t.at.Last = loss
		if a.scale != 0 {
			t.record(a.scale)
		}
	}
	t.unseen = append(t.unseen[:0], t.unseen[n:]...)
	return t.failed
}

// norm is the Euclidean norm of the gradients so far, NaN or Inf if one of them
// has such a number.
func (t *trainer) norm() float64 {
	sum := 0.0
	for _, v := range t.squares {
		sum += float64(v)
	}
	return math.Sqrt(sum)
}

// diverged says where the numbers of a batch stopped being finite. The
// parameters are those that it ran with.
func (t *trainer) diverged(a *asked, loss float64) error {
	e := &DivergedError{Epoch: t.at.Epoch, Step: a.row/t.cfg.BatchSize + 1, Loss: loss, LastLoss: t.at.Last, Layer: "loss"}
	if finite(loss) {
		e.Layer, e.Tensor = t.largest(), "gradient (its square is too large)"
	}
	find := a.plan.program.FirstNonFinite
	if t.how.device() != nil {
		p, err := t.again(a)
		if err != nil {
			return errors.Join(e, fmt.Errorf("find out where: %w", err))
		}
		defer p.close()
		find = p.program.FirstNonFinite
	}
	if layer, tensor, index, ok := layerOf(find()); ok {
		e.Layer, e.Tensor, e.Element = layer, tensor, index
	}
	return e
}

// again computes a batch once more, on this processor, which can tell where
// numbers stop being finite.
func (t *trainer) again(a *asked) (p *plan, err error) {
	if err := t.numbers.read(); err != nil {
		return nil, err
	}
	h := t.here()
	here := &training{how: h, numbers: onBackend(h.backend, t.numbers.copy()), gradients: h.backend.Variable(make([]float32, len(t.numbers.flat)))}
	if p, err = here.plan(t.extents[0], a.plan.rows, false, nil); err != nil {
		return nil, err
	}
	rows := make([]int, p.rows)
	t.order.take(rows, a.row)
	return p, p.again(t.train, rows, a.draw, t.augment())
}

// here is this processor, for what a device cannot tell.
func (t *trainer) here() how { return how{backend: cpu.New(), threads: t.cfg.Threads} }

// largest is the parameter whose gradient is not finite, or too large.
func (t *trainer) largest() string {
	for i, v := range t.squares {
		if !finite(float64(v)) {
			return t.numbers.trainedName(i)
		}
	}
	return "loss"
}
