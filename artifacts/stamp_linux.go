package artifacts

import (
	"io/fs"
	"syscall"
)

// A stamp changes when a file is replaced, written, cut, or given other times or
// rights: its time of change is set by the system alone.
type stamp struct {
	dev, ino     uint64
	size         int64
	mtime, ctime syscall.Timespec
}

func stampOf(info fs.FileInfo) (stamp, bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return stamp{}, false
	}
	return stamp{uint64(s.Dev), s.Ino, s.Size, s.Mtim, s.Ctim}, true
}
