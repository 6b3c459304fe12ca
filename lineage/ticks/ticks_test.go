package ticks_test

import (
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pipe/lineage"
	"pipe/lineage/lineagetest"
	"pipe/lineage/registry"
	"pipe/lineage/ticks"
)

func TestWatermarkNeverMovesBack(t *testing.T) {
	db, c := lineagetest.New(t)
	ensure := func(cron, zone string, now time.Time) (ticks.Schedule, error) {
		return ticks.Ensure(t.Context(), db, ticks.Schedule{Pipeline: "p", File: "p.yaml", Cron: cron, Timezone: zone}, now)
	}
	s, err := ensure("0 3 * * *", "UTC", c.T)
	if err != nil || !s.Watermark.Equal(c.T) {
		t.Fatalf("%+v, %v: a new schedule starts now", s, err)
	}
	tick := c.T.Add(time.Hour)
	c.Advance(2 * time.Hour)
	if ok, err := ticks.Claim(t.Context(), db, s.ID, tick, ticks.Claimed, "due"); !ok || err != nil {
		t.Fatal(ok, err)
	}
	again, err := ensure("0 3 * * *", "UTC", c.T)
	if err != nil || again != (ticks.Schedule{ID: s.ID, Pipeline: "p", File: "p.yaml", Cron: "0 3 * * *", Timezone: "UTC", Watermark: tick}) {
		t.Errorf("unchanged: %+v, %v", again, err)
	}
	// What the new expression would have asked for before now is not made up.
	again, err = ensure("0 4 * * *", "Europe/London", c.T)
	if err != nil || again != (ticks.Schedule{ID: s.ID, Pipeline: "p", File: "p.yaml", Cron: "0 4 * * *", Timezone: "Europe/London", Watermark: c.T}) {
		t.Errorf("changed: %+v, %v", again, err)
	}
	again, err = ensure("0 5 * * *", "Europe/London", c.T.Add(-time.Hour))
	if err != nil || !again.Watermark.Equal(c.T) {
		t.Errorf("changed by a process whose clock is late: %+v, %v", again, err)
	}
	all, err := ticks.Schedules(t.Context(), db)
	if err != nil || len(all) != 1 || all[0].Cron != "0 5 * * *" || all[0].Timezone != "Europe/London" {
		t.Errorf("%+v, %v", all, err)
	}
	// An older tick that is decided later does not move it back.
	if _, err := ticks.Claim(t.Context(), db, s.ID, tick.Add(-time.Minute), ticks.Missed, "too old"); err != nil {
		t.Fatal(err)
	}
	if all, err := ticks.Schedules(t.Context(), db); err != nil || !all[0].Watermark.Equal(c.T) {
		t.Errorf("%+v, %v", all, err)
	}
}

// The newest ticks of all schedules are those of each.
func TestNewestTicks(t *testing.T) {
	db, c := lineagetest.New(t)
	ids := []int64{}
	for i, file := range []string{"a.yaml", "b.yaml", "c.yaml"} {
		s, err := ticks.Ensure(t.Context(), db, ticks.Schedule{Pipeline: "p", File: file, Cron: "@daily", Timezone: "UTC"}, c.T)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, s.ID)
		for n := range 3 * i { // none of the first
			if ok, err := ticks.Claim(t.Context(), db, s.ID, c.T.Add(time.Duration(n+1)*time.Hour), ticks.Missed, ""); !ok || err != nil {
				t.Fatal(ok, err)
			}
		}
	}
	for _, limit := range []int{0, 1, 2, 5, 100, -1} {
		all, err := ticks.Newest(t.Context(), db, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			want, err := ticks.Of(t.Context(), db, id, limit)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, all[id], cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("limit %d, schedule %d (-each +all):\n%s", limit, id, diff)
			}
		}
	}
}

