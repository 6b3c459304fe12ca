package artifacts

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// makeDir writes files, given as path and content; a path that ends with "*"
// is executable.
func makeDir(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		exe := strings.HasSuffix(name, "*")
		path := filepath.Join(dir, filepath.FromSlash(strings.TrimSuffix(name, "*")))
		writeFile(t, path, content)
		if exe {
			if err := os.Chmod(path, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// readDir is the inverse of makeDir.
func readDir(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if info, _ := d.Info(); info.Mode()&0o100 != 0 {
			name += "*"
		}
		files[filepath.ToSlash(name)] = string(content)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestDirectoryRoundTrip(t *testing.T) {
	files := map[string]string{
		"a.txt": "a", "a/b.txt": "b", "a-b": "c", "a/c/d.txt": "", "run.sh*": "#!/bin/sh\n", "été 1.txt": "same", "other": "same",
	}
	s := newStore(t)
	id, tree, err := s.AddDir(t.Context(), makeDir(t, files))
	if err != nil {
		t.Fatal(err)
	}
	if again, _, err := s.AddDir(t.Context(), makeDir(t, files)); err != nil || again != id {
		t.Errorf("the same files gave %s, then %s, %v", id, again, err)
	}
	stored, err := s.OpenDir(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tree, stored.Tree); diff != "" {
		t.Error(diff)
	}
	out := filepath.Join(t.TempDir(), "new", "dir")
	if err := s.Extract(t.Context(), id, out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(files, readDir(t, out)); diff != "" {
		t.Error(diff)
	}
	if err := s.Extract(t.Context(), id, out); !errors.Is(err, fs.ErrExist) {
		t.Errorf("extracting over files: %v", err)
	}
	if tree.Size() != 1+1+1+0+10+4+4 {
		t.Errorf("size is %d", tree.Size())
	}
}

func TestEmptyDirectory(t *testing.T) {
	s := newStore(t)
	id, tree, err := s.AddDir(t.Context(), t.TempDir())
	if err != nil || len(tree.Entries) != 0 {
		t.Fatal(tree, err)
	}
	out := filepath.Join(t.TempDir(), "out")
	if err := s.Extract(t.Context(), id, out); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(out); err != nil || !info.IsDir() {
		t.Error(info, err)
	}
}

func TestAddDirRefuses(t *testing.T) {
	tests := []struct {
		name string
		make func(dir string) error
		want string
		hint string
	}{
		{"link to a file", func(dir string) error { return os.Symlink("/etc/passwd", filepath.Join(dir, "link")) }, "link: it is not a regular file but a symbolic link", "replace the link"},
		{"link to a directory", func(dir string) error { return os.Symlink("/etc", filepath.Join(dir, "link")) }, "link: it is not a regular file but a symbolic link", "replace the link"},
		{"dangling link", func(dir string) error { return os.Symlink("nowhere", filepath.Join(dir, "link")) }, "link: it is not a regular file but a symbolic link", "replace the link"},
		{"pipe", func(dir string) error { return syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o666) }, "pipe: it is not a regular file but a named pipe", "remove it"},
		{"newline", func(dir string) error { return os.WriteFile(filepath.Join(dir, "a\nb"), nil, 0o666) }, "control character", ""},
		{"not UTF-8", func(dir string) error { return os.WriteFile(filepath.Join(dir, "a\xffb"), nil, 0o666) }, "not valid UTF-8", ""},
		{"backslash", func(dir string) error { return os.WriteFile(filepath.Join(dir, `a\b`), nil, 0o666) }, "backslash", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := makeDir(t, map[string]string{"ok": "ok"})
			if err := test.make(dir); err != nil {
				t.Skip(err)
			}
			_, _, err := newStore(t).AddDir(t.Context(), dir)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), dir) {
				t.Fatalf("error is %v", err)
			}
			var h interface{ Hint() string }
			if test.hint != "" && (!errors.As(err, &h) || !strings.Contains(h.Hint(), test.hint)) {
				t.Errorf("no hint in %v", err)
			}
		})
	}
	if _, _, err := newStore(t).AddDir(t.Context(), filepath.Join(t.TempDir(), "nothing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}

// Extract does not follow a link that is in the way, and so writes nothing
// outside.
func TestExtractStaysInside(t *testing.T) {
	s := newStore(t)
	id, _, err := s.AddDir(t.Context(), makeDir(t, map[string]string{"sub/file": "x"}))
	if err != nil {
		t.Fatal(err)
	}
	outside, dir := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "sub")); err != nil {
		t.Skip(err)
	}
	if err := s.Extract(t.Context(), id, dir); err == nil {
		t.Error("no error")
	}
	if left, _ := os.ReadDir(outside); len(left) != 0 {
		t.Errorf("written outside: %v", left)
	}
}

func TestExtractChecksSizes(t *testing.T) {
	s := newStore(t)
	var manifest bytes.Buffer
	(&Tree{Entries: []TreeEntry{{Path: "f", Size: 2, ID: mustPut(t, s, "x")}}}).WriteTo(&manifest)
	err := s.Extract(t.Context(), mustPut(t, s, manifest.String()), t.TempDir())
	if bad := (*TreeError)(nil); !errors.As(err, &bad) {
		t.Errorf("error is %v", err)
	}
}

func manifest(lines ...string) string {
	return fmt.Sprintf("%s%d\n", treeHeader, len(lines)) + strings.Join(append(lines, ""), "\n")
}

func TestParseTreeRefuses(t *testing.T) {
	id := Sum([]byte("x")).String()
	line := func(path string) string { return "f 1 " + id + " " + path }
	tests := []struct{ name, text, want string }{
		{"empty", "", "line 1: the manifest ends too early"},
		{"other text", "hello\n", `line 1: want "pipe-tree 1 "`},
		{"newer version", "pipe-tree 2 0\n", `line 1: want "pipe-tree 1 "`},
		{"no count", treeHeader + "\n", "bad number of files"},
		{"negative count", treeHeader + "-1\n", "bad number of files"},
		{"count with zeros", treeHeader + "01\n", "bad number of files"},
		{"huge count", treeHeader + "99999999999\n", "bad number of files"},
		{"count too large", treeHeader + "2\n" + line("a") + "\n", "line 3: the manifest ends too early"},
		{"count too small", treeHeader + "0\n" + line("a") + "\n", "more follows"},
		{"too deep", manifest(line(strings.Repeat("d/", maxTreeDepth) + "f")), "257 folders deep"},
		{"too large together", manifest(strings.Replace(line("a"), " 1 ", " 1152921504606846976 ", 1), line("b")), "has the size 1"},
		{"absolute", manifest(line("/etc/passwd")), "is absolute"},
		{"parent", manifest(line("../x")), `has the element ".."`},
		{"parent inside", manifest(line("a/../../x")), `has the element ".."`},
		{"dot", manifest(line("./x")), `has the element "."`},
		{"empty element", manifest(line("a//b")), "empty element"},
		{"directory", manifest(line("a/")), "empty element"},
		{"empty path", manifest("f 1 " + id + " "), "path is empty"},
		{"backslash", manifest(line(`a\b`)), "backslash"},
		{"control", manifest(line("a\x00b")), "control character"},
		{"not UTF-8", manifest(line("a\xff")), "not valid UTF-8"},
		{"long name", manifest(line(strings.Repeat("n", 256))), "element of 256 bytes"},
		{"long path", manifest(line(strings.Repeat("n/", 2100) + "n")), "the most are 4096"},
		{"long line", manifest(line(strings.Repeat("n", 100_000))), "line is too long"},
		{"twice", manifest(line("a"), line("a")), "is there twice"},
		{"unsorted", manifest(line("b"), line("a")), "is not sorted"},
		{"file and directory", manifest(line("a"), line("a-b"), line("a/b")), "both a file and a directory"},
		{"kind", manifest("d 1 " + id + " a"), "neither f nor x"},
		{"size", manifest("f -1 " + id + " a"), "bad number"},
		{"size with plus", manifest("f +1 " + id + " a"), "bad number"},
		{"huge size", manifest("f 99999999999999999999 " + id + " a"), "bad number"},
		{"upper case", manifest("f 1 " + strings.ToUpper(id) + " a"), "not a lower-case"},
		{"short ID", manifest("f 1 " + id[:63] + " a"), "64 hexadecimal digits"},
		{"few fields", manifest("f 1"), "want kind, size, ID and path"},
	}
	for _, test := range tests {
		_, err := ParseTree(strings.NewReader(test.text))
		var bad *TreeError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error is %v, want %q", test.name, err, test.want)
		} else if len(err.Error()) > 400 {
			t.Errorf("%s: the error has %d bytes", test.name, len(err.Error()))
		}
	}
}

func TestWriteToRefusesWhatParseRefuses(t *testing.T) {
	for _, path := range []string{"", "/a", "../a", "a\nb"} {
		var b bytes.Buffer
		if _, err := (&Tree{Entries: []TreeEntry{{Path: path}}}).WriteTo(&b); err == nil || b.Len() != 0 {
			t.Errorf("%q: error %v and %d bytes", path, err, b.Len())
		}
	}
}

// A manifest that is cut anywhere is refused.
func TestParseTreeTruncated(t *testing.T) {
	var b bytes.Buffer
	tree := &Tree{Entries: []TreeEntry{{Path: "a/b c", Size: 10, ID: Sum(nil)}, {Path: "d", Size: 0, ID: Sum(nil), Executable: true}}}
	if _, err := tree.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	for n := range b.Len() {
		if _, err := ParseTree(bytes.NewReader(b.Bytes()[:n])); err == nil {
			t.Errorf("cut at byte %d of %d: no error", n, b.Len())
		}
	}
	got, err := ParseTree(&b)
	if diff := cmp.Diff(tree, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// Whatever is accepted has exactly one text form, and no path leaves the
// directory.
func FuzzParseTree(f *testing.F) {
	id := Sum([]byte("x")).String()
	f.Add(manifest())
	f.Add(manifest("f 1 "+id+" a", "x 22 "+id+" b/c d"))
	f.Add(manifest("f 1 " + id + " ../a"))
	f.Add(manifest("f 1 "+id+" a", "f 1 "+id+" a/b"))
	f.Fuzz(func(t *testing.T, text string) {
		tree, err := ParseTree(strings.NewReader(text))
		if err != nil {
			return
		}
		var b strings.Builder
		if _, err := tree.WriteTo(&b); err != nil || b.String() != text {
			t.Fatalf("written again: %q, %v", b.String(), err)
		}
		for _, e := range tree.Entries {
			if !fs.ValidPath(e.Path) || e.Path == "." || !filepath.IsLocal(filepath.FromSlash(e.Path)) {
				t.Fatalf("hostile path %q", e.Path)
			}
		}
	})
}
