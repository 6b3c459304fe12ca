package runner

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/lineage"
	"pipe/pipeline"
)

// A hasher finds the IDs of files, and remembers those that it has read.
type hasher struct {
	db *lineage.DB
	// new, if not nil, takes what nobody has read before into the store, in the
	// same pass.
	new *importer
	// outside says that files are not copied, but referred to later.
	outside bool
	fresh   []lineage.HashedFile
}

// hash gives the ID and the size of a file to done, perhaps not before new is
// committed. It is a guess where the file has not been touched since it was hashed
// at an earlier time.
func (h *hasher) hash(ctx context.Context, path string, done func(artifacts.ID, int64, error) error) error {
	st, err := lineage.StatFile(path)
	if err != nil {
		return done(artifacts.ID{}, 0, err)
	}
	if id, ok := h.db.FileHash(path, st); ok {
		return h.found(path, id, st.Size, done)
	}
	read := func(id artifacts.ID, size int64, err error) error {
		if err == nil {
			h.fresh = append(h.fresh, lineage.HashedFile{Path: path, Stat: st, ID: id})
			return h.found(path, id, size, done)
		}
		return done(id, size, err)
	}
	if h.outside && h.new != nil {
		return read(h.new.store.HashOutside(ctx, path))
	}
	if h.new != nil && !h.touched(path, st) {
		return h.new.copied(ctx, path, func(id artifacts.ID, size int64, err error) error {
			if full := (*artifacts.StoreError)(nil); errors.As(err, &full) {
				return read(artifacts.HashFile(ctx, path)) // perhaps no copy is needed
			}
			return read(id, size, err)
		})
	}
	return read(artifacts.HashFile(ctx, path))
}

// found is done, of a file with an artifact. If the store refers to another file that
// has it no longer, such as this one before it was moved, it refers to this one now: a
// stage that is cached would not say so.
func (h *hasher) found(path string, id artifacts.ID, size int64, done func(artifacts.ID, int64, error) error) error {
	if h.outside && h.new != nil && isMisplaced(h.new.store, id) {
		return h.new.referred(path, id, done)
	}
	return done(id, size, nil)
}

// isMisplaced says whether the store refers to a file that does not have an artifact any
// more, as far as that shows without reading it.
func isMisplaced(store *artifacts.Store, id artifacts.ID) bool {
	_, err := store.Stat(id)
	outside := (*artifacts.OutsideError)(nil)
	return errors.As(err, &outside)
}

// touched says whether a file probably holds what it did, though it looks younger.
func (h *hasher) touched(path string, st lineage.FileStat) bool {
	id, size, ok := h.db.LastHash(path)
	if !ok || size != st.Size {
		return false
	}
	_, err := h.new.store.Stat(id)
	return err == nil
}

// external is the ID of an external input.
func (h *hasher) external(ctx context.Context, f pipeline.FileInput) (id artifacts.ID, err error) {
	h.outside = f.InPlace
	if f.Type != pipeline.Directory {
		err := h.hash(ctx, f.Resolved, func(found artifacts.ID, _ int64, err error) error {
			id = found
			return err
		})
		if err == nil {
			err = h.commit()
		}
		return id, err
	}
	var entries []artifacts.TreeEntry
	err = eachFile(ctx, f, func(x externalFile) error {
		at := len(entries)
		entries = append(entries, artifacts.TreeEntry{Path: x.name, Executable: x.executable})
		return h.hash(ctx, x.path, func(id artifacts.ID, size int64, err error) error {
			if err != nil {
				return fmt.Errorf("%s: %w", x.name, reason(err))
			}
			entries[at].ID, entries[at].Size = id, size
			return nil
		})
	})
	if err == nil {
		err = h.commit()
	}
	if err != nil {
		return artifacts.ID{}, err
	}
	tree, err := treeOf(entries)
	if err != nil {
		return artifacts.ID{}, err
	}
	return tree.ID(), nil
}

// treeOf lists the files of a folder. The error is for people, who know nothing of lists.
func treeOf(entries []artifacts.TreeEntry) (*artifacts.Tree, error) {
	tree, err := artifacts.NewTree(entries)
	var bad *artifacts.TreeError
	switch {
	case !errors.As(err, &bad):
		return tree, err
	case bad.Line == 0: // of all files together
		return nil, errors.New(bad.Msg)
	}
	return nil, diag.WithHint(errors.New(bad.Msg), "rename it, or read only others: a pattern such as data/*.csv names them")
}

func (h *hasher) commit() error {
	if h.new == nil {
		return nil
	}
	return h.new.commit()
}

// hashAll hashes external inputs. Those that are new are also copied into the store
// if im is not nil.
func (r *Runner) hashAll(ctx context.Context, files []pipeline.FileInput, im *importer) (map[string]artifacts.ID, error) {
	ids := make(map[string]artifacts.ID, len(files))
	h := hasher{db: r.DB, new: im}
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		id := f.Artifact
		if f.Address != nil && id.IsZero() {
			return nil, im.unpinned(ctx, f)
		}
		if id.IsZero() {
			var err error
			if id, err = h.external(ctx, f); err != nil {
				return nil, fileError(f, err)
			}
		}
		ids[f.Port] = id
	}
	_ = r.DB.PutFileHashes(h.fresh) // what is not remembered is hashed again
	if im != nil {
		im.seen.add(h.fresh)
	}
	return ids, nil
}

// seen are the files that a run has read whole, by path.
type seen struct {
	mu    sync.Mutex
	files map[string]lineage.HashedFile
}

func (s *seen) add(files []lineage.HashedFile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files == nil {
		s.files = make(map[string]lineage.HashedFile, len(files))
	}
	for _, f := range files {
		s.files[f.Path] = f
	}
}

// is says whether a file that looks so was read in this run, and held id.
func (s *seen) is(path string, st lineage.FileStat, id artifacts.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.files[path]
	return ok && f.ID == id && f.Stat.Settled() && f.Stat.Same(st)
}

// guess is what a file held that was read in this run.
func (s *seen) guess(path string) artifacts.ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.files[path].ID
}
