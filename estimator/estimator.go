// Package estimator is what a model of any kind is to those who use it: a network or
// boosted trees, which say what they were trained for and predict.
package estimator

import (
	"errors"
	"io"

	"pipe/base/diag"
	"pipe/data/tensor"
	"pipe/forecaster"
	"pipe/nn"
	"pipe/trees"
)

// A Model is a trained model: exactly one of Network and Trees.
type Model struct {
	Signature nn.Signature
	Summary   nn.Summary
	Network   *nn.Model
	Trees     *trees.Model
}

// A Predictor runs a model, for one goroutine at a time. Close it after use.
type Predictor interface {
	// Outputs is the number of values for each row: the classes of a multiclass model,
	// the targets of one with several, else 1.
	Outputs() int
	// Predict takes n rows of each input and returns n x Outputs values, see nn.Predictor.
	Predict(inputs []tensor.Rows, n int) ([]float64, error)
	Close() error
}

// HeadSize is how much of a file says what kind of model it is.
const HeadSize = int64(max(trees.HeadSize, forecaster.HeadSize))

// Ending is that of the name of a file that begins so: networks are safetensors, all
// others JSON.
func Ending(head []byte) string {
	if trees.Is(head) || forecaster.Is(head) {
		return ".json"
	}
	return ".safetensors"
}

// Read reads a model of any kind.
func Read(r io.ReaderAt, size int64) (*Model, error) {
	head := make([]byte, min(size, HeadSize))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, err
	}
	if n := min(len(head), forecaster.HeadSize); forecaster.Is(head[:n]) {
		return nil, diag.WithHint(errors.New("it forecasts series, and says nothing of single rows"), "write `pipe forecast TABLE --model ...` for the next steps of its series")
	}
	if trees.Is(head) {
		m, err := trees.ReadModel(r, size)
		if err != nil {
			return nil, err
		}
		return OfTrees(m), nil
	}
	m, err := nn.ReadModel(r, size)
	if err != nil {
		return nil, err
	}
	return OfNetwork(m), nil
}

// OfNetwork is a network as a model.
func OfNetwork(m *nn.Model) *Model {
	return &Model{Signature: m.Signature, Summary: m.Summary, Network: m}
}

// OfTrees are trees as a model.
func OfTrees(m *trees.Model) *Model {
	return &Model{Signature: m.Signature, Summary: m.Summary, Trees: m}
}

// NewPredictor prepares the model for prediction.
func (m *Model) NewPredictor() (Predictor, error) {
	if m.Trees != nil {
		return m.Trees.NewPredictor()
	}
	return m.Network.NewPredictor()
}

// Vocabularies are how many token ids each input has; 0: it takes whatever there is.
func (m *Model) Vocabularies() []int {
	if m.Trees != nil {
		return make([]int, len(m.Signature.AllInputs()))
	}
	return m.Network.Spec.Vocabularies()
}

// Pass is what training consists of, as people call it.
func (m *Model) Pass() string {
	if m.Trees != nil {
		return "round"
	}
	return "epoch"
}
