package ui

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pipe/lineage"
	"pipe/lineage/registry"
	"pipe/runner"
)

var update = flag.Bool("update", false, "rewrite the expected texts")

// A watcher feeds events to a live view and collects what a terminal shows.
type watcher struct {
	t       testing.TB
	view    *liveView
	screen  *screen
	now     time.Time
	columns int
	styles  bool
	frames  bytes.Buffer
}

func watch(t testing.TB, columns, rows int, verbose bool) *watcher {
	w := &watcher{t: t, screen: newScreen(t, columns, rows), now: time.Unix(0, 0), columns: columns}
	next := func(*runner.Result) []string { return []string{"  report   pipe report R"} }
	s := script{paint: rawPaint, verbose: verbose, nextStep: next}
	w.view = newLiveView(w.screen, s, func() (int, int) { return w.columns, rows }, func() time.Time { return w.now })
	return w
}

func (w *watcher) events(list ...runner.Event) {
	for _, ev := range list {
		w.view.Event(ev)
	}
}

// frame lets time pass, draws, and keeps the screen.
func (w *watcher) frame(later time.Duration) {
	w.now = w.now.Add(later)
	w.view.draw()
	fmt.Fprintf(&w.frames, "--- %s\n%s", w.now.Sub(time.Unix(0, 0)), w.screen.text(w.styles))
}

func (w *watcher) end() {
	w.view.Close()
	fmt.Fprintf(&w.frames, "--- the end\n%s", w.screen.text(w.styles))
	golden(w.t, "view/"+strings.ToLower(strings.TrimPrefix(w.t.Name(), "TestLive"))+".txt", w.frames.Bytes())
}

func golden(t testing.TB, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (write it with -update)", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func begin(stages ...string) runner.Event {
	return runner.RunStarted{RunID: "20260102T030405-abcdef", Pipeline: "penguins", Stages: stages}
}

func started(stage string) runner.Event {
	return runner.StageStarted{Stage: stage, Kind: "train", Attempt: 1, Reason: "not made before"}
}

func ended(stage string, status lineage.Status, took time.Duration, metrics ...lineage.Metric) runner.Event {
	return runner.StageFinished{Stage: stage, Status: status, Duration: took, Metrics: metrics}
}

func result(status lineage.Status, stages ...lineage.Status) runner.Event {
	res := &runner.Result{RunID: "R", Status: status, Duration: 3 * time.Second}
	for i, s := range stages {
		res.Stages = append(res.Stages, runner.StageResult{Stage: fmt.Sprint("s", i), Status: s})
	}
	return runner.RunFinished{Result: res}
}

var accuracy = lineage.Metric{Name: "accuracy", Value: 0.98039}

func train(w *watcher) {
	w.events(begin("load", "model", "score"), started("load"))
	w.frame(50 * time.Millisecond) // too early for a live part
	w.events(ended("load", lineage.Succeeded, 50*time.Millisecond, lineage.Metric{Name: "rows", Value: 344}), started("model"))
	w.frame(350 * time.Millisecond)
	w.events(runner.StageProgress{Stage: "model", Done: 1, Total: 100})
	w.events(runner.StagePoint{Stage: "model", Name: "train.loss", Step: 1, Value: 1.25})
	w.events(runner.StagePoint{Stage: "model", Name: "validation.loss", Step: 1, Value: 1.5})
	w.frame(100 * time.Millisecond)
	w.events(runner.StageProgress{Stage: "model", Done: 42, Total: 100})
	w.events(runner.StagePoint{Stage: "model", Name: "train.loss", Step: 42, Value: 0.125})
	w.events(runner.StagePoint{Stage: "model", Name: "validation.loss", Step: 42, Value: 0.25})
	w.frame(time.Second)
	w.events(runner.StageProgress{Stage: "model", Done: 100, Total: 100})
	w.frame(time.Second)
	w.events(ended("model", lineage.Succeeded, 2*time.Second, lineage.Metric{Name: "validation.loss", Value: 0.0221}), started("score"))
	w.frame(100 * time.Millisecond)
	w.events(ended("score", lineage.Succeeded, 16*time.Millisecond, accuracy))
	w.events(result(lineage.Succeeded, lineage.Succeeded, lineage.Succeeded, lineage.Succeeded))
	w.frame(100 * time.Millisecond)
	w.end()
}

