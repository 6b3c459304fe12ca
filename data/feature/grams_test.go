package feature

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipe/data/table"
	"pipe/data/tensor"
	"pipe/pipeline/settings"
)

// stepOf is a step as a pipeline file has it.
func stepOf(t testing.TB, kind, with string) Step {
	t.Helper()
	k, err := kindOf(All(), kind)
	if err != nil {
		t.Fatal(err)
	}
	s := k.New()
	if err := settings.DecodeFile("chain", []byte(with), s); err != nil {
		t.Fatal(err)
	}
	return Step{kind, s}
}

type textCase struct {
	Name, Kind, Settings string
	Train, Rows          []any
	Terms                []string
	Want                 [][][2]float64
}

func (c textCase) check(t *testing.T, dense bool) {
	t.Helper()
	with := c.Settings
	if dense {
		with = strings.Replace(strings.Replace(with, "}", ", dense: true}", 1), "{, ", "{", 1)
	}
	tr := fit(t, Spec{Features: []Column{chained("text", stepOf(t, c.Kind, with))}}, col{"text", c.Train})
	tr, err := ReadTransform(strings.NewReader(string(written(t, tr))), All())
	if err != nil {
		t.Fatal(err)
	}
	rec, err := tr.Apply(record(t, col{"text", c.Rows}), false)
	if err != nil {
		t.Fatal(err)
	}
	lists, _ := table.Lists(rec.Column(0))
	in := tr.Info().Inputs[0]
	if dense {
		var want []string
		for _, term := range c.Terms {
			want = append(want, "text["+term+"]")
		}
		if diff := cmp.Diff(want, names(tr)); diff != "" {
			t.Fatal(diff)
		}
	} else if in.Kind != table.Sparse || in.Size != len(c.Terms) {
		t.Fatalf("the input is %+v, want %d terms", in, len(c.Terms))
	}
	for r, want := range c.Want {
		var got [][2]float64
		if dense {
			from, to := lists.Row(r, len(c.Terms))
			for i, v := range lists.F32[from:to] {
				if v != 0 {
					got = append(got, [2]float64{float64(i), float64(v)})
				}
			}
		} else {
			from, to := lists.Row(r, tensor.Ragged)
			for i := from; i < to; i += 2 {
				got = append(got, [2]float64{float64(lists.F32[i]), float64(lists.F32[i+1])})
			}
		}
		if len(got) != len(want) {
			t.Fatalf("row %d, %q: got %v, want %v", r, c.Rows[r], got, want)
		}
		for i := range want {
			if got[i][0] != want[i][0] || math.Abs(got[i][1]-float64(float32(want[i][1]))) > 1e-7*math.Abs(want[i][1]) {
				t.Fatalf("row %d, %q: got %v, want %v", r, c.Rows[r], got[i], want[i])
			}
		}
	}
}

// The values are those of scikit-learn 1.9, sparse and dense.
func TestGramsAreThoseOfScikitLearn(t *testing.T) {
	b, err := os.ReadFile("testdata/text.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []textCase }
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) < 50 {
		t.Fatalf("text.json has %d cases, which cannot be all", len(file.Cases))
	}
	for _, c := range file.Cases {
		t.Run(c.Kind+" "+c.Name, func(t *testing.T) {
			c.check(t, false)
			c.check(t, true)
		})
	}
}

func TestGramErrors(t *testing.T) {
	for _, c := range []struct{ with, err, hint string }{
		{"{min_df: 9}", `column "said": nothing of its texts is counted: they are empty, or all is rarer or more frequent than it may be`, "min_df"},
		{"{stop_words: [the, cat, dog, isn]}", `column "said": nothing of its texts is counted: they are empty, or all is rarer or more frequent than it may be`, "leave the column out"},
	} {
		checkError(t, c.err, c.hint, func() error {
			_, err := Fit(t.Context(), Spec{Features: []Column{chained("said", stepOf(t, "tf_idf", c.with))}}, tableOf(t, record(t, utterances)), All(), Resources{})
			return err
		})
	}
	for _, c := range []struct{ with, err string }{
		{"{ngram_range: [2, 1]}", "[2, 1] is no range of 1 to 20"},
		{"{ngram_range: [0, 1]}", "[0, 1] is no range of 1 to 20"},
		{"{min_df: 1.5}", "min_df is 1.5, which is neither a number of texts nor a fraction"},
		{"{max_df: 2.5}", "max_df is 2.5, which is neither a number of texts nor a fraction"},
		{"{analyzer: char, stop_words: [the]}", "words cannot be left out where characters are counted"},
		{"{analyzer: char_wb, single_letters: true}", "there are no words where characters are counted"},
		{"{analyzer: char, punctuation: all}", "characters are counted, punctuation among them"},
		{"{punctuation: '!a'}", `punctuation has 'a', which is none`},
		{"{punctuation: '! ?'}", `punctuation has ' ', which is none`},
	} {
		for _, s := range []Setting{new(TFIDF), new(BagOfWords)} {
			if err := settings.DecodeFile("chain", []byte(c.with), s); err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: error %v", c.with, err)
			}
		}
	}
}

// What is learned of texts does not depend on how many threads there are, nor on how
// the table is cut.
func TestTextsLearnTheSameOnAllThreads(t *testing.T) {
	var texts []any
	for i := range 3000 {
		texts = append(texts, fmt.Sprint("word", i%7, " word", i%31, " word", i%301, " rare", i))
	}
	var want string
	for _, threads := range []int{1, 4} {
		spec := Spec{Features: []Column{chained("said", stepOf(t, "tf_idf", "{min_df: 2, max_features: 200}"))}}
		tr, err := Fit(t.Context(), spec, tableOf(t, record(t, col{"said", texts})), All(), Resources{Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		if got := string(written(t, tr)); want == "" {
			want = got
		} else if got != want {
			t.Error("the transform differs")
		}
	}
}

// A state that somebody has made up is an error or safe to apply.
func TestDamagedGrams(t *testing.T) {
	tr := fit(t, Spec{Features: []Column{chained("said", stepOf(t, "tf_idf", "{}"))}}, utterances)
	doc := string(written(t, tr))
	for _, c := range []struct{ old, new string }{
		{`"l2"`, `"l3"`}, {`"word"`, `"letter"`}, {`[1,1]`, `[1,99]`}, {`[1,1]`, `[0,0]`}, {`"cat"`, `"cat","x"`},
	} {
		compact := strings.NewReplacer("\n", "", " ", "").Replace(doc)
		damaged := strings.Replace(compact, c.old, c.new, 1)
		if damaged == compact {
			t.Fatalf("there is no %s in %s", c.old, compact)
		}
		if _, err := ReadTransform(strings.NewReader(damaged), All()); err == nil {
			t.Errorf("%s was taken", c.new)
		}
	}
}
