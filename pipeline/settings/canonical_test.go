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
	texts := settings.Glob("data/**/*.txt")
	v := struct {
		Absent settings.FilePath               `yaml:"absent"`
		Path   settings.FilePath               `yaml:"path"`
		Files  []settings.FilePath             `yaml:"files"`
		Named  settings.Map[settings.FilePath] `yaml:"named"`
		Inner  *group                          `yaml:"inner"`
		None   *group                          `yaml:"none"`
		Groups []group                         `yaml:"groups"`
		ByName settings.Map[group]             `yaml:"by_name"`
		Images settings.Folder                 `yaml:"images"`
		Parts  []settings.Folder               `yaml:"parts"`
		Texts  *settings.Glob                  `yaml:"texts"`
		Any    []settings.Paths                `yaml:"any"`
	}{
		Path:   "../a.csv",
		Files:  []settings.FilePath{"./scripts//clean.py", `win\b.py`},
		Named:  settings.Map[settings.FilePath]{{"z", "1.csv"}, {"a", "2.csv"}},
		Inner:  &group{"inner.csv"},
		Groups: []group{{"first.csv"}, {"second.csv"}},
		ByName: settings.Map[group]{{"k", group{"k.csv"}}},
		Images: "data/img",
		Parts:  []settings.Folder{"a/", "./b"},
		Texts:  &texts,
		Any:    []settings.Paths{"img/", "./a?.csv", "img [1].csv", "https://h/*.csv?token=a&x=1"},
	}
	want := []settings.File{
		{"path", "../a.csv", settings.OneFile, "", false},
		{"files/scripts/clean.py", "./scripts//clean.py", settings.OneFile, "", false},
		{"files/win/b.py", `win\b.py`, settings.OneFile, "", false},
		{"named/z", "1.csv", settings.OneFile, "", false},
		{"named/a", "2.csv", settings.OneFile, "", false},
		{"inner.input", "inner.csv", settings.OneFile, "", false},
		{"groups.0.input", "first.csv", settings.OneFile, "", false},
		{"groups.1.input", "second.csv", settings.OneFile, "", false},
		{"by_name.k.input", "k.csv", settings.OneFile, "", false},
		{"images", "data/img", settings.AllBelow, "", false},
		{"parts/a", "a/", settings.AllBelow, "", false},
		{"parts/b", "./b", settings.AllBelow, "", false},
		{"texts", "data/**/*.txt", settings.Matching, "data/**/*.txt", false},
		{"any/img", "img/", settings.Matching, "img/**/*", true},
		{"any/a?.csv", "./a?.csv", settings.Matching, "./a?.csv", true},
		{"any/img [1].csv", "img [1].csv", settings.OneFile, "", true},
		{"any/https://h/*.csv?token=***&x=1", "https://h/*.csv?token=a&x=1", settings.OnServer, "", true},
	}
	if diff := cmp.Diff(want, settings.Files(&v)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, want := string(settings.Canonical(&v)), `{"inner":{},"none":null,"groups":[{},{}],"by_name":[["k",{}]]}`; got != want {
		t.Errorf("canonical: got %s, want %s", got, want)
	}
	if got := string(settings.JSON(&v)); !strings.Contains(got, `"https://h/*.csv?token=***&x=1"`) {
		t.Errorf("for people: %s", got)
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
		Safe  bool    `yaml:"safe" default:"true" added:"true"`
		Where string  `yaml:"where" default:"here" enum:"here,there" added:"true"`
	}
	want := string(settings.Canonical(&before{Rate: 1}))
	unused := after{Rate: 1, Safe: true, Where: "here"}
	for _, with := range []string{"rate: 1", "{rate: 1, safe: true, where: here, exact: false}"} {
		var read, restored after
		if err := settings.DecodeFile("with", []byte(with), &read); err != nil {
			t.Fatal(err)
		}
		if got := string(settings.Canonical(&read)); got != want || read != unused {
			t.Errorf("%+v with the canonical form %s, before the settings came %s", read, got, want)
		}
		if err := settings.FromCanonical([]byte(want), &restored); err != nil || restored != unused {
			t.Errorf("elsewhere it is %+v (%v), here %+v", restored, err, unused)
		}
	}
	for _, change := range []func(*after){
		func(a *after) { a.Limit = &window{} }, func(a *after) { a.Exact = true }, func(a *after) { a.Safe = false }, func(a *after) { a.Where = "there" },
	} {
		used := unused
		if change(&used); used == unused {
			t.Fatal("nothing is used")
		}
		if got := string(settings.Canonical(&used)); got == want {
			t.Errorf("%+v has the canonical form of settings that do not have it, %s", used, got)
		}
	}
	if got := string(settings.JSON(&unused)); got == string(settings.JSON(&before{Rate: 1})) {
		t.Errorf("people do not see a setting that is not used: %s", got)
	}
}

