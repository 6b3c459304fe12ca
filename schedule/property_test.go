package schedule

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// A life is a random history of processes that share a store.
type life struct {
	steps  []lifeStep
	faults []int // the store fails where there is a zero, in turn
}

type lifeStep struct {
	end   int           // 0: nothing, 1: stop, 2: interrupt, 3: kill the process, if there is one
	takes time.Duration // of the runs of a process that starts
	pass  time.Duration // until the next step
}

func drawLife(t *rapid.T) life {
	step := rapid.Custom(func(t *rapid.T) lifeStep {
		return lifeStep{
			end:   rapid.IntRange(0, 3).Draw(t, "end"),
			takes: time.Duration(rapid.IntRange(0, 25).Draw(t, "takes")) * time.Minute,
			pass:  time.Duration(rapid.IntRange(0, 40*60).Draw(t, "pass")) * time.Second,
		}
	})
	return life{
		steps:  rapid.SliceOfN(step, 1, 12).Draw(t, "steps"),
		faults: rapid.SliceOfN(rapid.IntRange(0, 9), 1, 50).Draw(t, "faults"),
	}
}

// Under catch_up all each due tick ends exactly once, whenever processes are
// started, stopped, interrupted or killed, and whatever the store fails.
func TestEachTickEndsExactlyOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := drawLife(rt)
		var err error
		synctest.Test(t, func(t *testing.T) { err = l.play(t) })
		if err != nil {
			rt.Fatal(err)
		}
	})
}

func (l life) play(t *testing.T) error {
	m, j := newMemory(), &journal{}
	calls := 0
	m.fail = func(string) error {
		calls++
		if l.faults[calls%len(l.faults)] == 0 {
			return errStore
		}
		return nil
	}
	entry := Entry{ID: "a.yaml", Name: "a", Spec: Spec{
		Cron: "*/10 * * * *", CatchUp: CatchUpAll, CatchUpLimit: 1000, Overlap: OverlapQueue,
	}}
	slow := func(s *Scheduler) { s.Poll = time.Minute }
	var d *daemon
	for _, step := range l.steps {
		ends := []func(*daemon){nil, (*daemon).stop, (*daemon).interrupt, (*daemon).kill}
		if d == nil {
			d = m.start(t, j, step.takes, slow, entry)
		} else if end := ends[step.end]; end != nil {
			end(d)
			d = nil
		}
		pass(step.pass)
	}
	if d != nil {
		d.stop()
	}
	if m.schedules[entry.ID] == nil {
		return nil // the store failed every time
	}
	m.fail = nil
	// A tick that falls due in the very moment of the last stop may or may not
	// begin, and both is right: keep away from it.
	if next, ok := entry.Spec.Next(time.Now()); ok && time.Until(next) <= time.Second {
		pass(2 * time.Second)
	}
	until := time.Now()
	d = m.start(t, j, 0, slow, entry)
	pass(time.Second)
	d.stop()

	ended := map[string]bool{}
	for _, line := range j.lines {
		ended[line[len("01 00:00  "):]] = true
	}
	schedule := m.schedules[entry.ID]
	due := 0
	for at, ok := entry.Spec.Next(schedule.since); ok && !at.After(until); at, ok = entry.Spec.Next(at) {
		due++
		tick := schedule.ticks[at.Unix()]
		switch {
		case tick == nil:
			return fmt.Errorf("the tick of %s was forgotten", clockTime(at))
		case tick.status != Done || tick.finished != 1:
			return fmt.Errorf("the tick of %s is %q after %d endings", clockTime(at), tick.status, tick.finished)
		case !ended["a "+clockTime(at)+" ends"]:
			return fmt.Errorf("the tick of %s is recorded as done, but no run of it ended", clockTime(at))
		}
	}
	if due != len(schedule.ticks) {
		return fmt.Errorf("%d ticks in the store, but %d fell due", len(schedule.ticks), due)
	}
	return nil
}
