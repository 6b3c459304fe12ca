package artifacts

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A Claim says to all processes that one of them is at work on something that
// would end in the same artifacts if another one did it. It is an advisory
// lock of the kernel on a file that is named after the work, so it ends with
// the process that holds it, however that dies. On systems without such locks
// every claim is granted, and work may be done twice, to the same end.
//
// A holder must not wait for another claim while it holds one: then no circle
// of processes that wait for each other can arise.
type Claim struct {
	f    *os.File
	path string
}

// A ClaimedError says that another claim on the same work is held.
type ClaimedError struct {
	PID int // of the process that holds it; 0 if it has not yet said
}

func (e *ClaimedError) Error() string {
	if e.PID == 0 {
		return "claimed by another process"
	}
	return "claimed by process " + strconv.Itoa(e.PID)
}

func (s *Store) claims() string { return filepath.Join(s.dir, "claims") }

// Claim takes the claim on a piece of work, or fails with a *ClaimedError at
// once. The name must be usable as a file name. Two Claims of one process
// exclude each other too.
func (s *Store) Claim(name string) (*Claim, error) {
	path := filepath.Join(s.claims(), name)
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if errors.Is(err, fs.ErrNotExist) {
			if err = os.Mkdir(s.claims(), 0o777); err == nil || errors.Is(err, fs.ErrExist) {
				continue
			}
		}
		if err != nil {
			return nil, storeError("claim work", path, err)
		}
		if isLocked(f) {
			err := &ClaimedError{PID: claimPID(f)}
			f.Close()
			return nil, err
		}
		if !isAt(f, path) { // its holder has released it since it was opened
			f.Close()
			continue
		}
		c := &Claim{f: f, path: path}
		// For people only: who cannot read it still sees that there is a claim.
		if err := f.Truncate(0); err == nil {
			_, _ = f.WriteAt(strconv.AppendInt(nil, int64(os.Getpid()), 10), 0)
		}
		return c, nil
	}
}

// Release ends a claim. The file goes first: who has it open already will see
// that it is no longer the one at its path.
func (c *Claim) Release() {
	_ = os.Remove(c.path) // an orphan is claimed like a new one
	c.f.Close()
}

// Claimed reports whether a claim is held.
func (s *Store) Claimed(name string) bool {
	f, err := os.Open(filepath.Join(s.claims(), name))
	if err != nil {
		return false
	}
	defer f.Close()
	return isLocked(f)
}

// isAt reports whether an open file is the one at a path.
func isAt(f *os.File, path string) bool {
	open, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(path)
	return err == nil && os.SameFile(open, there)
}

func claimPID(f io.ReaderAt) int {
	text := make([]byte, 20)
	n, _ := f.ReadAt(text, 0)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text[:n])))
	if err != nil {
		return 0
	}
	return pid
}

// sweepClaims removes the files of claims whose processes died.
func (s *Store) sweepClaims() {
	entries, err := os.ReadDir(s.claims())
	if err != nil {
		return
	}
	for _, e := range entries {
		if c, err := s.Claim(e.Name()); err == nil {
			c.Release()
		}
	}
}
