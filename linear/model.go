package linear

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"pipe/base/exact"
	"pipe/data/task"
	"pipe/data/tensor"
	"pipe/nn"
)

// A Model is weights of columns.
type Model struct {
	Signature nn.Signature `json:"signature"`
	Elements  []Element    `json:"elements"` // of all inputs that are no sparse vectors, in order
	Weights   []float64    `json:"weights"`  // of each output, its columns and what it begins with
	Rounds    int          `json:"rounds"`   // that the solver took
}

// An Element is a number of an input: a column, or categories with a column each.
type Element struct {
	Name       string  `json:"name"`
	Mean       float64 `json:"mean,omitempty"`
	Scale      float64 `json:"scale,omitempty"` // what it is multiplied by after that; 0: it is the same in all rows
	Category   bool    `json:"category,omitempty"`
	Categories []int32 `json:"categories,omitempty"` // sorted
}

// Limits of a model.
const (
	maxElements   = 1 << 20
	maxColumns    = 1 << 22
	maxCategories = 256 // of an element, that have a weight: the most frequent ones
	maxCategory   = 1 << 24
)

// elementsOf are those of a signature, of which some are known to be categories. Whole numbers
// always are.
func elementsOf(sig *nn.Signature, categories []string) ([]Element, error) {
	var list []Element
	for _, in := range sig.AllInputs() {
		switch {
		case in.Sparse > 0:
			continue
		case in.Ragged:
			return nil, &UnfitError{fmt.Sprintf("rows of %s have different lengths, and a linear model takes columns", in.Name)}
		}
		n := in.Shape.Size()
		if len(list)+n > maxElements {
			return nil, &UnfitError{fmt.Sprintf("there are more than %d columns", maxElements)}
		}
		for i := range n {
			e := Element{Name: in.Name}
			if len(in.Features) == n {
				e.Name = in.Features[i]
			}
			e.Category = in.Type == tensor.I32 || slices.Contains(categories, e.Name)
			list = append(list, e)
		}
	}
	return list, nil
}

// An UnfitError says why no linear model can be made of the inputs.
type UnfitError struct{ Reason string }

func (e *UnfitError) Error() string { return e.Reason }

// plan is where the columns of elements and inputs are. Numbers come first.
type plan struct {
	inputs   []nn.Input
	elements []Element
	places   []int // of each element, its column, or that of its first category
	sparse   []int // of each input that is a sparse vector, its first column
	numbers  int
	columns  int
}

func planOf(sig *nn.Signature, elements []Element) (*plan, error) {
	p := &plan{inputs: sig.AllInputs(), elements: elements, places: make([]int, len(elements))}
	for i := range elements {
		if !elements[i].Category {
			p.places[i] = p.numbers
			p.numbers++
		}
	}
	p.columns = p.numbers
	for i := range elements {
		if elements[i].Category {
			p.places[i] = p.columns
			p.columns += len(elements[i].Categories)
		}
	}
	p.sparse = make([]int, len(p.inputs))
	for i, in := range p.inputs {
		if in.Sparse > 0 {
			p.sparse[i] = p.columns
			p.columns += in.Sparse
		}
	}
	if p.columns > maxColumns {
		return nil, &UnfitError{fmt.Sprintf("there are %d columns, and %d are possible", p.columns, maxColumns)}
	}
	if p.columns == 0 {
		return nil, &UnfitError{"there are no features"}
	}
	return p, nil
}

// validate checks that a model that was read is one.
func (m *Model) validate() (*plan, error) {
	if err := m.Signature.Validate(); err != nil {
		return nil, err
	}
	want, err := elementsOf(&m.Signature, nil)
	if err != nil {
		return nil, err
	}
	if len(want) != len(m.Elements) {
		return nil, fmt.Errorf("there are %d elements, and the inputs have %d", len(m.Elements), len(want))
	}
	for i := range m.Elements {
		e := &m.Elements[i]
		if !finite(e.Mean) || !finite(e.Scale) || len(e.Categories) > maxCategories || !slices.IsSorted(e.Categories) || want[i].Category && !e.Category {
			return nil, fmt.Errorf("element %d cannot be", i+1)
		}
	}
	p, err := planOf(&m.Signature, m.Elements)
	if err != nil {
		return nil, err
	}
	if len(m.Weights) != m.Signature.Outputs()*(p.columns+1) {
		return nil, fmt.Errorf("there are %d weights for %d columns", len(m.Weights), p.columns)
	}
	if slices.ContainsFunc(m.Weights, func(v float64) bool { return !finite(v) }) {
		return nil, errors.New("a weight is no number")
	}
	return p, nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// A Predictor says what a model says, for one goroutine at a time.
type Predictor struct {
	model *Model
	plan  *plan
	heads []*nn.Signature
	rows  design
}

// NewPredictor prepares a model for prediction. The error says what is wrong with a model
// that was read.
func (m *Model) NewPredictor() (*Predictor, error) {
	p, err := m.validate()
	if err != nil {
		return nil, err
	}
	return &Predictor{model: m, plan: p, heads: m.Signature.Heads()}, nil
}

// Outputs is the number of values for each row, as of a network.
func (p *Predictor) Outputs() int { return p.model.Signature.Outputs() }

// Close frees nothing.
func (p *Predictor) Close() error { return nil }

// Predict takes n rows of each input and returns n x Outputs values, which mean what those of
// a network mean: see nn.Predictor.
func (p *Predictor) Predict(inputs []tensor.Rows, n int) ([]float64, error) {
	p.rows.reset(p.plan)
	if err := p.rows.add(p.plan, inputs, n); err != nil {
		return nil, err
	}
	k := p.Outputs()
	out := make([]float64, n*k)
	p.rows.margins(p.model.Weights, k, out, 1)
	for r := range n {
		z := out[r*k : (r+1)*k]
		if p.model.Signature.Task == task.Multiclass {
			softmax(z)
			continue
		}
		for i, h := range p.heads {
			if h.Task == task.Binary {
				z[i] = exact.Logistic(z[i])
			} else {
				z[i] = h.Unscaled(z[i])
			}
		}
	}
	return out, nil
}

// softmax makes probabilities of logits and returns the logarithm of what they were divided by.
func softmax(z []float64) float64 {
	top := slices.Max(z)
	sum := 0.
	for i, v := range z {
		z[i] = exact.Exp(v - top)
		sum += z[i]
	}
	for i := range z {
		z[i] /= sum
	}
	return top + exact.Log(sum)
}
