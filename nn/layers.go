package nn

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// A Layer is exactly one of its fields. What a layer does to one row of the
// data depends on the shape it gets: features (F), a sequence (T, D) of T steps
// or an image (C, H, W).
type Layer struct {
	Dense          *Dense          `json:"dense,omitempty"`
	Activation     *Activate       `json:"activation,omitempty"`
	Dropout        *Dropout        `json:"dropout,omitempty"`
	SpatialDropout *SpatialDropout `json:"spatial_dropout,omitempty"`
	Conv2D         *Conv2D         `json:"conv2d,omitempty"`
	Conv1D         *Conv1D         `json:"conv1d,omitempty"`
	MaxPool        *Pool           `json:"max_pool,omitempty"`
	AveragePool    *Pool           `json:"average_pool,omitempty"`
	GlobalPool     *GlobalPool     `json:"global_pool,omitempty"`
	BatchNorm      *BatchNorm      `json:"batch_norm,omitempty"`
	LayerNorm      *LayerNorm      `json:"layer_norm,omitempty"`
	GroupNorm      *GroupNorm      `json:"group_norm,omitempty"`
	RMSNorm        *RMSNorm        `json:"rms_norm,omitempty"`
	Embedding      *Embedding      `json:"embedding,omitempty"`
	Position       *Position       `json:"position,omitempty"`
	LSTM           *LSTM           `json:"lstm,omitempty"`
	GRU            *GRU            `json:"gru,omitempty"`
	Attention      *Attention      `json:"attention,omitempty"`
	Transformer    *Transformer    `json:"transformer,omitempty"`
	Residual       *Residual       `json:"residual,omitempty"`
	Concat         *Concat         `json:"concat,omitempty"`
	Flatten        *Flatten        `json:"flatten,omitempty"`
	Reshape        *Reshape        `json:"reshape,omitempty"`
	TimePool       *TimePool       `json:"time_pool,omitempty"`
}

// An Activation is a function that values pass through, with the usual parameter
// where it has one. The empty one is linear.
type Activation string

// The activations. The output has none: the losses for classes take logits.
const (
	Linear    Activation = "linear"
	ReLU      Activation = "relu"
	LeakyReLU Activation = "leaky_relu" // slope 0.01 below 0
	ELU       Activation = "elu"        // limit -1
	GELU      Activation = "gelu"       // x times the normal distribution function, by erf
	SiLU      Activation = "silu"       // x sigmoid(x)
	Tanh      Activation = "tanh"
	Sigmoid   Activation = "sigmoid"
	Softplus  Activation = "softplus" // log(1 + e^x)
	Softmax   Activation = "softmax"  // e^x / sum of e^x over the features, or over those of a step
)

// Known says whether a is one of the above.
func (a Activation) Known() bool { return a == Softmax || a.pointwise() }

// pointwise says whether a is a function of each value by itself.
func (a Activation) pointwise() bool {
	switch a {
	case Linear, ReLU, LeakyReLU, ELU, GELU, SiLU, Tanh, Sigmoid, Softplus:
		return true
	}
	return false
}

// Alpha is the usual parameter of a: the slope of leaky_relu, the scale of elu,
// else 0.
func (a Activation) Alpha() float64 {
	switch a {
	case LeakyReLU:
		return 0.01
	case ELU:
		return 1
	}
	return 0
}

// Dense is activation(x W + b) with as many outputs as it has units, of the
// features or of each step of a sequence.
type Dense struct {
	Units      int        `json:"units"`
	Activation Activation `json:"activation"`
	NoBias     bool       `json:"no_bias,omitempty"`
}

// Activate is an activation as a layer of its own.
type Activate struct {
	Kind  Activation `json:"kind"`
	Alpha float64    `json:"alpha,omitempty"` // leaky_relu: slope; elu: scale; else 0
}

// Dropout zeroes each value with probability Rate during training and divides
// the others by 1-Rate. It does nothing when the network is evaluated.
type Dropout struct {
	Rate float64 `json:"rate"`
}

// SpatialDropout drops whole channels of images.
type SpatialDropout struct {
	Rate float64 `json:"rate"`
}

// A Padding is "same", "valid", "causal" (conv1d) or a decimal number of zeros
// at each side.
//
// With "same" there are ceil(n/stride) outputs for n inputs, and the window
// k of dilation d has d(k-1) zeros around it, the odd one behind: as PyTorch
// does with stride 1, and with padding (k-1)/2 for odd kernels and any stride.
// With "causal" all of them are in front, so that no output sees later inputs.
type Padding string

// The paddings that are no numbers.
const (
	Same   Padding = "same"
	Valid  Padding = "valid"
	Causal Padding = "causal"
)

// maxWindow bounds sizes, strides, dilations and paddings of windows.
const maxWindow = 1 << 16

// UnmarshalText refuses what is no padding.
func (p *Padding) UnmarshalText(text []byte) error {
	q := Padding(text)
	if _, _, err := q.around(1, 1); err != nil {
		return err
	}
	*p = q
	return nil
}

// MarshalText is the text of p.
func (p Padding) MarshalText() ([]byte, error) { return []byte(p), nil }

