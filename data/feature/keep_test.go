package feature

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pipe/base/random"
)

// keeping are chains that keep what is missing of a number, a category and a time.
var keeping = map[string][]string{
	"number": {"[impute: keep]", "[impute: keep, scale: standard]", "[impute: keep, scale: robust]", "[impute: keep, scale: {method: quantile, n_quantiles: 50}]", "[impute: keep, scale: power]",
		"[impute: keep, clip: {max: 3}, sqrt]", "[outliers, impute: keep]", "[impute: keep, bin: {output: ordinal}]", "[impute: keep, bin: 4]"},
	"text": {"[impute: keep, ordinal]", "[impute: keep, one_hot]", "[impute: keep, frequency]", "[impute: keep, target_encode: {scale: none}]", "[impute: keep, hash: 4]",
		"[normalise, impute: keep, ordinal, scale: min_max]"},
}

// Rows without a value have none of the features that are made of it, and the others have what
// a transform gives them that has never seen such rows.
func TestMissingValuesStaySo(t *testing.T) {
	s := random.New(1, "keep", 0)
	values := map[string][]any{}
	var target []any
	for i := range 300 {
		var number, text any
		if !(s.Float64(uint64(5*i)) < .2) {
			number, text = s.Float64(uint64(5*i+1))*9, fmt.Sprint("c", s.IntN(uint64(5*i+2), 5))
		}
		values["number"], values["text"] = append(values["number"], number), append(values["text"], text)
		target = append(target, s.Float64(uint64(5*i+3)))
	}
	for column, chains := range keeping {
		for _, chain := range chains {
			all := values[column]
			var there, y []any
			for i, v := range all {
				if v != nil {
					there, y = append(there, v), append(y, target[i])
				}
			}
			spec := Spec{Features: []Column{{Name: "x", Chain: writtenChain(t, chain[1:len(chain)-1])}}, Target: &Target{Column: "y"}}
			kept := fit(t, spec, col{"x", all}, col{"y", target})
			again, err := ReadTransform(bytes.NewReader(written(t, kept)), All())
			if err != nil {
				t.Fatalf("%s: %v", chain, err)
			}
			for _, f := range again.Info().Features() {
				if !f.Missing {
					t.Errorf("%s: nothing says that %s may be missing", chain, f.Name)
				}
			}
			if doc := documented(t, kept); doc.Version != formatVersion {
				t.Errorf("%s: version %d", chain, doc.Version)
			}
			want := apply(t, fit(t, spec, col{"x", there}, col{"y", y}), col{"x", there})
			got := apply(t, again, col{"x", all})
			at := 0
			for r, row := range got {
				if all[r] == nil {
					if slices.ContainsFunc(row, func(v float32) bool { return math.Float32bits(v) != 0x7fc00000 }) {
						t.Errorf("%s: a row without a value has %v", chain, row)
					}
					continue
				}
				same := slices.EqualFunc(row, want[at], func(a, b float32) bool {
					return a == b || strings.Contains(chain, "target_encode") && math.Abs(float64(a-b)) < 1e-5 // folds are of other rows
				})
				if !same {
					t.Errorf("%s: row %d has %v, want %v", chain, r, row, want[at])
				}
				at++
			}
		}
	}
}

