package repair_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"pipe/artifacts"
	"pipe/artifacts/fault"
	"pipe/lineage"
)

// Every call that a whole run makes to the file system of the store fails
// once, in each way. Afterwards everything that is recorded reads back, or is
// found to be damaged and is repaired; the error says what to do; and the next
// run ends with the same artifacts.
func TestEveryCallOfARunFailing(t *testing.T) {
	t.Parallel()
	root := fastDir(t)
	want, err := newWorld(t, filepath.Join(root, "want")).run(artifacts.SystemFS(), lineage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []struct {
		mode fault.Mode
		err  error
		step int // in short tests
	}{
		{fault.Error, syscall.EIO, 7},
		{fault.Error, syscall.ENOSPC, 11},
		{fault.Error, syscall.EACCES, 13},
		{fault.Short, nil, 2},
		{fault.FlipRead, nil, 2},
		{fault.FlipWrite, nil, 2},
		{fault.Truncate, nil, 2},
	} {
		name := kind.mode.String()
		if kind.err != nil {
			name = kind.err.Error()
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each waits for the disk most of the time
			step := 1
			if testing.Short() {
				step = kind.step
			}
			failures := 0
			for n := 1; ; n += step {
				if n > 2000 {
					t.Fatal("the run does not end")
				}
				w := newWorld(t, filepath.Join(root, name))
				fail := &fault.Fail{FS: artifacts.SystemFS(), Mode: kind.mode, N: n, Err: kind.err}
				_, err := w.run(fail, lineage.Options{})
				when := fmt.Sprintf("call %d (%s)", n, fail.Failed())
				w.hinted(when, err)
				if err != nil {
					failures++
				}
				silent := kind.mode == fault.FlipWrite || kind.mode == fault.Truncate
				afterFault(w, when, want, silent)
				if err := os.RemoveAll(w.dir); err != nil {
					t.Fatal(err)
				}
				if fail.Failed() == "" { // there was no call left to fail
					if err != nil {
						t.Fatal(err)
					}
					t.Logf("%d calls, %d of them ended the run", n-1, failures)
					break
				}
			}
		})
	}
}

// afterFault looks at the store as the next process would. Where the disk
// itself was at fault, without an error, objects may be damaged.
func afterFault(w *world, when string, want map[string]artifacts.ID, silent bool) {
	w.Helper()
	if !silent {
		w.sound(when, w.check(when, false))
		w.undisturbed(when, want)
		return
	}
	damage := w.check(when, false).Damage()
	if _, err := w.run(artifacts.SystemFS(), lineage.Options{}); err != nil {
		var bad *artifacts.DamagedError
		if !errors.As(err, &bad) || !damage {
			w.Fatalf("%s: the next run: %v", when, err)
		}
		w.hinted(when, err)
	}
	w.sound(when, w.check(when, true))
	w.sound(when, w.check(when, false))
	w.undisturbed(when, want)
}
