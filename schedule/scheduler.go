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
	Text string // of the file, which the Store keeps and Start gets
}

// A Tick is a run that fell due.
type Tick struct {
	Entry Entry
	At    time.Time // when it fell due, in the time zone of the schedule
	Again bool      // it was under way in a process that died, and may have done part of the work
	Asked bool      // a person asked for it
}

// ErrSuperseded is the cause of the cancellation of a run whose pipeline has
// fallen due again, under OverlapCancelRunning.
var ErrSuperseded = errors.New("cancelled because the pipeline fell due again")

// A Scheduler starts pipelines when they fall due. Fill in the fields, then
// call Run.
type Scheduler struct {
	Store Store
	// Entries lists the pipelines that have schedules. It is called at the
	// start and then every Poll, so edits take effect while running. If it
	// fails, the schedules that are known go on. It has a goroutine of its own:
	// a file system that hangs holds up nothing else.
	Entries func(ctx context.Context) ([]Entry, error)
	// Start runs a pipeline and returns when it has ended. It is called in a
	// goroutine of its own, at most once at a time for each entry.
	Start func(ctx context.Context, tick Tick) error
	Log   *slog.Logger

	Now  func() time.Time // nil: time.Now
	Poll time.Duration    // zero: DefaultPoll

	// AskedOnly restricts it to the ticks that a person asked for. Run then
	// ends when there is none left, whoever worked them off.
	AskedOnly bool
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
// Of several Schedulers one acts for each schedule; the others stand by, and one
// of them goes on when the first has ended. So what holds for a schedule, that
// its runs do not overlap above all, holds over all processes.
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
		listed:    make(chan listing, 1),
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
	listing   bool   // Entries is at work
	listed    chan listing
	ended     chan result
	running   int
}

// A listing is what Entries returned.
type listing struct {
	entries []Entry
	err     error
}

// A line is one schedule with its runs.
type line struct {
	entry    Entry
	acting   bool // this process acts for it; if not, another one does
	standBy  bool // another one does, and that has been said
	known    bool // the store has it, and state is valid
	removed  bool // no longer listed; kept until its run has ended
	state    State
	nextKeep time.Time
	queue    []Tick // claimed as they fell due, oldest first
	asked    []Tick // taken on because a person asked, oldest first
	unsaved  []ending
	active   *Tick
	cancel   context.CancelCauseFunc
	behind   bool // the clock is before the watermark, and that has been said
}

// open lists the ticks that this process holds.
func (ln *line) open() []Tick {
	var ticks []Tick
	if ln.active != nil {
		ticks = append(ticks, *ln.active)
	}
	return append(append(ticks, ln.queue...), ln.asked...)
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
		case got := <-l.listed:
			l.listing = false
			l.reload(ctx, got)
		case <-timer.C:
		}
		if ctx.Err() != nil || closed(stop) {
			continue
		}
		wait := l.round(ctx)
		if l.AskedOnly && l.idle() {
			l.drain(ctx)
			return
		}
		timer.Reset(wait)
	}
}

// idle reports whether nothing is left of what people asked for.
func (l *loop) idle() bool {
	if len(l.lines) == 0 {
		return l.lastError == "" && !l.listing
	}
	for _, ln := range l.lines {
		if !ln.known || ln.state.Asked > 0 || ln.active != nil || len(ln.unsaved) > 0 {
			return false
		}
	}
	return true
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
		if n := len(ln.queue) + len(ln.asked); n > 0 {
			l.Log.Info("ticks left for the next start", "pipeline", ln.entry.Name, "ticks", n)
		}
		l.release(ln)
	}
}

// round does all that is due, and says how long to sleep.
func (l *loop) round(ctx context.Context) time.Duration {
	now := l.now()
	if until := l.nextPoll.Sub(now); until <= 0 || until > l.poll {
		l.list(ctx)
		l.refresh(ctx)
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
			if next, ok := ln.entry.Spec.Next(later(ln.state.Watermark, now)); ok && next.Before(wake) {
				wake = next
			}
		}
		l.startNext(ctx, ln)
	}
	return max(wake.Sub(l.now()), 0)
}

// list asks for the entries, unless that is under way.
func (l *loop) list(ctx context.Context) {
	if l.listing {
		return
	}
	l.listing = true
	go func() {
		var got listing
		got.entries, got.err = l.Entries(ctx)
		l.listed <- got // there is room: one listing at a time
	}()
}

// refresh reads what other processes may have changed.
func (l *loop) refresh(ctx context.Context) {
	var ids []string
	for _, id := range l.order {
		if l.lines[id].known {
			ids = append(ids, id)
		}
	}
	states, err := l.Store.States(ctx, ids)
	if err != nil {
		l.Log.Error("cannot read the schedules of the store; trying again", "error", err)
	}
	for id, state := range states {
		l.see(l.lines[id], state)
	}
}

// see takes over what the store says of a schedule.
func (l *loop) see(ln *line, state State) {
	if state.Paused != ln.state.Paused {
		what := "schedule resumed"
		if state.Paused {
			what = "schedule paused"
		}
		l.Log.Info(what, "pipeline", ln.entry.Name)
	}
	if state.Watermark.Before(ln.state.Watermark) {
		l.Log.Warn("schedule taken up from another time", "pipeline", ln.entry.Name, "from", state.Watermark)
	}
	ln.state = state
}

// reload brings the lines in step with what Entries said.
func (l *loop) reload(ctx context.Context, got listing) {
	if got.err != nil {
		if got.err.Error() != l.lastError {
			l.lastError = got.err.Error()
			l.Log.Error("cannot read the schedules; going on with those that are known", "error", got.err)
		}
		return
	}
	l.lastError = ""
	now := l.now()
	listed := map[string]bool{}
	for _, e := range got.entries {
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
		case ln.entry.Text != e.Text:
			ln.known = false // the store keeps the text
		}
		ln.entry, ln.removed = e, false
	}
	l.order = l.order[:0]
	for _, id := range slices.Sorted(maps.Keys(l.lines)) {
		ln := l.lines[id]
		if !listed[id] && !ln.removed {
			ln.removed = true
			l.Log.Info("schedule removed", "pipeline", ln.entry.Name, "file", id)
			l.drop(ctx, ln, &ln.queue, "the pipeline has no schedule any more")
			l.drop(ctx, ln, &ln.asked, "the pipeline has no schedule any more")
		}
		if ln.removed && ln.active == nil && len(ln.unsaved) == 0 {
			l.release(ln)
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
