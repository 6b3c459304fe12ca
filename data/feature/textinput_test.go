package feature

import (
	"strings"
	"testing"

	"pipe/data/table"
	"pipe/data/tensor"
)

// What a text becomes by itself is what it becomes in a table, and the pieces of ids are its text.
func TestTextInput(t *testing.T) {
	grams := Grams{MaxDF: 1, MinDF: 1, Lowercase: true, NgramRange: []int{1, 2}}
	for name, s := range map[string]Setting{
		"words": &Words{MinFrequency: 2, Lowercase: true, Punctuation: true}, "bpe": &BPE{MaxSize: 270, MinFrequency: 1},
		"tf_idf": &TFIDF{Grams: grams, Norm: NormL2, UseIDF: true}, "bag_of_words": &BagOfWords{Grams: grams},
	} {
		tr := fit(t, Spec{Features: []Column{chained("said", does("normalise", &Normalise{Case: "lower"}), does(name, s))}}, utterances)
		x, ok := tr.TextInput("said")
		if !ok {
			t.Fatalf("%s makes no input of texts", name)
		}
		if _, ok := tr.TextInput("other"); ok {
			t.Error("there is an input of a column that is not there")
		}
		rec, err := tr.Apply(record(t, utterances), false)
		if err != nil {
			t.Fatal(err)
		}
		lists, _ := table.Lists(rec.Column(0))
		for i, v := range utterances.values {
			text, _ := v.(string)
			got := x.Rows([]string{text})
			from, to := lists.Row(i, tensor.Ragged)
			want := lists.Slice(from, to)
			var pieces []string
			for j := range got.Len() {
				if got.Len() != want.Len() || got.At(j) != want.At(j) {
					t.Fatalf("%s: %q became %v, in a table %v", name, text, got, want)
				}
				if piece, ok := x.Piece(int(got.At(j))); ok {
					pieces = append(pieces, piece)
				}
			}
			if name == "bpe" && strings.Join(pieces, "") != strings.ToLower(text) {
				t.Errorf("the pieces of %q are %q", text, pieces)
			}
			if name == "words" && strings.Contains(strings.Join(pieces, " "), "isn't") {
				t.Errorf("a word that is not known has a text: %q", pieces)
			}
		}
		for _, id := range []int{-1, 1 << 30} {
			if piece, ok := x.Piece(id); ok {
				t.Errorf("%s: id %d is %q", name, id, piece)
			}
		}
	}
	dense := fit(t, Spec{Features: []Column{chained("said", does("bag_of_words", &BagOfWords{Grams: Grams{MaxDF: 1, MinDF: 1, Dense: true}}))}}, utterances)
	if _, ok := dense.TextInput("said"); ok {
		t.Error("features are no input of texts")
	}
}