// TestKeylessSettings: how something is got is no part of a key, whatever it is, and has
// its default elsewhere.
func TestKeylessSettings(t *testing.T) {
	type place struct {
		Rate float64 `yaml:"rate"`
		Copy bool    `yaml:"copy" default:"true" key:"false"`
		From string  `yaml:"from" key:"false"`
	}
	for _, with := range []string{"rate: 1", "{rate: 1, copy: false, from: there}"} {
		var read, restored place
		if err := settings.DecodeFile("with", []byte(with), &read); err != nil {
			t.Fatal(err)
		}
		canonical := string(settings.Canonical(&read))
		if want := `{"rate":1}`; canonical != want {
			t.Errorf("%s: %s, want %s", with, canonical, want)
		}
		if err := settings.FromCanonical([]byte(canonical), &restored); err != nil || restored != (place{Rate: 1, Copy: true}) {
			t.Errorf("%+v, %v", restored, err)
		}
	}
	if got := string(settings.JSON(&place{From: "there"})); !strings.Contains(got, `"copy":false,"from":"there"`) {
		t.Errorf("people do not see it: %s", got)
	}
}

// TestFromCanonical: another machine gets the same settings from their canonical
// form and their files.
func TestFromCanonical(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		chosen := make([]int, len(spelled))
		for i, s := range spelled {
			chosen[i] = rapid.IntRange(0, len(s.values)-1).Draw(t, s.key)
		}
		with := drawWith(t, chosen) + "\nscripts: [./a.py, b/c.py]\n"
		var want, got network
		if err := settings.DecodeFile("with", []byte(with), &want); err != nil {
			t.Fatal(err)
		}
		b := settings.Canonical(&want)
		if err := settings.FromCanonical(b, &got, settings.Files(&want)...); err != nil {
			t.Fatalf("%s\n%v", b, err)
		}
		if diff := cmp.Diff(string(settings.JSON(&want)), string(settings.JSON(&got))); diff != "" {
			t.Errorf("other settings (-want +got):\n%s", diff)
		}
	})
}

