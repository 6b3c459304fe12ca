// Package occlusion says what a model looked at: a part of what it is given of a row is
// hidden, and how much less the model then holds of what it said is what the part counts
// (Zeiler and Fergus, Visualizing and Understanding Convolutional Networks, 2014).
package occlusion

import (
	"pipe/data/tensor"
	"pipe/estimator"
	"pipe/nn"
)

// A Prober asks a model of one target about rows of which something is hidden.
type Prober struct {
	model     estimator.Predictor
	signature *nn.Signature
	inputs    []nn.Input
}

// NewProber asks a model with that signature.
func NewProber(model estimator.Predictor, sig *nn.Signature) *Prober {
	return &Prober{model: model, signature: sig, inputs: sig.AllInputs()}
}

// An Answer is what a model says of a row.
type Answer struct {
	Class int     // of a classification
	Value float64 // of a regression
	// Held is how probable the model holds the class that it was asked about, or Value.
	Held float64
}

// mostElements bounds the memory of rows that are asked about together, most of
// their number: networks are made for so many.
const (
	mostElements = 4 << 20
	mostTogether = 256
)

// Together is how many rows of a width are asked about at once.
func Together(width int) int {
	switch {
	case width*mostTogether <= mostElements:
		return mostTogether
	case width*16 <= mostElements:
		return 16
	}
	return 1
}

// Ask gives the answers about n rows, each of which row writes: it adds the elements of
// row i to its inputs. class is what it is asked about; -1: what it says itself.
func (p *Prober) Ask(n int, class func(i int) int, row func(i int, into []tensor.Rows)) ([]Answer, error) {
	answers := make([]Answer, 0, n)
	inputs := make([]tensor.Rows, len(p.inputs))
	width := 0
	for i := range p.inputs {
		width += p.inputs[i].Shape.Size()
	}
	each := p.model.Outputs()
	for from := 0; from < n; {
		rows := min(Together(width), n-from)
		for i := range inputs {
			p.reset(&inputs[i], i)
		}
		for i := range rows {
			row(from+i, inputs)
		}
		output, err := p.model.Predict(inputs, rows)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			answers = append(answers, p.answer(output[i*each:(i+1)*each], class(from+i)))
		}
		from += rows
	}
	return answers, nil
}

// reset forgets the rows of an input.
func (p *Prober) reset(rows *tensor.Rows, i int) {
	in := &p.inputs[i]
	if rows.Reset(in.Type, 0); in.Ragged && rows.Ends == nil {
		rows.Ends = []int{}
	}
	switch in.Type { // no row has elements: which type they are is told by the slice
	case tensor.U8:
		if rows.U8 == nil {
			rows.U8 = []uint8{}
		}
	case tensor.I32:
		if rows.I32 == nil {
			rows.I32 = []int32{}
		}
	default:
		if rows.F32 == nil {
			rows.F32 = []float32{}
		}
	}
}

// Itself asks about what the model says itself.
func Itself(int) int { return -1 }

func (p *Prober) answer(output []float64, class int) Answer {
	sig := p.signature
	if !sig.Task.IsClassification() {
		return Answer{Value: output[0], Held: output[0]}
	}
	a := Answer{Class: sig.Class(output)}
	if class < 0 {
		class = a.Class
	}
	a.Held = sig.Probability(output, class)
	return a
}

// Copy adds a row as it is.
func (p *Prober) Copy(of, into []tensor.Rows) {
	for i := range into {
		p.CopyInput(i, &of[i], &into[i])
	}
}

// CopyInput adds an input of a row as it is.
func (p *Prober) CopyInput(i int, of, into *tensor.Rows) {
	switch p.inputs[i].Type {
	case tensor.U8:
		into.U8 = append(into.U8, of.U8...)
	case tensor.I32:
		into.I32 = append(into.I32, of.I32...)
	default:
		into.F32 = append(into.F32, of.F32...)
	}
	if p.inputs[i].Ragged {
		into.Ends = append(into.Ends, into.Len())
	}
}
