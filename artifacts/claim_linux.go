package artifacts

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"pipe/base/filelock"
	"pipe/base/infile"
)

// claims are locks on single bytes of one file, far behind its end: no file is
// made and removed for each piece of work, which takes ext4 longer than all
// else. The locks are those of an open file (fcntl(2), F_OFD_SETLK), so each
// Store opens it once, and remembers what it has claimed itself.
type claims struct {
	sync.Mutex
	file *os.File
	held map[int64]bool
}

type claim struct {
	s  *Store
	at int64 // the byte that is locked
}

func (s *Store) claimFile() string { return filepath.Join(s.dir, "claims.lock") }

// The file holds numbers of processes, for people only: at one of these places,
// by the name of the work, the last one that claimed something with that place.
const (
	claimPlaces = 4096
	placeSize   = 16 // of the byte that is locked, and of the process
)

// claimByte is the byte that stands for a piece of work, behind all places.
func claimByte(name string) int64 {
	id := Sum([]byte(name))
	return int64(binary.BigEndian.Uint64(id[:])>>2 | 1<<61)
}

func placeOf(at int64) int64 { return at % claimPlaces * placeSize }

func (s *Store) claim(name string) (claim, error) {
	c := claim{s, claimByte(name)}
	s.claims.Lock()
	defer s.claims.Unlock()
	if s.claims.held[c.at] {
		return claim{}, &ClaimedError{PID: os.Getpid()}
	}
	if s.claims.file == nil {
		f, err := os.OpenFile(s.claimFile(), os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return claim{}, storeError("claim work", s.claimFile(), err)
		}
		shareFile(f, s.dir)
		s.claims.file, s.claims.held = f, map[int64]bool{}
	}
	f := s.claims.file
	switch err := filelock.Control(f, filelock.Set, &syscall.Flock_t{Type: syscall.F_WRLCK, Start: c.at, Len: 1}); {
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EACCES):
		return claim{}, &ClaimedError{PID: claimPID(f, c.at)}
	case errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.ENOSYS), errors.Is(err, syscall.EINVAL):
		// no locks on this file system
	case err != nil:
		return claim{}, storeError("claim work", s.claimFile(), err)
	}
	var text [placeSize]byte
	binary.BigEndian.PutUint64(text[:], uint64(c.at))
	binary.BigEndian.PutUint64(text[8:], uint64(os.Getpid()))
	_, _ = f.WriteAt(text[:], placeOf(c.at)) // who cannot read it still sees that there is a claim
	s.claims.held[c.at] = true
	return c, nil
}

func (c claim) release() {
	s := c.s
	s.claims.Lock()
	defer s.claims.Unlock()
	_ = filelock.Control(s.claims.file, filelock.Set, &syscall.Flock_t{Type: syscall.F_UNLCK, Start: c.at, Len: 1})
	delete(s.claims.held, c.at)
}

func (s *Store) isClaimed(name string) bool {
	at := claimByte(name)
	s.claims.Lock()
	defer s.claims.Unlock()
	f := s.claims.file
	if f == nil {
		var err error
		if f, err = infile.Open(s.claimFile()); err != nil {
			return false // nothing was ever claimed, or nobody can tell
		}
		defer f.Close()
	}
	l := syscall.Flock_t{Type: syscall.F_WRLCK, Start: at, Len: 1}
	return s.claims.held[at] || filelock.Control(f, filelock.Get, &l) == nil && l.Type != syscall.F_UNLCK
}

func claimPID(f io.ReaderAt, at int64) int {
	var text [placeSize]byte
	if _, err := f.ReadAt(text[:], placeOf(at)); err != nil || int64(binary.BigEndian.Uint64(text[:])) != at {
		return 0 // it has not said yet, or another piece of work shares the place
	}
	return int(binary.BigEndian.Uint64(text[8:]))
}

// sweepClaims has nothing to do: a lock that nobody holds is nothing.
func (s *Store) sweepClaims() {}
