package nn

import (
	"math"
)

// measure evaluates the network on all rows, in the order of curveNames.
func (t *trainer) measure(epoch int) ([]Value, error) {
	var values []Value
	for _, part := range []struct {
		name string
		set  *set
	}{{"train", t.train}, {"validation", t.validate}} {
		if part.set == nil {
			continue
		}
		loss, metric, err := t.evaluate(part.set)
		if err != nil {
			return nil, err
		}
		if !finite(loss) || !finite(metric) {
			return nil, &DivergedError{Epoch: epoch, Layer: t.eval.culprit(t.store), Loss: loss, LastLoss: t.lastLoss}
		}
		values = append(values,
			Value{part.name + ".loss", loss},
			Value{part.name + "." + metricName(t.sig.Task), metric})
	}
	return values, nil
}

// evaluate gives the loss, weighted as in training, and the metric of a set:
// the share of rows whose class is right, or the root mean squared error in the
// units of the target.
func (t *trainer) evaluate(s *set) (loss, metric float64, err error) {
	k := len(t.eval.z) / t.eval.rows
	sum, total, score := 0.0, 0.0, 0.0
	for from := 0; from < s.rows; from += t.eval.rows {
		n := t.eval.fill(s, nil, from)
		if err := t.eval.run(0); err != nil {
			return 0, 0, err
		}
		for i := range n {
			z, y, w := t.eval.z[i*k:(i+1)*k], s.y[from+i], float64(s.weight[from+i])
			sum += float64(w * t.loss.Row(z, y))
			total += w
			if t.sig.Task == Regression {
				d := (float64(z[0]) - float64(y)) * t.sig.Scale
				score += float64(d * d)
			} else if predicted(z) == int(y) {
				score++
			}
		}
	}
	score /= float64(s.rows)
	if t.sig.Task == Regression {
		score = math.Sqrt(score)
	}
	return sum / total, score, nil
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
