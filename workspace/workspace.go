// Package workspace is what pipe does, without a screen: a project with its store,
// its database and its configuration, opened once and used by whatever face pipe
// has. Its subpackages are the nouns that people ask about: runs, models, the
// content of artifacts, schedules, what can be cleaned up.
//
// It takes a context and gives values and errors: those that are a mistake of the
// asker are of the kind diag.UsageError. It knows no command line, no terminal and
// no environment variables: a Host brings what a process knows of itself. What
// its values become as JSON is the same in every face.
package workspace

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/runner"
)

// StoreName is the directory beside the pipelines that holds everything that
// pipe makes.
const StoreName = ".pipe"

// DatabaseName is the lineage database in a store.
const DatabaseName = "lineage.db"

// A Workspace is an open store with its database.
type Workspace struct {
	Dir   string
	Store *artifacts.Store
	DB    *lineage.DB

	host *Host
	temp bool // it is gone when it is closed
}

// Host is what the workspace was opened with.
func (w *Workspace) Host() *Host { return w.host }

// Logs is where what stages say is kept.
func (w *Workspace) Logs() string { return filepath.Join(w.Dir, "logs") }

// Config reads the configuration of the store as it is now.
func (w *Workspace) Config() (Config, error) { return readConfig(w.Dir) }

// Close lets go of the store. What it cannot clean up, a clean-up does.
func (w *Workspace) Close() {
	w.Store.Close()
	w.DB.Close()
	if w.temp {
		_ = os.RemoveAll(w.Dir) // in the folder for such things
	}
}

// IsStore says whether there is a store in a folder.
func IsStore(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, DatabaseName))
	return err == nil
}

// Open opens a store for writing, and makes it if need be.
func (h *Host) Open(dir string) (*Workspace, error) {
	if st, err := os.Stat(dir); err == nil && !st.IsDir() {
		return nil, diag.Usage(diag.WithHint(fmt.Errorf("%s is a file, but the store is a folder", dir), "move the file away, or name another folder with --store"))
	}
	first := !IsStore(dir)
	fsys := h.FS
	if fsys == nil {
		fsys = artifacts.SystemFS()
	}
	store, err := artifacts.OpenFS(dir, fsys)
	if errors.Is(err, fs.ErrPermission) {
		return nil, diag.WithHint(err, "put the store where you may write: --store DIR")
	}
	if err != nil {
		return nil, err
	}
	db, err := lineage.OpenWith(filepath.Join(dir, DatabaseName), lineage.Options{Claims: store, At: h.At, Trace: h.Trace})
	if err != nil {
		return nil, err
	}
	if first && filepath.Base(dir) == StoreName {
		ignoreInGit(dir)
	}
	return &Workspace{Dir: dir, Store: store, DB: db, host: h}, nil
}

// ignoreInGit keeps a new store out of version control: it is large, and one that
// comes with a project could not be trusted. Who wants it otherwise deletes the
// file. No run fails because it cannot be written.
func ignoreInGit(dir string) {
	f, err := os.OpenFile(filepath.Join(dir, ".gitignore"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return
	}
	_, _ = f.WriteString("# Made by pipe.\n*\n")
	_ = f.Close()
}

// OpenToRead opens a store for what only looks.
func (h *Host) OpenToRead(dir string) (*Workspace, error) {
	store := artifacts.OpenReadOnly(dir)
	db, err := h.ReadDatabase(dir, store)
	if err != nil {
		return nil, err
	}
	return h.With(dir, store, db), nil
}

// OpenToPlan opens the store of a pipeline file to find out what a run would do.
// Where nothing was made yet it leaves no store behind, and who may not write to
// the store may look.
func (h *Host) OpenToPlan(file string) (*Workspace, error) {
	dir := h.StoreOf(file)
	if IsStore(dir) {
		w, err := h.Open(dir)
		if err != nil {
			if looking, readErr := h.OpenToRead(dir); readErr == nil {
				return looking, nil
			}
		}
		return w, err
	}
	dir, err := os.MkdirTemp("", "pipe-plan-")
	if err != nil {
		return nil, err
	}
	w, err := h.Open(dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	w.temp = true
	return w, nil
}

// With is a workspace of a store and a database that were opened otherwise.
func (h *Host) With(dir string, store *artifacts.Store, db *lineage.DB) *Workspace {
	return &Workspace{Dir: dir, Store: store, DB: db, host: h}
}

// ReadDatabase opens the database of a store to read. One that an earlier pipe
// has made is migrated first: who has a new pipe wants to see the old runs. Who
// may not write to it is told that it is old.
func (h *Host) ReadDatabase(dir string, store *artifacts.Store) (*lineage.DB, error) {
	path, opt := filepath.Join(dir, DatabaseName), lineage.Options{Claims: store, Trace: h.Trace}
	db, err := lineage.OpenReadOnlyWith(path, opt)
	if !lineage.IsOld(err) {
		return db, err
	}
	migrated, failed := lineage.OpenWith(path, opt)
	if failed != nil {
		return nil, err
	}
	if err := migrated.Close(); err != nil {
		return nil, err
	}
	return lineage.OpenReadOnlyWith(path, opt)
}

// RunOptions are how a plan is executed.
type RunOptions struct {
	runner.Options
	Jobs    int                // stages at once; 0 is what the configuration of the store says
	Observe func(runner.Event) // receives every event, one at a time; may be nil
}

// Run executes a plan. What it is made from is the working tree as it is, unless
// it repeats a run.
func (w *Workspace) Run(ctx context.Context, plan *pipeline.Plan, opt RunOptions) (*runner.Result, error) {
	r, err := w.Runner(opt.Jobs)
	if err != nil {
		return nil, err
	}
	r.Observe = opt.Observe
	if opt.RerunOf == "" { // else it is made from what was recorded
		tree := w.host.checkoutOf(plan.File)
		r.Git.Commit = tree.commit()
		r.GitStatus = tree.status
	}
	return r.Run(ctx, plan, opt.Options)
}

// RecordFailure records a run that could not begin, and why. It gives its ID.
func (w *Workspace) RecordFailure(ctx context.Context, run lineage.Run, reason error) (string, error) {
	return w.runner().RecordFailure(ctx, run, reason)
}
