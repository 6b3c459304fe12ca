package artifacts

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// later opens the store again, as another process would at a later time.
func later(t *testing.T, s *Store, d time.Duration) *Store {
	t.Helper()
	s, err := open(s.dir, osFS{}, func() time.Time { return time.Now().Add(d) })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSweepKeepsLiveAndYoung(t *testing.T) {
	s := newStore(t)
	live, dead := mustPut(t, s, "live"), mustPut(t, s, "dead")
	isLive := func(id ID) bool { return id == live }

	young := later(t, s, Grace-time.Minute)
	if swept, err := young.Sweep(t.Context(), isLive); err != nil || swept != (Swept{}) {
		t.Errorf("within the grace time: %+v, %v", swept, err)
	}
	old := later(t, s, Grace+time.Minute)
	if garbage, err := old.Garbage(t.Context(), isLive); err != nil || len(garbage) != 1 || garbage[0].ID != dead {
		t.Errorf("Garbage: %v, %v", garbage, err)
	}
	swept, err := old.Sweep(t.Context(), isLive)
	if want := (Swept{Objects: 1, Bytes: 4}); err != nil || swept != want {
		t.Errorf("swept %+v, %v, want %+v", swept, err, want)
	}
	if _, err := s.Stat(live); err != nil {
		t.Error(err)
	}
	if missing := (*NotFoundError)(nil); !errors.As(s.Check(t.Context(), dead), &missing) {
		t.Error("the dead artifact is still there")
	}
}

// Committing content again makes it young: a run that found it there is about
// to refer to it.
func TestCommitRenewsTheGraceTime(t *testing.T) {
	s := newStore(t)
	id := mustPut(t, s, "x")
	old := later(t, s, 2*Grace)
	mustPut(t, old, "x")
	if swept, err := old.Sweep(t.Context(), func(ID) bool { return false }); err != nil || swept.Objects != 0 {
		t.Errorf("swept %+v, %v", swept, err)
	}
	if _, err := s.Stat(id); err != nil {
		t.Error(err)
	}
}

func TestRenewRenewsTheGraceTime(t *testing.T) {
	s := newStore(t)
	id := mustPut(t, s, "x")
	old := later(t, s, 2*Grace)
	if size, err := old.Renew(id); err != nil || size != 1 {
		t.Errorf("size %d, %v", size, err)
	}
	if swept, err := old.Sweep(t.Context(), func(ID) bool { return false }); err != nil || swept.Objects != 0 {
		t.Errorf("swept %+v, %v", swept, err)
	}
	if _, err := s.Renew(Sum([]byte("y"))); !errors.As(err, new(*NotFoundError)) {
		t.Errorf("error %v, want a NotFoundError", err)
	}
}

func TestSweepKeepsWhatALiveDirectoryLists(t *testing.T) {
	s := newStore(t)
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "a", "file"), "in a directory")
	tree, _, err := s.AddDir(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	// Only begins like a manifest; it is a live file like any other.
	imposter := mustPut(t, s, treeHeader+"not really")
	old := later(t, s, 2*Grace)
	swept, err := old.Sweep(t.Context(), func(id ID) bool { return id == tree || id == imposter })
	if err != nil || swept.Objects != 0 {
		t.Errorf("swept %+v, %v", swept, err)
	}
	if err := s.Extract(t.Context(), tree, t.TempDir()); err != nil {
		t.Error(err)
	}
	if swept, err := old.Sweep(t.Context(), func(ID) bool { return false }); err != nil || swept.Objects != 3 {
		t.Errorf("swept %+v, %v, want the directory, its file and the imposter", swept, err)
	}
}

// What a damaged manifest lists cannot be known, so nothing is removed.
func TestSweepStopsAtADamagedManifest(t *testing.T) {
	s := newStore(t)
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "file"), "in a directory")
	tree, _, err := s.AddDir(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	os.Chmod(s.path(tree), 0o666)
	if err := os.Truncate(s.path(tree), int64(len(treeMagic)+3)); err != nil {
		t.Fatal(err)
	}
	old := later(t, s, 2*Grace)
	swept, err := old.Sweep(t.Context(), func(id ID) bool { return id == tree })
	if damaged := (*DamagedError)(nil); !errors.As(err, &damaged) || swept != (Swept{}) {
		t.Errorf("swept %+v, %v", swept, err)
	}
}

func TestSweepKeepsWhatLiveProcessesWrite(t *testing.T) {
	s := newStore(t)
	w, err := s.Create() // alive, and idle for long
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	scratch, err := s.TempDir()
	if err != nil {
		t.Fatal(err)
	}
	dead := filepath.Join(s.tmp(), "0123456789abcdef")
	writeFile(t, dead, "left behind")
	deadScratch := dead + scratchMark + "1"
	writeFile(t, filepath.Join(deadScratch, "sub", "file"), "left behind")

	none := func(ID) bool { return false }
	if swept, err := later(t, s, Grace/2).Sweep(t.Context(), none); err != nil || swept.Temps != 0 {
		t.Errorf("within the grace time: %+v, %v", swept, err)
	}
	if swept, err := later(t, s, 2*Grace).Sweep(t.Context(), none); err != nil || swept.Temps != 2 {
		t.Errorf("swept %+v, %v, want the two that are left behind", swept, err)
	}
	for _, path := range []string{dead, deadScratch} {
		if _, err := os.Lstat(path); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", path, err)
		}
	}
	if _, err := os.Lstat(scratch); err != nil {
		t.Error(err)
	}
	if _, err := w.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Commit(); err != nil {
		t.Error(err)
	}
}

// The file that shows that a process lives does not pile up.
func TestTempDirCleansUpAfterDeadProcesses(t *testing.T) {
	s := newStore(t)
	dead := filepath.Join(s.tmp(), "0123456789abcdef")
	writeFile(t, dead, "")
	if _, err := later(t, s, 2*Grace).TempDir(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(dead); !os.IsNotExist(err) {
		t.Errorf("it is still there: %v", err)
	}
}

func TestCloseLeavesNothingInTmp(t *testing.T) {
	s := newStore(t)
	for range 2 { // a Store that was closed can be used again
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		dir, err := s.TempDir()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if entries, err := os.ReadDir(s.tmp()); err != nil || len(entries) != 0 {
			t.Error(entries, err)
		}
	}
}

func TestTempDirsAreDistinct(t *testing.T) {
	s := newStore(t)
	seen := map[string]bool{}
	for range 3 {
		dir, err := s.TempDir()
		if err != nil || seen[dir] || !filepath.IsAbs(dir) {
			t.Fatal(dir, err)
		}
		seen[dir] = true
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
			t.Error(entries, err)
		}
	}
}
