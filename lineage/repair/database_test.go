package repair_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pipe/artifacts"
	"pipe/base/random"
	"pipe/lineage"
)

// The disk is full for the database at every size that it passes in a run.
func TestDatabaseFullAtEveryPage(t *testing.T) {
	t.Parallel()
	root := fastDir(t)
	want, err := newWorld(t, filepath.Join(root, "want")).run(artifacts.SystemFS(), lineage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	failures := 0
	for pages := 1; ; pages++ {
		w := newWorld(t, filepath.Join(root, "case"))
		_, err := w.run(artifacts.SystemFS(), lineage.Options{MaxPages: pages})
		when := fmt.Sprintf("%d pages", pages)
		w.hinted(when, err)
		w.sound(when, w.check(when, false))
		w.undisturbed(when, want)
		w.must(os.RemoveAll(w.dir))
		if err == nil {
			t.Logf("a run needs %d pages, fewer ended %d runs", pages, failures)
			break
		}
		failures++
	}
	if failures < 10 {
		t.Errorf("only %d sizes were too small", failures)
	}
}

// damaged runs with a spoiled copy of a store. Either the run ends with the
// artifacts of an undisturbed one, or the error says what to do: then the
// database is moved away, as the hint says, and the run after that does.
func damaged(w *world, when string, want map[string]artifacts.ID) (refused bool) {
	w.Helper()
	made, err := w.run(artifacts.SystemFS(), lineage.Options{})
	if err != nil {
		w.hinted(when, err)
		for _, suffix := range []string{"", "-wal", "-shm"} {
			_ = os.Remove(w.db() + suffix)
		}
		w.undisturbed(when, want)
		return true
	}
	for stage, id := range want {
		if made[stage] != id {
			w.Fatalf("%s: stage %s made %s, want %s", when, stage, made[stage].Short(), id.Short())
		}
	}
	return false
}

func TestDamagedDatabase(t *testing.T) {
	t.Parallel()
	root := fastDir(t)
	whole := newWorld(t, filepath.Join(root, "whole"))
	want, err := whole.run(artifacts.SystemFS(), lineage.Options{})
	whole.must(err)
	text, err := os.ReadFile(whole.db())
	whole.must(err)
	count := 150
	if testing.Short() {
		count = 20
	}
	try := func(t *testing.T, when string, spoil func(w *world)) bool {
		w := newWorld(t, filepath.Join(root, "case"))
		w.must(os.CopyFS(w.store(), os.DirFS(whole.store())))
		spoil(w)
		refused := damaged(w, when, want)
		w.must(os.RemoveAll(w.dir))
		return refused
	}
	t.Run("truncated", func(t *testing.T) {
		refused := 0
		for i := range count {
			size := int64(len(text)) * int64(i) / int64(count)
			if try(t, fmt.Sprintf("%d of %d bytes", size, len(text)), func(w *world) { w.must(os.Truncate(w.db(), size)) }) {
				refused++
			}
		}
		t.Logf("%d of %d refused", refused, count)
		if refused < count/2 {
			t.Errorf("only %d of %d truncated databases were noticed", refused, count)
		}
	})
	t.Run("garbled", func(t *testing.T) {
		places := random.New(1, "garble", 0)
		refused := 0
		for i := range count {
			spoiled := append([]byte(nil), text...)
			at := places.IntN(uint64(3*i), len(text))
			length := 1 + places.IntN(uint64(3*i+1), 4096)
			for j := at; j < min(at+length, len(text)); j++ {
				spoiled[j] ^= 1 + byte(places.IntN(uint64(3*i+2), 255))
			}
			if try(t, fmt.Sprintf("%d bytes at %d garbled", length, at), func(w *world) { w.must(os.WriteFile(w.db(), spoiled, 0o666)) }) {
				refused++
			}
		}
		t.Logf("%d of %d refused", refused, count)
	})
	t.Run("deleted", func(t *testing.T) {
		try(t, "deleted", func(w *world) { w.must(os.Remove(w.db())) })
	})
	t.Run("of another program", func(t *testing.T) {
		if !try(t, "text", func(w *world) {
			w.must(os.WriteFile(w.db(), []byte("name,value\n"+string(make([]byte, 5000))), 0o666))
		}) {
			t.Error("a file that is no database was taken")
		}
	})
}

// A write-ahead log that was cut or garbled takes the transactions behind
// that place with it, and no more.
func TestDamagedLog(t *testing.T) {
	t.Parallel()
	root := fastDir(t)
	live := newWorld(t, filepath.Join(root, "live"))
	var want map[string]artifacts.ID
	// A second connection keeps the log from being merged when the run ends.
	other, err := lineage.Open(live.db())
	live.must(err)
	want, err = live.run(artifacts.SystemFS(), lineage.Options{})
	live.must(err)
	snapshot := filepath.Join(root, "snapshot")
	live.must(os.CopyFS(snapshot, os.DirFS(live.store())))
	live.must(other.Close())
	wal, err := os.ReadFile(filepath.Join(snapshot, "lineage.db-wal"))
	live.must(err)
	if len(wal) < 10_000 {
		t.Fatalf("the log holds %d bytes", len(wal))
	}
	count := 80
	if testing.Short() {
		count = 10
	}
	places := random.New(2, "garble", 0)
	for i := range count {
		w := newWorld(t, filepath.Join(root, "case"))
		w.must(os.CopyFS(w.store(), os.DirFS(snapshot)))
		name := w.db() + "-wal"
		when := ""
		if i%2 == 0 {
			size := int64(len(wal)) * int64(i) / int64(count)
			when = fmt.Sprintf("log of %d bytes", size)
			w.must(os.Truncate(name, size))
		} else {
			spoiled := append([]byte(nil), wal...)
			at := places.IntN(uint64(i), len(wal))
			spoiled[at] ^= 0x40
			when = fmt.Sprintf("log with a wrong bit at %d", at)
			w.must(os.WriteFile(name, spoiled, 0o666))
		}
		// The shared memory is rebuilt from the log after a crash.
		_ = os.Remove(w.db() + "-shm")
		damaged(w, when, want)
		w.must(os.RemoveAll(w.dir))
	}
}

// A clock that goes back, by an hour at each third look, changes no artifact
// and leaves no run that ended before it began.
func TestClockGoingBack(t *testing.T) {
	root := fastDir(t)
	w := newWorld(t, root)
	now, looks := time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), 0
	back := func() time.Time {
		if looks++; looks%3 == 0 {
			now = now.Add(-time.Hour)
		}
		now = now.Add(time.Millisecond)
		return now
	}
	want, err := w.run(artifacts.SystemFS(), lineage.Options{Now: back})
	w.must(err)
	made, err := w.run(artifacts.SystemFS(), lineage.Options{Now: back})
	w.must(err)
	for stage, id := range want {
		if made[stage] != id {
			t.Errorf("stage %s made %s, want %s", stage, made[stage].Short(), id.Short())
		}
	}
	db, err := lineage.Open(w.db())
	w.must(err)
	defer db.Close()
	runs, err := db.Runs(t.Context(), lineage.RunFilter{})
	w.must(err)
	if len(runs) != 2 {
		t.Fatalf("%d runs, want 2", len(runs))
	}
	for _, r := range runs {
		if r.Status != lineage.Succeeded || r.Finished.Before(r.Started) {
			t.Errorf("run %s: %s, from %s to %s", r.ID, r.Status, r.Started, r.Finished)
		}
	}
	w.sound("clock", w.check("clock", false))
}