func TestTickLife(t *testing.T) {
	db, c := lineagetest.New(t)
	s, err := ticks.Ensure(t.Context(), db, ticks.Schedule{Pipeline: "p", File: "p.yaml", Cron: "@daily", Timezone: "UTC"}, c.T)
	if err != nil {
		t.Fatal(err)
	}
	at := func(h int) time.Time { return s.Watermark.Add(time.Duration(h) * time.Hour) }
	if ok, err := ticks.Claim(t.Context(), db, s.ID, at(1), ticks.Skipped, "the run before is still on"); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if ok, err := ticks.Claim(t.Context(), db, s.ID, at(2), ticks.Claimed, "due"); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if ok, err := ticks.Claim(t.Context(), db, s.ID, at(2), ticks.Claimed, "due"); ok || err != nil {
		t.Errorf("it was claimed twice: %v, %v", ok, err)
	}
	open, err := ticks.Open(t.Context(), db, s.ID)
	if err != nil || len(open) != 1 || open[0].State != ticks.Claimed || open[0].OwnerGone || !open[0].ScheduledAt.Equal(at(2)) {
		t.Fatalf("%+v, %v", open, err)
	}
	id := open[0].ID
	run := lineagetest.Begin(t, db, "p")
	if err := ticks.Start(t.Context(), db, id, run); err != nil {
		t.Fatal(err)
	}
	if err := ticks.Heartbeat(t.Context(), db, id); err != nil {
		t.Fatal(err)
	}
	if taken, err := ticks.TakeOver(t.Context(), db, id); taken || err != nil {
		t.Errorf("a live tick was taken over: %v, %v", taken, err)
	}
	c.Advance(time.Minute)
	if err := ticks.Finish(t.Context(), db, id, ticks.Done, "", "succeeded"); err != nil {
		t.Fatal(err)
	}
	list, err := ticks.Of(t.Context(), db, s.ID, 10)
	want := []ticks.Tick{
		{ID: id, ScheduleID: s.ID, ScheduledAt: at(2), Trigger: ticks.Due, State: ticks.Done, RunID: run, Reason: "succeeded", Claimed: c.T.Add(-time.Minute), Finished: c.T},
		{ScheduleID: s.ID, ScheduledAt: at(1), Trigger: ticks.Due, State: ticks.Skipped, Reason: "the run before is still on", Claimed: c.T.Add(-time.Minute), Finished: c.T.Add(-time.Minute)},
	}
	if diff := cmp.Diff(want, list, cmpopts.IgnoreFields(ticks.Tick{}, "ID")); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for name, err := range map[string]error{
		"Start":               ticks.Start(t.Context(), db, id, run),
		"Heartbeat":           ticks.Heartbeat(t.Context(), db, id),
		"Finish":              ticks.Finish(t.Context(), db, id, ticks.Failed, "", ""),
		"Finish of no tick":   ticks.Finish(t.Context(), db, 999, ticks.Failed, "", ""),
		"Finish as if it ran": ticks.Finish(t.Context(), db, id, ticks.Running, "", ""),
	} {
		if err == nil || !strings.Contains(err.Error(), "tick") {
			t.Errorf("%s after the end: %v", name, err)
		}
	}
	if _, err := ticks.Claim(t.Context(), db, s.ID, at(3), ticks.Done, ""); err == nil {
		t.Error("a tick was claimed as done")
	}
}

