package runner

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"sync"
	"time"

	"pipe/artifacts"
)

// A killed process costs as much work as is done in checkpointEvery, or more if
// saving takes long: it shall not take more than one part in checkpointShare of
// the time.
const (
	checkpointEvery = 30 * time.Second
	checkpointShare = 50
)

// checkpoints are how a stage goes on after its process died, or after it was
// stopped or ran out of time. There are none without the claim of the key: a
// stage with `cache: false` and a forced one begin anew, since nothing that was
// made before counts for them, and two processes that are at the same work
// would overwrite each other's.
//
// An attempt that fails with an error of the stage itself takes its checkpoint
// along, and the next one begins anew: what led to the error is likely to be in
// there, and a stage fails for the same reason as often as it is given the same
// state. A failure of the store below it is no error of the stage.
type checkpoints struct {
	key   string        // empty if there are none
	every time.Duration // 0 leaves it to pause

	mu      sync.Mutex
	due     time.Time
	touched bool // one was found or saved
}

// begin sets the clock at the begin of an attempt.
func (c *checkpoints) begin() { c.due = time.Now().Add(c.pause(0)) }

// pause is how long no checkpoint is due after one that took so long to save.
func (c *checkpoints) pause(took time.Duration) time.Duration {
	if c.every > 0 {
		return c.every
	}
	return max(checkpointEvery, checkpointShare*took)
}

// Resume gives the checkpoint of an earlier attempt. Any doubt means none.
func (env *taskEnv) Resume() io.ReadCloser {
	c := &env.checkpoints
	if c.key == "" {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r, err := env.store.OpenCheckpoint(c.key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		c.touched = true
		env.log.Warn("the checkpoint of an earlier attempt cannot be used; the stage starts anew", "error", err)
		return nil
	}
	c.touched = true
	env.local.passed("runner.checkpoint.opened")
	return r
}

// Checkpoint saves if it is time, which it also is when the stage is to end.
func (env *taskEnv) Checkpoint(save func(io.Writer) error) {
	c := &env.checkpoints
	if c.key == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	begun := time.Now()
	if begun.Before(c.due) && env.ctx.Err() == nil {
		return
	}
	if err := env.store.SaveCheckpoint(c.key, save); err != nil {
		env.log.Warn("the checkpoint was not saved; if the process dies, the work since the last one is lost", "error", err)
	} else {
		c.touched = true
		env.local.passed("runner.checkpoint.saved")
	}
	ended := time.Now()
	c.due = ended.Add(c.pause(ended.Sub(begun)))
}

// spent says whether a checkpoint is there that is of no more use, since the
// stage failed for a reason that lies in itself: not because it was stopped, ran
// out of time, or the store failed it.
func (c *checkpoints) spent(ctx context.Context, err error) bool {
	return c.touched && ctx.Err() == nil && !errors.As(err, new(*artifacts.StoreError))
}
