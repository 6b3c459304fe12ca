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
	s, err := db.EnsureSchedule(t.Context(), "p", "p.yaml", "0 3 * * *", "UTC", c.t)
	if err != nil || !s.Watermark.Equal(c.t) {
		t.Fatalf("%+v, %v: a new schedule starts now", s, err)
	}
	tick := c.t.Add(time.Hour)
	c.advance(2 * time.Hour)
	if ok, err := db.ClaimTick(t.Context(), s.ID, tick, TickClaimed, "due"); !ok || err != nil {
		t.Fatal(ok, err)
	}
	again, err := db.EnsureSchedule(t.Context(), "p", "p.yaml", "0 3 * * *", "UTC", c.t)
	if err != nil || again != (Schedule{s.ID, "p", "p.yaml", "0 3 * * *", "UTC", tick}) {
		t.Errorf("unchanged: %+v, %v", again, err)
	}
	// What the new expression would have asked for before now is not made up.
	again, err = db.EnsureSchedule(t.Context(), "p", "p.yaml", "0 4 * * *", "Europe/London", c.t)
	if err != nil || again != (Schedule{s.ID, "p", "p.yaml", "0 4 * * *", "Europe/London", c.t}) {
		t.Errorf("changed: %+v, %v", again, err)
	}
	again, err = db.EnsureSchedule(t.Context(), "p", "p.yaml", "0 5 * * *", "Europe/London", c.t.Add(-time.Hour))
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
	if mark, err := db.Watermark(t.Context(), s.ID); err != nil || !mark.Equal(c.t) {
		t.Errorf("watermark %s, %v", mark, err)
	}
}

func TestTickLife(t *testing.T) {
	db, c := newTest(t)
	s, err := db.EnsureSchedule(t.Context(), "p", "p.yaml", "@daily", "UTC", c.t)
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
		{ID: id, ScheduleID: s.ID, ScheduledAt: at(2), State: TickDone, RunID: run, Reason: "succeeded", Claimed: c.t.Add(-time.Minute), Finished: c.t},
		{ScheduleID: s.ID, ScheduledAt: at(1), State: TickSkipped, Reason: "the run before is still on", Claimed: c.t.Add(-time.Minute), Finished: c.t.Add(-time.Minute)},
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

// Of many schedulers exactly one gets each tick.
func TestTicksAreClaimedOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lineage.db")
	c := newClock()
	dbs := []*DB{openTest(t, path, c), openTest(t, path, c)}
	s, err := dbs[0].EnsureSchedule(t.Context(), "p", "p.yaml", "@hourly", "UTC", c.t)
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
	if mark, err := dbs[0].Watermark(t.Context(), s.ID); err != nil || !mark.Equal(c.t.Add((ticks-1)*time.Hour)) {
		t.Errorf("watermark %s, %v", mark, err)
	}
}
