package lineage

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"pipe/artifacts"
	"pipe/infile"
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
// did when PutFileHash was called. It is a guess to be used for skipping work
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

// PutFileHash remembers the hash of a file that looked like stat before it was
// read. If the file had been written to just before that, nothing is stored.
func (d *DB) PutFileHash(path string, stat FileStat, id artifacts.ID) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if max(stat.MTimeNS, stat.CTimeNS) > stat.TakenNS-racy.Nanoseconds() {
		return nil
	}
	return d.update(context.Background(), relaxed, "remember a file hash in", func(t *tx) error {
		_, err := t.exec(`INSERT OR REPLACE INTO file_hashes (path, size, mtime_ns, ctime_ns, inode, hash, hashed_ns) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			path, stat.Size, stat.MTimeNS, stat.CTimeNS, int64(stat.Inode), id.String(), stat.TakenNS)
		return err
	})
}
