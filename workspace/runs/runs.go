// Package runs is what is known of runs and what can be asked of them: their
// stages and metrics, why a stage ran, what differs between two, whether they give
// the same again, what the next would do, what happens in one that goes on, their
// logs and their reports.
package runs

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/lineage"
	"pipe/workspace"
)

// A Run is what a list says of a run.
type Run struct {
	ID          string                 `json:"run"`
	Pipeline    string                 `json:"pipeline"`
	File        string                 `json:"file"`
	Status      lineage.Status         `json:"status"`
	Trigger     string                 `json:"trigger"`
	ScheduledAt time.Time              `json:"scheduled_at,omitzero"`
	Started     time.Time              `json:"started_at"`
	Finished    time.Time              `json:"finished_at,omitzero"` // zero while it goes on
	Seed        uint64                 `json:"seed"`
	Stages      int                    `json:"stages"`
	Counts      map[lineage.Status]int `json:"counts"`
	Error       string                 `json:"error,omitempty"`
}

// A List is some runs, the newest first.
type List struct {
	Runs []Run `json:"runs"`
}

// Find lists the runs that a filter lets through.
func Find(ctx context.Context, w *workspace.Workspace, f lineage.RunFilter) (*List, error) {
	found, err := w.DB.Runs(ctx, f)
	if err != nil {
		return nil, err
	}
	list := &List{make([]Run, 0, len(found))}
	for _, r := range found {
		list.Runs = append(list.Runs, runOf(r))
	}
	return list, nil
}

// CheckPipeline says of a pipeline that was never run that it may be misspelt.
func CheckPipeline(ctx context.Context, w *workspace.Workspace, name string) error {
	any, err := w.DB.Runs(ctx, lineage.RunFilter{Pipeline: name, Limit: 1})
	if err != nil || len(any) > 0 {
		return err
	}
	if _, err := w.DB.RunByRef(ctx, name); err != nil {
		return err
	}
	return diag.Usage(diag.WithHint(fmt.Errorf("%q is a run, not a pipeline", name), "pipe show "+name))
}

func runOf(r lineage.Run) Run {
	return Run{ID: r.ID, Pipeline: r.Pipeline, File: r.File, Status: r.Status, Trigger: r.Trigger,
		ScheduledAt: r.ScheduledAt, Started: r.Started, Finished: r.Finished, Seed: r.Seed,
		Stages: r.Stages, Counts: r.Counts, Error: r.Error}
}

// A Details is all that is known of a run.
type Details struct {
	Run
	Params      Params              `json:"params"`
	Spec        artifacts.ID        `json:"spec_id"` // the text of the pipeline file
	Git         Git                 `json:"git"`
	Environment lineage.Environment `json:"environment"`
	Executions  []Stage             `json:"executions"`

	Imported     time.Time `json:"-"` // zero if it was made here
	ImportedFrom string    `json:"-"`
}

// A Git is the version of a project; what is null is not known.
type Git struct {
	Commit string `json:"commit,omitempty"`
	Clean  *bool  `json:"clean"`
}

// Note says whether the commit is all that a run was made from.
func (g Git) Note() string {
	switch {
	case g.Clean == nil:
		return ""
	case *g.Clean:
		return ", clean"
	}
	return ", with changes"
}

// Params are parameters in the order of the pipeline file. Their values are JSON.
type Params []lineage.Param

// MarshalJSON writes an object of names and values.
func (p Params) MarshalJSON() ([]byte, error) {
	values := map[string]json.RawMessage{}
	for _, x := range p {
		values[x.Name] = json.RawMessage(x.Value)
	}
	return object(values)
}

// Show gives all that is known of a run.
func Show(ctx context.Context, w *workspace.Workspace, id string) (*Details, error) {
	run, err := w.DB.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	list, err := w.DB.Executions(ctx, id)
	if err != nil {
		return nil, err
	}
	d := &Details{Run: runOf(*run), Params: run.Params, Spec: run.SpecID, Git: Git{run.Git.Commit, run.Git.Clean}, Environment: run.Environment,
		Executions: make([]Stage, 0, len(list)), Imported: run.Imported, ImportedFrom: run.ImportedFrom}
	for _, e := range list {
		d.Executions = append(d.Executions, stageOf(e))
	}
	return d, nil
}
