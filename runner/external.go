package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/base/infile"
	"pipe/lineage"
	"pipe/pipeline"
)

// External inputs are files, and directories of files. They are hashed before
// the look-up. If the stage has to run, they are copied into the store, and the
// stage reads the copy: what was hashed is what was read, also if a file changes
// in the middle, and the bytes are still there when the file is gone.

// An externalFile is a file of an external input.
type externalFile struct {
	path       string // where it is
	name       string // within the directory; empty if it is the input itself
	executable bool   // of a directory
}

// eachFile calls visit for the files of an external input. Those of a directory
// come in any order.
func eachFile(ctx context.Context, f pipeline.FileInput, visit func(externalFile) error) error {
	if f.Type != pipeline.Directory {
		return visit(externalFile{path: f.Resolved})
	}
	root, err := os.OpenRoot(f.Resolved) // nothing leads out of it
	if err != nil {
		return err
	}
	defer root.Close()
	count := 0
	each := func(name string, d fs.DirEntry) error {
		info, err := d.Info()
		if err == nil {
			err = regular(info)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, reason(err))
		}
		count++
		return visit(externalFile{filepath.Join(f.Resolved, filepath.FromSlash(name)), name, info.Mode()&0o100 != 0})
	}
	if f.Pattern != nil {
		err = f.Pattern.Walk(ctx, root.FS(), each)
	} else {
		err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
			if err == nil {
				err = ctx.Err()
			}
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == storeName:
				return diag.WithHint(fmt.Errorf("it holds %s, which each run changes", name), "name a folder inside of it")
			case d.IsDir():
				return nil
			}
			return each(name, d)
		})
	}
	if err == nil && count == 0 {
		err = errNoFiles
	}
	return err
}

// storeName is what the folder with a store is called. A folder that holds one
// would be another input each time.
const storeName = ".pipe"

// errNoFiles: a pattern selects nothing, or a folder is empty.
var errNoFiles = errors.New("there are no files")

// regular refuses what is no file.
func regular(info fs.FileInfo) error {
	hint := "a directory is read as files only: remove it, or keep it elsewhere"
	switch {
	case info.Mode().IsRegular():
		return nil
	case info.Mode()&fs.ModeSymlink != 0:
		hint = "replace the link by a copy of what it points to, for example with cp -rL"
	}
	return diag.WithHint(&infile.TypeError{Mode: info.Mode()}, hint)
}

// reason is what an error of the file system is about, without the path.
func reason(err error) error {
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

// A hasher finds the IDs of files, and remembers those that it has read.
type hasher struct {
	db    *lineage.DB
	fresh []lineage.HashedFile
}

// hash is the ID and the size of a file. It is a guess where the file has not
// been touched since it was hashed at an earlier time.
func (h *hasher) hash(ctx context.Context, path string) (artifacts.ID, int64, error) {
	st, err := lineage.StatFile(path)
	if err != nil {
		return artifacts.ID{}, 0, err
	}
	if id, ok := h.db.FileHash(path, st); ok {
		return id, st.Size, nil
	}
	id, size, err := artifacts.HashFile(ctx, path)
	if err == nil {
		h.fresh = append(h.fresh, lineage.HashedFile{Path: path, Stat: st, ID: id})
	}
	return id, size, err
}

// external is the ID of an external input.
func (h *hasher) external(ctx context.Context, f pipeline.FileInput) (artifacts.ID, error) {
	if f.Type != pipeline.Directory {
		id, _, err := h.hash(ctx, f.Resolved)
		return id, err
	}
	var entries []artifacts.TreeEntry
	err := eachFile(ctx, f, func(x externalFile) error {
		id, size, err := h.hash(ctx, x.path)
		if err != nil {
			return fmt.Errorf("%s: %w", x.name, reason(err))
		}
		entries = append(entries, artifacts.TreeEntry{Path: x.name, Size: size, ID: id, Executable: x.executable})
		return nil
	})
	if err != nil {
		return artifacts.ID{}, err
	}
	tree, err := artifacts.NewTree(entries)
	if err != nil {
		return artifacts.ID{}, err
	}
	return tree.ID(), nil
}

// hashAll hashes the external inputs of a stage.
func (r *Runner) hashAll(ctx context.Context, files []pipeline.FileInput) (map[string]artifacts.ID, error) {
	ids := make(map[string]artifacts.ID, len(files))
	h := hasher{db: r.DB}
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		id := f.Artifact
		if id.IsZero() {
			var err error
			if id, err = h.external(ctx, f); err != nil {
				return nil, fileError(f, err)
			}
		}
		ids[f.Port] = id
	}
	_ = r.DB.PutFileHashes(h.fresh) // what is not remembered is hashed again
	return ids, nil
}

