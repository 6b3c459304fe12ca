package settings_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pipe/pipeline/settings"
)

// spelled is settings of a network with their values, each in several
// spellings. The empty spelling leaves the key out.
var spelled = []struct {
	key    string
	values [][]string
}{
	{"epochs", [][]string{{"", "10", "1e1", "0xa", "+10"}, {"11"}, {"100", "1e2", "0b1100100"}}},
	{"offset", [][]string{{"0", "-0", "0.0"}, {"-3", "-0o3"}, {"3"}}},
	{"salt", [][]string{{"", "7"}, {"18446744073709551615"}, {"18446744073709551614"}}},
	{"rate", [][]string{{"", "1e-3", "0.001", ".001", "1_0e-4"}, {"0.1"}, {"0.10000000000000002"}}},
	{"shuffle", [][]string{{"", "true", "True", "TRUE"}, {"false"}}},
	{"name", [][]string{{"", `"true"`, "'true'"}, {`"1"`}, {"é"}, {`"e\u0301"`}, {`"a\"b"`}, {`"a\\b"`}, {`"a\tb"`}}},
	{"loss", [][]string{{"", "mse"}, {"mae"}}},
	{"patience", [][]string{{"", "30s", "0.5m"}, {"30001ms"}, {"1h", "60m"}}},
	{"fill", [][]string{{"1"}, {"1.0"}, {`"1"`, "'1'"}, {"true"}, {`"true"`}}},
	{"require", [][]string{{""}, {`">= 1"`, "'>= 1'"}, {`">= 2"`}}},
	{"metrics", [][]string{{""}, {"[]"}, {"[f1]", `["f1"]`}, {"[f1, accuracy]"}, {"[accuracy, f1]"}}},
	{"columns", [][]string{{""}, {"{}"}, {"{a: int64, b: string}"}, {"{b: string, a: int64}"}, {"{a: int64}"}}},
	{"features", [][]string{{""}, {"{a: }", "{a: {}}", "{a: mean}", "{a: {scale: false, impute: mean}}"}, {"{a: median}"}}},
	{"layers", [][]string{
		{""},
		{"[flatten]", "[{flatten: {}}]", "[{flatten: }]"},
		{"[flatten, flatten]"},
		{"[{dropout: 0.1}]", "[{dropout: {rate: 1e-1}}]"},
		{"[{residual: [flatten]}]", "[{residual: {layers: [flatten]}}]"},
		{"[{dense: {units: 1, activation: linear}}]", "[{dense: {activation: linear, units: 1}}]", "[{dense: {units: 1}}]"},
		{"[{dense: {units: 1, activation: relu}}]"},
	}},
	{"optimizer", [][]string{{"", "sgd", "{sgd: }", "{sgd: {momentum: 0}}", "{sgd: {momentum: -0.0}}"}, {"adam"}}},
	{"limit", [][]string{{""}, {"0"}, {"1"}, {"1e300"}}},
}

// drawWith writes the values of the given indexes in any spelling and order.
func drawWith(t *rapid.T, chosen []int) string {
	lines := []string{"path: a.csv"}
	for i, s := range spelled {
		if text := rapid.SampledFrom(s.values[chosen[i]]).Draw(t, s.key); text != "" {
			lines = append(lines, s.key+": "+text)
		}
	}
	return strings.Join(rapid.Permutation(lines).Draw(t, "order"), "\n")
}

func canonicalOf(t *rapid.T, with string) string {
	stage := new(network)
	if err := settings.DecodeFile("with", []byte(with+"\n"), stage); err != nil {
		t.Fatalf("%s\n%v", with, err)
	}
	c := settings.Canonical(stage)
	if !json.Valid(c) || !json.Valid(settings.JSON(stage)) {
		t.Fatalf("not JSON: %s, %s", c, settings.JSON(stage))
	}
	again := new(network)
	if err := settings.FromJSON(settings.JSON(stage), again); err != nil || string(settings.JSON(again)) != string(settings.JSON(stage)) {
		t.Fatalf("what is recorded means something else: %s\n%v", settings.JSON(stage), err)
	}
	return string(c)
}

// TestCanonical is the property that the cache rests on: the canonical form is
// the same for two files if and only if all values are.
func TestCanonical(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		chosen := make([]int, len(spelled))
		for i, s := range spelled {
			chosen[i] = rapid.IntRange(0, len(s.values)-1).Draw(t, s.key)
		}
		with := drawWith(t, chosen)
		want := canonicalOf(t, with)
		same := drawWith(t, chosen)
		if got := canonicalOf(t, same); got != want {
			t.Errorf("the same values differ:\n%s\n\n%s\n%s", with, same, cmp.Diff(want, got))
		}
		changed := rapid.IntRange(0, len(spelled)-1).Draw(t, "changed")
		by := rapid.IntRange(1, len(spelled[changed].values)-1).Draw(t, "by")
		chosen[changed] = (chosen[changed] + by) % len(spelled[changed].values)
		other := drawWith(t, chosen)
		if got := canonicalOf(t, other); got == want {
			t.Errorf("different values of %s look the same:\n%s\n\n%s\n%s", spelled[changed].key, with, other, got)
		}
	})
}

