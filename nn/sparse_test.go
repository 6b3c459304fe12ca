package nn

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pipe/base/random"
	"pipe/data/task"
	"pipe/data/tensor"
)

// sparsely gives features as pairs of an index and a value.
type sparsely struct {
	Data
	width int
}

func (s sparsely) Gather(rows []int, into *Batch) error {
	b := *into
	b.Inputs = nil
	if err := s.Data.Gather(rows, &b); err != nil {
		return err
	}
	if len(into.Inputs) > 0 {
		for _, r := range rows {
			pairsOf(&into.Inputs[0], s.Features[r*s.width:(r+1)*s.width])
		}
	}
	into.Targets, into.Weights = b.Targets, b.Weights
	return nil
}

// pairsOf adds a row of those elements that are not 0.
func pairsOf(to *tensor.Rows, row []float32) {
	for j, v := range row {
		if v != 0 {
			to.F32 = append(to.F32, float32(j), v)
		}
	}
	to.Ends = append(to.Ends, len(to.F32))
}

// holed is data of which most elements are 0.
func holed(rows, width, classes int) Data {
	data := blobs("train", rows, width, classes, 0.5)
	noise := random.New(1, "holes", 0)
	for i := range data.Features {
		if noise.IntN(uint64(i), 4) > 0 {
			data.Features[i] = 0
		}
	}
	return data
}

func sparseInput(steps, width int) []Input {
	return []Input{{Name: "text", Type: tensor.F32, Shape: Shape{steps, 2}, Ragged: true, Sparse: width}}
}

// A network of sparse vectors is that of the same numbers as features but for the
// order of sums, whatever its first layer is.
func TestSparseIsDense(t *testing.T) {
	const rows, width = 120, 11
	data := holed(rows, width, 3)
	for name, ls := range map[string][]Layer{
		"none":    {},
		"relu":    layers(Dense{Units: 9, Activation: ReLU}, Dropout{0.1}),
		"gelu":    layers(Dense{Units: 9, Activation: GELU}, Dense{Units: 4, Activation: ReLU}),
		"softmax": layers(Dense{Units: 5, Activation: Softmax}),
		"no bias": layers(Dense{Units: 70, Activation: Tanh, NoBias: true}),
	} {
		t.Run(name, func(t *testing.T) {
			sig := signatureOf(task.Multiclass, width, 3)
			cfg := Config{Optimizer: adam, Epochs: 5, BatchSize: 16, Shuffle: true, Seed: 3}
			want := trainModel(t, Spec{Inputs: width, Layers: ls, Outputs: 3}, sig, data, nil, cfg)
			sig.Features, sig.Inputs = nil, sparseInput(width, width)
			spec := Spec{Layers: ls, Outputs: 3, Branches: []Branch{{Input: "text", Shape: Shape{width, 2}, Ragged: true, Sparse: width, Layers: []Layer{}}}}
			got, err := Train(t.Context(), spec, sig, sparsely{data, width}, nil, cfg)
			if err != nil {
				t.Fatal(err)
			}
			for i := range want.Params {
				for j, v := range want.Params[i].Data {
					if g := got.Params[i].Data[j]; math.Abs(float64(g-v)) > 1e-4 {
						t.Fatalf("%s[%d] is %v, want %v", want.Params[i].Name, j, g, v)
					}
				}
			}
			again, err := decode(encode(t, got))
			if err != nil {
				t.Fatal(err)
			}
			if diff := FirstDifference(got, again); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What is predicted of a row depends neither on how many values the rows beside it
// have, nor on how many those of training had.
func TestSparseRowsAreWhole(t *testing.T) {
	const rows, width = 40, 200
	data := holed(rows, width, 3)
	ls := layers(Dense{Units: 7, Activation: ReLU})
	model := func(steps int) *Model {
		m := untrained(task.Multiclass, width, 3, ls)
		m.Signature.Features, m.Signature.Inputs = nil, sparseInput(steps, width)
		m.Spec = Spec{Outputs: 3, Layers: ls, Branches: []Branch{{Input: "text", Shape: Shape{steps, 2}, Ragged: true, Sparse: width, Layers: []Layer{}}}}
		return m
	}
	var all tensor.Rows
	for i := range rows {
		pairsOf(&all, data.Features[i*width:(i+1)*width])
	}
	predictor := func(m *Model) *Predictor {
		p, err := m.NewPredictor()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Close() })
		return p
	}
	want, err := predictor(model(width)).Predict([]tensor.Rows{all}, rows)
	if err != nil {
		t.Fatal(err)
	}
	m := model(1)
	p := predictor(m)
	for i := range rows {
		var one tensor.Rows
		pairsOf(&one, data.Features[i*width:(i+1)*width])
		got, err := p.Predict([]tensor.Rows{one}, 1)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want[3*i:3*i+3]) {
			t.Fatalf("row %d is %v, want %v", i, got, want[3*i:3*i+3])
		}
	}
	if m.Signature.Inputs[0].Shape[0] != 1 || m.Spec.Branches[0].Shape[0] != 1 {
		t.Error("prediction has changed the model")
	}
}

func TestSparseErrors(t *testing.T) {
	sig := signatureOf(task.Multiclass, 3, 3)
	sig.Features, sig.Inputs = nil, sparseInput(3, 4)
	for _, c := range []struct{ layers, err string }{
		{"lstm", "wants other values, but gets a sparse vector (4)"},
		{"flatten", "wants other values, but gets a sparse vector (4)"},
	} {
		l := NewLayer("flatten", &Flatten{})
		if c.layers == "lstm" {
			l = NewLayer("lstm", &Recurrent{Units: 5, Layers: 1, Return: "last"})
		}
		spec := Spec{Layers: []Layer{l}, Outputs: 3, Branches: []Branch{{Input: "text", Shape: Shape{3, 2}, Ragged: true, Sparse: 4, Layers: []Layer{}}}}
		if err := spec.Validate(); err == nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: error %v", c.layers, err)
		}
	}
	two := Spec{Outputs: 3, Layers: []Layer{}, Branches: []Branch{{Input: "text", Shape: Shape{3, 2}, Ragged: true, Sparse: 4, Layers: []Layer{}}, {Input: "features", Shape: Shape{3}, Layers: []Layer{}}}}
	if err := two.Validate(); err == nil || !strings.Contains(err.Error(), "cannot be joined with other inputs") {
		t.Errorf("error %v", err)
	}
	in := &sig.Inputs[0]
	for _, v := range []float32{-1, 4, 0.5} {
		rows := tensor.Rows{F32: []float32{1, 1, v, 1}, Ends: []int{2, 4}}
		if err := in.checkRows(&rows, 2, 0, 0); err == nil || !strings.Contains(err.Error(), "row 2 of text has a value at") {
			t.Errorf("index %v: error %v", v, err)
		}
	}
	m := untrained(task.Multiclass, 4, 3, []Layer{})
	m.Signature.Features, m.Signature.Inputs = nil, sparseInput(3, 4)
	m.Spec = Spec{Outputs: 3, Layers: []Layer{}, Branches: []Branch{{Input: "text", Shape: Shape{3, 2}, Ragged: true, Sparse: 4, Layers: []Layer{}}}}
	p, err := m.NewPredictor()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := p.Predict([]tensor.Rows{{F32: []float32{7, 1}, Ends: []int{2}}}, 1); err == nil || !strings.Contains(err.Error(), "row 1 of text has a value at 7") {
		t.Errorf("error %v", err)
	}
	in.Type = tensor.I32
	if err := sig.Validate(); err == nil || !strings.Contains(err.Error(), "is no sparse vector") {
		t.Errorf("error %v", err)
	}
}

