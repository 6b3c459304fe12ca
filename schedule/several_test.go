package schedule

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Overlap holds over processes: one acts for the schedule, and when it dies
// another goes on where it was.
func TestRunsOfSeveralProcessesDoNotOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, j := newMemory(), &journal{}
		entry := hourly(func(s *Spec) { s.Overlap, s.CatchUp = OverlapQueue, CatchUpAll })
		a, b := m.start(t, j, 80*time.Minute, nil, entry), m.start(t, j, 80*time.Minute, nil, entry)
		pass(3*time.Hour + 10*time.Minute) // the run of 02:00 goes on, 03:00 waits
		a.kill()
		pass(3 * time.Hour)
		b.interrupt()
		checkLines(t, "journal", j.lines,
			"01 01:00  a 01 01:00 begins", "01 02:20  a 01 01:00 ends",
			"01 02:20  a 01 02:00 begins", "01 03:10  a 01 02:00 is cancelled",
			"01 03:10  a 01 02:00 begins again", "01 04:30  a 01 02:00 ends",
			"01 04:30  a 01 03:00 begins again", "01 05:50  a 01 03:00 ends",
			"01 05:50  a 01 04:00 begins", "01 06:10  a 01 04:00 is cancelled")
	})
}

// Who stands by has nothing to say about the clock of whoever acts.
func TestStandingByIsSaidOnceAndIsNoWarning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, j := newMemory(), &journal{}
		m.start(t, j, 0, nil, hourly(nil))
		var log bytes.Buffer
		other := m.start(t, j, 0, func(s *Scheduler) {
			s.Log = slog.New(slog.NewTextHandler(&log, nil))
			s.Now = func() time.Time { return time.Now().Add(-2 * time.Hour) } // its clock is slow
		}, hourly(nil))
		pass(2 * time.Hour)
		other.stop()
		if n := strings.Count(log.String(), "standing by"); n != 1 || strings.Contains(log.String(), "WARN") {
			t.Errorf("the log says:\n%s", log.String())
		}
	})
}

// What a person asks for runs in turn with what is due: it waits for a run under
// way, and a tick that falls due meanwhile waits in its turn, and goes first.
func TestAskedTicksTakeTurns(t *testing.T) {
	tests := []struct {
		policy string
		ticks  []string
	}{
		{OverlapSkip, []string{"01 00:10 done asked", "01 00:20 done asked", "01 01:00 done", "01 02:00 skipped", "01 03:00 skipped", "01 04:00 done", "01 05:00 skipped"}},
		{OverlapQueue, []string{"01 00:10 done asked", "01 00:20 open asked", "01 01:00 done", "01 02:00 done", "01 03:00 open", "01 04:00 open", "01 05:00 open"}},
		{OverlapCancelRunning, []string{"01 00:10 done asked", "01 00:20 open asked", "01 01:00 skipped", "01 02:00 skipped", "01 03:00 skipped", "01 04:00 skipped", "01 05:00 open"}},
	}
	for _, tt := range tests {
		t.Run(tt.policy, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, j := newMemory(), &journal{}
				d := m.start(t, j, 80*time.Minute, nil, hourly(func(s *Spec) { s.Overlap = tt.policy }))
				pass(30 * time.Minute)
				m.ask("a.yaml", time.Now().Add(-20*time.Minute))
				m.ask("a.yaml", time.Now().Add(-10*time.Minute))
				pass(5 * time.Hour) // 05:30
				if tt.policy == OverlapSkip {
					pass(25 * time.Minute)
					d.stop()
				} else {
					defer d.interrupt()
				}
				checkLines(t, "ticks", m.statuses("a.yaml")[:len(tt.ticks)], tt.ticks...)
			})
		})
	}
}

func TestPauseStartsOnlyWhatIsAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, j := newMemory(), &journal{}
		d := m.start(t, j, time.Minute, nil, hourly(nil))
		pass(30 * time.Minute)
		m.change("a.yaml", func(s *memorySchedule) { s.paused = true })
		pass(2 * time.Hour) // 02:30
		m.ask("a.yaml", time.Now())
		pass(10 * time.Second)
		m.change("a.yaml", func(s *memorySchedule) { s.paused = false })
		pass(time.Hour)
		d.stop()
		checkLines(t, "ticks", m.statuses("a.yaml"),
			"01 01:00 skipped", "01 02:00 skipped", "01 02:30 done asked", "01 03:00 done")
	})
}

// A clock that was wrong is noticed and said; when the watermark has been put
// right, the schedule goes on, in the process that runs.
func TestResetAfterAWrongClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, j := newMemory(), &journal{}
		var skew atomic.Int64
		var log bytes.Buffer
		d := m.start(t, j, 0, func(s *Scheduler) {
			s.Log = slog.New(slog.NewTextHandler(&log, nil))
			s.Now = func() time.Time { return time.Now().Add(time.Duration(skew.Load())) }
		}, hourly(nil))
		pass(90 * time.Minute)
		skew.Store(int64(4 * 365 * 24 * time.Hour))
		pass(10 * time.Second)
		skew.Store(0)
		pass(2 * time.Hour) // nothing at 02:00 and 03:00
		if n := strings.Count(log.String(), "pipe schedule reset"); n != 1 {
			t.Errorf("the way out is named %d times:\n%s", n, log.String())
		}
		m.change("a.yaml", func(s *memorySchedule) {
			s.watermark = time.Now()
			for at := range s.ticks {
				if at > time.Now().Unix() {
					delete(s.ticks, at)
				}
			}
		})
		pass(time.Hour)
		d.stop()
		checkLines(t, "ticks", m.statuses("a.yaml"), "01 01:00 done", "01 04:00 done")
	})
}

// A listing that hangs, as on a file system that is gone, holds up neither what
// is known nor the end.
func TestListingThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, j := newMemory(), &journal{}
		var calls atomic.Int64
		hang := make(chan struct{})
		defer close(hang)
		d := m.start(t, j, time.Minute, func(s *Scheduler) {
			s.Entries = func(ctx context.Context) ([]Entry, error) {
				if calls.Add(1) > 1 {
					<-hang // not even the end of ctx helps
				}
				return []Entry{hourly(nil)}, nil
			}
		})
		pass(2*time.Hour + 30*time.Minute)
		done := make(chan struct{})
		go func() { d.stop(); close(done) }()
		synctest.Wait()
		select {
		case <-done:
		default:
			t.Fatal("it does not end")
		}
		if n := calls.Load(); n != 2 {
			t.Errorf("%d listings were begun", n)
		}
		checkLines(t, "ticks", m.statuses("a.yaml"), "01 01:00 done", "01 02:00 done")
	})
}

// A Scheduler for what people ask for runs nothing else, and ends.
func TestAskedOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, j := newMemory(), &journal{}
		m.start(t, j, 0, nil, hourly(nil)).stop()
		pass(3*time.Hour + 30*time.Minute) // three ticks are missed, which is none of its business
		for _, minutes := range []time.Duration{5, 10} {
			m.ask("a.yaml", time.Now().Add(-minutes*time.Minute))
		}
		only := func(s *Scheduler) { s.AskedOnly = true }
		first := m.start(t, j, 10*time.Minute, only, hourly(nil))
		second := m.start(t, j, 10*time.Minute, only, hourly(nil)) // stands by until both are done
		pass(19 * time.Minute)
		select {
		case <-second.done:
			t.Error("it ended before what it waits for")
		default:
		}
		pass(time.Minute + DefaultPoll)
		<-first.done
		<-second.done
		checkLines(t, "journal", j.lines,
			"01 03:30  a 01 03:20 begins", "01 03:40  a 01 03:20 ends",
			"01 03:40  a 01 03:25 begins", "01 03:50  a 01 03:25 ends")
	})
}