// TestFromCanonicalRefuses: nothing but the canonical form of valid settings is
// taken.
func TestFromCanonicalRefuses(t *testing.T) {
	var n network
	if err := settings.DecodeFile("with", []byte("path: a.csv\nlayers: [{dense: {units: 3}}]\ncolumns: {a: int64}\nfill: 7\n"), &n); err != nil {
		t.Fatal(err)
	}
	b, files := string(settings.Canonical(&n)), settings.Files(&n)
	if err := settings.FromCanonical([]byte(b), new(network), files...); err != nil {
		t.Fatalf("the form itself: %v", err)
	}
	for _, tt := range []struct{ name, old, new, want string }{
		{"empty", b, ``, "unexpected EOF"},
		{"cut short", b, b[:len(b)-1], "unexpected EOF"},
		{"more behind it", b, b + `{}`, "something follows"},
		{"a space", `"epochs":10`, `"epochs": 10`, "canonical form"},
		{"another number", `"epochs":10`, `"epochs":1e1`, "canonical form"},
		{"another order", `"epochs":10,"offset":0`, `"offset":0,"epochs":10`, "canonical form"},
		{"a key twice", `"epochs":10`, `"epochs":10,"epochs":10`, "twice"},
		{"an unknown key", `"epochs":10`, `"epochs":10,"epoch":1`, `unknown key "epoch"`},
		{"a key less", `"epochs":10,`, ``, "canonical form"},
		{"a default left out", `,"activation":"linear"`, ``, "canonical form"},
		{"out of bounds", `"epochs":10`, `"epochs":0`, ">= 1"},
		{"refused by Validate", `"epochs":10`, `"epochs":13`, "bad luck"},
		{"refused by Validate inside", `"window":{"from":"","to":""}`, `"window":{"from":"b","to":"a"}`, "is before"},
		{"another type", `"epochs":10`, `"epochs":[10]`, "whole number"},
		{"two variants", `{"sgd":{"momentum":0}}`, `{"sgd":{"momentum":0},"adam":{"beta":1}}`, "exactly one"},
		{"a name twice", `[["a","int64"]]`, `[["a","int64"],["a","string"]]`, "mapping"},
		{"a mapping", `[["a","int64"]]`, `{"a":"int64"}`, "canonical form"},
		{"an odd tag", `["!!int","7"]`, `["!!seq","7"]`, "single value"},
		{"a path", `{"epochs"`, `{"path":"/etc/passwd","epochs"`, "canonical form"},
		{"bad UTF-8", `"name":"true"`, "\"name\":\"\xff\"", "canonical form"},
		{"deep", b, strings.Repeat("[", 5000), "nested deeper"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			hostile := strings.Replace(b, tt.old, tt.new, 1)
			if hostile == b {
				t.Fatalf("%s has no %s", b, tt.old)
			}
			if err := settings.FromCanonical([]byte(hostile), new(network), files...); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want one with %q", err, tt.want)
			}
		})
	}
	if err := settings.FromCanonical([]byte(b), new(network), settings.File{Name: "pth", Path: "a.csv"}); err == nil {
		t.Error("a file without a place is taken")
	}
}

// TestControlCharacters: what is recorded can be read, whatever a text has in it.
func TestControlCharacters(t *testing.T) {
	type texts struct {
		A string `yaml:"a"`
	}
	want := texts{"\x00 \x1b \x7f \u0085 \ufeff \U0001F600"}
	var got, again texts
	if err := settings.FromJSON(settings.JSON(&want), &got); err != nil || got != want {
		t.Errorf("settings: %q, %v", got, err)
	}
	if err := settings.FromCanonical(settings.Canonical(&want), &again); err != nil || again != want {
		t.Errorf("canonical form: %q, %v", again, err)
	}
}

func FuzzFromCanonical(f *testing.F) {
	var n network
	if err := settings.DecodeFile("with", []byte("path: a.csv\nlayers: [{residual: [flatten]}]\nparts: {a: 1}\nfill: x\n"), &n); err != nil {
		f.Fatal(err)
	}
	f.Add(settings.Canonical(&n))
	f.Fuzz(func(t *testing.T, b []byte) {
		got := new(network)
		if settings.FromCanonical(b, got) == nil && string(settings.Canonical(got)) != string(b) {
			t.Errorf("%s was taken for %s", b, settings.Canonical(got))
		}
	})
}

// TestStoredWithoutFile: an external file that was not set does not hinder that
// settings are read again.
func TestStoredWithoutFile(t *testing.T) {
	type files struct {
		Path  settings.FilePath `yaml:"path" doc:"A file."`
		Below settings.Folder   `yaml:"below" doc:"A folder."`
	}
	got, want := files{}, files{Path: "a.csv"}
	if err := settings.FromJSON(settings.JSON(&want), &got); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if err := settings.FromJSON(settings.JSON(&files{}), &got); err != nil {
		t.Error(err)
	}
}
