package vm

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"pipe/nn/cpu/kernel"
)

// A pool is goroutines that share the tasks of one instruction after the other.
// Tasks are claimed in small ranges, so that a thread that the system takes
// away does not hold up the others for long.
type pool struct {
	table   *kernel.Table
	scratch []unsafe.Pointer // by worker; the first is the caller's
	wake    []chan struct{}  // by worker, without the caller
	done    chan struct{}    // one message by each worker at the end of its part
	ended   sync.WaitGroup

	in    *kernel.Instr
	next  atomic.Int64
	chunk int64
}

func newPool(t *kernel.Table, scratch []unsafe.Pointer) *pool {
	p := &pool{table: t, scratch: scratch, done: make(chan struct{}, len(scratch))}
	for w := 1; w < len(scratch); w++ {
		wake := make(chan struct{}, 1)
		p.wake = append(p.wake, wake)
		p.ended.Go(func() {
			for range wake {
				p.work(w)
				p.done <- struct{}{}
			}
		})
	}
	return p
}

// run runs an instruction on all threads and returns when all of it is done.
func (p *pool) run(in *kernel.Instr) {
	p.in, p.chunk = in, max(1, int64(in.Tasks)/int64(8*len(p.scratch)))
	p.next.Store(0)
	woken := p.wake[:min(len(p.wake), int(in.Tasks)-1)]
	for _, w := range woken {
		w <- struct{}{}
	}
	p.work(0)
	for range woken {
		<-p.done
	}
}

func (p *pool) work(w int) {
	for {
		to := p.next.Add(p.chunk)
		from, to := to-p.chunk, min(to, int64(p.in.Tasks))
		if from >= to {
			return
		}
		p.table.Tasks(p.in, int(from), int(to), p.scratch[w])
	}
}

// close ends the goroutines and waits for them.
func (p *pool) close() {
	for _, w := range p.wake {
		close(w)
	}
	p.ended.Wait()
}
