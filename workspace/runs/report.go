package runs

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/pipeline"
	"pipe/workspace"
)

// A Report is the report of a run.
type Report struct {
	ID   artifacts.ID
	Run  string // in which it was made
	Name string // that is right for a file
}

// FindReport finds the report that a reference means; without one, that of the
// latest run that made one.
func FindReport(ctx context.Context, w *workspace.Workspace, ref string) (*Report, error) {
	if ref == "" {
		newest, err := w.DB.NewestWith(ctx, string(pipeline.Report))
		if err != nil {
			return nil, err
		}
		if newest == "" {
			return nil, diag.WithHint(errors.New("no run has made a report"),
				"add a stage with `uses: evaluate` to a pipeline, and run it")
		}
		ref = newest
	}
	found, err := w.DB.ResolveEnded(ctx, ref)
	if err != nil {
		return nil, err
	}
	if byLabel := found.RunID != "" && found.Stage == ""; !found.Artifact.IsZero() && !byLabel {
		art, err := w.DB.Artifact(ctx, found.Artifact)
		if err != nil {
			return nil, err
		}
		if art.Type != string(pipeline.Report) {
			return nil, diag.Usagef("%s is a %s, not a report", ref, art.Type)
		}
		run := found.RunID
		if run == "" && len(art.MadeBy) > 0 {
			run = art.MadeBy[0].RunID
		}
		return &Report{found.Artifact, run, "report-" + found.Artifact.Short()}, nil
	}
	run, err := w.DB.Run(ctx, found.RunID)
	if err != nil {
		return nil, err
	}
	id, err := reportOf(ctx, w, run.ID, found.Stage)
	if err != nil {
		return nil, err
	}
	return &Report{id, run.ID, run.Pipeline}, nil
}

// reportOf finds the report that a run made, in one stage or in any.
func reportOf(ctx context.Context, w *workspace.Workspace, runID, stage string) (artifacts.ID, error) {
	list, err := w.DB.Executions(ctx, runID)
	if err != nil {
		return artifacts.ID{}, err
	}
	other := "" // stage with a report
	for _, e := range slices.Backward(list) {
		for _, o := range e.Outputs {
			switch {
			case o.Type != string(pipeline.Report):
			case stage == "" && e.Rival == "" || stage == e.Stage:
				return o.ID, nil
			case other == "":
				other = e.Stage
			}
		}
	}
	if other != "" && stage != "" {
		return artifacts.ID{}, diag.WithHint(fmt.Errorf("stage %s of run %s has no report", stage, runID),
			fmt.Sprintf("stage %s has one: pipe report %s/%s", other, runID, other))
	}
	return artifacts.ID{}, diag.WithHint(fmt.Errorf("run %s has no report", runID), "pipe ls lists the runs")
}
