package nn

import (
	"context"
	"errors"
	"fmt"
	"math"

	"pipe/base/diag"
	"pipe/data/task"
)

// evaluateAll evaluates the network on all rows, in the order of curveNames.
func (t *trainer) evaluateAll(ctx context.Context) ([]Value, error) {
	var values []Value
	for i, name := range []string{"train", "validation"} {
		f := t.measure[i]
		if f == nil {
			continue
		}
		loss, metric, err := t.evaluate(ctx, t.evals[i], f)
		if err != nil {
			return nil, err
		}
		values = append(values, Value{name + ".loss", loss}, Value{name + "." + metricName(t.sig.Task), metric})
	}
	return values, nil
}

// evaluate gives the loss, weighted as in training, and the metric of a set:
// the share of rows whose class is right, or all labels of which are, or the root
// mean squared error in the units of the target, the mean of those of several.
func (t *trainer) evaluate(ctx context.Context, p *plan, f *feeder) (loss, metric float64, err error) {
	k := len(p.out) / p.rows
	each := len(f.set.heads)
	squares, seen := make([]float64, each), make([]float64, each) // of numbers: what was wrong, of how many
	sum, total, score := 0.0, 0.0, 0.0
	count := func(m measurement) error {
		p := m.plan
		if err := p.seen(m); err != nil {
			return err
		}
		for i := range m.w {
			z, y := p.out[(m.skip+i)*k:(m.skip+i+1)*k], m.y[i*each:(i+1)*each]
			l := t.rowLoss(z, y)
			if !finite(l) {
				return t.divergedThere(p, f.set, m, l)
			}
			sum += float64(float64(m.w[i]) * l)
			total += float64(m.w[i])
			right := true
			for j, h := range f.set.heads {
				if h.Task == task.Regression {
					if right = false; f.set.gaps && y[j] != y[j] {
						continue
					}
					d := h.off(z[j], y[j])
					squares[j] += float64(d * d)
					seen[j]++
				} else {
					right = right && predicted(h.of(z, j)) == int(y[j])
				}
			}
			if right {
				score++
			}
		}
		return nil
	}
	var free, unseen []measurement
	defer func() { // after an error
		for _, m := range unseen {
			if m.later != nil {
				err = errors.Join(err, m.later())
			}
		}
	}()
	for range t.how.ahead() {
		free = append(free, measurement{y: make([]float32, p.rows*each), w: make([]float32, p.rows)})
	}
	f.start(order{rows: f.set.rows}, 0)
	defer f.stop()
	for n := f.next(); n > 0 || len(unseen) > 0; n = f.next() {
		if err := ctx.Err(); err != nil {
			return 0, 0, err
		}
		if n == 0 || len(free) == 0 {
			m := unseen[0]
			unseen = unseen[1:]
			if err := count(m); err != nil {
				return 0, 0, err
			}
			free = append(free, m)
			continue
		}
		m := free[len(free)-1]
		free = free[:len(free)-1]
		m.y, m.w, m.row = m.y[:n*each], m.w[:n], f.from
		if m.plan, err = p.to(f.set.extents, f.extent()); err != nil {
			return 0, 0, err
		}
		p := m.plan
		if _, m.skip, err = f.load(p, m.y, m.w); err != nil {
			return 0, 0, err
		}
		for i := range p.x { // rows that do not count
			p.extent.inputs[i].repeat(p.x[i], n)
		}
		if err := p.ask(p.program, 0); err != nil {
			return 0, 0, err
		}
		m.later = later(p.program, p.result())
		unseen = append(unseen, m)
	}
	if total == 0 {
		return 0, 0, diag.WithHint(fmt.Errorf("the weights of %s add up to 0, so that there is nothing to measure", f.set.name),
			"give rows that count a weight, and the classes they are of")
	}
	score /= float64(f.set.rows)
	if !t.sig.Task.IsClassification() {
		for j, s := range squares {
			score += math.Sqrt(s/max(1, seen[j])) / float64(each)
		}
	}
	if loss = sum / total; !finite(loss) || !finite(score) {
		return 0, 0, &DivergedError{Epoch: t.at.Epoch, Loss: loss, LastLoss: t.at.Last, Layer: "loss"} // a sum of many
	}
	return loss, score, nil
}

// off is how far an output is from a target on the scale of training, in the units of
// the target.
func (s *Signature) off(z, y float32) float64 {
	if s.Transform != nil {
		return s.value(z) - s.Unscaled(float64(y))
	}
	return (s.number(z) - float64(y)) * s.Scale
}

// of are the outputs of the j-th target.
func (s *Signature) of(z []float32, j int) []float32 {
	if s.Task == task.Multiclass {
		return z
	}
	return z[j : j+1]
}

// A measurement is a batch that was asked for: its targets and weights.
type measurement struct {
	plan  *plan
	y, w  []float32
	row   int          // the first of them
	skip  int          // rows of the plan before them
	later func() error // see asked
}

// seen gets the outputs of a batch.
func (p *plan) seen(m measurement) error {
	if m.later != nil {
		return m.later()
	}
	return p.read(p.program, p.result())
}

// divergedThere says where the numbers of a measurement stopped being finite.
func (t *trainer) divergedThere(p *plan, s *set, m measurement, loss float64) error {
	e := &DivergedError{Epoch: t.at.Epoch, Loss: loss, LastLoss: t.at.Last, Layer: "loss"}
	find := p.program.FirstNonFinite
	if t.how.device() != nil {
		here, err := t.measureAgain(p, s, m)
		if err != nil {
			return errors.Join(e, fmt.Errorf("find out where: %w", err))
		}
		defer here.close()
		find = here.program.FirstNonFinite
	}
	if layer, tensor, index, ok := layerOf(find()); ok {
		e.Layer, e.Tensor, e.Element = layer, tensor, index
	}
	return e
}

// measureAgain computes a measurement once more, on this processor.
func (t *trainer) measureAgain(p *plan, s *set, m measurement) (here *plan, err error) {
	now := t.measured()
	if err := now.read(); err != nil {
		return nil, err
	}
	h := t.here()
	if here, err = newEvaluation(t.extents[0], onBackend(h.backend, now.copy()), p.rows, h, nil, nil); err != nil {
		return nil, err
	}
	rows := make([]int, p.rows)
	for i := range rows {
		rows[i] = min(m.row-m.skip+i, s.rows-1)
	}
	return here, here.again(s, rows, 0, nil)
}

// predicted is the index of the class that logits speak for: the first of the
// greatest, or class 1 if a single logit is above 0.
func predicted(z []float32) int {
	if len(z) == 1 {
		if z[0] > 0 {
			return 1
		}
		return 0
	}
	best := 0
	for i, v := range z {
		if v > z[best] {
			best = i
		}
	}
	return best
}