func TestFilePaths(t *testing.T) {
	type group struct {
		Input settings.FilePath `yaml:"input"`
	}
	v := struct {
		Absent settings.FilePath               `yaml:"absent"`
		Path   settings.FilePath               `yaml:"path"`
		Files  []settings.FilePath             `yaml:"files"`
		Named  settings.Map[settings.FilePath] `yaml:"named"`
		Inner  *group                          `yaml:"inner"`
		None   *group                          `yaml:"none"`
		Groups []group                         `yaml:"groups"`
		ByName settings.Map[group]             `yaml:"by_name"`
	}{
		Path:   "../a.csv",
		Files:  []settings.FilePath{"./scripts//clean.py", `win\b.py`},
		Named:  settings.Map[settings.FilePath]{{"z", "1.csv"}, {"a", "2.csv"}},
		Inner:  &group{"inner.csv"},
		Groups: []group{{"first.csv"}, {"second.csv"}},
		ByName: settings.Map[group]{{"k", group{"k.csv"}}},
	}
	want := []settings.File{
		{"path", "../a.csv"},
		{"files/scripts/clean.py", "./scripts//clean.py"},
		{"files/win/b.py", `win\b.py`},
		{"named/z", "1.csv"},
		{"named/a", "2.csv"},
		{"inner.input", "inner.csv"},
		{"groups.0.input", "first.csv"},
		{"groups.1.input", "second.csv"},
		{"by_name.k.input", "k.csv"},
	}
	if diff := cmp.Diff(want, settings.Files(&v)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, want := string(settings.Canonical(&v)), `{"inner":{},"none":null,"groups":[{},{}],"by_name":[["k",{}]]}`; got != want {
		t.Errorf("canonical: got %s, want %s", got, want)
	}
}

func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/config/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("path: a.csv\nlayers: " + strings.Repeat("[{residual: ", 60))
	f.Fuzz(func(t *testing.T, text string) {
		stage, again := new(network), new(network)
		if err := settings.DecodeFile("with", []byte(text), stage); err != nil {
			if err.Error() == "" {
				t.Error("an error without a text")
			}
			return
		}
		if !json.Valid(settings.Canonical(stage)) || !json.Valid(settings.JSON(stage)) {
			t.Errorf("not JSON: %s, %s", settings.Canonical(stage), settings.JSON(stage))
		}
		err := settings.DecodeFile("with", []byte(text), again)
		if err != nil || string(settings.Canonical(again)) != string(settings.Canonical(stage)) {
			t.Errorf("decoded twice: %s, then %s, %v", settings.Canonical(stage), settings.Canonical(again), err)
		}
	})
}

func TestNestingIsLimited(t *testing.T) {
	deep := "flatten"
	for range 80 {
		deep = "{residual: [" + deep + "]}"
	}
	err := settings.DecodeFile("with", []byte("path: a.csv\nlayers: ["+deep+"]\n"), new(network))
	if err == nil || !strings.Contains(err.Error(), "100 levels") {
		t.Errorf("got %v, want an error about 100 levels", err)
	}
}

// TestAddedSettings: a setting that came later changes the key of no stage that
// does not use it, and of each that does.
func TestAddedSettings(t *testing.T) {
	type before struct {
		Rate float64 `yaml:"rate"`
	}
	type after struct {
		Rate  float64 `yaml:"rate"`
		Limit *window `yaml:"limit" added:"true"`
		Exact bool    `yaml:"exact" default:"false" added:"true"`
	}
	want := string(settings.Canonical(&before{Rate: 1}))
	if got := string(settings.Canonical(&after{Rate: 1})); got != want {
		t.Errorf("canonical form %s, before the settings came %s", got, want)
	}
	for _, used := range []after{{Rate: 1, Limit: &window{}}, {Rate: 1, Exact: true}} {
		if got := string(settings.Canonical(&used)); got == want {
			t.Errorf("%+v has the canonical form of settings that do not have it, %s", used, got)
		}
	}
	if got := string(settings.JSON(&after{Rate: 1})); got == string(settings.JSON(&before{Rate: 1})) {
		t.Errorf("people do not see a setting that is not used: %s", got)
	}
}
