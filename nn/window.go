package nn

import (
	"encoding/json"
	"fmt"
	"strconv"

	"pipe/nn/graph"
	"pipe/pipeline/settings"
)

// Windows are convolutions and pooling.
type Windows struct {
	Conv2D      *Conv2D     `yaml:"conv2d" json:"conv2d,omitempty" doc:"Convolution of images (channels, height, width)."`
	Conv1D      *Conv1D     `yaml:"conv1d" json:"conv1d,omitempty" doc:"Convolution of sequences (steps, values) over time."`
	MaxPool     *Pool       `yaml:"max_pool" json:"max_pool,omitempty" doc:"The maximum over windows of images, or of the steps of sequences."`
	AveragePool *Pool       `yaml:"average_pool" json:"average_pool,omitempty" doc:"The average over windows of images, or of the steps of sequences."`
	GlobalPool  *GlobalPool `yaml:"global_pool" json:"global_pool,omitempty" doc:"Features from images: one number for each channel."`
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

// A Pair is a height and a width; one number stands for both. A model has both.
type Pair []int

// both is the height and the width.
func (p Pair) both() [2]int {
	if len(p) == 0 {
		return [2]int{}
	}
	return [2]int{p[0], p[len(p)-1]}
}

// MarshalJSON writes both numbers.
func (p Pair) MarshalJSON() ([]byte, error) { return json.Marshal(p.both()) }

// UnmarshalJSON reads both numbers.
func (p *Pair) UnmarshalJSON(b []byte) error {
	var both [2]int
	if err := json.Unmarshal(b, &both); err != nil {
		return err
	}
	*p = both[:]
	return nil
}

func (p Pair) text() string {
	if b := p.both(); b[0] != b[1] {
		return fmt.Sprintf("%dx%d", b[0], b[1])
	}
	return strconv.Itoa(p.both()[0])
}

// Conv2D convolves images. Pairs are of height and width. The weight has the
// shape (filters, channels / groups, height, width), as in PyTorch.
type Conv2D struct {
	Filters    int          `yaml:"filters" json:"filters" required:"true" min:"1" max:"65536" doc:"How many channels the layer makes."`
	Kernel     Pair         `yaml:"kernel" json:"kernel" single:"true" required:"true" min:"1" max:"2" doc:"The size of the window, or [height, width]."`
	Stride     Pair         `yaml:"stride" json:"stride" single:"true" default:"1" min:"1" max:"2" doc:"How far the window moves, or [height, width]."`
	Padding    Padding      `yaml:"padding" json:"padding" default:"same" doc:"Zeros around the input: same (the output is as large, divided by the stride), valid (none), or a number for each side."`
	Dilation   Pair         `yaml:"dilation" json:"dilation" single:"true" default:"1" min:"1" max:"2" doc:"The distance of the values in a window, or [height, width]."`
	Groups     int          `yaml:"groups" json:"groups" default:"1" min:"1" max:"65536" doc:"Divide channels and filters into groups that do not see each other."`
	Activation Activation   `yaml:"activation" json:"activation" default:"relu" except:"softmax" doc:"The function that each value passes through."`
	NoBias     settings.Off `yaml:"bias" json:"no_bias,omitempty" default:"true" doc:"Whether a number is added to each channel."`
}

// MarshalJSON writes what a model has.
func (l Conv2D) MarshalJSON() ([]byte, error) {
	type plain Conv2D
	return inOrder(plain(l), "filters", "kernel", "stride", "dilation", "padding", "groups", "activation", "no_bias")
}

func (l *Conv2D) words() string {
	kernel, one := l.Kernel.both(), [2]int{1, 1}
	return join(fmt.Sprintf("%d %dx%d", l.Filters, kernel[0], kernel[1]),
		when(l.Stride.both() != one, "stride "+l.Stride.text()),
		when(l.Dilation.both() != one, "dilation "+l.Dilation.text()),
		when(l.Groups != 1, fmt.Sprintf("groups %d", l.Groups)), when(l.Activation != Linear, string(l.Activation)))
}

func (l *Conv2D) infer(s *step) error {
	if l.Padding == Causal {
		return s.wrong("padding", "use same, valid or a number", "has causal padding, which is for conv1d")
	}
	if err := s.wants(3); err != nil {
		return err
	}
	in := s.in.shape
	return s.conv(conv{l.Filters, in[0], [2]int{in[1], in[2]}, l.Kernel.both(), l.Stride.both(), l.Dilation.both(), l.Padding, l.Groups, l.Activation, bool(!l.NoBias)})
}

func (l *Conv2D) build(b *builder, n *Node, x *graph.Node) *graph.Node {
	return b.Conv2D(x, b.param(n, "weight"), b.param(n, "bias"), n.Window.operator(), l.Groups, l.Activation.operator())
}

// Conv1D convolves sequences over time. The weight has the shape (filters,
// dimensions / groups, kernel).
type Conv1D struct {
	Filters    int          `yaml:"filters" json:"filters" required:"true" min:"1" max:"65536" doc:"How many values the layer makes of each step."`
	Kernel     int          `yaml:"kernel" json:"kernel" required:"true" min:"1" max:"65536" doc:"How many steps the window has."`
	Stride     int          `yaml:"stride" json:"stride" default:"1" min:"1" max:"65536" doc:"How far the window moves."`
	Padding    Padding      `yaml:"padding" json:"padding" default:"same" doc:"Zeros around the input: same, causal (all of them before it, so that no output sees later steps), valid (none), or a number for each side."`
	Dilation   int          `yaml:"dilation" json:"dilation" default:"1" min:"1" max:"65536" doc:"The distance of the steps in a window."`
	Groups     int          `yaml:"groups" json:"groups" default:"1" min:"1" max:"65536" doc:"Divide values and filters into groups that do not see each other."`
	Activation Activation   `yaml:"activation" json:"activation" default:"relu" except:"softmax" doc:"The function that each value passes through."`
	NoBias     settings.Off `yaml:"bias" json:"no_bias,omitempty" default:"true" doc:"Whether a number is added to each filter."`
}

// MarshalJSON writes what a model has.
func (l Conv1D) MarshalJSON() ([]byte, error) {
	type plain Conv1D
	return inOrder(plain(l), "filters", "kernel", "stride", "dilation", "padding", "groups", "activation", "no_bias")
}

func (l *Conv1D) words() string {
	return join(fmt.Sprintf("%d %d", l.Filters, l.Kernel), when(l.Padding == Causal, "causal"),
		when(l.Stride != 1, fmt.Sprintf("stride %d", l.Stride)),
		when(l.Dilation != 1, fmt.Sprintf("dilation %d", l.Dilation)),
		when(l.Groups != 1, fmt.Sprintf("groups %d", l.Groups)), when(l.Activation != Linear, string(l.Activation)))
}

func (l *Conv1D) infer(s *step) error {
	if err := s.wants(2); err != nil {
		return err
	}
	in := s.in.shape
	return s.conv(conv{l.Filters, in[1], [2]int{in[0], 1}, [2]int{l.Kernel, 1}, [2]int{l.Stride, 1}, [2]int{l.Dilation, 1},
		l.Padding, l.Groups, l.Activation, bool(!l.NoBias)})
}

func (l *Conv1D) build(b *builder, n *Node, x *graph.Node) *graph.Node {
	if lengths := b.lengths[n.LengthsIn]; lengths != nil { // what is beyond the end must not leak into it
		x = b.MaskSteps(x, lengths)
	}
	return b.Conv1D(x, b.param(n, "weight"), b.param(n, "bias"), n.Window.operator(), l.Groups, l.Activation.operator())
}

// operator is the geometry in terms of package graph.
func (w *Window) operator() graph.Window {
	return graph.Window{
		StrideH: w.Stride[0], StrideW: w.Stride[1], DilationH: w.Dilation[0], DilationW: w.Dilation[1],
		Padding: graph.Padding{Top: w.Before[0], Bottom: w.After[0], Left: w.Before[1], Right: w.After[1]},
	}
}

// A conv is a convolution of height and width, of sequences time and 1.
type conv struct {
	filters, channels        int
	size                     [2]int // of the input
	kernel, stride, dilation [2]int
	padding                  Padding
	groups                   int
	act                      Activation
	bias                     bool
}

func (s *step) conv(c conv) error {
	if err := s.between("filters", c.filters, 1, maxWidth); err != nil {
		return err
	}
	if err := s.between("groups", c.groups, 1, maxWidth); err != nil {
		return err
	}
	if err := s.pointwise(c.act); err != nil {
		return err
	}
	if c.filters%c.groups != 0 {
		return s.wrong("groups", "choose a divisor", "cannot divide %d filters into %d groups", c.filters, c.groups)
	}
	if c.channels != Unknown && c.channels%c.groups != 0 {
		return s.wrong("groups", "choose a divisor", "cannot divide the %d channels that it gets into %d groups", c.channels, c.groups)
	}
	w := &Window{Kernel: c.kernel, Stride: c.stride, Dilation: c.dilation}
	for i := range 2 {
		if err := s.checkWindow("kernel", c.kernel[i], c.stride[i], c.dilation[i]); err != nil {
			return err
		}
		if i == 1 && len(s.in.shape) == 2 {
			continue // sequences have no width to pad
		}
		var err error
		if w.Before[i], w.After[i], err = c.padding.around(c.kernel[i], c.dilation[i]); err != nil {
			return s.wrong("padding", "", "has a wrong %v", err)
		}
	}
	out, err := s.slide("kernel", c.size, w)
	if err != nil {
		return err
	}
	inner := c.channels
	if inner != Unknown {
		inner /= c.groups
	}
	area := c.kernel[0] * c.kernel[1]
	shape := Shape{c.filters, inner, c.kernel[0], c.kernel[1]}
	s.out.shape = Shape{c.filters, out[0], out[1]}
	if len(s.in.shape) == 2 {
		shape = Shape{c.filters, inner, c.kernel[0]}
		s.out.shape = Shape{out[0], c.filters}
		if c.stride[0] != 1 || c.padding != Same && c.padding != Causal {
			s.out.lengths = ""
		}
	}
	s.weight("weight", Weight, times(inner, area), c.filters*area, s.behind(c.act), shape...)
	if c.bias {
		s.param("bias", Bias, c.filters)
	}
	s.Flops = 2*count(s.out.shape.Size(), inner, area) + count(s.out.shape.Size())
	return nil
}

func (s *step) checkWindow(setting string, size, stride, dilation int) error {
	if err := s.between(setting, size, 1, maxWindow); err != nil {
		return err
	}
	if err := s.between("stride", stride, 1, maxWindow); err != nil {
		return err
	}
	return s.between("dilation", dilation, 1, maxWindow)
}

// slide sets the window of the layer and gives the size of its output.
func (s *step) slide(setting string, in [2]int, w *Window) (out [2]int, err error) {
	for i := range 2 {
		if in[i] == Unknown {
			out[i] = Unknown
			continue
		}
		reach := (w.Kernel[i]-1)*w.Dilation[i] + 1
		room := in[i] + w.Before[i] + w.After[i]
		if reach > room {
			what := [2]string{"height", "width"}[i]
			if len(s.in.shape) == 2 {
				what = "length"
			}
			padded := ""
			if room > in[i] {
				padded = fmt.Sprintf(", with padding %d", room)
			}
			return out, s.wrong(setting, "make it smaller, add padding, or leave out a pooling before it",
				"reaches over %d values, but the %s of its input %s is %d%s", reach, what, s.in.shape, in[i], padded)
		}
		out[i] = (room-reach)/w.Stride[i] + 1
	}
	s.Window = w
	return out, nil
}

// Pool is the maximum or average over windows of images (height, width), or of
// sequences: over time, the first number of each pair. Padding is at each
// side; it is never the maximum and does not count in an average.
type Pool struct {
	Size    Pair `yaml:"size" json:"size" short:"true" single:"true" default:"2" min:"1" max:"2" doc:"The size of the window, or [height, width]."`
	Stride  Pair `yaml:"stride" json:"stride" single:"true" min:"1" max:"2" doc:"How far the window moves, or [height, width]; its size if absent."`
	Padding Pair `yaml:"padding" json:"padding" single:"true" default:"0" min:"1" max:"2" doc:"How far windows reach over each side, or [height, width]."`
}

func (l *Pool) expand(kind, _ string) ([]Layer, bool) {
	full := *l
	if full.Stride == nil {
		full.Stride = full.Size
	}
	return []Layer{NewLayer(kind, &full)}, false
}

func (l *Pool) words() string {
	return join(l.Size.text(), when(l.Stride.both() != l.Size.both(), "stride "+l.Stride.text()))
}

func (l *Pool) infer(s *step) error {
	if err := s.wants(2, 3); err != nil {
		return err
	}
	window, stride, padding := l.Size.both(), l.Stride.both(), l.Padding.both()
	w := &Window{Kernel: window, Stride: stride, Dilation: [2]int{1, 1}, Before: padding, After: padding}
	size := [2]int{}
	if in := s.in.shape; len(in) == 3 {
		size = [2]int{in[1], in[2]}
	} else {
		w.Kernel[1], w.Stride[1], w.Before[1], w.After[1] = 1, 1, 0, 0
		size = [2]int{in[0], 1}
	}
	for i := range 2 {
		if err := s.checkWindow("size", window[i], stride[i], 1); err != nil {
			return err
		}
		if err := s.between("padding", padding[i], 0, maxWindow); err != nil {
			return err
		}
		if 2*padding[i] > window[i] {
			return s.wrong("padding", "", "has padding %d: want at most half of its size %d", padding[i], window[i])
		}
	}
	out, err := s.slide("size", size, w)
	if err != nil {
		return err
	}
	s.out.shape = Shape{s.in.shape[0], out[0], out[1]}
	if len(s.in.shape) == 2 {
		s.out = flow{shape: Shape{out[0], s.in.shape[1]}}
	}
	s.Flops = count(s.out.shape.Size(), w.Kernel[0]*w.Kernel[1])
	return nil
}

func (l *Pool) build(b *builder, n *Node, x *graph.Node) *graph.Node {
	w, lengths := n.Window, b.lengths[n.LengthsIn]
	switch sequence := len(n.In) == 2; {
	case n.Kind == "max_pool" && sequence:
		return b.MaxPool1D(x, lengths, w.Kernel[0], w.operator())
	case n.Kind == "max_pool":
		return b.MaxPool2D(x, w.Kernel[0], w.Kernel[1], w.operator())
	case sequence:
		return b.AvgPool1D(x, lengths, w.Kernel[0], w.operator(), false)
	}
	return b.AvgPool2D(x, w.Kernel[0], w.Kernel[1], w.operator(), false)
}

// An ImagePooling is what is taken of each channel.
type ImagePooling string

// Enum implements settings.Enum.
func (ImagePooling) Enum() []string { return []string{"average", "max"} }

// GlobalPool is one number for each channel of an image.
type GlobalPool struct {
	Kind ImagePooling `yaml:"kind" json:"kind" short:"true" default:"average" doc:"What is taken of each channel."`
}

func (l *GlobalPool) words() string { return string(l.Kind) }

func (l *GlobalPool) infer(s *step) error {
	if len(s.in.shape) == 2 {
		return s.wrong("", "use time_pool", "wants an image (channels, height, width), but gets %s", s.in.shape.named())
	}
	if err := s.wants(3); err != nil {
		return err
	}
	s.Flops = count(s.in.shape.Size())
	s.out.shape = s.in.shape[:1:1]
	return s.word("kind", l.Kind)
}

func (l *GlobalPool) build(b *builder, n *Node, x *graph.Node) *graph.Node {
	if l.Kind == "max" {
		return b.GlobalMaxPool(x)
	}
	return b.GlobalAvgPool(x)
}
