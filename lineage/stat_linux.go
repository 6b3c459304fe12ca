package lineage

import (
	"io/fs"
	"syscall"
)

// statTimes returns the time of the last change of the inode and its number.
func statTimes(info fs.FileInfo) (ctimeNS int64, inode uint64) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0
	}
	return st.Ctim.Nano(), st.Ino
}
