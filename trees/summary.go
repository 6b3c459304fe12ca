package trees

import (
	"fmt"
	"math"
	"slices"

	"pipe/nn"
)

// A targetSummary is what is known of a target.
type targetSummary struct {
	*nn.Signature
	counts []int
	values []float64 // of a number
}

func newSummaries(sig *nn.Signature) []*targetSummary {
	var list []*targetSummary
	for _, h := range sig.Heads() {
		list = append(list, &targetSummary{Signature: h, counts: make([]int, len(h.Classes))})
	}
	return list
}

// add looks at the targets of rows.
func (t *targetSummary) add(from int, targets []float64) error {
	for i, v := range targets {
		switch {
		case !t.Task.IsClassification() && finite(t.Scaled(v)):
			t.values = append(t.values, v)
		case t.Task.IsClassification() && v == math.Trunc(v) && v >= 0 && v < float64(len(t.counts)):
			t.counts[int(v)]++
		default:
			return fmt.Errorf("target %s of row %d is %v, which cannot be learned", t.Column, from+i+1, v)
		}
	}
	return nil
}

// classes are the counts of classes, nil of a number.
func (t *targetSummary) classes() []int {
	if !t.Task.IsClassification() {
		return nil
	}
	return t.counts
}

// numbers describes a number, nil of classes.
func (t *targetSummary) numbers() *nn.Range {
	n := len(t.values)
	if n == 0 {
		return nil
	}
	r := &nn.Range{}
	for i, v := range t.values {
		r.Mean += (v - r.Mean) / float64(i+1) // a running mean, since the sum of large numbers may overflow
	}
	slices.Sort(t.values)
	r.Min, r.Max = t.values[0], t.values[n-1]
	r.Median = t.values[(n-1)/2]/2 + t.values[n/2]/2
	return r
}

// summarize says what training saw of the targets.
func summarize(sum *nn.Summary, sig *nn.Signature, targets []*targetSummary) {
	if !sig.Task.IsOne() {
		for _, t := range targets {
			sum.Targets = append(sum.Targets, nn.TargetSummary{Column: t.Column, ClassCounts: t.classes(), Target: t.numbers()})
		}
		return
	}
	t := targets[0]
	sum.ClassCounts, sum.Target = t.classes(), t.numbers()
	for _, n := range sum.ClassCounts {
		sum.ClassPriors = append(sum.ClassPriors, float64(n)/float64(sum.Rows))
	}
}
