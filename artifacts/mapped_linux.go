package artifacts

import (
	"io"
	"os"
	"runtime/debug"
	"sync"
	"syscall"
	"unsafe"
)

// A mapping is a file as memory: a small read of it is a copy, where one of the
// file is a call of the system. No slice of it leaves this file, since whoever
// cuts a mapped file makes what lies beyond its new end a fault.
type mapping struct {
	sync.RWMutex
	data []byte // nil after close
}

// mapFile maps a file of a size, or gives nil where that cannot be done or does
// not help: a file that the system has not in memory, because there is not enough
// of it, is faster to read by calls than page by page.
func mapFile(f *os.File, size int64) *mapping {
	if size <= 0 || int64(int(size)) != size {
		return nil
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil
	}
	// Without this, a page that is missing brings 128 KiB around it with it: with
	// 300 MB of memory for 1.2 GB, 8 ms for each row.
	if syscall.Madvise(data, syscall.MADV_RANDOM) != nil || !resident(data) {
		syscall.Munmap(data)
		return nil
	}
	return &mapping{data: data}
}

// resident says whether a mapping is in memory, by samples all over it of which
// nine tenths are.
func resident(data []byte) bool {
	const samples, some = 64, 16 // pages of a sample
	page := os.Getpagesize()
	all, missing := 0, 0
	for k := range samples {
		at := len(data) / samples * k / page * page
		n := min(some*page, len(data)-at)
		var pages [some]byte
		if _, _, errno := syscall.Syscall(syscall.SYS_MINCORE, uintptr(unsafe.Pointer(&data[at])), uintptr(n), uintptr(unsafe.Pointer(&pages[0]))); errno != 0 {
			return false
		}
		for _, p := range pages[:(n+page-1)/page] {
			all, missing = all+1, missing+int(1&^p)
		}
	}
	return missing <= all/10
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
