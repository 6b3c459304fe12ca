package schedule

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The fake clock of every test begins at 2000-01-01 00:00 UTC.

func hourly(edit func(*Spec)) Entry {
	e := Entry{ID: "a.yaml", Name: "a", Spec: Spec{Cron: "@hourly"}}
	if edit != nil {
		edit(&e.Spec)
	}
	return e
}

func checkLines(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestTicksRunOnTimeAndOnlyAfterTheFirstStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, j := newMemory(), &journal{}
		pass(30*time.Minute + 17*time.Second)
		b := Entry{ID: "b.yaml", Name: "b", Spec: Spec{Cron: "30 * * * *", Timezone: "Asia/Kathmandu"}} // +05:45
		d := m.start(t, j, time.Minute, nil, hourly(nil), b)
		pass(2 * time.Hour)
		d.stop()
		checkLines(t, "journal", j.lines,
			"01 00:45  b 01 00:45 begins", "01 00:46  b 01 00:45 ends",
			"01 01:00  a 01 01:00 begins", "01 01:01  a 01 01:00 ends",
			"01 01:45  b 01 01:45 begins", "01 01:46  b 01 01:45 ends",
			"01 02:00  a 01 02:00 begins", "01 02:01  a 01 02:00 ends")
		checkLines(t, "ticks of a", m.statuses("a.yaml"), "01 01:00 done", "01 02:00 done")
	})
}

func TestRestartsBetweenTicksRunEachTickOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, j := newMemory(), &journal{}
		for range 9 {
			d := m.start(t, j, time.Minute, nil, hourly(nil))
			pass(20 * time.Minute)
			d.stop()
		}
		checkLines(t, "journal", j.lines,
			"01 01:00  a 01 01:00 begins", "01 01:01  a 01 01:00 ends",
			"01 02:00  a 01 02:00 begins", "01 02:01  a 01 02:00 ends",
			"01 03:00  a 01 03:00 begins", "01 03:01  a 01 03:00 ends")
	})
}

func TestCatchUpAfterAnAbsence(t *testing.T) {
	tests := []struct {
		policy         string
		journal, ticks []string
	}{
		{CatchUpNone, nil, []string{"01 01:00 missed", "01 02:00 missed", "01 03:00 missed"}},
		{CatchUpLatest, []string{"01 03:30  a 01 03:00 begins", "01 03:40  a 01 03:00 ends"},
			[]string{"01 01:00 missed", "01 02:00 missed", "01 03:00 done"}},
		{CatchUpAll, []string{
			"01 03:30  a 01 01:00 begins", "01 03:40  a 01 01:00 ends",
			"01 03:40  a 01 02:00 begins", "01 03:50  a 01 02:00 ends",
			"01 03:50  a 01 03:00 begins", "01 04:00  a 01 03:00 ends"},
			[]string{"01 01:00 done", "01 02:00 done", "01 03:00 done"}},
	}
	for _, tt := range tests {
		t.Run(tt.policy, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, j := newMemory(), &journal{}
				entry := hourly(func(s *Spec) { s.CatchUp = tt.policy })
				m.start(t, j, 0, nil, entry).stop()
				pass(3*time.Hour + 30*time.Minute)
				d := m.start(t, j, 10*time.Minute, nil, entry)
				pass(29 * time.Minute)
				d.stop()
				checkLines(t, "journal", j.lines, tt.journal...)
				checkLines(t, "ticks", m.statuses("a.yaml"), tt.ticks...)
			})
		})
	}
}

func TestOverlapPolicies(t *testing.T) {
	tests := []struct {
		policy         string
		journal, ticks []string
	}{
		{OverlapSkip, []string{
			"01 01:00  a 01 01:00 begins", "01 02:30  a 01 01:00 ends",
			"01 03:00  a 01 03:00 begins", "01 04:30  a 01 03:00 ends"},
			[]string{"01 01:00 done", "01 02:00 skipped", "01 03:00 done", "01 04:00 skipped"}},
		{OverlapQueue, []string{
			"01 01:00  a 01 01:00 begins", "01 02:30  a 01 01:00 ends",
			"01 02:30  a 01 02:00 begins", "01 04:00  a 01 02:00 ends",
			"01 04:00  a 01 03:00 begins", "01 05:30  a 01 03:00 ends"},
			[]string{"01 01:00 done", "01 02:00 done", "01 03:00 done", "01 04:00 open"}},
		{OverlapCancelRunning, []string{
			"01 01:00  a 01 01:00 begins", "01 02:00  a 01 01:00 is cancelled",
			"01 02:00  a 01 02:00 begins", "01 03:00  a 01 02:00 is cancelled",
			"01 03:00  a 01 03:00 begins", "01 04:00  a 01 03:00 is cancelled",
			"01 04:00  a 01 04:00 begins", "01 05:30  a 01 04:00 ends"},
			[]string{"01 01:00 skipped", "01 02:00 skipped", "01 03:00 skipped", "01 04:00 done"}},
	}
	for _, tt := range tests {
		t.Run(tt.policy, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, j := newMemory(), &journal{}
				d := m.start(t, j, 90*time.Minute, nil, hourly(func(s *Spec) { s.Overlap = tt.policy }))
				pass(4*time.Hour + 10*time.Minute)
				d.stop()
				checkLines(t, "journal", j.lines, tt.journal...)
				checkLines(t, "ticks", m.statuses("a.yaml"), tt.ticks...)
			})
		})
	}
}

