package artifacts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// errFault is what an operation that was made to fail returns.
var errFault = &fs.PathError{Op: "fault", Path: "injected", Err: syscall.EIO}

// faultFS is a file system whose n-th operation fails. With crash, all later
// ones fail too, as if the process had died: nothing is cleaned up.
type faultFS struct {
	FS
	n     int // counts down; the operation that reaches 0 fails
	crash bool
	mu    sync.Mutex
	ops   []string // what was done
}

func (f *faultFS) fail(op, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ops = append(f.ops, op+" "+filepath.Base(name))
	f.n--
	if f.n == 0 || f.n < 0 && f.crash {
		return errFault
	}
	return nil
}

func (f *faultFS) MkdirAll(dir string) error {
	if err := f.fail("mkdir", dir); err != nil {
		return err
	}
	return f.FS.MkdirAll(dir)
}

func (f *faultFS) Create(name string) (FSFile, error) {
	if err := f.fail("create", name); err != nil {
		return nil, err
	}
	return f.wrap(f.FS.Create(name))
}

func (f *faultFS) Open(name string) (FSFile, error) {
	if err := f.fail("open", name); err != nil {
		return nil, err
	}
	return f.wrap(f.FS.Open(name))
}

func (f *faultFS) Append(name string) (FSFile, error) {
	if err := f.fail("append", name); err != nil {
		return nil, err
	}
	return f.wrap(f.FS.Append(name))
}

func (f *faultFS) wrap(opened FSFile, err error) (FSFile, error) {
	if err != nil {
		return nil, err
	}
	return &faultFile{opened, f}, nil
}

func (f *faultFS) Lstat(name string) (fs.FileInfo, error) {
	if err := f.fail("stat", name); err != nil {
		return nil, err
	}
	return f.FS.Lstat(name)
}

func (f *faultFS) ReadDir(dir string) ([]fs.DirEntry, error) {
	if err := f.fail("readdir", dir); err != nil {
		return nil, err
	}
	return f.FS.ReadDir(dir)
}

func (f *faultFS) Rename(from, to string) error {
	if err := f.fail("rename", to); err != nil {
		return err
	}
	return f.FS.Rename(from, to)
}

func (f *faultFS) Remove(name string) error {
	if err := f.fail("remove", name); err != nil {
		return err
	}
	return f.FS.Remove(name)
}

func (f *faultFS) RemoveAll(dir string) error {
	if err := f.fail("remove all", dir); err != nil {
		return err
	}
	return f.FS.RemoveAll(dir)
}

func (f *faultFS) Touch(name string, t time.Time) error {
	if err := f.fail("touch", name); err != nil {
		return err
	}
	return f.FS.Touch(name, t)
}

func (f *faultFS) SyncDir(dir string) error {
	if err := f.fail("syncdir", dir); err != nil {
		return err
	}
	return nil // no power is lost here, and the test is the faster
}

type faultFile struct {
	FSFile
	fs *faultFS
}

// Write that fails writes half, as a full disk does.
func (f *faultFile) Write(p []byte) (int, error) {
	if err := f.fs.fail("write", ""); err != nil {
		n, _ := f.FSFile.Write(p[:len(p)/2])
		return n, err
	}
	return f.FSFile.Write(p)
}

func (f *faultFile) Read(p []byte) (int, error) {
	if err := f.fs.fail("read", ""); err != nil {
		return 0, err
	}
	return f.FSFile.Read(p)
}

func (f *faultFile) Truncate(size int64) error {
	if err := f.fs.fail("truncate", ""); err != nil {
		return err
	}
	return f.FSFile.Truncate(size)
}

func (f *faultFile) Stat() (fs.FileInfo, error) {
	if err := f.fs.fail("fstat", ""); err != nil {
		return nil, err
	}
	return f.FSFile.Stat()
}

func (f *faultFile) Sync() error {
	if err := f.fs.fail("sync", ""); err != nil {
		return err
	}
	return nil
}

func (f *faultFile) Chmod(mode fs.FileMode) error {
	if err := f.fs.fail("chmod", ""); err != nil {
		return err
	}
	return f.FSFile.Chmod(mode)
}

// scenario commits content that is new, content that is there, content that is
// there but damaged, and a directory; and sweeps. It returns what it was told
// is committed, and the first error.
func scenario(s *Store, dir string) (committed map[ID][]byte, err error) {
	committed = map[ID][]byte{}
	for _, content := range []string{"one", "two", "one", "damaged", "", strings.Repeat("large", inMemory)} {
		id, err := put(s, []byte(content))
		if err != nil {
			return committed, err
		}
		committed[id] = []byte(content)
	}
	contents := []string{"three", "four", "three", "two", strings.Repeat("larger", inMemory)}
	var batch []*Writer
	for _, content := range contents {
		w, err := s.Create()
		if err != nil {
			return committed, err
		}
		defer w.Discard()
		w.Write([]byte(content)) // Commit says what was wrong
		batch = append(batch, w)
	}
	for i, c := range s.CommitAll(batch) {
		if c.Err == nil {
			committed[c.ID] = []byte(contents[i])
		}
		err = errors.Join(err, c.Err)
	}
	if err != nil {
		return committed, err
	}
	id, _, err := s.AddDir(context.Background(), dir)
	if err != nil {
		return committed, err
	}
	committed[id] = nil
	if err := checkpointScenario(s); err != nil {
		return committed, err
	}
	_, err = s.Sweep(context.Background(), func(id ID) bool { return committed[id] != nil })
	return committed, err
}

