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
	"time"

	"pipe/base/infile"
)

// AddDir commits the files below dir and then the manifest that lists them,
// whose ID it returns.
func (s *Store) AddDir(ctx context.Context, dir string) (ID, *Tree, error) {
	begun := s.now()
	tree, err := s.AddFiles(ctx, dir)
	if err != nil {
		return ID{}, nil, fmt.Errorf("add directory %s: %w", dir, err)
	}
	id, _, err := s.AddTree(tree, begun)
	return id, tree, err
}

// AddTree commits the manifest of files that were committed, the first of them
// after begun.
func (s *Store) AddTree(tree *Tree, begun time.Time) (id ID, size int64, err error) {
	if err := s.renewFiles(tree, begun); err != nil {
		return id, 0, err
	}
	w, err := s.Create()
	if err != nil {
		return id, 0, err
	}
	defer w.Discard()
	if _, err := tree.WriteTo(w); err != nil {
		return id, 0, err
	}
	return w.Commit()
}

// renewFiles keeps Sweep away from the files of a tree for a while. Those that
// were committed first are old by now if it took long.
func (s *Store) renewFiles(tree *Tree, begun time.Time) error {
	if s.now().Sub(begun) < Grace/2 {
		return nil
	}
	for _, e := range tree.Entries {
		if _, err := s.Renew(e.ID); err != nil {
			return fmt.Errorf("%s: %w", e.Path, err)
		}
	}
	return nil
}

// AddFiles commits the files below dir and gives the manifest that lists them,
// which it leaves to the caller to write and to commit. For Grace from its
// return, Sweep leaves the files alone. Symbolic links and special files are
// refused: what they stand for is not in the directory.
func (s *Store) AddFiles(ctx context.Context, dir string) (*Tree, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	a := adder{s: s, tree: &Tree{}}
	defer a.discard()
	begun := s.now()
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || name == "." {
			return err
		}
		if err := checkPath(name); err != nil { // of folders, too: it bounds how deep they are
			return err
		}
		if d.IsDir() {
			return nil
		}
		return a.add(ctx, root, name)
	})
	if err == nil {
		err = a.commit()
	}
	if err != nil {
		return nil, err
	}
	// WalkDir sorts names within a directory; the manifest sorts whole paths.
	a.tree.sort()
	if err := a.tree.check(); err != nil {
		return nil, err
	}
	return a.tree, s.renewFiles(a.tree, begun)
}

// An adder commits files, many at once.
type adder struct {
	s       *Store
	tree    *Tree
	writers []*Writer // of the last entries
}

