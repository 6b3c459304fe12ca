package nn

import (
	"fmt"
	"math"

	"pipe/data/task"
)

// A Source is rows to train on or to measure with, wherever they are kept.
// Training reads them in random order, a batch at a time, from one goroutine at
// a time, but not always the same one.
type Source interface {
	// Len is how many there are.
	Len() int
	// Gather copies rows, counted from 0: their features into x, row-major;
	// their targets into y, class indices or numbers in original units; and
	// their weights in the loss into w. A nil x leaves out the features.
	Gather(rows []int, x []float32, y []float64, w []float32) error
}

// Data is a Source in memory.
type Data struct {
	Rows     int
	Features []float32 // Rows x inputs, row-major
	Target   []float64 // class index, or the number itself in original units
	Weights  []float32 // of each row in the loss; nil: all 1
}

// Len is the number of rows.
func (d Data) Len() int { return d.Rows }

// Gather copies rows.
func (d Data) Gather(rows []int, x []float32, y []float64, w []float32) error {
	inputs := 0
	if x != nil {
		inputs = len(x) / len(rows)
	}
	for i, r := range rows {
		copy(x[i*inputs:(i+1)*inputs], d.Features[r*inputs:(r+1)*inputs])
		y[i], w[i] = d.Target[r], 1
		if d.Weights != nil {
			w[i] = d.Weights[r]
		}
	}
	return nil
}

func (d Data) check(name string, inputs int) error {
	switch {
	case len(d.Features) != d.Rows*inputs:
		return fmt.Errorf("%s has %d feature values for %d rows of %d", name, len(d.Features), d.Rows, inputs)
	case len(d.Target) != d.Rows:
		return fmt.Errorf("%s has %d targets for %d rows", name, len(d.Target), d.Rows)
	case d.Weights != nil && len(d.Weights) != d.Rows:
		return fmt.Errorf("%s has %d weights for %d rows", name, len(d.Weights), d.Rows)
	}
	return nil
}

// A set is a Source as the network needs it: targets as class index or scaled,
// weights times those of the classes.
type set struct {
	name    string
	source  Source
	rows    int
	inputs  int
	sig     *Signature
	classes []float64 // weights; nil: all 1
	target  []float64 // of a batch

	vocabulary int // of the token ids that all features are; 0: they are none

	inMemory bool // rows cost next to nothing
}

func newSet(name string, source Source, sig *Signature) (*set, error) {
	s := &set{name: name, source: source, rows: source.Len(), inputs: len(sig.Features), sig: sig}
	if s.rows < 1 {
		return nil, fmt.Errorf("%s has no rows", name)
	}
	switch d := source.(type) {
	case Data:
		s.inMemory = true
		return s, d.check(name, s.inputs)
	case *Data:
		s.inMemory = true
		return s, d.check(name, s.inputs)
	}
	return s, nil
}

// gather fills in a batch and returns the sum of its weights.
func (s *set) gather(rows []int, x, y, w []float32) (weight float64, err error) {
	if cap(s.target) < len(rows) {
		s.target = make([]float64, len(rows))
	}
	target := s.target[:len(rows)]
	if err := s.source.Gather(rows, x, target, w); err != nil {
		return 0, fmt.Errorf("%s: %w", s.name, err)
	}
	for i, t := range target {
		if s.sig.Task == task.Regression {
			y[i] = float32((t - s.sig.Center) / s.sig.Scale)
		} else {
			y[i] = float32(t)
			if s.classes != nil {
				w[i] *= float32(s.classes[int(t)])
			}
		}
		weight += float64(w[i])
	}
	return weight, nil
}

// chunk is how many rows are looked at together when all are.
func (s *set) chunk() int { return min(s.rows, max(1, min(8192, 1<<20/s.inputs))) }

// each passes over all rows in their order, with features or without.
func (s *set) each(features bool, look func(from int, x []float32, target []float64, w []float32) error) error {
	n := s.chunk()
	rows, target, w := make([]int, n), make([]float64, n), make([]float32, n)
	var x []float32
	if features {
		x = make([]float32, n*s.inputs)
	}
	for from := 0; from < s.rows; from += n {
		n := min(n, s.rows-from)
		for i := range n {
			rows[i] = from + i
		}
		part := x
		if features {
			part = x[:n*s.inputs]
		}
		if err := s.source.Gather(rows[:n], part, target[:n], w[:n]); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if err := look(from, part, target[:n], w[:n]); err != nil {
			return err
		}
	}
	return nil
}

