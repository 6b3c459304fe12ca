package nn

import "pipe/nn/graph"

// Presets are networks in a few settings. They are functions that make layers;
// nothing else knows of them.
type Presets struct {
	MLP         *MLP         `yaml:"mlp" json:"-" doc:"Preset: dense layers."`
	CNN         *CNN         `yaml:"cnn" json:"-" doc:"Preset: convolutions with max pooling, and a dense layer."`
	ResNet      *ResNet      `yaml:"resnet" json:"-" doc:"Preset: a residual network for images."`
	WideAndDeep *WideAndDeep `yaml:"wide_and_deep" json:"-" doc:"Preset: dense layers, and beside them the way from their input straight to the output layer."`
	TCN         *TCN         `yaml:"tcn" json:"-" doc:"Preset: a temporal convolutional network for sequences: residual blocks of causal convolutions whose dilation doubles."`
}

// A preset is no layer of a model: see expand.
type preset struct{}

func (preset) words() string { return "" }

func (preset) infer(s *step) error {
	return s.wrong("", "train the model again", "is no layer of a model")
}

func (preset) build(_ *builder, n *Node, _ *graph.Node) *graph.Node {
	panic("nn: no operator for " + n.Kind)
}

// normMomentum is the usual momentum of a BatchNorm.
const normMomentum = 0.1

func dense(units int, act Activation) Layer {
	return NewLayer("dense", &Dense{Units: units, Activation: act})
}

func activate(act Activation) Layer {
	return NewLayer("activation", &Activate{Kind: act, Alpha: orNil(act.Alpha())})
}

func batchNorm() Layer {
	return NewLayer("batch_norm", &BatchNorm{Momentum: normMomentum, Epsilon: normEpsilon})
}

// dropout is no layer for a rate of 0.
func dropout(rate float64) []Layer {
	if rate == 0 {
		return nil
	}
	return []Layer{NewLayer("dropout", &Dropout{Rate: rate})}
}

// reshaped begins with a reshape, unless there are no dimensions.
func reshaped(dims []int) []Layer {
	if len(dims) == 0 {
		return nil
	}
	return []Layer{NewLayer("reshape", &Reshape{Dims: append([]int(nil), dims...)})}
}

// MLP is dense layers, each with dropout behind.
type MLP struct {
	preset
	Units      []int      `yaml:"units" json:"-" short:"true" single:"true" required:"true" min:"1" max:"100" doc:"Units of each dense layer."`
	Activation Activation `yaml:"activation" json:"-" default:"relu" except:"softmax" doc:"The function behind each dense layer."`
	Dropout    float64    `yaml:"dropout" json:"-" default:"0" min:"0" below:"1" doc:"Dropout behind each dense layer."`
	BatchNorm  bool       `yaml:"batch_norm" json:"-" default:"false" doc:"Batch normalisation before each activation."`
	Residual   bool       `yaml:"residual" json:"-" default:"false" added:"true" doc:"Add the input of each layer to what comes out behind its activation, where both have as many units."`
}

func (p *MLP) expand(string, string) ([]Layer, bool) {
	var list []Layer
	for i, units := range p.Units {
		layer := []Layer{dense(units, p.Activation)}
		if p.BatchNorm {
			d := dense(units, Linear)
			d.Dense.NoBias = true // the normalisation has a shift
			layer = []Layer{d, batchNorm(), activate(p.Activation)}
		}
		layer = append(layer, dropout(p.Dropout)...)
		if p.Residual && i > 0 && units == p.Units[i-1] {
			layer = []Layer{NewLayer("residual", &Residual{Layers: layer})}
		}
		list = append(list, layer...)
	}
	return list, true
}

// WideAndDeep is the network of Cheng et al., "Wide & Deep Learning for Recommender
// Systems" (2016): an output that is linear in what comes in and in what dense layers
// make of it.
type WideAndDeep struct{ MLP }

func (p *WideAndDeep) expand(kind, at string) ([]Layer, bool) {
	deep, _ := p.MLP.expand(kind, at)
	return []Layer{NewLayer("concat", &Concat{Branches: [][]Layer{{}, deep}})}, true
}

// square is a convolution of a square window that keeps height and width, but
// for the stride.
func square(filters, kernel, stride int, act Activation) Layer {
	return NewLayer("conv2d", &Conv2D{Filters: filters, Kernel: Pair{kernel}, Stride: Pair{stride}, Dilation: Pair{1},
		Padding: Same, Groups: 1, Activation: act})
}

// normalised is a convolution with batch normalisation before its activation.
func normalised(filters, kernel, stride int, act Activation) []Layer {
	c := square(filters, kernel, stride, Linear)
	c.Conv2D.NoBias = true
	list := []Layer{c, batchNorm()}
	if act != Linear {
		list = append(list, activate(act))
	}
	return list
}

