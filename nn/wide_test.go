package nn

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"pipe/data/task"
	"pipe/data/tensor"
)

// A wide input passes the layers by: the output is linear in it, and in what the layers
// make of the others.
func TestWideInputs(t *testing.T) {
	data := blobs("train", 120, 5, 2, 0.3)
	sig := partedSignature(signatureOf(task.Binary, 5, 2), 2)
	spec := Spec{Layers: layers(Dense{Units: 4, Activation: Tanh}), Outputs: 1, Branches: []Branch{
		{Input: "first", Shape: Shape{2}, Wide: true, Layers: []Layer{}}, {Input: "second", Shape: Shape{3}, Layers: []Layer{}}}}
	m, err := Train(t.Context(), spec, sig, parted{data, 2, 5}, nil, Config{Optimizer: adam, Epochs: 4, BatchSize: 16, Shuffle: true, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	back, err := decode(encode(t, m))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(encode(t, m), encode(t, back)) {
		t.Error("a model that was read is written otherwise")
	}
	p, err := back.NewPredictor()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	wide, deep := []float32{1, -2}, []float32{0.5, -1, 2}
	got, err := p.Predict([]tensor.Rows{{F32: wide}, {F32: deep}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	params := map[string]*Param{}
	for i := range m.Params {
		params[m.Params[i].Name] = &m.Params[i]
	}
	w, b := params["layers.0.weight"].Data, params["layers.0.bias"].Data
	out := params["output.weight"].Data
	z := float64(params["output.bias"].Data[0])
	for j := range 4 {
		h := float64(b[j])
		for i, x := range deep {
			h += float64(x) * float64(w[i*4+j])
		}
		z += math.Tanh(h) * float64(out[j])
	}
	for i, x := range wide {
		z += float64(x) * float64(out[4+i])
	}
	if want := 1 / (1 + math.Exp(-z)); len(out) != 6 || math.Abs(got[0]-want) > 1e-5 {
		t.Errorf("got %v of %d weights, want %v", got[0], len(out), want)
	}
}

func TestImpossibleWideInputs(t *testing.T) {
	series := Branch{Input: "series", Shape: Shape{4, 2}, Wide: true, Layers: []Layer{}}
	for want, list := range map[string][]Branch{
		"has wide inputs alone":                          {{Input: "first", Shape: Shape{2}, Wide: true}},
		"gives a sequence (4, 2), but":                   {series, {Input: "second", Shape: Shape{3}}},
		"inputs.1 gives a sequence (4, 2), which cannot": {{Input: "first", Shape: Shape{3}, Wide: true}, {Input: "deep", Shape: Shape{4, 2}}, {Input: "other", Shape: Shape{3}}},
	} {
		err := Spec{Branches: list, Outputs: 1}.Validate()
		if e := (*LayerError)(nil); !errors.As(err, &e) || !strings.Contains(err.Error(), want) || e.Todo == "" {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// A wide and deep network is linear in what comes in: without dense units that do
// anything it is a linear model of it.
func TestWideAndDeepIsLinearBeside(t *testing.T) {
	p := &WideAndDeep{MLP{Units: []int{6, 5}, Activation: ReLU, Dropout: 0.1, BatchNorm: true}}
	shapes, err := Spec{Inputs: 7, Layers: Expand([]Layer{NewLayer("wide_and_deep", p)}, ""), Outputs: 1}.Shapes()
	if err != nil {
		t.Fatal(err)
	}
	if n := shapes.Nodes[len(shapes.Nodes)-1].In.Size(); n != 7+5 {
		t.Errorf("the output layer gets %d numbers, not the 7 that come in and 5 that are made of them", n)
	}
}