func TestLiveTraining(t *testing.T) { train(watch(t, 80, 24, false)) }
func TestLiveNarrow(t *testing.T)   { train(watch(t, 40, 10, false)) }
func TestLiveVerbose(t *testing.T)  { train(watch(t, 60, 24, true)) }

func TestLiveTiny(t *testing.T) {
	w := watch(t, 12, 2, false)
	w.view.nextStep = nil // commands are never cut, and may wrap
	train(w)
}

func TestLiveColours(t *testing.T) {
	w := watch(t, 80, 24, false)
	w.styles = true
	train(w)
}

func TestLiveCached(t *testing.T) {
	w := watch(t, 80, 24, false)
	w.styles = true
	w.events(begin("load", "score"), ended("load", lineage.Cached, 0), ended("score", lineage.Cached, 0, accuracy))
	w.events(result(lineage.Succeeded, lineage.Cached, lineage.Cached))
	w.frame(20 * time.Millisecond)
	w.end()
}

func TestLiveThousandStages(t *testing.T) {
	w := watch(t, 80, 24, false)
	names := make([]string, 1000)
	for i := range names {
		names[i] = fmt.Sprintf("stage_%03d", i)
	}
	w.events(begin(names...))
	w.frame(400 * time.Millisecond)
	for _, n := range names[:980] {
		w.events(ended(n, lineage.Cached, 0))
	}
	for _, n := range names[980:995] {
		w.events(started(n))
	}
	w.frame(time.Second)
	w.events(ended(names[980], lineage.Succeeded, time.Second), ended(names[981], lineage.Failed, time.Second))
	w.frame(61 * time.Second)
	for _, n := range names[982:995] {
		w.events(ended(n, lineage.Interrupted, time.Minute))
	}
	w.frame(time.Second)
	w.end()
}

// Many cases of a stage share a line; what fails has its own.
func TestLiveCases(t *testing.T) {
	w := watch(t, 60, 24, false)
	stages := []string{"load"}
	for i := range 12 {
		stages = append(stages, fmt.Sprintf("model[network=convolutional,seed=%d]", i))
	}
	stages = append(stages, "score[network=convolutional,seed=1]")
	w.events(begin(stages...), ended("load", lineage.Cached, 0))
	for i, s := range stages[1:13] {
		switch {
		case i < 3:
			w.events(ended(s, lineage.Cached, 0, lineage.Metric{Name: "accuracy", Value: 0.5}))
		case i == 7:
			w.events(started(s))
			w.frame(400 * time.Millisecond)
			w.events(ended(s, lineage.Failed, time.Second))
		default:
			w.events(started(s), ended(s, lineage.Succeeded, time.Second, lineage.Metric{Name: "accuracy", Value: 0.9 + float64(i)/100}))
		}
	}
	w.events(started(stages[13]), ended(stages[13], lineage.Succeeded, time.Second, accuracy))
	w.frame(time.Second)
	w.end()
}

// What the cases warn of alike is said once, and those that could not be begun are not
// among the ones that were run.
func TestLiveCasesWarn(t *testing.T) {
	w := watch(t, 70, 24, false)
	var stages []string
	for i := range 12 {
		stages = append(stages, fmt.Sprintf("features[fold=%d]", i))
	}
	for i := range 12 {
		stages = append(stages, fmt.Sprintf("model[fold=%d]", i))
	}
	w.events(begin(stages...))
	for i, s := range stages[:12] {
		w.events(started(s), runner.StageLog{Stage: s, Level: slog.LevelWarn, Message: fmt.Sprintf("%d of 30 rows are rows of train again", i+1)})
		if i == 11 {
			w.events(runner.StageLog{Stage: s, Level: slog.LevelWarn, Message: "another thing"}, ended(s, lineage.Failed, time.Second))
			continue
		}
		w.events(ended(s, lineage.Succeeded, time.Second))
	}
	for _, s := range stages[12:15] {
		w.events(started(s), ended(s, lineage.Succeeded, time.Second, accuracy))
	}
	w.events(runner.RunFinished{Result: &runner.Result{Duration: time.Second}})
	w.frame(time.Second)
	w.end()
}

