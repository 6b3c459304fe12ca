package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/lineage"
	"pipe/lineage/walk"
	"pipe/pipeline"
)

const diamond = `
  a: {uses: text, with: {text: A}}
  b: {uses: text, with: {text: B}, inputs: {x: a}}
  c: {uses: text, with: {text: C}, inputs: {x: a}}
  d: {uses: text, with: {text: D}, inputs: {l: b, r: c}}
`

func TestSecondRunIsCached(t *testing.T) {
	w := newWorld(t)
	first, err := w.run(diamond, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := w.text(first, "d"), "D(l=B(x=A))(r=C(x=A))"; got != want {
		t.Errorf("d holds %q, want %q", got, want)
	}
	second, err := w.run(diamond, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := statuses(second), "a:cached b:cached c:cached d:cached"; got != want {
		t.Errorf("second run: %s, want %s", got, want)
	}
	if n := w.calls.Load(); n != 4 {
		t.Errorf("stages were called %d times, want 4", n)
	}
	for i := range first.Stages {
		if diff := cmp.Diff(first.Stages[i].Outputs, second.Stages[i].Outputs); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(first.Stages[i].Metrics, second.Stages[i].Metrics); diff != "" {
			t.Error(diff)
		}
	}
	// What was recorded says the same.
	list, err := w.runner.DB.Executions(context.Background(), second.RunID)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if e.Status != lineage.Cached || len(e.Outputs) != 1 {
			t.Errorf("recorded %s as %s with %d outputs", e.Stage, e.Status, len(e.Outputs))
		}
	}
}

// A change that ends in the same bytes stops there: what depends on them is
// not made again.
func TestEarlyCutOff(t *testing.T) {
	w := newWorld(t)
	if _, err := w.run(diamond, Options{}); err != nil {
		t.Fatal(err)
	}
	res, err := w.run(strings.Replace(diamond, "inputs: {x: a}}\n  c", "inputs: {x: a2}}\n  c", 1)+"  a2: {uses: text, with: {text: A}, needs: [a]}\n", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := res.Count(lineage.Cached); got != 5 {
		t.Errorf("%s: a2 has the key of a, so all five should be cached", statuses(res))
	}
}

func TestOutputGoneFromStoreIsMadeAgain(t *testing.T) {
	w := newWorld(t)
	first, err := w.run(diamond, Options{})
	if err != nil {
		t.Fatal(err)
	}
	id := first.Stages[1].Outputs[0].ID.String()
	if err := os.Remove(filepath.Join(w.dir, ".pipe", "objects", id[:2], id[2:])); err != nil {
		t.Fatal(err)
	}
	second, err := w.run(diamond, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := statuses(second), "a:cached b:succeeded c:cached d:cached"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestFailureStopsWhatDependsOnIt(t *testing.T) {
	w := newWorld(t)
	stages := `
  bad: {uses: forgets}
  after: {uses: text, inputs: {x: bad}}
  other: {uses: text, needs: [first]}
  first: {uses: text, with: {text: first}}
`
	w.runner.Capacity.CPU = 1
	res, err := w.run(stages, Options{})
	var stage *StageError
	if !errors.As(err, &stage) || stage.Stage != "bad" || !strings.Contains(err.Error(), `did not write its output "out"`) {
		t.Errorf("error %v", err)
	}
	if got, want := statuses(res), "bad:failed after:skipped first:skipped other:skipped"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	res, _ = w.run(stages, Options{KeepGoing: true})
	if got, want := statuses(res), "bad:failed after:skipped first:succeeded other:succeeded"; got != want {
		t.Errorf("with KeepGoing: %s, want %s", got, want)
	}
	if res.Status != lineage.Failed {
		t.Errorf("the run is %s", res.Status)
	}
}

func TestGateKeepsItsOutputs(t *testing.T) {
	w := newWorld(t)
	stages := `
  g: {uses: unmet, with: {text: report}}
  after: {uses: text, inputs: {x: g}}
`
	res, err := w.run(stages, Options{})
	var unmet *pipeline.RequirementError
	if !errors.As(err, &unmet) {
		t.Fatalf("error %v, want a RequirementError", err)
	}
	if got, want := statuses(res), "g:gate_failed after:skipped"; got != want || res.Status != lineage.RequirementFailed {
		t.Errorf("%s, run %s, want %s", got, res.Status, want)
	}
	if got := w.text(res, "g"); got != "report" {
		t.Errorf("kept %q", got)
	}
	// It is no cache entry: the next run asks again.
	res, _ = w.run(stages, Options{})
	if got, want := statuses(res), "g:gate_failed after:skipped"; got != want {
		t.Errorf("second run: %s, want %s", got, want)
	}
}

func TestRetry(t *testing.T) {
	w := newWorld(t)
	w.flaky.Store(2)
	res, err := w.run("  f: {uses: flaky, with: {text: ok}, retry: {limit: 2, delay: 1ms}}\n", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := w.text(res, "f"); got != "ok" {
		t.Errorf("got %q", got)
	}
	list, err := w.runner.DB.Executions(context.Background(), res.RunID)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range list {
		got = append(got, fmt.Sprintf("%d %s %d", e.Attempt, e.Status, len(e.Outputs)))
	}
	if want := []string{"1 failed 0", "2 failed 0", "3 succeeded 1"}; !slices.Equal(got, want) {
		t.Errorf("recorded %q, want %q", got, want)
	}

	w.flaky.Store(2)
	if _, err := w.run("  f: {uses: flaky, with: {text: other}, retry: {limit: 1, delay: 1ms}}\n", Options{}); err == nil {
		t.Error("two failures and one retry should fail")
	}
}

func TestPanicFailsTheStageOnly(t *testing.T) {
	w := newWorld(t)
	res, err := w.run("  p: {uses: panics}\n", Options{})
	if err == nil || !strings.Contains(err.Error(), "panicked: of an index") || !strings.Contains(diag.HintOf(err), "bug") {
		t.Errorf("error %v, hint %q", err, diag.HintOf(err))
	}
	if res.Status != lineage.Failed {
		t.Errorf("run is %s", res.Status)
	}
}

func TestTimeout(t *testing.T) {
	w := newWorld(t)
	go func() { <-w.hold }()
	_, err := w.run("  s: {uses: waits, timeout: 20ms}\n", Options{})
	if err == nil || !strings.Contains(err.Error(), "timed out after 20ms") {
		t.Errorf("error %v", err)
	}
}

// A run that was given up on purpose is no failure, and not interrupted either.
func TestStopped(t *testing.T) {
	superseded := errors.New("another run replaces it")
	for cause, want := range map[error]lineage.Status{ErrInterrupted: lineage.Interrupted, context.Canceled: lineage.Interrupted, superseded: lineage.Cancelled} {
		t.Run(cause.Error(), func(t *testing.T) {
			w := newWorld(t)
			ctx, cancel := context.WithCancelCause(context.Background())
			go func() {
				<-w.hold
				cancel(cause)
			}()
			res, err := w.runner.Run(ctx, w.plan("  s: {uses: waits}\n  t: {uses: text, inputs: {x: s}}\n"), Options{})
			if errors.Is(err, ErrInterrupted) != (want == lineage.Interrupted) || errors.Is(err, superseded) != (want == lineage.Cancelled) || errors.As(err, new(*StageError)) {
				t.Errorf("error %v", err)
			}
			if got, want := statuses(res), "s:"+string(want)+" t:skipped"; got != want {
				t.Errorf("%s, want %s", got, want)
			}
			run, err := w.runner.DB.Run(context.Background(), res.RunID)
			if err != nil {
				t.Fatal(err)
			}
			if run.Status != want || run.Finished.IsZero() || run.Counts[want] != 1 {
				t.Errorf("recorded as %+v", run)
			}
		})
	}
}

func TestCapacityBoundsWhatRunsAtOnce(t *testing.T) {
	w := newWorld(t)
	w.runner.Capacity.CPU = 3
	var stages strings.Builder
	for i := range 9 {
		fmt.Fprintf(&stages, "  s%d: {uses: hold, with: {text: \"%d\"}}\n", i, i)
	}
	stages.WriteString("  wide: {uses: hold, with: {text: w}, resources: {cpu: 3}}\n")
	go func() {
		for range 10 {
			w.hold <- struct{}{}
		}
	}()
	if _, err := w.run(stages.String(), Options{}); err != nil {
		t.Fatal(err)
	}
	if p := w.peak.Load(); p > 3 {
		t.Errorf("%d stages ran at once, on 3 cpus", p)
	}
	// What can never run is found before anything runs.
	before := w.calls.Load()
	plan := w.plan("  first: {uses: text, with: {text: f}}\n  s: {uses: text, needs: first, resources: {cpu: 4}}\n")
	_, err := w.runner.Run(context.Background(), plan, Options{})
	if err == nil || !strings.Contains(err.Error(), "needs 4 cpus, but only 3") || w.calls.Load() != before {
		t.Errorf("error %v after %d calls", err, w.calls.Load()-before)
	}
}

// Two stages that would make the same thing make it once.
func TestSameKeyRunsOnce(t *testing.T) {
	w := newWorld(t)
	res, err := w.run("  a: {uses: text, with: {text: same}}\n  b: {uses: text, with: {text: same}}\n", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if w.calls.Load() != 1 || res.Count(lineage.Succeeded) != 1 || res.Count(lineage.Cached) != 1 {
		t.Errorf("%d calls: %s", w.calls.Load(), statuses(res))
	}
}

func TestExternalFiles(t *testing.T) {
	w := newWorld(t)
	path := filepath.Join(w.dir, "data.txt")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	stages := "  s: {uses: text, with: {text: t, files: [data.txt]}}\n"

	_, err := w.run(stages, Options{})
	if err == nil || !strings.Contains(err.Error(), "data.txt") {
		t.Errorf("missing file: %v", err)
	}
	write("one")
	res, err := w.run(stages, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := w.text(res, "s"), "t(files/data.txt=one)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if res, _ = w.run(stages, Options{}); statuses(res) != "s:cached" {
		t.Error(statuses(res))
	}
	write("two")
	if res, _ = w.run(stages, Options{}); statuses(res) != "s:succeeded" {
		t.Error(statuses(res))
	}
	// The bytes of the file are stored, and the lineage ends in their hash.
	want := artifacts.Sum([]byte("two"))
	if _, err := w.runner.Store.Stat(want); err != nil {
		t.Error(err)
	}
	graph, err := walk.Upstream(context.Background(), w.runner.DB, lineage.Ref{Artifact: res.Stages[0].Outputs[0].ID})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(graph.Artifacts, func(n lineage.ArtifactNode) bool {
		return n.ID == want && n.Path == "data.txt" && n.Size == 3
	}) {
		t.Errorf("lineage lacks the file: %+v", graph.Artifacts)
	}
}

func TestExplain(t *testing.T) {
	w := newWorld(t)
	forecast := func(stages string) string {
		t.Helper()
		list, err := w.runner.Explain(context.Background(), w.plan(stages), Options{})
		if err != nil {
			t.Fatal(err)
		}
		var parts []string
		for _, f := range list {
			parts = append(parts, f.Stage+":"+string(f.Action))
		}
		return strings.Join(parts, " ")
	}
	if got, want := forecast(diamond), "a:run b:depends c:depends d:depends"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if _, err := w.run(diamond, Options{}); err != nil {
		t.Fatal(err)
	}
	if got, want := forecast(diamond), "a:cached b:cached c:cached d:cached"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := forecast(strings.Replace(diamond, "text: B", "text: BB", 1)), "a:cached b:run c:cached d:depends"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if n := w.calls.Load(); n != 4 {
		t.Errorf("explaining ran stages: %d calls", n)
	}
}

func TestEventsTellTheWholeStory(t *testing.T) {
	w := newWorld(t)
	if _, err := w.run(diamond, Options{}); err != nil {
		t.Fatal(err)
	}
	started, finished := map[string]int{}, map[string]int{}
	for i, ev := range w.events {
		switch ev := ev.(type) {
		case RunStarted:
			if i != 0 || len(ev.Stages) != 4 {
				t.Errorf("event %d: %+v", i, ev)
			}
		case StageStarted:
			started[ev.Stage]++
		case StageFinished:
			finished[ev.Stage]++
		case RunFinished:
			if i != len(w.events)-1 || ev.Result.Status != lineage.Succeeded {
				t.Errorf("event %d: %+v", i, ev.Result)
			}
		}
	}
	want := map[string]int{"a": 1, "b": 1, "c": 1, "d": 1}
	if diff := cmp.Diff(want, started); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, finished); diff != "" {
		t.Error(diff)
	}
}
