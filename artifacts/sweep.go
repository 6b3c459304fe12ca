package artifacts

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"time"
)

// Grace is the age below which Sweep removes nothing: between the commit of an
// artifact and the record that refers to it some time passes.
const Grace = time.Hour

// Swept counts what Sweep removed.
type Swept struct {
	Objects int   // artifacts that nothing refers to
	Bytes   int64 // their size
	Temps   int   // temp files and scratch directories that dead processes left behind
}

// Sweep removes the artifacts for which live returns false with the notes of them,
// and what dead processes left in tmp. It keeps everything that was committed less than Grace
// ago, and in tmp everything that changed less than Grace ago or whose process
// is alive. What a live directory manifest (see Tree) lists is live
// too. Runs may go on meanwhile.
//
// If a live object that may be a manifest is damaged, its *DamagedError is
// returned and nothing was removed, because it cannot be known what it lists.
func (s *Store) Sweep(ctx context.Context, live func(ID) bool) (Swept, error) {
	var swept Swept
	garbage, err := s.Garbage(ctx, live)
	if err != nil {
		return swept, err
	}
	for _, info := range garbage {
		if err := ctx.Err(); err != nil {
			return swept, err
		}
		path := s.path(info.ID)
		if info.Outside {
			path = s.referencePath(info.ID)
		}
		ok, err := s.removeOld(path)
		if err != nil {
			return swept, err
		}
		if ok {
			swept.Objects++
			swept.Bytes += info.Size
		}
	}
	s.sweepNotes()
	s.sweepClaims()
	if swept.Temps, err = s.sweepTemps(ctx); err != nil {
		return swept, err
	}
	parts, err := s.sweepParts()
	swept.Temps += parts
	return swept, err
}

// sweepTemps removes what dead processes left in tmp.
func (s *Store) sweepTemps(ctx context.Context) (removed int, err error) {
	temps, err := s.fs.ReadDir(s.tmp())
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, storeError("list", filepath.Join(s.tmp(), "*"), err)
	}
	for _, e := range temps {
		if err := ctx.Err(); err != nil {
			return removed, err
		}
		var ok bool
		switch {
		case e.IsDir():
			ok, err = s.sweepScratch(e.Name())
		case e.Type().IsRegular():
			ok, err = s.removeOld(filepath.Join(s.tmp(), e.Name()))
		}
		if err != nil {
			return removed, err
		}
		if ok {
			removed++
		}
	}
	return removed, nil
}

// Garbage lists the artifacts that Sweep would remove now.
func (s *Store) Garbage(ctx context.Context, live func(ID) bool) ([]Info, error) {
	old := s.now().Add(-Grace)
	var garbage []Info
	listed := map[ID]bool{} // by a live manifest
	for info, err := range s.All() {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if damaged := (*DamagedError)(nil); errors.As(err, &damaged) {
			continue // a directory in the place of an object is not ours to remove
		}
		if err != nil {
			return nil, err
		}
		// A young manifest may be about to become live: what it lists stays.
		if young := !info.ModTime.Before(old); !young && !live(info.ID) {
			garbage = append(garbage, info)
			continue
		}
		if err := s.addListed(ctx, listed, info.ID); err != nil {
			return nil, err
		}
	}
	outside, err := s.oldReferences(old, live)
	if err != nil {
		return nil, err
	}
	garbage = append(garbage, outside...)
	kept := garbage[:0]
	for _, info := range garbage {
		if !listed[info.ID] {
			kept = append(kept, info)
		}
	}
	return kept, nil
}

// oldReferences lists those that nothing refers to, unless their bytes are in the store
// as well. Of what they name nothing is removed.
func (s *Store) oldReferences(old time.Time, live func(ID) bool) ([]Info, error) {
	var list []Info
	for info, err := range s.References() {
		if err != nil {
			return nil, err
		}
		if _, err := s.fs.Lstat(s.path(info.ID)); errors.Is(err, fs.ErrNotExist) && info.ModTime.Before(old) && !live(info.ID) {
			list = append(list, info)
		}
	}
	return list, nil
}

// addListed adds what the object lists, if it is a directory manifest.
func (s *Store) addListed(ctx context.Context, listed map[ID]bool, id ID) error {
	f, err := s.fs.Open(s.path(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return storeError("open", s.path(id), err)
	}
	defer f.Close()
	start := make([]byte, len(treeMagic))
	if _, err := io.ReadFull(f, start); err != nil || !bytes.Equal(start, []byte(treeMagic)) {
		return nil
	}
	list, err := s.Listed(ctx, id)
	if bad := (*TreeError)(nil); errors.As(err, &bad) {
		return nil // sound bytes that only begin like a manifest
	}
	if err != nil {
		return err
	}
	for _, e := range list {
		listed[e.ID] = true
	}
	return nil
}

// removeOld removes a file that is older than Grace and that no writer holds.
// Both are looked at under the lock that commits take, so that no commit can
// decide at the same moment to keep the file.
func (s *Store) removeOld(path string) (removed bool, err error) {
	lock, err := s.lock(lockExclusive)
	if err != nil {
		return false, err
	}
	defer lock.Close()
	info, err := s.fs.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, storeError("stat", path, err)
	}
	if !info.ModTime().Before(s.now().Add(-Grace)) {
		return false, nil
	}
	f, err := s.fs.Open(path)
	if err != nil {
		return false, storeError("open", path, err)
	}
	held := isLocked(f)
	f.Close()
	if held {
		return false, nil
	}
	if err := s.fs.Remove(path); err != nil {
		return false, storeError("remove", path, err)
	}
	return true, nil
}
