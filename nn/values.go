package nn

import (
	"fmt"
	"math"

	"pipe/nn/graph"
	"pipe/pipeline/settings"
)

// Values are the layers of any shape: dense layers, activations, dropout.
//
// Operations are counted as in most papers: a product and its sum are two, a
// function of one value is one.
type Values struct {
	Dense          *Dense          `yaml:"dense" json:"dense,omitempty" doc:"A fully connected layer: activation(x W + b), of features or of each step of a sequence."`
	Activation     *Activate       `yaml:"activation" json:"activation,omitempty" doc:"A function that each value passes through, as a layer of its own."`
	Dropout        *Dropout        `yaml:"dropout" json:"dropout,omitempty" doc:"Drops values at random during training, against overfitting."`
	SpatialDropout *SpatialDropout `yaml:"spatial_dropout" json:"spatial_dropout,omitempty" doc:"Dropout of whole channels of images."`
	StepDropout    *StepDropout    `yaml:"step_dropout" json:"step_dropout,omitempty" doc:"Dropout of whole steps of sequences; behind an embedding of words, of words."`
}

// Dense is activation(x W + b) with as many outputs as it has units, of the
// features or of each step of a sequence.
type Dense struct {
	Units      int          `yaml:"units" json:"units" short:"true" required:"true" min:"1" max:"65536" doc:"How many values the layer computes."`
	Activation Activation   `yaml:"activation" json:"activation" default:"relu" doc:"The function that each value passes through; softmax is of all values of a row or step."`
	NoBias     settings.Off `yaml:"bias" json:"no_bias,omitempty" default:"true" doc:"Whether there is a b."`
}

func (l *Dense) words() string { return fmt.Sprintf("%d %s", l.Units, l.Activation) }

func (l *Dense) infer(s *step) error {
	if s.Path != "output" || l.Units != Unknown {
		if err := s.between("units", l.Units, 1, maxWidth); err != nil {
			return err
		}
	}
	if err := s.known(l.Activation); err != nil {
		return err
	}
	if s.in.sparse > 0 {
		s.sparse(l)
		return nil
	}
	if err := s.wants(1, 2); err != nil {
		return err
	}
	s.dense("", l.Units, bool(!l.NoBias), s.behind(l.Activation))
	return nil
}

// sparse is a dense layer of sparse vectors.
func (s *step) sparse(l *Dense) {
	s.out = flow{shape: Shape{l.Units}}
	s.weight("weight", Weight, s.in.sparse, l.Units, s.behind(l.Activation), s.in.sparse, l.Units)
	if !l.NoBias {
		s.param("bias", Bias, l.Units)
	}
	s.Flops += 2*count(s.in.shape[0], l.Units) + count(l.Units)
}

// sparse multiplies pairs of an index and a value with the weights.
func (l *Dense) sparse(b *builder, n *Node, x *graph.Node) *graph.Node {
	y := b.Bag(x, b.param(n, "weight"))
	if bias := b.param(n, "bias"); bias != nil && b.Err() == nil {
		units := n.Params[0].Shape[1]
		y = b.LearnedPositions(b.Reshape(y, b.rows, 1, units), b.Reshape(bias, 1, units))
		y = b.Reshape(y, b.rows, units)
	}
	if l.Activation == Softmax {
		return b.Softmax(y, nil)
	}
	return b.Activate(y, l.Activation.operator())
}

func (l *Dense) build(b *builder, n *Node, x *graph.Node) *graph.Node {
	if n.Sparse > 0 {
		return l.sparse(b, n, x)
	}
	return b.dense(n, "", x, l.Activation)
}

// dense adds the product of a layer whose parameters begin with a prefix.
func (b *builder) dense(n *Node, prefix string, x *graph.Node, act Activation) *graph.Node {
	y := b.Dense(x, b.param(n, prefix+"weight"), b.param(n, prefix+"bias"), act.operator())
	if act == Softmax {
		return b.Softmax(y, nil)
	}
	return y
}

// dense is x W + b of the last axis.
func (s *step) dense(prefix string, units int, bias bool, act Activation) {
	in := s.in.shape
	width := in[len(in)-1]
	s.out.shape = append(in[:len(in)-1:len(in)-1], units)
	s.weight(prefix+"weight", Weight, width, units, act, width, units)
	if bias {
		s.param(prefix+"bias", Bias, units)
	}
	s.Flops += 2*count(in.Size(), units) + count(s.out.shape.Size())
}

