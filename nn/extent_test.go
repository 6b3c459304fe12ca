package nn

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"pipe/base/random"
	"pipe/data/task"
	"pipe/data/tensor"
	"pipe/nn/cpu"
	"pipe/nn/cpu/kernel"
)

// uneven is rows of ids and of a series, of which few are long.
type uneven struct {
	ids, series tensor.Rows
	target      []float64
}

const unevenIDs, unevenSteps, unevenValues = 70, 23, 3 // the longest text, the longest series, and the values of a step

// unevenRows are rows of three classes. The longest text and the longest series are not in the same one.
func unevenRows(n int) *uneven {
	u := &uneven{}
	stream := random.New(8, "uneven", 0)
	for i := range n {
		ids, steps := 1+stream.IntN(uint64(i), 12), 1+stream.IntN(uint64(i+n), 9)
		switch i % 29 {
		case 3:
			ids = unevenIDs
		case 11:
			ids, steps = 33, unevenSteps
		}
		for j := range ids {
			u.ids.I32 = append(u.ids.I32, int32(1+stream.IntN(uint64(1000*i+j), 9)))
		}
		for j := range steps * unevenValues {
			u.series.F32 = append(u.series.F32, 2*stream.Float32(uint64(1_000_000+1000*i+j))-1)
		}
		u.ids.Ends, u.series.Ends = append(u.ids.Ends, len(u.ids.I32)), append(u.series.Ends, len(u.series.F32))
		u.target = append(u.target, float64(i%3))
	}
	return u
}

func (u *uneven) Len() int { return len(u.target) }

func (u *uneven) Gather(rows []int, into *Batch) error {
	for i := range into.Inputs {
		into.Inputs[i].Take([]*tensor.Rows{&u.ids, &u.series}[i], rows, 0)
	}
	for _, r := range rows {
		into.Targets[0] = append(into.Targets[0], u.target[r])
		into.Weights = append(into.Weights, 1+float32(r%2))
	}
	return nil
}

// unevenNetwork has layers for the ids and for the series.
func unevenNetwork(ids, series []Layer) (Spec, Signature) {
	sig := signatureOf(task.Multiclass, 1, 3)
	sig.Features = nil
	sig.Inputs = []Input{{Name: "text", Type: tensor.I32, Shape: Shape{unevenIDs}, Ragged: true},
		{Name: "series", Type: tensor.F32, Shape: Shape{unevenSteps, unevenValues}, Ragged: true}}
	spec := Spec{Outputs: 3, Layers: layers(Dense{Units: 5, Activation: Tanh})}
	for i, list := range [][]Layer{append([]Layer{NewLayer("embedding", &Embedding{Vocabulary: 10, Dimensions: 4})}, ids...), series} {
		in := sig.Inputs[i]
		spec.Branches = append(spec.Branches, Branch{Input: in.Name, Shape: in.Shape, Ragged: true, Layers: Expand(list, "")})
	}
	return spec, sig
}

