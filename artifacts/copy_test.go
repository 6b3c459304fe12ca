package artifacts

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// A file of any size is copied as it is. Where the file system lets files share
// bytes (TMPDIR on Btrfs or XFS), that is tested too.
func TestCopy(t *testing.T) {
	s := newStore(t)
	for _, size := range []int{0, 1, inMemory, inMemory + 1, keepInMemory, keepInMemory + 1, 3*keepInMemory + 5} {
		content := bytes.Repeat([]byte("0123456"), size/7+1)[:size]
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		w, err := s.Copy(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("more")); err == nil {
			t.Error("a copy was written to")
		}
		// What becomes of the file is no concern of the copy.
		if err := os.WriteFile(path, []byte("other"), 0o600); err != nil {
			t.Fatal(err)
		}
		id, n, err := w.Commit()
		if err != nil || id != Sum(content) || n != int64(size) {
			t.Fatalf("%d bytes: %d, %v", size, n, err)
		}
		if got, err := os.ReadFile(s.path(id)); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes: the artifact has %d others, %v", size, len(got), err)
		}
		if info, err := os.Lstat(s.path(id)); err != nil || info.Mode().Perm() != 0o444 {
			t.Errorf("%d bytes: %v, %v", size, info.Mode(), err)
		}
	}
}

func TestCopyRefused(t *testing.T) {
	s := newStore(t)
	if _, err := s.Copy(t.Context(), filepath.Join(t.TempDir(), "gone")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := s.Copy(t.Context(), t.TempDir()); err == nil {
		t.Error("a folder was copied")
	}
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, make([]byte, 2*keepInMemory), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Copy(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	if left, err := os.ReadDir(s.tmp()); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
