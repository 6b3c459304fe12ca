package nn

import (
	"cmp"
	"fmt"

	"pipe/nn/graph"
	"pipe/pipeline/settings"
)

// Attention is multi-head self attention with projections of input and output.
type Attention struct {
	Heads         int     `yaml:"heads" json:"heads" short:"true" required:"true" min:"1" max:"1024" doc:"How many heads there are."`
	Causal        bool    `yaml:"causal" json:"causal,omitempty" default:"false" doc:"Let no step see later ones."`
	Dropout       float64 `yaml:"dropout" json:"dropout,omitempty" default:"0" min:"0" below:"1" doc:"Dropout of the attention weights."`
	KeyDimensions int     `yaml:"key_dimensions" json:"key_dimensions,omitempty" default:"0" min:"0" max:"1024" doc:"The dimensions of each head; 0 divides those of the input among the heads."`
}

// MarshalJSON writes what a model has.
func (l Attention) MarshalJSON() ([]byte, error) {
	type plain Attention
	return inOrder(plain(l), "heads", "key_dimensions", "causal", "dropout")
}

func (l *Attention) words() string {
	return join(fmt.Sprintf("%d heads", l.Heads), when(l.Causal, "causal"))
}

func (l *Attention) infer(s *step) error {
	if err := s.between("heads", l.Heads, 1, 1024); err != nil {
		return err
	}
	if err := s.between("key_dimensions", l.KeyDimensions, 0, maxWidth/1024); err != nil {
		return err
	}
	if err := s.rate("dropout", l.Dropout); err != nil {
		return err
	}
	if err := s.wants(2); err != nil {
		return err
	}
	steps, d := s.in.shape[0], s.in.shape[1]
	wide := times(l.Heads, l.KeyDimensions)
	if l.KeyDimensions == 0 {
		if d != Unknown && d%l.Heads != 0 {
			return s.wrong("heads", "choose a divisor, or set key_dimensions", "cannot divide %d dimensions among %d heads", d, l.Heads)
		}
		wide = d
	}
	scores := count(steps, steps, l.Heads)
	if scores > maxScores {
		return s.wrong("", "shorten the sequences", "over %d steps has %.0f weights for a row: more than %d", steps, scores, maxScores)
	}
	for _, name := range []string{"query.", "key.", "value."} {
		s.dense(name, wide, true, Linear)
	}
	s.weight("out.weight", Weight, wide, d, Linear, wide, d)
	s.param("out.bias", Bias, d)
	s.Flops += 2*count(steps, wide, d) + 4*count(steps, steps, wide) + 5*scores
	return s.same()
}

func (l *Attention) build(b *builder, n *Node, x *graph.Node) *graph.Node {
	q, k, v := b.dense(n, "query.", x, Linear), b.dense(n, "key.", x, Linear), b.dense(n, "value.", x, Linear)
	a := graph.Attention{Heads: l.Heads, Causal: l.Causal}
	if b.training {
		a.Dropout, a.Key = l.Dropout, b.stream(n.Path)
	}
	return b.dense(n, "out.", b.Attention(q, k, v, b.lengths[n.LengthsIn], a), Linear)
}

// A NormPlace is where a transformer normalises: before its parts, or after them.
type NormPlace string

// Enum implements settings.Enum.
func (NormPlace) Enum() []string { return []string{"pre", "post"} }

// Transformer is Layers encoder blocks: attention and two dense layers, each
// with dropout, a skip connection and layer normalisation before ("pre", and
// once behind the last block) or after ("post") it. If it says how to read the
// features it is a preset, with sinusoidal positions before it and the mean of the
// steps behind it.
type Transformer struct {
	Heads       int        `yaml:"heads" json:"heads" default:"4" min:"1" max:"1024" doc:"Attention heads; they divide the dimensions of the input."`
	FeedForward int        `yaml:"feed_forward" json:"feed_forward" default:"0" min:"0" max:"65536" doc:"Units of the first dense layer; 0 is four times the dimensions of the input."`
	Dropout     float64    `yaml:"dropout" json:"dropout" default:"0.1" min:"0" below:"1" doc:"Dropout of attention weights and behind attention and dense layers. As a preset also behind the positions and at the end."`
	Activation  Activation `yaml:"activation" json:"activation" default:"gelu" except:"softmax" doc:"That of the first dense layer."`
	Causal      bool       `yaml:"causal" json:"causal,omitempty" default:"false" doc:"Let no step see later ones."`
	Norm        NormPlace  `yaml:"norm" json:"norm" default:"pre" doc:"Normalise before attention and dense layers and once at the end, or after each skip connection."`
	Layers      int        `yaml:"layers" json:"layers" default:"1" min:"1" max:"100" doc:"How many blocks there are."`
	Vocabulary  int        `yaml:"vocabulary" json:"-" default:"0" min:"0" max:"16777216" doc:"Makes it a preset that begins with an embedding and sinusoidal positions, and ends with the mean of the steps: features are token ids below this number."`
	Padding     *int       `yaml:"padding" json:"-" min:"0" doc:"The token id that fills up sequences at their end; with vocabulary."`
	Steps       int        `yaml:"steps" json:"-" default:"0" min:"0" max:"65536" doc:"Makes it a preset that begins with a reshape, a dense layer and sinusoidal positions, and ends with the mean of the steps: features are the values of so many steps, one step after the other."`
	Units       *int       `yaml:"units" json:"-" min:"1" max:"65536" doc:"Dimensions of the steps of a preset, 64 if absent; with vocabulary or steps. A layer has those of its input."`
}

