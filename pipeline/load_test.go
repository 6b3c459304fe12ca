package pipeline_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

func TestLoadFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const good = "pipeline: p\nstages: {a: {uses: ingest, with: {path: data/a.csv}}}\n"
	path := write("penguins.yaml", good)
	write("irises.yml", good)
	write("notes.txt", "no pipeline")

	plan, err := pipeline.Load(path, testRegistry(), pipeline.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if plan.File != path || string(plan.Source) != good {
		t.Errorf("file %q with source %q", plan.File, plan.Source)
	}
	if got, want := plan.Steps[0].Files[0].Resolved, filepath.Join(dir, "data", "a.csv"); got != want {
		t.Errorf("the path resolves to %q, want %q", got, want)
	}

	for _, c := range []struct{ name, msg, hint string }{
		{"pengins.yaml", "pengins.yaml: file does not exist", "did you mean " + path + "?"},
		{"something-else-altogether", "file does not exist", "the pipeline files there are irises.yml, penguins.yaml"},
		{".", "is not a regular file but a folder", "it holds irises.yml, penguins.yaml"},
		{filepath.Join("nowhere", "p.yaml"), "file does not exist", ""},
	} {
		_, err := pipeline.Load(filepath.Join(dir, c.name), testRegistry(), pipeline.Options{})
		var usage *diag.UsageError
		if !errors.As(err, &usage) || !strings.HasSuffix(err.Error(), c.msg) || diag.HintOf(err) != c.hint {
			t.Errorf("%s: got %T %v (hint %q), want %q (%q)", c.name, err, err, diag.HintOf(err), c.msg, c.hint)
		}
	}
	_, err = pipeline.Load(filepath.Join(dir, "no.yaml"), testRegistry(), pipeline.Options{})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is no fs.ErrNotExist", err)
	}
}

