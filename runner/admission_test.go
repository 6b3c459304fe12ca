package runner

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pipe/lineage"
	"pipe/pipeline"
)

// started lists the stages in the order in which they began.
func (w *world) started() (names []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, ev := range w.events {
		if ev, ok := ev.(StageStarted); ok {
			names = append(names, ev.Stage)
		}
	}
	return names
}

// A stage that wants both CPUs is ready from the beginning, and there is never
// a moment at which both are free, unless one is kept for it.
func TestWideStageIsNotStarved(t *testing.T) {
	w := newWorld(t)
	var b strings.Builder
	// The first stage keeps one CPU busy until it is told to end.
	b.WriteString("  a: {uses: hold, with: {text: a}}\n  wide: {uses: text, with: {text: w}, resources: {cpu: 2}}\n")
	const narrow = 60
	for i := range narrow {
		fmt.Fprintf(&b, "  n%02d: {uses: text, with: {text: n%d}}\n", i, i)
	}
	go func() {
		for len(w.started()) < patience+1 { // the rest waits behind the wide one
			time.Sleep(time.Millisecond)
		}
		w.hold <- struct{}{}
	}()
	res, err := w.run(b.String(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := res.Count(lineage.Succeeded); got != narrow+2 {
		t.Errorf("%d stages ran", got)
	}
	if at := slices.Index(w.started(), "wide"); at != patience+1 {
		t.Errorf("the wide stage began as number %d, want %d", at+1, patience+2)
	}
}

// What is kept for one stage does not hold up those that do not want it.
func TestKeptResourcesAreThoseThatLack(t *testing.T) {
	free := pipeline.Resources{CPU: 4, Memory: 100, GPU: 1}
	kept := lacking(pipeline.Resources{CPU: 1, GPU: 2}, free)
	if kept.needed(pipeline.Resources{CPU: 3, Memory: 50}) || !kept.needed(pipeline.Resources{CPU: 1, GPU: 1}) {
		t.Errorf("%+v keeps the wrong resources", kept)
	}
}

func TestGPUSlotsAreShared(t *testing.T) {
	w := newWorld(t)
	w.runner.Capacity = pipeline.Resources{CPU: 8, Memory: 1 << 30, GPU: 2}
	var b strings.Builder
	for i := range 6 {
		fmt.Fprintf(&b, "  g%d: {uses: hold, with: {text: g%d}, resources: {gpu: 1, memory: 100MiB}}\n", i, i)
	}
	go func() {
		for range 6 {
			w.hold <- struct{}{}
		}
	}()
	if _, err := w.run(b.String(), Options{}); err != nil {
		t.Fatal(err)
	}
	if peak := w.peak.Load(); peak > 2 {
		t.Errorf("%d stages held the two GPUs at once", peak)
	}
}

// Each attempt has more time and more memory than the one before.
func TestAttemptsGrow(t *testing.T) {
	w := newWorld(t)
	w.flaky.Store(2)
	go func() {
		<-w.hold // the attempts of `waits` that time out
		<-w.hold
	}()
	res, err := w.run("  s: {uses: waits, timeout: {limit: 1ms, backoff: 3}, retry: {limit: 1, delay: 0s}}\n", Options{})
	if err == nil || !strings.Contains(err.Error(), "timed out after 3ms") {
		t.Errorf("error %v, want one of the second limit", err)
	}
	if got := statuses(res); got != "s:failed" {
		t.Error(got)
	}

	step := w.plan("  s: {uses: text, resources: {memory: 400MiB, memory_backoff: 2}}\n").Steps[0]
	e := &execution{Runner: w.runner, plan: &pipeline.Plan{Steps: []*pipeline.Step{step}}, states: make([]stepState, 1)}
	for tried, want := range []int64{400 << 20, 800 << 20, 1 << 30} {
		if got := e.need(job{tried: tried}).Memory; got != want {
			t.Errorf("attempt %d takes %d bytes, want %d", tried+1, got, want)
		}
	}
	if _, err := w.run("  s: {uses: flaky, resources: {memory: 400MiB, memory_backoff: 2}, retry: {limit: 2, delay: 0s}}\n", Options{}); err != nil {
		t.Error(err)
	}
}
