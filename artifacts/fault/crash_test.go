package fault

import (
	"os"
	"path/filepath"
	"testing"

	"pipe/artifacts"
)

func TestNewCrash(t *testing.T) {
	for _, text := range []string{"", "store.sync.before:1", "runner.stage.retry:12"} {
		if _, err := NewCrash(text, nil); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"store.sync.before", "store.sync.before:0", "store.sync.before:x", "nowhere:1", ":1"} {
		if _, err := NewCrash(text, nil); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func TestPointsAreDistinct(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range Points {
		if seen[p.Name] || p.Doc == "" {
			t.Errorf("point %q is there twice, or has no text", p.Name)
		}
		seen[p.Name] = true
	}
}

// A loss of power takes the names and the bytes that were not synced, and
// nothing else.
func TestLosePower(t *testing.T) {
	dir := t.TempDir()
	c, err := NewCrash("", nil)
	if err != nil {
		t.Fatal(err)
	}
	fsys := c.FS(artifacts.SystemFS(), true)
	write := func(name string, sync bool) string {
		path := filepath.Join(dir, name)
		f, err := fsys.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte("0123456789")); err != nil {
			t.Fatal(err)
		}
		if sync {
			if err := f.Sync(); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		return path
	}
	kept, torn := write("kept", true), write("torn", false)
	if err := fsys.SyncDir(dir); err != nil {
		t.Fatal(err)
	}
	nameless := write("nameless", true)
	moved := filepath.Join(dir, "moved")
	if err := fsys.Rename(write("before", true), moved); err != nil {
		t.Fatal(err)
	}
	c.disk.losePower()
	for path, want := range map[string]int{kept: 10, torn: 5, nameless: -1, moved: -1} {
		got := -1
		if text, err := os.ReadFile(path); err == nil {
			got = len(text)
		}
		if got != want {
			t.Errorf("%s has %d bytes, want %d (-1: it is gone)", filepath.Base(path), got, want)
		}
	}
}
