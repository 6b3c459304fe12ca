package filelock

import (
	"errors"
	"os"
	"syscall"
)

// Commands of fcntl(2), of which package syscall has no names.
const (
	Get = 36 // F_OFD_GETLK: l becomes a lock of others in its range, or F_UNLCK
	Set = 37 // F_OFD_SETLK: EAGAIN or EACCES if others have one in the range
)

// Control is fcntl with one of the commands. It does not take the file out of
// the hands of Go's poller.
func Control(f *os.File, command int, l *syscall.Flock_t) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	failed := raw.Control(func(fd uintptr) {
		for {
			if err = syscall.FcntlFlock(fd, command, l); !errors.Is(err, syscall.EINTR) {
				return
			}
		}
	})
	return errors.Join(failed, err)
}
