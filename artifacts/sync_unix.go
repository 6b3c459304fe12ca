//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package artifacts

import (
	"errors"
	"os"
	"syscall"
)

// SyncDir makes the entries of a directory durable. A file system that cannot
// sync directories says EINVAL or ENOTSUP; there is nothing more to do there.
func (osFS) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil
	}
	return errors.Join(err, d.Close())
}

// lockShared and lockExclusive wait for an advisory lock on an open file; it
// ends when the file is closed or the process dies.
func lockShared(f FSFile) error    { return flock(f, syscall.LOCK_SH) }
func lockExclusive(f FSFile) error { return flock(f, syscall.LOCK_EX) }

// isLocked reports whether another open file holds a lock on the same file.
func isLocked(f FSFile) bool {
	return errors.Is(flock(f, syscall.LOCK_EX|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

func flock(f FSFile, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.ENOSYS):
			return nil // no locks on this file system: the age rule of Sweep protects
		}
		return err
	}
}
