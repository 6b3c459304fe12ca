package nn

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"pipe/base/exact"
	"pipe/data/task"
	"pipe/data/tensor"
	"pipe/nn/backend"
	"pipe/nn/cpu"
)

// A Predictor runs a model forward, for one goroutine at a time.
type Predictor struct {
	model   *Model
	backend backend.Backend
	spec    Spec    // of the model, with room for the sparse rows that there were
	inputs  []Input // likewise
	heads   []*Signature
	extents extents // likewise
	numbers *numbers
	nets    map[int]*plan // by rows
}

// predictorRows are the batch sizes that a Predictor has graphs of: an answer
// for one row should not cost that of many, nor many rows that many runs.
var predictorRows = [...]int{1, 16, 256}

// NewPredictor prepares a model for prediction. Close it after use.
func (m *Model) NewPredictor() (*Predictor, error) {
	if err := m.validate(); err != nil {
		return nil, err
	}
	st := newStore(m.Spec)
	st.load(m.Params)
	b := cpu.New()
	spec := m.Spec
	spec.Branches = slices.Clone(spec.Branches)
	p := &Predictor{model: m, spec: spec, backend: b, inputs: slices.Clone(m.Signature.AllInputs()), heads: m.Signature.Heads(), numbers: onBackend(b, st.numbers(false)), nets: map[int]*plan{}}
	p.extents = extentsOf(&specArchitecture{spec: p.spec}, p.inputs)
	return p, nil
}

// Outputs is the number of values for each row: the classes of a multiclass
// model, the targets of one with several, else 1.
func (p *Predictor) Outputs() int { return p.model.Spec.Outputs }

// Predict takes n rows of each input and returns n x Outputs values:
// the probabilities of the classes; of a binary model the probability of the
// second class; of a regression the value in the units of the target; of several
// targets that of each. What it
// says about a row does not depend on the other rows.
func (p *Predictor) Predict(inputs []tensor.Rows, n int) ([]float64, error) {
	k := p.model.Spec.Outputs
	if n < 0 || len(inputs) != len(p.inputs) {
		return nil, fmt.Errorf("predict: %d inputs of %d rows, the network has %d", len(inputs), n, len(p.inputs))
	}
	for i := range inputs {
		in := &p.inputs[i]
		if have := inputs[i].Len(); !in.Ragged && have != n*in.Shape.Size() || in.Ragged && len(inputs[i].Ends) != n {
			return nil, fmt.Errorf("predict: %d values of %s for %d rows of shape %v", have, in.Name, n, in.Shape)
		}
	}
	if err := p.widen(inputs); err != nil {
		return nil, err
	}
	out := make([]float64, n*k)
	for from := 0; from < n; {
		net, err := p.network(n - from)
		if err != nil {
			return nil, err
		}
		rows := min(net.rows, n-from)
		if net, err = net.to(p.extents, p.extents.holding(inputs, from, rows)); err != nil {
			return nil, err
		}
		for i := range inputs {
			in, x := &net.extent.inputs[i], net.x[i]
			in.fill(in.first(x, rows), &inputs[i], from)
			clear(x.values[rows*in.Shape.Size():])
			if x.lengths != nil {
				clear(x.lengths[rows:])
			}
		}
		if err := net.run(0); err != nil {
			return nil, fmt.Errorf("predict: %w", err)
		}
		for i := range rows {
			p.convert(out[(from+i)*k:(from+i+1)*k], net.out[i*k:(i+1)*k])
		}
		from += rows
	}
	return out, nil
}

// widen checks sparse rows, and makes room for sparse rows with more pairs than there were before: none of
// them is cut, as the last steps of other rows are.
func (p *Predictor) widen(inputs []tensor.Rows) error {
	wider := false
	for i := range p.inputs {
		in := &p.inputs[i]
		if in.Sparse == 0 {
			continue
		}
		if err := in.checkPairs(&inputs[i], 0); err != nil {
			return fmt.Errorf("predict: %w", err)
		}
		most, from := in.Shape[0], 0
		for _, end := range inputs[i].Ends {
			most, from = max(most, (end-from)/2), end
		}
		if most == in.Shape[0] {
			continue
		}
		if most > in.Sparse {
			return fmt.Errorf("predict: a row of %s has %d values, and its vectors have %d elements", in.Name, most, in.Sparse)
		}
		in.Shape = Shape{min(in.Sparse, 1<<bits.Len(uint(most-1))), 2}
		p.spec.Branches[i].Shape = in.Shape
		wider = true
	}
	if !wider {
		return nil
	}
	p.extents = extentsOf(&specArchitecture{spec: p.spec}, slices.Clone(p.inputs))
	return p.Close() // graphs that are too small
}

// convert turns the outputs of the network for one row into what they mean.
func (p *Predictor) convert(dst []float64, z []float32) {
	switch sig := &p.model.Signature; sig.Task {
	case task.Multiclass:
		exact.Softmax(dst, z)
	case task.Binary:
		dst[0] = exact.Logistic(float64(z[0]))
	default:
		for i, h := range p.heads {
			if h.Task == task.Binary {
				dst[i] = exact.Logistic(float64(z[i]))
			} else {
				dst[i] = h.value(z[i])
			}
		}
	}
}

// network is the graph for as many rows as are left.
func (p *Predictor) network(left int) (*plan, error) {
	rows := predictorRows[len(predictorRows)-1]
	for _, r := range predictorRows {
		if left <= r {
			rows = r
			break
		}
	}
	if net := p.nets[rows]; net != nil {
		return net, nil
	}
	net, err := newEvaluation(p.extents[0], p.numbers, rows, how{backend: p.backend}, nil, nil)
	if err != nil {
		return nil, err
	}
	p.nets[rows] = net
	return net, nil
}

// Close frees what prediction needs beside the model.
func (p *Predictor) Close() error {
	var errs []error
	for _, rows := range predictorRows {
		if net := p.nets[rows]; net != nil {
			errs = append(errs, net.close())
		}
	}
	p.nets = map[int]*plan{}
	return errors.Join(errs...)
}
