package machine

import (
	"slices"
	"sync"
)

// localLocks are locks within one process.
type localLocks struct {
	mu    sync.Mutex
	spans map[*localHandle][]span
	notes map[int64]string
}

type localHandle struct{ *localLocks }

func (h *localHandle) lock(start, n int64) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, held := h.conflict(start, n); held {
		return false, nil
	}
	h.spans[h] = append(h.spans[h], span{start, n})
	return true, nil
}

func (h *localHandle) conflict(start, n int64) (span, bool) {
	for other, spans := range h.spans {
		for _, s := range spans {
			if other != h && s.start < start+n && start < s.start+s.n {
				return s, true
			}
		}
	}
	return span{}, false
}

func (h *localHandle) unlock(start, n int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.spans[h] = slices.DeleteFunc(h.spans[h], func(s span) bool { return s == span{start, n} })
}

func (h *localHandle) held(start, n int64) (at, length int64, held bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s, held := h.conflict(start, n)
	return s.start, s.n, held, nil
}

func (h *localHandle) note(at int64, who string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.notes[at] = who
}

func (h *localHandle) noted(at int64) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.notes[at]
}

func (h *localHandle) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.spans, h)
}
