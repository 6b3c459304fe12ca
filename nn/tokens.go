package nn

import (
	"fmt"
	"math"
)

// Vocabulary is how many token ids a network knows that takes its features for
// such: 0 to Vocabulary-1. It is 0 for a network that does not. Of several
// embeddings, which all get all features, the smallest counts.
func (s Spec) Vocabulary() int {
	shapes, err := s.Shapes()
	if err != nil {
		return 0
	}
	least := 0
	shapes.Walk(func(n *Node) {
		if e := n.Layer.Embedding; e != nil && (least == 0 || e.Vocabulary < least) {
			least = e.Vocabulary
		}
	})
	return least
}

// CheckTokens finds the first feature in rows, row-major, that is no token id of
// a vocabulary. A network would take it for the nearest one. A vocabulary of 0
// is none, and all is well.
func CheckTokens(vocabulary int, features []string, x []float32) *TokenError {
	if vocabulary == 0 {
		return nil
	}
	last := float32(vocabulary - 1)
	for i, v := range x {
		if v >= 0 && v <= last && float32(math.Trunc(float64(v))) == v {
			continue
		}
		return &TokenError{Feature: features[i%len(features)], Row: i/len(features) + 1, Value: v, Vocabulary: vocabulary}
	}
	return nil
}

// A TokenError is a feature that is no token id where the network takes it for
// one.
type TokenError struct {
	Feature    string
	Row        int // from 1, among the rows that were looked at
	Value      float32
	Vocabulary int
}

// Reason says what is wrong with the value, without its row.
func (e *TokenError) Reason() string {
	return fmt.Sprintf("feature %s is %v, and the token ids of the vocabulary are 0 to %d", e.Feature, e.Value, e.Vocabulary-1)
}

func (e *TokenError) Error() string { return fmt.Sprintf("row %d: %s", e.Row, e.Reason()) }

// Hint says what to do about it.
func (e *TokenError) Hint() string {
	if float32(math.Trunc(float64(e.Value))) != e.Value || e.Value < 0 {
		return "token ids must not be scaled: write `scale: none` for their columns in the preprocess stage"
	}
	return "raise the vocabulary of the network, or give rare tokens one id where the table is made"
}
