package train

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"pipe/base/diag"
	"pipe/nn"
	"pipe/pipeline"
	"pipe/pipeline/pipelinetest"
)

// Layers that do not fit are reported where they are written, with what to do.
func TestMisfitLayers(t *testing.T) {
	for name, c := range map[string]struct {
		with         string
		line, column int
		want, hint   string
	}{
		"rank": {`
network:
  - dense: 8
  - conv2d: {filters: 8, kernel: 3}
`, 4, 13, "network.1.conv2d: wants an image (channels, height, width), but gets features (8)", "reshape: [channels, height, width]"},
		"setting": {`
network:
  - reshape: [3, 8, 8]
  - conv2d:
      filters: 8
      kernel: 3
      groups: 2
`, 7, 15, "network.1.conv2d.groups: cannot divide the 3 channels that it gets into 2 groups", "divisor"},
		"kernel of a pair": {`
network:
  - reshape: [3, 8, 8]
  - conv2d: {filters: 8, kernel: [3, 9], padding: valid}
`, 4, 34, "reaches over 9 values, but the width of its input (3, 8, 8) is 8", "smaller"},
		"bare layer": {`
network:
  - flatten
  - time_pool
`, 4, 5, "network.1.time_pool: wants a sequence (steps, values)", "reshape: [steps, values]"},
		"of no data": {`
network:
  - conv2d: {filters: 8, kernel: 3}
  - lstm: 4
`, 4, 11, "network.1.lstm: wants a sequence (steps, values), but gets an image (8, ?, ?)", ""},
		"in a short residual": {`
network:
  - dense: 8
  - residual:
    - dense: 8
    - lstm: 4
`, 6, 13, "network.1.residual.layers.1.lstm: wants a sequence", ""},
		"in a long residual": {`
network:
  - dense: 8
  - residual:
      layers: [{dense: 8}, {lstm: 4}]
`, 5, 35, "network.1.residual.layers.1.lstm: wants a sequence", ""},
		"in a branch": {`
network:
  - dense: 8
  - concat: [[], [{dense: 3}, {gru: 3}]]
`, 4, 37, "network.1.concat.branches.1.1.gru: wants a sequence", ""},
		"in a preset": {`
network:
  - dense: 8
  - cnn: [4, 8]
`, 4, 10, "network.1.cnn: its conv2d wants an image", ""},
		"behind a preset": {`
network:
  - cnn: {image: [1, 8, 8], filters: [4, 8]}
  - flatten
  - global_pool: max
`, 5, 18, "network.2.global_pool: wants an image", ""},
		"preset alone": {`
network: {cnn: {image: [1, 2, 2], filters: [4, 8]}}
`, 2, 16, "network.0.cnn: its max_pool reaches over 2 values, but the height of its input (8, 1, 1) is 1", ""},
		"shapes of branches": {`
network:
  - reshape: [8, 4]
  - concat: [[{lstm: 4}], []]
`, 4, 5, "network.1.concat.branches: cannot join (8, 4) of branch 2 with (4)", ""},
		"the end": {`
network:
  - reshape: [8, 4]
  - lstm: {units: 4, return: sequence}
`, 4, 11, "the output layer wants features, but the last layer gives a sequence (8, 4)", "time_pool: mean"},
		"ids": {`
network:
  - dense: 8
  - embedding: {vocabulary: 10, dimensions: 2}
`, 4, 16, "wants token ids of the data set", "put it first"},
		"padding id": {`
network:
  - embedding: {vocabulary: 10, dimensions: 2, padding: 10}
  - time_pool
`, 3, 57, "padding 10: want 0 to 9", ""},
		"softmax of images": {`
network:
  - reshape: [3, 8, 8]
  - activation: softmax
`, 4, 17, "softmax is of features or of the steps of a sequence, but it gets an image (3, 8, 8)", "flatten"},
		"units of a layer": {`
network:
  - lstm: {steps: 5, return: sequence}
  - transformer: {units: 8}
  - time_pool
`, 4, 26, "a transformer layer has the dimensions of its input", ""},
		"ids and steps": {`
network: {gru: {vocabulary: 10, steps: 4}}
`, 2, 40, "either token ids (vocabulary) or the values of steps (steps)", ""},
		"padding without ids": {`
network: {lstm: {padding: 0, steps: 4}}
`, 2, 27, "there is no vocabulary", ""},
		"in a preset of sequences": {`
network: {transformer: {vocabulary: 10, units: 6}}
`, 2, 24, "network.0.transformer: its transformer cannot divide 6 dimensions among 4 heads", "divisor"},
		"heads": {`
network:
  - embedding: {vocabulary: 10, dimensions: 6}
  - transformer: {heads: 4, feed_forward: 8}
  - time_pool
`, 4, 26, "cannot divide 6 dimensions among 4 heads", "divisor"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pipeline.DecodeStage(Kind(nil), c.with)
			var list diag.List
			if !errors.As(err, &list) || len(list) != 1 {
				t.Fatalf("got %v", err)
			}
			d := list[0]
			if !strings.Contains(d.Msg, c.want) || !strings.Contains(d.Hint, c.hint) || d.Pos.Line != c.line || d.Pos.Column != c.column {
				t.Errorf("got %d:%d %s (hint: %s), want %d:%d", d.Pos.Line, d.Pos.Column, d.Msg, d.Hint, c.line, c.column)
			}
		})
	}
}