// unevenNetworks are those that do with fewer steps.
func unevenNetworks(rate float64) map[string][2][]Layer {
	pool := func(kind TimePooling) Layer { return NewLayer("time_pool", &TimePool{Kind: kind}) }
	gru := func(l Recurrent) Layer { l.Units, l.Dropout = 5, &rate; return NewLayer("gru", &l) }
	lstm := func(l Recurrent) Layer { l.Units, l.Dropout = 5, &rate; return NewLayer("lstm", &l) }
	conv := func(p Padding) Layer {
		return NewLayer("conv1d", &Conv1D{Filters: 4, Kernel: 3, Stride: 1, Dilation: 2, Padding: p, Groups: 1, Activation: ReLU})
	}
	drop := NewLayer("dropout", &Dropout{Rate: rate})
	batchNorm, layerNorm := NewLayer("batch_norm", &BatchNorm{Momentum: .1, Epsilon: 1e-5}), NewLayer("layer_norm", &LayerNorm{Epsilon: 1e-5})
	transformer := NewLayer("transformer", &Transformer{Heads: 2, Layers: 2, FeedForward: 8, Activation: GELU, Norm: "pre", Dropout: rate})
	return map[string][2][]Layer{
		"recurrent": {
			{drop, lstm(Recurrent{Layers: 2, Return: "last", Bidirectional: true})},
			{gru(Recurrent{Layers: 1, Return: "sequence", Bidirectional: true}), pool("mean")},
		},
		"convolution": {
			{conv(Same), NewLayer("residual", &Residual{Layers: []Layer{conv(Causal), drop, dense(4, Linear)}}), pool("max")},
			{conv(Causal), pool("last")},
		},
		"transformer": {
			{NewLayer("position", &Position{Kind: "sinusoidal"}), transformer, pool("mean")},
			{dense(4, ReLU), NewLayer("rms_norm", &RMSNorm{Epsilon: 1e-5}), NewLayer("attention", &Attention{Heads: 2, Causal: true, Dropout: rate}), pool("last")},
		},
		"norms": {
			{dense(6, Tanh), NewLayer("concat", &Concat{Branches: [][]Layer{{}, {layerNorm, drop}}}), pool("mean")},
			{layerNorm, NewLayer("concat", &Concat{Branches: [][]Layer{{pool("max")}, {gru(Recurrent{Layers: 1, Return: "last"})}}})},
		},
		batchNorms: {
			{dense(6, Tanh), batchNorm, pool("mean")},
			{batchNorm, gru(Recurrent{Layers: 1, Return: "last"})},
		},
	}
}

// batchNorms is the network that normalises over batches. What it sums is in blocks of
// steps, those that are filled up counted, so that the last digits are others.
const batchNorms = "batch norms"

func unevenConfig() Config {
	return Config{Optimizer: adam, Epochs: 2, BatchSize: 7, Shuffle: true, Seed: 3}
}

// train trains on batches of as many extents as are given; 0: all that there are.
func (u *uneven) train(t *testing.T, net [2][]Layer, most int, change func(*Config)) (*Model, *trainer) {
	t.Helper()
	spec, sig := unevenNetwork(net[0], net[1])
	cfg := unevenConfig()
	if change != nil {
		change(&cfg)
	}
	tr, m, err := newTrainer(spec, sig, u, u, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := tr.close(); err != nil {
			t.Error(err)
		}
	}()
	if most > 0 {
		tr.extents = tr.extents[:most]
		tr.train.extents, tr.validate.extents = tr.extents, tr.extents
	}
	tr.resume()
	if err := tr.fit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := tr.finish(m); err != nil {
		t.Fatal(err)
	}
	return m, tr
}

// Networks learn from batches of short rows what they learn from the same rows filled up
// to the longest of all, without dropout, and measure the same of them.
func TestShortBatchesAreLongOnes(t *testing.T) {
	u := unevenRows(60)
	for name, net := range unevenNetworks(0) {
		t.Run(name, func(t *testing.T) {
			short, tr := u.train(t, net, 0, nil)
			if len(tr.extents) < 10 {
				t.Fatalf("%d extents", len(tr.extents))
			}
			long, _ := u.train(t, net, 1, nil)
			if name != batchNorms {
				if diff := FirstDifference(long, short); diff != "" {
					t.Error(diff)
				}
				return
			}
			for i, p := range short.Params {
				for j, v := range p.Data {
					if d := v - long.Params[i].Data[j]; !(d < 1e-4 && d > -1e-4) {
						t.Fatalf("number %d of %s is %v, of long batches %v", j, p.Name, v, long.Params[i].Data[j])
					}
				}
			}
		})
	}
}

