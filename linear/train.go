package linear

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"pipe/base/exact"
	"pipe/data/task"
	"pipe/data/tensor"
	"pipe/nn"
)

// A Config says how a model is fitted.
type Config struct {
	// L2 is what the squares of weights cost: half of it for each, beside the sum of losses of
	// rows. It is 1/C of LogisticRegression and alpha of Ridge in scikit-learn.
	L2         float64
	Rounds     int // of the solver, at most
	Categories []string
	Threads    int
}

// Train fits a model to rows, of which each counts by its weight. An *UnfitError says that the
// inputs are none of a linear model.
func Train(ctx context.Context, sig nn.Signature, src nn.Source, cfg Config) (*Model, error) {
	if sig.Task == "" || src.Len() < 1 {
		return nil, errors.New("there is nothing to learn")
	}
	sig.Log = false // the numbers themselves, not their logarithm
	m := &Model{Signature: sig}
	var err error
	if m.Elements, err = elementsOf(&sig, cfg.Categories); err != nil {
		return nil, err
	}
	all := &nn.Batch{Inputs: make([]tensor.Rows, len(sig.AllInputs())), Targets: make([][]float64, len(sig.Heads()))}
	rows := make([]int, src.Len())
	for i := range rows {
		rows[i] = i
	}
	if err := src.Gather(rows, all); err != nil {
		return nil, err
	}
	m.describe(all.Inputs, len(rows))
	p, err := planOf(&sig, m.Elements)
	if err != nil {
		return nil, err
	}
	var d design
	d.reset(p)
	if err := d.add(p, all.Inputs, len(rows)); err != nil {
		return nil, err
	}
	d.index()
	weights, err := shares(all.Weights)
	if err != nil {
		return nil, err
	}
	m.Weights = make([]float64, sig.Outputs()*(p.columns+1))
	heads, each := sig.Heads(), p.columns+1
	for i, h := range heads {
		f := &fit{design: &d, head: h, weights: weights, outputs: h.Outputs(), l2: cfg.L2 / float64(len(rows)), threads: cfg.Threads}
		if err := f.take(all.Targets[i]); err != nil {
			return nil, fmt.Errorf("target %s: %w", h.Column, err)
		}
		own := m.Weights[i*each : (i+f.outputs)*each]
		f.begin(own)
		rounds, err := minimise(ctx, f.loss, own, cfg.Rounds)
		if err != nil {
			return nil, err
		}
		m.Rounds = max(m.Rounds, rounds)
	}
	_, err = m.validate()
	return m, err
}

// describe finds out the mean and deviation of numbers, and which categories there are.
func (m *Model) describe(inputs []tensor.Rows, rows int) {
	first := 0
	for i, in := range m.Signature.AllInputs() {
		if in.Sparse > 0 {
			continue
		}
		size := in.Shape.Size()
		for j := range size {
			e := &m.Elements[first+j]
			if e.Category {
				e.countCategories(&inputs[i], rows, size, j)
			} else {
				e.standardise(&inputs[i], rows, size, j)
			}
		}
		first += size
	}
}

func (e *Element) standardise(x *tensor.Rows, rows, size, j int) {
	n, mean, squares := 0., 0., 0.
	for r := range rows {
		if v := x.At(r*size + j); v-v == 0 {
			n++
			off := v - mean
			mean += off / n
			squares += float64(off * (v - mean))
		}
	}
	e.Mean = mean
	if deviation := math.Sqrt(squares / max(1, n)); deviation > 1e-12*math.Abs(mean) && finite(1/deviation) {
		e.Scale = 1 / deviation
	}
}

// countCategories keeps the most frequent ones.
func (e *Element) countCategories(x *tensor.Rows, rows, size, j int) {
	counts := map[int32]int{}
	for r := range rows {
		if v := x.At(r*size + j); v == math.Trunc(v) && math.Abs(v) <= maxCategory {
			counts[int32(v)]++
		}
	}
	for c := range counts {
		e.Categories = append(e.Categories, c)
	}
	slices.SortFunc(e.Categories, func(a, b int32) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	e.Categories = e.Categories[:min(len(e.Categories), maxCategories)]
	slices.Sort(e.Categories)
}

// shares are the weights of rows as shares of all.
func shares(weights []float32) ([]float64, error) {
	total := 0.
	for _, w := range weights {
		total += float64(w)
	}
	if !(total > 0) || math.IsInf(total, 0) {
		return nil, errors.New("no row has a weight")
	}
	list := make([]float64, len(weights))
	for i, w := range weights {
		list[i] = float64(w) / total
	}
	return list, nil
}

// A fit is what is minimised of a target.
type fit struct {
	*design
	head    *nn.Signature
	weights []float64
	targets []float64
	outputs int
	l2      float64 // for the mean loss of rows
	threads int

	z    []float64 // margins
	each []float64 // of each row
}

func (f *fit) take(targets []float64) error {
	f.targets = make([]float64, len(targets))
	f.z, f.each = make([]float64, len(targets)*f.outputs), make([]float64, len(targets))
	for i, y := range targets {
		if f.head.Task == task.Regression {
			y = f.head.Scaled(y)
		}
		if !finite(y) {
			return fmt.Errorf("row %d is %v, which cannot be learned", i+1, targets[i])
		}
		f.targets[i] = y
	}
	return nil
}

// begin gives an output what is best without any feature.
func (f *fit) begin(w []float64) {
	if f.head.Task == task.Regression {
		mean := 0.
		for i, y := range f.targets {
			mean += float64(f.weights[i] * y)
		}
		w[f.columns] = mean
		return
	}
	const little = 1e-6 // of a class without rows
	classes := max(2, f.outputs)
	share := make([]float64, classes)
	for i, y := range f.targets {
		share[int(y)] += f.weights[i]
	}
	for k := range share {
		share[k] = exact.Log(max(share[k], little))
	}
	if f.outputs == 1 {
		w[f.columns] = share[1] - share[0]
		return
	}
	for k := range share {
		w[k*(f.columns+1)+f.columns] = share[k]
	}
}

// loss is the mean loss of rows with what weights cost, and its gradient in g.
func (f *fit) loss(w, g []float64) float64 {
	k := f.outputs
	f.margins(w, k, f.z, f.threads)
	pieces(f.threads, f.rows, span, func(from, to int) {
		for r := from; r < to; r++ {
			f.each[r] = f.weights[r] * f.row(f.z[r*k:(r+1)*k], f.targets[r], f.weights[r])
		}
	})
	var sum exact.Sum
	for _, v := range f.each {
		sum.Add(v)
	}
	f.gradient(f.z, k, g, f.threads)
	for j := range k {
		for c := j * (f.columns + 1); c < j*(f.columns+1)+f.columns; c++ {
			sum.Add(f.l2 / 2 * w[c] * w[c])
			g[c] += float64(f.l2 * w[c])
		}
	}
	return sum.Value()
}

// row is the loss of a row, whose margins become how it changes with them, times the weight.
func (f *fit) row(z []float64, y, weight float64) (loss float64) {
	switch {
	case f.head.Task == task.Regression:
		off := z[0] - y
		z[0] = weight * off
		return off * off / 2
	case len(z) == 1:
		// log(1 + e^-m) of the margin for the class that it is.
		m := z[0]
		if y == 0 {
			m = -m
		}
		loss = exact.Log1p(exact.Exp(-math.Abs(m))) + max(0, -m)
		z[0] = weight * (exact.Logistic(z[0]) - y)
		return loss
	}
	of := z[int(y)]
	loss = softmax(z) - of
	z[int(y)]--
	for i := range z {
		z[i] *= weight
	}
	return loss
}
