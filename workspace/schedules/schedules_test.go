package schedules

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/lineage/registry"
	"pipe/lineage/ticks"
	"pipe/pipeline"
	"pipe/runner"
	"pipe/schedule"
	"pipe/stages"
	"pipe/stages/exec"
	"pipe/workspace"
)

func noEnv(string) (string, bool) { return "", false }

// host is a process with this environment.
func host(lookup func(string) (string, bool)) *workspace.Host {
	registry := stages.All(lookup, exec.NewSupervisor(), nil)
	return workspace.NewHost(func() *pipeline.Registry { return registry })
}

func logTo(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

func writeFile(path, text string) error { return os.WriteFile(path, []byte(text), 0o666) }

// A tick that fell due while nobody looked is made up for: the pipeline runs
// with the time of the tick, and tick and run know each other.
func TestScheduledRun(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "daily.yaml")
	err := writeFile(file, `pipeline: daily
schedule: {cron: "0 3 * * *", timezone: Europe/London, catch_up: latest}
stages:
  note: {uses: exec, with: {shell: "printf %s ${run.scheduled_time} > outputs/x", outputs: {x: file}}}
  fit: {uses: exec, with: {shell: "echo one > outputs/model", outputs: {model: model}}}
  score:
    uses: exec
    inputs: {model: fit}
    with: {shell: 'echo "{\"accuracy\": 0.9}" > outputs/metrics', outputs: {metrics: metrics}, metrics: {accuracy: up}}
    promote: {to: production, when: {accuracy: ">= 0.5"}}
`)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	var out strings.Builder
	path := func(name string) (string, bool) { return "/usr/bin:/bin", name == "PATH" }
	s := New(host(path), []string{dir}, 1, logTo(&out))
	var seen []runner.Event
	s.Watch = func(string) func(runner.Event) { return func(ev runner.Event) { seen = append(seen, ev) } }
	defer s.Close()
	entries, err := s.Entries(ctx)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	begin := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	if _, err := s.ticks.EnsureSchedule(ctx, entries[0], begin); err != nil {
		t.Fatal(err)
	}

	stop := make(chan struct{})
	scheduler := s.Scheduler()
	scheduler.Now = func() time.Time { return begin.Add(100 * time.Hour) } // four ticks later
	scheduler.Start = func(ctx context.Context, tick schedule.Tick) error {
		defer close(stop) // a second tick would close it again, and panic
		return s.start(ctx, tick)
	}
	if err := scheduler.Run(ctx, stop); err != nil {
		t.Fatal(err)
	}

	due := time.Date(2026, 6, 5, 2, 0, 0, 0, time.UTC) // three o'clock in London
	ws, err := s.open(file)
	if err != nil {
		t.Fatal(err)
	}
	runs, err := ws.DB.Runs(ctx, lineage.RunFilter{})
	if err != nil {
		t.Fatal(err)
	}
	if len(runs) != 1 || runs[0].Trigger != "schedule" || !runs[0].ScheduledAt.Equal(due) || runs[0].Status != lineage.Succeeded {
		t.Fatalf("runs: %+v", runs)
	}
	if _, err := ws.Store.Stat(artifacts.Sum([]byte("2026-06-05T02:00:00Z"))); err != nil {
		t.Errorf("the stage did not get the time of the tick: %v", err)
	}
	if last, ok := seen[len(seen)-1].(runner.RunFinished); !ok || last.Result.RunID != runs[0].ID {
		t.Errorf("%d events were seen, at last %+v", len(seen), seen[len(seen)-1])
	}

	held, err := registry.Labels(ctx, ws.DB, time.Time{})
	if err != nil || len(held) != 1 || held[0].RunID != runs[0].ID {
		t.Errorf("labels %+v, %v", held, err)
	}

	list, err := ticks.Schedules(ctx, ws.DB)
	if err != nil || len(list) != 1 || list[0].File != "daily.yaml" {
		t.Fatalf("schedules: %+v, %v", list, err)
	}
	done, err := ticks.Of(ctx, ws.DB, list[0].ID, 10)
	if err != nil {
		t.Fatal(err)
	}
	byState := map[ticks.State]int{}
	for _, tick := range done {
		byState[tick.State]++
		if tick.State == schedule.Done && (tick.RunID != runs[0].ID || !tick.ScheduledAt.Equal(due)) {
			t.Errorf("tick %+v does not belong to run %s", tick, runs[0].ID)
		}
	}
	if byState[schedule.Done] != 1 {
		t.Errorf("ticks: %+v", done)
	}
	if claimed, err := s.ticks.ClaimTick(ctx, file, due, "", ""); claimed || err != nil {
		t.Errorf("the tick could be claimed again: %v, %v", claimed, err)
	}
}

