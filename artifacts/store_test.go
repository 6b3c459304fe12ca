package artifacts

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("ARTIFACTS_TEST_WRITER"); dir != "" {
		if err := commitMany(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func newStore(t *testing.T) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), ".pipe"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustPut(t *testing.T, s *Store, content string) ID {
	t.Helper()
	id, err := put(s, []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestRoundTrip(t *testing.T) {
	s := newStore(t)
	rapid.Check(t, func(t *rapid.T) {
		content := rapid.SliceOfN(rapid.Byte(), 0, 70_000).Draw(t, "content")
		w, err := s.Create()
		if err != nil {
			t.Fatal(err)
		}
		defer w.Discard()
		if n := rapid.SampledFrom([]int{0, 1, 40_000}).Draw(t, "dropped"); n > 0 {
			if _, err := w.Write(make([]byte, n)); err != nil {
				t.Fatal(err)
			}
			w.Reset()
		}
		for rest := content; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "chunk")
			if _, err := w.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if w.Size() != int64(len(content)) {
			t.Fatalf("Size is %d, want %d", w.Size(), len(content))
		}
		id, size, err := w.Commit()
		if err != nil || size != int64(len(content)) || id != Sum(content) {
			t.Fatalf("Commit: %s %d %v", id, size, err)
		}
		f, err := s.Open(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		got, err := io.ReadAll(f)
		if err != nil || !bytes.Equal(got, content) {
			t.Fatalf("read %d bytes, %v, want %d", len(got), err, len(content))
		}
		if f.Size() != size || f.ID() != id {
			t.Fatalf("File says %d %s", f.Size(), f.ID())
		}
		if n, err := s.Stat(id); n != size || err != nil {
			t.Fatalf("Stat says %d %v", n, err)
		}
	})
}

func TestObjectsAreReadOnly(t *testing.T) {
	s := newStore(t)
	info, err := os.Stat(s.path(mustPut(t, s, "x")))
	if err != nil || info.Mode() != 0o444 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
}

func TestDiscardAndMisuse(t *testing.T) {
	s := newStore(t)
	w, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "x")
	w.Discard()
	w.Discard()
	if _, err := w.Write(nil); err == nil {
		t.Error("Write after Discard gave no error")
	}
	if _, _, err := w.Commit(); err == nil {
		t.Error("Commit after Discard gave no error")
	}
	if left, _ := os.ReadDir(s.tmp()); len(left) != 0 {
		t.Errorf("Discard left %v", left)
	}
	for range s.All() {
		t.Error("Discard left an artifact")
	}
}

// A damaged object is found whatever the damage is, and committing the content
// again repairs it.
func TestDamage(t *testing.T) {
	content := "0123456789"
	damages := map[string]string{"changed": "0123456x89", "empty": "", "longer": content + "0"}
	for n := range len(content) {
		damages[fmt.Sprint("cut at ", n)] = content[:n]
	}
	s := newStore(t)
	id := mustPut(t, s, content)
	for name, bytes := range damages {
		t.Run(name, func(t *testing.T) {
			os.Chmod(s.path(id), 0o666)
			writeFile(t, s.path(id), bytes)
			_, err := s.Open(t.Context(), id)
			var damaged *DamagedError
			if !errors.As(err, &damaged) || damaged.ID != id || damaged.Path != s.path(id) {
				t.Fatalf("Open: %v", err)
			}
			if !strings.Contains(damaged.Error(), s.path(id)) || !strings.Contains(damaged.Hint(), "pipe check --repair") {
				t.Errorf("error %q, hint %q: want the file and the command", damaged, damaged.Hint())
			}
			if err := s.Check(t.Context(), id); !errors.As(err, &damaged) {
				t.Errorf("Check: %v", err)
			}
			mustPut(t, s, content)
			if err := s.Check(t.Context(), id); err != nil {
				t.Errorf("after Commit: %v", err)
			}
		})
	}
	t.Run("directory in its place", func(t *testing.T) {
		os.Remove(s.path(id))
		os.Mkdir(s.path(id), 0o777)
		_, err := s.Open(t.Context(), id)
		if damaged := (*DamagedError)(nil); !errors.As(err, &damaged) {
			t.Errorf("Open: %v", err)
		}
		if _, err := put(s, []byte(content)); err == nil {
			t.Error("Commit over a directory gave no error")
		}
	})
}

func TestNotFound(t *testing.T) {
	s := newStore(t)
	for name, f := range map[string]func(ID) error{
		"Open":  func(id ID) error { _, err := s.Open(t.Context(), id); return err },
		"Stat":  func(id ID) error { _, err := s.Stat(id); return err },
		"Check": func(id ID) error { return s.Check(t.Context(), id) },
	} {
		err := f(Sum([]byte("nothing")))
		var missing *NotFoundError
		if !errors.As(err, &missing) || !errors.Is(err, fs.ErrNotExist) || missing.Hint() == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCheckStopsWithItsContext(t *testing.T) {
	s := newStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Check(ctx, mustPut(t, s, "x")); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

func TestAllIsSortedAndPassesOverStrangers(t *testing.T) {
	s := newStore(t)
	var want []ID
	for i := range 50 {
		want = append(want, mustPut(t, s, fmt.Sprint(i)))
	}
	slices.SortFunc(want, func(a, b ID) int { return bytes.Compare(a[:], b[:]) })
	writeFile(t, filepath.Join(s.objects(), "README"), "hello")
	writeFile(t, filepath.Join(s.objects(), "ab", "notes.txt"), "hello")
	var got []ID
	for info, err := range s.All() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, info.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("All gave %d artifacts in a wrong order or number, want %d", len(got), len(want))
	}
}

func TestParseID(t *testing.T) {
	id := Sum([]byte("x"))
	got, err := ParseID(id.String())
	if err != nil || got != id {
		t.Fatal(got, err)
	}
	if len(id.String()) != 64 || id.Short() != id.String()[:12] || id.IsZero() || !(ID{}).IsZero() {
		t.Errorf("%s %s", id, id.Short())
	}
	for _, bad := range []string{"", "ab", strings.ToUpper(id.String()), id.String() + "0", "g" + id.String()[1:], strings.Repeat("x", 1<<20)} {
		if _, err := ParseID(bad); err == nil {
			t.Errorf("%.20q was accepted", bad)
		} else if len(err.Error()) > 200 {
			t.Errorf("%.20q: the error has %d bytes", bad, len(err.Error()))
		}
	}
}

func TestHashFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	writeFile(t, path, "content")
	if id, n, err := HashFile(t.Context(), path); id != Sum([]byte("content")) || n != 7 || err != nil {
		t.Errorf("%s %d %v", id, n, err)
	}
	if _, _, err := HashFile(t.Context(), filepath.Dir(path)); err == nil {
		t.Error("a directory was hashed")
	}
	if _, _, err := HashFile(t.Context(), path+"x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}

// commitMany commits the same content from many goroutines.
func commitMany(dir string) error {
	s, err := Open(dir)
	if err != nil {
		return err
	}
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for g := range errs {
		wg.Go(func() {
			for i := range 20 {
				content := bytes.Repeat([]byte{byte(i)}, 10_000*i)
				id, err := put(s, content)
				if err == nil {
					err = s.Check(context.Background(), id)
				}
				if err != nil {
					errs[g] = err
					return
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func TestSameContentFromManyProcesses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".pipe")
	var children []*exec.Cmd
	for range 2 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "ARTIFACTS_TEST_WRITER="+dir)
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		children = append(children, cmd)
	}
	if err := commitMany(dir); err != nil {
		t.Error(err)
	}
	for _, cmd := range children {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for info, err := range s.All() {
		if err == nil {
			err = s.Check(t.Context(), info.ID)
		}
		if err != nil {
			t.Error(err)
		}
		n++
	}
	if left, _ := os.ReadDir(s.tmp()); n != 20 || len(left) != 0 {
		t.Errorf("%d artifacts and temp files %v, want 20 and none", n, left)
	}
}

// fullFS has no space left for what is written.
type fullFS struct {
	FS
	err error
}

func (f fullFS) Create(name string) (FSFile, error) {
	created, err := f.FS.Create(name)
	if err != nil {
		return nil, err
	}
	return fullFile{created, f.err}, nil
}

type fullFile struct {
	FSFile
	err error
}

func (f fullFile) Write(p []byte) (int, error) {
	n, _ := f.FSFile.Write(p[:len(p)/2])
	return n, &fs.PathError{Op: "write", Path: "/somewhere/tmp/3f2a", Err: f.err}
}

func TestFullDisk(t *testing.T) {
	for _, cause := range []error{syscall.ENOSPC, syscall.EACCES, syscall.EROFS} {
		dir := filepath.Join(t.TempDir(), ".pipe")
		s, err := open(dir, fullFS{osFS{}, cause}, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		_, err = put(s, make([]byte, 1000))
		var failed *StoreError
		if !errors.As(err, &failed) || !errors.Is(err, cause) || failed.Dir != s.tmp() ||
			!strings.Contains(err.Error(), s.tmp()) || !strings.Contains(failed.Hint(), s.tmp()) {
			t.Errorf("%v: error %q, hint %q", cause, err, failed.Hint())
		}
		if left, _ := os.ReadDir(s.tmp()); len(left) != 0 {
			t.Errorf("%v: left %v", cause, left)
		}
	}
}

// An ID is written the same way in JSON, and a bad one is refused there too.
func TestIDInJSON(t *testing.T) {
	want := map[string]ID{"a": Sum([]byte("x"))}
	text, err := json.Marshal(want)
	if err != nil || string(text) != `{"a":"`+want["a"].String()+`"}` {
		t.Fatalf("%s, %v", text, err)
	}
	var got map[string]ID
	if err := json.Unmarshal(text, &got); err != nil || got["a"] != want["a"] {
		t.Errorf("%v, %v", got, err)
	}
	if err := json.Unmarshal([]byte(`{"a":"12"}`), &got); err == nil {
		t.Error("a short ID was accepted")
	}
}