// A run that succeeds ends its tick in the same transaction: a process that dies
// then leaves no tick that would be run again. Any other end is for the scheduler.
func TestRunsEndTheirTicks(t *testing.T) {
	for status, open := range map[lineage.Status]int{lineage.Succeeded: 0, lineage.Failed: 1, lineage.Interrupted: 1, lineage.Cancelled: 1} {
		db, c := lineagetest.New(t)
		s, err := ticks.Ensure(t.Context(), db, ticks.Schedule{Pipeline: "p", File: "p.yaml", Cron: "@daily", Timezone: "UTC"}, c.T)
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := ticks.Claim(t.Context(), db, s.ID, c.T.Add(time.Hour), ticks.Claimed, "due"); !ok || err != nil {
			t.Fatal(ok, err)
		}
		there, err := ticks.Open(t.Context(), db, s.ID)
		if err != nil || len(there) != 1 {
			t.Fatal(there, err)
		}
		run := lineagetest.Begin(t, db, "p")
		if err := ticks.Start(t.Context(), db, there[0].ID, run); err != nil {
			t.Fatal(err)
		}
		if _, err := registry.FinishRun(t.Context(), db, run, status, "", nil); err != nil {
			t.Fatal(err)
		}
		left, err := ticks.Open(t.Context(), db, s.ID)
		if err != nil || len(left) != open {
			t.Errorf("%s: open ticks %+v, %v", status, left, err)
		}
		all, err := ticks.Of(t.Context(), db, s.ID, 1)
		if err != nil || open == 0 && (all[0].State != ticks.Done || all[0].RunID != run || all[0].Reason != "" || !all[0].Finished.Equal(c.T)) {
			t.Errorf("%s: %+v, %v", status, all, err)
		}
	}
}

