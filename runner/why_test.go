package runner

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pipe/artifacts"
)

// explain is the Why of a stage in a run.
func (w *world) explain(res *Result, stage string) *Why {
	w.Helper()
	e, err := w.runner.DB.InRun(context.Background(), res.RunID, stage)
	if err != nil || e == nil {
		w.Fatalf("stage %s of %s: %v, %v", stage, res.RunID, e, err)
	}
	why, err := Explanation(context.Background(), w.runner.DB, e.Execution, "")
	if err != nil {
		w.Fatal(err)
	}
	return why
}

// Every key in the lineage is the hash of the parts that stand beside it.
func TestRecordedPartsMakeTheKey(t *testing.T) {
	w := newWorld(t)
	res, err := w.run(diamond, Options{})
	if err != nil {
		t.Fatal(err)
	}
	list, err := w.runner.DB.Executions(context.Background(), res.RunID)
	if err != nil || len(list) != 4 {
		t.Fatal(list, err)
	}
	for _, e := range list {
		rows, err := w.runner.DB.KeyParts(context.Background(), e.ID)
		if err != nil {
			t.Fatal(err)
		}
		var parts []artifacts.KeyPart
		for _, p := range rows {
			parts = append(parts, artifacts.KeyPart{Name: p.Name, Value: p.Value})
		}
		if got := artifacts.Key(artifacts.KeyOf(parts)); got != e.Key {
			t.Errorf("%s: the parts give %s, recorded is %s", e.Stage, got, e.Key)
		}
	}
}

// What Explanation reports is what was changed, and nothing else.
func TestWhyIsExact(t *testing.T) {
	w := newWorld(t)
	type setup struct{ text, input, file string }
	draw := func(t *rapid.T, label string) setup {
		one := func(what string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label+" "+what) }
		return setup{one("text", "p", "q"), one("input", "a", "b"), one("file", "one", "two")}
	}
	rapid.Check(t, func(rt *rapid.T) {
		var runs []*Result
		setups := []setup{draw(rt, "old"), draw(rt, "new")}
		for _, s := range setups {
			if err := os.WriteFile(filepath.Join(w.dir, "f.txt"), []byte(s.file), 0o666); err != nil {
				rt.Fatal(err)
			}
			res, err := w.run(fmt.Sprintf("  u: {uses: text, with: {text: %s}}\n  s: {uses: text, with: {text: %s, files: [f.txt]}, inputs: {x: u}}\n",
				s.input, s.text), Options{})
			if err != nil {
				rt.Fatal(err)
			}
			runs = append(runs, res)
		}
		want := map[string]string{}
		if setups[0].text != setups[1].text {
			want["config"] = fmt.Sprintf("text: %q -> %q", setups[0].text, setups[1].text)
		}
		if setups[0].input != setups[1].input {
			want["input.x"] = fmt.Sprintf("u: config changed: text %q -> %q", setups[0].input, setups[1].input)
		}
		if setups[0].file != setups[1].file {
			want["input.files/f.txt"] = "file f.txt changed"
		}
		why := w.explain(runs[1], "s")
		got := map[string]string{}
		for _, c := range why.Changes {
			got[c.Name] = c.Cause
			for _, f := range c.Fields {
				got[c.Name] += f.String()
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatal(diff)
		}
		all := slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(got)), why.Same...)))
		if diff := cmp.Diff([]string{"config", "input.files/f.txt", "input.x", "key_schema", "kind", "version"}, all); diff != "" {
			rt.Fatal(diff)
		}
	})
}

