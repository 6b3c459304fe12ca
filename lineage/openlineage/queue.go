package openlineage

import (
	"context"
	"errors"
	"sync"
)

// maxQueue bounds the events that wait for a slow server. They are small: what
// is large is looked up when they are told.
const maxQueue = 1 << 16

// maxProblems bounds what is kept of problems: they tend to be all the same.
const maxProblems = 3

// A queue tells events in order, on a goroutine of its own.
type queue struct {
	events chan happening
	done   chan struct{}
	cancel context.CancelFunc

	mu     sync.Mutex
	lost   int
	errs   []error
	closed bool
}

func newQueue(tell func(context.Context, happening) error) *queue {
	ctx, cancel := context.WithCancel(context.Background())
	q := &queue{events: make(chan happening, maxQueue), done: make(chan struct{}), cancel: cancel}
	go func() {
		defer close(q.done)
		for h := range q.events {
			if err := tell(ctx, h); err != nil {
				q.lose(err)
			}
		}
	}()
	return q
}

// add never blocks.
func (q *queue) add(h happening) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	select {
	case q.events <- h:
	default:
		q.lost++
	}
}

func (q *queue) lose(err error) {
	q.problem(err)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lost++
}

func (q *queue) problem(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, known := range q.errs {
		if known.Error() == err.Error() {
			return
		}
	}
	if len(q.errs) < maxProblems && !errors.Is(err, context.Canceled) {
		q.errs = append(q.errs, err)
	}
}

func (q *queue) problems() []error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]error(nil), q.errs...)
}

// close tells what is left, until ctx ends. It returns how many events were
// not told.
func (q *queue) close(ctx context.Context) int {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		close(q.events)
	}
	q.mu.Unlock()
	select {
	case <-q.done:
	case <-ctx.Done():
	}
	q.cancel() // from now on telling fails at once
	<-q.done
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.lost
}
