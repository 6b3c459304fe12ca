package runner

import (
	"context"
	"fmt"
	"time"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/base/fetch"
	"pipe/lineage"
	"pipe/pipeline"
)

// importFiles brings the external inputs of a stage into the store, as far as they
// are not there. What is there by what is remembered of a file is to be read again.
func (r *stageRun) importFiles(ctx context.Context, says Events) (*rereading, error) {
	inputs := make(map[string]*lineage.Input, len(r.inputs))
	for i := range r.inputs {
		inputs[r.inputs[i].Port] = &r.inputs[i]
	}
	again := &rereading{seen: &r.seen}
	im := r.importer(r.Step, says)
	im.again = again
	defer im.discard()
	if err := im.downloadAll(ctx, r.Files, inputs); err != nil {
		return nil, err
	}
	for _, f := range r.Files {
		if f.Address != nil {
			continue
		}
		if err := im.external(ctx, f, inputs[f.Port]); err != nil {
			return nil, err
		}
	}
	return again, im.commit()
}

func (e *execution) importer(s *pipeline.Step, says Events) *importer {
	return &importer{store: e.Store, db: e.DB, seen: &e.seen, stage: s.Stage, says: says, client: &e.Downloads}
}

// An importer copies files into the store, many at once: the disk is waited for
// about as long as for one of them.
type importer struct {
	store  *artifacts.Store
	db     *lineage.DB
	seen   *seen
	again  *rereading
	stage  pipeline.Stage // whose inputs they are
	says   Events         // of the stage
	client *fetch.Client
	copies []*artifacts.Writer
	done   []func(artifacts.ID, int64, error) error // what to do when a copy is there
	refers []artifacts.Reference                    // files that stay where they are
}

const importedAtOnce = 64

// referredAtOnce is how many files are referred to together: they need not be open.
const referredAtOnce = 4096

// errChanged says that a file is not what it was at the begin of the run.
func errChanged(f pipeline.FileInput) error {
	return diag.WithHint(fmt.Errorf("%s %q changed while the run was reading it", f.Port, f.Path), "run again once it is complete")
}

// external copies an external input.
func (im *importer) external(ctx context.Context, f pipeline.FileInput, in *lineage.Input) error {
	take := func(id artifacts.ID, size int64, err error) error {
		switch {
		case err != nil:
			return fileError(f, err)
		case id != in.ID:
			return errChanged(f)
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
	return im.file(ctx, f, externalFile{path: f.Resolved}, in.ID, take)
}

// directory copies the files of a directory, and then the manifest that lists
// them.
func (im *importer) directory(ctx context.Context, f pipeline.FileInput) (id artifacts.ID, size int64, err error) {
	var entries []artifacts.TreeEntry
	begun := time.Now()
	err = eachFile(ctx, f, func(x externalFile) error {
		guess := im.seen.guess(x.path)
		if st, err := lineage.StatFile(x.path); err == nil {
			if id, ok := im.db.FileHash(x.path, st); ok {
				guess = id
			}
		}
		at := len(entries)
		entries = append(entries, artifacts.TreeEntry{Path: x.name, Executable: x.executable})
		return im.file(ctx, f, x, guess, func(id artifacts.ID, size int64, err error) error {
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
	tree, err := treeOf(entries)
	if err != nil {
		return id, 0, err
	}
	return im.store.AddTree(tree, begun)
}

// file copies a file of an input, unless its bytes are stored already, which guess
// says. done is called with what the file holds, perhaps not before commit.
func (im *importer) file(ctx context.Context, f pipeline.FileInput, x externalFile, guess artifacts.ID, done func(artifacts.ID, int64, error) error) error {
	if guess.IsZero() && f.InPlace {
		var err error
		if guess, _, err = im.store.HashOutside(ctx, x.path); err != nil {
			return done(artifacts.ID{}, 0, err)
		}
	}
	if guess.IsZero() {
		return im.copied(ctx, x.path, done)
	}
	if f.InPlace && !im.store.Holds(guess) {
		return im.referred(x.path, guess, done)
	}
	size, err := im.store.Renew(guess)
	if err != nil || !im.store.Holds(guess) {
		return im.copied(ctx, x.path, done)
	}
	st, err := lineage.StatFile(x.path)
	if err != nil {
		return done(artifacts.ID{}, 0, err)
	}
	if im.seen.is(x.path, st, guess) {
		return done(guess, size, nil)
	}
	again := reread{f, x, st, guess}
	if im.again.before += size; im.again.before > readBefore {
		im.again.files = append(im.again.files, again)
	} else if err := again.read(ctx); err != nil {
		return err
	}
	return done(guess, size, nil)
}

// copied copies a file.
func (im *importer) copied(ctx context.Context, path string, done func(artifacts.ID, int64, error) error) error {
	w, err := im.store.Copy(ctx, path)
	if err != nil {
		return done(artifacts.ID{}, 0, err)
	}
	im.copies, im.done = append(im.copies, w), append(im.done, done)
	if len(im.copies) == importedAtOnce {
		return im.commit()
	}
	return nil
}

// referred refers to a file that stays where it is. That it holds what it did is found
// out when it is read.
func (im *importer) referred(path string, id artifacts.ID, done func(artifacts.ID, int64, error) error) error {
	st, err := lineage.StatFile(path)
	if err != nil {
		return done(artifacts.ID{}, 0, err)
	}
	im.refers = append(im.refers, artifacts.Reference{ID: id, Path: path, Size: st.Size})
	if err := done(id, st.Size, nil); err != nil {
		return err
	}
	if len(im.refers) == referredAtOnce {
		return im.commit()
	}
	return nil
}

// commit makes the copies and the references durable.
func (im *importer) commit() error {
	if len(im.refers) > 0 {
		if err := im.store.Refer(im.refers); err != nil {
			return err
		}
		im.refers = im.refers[:0]
	}
	for i, c := range im.store.CommitAll(im.copies) {
		if err := im.done[i](c.ID, c.Size, c.Err); err != nil {
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

// A rereading reads external files beside the stage that was given what the store
// has of them. That they still hold it was only a guess, from their sizes and times.
type rereading struct {
	files  []reread
	before int64 // bytes of all files so far
	seen   *seen
}

// readBefore is how many bytes are read before the stage begins: waiting for them
// does not show, and a file may then be edited while the stage runs.
const readBefore = 8 << 20

type reread struct {
	input pipeline.FileInput
	file  externalFile
	stat  lineage.FileStat
	id    artifacts.ID
}

// read says whether the file still holds what it should.
func (r *reread) read(ctx context.Context) error {
	id, _, err := artifacts.HashFile(ctx, r.file.path)
	switch {
	case err != nil && r.file.name != "":
		return fileError(r.input, fmt.Errorf("%s: %w", r.file.name, reason(err)))
	case err != nil:
		return fileError(r.input, err)
	case id != r.id:
		return errChanged(r.input)
	}
	return nil
}

// begin reads until the end of ctx. What it found out end gives, which waits; stop
// is called as soon as it is bad.
func (r *rereading) begin(ctx context.Context, stop context.CancelCauseFunc) (end func() error) {
	if len(r.files) == 0 {
		return func() error { return nil }
	}
	found := make(chan error, 1)
	go func() {
		var err error
		var fresh []lineage.HashedFile
		for _, f := range r.files {
			if err = f.read(ctx); err != nil {
				stop(err)
				break
			}
			fresh = append(fresh, lineage.HashedFile{Path: f.file.path, Stat: f.stat, ID: f.id})
		}
		r.seen.add(fresh) // for another attempt
		found <- err
	}()
	return func() error { return <-found }
}
