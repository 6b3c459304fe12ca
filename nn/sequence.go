package nn

import (
	"fmt"
	"strconv"

	"pipe/nn/graph"
	"pipe/pipeline/settings"
)

// Sequences are the layers for sequences.
type Sequences struct {
	Embedding   *Embedding   `yaml:"embedding" json:"embedding,omitempty" doc:"A learned vector for each token id: (steps) ids become a sequence (steps, dimensions)."`
	Position    *Position    `yaml:"position" json:"position,omitempty" doc:"Add to each step of a sequence what tells where it is."`
	LSTM        *Recurrent   `yaml:"lstm" json:"lstm,omitempty" doc:"Long short-term memory along a sequence, as in PyTorch. With vocabulary or steps a preset: it reads the features itself."`
	GRU         *Recurrent   `yaml:"gru" json:"gru,omitempty" doc:"Gated recurrent units along a sequence, as in PyTorch. With vocabulary or steps a preset."`
	Attention   *Attention   `yaml:"attention" json:"attention,omitempty" doc:"Multi-head self attention over the steps of a sequence."`
	Transformer *Transformer `yaml:"transformer" json:"transformer,omitempty" doc:"Encoder blocks: attention and two dense layers, each with dropout, skip connection and layer normalisation. With vocabulary or steps a preset."`
	TimePool    *TimePool    `yaml:"time_pool" json:"time_pool,omitempty" doc:"Features from a sequence: the mean, maximum or last of its steps."`
}

// maxScores bounds the attention weights of one row.
const maxScores = 1 << 28

// Embedding looks up a vector for each token id, 0 to Vocabulary-1: (T) ids
// become a sequence (T, Dimensions). With a Padding id sequences end before
// their trailing paddings, and the layers behind see their lengths.
type Embedding struct {
	Vocabulary int  `yaml:"vocabulary" json:"vocabulary" default:"0" min:"0" max:"16777216" doc:"How many ids there are, from 0 on. Any other number is an error. 0 is as many as the data set says, which it does of words, parts of words and categories that a preprocess stage has numbered."`
	Dimensions int  `yaml:"dimensions" json:"dimensions" short:"true" required:"true" min:"1" max:"65536" doc:"The size of a vector."`
	Padding    *int `yaml:"padding" json:"padding,omitempty" min:"0" doc:"The id that fills up sequences at their end. What it fills is left out by the layers that follow, as long as they keep the steps."`
}

func (l *Embedding) words() string { return fmt.Sprintf("%d of %d", l.Dimensions, l.Vocabulary) }

func (l *Embedding) infer(s *step) error {
	if !s.in.raw {
		return s.wrong("", "put it first", "wants token ids of the data set, but a layer before it has changed them")
	}
	if err := s.wants(1); err != nil {
		return err
	}
	ids, last := l.Vocabulary, l.Vocabulary-1
	if ids == 0 {
		if s.in.shape[0] != Unknown {
			return s.wrong("vocabulary", "write how many there are, as in `vocabulary: 5000`", "does not know how many token ids there are, and the data set does not say it")
		}
		ids, last = Unknown, maxTokens-1
	} else if err := s.between("vocabulary", ids, 1, maxTokens); err != nil {
		return err
	}
	if err := s.between("dimensions", l.Dimensions, 1, maxWidth); err != nil {
		return err
	}
	if l.Padding != nil {
		if err := s.between("padding", *l.Padding, 0, last); err != nil {
			return err
		}
		if s.in.lengths == "" { // else the data says how long they are
			s.out.lengths = s.Path
		}
	}
	s.out.shape = Shape{s.in.shape[0], l.Dimensions}
	s.weight("weight", Table, ids, l.Dimensions, Linear, ids, l.Dimensions)
	return nil
}

// build looks up ids. How long sequences are the data says, or else the padding
// id; what is beyond is 0.
func (l *Embedding) build(b *builder, n *Node, x *graph.Node) *graph.Node {
	padding := graph.NoPadding
	if l.Padding != nil {
		padding = *l.Padding
	}
	lengths := b.lengths[n.LengthsIn]
	if lengths == nil && l.Padding != nil {
		lengths = b.IDLengths(x, padding)
		b.lengths[n.Path] = lengths
	}
	y := b.Embedding(x, b.param(n, "weight"), 1, padding)
	if lengths == nil {
		return y
	}
	return b.MaskSteps(y, lengths)
}

