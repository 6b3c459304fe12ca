// Package archive opens zip archives that anyone may have made: what their lists of
// files say takes no more memory than it should. Nothing is unpacked to a disk, and
// the names in them mean nothing outside of them.
package archive

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
)

// Most is how many files an archive may hold.
const Most = 1 << 16

// maxList bounds the bytes of the list of files: about 128 for each.
const maxList = 8 << 20

var errList = fmt.Errorf("its list of files has more than %d MiB", maxList>>20)

// Open reads the list of the files in an archive.
func Open(r io.ReaderAt, size int64) ([]*zip.File, error) {
	b := &bounded{ReaderAt: r, left: maxList}
	z, err := zip.NewReader(b, size)
	switch {
	case b.left < 0:
		return nil, errList
	case errors.Is(err, zip.ErrInsecurePath): // means nothing here
	case err != nil:
		return nil, err
	}
	if len(z.File) > Most {
		return nil, fmt.Errorf("it holds %d files, and at most %d are possible", len(z.File), Most)
	}
	b.opened = true
	return z.File, nil
}

// A bounded reader gives only so many bytes until an archive is opened.
type bounded struct {
	io.ReaderAt
	left   int64
	opened bool
}

// ReadAt implements io.ReaderAt.
func (b *bounded) ReadAt(p []byte, offset int64) (int, error) {
	if b.opened {
		return b.ReaderAt.ReadAt(p, offset)
	}
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, errList
	}
	return b.ReaderAt.ReadAt(p, offset)
}
