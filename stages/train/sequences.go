package train

import (
	"pipe/nn"
	"pipe/pipeline/settings"
)

// Embedding looks up vectors.
type Embedding struct {
	Vocabulary int  `yaml:"vocabulary" required:"true" min:"1" max:"16777216" doc:"How many ids there are, from 0 on. Any other number is an error."`
	Dimensions int  `yaml:"dimensions" required:"true" min:"1" max:"65536" doc:"The size of a vector."`
	Padding    *int `yaml:"padding" min:"0" doc:"The id that fills up sequences at their end. What it fills is left out by the layers that follow, as long as they keep the steps."`
}

func (l *Embedding) layers() []nn.Layer {
	return one(nn.Layer{Embedding: &nn.Embedding{Vocabulary: l.Vocabulary, Dimensions: l.Dimensions, Padding: l.Padding}})
}

// Position adds positions.
type Position struct {
	Kind string `yaml:"kind" short:"true" default:"sinusoidal" enum:"sinusoidal,learned" doc:"Waves of many lengths, or a learned vector for each step."`
}

func (l *Position) layers() []nn.Layer {
	return one(nn.Layer{Position: &nn.Position{Kind: l.Kind}})
}

// Recurrent is lstm or gru: a layer or, if it says how to read the features, a
// preset.
type Recurrent struct {
	Units         int      `yaml:"units" short:"true" default:"64" min:"1" max:"65536" doc:"The size of the state, for each direction."`
	Layers        int      `yaml:"layers" default:"1" min:"1" max:"100" doc:"How many of these are stacked."`
	Bidirectional bool     `yaml:"bidirectional" default:"false" doc:"Also run from the end to the beginning; both outputs are joined."`
	Return        string   `yaml:"return" default:"last" enum:"last,sequence" doc:"Features from the last step (of each direction), or the sequence of all outputs."`
	Dropout       *float64 `yaml:"dropout" min:"0" below:"1" doc:"Dropout between the layers, 0 if absent. As a preset also behind them, and 0.1 if absent."`
	Vocabulary    int      `yaml:"vocabulary" default:"0" min:"0" max:"16777216" doc:"Makes it a preset that begins with an embedding: features are token ids below this number."`
	Padding       *int     `yaml:"padding" min:"0" doc:"The token id that fills up sequences at their end; with vocabulary."`
	Steps         int      `yaml:"steps" default:"0" min:"0" max:"65536" doc:"Makes it a preset that begins with a reshape: features are the values of so many steps, one step after the other."`
}

// Validate finds two ways to read the features.
func (l *Recurrent) Validate() error { return validFront(l.Vocabulary, l.Steps, l.Padding) }

func (l *Recurrent) preset() bool { return l.Vocabulary > 0 || l.Steps > 0 }

// layers are those of an lstm or gru.
func (l *Recurrent) layers(gru bool) []nn.Layer {
	lstm := nn.LSTM{Units: l.Units, Layers: l.Layers, Bidirectional: l.Bidirectional, Return: l.Return}
	if l.Dropout != nil {
		lstm.Dropout = *l.Dropout
	}
	switch {
	case l.preset():
		if l.Dropout == nil {
			lstm.Dropout = 0.1
		}
		return nn.RNN{Front: nn.Front{Vocabulary: l.Vocabulary, Padding: l.Padding, Steps: l.Steps}, LSTM: lstm, GRU: gru}.Layers()
	case gru:
		return one(nn.Layer{GRU: (*nn.GRU)(&lstm)})
	}
	return one(nn.Layer{LSTM: &lstm})
}

// validFront checks how a preset for sequences reads the features.
func validFront(vocabulary, steps int, padding *int) error {
	if vocabulary > 0 && steps > 0 {
		return settings.FieldErrorf("steps", "features are either token ids (vocabulary) or the values of steps (steps)")
	}
	if padding != nil && vocabulary == 0 {
		return settings.FieldErrorf("padding", "padding is a token id, but there is no vocabulary")
	}
	return nil
}

// Attention is self attention.
type Attention struct {
	Heads         int     `yaml:"heads" short:"true" required:"true" min:"1" max:"1024" doc:"How many heads there are."`
	Causal        bool    `yaml:"causal" default:"false" doc:"Let no step see later ones."`
	Dropout       float64 `yaml:"dropout" default:"0" min:"0" below:"1" doc:"Dropout of the attention weights."`
	KeyDimensions int     `yaml:"key_dimensions" default:"0" min:"0" max:"1024" doc:"The dimensions of each head; 0 divides those of the input among the heads."`
}

func (l *Attention) layers() []nn.Layer {
	return one(nn.Layer{Attention: &nn.Attention{Heads: l.Heads, KeyDimensions: l.KeyDimensions, Causal: l.Causal, Dropout: l.Dropout}})
}