// A Positioning is what is added to the steps of a sequence.
type Positioning string

// Enum implements settings.Enum.
func (Positioning) Enum() []string { return []string{"sinusoidal", "learned"} }

// Position adds to each step of a sequence what tells where it is: "sinusoidal"
// (Vaswani et al., "Attention Is All You Need", 2017) or "learned".
type Position struct {
	Kind Positioning `yaml:"kind" json:"kind" short:"true" default:"sinusoidal" doc:"Waves of many lengths, or a learned vector for each step."`
}

func (l *Position) words() string { return string(l.Kind) }

func (l *Position) infer(s *step) error {
	if err := s.word("kind", l.Kind); err != nil {
		return err
	}
	if err := s.wants(2); err != nil {
		return err
	}
	if l.Kind == "learned" {
		s.weight("weight", Positions, s.in.shape[0], s.in.shape[1], Linear, s.in.shape...)
	}
	s.Flops = count(s.in.shape.Size())
	return s.same()
}

func (l *Position) build(b *builder, n *Node, x *graph.Node) *graph.Node {
	if l.Kind == "learned" {
		return b.LearnedPositions(x, b.param(n, "weight"))
	}
	return b.SinusoidalPositions(x)
}

// Returned is what an lstm or gru gives: the last output of each direction, or all.
type Returned string

// Enum implements settings.Enum.
func (Returned) Enum() []string { return []string{"last", "sequence"} }

// Recurrent is lstm or gru. It runs along sequences, with the gates and biases of
// PyTorch's. If it says how to read the features it is a preset.
type Recurrent struct {
	Units         int      `yaml:"units" json:"units" short:"true" default:"64" min:"1" max:"65536" doc:"The size of the state, for each direction."`
	Layers        int      `yaml:"layers" json:"layers" default:"1" min:"1" max:"100" doc:"How many of these are stacked."`
	Bidirectional bool     `yaml:"bidirectional" json:"bidirectional,omitempty" default:"false" doc:"Also run from the end to the beginning; both outputs are joined."`
	Return        Returned `yaml:"return" json:"return" default:"last" doc:"Features from the last step (of each direction), or the sequence of all outputs."`
	Dropout       *float64 `yaml:"dropout" json:"dropout,omitempty" min:"0" below:"1" doc:"Dropout between the layers, 0 if absent. As a preset also behind them, and 0.1 if absent."`
	Vocabulary    int      `yaml:"vocabulary" json:"-" default:"0" min:"0" max:"16777216" doc:"Makes it a preset that begins with an embedding: features are token ids below this number."`
	Padding       *int     `yaml:"padding" json:"-" min:"0" doc:"The token id that fills up sequences at their end; with vocabulary."`
	Steps         int      `yaml:"steps" json:"-" default:"0" min:"0" max:"65536" doc:"Makes it a preset that begins with a reshape: features are the values of so many steps, one step after the other."`
}

// Validate finds two ways to read the features.
func (l *Recurrent) Validate() error { return validFront(l.Vocabulary, l.Steps, l.Padding) }

func (l *Recurrent) expand(kind, _ string) ([]Layer, bool) {
	full := Recurrent{Units: l.Units, Layers: l.Layers, Bidirectional: l.Bidirectional, Return: l.Return, Dropout: orNil(orZero(l.Dropout))}
	if l.Vocabulary == 0 && l.Steps == 0 {
		return []Layer{NewLayer(kind, &full)}, false
	}
	if l.Dropout == nil {
		full.Dropout = orNil(0.1)
	}
	list := append(front(l.Vocabulary, l.Steps, l.Padding, l.Units), NewLayer(kind, &full))
	return append(list, dropout(orZero(full.Dropout))...), true
}

func (l *Recurrent) words() string {
	return join(strconv.Itoa(l.Units), when(l.Layers > 1, fmt.Sprintf("x %d", l.Layers)),
		when(l.Bidirectional, "bidirectional"), when(l.Return == "sequence", "sequence"))
}

