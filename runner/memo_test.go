package runner

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/pipeline"
)

// memoTestStages is enough for levels and branches.
const memoTestStages = 9

// A memoWorld is a pipeline of many stages, one of which reads a file.
type memoWorld struct {
	*world
	given Given
	input string
}

func newMemoWorld(t *testing.T, extra string) *memoWorld {
	w := &memoWorld{world: newWorld(t)}
	w.runner.memoFrom = memoTestStages
	w.input = filepath.Join(w.dir, "in.txt")
	w.touch("input", -time.Hour)
	var b strings.Builder
	b.WriteString("pipeline: p\nparams: {word: a}\nstages:\n")
	b.WriteString(extra)
	b.WriteString("  first: {uses: text, with: {text: $word, files: [in.txt]}}\n")
	for i := range memoTestStages {
		from := "first"
		if i > 0 {
			from = fmt.Sprint("s", (i+1)/2)
		}
		fmt.Fprintf(&b, "  s%d: {uses: text, inputs: {in: %s}, with: {text: t%d}}\n", i+1, from, i)
	}
	w.given = Given{Program: "one", File: filepath.Join(w.dir, "p.yaml"), Source: []byte(b.String())}
	return w
}

// touch writes the file that is read, as if some time ago.
func (w *memoWorld) touch(text string, ago time.Duration) {
	w.Helper()
	if err := os.WriteFile(w.input, []byte(text), 0o666); err != nil {
		w.Fatal(err)
	}
	at := time.Now().Add(ago)
	if err := os.Chtimes(w.input, at, at); err != nil {
		w.Fatal(err)
	}
}

// full runs the pipeline in full, and gives later runs the chance to recall it.
func (w *memoWorld) full() *Result {
	w.Helper()
	plan, err := pipeline.LoadBytes(w.given.File, w.given.Source, w.reg, w.given.Options)
	if err != nil {
		w.Fatalf("%v", err)
	}
	given := w.given
	res, err := w.runner.Run(context.Background(), plan, Options{Given: &given})
	if err != nil {
		w.Fatal(err)
	}
	return res
}

func (w *memoWorld) recall() *lineage.Repeated {
	w.Helper()
	given := w.given
	same, err := w.runner.Recall(context.Background(), &given, Options{})
	if err != nil {
		w.Fatal(err)
	}
	return same
}

// settle makes the memos of the file and of the run. A file that was changed
// just now is not remembered, so time has to pass for it.
func (w *memoWorld) settle() *Result {
	w.Helper()
	st, err := lineage.StatFile(w.input)
	if err != nil {
		w.Fatal(err)
	}
	id, _, err := artifacts.HashFile(w.Context(), w.input)
	if err != nil {
		w.Fatal(err)
	}
	st.TakenNS += time.Hour.Nanoseconds()
	if err := w.runner.DB.PutFileHashes([]lineage.HashedFile{{Path: w.input, Stat: st, ID: id}}); err != nil {
		w.Fatal(err)
	}
	return w.full()
}

func TestRecallIsARunLikeTheFullOne(t *testing.T) {
	w := newMemoWorld(t, "")
	w.settle()
	full := w.full()
	ctx := t.Context()
	for range 3 {
		same := w.recall()
		if same == nil {
			t.Fatal("nothing has changed and the run is not recalled")
		}
		if same.Pipeline != "p" || same.Stages != memoTestStages+1 {
			t.Errorf("got %+v", same)
		}
		want, err := w.runner.DB.Executions(ctx, full.RunID)
		if err != nil {
			t.Fatal(err)
		}
		got, err := w.runner.DB.Executions(ctx, same.RunID)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) {
			t.Fatalf("%d executions, want %d", len(got), len(want))
		}
		for i := range got {
			g, f := got[i], want[i]
			if g.Stage != f.Stage || g.Status != lineage.Cached || g.Origin() != f.Origin() || g.Key != f.Key ||
				fmt.Sprint(g.Inputs, g.Outputs, g.Metrics) != fmt.Sprint(f.Inputs, f.Outputs, f.Metrics) {
				t.Fatalf("got %+v, want %+v", g, f)
			}
		}
		run, err := w.runner.DB.RunByRef(ctx, "latest")
		if err != nil {
			t.Fatal(err)
		}
		old, err := w.runner.DB.Run(ctx, full.RunID)
		if err != nil {
			t.Fatal(err)
		}
		if run.ID != same.RunID || run.Status != lineage.Succeeded || run.Counts[lineage.Cached] != memoTestStages+1 ||
			run.Seed != old.Seed || fmt.Sprint(run.Params) != fmt.Sprint(old.Params) || run.SpecID != old.SpecID || run.Finished.IsZero() {
			t.Errorf("got %+v, want one like %+v", run, old)
		}
	}
}