// Transformer is encoder blocks: a layer or, if it says how to read the
// features, a preset.
type Transformer struct {
	Heads       int     `yaml:"heads" default:"4" min:"1" max:"1024" doc:"Attention heads; they divide the dimensions of the input."`
	FeedForward int     `yaml:"feed_forward" default:"0" min:"0" max:"65536" doc:"Units of the first dense layer; 0 is four times the dimensions of the input."`
	Dropout     float64 `yaml:"dropout" default:"0.1" min:"0" below:"1" doc:"Dropout of attention weights and behind attention and dense layers. As a preset also behind the positions and at the end."`
	Activation  string  `yaml:"activation" default:"gelu" enum:"relu,leaky_relu,elu,gelu,silu,tanh,sigmoid,softplus,linear" doc:"That of the first dense layer."`
	Causal      bool    `yaml:"causal" default:"false" doc:"Let no step see later ones."`
	Norm        string  `yaml:"norm" default:"pre" enum:"pre,post" doc:"Normalise before attention and dense layers and once at the end, or after each skip connection."`
	Layers      int     `yaml:"layers" default:"1" min:"1" max:"100" doc:"How many blocks there are."`
	Vocabulary  int     `yaml:"vocabulary" default:"0" min:"0" max:"16777216" doc:"Makes it a preset that begins with an embedding and sinusoidal positions, and ends with the mean of the steps: features are token ids below this number."`
	Padding     *int    `yaml:"padding" min:"0" doc:"The token id that fills up sequences at their end; with vocabulary."`
	Steps       int     `yaml:"steps" default:"0" min:"0" max:"65536" doc:"Makes it a preset that begins with a reshape, a dense layer and sinusoidal positions, and ends with the mean of the steps: features are the values of so many steps, one step after the other."`
	Units       *int    `yaml:"units" min:"1" max:"65536" doc:"Dimensions of the steps of a preset, 64 if absent; with vocabulary or steps. A layer has those of its input."`
}

// Validate finds two ways to read the features.
func (l *Transformer) Validate() error {
	if l.Units != nil && !l.preset() {
		return settings.FieldErrorf("units", "a transformer layer has the dimensions of its input; units belong to vocabulary or steps")
	}
	return validFront(l.Vocabulary, l.Steps, l.Padding)
}

func (l *Transformer) preset() bool { return l.Vocabulary > 0 || l.Steps > 0 }

func (l *Transformer) layers() []nn.Layer {
	blocks := nn.Transformer{Heads: l.Heads, FeedForward: l.FeedForward, Dropout: l.Dropout,
		Activation: nn.Activation(l.Activation), Causal: l.Causal, Norm: l.Norm, Layers: l.Layers}
	if !l.preset() {
		return one(nn.Layer{Transformer: &blocks})
	}
	units := 64
	if l.Units != nil {
		units = *l.Units
	}
	return nn.Encoder{Front: nn.Front{Vocabulary: l.Vocabulary, Padding: l.Padding, Steps: l.Steps}, Transformer: blocks, Units: units}.Layers()
}

// TimePool makes features of sequences.
type TimePool struct {
	Kind string `yaml:"kind" short:"true" default:"mean" enum:"mean,max,last" doc:"What is taken of the steps of a sequence, without its padding."`
}

func (l *TimePool) layers() []nn.Layer {
	return one(nn.Layer{TimePool: &nn.TimePool{Kind: l.Kind}})
}

// MLP is a preset.
type MLP struct {
	Units      []int   `yaml:"units" short:"true" single:"true" required:"true" min:"1" max:"100" doc:"Units of each dense layer."`
	Activation string  `yaml:"activation" default:"relu" enum:"relu,leaky_relu,elu,gelu,silu,tanh,sigmoid,softplus,linear" doc:"The function behind each dense layer."`
	Dropout    float64 `yaml:"dropout" default:"0" min:"0" below:"1" doc:"Dropout behind each dense layer."`
	BatchNorm  bool    `yaml:"batch_norm" default:"false" doc:"Batch normalisation before each activation."`
}

func (l *MLP) layers() []nn.Layer {
	return nn.MLP{Units: l.Units, Activation: nn.Activation(l.Activation), Dropout: l.Dropout, BatchNorm: l.BatchNorm}.Layers()
}

// CNN is a preset.
type CNN struct {
	Image      []int   `yaml:"image" min:"3" max:"3" doc:"[channels, height, width]: take the features as images. If absent, the layers before it have made images."`
	Filters    []int   `yaml:"filters" short:"true" single:"true" required:"true" min:"1" max:"20" doc:"Filters of each convolution, with a max pooling of 2 behind it."`
	Kernel     int     `yaml:"kernel" default:"3" min:"1" max:"99" doc:"The size of the windows."`
	Dense      int     `yaml:"dense" default:"64" min:"0" max:"65536" doc:"Units of a dense layer at the end; 0 leaves it out."`
	Activation string  `yaml:"activation" default:"relu" enum:"relu,leaky_relu,elu,gelu,silu,tanh,sigmoid,softplus,linear" doc:"The function behind each layer."`
	Dropout    float64 `yaml:"dropout" default:"0" min:"0" below:"1" doc:"Dropout before the dense layer and behind it."`
	BatchNorm  bool    `yaml:"batch_norm" default:"false" doc:"Batch normalisation behind each convolution."`
}

func (l *CNN) layers() []nn.Layer {
	return nn.CNN{Image: l.Image, Filters: l.Filters, Kernel: l.Kernel, Dense: l.Dense,
		Activation: nn.Activation(l.Activation), Dropout: l.Dropout, BatchNorm: l.BatchNorm}.Layers()
}

// ResNet is a preset.
type ResNet struct {
	Image   []int   `yaml:"image" min:"3" max:"3" doc:"[channels, height, width]: take the features as images. If absent, the layers before it have made images."`
	Filters []int   `yaml:"filters" short:"true" single:"true" required:"true" min:"1" max:"20" doc:"Filters of each stage. Each stage but the first halves height and width."`
	Blocks  int     `yaml:"blocks" default:"2" min:"1" max:"50" doc:"Blocks of each stage, of two convolutions with batch normalisation and a skip connection."`
	Dropout float64 `yaml:"dropout" default:"0" min:"0" below:"1" doc:"Dropout at the end."`
}

func (l *ResNet) layers() []nn.Layer {
	return nn.ResNet{Image: l.Image, Filters: l.Filters, Blocks: l.Blocks, Dropout: l.Dropout}.Layers()
}
