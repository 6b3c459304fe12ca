package nn

import (
	"math"
	"strings"
	"testing"
)

func TestCheckTokens(t *testing.T) {
	names := []string{"a", "b"}
	for _, c := range []struct {
		x    []float32
		want string
		hint string
	}{
		{[]float32{0, 9, float32(math.Copysign(0, -1)), 5}, "", ""},
		{[]float32{0, 9, 3, 10}, "row 2: feature b is 10, and the token ids of the vocabulary are 0 to 9", "raise the vocabulary"},
		{[]float32{-1, 9}, "row 1: feature a is -1", "scale: none"},
		{[]float32{0, 1.5}, "row 1: feature b is 1.5", "scale: none"},
		{[]float32{float32(math.NaN()), 1}, "row 1: feature a is NaN", ""},
		{[]float32{1e30, 1}, "row 1: feature a is 1e+30", "raise"},
	} {
		e := CheckTokens(10, names, c.x)
		switch {
		case c.want == "" && e != nil:
			t.Errorf("%v: %v", c.x, e)
		case c.want != "" && (e == nil || !strings.Contains(e.Error(), c.want) || !strings.Contains(e.Hint(), c.hint)):
			t.Errorf("%v: got %v, want %q with the hint %q", c.x, e, c.want, c.hint)
		}
	}
	if e := CheckTokens(0, names, []float32{1.5, -3}); e != nil {
		t.Errorf("without a vocabulary: %v", e)
	}
}

// All embeddings of a network get all features, so the smallest counts.
func TestVocabulary(t *testing.T) {
	embedding := func(n int) Layer { return Layer{Embedding: &Embedding{Vocabulary: n, Dimensions: 2}} }
	flatten := Layer{Flatten: &Flatten{}}
	for _, c := range []struct {
		layers []Layer
		want   int
	}{
		{nil, 0},
		{[]Layer{embedding(7), flatten}, 7},
		{[]Layer{{Concat: &Concat{Branches: [][]Layer{{embedding(7), flatten}, {embedding(5), flatten}}}}}, 5},
	} {
		s := Spec{Inputs: 3, Layers: c.layers, Outputs: 1}
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		if got := s.Vocabulary(); got != c.want {
			t.Errorf("vocabulary %d, want %d", got, c.want)
		}
	}
}
