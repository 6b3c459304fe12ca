package artifacts

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// outsideFile is a file that a store refers to, old enough for its times to tell.
func outsideFile(t *testing.T, s *Store, content []byte) (path string, id ID) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "file \xff\n.csv")
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
	refer(t, s, path, content)
	return path, Sum(content)
}

func refer(t *testing.T, s *Store, path string, content []byte) {
	t.Helper()
	if err := s.Refer([]Reference{{Sum(content), path, int64(len(content))}}); err != nil {
		t.Fatal(err)
	}
}

func readAll(s *Store, t *testing.T, id ID) ([]byte, error) {
	f, err := s.Open(t.Context(), id)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// spoilInPlace changes one byte of a file, and puts its times back.
func spoilInPlace(t *testing.T, path string, at int64) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("#"), at); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Close(), os.Chtimes(path, info.ModTime(), info.ModTime())); err != nil {
		t.Fatal(err)
	}
}

func isOutside(err error, reason string) bool {
	var e *OutsideError
	return errors.As(err, &e) && errors.Is(err, fs.ErrNotExist) && strings.Contains(e.Reason, reason) && e.Hint() != ""
}

// What stays where it is can be read as what the store has, by a store of a read-only
// disk as well, and nothing is copied.
func TestOutside(t *testing.T) {
	for _, content := range [][]byte{nil, []byte("small"), bytes.Repeat([]byte("large"), keepInMemory)} {
		s := newStore(t)
		path, id := outsideFile(t, s, content)
		for _, s := range []*Store{s, later(t, s, 0), OpenReadOnly(s.dir)} {
			if got, err := readAll(s, t, id); err != nil || !bytes.Equal(got, content) {
				t.Errorf("%d of %d bytes, %v", len(got), len(content), err)
			}
			if size, err := s.Stat(id); err != nil || size != int64(len(content)) || s.Outside(id) != path {
				t.Errorf("%d bytes at %q, %v", size, s.Outside(id), err)
			}
			if !s.HaveAll([]Sized{{id, int64(len(content))}}) {
				t.Error("it is not there")
			}
		}
		for info, err := range s.All() {
			t.Error("it was copied:", info, err)
		}
		if size, err := s.Renew(id); err != nil || size != int64(len(content)) {
			t.Error(size, err)
		}
		// What the store has itself comes first.
		if err := errors.Join(os.Remove(path)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Stat(id); !isOutside(err, "is gone") {
			t.Error(err)
		}
		if _, err := put(s, content); err != nil {
			t.Fatal(err)
		}
		if got, err := readAll(s, t, id); err != nil || !bytes.Equal(got, content) || s.Outside(id) != "" {
			t.Errorf("of the store: %d bytes at %q, %v", len(got), s.Outside(id), err)
		}
	}
}

// Bytes that changed are never given out, and nothing happens to the file.
func TestOutsideChanged(t *testing.T) {
	for _, n := range []int{1000, 5 * keepInMemory} {
		content := bytes.Repeat([]byte("x"), n)
		for name, tt := range map[string]struct {
			change func(path string) error
			stat   string // why Stat fails; empty if it cannot know
			open   string
		}{
			"in place":  {func(path string) error { spoilInPlace(t, path, int64(n/2)); return nil }, "", "has other bytes now"},
			"longer":    {func(path string) error { return os.WriteFile(path, append(content, 'x'), 0o666) }, "bytes now, and had", "bytes now, and had"},
			"cut":       {func(path string) error { return os.Truncate(path, 10) }, "has 10 bytes now", "has 10 bytes now"},
			"removed":   {os.Remove, "is gone", "is gone"},
			"a folder":  {func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o777)) }, "not a regular file", "not a regular file"},
			"a link":    {func(path string) error { return errors.Join(os.Rename(path, path+"2"), os.Symlink(path+"2", path)) }, "not a regular file", "not a regular file"},
			"no folder": {func(path string) error { return os.Rename(filepath.Dir(path), filepath.Dir(path)+"2") }, "is gone", "is gone"},
		} {
			t.Run(name, func(t *testing.T) {
				s := newStore(t)
				path, id := outsideFile(t, s, content)
				if _, err := readAll(s, t, id); err != nil { // this process has verified it once
					t.Fatal(err)
				}
				if err := tt.change(path); err != nil {
					t.Fatal(err)
				}
				before, _ := os.ReadFile(path)
				if _, err := s.Stat(id); (err == nil) != (tt.stat == "") || err != nil && !isOutside(err, tt.stat) {
					t.Errorf("Stat: %v", err)
				}
				if _, err := readAll(s, t, id); !isOutside(err, tt.open) {
					t.Errorf("Open: %v", err)
				}
				if err := s.Check(t.Context(), id); !isOutside(err, tt.open) {
					t.Errorf("Check: %v", err)
				}
				c := s.Checked(t.Context())
				f, err := c.Open(id)
				if err == nil {
					io.Copy(io.Discard, f)
					err = errors.Join(f.Close(), c.Wait())
				}
				if !isOutside(err, tt.open) {
					t.Errorf("Checked: %v", err)
				}
				if moved, err := s.Quarantine(t.Context(), id); moved != "" || err != nil {
					t.Errorf("Quarantine: %q, %v", moved, err)
				}
				if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
					t.Error("the file was changed")
				}
			})
		}
	}
}