func TestReasons(t *testing.T) {
	w := newWorld(t)
	reason := func(stages string, opt Options, stage string) string {
		t.Helper()
		w.events = nil
		w.run(stages, opt)
		for _, ev := range w.events {
			if ev, ok := ev.(StageStarted); ok && ev.Stage == stage {
				return ev.Reason
			}
		}
		return "did not run"
	}
	two := "  a: {uses: text, with: {text: %s}}\n  b: {uses: text, inputs: {x: a}}\n"
	first := fmt.Sprintf(two, "A")
	for _, c := range []struct{ stages, stage, want string }{
		{first, "a", "never run"},
		{first, "a", "did not run"},
		{fmt.Sprintf(two, "B"), "a", `config changed: text "A" -> "B"`},
		{fmt.Sprintf(two, "C"), "b", "input x changed (a.out)"},
		{first + "  c: {uses: text, cache: false}\n", "c", "cache: false"},
		{first + "  d: {uses: forgets}\n", "d", "never run"},
		{first + "  d: {uses: forgets}\n", "d", "failed last time"},
		{first + "  e: {uses: unmet}\n", "e", "never run"},
		{first + "  e: {uses: unmet}\n", "e", "a requirement was not met last time"},
		{first + "  e: {uses: text, with: {text: E}}\n", "e", `kind changed: unmet -> text; config changed: text "" -> "E"`},
		{"  a: {uses: text, with: {text: A}}\n  b: {uses: text, inputs: {x: a, y: a}}\n", "b", "input y is new (a.out)"},
		{first, "b", "did not run"},
	} {
		if got := reason(c.stages, Options{}, c.stage); got != c.want {
			t.Errorf("%s: %q, want %q", c.stage, got, c.want)
		}
	}
	if got := reason(first, Options{Force: []string{"b"}}, "b"); got != "forced" {
		t.Errorf("forced: %q", got)
	}
	id := artifacts.Sum([]byte("A")).String()
	if err := os.Remove(filepath.Join(w.dir, ".pipe", "objects", id[:2], id[2:])); err != nil {
		t.Fatal(err)
	}
	if got := reason(first, Options{}, "a"); !strings.Contains(got, "is gone from the store") {
		t.Errorf("gone: %q", got)
	}
}

// A file that changes during a run never becomes the input of what was made
// from other bytes: either the stage fails, or it has read what is recorded.
func TestFileEditedDuringARun(t *testing.T) {
	w := newWorld(t)
	path := filepath.Join(w.dir, "f.txt")
	edit := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Error(err)
		}
	}

	// Between the hash and the copy: the event comes in between.
	edit("before")
	w.runner.Observe = func(ev Event) {
		if _, ok := ev.(StageStarted); ok {
			edit("in the middle")
		}
	}
	res, err := w.run("  s: {uses: text, with: {files: [f.txt]}}\n", Options{})
	if err == nil || !strings.Contains(err.Error(), `"f.txt" changed while the run was reading it`) {
		t.Errorf("error %v", err)
	}
	if len(res.Stages[0].Outputs) > 0 {
		t.Errorf("outputs %v", res.Stages[0].Outputs)
	}
	if hit, err := w.runner.DB.Lookup(context.Background(), w.keyOf(res, "s")); hit != nil || err != nil {
		t.Errorf("what failed can be taken from the cache: %v, %v", hit, err)
	}

	// While the stage runs: it reads its copy, and the next run sees the edit.
	w.runner.Observe = nil
	edit("before")
	go func() {
		<-w.hold // the stage runs
		edit("after")
		w.hold <- struct{}{}
	}()
	stages := "  s: {uses: late, with: {files: [f.txt]}}\n"
	if res, err = w.run(stages, Options{}); err != nil {
		t.Fatal(err)
	}
	if got, want := w.text(res, "s"), "(files/f.txt=before)"; got != want {
		t.Errorf("the stage read %q, want %q", got, want)
	}
	list, err := w.runner.DB.Executions(context.Background(), res.RunID)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := list[0].Inputs[0].ID, artifacts.Sum([]byte("before")); got != want {
		t.Errorf("recorded is %s, want %s", got, want)
	}
	go func() { <-w.hold; w.hold <- struct{}{} }()
	if res, err = w.run(stages, Options{}); err != nil || statuses(res) != "s:succeeded" {
		t.Errorf("%s, %v", statuses(res), err)
	}
}

func (w *world) keyOf(res *Result, stage string) artifacts.Key {
	w.Helper()
	list, err := w.runner.DB.Executions(context.Background(), res.RunID)
	if err != nil {
		w.Fatal(err)
	}
	for _, e := range list {
		if e.Stage == stage {
			return e.Key
		}
	}
	w.Fatalf("no stage %q", stage)
	return artifacts.Key{}
}
