package nn

// Presets are networks in a few settings. They are functions that make layers;
// nothing else knows of them.

// normMomentum is the usual momentum of a BatchNorm.
const normMomentum = 0.1

func dense(units int, act Activation) Layer {
	return Layer{Dense: &Dense{Units: units, Activation: act}}
}

func activate(act Activation) Layer {
	return Layer{Activation: &Activate{Kind: act, Alpha: act.Alpha()}}
}

func batchNorm() Layer {
	return Layer{BatchNorm: &BatchNorm{Momentum: normMomentum, Epsilon: normEpsilon}}
}

// dropout is no layer for a rate of 0.
func dropout(rate float64) []Layer {
	if rate == 0 {
		return nil
	}
	return []Layer{{Dropout: &Dropout{Rate: rate}}}
}

// reshaped begins with a reshape, unless there are no dimensions.
func reshaped(dims []int) []Layer {
	if len(dims) == 0 {
		return nil
	}
	return []Layer{{Reshape: &Reshape{Dims: append([]int(nil), dims...)}}}
}

// MLP is dense layers, each with dropout behind.
type MLP struct {
	Units      []int
	Activation Activation
	Dropout    float64
	BatchNorm  bool // between each dense layer and its activation
}

// Layers are the layers of the preset.
func (p MLP) Layers() []Layer {
	var list []Layer
	for _, units := range p.Units {
		if p.BatchNorm {
			d := dense(units, Linear)
			d.Dense.NoBias = true // the normalisation has a shift
			list = append(list, d, batchNorm(), activate(p.Activation))
		} else {
			list = append(list, dense(units, p.Activation))
		}
		list = append(list, dropout(p.Dropout)...)
	}
	return list
}

// square is a convolution of a square window that keeps height and width, but
// for the stride.
func square(filters, kernel, stride int, act Activation) Layer {
	return Layer{Conv2D: &Conv2D{Filters: filters, Kernel: [2]int{kernel, kernel}, Stride: [2]int{stride, stride},
		Dilation: [2]int{1, 1}, Padding: Same, Groups: 1, Activation: act}}
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
	Image      []int // channels, height, width of the features; nil: it gets images
	Filters    []int
	Kernel     int
	Dense      int // 0: none
	Activation Activation
	Dropout    float64 // before the dense layer and behind it
	BatchNorm  bool
}

// Layers are the layers of the preset.
func (p CNN) Layers() []Layer {
	list := reshaped(p.Image)
	for _, filters := range p.Filters {
		if p.BatchNorm {
			list = append(list, normalised(filters, p.Kernel, 1, p.Activation)...)
		} else {
			list = append(list, square(filters, p.Kernel, 1, p.Activation))
		}
		list = append(list, Layer{MaxPool: &Pool{Size: [2]int{2, 2}, Stride: [2]int{2, 2}}})
	}
	list = append(list, Layer{Flatten: &Flatten{}})
	list = append(list, dropout(p.Dropout)...)
	if p.Dense > 0 {
		list = append(list, dense(p.Dense, p.Activation))
		list = append(list, dropout(p.Dropout)...)
	}
	return list
}

// ResNet is the residual network of He et al., "Deep Residual Learning for Image
// Recognition" (2016), with a first convolution for small images.
type ResNet struct {
	Image   []int // as in CNN
	Filters []int // of each stage; all but the first halve height and width
	Blocks  int   // of each stage, of two convolutions
	Dropout float64
}

// Layers are the layers of the preset.
func (p ResNet) Layers() []Layer {
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
			list = append(list, Layer{Residual: &Residual{Layers: inner}}, activate(ReLU))
		}
	}
	list = append(list, Layer{GlobalPool: &GlobalPool{Kind: "average"}})
	return append(list, dropout(p.Dropout)...)
}

// Front is how a preset for sequences reads features.
type Front struct {
	// One of these.
	Vocabulary int // features are token ids below it, to be embedded
	Steps      int // features are the values of each of so many steps

	Padding *int // the token id that fills up sequences at their end
}

// layers make sequences of features; token ids get embeddings of units
// dimensions.
func (f Front) layers(units int) []Layer {
	if f.Vocabulary > 0 {
		return []Layer{{Embedding: &Embedding{Vocabulary: f.Vocabulary, Dimensions: units, Padding: f.Padding}}}
	}
	return reshaped([]int{f.Steps, Unknown})
}

// RNN is an LSTM or GRU with what it needs before it, and its dropout also
// behind it.
type RNN struct {
	Front
	LSTM
	GRU bool // take a GRU of the same settings
}

// Layers are the layers of the preset.
func (p RNN) Layers() []Layer {
	layer := Layer{LSTM: &p.LSTM}
	if p.GRU {
		layer = Layer{GRU: (*GRU)(&p.LSTM)}
	}
	return append(append(p.Front.layers(p.Units), layer), dropout(p.Dropout)...)
}

// Encoder is a transformer with what it needs before and behind: sinusoidal
// positions, and the mean of the steps.
type Encoder struct {
	Front
	Transformer
	Units int // dimensions of the steps
}

// Layers are the layers of the preset.
func (p Encoder) Layers() []Layer {
	list := p.Front.layers(p.Units)
	if p.Vocabulary == 0 {
		list = append(list, dense(p.Units, Linear))
	}
	list = append(list, Layer{Position: &Position{Kind: "sinusoidal"}})
	list = append(list, dropout(p.Dropout)...)
	list = append(list, Layer{Transformer: &p.Transformer}, Layer{TimePool: &TimePool{Kind: "mean"}})
	return append(list, dropout(p.Dropout)...)
}