// around is the number of zeros before and behind n inputs for a window of k
// inputs that are d apart.
func (p Padding) around(k, d int) (before, after int, err error) {
	total := d * (k - 1)
	switch p {
	case Valid:
		return 0, 0, nil
	case Same:
		return total / 2, total - total/2, nil
	case Causal:
		return total, 0, nil
	}
	n, err := strconv.ParseUint(string(p), 10, 32)
	if err != nil || n > maxWindow || strconv.FormatUint(n, 10) != string(p) {
		return 0, 0, fmt.Errorf("padding %.20q is none of same, valid, causal or a number up to %d", string(p), maxWindow)
	}
	return int(n), int(n), nil
}

// Conv2D convolves images. Pairs are of height and width. The weight has the
// shape (filters, channels / groups, height, width), as in PyTorch.
type Conv2D struct {
	Filters    int        `json:"filters"`
	Kernel     [2]int     `json:"kernel"`
	Stride     [2]int     `json:"stride"`
	Dilation   [2]int     `json:"dilation"`
	Padding    Padding    `json:"padding"`
	Groups     int        `json:"groups"`
	Activation Activation `json:"activation"`
	NoBias     bool       `json:"no_bias,omitempty"`
}

// Conv1D convolves sequences over time. The weight has the shape (filters,
// dimensions / groups, kernel).
type Conv1D struct {
	Filters    int        `json:"filters"`
	Kernel     int        `json:"kernel"`
	Stride     int        `json:"stride"`
	Dilation   int        `json:"dilation"`
	Padding    Padding    `json:"padding"`
	Groups     int        `json:"groups"`
	Activation Activation `json:"activation"`
	NoBias     bool       `json:"no_bias,omitempty"`
}

// Pool is the maximum or average over windows of images (height, width), or of
// sequences: over time, the first number of each pair. Padding is at each
// side; it is never the maximum and does not count in an average.
type Pool struct {
	Size    [2]int `json:"size"`
	Stride  [2]int `json:"stride"`
	Padding [2]int `json:"padding"`
}

// GlobalPool is one number for each channel of an image.
type GlobalPool struct {
	Kind string `json:"kind"` // "average" or "max"
}

// BatchNorm normalises each feature, channel of an image or dimension of a
// sequence over the batch: (x - mean) / sqrt(variance + Epsilon) scale + shift.
// Its running statistics, used in evaluation, take Momentum of each batch.
type BatchNorm struct {
	Momentum float64 `json:"momentum"`
	Epsilon  float64 `json:"epsilon"`
}

// LayerNorm normalises the features of a row, or of each step.
type LayerNorm struct {
	Epsilon float64 `json:"epsilon"`
}

// GroupNorm normalises groups of channels, each over all pixels or steps.
type GroupNorm struct {
	Groups  int     `json:"groups"`
	Epsilon float64 `json:"epsilon"`
}

// RMSNorm divides the features of a row, or of each step, by their root mean
// square: x / sqrt(mean x² + Epsilon) scale.
type RMSNorm struct {
	Epsilon float64 `json:"epsilon"`
}

// Embedding looks up a vector for each token id, 0 to Vocabulary-1: (T) ids
// become a sequence (T, Dimensions). With a Padding id sequences end before
// their trailing paddings, and the layers behind see their lengths.
type Embedding struct {
	Vocabulary int  `json:"vocabulary"`
	Dimensions int  `json:"dimensions"`
	Padding    *int `json:"padding,omitempty"`
}

// Position adds to each step of a sequence what tells where it is: "sinusoidal"
// (Vaswani et al., "Attention Is All You Need", 2017) or "learned".
type Position struct {
	Kind string `json:"kind"`
}

// LSTM runs along sequences, with the gates and biases of PyTorch's. Return is
// "sequence" for all outputs or "last" for the last of each direction.
type LSTM struct {
	Units         int     `json:"units"`
	Layers        int     `json:"layers"`
	Bidirectional bool    `json:"bidirectional,omitempty"`
	Return        string  `json:"return"`
	Dropout       float64 `json:"dropout,omitempty"` // between layers
}

// GRU is like LSTM, with three gates in place of four.
type GRU LSTM

// Attention is multi-head self attention with projections of input and output.
type Attention struct {
	Heads         int     `json:"heads"`
	KeyDimensions int     `json:"key_dimensions,omitempty"` // of each head; 0: dimensions / heads
	Causal        bool    `json:"causal,omitempty"`         // no step sees later ones
	Dropout       float64 `json:"dropout,omitempty"`        // of the attention weights
}

// Transformer is Layers encoder blocks: attention and two dense layers, each
// with dropout, a skip connection and layer normalisation before ("pre", and
// once behind the last block) or after ("post") it.
type Transformer struct {
	Heads       int        `json:"heads"`
	FeedForward int        `json:"feed_forward"` // units of the first dense layer; 0: four times the dimensions
	Dropout     float64    `json:"dropout"`
	Activation  Activation `json:"activation"`
	Causal      bool       `json:"causal,omitempty"`
	Norm        string     `json:"norm"`
	Layers      int        `json:"layers"`
}

