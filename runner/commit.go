package runner

import (
	"context"
	"fmt"
	"sync"

	"pipe/artifacts"
	"pipe/lineage"
)

// A committer makes what stages leave behind durable: first the bytes, then
// one transaction for the rows that point at them. What comes while the disk is
// busy is taken together, so that short stages share the price of waiting for
// the disk, and while rows of some are written the bytes of the next are. A
// stage counts as finished, and its users begin, only after both.
type committer struct {
	*Runner
	queue  chan *attempt   // whose bytes come next
	stored chan []*attempt // whose bytes are durable
}

// maxTogether bounds what is committed at once, and with it the open files of
// a run.
const maxTogether = 128

// startCommitter starts the goroutines that commit; stop waits for their end.
func (r *Runner) startCommitter(ctx context.Context) (c *committer, stop func()) {
	c = &committer{Runner: r, queue: make(chan *attempt, maxTogether), stored: make(chan []*attempt, 1)}
	ctx = context.WithoutCancel(ctx)
	var loops sync.WaitGroup
	loops.Go(func() {
		defer close(c.stored)
		for first := range c.queue {
			list := c.waiting(first)
			c.store(list)
			c.stored <- list
		}
	})
	loops.Go(func() {
		for list := range c.stored {
			c.record(ctx, list)
		}
	})
	return c, func() { close(c.queue); loops.Wait() }
}

// add hands over an attempt that was executed. It waits only if too many are waiting.
func (c *committer) add(a *attempt) { c.queue <- a }

// waiting lists the first and what has queued up behind it.
func (c *committer) waiting(first *attempt) []*attempt {
	list := []*attempt{first}
	for len(list) < maxTogether {
		select {
		case a, ok := <-c.queue:
			if !ok {
				return list
			}
			list = append(list, a)
		default:
			return list
		}
	}
	return list
}

// store makes the bytes durable.
func (c *committer) store(list []*attempt) {
	var writers []*artifacts.Writer
	for _, a := range list {
		writers = append(writers, a.outcome.Pending...)
	}
	committed := c.Store.CommitAll(writers)
	c.passed("runner.stage.committed")
	for _, a := range list {
		n := len(a.outcome.Pending)
		a.commit(committed[:n])
		committed = committed[n:]
	}
}

// record writes the rows that point at the bytes.
func (c *committer) record(ctx context.Context, list []*attempt) {
	records := make([]lineage.Execution, len(list))
	for i, a := range list {
		records[i] = a.record()
	}
	err := c.DB.RecordAll(ctx, records)
	for i, a := range list {
		if err != nil && len(list) > 1 {
			// One of them is to blame; the others must not suffer for it.
			a.recorded <- c.DB.Record(ctx, records[i])
			continue
		}
		a.recorded <- err
	}
}

// errRecord is the failure of a stage whose end could not be written down.
func errRecord(err error) error { return fmt.Errorf("recording the stage: %w", err) }
