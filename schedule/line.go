package schedule

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// advance claims what fell due up to now, each tick with the verdict of the
// policies, and lines up those that are to run. Ticks are claimed in order, so
// whatever ends it early leaves the rest to a later round.
func (l *loop) advance(ctx context.Context, ln *line, now time.Time) error {
	if ok, err := l.hold(ctx, ln); !ok || err != nil {
		return err
	}
	if !ln.known {
		state, err := l.Store.EnsureSchedule(ctx, ln.entry, now)
		if err != nil {
			return err
		}
		ln.known, ln.state, ln.nextKeep = true, state, now
	}
	if err := l.keep(ctx, ln, now); err != nil {
		return err
	}
	if l.AskedOnly {
		return l.takeAsked(ctx, ln)
	}
	if behind := ln.state.Watermark.Sub(now) > Late; behind != ln.behind {
		ln.behind = behind
		if behind {
			l.Log.Warn("the clock is behind the last tick; nothing runs until it has caught up. If it was wrong then, `pipe schedule reset` mends it",
				"pipeline", ln.entry.Name, "file", ln.entry.ID, "last", ln.state.Watermark, "clock", now)
		}
	}
	run, missed := ln.entry.Spec.Due(ln.state.Watermark, now)
	if n := len(missed) - ln.entry.Spec.limit(); n > 0 {
		l.Log.Warn("many ticks were missed; only the newest are recorded", "pipeline", ln.entry.Name, "unrecorded", n)
		missed = missed[n:]
	}
	for _, at := range missed {
		if _, err := l.claim(ctx, ln, at, Missed, "no scheduler was running, or it was suspended"); err != nil {
			return err
		}
	}
	if err := l.lineUp(ctx, ln, run); err != nil {
		return err
	}
	return l.takeAsked(ctx, ln)
}

// hold makes this process the one that acts for a schedule, unless another one
// does. What that one has done is read when it has ended.
func (l *loop) hold(ctx context.Context, ln *line) (bool, error) {
	if ln.acting {
		return true, nil
	}
	ok, err := l.Store.Hold(ctx, ln.entry.ID)
	if err != nil {
		return false, err
	}
	if ok {
		if ln.standBy {
			l.Log.Info("the other process has ended; this one acts for the schedule", "pipeline", ln.entry.Name)
		}
		ln.acting, ln.standBy, ln.known = true, false, false
		return true, nil
	}
	if !ln.standBy {
		ln.standBy = true
		l.Log.Info("another process acts for the schedule; standing by", "pipeline", ln.entry.Name, "file", ln.entry.ID)
	}
	if l.AskedOnly { // it may be working off what this one waits for
		states, err := l.Store.States(ctx, []string{ln.entry.ID})
		if state, ok := states[ln.entry.ID]; ok {
			ln.known, ln.state = true, state
		}
		return false, err
	}
	return false, nil
}

func (l *loop) release(ln *line) {
	if ln.acting {
		ln.acting = false
		l.Store.Release(ln.entry.ID)
	}
}

// keep tells the store that this process lives, and takes on what dead processes
// left open. That need not show at the start: whether a process of another
// machine is dead can only be told after a while.
func (l *loop) keep(ctx context.Context, ln *line, now time.Time) error {
	if until := ln.nextKeep.Sub(now); until > 0 && until <= KeepInterval {
		return nil
	}
	for _, t := range ln.open() {
		if err := l.Store.KeepTick(ctx, ln.entry.ID, t.At); err != nil {
			return err
		}
	}
	left, err := l.Store.TakeOverTicks(ctx, ln.entry.ID, l.AskedOnly)
	if err != nil {
		return err
	}
	var again []Tick
	for _, t := range left {
		t.Entry, t.At, t.Again = ln.entry, ln.entry.Spec.local(t.At), true
		if t.Asked {
			ln.asked = append(ln.asked, t)
		} else {
			again = append(again, t)
		}
	}
	ln.queue = append(again, ln.queue...)
	ln.nextKeep = now.Add(KeepInterval)
	return nil
}

// takeAsked takes on what a person asks for, one tick at a time and when nothing
// else is to be done: until then it can be given up.
func (l *loop) takeAsked(ctx context.Context, ln *line) error {
	if ln.state.Waiting == 0 || len(ln.open()) > 0 {
		return nil
	}
	at, ok, err := l.Store.TakeAsked(ctx, ln.entry.ID)
	switch {
	case err != nil:
		return err
	case ok:
		ln.asked = append(ln.asked, Tick{Entry: ln.entry, At: ln.entry.Spec.local(at), Asked: true})
		ln.state.Waiting--
	default:
		ln.state.Waiting = 0 // they were given up
	}
	return nil
}

// lineUp claims ticks that fell due together. The overlap policy is about a
// run that is under way; what is caught up on at once, open ticks of a dead
// process included, always runs one after the other.
func (l *loop) lineUp(ctx context.Context, ln *line, run []time.Time) error {
	if len(run) == 0 {
		return nil
	}
	verdict := l.overlap(ctx, ln)
	for i, at := range run {
		status, note := "", verdict(i)
		if note != "" {
			status = Skipped
		}
		mine, err := l.claim(ctx, ln, at, status, note)
		if err != nil {
			return err
		}
		if mine && status == "" {
			ln.queue = append(ln.queue, Tick{Entry: ln.entry, At: at})
		}
	}
	return nil
}

