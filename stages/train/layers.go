package train

import (
	"fmt"
	"strconv"

	"pipe/nn"
	"pipe/pipeline/settings"
)

// A Layer is a choice of one hidden layer, or of a preset that stands for
// several.
type Layer struct {
	settings.OneOf
	Dense          *Dense          `yaml:"dense" doc:"A fully connected layer: activation(x W + b), of features or of each step of a sequence."`
	Activation     *Activate       `yaml:"activation" doc:"A function that each value passes through, as a layer of its own."`
	Dropout        *Dropout        `yaml:"dropout" doc:"Drops values at random during training, against overfitting."`
	SpatialDropout *SpatialDropout `yaml:"spatial_dropout" doc:"Dropout of whole channels of images."`

	Conv2D      *Conv2D     `yaml:"conv2d" doc:"Convolution of images (channels, height, width)."`
	Conv1D      *Conv1D     `yaml:"conv1d" doc:"Convolution of sequences (steps, values) over time."`
	MaxPool     *Pool       `yaml:"max_pool" doc:"The maximum over windows of images, or of the steps of sequences."`
	AveragePool *Pool       `yaml:"average_pool" doc:"The average over windows of images, or of the steps of sequences."`
	GlobalPool  *GlobalPool `yaml:"global_pool" doc:"Features from images: one number for each channel."`

	BatchNorm *BatchNorm `yaml:"batch_norm" doc:"Normalise each feature or channel over the batch; in evaluation by running averages."`
	LayerNorm *LayerNorm `yaml:"layer_norm" doc:"Normalise the features of each row, or of each step of a sequence."`
	GroupNorm *GroupNorm `yaml:"group_norm" doc:"Normalise groups of channels of each row."`
	RMSNorm   *RMSNorm   `yaml:"rms_norm" doc:"Divide the features of each row or step by their root mean square."`

	Embedding   *Embedding   `yaml:"embedding" doc:"A learned vector for each token id: (steps) ids become a sequence (steps, dimensions)."`
	Position    *Position    `yaml:"position" doc:"Add to each step of a sequence what tells where it is."`
	LSTM        *Recurrent   `yaml:"lstm" doc:"Long short-term memory along a sequence, as in PyTorch. With vocabulary or steps a preset: it reads the features itself."`
	GRU         *Recurrent   `yaml:"gru" doc:"Gated recurrent units along a sequence, as in PyTorch. With vocabulary or steps a preset."`
	Attention   *Attention   `yaml:"attention" doc:"Multi-head self attention over the steps of a sequence."`
	Transformer *Transformer `yaml:"transformer" doc:"Encoder blocks: attention and two dense layers, each with dropout, skip connection and layer normalisation. With vocabulary or steps a preset."`
	TimePool    *TimePool    `yaml:"time_pool" doc:"Features from a sequence: the mean, maximum or last of its steps."`

	Residual *Residual `yaml:"residual" doc:"Add the input of some layers to their output. If shapes differ the input passes through a projection."`
	Concat   *Concat   `yaml:"concat" doc:"Join the outputs of branches, by channels of images or the last axis."`
	Flatten  *Flatten  `yaml:"flatten" doc:"Features from images or sequences: all their values."`
	Reshape  *Reshape  `yaml:"reshape" doc:"Take the values of a row as features, a sequence [steps, values] or an image [channels, height, width]."`

	MLP    *MLP    `yaml:"mlp" doc:"Preset: dense layers."`
	CNN    *CNN    `yaml:"cnn" doc:"Preset: convolutions with max pooling, and a dense layer."`
	ResNet *ResNet `yaml:"resnet" doc:"Preset: a residual network for images."`
}

// Advise knows that a number is meant to be a dense layer.
func (l *Layer) Advise(written string) string {
	if n, err := strconv.Atoi(written); err != nil || n < 1 {
		return ""
	}
	return fmt.Sprintf("write `dense: %s`, or all such layers as `network: {mlp: [%s, ...]}`", written, written)
}

// Dense is a fully connected layer.
type Dense struct {
	Units      int    `yaml:"units" short:"true" required:"true" min:"1" max:"65536" doc:"How many values the layer computes."`
	Activation string `yaml:"activation" default:"relu" enum:"relu,leaky_relu,elu,gelu,silu,tanh,sigmoid,softplus,softmax,linear" doc:"The function that each value passes through; softmax is of all values of a row or step."`
	Bias       bool   `yaml:"bias" default:"true" doc:"Whether there is a b."`
}

func (l *Dense) layers() []nn.Layer {
	return one(nn.Layer{Dense: &nn.Dense{Units: l.Units, Activation: nn.Activation(l.Activation), NoBias: !l.Bias}})
}

