package artifacts

import (
	"io/fs"
	"syscall"
	"time"
)

// A stamp changes when a file is replaced, written, cut, or given other times or
// rights: its time of change is set by the system alone.
type stamp struct {
	dev, ino     uint64
	size         int64
	mtime, ctime syscall.Timespec
}

// changedBefore says whether a file was last changed, in any way, before a time.
func changedBefore(info fs.FileInfo, t time.Time) bool {
	s, ok := stampOf(info)
	return ok && time.Unix(s.mtime.Unix()).Before(t) && time.Unix(s.ctime.Unix()).Before(t)
}

func stampOf(info fs.FileInfo) (stamp, bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return stamp{}, false
	}
	return stamp{uint64(s.Dev), s.Ino, s.Size, s.Mtim, s.Ctim}, true
}
