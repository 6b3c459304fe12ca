package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/base/infile"
	"pipe/lineage"
	"pipe/pipeline"
)

// External files are hashed before the look-up. If the stage has to run, they
// are copied into the store, and the stage reads the copy: what was hashed is
// what was read, also if the file changes in the middle, and the bytes are
// still there when the file is gone.

// rememberedFiles gives the hashes of the external files of a stage if all of
// them are known and the files have not been touched since.
func (e *execution) rememberedFiles(s *pipeline.Step) (map[string]artifacts.ID, bool) {
	ids := make(map[string]artifacts.ID, len(s.Files))
	for _, f := range s.Files {
		if !f.Artifact.IsZero() {
			ids[f.Port] = f.Artifact
			continue
		}
		st, err := lineage.StatFile(f.Resolved)
		if err != nil {
			return nil, false // hashFiles finds the error again and reports it
		}
		id, ok := e.DB.FileHash(f.Resolved, st)
		if !ok {
			return nil, false
		}
		ids[f.Port] = id
	}
	return ids, true
}

// hashFiles reads the external files of a stage.
func (e *execution) hashFiles(ctx context.Context, i int) jobResult {
	s := e.plan.Steps[i]
	ids, err := e.hashAll(ctx, s.Files)
	if err != nil {
		return jobResult{step: i, stage: e.recordUnread(ctx, s, err)}
	}
	return jobResult{step: i, hashed: ids}
}

// hashAll hashes those of many files whose hash is not remembered.
func (r *Runner) hashAll(ctx context.Context, files []pipeline.FileInput) (map[string]artifacts.ID, error) {
	ids := make(map[string]artifacts.ID, len(files))
	var fresh []lineage.HashedFile
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !f.Artifact.IsZero() {
			ids[f.Port] = f.Artifact
			continue
		}
		st, err := lineage.StatFile(f.Resolved)
		if err != nil {
			return nil, fileError(f, err)
		}
		id, ok := r.DB.FileHash(f.Resolved, st)
		if !ok {
			if id, _, err = artifacts.HashFile(ctx, f.Resolved); err != nil {
				return nil, fileError(f, err)
			}
			fresh = append(fresh, lineage.HashedFile{Path: f.Resolved, Stat: st, ID: id})
		}
		ids[f.Port] = id
	}
	_ = r.DB.PutFileHashes(fresh) // what is not remembered is hashed again
	return ids, nil
}

// hashProgram hashes a program of the machine, mostly by what is remembered of it.
func (r *Runner) hashProgram(ctx context.Context, path string) (artifacts.ID, error) {
	const port = "program"
	ids, err := r.hashAll(ctx, []pipeline.FileInput{{Port: port, Path: path, Resolved: path}})
	return ids[port], err
}

// recordUnread records a stage that failed because an input file could not be
// read, so that it has neither a key nor inputs.
func (e *execution) recordUnread(ctx context.Context, s *pipeline.Step, err error) StageResult {
	res := StageResult{Stage: s.Name, Status: lineage.Failed, Err: err}
	rec := e.executionRecord(s, artifacts.Key{}, nil)
	rec.Status, rec.Attempt, rec.Error = res.Status, 1, err.Error()
	rec.Reason = "an input file could not be read"
	if dbErr := e.write(ctx, []lineage.Execution{rec}); dbErr != nil {
		res.Err = errors.Join(err, dbErr)
	}
	return res
}

// Unreadable lists the external files of a plan that are not there, or are no
// files, each at its place in the pipeline file. A run would find them when it
// comes to them, with the work of the stages before done.
func Unreadable(plan *pipeline.Plan) diag.List {
	var list diag.List
	var lines []string
	for _, s := range plan.Steps {
		for _, f := range s.Files {
			if !f.Artifact.IsZero() {
				continue
			}
			info, err := os.Stat(f.Resolved)
			if err == nil {
				err = infile.Check(f.Resolved, info)
			}
			if err == nil {
				continue
			}
			err = fileError(f, err)
			d := diag.Diagnostic{Pos: f.Pos, Msg: err.Error(), Hint: diag.HintOf(err)}
			if lines == nil {
				lines = strings.Split(string(plan.Source), "\n")
			}
			if n := f.Pos.Line; n > 0 && n <= len(lines) {
				d.Line = strings.TrimSuffix(lines[n-1], "\r")
			}
			list = append(list, d)
		}
	}
	list.Sort()
	return list
}