func TestLiveRetryAndFailure(t *testing.T) {
	w := watch(t, 60, 24, false)
	w.events(begin("fetch", "after"), started("fetch"))
	w.frame(time.Second)
	err := errors.New("the server said 503:\n  Service Unavailable, and then went on to say many more things than fit in a line")
	w.events(runner.StageRetry{Stage: "fetch", Attempt: 1, Err: err, Delay: 5 * time.Second})
	w.frame(2 * time.Second)
	w.events(runner.StageStarted{Stage: "fetch", Kind: "exec", Attempt: 2})
	w.frame(3 * time.Second)
	w.events(ended("fetch", lineage.Failed, 9*time.Second), result(lineage.Failed, lineage.Failed, lineage.Skipped))
	w.frame(time.Second)
	w.end()
}

func TestLiveGate(t *testing.T) {
	w := watch(t, 60, 24, false)
	w.styles = true
	w.events(begin("score"), started("score"), ended("score", lineage.RequirementFailed, time.Second, accuracy))
	w.events(result(lineage.RequirementFailed, lineage.RequirementFailed))
	w.frame(time.Second)
	w.end()
}

// What the gates of models decided stands between the stages and the summary.
func TestLivePromoted(t *testing.T) {
	w := watch(t, 60, 24, false)
	w.styles = true
	w.events(begin("score"), ended("score", lineage.Cached, 0, accuracy))
	at := time.Date(2026, 1, 31, 9, 0, 0, 0, time.Local)
	for _, d := range []registry.Decision{
		{Outcome: registry.Promoted, Event: registry.Event{Note: "accuracy 0.98 >= 0.95; against production (1a2b3c4d5e6f): accuracy 0.98, better than 0.97"}},
		{Outcome: registry.Refused, Event: registry.Event{Note: "accuracy is 0.9, wanted >= 0.95"}},
		{Outcome: registry.Holds, Event: registry.Event{Time: at}},
		{Outcome: registry.Stands, Event: registry.Event{Event: registry.EventRefused, DecidedBy: registry.ByGate, RunID: "R0", Note: "accuracy is 0.9\x1b[2J"}},
		{Outcome: registry.Stands, Event: registry.Event{Event: registry.EventPromoted, DecidedBy: registry.ByGate, RunID: "R0"}},
		{Outcome: registry.Stands, Event: registry.Event{Event: registry.EventRetired, DecidedBy: registry.ByUser, Actor: "ada", Label: "production", Time: at}},
		{Outcome: registry.Stands, Event: registry.Event{Event: registry.EventPromoted, DecidedBy: registry.ByUser, Label: "production", Time: at}},
	} {
		w.events(runner.GateJudged{Stage: "score", Label: "production", Decision: d})
	}
	w.events(result(lineage.Succeeded, lineage.Cached))
	w.frame(20 * time.Millisecond)
	w.end()
}

func TestLiveStopping(t *testing.T) {
	w := watch(t, 60, 24, false)
	w.events(begin("model", "score"), started("model"))
	fmt.Fprint(w.screen, "typed by an impatient person")
	w.frame(time.Second)
	w.view.Stopping()
	fmt.Fprint(w.screen, "^C")
	w.frame(time.Second)
	w.events(ended("model", lineage.Interrupted, 2*time.Second), result(lineage.Interrupted, lineage.Interrupted, lineage.Skipped))
	w.frame(time.Second)
	w.end()
}

// Names and messages come from outside: wide letters keep the columns, escape
// sequences are shown and not obeyed.
func TestLiveHostileText(t *testing.T) {
	w := watch(t, 60, 24, true)
	w.events(begin("企鵝の分類", "naïve", strings.Repeat("long_", 20)), started("企鵝の分類"))
	w.events(runner.StageLog{Stage: "企鵝の分類", Level: slog.LevelInfo, Message: "\x1b[2J\x1b[31mred\x07 \u202eevil\r\nsecond"})
	w.events(runner.StageLog{Stage: "naïve", Level: slog.LevelWarn, Message: strings.Repeat("日本語 ", 40)})
	w.events(runner.StageLog{Stage: "naïve", Level: slog.LevelError, Message: strings.Repeat("x", 5000)})
	w.events(runner.StageRetry{Stage: "企鵝の分類", Attempt: 1, Err: errors.New("\x1b[1A🐧"), Delay: time.Second})
	w.frame(time.Second)
	w.end()
}

// A terminal that becomes narrower wraps the live lines: the next frame must
// go up by as many rows as they take now.
func TestHeightAfterResizing(t *testing.T) {
	for _, c := range []struct{ columns, want int }{{80, 3}, {79, 3}, {40, 4}, {30, 5}, {1, 81}} {
		if got := heightOf([]int{79, 1, 0}, c.columns); got != c.want {
			t.Errorf("with %d columns %d rows, want %d", c.columns, got, c.want)
		}
	}
}

