package feature

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table"
)

// scikit is what scikit-learn makes of categories.
type scikit struct {
	Folds   []int
	Targets []struct {
		Name, Smooth  string
		Train, Rows   []any
		Y             []any
		Crossed, Want [][]float64
	}
	Texts  []any
	Hashed []struct {
		Buckets int
		Signed  bool
		Want    [][2]float64
	}
}

func readScikit(t *testing.T) (file scikit) {
	t.Helper()
	b, err := os.ReadFile("testdata/categories.json")
	if err == nil {
		err = json.Unmarshal(b, &file)
	}
	if err != nil || len(file.Targets) < 50 || len(file.Hashed) < 6 {
		t.Fatalf("%v, %d and %d cases", err, len(file.Targets), len(file.Hashed))
	}
	return file
}

// training gives the features that the rows get which a transform was fitted on.
func training(t testing.TB, tr *Transform, threads int, rec arrow.RecordBatch) [][]float32 {
	t.Helper()
	var out [][]float32
	_, err := tr.ApplyTraining(context.Background(), tableOf(t, rec), Resources{Threads: threads}, func(rec arrow.RecordBatch) error {
		for _, v := range vectors(rec) {
			out = append(out, slices.Clone(v))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func encodedBy(s TargetEncode, seed uint64) Spec {
	if s.Folds == 0 {
		s.Folds = 5
	}
	return Spec{Features: []Column{chained("x", does("target_encode", &s))}, Target: &Target{Column: "y"}, Seed: seed}
}

// TestFolds: the folds of a seed are always the same ones, which the cases of
// scikit-learn have.
func TestFolds(t *testing.T) {
	want := readScikit(t).Folds
	f := newFolds(7, "x", 5)
	counts := make([]int, 5)
	for row, fold := range want {
		if got := f.of(int64(row)); got != fold {
			t.Errorf("row %d is in fold %d, want %d", row, got, fold)
		}
		counts[fold]++
	}
	if slices.Max(counts) != slices.Min(counts) {
		t.Errorf("folds of %v rows", counts)
	}
	if back := f.of(3); back != want[3] {
		t.Errorf("later row 3 is in fold %d", back)
	}
}

// TestTargetEncodeIsThatOfScikitLearn: the training rows by the other folds, all others
// by all rows.
func TestTargetEncodeIsThatOfScikitLearn(t *testing.T) {
	for _, c := range readScikit(t).Targets {
		t.Run(fmt.Sprint(c.Name, c.Smooth, len(c.Rows)), func(t *testing.T) {
			s := TargetEncode{Scale: TargetEncodeScale(None)}
			if err := s.Smooth.UnmarshalText([]byte(c.Smooth)); err != nil {
				t.Fatal(err)
			}
			rec := record(t, col{"x", c.Train}, col{"y", c.Y})
			tr, err := Fit(t.Context(), encodedBy(s, 7), tableOf(t, rec), All(), Resources{Threads: 3})
			if err != nil {
				t.Fatal(err)
			}
			compare := func(what string, got [][]float32, want [][]float64) {
				for i, row := range want {
					for k, w := range row {
						if g := float64(got[i][k]); len(got[i]) != len(row) || g != float64(float32(w)) && !near32(g, w) {
							t.Fatalf("%s: row %d is %v, want %v", what, i, got[i], row)
						}
					}
				}
			}
			compare("training", training(t, tr, 2, rec), c.Crossed)
			compare("later", apply(t, tr, col{"x", c.Rows}), c.Want)
			again, err := ReadTransform(bytes.NewReader(written(t, tr)), All())
			if err != nil {
				t.Fatal(err)
			}
			compare("stored", apply(t, again, col{"x", c.Rows}), c.Want)
			if got := training(t, again, 1, rec); len(got) != len(c.Train) {
				t.Errorf("%d rows", len(got))
			}
		})
	}
}

// near32 says whether two numbers are neighbours as float32.
func near32(a, b float64) bool { return max(a-b, b-a) <= 2e-7*max(a, -a) }

// TestTargetEncodeScale: what training rows get has mean 0 and deviation 1.
func TestTargetEncodeScale(t *testing.T) {
	for _, y := range []func(i int) any{
		func(i int) any { return 1e6 + float64(i%7)*float64(i%3) }, func(i int) any { return []string{"a", "b"}[i%5/4] },
		func(i int) any { return []string{"a", "b", "c"}[i%3] },
	} {
		rec := record(t, values("x", 997, func(i int) any { return fmt.Sprint("v", i*i%11) }), values("y", 997, y))
		spec := encodedBy(TargetEncode{Smooth: Smoothing{-1}}, 1)
		tr, err := Fit(t.Context(), spec, tableOf(t, rec), All(), Resources{})
		if err != nil {
			t.Fatal(err)
		}
		rows := training(t, tr, 2, rec)
		for k := range rows[0] {
			var mean, squares float64
			for _, row := range rows {
				mean += float64(row[k]) / float64(len(rows))
				squares += float64(row[k]) * float64(row[k]) / float64(len(rows))
			}
			if mean*mean > 1e-10 || (squares-1)*(squares-1) > 1e-10 {
				t.Errorf("feature %d has mean %v and mean square %v", k, mean, squares)
			}
		}
		other, err := Fit(t.Context(), encodedBy(TargetEncode{Smooth: Smoothing{-1}}, 2), tableOf(t, rec), All(), Resources{})
		if err != nil || slices.EqualFunc(training(t, other, 1, rec), rows, slices.Equal[[]float32]) {
			t.Errorf("another seed makes the same of the rows: %v", err)
		}
	}
}

// TestTargetEncodeLeaksNothing: a category of one row tells nothing of its target.
func TestTargetEncodeLeaksNothing(t *testing.T) {
	n := 500
	cols := []col{values("x", n, func(i int) any { return fmt.Sprint(i) }), values("y", n, func(i int) any { return []string{"no", "yes"}[i*7%10/6] })}
	rec := record(t, cols...)
	tr, err := Fit(t.Context(), encodedBy(TargetEncode{Smooth: Smoothing{0}, Scale: TargetEncodeScale(None)}, 5), tableOf(t, rec), All(), Resources{})
	if err != nil {
		t.Fatal(err)
	}
	different := map[float32]bool{}
	for _, row := range training(t, tr, 1, rec) {
		different[row[0]] = true
	}
	if len(different) > 5 {
		t.Errorf("%d values of a feature that can only tell the mean of five folds", len(different))
	}
}

// TestRowsWithoutTarget: they are neither learned from nor do they move others.
func TestRowsWithoutTarget(t *testing.T) {
	cols := []col{{"x", []any{"a", "a", "b", "b", "a", nil, "b"}}, {"y", []any{1.0, nil, 2.0, 3.0, 5.0, 4.0, 0.0}}}
	rec := record(t, cols...)
	tr, err := Fit(t.Context(), encodedBy(TargetEncode{Smooth: Smoothing{0}, Scale: TargetEncodeScale(None), Folds: 2}, 3), tableOf(t, rec), All(), Resources{})
	if err != nil {
		t.Fatal(err)
	}
	got := apply(t, tr, col{"x", []any{"a", "b", nil, "c"}})
	if want := [][]float32{{3}, {5. / 3}, {4}, {2.5}}; !slices.EqualFunc(got, want, slices.Equal[[]float32]) {
		t.Errorf("%v, want %v", got, want)
	}
	f := newFolds(3, "x", 2)
	for i, row := range []int{0, 2, 3, 4, 5, 6} {
		sum, n := 0.0, 0.0
		all, m := 0.0, 0.0
		for j, y := range cols[1].values {
			if y, ok := y.(float64); ok && f.of(int64(j)) != f.of(int64(row)) {
				all, m = all+y, m+1
				if cols[0].values[j] == cols[0].values[row] {
					sum, n = sum+y, n+1
				}
			}
		}
		want := all / m
		if n > 0 {
			want = sum / n
		}
		if got := training(t, tr, 1, rec)[i][0]; !near32(float64(got), want) {
			t.Errorf("row %d is %v, want %v", row, got, want)
		}
	}
}

func TestHashIsThatOfScikitLearn(t *testing.T) {
	file := readScikit(t)
	for _, c := range file.Hashed {
		tr := fit(t, Spec{Features: []Column{chained("x", does("hash", &Hash{Buckets: c.Buckets, Signed: c.Signed}))}}, col{"x", file.Texts})
		for i, row := range apply(t, tr, col{"x", file.Texts}) {
			want := make([]float32, c.Buckets)
			want[int(c.Want[i][0])] = float32(c.Want[i][1])
			if !slices.Equal(row, want) {
				t.Errorf("%q in %d buckets: want %v", file.Texts[i], c.Buckets, c.Want[i])
			}
		}
		if row := apply(t, tr, col{"x", []any{nil}})[0]; slices.Max(row) != 0 || slices.Min(row) != 0 {
			t.Errorf("the missing value is in a bucket: %v", row)
		}
	}
}

func TestFrequency(t *testing.T) {
	train := col{"x", []any{"a", "b", "a", nil, "a", "c", nil, "a"}}
	rows := col{"x", []any{"a", "c", "?", nil}}
	for unit, want := range map[FrequencyUnit][][]float32{share: {{0.5}, {0.125}, {0}, {0.25}}, count: {{4}, {1}, {0}, {2}}} {
		tr := fit(t, Spec{Features: []Column{chained("x", does("frequency", &Frequency{As: unit}))}}, train)
		again, err := ReadTransform(bytes.NewReader(written(t, tr)), All())
		if err != nil {
			t.Fatal(err)
		}
		if got := apply(t, again, rows); !slices.EqualFunc(got, want, slices.Equal[[]float32]) {
			t.Errorf("%s: %v, want %v", unit, got, want)
		}
	}
	tr := fit(t, Spec{Features: []Column{chained("x", does("impute", by(MostFrequent)), does("frequency", &Frequency{As: count}), scaled(MinMax))}}, train)
	if got := apply(t, tr, rows); got[0][0] != 1 || got[3][0] != 1 || got[1][0] != 0 {
		t.Errorf("filled in and scaled: %v", got)
	}
}

func TestEmbeddingIDs(t *testing.T) {
	train := col{"x", []any{"b", "b", "a", "a", nil, "c", "d", "d", "d", nil}}
	rows := col{"x", []any{"a", "b", "c", "d", "?", nil}}
	for _, c := range []struct {
		s    EmbeddingIDs
		want []int32
	}{
		{EmbeddingIDs{}, []int32{3, 4, 5, 2, 0, 1}},
		{EmbeddingIDs{MinFrequency: 2}, []int32{3, 4, 0, 2, 0, 1}},
		{EmbeddingIDs{MinFrequency: 3}, []int32{0, 0, 0, 1, 0, 0}},
		{EmbeddingIDs{MaxSize: 3}, []int32{0, 0, 0, 2, 0, 1}},
	} {
		tr := fit(t, Spec{Features: []Column{chained("x", does("embedding_ids", &c.s))}}, train)
		again, err := ReadTransform(bytes.NewReader(written(t, tr)), All())
		if err != nil {
			t.Fatal(err)
		}
		rec, err := again.Apply(record(t, rows), false)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := table.Lists(rec.Column(0)); !slices.Equal(got.I32, c.want) {
			t.Errorf("%+v: %v, want %v", c.s, got.I32, c.want)
		}
	}
	checkError(t, `column "x": no category has an id of its own`, "min_frequency", func() error {
		_, err := Fit(t.Context(), Spec{Features: []Column{chained("x", does("embedding_ids", &EmbeddingIDs{MinFrequency: 9}))}}, tableOf(t, record(t, train)), All(), Resources{})
		return err
	})
}

// TestHostileEncoders: states that nobody has written.
func TestHostileEncoders(t *testing.T) {
	for kind, states := range map[string][]string{
		"target_encode": {`{}`, `{"categories": ["a"], "means": [1], "default": []}`, `{"categories": ["a"], "means": [1, 2], "default": [1]}`,
			`{"categories": ["a", "a"], "means": [1, 2], "default": [1]}`, `{"categories": ["a"], "classes": ["x", "y"], "means": [1, 2], "default": [1, 2]}`,
			`{"categories": ["a"], "means": [1], "default": [1], "scale": []}`, `{"categories": ["a"], "means": [1], "default": [1], "scale": [{"center": 0, "scale": 0}]}`},
		"hash":          {`{}`, `{"buckets": 1}`, `{"buckets": 99999999}`, `{"buckets": -4}`},
		"frequency":     {`{}`, `{"unit": "share", "categories": ["a"], "counts": []}`, `{"unit": "share", "categories": ["a", "a"], "counts": [1, 1]}`, `{"unit": "share", "categories": ["a"], "counts": [-1]}`, `{"unit": "share", "categories": [], "counts": [1]}`},
		"embedding_ids": {`{}`, `{"categories": []}`, `{"categories": ["a", "a"]}`},
	} {
		k, err := kindOf(All(), kind)
		if err != nil {
			t.Fatal(err)
		}
		for _, state := range states {
			if _, err := k.Read(1, json.RawMessage(state)); err == nil {
				t.Errorf("%s reads %s", kind, state)
			}
		}
	}
	checkError(t, `column "x": there is no target to encode it by`, "frequency", func() error {
		spec := encodedBy(TargetEncode{}, 0)
		spec.Target = nil
		_, err := Fit(t.Context(), spec, tableOf(t, record(t, col{"x", []any{"a", "b"}})), All(), Resources{})
		return err
	})
}

// TestRareAreNotUnseen: where training has categories of one row, or ids for what is
// rare, new ones are no wonder.
func TestRareAreNotUnseen(t *testing.T) {
	often := []any{"b", "b", "a", "a", "c", "c", "c"}
	rare := append(often[:7:7], "d")
	for _, c := range []struct {
		step  Step
		train []any
		want  int64
	}{
		{does("embedding_ids", &EmbeddingIDs{}), often, 1}, {does("embedding_ids", &EmbeddingIDs{}), rare, 0},
		{does("embedding_ids", &EmbeddingIDs{MinFrequency: 3}), often, 0}, {does("embedding_ids", &EmbeddingIDs{MaxSize: 3}), often, 0},
		{does("frequency", &Frequency{As: share}), often, 1}, {does("frequency", &Frequency{As: share}), rare, 0},
		{does("target_encode", &TargetEncode{Folds: 2}), often, 1}, {does("target_encode", &TargetEncode{Folds: 2}), rare, 0},
	} {
		spec := Spec{Features: []Column{chained("x", c.step)}, Target: &Target{Column: "y"}}
		tr := fit(t, spec, col{"x", c.train}, values("y", len(c.train), func(i int) any { return float64(i) }))
		counts, err := tr.ApplyTo(t.Context(), tableOf(t, record(t, col{"x", []any{"a", "?", "c"}})), false, Resources{}, ignore)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(counts.Unseen); got != int(c.want) || got > 0 && counts.Unseen[0].N != 1 {
			t.Errorf("%s %+v of %v: %v", c.step.Kind, c.step.Setting, c.train, counts.Unseen)
		}
	}
}