// Residual adds its input to the output of its layers. If they differ in shape
// the input is projected, see Node.Projection.
type Residual struct {
	Layers []Layer `json:"layers"`
}

// Concat joins the outputs of branches that all get its input: channels of
// images, else the last axis. An empty branch is the input itself.
type Concat struct {
	Branches [][]Layer `json:"branches"`
}

// Flatten makes features of anything.
type Flatten struct{}

// Reshape takes the values of a row as another shape, row-major. One of the
// dimensions may be -1: what is left for it.
type Reshape struct {
	Dims []int `json:"dims"`
}

// TimePool makes features of a sequence: the "mean", "max" or "last" of its
// valid steps.
type TimePool struct {
	Kind string `json:"kind"`
}

// kinds lists the fields of l that are set, with their names in JSON and YAML.
func (l *Layer) kinds() (names []string, values []layer) {
	v := reflect.ValueOf(l).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); !f.IsNil() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			names = append(names, name)
			values = append(values, f.Interface().(layer))
		}
	}
	return names, values
}

// Kind is the name of the field that is set, "" unless it is exactly one.
func (l *Layer) Kind() string {
	if names, _ := l.kinds(); len(names) == 1 {
		return names[0]
	}
	return ""
}

// String is what a person needs to know of a layer, in a few words.
func (l Layer) String() string {
	names, values := l.kinds()
	if len(names) != 1 {
		return fmt.Sprintf("a layer of %d kinds", len(names))
	}
	return join(strings.ReplaceAll(names[0], "_", " "), values[0].words())
}

func join(parts ...string) string {
	text := ""
	for _, p := range parts {
		if p != "" {
			text += " " + p
		}
	}
	return strings.TrimPrefix(text, " ")
}

func pairText(p [2]int) string {
	if p[0] == p[1] {
		return strconv.Itoa(p[0])
	}
	return fmt.Sprintf("%dx%d", p[0], p[1])
}

func when(condition bool, text string) string {
	if condition {
		return text
	}
	return ""
}

func (l *Dense) words() string          { return fmt.Sprintf("%d %s", l.Units, l.Activation) }
func (l *Activate) words() string       { return string(l.Kind) }
func (l *Dropout) words() string        { return number(l.Rate) }
func (l *SpatialDropout) words() string { return number(l.Rate) }

func (l *Conv2D) words() string {
	return join(fmt.Sprintf("%d %dx%d", l.Filters, l.Kernel[0], l.Kernel[1]),
		when(l.Stride != [2]int{1, 1}, "stride "+pairText(l.Stride)),
		when(l.Dilation != [2]int{1, 1}, "dilation "+pairText(l.Dilation)),
		when(l.Groups != 1, fmt.Sprintf("groups %d", l.Groups)), when(l.Activation != Linear, string(l.Activation)))
}

func (l *Conv1D) words() string {
	return join(fmt.Sprintf("%d %d", l.Filters, l.Kernel), when(l.Padding == Causal, "causal"),
		when(l.Stride != 1, fmt.Sprintf("stride %d", l.Stride)),
		when(l.Dilation != 1, fmt.Sprintf("dilation %d", l.Dilation)),
		when(l.Groups != 1, fmt.Sprintf("groups %d", l.Groups)), when(l.Activation != Linear, string(l.Activation)))
}

func (l *Pool) words() string {
	return join(pairText(l.Size), when(l.Stride != l.Size, "stride "+pairText(l.Stride)))
}

func (l *GlobalPool) words() string { return l.Kind }
func (l *BatchNorm) words() string  { return "" }
func (l *LayerNorm) words() string  { return "" }
func (l *GroupNorm) words() string  { return strconv.Itoa(l.Groups) }
func (l *RMSNorm) words() string    { return "" }
func (l *Embedding) words() string  { return fmt.Sprintf("%d of %d", l.Dimensions, l.Vocabulary) }
func (l *Position) words() string   { return l.Kind }
func (l *GRU) words() string        { return (*LSTM)(l).words() }

func (l *LSTM) words() string {
	return join(strconv.Itoa(l.Units), when(l.Layers > 1, fmt.Sprintf("x %d", l.Layers)),
		when(l.Bidirectional, "bidirectional"), when(l.Return == "sequence", "sequence"))
}

func (l *Attention) words() string {
	return join(fmt.Sprintf("%d heads", l.Heads), when(l.Causal, "causal"))
}

func (l *Transformer) words() string {
	return join(fmt.Sprintf("%d heads", l.Heads)+when(l.FeedForward > 0, fmt.Sprintf(", %d", l.FeedForward)), when(l.Layers > 1, fmt.Sprintf("x %d", l.Layers)),
		when(l.Causal, "causal"))
}

func (l *Residual) words() string { return "" }
func (l *Concat) words() string   { return fmt.Sprintf("%d branches", len(l.Branches)) }
func (l *Flatten) words() string  { return "" }
func (l *Reshape) words() string  { return Shape(l.Dims).String() }
func (l *TimePool) words() string { return l.Kind }

func number(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
