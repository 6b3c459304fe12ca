package runner

import (
	"context"
	"sync"
)

// A gitState finds out, while stages run, whether the project has changes that
// are in no commit. A run in which no stage runs does not ask: what it gives was
// made before.
type gitState struct {
	*execution
	once sync.Once
	done chan struct{} // nil until it is asked
	mu   sync.Mutex
}

func (g *gitState) ask(ctx context.Context) {
	if g.GitStatus == nil {
		return
	}
	g.once.Do(func() {
		done := make(chan struct{})
		g.mu.Lock()
		g.done = done
		g.mu.Unlock()
		go func() {
			defer close(done)
			found := g.GitStatus(ctx)
			// The run is what it is without.
			_ = g.DB.RecordClean(context.WithoutCancel(ctx), g.runID, found)
		}()
	})
}

// wait returns when the answer is recorded, should anybody have asked.
func (g *gitState) wait() {
	g.mu.Lock()
	done := g.done
	g.mu.Unlock()
	if done != nil {
		<-done
	}
}
