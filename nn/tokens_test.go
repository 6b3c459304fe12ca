package nn

import (
	"math"
	"strings"
	"testing"

	"pipe/data/tensor"
)

func TestCheckTokens(t *testing.T) {
	in := &Input{Name: "features", Type: tensor.F32, Shape: Shape{2}, Features: []string{"a", "b"}}
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
		e := in.CheckTokens(10, &tensor.Rows{F32: c.x})
		switch {
		case c.want == "" && e != nil:
			t.Errorf("%v: %v", c.x, e)
		case c.want != "" && (e == nil || !strings.Contains(e.Error(), c.want) || !strings.Contains(e.Hint(), c.hint)):
			t.Errorf("%v: got %v, want %q with the hint %q", c.x, e, c.want, c.hint)
		}
	}
	if e := in.CheckTokens(0, &tensor.Rows{F32: []float32{1.5, -3}}); e != nil {
		t.Errorf("without a vocabulary: %v", e)
	}
	ids := &Input{Name: "text", Type: tensor.I32, Shape: Shape{4}, Ragged: true}
	rows := &tensor.Rows{I32: []int32{1, 2, 3, 4, 10, -1}, Ends: []int{3, 3, 5, 6}}
	if e := ids.CheckTokens(10, rows); e == nil || e.Error() != "row 3: element 2 of text is 10, and the token ids of the vocabulary are 0 to 9" {
		t.Error(e)
	}
	if e := ids.CheckTokens(11, rows); e == nil || e.Row != 4 {
		t.Error(e)
	}
}

// All embeddings of a network get all features, so the smallest counts.
func TestVocabulary(t *testing.T) {
	embedding := func(n int) Layer { return NewLayer("embedding", &Embedding{Vocabulary: n, Dimensions: 2}) }
	flatten := NewLayer("flatten", &Flatten{})
	for _, c := range []struct {
		layers []Layer
		want   int
	}{
		{nil, 0},
		{WithVocabulary([]Layer{embedding(0), flatten}, 9), 9},
		{WithVocabulary([]Layer{NewLayer("concat", &Concat{Branches: [][]Layer{{embedding(0), flatten}, {embedding(5), flatten}}})}, 4), 4},
		{[]Layer{embedding(7), flatten}, 7},
		{[]Layer{NewLayer("concat", &Concat{Branches: [][]Layer{{embedding(7), flatten}, {embedding(5), flatten}}})}, 5},
	} {
		s := Spec{Inputs: 3, Layers: c.layers, Outputs: 1}
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		if got := s.Vocabularies()[0]; got != c.want {
			t.Errorf("vocabulary %d, want %d", got, c.want)
		}
	}
}
