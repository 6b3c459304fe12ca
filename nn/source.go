package nn

import (
	"fmt"
	"math"

	"pipe/base/diag"
	"pipe/data/task"
	"pipe/data/tensor"
)

// A Source is rows to train on or to measure with, wherever they are kept.
// Training reads them in random order, a batch at a time, from one goroutine at
// a time, but not always the same one.
type Source interface {
	// Len is how many there are.
	Len() int
	// Gather adds rows, counted from 0, to what a batch holds.
	Gather(rows []int, into *Batch) error
}

// A Foreseer is a Source whose rows are in a file. It is told which of them will be
// gathered before long, in their order, so that many can be read at a time.
type Foreseer interface{ Foresee(rows []int) error }

// An Augmenter changes the inputs of rows each time that training takes them, in place.
// What becomes of a row depends on the epoch and the row alone.
type Augmenter interface {
	// Augment changes what inputs hold of rows, which are counted from 0.
	Augment(epoch int, rows []int, inputs []tensor.Rows)
}

// augment is an Augmenter in an epoch.
type augment func(rows []int, inputs []tensor.Rows)

// A Batch is rows that a Source has gathered. Whoever asks for them brings the
// memory: slices that are empty, with room.
type Batch struct {
	Inputs  []tensor.Rows // one for each input of the signature; none where only the rest is wanted
	Targets [][]float64   // of each target: class indices, or numbers in original units
	Weights []float32     // of each row in the loss
}

// begin empties what a batch holds beside its inputs, with memory for weights.
func (b *Batch) begin(weights []float32) {
	for i := range b.Targets {
		b.Targets[i] = b.Targets[i][:0]
	}
	b.Weights = weights
}

// Data is a Source in memory, of features alone.
type Data struct {
	Rows     int
	Features []float32 // Rows x inputs, row-major
	Target   []float64 // class index, or the number itself in original units
	Weights  []float32 // of each row in the loss; nil: all 1
}

// Len is the number of rows.
func (d Data) Len() int { return d.Rows }

