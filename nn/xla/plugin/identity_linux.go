package plugin

import (
	"io/fs"
	"syscall"
)

// identity is the time of the last change of an inode, and its number.
func identity(info fs.FileInfo) (changed int64, inode uint64) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0
	}
	return st.Ctim.Nano(), st.Ino
}

// usable reports whether this process may read and write a file, without
// opening it: a device may do something when it is opened.
func usable(path string) bool {
	const readWrite = 4 | 2
	return syscall.Access(path, readWrite) == nil
}
