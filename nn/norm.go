package nn

import (
	"strconv"

	"pipe/nn/graph"
)

// Norms are normalisations.
type Norms struct {
	BatchNorm *BatchNorm `yaml:"batch_norm" json:"batch_norm,omitempty" doc:"Normalise each feature or channel over the batch; in evaluation by running averages. A row that is left over at the end of an epoch goes with the batch before."`
	LayerNorm *LayerNorm `yaml:"layer_norm" json:"layer_norm,omitempty" doc:"Normalise the features of each row, or of each step of a sequence."`
	GroupNorm *GroupNorm `yaml:"group_norm" json:"group_norm,omitempty" doc:"Normalise groups of channels of each row."`
	RMSNorm   *RMSNorm   `yaml:"rms_norm" json:"rms_norm,omitempty" doc:"Divide the features of each row or step by their root mean square."`
}

// channels is the number of channels of an image, else of the last axis.
func (s Shape) channels() int {
	if len(s) == 3 {
		return s[0]
	}
	return s[len(s)-1]
}

func (s *step) norm(shift bool) {
	c := s.in.shape.channels()
	s.param("scale", Gain, c)
	if shift {
		s.param("shift", Shift, c)
	}
	s.Flops = 8 * count(s.in.shape.Size())
	s.out.shape = s.in.shape
}

const normOfImages = "of images, `group_norm: 1` normalises all values together, and batch_norm each channel"

// BatchNorm normalises each feature, channel of an image or dimension of a
// sequence over the batch: (x - mean) / sqrt(variance + Epsilon) scale + shift.
// Its running statistics, used in evaluation, take Momentum of each batch.
type BatchNorm struct {
	Momentum float64 `yaml:"momentum" json:"momentum" default:"0.1" above:"0" max:"1" doc:"How much of each batch goes into the running averages."`
	Epsilon  float64 `yaml:"epsilon" json:"epsilon" default:"1e-5" above:"0" max:"1" doc:"Added to the variance."`
}

func (l *BatchNorm) words() string { return "" }

func (l *BatchNorm) infer(s *step) error {
	if !(l.Momentum > 0 && l.Momentum <= 1) {
		return s.wrong("momentum", "", "has momentum %v: want more than 0, at most 1", l.Momentum)
	}
	s.norm(true)
	s.Flops /= 4 // once the statistics are there
	s.param("running_mean", RunningMean, s.in.shape.channels())
	s.param("running_variance", RunningVariance, s.in.shape.channels())
	return s.epsilon(l.Epsilon)
}

func (l *BatchNorm) build(b *builder, n *Node, x *graph.Node) *graph.Node {
	return b.BatchNorm(x, graph.BatchNorm{Momentum: l.Momentum, Epsilon: l.Epsilon, Training: b.training}, graph.Batch{
		Gamma: b.param(n, "scale"), Beta: b.param(n, "shift"),
		Mean: b.param(n, "running_mean"), Variance: b.param(n, "running_variance"), Lengths: b.lengths[n.LengthsIn],
	})
}

// LayerNorm normalises the features of a row, or of each step.
type LayerNorm struct {
	Epsilon float64 `yaml:"epsilon" json:"epsilon" default:"1e-5" above:"0" max:"1" doc:"Added to the variance."`
}

func (l *LayerNorm) words() string { return "" }

func (l *LayerNorm) infer(s *step) error {
	if len(s.in.shape) == 3 {
		return s.wrong("", normOfImages, "wants features or a sequence, but gets %s", s.in.shape.named())
	}
	s.norm(true)
	return s.epsilon(l.Epsilon)
}

func (l *LayerNorm) build(b *builder, n *Node, x *graph.Node) *graph.Node {
	return b.LayerNorm(x, b.param(n, "scale"), b.param(n, "shift"), l.Epsilon)
}

// GroupNorm normalises groups of channels, each over all pixels or steps.
type GroupNorm struct {
	Groups  int     `yaml:"groups" json:"groups" short:"true" required:"true" min:"1" max:"65536" doc:"How many groups there are; it divides the number of channels."`
	Epsilon float64 `yaml:"epsilon" json:"epsilon" default:"1e-5" above:"0" max:"1" doc:"Added to the variance."`
}

func (l *GroupNorm) words() string { return strconv.Itoa(l.Groups) }

func (l *GroupNorm) infer(s *step) error {
	c := s.in.shape.channels()
	if err := s.between("groups", l.Groups, 1, maxWidth); err != nil {
		return err
	}
	if c != Unknown && c%l.Groups != 0 {
		return s.wrong("groups", "choose a divisor", "cannot divide %d channels into %d groups", c, l.Groups)
	}
	s.norm(true)
	return s.epsilon(l.Epsilon)
}

func (l *GroupNorm) build(b *builder, n *Node, x *graph.Node) *graph.Node {
	return b.GroupNorm(x, b.param(n, "scale"), b.param(n, "shift"), l.Groups, l.Epsilon)
}

// RMSNorm divides the features of a row, or of each step, by their root mean
// square: x / sqrt(mean x² + Epsilon) scale.
type RMSNorm struct {
	Epsilon float64 `yaml:"epsilon" json:"epsilon" default:"1e-5" above:"0" max:"1" doc:"Added to the mean of the squares."`
}

func (l *RMSNorm) words() string { return "" }

func (l *RMSNorm) infer(s *step) error {
	if len(s.in.shape) == 3 {
		return s.wrong("", normOfImages, "wants features or a sequence, but gets %s", s.in.shape.named())
	}
	s.norm(false)
	return s.epsilon(l.Epsilon)
}

func (l *RMSNorm) build(b *builder, n *Node, x *graph.Node) *graph.Node {
	return b.RMSNorm(x, b.param(n, "scale"), l.Epsilon)
}
