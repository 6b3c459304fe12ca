package nn

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"pipe/base/random"
	"pipe/data/task"
	"pipe/nn/cpu"
	"pipe/nn/cpu/kernel"
)

var (
	steps  = flag.Int("steps", 9, "steps of training for tests that compare bits; the long form is 200")
	update = flag.Bool("update", false, "rewrite testdata/bits.txt")
)

// A sample is a network with the data that it is for.
type sample struct {
	layers []Layer
	inputs int
	tokens int // inputs are token ids below this, of which 0 pads; 0: they are numbers
	sets   func(*Config)
}

// samples are the presets, and between them every kind of layer.
func samples() map[string]sample {
	zero := 0
	one, units := Pair{1, 1}, 12
	pool := &Pool{Size: Pair{2, 2}, Stride: Pair{2, 2}}
	conv1 := func(filters, kernel int, padding Padding, act Activation) Layer {
		return NewLayer("conv1d", &Conv1D{Filters: filters, Kernel: kernel, Stride: 1, Dilation: 1, Groups: 1, Padding: padding, Activation: act})
	}
	image := []int{2, 8, 6}
	return map[string]sample{
		"mlp":    {layers: Expand([]Layer{NewLayer("mlp", &MLP{Units: []int{20, 12}, Activation: SiLU, Dropout: 0.2, BatchNorm: true})}, ""), inputs: 7},
		"cnn":    {layers: Expand([]Layer{NewLayer("cnn", &CNN{Image: image, Filters: []int{5, 6}, Kernel: 3, Dense: 9, Activation: ReLU, Dropout: 0.1, BatchNorm: true})}, ""), inputs: 96},
		"tcn":    {layers: Expand([]Layer{NewLayer("reshape", &Reshape{Dims: []int{24, 4}}), NewLayer("tcn", &TCN{Filters: 5, Kernel: 2, Blocks: 2, Activation: ReLU, Dropout: 0.1}), NewLayer("time_pool", &TimePool{Kind: "last"})}, ""), inputs: 96},
		"resnet": {layers: Expand([]Layer{NewLayer("resnet", &ResNet{Image: image, Filters: []int{4, 6}, Blocks: 1, Dropout: 0.1})}, ""), inputs: 96},
		"lstm": {layers: Expand([]Layer{NewLayer("lstm", &Recurrent{Vocabulary: 11, Padding: &zero, Units: 9, Layers: 2, Bidirectional: true, Return: "last", Dropout: orNil(0.1)})}, ""),
			inputs: 7, tokens: 11},
		"gru": {layers: Expand([]Layer{NewLayer("gru", &Recurrent{Steps: 6, Units: 10, Layers: 1, Return: "last", Dropout: new(float64)})}, ""), inputs: 18},
		"transformer": {layers: Expand([]Layer{NewLayer("transformer", &Transformer{Vocabulary: 13, Padding: &zero, Units: &units,
			Heads: 3, FeedForward: 48, Layers: 2, Dropout: 0.1, Activation: GELU, Norm: "pre"})}, ""),
			inputs: 9, tokens: 13},
		"windows": {inputs: 96, layers: []Layer{
			NewLayer("reshape", &Reshape{Dims: image}),
			NewLayer("concat", &Concat{Branches: [][]Layer{
				{NewLayer("conv2d", &Conv2D{Filters: 4, Kernel: Pair{3, 2}, Stride: one, Dilation: Pair{2, 1}, Padding: Same, Groups: 2, Activation: LeakyReLU})},
				{NewLayer("conv2d", &Conv2D{Filters: 3, Kernel: one, Stride: one, Dilation: one, Padding: Valid, Groups: 1, Activation: ELU, NoBias: true}),
					NewLayer("group_norm", &GroupNorm{Groups: 3, Epsilon: 1e-5})},
				{},
			}}),
			NewLayer("spatial_dropout", &SpatialDropout{Rate: 0.2}),
			NewLayer("average_pool", pool),
			NewLayer("conv2d", &Conv2D{Filters: 6, Kernel: Pair{3, 3}, Stride: Pair{2, 1}, Dilation: one, Padding: "1", Groups: 3, Activation: Softplus}),
			NewLayer("global_pool", &GlobalPool{Kind: "max"}),
		}},
		"sequences": {inputs: 8, tokens: 10, layers: []Layer{
			NewLayer("embedding", &Embedding{Vocabulary: 10, Dimensions: 8, Padding: &zero}),
			NewLayer("position", &Position{Kind: "learned"}),
			conv1(10, 3, Causal, GELU),
			NewLayer("rms_norm", &RMSNorm{Epsilon: 1e-6}),
			NewLayer("residual", &Residual{Layers: []Layer{NewLayer("attention", &Attention{Heads: 2, Causal: true, Dropout: 0.1, KeyDimensions: 3})}}),
			NewLayer("batch_norm", &BatchNorm{Momentum: 0.1, Epsilon: 1e-5}),
			NewLayer("gru", &Recurrent{Units: 6, Layers: 1, Bidirectional: true, Return: "sequence"}),
			NewLayer("residual", &Residual{Layers: []Layer{dense(7, Tanh)}}),
			NewLayer("time_pool", &TimePool{Kind: "max"}),
		}},
		"pooled sequences": {inputs: 16, layers: []Layer{
			NewLayer("reshape", &Reshape{Dims: []int{8, 2}}),
			conv1(5, 2, Same, Sigmoid),
			NewLayer("layer_norm", &LayerNorm{Epsilon: 1e-5}),
			NewLayer("max_pool", pool), NewLayer("average_pool", &Pool{Size: Pair{2, 2}, Stride: Pair{1, 1}}),
			NewLayer("group_norm", &GroupNorm{Groups: 5, Epsilon: 1e-5}),
			NewLayer("lstm", &Recurrent{Units: 5, Layers: 1, Return: "sequence"}), NewLayer("time_pool", &TimePool{Kind: "last"}),
		}},
		"softmax": {inputs: 12, layers: []Layer{
			dense(12, Softmax), NewLayer("reshape", &Reshape{Dims: []int{4, 3}}), NewLayer("activation", &Activate{Kind: Softmax}), dense(5, Softmax), NewLayer("flatten", &Flatten{}),
		}},
		"settings": {inputs: 7, layers: Expand([]Layer{NewLayer("mlp", &MLP{Units: []int{10}, Activation: Tanh, Dropout: 0.1})}, ""), sets: func(c *Config) {
			c.Optimizer = SGD{LearningRate: 0.05, Momentum: 0.9, Nesterov: true, WeightDecay: 1e-3}
			c.Schedule = Cosine{Warmup: 1}
			c.Accumulate, c.Average, c.ClipNorm, c.ClipValue, c.L1, c.DecayWeights = 2, 0.9, 0.5, 0.3, 1e-4, true
			c.Loss.CrossEntropy = &CrossEntropy{LabelSmoothing: 0.1}
			c.ClassWeights = []float64{1, 2, 0.5}
		}},
	}
}

