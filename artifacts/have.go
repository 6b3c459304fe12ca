package artifacts

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Sized is an artifact with the number of its bytes.
type Sized struct {
	ID   ID
	Size int64
}

// HaveAll reports whether each of many artifacts is there with its size. Like
// Stat it reads no bytes.
func (s *Store) HaveAll(list []Sized) bool {
	var next atomic.Int64
	var missing atomic.Bool
	var wg sync.WaitGroup
	const chunk = 256
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for !missing.Load() {
				from := int(next.Add(chunk)) - chunk
				if from >= len(list) {
					return
				}
				for _, a := range list[from:min(from+chunk, len(list))] {
					if size, err := s.Stat(a.ID); err != nil || size != a.Size {
						missing.Store(true)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	return !missing.Load()
}
