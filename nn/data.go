package nn

import (
	"fmt"
	"math"
	"slices"
)

// Data is rows to train on or to measure with, all in memory.
type Data struct {
	Rows     int
	Features []float32 // Rows x inputs, row-major
	Target   []float64 // class index, or the number itself in original units
}

// A set is Data as the network needs it.
type set struct {
	rows   int
	x      []float32
	y      []float32 // class index, or the scaled target
	weight []float32 // of each row in the loss
}

// newSet checks data against a signature. The weight of a row is that of its
// class, or 1 if there are no class weights.
func newSet(name string, d Data, sig *Signature, classWeights []float64) (*set, error) {
	inputs := len(sig.Features)
	switch {
	case d.Rows < 1:
		return nil, fmt.Errorf("%s has no rows", name)
	case len(d.Features) != d.Rows*inputs:
		return nil, fmt.Errorf("%s has %d feature values for %d rows of %d", name, len(d.Features), d.Rows, inputs)
	case len(d.Target) != d.Rows:
		return nil, fmt.Errorf("%s has %d targets for %d rows", name, len(d.Target), d.Rows)
	}
	for i, v := range d.Features {
		if v-v != 0 {
			return nil, fmt.Errorf("%s: feature %s of row %d is %v", name, sig.Features[i%inputs], i/inputs+1, v)
		}
	}
	s := &set{rows: d.Rows, x: d.Features, y: make([]float32, d.Rows), weight: make([]float32, d.Rows)}
	for i, t := range d.Target {
		s.weight[i] = 1
		if sig.Task == Regression {
			s.y[i] = float32((t - sig.Center) / sig.Scale)
			if s.y[i]-s.y[i] != 0 {
				return nil, fmt.Errorf("%s: target %s of row %d is %v", name, sig.Column, i+1, t)
			}
			continue
		}
		if t != math.Trunc(t) || t < 0 || t >= float64(len(sig.Classes)) {
			return nil, fmt.Errorf("%s: target %s of row %d is %v, which is not one of %d classes", name, sig.Column, i+1, t, len(sig.Classes))
		}
		s.y[i] = float32(t)
		if classWeights != nil {
			s.weight[i] = float32(classWeights[int(t)])
		}
	}
	return s, nil
}

// classCounts counts the rows of each class.
func classCounts(target []float64, classes int) []int {
	counts := make([]int, classes)
	for _, t := range target {
		if i := int(t); i >= 0 && i < classes {
			counts[i]++
		}
	}
	return counts
}

// balanced weighs each class by rows / (classes x rows of the class), as
// scikit-learn's "balanced" does; a class without rows weighs 1.
func balanced(counts []int) []float64 {
	rows := 0
	for _, n := range counts {
		rows += n
	}
	w := make([]float64, len(counts))
	for i, n := range counts {
		w[i] = 1
		if n > 0 {
			w[i] = float64(rows) / (float64(len(counts)) * float64(n))
		}
	}
	return w
}

// describe fills in what a Summary says about the training data.
func (s *Summary) describe(d Data, sig *Signature) {
	s.Rows = d.Rows
	inputs := len(sig.Features)
	s.Features = make([]InputRange, inputs)
	for j := range s.Features {
		r := InputRange{Min: d.Features[j], Max: d.Features[j]}
		for i := j; i < len(d.Features); i += inputs {
			r.Min, r.Max = min(r.Min, d.Features[i]), max(r.Max, d.Features[i])
		}
		s.Features[j] = r
	}
	if sig.Task != Regression {
		s.ClassCounts = classCounts(d.Target, len(sig.Classes))
		s.ClassPriors = make([]float64, len(sig.Classes))
		for i, n := range s.ClassCounts {
			s.ClassPriors[i] = float64(n) / float64(d.Rows)
		}
		return
	}
	sorted := slices.Clone(d.Target)
	slices.Sort(sorted)
	n := len(sorted)
	mean := 0.0
	for i, v := range sorted { // a running mean, since the sum of large numbers may overflow
		mean += (v - mean) / float64(i+1)
	}
	s.Target = &Range{
		Min: sorted[0], Max: sorted[n-1], Mean: mean,
		Median: sorted[(n-1)/2]/2 + sorted[n/2]/2,
	}
}
