package fault

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A Crash kills its own process at the n-th passage of a point.
type Crash struct {
	point string
	nth   int
	log   io.Writer // gets a line for each passage; may be nil

	mu   sync.Mutex
	seen int
	disk *disk // what to take back; nil if only the process dies
}

// NewCrash reads POINT:N, N counting from 1. An empty text never crashes and
// only logs.
func NewCrash(at string, log *os.File) (*Crash, error) {
	c := &Crash{}
	if log != nil {
		c.log = log
	}
	if at == "" {
		return c, nil
	}
	point, number, _ := strings.Cut(at, ":")
	if !slices.ContainsFunc(Points, func(p Point) bool { return p.Name == point }) {
		return nil, fmt.Errorf("%q is not a crash point", point)
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 {
		return nil, fmt.Errorf("%q: write it as POINT:N with N of 1 or more", at)
	}
	c.point, c.nth = point, n
	return c, nil
}

// At says that the process passes a point.
func (c *Crash) At(point string) {
	if c.point == "" && c.log == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.log != nil {
		fmt.Fprintln(c.log, point)
	}
	if point != c.point {
		return
	}
	if c.seen++; c.seen == c.nth {
		c.die()
	}
}

// die ends the process as SIGKILL does, which no deferred function survives.
func (c *Crash) die() {
	if c.disk != nil {
		c.disk.losePower()
	}
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {} // the signal is on its way
}