// check passes over all rows once. It finds what cannot be trained on, and says
// what there is.
func (s *set) check() (*Summary, error) {
	sum := &Summary{Rows: s.rows, Features: make([]InputRange, s.inputs)}
	regression := s.sig.Task == task.Regression
	r := &Range{Min: math.Inf(1), Max: math.Inf(-1)}
	if !regression {
		sum.ClassCounts = make([]int, len(s.sig.Classes))
	}
	err := s.each(true, func(from int, x []float32, target []float64, w []float32) error {
		for i, v := range x {
			j := i % s.inputs
			if v-v != 0 {
				return fmt.Errorf("%s: feature %s of row %d is %v", s.name, s.sig.Features[j], from+i/s.inputs+1, v)
			}
			f := &sum.Features[j]
			if from == 0 && i < s.inputs {
				*f = InputRange{v, v}
			}
			f.Min, f.Max = min(f.Min, v), max(f.Max, v)
		}
		if e := CheckTokens(s.vocabulary, s.sig.Features, x); e != nil {
			e.Row += from
			return fmt.Errorf("%s: %w", s.name, e)
		}
		for i, t := range target {
			row := from + i + 1
			if !(w[i] >= 0) || w[i]-w[i] != 0 {
				return fmt.Errorf("%s: row %d weighs %v", s.name, row, w[i])
			}
			if regression {
				if y := float32((t - s.sig.Center) / s.sig.Scale); y-y != 0 {
					return fmt.Errorf("%s: target %s of row %d is %v", s.name, s.sig.Column, row, t)
				}
				if s.sig.Log && (t-s.sig.Center)/s.sig.Scale < 0 {
					return &CountError{Data: s.name, Column: s.sig.Column, Row: row, Value: t, Center: s.sig.Center}
				}
				r.Min, r.Max = min(r.Min, t), max(r.Max, t)
				r.Mean += (t - r.Mean) / float64(row) // a running mean, since the sum of large numbers may overflow
				continue
			}
			if t != math.Trunc(t) || t < 0 || t >= float64(len(s.sig.Classes)) {
				return fmt.Errorf("%s: target %s of row %d is %v, which is not one of %d classes", s.name, s.sig.Column, row, t, len(s.sig.Classes))
			}
			sum.ClassCounts[int(t)]++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if regression {
		sum.Target = r
		low, err := s.rank((s.rows - 1) / 2)
		if err != nil {
			return nil, err
		}
		high, err := s.rank(s.rows / 2)
		r.Median = low/2 + high/2
		return sum, err
	}
	sum.ClassPriors = make([]float64, len(sum.ClassCounts))
	for i, n := range sum.ClassCounts {
		sum.ClassPriors[i] = float64(n) / float64(s.rows)
	}
	return sum, nil
}

// rank is the k-th smallest target, counted from 0: it finds 16 bits of it with
// each pass over the targets, so that they need not be in memory.
func (s *set) rank(k int) (float64, error) {
	var prefix uint64
	counts := make([]int, 1<<16)
	for shift := 48; shift >= 0; shift -= 16 {
		clear(counts)
		err := s.each(false, func(_ int, _ []float32, target []float64, _ []float32) error {
			for _, t := range target {
				if key := sortKey(t); key>>shift>>16 == prefix {
					counts[key>>shift&0xffff]++
				}
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
		digit := 0
		for k >= counts[digit] {
			k -= counts[digit]
			digit++
		}
		prefix = prefix<<16 | uint64(digit)
	}
	if prefix>>63 == 1 {
		return math.Float64frombits(prefix &^ (1 << 63)), nil
	}
	return math.Float64frombits(^prefix), nil
}

// sortKey is a number that is in the order of v.
func sortKey(v float64) uint64 {
	b := math.Float64bits(v + 0) // no negative zero
	if b>>63 == 1 {
		return ^b
	}
	return b | 1<<63
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
