package schedules

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pipe/base/diag"
	"pipe/lineage/ticks"
	"pipe/schedule"
)

// Ticks that a person asks for are put in line in the table of ticks, where no tick
// is twice, and then worked off, unless another process acts for the schedule: that
// one does it.

// AskNow puts a tick in line for now, and gives its time.
func (p *Picked) AskNow(ctx context.Context) (time.Time, error) {
	at := time.Now().UTC().Truncate(time.Second)
	for ; ; at = at.Add(time.Second) { // the schedule may have a tick at the very second
		ok, err := ticks.Ask(ctx, p.db, p.ID, at, ticks.ForRun)
		if ok || err != nil {
			return at, err
		}
	}
}

// AskAgain puts a tick in line again: that of a time, or the newest that failed if
// the time is empty. It gives its time.
func (p *Picked) AskAgain(ctx context.Context, when string) (time.Time, error) {
	tick, err := p.retried(ctx, when)
	if err != nil {
		return time.Time{}, err
	}
	_, err = ticks.Ask(ctx, p.db, p.ID, tick.ScheduledAt, ticks.ForRetry)
	return tick.ScheduledAt, err
}

// retried finds the tick to try again: at a time, or the newest that failed.
func (p *Picked) retried(ctx context.Context, when string) (ticks.Tick, error) {
	if when == "" {
		newest, err := ticks.Of(ctx, p.db, p.ID, 1000)
		if err != nil {
			return ticks.Tick{}, err
		}
		for _, t := range newest {
			if t.State == ticks.Failed {
				return t, nil
			}
		}
		return ticks.Tick{}, diag.Usage(diag.WithHint(fmt.Errorf("no tick of %s has failed", p.Pipeline), "name another one by its time, see pipe schedule --history"))
	}
	at, _, err := p.day(when)
	if err != nil {
		return ticks.Tick{}, err
	}
	there, err := ticks.Between(ctx, p.db, p.ID, at, at)
	switch {
	case err != nil:
		return ticks.Tick{}, err
	case len(there) == 0:
		return ticks.Tick{}, diag.Usage(diag.WithHint(fmt.Errorf("%s has no tick at %s", p.Pipeline, p.Clock(at)),
			"pipe schedule --history lists them; pipe schedule backfill makes ticks of times without one"))
	case there[0].Finished.IsZero():
		return ticks.Tick{}, diag.Usage(fmt.Errorf("the tick of %s is %s", p.Clock(at), there[0].State))
	case there[0].State == ticks.Done:
		return ticks.Tick{}, diag.Usage(diag.WithHint(fmt.Errorf("the tick of %s is done", p.Clock(at)), "pipe rerun "+there[0].RunID+" repeats its run"))
	}
	return there[0], nil
}

// maxBackfill is the most ticks that are asked for at once.
const maxBackfill = 10000

// A Missed tick is one of a range of past days.
type Missed struct {
	At     time.Time
	State  string // empty if there is none yet
	Wanted bool   // it is not done, nor in line
}

// Missed lists the times at which the schedule, as it is now, was due from one day
// to another, both included, the oldest first. An empty to is now.
func (p *Picked) Missed(ctx context.Context, from, to string) ([]Missed, error) {
	now := time.Now()
	begin, _, err := p.day(from)
	if err != nil {
		return nil, err
	}
	end := now
	if to != "" {
		if _, end, err = p.day(to); err != nil {
			return nil, err
		}
	}
	if end.After(now) {
		end = now
	}
	var times []time.Time
	for at, ok := p.entry.Spec.Next(begin.Add(-time.Second)); ok && !at.After(end); at, ok = p.entry.Spec.Next(at) {
		if len(times) == maxBackfill {
			return nil, diag.Usage(diag.WithHint(fmt.Errorf("there are more than %d ticks in that range", maxBackfill), "take a shorter one"))
		}
		times = append(times, at)
	}
	if len(times) == 0 {
		return nil, diag.Usage(fmt.Errorf("%s was not due between %s and %s", p.Pipeline, p.Clock(begin), p.Clock(end)))
	}
	known, err := ticks.Between(ctx, p.db, p.ID, begin, end)
	if err != nil {
		return nil, err
	}
	states := map[int64]ticks.State{}
	for _, t := range known {
		states[t.ScheduledAt.Unix()] = t.State
	}
	var list []Missed
	for _, at := range times {
		m := Missed{At: at, State: string(states[at.Unix()])}
		switch ticks.State(m.State) {
		case ticks.Done, ticks.Waiting, ticks.Claimed, ticks.Running:
		default:
			m.Wanted = true
		}
		list = append(list, m)
	}
	return list, nil
}

// AskFor puts the ticks of a list in line that are wanted, and gives their times.
func (p *Picked) AskFor(ctx context.Context, list []Missed) ([]time.Time, error) {
	var asked []time.Time
	for _, m := range list {
		if !m.Wanted {
			continue
		}
		ok, err := ticks.Ask(ctx, p.db, p.ID, m.At, ticks.ForBackfill)
		if err != nil {
			return nil, err
		}
		if ok {
			asked = append(asked, m.At)
		}
	}
	return asked, nil
}

// WorkOff runs what was asked for, or waits for the process that does, and gives
// what became of it.
func (s *Service) WorkOff(ctx context.Context, p *Picked, asked []time.Time) ([]ticks.Tick, error) {
	scheduler := s.Scheduler()
	scheduler.AskedOnly = true
	scheduler.Poll = time.Second
	scheduler.Entries = func(context.Context) ([]schedule.Entry, error) { return []schedule.Entry{p.entry}, nil }
	if err := scheduler.Run(ctx, nil); err != nil {
		return nil, err
	}
	if err := context.Cause(ctx); err != nil {
		return nil, diag.WithHint(fmt.Errorf("%w; what was asked for stays in line for the next pipe schedule", err),
			"pipe schedule cancel "+diag.ShellWord(p.Path)+" gives it up")
	}
	list, err := ticks.Between(ctx, p.db, p.ID, asked[0], asked[len(asked)-1])
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list, func(t ticks.Tick) bool {
		return !slices.ContainsFunc(asked, func(at time.Time) bool { return at.Unix() == t.ScheduledAt.Unix() })
	}), nil
}
