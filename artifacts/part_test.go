package artifacts

import (
	"bytes"
	"os"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func mustPart(t *testing.T, s *Store, name string) *Part {
	t.Helper()
	p, err := s.Part(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// has checks how many bytes of something a Part begins with.
func has(t *testing.T, p *Part, mark string, size int) {
	t.Helper()
	if p.Mark() != mark || p.Size() != int64(size) {
		t.Errorf("%d bytes of %q, want %d of %q", p.Size(), p.Mark(), size, mark)
	}
}

func add(t *testing.T, p *Part, content []byte) {
	t.Helper()
	if _, err := p.Write(content); err != nil {
		t.Fatal(err)
	}
}

// What comes in several processes, over months, is one artifact, and then nothing is
// left of its parts.
func TestPart(t *testing.T) {
	s := newStore(t)
	content := bytes.Repeat([]byte("0123456789abcdef"), 60_000)
	third := len(content) / 3
	p := mustPart(t, s, "work")
	has(t, p, "", 0)
	if err := p.Begin("v1"); err != nil {
		t.Fatal(err)
	}
	add(t, p, content[:third])
	if !p.Keep() {
		t.Error("nothing was kept")
	}
	p.Discard() // which does nothing any more

	s = later(t, s, 60*24*time.Hour)
	if _, err := s.Sweep(t.Context(), func(ID) bool { return false }); err != nil {
		t.Fatal(err)
	}
	p = mustPart(t, s, "work")
	has(t, p, "v1", third)
	add(t, p, content[third:2*third])
	if !p.Keep() {
		t.Error("nothing was kept")
	}
	if list, err := s.Checkpoints(); err != nil || len(list) != 1 || list[0].Size < int64(2*third) {
		t.Errorf("it is not listed with its size: %v, %v", list, err)
	}

	p = mustPart(t, later(t, s, 0), "work")
	has(t, p, "v1", 2*third)
	add(t, p, content[2*third:])
	id, size, err := p.Commit()
	if err != nil || id != Sum(content) || size != int64(len(content)) {
		t.Errorf("%s of %d bytes, %v", id.Short(), size, err)
	}
	f, err := s.Open(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	for _, path := range []string{s.part("work"), s.checkpoint("work")} {
		if _, err := os.Lstat(path); err == nil {
			t.Errorf("%s is left", path)
		}
	}
}

// What was begun anew, or of which nobody knows what it is the beginning of, is not gone
// on with.
func TestPartAnew(t *testing.T) {
	s := newStore(t)
	p := mustPart(t, s, "work")
	add(t, p, []byte("without a mark"))
	if p.Keep() {
		t.Error("it was kept without a mark")
	}
	p = mustPart(t, s, "work")
	p.Begin("v1")
	add(t, p, []byte("of the first version"))
	p.Keep()
	p = mustPart(t, s, "work")
	if err := p.Begin("v2"); err != nil {
		t.Fatal(err)
	}
	has(t, p, "v2", 0)
	add(t, p, []byte("second"))
	p.Keep()
	p = mustPart(t, s, "work")
	has(t, p, "v2", 6)
	id, _, err := p.Commit()
	if err != nil || id != Sum([]byte("second")) {
		t.Error(id, err)
	}
	p = mustPart(t, s, "work")
	has(t, p, "", 0)
	p.Begin("v3")
	add(t, p, []byte("dropped"))
	p.Discard()
	has(t, mustPart(t, s, "work"), "", 0)
}

// What comes slowly is saved by time, too: a process that dies does not lose minutes.
func TestPartSavedByTime(t *testing.T) {
	s := newStore(t)
	now := s.now()
	s.now = func() time.Time { return now }
	p := mustPart(t, s, "work")
	if err := p.Begin("v1"); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		add(t, p, []byte("slowly"))
		now = now.Add(savedAfter / 2)
	}
	// It dies here.
	has(t, mustPart(t, later(t, s, 0), "work"), "v1", 5*len("slowly"))
}

// A process that dies leaves what was saved, whatever else is in the file.
func TestPartOfADeadProcess(t *testing.T) {
	s := newStore(t)
	content := bytes.Repeat([]byte("abcdefgh"), 80_000)
	p := mustPart(t, s, "work")
	p.every = 100_000
	p.Begin("v1")
	for at := 0; at < len(content); at += 50_000 {
		add(t, p, content[at:min(at+50_000, len(content))])
	}
	saved := p.saved
	// It dies here, and the end of the file is of nothing.
	if err := os.Truncate(s.part("work"), int64(len(content)+1000)); err != nil {
		t.Fatal(err)
	}
	p = mustPart(t, later(t, s, 0), "work")
	if has(t, p, "v1", int(saved)); saved < 500_000 {
		t.Errorf("only %d bytes are saved", saved)
	}
	add(t, p, content[saved:])
	if id, _, err := p.Commit(); err != nil || id != Sum(content) {
		t.Error(id, err)
	}

	// Less than was saved is nothing.
	p = mustPart(t, s, "work")
	p.Begin("v1")
	add(t, p, content)
	p.Keep()
	if err := os.Truncate(s.part("work"), 10); err != nil {
		t.Fatal(err)
	}
	has(t, mustPart(t, s, "work"), "", 0)
}

// A Part goes with its checkpoint, and one without a checkpoint when nobody is at work
// on it.
func TestSweepParts(t *testing.T) {
	s := newStore(t)
	p := mustPart(t, s, "kept")
	p.Begin("v1")
	add(t, p, []byte("some"))
	p.Keep()
	mustPart(t, s, "orphan")
	claimed := mustPart(t, s, "claimed")
	defer claimed.Discard()
	claim, err := s.Claim("claimed")
	if err != nil {
		t.Fatal(err)
	}
	defer claim.Release()
	for _, tt := range []struct {
		after time.Duration
		want  int
	}{{Grace / 2, 0}, {2 * Grace, 1}} {
		swept, err := later(t, s, tt.after).Sweep(t.Context(), func(ID) bool { return false })
		if err != nil || swept.Temps != tt.want {
			t.Errorf("after %s: %+v, %v", tt.after, swept, err)
		}
	}
	removed, err := later(t, s, 2*Grace).SweepCheckpoints(t.Context(), func(CheckpointInfo) bool { return false })
	if err != nil || len(removed) != 1 || removed[0].Name != "kept" {
		t.Error(removed, err)
	}
	left, err := os.ReadDir(s.parts())
	if err != nil || len(left) != 1 || left[0].Name() != "claimed" {
		t.Errorf("left: %v, %v", left, err)
	}
}

// Whichever call of the file system fails, or is the last one of a process: what another
// one makes of what is left is right.
func TestPartFaults(t *testing.T) {
	content := bytes.Repeat([]byte("01234567"), 12_000)
	download := func(s *Store) error {
		p, err := s.Part("work")
		if err != nil {
			return err
		}
		defer p.Discard()
		p.every = 30_000
		if p.Mark() != "v1" {
			if err := p.Begin("v1"); err != nil {
				return err
			}
		}
		for p.Size() < int64(len(content)) {
			at := int(p.Size())
			if _, err := p.Write(content[at:min(at+16_000, len(content))]); err != nil {
				p.Keep()
				return err
			}
		}
		id, _, err := p.Commit()
		if err == nil && id != Sum(content) {
			t.Error("another artifact was committed")
		}
		return err
	}
	for _, crash := range []bool{false, true} {
		failed := 0
		for n := 1; ; n++ {
			dir := t.TempDir()
			faulty := &faultFS{FS: osFS{}, n: n, crash: crash}
			s, err := open(dir, faulty, time.Now)
			if err == nil {
				err = download(s)
			}
			if err == nil && faulty.n > 0 {
				break
			}
			failed++
			if s, err = open(dir, &faultFS{FS: osFS{}}, time.Now); err != nil { // which waits for no disk
				t.Fatal(err)
			}
			if err := download(s); err != nil {
				t.Errorf("after a failure of call %d (crash %v), %s: %v", n, crash, faulty.ops[len(faulty.ops)-1], err)
			}
			if _, err := s.Stat(Sum(content)); err != nil {
				t.Errorf("call %d: %v", n, err)
			}
		}
		if failed < 20 {
			t.Errorf("only %d calls could fail", failed)
		}
	}
}

// However the bytes come, they are those of the artifact.
func TestPartProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s, err := open(t.TempDir(), &faultFS{FS: osFS{}}, time.Now) // which waits for no disk
		if err != nil {
			rt.Fatal(err)
		}
		content := bytes.Repeat([]byte("0123456789"), rapid.IntRange(1, 20_000).Draw(rt, "tens"))
		for {
			p, err := s.Part("x")
			if err != nil {
				rt.Fatal(err)
			}
			if p.Mark() == "" {
				p.Begin("m")
			}
			at := int(p.Size())
			n := min(rapid.IntRange(1, 150_000).Draw(rt, "n"), len(content)-at)
			if _, err := p.Write(content[at : at+n]); err != nil {
				rt.Fatal(err)
			}
			if at+n < len(content) {
				p.Keep()
				continue
			}
			id, size, err := p.Commit()
			if err != nil || id != Sum(content) || size != int64(len(content)) {
				rt.Errorf("%s of %d bytes, %v", id.Short(), size, err)
			}
			if _, err := os.Lstat(s.part("x")); err == nil || !os.IsNotExist(err) {
				rt.Error("a part is left", err)
			}
			return
		}
	})
}
