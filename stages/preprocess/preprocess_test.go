package preprocess

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pipe/base/diag"
	"pipe/base/random"
	"pipe/data/feature"
	"pipe/data/power"
	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/pipeline"
	"pipe/pipeline/pipelinetest"
	"pipe/pipeline/settings"
)

const measured = `
target: species
features:
  bill: {impute: median, scale: standard}
  island:
keep: [island]
`

// birds makes a table of bills (0 is missing), islands and species ("" is missing).
func birds(t testing.TB, bills []float64, islands, species []string) []byte {
	t.Helper()
	measured, named := make([]bool, len(bills)), make([]bool, len(species))
	for i, b := range bills {
		measured[i] = b != 0
	}
	for i, s := range species {
		named[i] = s != ""
	}
	return tabletest.Table(t, "bill", table.NewArray(bills, measured), "island", islands, "species", table.NewArray(species, named))
}

func preprocessCase(t testing.TB) pipelinetest.Case {
	return pipelinetest.Case{Kind: preprocessKind(), With: measured, Inputs: map[string][]byte{
		"train": birds(t, []float64{10, 14, 0, 12}, []string{"Dream", "Biscoe", "Dream", "Dream"}, []string{"Gentoo", "Adelie", "Gentoo", ""}),
		"test":  birds(t, []float64{0, 16}, []string{"Biscoe", "Biscoe"}, []string{"Adelie", "Gentoo"}),
	}}
}

func TestPreprocessConforms(t *testing.T) { pipelinetest.Conform(t, preprocessCase(t)) }

func load(t testing.TB, data []byte) *table.Examples {
	t.Helper()
	d, err := table.OpenDataset(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	examples, err := d.Load()
	if err != nil {
		t.Fatal(err)
	}
	return examples
}

func TestPreprocess(t *testing.T) {
	result := pipelinetest.Run(t, preprocessCase(t))
	transform, err := feature.ReadTransform(bytes.NewReader(result.Outputs["transform"]), feature.All())
	if err != nil {
		t.Fatal(err)
	}
	info := transform.Info()
	if diff := cmp.Diff([]string{"bill", "island=Biscoe", "island=Dream"}, info.Names()); diff != "" {
		t.Error(diff)
	}
	// The rows with a species have bills 10, 14 and, by median, 12.
	test := load(t, result.Outputs["test"])
	const step = 2.449489742783178 // 4 / sqrt(8/3)
	if diff := cmp.Diff([]float32{0, 1, 0, float32(step), 1, 0}, test.Inputs[0].F32); diff != "" {
		t.Error(diff)
	}
	wantMetrics := map[string]float64{"train.rows": 3, "train.dropped_rows": 1, "test.rows": 2, "test.rows_in_train": 0, "test.dropped_rows": 0}
	if diff := cmp.Diff(wantMetrics, result.Metrics); diff != "" {
		t.Error(diff)
	}
	for _, line := range []string{
		"fitted columns=2 features=3 target=species task=binary classes=2",
		"rows without a target were dropped", "missing values were filled in",
	} {
		if !strings.Contains(result.Log, line) {
			t.Errorf("the log does not say %q:\n%s", line, result.Log)
		}
	}
}

// What is not selected is in no data set, and the log and the transform say why.
func TestSelect(t *testing.T) {
	c := preprocessCase(t)
	c.With += "\nselect: {variance: 0, best: 1}\n"
	result := pipelinetest.Run(t, c)
	transform, err := feature.ReadTransform(bytes.NewReader(result.Outputs["transform"]), feature.All())
	if err != nil {
		t.Fatal(err)
	}
	test := load(t, result.Outputs["test"])
	if info := transform.Info(); len(info.Names()) != 1 || len(transform.Dropped()) != 2 || len(test.Inputs[0].F32) != 2 {
		t.Errorf("features %v, dropped %v, in the test part %v", info.Names(), transform.Dropped(), test.Inputs[0].F32)
	}
	for _, d := range transform.Dropped() {
		if want := `"a feature was dropped" feature="?` + d.Feature + `"? because="`; !regexp.MustCompile(want).MatchString(result.Log) {
			t.Errorf("the log does not say %s:\n%s", want, result.Log)
		}
	}
	_, err = pipeline.DecodeStage(preprocessKind(), "features: {a: {}}\nselect: {best: 1}")
	if err == nil || !strings.Contains(err.Error(), "there is no target that a feature could tell of") {
		t.Errorf("without a target: %v", err)
	}
}

// Who has said what becomes of rows without a target is not warned of them.
func TestMissingTargets(t *testing.T) {
	c := preprocessCase(t)
	const target = "target: species"
	if !strings.Contains(c.With, target) {
		t.Fatal("the case has another target")
	}
	with := c.With
	for missing, level := range map[string]string{"": "WARN", ", missing: drop": "INFO"} {
		c.With = strings.Replace(with, target, "target: {column: species"+missing+"}", 1)
		if log := pipelinetest.Run(t, c).Log; !regexp.MustCompile(level + ".*rows without a target were dropped").MatchString(log) {
			t.Errorf("%q: the log does not say it as %s:\n%s", missing, level, log)
		}
	}
	c.With = strings.Replace(with, target, "target: {column: species, missing: error}", 1)
	const want = "train: 1 of 4 rows have no target"
	if _, err := pipelinetest.RunErr(t, c); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the error is %v, want %q", err, want)
	}
}

