package nn

import (
	"cmp"
	"strconv"
)

// Sequences.

// maxScores bounds the attention weights of one row.
const maxScores = 1 << 28

func (l *Embedding) infer(s *step) error {
	if err := s.between("vocabulary", l.Vocabulary, 1, maxTokens); err != nil {
		return err
	}
	if err := s.between("dimensions", l.Dimensions, 1, maxWidth); err != nil {
		return err
	}
	if l.Padding != nil {
		if err := s.between("padding", *l.Padding, 0, l.Vocabulary-1); err != nil {
			return err
		}
		if s.in.lengths == "" { // else the data says how long they are
			s.out.lengths = s.Path
		}
	}
	if !s.in.raw {
		return s.wrong("", "put it first", "wants token ids of the data set, but a layer before it has changed them")
	}
	if err := s.wants(1); err != nil {
		return err
	}
	s.out.shape = Shape{s.in.shape[0], l.Dimensions}
	s.weight("weight", Table, l.Vocabulary, l.Dimensions, Linear, l.Vocabulary, l.Dimensions)
	return nil
}

func (l *Position) infer(s *step) error {
	if err := s.oneOf("kind", l.Kind, "sinusoidal", "learned"); err != nil {
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

func (l *LSTM) infer(s *step) error { return l.recurrent(s, 4) }
func (l *GRU) infer(s *step) error  { return (*LSTM)(l).recurrent(s, 3) }

// recurrent is a layer of so many gates. For each of its layers and directions
// there are weight_input (D, gates H), weight_hidden (H, gates H), bias_input
// and bias_hidden (gates H), with the gates in the order of PyTorch: i, f, g, o
// of an LSTM and r, z, n of a GRU.
func (l *LSTM) recurrent(s *step, gates int) error {
	if err := s.between("units", l.Units, 1, maxWidth/8); err != nil {
		return err
	}
	if err := s.between("layers", l.Layers, 1, maxRecurrent); err != nil {
		return err
	}
	if err := s.oneOf("return", l.Return, "sequence", "last"); err != nil {
		return err
	}
	if err := s.rate("dropout", l.Dropout); err != nil {
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
			s.weight(at+"weight_hidden", Recurrent, h, h, Tanh, h, wide)
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
	if err := s.oneOf("norm", l.Norm, "pre", "post"); err != nil {
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

// normEpsilon is that of the normalisation in a transformer, as in PyTorch.
const normEpsilon = 1e-5

// blocks takes a transformer of sequences of d dimensions apart.
func (l *Transformer) blocks(d int) []Layer {
	norm := func() Layer { return Layer{LayerNorm: &LayerNorm{Epsilon: normEpsilon}} }
	drop := Layer{Dropout: &Dropout{Rate: l.Dropout}}
	forward := cmp.Or(l.FeedForward, 4*d)
	parts := [][]Layer{
		{{Attention: &Attention{Heads: l.Heads, Causal: l.Causal, Dropout: l.Dropout}}, drop},
		{{Dense: &Dense{Units: forward, Activation: l.Activation}}, drop, {Dense: &Dense{Units: d, Activation: Linear}}, drop},
	}
	var list []Layer
	for range l.Layers {
		for _, part := range parts {
			if l.Norm == "pre" {
				part = append([]Layer{norm()}, part...)
			}
			list = append(list, Layer{Residual: &Residual{Layers: part}})
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

func (l *TimePool) infer(s *step) error {
	if err := s.oneOf("kind", l.Kind, "mean", "max", "last"); err != nil {
		return err
	}
	if err := s.wants(2); err != nil {
		return err
	}
	s.Flops = count(s.in.shape.Size())
	s.out = flow{shape: s.in.shape[1:]}
	return nil
}
