package runner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/base/infile"
	"pipe/lineage"
	"pipe/pipeline"
)

// rememberedFiles gives the hashes of the external files of a stage if all of
// them are known and the files have not been touched since.
func (e *execution) rememberedFiles(s *pipeline.Step) (map[string]artifacts.ID, bool) {
	ids := make(map[string]artifacts.ID, len(s.Files))
	for _, f := range s.Files {
		if !f.Artifact.IsZero() {
			ids[f.Port] = f.Artifact
			continue
		}
		if f.Address != nil || f.Type == pipeline.Directory {
			return nil, false // to look for its files takes a while
		}
		st, err := lineage.StatFile(f.Resolved)
		if err != nil {
			return nil, false // hashFiles finds the error again and reports it
		}
		id, ok := e.DB.FileHash(f.Resolved, st)
		if !ok || f.InPlace && isMisplaced(e.Store, id) {
			return nil, false
		}
		ids[f.Port] = id
	}
	return ids, true
}

// hashFiles reads the external files of a stage.
func (e *execution) hashFiles(ctx context.Context, i int) jobResult {
	s := e.plan.Steps[i]
	var im *importer
	if !e.dry {
		im = e.importer(s, &listener{stage: s.Name, emit: e.emit, file: &logFile{}})
		defer im.discard()
	}
	begun := time.Now()
	ids, err := e.hashAll(ctx, s.Files, im)
	if err != nil {
		return jobResult{step: i, stage: e.recordUnread(ctx, s, err), took: time.Since(begun)}
	}
	return jobResult{step: i, hashed: ids}
}

// hashProgram hashes a program of the machine, mostly by what is remembered of it.
func (r *Runner) hashProgram(ctx context.Context, path string) (artifacts.ID, error) {
	const port = "program"
	ids, err := r.hashAll(ctx, []pipeline.FileInput{{Port: port, Path: path, Resolved: path}}, nil)
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
// files, and the folders and patterns without any, each at its place in the pipeline file. A run would find them when it
// comes to them, with the work of the stages before done.
func Unreadable(plan *pipeline.Plan) diag.List {
	var list diag.List
	var lines []string
	for _, s := range plan.Steps {
		for _, f := range s.Files {
			if f.Address != nil || !f.Artifact.IsZero() {
				continue
			}
			err := lookAt(f)
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

// lookAt says whether there is a file, and of a directory whether there are any.
func lookAt(f pipeline.FileInput) error {
	if f.Type == pipeline.Directory {
		found := errors.New("found")
		if err := eachFile(context.Background(), f, func(externalFile) error { return found }); err != found {
			return err
		}
		return nil
	}
	info, err := os.Stat(f.Resolved)
	if err != nil {
		return err
	}
	return infile.Check(f.Resolved, info)
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
	if info, statErr := os.Stat(f.Resolved); f.Several && f.Type == pipeline.File && statErr == nil && info.IsDir() {
		return diag.WithHint(err, fmt.Sprintf("end it in a slash to read all files below it: %s/", f.Path))
	}
	if errors.Is(err, fs.ErrPermission) {
		return diag.WithHint(err, "make the file readable for the user that runs pipe")
	}
	if errors.Is(err, errNoFiles) && f.Pattern != nil {
		return diag.WithHint(err, "patterns are relative to the pipeline file; this one looks below "+f.Resolved)
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
		if entry.IsDir() == (f.Type == pipeline.Directory) && filepath.Ext(entry.Name()) == filepath.Ext(f.Path) && len(alike) < 8 {
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
