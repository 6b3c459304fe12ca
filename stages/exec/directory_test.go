package exec

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func pack(t *testing.T, files map[string]string) []byte {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := packDirectory(t.Context(), &b, dir); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDirectoryIsRecognised(t *testing.T) {
	data := pack(t, map[string]string{"a": "x"})
	if !isDirectory(data[:tarBlock]) {
		t.Errorf("header %q is not recognised", data[:tarBlock])
	}
	var foreign bytes.Buffer
	w := tar.NewWriter(&foreign)
	if err := w.WriteHeader(&tar.Header{Name: "a", Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if isDirectory(foreign.Bytes()) || isDirectory(nil) || isDirectory(data[:tarBlock/2]) {
		t.Error("another file is taken for a directory")
	}
}

func TestDirectoryHasOneForm(t *testing.T) {
	files := map[string]string{"b": "2", "a/z": "1", "a-z": "3", strings.Repeat("long/", 60) + "ü": "4"}
	if !bytes.Equal(pack(t, files), pack(t, files)) {
		t.Error("the same files gave other bytes")
	}
	data := pack(t, files)
	to := filepath.Join(t.TempDir(), "out")
	if err := extractDirectory(t.Context(), bytes.NewReader(data), to); err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		if got, err := os.ReadFile(filepath.Join(to, name)); err != nil || string(got) != want {
			t.Errorf("%s holds %q, %v; want %q", name, got, err, want)
		}
	}
	var again bytes.Buffer
	if err := packDirectory(t.Context(), &again, to); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(data, again.Bytes()) {
		t.Error("packing what was unpacked gave other bytes")
	}
}

func TestExtractRefusesHostileArchives(t *testing.T) {
	tests := []struct {
		header tar.Header
		want   string
	}{
		{tar.Header{Name: "../evil", Typeflag: tar.TypeReg}, `"../evil": the path leads out`},
		{tar.Header{Name: "a/../../evil", Typeflag: tar.TypeReg}, "the path leads out"},
		{tar.Header{Name: "/evil", Typeflag: tar.TypeReg}, `"/evil": the path leads out`},
		{tar.Header{Name: "link", Linkname: "/etc", Typeflag: tar.TypeSymlink}, `"link" is not a regular file`},
		{tar.Header{Name: "hard", Linkname: "/etc/passwd", Typeflag: tar.TypeLink}, `"hard" is not a regular file`},
		{tar.Header{Name: "dev", Typeflag: tar.TypeChar}, `"dev" is not a regular file`},
		{tar.Header{Name: "huge", Typeflag: tar.TypeReg, Size: 1 << 40}, `"huge" is larger than the archive`},
		{tar.Header{Name: "first", Typeflag: tar.TypeReg}, `"first": openat first: file exists`},
	}
	for _, tt := range tests {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for _, h := range []tar.Header{{Name: "first", Typeflag: tar.TypeReg}, tt.header} {
			if err := w.WriteHeader(&h); err != nil {
				t.Fatal(err)
			}
		}
		w.Flush()
		parent := t.TempDir()
		err := extractDirectory(t.Context(), bytes.NewReader(b.Bytes()), filepath.Join(parent, "out"))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %s", tt.header.Name, err, tt.want)
		}
		if entries, _ := os.ReadDir(parent); len(entries) != 1 {
			t.Errorf("%s: files outside of the directory: %v", tt.header.Name, entries)
		}
	}
}

func FuzzExtractDirectory(f *testing.F) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: "a/b", Typeflag: tar.TypeReg, Size: 3}); err != nil {
		f.Fatal(err)
	}
	if _, err := w.Write([]byte("abc")); err != nil {
		f.Fatal(err)
	}
	w.Close()
	f.Add(b.Bytes())
	f.Add(bytes.Replace(b.Bytes(), []byte("a/b"), []byte("../"), 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		parent := t.TempDir()
		_ = extractDirectory(t.Context(), bytes.NewReader(data), filepath.Join(parent, "out"))
		if entries, _ := os.ReadDir(parent); len(entries) != 1 {
			t.Fatalf("files outside of the directory: %v", entries)
		}
		var size int64
		filepath.WalkDir(parent, func(_ string, d os.DirEntry, _ error) error {
			if info, err := d.Info(); err == nil && d.Type().IsRegular() {
				size += info.Size()
			}
			return nil
		})
		if size > int64(len(data)) {
			t.Fatalf("%d bytes became %d", len(data), size)
		}
	})
}
