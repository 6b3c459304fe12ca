package content

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/base/infile"
)

// WriteFolder writes the files of a directory to a folder. One that is new is
// there whole or not at all.
func WriteFolder(ctx context.Context, store *artifacts.Store, id artifacts.ID, to string, force bool) error {
	dir, err := store.OpenDir(ctx, id)
	if err != nil {
		return err
	}
	defer dir.Close()
	entries, err := os.ReadDir(to)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return newFolder(ctx, dir, to)
	case err != nil:
		return diag.Usage(diag.WithHint(fmt.Errorf("%s is not a folder", diag.Visible(to)), "name a new one, or FILE.tar"))
	case len(entries) > 0 && !force:
		return diag.Usage(diag.WithHint(fmt.Errorf("folder %s is not empty", diag.Visible(to)),
			"name a new one, or add --force: files of the same name are replaced, others stay"))
	}
	return intoFolder(ctx, dir, to)
}

// newFolder makes the folder beside its place and renames it.
func newFolder(ctx context.Context, dir *artifacts.Dir, to string) error {
	parent := filepath.Dir(filepath.Clean(to))
	temp, err := os.MkdirTemp(parent, ".pipe-*")
	if errors.Is(err, fs.ErrNotExist) {
		return diag.Usage(diag.WithHint(fmt.Errorf("folder %s does not exist", diag.Visible(parent)), "make it first: mkdir -p "+diag.Visible(parent)))
	}
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	made := filepath.Join(temp, "made") // with the mode that folders have here
	if err := dir.Extract(ctx, made); err != nil {
		return err
	}
	if err := os.Rename(made, to); err != nil { // to may be a link that leads nowhere
		return diag.Usage(diag.WithHint(fmt.Errorf("%s cannot become a folder: %w", diag.Visible(to), errors.Unwrap(err)), "name a new one, or FILE.tar"))
	}
	return nil
}

// intoFolder extracts within the folder, and moves each file to its place. No
// link that is there leads it out.
func intoFolder(ctx context.Context, dir *artifacts.Dir, to string) error {
	temp, err := os.MkdirTemp(to, ".pipe-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	if err := dir.Extract(ctx, filepath.Join(temp, "made")); err != nil {
		return err
	}
	root, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, e := range dir.Tree.Entries {
		if err := root.MkdirAll(filepath.FromSlash(path.Dir(e.Path)), 0o777); err != nil {
			return err
		}
		if err := root.Rename(filepath.Join(filepath.Base(temp), "made", filepath.FromSlash(e.Path)), filepath.FromSlash(e.Path)); err != nil {
			return err
		}
	}
	return nil
}

// writeTar writes the files of a directory as one tar file, without times and
// owners: the same directory gives the same bytes.
func writeTar(ctx context.Context, store *artifacts.Store, id artifacts.ID, w io.Writer) error {
	dir, err := store.OpenDir(ctx, id)
	if err != nil {
		return err
	}
	defer dir.Close()
	out := tar.NewWriter(w)
	for i, e := range dir.Tree.Entries {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: e.Path, Size: e.Size, Mode: 0o644, ModTime: time.Unix(0, 0), Format: tar.FormatPAX}
		if e.Executable {
			h.Mode = 0o755
		}
		if err := out.WriteHeader(h); err != nil {
			return err
		}
		if err := copyInto(ctx, out, dir, i); err != nil {
			return fmt.Errorf("%s: %w", e.Path, err)
		}
	}
	return out.Close()
}

func copyInto(ctx context.Context, w io.Writer, dir *artifacts.Dir, i int) error {
	f, err := dir.Open(i)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, infile.Reader(ctx, f))
	return err
}