// What a model says of a row does not depend on how far it is filled up, to the bit.
func TestShortRowsArePredictedAsAmongLongOnes(t *testing.T) {
	u := unevenRows(60)
	all := []tensor.Rows{u.ids, u.series}
	for name, net := range unevenNetworks(0.2) {
		t.Run(name, func(t *testing.T) {
			m, _ := u.train(t, net, 0, nil)
			p, err := m.NewPredictor()
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			want, err := p.Predict(all, u.Len())
			if err != nil {
				t.Fatal(err)
			}
			for i := range u.Len() {
				one := make([]tensor.Rows, 2)
				for j := range one {
					one[j].Take(&all[j], []int{i}, 0)
				}
				got, err := p.Predict(one, 1)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(got, want[3*i:3*i+3]) {
					t.Errorf("row %d alone is %v, among longer ones %v", i, got, want[3*i:3*i+3])
				}
			}
			if n := len(p.nets[1].shorter); n < 2 {
				t.Errorf("%d plans for short rows", n)
			}
		})
	}
}

// Batches of many extents give the same bits on every number of threads and table of
// kernels, and after a stop at any step.
func TestShortBatchesAreTheSameEverywhere(t *testing.T) {
	u := unevenRows(60)
	nets := unevenNetworks(0.2)
	for _, name := range slices.Sorted(maps.Keys(nets)) {
		t.Run(name, func(t *testing.T) {
			first, _ := u.train(t, nets[name], 0, func(c *Config) { c.Threads = 1 })
			want := encode(t, first)
			for _, table := range kernel.Tables() {
				m, _ := u.train(t, nets[name], 0, func(c *Config) { c.Backend, c.Threads = cpu.On(table), 3 })
				if !bytes.Equal(encode(t, m), want) {
					t.Errorf("%v: other bytes", table)
				}
			}
			for _, stop := range []int{2, 5, 11} {
				saved := u.stopped(t, nets[name], stop)
				m, _ := u.train(t, nets[name], 0, func(c *Config) {
					c.Resume = saved
					c.OnAnew = func(why error) { t.Errorf("the checkpoint was not used: %v", why) }
				})
				if !bytes.Equal(encode(t, m), want) {
					t.Errorf("other bytes after a stop at %d", stop)
				}
			}
		})
	}
}

// stopped is the checkpoint of a training that ends after so many steps.
func (u *uneven) stopped(t *testing.T, net [2][]Layer, stop int) *bytes.Buffer {
	t.Helper()
	spec, sig := unevenNetwork(net[0], net[1])
	cfg, saved, calls := unevenConfig(), &bytes.Buffer{}, 0
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cfg.Checkpoint = func(save func(io.Writer) error) {
		if calls++; calls == stop {
			if err := save(saved); err != nil {
				t.Error(err)
			}
			cancel()
		}
	}
	if _, err := Train(ctx, spec, sig, u, u, cfg); !errors.Is(err, context.Canceled) {
		t.Fatalf("got error %v", err)
	}
	return saved
}

