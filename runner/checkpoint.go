package runner

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"
	"time"

	"pipe/artifacts"
	"pipe/base/names"
	"pipe/pipeline"
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
// The checkpoint of a stage that may be worked on by several processors says what
// it is of whoever works on it (Task.Work), so that another one can go on from it
// if that is asked for.
//
// An attempt that fails with an error of the stage itself takes its checkpoint
// along, and the next one begins anew: what led to the error is likely to be in
// there, and a stage fails for the same reason as often as it is given the same
// state. A failure of the store below it is no error of the stage.
type checkpoints struct {
	key   string             // empty if there are none
	work  artifacts.Key      // what is done, wherever; zero if it can only be here
	on    pipeline.Placement // where
	every time.Duration      // 0 leaves it to pause

	mu      sync.Mutex
	due     time.Time
	touched bool   // one was found or saved
	begunOn string // the device of another class that did the first part
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
	for _, name := range env.candidates() {
		r, head, err := c.open(env.store, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			c.touched = c.touched || name == c.key
			env.log.Warn("the checkpoint of an earlier attempt cannot be used; the stage starts anew", "error", err)
			continue
		}
		c.touched = c.touched || name == c.key
		if c.begunOn = head.BegunOn; name != c.key {
			c.begunOn = head.Device
			env.log.Info("goes on from what was done on another device", "device", head.Device)
		}
		env.local.passed("runner.checkpoint.opened")
		return r
	}
	return nil
}

// candidates are the checkpoints to go on from, the best first: the own one or, if
// the work may move, the latest of the same work wherever that was done.
func (env *taskEnv) candidates() []string {
	c := &env.checkpoints
	if c.work.IsZero() || !c.on.Moves {
		return []string{c.key}
	}
	list, err := env.store.Checkpoints()
	if err != nil {
		env.log.Warn("checkpoints of other devices are not found", "error", err)
		return []string{c.key}
	}
	slices.SortStableFunc(list, func(a, b artifacts.CheckpointInfo) int { return b.Saved.Compare(a.Saved) })
	var of []string
	for _, info := range list {
		b, err := env.store.PeekCheckpoint(info.Name, maxHead)
		if err != nil {
			continue
		}
		if head, _, ok := parseHead(b); info.Name == c.key || ok && head.Work == c.work {
			of = append(of, info.Name)
		}
	}
	return of
}

// open opens a checkpoint of the work. What is in front of it tells where it was
// made; pipes of before wrote nothing there.
func (c *checkpoints) open(store *artifacts.Store, name string) (io.ReadCloser, head, error) {
	r, err := store.OpenCheckpoint(name)
	if err != nil {
		return nil, head{}, err
	}
	b := bufio.NewReaderSize(r, maxHead)
	begin, _ := b.Peek(maxHead) // an error comes again
	h, size, ok := parseHead(begin)
	if name != c.key && (!ok || h.Work != c.work) {
		return nil, h, errors.Join(errors.New("it is of other work"), r.Close())
	}
	if _, err := b.Discard(size); err != nil {
		return nil, h, errors.Join(err, r.Close())
	}
	return &struct {
		io.Reader
		io.Closer
	}{b, r}, h, nil
}

// BegunOn is the other device that did the first part of the work.
func (env *taskEnv) BegunOn() string {
	c := &env.checkpoints
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.begunOn
}

// Anew says that there is no first part.
func (env *taskEnv) Anew() {
	c := &env.checkpoints
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begunOn = ""
}

// A head stands in front of a checkpoint of work that may be done in several
// places.
type head struct {
	Work    artifacts.Key
	Device  string // that made it, in words
	BegunOn string `json:",omitempty"` // the device of another class before it
}

const (
	headMagic = "pipe checkpoint 1\n"
	maxHead   = 4096 // bytes
)

// writeHead says what the checkpoint behind it is of.
func (c *checkpoints) writeHead(w io.Writer) error {
	if c.work.IsZero() {
		return nil
	}
	text, err := json.Marshal(head{Work: c.work, Device: deviceName(c.on), BegunOn: c.begunOn})
	if err != nil {
		return err
	}
	text = append(append([]byte(headMagic), text...), '\n')
	if len(text) > maxHead {
		return fmt.Errorf("the head of a checkpoint has %d bytes", len(text))
	}
	_, err = w.Write(text)
	return err
}

// parseHead reads the head at the begin of a checkpoint, and gives its size; not
// ok if there is none.
func parseHead(b []byte) (h head, size int, ok bool) {
	rest, ok := bytes.CutPrefix(b, []byte(headMagic))
	end := bytes.IndexByte(rest, '\n')
	if !ok || end < 0 || json.Unmarshal(rest[:end], &h) != nil {
		return head{}, 0, false
	}
	for _, text := range []string{h.Device, h.BegunOn} { // which are recorded
		if msg, _ := names.CheckText(text); msg != "" && text != "" {
			return head{}, 0, false
		}
	}
	return h, len(headMagic) + end + 1, true
}

// deviceName is where work is done, in words.
func deviceName(on pipeline.Placement) string { return cmp.Or(on.Device, "CPU") }

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
	if !env.check.Sound() {
		return // the inputs are still being verified, and it must not come of damaged ones
	}
	err := env.store.SaveCheckpoint(c.key, func(w io.Writer) error {
		if err := c.writeHead(w); err != nil {
			return err
		}
		return save(w)
	})
	if err != nil {
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