// Whatever happens, the live part leaves nothing behind: at the end the
// terminal holds the lines that stay, and those only.
func TestLiveLeavesNothingBehind(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := watch(t, rapid.IntRange(5, 90).Draw(rt, "columns"), rapid.IntRange(15, 40).Draw(rt, "rows"), rapid.Bool().Draw(rt, "verbose"))
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z日é]{1,12}`), 1, 30, rapid.ID[string]).Draw(rt, "stages")
		want := newScreen(t, w.columns, 1)
		emit := func(ev runner.Event) {
			w.events(ev)
			for _, line := range w.view.kept[len(w.view.kept)-len(w.view.lines(ev, w.columns-1)):] {
				fmt.Fprintln(want, line)
			}
		}
		emit(begin(names...))
		for range rapid.IntRange(0, 40).Draw(rt, "events") {
			stage := rapid.SampledFrom(names).Draw(rt, "stage")
			switch rapid.IntRange(0, 6).Draw(rt, "what") {
			case 0:
				emit(started(stage))
			case 1:
				emit(runner.StageProgress{Stage: stage, Done: rapid.Int64().Draw(rt, "done"), Total: rapid.Int64().Draw(rt, "total")})
			case 2:
				emit(runner.StagePoint{Stage: stage, Name: "loss", Value: rapid.Float64().Draw(rt, "value")})
			case 3:
				emit(runner.StageLog{Stage: stage, Level: slog.LevelWarn, Message: rapid.String().Draw(rt, "message")})
			case 4:
				emit(ended(stage, lineage.Succeeded, time.Duration(rapid.Int64Range(0, 1e12).Draw(rt, "took"))))
			default:
				w.now = w.now.Add(time.Duration(rapid.Int64Range(0, 1e11).Draw(rt, "later")))
				w.view.draw()
			}
		}
		w.view.Close()
		if diff := cmp.Diff(strings.TrimRight(want.String(), "\n"), strings.TrimRight(w.screen.String(), "\n")); diff != "" {
			rt.Fatalf("left on the screen (-want +got):\n%s", diff)
		}
	})
}

// A stuckWriter is a terminal that was stopped with Ctrl-S.
type stuckWriter struct{ release chan struct{} }

func (w *stuckWriter) Write(p []byte) (int, error) {
	<-w.release
	return len(p), nil
}

func TestLiveDoesNotWaitForTheTerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &stuckWriter{make(chan struct{})}
		size := func() (int, int) { return 80, 24 }
		v := newLiveView(w, script{paint: rawPaint}, size, time.Now).start()
		v.Event(begin("model"))
		v.Event(started("model"))
		time.Sleep(time.Second) // of the bubble: the view is drawing now
		synctest.Wait()
		v.Event(ended("model", lineage.Succeeded, time.Second)) // would block for ever if it had to wait
		close(w.release)
		v.Close()
	})
}

func TestPlainView(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(0, 0)
	v := newPlainView(&out, script{paint: Unpainted}, func() time.Time { return now })
	v.Event(begin("load", "model", "score"))
	for i := range int64(12) { // a download is there before its stage starts
		now = now.Add(time.Second)
		v.Event(runner.StageProgress{Stage: "load", Done: i << 20})
	}
	v.Event(ended("load", lineage.Cached, 0, lineage.Metric{Name: "rows", Value: 344}))
	v.Event(started("model"))
	for i := range int64(100) { // one epoch a second, one line in ten seconds
		now = now.Add(time.Second)
		v.Event(runner.StagePoint{Stage: "model", Name: "train.loss", Step: i, Value: 1 / float64(i+1)})
		v.Event(runner.StageProgress{Stage: "model", Done: i + 1, Total: 100})
	}
	v.Event(runner.StageLog{Stage: "model", Level: slog.LevelInfo, Message: "not shown"})
	v.Event(runner.StageLog{Stage: "model", Level: slog.LevelWarn, Message: "shown \x1b[31m"})
	v.Event(ended("model", lineage.Succeeded, 100*time.Second))
	v.Event(ended("score", lineage.RequirementFailed, 20*time.Millisecond, accuracy))
	v.Event(result(lineage.RequirementFailed, lineage.Cached, lineage.Succeeded, lineage.RequirementFailed))
	v.Close()
	golden(t, "view/plain.txt", out.Bytes())
}
