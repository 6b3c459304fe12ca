//go:build !linux

package artifacts

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"pipe/base/infile"
)

// Here a claim is a lock on a file that is named after the work, since a lock on
// a part of a file belongs to the whole process.
type claims struct{}

type claim struct {
	f    *os.File
	path string
}

func (s *Store) claimDir() string { return filepath.Join(s.dir, "claims") }

func (s *Store) claim(name string) (claim, error) {
	path := filepath.Join(s.claimDir(), name)
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
		if errors.Is(err, fs.ErrNotExist) {
			if err = os.Mkdir(s.claimDir(), 0o777); err == nil || errors.Is(err, fs.ErrExist) {
				continue
			}
		}
		if err != nil {
			return claim{}, storeError("claim work", path, err)
		}
		shareFile(f, s.dir)
		if isLocked(f) {
			err := &ClaimedError{PID: claimPID(f)}
			f.Close()
			return claim{}, err
		}
		if !isAt(f, path) { // its holder has released it since it was opened
			f.Close()
			continue
		}
		c := claim{f: f, path: path}
		// For people only: who cannot read it still sees that there is a claim.
		if err := f.Truncate(0); err == nil {
			_, _ = f.WriteAt(strconv.AppendInt(nil, int64(os.Getpid()), 10), 0)
		}
		return c, nil
	}
}

// release removes the file first: who has it open already will see that it is
// no longer the one at its path.
func (c claim) release() {
	_ = os.Remove(c.path) // an orphan is claimed like a new one
	c.f.Close()
}

func (s *Store) isClaimed(name string) bool {
	f, err := infile.Open(filepath.Join(s.claimDir(), name))
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
	entries, err := os.ReadDir(s.claimDir())
	if err != nil {
		return
	}
	for _, e := range entries {
		if c, err := s.claim(e.Name()); err == nil {
			c.release()
		}
	}
}