// The shape and scale of other tables must not reach the transform.
func TestTransformDependsOnTrainOnly(t *testing.T) {
	c := preprocessCase(t)
	want := pipelinetest.Run(t, c).Outputs
	c.Inputs["test"] = birds(t, []float64{1e6}, []string{"Dream"}, []string{"Gentoo"})
	got := pipelinetest.Run(t, c).Outputs
	for _, port := range []string{"transform", "train"} {
		if !bytes.Equal(want[port], got[port]) {
			t.Errorf("another test table changes %s", port)
		}
	}
}

func TestPreprocessWithoutTarget(t *testing.T) {
	c := preprocessCase(t)
	c.With = "features: {bill: {impute: mean, scale: none}}"
	result := pipelinetest.Run(t, c)
	if diff := cmp.Diff([]float32{10, 14, 12, 12}, load(t, result.Outputs["train"]).Inputs[0].F32); diff != "" {
		t.Error(diff)
	}
}

func TestPreprocessErrorsNameTheTable(t *testing.T) {
	tests := []struct {
		name, with string
		test       []byte
		err, hint  string
	}{
		{"unseen category", strings.Replace(measured, "island:", "island: {encode: {one_hot: {unseen: error}}}", 1), birds(t, []float64{1}, []string{"Torgersen"}, []string{"Adelie"}),
			`test: column "island", row 1: category "Torgersen" was not there in training`, "unseen: ignore"},
		{"unseen class", measured, birds(t, []float64{1}, []string{"Dream"}, []string{"Chinstrap"}),
			`test: column "species", row 1: class "Chinstrap" was not there in training`, "stratify: species"},
		{"no target column", measured, tabletest.Table(t, "bill", []float64{1}, "island", []string{"Dream"}),
			`test: target: there is no column "species"`, ""},
		{"fit", "features: {bil: {}}", nil, `train: there is no column "bil"`, `"bill"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := preprocessCase(t)
			c.With = test.with
			if test.test != nil {
				c.Inputs["test"] = test.test
			}
			_, err := pipelinetest.RunErr(t, c)
			if err == nil || err.Error() != test.err {
				t.Fatalf("got %v, want %s", err, test.err)
			}
			if hint := diag.HintOf(err); !strings.Contains(hint, test.hint) {
				t.Errorf("hint is %q, want it to contain %q", hint, test.hint)
			}
		})
	}
}

func TestPreprocessSettings(t *testing.T) {
	tests := []struct{ with, err string }{
		{"{}", `missing key "features"`},
		{"features: {}", "at least 1 entry"},
		{"features: {x: {scale: log}}", "log"},
		{"features: {x: {scale: robust, encode: one_hot}}", "with:1:23: scale: categories have no scale"},
		{"features: {x: {indicator: true}}", "with:1:27: indicator: an indicator goes with an imputation"},
		{"features: {x: {encode: {ordinal: {unseen: infrequent}}}}", "with:1:43: unseen: there is no bucket"},
		{"{target: x, features: {x: {}}}", `with:1:10: target: column "x": the target is also a feature`},
		{"{target: {column: y, task: classification, scale: robust}, features: {x: {}}}", "scale: column \"y\": classes have no scale"},
		{"{features: {x: {}}, defaults: {text: {impute: mean}}}", "with:1:47: impute: categories have no mean"},
		{"{features: {x: {}}, defaults: {number: {indicator: true}}}", "indicator: an indicator goes with an imputation"},
		{"{features: {x: {}}, defaults: {number: {encode: ordinal}}}", "encode"},
		{"features: {x: [impute: median, log2, scale: standard]}", `with:1:32: unknown name "log2" in "x[1]"`},
		{"features: {x: [one_hot, scale: standard]}", "with:1:25: chain.1: nothing can follow one_hot, which makes features"},
		{"features: {x: [date: {parts: []}]}", "parts: there is none"},
		{"features: {x: [impute: mean, one_hot]}", "with:1:30: chain.1: one_hot takes categories, and a step before it takes only numbers"},
		{"features: {x: [log1p, ordinal]}", "with:1:23: chain.1: ordinal takes categories"},
		{"features: {x: [impute: median, scale: robust, impute: mean]}", "with:1:47: chain.2: nothing is missing any more"},
		{"features: {x: [impute: median, indicator]}", "with:1:32: chain.1: nothing is missing any more"},
		{"features: {x: [indicator, indicator, impute: median]}", "with:1:27: chain.1: an indicator before it says already where the value is missing"},
		{"features: {x: [impute: none]}", "with:1:16: chain.0: "},
		{"features: {x: []}", "chain: the chain has no steps"},
		{"features: {x: [clip: {min: 2, max: 1}]}", "with:1:28: min: 2 is more than max, 1"},
		{"features: {x: [clip]}", "clip has neither min nor max"},
		{"features: {x: [impute]}", "impute"},
		{"features: {x: [scale: none]}", "must be one of standard, min_max, max_abs, robust"},
		{"features: {x: {impute: median, chain: [log1p]}}", "with:1:39: chain: a chain is all that is done"},
		{"{features: {x: {}}, defaults: {text: [impute: most_frequent, scale: standard]}}", "with:1:62: chain.1: scale takes numbers, and the column holds categories"},
		{"{keep: [a, a], features: {x: {}}}", `keep: column "a": kept twice`},
	}
	for _, test := range tests {
		_, err := pipeline.DecodeStage(preprocessKind(), test.with)
		if err == nil || !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s:\n got %v\nwant %s", test.with, err, test.err)
		}
	}
}

// Every setting reaches the specification under its own name.
func TestSettingsMeanWhatTheySay(t *testing.T) {
	stage := pipelinetest.Decode(t, preprocessKind(), `
target: {column: price, task: regression, scale: robust}
features:
  a: {impute: mean, scale: min_max, indicator: true}
  b: {impute: {constant: 0.5}, scale: none}
  c: {impute: {constant: none}, encode: ordinal}
  d: {encode: {one_hot: {unseen: infrequent, min_frequency: 0.1, max_categories: 5, drop: if_binary}}}
  e: {}
  f: {impute: none}
  g: [impute: median, clip: {max: 1}, log1p, scale: standard]
  h: sqrt
defaults:
  number: {impute: median, indicator: true, scale: robust}
  text: {impute: most_frequent, encode: {ordinal: {unseen: error}}}
  bool: {impute: {constant: 1}, scale: standard}
`)
	yes, none := new(feature.GroupFill), &struct{}{}
	constant := func(tag, text string) *feature.Impute {
		return &feature.Impute{Constant: &feature.ConstantFill{Value: settings.Scalar{Tag: tag, Text: text}}}
	}
	one := 1.0
	want := feature.Spec{
		Features: []feature.Column{
			{Name: "a", Impute: &feature.Impute{Mean: yes}, Scale: feature.MinMax, Indicator: true},
			{Name: "b", Impute: constant("!!float", "0.5"), Scale: feature.None},
			{Name: "c", Impute: constant("!!str", "none"), Encode: &feature.Encode{Ordinal: &feature.Ordinal{Unseen: feature.UnseenError}}},
			{Name: "d", Encode: &feature.Encode{OneHot: &feature.OneHot{Unseen: feature.UnseenInfrequent, MinFrequency: 0.1, MaxCategories: 5, Drop: feature.DropIfBinary}}},
			{Name: "e"},
			{Name: "f", Impute: &feature.Impute{None: none}},
			{Name: "g", Chain: []feature.Step{
				{Kind: "impute", Setting: &feature.Impute{Median: yes}},
				{Kind: "clip", Setting: &feature.Clip{Max: &one}},
				{Kind: "log1p", Setting: new(feature.Log1p)},
				{Kind: "scale", Setting: &feature.Scale{Method: feature.Standard, Output: feature.Uniform, Family: power.YeoJohnson}},
			}},
			{Name: "h", Chain: []feature.Step{{Kind: "sqrt", Setting: new(feature.Sqrt)}}},
		},
		Defaults: feature.Defaults{
			Number: feature.Column{Impute: &feature.Impute{Median: yes}, Indicator: true, Scale: feature.Robust},
			Text:   feature.Column{Impute: &feature.Impute{MostFrequent: yes}, Encode: &feature.Encode{Ordinal: &feature.Ordinal{Unseen: feature.UnseenError}}},
			Bool:   feature.Column{Impute: constant("!!int", "1"), Scale: feature.Standard},
		},
		Target: &feature.Target{Column: "price", Task: feature.Regression, Scale: feature.Robust},
	}
	if diff := cmp.Diff(want, stage.(*Preprocess).spec(), cmpopts.IgnoreUnexported(feature.OneHot{}, feature.Ordinal{})); diff != "" {
		t.Error(diff)
	}
}

func TestKindsAreListedOnce(t *testing.T) {
	var names []string
	for _, k := range Kinds() {
		names = append(names, k.Name)
	}
	if got, want := fmt.Sprint(names), "[preprocess apply replay split]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Rows of a test that train has, too, are counted and told; those that repeat by
// themselves are not.
func TestRowsOfTestInTrain(t *testing.T) {
	made := func(n, from int, few bool) []byte {
		var x []float64
		var ids []int64
		var words, y []string
		for i := range n {
			v := from + i
			if few {
				v %= 3
			}
			x, ids, words, y = append(x, float64(v)/7), append(ids, int64(1000*from+i)), append(words, string(rune('a'+v%5))), append(y, []string{"no", "yes"}[v%2])
		}
		return tabletest.Table(t, "x", x, "id", ids, "word", words, "y", y)
	}
	run := func(train, test []byte) pipelinetest.Result {
		return pipelinetest.Run(t, pipelinetest.Case{Kind: preprocessKind(), With: "{target: y, features: {x: {}, word: {}}, keep: [id]}", Inputs: map[string][]byte{"train": train, "test": test}})
	}
	got := run(made(200, 0, false), made(50, 180, false))
	if got.Metrics["test.rows_in_train"] != 20 || !strings.Contains(got.Log, "20 of 50 rows of test are rows of train again") {
		t.Errorf("%v\n%s", got.Metrics, got.Log)
	}
	if got := run(made(200, 0, false), made(50, 200, false)); got.Metrics["test.rows_in_train"] != 0 || strings.Contains(got.Log, "again") {
		t.Errorf("%v\n%s", got.Metrics, got.Log)
	}
	encoded := pipelinetest.Run(t, pipelinetest.Case{Kind: preprocessKind(), With: "{target: y, features: {x: {}, word: [target_encode]}}", Seed: 1, Inputs: map[string][]byte{"train": made(200, 0, false), "test": made(50, 180, false)}})
	if n, ok := encoded.Metrics["test.rows_in_train"]; ok {
		t.Errorf("%v rows of train, which are encoded otherwise, are compared", n)
	}
	if got := run(made(200, 0, true), made(50, 0, true)); strings.Contains(got.Log, "again") {
		t.Error(got.Log)
	}
}

// Rows of few whole numbers and a number with huge values are alike by chance, and their
// targets are as different as any.
func TestRowsAlikeByChance(t *testing.T) {
	s := random.New(5, "test", 0)
	made := func(n, from, ages int, copied bool) []byte {
		at := func(k, i, of int) int64 { return int64(s.At(uint64(k)).Uint64(uint64(from+i)) % uint64(of)) }
		class, age, fare, y := make([]int64, n), make([]int64, n), make([]float64, n), make([]string, n)
		for i := range n {
			class[i], age[i], fare[i] = at(1, i, 6), at(2, i, ages), 5+float64(at(3, i, 1000))/100
			if i%250 == 0 {
				fare[i] = 9000
			}
			y[i] = "dead"
			if at(4, i, 4) == class[i]%2 {
				y[i] = "alive"
			}
			if copied {
				fare[i] += 0.001
			}
		}
		return tabletest.Table(t, "class", class, "age", age, "fare", fare, "y", y)
	}
	for _, copied := range []bool{false, true} {
		from, ages := 1000, 60
		if copied {
			from, ages = 0, 600
		}
		got := pipelinetest.Run(t, pipelinetest.Case{Kind: preprocessKind(), With: `{target: y, features: {class: {}, age: {scale: standard}, fare: {scale: standard}}}`,
			Inputs: map[string][]byte{"train": made(600, 0, ages, false), "test": made(250, from, ages, copied)}})
		if says := strings.Contains(got.Log, "nearly rows of train"); says != copied {
			t.Errorf("copied: %t: %s", copied, got.Log)
		}
	}
}

// Rows that are nearly rows of train are told, those that are by chance are not.
func TestRowsNearlyInTrain(t *testing.T) {
	s := random.New(3, "test", 0)
	made := func(n, from, columns int, change float64) []byte {
		var list []any
		for k := range columns {
			x := make([]float64, n)
			for i := range x {
				x[i] = float64(s.At(uint64(k)).Normal(uint64(from+i))) + change*float64(1+i%2)
			}
			list = append(list, fmt.Sprint("x", k), x)
		}
		y := make([]float64, n)
		for i := range y {
			y[i] = float64(i % 7)
		}
		return tabletest.Table(t, append(list, "y", y)...)
	}
	for _, tt := range []struct {
		what          string
		columns, from int
		change        float64
		more, want    string
	}{
		{"changed a little", 5, 0, 1e-5, "", "nearly rows of train"},
		{"meant", 5, 0, 1e-5, ", allow: [similar_rows]", ""},
		{"others", 5, 4000, 0, "", ""},
		{"others of one feature", 1, 4000, 0, "", ""},
		{"others of two features", 2, 4000, 0, "", ""},
		{"the same", 5, 0, 0, "", "are rows of train again"},
	} {
		got := pipelinetest.Run(t, pipelinetest.Case{Kind: preprocessKind(), With: `{target: y, features: {"x*": {}}` + tt.more + "}",
			Inputs: map[string][]byte{"train": made(4000, 0, tt.columns, 0), "test": made(1000, tt.from, tt.columns, tt.change)}})
		if says := strings.Contains(got.Log, "what is measured on them"); says != (tt.want != "") || !strings.Contains(got.Log, tt.want) {
			t.Errorf("%s: %s", tt.what, got.Log)
		}
	}
}
