package runner

import (
	"context"
	"slices"
	"time"

	"pipe/artifacts"
)

// A foreign is the set of stages whose work another process is doing. They
// hold neither resources nor claims while they wait, so that processes cannot
// wait for each other in a circle.
type foreign struct {
	waits []foreignWait
	pause time.Duration // until the next look
}

type foreignWait struct {
	step int
	key  artifacts.Key
}

// How often the claims of other processes are looked at. Trivial stages end
// within the shortest pause; of a long one, the longest is a small part.
const (
	shortestPause = 2 * time.Millisecond
	longestPause  = 100 * time.Millisecond
)

func (f *foreign) none() bool { return len(f.waits) == 0 }

// leave sets a stage aside because another process has claimed its work.
func (e *execution) leave(res jobResult) {
	e.foreign.waits = append(e.foreign.waits, foreignWait{step: res.step, key: res.key})
	e.foreign.pause = shortestPause
	e.emit(StageWaiting{Stage: e.plan.Steps[res.step].Name, PID: res.claimed.PID})
}

// wait waits for the next result, or until it is time to look at the claims
// of other processes, or to ask the machine again.
func (e *execution) wait(ctx context.Context) {
	var look <-chan time.Time
	var stop <-chan struct{}
	if pause := e.pause(); pause > 0 && !e.stopping(ctx) {
		timer := time.NewTimer(pause)
		defer timer.Stop()
		look, stop = timer.C, ctx.Done()
	}
	select {
	case res := <-e.results:
		e.finish(res)
	case <-look:
		e.lookAtForeign()
	case <-stop:
	}
}

// pause is how long to wait for results before it is time to look elsewhere; 0
// is as long as it takes.
func (e *execution) pause() time.Duration {
	switch {
	case e.refused.none() && e.foreign.none():
		return 0
	case e.refused.none():
		return e.foreign.pause
	case e.foreign.none():
		return e.refused.pause
	}
	return min(e.foreign.pause, e.refused.pause)
}

// lookAtForeign makes the stages ready again whose claims have ended: the
// other process has made what they need, has failed, or is dead.
func (e *execution) lookAtForeign() {
	before := len(e.foreign.waits)
	e.foreign.waits = slices.DeleteFunc(e.foreign.waits, func(w foreignWait) bool {
		if e.claims.Claimed(w.key.String()) {
			return false
		}
		e.ready = append(append(e.ready, w.step), e.making[w.key]...)
		delete(e.making, w.key)
		return true
	})
	e.foreign.pause = min(2*e.foreign.pause, longestPause)
	if len(e.foreign.waits) < before {
		e.foreign.pause = shortestPause
	}
}