// Networks to which the number of steps matters, be it filled up, keep it.
func TestNetworksThatKeepTheLength(t *testing.T) {
	last := NewLayer("time_pool", &TimePool{Kind: "mean"})
	conv := func(stride int, p Padding) Layer {
		return NewLayer("conv1d", &Conv1D{Filters: 4, Kernel: 3, Stride: stride, Dilation: 1, Padding: p, Groups: 1, Activation: ReLU})
	}
	for name, list := range map[string][]Layer{
		"flatten":        {NewLayer("flatten", &Flatten{})},
		"reshape":        {NewLayer("reshape", &Reshape{Dims: []int{-1}})},
		"positions":      {NewLayer("position", &Position{Kind: "learned"}), last},
		"stride":         {conv(2, Same), last},
		"valid":          {conv(1, Valid), last},
		"number":         {conv(1, "1"), last},
		"max_pool":       {NewLayer("max_pool", &Pool{Size: Pair{2}, Stride: Pair{2}, Padding: Pair{0}}), last},
		"group_norm":     {NewLayer("group_norm", &GroupNorm{Groups: 2, Epsilon: 1e-5}), last},
		"residual":       {NewLayer("residual", &Residual{Layers: []Layer{conv(1, "1")}}), last},
		"behind another": {NewLayer("layer_norm", &LayerNorm{Epsilon: 1e-5}), NewLayer("flatten", &Flatten{})},
	} {
		spec, sig := unevenNetwork(list, []Layer{NewLayer("gru", &Recurrent{Units: 3, Layers: 1, Return: "last"})})
		if err := spec.Validate(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := spec.anyLength(); got[0] || !got[1] {
			t.Errorf("%s: %v", name, got)
		}
		for _, e := range extentsOf(&specArchitecture{spec: spec}, sig.Inputs) {
			if !slices.Equal(e.inputs[0].Shape, sig.Inputs[0].Shape) || !slices.Equal(e.arch.(*specArchitecture).spec.Branches[1].Shape, e.inputs[1].Shape) {
				t.Errorf("%s: an extent is %v", name, e.inputs)
			}
		}
	}
	// Sequences that are joined, and ids that are taken for features.
	spec, sig := unevenNetwork(nil, []Layer{dense(4, Linear)})
	spec.Branches[0].Shape, sig.Inputs[0].Shape = Shape{unevenSteps}, Shape{unevenSteps}
	spec.Layers = []Layer{last}
	if err := spec.Validate(); err != nil || slices.Contains(spec.anyLength(), true) {
		t.Errorf("joined: %v, error %v", spec.anyLength(), err)
	}
	spec = Spec{Outputs: 1, Layers: []Layer{}, Branches: []Branch{{Input: "ids", Shape: Shape{40}, Ragged: true, Layers: layers(Dense{Units: 2, Activation: ReLU})}}}
	if err := spec.Validate(); err != nil || spec.anyLength()[0] {
		t.Errorf("features: %v, error %v", spec.anyLength(), err)
	}
}

// Each batch is in the shortest extent that holds it, with at most a fifth to spare but
// for the shortest, and short lengths are few.
func TestExtents(t *testing.T) {
	spec, sig := unevenNetwork([]Layer{NewLayer("time_pool", &TimePool{Kind: "max"})}, []Layer{NewLayer("time_pool", &TimePool{Kind: "max"})})
	list := extentsOf(&specArchitecture{spec: spec}, sig.Inputs)
	steps := [2][]int{}
	for _, e := range list {
		for i := range steps {
			if b := e.arch.(*specArchitecture).spec.Branches[i].Shape; !slices.Equal(b, e.inputs[i].Shape) {
				t.Errorf("the network has %v for %v", b, e.inputs[i].Shape)
			}
			steps[i] = append(steps[i], e.inputs[i].Shape[0])
		}
	}
	if got := fmt.Sprint(steps); got != "[[70 64 56 48 40 32 28 24 20 16 14 12 10 8] [23 20 16 14 12 10 8 8 8 8 8 8 8 8]]" {
		t.Errorf("extents are %s", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 100_000).Draw(t, "longest")
		n := rapid.IntRange(1, most).Draw(t, "steps")
		length, lengths := most, 1
		for length > shortest && shorter(length) >= n {
			length = shorter(length)
			lengths++
		}
		if length < n || length > max(shortest, n*5/4) && length != most || lengths > 60 {
			t.Fatalf("%d steps of at most %d take %d, the %dth length", n, most, length, lengths)
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		var rows [2]tensor.Rows
		n, longest := rapid.IntRange(1, 4).Draw(t, "rows"), [2]int{}
		for range n {
			for i, width := range []int{1, unevenValues} {
				steps := rapid.IntRange(0, 90).Draw(t, "steps")
				longest[i] = max(longest[i], min(steps, list[0].inputs[i].Shape[0]))
				end := steps * width
				if k := len(rows[i].Ends); k > 0 {
					end += rows[i].Ends[k-1]
				}
				rows[i].Ends = append(rows[i].Ends, end)
			}
		}
		at := list.holding(rows[:], 0, n)
		holds := func(at int) bool {
			return list[at].inputs[0].Shape[0] >= longest[0] && list[at].inputs[1].Shape[0] >= longest[1]
		}
		if !holds(at) || at+1 < len(list) && holds(at+1) {
			t.Fatalf("rows of %v steps are in extent %d", longest, at)
		}
	})
}
