package artifacts

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"testing"
)

func TestCommitAll(t *testing.T) {
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	const n = 100
	content := func(i int) []byte { return bytes.Repeat(fmt.Append(nil, i%40), 1+i%3*inMemory) } // some equal, some large
	writers := make([]*Writer, n)
	for i := range writers {
		if writers[i], err = s.Create(); err != nil {
			t.Fatal(err)
		}
		if _, err := writers[i].Write(content(i)); err != nil {
			t.Fatal(err)
		}
	}
	const discarded = 7
	writers[discarded].Discard()
	for i, c := range s.CommitAll(writers) {
		if i == discarded {
			if c.Err == nil || !c.ID.IsZero() {
				t.Errorf("a discarded writer gave %v, %v", c.ID, c.Err)
			}
			continue
		}
		if c.Err != nil || c.ID != Sum(content(i)) || c.Size != int64(len(content(i))) {
			t.Fatalf("%d: got %+v", i, c)
		}
		f, err := s.Open(t.Context(), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(f)
		if err = errors.Join(err, f.Close()); err != nil || !bytes.Equal(got, content(i)) {
			t.Fatalf("%d: %d bytes came back, error %v", i, len(got), err)
		}
	}
	if left, err := os.ReadDir(s.tmp()); len(left) != 0 || err != nil {
		t.Errorf("%d temp files are left, error %v", len(left), err)
	}
	if all := s.CommitAll(nil); len(all) != 0 {
		t.Errorf("nothing gave %v", all)
	}
}

// Content that the store has, and content that is dropped, cost no file.
func TestSmallContentStaysInMemory(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := put(s, []byte("known")); err != nil {
		t.Fatal(err)
	}
	counting := &faultFS{FS: osFS{}}
	if s, err = open(dir, counting, s.now); err != nil {
		t.Fatal(err)
	}
	if _, err := put(s, []byte("known")); err != nil {
		t.Fatal(err)
	}
	w, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte("dropped"))
	w.Discard()
	for _, op := range counting.ops {
		if len(op) >= 6 && op[:6] == "create" {
			t.Errorf("%s", op)
		}
	}
}

// A stage may have many outputs, and a process only so many files.
func TestCommitAllOpensFewFiles(t *testing.T) {
	files := &openFiles{FS: osFS{}}
	s, err := OpenFS(t.TempDir(), files)
	if err != nil {
		t.Fatal(err)
	}
	writers := make([]*Writer, 5*mostOpen)
	for i := range writers {
		if writers[i], err = s.Create(); err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(writers[i], i)
	}
	for _, c := range s.CommitAll(writers) {
		if c.Err != nil {
			t.Fatal(c.Err)
		}
	}
	const others = 4 // such as the lock
	if files.most > mostOpen+others || files.most < mostOpen {
		t.Errorf("%d files were open at once, want about %d", files.most, mostOpen)
	}
	if files.now != 0 {
		t.Errorf("%d files are still open", files.now)
	}
}

// openFiles counts the files that are open.
type openFiles struct {
	FS
	mu        sync.Mutex
	now, most int
}

func (f *openFiles) count(file FSFile, err error) (FSFile, error) {
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now++
	f.most = max(f.most, f.now)
	return &countedFile{file, f}, nil
}

func (f *openFiles) Create(name string) (FSFile, error) { return f.count(f.FS.Create(name)) }
func (f *openFiles) Open(name string) (FSFile, error)   { return f.count(f.FS.Open(name)) }

type countedFile struct {
	FSFile
	files *openFiles
}

func (f *countedFile) Close() error {
	f.files.mu.Lock()
	defer f.files.mu.Unlock()
	f.files.now--
	return f.FSFile.Close()
}