// A file that is changed, or replaced by another of the same size, while it is read,
// gives no result; one that is touched, or moved away and back, does.
func TestOutsideChangedWhileRead(t *testing.T) {
	content := bytes.Repeat([]byte("x"), 3*keepInMemory)
	for name, tt := range map[string]struct {
		change func(path string) error
		want   string
	}{
		"in place": {func(path string) error { spoilInPlace(t, path, 7); return nil }, "has other bytes now"},
		"replaced": {func(path string) error {
			return errors.Join(os.WriteFile(path+"2", bytes.Repeat([]byte("y"), len(content)), 0o666), os.Rename(path+"2", path))
		}, "has other bytes now"},
		"removed": {os.Remove, "is gone"},
		"touched": {func(path string) error { return os.Chtimes(path, time.Now(), time.Now()) }, ""},
		"moved":   {func(path string) error { return errors.Join(os.Rename(path, path+"2"), os.Rename(path+"2", path)) }, ""},
		"copied":  {func(path string) error { return errors.Join(os.Remove(path), os.WriteFile(path, content, 0o666)) }, ""},
	} {
		for _, known := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				s := newStore(t)
				path, id := outsideFile(t, s, content)
				old := time.Now().Add(-time.Hour)
				if err := os.Chtimes(path, old, old); err != nil {
					t.Fatal(err)
				}
				if known { // as after an hour
					if info, err := os.Stat(path); err == nil {
						s.verified.remember(id, info)
					}
				}
				c := s.Checked(t.Context())
				f, err := c.Open(id)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				if err := f.Verify(); err != nil { // its bytes are hashed
					t.Fatal(err)
				}
				if err := tt.change(path); err != nil {
					t.Fatal(err)
				}
				if err := c.Wait(); (err == nil) != (tt.want == "") || err != nil && !isOutside(err, tt.want) {
					t.Error(err)
				}
			})
		}
	}
}