// fileError says which file could not be read, as it is written in the
// pipeline file, and which files there are.
func fileError(f pipeline.FileInput, err error) error {
	var storeErr *artifacts.StoreError
	if errors.As(err, &storeErr) {
		return fmt.Errorf("%s %q: %w", f.Port, f.Path, err) // the file is all right
	}
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	err = fmt.Errorf("%s %q: %w", f.Port, f.Path, err)
	if errors.Is(err, fs.ErrPermission) {
		return diag.WithHint(err, "make the file readable for the user that runs pipe")
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	dir := filepath.Dir(f.Resolved)
	entries, readErr := os.ReadDir(dir)
	if readErr != nil {
		return diag.WithHint(err, fmt.Sprintf("folder %s cannot be read either; paths are relative to the pipeline file", dir))
	}
	var names, alike []string
	for _, entry := range entries {
		names = append(names, entry.Name())
		if !entry.IsDir() && filepath.Ext(entry.Name()) == filepath.Ext(f.Path) && len(alike) < 8 {
			alike = append(alike, entry.Name())
		}
	}
	if near, ok := diag.Nearest(filepath.Base(f.Resolved), names); ok {
		return diag.WithHint(err, fmt.Sprintf("did you mean %q?", filepath.ToSlash(filepath.Join(filepath.Dir(f.Path), near))))
	}
	hint := "paths are relative to the pipeline file; this one resolves to " + f.Resolved
	if len(alike) > 0 {
		hint += ", where there are " + strings.Join(alike, ", ")
	}
	return diag.WithHint(err, hint)
}

// importFiles copies the external files of a stage into the store.
func (r *stageRun) importFiles(ctx context.Context) error {
	inputs := make(map[string]*lineage.Input, len(r.inputs))
	for i := range r.inputs {
		inputs[r.inputs[i].Port] = &r.inputs[i]
	}
	var fresh freshFiles
	defer fresh.discard()
	for _, f := range r.Files {
		in := inputs[f.Port]
		if !f.Artifact.IsZero() {
			size, err := r.Store.Stat(f.Artifact)
			if err != nil {
				return diag.WithHint(fmt.Errorf("%s %q: its recorded bytes: %w", f.Port, f.Path, err),
					"run the pipeline file instead, which reads the file itself")
			}
			in.Size = size
			continue
		}
		if _, err := r.Store.Renew(in.ID); err == nil {
			// The bytes are stored already. The memo that gave the hash is only a
			// guess from size and times, so the file is read again all the same.
			id, size, err := artifacts.HashFile(ctx, f.Resolved)
			if err != nil {
				return fileError(f, err)
			}
			if err := takeIn(f, in, id, size); err != nil {
				return err
			}
			continue
		}
		w, err := r.copyFile(ctx, f)
		if err != nil {
			return fileError(f, err)
		}
		fresh = append(fresh, freshFile{f, in, w})
		if len(fresh) == importedAtOnce {
			if err := fresh.commit(r.Store); err != nil {
				return err
			}
			fresh = fresh[:0]
		}
	}
	return fresh.commit(r.Store)
}

// takeIn says what an input turned out to be.
func takeIn(f pipeline.FileInput, in *lineage.Input, id artifacts.ID, size int64) error {
	if id != in.ID {
		return diag.WithHint(fmt.Errorf("%s %q changed while the run was reading it", f.Port, f.Path), "run again once it is complete")
	}
	in.Size = size
	return nil
}

// importedAtOnce is how many files are made durable together: the disk is waited
// for about as long as for one of them.
const importedAtOnce = 64

// freshFiles are copies of files that are not in the store yet.
type freshFiles []freshFile

type freshFile struct {
	file  pipeline.FileInput
	input *lineage.Input
	copy  *artifacts.Writer
}

func (list freshFiles) commit(store *artifacts.Store) error {
	writers := make([]*artifacts.Writer, len(list))
	for i, f := range list {
		writers[i] = f.copy
	}
	for i, c := range store.CommitAll(writers) {
		if c.Err != nil {
			return fileError(list[i].file, c.Err)
		}
		if err := takeIn(list[i].file, list[i].input, c.ID, c.Size); err != nil {
			return err
		}
	}
	return nil
}

// discard gives back what was not committed.
func (list *freshFiles) discard() {
	for _, f := range *list {
		f.copy.Discard()
	}
}

// storedInputs leaves out the files that did not get into the store: rows
// point only at what is there.
func (r *stageRun) storedInputs() []lineage.Input {
	return slices.DeleteFunc(slices.Clone(r.inputs), func(in lineage.Input) bool {
		if in.Path == "" {
			return false
		}
		_, err := r.Store.Stat(in.ID)
		return err != nil
	})
}

func (r *stageRun) copyFile(ctx context.Context, f pipeline.FileInput) (*artifacts.Writer, error) {
	src, err := infile.Open(f.Resolved)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	w, err := r.Store.Create()
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(w, infile.Reader(ctx, src)); err != nil {
		w.Discard()
		return nil, err
	}
	return w, nil
}
