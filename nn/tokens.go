package nn

import (
	"fmt"
	"math"
	"slices"

	"pipe/data/tensor"
)

// Vocabularies are how many token ids a network knows of each input that it takes
// for such: 0 to one less. 0 stands for an input that it does not. Of several
// embeddings, which all get all ids, the smallest counts.
func (s Spec) Vocabularies() []int {
	least := make([]int, max(1, len(s.Branches)))
	shapes, err := s.Shapes()
	if err != nil {
		return least
	}
	look := func(branch int) func(*Node) {
		return func(n *Node) {
			if e := n.Layer.Embedding; e != nil && (least[branch] == 0 || e.Vocabulary < least[branch]) {
				least[branch] = e.Vocabulary
			}
		}
	}
	for i, b := range shapes.Branches {
		walk(b, look(i))
	}
	if len(least) == 1 {
		walk(shapes.Nodes, look(0))
	}
	return least
}

// WithVocabulary gives layers, whose input has so many token ids, in which embeddings
// that do not say how many there are have that number. 0 stands for one that is not
// known.
func WithVocabulary(list []Layer, ids int) []Layer {
	out := slices.Clone(list)
	for i := range out {
		switch l := &out[i]; {
		case l.Embedding != nil && l.Embedding.Vocabulary == 0:
			e := *l.Embedding
			e.Vocabulary, l.Embedding = ids, &e
		case l.Residual != nil:
			l.Residual = &Residual{Layers: WithVocabulary(l.Residual.Layers, ids)}
		case l.Concat != nil:
			c := &Concat{}
			for _, branch := range l.Concat.Branches {
				c.Branches = append(c.Branches, WithVocabulary(branch, ids))
			}
			l.Concat = c
		}
	}
	return out
}

// CheckTokens finds the first number in rows that is no token id of a vocabulary.
// A network would take it for the nearest one. A vocabulary of 0 is none, and
// all is well.
func (in *Input) CheckTokens(vocabulary int, rows *tensor.Rows) *TokenError {
	if vocabulary == 0 {
		return nil
	}
	wrong := func(i int) *TokenError {
		row, at := in.place(rows, i)
		return &TokenError{Element: in.element(at), Row: row + 1, Value: rows.At(i), Vocabulary: vocabulary}
	}
	last := float32(vocabulary - 1)
	for i, v := range rows.F32 {
		if !(v >= 0 && v <= last && float32(math.Trunc(float64(v))) == v) {
			return wrong(i)
		}
	}
	for i, v := range rows.I32 {
		if v < 0 || int(v) >= vocabulary {
			return wrong(i)
		}
	}
	for i, v := range rows.U8 {
		if int(v) >= vocabulary {
			return wrong(i)
		}
	}
	return nil
}

// A TokenError is a number that is no token id where the network takes it for
// one.
type TokenError struct {
	Element    string // "feature word_3"
	Row        int    // from 1, among the rows that were looked at
	Value      float64
	Vocabulary int
}

// Reason says what is wrong with the value, without its row.
func (e *TokenError) Reason() string {
	return fmt.Sprintf("%s is %v, and the token ids of the vocabulary are 0 to %d", e.Element, float32(e.Value), e.Vocabulary-1)
}

func (e *TokenError) Error() string { return fmt.Sprintf("row %d: %s", e.Row, e.Reason()) }

// Hint says what to do about it.
func (e *TokenError) Hint() string {
	if math.Trunc(e.Value) != e.Value || e.Value < 0 {
		return "token ids must not be scaled: write `scale: none` for their columns in the preprocess stage"
	}
	return "raise the vocabulary of the embedding, or give rare tokens one id where the table is made"
}
