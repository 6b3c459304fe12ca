package artifacts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"pipe/infile"
)

// AddDir commits the files below dir and then the manifest that lists them,
// whose ID it returns. Symbolic links and special files are refused: what they
// stand for is not in the directory.
func (s *Store) AddDir(ctx context.Context, dir string) (ID, *Tree, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return ID{}, nil, fmt.Errorf("add directory: %w", err)
	}
	defer root.Close()
	tree := &Tree{}
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || d.IsDir() {
			return err
		}
		if err := checkPath(name); err != nil {
			return err
		}
		if !d.Type().IsRegular() {
			return notRegular(name, d.Type())
		}
		e, err := s.addFile(ctx, root, name)
		if err != nil {
			return err
		}
		tree.Entries = append(tree.Entries, e)
		return nil
	})
	if err != nil {
		return ID{}, nil, fmt.Errorf("add directory %s: %w", dir, err)
	}
	// WalkDir sorts names within a directory; the manifest sorts whole paths.
	tree.sort()
	w, err := s.Create()
	if err != nil {
		return ID{}, nil, err
	}
	defer w.Discard()
	if _, err := tree.WriteTo(w); err != nil {
		return ID{}, nil, fmt.Errorf("add directory %s: %w", dir, err)
	}
	id, _, err := w.Commit()
	if err != nil {
		return ID{}, nil, err
	}
	return id, tree, nil
}

func (s *Store) addFile(ctx context.Context, root *os.Root, name string) (TreeEntry, error) {
	var e TreeEntry
	// The type was that of a directory entry; a link or a pipe put there since
	// must neither be followed nor waited for.
	before, err := root.Lstat(name)
	if err != nil {
		return e, err
	}
	if !before.Mode().IsRegular() {
		return e, notRegular(name, before.Mode().Type())
	}
	f, err := infile.OpenIn(root, name)
	if err != nil {
		return e, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return e, err
	}
	if !os.SameFile(before, info) {
		return e, fmt.Errorf("%s was replaced while it was read", name)
	}
	w, err := s.Create()
	if err != nil {
		return e, err
	}
	defer w.Discard()
	if _, err := io.Copy(w, infile.Reader(ctx, f)); err != nil {
		return e, err
	}
	id, size, err := w.Commit()
	if err != nil {
		return e, err
	}
	return TreeEntry{Path: name, Size: size, ID: id, Executable: info.Mode()&0o100 != 0}, nil
}

func notRegular(name string, mode fs.FileMode) error {
	if mode&fs.ModeSymlink != 0 {
		return &hintError{
			fmt.Sprintf("%s is a symbolic link", name),
			"a directory artifact holds files only: replace the link by a copy of what it points to",
		}
	}
	return &hintError{
		fmt.Sprintf("%s is not a regular file but %s", name, infile.TypeName(mode)),
		"a directory artifact holds files only: remove it or write it elsewhere",
	}
}

// Tree reads a directory manifest. The error is a *TreeError if the artifact
// is something else.
func (s *Store) Tree(id ID) (*Tree, error) {
	f, err := s.Open(id)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t, err := ParseTree(f)
	if err != nil {
		return nil, fmt.Errorf("artifact %s: %w", id.Short(), err)
	}
	return t, nil
}

// Extract writes the files of a directory manifest below dir, which it makes.
// It writes nothing outside of dir, whatever the manifest or symbolic links
// that are in dir say, and it does not overwrite. Extracted files are ordinary
// copies; they are not synced.
func (s *Store) Extract(ctx context.Context, id ID, dir string) error {
	tree, err := s.Tree(id)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("extract %s: %w", id.Short(), err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("extract %s: %w", id.Short(), err)
	}
	defer root.Close()
	for _, e := range tree.Entries {
		if err := s.extract(ctx, root, e); err != nil {
			return fmt.Errorf("extract %s to %s: %s: %w", id.Short(), dir, e.Path, err)
		}
	}
	return nil
}

func (s *Store) extract(ctx context.Context, root *os.Root, e TreeEntry) error {
	name := filepath.FromSlash(e.Path)
	if !filepath.IsLocal(name) { // reserved names of this system; os.Root refuses them too
		return errors.New("the name cannot be used on this system")
	}
	src, err := s.Open(e.ID)
	if err != nil {
		return err
	}
	defer src.Close()
	if src.Size() != e.Size {
		return &TreeError{0, fmt.Sprintf("%q has %d bytes, the manifest says %d", e.Path, src.Size(), e.Size)}
	}
	if d := path.Dir(e.Path); d != "." {
		if err := root.MkdirAll(filepath.FromSlash(d), 0o777); err != nil {
			return err
		}
	}
	mode := fs.FileMode(0o666)
	if e.Executable {
		mode = 0o777
	}
	dst, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, infile.Reader(ctx, src))
	return errors.Join(err, dst.Close())
}

// A hintError is an error with a next step.
type hintError struct{ msg, hint string }

func (e *hintError) Error() string { return e.msg }
func (e *hintError) Hint() string  { return e.hint }
