package block

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"sync/atomic"
	"testing"
)

// count yields 0, 1, ... n-1, and then an error if there is one.
func count(n int, err error, started *atomic.Int64) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for i := range n {
			started.Add(1)
			if !yield(i, nil) {
				return
			}
		}
		if err != nil {
			yield(0, err)
		}
	}
}

func TestOrdered(t *testing.T) {
	const jobs, threads = 1000, 3
	var started atomic.Int64
	next := 0
	err := Ordered(t.Context(), threads, count(jobs, nil, &started),
		func(i int) (int, error) {
			for range i % 7 {
				runtime.Gosched() // so that jobs overtake one another
			}
			return 2 * i, nil
		},
		func(v int) error {
			if v != 2*next {
				t.Fatalf("result %d is %d", next, v)
			}
			// What waits, what is worked on, and what is about to be handed over.
			if under := started.Load() - int64(next); under > 2*threads+2 {
				t.Fatalf("%d jobs are under way", under)
			}
			next++
			return nil
		})
	if err != nil || next != jobs {
		t.Errorf("%d results, error %v", next, err)
	}
}

func TestOrderedEndsAtTheFirstError(t *testing.T) {
	read, work, write := errors.New("read"), errors.New("work"), errors.New("write")
	for _, c := range []struct {
		jobs             int
		readErr          error
		workAt, consumed int
		writeAt          int
		want             error
	}{
		{5, read, -1, 5, -1, read},
		{50, read, 3, 3, -1, work},
		{50, nil, 20, 10, 10, write},
	} {
		var started atomic.Int64
		consumed := 0
		err := Ordered(t.Context(), 2, count(c.jobs, c.readErr, &started),
			func(i int) (int, error) {
				if i == c.workAt {
					return 0, work
				}
				return i, nil
			},
			func(i int) error {
				if i == c.writeAt {
					return write
				}
				consumed++
				return nil
			})
		if err != c.want || consumed != c.consumed {
			t.Errorf("error %v after %d results, want %v after %d", err, consumed, c.want, c.consumed)
		}
	}
}

func TestOrderedEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var started atomic.Int64
	err := Ordered(ctx, 2, count(1_000_000_000, nil, &started),
		func(i int) (int, error) { return i, nil },
		func(i int) error {
			if i == 10 {
				cancel()
			}
			return nil
		})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

func TestOrderedPanicsWhereItIsCalled(t *testing.T) {
	caught := func(jobs iter.Seq2[int, error], work func(int) (int, error)) (v any) {
		defer func() { v = recover() }()
		err := Ordered(t.Context(), 2, jobs, work, func(int) error { return nil })
		t.Errorf("no panic, error %v", err)
		return nil
	}
	var started atomic.Int64
	p, ok := caught(count(9, nil, &started), func(i int) (int, error) { panic(i) }).(*panicked)
	if !ok || p.value != 0 {
		t.Errorf("work: panic is %v", p)
	}
	p, ok = caught(func(func(int, error) bool) { panic("jobs") }, func(i int) (int, error) { return i, nil }).(*panicked)
	if !ok || p.value != "jobs" {
		t.Errorf("jobs: panic is %v", p)
	}
}
