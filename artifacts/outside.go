package artifacts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"pipe/base/infile"
)

// The bytes of an artifact may stay in a file of somebody else, which a reference
// names. They are hashed whenever they are used, like those of the store, and nothing
// but their owner's hands changes that file. What the store has itself comes first.

// A Reference names the file outside of the store that holds an artifact.
type Reference struct {
	ID   ID
	Path string
	Size int64
}

// maxReference bounds what is read of the record of a reference.
const maxReference = 64 << 10

func (s *Store) references() string { return filepath.Join(s.dir, "references") }

func (s *Store) referencePath(id ID) string {
	name := id.String()
	return filepath.Join(s.references(), name[:2], name[2:])
}

// record is what the store keeps of a reference. A path need not be UTF-8.
func (r *Reference) record() []byte { return fmt.Appendf(nil, "%d\n%s", r.Size, r.Path) }

// reference reads what the store has recorded. The error is fs.ErrNotExist if that is
// nothing that can be used.
func (s *Store) reference(id ID) (Reference, error) {
	f, err := s.fs.Open(s.referencePath(id))
	if err != nil {
		return Reference{}, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxReference))
	if err != nil {
		return Reference{}, err
	}
	digits, path, ok := bytes.Cut(text, []byte("\n"))
	size, err := strconv.ParseInt(string(digits), 10, 64)
	if !ok || err != nil || size < 0 || !filepath.IsAbs(string(path)) {
		return Reference{}, fs.ErrNotExist
	}
	return Reference{id, string(path), size}, nil
}

// Refer records that files hold artifacts, as durable as artifacts themselves, and makes
// known references young. Somebody has hashed the files; symbolic links are followed
// now, once.
func (s *Store) Refer(list []Reference) error {
	lock, err := s.lock(lockShared)
	if err != nil {
		return err
	}
	defer lock.Close()
	var fresh []Reference
	for _, r := range list {
		if r.Path, err = filepath.Abs(r.Path); err != nil {
			return err
		}
		if r.Path, err = filepath.EvalSymlinks(r.Path); err != nil {
			return err
		}
		if known, err := s.reference(r.ID); err != nil || known != r {
			fresh = append(fresh, r)
		} else if err := s.fs.Touch(s.referencePath(r.ID), s.now()); err != nil {
			return storeError("renew", s.referencePath(r.ID), err)
		}
	}
	for some := range slices.Chunk(fresh, mostOpen) {
		if err := s.addReferences(some); err != nil {
			return err
		}
	}
	return s.syncReferences(fresh)
}

