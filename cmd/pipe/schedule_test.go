package main

import (
	"context"
	"io"
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
    with: {shell: 'echo "{\"accuracy\": 0.9}" > outputs/metrics', outputs: {metrics: metrics}}
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
	entries, err := s.entries()
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
	runs, err := ws.db.Runs(ctx, lineage.RunFilter{})
	if err != nil {
		t.Fatal(err)
	}
	if len(runs) != 1 || runs[0].Trigger != "schedule" || !runs[0].ScheduledAt.Equal(due) || runs[0].Status != lineage.Succeeded {
		t.Fatalf("runs: %+v", runs)
	}
	if _, err := ws.store.Stat(artifacts.Sum([]byte("2026-06-05T02:00:00Z"))); err != nil {
		t.Errorf("the stage did not get the time of the tick: %v", err)
	}
	if !strings.Contains(out.String(), "summary=\"daily: 3 stages, 3 run in ") || !strings.Contains(out.String(), runs[0].ID) {
		t.Errorf("the log says %q", out.String())
	}

	held, err := ws.db.Labels(ctx, time.Time{})
	if err != nil || len(held) != 1 || held[0].RunID != runs[0].ID || !strings.Contains(out.String(), "promoted to production: accuracy 0.9 >= 0.5") {
		t.Errorf("labels %+v, %v; the log says %q", held, err, out.String())
	}

	list, err := ws.db.Schedules(ctx)
	if err != nil || len(list) != 1 || list[0].File != "daily.yaml" {
		t.Fatalf("schedules: %+v, %v", list, err)
	}
	done, err := ws.db.Ticks(ctx, list[0].ID, 10)
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
