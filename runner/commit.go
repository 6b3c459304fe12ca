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
	queue  chan *attemptEnd   // whose bytes come next
	stored chan []*attemptEnd // whose bytes are durable
}

// An attemptEnd is what an attempt at a stage leaves behind.
type attemptEnd struct {
	outputs []*artifacts.Writer
	// record makes the rows, once it is known what became of the outputs.
	record func([]artifacts.Committed) lineage.Execution
	// recorded receives one value, nil if the rows are written.
	recorded chan error

	committed []artifacts.Committed // the outputs, once they are
}

// maxTogether bounds what is committed at once, and with it the open files of
// a run.
const maxTogether = 128

// startCommitter starts the goroutines that commit; stop waits for their end.
func (r *Runner) startCommitter(ctx context.Context) (c *committer, stop func()) {
	c = &committer{Runner: r, queue: make(chan *attemptEnd, maxTogether), stored: make(chan []*attemptEnd, 1)}
	ctx = context.WithoutCancel(ctx)
	var loops sync.WaitGroup
	loops.Go(func() {
		defer close(c.stored)
		for end := range c.queue {
			list := c.waiting(end)
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

// add hands over the end of an attempt. It waits only if too many are waiting.
func (c *committer) add(end *attemptEnd) {
	end.recorded = make(chan error, 1)
	c.queue <- end
}

// waiting lists the first and what has queued up behind it.
func (c *committer) waiting(first *attemptEnd) []*attemptEnd {
	list := []*attemptEnd{first}
	for len(list) < maxTogether {
		select {
		case end, ok := <-c.queue:
			if !ok {
				return list
			}
			list = append(list, end)
		default:
			return list
		}
	}
	return list
}

// store makes the bytes durable.
func (c *committer) store(list []*attemptEnd) {
	var writers []*artifacts.Writer
	for _, end := range list {
		writers = append(writers, end.outputs...)
	}
	committed := c.Store.CommitAll(writers)
	for _, end := range list {
		n := len(end.outputs)
		end.committed, committed = committed[:n:n], committed[n:]
	}
	c.passed("runner.stage.committed")
}

// record writes the rows that point at the bytes.
func (c *committer) record(ctx context.Context, list []*attemptEnd) {
	records := make([]lineage.Execution, len(list))
	for i, end := range list {
		records[i] = end.record(end.committed)
	}
	err := c.DB.RecordAll(ctx, records)
	for i, end := range list {
		if err != nil && len(list) > 1 {
			// One of them is to blame; the others must not suffer for it.
			end.recorded <- c.DB.Record(ctx, records[i])
			continue
		}
		end.recorded <- err
	}
}

// errRecord is the failure of a stage whose end could not be written down.
func errRecord(err error) error { return fmt.Errorf("recording the stage: %w", err) }
