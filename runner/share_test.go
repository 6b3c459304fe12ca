package runner

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pipe/lineage"
	"pipe/pipeline"
	"pipe/runner/machine"
)

// shared are two worlds on one machine: two projects, with stores of their own.
func shared(t *testing.T) (a, b *world) {
	path := filepath.Join(t.TempDir(), "slots")
	var list []*world
	for range 2 {
		w := newWorld(t)
		w.runner.Capacity.GPU = 1
		w.runner.Machine = &machine.Machine{Locks: machine.NewLocks(path), CPU: 2, Memory: 1 << 30, GPUs: []string{"7"}, Limits: map[string]int{"db": 1}}
		list = append(list, w)
	}
	return list[0], list[1]
}

// until waits for an event of a world.
func (w *world) until(match func(Event) bool) {
	w.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		w.mu.Lock()
		found := slices.ContainsFunc(w.events, match)
		w.mu.Unlock()
		if found {
			return
		}
		if time.Now().After(deadline) {
			w.Fatal("the event does not come")
		}
	}
}

func waits(lacks string) func(Event) bool {
	return func(ev Event) bool { w, ok := ev.(StageWaiting); return ok && w.Lacks == lacks }
}

// What one run has of the machine another one waits for, and says whom for; what
// else it has to do goes on meanwhile.
func TestRunsShareTheMachine(t *testing.T) {
	for _, resources := range []string{"gpu: 1", "cpu: 2", "memory: 600MiB", "limits: {db: 1}"} {
		t.Run(resources, func(t *testing.T) {
			a, b := shared(t)
			// Both CPUs of the run are at hand for the wide stage, which waits.
			first := make(chan *Result)
			go func() {
				res, err := a.run("  s: {uses: hold, with: {text: a}, resources: {"+resources+"}}\n", Options{})
				if err != nil {
					t.Error(err)
				}
				first <- res
			}()
			a.until(func(ev Event) bool { _, ok := ev.(StageStarted); return ok })
			second := make(chan *Result)
			go func() {
				res, err := b.run("  s: {uses: hold, with: {text: b}, resources: {"+resources+"}}\n  other: {uses: text, with: {text: o}}\n", Options{})
				if err != nil {
					t.Error(err)
				}
				second <- res
			}()
			kind, _, _ := strings.Cut(resources, ":")
			if kind == "limits" {
				kind = "db"
			}
			b.until(waits(kind))
			b.until(func(ev Event) bool { f, ok := ev.(StageFinished); return ok && f.Stage == "other" })
			if n := b.inside.Load(); n != 0 {
				t.Error("both run at once")
			}
			a.hold <- struct{}{}
			res := <-first
			b.hold <- struct{}{}
			<-second
			b.mu.Lock()
			defer b.mu.Unlock()
			i := slices.IndexFunc(b.events, waits(kind))
			if w := b.events[i].(StageWaiting); w.Stage != "s" || w.Holder != "p/s of run "+res.RunID {
				t.Errorf("it said %+v", w)
			}
		})
	}
}

// Who waits can be stopped, and then holds up nobody.
func TestWaitingForTheMachineCanBeCancelled(t *testing.T) {
	a, b := shared(t)
	const stages = "  s: {uses: hold, with: {text: a}, resources: {gpu: 1}}\n"
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, err := a.run(stages, Options{}); err != nil {
			t.Error(err)
		}
	}()
	a.until(func(ev Event) bool { _, ok := ev.(StageStarted); return ok })
	b.runner.Machine.Patience = time.Nanosecond // it even has the turn
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error)
	go func() {
		_, err := b.runner.Run(ctx, b.plan(stages), Options{})
		stopped <- err
	}()
	b.until(waits("gpu"))
	cancel()
	if err := <-stopped; !errors.Is(err, ErrInterrupted) {
		t.Error(err)
	}
	a.hold <- struct{}{}
	<-done
	go func() { a.hold <- struct{}{} }()
	if res, err := a.run("  again: {uses: hold, with: {text: b}, resources: {gpu: 1}}\n", Options{}); err != nil || res.Count(lineage.Succeeded) != 1 {
		t.Error(res, err)
	}
}

// A stage is told which GPUs it has, a plain one none, and an unknown limit is no
// reason to wait.
func TestStagesKnowTheirGPUs(t *testing.T) {
	w, _ := shared(t)
	var got atomic.Value
	kind := pipeline.Kind{Name: "tells", Version: 1, Doc: "For the test of the runner.", Example: "s:\n  uses: tells\n",
		Outputs: []pipeline.Port{{Name: "out", Type: pipeline.File, Doc: "Text."}},
		New: func() pipeline.Stage {
			return &config{run: func(_ context.Context, c *config, env pipeline.Env) error {
				got.Store(strings.Join(env.GPUs(), ","))
				return copyInputs(env, c.Text)
			}}
		}}
	w.reg = pipeline.NewRegistry(kind)
	for resources, want := range map[string]string{"gpu: 1": "7", "cpu: 1": ""} {
		if _, err := w.run("  s: {uses: tells, cache: false, resources: {"+resources+"}}\n", Options{}); err != nil || got.Load() != want {
			t.Errorf("%s: it has %q, %v; want %q", resources, got.Load(), err, want)
		}
	}
	plan := w.plan("  s: {uses: tells, with: {text: new}, resources: {limits: {web: 1}}}\n")
	if _, err := w.runner.Run(t.Context(), plan, Options{}); err == nil || !strings.Contains(err.Error(), `limit "web"`) {
		t.Error(err)
	}
}

// What is in the cache needs nothing of the machine.
func TestCachedStageNeedsNoResources(t *testing.T) {
	w, _ := shared(t)
	const stages = "  s: {uses: text, with: {text: a}, resources: {gpu: 1, limits: {db: 1}}}\n"
	if _, err := w.run(stages, Options{}); err != nil {
		t.Fatal(err)
	}
	w.runner.Capacity.GPU, w.runner.Machine.GPUs, w.runner.Machine.Limits = 0, nil, nil
	if res, err := w.run(stages, Options{}); err != nil || res.Count(lineage.Cached) != 1 {
		t.Errorf("%+v, %v", res, err)
	}
	if _, err := w.runner.Run(t.Context(), w.plan(stages), Options{Force: []string{"s"}}); err == nil {
		t.Error("a stage ran that cannot")
	}
}
