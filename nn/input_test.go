package nn

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"pipe/base/random"
	"pipe/data/task"
	"pipe/data/tensor"
)

// parted is Data cut into two inputs.
type parted struct {
	Data
	at, width int
}

func (p parted) Gather(rows []int, into *Batch) error {
	all := Batch{Targets: into.Targets, Weights: into.Weights}
	if len(into.Inputs) > 0 {
		all.Inputs = make([]tensor.Rows, 1)
	}
	if err := p.Data.Gather(rows, &all); err != nil {
		return err
	}
	into.Weights = all.Weights
	for i := range into.Inputs {
		for r := range rows {
			row := all.Inputs[0].F32[r*p.width : (r+1)*p.width]
			into.Inputs[i].F32 = append(into.Inputs[i].F32, [][]float32{row[:p.at], row[p.at:]}[i]...)
		}
	}
	return nil
}

func partedSignature(sig Signature, at int) Signature {
	names := sig.Features
	sig.Features = nil
	sig.Inputs = []Input{{Name: "first", Type: tensor.F32, Shape: Shape{at}, Features: names[:at]},
		{Name: "second", Type: tensor.F32, Shape: Shape{len(names) - at}, Features: names[at:]}}
	return sig
}

// replacing is a Source that brings memory of its own in place of what it is given.
type replacing struct{ Data }

func (r replacing) Gather(rows []int, into *Batch) error {
	b := Batch{Inputs: make([]tensor.Rows, len(into.Inputs)), Targets: make([][]float64, 1)}
	err := r.Data.Gather(rows, &b)
	*into = b
	return err
}

