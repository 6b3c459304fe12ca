package runner

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/pipeline"
)

// sizes is a Comparer that knows only sizes.
type sizes struct{}

func (sizes) Difference(_ string, was, is *artifacts.File) (string, error) {
	return fmt.Sprintf("%d -> %d bytes", was.Size(), is.Size()), nil
}

func (w *world) verify(stages string, res *Result) *Verification {
	w.Helper()
	run, err := w.runner.DB.Run(context.Background(), res.RunID)
	if err != nil {
		w.Fatal(err)
	}
	v, err := w.runner.Verify(context.Background(), w.plan(stages), run, sizes{}, DefaultTolerance)
	if err != nil {
		w.Fatal(err)
	}
	return v
}

func TestVerify(t *testing.T) {
	w := newWorld(t)
	if err := os.WriteFile(filepath.Join(w.dir, "f.txt"), []byte("data"), 0o666); err != nil {
		t.Fatal(err)
	}
	var calls int
	kinds := kindsOf(w.reg)
	text, _ := w.reg.Lookup("text")
	drifts := *text // another text each time
	drifts.Name = "drifts"
	drifts.New = func() pipeline.Stage {
		return &config{run: func(_ context.Context, _ *config, env pipeline.Env) error {
			calls++
			return copyInputs(env, strings.Repeat("x", calls))
		}}
	}
	w.reg = pipeline.NewRegistry(append(kinds, drifts)...)
	stages := `
  a: {uses: text, with: {text: A, files: [f.txt]}}
  b: {uses: drifts, inputs: {x: a}}
  c: {uses: text, with: {text: C}, inputs: {x: b}}
  d: {uses: unmet, with: {text: D}, inputs: {x: c}}
  e: {uses: text, inputs: {x: d}}
`
	if _, err := w.run(stages, Options{}); err == nil {
		t.Fatal("the requirement is met")
	}
	res, err := w.run(stages, Options{})
	if err == nil {
		t.Fatal("the requirement is met")
	}
	if err := os.Remove(filepath.Join(w.dir, "f.txt")); err != nil {
		t.Fatal(err)
	}
	before := w.calls.Load()
	v := w.verify(stages, res)
	if n := w.calls.Load() - before; n != 2 {
		t.Errorf("%d stages were executed, want those of a and c: nothing may come from a cache", n)
	}
	for i, want := range []string{"a true ", "b false 24 -> 25 bytes", "c true ", "d true ", "e true "} {
		s := v.Stages[i]
		got := fmt.Sprintf("%s %t ", s.Stage, s.Same())
		for _, o := range s.Outputs {
			got += o.Difference
		}
		if got != want || len(s.Changes) > 0 || s.Err != nil || (s.Skipped != "") != (s.Stage == "e") {
			t.Errorf("%q, want %q; %+v", got, want, s)
		}
	}
	if first := v.First(); first == nil || first.Stage != "b" {
		t.Errorf("the first that differs is %+v", first)
	}
	runs, err := w.runner.DB.Runs(context.Background(), lineage.RunFilter{})
	if err != nil || len(runs) != 2 {
		t.Errorf("%d runs are recorded, %v", len(runs), err)
	}

	// Bytes that are gone are an error of the stages that read them only.
	id := artifacts.Sum([]byte("data")).String()
	if err := os.Remove(filepath.Join(w.dir, ".pipe", "objects", id[:2], id[2:])); err != nil {
		t.Fatal(err)
	}
	v = w.verify(stages, res)
	if s := v.Stages[0]; s.Err == nil || s.Same() {
		t.Errorf("a is %+v", s)
	}
	if s := v.Stages[2]; !s.Same() {
		t.Errorf("c is %+v", s)
	}

	// A rerun says so, too.
	plan := w.plan(stages).PinFiles(map[string]map[string]artifacts.ID{"a": {"files/f.txt": artifacts.Sum([]byte("data"))}})
	_, err = w.runner.Run(context.Background(), plan, Options{Force: []string{"a"}})
	if err == nil || !strings.Contains(err.Error(), `files/f.txt "f.txt": its recorded bytes`) {
		t.Errorf("error %v", err)
	}
}

func kindsOf(r *pipeline.Registry) []pipeline.Kind {
	var list []pipeline.Kind
	for _, name := range r.Names() {
		k, _ := r.Lookup(name)
		list = append(list, *k)
	}
	return list
}
