package schedule

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"
)

// An Entry is one pipeline that has a schedule.
type Entry struct {
	ID   string // names the schedule in the Store: the path of the pipeline file
	Name string // of the pipeline, for messages
	Spec Spec   // must be valid
}

// A Tick is a run that fell due.
type Tick struct {
	Entry Entry
	At    time.Time // when it fell due, in the time zone of the schedule
	Again bool      // it was under way in a process that died, and may have done part of the work
}

// ErrSuperseded is the cause of the cancellation of a run whose pipeline has
// fallen due again, under OverlapCancelRunning.
var ErrSuperseded = errors.New("cancelled because the pipeline fell due again")

// A Scheduler starts pipelines when they fall due. Fill in the fields, then
// call Run.
type Scheduler struct {
	Store Store
	// Entries lists the pipelines that have schedules. It is called from Run
	// at the start and then every Poll, so edits take effect while running. If
	// it fails, the schedules that are known go on.
	Entries func() ([]Entry, error)
	// Start runs a pipeline and returns when it has ended. It is called in a
	// goroutine of its own, at most once at a time for each entry.
	Start func(ctx context.Context, tick Tick) error
	Log   *slog.Logger

	Now  func() time.Time // nil: time.Now
	Poll time.Duration    // zero: DefaultPoll
}

// DefaultPoll is how often a Scheduler looks for edited schedules. It never
// sleeps longer, so it also is how late a tick can be after the clock was set
// or the machine was suspended.
const DefaultPoll = 5 * time.Second

// Run starts due ticks until ctx or stop ends; every goroutine has ended when
// it returns.
//
// When stop is closed no further tick starts, and Run waits for those that are
// running. When ctx ends they are cancelled as well. Ticks that were claimed
// but not finished in either case stay open in the store, and the next
// Scheduler begins with them.
//
// Errors of the store and of Entries are logged and tried again; Run returns
// an error only for a Scheduler that lacks a field.
func (s *Scheduler) Run(ctx context.Context, stop <-chan struct{}) error {
	if s.Store == nil || s.Entries == nil || s.Start == nil || s.Log == nil {
		return errors.New("scheduler: Store, Entries, Start and Log must be set")
	}
	l := &loop{
		Scheduler: s,
		now:       s.Now,
		poll:      s.Poll,
		lines:     map[string]*line{},
		ended:     make(chan result),
	}
	if l.now == nil {
		l.now = time.Now
	}
	if l.poll <= 0 {
		l.poll = DefaultPoll
	}
	l.run(ctx, stop)
	return nil
}

// A loop is the state of one call of Run. Only its own goroutine touches it;
// runs report through ended.
type loop struct {
	*Scheduler
	now  func() time.Time
	poll time.Duration

	lines     map[string]*line
	order     []string // keys of lines, sorted
	nextPoll  time.Time
	lastError string // of Entries, to log it once
	ended     chan result
	running   int
}

// A line is one schedule with its runs.
type line struct {
	entry     Entry
	known     bool // the store has it, and watermark is valid
	removed   bool // no longer listed; kept until its run has ended
	watermark time.Time
	nextKeep  time.Time
	queue     []Tick // claimed, oldest first
	unsaved   []ending
	active    *Tick
	cancel    context.CancelCauseFunc
	behind    bool // the clock is before the watermark, and that has been said
}

// open lists the ticks that this process holds.
func (ln *line) open() []Tick {
	var ticks []Tick
	if ln.active != nil {
		ticks = append(ticks, *ln.active)
	}
	return append(ticks, ln.queue...)
}

// A result is what Start returned for the active tick of a line.
type result struct {
	id  string
	err error
	// cause is why the context of the run had ended when Start returned, nil
	// if it had not.
	cause error
}

// An ending is the result of a tick.
type ending struct {
	tick   Tick
	status string
	note   string
}

func (l *loop) run(ctx context.Context, stop <-chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			l.drain(ctx)
			return
		case <-stop:
			l.drain(ctx)
			return
		case r := <-l.ended:
			l.finished(ctx, r)
		case <-timer.C:
		}
		if ctx.Err() != nil || closed(stop) {
			continue
		}
		timer.Reset(l.round(ctx))
	}
}

// drain waits for the runs under way. The store is used without ctx, which may
// have ended, so that their results are not lost.
func (l *loop) drain(ctx context.Context) {
	store := context.WithoutCancel(ctx)
	for l.running > 0 {
		l.finished(store, <-l.ended)
	}
	for _, id := range l.order {
		ln := l.lines[id]
		l.save(store, ln)
		if n := len(ln.queue); n > 0 {
			l.Log.Info("ticks left for the next start", "pipeline", ln.entry.Name, "ticks", n)
		}
	}
}

// round does all that is due, and says how long to sleep.
func (l *loop) round(ctx context.Context) time.Duration {
	now := l.now()
	if until := l.nextPoll.Sub(now); until <= 0 || until > l.poll {
		l.reload(ctx, now)
		l.nextPoll = now.Add(l.poll)
	}
	wake := l.nextPoll
	for _, id := range l.order {
		ln := l.lines[id]
		l.save(ctx, ln)
		if !ln.removed {
			if err := l.advance(ctx, ln, now); err != nil {
				l.storeError(ln, err)
			}
			if next, ok := ln.entry.Spec.Next(later(ln.watermark, now)); ok && next.Before(wake) {
				wake = next
			}
		}
		l.startNext(ctx, ln)
	}
	return max(wake.Sub(l.now()), 0)
}

// reload brings the lines in step with Entries.
func (l *loop) reload(ctx context.Context, now time.Time) {
	entries, err := l.Entries()
	if err != nil {
		if err.Error() != l.lastError {
			l.lastError = err.Error()
			l.Log.Error("cannot read the schedules; going on with those that are known", "error", err)
		}
		return
	}
	l.lastError = ""
	listed := map[string]bool{}
	for _, e := range entries {
		if listed[e.ID] {
			continue
		}
		listed[e.ID] = true
		ln := l.lines[e.ID]
		switch {
		case ln == nil:
			l.lines[e.ID] = &line{entry: e}
			l.announce("schedule", e, now)
			continue
		case ln.removed || ln.entry.Spec.Expression() != e.Spec.Expression():
			ln.known = false
			l.announce("schedule changed", e, now)
		}
		ln.entry, ln.removed = e, false
	}
	l.order = l.order[:0]
	for _, id := range slices.Sorted(maps.Keys(l.lines)) {
		ln := l.lines[id]
		if !listed[id] && !ln.removed {
			ln.removed = true
			l.Log.Info("schedule removed", "pipeline", ln.entry.Name, "file", id)
			l.drop(ctx, ln, "the pipeline has no schedule any more")
		}
		if ln.removed && ln.active == nil && len(ln.unsaved) == 0 {
			delete(l.lines, id)
			continue
		}
		l.order = append(l.order, id)
	}
}

func (l *loop) announce(what string, e Entry, now time.Time) {
	next, _ := e.Spec.Next(now)
	l.Log.Info(what, "pipeline", e.Name, "file", e.ID, "cron", e.Spec.Expression(), "next", next)
}