// Of many schedulers exactly one gets each tick.
func TestTicksAreClaimedOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lineage.db")
	c := lineagetest.NewClock()
	dbs := []*lineage.DB{lineagetest.Open(t, path, c), lineagetest.Open(t, path, c)}
	s, err := ticks.Ensure(t.Context(), dbs[0], ticks.Schedule{Pipeline: "p", File: "p.yaml", Cron: "@hourly", Timezone: "UTC"}, c.T)
	if err != nil {
		t.Fatal(err)
	}
	const times = 10
	var claimed atomic.Int32
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range times {
				ok, err := ticks.Claim(t.Context(), dbs[w%2], s.ID, c.T.Add(time.Duration(i)*time.Hour), ticks.Claimed, "due")
				if err != nil {
					t.Error(err)
				}
				if ok {
					claimed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if claimed.Load() != times {
		t.Errorf("%d claims of %d ticks", claimed.Load(), times)
	}
	if all, err := ticks.Schedules(t.Context(), dbs[0]); err != nil || !all[0].Watermark.Equal(c.T.Add((times-1)*time.Hour)) {
		t.Errorf("%+v, %v", all, err)
	}
}

// A tick that a person asks for waits for a process, runs once, and moves no
// watermark. What is open or done cannot be asked for.
func TestAskedTicks(t *testing.T) {
	db, c := lineagetest.New(t)
	s, err := ticks.Ensure(t.Context(), db, ticks.Schedule{Pipeline: "p", File: "p.yaml", Cron: "@daily", Timezone: "UTC"}, c.T)
	if err != nil {
		t.Fatal(err)
	}
	at := s.Watermark.Add(time.Hour)
	ask := func(want bool) {
		t.Helper()
		if ok, err := ticks.Ask(t.Context(), db, s.ID, at, ticks.ForRetry); ok != want || err != nil {
			t.Fatalf("asked: %v, %v; want %v", ok, err, want)
		}
	}
	state := func() (ticks.Schedule, ticks.Tick) {
		t.Helper()
		all, err := ticks.Schedules(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		there, err := ticks.Between(t.Context(), db, s.ID, at, at)
		if err != nil || len(there) != 1 {
			t.Fatalf("%+v, %v", there, err)
		}
		return all[0], there[0]
	}
	for _, end := range []ticks.State{ticks.Failed, ticks.Done} {
		ask(true)
		ask(false)
		if sched, tick := state(); sched.Waiting != 1 || sched.Asked != 1 || tick.State != ticks.Waiting || tick.Trigger != ticks.ForRetry || tick.RunID != "" || !sched.Watermark.Equal(s.Watermark) {
			t.Fatalf("%+v %+v", sched, tick)
		}
		if ok, err := ticks.Claim(t.Context(), db, s.ID, at, ticks.Claimed, ""); ok || err != nil {
			t.Fatalf("a tick that waits was claimed anew: %v, %v", ok, err)
		}
		if _, err := ticks.Reset(t.Context(), db, s.ID); err != nil {
			t.Fatal(err)
		}
		_, tick := state()
		for _, want := range []bool{true, false} {
			if ok, err := ticks.TakeOver(t.Context(), db, tick.ID); ok != want || err != nil {
				t.Fatalf("taken over: %v, %v; want %v", ok, err, want)
			}
		}
		ask(false)
		run := lineagetest.Begin(t, db, "p")
		if err := ticks.Start(t.Context(), db, tick.ID, run); err != nil {
			t.Fatal(err)
		}
		if err := ticks.Finish(t.Context(), db, tick.ID, end, "", ""); err != nil {
			t.Fatal(err)
		}
		if sched, tick := state(); sched.Waiting+sched.Asked != 0 || tick.RunID != run || tick.Takeovers != 0 {
			t.Fatalf("%+v %+v", sched, tick)
		}
	}
	ask(false) // it is done
	at = at.Add(time.Hour)
	ask(true)
	for _, want := range []int64{1, 0} {
		if n, err := ticks.DropAsked(t.Context(), db, s.ID); n != want || err != nil {
			t.Errorf("%d given up, %v; want %d", n, err, want)
		}
	}
	if sched, tick := state(); sched.Waiting+sched.Asked != 0 || tick.State != ticks.Skipped {
		t.Errorf("%+v %+v", sched, tick)
	}
	if _, err := ticks.Ask(t.Context(), db, s.ID, at, ticks.Due); err == nil {
		t.Error("a person asked for what is due")
	}
}

// A pause ends without a backlog; a reset forgets what a wrong clock decided.
func TestPauseAndReset(t *testing.T) {
	db, c := lineagetest.New(t)
	s, err := ticks.Ensure(t.Context(), db, ticks.Schedule{Pipeline: "p", File: "p.yaml", Cron: "@daily", Timezone: "UTC", Source: "one"}, c.T)
	if err != nil {
		t.Fatal(err)
	}
	get := func(err error) ticks.Schedule {
		t.Helper()
		all, listErr := ticks.Schedules(t.Context(), db)
		if err != nil || listErr != nil {
			t.Fatal(err, listErr)
		}
		return all[0]
	}
	if got := get(ticks.Resume(t.Context(), db, s.ID)); !got.Watermark.Equal(s.Watermark) {
		t.Errorf("a resume without a pause moved the watermark: %+v", got)
	}
	paused := c.T
	if got := get(ticks.Pause(t.Context(), db, s.ID)); !got.Paused.Equal(paused) {
		t.Errorf("%+v", got)
	}
	c.Advance(time.Hour)
	if got := get(ticks.Pause(t.Context(), db, s.ID)); !got.Paused.Equal(paused) {
		t.Errorf("paused twice: %+v", got)
	}
	if got := get(ticks.Resume(t.Context(), db, s.ID)); !got.Paused.IsZero() || !got.Watermark.Equal(c.T) {
		t.Errorf("resumed: %+v", got)
	}
	for _, ahead := range []time.Duration{24 * time.Hour, 48 * time.Hour} {
		if ok, err := ticks.Claim(t.Context(), db, s.ID, c.T.Add(ahead), ticks.Missed, ""); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	n, err := ticks.Reset(t.Context(), db, s.ID)
	if got := get(err); n != 2 || !got.Watermark.Equal(c.T) {
		t.Errorf("%d forgotten, %+v", n, got)
	}
	if text, err := ticks.Source(t.Context(), db, s.ID); text != "one" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	get(ticks.DropSource(t.Context(), db, s.ID))
	if text, err := ticks.Source(t.Context(), db, s.ID); text != "" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if err := ticks.Pause(t.Context(), db, 99); err == nil {
		t.Error("a schedule that is not there was paused")
	}
}
