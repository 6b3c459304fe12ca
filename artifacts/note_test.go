package artifacts

import (
	"bytes"
	"os"
	"testing"
	"time"
)

func TestNote(t *testing.T) {
	s := newStore(t)
	id, other := mustPut(t, s, "x"), mustPut(t, s, "y")
	for _, n := range []int{0, 3, keepInMemory + 1} {
		want := bytes.Repeat([]byte{7}, n)
		if err := s.SaveNote("size", id, want); err != nil {
			t.Fatal(err)
		}
		if got := OpenReadOnly(s.dir).Note("size", id); !bytes.Equal(got, want) {
			t.Errorf("%d bytes were read, want %d", len(got), n)
		}
	}
	if s.Note("size", other) != nil || s.Note("colour", id) != nil {
		t.Error("there is a note that nobody has written")
	}

	// One that is damaged, cut, or of another artifact is none.
	path := s.note("size", id)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(whole)
	damaged[5]++
	for _, content := range [][]byte{nil, whole[:10], whole[:len(whole)-1], damaged} {
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		if s.Note("size", id) != nil {
			t.Errorf("a note of %d bytes was believed", len(content))
		}
	}
	if err := os.WriteFile(s.note("size", other), whole, 0o666); err != nil {
		t.Fatal(err)
	}
	if s.Note("size", other) != nil {
		t.Error("the note of another artifact was believed")
	}
	if temps, err := os.ReadDir(s.tmp()); err != nil || len(temps) > 0 {
		t.Errorf("%v was left behind, %v", temps, err)
	}
}

func TestSweepRemovesNotesOfWhatIsGone(t *testing.T) {
	s := newStore(t)
	live, dead := mustPut(t, s, "live"), mustPut(t, s, "dead")
	for _, id := range []ID{live, dead} {
		if err := s.SaveNote("size", id, []byte("4")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := later(t, s, Grace+time.Minute).Sweep(t.Context(), func(id ID) bool { return id == live }); err != nil {
		t.Fatal(err)
	}
	if s.Note("size", live) == nil || s.Note("size", dead) != nil {
		t.Error("the wrong note is there")
	}
}

// Whatever fails, a note is there whole or not at all, and nothing is left behind.
func TestNoteFaults(t *testing.T) {
	for n := 1; ; n++ {
		fsys := &faultFS{FS: osFS{}}
		s, err := open(t.TempDir(), fsys, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		id := mustPut(t, s, "x")
		fsys.n = n
		failed := s.SaveNote("size", id, []byte("1")) != nil
		reached := fsys.n <= 0
		fsys.n = 0
		if there := s.Note("size", id) != nil; there == failed {
			t.Errorf("operation %d: failed %v, there %v", n, failed, there)
		}
		if !reached {
			return
		}
	}
}