// CNN is convolutions with a max pooling of 2 behind each, and a dense layer.
type CNN struct {
	preset
	Image      []int      `yaml:"image" json:"-" min:"3" max:"3" doc:"[channels, height, width]: take the features as images. If absent, the layers before it have made images."`
	Filters    []int      `yaml:"filters" json:"-" short:"true" single:"true" required:"true" min:"1" max:"20" doc:"Filters of each convolution, with a max pooling of 2 behind it."`
	Kernel     int        `yaml:"kernel" json:"-" default:"3" min:"1" max:"99" doc:"The size of the windows."`
	Dense      int        `yaml:"dense" json:"-" default:"64" min:"0" max:"65536" doc:"Units of a dense layer at the end; 0 leaves it out."`
	Activation Activation `yaml:"activation" json:"-" default:"relu" except:"softmax" doc:"The function behind each layer."`
	Dropout    float64    `yaml:"dropout" json:"-" default:"0" min:"0" below:"1" doc:"Dropout before the dense layer and behind it."`
	BatchNorm  bool       `yaml:"batch_norm" json:"-" default:"false" doc:"Batch normalisation behind each convolution."`
}

func (p *CNN) expand(string, string) ([]Layer, bool) {
	list := reshaped(p.Image)
	for _, filters := range p.Filters {
		if p.BatchNorm {
			list = append(list, normalised(filters, p.Kernel, 1, p.Activation)...)
		} else {
			list = append(list, square(filters, p.Kernel, 1, p.Activation))
		}
		list = append(list, NewLayer("max_pool", &Pool{Size: Pair{2}, Stride: Pair{2}, Padding: Pair{0}}))
	}
	list = append(list, NewLayer("flatten", &Flatten{}))
	list = append(list, dropout(p.Dropout)...)
	if p.Dense > 0 {
		list = append(list, dense(p.Dense, p.Activation))
		list = append(list, dropout(p.Dropout)...)
	}
	return list, true
}

// ResNet is the residual network of He et al., "Deep Residual Learning for Image
// Recognition" (2016), with a first convolution for small images.
type ResNet struct {
	preset
	Image   []int   `yaml:"image" json:"-" min:"3" max:"3" doc:"[channels, height, width]: take the features as images. If absent, the layers before it have made images."`
	Filters []int   `yaml:"filters" json:"-" short:"true" single:"true" required:"true" min:"1" max:"20" doc:"Filters of each stage. Each stage but the first halves height and width."`
	Blocks  int     `yaml:"blocks" json:"-" default:"2" min:"1" max:"50" doc:"Blocks of each stage, of two convolutions with batch normalisation and a skip connection."`
	Dropout float64 `yaml:"dropout" json:"-" default:"0" min:"0" below:"1" doc:"Dropout at the end."`
}

func (p *ResNet) expand(string, string) ([]Layer, bool) {
	list := reshaped(p.Image)
	for i, filters := range p.Filters {
		if i == 0 {
			list = append(list, normalised(filters, 3, 1, ReLU)...)
		}
		for j := range p.Blocks {
			stride := 1
			if i > 0 && j == 0 {
				stride = 2
			}
			inner := append(normalised(filters, 3, stride, ReLU), normalised(filters, 3, 1, Linear)...)
			list = append(list, NewLayer("residual", &Residual{Layers: inner}), activate(ReLU))
		}
	}
	list = append(list, NewLayer("global_pool", &GlobalPool{Kind: "average"}))
	return append(list, dropout(p.Dropout)...), true
}

// TCN is the network of Bai, Kolter and Koltun, "An Empirical Evaluation of Generic
// Convolutional and Recurrent Networks for Sequence Modeling" (2018), without its weight
// normalisation. What comes out of it is a sequence, of which no step sees a later one.
type TCN struct {
	preset
	Filters    int        `yaml:"filters" json:"-" short:"true" default:"32" min:"1" max:"65536" doc:"Filters of each convolution."`
	Kernel     int        `yaml:"kernel" json:"-" default:"3" min:"2" max:"99" doc:"How many steps a window has."`
	Blocks     int        `yaml:"blocks" json:"-" default:"4" min:"1" max:"15" doc:"Blocks of two convolutions. The dilation of the i-th, from 0, is 2^i, so that the last step sees 1 + 2 (kernel - 1) (2^blocks - 1) steps."`
	Activation Activation `yaml:"activation" json:"-" default:"relu" except:"softmax" doc:"The function behind each convolution and each block."`
	Dropout    float64    `yaml:"dropout" json:"-" default:"0" min:"0" below:"1" doc:"Dropout behind each convolution."`
}

// Sees is how many steps the last step of the output depends on.
func (p *TCN) Sees() int { return 1 + 2*(p.Kernel-1)*(1<<p.Blocks-1) }

func (p *TCN) expand(string, string) ([]Layer, bool) {
	var list []Layer
	for i := range p.Blocks {
		var inner []Layer
		for range 2 {
			inner = append(inner, NewLayer("conv1d", &Conv1D{Filters: p.Filters, Kernel: p.Kernel, Stride: 1, Dilation: 1 << i, Padding: Causal, Groups: 1, Activation: p.Activation}))
			inner = append(inner, dropout(p.Dropout)...)
		}
		list = append(list, NewLayer("residual", &Residual{Layers: inner}), activate(p.Activation))
	}
	return list, true
}
