package artifacts

import (
	"bytes"
	"errors"
	"io"
	"os"
	"sync/atomic"
	"testing"
	"time"
)

// readingFS counts the bytes that are read.
type readingFS struct {
	FS
	read atomic.Int64
}

func (f *readingFS) Open(name string) (FSFile, error) {
	file, err := f.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return &readingFile{file, f}, nil
}

type readingFile struct {
	FSFile
	fs *readingFS
}

func (f *readingFile) Read(p []byte) (int, error) {
	n, err := f.FSFile.Read(p)
	f.fs.read.Add(int64(n))
	return n, err
}

// large is more than Open keeps in memory.
func large() []byte { return bytes.Repeat([]byte("0123456789abcdef"), keepInMemory/8) }

// overwrite changes one byte of an object where it lies.
func overwrite(t *testing.T, path string, at int64) {
	t.Helper()
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("x"), at); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// A large artifact is hashed when a process first meets it, and again only when
// its file is no longer the same.
func TestHashedOnce(t *testing.T) {
	dir, content := t.TempDir(), large()
	files := &readingFS{FS: osFS{}}
	s, err := OpenFS(dir, files)
	if err != nil {
		t.Fatal(err)
	}
	id, err := put(s, content)
	if err != nil {
		t.Fatal(err)
	}
	open := func(s *Store) error {
		f, err := s.Open(t.Context(), id)
		if err == nil {
			err = f.Close()
		}
		return err
	}
	hashed := func(what string, f func() error, want int64) {
		t.Helper()
		before := files.read.Load()
		if err := f(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if got := files.read.Load() - before; got != want {
			t.Errorf("%s: read %d bytes, want %d", what, got, want)
		}
	}
	all := int64(len(content))
	hashed("opened by who wrote it", func() error { return open(s) }, 0)
	hashed("written again", func() error { _, err := put(s, content); return err }, 0)
	hashed("renewed", func() error { _, err := s.Renew(id); return errors.Join(err, open(s)) }, 0)
	hashed("checked", func() error { return s.Check(t.Context(), id) }, all)
	other, err := OpenFS(dir, files)
	if err != nil {
		t.Fatal(err)
	}
	hashed("first opened by another", func() error { return open(other) }, all)
	hashed("opened again", func() error { return open(other) }, 0)
	if err := os.Chtimes(s.path(id), time.Now(), time.Now()); err != nil {
		t.Fatal(err)
	}
	hashed("of other times", func() error { return open(other) }, all)
	hashed("and once only", func() error { return open(other) }, 0)

	overwrite(t, s.path(id), 5)
	for _, s := range []*Store{s, other} {
		if damaged := (*DamagedError)(nil); !errors.As(open(s), &damaged) {
			t.Error("a changed byte was not found")
		}
	}
	if _, err := put(s, content); err != nil {
		t.Fatal(err)
	}
	hashed("repaired", func() error { return open(s) }, 0)
	hashed("repaired by another", func() error { return open(other) }, all)
}

// A file that is cut while it is mapped gives an error to who reads it, and does
// not end the process.
func TestCutWhileMapped(t *testing.T) {
	s := newStore(t)
	content := large()
	id, err := put(s, content)
	if err != nil {
		t.Fatal(err)
	}
	f, err := s.Open(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if f.mapped == nil {
		t.Fatal("a large file is not mapped")
	}
	buf := make([]byte, 100)
	last := int64(len(content) - 60)
	if n, err := f.ReadAt(buf, last); n != 60 || err != io.EOF || !bytes.Equal(buf[:n], content[last:]) {
		t.Errorf("at the end: %d bytes, %v", n, err)
	}
	if n, err := f.ReadAt(buf, int64(len(content))); n != 0 || err != io.EOF {
		t.Errorf("beyond the end: %d bytes, %v", n, err)
	}
	if err := os.Chmod(s.path(id), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(s.path(id), 8192); err != nil {
		t.Fatal(err)
	}
	if n, err := f.ReadAt(buf, 100); n != len(buf) || err != nil || !bytes.Equal(buf, content[100:200]) {
		t.Errorf("what is left: %d bytes, %v", n, err)
	}
	for range 3 {
		if _, err := f.ReadAt(buf, last); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("what was cut: %v", err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.ReadAt(buf, 0); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if damaged := (*DamagedError)(nil); !errors.As(func() error { _, err := s.Open(t.Context(), id); return err }(), &damaged) {
		t.Error("opened a file that was cut")
	}
}
