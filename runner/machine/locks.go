package machine

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"sync"
)

// Locks are the file in which all processes of the machine lock what they use.
// It is opened when something is to be locked. Where that is not possible, and on
// systems without locks of open files, the locks hold within this process only.
type Locks struct {
	path string

	mu     sync.Mutex
	local  *localLocks // in place of the file
	reason error       // why
}

// NewLocks makes those at a path.
func NewLocks(path string) *Locks { return &Locks{path: path} }

// Local says why the locks hold within this process only; nil if they hold over
// the machine, if nothing was locked yet, or if this system cannot do better.
func (l *Locks) Local() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reason
}

// A handle holds locks, all of which end when it is closed. Those of one handle
// do not exclude each other.
type handle interface {
	// lock takes all of a range, or nothing.
	lock(start, n int64) (bool, error)
	unlock(start, n int64)
	// held finds a range that another handle has locked and that has a part in
	// the given one.
	held(start, n int64) (at, length int64, held bool, err error)
	// note says who holds the lock that begins at a place; for people only.
	note(at int64, who string)
	noted(at int64) string
	close()
}

// errUnsupported says that there are no such locks on this system.
var errUnsupported = errors.New("no locks of open files")

func (l *Locks) open() (handle, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.local == nil {
		h, err := openFile(l.path)
		if err == nil {
			return h, nil
		}
		l.local = &localLocks{spans: map[*localHandle][]span{}, notes: map[int64]string{}}
		if !errors.Is(err, errUnsupported) {
			l.reason = err
		}
	}
	return &localHandle{l.local}, nil
}

// The bytes of the file, all behind what is written into it.
const (
	mutexByte = 1<<20 + iota
	turnByte
	cpuFlag
	memoryFlag
)

// A pool is a part of the file that stands for units of one kind.
type pool struct {
	kind        string
	start, size int64
	flag        int64 // the byte that keeps what becomes free for who has the turn
}

var (
	cpuPool    = pool{"cpu", 1 << 21, 1 << 20, cpuFlag}
	memoryPool = pool{"memory", 1 << 40, 1 << 41, memoryFlag} // of MiB
)

func limitPool(name string) pool {
	const most = 1 << 16
	start := 1<<50 + hash("limit "+name)>>32*(2*most)
	return pool{name, start, most, start + most}
}

// gpuByte stands for a GPU; its flag is the byte behind it.
func gpuByte(name string) int64 { return 1<<52 + hash("gpu "+name)>>16*2 }

// hash is a number of 62 bits.
func hash(name string) int64 {
	sum := sha256.Sum256([]byte(name))
	return int64(binary.BigEndian.Uint64(sum[:8]) >> 2)
}

// units are the MiB that hold an amount of memory.
func units(bytes int64) int64 { return bytes>>20 + min(bytes&(1<<20-1), 1) }
