package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/schedule"
)

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
	s := newScheduling(newApp(nil, &out, io.Discard, path), []string{dir}, 1)
	defer s.close()
	entries, err := s.entries(ctx)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	begin := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	if _, err := s.ticks.EnsureSchedule(ctx, entries[0], begin); err != nil {
		t.Fatal(err)
	}

	stop := make(chan struct{})
	scheduler := s.scheduler()
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
	if !strings.Contains(out.String(), "summary=\"daily: 3 stages, 3 run in ") || !strings.Contains(out.String(), runs[0].ID) {
		t.Errorf("the log says %q", out.String())
	}

	held, err := ws.DB.Labels(ctx, time.Time{})
	if err != nil || len(held) != 1 || held[0].RunID != runs[0].ID || !strings.Contains(out.String(), "promoted to production: accuracy 0.9 >= 0.5") {
		t.Errorf("labels %+v, %v; the log says %q", held, err, out.String())
	}

	list, err := ws.DB.Schedules(ctx)
	if err != nil || len(list) != 1 || list[0].File != "daily.yaml" {
		t.Fatalf("schedules: %+v, %v", list, err)
	}
	done, err := ws.DB.Ticks(ctx, list[0].ID, 10)
	if err != nil {
		t.Fatal(err)
	}
	byState := map[lineage.TickState]int{}
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
	process := func() *scheduling {
		s := newScheduling(newApp(nil, &out, io.Discard, noEnv), []string{dir}, 1)
		t.Cleanup(s.close)
		return s
	}
	list := func(s *scheduling, want int) (entry schedule.Entry) {
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
	for _, s := range []*scheduling{s, later} {
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

// Files that are wrong are reported together, with what is right in none.
func TestScheduleOfWrongFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.yaml": "pipeline: a\n", "b.yml": "pipeline: b\nstages: {x: {uses: nothing}}\n", "note.txt": "no pipeline"} {
		if err := writeFile(filepath.Join(dir, name), text); err != nil {
			t.Fatal(err)
		}
	}
	code, _, stderr := run(t, "schedule", dir, "--list")
	if code != exitUsage || !strings.Contains(stderr, "a.yaml:1:") || !strings.Contains(stderr, "b.yml:2:") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}

// Of several processes one acts for a schedule, until it lets go.
func TestOneProcessActs(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "p.yaml")
	var list []*scheduling
	for range 2 {
		s := newScheduling(newApp(nil, io.Discard, io.Discard, noEnv), []string{dir}, 1)
		t.Cleanup(s.close)
		list = append(list, s)
	}
	hold := func(s *scheduling, want bool) {
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
