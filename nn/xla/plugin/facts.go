package plugin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"pipe/base/infile"
	"pipe/base/outfile"
)

// Facts are what only the bytes of a plugin tell. Its hundreds of megabytes take
// most of a second to read, so they are kept.
type facts struct {
	SHA256   string `json:"sha256"`
	Platform string `json:"platform"`
}

// kept is the file that holds the facts of a plugin.
type kept struct {
	Version int    `json:"version"` // of what the facts mean
	Path    string `json:"path"`
	Stamp   stamp  `json:"stamp"`
	Facts   facts  `json:"facts"`
}

const (
	keptVersion = 1
	maxKept     = 1 << 14 // bytes
)

// A stamp changes when a file is replaced or written.
type stamp struct {
	Size     int64  `json:"size"`
	Modified int64  `json:"modified"` // nanoseconds since 1970
	Changed  int64  `json:"changed"`  // likewise, set by the system alone; 0 where it has none
	Inode    uint64 `json:"inode"`
}

func stampOf(info fs.FileInfo) stamp {
	changed, inode := identity(info)
	return stamp{info.Size(), info.ModTime().UnixNano(), changed, inode}
}

// factsOf reads a plugin, or what was kept of it. Every doubt of what was kept
// is a reason to read; that it could not be kept is none to fail.
func factsOf(path, cache string) (facts, error) {
	f, err := infile.Open(path)
	if err != nil {
		return facts{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return facts{}, err
	}
	k := kept{Version: keptVersion, Path: path, Stamp: stampOf(info)}
	var file string
	if cache != "" {
		name := sha256.Sum256([]byte(path))
		file = filepath.Join(cache, hex.EncodeToString(name[:8])+".json")
		if old, ok := readKept(file); ok && old.Path == k.Path && old.Stamp == k.Stamp {
			return old.Facts, nil
		}
	}
	if k.Facts, err = readFacts(f); err != nil {
		return facts{}, err
	}
	// What was written to meanwhile is not what was read.
	if again, err := os.Stat(path); err == nil && file != "" && stampOf(again) == k.Stamp {
		keep(file, k)
	}
	return k.Facts, nil
}

func readKept(file string) (k kept, ok bool) {
	data, err := infile.ReadAll(file, maxKept)
	if err != nil || json.Unmarshal(data, &k) != nil {
		return kept{}, false
	}
	sum, err := hex.DecodeString(k.Facts.SHA256)
	known := k.Facts.Platform == CUDA || k.Facts.Platform == CPU || k.Facts.Platform == ""
	return k, err == nil && len(sum) == sha256.Size && known && k.Version == keptVersion
}

// keep is best effort: the folder may be that of somebody else, or the disk full.
func keep(file string, k kept) {
	data, err := json.Marshal(k)
	if err != nil || os.MkdirAll(filepath.Dir(file), 0o700) != nil {
		return
	}
	_ = outfile.Write(context.Background(), file, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// marks are bytes that only plugins of one platform have.
var marks = []struct{ platform, mark string }{
	{CUDA, "libcuda.so.1"}, // which it opens to reach the driver
	{CPU, "PjRtCpuClient"},
}

// readFacts reads all bytes of a plugin.
func readFacts(r io.Reader) (f facts, err error) {
	const overlap = 32 // no mark is longer
	sum := sha256.New()
	found := make([]bool, len(marks))
	buf := make([]byte, overlap+1<<20)
	for {
		n, err := io.ReadFull(r, buf[overlap:])
		sum.Write(buf[overlap : overlap+n])
		for i, m := range marks {
			found[i] = found[i] || bytes.Contains(buf[:overlap+n], []byte(m.mark))
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			return f, err
		}
		copy(buf, buf[n:]) // the last bytes, in which a mark may begin
	}
	f.SHA256 = hex.EncodeToString(sum.Sum(nil))
	for i, m := range marks {
		if found[i] {
			f.Platform = m.platform
			break
		}
	}
	return f, nil
}
