package table

import (
	"slices"
	"sync"

	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Reusing is a reader of the same table that reads into the memory of records that
// were released: whatever was made of one without copying, such as its texts, is
// good until then. That spares most of the memory and a part of the time of who
// goes over a table of many batches.
func (r *Reader) Reusing() *Reader {
	reusing := *r
	reusing.spare = new(spare)
	return &reusing
}

// What is kept at most. Less than worthSpare bytes are no burden.
const (
	maxSpare      = 64
	maxSpareBytes = 64 << 20
	worthSpare    = 4 << 10
)

// A spare keeps memory for batches. It implements memory.Allocator.
type spare struct {
	mu   sync.Mutex
	free [][]byte
	size int // of all
}

// Allocate gives the smallest that is large enough.
func (s *spare) Allocate(n int) []byte {
	if n < worthSpare {
		return make([]byte, n)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	best := -1
	for i, b := range s.free {
		if cap(b) >= n && (best < 0 || cap(b) < cap(s.free[best])) {
			best = i
		}
	}
	if best < 0 {
		return make([]byte, n, n+n/16) // the next batch may have longer texts
	}
	return s.take(best)[:n]
}

func (s *spare) take(i int) []byte {
	b := s.free[i]
	s.free, s.size = slices.Delete(s.free, i, i+1), s.size-cap(b)
	return b
}

// Free takes memory back. Of too much it forgets what has waited the longest.
func (s *spare) Free(b []byte) {
	if cap(b) < worthSpare {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free, s.size = append(s.free, b), s.size+cap(b)
	for len(s.free) > maxSpare || s.size > maxSpareBytes {
		s.take(0)
	}
}

// Reallocate implements memory.Allocator. Nobody needs it: a batch has its size.
func (s *spare) Reallocate(n int, b []byte) []byte {
	grown := s.Allocate(n)
	copy(grown, b)
	s.Free(b)
	return grown
}

var _ memory.Allocator = (*spare)(nil)
