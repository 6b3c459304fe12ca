package lineage

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"pipe/artifacts"
	"pipe/base/infile"
)

// A FileStat is what tells that a file has not been touched.
type FileStat struct {
	Size    int64
	MTimeNS int64 // nanoseconds since 1970
	CTimeNS int64 // 0 where the system has none
	Inode   uint64
	TakenNS int64 // when StatFile was called
}

// StatFile looks at a file. It must be called before the file is read for its
// hash. The error is that of infile.Open.
func StatFile(path string) (FileStat, error) {
	taken := time.Now()
	info, err := os.Stat(path)
	if err != nil {
		return FileStat{}, err
	}
	if err := infile.Check(path, info); err != nil {
		return FileStat{}, err
	}
	st := FileStat{Size: info.Size(), MTimeNS: info.ModTime().UnixNano(), TakenNS: taken.UnixNano()}
	st.CTimeNS, st.Inode = statTimes(info)
	return st, nil
}

// racy is the age that a file must have when it is read for its hash to be
// remembered. A younger one could be changed again without a visible change of
// its times: file systems count in steps of up to two seconds.
const racy = 2 * time.Second

// FileHash returns the remembered hash of a file, if the file looks just as it
// did when PutFileHashes was called. It is a guess to be used for skipping work
// that would come to nothing, and never a reason not to read a file whose
// bytes are needed.
func (d *DB) FileHash(path string, stat FileStat) (artifacts.ID, bool) {
	path, err := filepath.Abs(path)
	if err != nil {
		return artifacts.ID{}, false
	}
	var hash string
	err = d.r.QueryRow("SELECT hash FROM file_hashes WHERE path = ? AND size = ? AND mtime_ns = ? AND ctime_ns = ? AND inode = ?",
		path, stat.Size, stat.MTimeNS, stat.CTimeNS, int64(stat.Inode)).Scan(&hash)
	if err != nil {
		return artifacts.ID{}, false
	}
	id, err := artifacts.ParseID(hash)
	return id, err == nil
}

// LastHash is what a file held when its hash was remembered, and its size in bytes,
// whatever it looks like now.
func (d *DB) LastHash(path string) (id artifacts.ID, size int64, ok bool) {
	path, err := filepath.Abs(path)
	if err != nil {
		return id, 0, false
	}
	var hash string
	if err := d.r.QueryRow("SELECT hash, size FROM file_hashes WHERE path = ?", path).Scan(&hash, &size); err != nil {
		return id, 0, false
	}
	id, err = artifacts.ParseID(hash)
	return id, size, err == nil
}

// Same says whether a file looks the same at two times.
func (s FileStat) Same(as FileStat) bool {
	s.TakenNS = as.TakenNS
	return s == as
}

// Settled says whether a file that was read after it looked so cannot have changed
// since without looking different.
func (s FileStat) Settled() bool {
	return max(s.MTimeNS, s.CTimeNS) <= s.TakenNS-racy.Nanoseconds()
}

// A HashedFile is a file that looked like Stat before it was read for its hash.
type HashedFile struct {
	Path string
	Stat FileStat
	ID   artifacts.ID
}

// PutFileHashes remembers the hashes of files, in one transaction. A file that
// had been written to just before it was read is left out.
func (d *DB) PutFileHashes(files []HashedFile) error {
	settled := make([]HashedFile, 0, len(files))
	for _, f := range files {
		path, err := filepath.Abs(f.Path)
		if err != nil {
			return err
		}
		if f.Path = path; f.Stat.Settled() {
			settled = append(settled, f)
		}
	}
	if len(settled) == 0 {
		return nil
	}
	return d.Update(context.Background(), Relaxed, "remember file hashes in", func(t *Tx) error {
		for _, f := range settled {
			_, err := t.Exec(`INSERT OR REPLACE INTO file_hashes (path, size, mtime_ns, ctime_ns, inode, hash, hashed_ns) VALUES (?, ?, ?, ?, ?, ?, ?)`,
				f.Path, f.Stat.Size, f.Stat.MTimeNS, f.Stat.CTimeNS, int64(f.Stat.Inode), f.ID.String(), f.Stat.TakenNS)
			if err != nil {
				return err
			}
		}
		return nil
	})
}