// What was hashed when the file could change within the tick of its clock is hashed again.
func TestHashOutside(t *testing.T) {
	content := bytes.Repeat([]byte("x"), 2*keepInMemory)
	for _, tt := range []struct {
		later time.Duration
		known bool
	}{{0, false}, {time.Hour, true}} {
		s := later(t, newStore(t), tt.later)
		path, id := outsideFile(t, s, content)
		if got, size, err := s.HashOutside(t.Context(), path); err != nil || got != id || size != int64(len(content)) {
			t.Error(got, size, err)
		}
		f, err := s.openKnown(id)
		if err != nil || (f != nil) != (tt.known && isLinux(path)) {
			t.Errorf("after %s it is known: %v, %v", tt.later, f != nil, err)
		}
		if f != nil {
			f.Close()
		}
	}
	if _, _, err := newStore(t).HashOutside(t.Context(), filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// isLinux says whether files have stamps.
func isLinux(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	_, ok := stampOf(info)
	return ok
}

// A reference follows its bytes to where they are now, and over symbolic links.
func TestReferAgain(t *testing.T) {
	s := newStore(t)
	path, id := outsideFile(t, s, []byte("content"))
	link := filepath.Join(t.TempDir(), "link")
	if err := errors.Join(os.Rename(path, path+"2"), os.Symlink(path+"2", link)); err != nil {
		t.Fatal(err)
	}
	refer(t, s, link, []byte("content"))
	if got, err := readAll(s, t, id); err != nil || string(got) != "content" || s.Outside(id) != path+"2" {
		t.Errorf("%q at %q, %v", got, s.Outside(id), err)
	}
	if err := s.Refer([]Reference{{id, filepath.Join(t.TempDir(), "none"), 7}}); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	var many []Reference
	for i := range 3 * mostOpen {
		content := []byte{byte(i), byte(i >> 8), 1}
		file := filepath.Join(filepath.Dir(path), string(rune('a'+i%26))+strings.Repeat("z", i/26))
		if err := os.WriteFile(file, content, 0o666); err != nil {
			t.Fatal(err)
		}
		many = append(many, Reference{Sum(content), file, 3})
	}
	s = &Store{dir: s.dir, fs: &faultFS{FS: osFS{}}, now: time.Now} // which waits for no disk
	if err := s.Refer(many); err != nil {
		t.Fatal(err)
	}
	for _, r := range many {
		if s.Outside(r.ID) != r.Path {
			t.Errorf("%s is at %q", r.Path, s.Outside(r.ID))
		}
	}
	left, err := os.ReadDir(s.tmp())
	if err != nil || len(left) != 0 {
		t.Error("left in tmp:", left, err)
	}
}

// Sweep forgets references that nothing needs, and touches no file.
func TestSweepReferences(t *testing.T) {
	s := newStore(t)
	path, dead := outsideFile(t, s, []byte("dead"))
	_, live := outsideFile(t, s, []byte("live"))
	listedPath, listed := outsideFile(t, s, []byte("listed"))
	tree, err := NewTree([]TreeEntry{{Path: "a", ID: listed, Size: 6}})
	if err != nil {
		t.Fatal(err)
	}
	manifest, _, err := s.AddTree(tree, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	isLive := func(id ID) bool { return id == live || id == manifest }
	if swept, err := s.Sweep(t.Context(), isLive); err != nil || swept.Objects != 0 {
		t.Errorf("%+v, %v", swept, err)
	}
	swept, err := later(t, s, 2*Grace).Sweep(t.Context(), isLive)
	if err != nil || swept.Objects != 1 || swept.Bytes != 0 {
		t.Errorf("%+v, %v", swept, err)
	}
	for _, id := range []ID{live, listed} {
		if _, err := s.Stat(id); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Stat(dead); !errors.As(err, new(*NotFoundError)) {
		t.Error(err)
	}
	for _, path := range []string{path, listedPath} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	dir, err := s.OpenDir(t.Context(), manifest)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	f, err := dir.Open(0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got, err := io.ReadAll(f); err != nil || string(got) != "listed" {
		t.Errorf("%q, %v", got, err)
	}
}

// A record that is none is no reference, and a fault while one is written leaves none.
func TestReferenceRecords(t *testing.T) {
	s := newStore(t)
	path, id := outsideFile(t, s, []byte("content"))
	for _, text := range []string{"", "7", "7\n", "x\n" + path, "-1\n" + path, "7\nrelative", "\n" + path} {
		record := s.referencePath(id)
		if err := errors.Join(os.Remove(record), os.WriteFile(record, []byte(text), 0o444)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Stat(id); !errors.As(err, new(*NotFoundError)) {
			t.Errorf("%q: %v", text, err)
		}
		refer(t, s, path, []byte("content"))
		if _, err := readAll(s, t, id); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	for n := 1; ; n++ {
		faulty := &faultFS{FS: osFS{}, n: n, crash: n%2 == 0}
		s := &Store{dir: t.TempDir(), fs: faulty, now: time.Now}
		err := s.Refer([]Reference{{id, path, 7}})
		if err == nil && faulty.n > 0 {
			if n < 5 {
				t.Errorf("only %d calls could fail", n)
			}
			break
		}
		s = OpenReadOnly(s.dir)
		if at := s.Outside(id); at != "" && at != path || err == nil && at == "" {
			t.Errorf("call %d: refers to %q, %v", n, at, err)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		r := Reference{id, "/" + rapid.String().Draw(rt, "path"), rapid.Int64Min(0).Draw(rt, "size")}
		os.Remove(s.referencePath(id))
		if err := os.WriteFile(s.referencePath(id), r.record(), 0o444); err != nil {
			rt.Fatal(err)
		}
		if got, err := s.reference(id); err != nil || got != r {
			rt.Errorf("%+v is read as %+v, %v", r, got, err)
		}
	})
}
