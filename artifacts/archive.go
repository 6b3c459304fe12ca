package artifacts

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"pipe/base/infile"
)

// Until version 1 of the kind exec a directory was one tar archive: a global
// header that says so, then the files. Such directories are in stores and
// bundles; no new ones are written.
const archiveRecord = "28 comment=pipe directory 1\n"

// isArchive recognises the global header: its type, then its one record,
// which begins with its own length.
func isArchive(r io.ReaderAt) bool {
	const typeOffset, recordOffset = 156, 512
	start := make([]byte, recordOffset+len(archiveRecord))
	if n, _ := r.ReadAt(start, 0); n < len(start) {
		return false
	}
	return start[typeOffset] == tar.TypeXGlobalHeader && bytes.Equal(start[recordOffset:], []byte(archiveRecord))
}

// An archive is a directory in the old form.
type archive struct {
	file  *File
	files []archived
}

// An archived file lies in one piece of the archive.
type archived struct {
	path         string
	offset, size int64
	executable   bool
}

func openArchive(f *File) (*archive, error) {
	files, err := indexArchive(f)
	return &archive{f, files}, err
}

// indexArchive finds the files, sorted by path. What they are named cannot
// lead out of a directory, and they are no larger than the archive.
func indexArchive(r interface {
	io.ReadSeeker
	Size() int64
}) ([]archived, error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	var files []archived
	bad := func(h *tar.Header, what string) error {
		return &TreeError{0, fmt.Sprintf("archive: %q %s", clip(h.Name), what)}
	}
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		switch {
		case err == io.EOF:
			return sortArchive(files)
		case err != nil:
			return nil, &TreeError{0, fmt.Sprintf("archive: %v", err)}
		case h.Typeflag == tar.TypeXGlobalHeader:
			continue
		case h.Typeflag != tar.TypeReg || sparse(h):
			return nil, bad(h, "is not a regular file")
		case !filepath.IsLocal(filepath.FromSlash(h.Name)) || path.Clean(h.Name) != h.Name || len(h.Name) > maxTreePath:
			return nil, bad(h, "is a path that leads out of the directory")
		case len(files) == maxTreeEntries:
			return nil, bad(h, "is one file too many")
		}
		at, err := r.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, err
		}
		if h.Size > r.Size()-at {
			return nil, bad(h, "is larger than the archive")
		}
		files = append(files, archived{h.Name, at, h.Size, h.Mode&0o100 != 0})
	}
}

// sparse says that a file does not lie in one piece.
func sparse(h *tar.Header) bool {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

func sortArchive(files []archived) ([]archived, error) {
	slices.SortFunc(files, func(a, b archived) int { return cmp.Compare(a.path, b.path) })
	for i := range files[min(1, len(files)):] {
		if files[i].path == files[i+1].path {
			return nil, &TreeError{0, fmt.Sprintf("archive: %q is there twice", clip(files[i].path))}
		}
	}
	return files, nil
}

// tree hashes the files.
func (a *archive) tree(ctx context.Context) (*Tree, error) {
	t := &Tree{Entries: make([]TreeEntry, len(a.files))}
	for i, f := range a.files {
		id, _, err := hashReader(infile.Reader(ctx, a.section(i)), f.size)
		if err != nil {
			return nil, err
		}
		t.Entries[i] = TreeEntry{Path: f.path, Size: f.size, ID: id, Executable: f.executable}
	}
	return t, nil
}

func (a *archive) section(i int) *io.SectionReader {
	return io.NewSectionReader(a.file, a.files[i].offset, a.files[i].size)
}

func (a *archive) open(i int, id ID) *File {
	return &File{content: a.section(i), held: held{id: id, path: a.file.path, size: a.files[i].size}}
}
