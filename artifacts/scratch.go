package artifacts

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
)

// TempDir makes a private empty directory in the file system of the store. The
// caller removes it; what a dead process left behind, Sweep removes, and so
// does the first TempDir of a later process. Close ends the use of all of them.
func (s *Store) TempDir() (string, error) {
	s.owner.Lock()
	defer s.owner.Unlock()
	if s.owner.file == nil {
		f, path, err := s.createTemp()
		if err != nil {
			return "", err
		}
		s.share(path, 0o666) // others look whether it is locked
		// Open for as long as the process lives: the lock ends with it.
		s.owner.file, s.owner.name = f, path
		// The file outlives the process, so somebody has to clean up. That is
		// no reason for the caller to fail.
		_, _ = s.sweepTemps(context.Background())
	}
	s.owner.dirs++
	dir := s.owner.name + scratchMark + strconv.Itoa(s.owner.dirs)
	if err := s.fs.MkdirAll(dir); err != nil {
		return "", storeError("make directory", dir, err)
	}
	return filepath.Abs(dir)
}

// Close removes what TempDir needs for as long as the Store is in use. A Store
// that never made a directory need not be closed.
func (s *Store) Close() error {
	s.owner.Lock()
	defer s.owner.Unlock()
	if s.owner.file == nil {
		return nil
	}
	f, path := s.owner.file, s.owner.name
	s.owner.file = nil
	return errors.Join(storeError("remove a file", path, s.fs.Remove(path)), storeError("close a file", path, f.Close()))
}

// scratchMark stands between the name of the owner's file and a number in the
// name of a scratch directory.
const scratchMark = ".scratch"

// sweepScratch removes a scratch directory whose owner is dead.
func (s *Store) sweepScratch(name string) (removed bool, err error) {
	owner, _, ok := strings.Cut(name, scratchMark)
	if !ok {
		return false, nil // not ours
	}
	dir := filepath.Join(s.tmp(), name)
	info, err := s.fs.Lstat(dir)
	if err != nil || !info.ModTime().Before(s.now().Add(-Grace)) {
		return false, nil // gone meanwhile, or young
	}
	if s.isOwned(owner) {
		return false, nil
	}
	if err := s.fs.RemoveAll(dir); err != nil {
		return false, storeError("remove a scratch directory", dir, err)
	}
	return true, nil
}

// isOwned reports whether the process that made a file in tmp is alive.
func (s *Store) isOwned(owner string) bool {
	f, err := s.fs.Open(filepath.Join(s.tmp(), owner))
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist) // of another user, as far as can be seen
	}
	defer f.Close()
	return isLocked(f)
}

// Abandoned lists the scratch directories of dead processes that are still
// there, as absolute paths. Processes that were started there may have survived.
func (s *Store) Abandoned() ([]string, error) {
	entries, err := s.fs.ReadDir(s.tmp())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, storeError("list", filepath.Join(s.tmp(), "*"), err)
	}
	s.owner.Lock()
	self := filepath.Base(s.owner.name)
	s.owner.Unlock()
	var dirs []string
	for _, e := range entries {
		owner, _, ok := strings.Cut(e.Name(), scratchMark)
		if !ok || !e.IsDir() || owner == self || s.isOwned(owner) {
			continue
		}
		dir, err := filepath.Abs(filepath.Join(s.tmp(), e.Name()))
		if err != nil {
			return nil, err
		}
		dirs = append(dirs, dir)
	}
	return dirs, nil
}
