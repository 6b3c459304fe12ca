package feature

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"

	"pipe/base/diag"
	"pipe/data/table"
	"pipe/data/token"
)

// values makes a column of n values.
func values(name string, n int, value func(i int) any) col {
	c := col{name: name}
	for i := range n {
		c.values = append(c.values, value(i))
	}
	return c
}

func TestRemarks(t *testing.T) {
	const id, nearly = "count up with the rows", "hardly any will be met again"
	text := func(format string) func(int) any { return func(i int) any { return fmt.Sprintf(format, i*7919%1000) } }
	for _, c := range []struct {
		name   string
		rows   int
		value  func(i int) any
		column Column
		want   string
	}{
		{"keys", 60, text("k%d"), Column{}, "60 different values in 60 rows"},
		{"keys in order", 60, text("k%d"), Column{Encode: asOrdinal(Ordinal{})}, nearly},
		{"keys with a bucket", 60, text("k%d"), Column{Encode: asOneHot(OneHot{MaxCategories: 10})}, ""},
		{"few rows", 19, text("k%d"), Column{}, ""},
		{"keys by target", 60, text("k%d"), chained("", Step{"target_encode", &TargetEncode{Folds: 5}}), nearly},
		{"keys by frequency", 60, text("k%d"), chained("", Step{"frequency", &Frequency{As: count}}), nearly},
		{"keys as ids", 60, text("k%d"), chained("", Step{"embedding_ids", new(EmbeddingIDs)}), nearly},
		{"keys as few ids", 60, text("k%d"), chained("", Step{"embedding_ids", &EmbeddingIDs{MaxSize: 9}}), ""},
		{"words by target", 60, func(i int) any { return fmt.Sprint("k", i%7) }, chained("", Step{"target_encode", &TargetEncode{Folds: 5}}), ""},
		{"half of them", 60, func(i int) any { return fmt.Sprint("k", i/2) }, Column{}, ""},
		{"categories of numbers", 60, func(i int) any { return int64(i * i) }, Column{Encode: asOneHot(OneHot{})}, nearly},
		{"row numbers", 60, func(i int) any { return int64(i + 1000) }, Column{}, id},
		{"row numbers after a split", 60, func(i int) any { return int64(i*5/3 + 1) }, Column{}, id},
		{"steps", 60, func(i int) any { return int64(i * 1000) }, Column{}, ""},
		{"equal ones", 60, func(i int) any { return int64(i / 2) }, Column{}, ""},
		{"missing ones", 60, func(i int) any {
			if i == 30 {
				return nil
			}
			return int64(i)
		}, Column{Impute: by(Mean)}, ""},
		{"decimals", 60, func(i int) any { return float64(i) }, Column{}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.column.Name = "x"
			y := values("y", c.rows, func(i int) any { return float64(i%3) / 2 })
			tr := fit(t, Spec{Features: []Column{c.column}, Target: &Target{Column: "y"}}, values("x", c.rows, c.value), y)
			got := fmt.Sprint(tr.Remarks())
			if c.want == "" && len(tr.Remarks()) > 0 || !strings.Contains(got, c.want) {
				t.Errorf("remarks are %s, want %q", got, c.want)
			}
		})
	}
}

