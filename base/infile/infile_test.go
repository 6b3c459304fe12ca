package infile_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"pipe/base/infile"
)

// What is not a regular file is refused, and nothing is waited for: a test that
// hangs has failed.
func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(syscall.Mkfifo(path("fifo"), 0o600))
	must(os.Symlink("fifo", path("link")))
	must(os.Mkdir(path("folder"), 0o700))
	must(os.Symlink("/dev/zero", path("zero")))
	must(os.WriteFile(path("file"), []byte("text"), 0o600))
	must(os.Symlink("file", path("good")))
	l, err := net.Listen("unix", path("socket"))
	must(err)
	defer l.Close()
	root, err := os.OpenRoot(dir)
	must(err)
	defer root.Close()
	tests := []struct {
		name string
		want string // empty: it opens
		in   string // of a root, if that is something else
	}{
		{"fifo", "a named pipe", ""},
		{"link", "a named pipe", ""},
		{"folder", "a folder", ""},
		{"socket", "a socket", ""},
		{"zero", "a device", "path escapes"},
		{"file", "", ""},
		{"good", "", ""},
	}
	for _, tt := range tests {
		opens := map[string]func() error{
			"open": func() error { f, err := infile.Open(path(tt.name)); f.Close(); return err },
			"in":   func() error { f, err := infile.OpenIn(root, tt.name); f.Close(); return err },
			"read": func() error { _, err := infile.ReadAll(path(tt.name), 100); return err },
		}
		for how, open := range opens {
			err := open()
			want := tt.want
			if how == "in" && tt.in != "" {
				want = tt.in
			}
			switch {
			case want == "" && err != nil:
				t.Errorf("%s %s: %v", how, tt.name, err)
			case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
				t.Errorf("%s %s: the error is %v, want %q", how, tt.name, err, want)
			case want == tt.want && want != "" && !infile.IsType(err):
				t.Errorf("%s %s: %v is no TypeError", how, tt.name, err)
			}
		}
	}
	if _, err := infile.Open(path("nothing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the error is %v", err)
	}
}

func TestReadAllIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	var tooLarge *infile.SizeError
	for size, want := range map[int64]bool{0: true, 99: true, 100: true, 101: false, 1 << 40: false} {
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(f.Truncate(size), f.Close()); err != nil {
			t.Fatal(err)
		}
		data, err := infile.ReadAll(path, 100)
		if want && (err != nil || int64(len(data)) != size) || !want && (!errors.As(err, &tooLarge) || len(data) > 0) {
			t.Errorf("%d bytes of %d, %v", len(data), size, err)
		}
	}
	// Its size is 0, and it has more.
	if _, err := os.Stat("/proc/self/status"); err == nil {
		if _, err := infile.ReadAll("/proc/self/status", 10); !errors.As(err, &tooLarge) {
			t.Errorf("the error is %v", err)
		}
	}
}

func TestReaderEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := infile.Reader(ctx, strings.NewReader("abcdef"))
	b := make([]byte, 3)
	if n, err := r.Read(b); n != 3 || err != nil {
		t.Fatal(n, err)
	}
	cancel()
	if n, err := r.Read(b); n != 0 || !errors.Is(err, context.Canceled) {
		t.Error(n, err)
	}
}
