package lineage_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pipe/lineage"
	"pipe/lineage/lineagetest"
)

func TestFileHash(t *testing.T) {
	db, _ := lineagetest.New(t)
	path := filepath.Join(t.TempDir(), "data.csv")
	write := func(content string, age time.Duration) lineage.FileStat {
		t.Helper()
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		when := time.Now().Add(-age)
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
		st, err := lineage.StatFile(path)
		if err != nil {
			t.Fatal(err)
		}
		// As if it had been looked at later: the inode was changed just now.
		st.TakenNS += (10 * time.Second).Nanoseconds()
		return st
	}
	stat := write("one", time.Minute)
	if _, ok := db.FileHash(path, stat); ok {
		t.Error("a hash is known before it was put")
	}
	if err := db.PutFileHashes([]lineage.HashedFile{{Path: path, Stat: stat, ID: lineagetest.ID("one")}}); err != nil {
		t.Fatal(err)
	}
	if id, ok := db.FileHash(path, stat); !ok || id != lineagetest.ID("one") {
		t.Errorf("%s, %v", id, ok)
	}
	for name, change := range map[string]func(*lineage.FileStat){
		"size": func(s *lineage.FileStat) { s.Size++ }, "mtime": func(s *lineage.FileStat) { s.MTimeNS++ }, "ctime": func(s *lineage.FileStat) { s.CTimeNS++ }, "inode": func(s *lineage.FileStat) { s.Inode++ },
	} {
		other := stat
		change(&other)
		if _, ok := db.FileHash(path, other); ok {
			t.Errorf("a change of the %s is not noticed", name)
		}
	}
	if _, ok := db.FileHash(path+"x", stat); ok {
		t.Error("another path has the same hash")
	}
	// Same size and time, other content: the inode's own time tells.
	if changed := write("two", time.Minute); changed.CTimeNS != 0 {
		changed.MTimeNS = stat.MTimeNS
		if _, ok := db.FileHash(path, changed); ok {
			t.Error("a file whose time was set back is taken for the old one")
		}
	}
}

// A file that was written to just before it was read could change again
// without a trace, so its hash is not remembered.
func TestFileHashOfAFreshFile(t *testing.T) {
	db, _ := lineagetest.New(t)
	path := filepath.Join(t.TempDir(), "data.csv")
	if err := os.WriteFile(path, []byte("x"), 0o666); err != nil {
		t.Fatal(err)
	}
	stat, err := lineage.StatFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, late := range []time.Duration{-time.Second, 0, lineage.Racy - time.Nanosecond} {
		s := stat
		s.TakenNS = max(s.MTimeNS, s.CTimeNS) + late.Nanoseconds()
		if err := db.PutFileHashes([]lineage.HashedFile{{Path: path, Stat: s, ID: lineagetest.ID("x")}}); err != nil {
			t.Fatal(err)
		}
		if _, ok := db.FileHash(path, s); ok {
			t.Errorf("read %s after it was written, and remembered", late)
		}
	}
	stat.TakenNS = max(stat.MTimeNS, stat.CTimeNS) + lineage.Racy.Nanoseconds()
	if err := db.PutFileHashes([]lineage.HashedFile{{Path: path, Stat: stat, ID: lineagetest.ID("x")}}); err != nil {
		t.Fatal(err)
	}
	if _, ok := db.FileHash(path, stat); !ok {
		t.Error("an old file is not remembered")
	}
}

func TestStatFileRefuses(t *testing.T) {
	if _, err := lineage.StatFile(t.TempDir()); err == nil || !strings.HasSuffix(err.Error(), "is not a regular file but a folder") {
		t.Errorf("error is %v", err)
	}
	if _, err := lineage.StatFile(filepath.Join(t.TempDir(), "nothing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}