// One word in a column of numbers makes it text; its numbers are no categories,
// unless they are said to be.
func TestStrayWord(t *testing.T) {
	stray := func(words ...string) col {
		return values("x", 100, func(i int) any {
			if i < len(words) {
				return words[i]
			}
			return fmt.Sprint(float64(i) / 8)
		})
	}
	x := func(c Column) Spec { c.Name = "x"; return Spec{Features: []Column{c}} }
	for _, c := range []struct {
		name string
		spec Spec
		col  col
		want string
	}{
		{"a word", x(Column{}), stray("none"), `column "x": it is text, since "none" is no number, while 99 of 100 values are; each of them would be a category`},
		{"the frequent one", x(Column{}), stray("b", "a", "c", "b", "c"), `column "x": it is text, since "b" is no number, while 95 of 100 values are; each of them would be a category`},
		{"asked for", x(Column{Encode: asOneHot(OneHot{})}), stray("none"), ""},
		{"by default", Spec{Features: []Column{{Name: "x"}}, Defaults: Defaults{Text: Column{Encode: asOrdinal(Ordinal{})}}}, stray("none"), `column "x": it is text, since "none" is no number, while 99 of 100 values are; each of them would be a category`},
		{"filled in", x(Column{Impute: constant("none")}), stray("none"), ""},
		{"many words", x(Column{}), stray(strings.Split("abcdefghijk", "")...), ""},
		{"few numbers", x(Column{}), values("x", 100, func(i int) any { return []string{"crew", "1", "2", "3"}[min(i, i%3+1)] }), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Fit(t.Context(), c.spec, tableOf(t, record(t, c.col)), All(), Resources{})
			if fmt.Sprint(err) != c.want && !(err == nil && c.want == "") {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}

// Integers that float32 cannot hold are counted where they are features as they are.
func TestRoundedIntegers(t *testing.T) {
	large := col{"x", []any{int64(1 << 24), int64(1<<24 + 1), int64(1<<24 + 2), int64(-1<<24 - 1)}}
	for _, c := range []struct {
		column Column
		want   []Count
	}{
		{Column{Name: "x", Scale: None}, []Count{{"x", 2}}},
		{Column{Name: "x"}, nil},
		{Column{Name: "x", Encode: asOrdinal(Ordinal{})}, nil},
		{chained("x", does("clip", &Clip{Max: ptr(1e9)})), []Count{{"x", 2}}},
		{chained("x", scaled(Standard)), nil},
	} {
		tr := fit(t, Spec{Features: []Column{c.column}}, large)
		counts, err := tr.ApplyTo(t.Context(), tableOf(t, record(t, large)), false, Resources{Threads: 2}, ignore)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, counts.Rounded); diff != "" {
			t.Errorf("%+v: %s", c.column, diff)
		}
	}
}

// What takes the place of a missing value was not whole, and is not rounded.
func TestFilledIntegersAreNotRounded(t *testing.T) {
	small := col{"x", []any{int64(1), int64(2), nil, int64(4)}}
	tr := fit(t, Spec{Features: []Column{{Name: "x", Impute: by(Mean), Scale: None}}}, small)
	counts, err := tr.ApplyTo(t.Context(), tableOf(t, record(t, small)), false, Resources{Threads: 2}, ignore)
	if err != nil || counts.Rounded != nil {
		t.Errorf("counted as rounded: %v, %v", counts.Rounded, err)
	}
}

// A column without values can be a feature if it is said what they are.
func TestNoValuesButAConstant(t *testing.T) {
	for _, scale := range []Scaling{None, Standard, MinMax, MaxAbs, Robust} {
		spec := Spec{Features: []Column{{Name: "x", Scale: scale, Indicator: true, Impute: constant("-3")}}}
		tr := fit(t, spec, col{"x", []any{nil, nil}})
		got := apply(t, tr, col{"x", []any{nil, -3.0}})
		if got[0][0] != got[1][0] || got[0][1] != 1 || got[1][1] != 0 {
			t.Errorf("%s: %v", scale, got)
		}
	}
	spec := Spec{Features: []Column{{Name: "x", Encode: asOneHot(OneHot{}), Impute: constant("?")}, {Name: "y"}}}
	tr := fit(t, spec, col{"x", []any{any(nil), ""}}, col{"y", []any{1.0, 2.0}})
	if diff := cmp.Diff([]string{"x=", "x=?", "y"}, names(tr)); diff != "" {
		t.Error(diff)
	}
}

// Defaults fill in what a column leaves open, setting by setting.
func TestDefaults(t *testing.T) {
	spec := Spec{
		Features: []Column{{Name: "a"}, {Name: "b", Scale: None}, {Name: "c", Impute: &Impute{None: &struct{}{}}},
			{Name: "d"}, {Name: "e", Encode: asOrdinal(Ordinal{})}, {Name: "f"}, {Name: "g", Encode: asOneHot(OneHot{})}},
		Defaults: Defaults{
			Number: Column{Impute: constant("7"), Indicator: true, Scale: MinMax},
			Text:   Column{Impute: constant("?"), Encode: asOneHot(OneHot{Unseen: UnseenError})},
			Bool:   Column{Encode: asOneHot(OneHot{})},
		},
		Target: &Target{Column: "y"},
	}
	n, s := []any{0.0, 10.0, nil}, []any{"p", nil, "q"}
	tr := fit(t, spec, col{"a", n}, col{"b", n}, col{"c", []any{1.0, 2.0, 3.0}}, col{"d", s}, col{"e", s},
		col{"f", []any{true, false, true}}, col{"g", []any{int64(1), nil, int64(2)}}, col{"y", []any{1.0, 2.0, 6.0}})
	var got []string
	for _, c := range documented(t, tr).Columns {
		text := c.Column
		if c.Impute != nil {
			text += " " + string(c.Impute.Strategy)
		}
		if c.Indicator {
			text += " indicator"
		}
		if c.Number != nil {
			text += " " + string(c.Number.Scaling)
		} else {
			text += " " + c.Category.Encoding + " " + string(c.Category.Unseen)
		}
		got = append(got, text)
	}
	want := []string{"a constant indicator min_max", "b constant indicator none", "c min_max", "d constant one_hot error",
		"e constant ordinal error", "f one_hot ignore", "g one_hot ignore"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s := tr.targets[0].Number.Scaling; s != Standard {
		t.Errorf("the target takes the default of features: %s", s)
	}
}

// A column that is text for a word in rows that are not those of training says
// so, too.
func TestStrayWordElsewhere(t *testing.T) {
	const doubt = `299 of 300 values are numbers, but not "unknown" in line 52`
	rec := record(t, values("x", 60, func(i int) any { return fmt.Sprint(float64(i) / 8) }))
	f := table.WithMetadata(rec.Schema().Field(0), table.DoubtKey, doubt)
	rec, err := table.NewRecord(arrow.NewSchema([]arrow.Field{f}, nil), rec.Column(0))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Fit(t.Context(), Spec{Features: []Column{{Name: "x"}}}, tableOf(t, rec), All(), Resources{})
	if want := `column "x": it was read as text, since ` + doubt + `; each number would be a category`; fmt.Sprint(err) != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	tr, err := Fit(t.Context(), Spec{Features: []Column{{Name: "x", Encode: asOneHot(OneHot{})}}}, tableOf(t, rec), All(), Resources{})
	if err != nil {
		t.Fatal(err)
	}
	if want := "60 different values in 60 rows; the column was read as text, since " + doubt; len(tr.Remarks()) != 1 || tr.Remarks()[0].Msg != want {
		t.Errorf("remarks are %+v", tr.Remarks())
	}
}

// A number with few values is a class that nobody named as such.
func TestFewValues(t *testing.T) {
	for _, c := range []struct {
		name   string
		rows   int
		target Target
		value  func(i int) any
		want   string
	}{
		{"0 and 1", 6, Target{}, func(i int) any { return int64(i % 2) }, "the target has only the values 0 and 1, and is learned as a number"},
		{"missing ones", 6, Target{Task: Auto}, func(i int) any { return []any{int64(7), nil, int64(3)}[i%3] }, "only the values 3 and 7"},
		{"decimals", 6, Target{}, func(i int) any { return float64(i % 2) }, "only the values 0 and 1"},
		{"negative, neutral and positive", 60, Target{}, func(i int) any { return int64(i%3 - 1) }, "only the values -1, 0 and 1, and"},
		{"digits", 120, Target{}, func(i int) any { return int64(i % 10) }, "only the values 0, 1, 2, 3, 4, 5, 6, 7, 8 and 9"},
		{"eleven", 120, Target{}, func(i int) any { return int64(i % 11) }, ""},
		{"halves", 60, Target{}, func(i int) any { return float64(i%3) / 2 }, ""},
		{"three of few rows", 6, Target{}, func(i int) any { return int64(i % 3) }, ""},
		{"one", 6, Target{}, func(i int) any { return int64(1) }, ""},
		{"wanted", 6, Target{Task: Regression}, func(i int) any { return int64(i % 2) }, ""},
		{"scaled", 6, Target{Scale: None}, func(i int) any { return int64(i % 2) }, ""},
		{"classes", 6, Target{Task: Classification}, func(i int) any { return int64(i % 2) }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.target.Column = "y"
			remarks := fit(t, Spec{Features: []Column{{Name: "x"}}, Target: &c.target},
				values("x", c.rows, func(i int) any { return float64(i*7919%1000) / 8 }), values("y", c.rows, c.value)).Remarks()
			switch {
			case c.want == "" && len(remarks) > 0:
				t.Errorf("got %v, want no remark", remarks)
			case c.want != "" && (len(remarks) != 1 || !strings.Contains(remarks[0].Msg, c.want) || !strings.Contains(remarks[0].Fix, "task: classification")):
				t.Errorf("got %v, want %q", remarks, c.want)
			}
		})
	}
}

// Labels that people wrote differ in case, blanks and width, and mean the same.
func TestSpellingOfClasses(t *testing.T) {
	for want, labels := range map[string][]any{
		"": {"positive", "negative", "neutral", "non-positive"},
		`learned as different ones: "NEUTRAL" and "neutral", " Positive" and "positive"`: {"positive", "neutral", " Positive", "NEUTRAL", "negative"},
		`: "A" and "a", "B" and "b", "C" and "c", and 1 more`:                            {"A", "a", "\uff21", "B", "b", "C", "c"},
	} {
		remarks := fit(t, Spec{Features: []Column{{Name: "x"}}, Target: &Target{Column: "y"}},
			values("x", 70, func(i int) any { return float64(i*7919%1000) / 8 }), values("y", 70, func(i int) any { return labels[i%len(labels)] })).Remarks()
		if want == "" && len(remarks) == 0 || len(remarks) == 1 && want != "" && strings.Contains(remarks[0].Msg, want) && strings.Contains(remarks[0].Fix, "derive") {
			continue
		}
		t.Errorf("%q: got %v\nwant %s", labels, remarks, want)
	}
}

// Stop words that leave nothing out are told: they are not what texts are cut into.
func TestIdleStopWords(t *testing.T) {
	texts := values("x", 60, func(i int) any { return fmt.Sprint("The film that I don't know no", i%7) })
	for want, grams := range map[string]Grams{
		"": {Lowercase: true, StopWords: []string{"the", "that", "no1"}},
		`no text holds as a word: "The", "don't", "that I", "", "I"`: {Lowercase: true, StopWords: []string{"The", "don't", "that I", "", "I", "know"}},
		`no text holds as a word: "x"`:                               {StopWords: []string{"The", "don", "x"}},
	} {
		grams.Analyzer, grams.MinDF, grams.MaxDF = token.Word, 1, 1
		remarks := fit(t, Spec{Features: []Column{{Name: "x", Chain: []Step{{"bag_of_words", &BagOfWords{Grams: grams}}}}}}, texts).Remarks()
		if want == "" && len(remarks) > 0 || want != "" && (len(remarks) != 1 || !strings.HasSuffix(remarks[0].Msg, want)) {
			t.Errorf("remarks are %v, want %q", remarks, want)
		}
	}
}

// A text that became an input is kept under another name, and the error says how.
func TestKeepsNoInputUnderItsName(t *testing.T) {
	rec := record(t, col{"x", []any{"good film", "bad film"}})
	_, err := Fit(t.Context(), Spec{Keep: []string{"x"}, Features: []Column{{Name: "x", Chain: []Step{{"words", &Words{MinFrequency: 1}}}}}}, tableOf(t, rec), All(), Resources{})
	if err == nil || !strings.Contains(err.Error(), `column "x": it cannot be kept under its name`) || !strings.Contains(diag.HintOf(err), "columns: {said: x}") {
		t.Errorf("got error %v", err)
	}
}

// TestManyCategories: what becomes hundreds of features is told, with what else there is.
func TestManyCategories(t *testing.T) {
	for n, want := range map[int]int{manyFeatures: 0, manyFeatures + 1: 1} {
		tr := fit(t, Spec{Features: []Column{{Name: "x"}}}, values("x", 3*n, func(i int) any { return fmt.Sprint("v", i%n) }))
		got := tr.Remarks()
		if len(got) != want || want > 0 && (got[0].Msg != "201 categories become a feature each, of which a network learns little where they are rare" || !strings.Contains(got[0].Fix, "target_encode")) {
			t.Errorf("%d: %v", n, got)
		}
	}
}

// TestSmallUnits: where a bound that is not relative takes the differences of a column,
// that is said in any number of rows, and the hint helps.
func TestSmallUnits(t *testing.T) {
	for _, rows := range []int{6, 60} {
		small := values("x", rows, func(i int) any { return float64(i+1) * 1e-8 / float64(rows) })
		for chain, want := range map[string]string{
			"bin: 3": "only 1 of 3 bins are left, since 3 would not be wider than 1e-08",
			"scale: {method: quantile, output: normal}":                  "no two values are more than",
			"bin: {count: 3, by: uniform}":                               "",
			"scale: standard, bin: 3":                                    "",
			"scale: standard, scale: {method: quantile, output: normal}": "",
		} {
			tr := fit(t, Spec{Features: []Column{chained("x", writtenChain(t, chain)...)}}, small)
			got := tr.Remarks()
			if want == "" && len(got) > 0 || want != "" && (len(got) != 1 || !strings.Contains(got[0].Msg, want) || !strings.Contains(got[0].Fix, "scale: standard")) {
				t.Errorf("%s of %d rows: %+v, want %q", chain, rows, got, want)
			}
		}
		noise := values("x", rows, func(i int) any { return []float64{0.3, 0.3 + 0x1p-54, 0.3 + 0x1p-53}[i%3] })
		if got := fit(t, Spec{Features: []Column{chained("x", writtenChain(t, "bin: 3")...)}}, noise).Remarks(); len(got) > 0 && strings.Contains(got[0].Fix, "scale") {
			t.Errorf("rounding: %+v", got)
		}
		if n := len(names(fit(t, Spec{Features: []Column{chained("x", writtenChain(t, "scale: standard, bin: 3")...)}}, small))); n != 3 {
			t.Errorf("%d bins behind a scale, want 3", n)
		}
	}
}
