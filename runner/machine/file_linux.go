package machine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"pipe/base/filelock"
)

// A fileHandle is an open file whose locks belong to it (fcntl(2), F_OFD_SETLK)
// and not to the process, so that each request has its own.
type fileHandle struct{ f *os.File }

// openFile opens the file, and makes it if need be, for the use of everybody. It
// may stand in a folder in which others may write too: it is never followed
// elsewhere, and nothing in it is believed.
func openFile(path string) (handle, error) {
	const flags = os.O_RDWR | syscall.O_NOFOLLOW | syscall.O_NONBLOCK
	for {
		f, err := os.OpenFile(path, flags, 0)
		if errors.Is(err, fs.ErrNotExist) {
			// Without O_EXCL the kernel may refuse to open the file of another
			// user in a folder of everybody's.
			if f, err = os.OpenFile(path, flags|os.O_CREATE|os.O_EXCL, 0o666); errors.Is(err, fs.ErrExist) {
				continue
			}
			if err == nil {
				err = f.Chmod(0o666) // whatever the umask says
			}
		}
		if err != nil {
			return nil, err
		}
		info, err := f.Stat()
		if err == nil && !info.Mode().IsRegular() {
			err = fmt.Errorf("%s is no regular file", path)
		}
		h := &fileHandle{f}
		if err == nil {
			_, _, _, err = h.held(mutexByte, 1) // whether there are such locks
		}
		if err != nil {
			f.Close()
			return nil, err
		}
		return h, nil
	}
}

func (h *fileHandle) lock(start, n int64) (bool, error) {
	err := filelock.Control(h.f, filelock.Set, &syscall.Flock_t{Type: syscall.F_WRLCK, Start: start, Len: n})
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) {
		return false, nil
	}
	return err == nil, err
}

func (h *fileHandle) unlock(start, n int64) {
	_ = filelock.Control(h.f, filelock.Set, &syscall.Flock_t{Type: syscall.F_UNLCK, Start: start, Len: n}) // closing does it too
}

func (h *fileHandle) held(start, n int64) (at, length int64, held bool, err error) {
	l := syscall.Flock_t{Type: syscall.F_WRLCK, Start: start, Len: n}
	if err := filelock.Control(h.f, filelock.Get, &l); err != nil || l.Type == syscall.F_UNLCK {
		return 0, 0, false, err
	}
	if l.Len == 0 { // to the end of all files
		l.Len = 1<<62 - l.Start
	}
	return l.Start, l.Len, true, nil
}

// The file holds notes: at one of these places, by the byte that is locked, the
// last one that locked something with that place.
const (
	places    = 1024
	placeSize = 256
)

func placeOf(at int64) int64 { return (at ^ at>>17 ^ at>>32) & (places - 1) * placeSize }

func (h *fileHandle) note(at int64, who string) {
	text := make([]byte, placeSize)
	binary.BigEndian.PutUint64(text, uint64(at))
	copy(text[8:], who)
	_, _ = h.f.WriteAt(text, placeOf(at)) // who cannot read it still sees that there is a lock
}

func (h *fileHandle) noted(at int64) string {
	text := make([]byte, placeSize)
	if _, err := h.f.ReadAt(text, placeOf(at)); err != nil || int64(binary.BigEndian.Uint64(text)) != at {
		return "" // it has not said yet, or another lock shares the place
	}
	who, _, _ := strings.Cut(string(text[8:]), "\x00")
	return strings.ToValidUTF8(who, "?")
}

func (h *fileHandle) close() { h.f.Close() }
