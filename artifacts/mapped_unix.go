//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package artifacts

import (
	"io"
	"os"
	"runtime/debug"
	"sync"
	"syscall"
)

// A mapping is a file as memory: a small read of it is a copy, where one of the
// file is a call of the system. No slice of it leaves this file, since whoever
// cuts a mapped file makes what lies beyond its new end a fault.
type mapping struct {
	sync.RWMutex
	data []byte // nil after close
}

// mapFile maps a file of a size, or gives nil where that cannot be done.
func mapFile(f *os.File, size int64) *mapping {
	if size <= 0 || int64(int(size)) != size {
		return nil
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil
	}
	return &mapping{data: data}
}

// readAt copies what lies at an offset. A part of the file that is not there any
// more is io.ErrUnexpectedEOF.
func (m *mapping) readAt(p []byte, off int64) (n int, err error) {
	m.RLock()
	defer m.RUnlock()
	if m.data == nil {
		return 0, os.ErrClosed
	}
	if off < 0 || off >= int64(len(m.data)) {
		return 0, io.EOF
	}
	// A fault of this goroutine is a panic that can be recovered from, in place of
	// the end of the process.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if recover() != nil {
			n, err = 0, io.ErrUnexpectedEOF
		}
	}()
	if n = copy(p, m.data[off:]); n < len(p) {
		err = io.EOF
	}
	return n, err
}

func (m *mapping) close() error {
	m.Lock()
	defer m.Unlock()
	data := m.data
	if data == nil {
		return nil
	}
	m.data = nil
	return syscall.Munmap(data)
}