// One long text among short ones does not make their batches long, and the model is the same to the bit.
func TestSparseBatchesAreShort(t *testing.T) {
	const rows, width = 90, 3000
	data := holed(rows, width, 3)
	for i := range rows { // all but one are of a few words
		for j := range width {
			if i != 41 && j%151 != i%7 {
				data.Features[i*width+j] = 0
			}
		}
	}
	ls := layers(Dense{Units: 5, Activation: ReLU}, Dropout{0.2})
	sig := signatureOf(task.Multiclass, width, 3)
	sig.Features, sig.Inputs = nil, sparseInput(width, width)
	spec := Spec{Layers: ls, Outputs: 3, Branches: []Branch{{Input: "text", Shape: Shape{width, 2}, Ragged: true, Sparse: width, Layers: []Layer{}}}}
	train := func(most int) *Model {
		source := sparsely{data, width}
		tr, m, err := newTrainer(spec, sig, source, source, Config{Optimizer: adam, Epochs: 2, BatchSize: 8, Shuffle: true, Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		defer tr.close()
		if len(tr.extents) < 20 {
			t.Fatalf("%d extents", len(tr.extents))
		}
		if most > 0 {
			tr.extents = tr.extents[:most]
			tr.train.extents, tr.validate.extents = tr.extents, tr.extents
		}
		if err := tr.fit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := tr.finish(m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	m := train(0)
	if diff := FirstDifference(train(1), m); diff != "" {
		t.Error(diff)
	}
	p, err := m.NewPredictor()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var all tensor.Rows
	for i := range rows {
		pairsOf(&all, data.Features[i*width:(i+1)*width])
	}
	want, err := p.Predict([]tensor.Rows{all}, rows)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		var one tensor.Rows
		pairsOf(&one, data.Features[i*width:(i+1)*width])
		if got, err := p.Predict([]tensor.Rows{one}, 1); err != nil || !slices.Equal(got, want[3*i:3*i+3]) {
			t.Fatalf("row %d alone is %v, want %v, error %v", i, got, want[3*i:3*i+3], err)
		}
	}
}