// training is 22 rows of three classes in batches of 8, so that the last batch
// of an epoch is smaller.
func (s sample) training() (Spec, Signature, Data, Config) {
	const rows = 22
	stream := random.New(4, "rows", 0)
	d := Data{Rows: rows}
	for i := range rows {
		for j := range s.inputs {
			k := uint64(i*s.inputs + j)
			switch {
			case s.tokens == 0:
				d.Features = append(d.Features, 2*stream.Float32(k)-1)
			case j >= 2+i%(s.inputs-1): // padding
				d.Features = append(d.Features, 0)
			default:
				d.Features = append(d.Features, float32(1+stream.IntN(k, s.tokens-1)))
			}
		}
		d.Target = append(d.Target, float64(i%3))
	}
	cfg := Config{Optimizer: adam, Epochs: (*steps + 2) / 3, BatchSize: 8, Shuffle: true, Seed: 3}
	if s.sets != nil {
		s.sets(&cfg)
	}
	return Spec{Inputs: s.inputs, Layers: s.layers, Outputs: 3}, signatureOf(task.Multiclass, s.inputs, 3), d, cfg
}

func (s sample) train(t *testing.T, change func(*Config)) *Model {
	t.Helper()
	spec, sig, data, cfg := s.training()
	change(&cfg)
	m, err := Train(t.Context(), spec, sig, data, data, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Every layer gives the same bits on every instruction set, number of threads
// and architecture: those of testdata/bits.txt, made on amd64 with AVX2.
func TestBitsAreTheSameEverywhere(t *testing.T) {
	const file = "testdata/bits.txt"
	stored, err := os.ReadFile(file)
	if err != nil && !*update {
		t.Fatal(err)
	}
	t.Log(kernel.Tables())
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(samples())) {
		s := samples()[name]
		t.Run(name, func(t *testing.T) {
			var first []byte
			for _, table := range kernel.Tables() {
				for _, threads := range []int{1, 2, 3, 5} {
					if testing.Short() && threads != 1 && threads != 3 {
						continue
					}
					b := encode(t, s.train(t, func(c *Config) { c.Backend, c.Threads = cpu.On(table), threads }))
					if first == nil {
						first = b
					}
					if !bytes.Equal(b, first) {
						t.Errorf("%v, %d threads: other bytes", table, threads)
					}
				}
			}
			fmt.Fprintf(&lines, "%d steps  %x  %s\n", *steps, sha256.Sum256(first), name)
		})
	}
	if *update {
		if err := os.WriteFile(file, []byte(lines.String()), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if *steps == 9 && lines.String() != string(stored) {
		t.Errorf("got\n%swant\n%s(go test ./nn -update rewrites %s)", lines.String(), stored, file)
	}
}

// A training that is interrupted after any of its steps and goes on from the
// checkpoint gives the bytes of one that was not.
func TestNetworksGoOnFromCheckpoints(t *testing.T) {
	for name, s := range samples() {
		t.Run(name, func(t *testing.T) {
			want := encode(t, s.train(t, func(c *Config) {}))
			for _, stop := range []int{1, 3, 5} {
				spec, sig, data, cfg := s.training()
				ctx, cancel := context.WithCancel(t.Context())
				var saved bytes.Buffer
				calls := 0
				cfg.Checkpoint = func(save func(io.Writer) error) {
					if calls++; calls == stop {
						if err := save(&saved); err != nil {
							t.Error(err)
						}
						cancel()
					}
				}
				if _, err := Train(ctx, spec, sig, data, data, cfg); !errors.Is(err, context.Canceled) {
					t.Fatalf("got error %v", err)
				}
				got := encode(t, s.train(t, func(c *Config) {
					c.Resume = &saved
					c.OnAnew = func(why error) { t.Errorf("the checkpoint was not used: %v", why) }
				}))
				if !bytes.Equal(got, want) {
					t.Errorf("other bytes after a stop at %d", stop)
				}
			}
		})
	}
}

// What a model says about a row does not depend on the rows beside it, and is
// the same when it is read back.
func TestNetworksPredict(t *testing.T) {
	for name, s := range samples() {
		t.Run(name, func(t *testing.T) {
			m := s.train(t, func(c *Config) {})
			_, _, data, _ := s.training()
			all := predict(t, m, data.Features, data.Rows)
			back, err := decode(encode(t, m))
			if err != nil {
				t.Fatal(err)
			}
			for i := range data.Rows {
				one := predict(t, back, data.Features[i*s.inputs:(i+1)*s.inputs], 1)
				if !slices.Equal(one, all[i*3:i*3+3]) {
					t.Fatalf("row %d alone is %v, among others %v", i, one, all[i*3:i*3+3])
				}
			}
		})
	}
}

// Padding behind the end of a sequence changes nothing.
func TestPaddingChangesNothing(t *testing.T) {
	for _, name := range []string{"lstm", "transformer", "sequences"} {
		t.Run(name, func(t *testing.T) {
			s := samples()[name]
			m := s.train(t, func(c *Config) {})
			row := make([]float32, s.inputs)
			row[0], row[1] = 3, 5
			want := predict(t, m, row, 1)
			for i := range m.Params { // whatever the vector of the padding is
				if p := &m.Params[i]; p.Name == "layers.0.weight" {
					for j := range p.Shape[1] {
						p.Data[j] = 100
					}
				}
			}
			if got := predict(t, m, row, 1); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// A step of training allocates nothing, whatever the layers are.
func TestStepsAllocateNothing(t *testing.T) {
	for name, s := range samples() {
		t.Run(name, func(t *testing.T) {
			spec, sig, data, cfg := s.training()
			tr, _, err := newTrainer(spec, sig, data, nil, cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer tr.close()
			p := tr.plans[tr.cfg.BatchSize]
			if n := testing.AllocsPerRun(20, func() {
				if err := p.run(1); err != nil {
					t.Fatal(err)
				}
			}); n != 0 {
				t.Errorf("%v allocations for each step", n)
			}
		})
	}
}