func (a *adder) add(ctx context.Context, root *os.Root, name string) error {
	if len(a.tree.Entries) == maxTreeEntries {
		return &hintError{fmt.Sprintf("there are more than %d files", maxTreeEntries), "put several into one, for example with tar"}
	}
	w, err := a.s.Create()
	if err != nil {
		return err
	}
	a.writers = append(a.writers, w)
	executable, err := copyFile(ctx, w, root, name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	a.tree.Entries = append(a.tree.Entries, TreeEntry{Path: name, Executable: executable})
	if len(a.writers) == mostOpen {
		return a.commit()
	}
	return nil
}

// commit fills in what the last entries lack.
func (a *adder) commit() error {
	last := a.tree.Entries[len(a.tree.Entries)-len(a.writers):]
	for i, c := range a.s.CommitAll(a.writers) {
		if c.Err != nil {
			return fmt.Errorf("%s: %w", last[i].Path, c.Err)
		}
		last[i].ID, last[i].Size = c.ID, c.Size
	}
	a.writers = a.writers[:0]
	return nil
}

func (a *adder) discard() {
	for _, w := range a.writers {
		w.Discard()
	}
}

func copyFile(ctx context.Context, w *Writer, root *os.Root, name string) (executable bool, err error) {
	// A link or a pipe must neither be followed nor waited for.
	before, err := root.Lstat(name)
	if err != nil {
		return false, err
	}
	if !before.Mode().IsRegular() {
		return false, notRegular(before.Mode())
	}
	f, err := infile.OpenIn(root, name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	if !os.SameFile(before, info) {
		return false, errors.New("it was replaced while it was read")
	}
	return info.Mode()&0o100 != 0, w.take(ctx, f)
}

func notRegular(mode fs.FileMode) error {
	hint := "a directory artifact holds files only: remove it or write it elsewhere"
	if mode&fs.ModeSymlink != 0 {
		hint = "a directory artifact holds files only: replace the link by a copy of what it points to, for example with cp -rL"
	}
	return &hintError{"it is not a regular file but " + infile.TypeName(mode), hint}
}

// A Dir is an open directory artifact, in the form of a manifest or in that of
// an archive, which older versions wrote. The caller closes it.
type Dir struct {
	Tree *Tree // its files; their IDs name artifacts only if it has the form of a manifest

	open    func(ID) (*File, error)
	archive *archive // nil if it has the form of a manifest
}

// OpenDir opens a directory artifact. The error is a *TreeError if the
// artifact is something else.
func (s *Store) OpenDir(ctx context.Context, id ID) (*Dir, error) {
	f, err := s.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	return openDir(ctx, f, func(id ID) (*File, error) { return s.Open(ctx, id) })
}

// openDir opens a directory artifact of the bytes f, which it closes, or the Dir
// does. open is how its files are opened.
func openDir(ctx context.Context, f *File, open func(ID) (*File, error)) (*Dir, error) {
	d, err := readManifest(ctx, f)
	if err != nil || d.archive == nil {
		f.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("artifact %s: %w", f.ID().Short(), err)
	}
	d.open = open
	return d, nil
}

// readManifest reads which files a directory artifact has.
func readManifest(ctx context.Context, f *File) (d *Dir, err error) {
	d = new(Dir)
	if !isArchive(f) {
		d.Tree, err = ParseTree(f)
		return d, err
	}
	if d.archive, err = openArchive(f); err == nil {
		d.Tree, err = d.archive.tree(ctx)
	}
	return d, err
}

// Open opens the i-th file of the tree. The caller closes it.
func (d *Dir) Open(i int) (*File, error) {
	e := d.Tree.Entries[i]
	if d.archive != nil {
		return d.archive.open(i, e.ID), nil
	}
	f, err := d.open(e.ID)
	if err != nil {
		return nil, err
	}
	if f.Size() != e.Size {
		f.Close()
		return nil, &TreeError{0, fmt.Sprintf("%q has %d bytes, the manifest says %d", e.Path, f.Size(), e.Size)}
	}
	return f, nil
}

// Close ends the use of the directory, but not of files that are open.
func (d *Dir) Close() error {
	if d.archive != nil {
		return d.archive.file.Close()
	}
	return nil
}

// Extract writes the files below dir, which it makes. It writes nothing
// outside of dir, whatever the artifact or symbolic links that are in dir say,
// and it does not overwrite. Extracted files are ordinary copies; they are not
// synced.
func (d *Dir) Extract(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for i, e := range d.Tree.Entries {
		if err := d.extract(ctx, root, i); err != nil {
			return fmt.Errorf("%s: %w", e.Path, err)
		}
	}
	return nil
}

func (d *Dir) extract(ctx context.Context, root *os.Root, i int) error {
	e := d.Tree.Entries[i]
	name := filepath.FromSlash(e.Path)
	if !filepath.IsLocal(name) { // reserved names of this system; os.Root refuses them too
		return errors.New("the name cannot be used on this system")
	}
	src, err := d.Open(i)
	if err != nil {
		return err
	}
	defer src.Close()
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
	if err := errors.Join(err, dst.Close()); err != nil {
		return err
	}
	return src.Verify()
}

// Extract writes the files of a directory artifact below dir, see Dir.Extract.
func (s *Store) Extract(ctx context.Context, id ID, dir string) error {
	d, err := s.OpenDir(ctx, id)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Extract(ctx, dir); err != nil {
		return fmt.Errorf("extract %s to %s: %w", id.Short(), dir, err)
	}
	return nil
}

// Listed gives the artifacts that a directory artifact is made of, besides
// itself. There are none if it has the form of an archive, which holds its
// files. The error is a *TreeError if the artifact is something else.
func (s *Store) Listed(ctx context.Context, id ID) ([]TreeEntry, error) {
	f, err := s.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	list, err := ListedIn(f)
	if err != nil {
		return nil, fmt.Errorf("artifact %s: %w", id.Short(), err)
	}
	return list, nil
}

// ListedIn is Store.Listed for the bytes of a directory artifact.
func ListedIn(r interface {
	io.ReadSeeker
	io.ReaderAt
	Size() int64
}) ([]TreeEntry, error) {
	if isArchive(r) {
		_, err := indexArchive(r)
		return nil, err
	}
	t, err := ParseTree(r)
	if err != nil {
		return nil, err
	}
	return t.Entries, nil
}

// A hintError is an error with a next step.
type hintError struct{ msg, hint string }

func (e *hintError) Error() string { return e.msg }
func (e *hintError) Hint() string  { return e.hint }
