package runner

import (
	"context"
	"sync"
	"time"
)

// A gitState finds out, while stages run, whether the project has changes that
// are in no commit. A run in which no stage runs does not ask: what it gives was
// made before.
type gitState struct {
	*execution
	once sync.Once
	mu   sync.Mutex
	done chan struct{} // nil until it is asked
	stop context.CancelFunc
}

// afterRun is how long a run that is over waits for the answer.
const afterRun = time.Second

func (g *gitState) ask(ctx context.Context) {
	if g.GitStatus == nil {
		return
	}
	g.once.Do(func() {
		asking, stop := context.WithCancel(ctx)
		done := make(chan struct{})
		g.mu.Lock()
		g.done, g.stop = done, stop
		g.mu.Unlock()
		go func() {
			defer close(done)
			found := g.GitStatus(asking)
			// The run is what it is without.
			_ = g.DB.RecordClean(context.WithoutCancel(ctx), g.runID, found)
		}()
	})
}

// wait returns when the answer is recorded, should anybody have asked, or is
// given up.
func (g *gitState) wait() {
	g.mu.Lock()
	done, stop := g.done, g.stop
	g.mu.Unlock()
	if done == nil {
		return
	}
	defer stop()
	select {
	case <-done:
	case <-time.After(afterRun):
		stop()
		<-done
	}
}
