package artifacts

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// More files than are committed at once, some of them the same.
func TestManyFiles(t *testing.T) {
	files := map[string]string{}
	for i := range 2*mostOpen + 3 {
		files[fmt.Sprintf("%d/%d", i%7, i)] = fmt.Sprint(i % 200)
	}
	s := newStore(t)
	id, tree, err := s.AddDir(t.Context(), makeDir(t, files))
	if err != nil || len(tree.Entries) != len(files) {
		t.Fatal(len(tree.Entries), err)
	}
	out := filepath.Join(t.TempDir(), "out")
	if err := s.Extract(t.Context(), id, out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(files, readDir(t, out)); diff != "" {
		t.Error(diff)
	}
}

// A directory that takes long to store must not be swept while it is: when the
// last file is committed, the first is not old.
func TestLongDirectoryStaysYoung(t *testing.T) {
	now := time.Now().Add(-time.Hour)
	s, err := open(filepath.Join(t.TempDir(), ".pipe"), osFS{}, func() time.Time {
		now = now.Add(Grace / 3)
		return now
	})
	if err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, "same") // is found, and not written again
	tree, err := s.AddFiles(t.Context(), makeDir(t, map[string]string{"a": "same", "b": "other"}))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range tree.Entries {
		info, err := os.Stat(s.path(e.ID))
		if err != nil {
			t.Fatal(err)
		}
		if age := now.Sub(info.ModTime()); age > Grace/2 {
			t.Errorf("%s is %s old", e.Path, age)
		}
	}
}

// Each file of a folder that is too deep would be stored in vain.
func TestDeepFolder(t *testing.T) {
	dir := t.TempDir()
	deep := filepath.Join(dir, strings.Repeat("d/", maxTreeDepth+1))
	if err := os.MkdirAll(deep, 0o777); err != nil {
		t.Skip(err)
	}
	if _, err := newStore(t).AddFiles(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "folders deep") {
		t.Errorf("error %v", err)
	}
}

func TestDifferences(t *testing.T) {
	paths := []string{"a", "a-b", "a/b", "b", "c"}
	draw := func(t *rapid.T, name string) *Tree {
		tree := &Tree{}
		for _, p := range paths {
			if rapid.Bool().Draw(t, name+p) {
				tree.Entries = append(tree.Entries, TreeEntry{Path: p, Size: 1, ID: Sum(rapid.SampledFrom([][]byte{{1}, {2}}).Draw(t, name)),
					Executable: rapid.Bool().Draw(t, name)})
			}
		}
		return tree
	}
	rapid.Check(t, func(t *rapid.T) {
		old, newer := draw(t, "old"), draw(t, "new")
		index := func(tree *Tree) map[string]TreeEntry {
			m := map[string]TreeEntry{}
			for _, e := range tree.Entries {
				m[e.Path] = e
			}
			return m
		}
		// What the differences say turns one into the other.
		made := index(old)
		last := ""
		for d := range old.Differences(newer) {
			if d.Path <= last {
				t.Fatalf("%q comes after %q", d.Path, last)
			}
			last = d.Path
			if d.Old >= 0 && old.Entries[d.Old].Path != d.Path || d.Old >= 0 && d.New >= 0 && old.Entries[d.Old] == newer.Entries[d.New] {
				t.Fatalf("%+v is no difference", d)
			}
			if d.New < 0 {
				delete(made, d.Path)
			} else {
				made[d.Path] = newer.Entries[d.New]
			}
		}
		if !maps.Equal(made, index(newer)) {
			t.Fatalf("%v is not %v", made, index(newer))
		}
	})
}
