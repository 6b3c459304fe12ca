package artifacts

import (
	"os"
	"syscall"
)

// willNeed has the system read a part of a file while others work.
func willNeed(f *os.File, off, n int64) {
	const fadvWillNeed = 3
	syscall.Syscall6(syscall.SYS_FADVISE64, f.Fd(), uintptr(off), uintptr(n), fadvWillNeed, 0, 0)
}
