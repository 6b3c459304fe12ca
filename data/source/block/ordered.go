package block

import (
	"context"
	"fmt"
	"iter"
	"runtime/debug"
	"sync"
)

// Ordered runs work on the jobs in n goroutines and hands the results to
// consume, on the calling goroutine, in the order of the jobs. At most 2n jobs
// are under way, which bounds the memory. The first error in the order of the
// jobs ends it; all goroutines have ended when it returns. A panic of jobs or
// work becomes one of the calling goroutine, where a runner can recover it.
func Ordered[J, R any](ctx context.Context, n int, jobs iter.Seq2[J, error], work func(J) (R, error), consume func(R) error) error {
	type result struct {
		value R
		err   error
	}
	type task struct {
		job  J
		err  error
		done chan result
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()

	todo := make(chan task)
	order := make(chan chan result, 2*n)
	wg.Go(func() {
		defer close(order)
		defer close(todo)
		defer func() {
			if v := recover(); v != nil {
				failed := make(chan result, 1)
				failed <- result{err: newPanicked(v)}
				select {
				case order <- failed:
				case <-ctx.Done():
				}
			}
		}()
		for job, err := range jobs {
			t := task{job, err, make(chan result, 1)}
			select {
			case order <- t.done:
			case <-ctx.Done():
				return
			}
			select {
			case todo <- t:
			case <-ctx.Done():
				return
			}
		}
	})
	for range n {
		wg.Go(func() {
			for t := range todo {
				r := result{err: t.err}
				if r.err == nil {
					r.value, r.err = try(work, t.job)
				}
				t.done <- r
			}
		})
	}
	for done := range order {
		select {
		case r := <-done:
			if p, ok := r.err.(*panicked); ok {
				panic(p)
			}
			if r.err != nil {
				return r.err
			}
			if err := consume(r.value); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return context.Cause(ctx)
}

// A panicked is a panic on its way to another goroutine.
type panicked struct {
	value any
	stack []byte
}

func newPanicked(v any) *panicked { return &panicked{v, debug.Stack()} }

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v\n%s", p.value, p.stack) }

func try[J, R any](work func(J) (R, error), job J) (r R, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = newPanicked(v)
		}
	}()
	return work(job)
}

// Scan looks at all blocks of a file as Ordered does, each goroutine with an S of
// its own. What scan gives must not refer to the bytes of its block, which are
// used again.
func Scan[S, R any](ctx context.Context, n int, file Splitter, scan func(*S, Block) R, consume func(R) error) error {
	free := sync.Pool{New: func() any { return new(S) }}
	buffers := make(chan []byte, 3*n)
	return Ordered(ctx, n, file.Blocks(buffers), func(b Block) (R, error) {
		s := free.Get().(*S)
		defer free.Put(s)
		found := scan(s, b)
		select {
		case buffers <- b.Data:
		default:
		}
		return found, nil
	}, consume)
}
