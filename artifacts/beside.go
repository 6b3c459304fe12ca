package artifacts

import (
	"context"
	"io/fs"
	"os"
	"sync"
)

// A Check opens artifacts for work whose results count only once Wait has said
// that what was read is sound. A large artifact is then hashed beside the work, and
// not before it. Its methods may be called from several goroutines.
type Check struct {
	ctx context.Context
	s   *Store

	wg      sync.WaitGroup
	mu      sync.Mutex
	pending int                // not hashed yet
	err     error              // the first that was found
	outside map[ID]fs.FileInfo // files that may change while they are read, as they were
}

// Checked begins a Check, which hashes until ctx ends.
func (s *Store) Checked(ctx context.Context) *Check { return &Check{ctx: ctx, s: s} }

// Open is Store.Open, except that the bytes of a large artifact may turn out to be
// others later on. Who acts on them beyond what is discarded then waits for
// File.Verify first.
func (c *Check) Open(id ID) (*File, error) {
	if f, err := c.s.openKnown(id); f != nil || err != nil {
		return c.watched(f, err)
	}
	size, err := c.s.Stat(id)
	if err != nil {
		return nil, err
	}
	if size <= keepInMemory {
		return c.s.Open(c.ctx, id)
	}
	f, err := c.s.Peek(id)
	if err != nil {
		return nil, err
	}
	same, err := c.s.again(f)
	if err != nil {
		f.Close()
		return nil, err
	}
	if same == nil {
		f.Close()
		return c.watched(c.s.Open(c.ctx, id))
	}
	if _, err := c.watched(f, nil); err != nil {
		same.Close()
		return nil, err
	}
	f.verdict = make(chan error, 1)
	c.mu.Lock()
	c.pending++
	c.mu.Unlock()
	c.wg.Go(func() {
		defer same.Close()
		_, err := c.s.hashFile(c.ctx, f.held, same, nil)
		f.verdict <- err
		c.mu.Lock()
		defer c.mu.Unlock()
		c.pending--
		if c.err == nil {
			c.err = err
		}
	})
	return f, nil
}

// watched notes how a file looks that is not of the store.
func (c *Check) watched(f *File, err error) (*File, error) {
	if f == nil || err != nil || !f.outside || f.file == nil {
		return f, err
	}
	info, err := f.file.Stat()
	if err != nil {
		f.Close()
		return nil, storeError("stat", f.path, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.outside == nil {
		c.outside = map[ID]fs.FileInfo{}
	}
	if _, known := c.outside[f.id]; !known {
		c.outside[f.id] = info
	}
	return f, nil
}

// changed looks whether a file that is not of the store was changed while it was read.
// One that was touched and has the same bytes was not.
func (c *Check) changed() error {
	for id, before := range c.outside {
		at, err := c.s.find(id)
		if err != nil {
			return err
		}
		if after, err := c.s.fs.Lstat(at.path); err == nil && sameAsBefore(before, after) {
			continue
		}
		if err := c.s.Check(c.ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// again opens the file of f once more, since who has f may close it; nil if
// another has taken its place.
func (s *Store) again(f *File) (FSFile, error) {
	same, err := s.fs.Open(f.path)
	if err != nil {
		return nil, storeError("open", f.path, err)
	}
	one, err := f.file.Stat()
	if err == nil {
		var other fs.FileInfo
		if other, err = same.Stat(); err == nil && os.SameFile(one, other) {
			return same, nil
		}
	}
	same.Close()
	return nil, storeError("stat", f.path, err)
}

// OpenDir is Store.OpenDir, with files that Open opens.
func (c *Check) OpenDir(id ID) (*Dir, error) {
	f, err := c.s.Open(c.ctx, id)
	if err != nil {
		return nil, err
	}
	return openDir(c.ctx, f, c.Open)
}

// Sound says whether all that was opened has been found sound so far, without
// waiting.
func (c *Check) Sound() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pending == 0 && c.err == nil
}

// Wait waits until all that was opened is hashed. The error is that of Store.Open.
func (c *Check) Wait() error {
	c.wg.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = c.changed()
	}
	return c.err
}

// Verify waits until the bytes of the file are known to be those of its ID. The
// error is that of Store.Open.
func (f *File) Verify() error {
	if f.verdict == nil {
		return nil
	}
	err := <-f.verdict
	f.verdict <- err // for who asks again
	return err
}
