package outfile_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"pipe/base/outfile"
)

func write(w io.Writer) error { _, err := io.WriteString(w, "new"); return err }

// What was there says how it is written to, and stays what it is.
func TestWriteKeepsWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(path("old"), []byte("old and longer"), 0o600))
	must(os.WriteFile(path("target"), []byte("old"), 0o644))
	must(os.Symlink("target", path("link")))
	must(os.Symlink("made", path("dangling")))
	must(os.Symlink("/dev/null", path("null")))
	must(os.Mkdir(path("folder"), 0o700))
	must(syscall.Mkfifo(path("fifo"), 0o600))
	l, err := net.Listen("unix", path("socket"))
	must(err)
	defer l.Close()
	open, err := os.Create(path("opened"))
	must(err)
	defer open.Close()
	_, err = open.WriteString("said before, ")
	must(err)
	must(os.Symlink(fmt.Sprint("/proc/self/fd/", open.Fd()), path("descriptor")))
	tests := []struct{ name, read, want, fails string }{
		{name: "fresh", read: "fresh", want: "new"},
		{name: "old", read: "old", want: "new"},
		{name: "link", read: "target", want: "new"},
		{name: "dangling", read: "made", want: "new"},
		{name: "null"},
		{name: "descriptor", read: "opened", want: "said before, new"},
		{name: "folder", fails: "is a folder"},
		{name: "socket", fails: "a socket"},
		{name: "none/file", fails: "no such file"},
	}
	for _, tt := range tests {
		before, _ := os.Lstat(path(tt.name))
		err := outfile.Write(t.Context(), path(tt.name), write)
		if tt.fails != "" {
			if err == nil || !strings.Contains(err.Error(), tt.fails) || !strings.Contains(err.Error(), tt.name) {
				t.Errorf("%s: the error is %v, want %q", tt.name, err, tt.fails)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if after, err := os.Lstat(path(tt.name)); err != nil || before != nil && after.Mode() != before.Mode() {
			t.Errorf("%s was %v and is %v (%v)", tt.name, before.Mode(), after.Mode(), err)
		}
		if tt.read == "" {
			continue
		}
		if got, err := os.ReadFile(path(tt.read)); string(got) != tt.want || err != nil {
			t.Errorf("%s: %q, %v", tt.name, got, err)
		}
	}
	// The file that was open is the one that was written: no other took its name.
	b := make([]byte, 100)
	if n, err := open.ReadAt(b, 0); string(b[:n]) != "said before, new" {
		t.Errorf("%q, %v", b[:n], err)
	}
	if left, err := filepath.Glob(path(".pipe-*")); len(left) > 0 || err != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestWriteFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	err := outfile.Write(t.Context(), path, func(w io.Writer) error { return errors.Join(write(w), broken) })
	got, _ := os.ReadFile(path)
	if !errors.Is(err, broken) || string(got) != "old" {
		t.Errorf("%q, %v", got, err)
	}
	// The error is about the file that was named, not about the one in its place.
	err = outfile.Write(t.Context(), path, func(w io.Writer) error {
		w.(*os.File).Close()
		return write(w)
	})
	if err == nil || !strings.Contains(err.Error(), path+":") {
		t.Errorf("the error is %v", err)
	}
}

func TestWriteToNamedPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	// Its reader may come later.
	read := make(chan string)
	go func() {
		b, err := os.ReadFile(path)
		read <- string(b)
		if err != nil {
			t.Error(err)
		}
	}()
	if err := outfile.Write(t.Context(), path, write); err != nil {
		t.Error(err)
	}
	if got := <-read; got != "new" {
		t.Errorf("%q was read", got)
	}
	// Or never.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := outfile.Write(ctx, path, write); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if _, err := outfile.Append(path); err == nil || !strings.Contains(err.Error(), "nobody reads") {
		t.Errorf("the error is %v", err)
	}
	// Or it stops reading.
	r, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ctx, cancel = context.WithCancel(t.Context())
	err = outfile.Write(ctx, path, func(w io.Writer) error {
		for {
			if _, err := w.Write(make([]byte, 4096)); err != nil {
				return err
			}
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
		t.Errorf("it is %v now (%v)", info.Mode(), err)
	}
}

func TestAppend(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for range 2 {
		f, err := outfile.Append(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(write(f), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); string(got) != "newnew" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := outfile.Append(filepath.Dir(path)); err == nil {
		t.Error("a folder was opened")
	}
}
