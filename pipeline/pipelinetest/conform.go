package pipelinetest

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"pipe/data/format"
	"pipe/pipeline"
)

// patience is how long a cancelled stage may take. A stage that honours its
// context needs next to nothing; one that does not may never end.
const patience = 20 * time.Second

// Conform checks that a kind keeps the contract of pipeline.Stage, with a case
// whose stage succeeds or is stopped by a requirement:
//
//   - its documentation is complete and its example decodes;
//   - an unknown setting is refused;
//   - its settings come out of their canonical form as they were;
//   - the same inputs and seed give the same bytes and metrics, again, with settings
//     out of their canonical form, and on another number of threads;
//   - a cancelled context ends it at once, with the context's error;
//   - if it saves checkpoints, it gives the same bytes, metrics and points when it
//     is cancelled after one and run again, on another number of threads, and when
//     the checkpoint makes no sense;
//   - damaged inputs are errors, never panics, and nothing is kept then.
//
// Run by itself already checks that inputs are closed, that all outputs are
// written, and that the Env is not used after Run returned.
func Conform(t *testing.T, c Case) {
	t.Helper()
	t.Run("documentation", func(t *testing.T) {
		if err := c.Kind.CheckDocs(); err != nil {
			t.Error(err)
		}
	})
	t.Run("registration", func(t *testing.T) { conformRegistration(t, c) })
	t.Run("unknown setting", func(t *testing.T) { conformStrict(t, c) })
	t.Run("canonical form", func(t *testing.T) { conformCanonical(t, c) })
	t.Run("determinism", func(t *testing.T) { conformDeterminism(t, c) })
	t.Run("cancellation", func(t *testing.T) { conformCancellation(t, c) })
	t.Run("checkpoints", func(t *testing.T) { conformCheckpoints(t, c) })
	t.Run("damaged input", func(t *testing.T) { conformDamage(t, c) })
}

func conformRegistration(t testing.TB, c Case) {
	t.Helper()
	err := protect(func() error { pipeline.NewRegistry(c.Kind); return nil })
	var p *panicError
	if errors.As(err, &p) {
		t.Errorf("the kind cannot be registered: %v", p.value)
		return
	}
	if err := c.Kind.CheckSettings(); err != nil {
		t.Errorf("the kind has wrong settings: %v", err)
	}
}

func conformStrict(t testing.TB, c Case) {
	t.Helper()
	const name = "no_such_setting"
	_, err := pipeline.DecodeStage(c.Kind, name+": 1")
	if err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("unknown setting: got error %v, want one that names %q", err, name)
	}
}

func conformCanonical(t testing.TB, c Case) {
	t.Helper()
	stage, err := pipeline.DecodeStage(c.Kind, c.With)
	if err != nil {
		t.Fatal(err)
	}
	if err := pipeline.CheckCanonical(&c.Kind, stage); err != nil {
		t.Error(err)
	}
}

func conformDeterminism(t testing.TB, c Case) {
	t.Helper()
	c.Threads = 4
	first := succeed(t, c)
	compare(t, "a second run", first, succeed(t, c))
	c.elsewhere = true
	compare(t, "a run with settings out of their canonical form", first, succeed(t, c))
	c.elsewhere, c.Threads = false, 1
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	compare(t, "a run on one thread", first, succeed(t, c))
}

// succeed runs a stage that may be stopped by a requirement: it kept its outputs.
func succeed(t testing.TB, c Case) Result {
	t.Helper()
	r, err := RunErr(t, c)
	var unmet *pipeline.RequirementError
	if err != nil && !errors.As(err, &unmet) {
		t.Fatalf("stage of kind %q: %v", c.Kind.Name, err)
	}
	return r
}

func compare(t testing.TB, what string, want, got Result) {
	t.Helper()
	for _, port := range slices.Sorted(maps.Keys(want.Outputs)) {
		w, g := want.Outputs[port], got.Outputs[port]
		if !bytes.Equal(w, g) {
			t.Errorf("%s made other bytes of %q: %d bytes, then %d, first different at offset %d",
				what, port, len(w), len(g), firstDifference(w, g))
		}
	}
	if len(want.Outputs) != len(got.Outputs) {
		t.Errorf("%s made %d outputs, not %d", what, len(got.Outputs), len(want.Outputs))
	}
	if !reflect.DeepEqual(want.Metrics, got.Metrics) {
		t.Errorf("%s had the metrics %v, not %v", what, got.Metrics, want.Metrics)
	}
	if !slices.Equal(want.Points, got.Points) {
		t.Errorf("%s had other points", what)
	}
}

func firstDifference(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

func conformCancellation(t testing.TB, c Case) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	timer := time.AfterFunc(patience, func() {
		panic("pipelinetest: stage of kind " + c.Kind.Name + " ignores its context")
	})
	defer timer.Stop()
	r, err := run(ctx, t, c)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: got error %v, want context.Canceled", err)
	}
	if len(r.Outputs) > 0 {
		t.Errorf("with a cancelled context: outputs were kept")
	}
}

// conformDamage cuts each input short. Whether bytes that have no form of
// their own are damaged cannot be told, but they must not make a stage panic.
func conformDamage(t testing.TB, c Case) {
	t.Helper()
	for _, port := range slices.Sorted(maps.Keys(c.Inputs)) {
		data := c.Inputs[port]
		for _, cut := range []int{0, 1, len(data) / 2, len(data) - 2} {
			if cut < 0 || cut >= len(data) {
				continue
			}
			damaged := c
			damaged.Inputs = maps.Clone(c.Inputs)
			damaged.Inputs[port] = data[:cut]
			checkDamage(t, damaged, port, cut)
		}
	}
}

func checkDamage(t testing.TB, c Case, port string, cut int) {
	t.Helper()
	r, err := RunErr(t, c)
	var p *panicError
	if errors.As(err, &p) {
		t.Errorf("input %q cut to %d bytes: %v", port, cut, err)
	}
	if err == nil && structured(c.Kind.Inputs, port) {
		t.Errorf("input %q cut to %d bytes: no error", port, cut)
	}
	var unmet *pipeline.RequirementError
	if err != nil && !errors.As(err, &unmet) && len(r.Outputs) > 0 {
		t.Errorf("input %q cut to %d bytes: outputs were kept", port, cut)
	}
}

// structured reports whether a prefix of a port's bytes is not valid itself.
func structured(ports []pipeline.Port, name string) bool {
	for _, p := range ports {
		if p.Name != name && p.Name != "*" {
			continue
		}
		return format.Of(p.Type).Structured
	}
	return false
}
