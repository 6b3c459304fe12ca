package workspace

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/lineage"
	"pipe/pipeline"
)

// Repeated is the plan of a past run, as RecordedPlan has it, to be run again with
// the bytes of the files that it read. A file that the run did not come to read is
// read now, and must be one that the project may read.
func (w *Workspace) Repeated(ctx context.Context, run *lineage.Run) (*pipeline.Plan, error) {
	plan, err := w.RecordedPlan(ctx, run)
	if err != nil {
		return nil, err
	}
	list, err := w.DB.Executions(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	plan = plan.PinFiles(recordedFiles(list))
	return plan, w.host.checkUnpinned(plan, run.File)
}

// checkUnpinned refuses files outside of the project that a run did not get to
// read, so that they would be read now. The run may come from elsewhere.
func (h *Host) checkUnpinned(plan *pipeline.Plan, file string) error {
	var p *project
	for _, s := range plan.Steps {
		for _, f := range s.Files {
			if f.Address != nil || !f.Artifact.IsZero() {
				continue
			}
			if p == nil {
				var err error
				if p, err = h.projectOf(file); err != nil {
					return err
				}
			}
			if err := p.allows(f.Resolved); err != nil {
				return diag.Usage(fmt.Errorf("stage %s: %s %s %w", s.Name, f.Port, strconv.Quote(f.Path), err))
			}
		}
	}
	return nil
}

// RecordedPlan is the plan of a past run: from the text of its file, with its
// parameters and its seed.
func (w *Workspace) RecordedPlan(ctx context.Context, run *lineage.Run) (*pipeline.Plan, error) {
	source, err := w.recordedSpec(ctx, run)
	if err != nil {
		return nil, err
	}
	if len(source) == 0 {
		return nil, diag.Usage(diag.WithHint(&NoFileError{run.ID}, "give it one of a pipeline; pipe ls lists the runs"))
	}
	opt := pipeline.Options{Set: map[string]string{}, Run: map[string]string{}, Seed: &run.Seed}
	for _, p := range run.Params {
		text := p.Value
		var s string
		if json.Unmarshal([]byte(p.Value), &s) == nil && strings.HasPrefix(p.Value, `"`) {
			text = s // a text stands for itself
		}
		switch p.Source {
		case pipeline.FromSet:
			opt.Set[p.Name] = text
		case pipeline.FromRun:
			opt.Run[strings.TrimPrefix(p.Name, "run.")] = text
		}
	}
	plan, err := pipeline.LoadBytes(filepath.FromSlash(run.File), source, w.host.Registry(), opt)
	if err != nil {
		return nil, fmt.Errorf("the pipeline of run %s: %w", run.ID, err)
	}
	for i, p := range plan.RecordedParams() {
		for _, was := range run.Params {
			if was.Name == p.Name && was.Value != string(p.Value) && was.Value != string(plan.Params[i].Value) {
				return nil, fmt.Errorf("run %s: parameter %s was %s and cannot be set to that again: it becomes %s", run.ID, p.Name, was.Value, p.Value)
			}
		}
	}
	return plan, nil
}

// A NoFileError says that a run was made of no pipeline file.
type NoFileError struct{ Run string }

func (e *NoFileError) Error() string {
	return fmt.Sprintf("run %s was made of no pipeline file, as those of pipe predict are", e.Run)
}

// recordedSpec is the text of the pipeline file of a run, from the store or,
// if it is gone there, from the database.
func (w *Workspace) recordedSpec(ctx context.Context, run *lineage.Run) ([]byte, error) {
	if f, err := w.Store.Open(ctx, run.SpecID); err == nil {
		defer f.Close()
		return io.ReadAll(f)
	}
	if artifacts.Sum([]byte(run.SpecText)) != run.SpecID {
		return nil, diag.WithHint(fmt.Errorf("the pipeline file of run %s is neither in the store nor, unchanged, in the database", run.ID),
			"run a pipeline file with pipe run")
	}
	return []byte(run.SpecText), nil
}

// recordedFiles gives the artifacts that hold the external files of a run, by
// stage and port.
func recordedFiles(list []lineage.Execution) map[string]map[string]artifacts.ID {
	ids := map[string]map[string]artifacts.ID{}
	for _, e := range list {
		for _, in := range e.Inputs {
			if in.Path == "" || in.ID.IsZero() {
				continue
			}
			if ids[e.Stage] == nil {
				ids[e.Stage] = map[string]artifacts.ID{}
			}
			ids[e.Stage][in.Port] = in.ID
		}
	}
	return ids
}