// checkpointScenario saves checkpoints "1", "2", ... of the work "work" and
// opens them again.
func checkpointScenario(s *Store) error {
	for _, text := range []string{"1", "2"} {
		err := s.SaveCheckpoint("work", func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
		if err != nil {
			return err
		}
		r, err := s.OpenCheckpoint("work")
		if err != nil {
			return err
		}
		got, err := io.ReadAll(r)
		if err = errors.Join(err, r.Close()); err != nil {
			return err
		}
		if string(got) != text {
			return fmt.Errorf("the checkpoint holds %q, want %q", got, text)
		}
	}
	return nil
}

// checkCheckpoint finds a checkpoint that was saved, or none.
func checkCheckpoint(t *testing.T, last string, s *Store) {
	t.Helper()
	r, err := s.OpenCheckpoint("work")
	if err == fs.ErrNotExist {
		return
	}
	if err != nil {
		t.Fatalf("after %s: checkpoint: %v", last, err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || string(got) != "1" && string(got) != "2" {
		t.Fatalf("after %s: the checkpoint holds %q, %v", last, got, err)
	}
}

func put(s *Store, content []byte) (ID, error) {
	w, err := s.Create()
	if err != nil {
		return ID{}, err
	}
	defer w.Discard()
	if _, err := w.Write(content); err != nil {
		return ID{}, err
	}
	id, n, err := w.Commit()
	if err == nil && n != int64(len(content)) {
		err = fmt.Errorf("Commit says %d bytes, want %d", n, len(content))
	}
	return id, err
}

func TestEveryOperationFailing(t *testing.T) {
	src := t.TempDir()
	writeFile(t, filepath.Join(src, "sub", "a.txt"), "a")
	writeFile(t, filepath.Join(src, "b.txt"), "one")
	for _, crash := range []bool{false, true} {
		t.Run(fmt.Sprintf("crash=%v", crash), func(t *testing.T) {
			for n := 1; ; n++ {
				if n > 500 {
					t.Fatal("the scenario does not end")
				}
				dir := filepath.Join(t.TempDir(), ".pipe")
				damage(t, dir)
				faulty := &faultFS{FS: osFS{}, n: n, crash: crash}
				var committed map[ID][]byte
				s, err := open(dir, faulty, time.Now)
				if err == nil {
					committed, err = scenario(s, src)
				}
				checkAfterFault(t, dir, faulty, committed)
				if faulty.n > 0 { // no operation was left to fail
					if err != nil {
						t.Fatal(err)
					}
					t.Logf("%d operations", len(faulty.ops))
					return
				}
				// Two kinds of failure may pass unnoticed: looking at what is
				// there already, and cleaning up.
				if err != nil && !errors.Is(err, syscall.EIO) {
					t.Fatalf("operation %d (%s) failed and the error is %v", n, faulty.ops[n-1], err)
				}
			}
		})
	}
}

// damage makes a store in which the object "damaged" has other bytes.
func damage(t *testing.T, dir string) {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	path := s.path(Sum([]byte("damaged")))
	writeFile(t, path, "damage!")
}

// checkAfterFault opens the store again, as the next process would.
func checkAfterFault(t *testing.T, dir string, faulty *faultFS, committed map[ID][]byte) {
	t.Helper()
	last := faulty.ops[len(faulty.ops)-1]
	s, err := open(dir, osFS{}, func() time.Time { return time.Now().Add(2 * Grace) })
	if err != nil {
		t.Fatalf("after %s: %v", last, err)
	}
	for id, content := range committed {
		f, err := s.Open(t.Context(), id)
		if err != nil {
			t.Fatalf("after %s: committed artifact: %v", last, err)
		}
		if content != nil {
			got := make([]byte, f.Size())
			f.ReadAt(got, 0)
			if !bytes.Equal(got, content) {
				t.Fatalf("after %s: artifact %s is %q, want %q", last, id.Short(), got, content)
			}
		}
		f.Close()
	}
	checkCheckpoint(t, last, s)
	damaged := Sum([]byte("damaged"))
	for info, err := range s.All() {
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Check(t.Context(), info.ID); err != nil && info.ID != damaged {
			t.Fatalf("after %s: a partial artifact is visible: %v", last, err)
		}
	}
	if _, err := s.Sweep(t.Context(), func(id ID) bool { _, ok := committed[id]; return ok }); err != nil {
		t.Fatalf("after %s: %v", last, err)
	}
	left, err := os.ReadDir(filepath.Join(dir, "tmp"))
	if err != nil || len(left) != 0 {
		t.Fatalf("after %s: Sweep left %v, %v", last, left, err)
	}
	for id := range committed {
		if err := s.Check(t.Context(), id); err != nil {
			t.Fatalf("after %s: Sweep took a live artifact: %v", last, err)
		}
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}
