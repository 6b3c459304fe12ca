package feature

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipe/data/table"
	"pipe/data/tensor"
	"pipe/data/token"
)

var utterances = col{"said", []any{"The cat, the CAT", nil, "A dog isn't a cat!", "", "dog"}}

// idsOf are the ids of each row.
func idsOf(t *testing.T, tr *Transform, cols ...col) (rows [][]int32, in table.Input) {
	t.Helper()
	tr, err := ReadTransform(strings.NewReader(string(written(t, tr))), All())
	if err != nil {
		t.Fatal(err)
	}
	rec, err := tr.Apply(record(t, cols...), false)
	if err != nil {
		t.Fatal(err)
	}
	in = tr.Info().Inputs[0]
	width := tensor.Ragged
	if !in.Ragged() {
		width = in.Width()
	}
	lists, _ := table.Lists(rec.Column(0))
	for i := range int(rec.NumRows()) {
		from, to := lists.Row(i, width)
		rows = append(rows, append([]int32{}, lists.I32[from:to]...))
	}
	return rows, in
}

// Words are numbered by how often they are there, of equals by their letters; rare
// ones are unknown, and a missing text has none.
func TestWordIDs(t *testing.T) {
	for _, c := range []struct {
		name string
		s    Words
		want [][]int32
	}{
		// cat 3, a 2, dog 2, the 2, isn't 1
		{"all", Words{MinFrequency: 1, Lowercase: true}, [][]int32{{5, 2, 5, 2}, {}, {3, 4, 6, 3, 2}, {}, {4}}},
		{"frequent", Words{MinFrequency: 2, Lowercase: true}, [][]int32{{5, 2, 5, 2}, {}, {3, 4, 1, 3, 2}, {}, {4}}},
		{"few", Words{MinFrequency: 1, Lowercase: true, MaxSize: 4}, [][]int32{{1, 2, 1, 2}, {}, {3, 1, 1, 3, 2}, {}, {1}}},
		{"punctuation", Words{MinFrequency: 2, Lowercase: true, Punctuation: true}, [][]int32{{5, 2, 1, 5, 2}, {}, {3, 4, 1, 3, 2, 1}, {}, {4}}},
		{"cut at the end", Words{MinFrequency: 1, Lowercase: true, Length: 2}, [][]int32{{5, 2}, {}, {3, 4}, {}, {4}}},
		{"cut at the start", Words{MinFrequency: 1, Lowercase: true, Length: 2, Truncate: token.Start}, [][]int32{{5, 2}, {}, {3, 2}, {}, {4}}},
		{"padded at the end", Words{MinFrequency: 1, Lowercase: true, Length: 4, Pad: token.PadEnd}, [][]int32{{5, 2, 5, 2}, {0, 0, 0, 0}, {3, 4, 6, 3}, {0, 0, 0, 0}, {4, 0, 0, 0}}},
		{"padded at the start", Words{MinFrequency: 1, Lowercase: true, Length: 3, Pad: token.PadStart}, [][]int32{{5, 2, 5}, {0, 0, 0}, {3, 4, 6}, {0, 0, 0}, {0, 0, 4}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := fit(t, Spec{Features: []Column{chained("said", does("words", &c.s))}}, utterances)
			got, in := idsOf(t, tr, utterances)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if in.Kind != table.Tokens || in.Name != "said" {
				t.Errorf("the input is %+v", in)
			}
		})
	}
}

// Steps that change texts come before those that cut them.
func TestNormalisedWords(t *testing.T) {
	normalise := &Normalise{Form: token.NFKC, Case: token.Lower, Accents: "strip", URLs: "address", Blanks: "collapse"}
	tr := fit(t, Spec{Features: []Column{chained("said", does("normalise", normalise), does("words", &Words{MinFrequency: 1}))}},
		col{"said", []any{"Café http://a.b/c", "CAFE", nil}})
	got, _ := idsOf(t, tr, col{"said", []any{"https://d.e cafe\u0301 tea"}})
	if diff := cmp.Diff([][]int32{{3, 2, 1}}, got); diff != "" {
		t.Error(diff)
	}
	tr = fit(t, Spec{Features: []Column{chained("said", does("normalise", normalise), does("one_hot", new(OneHot)))}},
		col{"said", []any{"Café", "CAFE ", "tea"}})
	if diff := cmp.Diff([]string{"said=cafe", "said=tea"}, names(tr)); diff != "" {
		t.Error(diff)
	}
}

// Parts of words are numbered behind the bytes, and no text is unknown.
func TestBytePairs(t *testing.T) {
	train := col{"said", []any{"low low low", nil, "lower newest", ""}}
	later := col{"said", []any{"low", "new lo", nil, "\U0001f44d"}}
	for _, c := range []struct {
		s    BPE
		want [][]int32
	}{
		// l o: 258, lo w: 259, " " low: 260
		{BPE{MaxSize: 261, MinFrequency: 2}, [][]int32{{259}, {112, 103, 121, 34, 258}, {}, {242, 161, 147, 143}}},
		{BPE{MaxSize: 258, MinFrequency: 2}, [][]int32{{110, 113, 121}, {112, 103, 121, 34, 110, 113}, {}, {242, 161, 147, 143}}},
		{BPE{MaxSize: 9000, MinFrequency: 2, Length: 2, Truncate: token.Start, Pad: token.PadEnd}, [][]int32{{259, 0}, {34, 258}, {0, 0}, {147, 143}}},
	} {
		tr := fit(t, Spec{Features: []Column{chained("said", does("bpe", &c.s))}}, train)
		got, in := idsOf(t, tr, later)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%+v: %s", c.s, diff)
		}
		if in.Kind != table.Tokens {
			t.Errorf("the input is %+v", in)
		}
	}
}

func TestWordErrors(t *testing.T) {
	for _, c := range []struct {
		s         Words
		err, hint string
	}{
		{Words{MinFrequency: 9}, `column "said": its texts have no words that are frequent enough`, "min_frequency"},
		{Words{MaxSize: 2}, `column "said": max_size is 2, which is no more than the ids of padding and unknown words`, "20000"},
	} {
		checkError(t, c.err, c.hint, func() error {
			_, err := Fit(t.Context(), Spec{Features: []Column{chained("said", does("words", &c.s))}}, tableOf(t, record(t, utterances)), All(), Resources{})
			return err
		})
	}
}