func TestRecallDoubts(t *testing.T) {
	other := func(n int) func(*memoWorld) {
		return func(w *memoWorld) {
			e, err := w.runner.DB.Executions(context.Background(), w.full().RunID)
			if err != nil {
				w.Fatal(err)
			}
			out := e[n].Outputs[0]
			path := filepath.Join(w.dir, ".pipe", "objects", out.ID.String()[:2], out.ID.String()[2:])
			if err := os.Remove(path); err != nil {
				w.Fatal(err)
			}
			if n == 1 {
				return
			}
			if err := os.WriteFile(path, []byte("another size than it had"), 0o444); err != nil {
				w.Fatal(err)
			}
		}
	}
	seed := uint64(5)
	for _, test := range []struct {
		name   string
		change func(*memoWorld)
	}{
		{"another text", func(w *memoWorld) { w.given.Source = append(w.given.Source, "# remark\n"...) }},
		{"another parameter", func(w *memoWorld) { w.given.Options.Set = map[string]string{"word": "b"} }},
		{"a parameter set to what it is", func(w *memoWorld) { w.given.Options.Set = map[string]string{"word": "a"} }},
		{"another seed", func(w *memoWorld) { w.given.Options.Seed = &seed }},
		{"a property of the run", func(w *memoWorld) { w.given.Options.Run = map[string]string{"scheduled_time": "2026-01-01"} }},
		{"another program", func(w *memoWorld) { w.given.Program = "two" }},
		{"an unknown program", func(w *memoWorld) { w.given.Program = "" }},
		{"another file", func(w *memoWorld) { w.given.File = filepath.Join(w.dir, "q.yaml") }},
		{"another machine", func(w *memoWorld) { w.runner.Capacity.CPU = 1 }},
		{"a GPU", func(w *memoWorld) { w.given.Processors = "xla/1" }},
		{"an output is gone", other(1)},
		{"an output has another size", other(2)},
		{"the file has changed", func(w *memoWorld) { w.touch("other", -time.Hour) }},
		{"the file was written again", func(w *memoWorld) { w.touch("input", 0) }},
		{"the file is gone", func(w *memoWorld) { os.Remove(w.input) }},
		{"a newer execution with a key of the run", func(w *memoWorld) {
			runID, err := w.runner.DB.BeginRun(w.Context(), lineage.Run{Pipeline: "p"})
			if err != nil {
				w.Fatal(err)
			}
			e, err := w.runner.DB.Executions(w.Context(), w.full().RunID)
			if err != nil {
				w.Fatal(err)
			}
			again := e[3]
			again.RunID, again.Status, again.CachedFrom = runID, lineage.Succeeded, 0
			if err := w.runner.DB.Record(w.Context(), again); err != nil {
				w.Fatal(err)
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newMemoWorld(t, "")
			w.settle()
			if w.recall() == nil {
				t.Fatal("the run is not recalled before the change")
			}
			test.change(w)
			if same := w.recall(); same != nil {
				t.Errorf("recalled as %+v", same)
			}
		})
	}
}

// What other pipelines do meanwhile does not matter.
func TestRecallBesideOthers(t *testing.T) {
	w := newMemoWorld(t, "")
	w.settle()
	for i := range 3 {
		if _, err := w.run(fmt.Sprintf("  x: {uses: text, with: {text: other%d}}\n", i), Options{}); err != nil {
			t.Fatal(err)
		}
		if w.recall() == nil {
			t.Fatal("not recalled")
		}
	}
}

// Where a part of what decides about a stage is not in the fingerprint there
// is no memo.
func TestNoMemo(t *testing.T) {
	for _, test := range []struct{ name, stage string }{
		{"a stage without cache", "  x: {uses: text, cache: false}\n"},
		{"a stage that asks for more", "  x: {uses: asks}\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newMemoWorld(t, test.stage)
			w.settle()
			if same := w.recall(); same != nil {
				t.Errorf("recalled as %+v", same)
			}
		})
	}
	t.Run("a few stages", func(t *testing.T) {
		w := newMemoWorld(t, "")
		w.given.Source = []byte("pipeline: p\nstages:\n  x: {uses: text, with: {files: [in.txt]}}\n")
		w.settle()
		if same := w.recall(); same != nil {
			t.Errorf("recalled as %+v", same)
		}
	})
	t.Run("a stage that fails", func(t *testing.T) {
		w := newMemoWorld(t, "  x: {uses: unmet}\n")
		plan, err := pipeline.LoadBytes(w.given.File, w.given.Source, w.reg, w.given.Options)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			given := w.given
			if _, err := w.runner.Run(t.Context(), plan, Options{Given: &given, KeepGoing: true}); err == nil {
				t.Fatal("the requirement is met")
			}
		}
		if same := w.recall(); same != nil {
			t.Errorf("recalled as %+v", same)
		}
	})
}
