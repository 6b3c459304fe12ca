package lineage

import (
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestWatermarkNeverMovesBack(t *testing.T) {
	db, c := newTest(t)
	ensure := func(cron, zone string, now time.Time) (Schedule, error) {
		return db.EnsureSchedule(t.Context(), Schedule{Pipeline: "p", File: "p.yaml", Cron: cron, Timezone: zone}, now)
	}
	s, err := ensure("0 3 * * *", "UTC", c.t)
	if err != nil || !s.Watermark.Equal(c.t) {
		t.Fatalf("%+v, %v: a new schedule starts now", s, err)
	}
	tick := c.t.Add(time.Hour)
	c.advance(2 * time.Hour)
	if ok, err := db.ClaimTick(t.Context(), s.ID, tick, TickClaimed, "due"); !ok || err != nil {
		t.Fatal(ok, err)
	}
	again, err := ensure("0 3 * * *", "UTC", c.t)
	if err != nil || again != (Schedule{ID: s.ID, Pipeline: "p", File: "p.yaml", Cron: "0 3 * * *", Timezone: "UTC", Watermark: tick}) {
		t.Errorf("unchanged: %+v, %v", again, err)
	}
	// What the new expression would have asked for before now is not made up.
	again, err = ensure("0 4 * * *", "Europe/London", c.t)
	if err != nil || again != (Schedule{ID: s.ID, Pipeline: "p", File: "p.yaml", Cron: "0 4 * * *", Timezone: "Europe/London", Watermark: c.t}) {
		t.Errorf("changed: %+v, %v", again, err)
	}
	again, err = ensure("0 5 * * *", "Europe/London", c.t.Add(-time.Hour))
	if err != nil || !again.Watermark.Equal(c.t) {
		t.Errorf("changed by a process whose clock is late: %+v, %v", again, err)
	}
	all, err := db.Schedules(t.Context())
	if err != nil || len(all) != 1 || all[0].Cron != "0 5 * * *" || all[0].Timezone != "Europe/London" {
		t.Errorf("%+v, %v", all, err)
	}
	// An older tick that is decided later does not move it back.
	if _, err := db.ClaimTick(t.Context(), s.ID, tick.Add(-time.Minute), TickMissed, "too old"); err != nil {
		t.Fatal(err)
	}
	if all, err := db.Schedules(t.Context()); err != nil || !all[0].Watermark.Equal(c.t) {
		t.Errorf("%+v, %v", all, err)
	}
}

// The newest ticks of all schedules are those of each.
func TestNewestTicks(t *testing.T) {
	db, c := newTest(t)
	ids := []int64{}
	for i, file := range []string{"a.yaml", "b.yaml", "c.yaml"} {
		s, err := db.EnsureSchedule(t.Context(), Schedule{Pipeline: "p", File: file, Cron: "@daily", Timezone: "UTC"}, c.t)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, s.ID)
		for n := range 3 * i { // none of the first
			if ok, err := db.ClaimTick(t.Context(), s.ID, c.t.Add(time.Duration(n+1)*time.Hour), TickMissed, ""); !ok || err != nil {
				t.Fatal(ok, err)
			}
		}
	}
	for _, limit := range []int{0, 1, 2, 5, 100, -1} {
		all, err := db.NewestTicks(t.Context(), limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			want, err := db.Ticks(t.Context(), id, limit)
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
	db, c := newTest(t)
	s, err := db.EnsureSchedule(t.Context(), Schedule{Pipeline: "p", File: "p.yaml", Cron: "@daily", Timezone: "UTC"}, c.t)
	if err != nil {
		t.Fatal(err)
	}
	at := func(h int) time.Time { return s.Watermark.Add(time.Duration(h) * time.Hour) }
	if ok, err := db.ClaimTick(t.Context(), s.ID, at(1), TickSkipped, "the run before is still on"); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if ok, err := db.ClaimTick(t.Context(), s.ID, at(2), TickClaimed, "due"); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if ok, err := db.ClaimTick(t.Context(), s.ID, at(2), TickClaimed, "due"); ok || err != nil {
		t.Errorf("it was claimed twice: %v, %v", ok, err)
	}
	open, err := db.OpenTicks(t.Context(), s.ID)
	if err != nil || len(open) != 1 || open[0].State != TickClaimed || open[0].OwnerGone || !open[0].ScheduledAt.Equal(at(2)) {
		t.Fatalf("%+v, %v", open, err)
	}
	id := open[0].ID
	run := begin(t, db, "p")
	if err := db.StartTick(t.Context(), id, run); err != nil {
		t.Fatal(err)
	}
	if err := db.HeartbeatTick(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if taken, err := db.TakeOverTick(t.Context(), id); taken || err != nil {
		t.Errorf("a live tick was taken over: %v, %v", taken, err)
	}
	c.advance(time.Minute)
	if err := db.FinishTick(t.Context(), id, TickDone, "", "succeeded"); err != nil {
		t.Fatal(err)
	}
	ticks, err := db.Ticks(t.Context(), s.ID, 10)
	want := []Tick{
		{ID: id, ScheduleID: s.ID, ScheduledAt: at(2), Trigger: TickDue, State: TickDone, RunID: run, Reason: "succeeded", Claimed: c.t.Add(-time.Minute), Finished: c.t},
		{ScheduleID: s.ID, ScheduledAt: at(1), Trigger: TickDue, State: TickSkipped, Reason: "the run before is still on", Claimed: c.t.Add(-time.Minute), Finished: c.t.Add(-time.Minute)},
	}
	if diff := cmp.Diff(want, ticks, cmpopts.IgnoreFields(Tick{}, "ID")); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for name, err := range map[string]error{
		"StartTick":               db.StartTick(t.Context(), id, run),
		"HeartbeatTick":           db.HeartbeatTick(t.Context(), id),
		"FinishTick":              db.FinishTick(t.Context(), id, TickFailed, "", ""),
		"FinishTick of no tick":   db.FinishTick(t.Context(), 999, TickFailed, "", ""),
		"FinishTick as if it ran": db.FinishTick(t.Context(), id, TickRunning, "", ""),
	} {
		if err == nil || !strings.Contains(err.Error(), "tick") {
			t.Errorf("%s after the end: %v", name, err)
		}
	}
	if _, err := db.ClaimTick(t.Context(), s.ID, at(3), TickDone, ""); err == nil {
		t.Error("a tick was claimed as done")
	}
}

// A run that succeeds ends its tick in the same transaction: a process that dies
// then leaves no tick that would be run again. Any other end is for the scheduler.
func TestRunsEndTheirTicks(t *testing.T) {
	for status, open := range map[Status]int{Succeeded: 0, Failed: 1, Interrupted: 1, Cancelled: 1} {
		db, c := newTest(t)
		s, err := db.EnsureSchedule(t.Context(), Schedule{Pipeline: "p", File: "p.yaml", Cron: "@daily", Timezone: "UTC"}, c.t)
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := db.ClaimTick(t.Context(), s.ID, c.t.Add(time.Hour), TickClaimed, "due"); !ok || err != nil {
			t.Fatal(ok, err)
		}
		ticks, err := db.OpenTicks(t.Context(), s.ID)
		if err != nil || len(ticks) != 1 {
			t.Fatal(ticks, err)
		}
		run := begin(t, db, "p")
		if err := db.StartTick(t.Context(), ticks[0].ID, run); err != nil {
			t.Fatal(err)
		}
		if _, err := db.FinishRunWith(t.Context(), run, status, "", nil); err != nil {
			t.Fatal(err)
		}
		left, err := db.OpenTicks(t.Context(), s.ID)
		if err != nil || len(left) != open {
			t.Errorf("%s: open ticks %+v, %v", status, left, err)
		}
		all, err := db.Ticks(t.Context(), s.ID, 1)
		if err != nil || open == 0 && (all[0].State != TickDone || all[0].RunID != run || all[0].Reason != "" || !all[0].Finished.Equal(c.t)) {
			t.Errorf("%s: %+v, %v", status, all, err)
		}
	}
}

// Of many schedulers exactly one gets each tick.
func TestTicksAreClaimedOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lineage.db")
	c := newClock()
	dbs := []*DB{openTest(t, path, c), openTest(t, path, c)}
	s, err := dbs[0].EnsureSchedule(t.Context(), Schedule{Pipeline: "p", File: "p.yaml", Cron: "@hourly", Timezone: "UTC"}, c.t)
	if err != nil {
		t.Fatal(err)
	}
	const ticks = 10
	var claimed atomic.Int32
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range ticks {
				ok, err := dbs[w%2].ClaimTick(t.Context(), s.ID, c.t.Add(time.Duration(i)*time.Hour), TickClaimed, "due")
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
	if claimed.Load() != ticks {
		t.Errorf("%d claims of %d ticks", claimed.Load(), ticks)
	}
	if all, err := dbs[0].Schedules(t.Context()); err != nil || !all[0].Watermark.Equal(c.t.Add((ticks-1)*time.Hour)) {
		t.Errorf("%+v, %v", all, err)
	}
}

// A tick that a person asks for waits for a process, runs once, and moves no
// watermark. What is open or done cannot be asked for.
func TestAskedTicks(t *testing.T) {
	db, c := newTest(t)
	s, err := db.EnsureSchedule(t.Context(), Schedule{Pipeline: "p", File: "p.yaml", Cron: "@daily", Timezone: "UTC"}, c.t)
	if err != nil {
		t.Fatal(err)
	}
	at := s.Watermark.Add(time.Hour)
	ask := func(want bool) {
		t.Helper()
		if ok, err := db.AskForTick(t.Context(), s.ID, at, TickRetry); ok != want || err != nil {
			t.Fatalf("asked: %v, %v; want %v", ok, err, want)
		}
	}
	state := func() (Schedule, Tick) {
		t.Helper()
		all, err := db.Schedules(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ticks, err := db.TicksBetween(t.Context(), s.ID, at, at)
		if err != nil || len(ticks) != 1 {
			t.Fatalf("%+v, %v", ticks, err)
		}
		return all[0], ticks[0]
	}
	for _, end := range []TickState{TickFailed, TickDone} {
		ask(true)
		ask(false)
		if sched, tick := state(); sched.Waiting != 1 || sched.Asked != 1 || tick.State != TickWaiting || tick.Trigger != TickRetry || tick.RunID != "" || !sched.Watermark.Equal(s.Watermark) {
			t.Fatalf("%+v %+v", sched, tick)
		}
		if ok, err := db.ClaimTick(t.Context(), s.ID, at, TickClaimed, ""); ok || err != nil {
			t.Fatalf("a tick that waits was claimed anew: %v, %v", ok, err)
		}
		if _, err := db.ResetSchedule(t.Context(), s.ID); err != nil {
			t.Fatal(err)
		}
		_, tick := state()
		for _, want := range []bool{true, false} {
			if ok, err := db.TakeOverTick(t.Context(), tick.ID); ok != want || err != nil {
				t.Fatalf("taken over: %v, %v; want %v", ok, err, want)
			}
		}
		ask(false)
		run := begin(t, db, "p")
		if err := db.StartTick(t.Context(), tick.ID, run); err != nil {
			t.Fatal(err)
		}
		if err := db.FinishTick(t.Context(), tick.ID, end, "", ""); err != nil {
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
		if n, err := db.DropAskedTicks(t.Context(), s.ID); n != want || err != nil {
			t.Errorf("%d given up, %v; want %d", n, err, want)
		}
	}
	if sched, tick := state(); sched.Waiting+sched.Asked != 0 || tick.State != TickSkipped {
		t.Errorf("%+v %+v", sched, tick)
	}
	if _, err := db.AskForTick(t.Context(), s.ID, at, TickDue); err == nil {
		t.Error("a person asked for what is due")
	}
}

// A pause ends without a backlog; a reset forgets what a wrong clock decided.
func TestPauseAndReset(t *testing.T) {
	db, c := newTest(t)
	s, err := db.EnsureSchedule(t.Context(), Schedule{Pipeline: "p", File: "p.yaml", Cron: "@daily", Timezone: "UTC", Source: "one"}, c.t)
	if err != nil {
		t.Fatal(err)
	}
	get := func(err error) Schedule {
		t.Helper()
		all, listErr := db.Schedules(t.Context())
		if err != nil || listErr != nil {
			t.Fatal(err, listErr)
		}
		return all[0]
	}
	if got := get(db.ResumeSchedule(t.Context(), s.ID)); !got.Watermark.Equal(s.Watermark) {
		t.Errorf("a resume without a pause moved the watermark: %+v", got)
	}
	paused := c.t
	if got := get(db.PauseSchedule(t.Context(), s.ID)); !got.Paused.Equal(paused) {
		t.Errorf("%+v", got)
	}
	c.advance(time.Hour)
	if got := get(db.PauseSchedule(t.Context(), s.ID)); !got.Paused.Equal(paused) {
		t.Errorf("paused twice: %+v", got)
	}
	if got := get(db.ResumeSchedule(t.Context(), s.ID)); !got.Paused.IsZero() || !got.Watermark.Equal(c.t) {
		t.Errorf("resumed: %+v", got)
	}
	for _, ahead := range []time.Duration{24 * time.Hour, 48 * time.Hour} {
		if ok, err := db.ClaimTick(t.Context(), s.ID, c.t.Add(ahead), TickMissed, ""); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	n, err := db.ResetSchedule(t.Context(), s.ID)
	if got := get(err); n != 2 || !got.Watermark.Equal(c.t) {
		t.Errorf("%d forgotten, %+v", n, got)
	}
	if text, err := db.ScheduleSource(t.Context(), s.ID); text != "one" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	get(db.DropSource(t.Context(), s.ID))
	if text, err := db.ScheduleSource(t.Context(), s.ID); text != "" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if err := db.PauseSchedule(t.Context(), 99); err == nil {
		t.Error("a schedule that is not there was paused")
	}
}
