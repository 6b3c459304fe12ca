package pipelinetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pipe/pipeline"
)

// conformCheckpoints interrupts a stage after its first, a middle and its last
// checkpoint, and runs it again from there.
func conformCheckpoints(t testing.TB, c Case) {
	t.Helper()
	c.Threads = 1
	want, first := resume(t, c, nil)
	if first.offers == 0 {
		return
	}
	if !first.resumed {
		t.Errorf("the stage offers checkpoints but never asks for one")
	}
	var last []byte
	for _, n := range slices.Compact([]int{1, (first.offers + 1) / 2, first.offers}) {
		last = interrupted(t, c, n)
		if last == nil {
			return
		}
		again := c
		again.Threads = 3
		got, env := resume(t, again, last)
		compare(t, fmt.Sprintf("a run from checkpoint %d of %d", n, first.offers), want, got)
		if env.offers > first.offers-n+1 { // it may offer the same again
			t.Errorf("after checkpoint %d of %d there were %d more: the stage did not go on from it", n, first.offers, env.offers)
		}
	}
	for _, bad := range [][]byte{{}, last[:len(last)/2], last[:max(0, len(last)-1)], append(slices.Clone(last), 0), []byte("something else")} {
		got, _ := resume(t, c, bad)
		compare(t, fmt.Sprintf("a run from a checkpoint that makes no sense (%d bytes of %d)", len(bad), len(last)), want, got)
	}
}

// resume runs a stage, which a requirement may stop, from a checkpoint (nil: none).
func resume(t testing.TB, c Case, checkpoint []byte) (Result, *env) {
	t.Helper()
	r, e, err := runWith(t.Context(), t, c, func(e *env) { e.resume = checkpoint })
	var unmet *pipeline.RequirementError
	if err != nil && !errors.As(err, &unmet) {
		t.Fatalf("stage of kind %q: %v", c.Kind.Name, err)
	}
	return r, e
}

// interrupted runs a stage until its n-th offer of a checkpoint, which it takes
// and returns.
func interrupted(t testing.TB, c Case, n int) (checkpoint []byte) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, _, err := runWith(ctx, t, c, func(e *env) {
		e.save = func(offer int) func([]byte) {
			if offer != n {
				return nil
			}
			return func(b []byte) { checkpoint = append([]byte{}, b...); cancel() }
		}
	})
	var unmet *pipeline.RequirementError
	if err != nil && !errors.Is(err, context.Canceled) && !errors.As(err, &unmet) {
		t.Errorf("cancelled after checkpoint %d: got error %v, want context.Canceled", n, err)
	}
	if checkpoint == nil {
		t.Errorf("a second run did not come to checkpoint %d", n)
	}
	return checkpoint
}
