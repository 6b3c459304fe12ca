package artifacts

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The fixture is a directory as version 1 of the kind exec stored it.
const archiveFixture = "testdata/directory.tar"

func TestDirectoryInTheOldForm(t *testing.T) {
	data, err := os.ReadFile(archiveFixture)
	if err != nil {
		t.Fatal(err)
	}
	s := newStore(t)
	id := mustPut(t, s, string(data))
	out := filepath.Join(t.TempDir(), "out")
	if err := s.Extract(t.Context(), id, out); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"a-z": "three\n", "a/run.sh*": "#!/bin/sh\n", "b": "two\n",
		strings.Repeat("long/", 60) + "ü": "four\n", "empty": ""}
	if diff := cmp.Diff(want, readDir(t, out)); diff != "" {
		t.Error(diff)
	}
	// The same files in the form of today are the same directory.
	again, tree, err := s.AddDir(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.OpenDir(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for diff := range d.Tree.Differences(tree) {
		t.Errorf("%+v differs between the forms", diff)
	}
	if list, err := s.Listed(t.Context(), id); err != nil || len(list) != 0 {
		t.Errorf("an archive lists %v, %v", list, err)
	}
	if list, err := s.Listed(t.Context(), again); err != nil || len(list) != len(want) {
		t.Errorf("a manifest lists %v, %v", list, err)
	}
	f, err := d.Open(len(d.Tree.Entries) - 1)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	last := d.Tree.Entries[len(d.Tree.Entries)-1]
	if text, err := io.ReadAll(f); err != nil || int64(len(text)) != last.Size || Sum(text) != last.ID {
		t.Errorf("%s holds %q, %v", last.Path, text, err)
	}
}

// archiveOf makes an archive of headers without content.
func archiveOf(t testing.TB, headers ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	headers = append([]tar.Header{{Typeflag: tar.TypeXGlobalHeader, Format: tar.FormatPAX,
		PAXRecords: map[string]string{"comment": "pipe directory 1"}}}, headers...)
	for _, h := range headers {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
	}
	_ = w.Flush() // a file without its content is what some tests want
	return b.Bytes()
}

func TestArchiveIsRecognised(t *testing.T) {
	data := archiveOf(t)
	if !isArchive(bytes.NewReader(data)) {
		t.Error("an archive is not recognised")
	}
	var foreign bytes.Buffer
	w := tar.NewWriter(&foreign)
	if err := w.WriteHeader(&tar.Header{Name: "a", Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, other := range [][]byte{nil, foreign.Bytes(), data[:len(data)/2], []byte(manifest())} {
		if isArchive(bytes.NewReader(other)) {
			t.Errorf("%.20q is taken for an archive", other)
		}
	}
}

func TestHostileArchives(t *testing.T) {
	file := func(name string) tar.Header { return tar.Header{Name: name, Typeflag: tar.TypeReg} }
	for _, test := range []struct {
		header tar.Header
		want   string
	}{
		{file("../evil"), `"../evil" is a path that leads out`},
		{file("a/../../evil"), "is a path that leads out"},
		{file("/evil"), `"/evil" is a path that leads out`},
		{tar.Header{Name: "link", Linkname: "/etc", Typeflag: tar.TypeSymlink}, `"link" is not a regular file`},
		{tar.Header{Name: "hard", Linkname: "/etc/passwd", Typeflag: tar.TypeLink}, `"hard" is not a regular file`},
		{tar.Header{Name: "dev", Typeflag: tar.TypeChar}, `"dev" is not a regular file`},
		{tar.Header{Name: "huge", Typeflag: tar.TypeReg, Size: 1 << 40}, `"huge" is larger than the archive`},
		{file("first"), `"first" is there twice`},
		{file("first/below"), "first/below: mkdirat first: file exists"},
	} {
		s := newStore(t)
		parent := t.TempDir()
		id := mustPut(t, s, string(archiveOf(t, file("first"), test.header)))
		err := s.Extract(t.Context(), id, filepath.Join(parent, "out"))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %s", test.header.Name, err, test.want)
		}
		if _, listed := s.Listed(t.Context(), id); !strings.Contains(test.want, ": ") && !isTreeError(listed) {
			t.Errorf("%s: Listed gives %v", test.header.Name, listed)
		}
		if entries, _ := os.ReadDir(parent); len(entries) > 1 {
			t.Errorf("%s: files outside of the directory: %v", test.header.Name, entries)
		}
	}
}

func isTreeError(err error) bool {
	var bad *TreeError
	return errors.As(err, &bad)
}

func FuzzExtract(f *testing.F) {
	data, err := os.ReadFile(archiveFixture)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(bytes.Replace(data, []byte("a/run"), []byte("../ru"), 1))
	f.Add(archiveOf(f, tar.Header{Name: "huge", Typeflag: tar.TypeReg, Size: 1 << 40}))
	f.Add([]byte(manifest("f 1 " + Sum([]byte("x")).String() + " a/b")))
	s, err := Open(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	if _, err := put(s, []byte("x")); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		parent := t.TempDir()
		d, err := openDir(t.Context(), &File{content: bytes.NewReader(data), held: held{size: int64(len(data))}},
			func(id ID) (*File, error) { return s.Open(t.Context(), id) })
		if err != nil {
			return
		}
		_ = d.Extract(t.Context(), filepath.Join(parent, "out"))
		if entries, _ := os.ReadDir(parent); len(entries) > 1 {
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
