package artifacts

import (
	"io/fs"
	"sync"
)

// verified remembers, for the life of a process, which files were found to hold
// the bytes of their name, or were written so. As long as a file is the very
// same, unchanged since, its bytes are not hashed again.
//
// Only artifacts above keepInMemory are remembered: smaller ones are read whole
// whenever they are opened, and hashing them costs next to nothing.
type verified struct {
	mu    sync.Mutex
	files map[ID]stamp
}

// remember takes down that a file holds the bytes of id.
func (v *verified) remember(id ID, info fs.FileInfo) {
	s, ok := stampOf(info)
	if !ok || info.Size() <= keepInMemory {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.files == nil {
		v.files = map[ID]stamp{}
	}
	v.files[id] = s
}

// is says whether a file is the one that was remembered under id.
func (v *verified) is(id ID, info fs.FileInfo) bool {
	s, ok := stampOf(info)
	v.mu.Lock()
	defer v.mu.Unlock()
	was, known := v.files[id]
	return ok && known && was == s
}