// addReferences writes records, and waits for the disk for all of them together.
func (s *Store) addReferences(list []Reference) error {
	writers := make([]*Writer, len(list))
	for i, r := range list {
		text := r.record()
		writers[i] = &Writer{s: s, mem: text, size: int64(len(text))}
		defer writers[i].Discard()
		if err := writers[i].complete(); err != nil {
			return err
		}
	}
	errs := make([]error, len(list))
	atOnce(len(list), func(i int) { errs[i] = writers[i].sync() })
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for i, r := range list {
		if err := writers[i].moveTo(s.referencePath(r.ID)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) syncReferences(list []Reference) error {
	if len(list) == 0 {
		return nil
	}
	dirs := []string{s.dir, s.references()}
	for _, r := range list {
		dirs = append(dirs, filepath.Dir(s.referencePath(r.ID)))
	}
	slices.Sort(dirs)
	dirs = slices.Compact(dirs)
	errs := make([]error, len(dirs))
	atOnce(len(dirs), func(i int) { errs[i] = storeError("sync", filepath.Join(dirs[i], "*"), s.fs.SyncDir(dirs[i])) })
	return errors.Join(errs...)
}

// Outside is the file that holds an artifact which the store has not itself; empty if
// there is none.
func (s *Store) Outside(id ID) string {
	if at, err := s.find(id); err == nil && at.outside {
		return at.path
	}
	return ""
}

// Holds says whether the store has the bytes of an artifact itself.
func (s *Store) Holds(id ID) bool {
	at, err := s.find(id)
	return err == nil && !at.outside
}

// settled is how old the last change of a file has to be for its times to tell the next
// one for sure.
const settled = 2 * time.Second

// HashOutside is HashFile for a file that is going to be referred to: while it does not
// change, this process need not hash it again.
func (s *Store) HashOutside(ctx context.Context, path string) (ID, int64, error) {
	id, n, info, err := hashFile(ctx, path)
	if err != nil {
		return ID{}, 0, err
	}
	if n == info.Size() && changedBefore(info, s.now().Add(-settled)) {
		s.verified.remember(id, info)
	}
	return id, n, nil
}

// An OutsideError says that the file that holds an artifact has other bytes now, or is
// gone.
type OutsideError struct {
	ID     ID
	Path   string
	Reason string // what goes on with "the file /data/x.csv"
}

func (e *OutsideError) Error() string {
	return fmt.Sprintf("artifact %s was not copied into the store, and the file %s %s", e.ID.Short(), e.Path, e.Reason)
}

// Is makes errors.Is(err, fs.ErrNotExist) true.
func (e *OutsideError) Is(target error) bool { return target == fs.ErrNotExist }

// Hint says what to do next.
func (e *OutsideError) Hint() string {
	return "put the file back as it was, or run the pipeline file, which reads it as it is now"
}

// held is where the bytes of an artifact are.
type held struct {
	id      ID
	path    string
	size    int64
	outside bool
}

// find looks for the file that holds an artifact. The error is that of Stat.
func (s *Store) find(id ID) (held, error) {
	at := held{id: id, path: s.path(id)}
	info, err := s.fs.Lstat(at.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s.findOutside(id)
	case err != nil:
		return at, storeError("stat", at.path, err)
	case !info.Mode().IsRegular():
		return at, &DamagedError{ID: id, Path: at.path, Reason: "is not a regular file but " + infile.TypeName(info.Mode())}
	}
	at.size = info.Size()
	return at, nil
}

func (s *Store) findOutside(id ID) (held, error) {
	r, err := s.reference(id)
	if errors.Is(err, fs.ErrNotExist) {
		return held{}, &NotFoundError{ID: id, Path: s.path(id)}
	}
	if err != nil {
		return held{}, storeError("read a reference", s.referencePath(id), err)
	}
	at := held{id, r.Path, r.Size, true}
	info, err := s.fs.Lstat(r.Path)
	switch cause := (*fs.PathError)(nil); {
	case errors.Is(err, fs.ErrNotExist):
		return at, at.absent()
	case errors.As(err, &cause):
		return at, at.wrong("cannot be looked at: " + cause.Err.Error())
	case err != nil:
		return at, at.wrong("cannot be looked at: " + err.Error())
	case !info.Mode().IsRegular():
		return at, at.wrong("is not a regular file but " + infile.TypeName(info.Mode()))
	case info.Size() != r.Size:
		return at, at.wrong(fmt.Sprintf("has %d bytes now, and had %d", info.Size(), r.Size))
	}
	return at, nil
}

// wrong is the error about bytes that are not those of the artifact.
func (at held) wrong(reason string) error {
	if at.outside {
		return &OutsideError{ID: at.id, Path: at.path, Reason: reason}
	}
	return &DamagedError{ID: at.id, Path: at.path, Reason: reason}
}

// absent is the error about a file that is not there.
func (at held) absent() error {
	if at.outside {
		return &OutsideError{ID: at.id, Path: at.path, Reason: "is gone"}
	}
	return &NotFoundError{ID: at.id, Path: at.path}
}

// References yields the artifacts that the store refers to, in the order of their IDs.
func (s *Store) References() iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		groups, err := s.fs.ReadDir(s.references())
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			yield(Info{}, storeError("list", filepath.Join(s.references(), "*"), err))
			return
		}
		for _, group := range groups {
			dir := filepath.Join(s.references(), group.Name())
			entries, err := s.fs.ReadDir(dir)
			if err != nil && !yield(Info{}, storeError("list", filepath.Join(dir, "*"), err)) {
				return
			}
			for _, e := range entries {
				id, err := ParseID(group.Name() + e.Name())
				if err != nil {
					continue
				}
				stat, err := e.Info()
				if err != nil { // swept in between
					continue
				}
				if !yield(Info{ID: id, ModTime: stat.ModTime(), Outside: true}, nil) {
					return
				}
			}
		}
	}
}

// sameAsBefore says whether a file has not been touched.
func sameAsBefore(before, after fs.FileInfo) bool {
	a, ok := stampOf(before)
	b, ok2 := stampOf(after)
	if ok && ok2 {
		return a == b
	}
	return os.SameFile(before, after) && before.Size() == after.Size() && before.ModTime().Equal(after.ModTime())
}