// Activate is an activation.
type Activate struct {
	Kind  string   `yaml:"kind" short:"true" required:"true" enum:"relu,leaky_relu,elu,gelu,silu,tanh,sigmoid,softplus,softmax,linear" doc:"The function. gelu is the exact one, softmax is of all values of a row or step."`
	Alpha *float64 `yaml:"alpha" doc:"The slope of leaky_relu below 0 (0.01), or the scale of elu (1)."`
}

// Validate finds an alpha without a use.
func (l *Activate) Validate() error {
	if l.Alpha != nil && l.Kind != "leaky_relu" && l.Kind != "elu" {
		return settings.FieldErrorf("alpha", "%s has no alpha; leaky_relu and elu have", l.Kind)
	}
	return nil
}

func (l *Activate) layers() []nn.Layer {
	a := nn.Activate{Kind: nn.Activation(l.Kind), Alpha: nn.Activation(l.Kind).Alpha()}
	if l.Alpha != nil {
		a.Alpha = *l.Alpha
	}
	return one(nn.Layer{Activation: &a})
}

// Dropout drops values at random.
type Dropout struct {
	Rate float64 `yaml:"rate" short:"true" required:"true" min:"0" below:"1" doc:"The probability that a value is dropped; those that stay are divided by 1-rate."`
}

func (l *Dropout) layers() []nn.Layer { return one(nn.Layer{Dropout: &nn.Dropout{Rate: l.Rate}}) }

// SpatialDropout drops channels at random.
type SpatialDropout struct {
	Rate float64 `yaml:"rate" short:"true" required:"true" min:"0" below:"1" doc:"The probability that a channel is dropped; those that stay are divided by 1-rate."`
}

func (l *SpatialDropout) layers() []nn.Layer {
	return one(nn.Layer{SpatialDropout: &nn.SpatialDropout{Rate: l.Rate}})
}

// Conv2D convolves images.
type Conv2D struct {
	Filters    int        `yaml:"filters" required:"true" min:"1" max:"65536" doc:"How many channels the layer makes."`
	Kernel     []int      `yaml:"kernel" single:"true" required:"true" min:"1" max:"2" doc:"The size of the window, or [height, width]."`
	Stride     []int      `yaml:"stride" single:"true" default:"1" min:"1" max:"2" doc:"How far the window moves, or [height, width]."`
	Padding    nn.Padding `yaml:"padding" default:"same" doc:"Zeros around the input: same (the output is as large, divided by the stride), valid (none), or a number for each side."`
	Dilation   []int      `yaml:"dilation" single:"true" default:"1" min:"1" max:"2" doc:"The distance of the values in a window, or [height, width]."`
	Groups     int        `yaml:"groups" default:"1" min:"1" max:"65536" doc:"Divide channels and filters into groups that do not see each other."`
	Activation string     `yaml:"activation" default:"relu" enum:"relu,leaky_relu,elu,gelu,silu,tanh,sigmoid,softplus,linear" doc:"The function that each value passes through."`
	Bias       bool       `yaml:"bias" default:"true" doc:"Whether a number is added to each channel."`
}

func (l *Conv2D) layers() []nn.Layer {
	return one(nn.Layer{Conv2D: &nn.Conv2D{Filters: l.Filters, Kernel: pair(l.Kernel), Stride: pair(l.Stride), Dilation: pair(l.Dilation),
		Padding: l.Padding, Groups: l.Groups, Activation: nn.Activation(l.Activation), NoBias: !l.Bias}})
}

// Conv1D convolves sequences.
type Conv1D struct {
	Filters    int        `yaml:"filters" required:"true" min:"1" max:"65536" doc:"How many values the layer makes of each step."`
	Kernel     int        `yaml:"kernel" required:"true" min:"1" max:"65536" doc:"How many steps the window has."`
	Stride     int        `yaml:"stride" default:"1" min:"1" max:"65536" doc:"How far the window moves."`
	Padding    nn.Padding `yaml:"padding" default:"same" doc:"Zeros around the input: same, causal (all of them before it, so that no output sees later steps), valid (none), or a number for each side."`
	Dilation   int        `yaml:"dilation" default:"1" min:"1" max:"65536" doc:"The distance of the steps in a window."`
	Groups     int        `yaml:"groups" default:"1" min:"1" max:"65536" doc:"Divide values and filters into groups that do not see each other."`
	Activation string     `yaml:"activation" default:"relu" enum:"relu,leaky_relu,elu,gelu,silu,tanh,sigmoid,softplus,linear" doc:"The function that each value passes through."`
	Bias       bool       `yaml:"bias" default:"true" doc:"Whether a number is added to each filter."`
}