// importFiles copies the external inputs of a stage into the store.
func (r *stageRun) importFiles(ctx context.Context) error {
	inputs := make(map[string]*lineage.Input, len(r.inputs))
	for i := range r.inputs {
		inputs[r.inputs[i].Port] = &r.inputs[i]
	}
	im := importer{store: r.Store, db: r.DB}
	defer im.discard()
	for _, f := range r.Files {
		if err := im.external(ctx, f, inputs[f.Port]); err != nil {
			return err
		}
	}
	return im.commit()
}

// An importer copies files into the store, many at once: the disk is waited for
// about as long as for one of them.
type importer struct {
	store  *artifacts.Store
	db     *lineage.DB
	copies []*artifacts.Writer
	done   []func(artifacts.Committed) error // what to do when a copy is there
}

const importedAtOnce = 64

// external copies an external input.
func (im *importer) external(ctx context.Context, f pipeline.FileInput, in *lineage.Input) error {
	take := func(id artifacts.ID, size int64, err error) error {
		switch {
		case err != nil:
			return fileError(f, err)
		case id != in.ID:
			return diag.WithHint(fmt.Errorf("%s %q changed while the run was reading it", f.Port, f.Path), "run again once it is complete")
		}
		in.Size = size
		return nil
	}
	switch {
	case !f.Artifact.IsZero():
		size, err := im.store.Stat(f.Artifact)
		if err != nil {
			return diag.WithHint(fmt.Errorf("%s %q: its recorded bytes: %w", f.Port, f.Path, err),
				"run the pipeline file instead, which reads the file itself")
		}
		in.Size = size
		return nil
	case f.Type == pipeline.Directory:
		return take(im.directory(ctx, f))
	}
	return im.file(ctx, f.Resolved, in.ID, take)
}

// directory copies the files of a directory, and then the manifest that lists
// them.
func (im *importer) directory(ctx context.Context, f pipeline.FileInput) (id artifacts.ID, size int64, err error) {
	var entries []artifacts.TreeEntry
	begun := time.Now()
	err = eachFile(ctx, f, func(x externalFile) error {
		var guess artifacts.ID
		if st, err := lineage.StatFile(x.path); err == nil {
			guess, _ = im.db.FileHash(x.path, st)
		}
		at := len(entries)
		entries = append(entries, artifacts.TreeEntry{Path: x.name, Executable: x.executable})
		return im.file(ctx, x.path, guess, func(id artifacts.ID, size int64, err error) error {
			if err != nil {
				return fmt.Errorf("%s: %w", x.name, reason(err))
			}
			entries[at].ID, entries[at].Size = id, size
			return nil
		})
	})
	if err == nil {
		err = im.commit()
	}
	if err != nil {
		return id, 0, err
	}
	tree, err := artifacts.NewTree(entries)
	if err != nil {
		return id, 0, err
	}
	return im.store.AddTree(tree, begun)
}

// file copies a file, unless its bytes are stored already, which guess says. done
// is called with what the file holds, perhaps not before commit.
func (im *importer) file(ctx context.Context, path string, guess artifacts.ID, done func(artifacts.ID, int64, error) error) error {
	if !guess.IsZero() {
		if _, err := im.store.Renew(guess); err == nil {
			// The memo that gave the hash is only a guess from size and times, so the
			// file is read again all the same.
			id, size, err := artifacts.HashFile(ctx, path)
			if err != nil || id == guess {
				return done(id, size, err)
			}
		}
	}
	w, err := im.copy(ctx, path)
	if err != nil {
		return done(artifacts.ID{}, 0, err)
	}
	im.copies = append(im.copies, w)
	im.done = append(im.done, func(c artifacts.Committed) error { return done(c.ID, c.Size, c.Err) })
	if len(im.copies) == importedAtOnce {
		return im.commit()
	}
	return nil
}

func (im *importer) copy(ctx context.Context, path string) (*artifacts.Writer, error) {
	src, err := infile.Open(path)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	w, err := im.store.Create()
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(w, infile.Reader(ctx, src)); err != nil {
		w.Discard()
		return nil, err
	}
	return w, nil
}

// commit makes the copies durable.
func (im *importer) commit() error {
	for i, c := range im.store.CommitAll(im.copies) {
		if err := im.done[i](c); err != nil {
			return err
		}
	}
	im.copies, im.done = im.copies[:0], im.done[:0]
	return nil
}

// discard gives back what was not committed.
func (im *importer) discard() {
	for _, w := range im.copies {
		w.Discard()
	}
}
