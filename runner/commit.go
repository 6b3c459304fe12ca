package runner

import (
	"context"
	"fmt"

	"pipe/artifacts"
	"pipe/lineage"
)

// A committer makes what stages leave behind durable: first the bytes, then
// one transaction for the rows that point at them. What comes while the disk is
// busy is taken together, so that short stages share the price of waiting for
// the disk. A stage counts as finished, and its users begin, only after that.
type committer struct {
	*Runner
	queue chan *attemptEnd
	done  chan struct{}
}

// An attemptEnd is what an attempt at a stage leaves behind.
type attemptEnd struct {
	outputs []*artifacts.Writer
	// record makes the rows, once it is known what became of the outputs.
	record func([]artifacts.Committed) lineage.Execution
	// recorded receives one value, nil if the rows are written.
	recorded chan error
}

// maxTogether bounds what is committed at once, and with it the open files of
// a run.
const maxTogether = 128

// startCommitter starts the goroutine that commits; stop waits for its end.
func (r *Runner) startCommitter(ctx context.Context) (c *committer, stop func()) {
	c = &committer{Runner: r, queue: make(chan *attemptEnd, maxTogether), done: make(chan struct{})}
	go c.loop(context.WithoutCancel(ctx))
	return c, func() { close(c.queue); <-c.done }
}

// add hands over the end of an attempt. It waits only if too many are waiting.
func (c *committer) add(end *attemptEnd) {
	end.recorded = make(chan error, 1)
	c.queue <- end
}

func (c *committer) loop(ctx context.Context) {
	defer close(c.done)
	for end := range c.queue {
		c.commit(ctx, c.waiting(end))
	}
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

func (c *committer) commit(ctx context.Context, list []*attemptEnd) {
	var writers []*artifacts.Writer
	for _, end := range list {
		writers = append(writers, end.outputs...)
	}
	committed := c.Store.CommitAll(writers)
	c.passed("runner.stage.committed")
	records := make([]lineage.Execution, len(list))
	for i, end := range list {
		n := len(end.outputs)
		records[i] = end.record(committed[:n:n])
		committed = committed[n:]
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