// Validate finds two ways to read the features.
func (l *Transformer) Validate() error {
	if l.Units != nil && !l.reads() {
		return settings.FieldErrorf("units", "a transformer layer has the dimensions of its input; units belong to vocabulary or steps")
	}
	return validFront(l.Vocabulary, l.Steps, l.Padding)
}

// reads says whether it reads the features, as a preset.
func (l *Transformer) reads() bool { return l.Vocabulary > 0 || l.Steps > 0 }

func (l *Transformer) expand(kind, _ string) ([]Layer, bool) {
	full := Transformer{Heads: l.Heads, FeedForward: l.FeedForward, Dropout: l.Dropout, Activation: l.Activation,
		Causal: l.Causal, Norm: l.Norm, Layers: l.Layers}
	if !l.reads() {
		return []Layer{NewLayer(kind, &full)}, false
	}
	units := 64
	if l.Units != nil {
		units = *l.Units
	}
	list := front(l.Vocabulary, l.Steps, l.Padding, units)
	if l.Vocabulary == 0 {
		list = append(list, dense(units, Linear))
	}
	list = append(list, NewLayer("position", &Position{Kind: "sinusoidal"}))
	list = append(list, dropout(l.Dropout)...)
	list = append(list, NewLayer(kind, &full), NewLayer("time_pool", &TimePool{Kind: "mean"}))
	return append(list, dropout(l.Dropout)...), true
}

func (l *Transformer) words() string {
	return join(fmt.Sprintf("%d heads", l.Heads)+when(l.FeedForward > 0, fmt.Sprintf(", %d", l.FeedForward)), when(l.Layers > 1, fmt.Sprintf("x %d", l.Layers)),
		when(l.Causal, "causal"))
}

func (l *Transformer) infer(s *step) error {
	if err := s.between("heads", l.Heads, 1, 1024); err != nil {
		return err
	}
	if err := s.between("feed_forward", l.FeedForward, 0, maxWidth); err != nil {
		return err
	}
	if err := s.between("layers", l.Layers, 1, maxRecurrent); err != nil {
		return err
	}
	if err := s.rate("dropout", l.Dropout); err != nil {
		return err
	}
	if err := s.pointwise(l.Activation); err != nil {
		return err
	}
	if err := s.word("norm", l.Norm); err != nil {
		return err
	}
	if err := s.wants(2); err != nil {
		return err
	}
	d := s.in.shape[1]
	if d == Unknown {
		return s.same() // there is nothing to say about its layers yet
	}
	if d%l.Heads != 0 {
		return s.wrong("heads", "choose a divisor", "cannot divide %d dimensions among %d heads", d, l.Heads)
	}
	inner, out, err := s.list(s.Path, l.blocks(d), s.in)
	if err != nil {
		return err
	}
	s.Inner, s.out = [][]Node{inner}, out
	for i := range inner {
		s.Flops += inner[i].Flops
	}
	return nil
}

func (l *Transformer) build(b *builder, n *Node, x *graph.Node) *graph.Node {
	return b.list(n.Inner[0], x)
}

// normEpsilon is that of the normalisation in a transformer, as in PyTorch.
const normEpsilon = 1e-5

// blocks takes a transformer of sequences of d dimensions apart.
func (l *Transformer) blocks(d int) []Layer {
	norm := func() Layer { return NewLayer("layer_norm", &LayerNorm{Epsilon: normEpsilon}) }
	drop := NewLayer("dropout", &Dropout{Rate: l.Dropout})
	forward := cmp.Or(l.FeedForward, 4*d)
	parts := [][]Layer{
		{NewLayer("attention", &Attention{Heads: l.Heads, Causal: l.Causal, Dropout: l.Dropout}), drop},
		{dense(forward, l.Activation), drop, dense(d, Linear), drop},
	}
	var list []Layer
	for range l.Layers {
		for _, part := range parts {
			if l.Norm == "pre" {
				part = append([]Layer{norm()}, part...)
			}
			list = append(list, NewLayer("residual", &Residual{Layers: part}))
			if l.Norm == "post" {
				list = append(list, norm())
			}
		}
	}
	if l.Norm == "pre" {
		list = append(list, norm())
	}
	return list
}