func (l *Conv1D) layers() []nn.Layer {
	return one(nn.Layer{Conv1D: &nn.Conv1D{Filters: l.Filters, Kernel: l.Kernel, Stride: l.Stride, Dilation: l.Dilation,
		Padding: l.Padding, Groups: l.Groups, Activation: nn.Activation(l.Activation), NoBias: !l.Bias}})
}

// Pool is max_pool or average_pool.
type Pool struct {
	Size    []int `yaml:"size" short:"true" single:"true" default:"2" min:"1" max:"2" doc:"The size of the window, or [height, width]."`
	Stride  []int `yaml:"stride" single:"true" min:"1" max:"2" doc:"How far the window moves, or [height, width]; its size if absent."`
	Padding []int `yaml:"padding" single:"true" default:"0" min:"1" max:"2" doc:"How far windows reach over each side, or [height, width]."`
}

func (l *Pool) pool() *nn.Pool {
	p := &nn.Pool{Size: pair(l.Size), Stride: pair(l.Size), Padding: pair(l.Padding)}
	if l.Stride != nil {
		p.Stride = pair(l.Stride)
	}
	return p
}

// pair is the height and width of a setting.
func pair(v []int) [2]int { return [2]int{v[0], v[len(v)-1]} }

// GlobalPool makes features of images.
type GlobalPool struct {
	Kind string `yaml:"kind" short:"true" default:"average" enum:"average,max" doc:"What is taken of each channel."`
}

func (l *GlobalPool) layers() []nn.Layer {
	return one(nn.Layer{GlobalPool: &nn.GlobalPool{Kind: l.Kind}})
}

// BatchNorm is batch normalisation.
type BatchNorm struct {
	Momentum float64 `yaml:"momentum" default:"0.1" above:"0" max:"1" doc:"How much of each batch goes into the running averages."`
	Epsilon  float64 `yaml:"epsilon" default:"1e-5" above:"0" max:"1" doc:"Added to the variance."`
}

func (l *BatchNorm) layers() []nn.Layer {
	return one(nn.Layer{BatchNorm: &nn.BatchNorm{Momentum: l.Momentum, Epsilon: l.Epsilon}})
}

// LayerNorm is layer normalisation.
type LayerNorm struct {
	Epsilon float64 `yaml:"epsilon" default:"1e-5" above:"0" max:"1" doc:"Added to the variance."`
}

func (l *LayerNorm) layers() []nn.Layer {
	return one(nn.Layer{LayerNorm: &nn.LayerNorm{Epsilon: l.Epsilon}})
}

// GroupNorm is group normalisation.
type GroupNorm struct {
	Groups  int     `yaml:"groups" short:"true" required:"true" min:"1" max:"65536" doc:"How many groups there are; it divides the number of channels."`
	Epsilon float64 `yaml:"epsilon" default:"1e-5" above:"0" max:"1" doc:"Added to the variance."`
}

func (l *GroupNorm) layers() []nn.Layer {
	return one(nn.Layer{GroupNorm: &nn.GroupNorm{Groups: l.Groups, Epsilon: l.Epsilon}})
}

// RMSNorm is normalisation by the root mean square.
type RMSNorm struct {
	Epsilon float64 `yaml:"epsilon" default:"1e-5" above:"0" max:"1" doc:"Added to the mean of the squares."`
}

func (l *RMSNorm) layers() []nn.Layer {
	return one(nn.Layer{RMSNorm: &nn.RMSNorm{Epsilon: l.Epsilon}})
}

// Residual is a skip connection.
type Residual struct {
	Layers []Layer `yaml:"layers" short:"true" required:"true" min:"1" max:"1000" doc:"The layers that are skipped."`
}

// Concat is branches.
type Concat struct {
	Branches [][]Layer `yaml:"branches" short:"true" required:"true" min:"2" max:"100" doc:"Lists of layers that all get the same input. An empty one is the input itself."`
}

// Flatten makes features.
type Flatten struct{}

func (l *Flatten) layers() []nn.Layer { return one(nn.Layer{Flatten: &nn.Flatten{}}) }

// Reshape takes values as another shape.
type Reshape struct {
	Dims []int `yaml:"dims" short:"true" single:"true" required:"true" min:"1" max:"3" doc:"The dimensions; one of them may be -1, which then follows from the others."`
}

func (l *Reshape) layers() []nn.Layer { return one(nn.Layer{Reshape: &nn.Reshape{Dims: l.Dims}}) }

func one(l nn.Layer) []nn.Layer { return []nn.Layer{l} }