// infer knows three gates of a gru and four of an lstm. For each of its layers and directions
// there are weight_input (D, gates H), weight_hidden (H, gates H), bias_input
// and bias_hidden (gates H), with the gates in the order of PyTorch: i, f, g, o
// of an LSTM and r, z, n of a GRU.
func (l *Recurrent) infer(s *step) error {
	gates := 4
	if s.Kind == "gru" {
		gates = 3
	}
	if err := s.between("units", l.Units, 1, maxWidth/8); err != nil {
		return err
	}
	if err := s.between("layers", l.Layers, 1, maxRecurrent); err != nil {
		return err
	}
	if err := s.word("return", l.Return); err != nil {
		return err
	}
	if err := s.rate("dropout", orZero(l.Dropout)); err != nil {
		return err
	}
	if err := s.wants(2); err != nil {
		return err
	}
	steps, in := s.in.shape[0], s.in.shape[1]
	h, wide := l.Units, gates*l.Units
	directions := []string{"forward", "backward"}
	if !l.Bidirectional {
		directions = directions[:1]
	}
	role := Bias
	if gates == 4 {
		role = GateBias
	}
	for i := range l.Layers {
		for _, d := range directions {
			at := strconv.Itoa(i) + "." + d + "."
			s.weight(at+"weight_input", Weight, in, h, Tanh, in, wide)
			s.weight(at+"weight_hidden", StateWeight, h, h, Tanh, h, wide)
			s.Params[len(s.Params)-2].Gates, s.Params[len(s.Params)-1].Gates = gates, gates
			s.param(at+"bias_input", role, wide)
			s.param(at+"bias_hidden", Bias, wide)
			s.Flops += count(steps) * (2*count(plus(in, h), wide) + count(2*wide+gates*h))
		}
		in = h * len(directions)
	}
	s.out.shape = Shape{steps, in}
	if l.Return == "last" {
		s.out = flow{shape: Shape{in}}
	}
	return nil
}

// build adds the layers, with one or two directions.
func (l *Recurrent) build(b *builder, n *Node, x *graph.Node) *graph.Node {
	run := b.LSTM
	if n.Kind == "gru" {
		run = b.GRU
	}
	lengths := b.lengths[n.LengthsIn]
	for i := range l.Layers {
		if i > 0 {
			x = b.drop(n.Path+"."+strconv.Itoa(i), x, orZero(l.Dropout))
		}
		at := strconv.Itoa(i) + ".forward."
		direction := func(at string, reverse bool) *graph.Node {
			return run(x, graph.Recurrent{
				Wx: b.param(n, at+"weight_input"), Wh: b.param(n, at+"weight_hidden"),
				Bx: b.param(n, at+"bias_input"), Bh: b.param(n, at+"bias_hidden"), Lengths: lengths, Reverse: reverse,
			})
		}
		forward, last := direction(at, false), i == l.Layers-1 && l.Return == "last"
		if !l.Bidirectional {
			if x = forward; last {
				x = b.LastStep(x, lengths)
			}
			continue
		}
		backward := direction(strconv.Itoa(i)+".backward.", true)
		if last {
			forward, backward = b.LastStep(forward, lengths), b.FirstStep(backward, lengths)
		}
		x = b.Concat(forward, backward)
	}
	return x
}

// A TimePooling is what is taken of the valid steps of a sequence.
type TimePooling string

// Enum implements settings.Enum.
func (TimePooling) Enum() []string { return []string{"mean", "max", "last"} }

// TimePool makes features of a sequence: the "mean", "max" or "last" of its
// valid steps.
type TimePool struct {
	Kind TimePooling `yaml:"kind" json:"kind" short:"true" default:"mean" doc:"What is taken of the steps of a sequence, without its padding."`
}

func (l *TimePool) words() string { return string(l.Kind) }

func (l *TimePool) infer(s *step) error {
	if err := s.word("kind", l.Kind); err != nil {
		return err
	}
	if err := s.wants(2); err != nil {
		return err
	}
	s.Flops = count(s.in.shape.Size())
	s.out = flow{shape: s.in.shape[1:]}
	return nil
}

func (l *TimePool) build(b *builder, n *Node, x *graph.Node) *graph.Node {
	return b.TimePool(x, b.lengths[n.LengthsIn], graph.Pooling(l.Kind))
}

// front is how a preset for sequences reads features: token ids below vocabulary,
// or else the values of each of so many steps. Embeddings have units dimensions.
func front(vocabulary, steps int, padding *int, units int) []Layer {
	if vocabulary > 0 {
		return []Layer{NewLayer("embedding", &Embedding{Vocabulary: vocabulary, Dimensions: units, Padding: padding})}
	}
	return reshaped([]int{steps, Unknown})
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
