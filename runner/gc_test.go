package runner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"pipe/artifacts"
	"pipe/lineage/clean"
)

// Runs and clean-ups go on at the same time. Few kept runs and results that
// are needed again and again let clean-ups delete what a run is just about to
// find. No run may fail, and each must end in the right bytes.
func TestRunsGoOnDuringCleanUp(t *testing.T) {
	w := newWorld(t)
	other := w.another(nil)
	for i := range 4 {
		if err := os.WriteFile(filepath.Join(w.dir, fmt.Sprint("file", i)), fmt.Append(nil, "source", i), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	var hour sync.RWMutex         // held for writing while time passes: then nothing is running
	due := make(chan struct{}, 1) // each run asks for a clean-up while it goes on
	cleaned := make(chan error, 1)
	var forgotten, swept int
	go func() {
		var errs error
		for range due {
			rows, objects, err := cleanUp(other)
			errs = errors.Join(errs, err)
			forgotten, swept = forgotten+rows, swept+objects
		}
		cleaned <- errs
	}()
	var runs sync.WaitGroup
	for worker, r := range []*Runner{w.runner, w.another(nil)} {
		runs.Go(func() {
			for i := range 60 {
				text := fmt.Sprint((i + worker) % 4)
				hour.RLock()
				select {
				case due <- struct{}{}:
				default: // one is waiting already
				}
				plan := w.plan("  a: {uses: text, with: {text: A" + text + ", files: [file" + text + "]}}\n  b: {uses: text, with: {text: B}, inputs: {x: a}}\n")
				plan.Pipeline = fmt.Sprint("p", worker)
				res, err := r.Run(context.Background(), plan, Options{})
				if err != nil {
					t.Error(err)
				} else if got, want := w.text(res, "b"), "B(x=A"+text+"(files/file"+text+"=source"+text+"))"; got != want {
					t.Errorf("b holds %q, want %q", got, want)
				}
				hour.RUnlock()
				if i%2 == 1 {
					hour.Lock()
					w.passTime(2 * artifacts.Grace)
					hour.Unlock()
				}
			}
		})
	}
	runs.Wait()
	close(due)
	if err := <-cleaned; err != nil {
		t.Fatal(err)
	}
	t.Logf("%d executions forgotten, %d artifacts swept", forgotten, swept)
	if forgotten == 0 || swept == 0 {
		t.Error("nothing was cleaned up: the test shows nothing")
	}
}

func cleanUp(r *Runner) (executions, objects int, err error) {
	ctx := context.Background()
	plan, err := clean.Choose(ctx, r.DB, clean.Retention{Runs: 1})
	if err != nil {
		return 0, 0, err
	}
	done, err := clean.Forget(ctx, r.DB, plan)
	if err != nil {
		return 0, 0, err
	}
	live, err := r.DB.Referenced(ctx)
	if err != nil {
		return 0, 0, err
	}
	swept, err := r.Store.Sweep(ctx, func(id artifacts.ID) bool { return live[id] })
	return done.Executions, swept.Objects, err
}

// passTime makes all artifacts older.
func (w *world) passTime(d time.Duration) {
	w.Helper()
	err := filepath.WalkDir(filepath.Join(w.dir, ".pipe", "objects"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil // swept in between
		}
		then := time.Now().Add(-d)
		if err := os.Chtimes(path, then, then); err != nil && !os.IsNotExist(err) {
			return err
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
}