// TestNotText is about bytes that a fixture cannot hold.
func TestNotText(t *testing.T) {
	for name, c := range map[string]struct{ source, want string }{
		"latin1":  {"pipeline: p\n  é: \xe9\n", "x.yaml:2:6: the byte 0xe9 is not UTF-8"},
		"utf16":   {"\xff\xfep\x00", "x.yaml:1:1: the byte 0xff is not UTF-8"},
		"control": {"pipeline: p\ndescription: é\x1b[31m\n", "x.yaml:2:15: the control character U+001B is not allowed"},
		"nul":     {"\x00", "x.yaml:1:1: the control character U+0000 is not allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pipeline.LoadBytes("x.yaml", []byte(c.source), testRegistry(), pipeline.Options{})
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	const bom = "\xef\xbb\xbf"
	for _, source := range []string{bom + "pipeline: p\nstages: {a: {uses: join}}\n", "pipeline: p\r\nstages: {a: {uses: join}}\r\n"} {
		if _, err := pipeline.LoadBytes("x.yaml", []byte(source), testRegistry(), pipeline.Options{}); err != nil {
			t.Errorf("%q: %v", source, err)
		}
	}
}

func TestTooLarge(t *testing.T) {
	source := []byte("pipeline: p\nstages: {a: {uses: join}}\n#" + strings.Repeat("x", 64<<20))
	_, err := pipeline.LoadBytes("x.yaml", source, testRegistry(), pipeline.Options{})
	if err == nil || !strings.Contains(err.Error(), "more than 64 MiB") {
		t.Errorf("got %v", err)
	}
}

// bigPipeline has n stages in a mesh: each but the first takes the outputs of
// up to two earlier ones.
func bigPipeline(n int) []byte {
	var b strings.Builder
	b.WriteString("pipeline: big\nparams: {w: 0.5}\nstages:\n")
	for i := range n {
		fmt.Fprintf(&b, "  s%d:\n    uses: join\n    inputs: {", i)
		if i > 0 {
			fmt.Fprintf(&b, "a: s%d, b: s%d.table", i-1, i/2)
		}
		b.WriteString("}\n    retry: 2\n")
	}
	return []byte(b.String())
}

func TestManyStages(t *testing.T) {
	const n = 10_000
	plan, err := pipeline.LoadBytes("big.yaml", bigPipeline(n), testRegistry(), pipeline.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Steps) != n || plan.Steps[n-1].Inputs[0].From.Stage != fmt.Sprint("s", n-2) {
		t.Errorf("%d steps", len(plan.Steps))
	}
}

// TestManyMistakes is about the work for suggestions: every reference of a
// large file is wrong.
func TestManyMistakes(t *testing.T) {
	source := strings.ReplaceAll(string(bigPipeline(10_000)), ": s", ": ss")
	_, err := pipeline.LoadBytes("big.yaml", []byte(source), testRegistry(), pipeline.Options{})
	var list diag.List
	if !errors.As(err, &list) || len(list) < 10_000 {
		t.Errorf("%d problems", len(list))
	}
}

func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		source := bigPipeline(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.SetBytes(int64(len(source)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := pipeline.LoadBytes("big.yaml", source, testRegistry(), pipeline.Options{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/stage")
		})
	}
}

// FuzzLoad says that no text panics or takes long, that a plan that was made
// is in order, and that positions of problems are inside the file.
func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("testdata/lint/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(fileOf(archive, "in.yaml"))
	}
	f.Add(keySource)
	reg := testRegistry()
	f.Fuzz(func(t *testing.T, source string) {
		start := time.Now()
		plan, err := pipeline.LoadBytes("f.yaml", []byte(source), reg, pipeline.Options{})
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("took %v for %d bytes", took, len(source))
		}
		if err == nil {
			checkOrder(t, plan)
			return
		}
		var list diag.List
		if !errors.As(err, &list) {
			t.Fatalf("the error is a %T", err)
		}
		lines := strings.Count(source, "\n") + strings.Count(source, "\r") + strings.Count(source, "\u0085") +
			strings.Count(source, "\u2028") + strings.Count(source, "\u2029") + 1
		for _, d := range list {
			if d.Pos.Line < 1 || d.Pos.Line > lines || d.Pos.Column < 1 {
				t.Errorf("%v is not a place in the file", d)
			}
		}
		var b strings.Builder
		if err := list.Render(&b, true); err != nil {
			t.Error(err)
		}
	})
}

// checkOrder says that each step comes after those that it takes data from.
func checkOrder(t *testing.T, plan *pipeline.Plan) {
	done := make(map[string]bool)
	for _, s := range plan.Steps {
		for _, e := range s.Inputs {
			if !done[e.From.Stage] {
				t.Errorf("%s comes before %s", s.Name, e.From.Stage)
			}
		}
		for _, n := range s.Needs {
			if !done[n] {
				t.Errorf("%s comes before %s", s.Name, n)
			}
		}
		done[s.Name] = true
		if plan.Step(s.Name) != s {
			t.Errorf("%s is not found by its name", s.Name)
		}
	}
}

func TestNewPlan(t *testing.T) {
	kind := func(name string) *pipeline.Kind {
		k, ok := testRegistry().Lookup(name)
		if !ok {
			t.Fatalf("no kind %s", name)
		}
		return k
	}
	stage := func(name, with string) pipeline.Stage {
		s, err := pipeline.DecodeStage(*kind(name), with)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	stored := artifacts.ID{1}
	ingest := &pipeline.Step{Name: "load", Kind: kind("ingest"), Stage: stage("ingest", "path: data.csv")}
	score := &pipeline.Step{Name: "score", Kind: kind("evaluate"), Stage: stage("evaluate", "metrics: [accuracy]"),
		Inputs: []pipeline.Edge{
			{Port: "model", Type: pipeline.Model, Artifact: stored},
			{Port: "data", From: pipeline.Ref{Stage: "features", Port: "train"}},
		}, Needs: []string{"load"}, Terms: pipeline.Terms{Cache: true}}
	features := &pipeline.Step{Name: "features", Kind: kind("preprocess"), Stage: stage("preprocess", "target: y"),
		Inputs: []pipeline.Edge{{Port: "train", From: pipeline.Ref{Stage: "load"}}}}

	plan, err := pipeline.NewPlan("predict", 3, score, features, ingest)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	printPlan(&b, plan)
	want := `pipeline predict, seed 3
load: ingest {"path":"data.csv","columns":null}
  path <- file data.csv
features: preprocess {"target":"y"}
  train <- load.table (table)
score: evaluate {"metrics":["accuracy"]}
  data <- features.train (dataset)
  model <- . (model)
  after load
`
	if !plan.Step("score").Cache {
		t.Errorf("step %+v", plan.Steps[0])
	}
	got := strings.ReplaceAll(b.String(), "  retry {Limit:0 Delay:0s Backoff:0 MaxDelay:0s}, timeout {Limit:0s Backoff:0}, resources {CPU:0 Memory:0 GPU:0}, cache false\n", "")
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	// The artifact of an edge needs not be repeated.
	key, _ := plan.Step("score").Key(map[string]artifacts.ID{"data": {2}}, pipeline.Placement{}, nil)
	if again, _ := plan.Step("score").Key(map[string]artifacts.ID{"data": {2}, "model": stored}, pipeline.Placement{}, nil); again != key {
		t.Error("the artifact that an edge names is not in the key")
	}

	_, err = pipeline.NewPlan("a b", 0, ingest, ingest,
		&pipeline.Step{Name: "x y", Kind: kind("evaluate"), Stage: stage("evaluate", "metrics: []"),
			Inputs: []pipeline.Edge{{Port: "model", Type: pipeline.Table, Artifact: stored}, {Port: "data"}}},
		&pipeline.Step{Name: "empty"})
	for _, part := range []string{
		`the name of the pipeline cannot be "a b"`, `two stages are named "load"`, `the name of a stage cannot be "x y"`,
		`input "model" of stage "x y" takes a model, but the artifact is a table`, `input "data" of stage "x y" names nothing`,
		`stage "empty" has no kind or no settings`,
	} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in the error %v", part, err)
		}
	}
}