// overlap says of the first, second, ... tick that falls due now why it does not
// run; empty if it does. A run that a person asked for is no reason to skip one
// that was due, nor to be cancelled by it: that one waits.
func (l *loop) overlap(ctx context.Context, ln *line) (verdict func(i int) string) {
	before := ln.active
	if ln.state.Paused {
		return func(int) string { return "the schedule was paused" }
	}
	if before == nil {
		return func(int) string { return "" }
	}
	room := ln.entry.Spec.limit() - len(ln.queue)
	switch {
	case ln.entry.Spec.Overlap == OverlapQueue:
	case ln.entry.Spec.Overlap == OverlapCancelRunning:
		if !before.Asked {
			ln.cancel(ErrSuperseded)
		}
		l.drop(ctx, ln, &ln.queue, "the pipeline fell due again")
		return func(int) string { return "" }
	case before.Asked:
		room = 1 - len(ln.queue)
	default:
		return func(int) string {
			return fmt.Sprintf("the run of %s had not ended", before.At.Format(time.RFC3339))
		}
	}
	waiting := len(ln.queue) + max(room, 0)
	return func(i int) string {
		if i < room {
			return ""
		}
		return fmt.Sprintf("%d ticks are waiting already", waiting)
	}
}

// claim takes a tick. It is not mine if another process has taken it.
func (l *loop) claim(ctx context.Context, ln *line, at time.Time, status, note string) (mine bool, err error) {
	mine, err = l.Store.ClaimTick(ctx, ln.entry.ID, at, status, note)
	if err != nil {
		return false, err
	}
	ln.state.Watermark = at
	if mine && status != "" {
		l.Log.Warn("tick "+status, "pipeline", ln.entry.Name, "at", at, "note", note)
	}
	return mine, nil
}

// drop gives up what waits in a queue.
func (l *loop) drop(ctx context.Context, ln *line, queue *[]Tick, note string) {
	for _, t := range *queue {
		l.finish(ctx, ln, ending{t, Skipped, note})
	}
	*queue = nil
}

// startNext starts the oldest waiting tick unless one is running: those that
// were due go before those that a person asked for, which may be many.
func (l *loop) startNext(ctx context.Context, ln *line) {
	queue := &ln.queue
	if len(*queue) == 0 || ln.state.Paused {
		queue = &ln.asked
	}
	if ln.active != nil || len(*queue) == 0 {
		return
	}
	tick := (*queue)[0]
	*queue = (*queue)[1:]
	tick.Entry = ln.entry // it may have been edited since
	runCtx, cancel := context.WithCancelCause(ctx)
	ln.active, ln.cancel = &tick, cancel
	l.running++
	l.Log.Info("run due", "pipeline", tick.Entry.Name, "at", tick.At, "again", tick.Again, "asked", tick.Asked)
	go func() {
		err := l.Start(runCtx, tick)
		l.ended <- result{id: tick.Entry.ID, err: err, cause: context.Cause(runCtx)}
		cancel(nil)
	}()
}

// finished takes in the result of a run. A run that was cancelled because the
// scheduler ends has no ending: its tick stays open in the store.
func (l *loop) finished(ctx context.Context, r result) {
	ln := l.lines[r.id]
	tick := *ln.active
	ln.active, ln.cancel = nil, nil
	if tick.Asked {
		ln.state.Asked--
	}
	l.running--
	switch {
	case r.err == nil:
		l.finish(ctx, ln, ending{tick, Done, ""})
	case errors.Is(r.cause, ErrSuperseded):
		l.finish(ctx, ln, ending{tick, Skipped, r.cause.Error()})
	case r.cause != nil:
		l.Log.Info("run interrupted; it is taken up at the next start", "pipeline", tick.Entry.Name, "at", tick.At)
	default:
		l.finish(ctx, ln, ending{tick, Failed, r.err.Error()})
	}
}

// finish logs how a tick ended and records it.
func (l *loop) finish(ctx context.Context, ln *line, e ending) {
	attrs := []any{"pipeline", ln.entry.Name, "at", e.tick.At}
	if e.status == Done {
		l.Log.Info("run done", attrs...)
	} else {
		l.Log.Warn("run "+e.status, append(attrs, "note", e.note)...)
	}
	ln.unsaved = append(ln.unsaved, e)
	l.save(ctx, ln)
}

// save writes endings that the store has not got yet. Until it has them the
// tick counts as running there, and a restart would run it again.
func (l *loop) save(ctx context.Context, ln *line) {
	for len(ln.unsaved) > 0 {
		e := ln.unsaved[0]
		if err := l.Store.FinishTick(ctx, ln.entry.ID, e.tick.At, e.status, e.note); err != nil {
			l.storeError(ln, err)
			return
		}
		ln.unsaved = ln.unsaved[1:]
	}
}

func (l *loop) storeError(ln *line, err error) {
	l.Log.Error("cannot record the schedule; trying again", "pipeline", ln.entry.Name, "error", err)
}

// later is the later of two times.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