// It does not matter whose memory rows come in.
func TestSourceWithItsOwnMemory(t *testing.T) {
	data := blobs("train", 90, 4, 3, 0.3)
	sig, spec := signatureOf(task.Multiclass, 4, 3), Spec{Inputs: 4, Layers: layers(Dense{Units: 5, Activation: Tanh}), Outputs: 3}
	cfg := Config{Optimizer: adam, Epochs: 3, BatchSize: 16, Shuffle: true, Seed: 3}
	want := trainModel(t, spec, sig, data, nil, cfg)
	got, err := Train(t.Context(), spec, sig, replacing{data}, nil, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if diff := FirstDifference(want, got); diff != "" {
		t.Error(diff)
	}
}

// Features that come as two inputs make the network that they make together, bit
// for bit, and the model file keeps them apart.
func TestPartedFeatures(t *testing.T) {
	data := blobs("train", 120, 5, 3, 0.3)
	ls := layers(Dense{Units: 9, Activation: Tanh}, Dropout{0.1}, Dense{Units: 4, Activation: ReLU})
	sig := signatureOf(task.Multiclass, 5, 3)
	cfg := Config{Optimizer: adam, Epochs: 6, BatchSize: 16, Shuffle: true, Seed: 3}
	want := trainModel(t, Spec{Inputs: 5, Layers: ls, Outputs: 3}, sig, data, nil, cfg)
	spec := Spec{Layers: ls, Outputs: 3, Branches: []Branch{{Input: "first", Shape: Shape{2}, Layers: []Layer{}}, {Input: "second", Shape: Shape{3}, Layers: []Layer{}}}}
	got, err := Train(t.Context(), spec, partedSignature(sig, 2), parted{data, 2, 5}, nil, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if diff := FirstDifference(want, got); diff != "" {
		t.Error(diff)
	}
	for i := range want.Summary.Features {
		if got.Summary.Features[i] != want.Summary.Features[i] {
			t.Errorf("range of feature %d: %v, want %v", i, got.Summary.Features[i], want.Summary.Features[i])
		}
	}
	file := encode(t, got)
	back, err := decode(file)
	if err != nil {
		t.Fatal(err)
	}
	if again := encode(t, back); !bytes.Equal(file, again) {
		t.Error("a model that was read is written otherwise")
	}
	p, err := back.NewPredictor()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	y, err := p.Predict([]tensor.Rows{{F32: []float32{1, 2, -1, 0}}, {F32: []float32{3, 4, 5, 1, 1, 1}}}, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range predict(t, want, []float32{1, 2, 3, 4, 5, -1, 0, 1, 1, 1}, 2) {
		if y[i] != v {
			t.Errorf("output %d is %v, want %v", i, y[i], v)
		}
	}
}

// Ragged ids are what ids with a padding are: what lies behind the end of a row
// has no say.
func TestRaggedIsPadding(t *testing.T) {
	padding := 0
	for name, tail := range map[string][]Layer{
		"lstm":        {NewLayer("lstm", &Recurrent{Units: 5, Layers: 1, Return: "last", Bidirectional: true})},
		"pool":        {NewLayer("time_pool", &TimePool{Kind: "mean"})},
		"convolution": {NewLayer("conv1d", &Conv1D{Filters: 4, Kernel: 3, Stride: 1, Dilation: 1, Padding: Same, Groups: 1, Activation: ReLU}), NewLayer("time_pool", &TimePool{Kind: "max"})},
		"transformer": {NewLayer("transformer", &Transformer{Heads: 2, Layers: 1, FeedForward: 8, Activation: GELU, Norm: "pre"}), NewLayer("time_pool", &TimePool{Kind: "mean"})},
	} {
		t.Run(name, func(t *testing.T) {
			embedding := Embedding{Vocabulary: 10, Dimensions: 4}
			branch := append([]Layer{NewLayer("embedding", &embedding)}, tail...)
			padded := embedding
			padded.Padding = &padding
			flat := untrained(task.Binary, 6, 1, append([]Layer{NewLayer("embedding", &padded)}, tail...))
			m := &Model{Signature: flat.Signature, Summary: flat.Summary, Spec: Spec{Outputs: 1, Layers: []Layer{},
				Branches: []Branch{{Input: "text", Shape: Shape{6}, Ragged: true, Layers: branch}}}}
			m.Signature.Features, m.Signature.Inputs = nil, []Input{{Name: "text", Type: tensor.I32, Shape: Shape{6}, Ragged: true}}
			for _, p := range flat.Params {
				p.Name = strings.Replace(p.Name, "layers.", "inputs.0.", 1)
				m.Params = append(m.Params, p)
			}
			var x []float32
			var ragged tensor.Rows
			noise := random.New(1, "ragged", 0)
			const rows = 20
			for i := range rows {
				n := 1 + noise.IntN(uint64(i), 6)
				for j := range 6 {
					id := 0
					if j < n {
						id = 1 + noise.IntN(uint64(100+i*6+j), 9)
						ragged.I32 = append(ragged.I32, int32(id))
					}
					x = append(x, float32(id))
				}
				ragged.Ends = append(ragged.Ends, len(ragged.I32))
			}
			p, err := m.NewPredictor()
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			got, err := p.Predict([]tensor.Rows{ragged}, rows)
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range predict(t, flat, x, rows) {
				if math.Float64bits(got[i]) != math.Float64bits(want) {
					t.Errorf("row %d is %v, want %v", i, got[i], want)
				}
			}
			// A row that is longer than any in training counts as far as they went.
			longer := tensor.Rows{I32: []int32{1, 2, 3, 4, 5, 6, 7, 8}, Ends: []int{8}}
			if n := m.Signature.Inputs[0].Longer(longer); n != 1 {
				t.Errorf("%d rows are longer", n)
			}
			cut, err := p.Predict([]tensor.Rows{longer}, 1)
			if err != nil {
				t.Fatal(err)
			}
			if want := predict(t, flat, []float32{1, 2, 3, 4, 5, 6}, 1); cut[0] != want[0] {
				t.Errorf("cut to %v, want %v", cut[0], want[0])
			}
		})
	}
}

// A model file can name no inputs that are none, or other ones than its network.
func TestInputsThatCannotBe(t *testing.T) {
	good := func() *Model {
		m := untrained(task.Regression, 5, 1, nil)
		m.Signature = partedSignature(m.Signature, 2)
		m.Spec = Spec{Outputs: 1, Layers: []Layer{}, Branches: []Branch{{Input: "first", Shape: Shape{2}, Layers: []Layer{}}, {Input: "second", Shape: Shape{3}, Layers: []Layer{}}}}
		return m
	}
	if err := good().validate(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Model){
		"same name":      func(m *Model) { m.Signature.Inputs[1].Name = "first" },
		"unknown type":   func(m *Model) { m.Signature.Inputs[0].Type = "f16" },
		"no shape":       func(m *Model) { m.Signature.Inputs[0].Shape, m.Spec.Branches[0].Shape = nil, nil },
		"negative shape": func(m *Model) { m.Signature.Inputs[0].Shape, m.Spec.Branches[0].Shape = Shape{-2}, Shape{-2} },
		"huge shape": func(m *Model) {
			s := Shape{1 << 40, 1 << 40}
			m.Signature.Inputs[0].Shape, m.Spec.Branches[0].Shape = s, s
		},
		"other shape":     func(m *Model) { m.Spec.Branches[0].Shape = Shape{1, 2} },
		"other name":      func(m *Model) { m.Spec.Branches[0].Input = "third" },
		"no branches":     func(m *Model) { m.Spec.Branches = nil },
		"ragged in one":   func(m *Model) { m.Spec.Branches[0].Ragged = true },
		"features too":    func(m *Model) { m.Signature.Features = []string{"x"} },
		"too many names":  func(m *Model) { m.Signature.Inputs[0].Features = []string{"a", "b", "c"} },
		"scale":           func(m *Model) { m.Signature.Inputs[0].Scale = math.Inf(1) },
		"inputs and size": func(m *Model) { m.Spec.Inputs = 5 },
	} {
		m := good()
		change(m)
		if err := m.validate(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// Channels are normalised where rows become what the network gets, of bytes as of others.
func TestNormalisedChannels(t *testing.T) {
	in := Input{Name: "photo", Type: tensor.U8, Shape: Shape{2, 1, 2}, Scale: PixelScale, Center: []float64{0.5, 0.25}, Deviation: []float64{0.5, 2}}
	levels := []uint8{9, 9, 9, 9, 0, 255, 51, 255}
	floats := make([]float32, len(levels))
	for i, v := range levels {
		floats[i] = float32(v)
	}
	want := []float32{-1, 1, -0.025, 0.375}
	for _, rows := range []tensor.Rows{{U8: levels}, {F32: floats}} {
		g := newGiven([]Input{in}, 1)
		in.fill(g[0], &rows, 1)
		for i, v := range g[0].values {
			if d := v - want[i]; d > 1e-7 || d < -1e-7 {
				t.Errorf("number %d is %v, want %v", i, v, want[i])
			}
		}
	}
	if f := (Input{Type: tensor.F32, Shape: in.Shape, Center: in.Center, Deviation: in.Deviation}); f.plain() {
		t.Error("numbers that are to be normalised are taken as they are")
	}
	for _, bad := range []Input{{Center: []float64{1, 2}}, {Center: []float64{1}, Deviation: []float64{1}}, {Center: []float64{0, 0}, Deviation: []float64{0, 1}},
		{Center: []float64{0, math.NaN()}, Deviation: []float64{1, 1}}, {Center: []float64{0, 0}, Deviation: []float64{1, math.Inf(1)}}} {
		bad.Name, bad.Type, bad.Shape = in.Name, in.Type, in.Shape
		if err := (&Signature{Inputs: []Input{bad}}).checkInputs(); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}