// Gather copies rows.
func (d Data) Gather(rows []int, into *Batch) error {
	if len(into.Inputs) > 0 {
		into.Inputs[0].Take(&tensor.Rows{F32: d.Features}, rows, len(d.Features)/d.Rows)
	}
	for _, r := range rows {
		into.Targets[0] = append(into.Targets[0], d.Target[r])
		w := float32(1)
		if d.Weights != nil {
			w = d.Weights[r]
		}
		into.Weights = append(into.Weights, w)
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

// A set is a Source as the network needs it: numbers as float32, targets as class
// index or scaled, weights times those of the classes.
type set struct {
	name    string
	source  Source
	rows    int
	sig     *Signature
	inputs  []Input
	extents extents // of batches: one, unless training says otherwise
	size    int     // float32 of a row, of all inputs together
	heads   []*Signature
	classes []float64 // weights; nil: all 1
	batch   Batch     // memory of a batch, but for what goes straight to its place

	vocabularies []int // of the token ids that inputs are; 0: they are none

	inMemory bool // rows cost next to nothing
	gaps     bool // targets may be missing, which are numbers
}

func newSet(name string, source Source, sig *Signature, vocabularies []int) (*set, error) {
	s := setOf(source.Len(), sig)
	s.name, s.source, s.vocabularies = name, source, vocabularies
	if s.rows < 1 {
		return nil, fmt.Errorf("%s has no rows", name)
	}
	switch d := source.(type) {
	case Data:
		s.inMemory = true
		return s, d.check(name, s.size)
	case *Data:
		s.inMemory = true
		return s, d.check(name, s.size)
	}
	return s, nil
}

// setOf is a set of so many rows, whatever they are.
func setOf(rows int, sig *Signature) *set {
	s := &set{rows: rows, sig: sig, inputs: sig.AllInputs(), heads: sig.Heads()}
	s.extents = extents{{inputs: s.inputs}}
	for i := range s.inputs {
		s.size += s.inputs[i].Shape.Size()
	}
	s.batch = Batch{Inputs: make([]tensor.Rows, len(s.inputs)), Targets: make([][]float64, len(s.heads))}
	return s
}

// gather fills in a batch and returns the sum of its weights, and the index of the
// extent that its rows have there. There is memory for
// as many rows as are listed. augment changes what was read; nil: it stays as it is.
func (s *set) gather(rows []int, into []given, y, w []float32, augment augment) (weight float64, at int, err error) {
	n, b := len(rows), &s.batch
	for i := range s.inputs {
		if in := &s.inputs[i]; in.plain() {
			b.Inputs[i].F32 = into[i].values[: 0 : n*in.Shape.Size()]
		} else {
			b.Inputs[i].Reset(in.Type, 0)
		}
	}
	b.begin(w[:0:n])
	if err := s.read(rows, b); err != nil {
		return 0, 0, err
	}
	if augment != nil {
		augment(rows, b.Inputs)
	}
	at = s.extents.holding(b.Inputs, 0, n)
	for i := range s.inputs {
		in, got := &s.extents[at].inputs[i], &b.Inputs[i]
		if x := in.first(into[i], n); !in.plain() || &got.F32[0] != &x.values[0] { // or it is in its place already
			in.fill(x, got, 0)
		}
	}
	return s.scaled(b, y, w), at, nil
}

// scaled fills in the targets and the weights of rows as the network has them, and
// returns the sum of the weights.
func (s *set) scaled(b *Batch, y, w []float32) (weight float64) {
	if &b.Weights[0] != &w[0] {
		copy(w, b.Weights)
	}
	for j, h := range s.heads {
		for i, t := range b.Targets[j] {
			at := i*len(s.heads) + j
			if h.Task == task.Regression {
				y[at] = h.scaled(t)
				continue
			}
			y[at] = float32(t)
			if s.classes != nil {
				w[i] *= float32(s.classes[int(t)])
			}
		}
	}
	for i := range b.Weights {
		weight += float64(w[i])
	}
	return weight
}

// read gathers rows and checks that the source has kept to what was agreed.
func (s *set) read(rows []int, b *Batch) error {
	if err := s.source.Gather(rows, b); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	for _, list := range b.Targets {
		if len(list) != len(rows) || len(b.Weights) != len(rows) {
			return fmt.Errorf("%s gave %d targets and %d weights for %d rows", s.name, len(list), len(b.Weights), len(rows))
		}
	}
	for i := range b.Inputs {
		in := &s.inputs[i]
		if n := b.Inputs[i].Len(); !in.Ragged && n != len(rows)*in.Shape.Size() || in.Ragged && len(b.Inputs[i].Ends) != len(rows) {
			return fmt.Errorf("%s gave %d numbers of %s for %d rows of shape %v", s.name, n, in.Name, len(rows), in.Shape)
		}
	}
	return nil
}

// chunk is how many rows are looked at together when all are.
func (s *set) chunk() int { return min(s.rows, max(1, min(8192, 1<<20/s.size))) }

// each passes over all rows in their order, with inputs or without.
func (s *set) each(inputs bool, look func(from int, b *Batch) error) error {
	n := s.chunk()
	rows := make([]int, n)
	b := &Batch{Targets: make([][]float64, len(s.heads)), Weights: make([]float32, 0, n)}
	if inputs {
		b.Inputs = make([]tensor.Rows, len(s.inputs))
	}
	for from := 0; from < s.rows; from += n {
		n := min(n, s.rows-from)
		for i := range n {
			rows[i] = from + i
		}
		for i := range b.Inputs {
			b.Inputs[i].Reset(s.inputs[i].Type, 0)
		}
		b.begin(b.Weights[:0])
		if err := s.read(rows[:n], b); err != nil {
			return err
		}
		if err := look(from, b); err != nil {
			return err
		}
	}
	return nil
}

// ranges are what rows hold of the elements that have names, in the order of the
// inputs. A row is one of features alone, or one that has others beside them.
func (s *set) ranges(list []InputRange, b *Batch, first bool) {
	at := 0
	for i := range s.inputs {
		in := &s.inputs[i]
		n := len(in.Features)
		if n == 0 || n != in.Shape.Size() || in.Type != tensor.F32 {
			continue
		}
		for j, v := range b.Inputs[i].F32 {
			f := &list[at+j%n]
			if first && j < n {
				*f = InputRange{v, v}
			}
			f.Min, f.Max = min(f.Min, v), max(f.Max, v)
		}
		at += n
	}
}

// ranged is how many elements have ranges.
func (s *set) ranged() (n int) {
	for i := range s.inputs {
		if in := &s.inputs[i]; len(in.Features) == in.Shape.Size() && in.Type == tensor.F32 {
			n += len(in.Features)
		}
	}
	return n
}

// check passes over all rows once. It finds what cannot be trained on, and says
// what there is.
func (s *set) check() (*Summary, error) {
	sum := &Summary{Rows: s.rows, Features: make([]InputRange, s.ranged())}
	targets := make([]TargetSummary, len(s.heads))
	for i, h := range s.heads {
		targets[i] = newTargetSummary(h)
	}
	err := s.each(true, func(from int, b *Batch) error {
		for i := range s.inputs {
			if err := s.inputs[i].checkRows(&b.Inputs[i], len(b.Weights), from, s.vocabularies[i]); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
		s.ranges(sum.Features, b, from == 0)
		for i, w := range b.Weights {
			if !(w >= 0) || w-w != 0 {
				return fmt.Errorf("%s: row %d weighs %v", s.name, from+i+1, w)
			}
		}
		for j, h := range s.heads {
			for i, t := range b.Targets[j] {
				if s.gaps && t != t && h.Task == task.Regression {
					continue
				}
				if err := targets[j].add(s.name, h, from+i+1, t); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if s.gaps {
		return sum, nil // of targets that are not there nothing is to be said
	}
	for i := range targets {
		if err := targets[i].finish(s, i); err != nil {
			return nil, err
		}
	}
	if s.sig.Task.IsOne() {
		sum.ClassCounts, sum.ClassPriors, sum.Target = targets[0].ClassCounts, targets[0].priors(s.rows), targets[0].Target
		return sum, nil
	}
	sum.Targets = targets
	return sum, nil
}

func newTargetSummary(sig *Signature) TargetSummary {
	t := TargetSummary{Column: sig.Column}
	if sig.Task == task.Regression {
		t.Target = &Range{Min: math.Inf(1), Max: math.Inf(-1)}
	} else {
		t.ClassCounts = make([]int, len(sig.Classes))
	}
	return t
}

// add looks at the target of a row, counted from 1, of some data.
func (t *TargetSummary) add(data string, sig *Signature, row int, v float64) error {
	r := t.Target
	if r == nil {
		if v != math.Trunc(v) || v < 0 || v >= float64(len(sig.Classes)) {
			return fmt.Errorf("%s: target %s of row %d is %v, which is not one of %d classes", data, sig.Column, row, v, len(sig.Classes))
		}
		t.ClassCounts[int(v)]++
		return nil
	}
	if y := sig.scaled(v); y-y != 0 {
		if sig.Transform != nil && v-v == 0 {
			_, msg, fix := sig.Transform.Refusal(sig.Column, v)
			return diag.WithHint(fmt.Errorf("%s: target %s of row %d: %s", data, sig.Column, row, msg), fix)
		}
		return fmt.Errorf("%s: target %s of row %d is %v", data, sig.Column, row, v)
	}
	if sig.Log && (v-sig.Center)/sig.Scale < 0 {
		return &CountError{Data: data, Column: sig.Column, Row: row, Value: v, Center: sig.Center}
	}
	r.Min, r.Max = min(r.Min, v), max(r.Max, v)
	r.Mean += (v - r.Mean) / float64(row) // a running mean, since the sum of large numbers may overflow
	return nil
}

// finish finds the median of the i-th target of a set, if it is a number.
func (t *TargetSummary) finish(s *set, i int) error {
	if t.Target == nil {
		return nil
	}
	low, err := s.rank(i, (s.rows-1)/2)
	if err != nil {
		return err
	}
	high, err := s.rank(i, s.rows/2)
	t.Target.Median = low/2 + high/2
	return err
}

// priors are the shares of the classes.
func (t *TargetSummary) priors(rows int) []float64 {
	if t.ClassCounts == nil {
		return nil
	}
	list := make([]float64, len(t.ClassCounts))
	for i, n := range t.ClassCounts {
		list[i] = float64(n) / float64(rows)
	}
	return list
}

// rank is the k-th smallest of a target, counted from 0: it finds 16 bits of it with
// each pass over the targets, so that they need not be in memory.
func (s *set) rank(target, k int) (float64, error) {
	var prefix uint64
	counts := make([]int, 1<<16)
	for shift := 48; shift >= 0; shift -= 16 {
		clear(counts)
		err := s.each(false, func(_ int, b *Batch) error {
			for _, t := range b.Targets[target] {
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

// Balanced weighs each class by rows / (classes x rows of the class), as
// scikit-learn's "balanced" does; a class without rows weighs 1.
func Balanced(counts []int) []float64 {
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
