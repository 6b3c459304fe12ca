package xla

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pipe/base/infile"
	"pipe/base/outfile"
	"pipe/nn/xla/pjrt"
)

// A cache keeps compiled programs in a folder: to compile a network takes seconds
// to a minute, to load it less than one. A file is the hash of the rest, and the
// program as the plugin gives it. What does not load is compiled anew, so whatever
// happens to the folder costs time only.
type cache struct {
	folder   string
	identity string // of all that a program depends on beside its text and the flags
}

const (
	cacheSuffix  = ".xla"
	cacheLimit   = 2 << 30 // bytes of a folder, more or less
	programLimit = 1 << 30 // bytes of a program
)

// path is where a program is kept.
func (c cache) path(text string, flags map[string]any, devices int) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%d\n%v\n%s", c.identity, devices, flags, text) // fmt sorts the keys
	return filepath.Join(c.folder, fmt.Sprintf("%x", h.Sum(nil))+cacheSuffix)
}

// load gives a program, nil if there is none that can be used.
func (c cache) load(path string, client *pjrt.Client) *pjrt.Executable {
	data, err := infile.ReadAll(path, programLimit)
	if err != nil || len(data) <= sha256.Size {
		return nil
	}
	program := data[sha256.Size:]
	if sum := sha256.Sum256(program); !bytes.Equal(sum[:], data[:sha256.Size]) {
		return nil
	}
	x, err := client.Deserialize(program)
	if err != nil {
		return nil
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now) // it is used: see prune
	return x
}

// save keeps a program. Where that cannot be done it will be compiled again.
func (c cache) save(path string, x *pjrt.Executable) {
	program, err := x.Serialize()
	if err != nil || len(program) > programLimit-sha256.Size || os.MkdirAll(c.folder, 0o700) != nil {
		return
	}
	sum := sha256.Sum256(program)
	err = outfile.Write(context.Background(), path, func(w io.Writer) error {
		if _, err := w.Write(sum[:]); err != nil {
			return err
		}
		_, err := w.Write(program)
		return err
	})
	if err == nil {
		c.prune()
	}
}

// prune removes the programs that were not used for longest, if there are too many.
func (c cache) prune() {
	entries, err := os.ReadDir(c.folder)
	if err != nil {
		return
	}
	var list []fs.FileInfo
	total := int64(0)
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && info.Mode().IsRegular() && strings.HasSuffix(e.Name(), cacheSuffix) {
			list = append(list, info)
			total += info.Size()
		}
	}
	slices.SortFunc(list, func(a, b fs.FileInfo) int {
		return cmp.Or(a.ModTime().Compare(b.ModTime()), strings.Compare(a.Name(), b.Name()))
	})
	for _, info := range list {
		if total <= cacheLimit {
			return
		}
		if os.Remove(filepath.Join(c.folder, info.Name())) == nil {
			total -= info.Size()
		}
	}
}