// A network without branches may be for the only input of a data set, which is a
// picture or a series as well as features.
func TestLayersOfTheOnlyInput(t *testing.T) {
	for _, with := range []string{
		"network: {cnn: [8]}", "network: {resnet: [8]}", "network: [{conv2d: {filters: 8, kernel: 3}}, {global_pool: max}]",
		"network: [{gru: 16}]", "network: [{dense: 8}, time_pool]", "network: [{transformer: {heads: 2, feed_forward: 8}}, time_pool]",
	} {
		if _, err := pipeline.DecodeStage(Kind(nil), with); err != nil {
			t.Errorf("%s: %v", with, err)
		}
	}
}

// What depends on the number of features is as clear when it is known.
func TestMisfitFeatures(t *testing.T) {
	_, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: Kind(nil), Inputs: inputs(t, species), With: `
network:
  - reshape: [1, 3, 3]
  - flatten
`})
	if err == nil || !strings.Contains(err.Error(), "2 features: network.0.reshape.dims: to (1, 3, 3) wants 9 values, but gets (2)") ||
		!strings.Contains(diag.HintOf(err), "features of the data set") {
		t.Errorf("got %v (hint: %s)", err, diag.HintOf(err))
	}
}

// Everything that can be written is what it says.
func TestLayers(t *testing.T) {
	s := pipelinetest.Decode(t, Kind(nil), `
network:
  - reshape: [3, 32, 32]
  - conv2d: {filters: 8, kernel: [3, 5], stride: 2, padding: 1, dilation: [1, 2], activation: linear, bias: false}
  - batch_norm
  - activation: {kind: leaky_relu, alpha: 0.2}
  - max_pool
  - average_pool: {size: [3, 2], stride: 1, padding: [1, 0]}
  - spatial_dropout: 0.1
  - group_norm: 4
  - residual: [{conv2d: {filters: 16, kernel: 3, stride: 2}}]
  - concat: [[global_pool], [global_pool: max], [flatten, dense: {units: 3, activation: gelu}]]
  - layer_norm
  - rms_norm: {epsilon: 0.01}
  - reshape: [5, -1]
  - position: learned
  - conv1d: {filters: 6, kernel: 3, padding: causal}
  - step_dropout: 0.1
  - attention: {heads: 2, causal: true}
  - transformer: {heads: 3, feed_forward: 8, layers: 2}
  - gru: {units: 4, bidirectional: true, return: sequence}
  - lstm: {units: 4, layers: 2}
  - dense: {units: 4, activation: softmax}
  - activation: softmax
  - mlp: {units: [8, 4], dropout: 0.5, batch_norm: true}
`).(*Train)
	var words []string
	for _, l := range nn.Expand(s.Network, network) {
		words = append(words, l.String())
	}
	const want = "reshape (3, 32, 32)|conv2d 8 3x5 stride 2 dilation 1x2|batch norm|activation leaky_relu|max pool 2|" +
		"average pool 3x2 stride 1|spatial dropout 0.1|group norm 4|residual|concat 3 branches|layer norm|rms norm|reshape (5, ?)|" +
		"position learned|conv1d 6 3 causal relu|step dropout 0.1|attention 2 heads causal|transformer 3 heads, 8 x 2|gru 4 bidirectional sequence|" +
		"lstm 4 x 2|dense 4 softmax|activation softmax|dense 8 linear|batch norm|activation relu|dropout 0.5|dense 4 linear|batch norm|activation relu|dropout 0.5"
	if got := strings.Join(words, "|"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if a := nn.Expand(s.Network, network)[3].Activation; a.Kind != nn.LeakyReLU || *a.Alpha != 0.2 {
		t.Errorf("activation %+v", a)
	}
}

// A preset may stand alone, and an unknown number of features is no obstacle.
func TestPresets(t *testing.T) {
	for text, features := range map[string]int{
		"{mlp: [16, 16]}": 7,
		"{mlp: 16}":       1,
		"{wide_and_deep: {units: [16, 16], dropout: 0.2, batch_norm: true, residual: true}}": 7,
		"{cnn: {image: [1, 28, 28], filters: [8, 16], dropout: 0.2, batch_norm: true}}":      784,
		"[reshape: [1, 28, 28], cnn: {filters: 8, dense: 0}]":                                784,
		"{resnet: {image: [3, 32, 32], filters: [8, 16, 32], blocks: 2}}":                    3072,
		"{lstm: {steps: 12, layers: 2}}":                                                     36,
		"{gru: {vocabulary: 100, padding: 0, bidirectional: true}}":                          20,
		"{transformer: {vocabulary: 100, padding: 0, units: 8, layers: 3}}":                  20,
		"{transformer: {steps: 12, units: 8}}":                                               36,
		"[lstm: {steps: 12, return: sequence}, transformer, time_pool: last]":                36,
		"flatten": 3,
	} {
		s := pipelinetest.Decode(t, Kind(nil), "network: "+text).(*Train)
		if err := (nn.Spec{Inputs: features, Layers: nn.Expand(s.Network, network), Outputs: 2}).Validate(); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestTrainingSettings(t *testing.T) {
	for text, ok := range map[string]func(c *nn.Config) bool{
		"loss: {huber: 2}":     func(c *nn.Config) bool { return c.Loss.Huber.Delta == 2 },
		"loss: {pinball: 0.9}": func(c *nn.Config) bool { return c.Loss.Pinball.Quantile == 0.9 },
		"loss: focal": func(c *nn.Config) bool {
			return c.Loss.Focal.Gamma == 2
		},
		"loss: poisson": func(c *nn.Config) bool { return c.Loss.Poisson != nil },
		"{}": func(c *nn.Config) bool {
			return c.Loss.Name() == "auto" && c.Schedule == nn.Factor(nn.Constant{}) && c.Accumulate == 1 && c.ClassWeights == nil
		},
		"learning_rate_schedule: {step: 3}":               func(c *nn.Config) bool { return c.Schedule == nn.Factor(nn.StepDecay{Every: 3, Factor: 0.1}) },
		"learning_rate_schedule: {exponential: 0.9}":      func(c *nn.Config) bool { return c.Schedule == nn.Factor(nn.Exponential{Factor: 0.9}) },
		"learning_rate_schedule: {cosine: {warmup: 0.5}}": func(c *nn.Config) bool { return c.Schedule == nn.Factor(nn.Cosine{Warmup: 0.5}) },
		"learning_rate_schedule: one_cycle":               func(c *nn.Config) bool { return c.Schedule == nn.Factor(nn.OneCycle{Rise: 0.3}) },
		"learning_rate_schedule: reduce_on_plateau":       func(c *nn.Config) bool { return c.Schedule == nn.Factor(nn.Plateau{Factor: 0.1, Patience: 10}) },
		"class_weights: {weights: {b: 3}}": func(c *nn.Config) bool {
			return len(c.ClassWeights) == 2 && c.ClassWeights[0] == 1 && c.ClassWeights[1] == 3
		},
		"ema: 0.99\nl1: 0.1\nclip_value: 2\ndecay_of: weights\ninitializer: he_normal\naccumulate: 4": func(c *nn.Config) bool {
			return c.Average == 0.99 && c.L1 == 0.1 && c.ClipValue == 2 && c.DecayWeights && c.Initializer == "he_normal" && c.Accumulate == 4
		},
	} {
		if text == "{}" {
			text = ""
		}
		cfg := config(t, pipelinetest.Decode(t, Kind(nil), "network: []\n"+text).(*Train), 1, "a", "b")
		if !ok(&cfg) {
			t.Errorf("%q: %+v", text, cfg)
		}
	}
	s := pipelinetest.Decode(t, Kind(nil), "network: []\nclass_weights: {weights: {z: 3}}").(*Train)
	for _, classes := range [][]string{{"a", "b"}, nil} {
		if _, err := s.config(1, classes); err == nil {
			t.Errorf("classes %v: no error", classes)
		}
	}
}

// What the text of the stage shows can be written.
func TestNetworksInDoc(t *testing.T) {
	blocks := regexp.MustCompile("(?m)(?:^    .*\n)+").FindAllString(Kind(nil).Doc, -1)
	for _, block := range blocks {
		if _, err := pipeline.DecodeStage(Kind(nil), block); err != nil {
			t.Errorf("%s%v", block, err)
		}
	}
	if len(blocks) < 3 {
		t.Errorf("there are %d blocks: the test looks for them in the wrong way", len(blocks))
	}
}