// An indicator says that a value is missing, and is never missing itself. The product of a
// number that is missing is missing.
func TestMissingValuesBesideOthers(t *testing.T) {
	spec := Spec{
		Features: []Column{
			{Name: "a", Impute: &Impute{Keep: new(struct{})}, Indicator: true, Scale: None},
			{Name: "b", Scale: None},
			{Name: "k", Impute: &Impute{Keep: new(struct{})}, Encode: &Encode{Ordinal: new(Ordinal)}},
		},
		Crosses: []Cross{{Interaction: &Interaction{Columns: []string{"a", "b"}}}},
	}
	table := []col{{"a", []any{1.0, nil, 3.0, 5.0}}, {"b", []any{2.0, 2.0, 4.0, 1.0}}, {"k", []any{"p", "q", nil, "p"}}}
	tr := fit(t, spec, table...)
	if want := []string{"a", "k", "a*b"}; !slices.Equal(tr.Info().MayMiss(), want) {
		t.Errorf("%v may be missing, want %v, of %v", tr.Info().MayMiss(), want, names(tr))
	}
	again, err := ReadTransform(bytes.NewReader(written(t, tr)), All())
	if err != nil {
		t.Fatal(err)
	}
	nan := float32(math.NaN())
	want := [][]float32{{1, 0, 2, 0, 2}, {nan, 1, 2, 1, nan}, {3, 0, 4, nan, 12}, {5, 0, 1, 0, 5}}
	for r, row := range apply(t, again, table...) {
		if !slices.EqualFunc(row, want[r], func(a, b float32) bool { return a == b || a != a && b != b }) {
			t.Errorf("row %d has %v, want %v", r, row, want[r])
		}
	}
}

func TestMissingValuesThatCannotStay(t *testing.T) {
	texts := []col{{"x", []any{"a", nil, "b"}}}
	for _, c := range []struct {
		chain, err, hint string
	}{
		{"[impute: keep, embedding_ids]", "embedding_ids makes an input of its own, of which nothing can be missing: it has what it needs for rows without a value", "remove `impute: keep`"},
		{"[impute: keep, impute: most_frequent, ordinal]", "one impute keeps what is missing, and the other one does not", "remove one"},
		{"[impute: most_frequent, impute: keep, ordinal]", "nothing is missing any more behind impute, so impute has nothing to do", "remove one"},
	} {
		checkError(t, `column "x": `+c.err, c.hint, func() error {
			_, err := Fit(t.Context(), Spec{Features: []Column{{Name: "x", Chain: writtenChain(t, c.chain[1:len(c.chain)-1])}}}, tableOf(t, record(t, texts...)), All(), Resources{})
			return err
		})
	}
}

// Documents that keep what is missing by groups, or with a value, are none.
func TestKeepingIsChecked(t *testing.T) {
	kind := imputeKind()
	for state, good := range map[string]bool{
		`{"strategy": "keep"}`:              true,
		`{"strategy": "keep", "number": 1}`: false,
		`{"strategy": "keep", "text": "a"}`: false,
		`{"strategy": "mean"}`:              false,
		`{"by": "g", "by_type": "string", "other": {"strategy": "keep"}, "groups": []}`:               false,
		`{"by": "g", "by_type": "string", "other": {"strategy": "keep"}, "groups": [{"group": "a"}]}`: false,
	} {
		if _, err := kind.Read(1, []byte(state)); (err == nil) != good {
			t.Errorf("%s: %v", state, err)
		}
	}
}

// What is missing does not enter what features are selected by, and is a bin of its own of
// mutual information.
func TestSelectionOfMissingValues(t *testing.T) {
	s := random.New(2, "keep", 0)
	var says, noise, y []any
	for i := range 400 {
		yes := s.Float64(uint64(2*i)) < .5
		y = append(y, fmt.Sprint(yes))
		says, noise = append(says, any(7.0)), append(noise, any(s.Float64(uint64(2*i+1))))
		if yes {
			says[i] = nil
		}
	}
	keep := func(name string) Column {
		return Column{Name: name, Impute: &Impute{Keep: new(struct{})}, Scale: None}
	}
	spec := Spec{Features: []Column{keep("says"), keep("noise")}, Target: &Target{Column: "y"},
		Select: &Selection{Variance: ptr(0.0), Correlated: ptr(.9), Best: &Best{Count: 1, By: MutualInformation}}}
	tr := fit(t, spec, col{"says", says}, col{"noise", noise}, col{"y", y})
	if got := names(tr); !slices.Equal(got, []string{"says"}) {
		t.Errorf("%v is selected, and %v dropped", got, tr.Dropped())
	}
}
