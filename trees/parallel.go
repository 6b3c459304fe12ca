package trees

import (
	"sync"
	"sync/atomic"
)

// parallel does n tasks, each once, on so many threads. What a task does must not depend on
// when the others are done.
func parallel(threads, n int, do func(i int)) {
	if threads = min(threads, n); threads <= 1 {
		for i := range n {
			do(i)
		}
		return
	}
	var next atomic.Int64
	var wait sync.WaitGroup
	work := func() {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			do(i)
		}
	}
	for range threads - 1 {
		wait.Go(work)
	}
	work()
	wait.Wait()
}