func TestBytes(t *testing.T) {
	for text, want := range map[string]settings.Bytes{
		"0": 0, "12": 12, "12B": 12, "3kB": 3000, "3 KiB": 3072, "512MiB": 512 << 20, "2GiB": 2 << 30, "4GB": 4e9,
		"1TiB": 1 << 40, "8388607TiB": 8388607 << 40,
	} {
		var b settings.Bytes
		if err := b.UnmarshalText([]byte(text)); err != nil || b != want {
			t.Errorf("%q is %d, %v; want %d", text, b, err, want)
		}
		var again settings.Bytes
		if err := again.UnmarshalText([]byte(b.String())); err != nil || again != b {
			t.Errorf("%d is written %q, which is %d, %v", b, b, again, err)
		}
	}
	for _, text := range []string{"", "GiB", "-1", "1.5GiB", "1gib", "1 2", "8388608TiB", "9223372036854775808", "1GiBB"} {
		var b settings.Bytes
		if err := b.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is %d, want an error", text, b)
		}
	}
}

func TestRetryWait(t *testing.T) {
	r := pipeline.Retry{Limit: 100, Delay: time.Second, Backoff: 2, MaxDelay: 10 * time.Second}
	for repetition, want := range map[int]time.Duration{
		1: time.Second, 2: 2 * time.Second, 4: 8 * time.Second, 5: 10 * time.Second, 100: 10 * time.Second,
	} {
		if got := r.Wait(repetition); got != want {
			t.Errorf("before repetition %d: %v, want %v", repetition, got, want)
		}
	}
	r = pipeline.Retry{Delay: 1 << 62, Backoff: 100, MaxDelay: 1<<63 - 1}
	if got := r.Wait(50); got <= 0 {
		t.Errorf("the delay overflows: %v", got)
	}
}