func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, j := newMemory(), &journal{}
		d := m.start(t, j, 10*time.Hour, nil, hourly(func(s *Spec) { s.Overlap, s.CatchUpLimit = OverlapQueue, 2 }))
		pass(5*time.Hour + time.Minute)
		checkLines(t, "ticks", m.statuses("a.yaml"),
			"01 01:00 open", "01 02:00 open", "01 03:00 open", "01 04:00 skipped", "01 05:00 skipped")
		d.interrupt()
	})
}

func TestStopWaitsForTheRunAndLeavesTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, j := newMemory(), &journal{}
		entry := hourly(func(s *Spec) { s.Overlap = OverlapQueue })
		d := m.start(t, j, 90*time.Minute, nil, entry)
		pass(2*time.Hour + 10*time.Minute)
		d.stop()
		checkLines(t, "ticks", m.statuses("a.yaml"), "01 01:00 done", "01 02:00 open")
		d = m.start(t, j, time.Minute, nil, entry)
		pass(10 * time.Minute)
		d.stop()
		checkLines(t, "journal", j.lines,
			"01 01:00  a 01 01:00 begins", "01 02:30  a 01 01:00 ends",
			"01 02:30  a 01 02:00 begins again", "01 02:31  a 01 02:00 ends")
	})
}

func TestUnfinishedTicksAreTakenOverOnce(t *testing.T) {
	ways := map[string]func(*daemon){"kill": (*daemon).kill, "second signal": (*daemon).interrupt}
	for name, end := range ways {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, j := newMemory(), &journal{}
				d := m.start(t, j, 10*time.Minute, nil, hourly(nil))
				pass(time.Hour + 5*time.Minute)
				end(d)
				checkLines(t, "ticks", m.statuses("a.yaml"), "01 01:00 open")
				d1 := m.start(t, j, 10*time.Minute, nil, hourly(nil))
				d2 := m.start(t, j, 10*time.Minute, nil, hourly(nil))
				pass(30 * time.Minute)
				d1.stop()
				d2.stop()
				checkLines(t, "journal", j.lines,
					"01 01:00  a 01 01:00 begins", "01 01:05  a 01 01:00 is cancelled",
					"01 01:05  a 01 01:00 begins again", "01 01:15  a 01 01:00 ends")
				checkLines(t, "ticks", m.statuses("a.yaml"), "01 01:00 done")
			})
		})
	}
}

// A process on another machine counts as dead when its ticks are not kept.
func TestOpenTicksAreKeptAndTakenOverLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, j := newMemory(), &journal{}
		m.remote = true
		d := m.start(t, j, time.Hour, nil, hourly(nil))
		pass(time.Hour + 10*time.Minute)
		other := m.start(t, j, time.Minute, nil, hourly(nil))
		pass(40 * time.Minute)
		d.cancel()
		pass(8 * time.Minute)
		other.stop()
		checkLines(t, "journal", j.lines,
			"01 01:00  a 01 01:00 begins", "01 01:50  a 01 01:00 is cancelled",
			"01 01:51  a 01 01:00 begins again", "01 01:52  a 01 01:00 ends")
		checkLines(t, "ticks", m.statuses("a.yaml"), "01 01:00 done")
	})
}

func TestSeveralSchedulersShareTheTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, j := newMemory(), &journal{}
		a, b := m.start(t, j, time.Minute, nil, hourly(nil)), m.start(t, j, time.Minute, nil, hourly(nil))
		pass(2*time.Hour + 30*time.Minute)
		a.stop()
		b.stop()
		checkLines(t, "journal", j.lines,
			"01 01:00  a 01 01:00 begins", "01 01:01  a 01 01:00 ends",
			"01 02:00  a 01 02:00 begins", "01 02:01  a 01 02:00 ends")
	})
}

func TestEditedExpressionFiresNoOldSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, j := newMemory(), &journal{}
		pass(30 * time.Minute)
		entry := hourly(func(s *Spec) { s.CatchUp = CatchUpAll })
		var listed entries
		listed.set(nil, entry)
		d := m.start(t, j, time.Minute, func(s *Scheduler) { s.Entries = listed.get })
		pass(time.Hour) // 01:30
		entry.Spec.Cron = "10,40 * * * *"
		listed.set(nil, entry)
		pass(time.Hour) // 02:30, ran 01:40 and 02:10
		d.stop()
		entry.Spec.Cron = "*/5 * * * *"
		pass(7 * time.Minute) // 02:37
		d = m.start(t, j, time.Minute, nil, entry)
		pass(5 * time.Minute)
		d.stop()
		checkLines(t, "ticks", m.statuses("a.yaml"),
			"01 01:00 done", "01 01:40 done", "01 02:10 done", "01 02:40 done")
	})
}

func TestEntriesComeGoAndFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, j := newMemory(), &journal{}
		var listed entries
		d := m.start(t, j, 90*time.Minute, func(s *Scheduler) { s.Entries = listed.get })
		pass(10 * time.Minute)
		listed.set(nil, hourly(func(s *Spec) { s.Overlap = OverlapQueue }))
		pass(2 * time.Hour) // 02:10: one running, one waiting
		listed.set(nil)
		pass(time.Hour) // 03:10: the run under way has ended
		checkLines(t, "ticks", m.statuses("a.yaml"), "01 01:00 done", "01 02:00 skipped")
		listed.set(nil, hourly(nil))
		pass(10 * time.Minute) // 03:20: caught up on 03:00
		listed.set(errors.New("a.yaml:3: bad indentation"))
		pass(2 * time.Hour) // 05:20
		d.interrupt()
		checkLines(t, "ticks", m.statuses("a.yaml"),
			"01 01:00 done", "01 02:00 skipped", "01 03:00 done", "01 04:00 skipped", "01 05:00 open")
	})
}

func TestClockSetBackRepeatsNoTick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, j := newMemory(), &journal{}
		var skew atomic.Int64
		d := m.start(t, j, 0, func(s *Scheduler) {
			s.Now = func() time.Time { return time.Now().Add(time.Duration(skew.Load())) }
		}, hourly(nil))
		pass(2*time.Hour + 30*time.Minute)
		skew.Store(int64(-2 * time.Hour)) // the clock says 00:30
		pass(3 * time.Hour)               // and now 03:30
		d.stop()
		checkLines(t, "ticks", m.statuses("a.yaml"), "01 01:00 done", "01 02:00 done", "01 03:00 done")
		if n := len(j.lines); n != 6 {
			t.Errorf("%d lines in the journal, want 6: %q", n, j.lines)
		}
	})
}

func TestFailuresOfTheStoreAreTriedAgain(t *testing.T) {
	for _, method := range []string{"Hold", "EnsureSchedule", "States", "TakeOverTicks", "ClaimTick", "KeepTick", "FinishTick"} {
		t.Run(method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, j := newMemory(), &journal{}
				failures := 3
				m.fail = func(called string) error {
					if called == method && failures > 0 {
						failures--
						return errStore
					}
					return nil
				}
				d := m.start(t, j, time.Minute, nil, hourly(nil))
				pass(time.Hour + 5*time.Minute)
				d.stop()
				if failures != 0 {
					t.Fatalf("%s was not called often enough", method)
				}
				checkLines(t, "journal", j.lines, "01 01:00  a 01 01:00 begins", "01 01:01  a 01 01:00 ends")
				checkLines(t, "ticks", m.statuses("a.yaml"), "01 01:00 done")
			})
		})
	}
}

func TestFailedRunsAreRecordedAndDoNotStopTheSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		d := m.start(t, &journal{}, 0, func(s *Scheduler) {
			s.Start = func(_ context.Context, tick Tick) error {
				if tick.At.Hour() == 1 {
					return errors.New("stage model: out of memory")
				}
				return nil
			}
		}, hourly(nil))
		pass(2*time.Hour + time.Minute)
		d.stop()
		checkLines(t, "ticks", m.statuses("a.yaml"), "01 01:00 failed", "01 02:00 done")
	})
}

func TestRunWithoutAFieldIsAnError(t *testing.T) {
	if err := new(Scheduler).Run(t.Context(), nil); err == nil {
		t.Error("no error")
	}
}