// Activate is an activation as a layer of its own.
type Activate struct {
	Kind Activation `yaml:"kind" json:"kind" short:"true" required:"true" doc:"The function. gelu is the exact one, softmax is of all values of a row or step."`
	// Alpha is nil for 0, too.
	Alpha *float64 `yaml:"alpha" json:"alpha,omitempty" doc:"The slope of leaky_relu below 0 (0.01), or the scale of elu (1)."`
}

// Validate finds an alpha without a use.
func (l *Activate) Validate() error {
	if l.Alpha != nil && l.Kind.Alpha() == 0 {
		return settings.FieldErrorf("alpha", "%s has no alpha; leaky_relu and elu have", l.Kind)
	}
	return nil
}

func (l *Activate) expand(string, string) ([]Layer, bool) {
	full := activate(l.Kind)
	if l.Alpha != nil {
		full.Activation.Alpha = orNil(*l.Alpha)
	}
	return []Layer{full}, false
}

// orNil is a pointer to v, nil for 0.
func orNil(v float64) *float64 {
	if v == 0 {
		return nil
	}
	return &v
}

// orZero is what p points to.
func orZero(p *float64) float64 {
	if p == nil {
		return 0
	}
	return *p
}

func (l *Activate) words() string { return string(l.Kind) }

func (l *Activate) infer(s *step) error {
	if err := s.known(l.Kind); err != nil {
		return err
	}
	alpha := orZero(l.Alpha)
	if math.IsNaN(alpha) || math.IsInf(alpha, 0) || l.Kind.Alpha() == 0 && alpha != 0 || l.Kind == ELU && alpha <= 0 {
		return s.wrong("alpha", "alpha is the slope of leaky_relu, or the scale of elu, above 0", "%s cannot have alpha %v", l.Kind, alpha)
	}
	if l.Kind == Softmax && len(s.in.shape) == 3 {
		return s.wrong("", "flatten them, or pool them first", "softmax is of features or of the steps of a sequence, but it gets %s", s.in.shape.named())
	}
	s.Flops = count(s.in.shape.Size())
	return s.same()
}

func (l *Activate) build(b *builder, n *Node, x *graph.Node) *graph.Node {
	if l.Kind == Softmax {
		return b.Softmax(x, nil)
	}
	act := l.Kind.operator()
	if alpha := orZero(l.Alpha); alpha != 0 {
		act.Alpha = float32(alpha)
	}
	return b.Activate(x, act)
}

// Dropout zeroes each value with probability Rate during training and divides
// the others by 1-Rate. It does nothing when the network is evaluated.
type Dropout struct {
	Rate float64 `yaml:"rate" json:"rate" short:"true" required:"true" min:"0" below:"1" doc:"The probability that a value is dropped; those that stay are divided by 1-rate."`
}

func (l *Dropout) words() string { return number(l.Rate) }

func (l *Dropout) infer(s *step) error {
	s.out.shape = s.in.shape
	return s.rate("rate", l.Rate)
}

func (l *Dropout) build(b *builder, n *Node, x *graph.Node) *graph.Node {
	return b.drop(n.Path, x, l.Rate)
}

// SpatialDropout drops whole channels of images.
type SpatialDropout struct {
	Rate float64 `yaml:"rate" json:"rate" short:"true" required:"true" min:"0" below:"1" doc:"The probability that a channel is dropped; those that stay are divided by 1-rate."`
}

func (l *SpatialDropout) words() string { return number(l.Rate) }

func (l *SpatialDropout) infer(s *step) error {
	if err := s.wants(3); err != nil {
		return err
	}
	s.out.shape = s.in.shape
	return s.rate("rate", l.Rate)
}

func (l *SpatialDropout) build(b *builder, n *Node, x *graph.Node) *graph.Node {
	return b.dropParts(n.Path, x, l.Rate)
}

// StepDropout drops whole steps of sequences. Behind an embedding of words that is
// word dropout (Iyyer et al., "Deep Unordered Composition Rivals Syntactic Methods for
// Text Classification", 2015): no single word can carry a text.
type StepDropout struct {
	Rate float64 `yaml:"rate" json:"rate" short:"true" required:"true" min:"0" below:"1" doc:"The probability that a step is dropped; those that stay are divided by 1-rate."`
}

func (l *StepDropout) words() string { return number(l.Rate) }

func (l *StepDropout) infer(s *step) error {
	if err := s.wants(2); err != nil {
		return err
	}
	s.out.shape = s.in.shape
	return s.rate("rate", l.Rate)
}

func (l *StepDropout) build(b *builder, n *Node, x *graph.Node) *graph.Node {
	return b.dropParts(n.Path, x, l.Rate)
}
