package runner

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/pipeline"
)

// another is a second process on the same store, as far as claims and
// database connections go.
func (w *world) another(observe func(Event)) *Runner {
	w.Helper()
	store, err := artifacts.Open(filepath.Join(w.dir, ".pipe"))
	if err != nil {
		w.Fatal(err)
	}
	db, err := lineage.Open(filepath.Join(w.dir, ".pipe", "lineage.db"))
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { db.Close() })
	return &Runner{Store: store, DB: db, Capacity: w.runner.Capacity, Observe: observe}
}

func TestWorkOfAnotherProcessIsWaitedFor(t *testing.T) {
	w := newWorld(t)
	const stages = "  a: {uses: hold, with: {text: A}}\n  b: {uses: text, with: {text: B}, inputs: {x: a}}\n"
	waiting := make(chan StageWaiting, 1)
	second := w.another(func(ev Event) {
		if ev, ok := ev.(StageWaiting); ok {
			waiting <- ev
		}
	})
	type end struct {
		res *Result
		err error
	}
	ends := make(chan end)
	start := func(r *Runner) {
		res, err := r.Run(context.Background(), w.plan(stages), Options{})
		ends <- end{res, err}
	}
	go start(w.runner)
	for w.inside.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	go start(second)
	if ev := <-waiting; ev.Stage != "a" || ev.PID == 0 {
		t.Errorf("event %+v", ev)
	}
	w.hold <- struct{}{} // a second call of the stage would hang here
	got := map[lineage.Status]int{}
	for range 2 {
		e := <-ends
		if e.err != nil {
			t.Fatal(e.err)
		}
		for _, s := range e.res.Stages {
			got[s.Status]++
		}
	}
	if got[lineage.Succeeded] != 2 || got[lineage.Cached] != 2 || w.calls.Load() != 1 {
		t.Errorf("%v, b ran %d times; want each stage once in two runs", got, w.calls.Load())
	}
}

// The holder ends without a result, as it does when it dies: whoever waits
// takes over, also what is waited for within the run.
func TestWaiterTakesOver(t *testing.T) {
	w := newWorld(t)
	const stages = "  a: {uses: text, with: {text: A}}\n  b: {uses: text, with: {text: A}}\n"
	key, _ := w.plan(stages).Steps[0].Key(nil, pipeline.Placement{}, nil)
	claim, err := w.runner.Store.Claim(key.String())
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	w.runner.Observe = func(ev Event) {
		if _, ok := ev.(StageWaiting); ok {
			seen++
			claim.Release()
		}
	}
	res, err := w.run(stages, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := statuses(res); got != "a:succeeded b:cached" && got != "a:cached b:succeeded" || seen != 1 {
		t.Errorf("%s after %d events", got, seen)
	}
}

func TestInterruptEndsWaiting(t *testing.T) {
	w := newWorld(t)
	const stages = "  a: {uses: text, with: {text: A}}\n"
	key, _ := w.plan(stages).Steps[0].Key(nil, pipeline.Placement{}, nil)
	claim, err := w.runner.Store.Claim(key.String())
	if err != nil {
		t.Fatal(err)
	}
	defer claim.Release()
	ctx, cancel := context.WithCancel(t.Context())
	w.runner.Observe = func(ev Event) {
		if _, ok := ev.(StageWaiting); ok {
			cancel()
		}
	}
	if _, err := w.runner.Run(ctx, w.plan(stages), Options{}); !errors.Is(err, ErrInterrupted) {
		t.Errorf("error %v, want ErrInterrupted", err)
	}
}
