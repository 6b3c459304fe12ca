package artifacts

import (
	"os"
	"syscall"
)

// startWriting has the system write a part of a file to the disk while others
// work. It neither waits for the disk nor makes anything durable: that is for Sync,
// which then has little left to do.
func startWriting(f *os.File, off, n int64) {
	const syncFileRangeWrite = 2
	_ = syscall.SyncFileRange(int(f.Fd()), off, n, syncFileRangeWrite)
}
