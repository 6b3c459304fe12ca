package exec

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"pipe/diag"
	"pipe/infile"
)

// A directory is stored as one tar archive with a single form: a global
// header that says so, then the files by path, with no times, owners or
// permissions but the executable bit. As in a tree manifest there are no empty
// folders and no links.
const directoryComment = "pipe directory 1"

// tarBlock is how much of an artifact isDirectory wants to see.
const tarBlock = 1024

// isDirectory recognises the global header: its type, then its one record,
// which begins with its own length.
func isDirectory(start []byte) bool {
	const typeOffset, recordOffset = 156, 512
	record := []byte("28 comment=" + directoryComment + "\n")
	return len(start) >= recordOffset && start[typeOffset] == tar.TypeXGlobalHeader && bytes.HasPrefix(start[recordOffset:], record)
}

// packDirectory writes the files below dir.
func packDirectory(ctx context.Context, w io.Writer, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	var names []string
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || d.IsDir():
			return err
		case !d.Type().IsRegular():
			return diag.WithHint(fmt.Errorf("%s is not a regular file but %s", name, infile.TypeName(d.Type())), "a directory holds files only, no links")
		}
		names = append(names, name)
		return nil
	})
	if err != nil {
		return err
	}
	slices.Sort(names) // WalkDir sorts within folders, which is another order
	out := tar.NewWriter(w)
	err = out.WriteHeader(&tar.Header{
		Typeflag: tar.TypeXGlobalHeader, Format: tar.FormatPAX,
		PAXRecords: map[string]string{"comment": directoryComment},
	})
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := packFile(ctx, out, root, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return out.Close()
}

func packFile(ctx context.Context, out *tar.Writer, root *os.Root, name string) error {
	f, err := infile.OpenIn(root, name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	mode := int64(0o644)
	if info.Mode()&0o100 != 0 {
		mode = 0o755
	}
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: info.Size(), Mode: mode, ModTime: time.Unix(0, 0), Format: tar.FormatPAX}
	if err := out.WriteHeader(h); err != nil {
		return err
	}
	_, err = io.Copy(out, infile.Reader(ctx, f))
	return err
}

// extractDirectory makes dir and unpacks an archive that packDirectory wrote.
// Whatever else the archive says, nothing is written outside of dir.
func extractDirectory(ctx context.Context, in interface {
	io.Reader
	Size() int64
}, dir string) error {
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	r := tar.NewReader(infile.Reader(ctx, in))
	left := in.Size() // our archives hold every byte, so they never grow
	for {
		h, err := r.Next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("directory: %w", err)
		case h.Typeflag == tar.TypeXGlobalHeader:
			continue
		case h.Typeflag != tar.TypeReg:
			return fmt.Errorf("directory: %q is not a regular file", h.Name)
		case h.Size > left:
			return fmt.Errorf("directory: %q is larger than the archive", h.Name)
		}
		left -= h.Size
		if err := extractFile(root, h, r); err != nil {
			return fmt.Errorf("directory: %q: %w", h.Name, err)
		}
	}
}

func extractFile(root *os.Root, h *tar.Header, r io.Reader) error {
	name := filepath.FromSlash(h.Name)
	if !filepath.IsLocal(name) || path.Clean(h.Name) != h.Name {
		return errors.New("the path leads out of the directory")
	}
	if d := filepath.Dir(name); d != "." {
		if err := root.MkdirAll(d, 0o777); err != nil {
			return err
		}
	}
	mode := fs.FileMode(0o666)
	if h.Mode&0o100 != 0 {
		mode = 0o777
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}