// A file that is broken while the scheduler runs, or before it starts again, goes
// on with its last good version; one that changed in nothing is not read again.
func TestBrokenFileGoesOn(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "ok.yaml")
	good := "pipeline: ok\nschedule: {cron: \"* * * * *\"}\nstages:\n  a: {uses: manifest, with: {text: \"${run.scheduled_time}\"}}\n"
	write := func(text string) {
		t.Helper()
		if err := writeFile(file, text); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	process := func() *Service {
		s := New(host(noEnv), []string{dir}, 1, logTo(&out))
		t.Cleanup(s.Close)
		return s
	}
	list := func(s *Service, want int) (entry schedule.Entry) {
		t.Helper()
		entries, err := s.files.list(t.Context())
		if err != nil || len(entries) != want {
			t.Fatalf("%d schedules, %v; want %d", len(entries), err, want)
		}
		if want > 0 {
			entry = entries[0]
		}
		return entry
	}

	write(good)
	s := process()
	entry := list(s, 1)
	begin := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	if _, err := s.ticks.EnsureSchedule(t.Context(), entry, begin); err != nil {
		t.Fatal(err)
	}
	broken := good + "  bad: [\n"
	write(broken)
	later := process()
	for _, s := range []*Service{s, later} {
		if got := list(s, 1); got.Text != good || s.files.problems() == nil {
			t.Errorf("listed %q, problems %v", got.Text, s.files.problems())
		}
		list(s, 1)
	}
	if n := strings.Count(out.String(), "its last good version goes on"); n != 2 {
		t.Errorf("two processes say %d times what is wrong:\n%s", n, &out)
	}
	tick := schedule.Tick{Entry: list(later, 1), At: begin.Add(time.Minute)}
	if ok, err := later.ticks.ClaimTick(t.Context(), file, tick.At, "", ""); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if err := later.start(t.Context(), tick); err != nil {
		t.Error(err)
	}

	// What cannot begin leaves a failed run that says why.
	tick = schedule.Tick{Entry: entry, At: begin.Add(2 * time.Minute)}
	tick.Entry.Text = broken
	if ok, err := later.ticks.ClaimTick(t.Context(), file, tick.At, "", ""); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if err := later.start(t.Context(), tick); err == nil {
		t.Error("a broken file ran")
	}
	ws, err := s.open(file)
	if err != nil {
		t.Fatal(err)
	}
	runs, err := ws.DB.Runs(t.Context(), lineage.RunFilter{})
	if err != nil || len(runs) != 2 || runs[0].Status != lineage.Failed || !strings.Contains(runs[0].Error, "ok.yaml:5:") ||
		!runs[0].ScheduledAt.Equal(tick.At) || runs[1].Status != lineage.Succeeded || runs[1].SpecID != artifacts.Sum([]byte(good)) {
		t.Errorf("runs: %+v, %v", runs, err)
	}

	// Mended without a schedule: no version from before comes back.
	write("pipeline: ok\nstages:\n  a: {uses: manifest, with: {text: a}}\n")
	list(s, 0)
	write(broken)
	list(process(), 0)

	write(good)
	list(s, 1)
	if err := os.Chtimes(file, begin, begin); err != nil {
		t.Fatal(err)
	}
	list(s, 1)
	read := s.files.files[file]
	info := read.info
	list(s, 1)
	if read.info != info || !read.settled {
		t.Error("a file that has not changed was read again")
	}
}

// What a file may read is said in the configuration of its store: when that changes
// the file is read again.
func TestConfigurationCounts(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	outside := filepath.Join(elsewhere, "in.csv")
	file, config := filepath.Join(dir, "p.yaml"), filepath.Join(dir, ".pipe", "config.yaml")
	old := time.Now().Add(-time.Hour)
	write := func(path, text string, at time.Time) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), writeFile(path, text), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	write(outside, "a\n1\n", old)
	write(file, "pipeline: p\nschedule: {cron: \"* * * * *\"}\nstages: {load: {uses: ingest, with: {path: \""+outside+"\"}}}\n", old)
	s := New(host(noEnv), []string{dir}, 1, logTo(io.Discard))
	defer s.Close()
	for i, allow := range []bool{false, true, false} {
		text := "files: {allow: []}\n"
		if allow {
			text = "files: {allow: [\"" + elsewhere + "\"]}\n"
		}
		write(config, text, old.Add(time.Duration(i)*time.Minute))
		entries, err := s.Entries(t.Context())
		if err != nil || (s.Problems() == nil) != allow {
			t.Errorf("allowed %v: %d schedules, problems %v, %v", allow, len(entries), s.Problems(), err)
		}
	}
}

// BenchmarkFollow is what a scheduler of 200 files does every few seconds.
func BenchmarkFollow(b *testing.B) {
	dir := b.TempDir()
	old := time.Now().Add(-time.Hour)
	for i := range 200 {
		file := filepath.Join(dir, fmt.Sprintf("p%d.yaml", i))
		text := fmt.Sprintf("pipeline: p%d\nschedule: {cron: \"0 3 * * *\"}\nstages: {a: {uses: manifest, with: {text: a}}}\n", i)
		if err := errors.Join(writeFile(file, text), os.Chtimes(file, old, old)); err != nil {
			b.Fatal(err)
		}
	}
	s := New(host(noEnv), []string{dir}, 1, logTo(io.Discard))
	defer s.Close()
	first := time.Now()
	if entries, err := s.Entries(b.Context()); err != nil || len(entries) != 200 {
		b.Fatal(len(entries), err)
	}
	reading := time.Since(first)
	for b.Loop() {
		if _, err := s.Entries(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(reading.Nanoseconds()), "ns/reading")
}

// Of several processes one acts for a schedule, until it lets go.
func TestOneProcessActs(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "p.yaml")
	var list []*Service
	for range 2 {
		s := New(host(noEnv), []string{dir}, 1, logTo(io.Discard))
		t.Cleanup(s.Close)
		list = append(list, s)
	}
	hold := func(s *Service, want bool) {
		t.Helper()
		if ok, err := s.ticks.Hold(t.Context(), file); ok != want || err != nil {
			t.Errorf("acts: %v, %v; want %v", ok, err, want)
		}
	}
	hold(list[0], true)
	hold(list[0], true)
	hold(list[1], false)
	list[0].ticks.Release(file)
	hold(list[1], true)
	hold(list[0], false)
	list[1].ticks.Release(file)
	hold(list[0], true)
}
