package artifacts

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"
)

// A large artifact can be read at once, is hashed once, and that its bytes are
// others is found in the end.
func TestCheckedBesideReading(t *testing.T) {
	dir, content := t.TempDir(), large()
	files := &readingFS{FS: osFS{}}
	writer, err := OpenFS(dir, files)
	if err != nil {
		t.Fatal(err)
	}
	id, err := put(writer, content)
	if err != nil {
		t.Fatal(err)
	}
	read := func(s *Store) (verify, wait error) {
		c := s.Checked(t.Context())
		f, err := c.Open(id)
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 100)
		if _, err := f.ReadAt(buf, 0); err != nil {
			t.Fatal(err)
		}
		verify = f.Verify()
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		wait = c.Wait()
		if c.Sound() != (wait == nil) {
			t.Errorf("sound is %v: %v", c.Sound(), wait)
		}
		return verify, wait
	}
	other, err := OpenFS(dir, files)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []int64{int64(len(content)), 0} {
		before := files.read.Load()
		if verify, wait := read(other); verify != nil || wait != nil {
			t.Fatal(verify, wait)
		}
		if got := files.read.Load() - before; got != want {
			t.Errorf("hashed %d bytes, want %d", got, want)
		}
	}
	overwrite(t, writer.path(id), int64(len(content))-1)
	for _, s := range []*Store{writer, other} {
		verify, wait := read(s)
		for _, err := range []error{verify, wait} {
			if damaged := (*DamagedError)(nil); !errors.As(err, &damaged) {
				t.Errorf("a changed byte: %v", err)
			}
		}
	}
}

// What is found is about the bytes that were read, whatever has taken their place.
func TestCheckedBytesAreThoseRead(t *testing.T) {
	s := newStore(t)
	content := large()
	id, err := put(s, content)
	if err != nil {
		t.Fatal(err)
	}
	overwrite(t, s.path(id), 7)
	c := s.Checked(t.Context())
	f, err := c.Open(id)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	whole := filepath.Join(t.TempDir(), "whole")
	if err := os.WriteFile(whole, content, 0o444); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(whole, s.path(id)); err != nil {
		t.Fatal(err)
	}
	if damaged := (*DamagedError)(nil); !errors.As(c.Wait(), &damaged) {
		t.Errorf("damaged bytes were read, and found to be %v", c.Wait())
	}
}

// A small artifact is what it should be before anybody sees it, and so is the
// manifest of a directory.
func TestCheckedSmall(t *testing.T) {
	s := newStore(t)
	id, err := put(s, []byte("small"))
	if err != nil {
		t.Fatal(err)
	}
	overwrite(t, s.path(id), 0)
	c := s.Checked(t.Context())
	for _, open := range []func(ID) error{
		func(id ID) error { _, err := c.Open(id); return err },
		func(id ID) error { _, err := c.OpenDir(id); return err },
	} {
		if damaged := (*DamagedError)(nil); !errors.As(open(id), &damaged) {
			t.Errorf("opened: %v", open(id))
		}
	}
	if _, err := c.Open(Sum([]byte("nobody"))); !errors.As(err, new(*NotFoundError)) {
		t.Errorf("what is not there: %v", err)
	}
}

// Waiting ends with the context.
func TestCheckedEnds(t *testing.T) {
	s := newStore(t)
	id, err := put(s, large())
	if err != nil {
		t.Fatal(err)
	}
	other, err := Open(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := other.Checked(ctx)
	f, err := c.Open(id)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := c.Wait(); !errors.Is(err, context.Canceled) || c.Sound() {
		t.Errorf("%v, sound %v", err, c.Sound())
	}
}

// However bytes get into a Writer, all of them are in the file and in the hash.
func TestWriterPieces(t *testing.T) {
	s := newStore(t)
	rapid.Check(t, func(rt *rapid.T) {
		w, err := s.Create()
		if err != nil {
			rt.Fatal(err)
		}
		defer w.Discard()
		var all []byte
		edges := []int{0, 1, smallest, inMemory - 1, inMemory, inMemory + 1, chunkSize, chunkSize + 1, inPlace, 5 * chunkSize}
		for i := range rapid.IntRange(0, 6).Draw(rt, "pieces") {
			p := bytes.Repeat([]byte{byte(i), 1, 2}, rapid.SampledFrom(edges).Draw(rt, "size"))
			if rapid.Bool().Draw(rt, "from") {
				_, err = w.ReadFrom(io.MultiReader(bytes.NewReader(p[:len(p)/2]), bytes.NewReader(p[len(p)/2:])))
			} else {
				_, err = w.Write(p)
			}
			if err != nil {
				rt.Fatal(err)
			}
			all = append(all, p...)
		}
		id, size, err := w.Commit()
		if err != nil || size != int64(len(all)) || id != Sum(all) {
			rt.Fatalf("%d bytes, hash right: %v, %v; want %d bytes", size, id == Sum(all), err, len(all))
		}
		got, err := os.ReadFile(s.path(id))
		if err != nil || !bytes.Equal(got, all) {
			rt.Fatalf("the file has other bytes: %v", err)
		}
	})
}
