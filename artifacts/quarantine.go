package artifacts

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
)

// Quarantine moves a damaged object out of the way, to .pipe/quarantine, and
// returns where it is now. People may still want to look at the bytes, so
// nothing is deleted. An object that turns out to be sound, or to be gone,
// stays as it is, and the path is empty.
func (s *Store) Quarantine(ctx context.Context, id ID) (path string, err error) {
	lock, err := s.lock(lockExclusive)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	damaged := (*DamagedError)(nil)
	if err := s.Check(ctx, id); !errors.As(err, &damaged) {
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return "", err
	}
	dir := filepath.Join(s.dir, "quarantine")
	if err := s.mkdir(dir); err != nil {
		return "", storeError("make directory", dir, err)
	}
	for n := 0; ; n++ {
		path = filepath.Join(dir, id.String())
		if n > 0 {
			path += "." + strconv.Itoa(n)
		}
		if _, err := s.fs.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			break
		} else if err != nil {
			return "", storeError("stat", path, err)
		}
	}
	if err := s.fs.Rename(s.path(id), path); err != nil {
		return "", storeError("rename a file", path, err)
	}
	for _, d := range []string{dir, filepath.Dir(s.path(id))} {
		if err := s.fs.SyncDir(d); err != nil {
			return "", storeError("sync", filepath.Join(d, "*"), err)
		}
	}
	return path, nil
}

// Strangers lists the files below objects that are no artifacts by their
// names. The store never makes one.
func (s *Store) Strangers() ([]string, error) {
	var found []string
	groups, err := s.fs.ReadDir(s.objects())
	if err != nil {
		return nil, storeError("list", filepath.Join(s.objects(), "*"), err)
	}
	for _, group := range groups {
		dir := filepath.Join(s.objects(), group.Name())
		if len(group.Name()) != 2 || !group.IsDir() {
			found = append(found, dir)
			continue
		}
		entries, err := s.fs.ReadDir(dir)
		if err != nil {
			return nil, storeError("list", filepath.Join(dir, "*"), err)
		}
		for _, e := range entries {
			if _, err := ParseID(group.Name() + e.Name()); err != nil {
				found = append(found, filepath.Join(dir, e.Name()))
			}
		}
	}
	return found, nil
}

// Leftovers lists what dead processes left in tmp. Sweep removes it.
func (s *Store) Leftovers() ([]string, error) {
	entries, err := s.fs.ReadDir(s.tmp())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, storeError("list", filepath.Join(s.tmp(), "*"), err)
	}
	var found []string
	for _, e := range entries {
		// A scratch directory belongs to the process that holds the file.
		name, _, _ := strings.Cut(e.Name(), scratchMark)
		if f, err := s.fs.Open(filepath.Join(s.tmp(), name)); err == nil {
			held := isLocked(f)
			f.Close()
			if held {
				continue
			}
		}
		found = append(found, filepath.Join(s.tmp(), e.Name()))
	}
	return found, nil
}
