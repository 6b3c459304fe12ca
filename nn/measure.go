package nn

import (
	"context"
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
		loss, metric, err := t.evaluate(ctx, f)
		if err != nil {
			return nil, err
		}
		values = append(values, Value{name + ".loss", loss}, Value{name + "." + metricName(t.sig.Task), metric})
	}
	return values, nil
}

// evaluate gives the loss, weighted as in training, and the metric of a set:
// the share of rows whose class is right, or the root mean squared error in the
// units of the target.
func (t *trainer) evaluate(ctx context.Context, f *feeder) (loss, metric float64, err error) {
	p := t.eval
	k := len(p.out) / p.rows
	sum, total, score := 0.0, 0.0, 0.0
	y, w := make([]float32, p.rows), make([]float32, p.rows)
	f.start(order{rows: f.set.rows}, 0)
	defer f.stop()
	for n := f.next(); n > 0; n = f.next() {
		if err := ctx.Err(); err != nil {
			return 0, 0, err
		}
		if _, err := f.fill(p.x, y[:n], w[:n]); err != nil {
			return 0, 0, err
		}
		for i := range p.x { // rows that do not count
			f.set.inputs[i].repeat(p.x[i], n)
		}
		if err := p.run(0); err != nil {
			return 0, 0, err
		}
		for i := range n {
			z := p.out[i*k : (i+1)*k]
			l := t.rowLoss(z, y[i])
			if !finite(l) {
				return 0, 0, t.divergedThere(l)
			}
			sum += float64(float64(w[i]) * l)
			total += float64(w[i])
			if t.sig.Task == task.Regression {
				d := (t.sig.number(z[0]) - float64(y[i])) * t.sig.Scale
				score += float64(d * d)
			} else if predicted(z) == int(y[i]) {
				score++
			}
		}
	}
	if total == 0 {
		return 0, 0, diag.WithHint(fmt.Errorf("the weights of %s add up to 0, so that there is nothing to measure", f.set.name),
			"give rows that count a weight, and the classes they are of")
	}
	score /= float64(f.set.rows)
	if t.sig.Task == task.Regression {
		score = math.Sqrt(score)
	}
	if loss = sum / total; !finite(loss) || !finite(score) {
		return 0, 0, t.divergedThere(loss)
	}
	return loss, score, nil
}

// divergedThere says where the numbers of an evaluation stopped being finite.
func (t *trainer) divergedThere(loss float64) error {
	e := &DivergedError{Epoch: t.at.Epoch, Loss: loss, LastLoss: t.at.Last, Layer: "loss"}
	if layer, tensor, index, ok := layerOf(t.eval.program.FirstNonFinite()); ok {
		e.Layer, e.Tensor, e.Element = layer, tensor, index
	}
	return e
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
