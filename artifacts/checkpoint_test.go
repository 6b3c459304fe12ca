package artifacts

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"testing"
	"time"
)

func saveCheckpoint(t *testing.T, s *Store, name string, content []byte) {
	t.Helper()
	if err := s.SaveCheckpoint(name, func(w io.Writer) error {
		for len(content) > 0 { // in pieces, as a stage writes
			n := min(len(content), 1000)
			if _, err := w.Write(content[:n]); err != nil {
				return err
			}
			content = content[n:]
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func loadCheckpoint(t *testing.T, s *Store, name string) ([]byte, error) {
	t.Helper()
	r, err := s.OpenCheckpoint(name)
	if err != nil {
		return nil, err
	}
	got, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return got, nil
}

func TestCheckpoint(t *testing.T) {
	s := newStore(t)
	if _, err := loadCheckpoint(t, s, "work"); err != fs.ErrNotExist {
		t.Errorf("before the first: %v, want ErrNotExist", err)
	}
	for _, n := range []int{0, 1, 999, keepInMemory, keepInMemory + 1, 3} {
		want := bytes.Repeat([]byte{byte(n), 7}, n)[:n]
		saveCheckpoint(t, s, "work", want)
		if got, err := loadCheckpoint(t, later(t, s, 0), "work"); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: got %d, %v", n, len(got), err)
		}
	}
	// One that is open is not disturbed by the next.
	saveCheckpoint(t, s, "work", make([]byte, 2*keepInMemory))
	r, err := s.OpenCheckpoint("work")
	if err != nil {
		t.Fatal(err)
	}
	saveCheckpoint(t, s, "work", []byte("next"))
	if got, err := io.ReadAll(r); err != nil || len(got) != 2*keepInMemory {
		t.Errorf("the open one gave %d bytes, %v", len(got), err)
	}
	r.Close()
	// A failed save leaves the last one, and no temp file.
	stop := errors.New("stop")
	err = s.SaveCheckpoint("work", func(w io.Writer) error { w.Write(make([]byte, 1<<20)); return stop })
	if err != stop {
		t.Errorf("error %v, want that of the writer", err)
	}
	if got, err := loadCheckpoint(t, s, "work"); err != nil || string(got) != "next" {
		t.Errorf("got %q, %v", got, err)
	}
	if left, err := os.ReadDir(s.tmp()); err != nil || len(left) != 0 {
		t.Errorf("left in tmp: %v, %v", left, err)
	}
	for range 2 {
		if err := s.RemoveCheckpoint("work"); err != nil {
			t.Error(err)
		}
	}
	if _, err := loadCheckpoint(t, s, "work"); err != fs.ErrNotExist {
		t.Errorf("after the last: %v", err)
	}
}

// Whatever happens to the file, its content is the right one or an error.
func TestDamagedCheckpointIsRefused(t *testing.T) {
	s := newStore(t)
	saveCheckpoint(t, s, "work", []byte("twenty bytes of work"))
	whole, err := os.ReadFile(s.checkpoint("work"))
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, content []byte) {
		t.Helper()
		writeFile(t, s.checkpoint("work"), string(content))
		if got, err := loadCheckpoint(t, s, "work"); err == nil {
			t.Errorf("%s: got %q", what, got)
		}
	}
	for n := range whole {
		refused("cut", whole[:n])
		flipped := bytes.Clone(whole)
		flipped[n] ^= 0x10
		refused("flipped", flipped)
	}
	refused("longer", append(bytes.Clone(whole), 0))
	refused("twice", append(bytes.Clone(whole), whole...))
	saveCheckpoint(t, s, "other", []byte("twenty bytes of work"))
	other, err := os.ReadFile(s.checkpoint("other"))
	if err != nil {
		t.Fatal(err)
	}
	refused("of other work", other)
}

func TestSweepCheckpoints(t *testing.T) {
	s := newStore(t)
	for _, name := range []string{"kept", "claimed", "useless"} {
		saveCheckpoint(t, s, name, []byte(name))
	}
	claim, err := s.Claim("claimed")
	if err != nil {
		t.Fatal(err)
	}
	defer claim.Release()
	keep := func(c CheckpointInfo) bool { return c.Name == "kept" }
	if removed, err := s.SweepCheckpoints(t.Context(), keep); err != nil || len(removed) != 0 {
		t.Errorf("young ones were removed: %v, %v", removed, err)
	}
	old := later(t, s, Grace+time.Minute)
	removed, err := old.SweepCheckpoints(t.Context(), keep)
	if err != nil || len(removed) != 1 || removed[0].Name != "useless" {
		t.Errorf("removed %v, %v, want the useless one", removed, err)
	}
	left, err := s.Checkpoints()
	if err != nil || len(left) != 2 {
		t.Errorf("left %v, %v", left, err)
	}
}
