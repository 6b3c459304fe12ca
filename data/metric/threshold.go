package metric

import (
	"fmt"
	"math"

	"pipe/data/task"
)

// BestThreshold finds the threshold of two classes at which a metric of the
// predicted classes is best, and its value there; see At. It lies in the middle
// between two neighbouring probabilities, or one of them and 0 or 1; of equally
// good ones the one nearest to one half is taken, the lower one of two.
func (c *Classes) BestThreshold(d *Def) (threshold, value float64, err error) {
	if len(c.Names) != 2 || !d.For(task.Binary) || d.Of != Predictions {
		return 0, 0, fmt.Errorf("%s has no best threshold for %d classes", d.Name, len(c.Names))
	}
	all := c.tally(nil)
	for j, n := range all.actual {
		if n == 0 {
			return 0, 0, fmt.Errorf("no row is of class %q", c.Names[j])
		}
	}
	// At each probability, from the highest: the rows above a threshold just
	// below it are those that steps counted.
	var scores []float64
	above := [][2]float64{{0, 0}} // true and false positives
	all.steps(1, func(score float64, tp, fp float64) {
		scores, above = append(scores, score), append(above, [2]float64{tp, fp})
	})
	threshold = math.NaN()
	for i, n := range above {
		high, low := 1., 0.
		if i > 0 {
			high = scores[i-1]
		}
		if i < len(scores) {
			low = scores[i]
		}
		at := between(low, high)
		if !(at > 0 && at < 1) {
			continue // every row, or none, has a probability of 0 or 1
		}
		v, err := all.divided(n[0], n[1]).measure(d)
		if err != nil {
			continue
		}
		off, best := math.Abs(at-.5), math.Abs(threshold-.5)
		if math.IsNaN(threshold) || d.Better(v, value) || v == value && (off < best || off == best && at < threshold) {
			threshold, value = at, v
		}
	}
	if math.IsNaN(threshold) {
		return 0, 0, fmt.Errorf("%s is undefined at every threshold", d.Name)
	}
	return threshold, value, nil
}

// between is a number that high is above and low is not.
func between(low, high float64) float64 {
	if m := low + (high-low)/2; m < high {
		return m
	}
	return low
}

// divided is the tally with other predictions, by how many rows of the second
// class, and of the first, are taken for the second.
func (t *Tally) divided(tp, fp float64) *Tally {
	neg, pos := t.actual[0], t.actual[1]
	tn, fn := max(0, neg-fp), max(0, pos-tp)
	return t.c.tallied(t.count, []float64{tn, fp, fn, tp}, []bool{neg > 0 || tp+fp < t.n, pos > 0 || tp+fp > 0})
}
