package runs

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/data/format"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/workspace"
)

// A Report is the report of a run, with its tables, or its tables alone.
type Report struct {
	ID   artifacts.ID // zero if the run has made none
	Run  string       // in which it was made
	Name string       // that is right for a file

	title  string // of a page of tables
	part   bool   // it is about one stage or table
	tables []folding
}

// FindReport finds the report that a reference means; without one, that of the
// latest run that made one. Where there is none it is of the tables that are meant.
func FindReport(ctx context.Context, w *workspace.Workspace, ref string) (*Report, error) {
	if ref == "" {
		newest, err := w.DB.NewestWith(ctx, string(pipeline.Report))
		if err != nil {
			return nil, err
		}
		if ref = newest; ref == "" {
			return latestTables(ctx, w)
		}
	}
	found, err := w.DB.ResolveEnded(ctx, ref)
	if err != nil {
		return nil, err
	}
	if byLabel := found.RunID != "" && found.Stage == ""; !found.Artifact.IsZero() && !byLabel {
		return reportOfArtifact(ctx, w, ref, found)
	}
	run, err := w.DB.Run(ctx, found.RunID)
	if err != nil {
		return nil, err
	}
	r := &Report{Run: run.ID, Name: run.Pipeline, title: run.Pipeline}
	var none error
	if r.ID, none = reportOf(ctx, w, run.ID, found.Stage); none == nil {
		r.tables, err = foldingsOf(ctx, w, run.ID, "")
		return r, err
	}
	if r.tables, err = foldingsOf(ctx, w, run.ID, found.Stage); err != nil || len(r.tables) == 0 {
		return nil, errors.Join(none, err)
	}
	if found.Stage != "" {
		r.title, r.part = r.title+"/"+found.Stage, true
	}
	r.askForTables()
	return r, nil
}

// askForTables says that the page is for the tables, however large they are.
func (r *Report) askForTables() {
	for i := range r.tables {
		r.tables[i].asked = true
	}
}

// latestTables is a report of the tables of the latest run, where no run has made a
// report.
func latestTables(ctx context.Context, w *workspace.Workspace) (*Report, error) {
	none := diag.WithHint(errors.New("no run has made a report"), "add a stage with `uses: evaluate` to a pipeline, and run it")
	latest, err := w.DB.Runs(ctx, lineage.RunFilter{Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(latest) == 0 {
		return nil, none
	}
	run := latest[0]
	r := &Report{Run: run.ID, Name: run.Pipeline, title: run.Pipeline}
	if r.tables, err = foldingsOf(ctx, w, run.ID, ""); err == nil && len(r.tables) == 0 {
		err = none
	}
	r.askForTables()
	return r, err
}

// reportOfArtifact is about a report, or something with rows.
func reportOfArtifact(ctx context.Context, w *workspace.Workspace, ref string, found lineage.Ref) (*Report, error) {
	art, err := w.DB.Artifact(ctx, found.Artifact)
	if err != nil {
		return nil, err
	}
	run := found.RunID
	if run == "" && len(art.MadeBy) > 0 {
		run = art.MadeBy[0].RunID
	}
	name := art.Type + "-" + art.ID.Short()
	switch t := pipeline.PortType(art.Type); {
	case t == pipeline.Report:
		r := &Report{ID: art.ID, Run: run, Name: name}
		r.tables, err = foldingsOf(ctx, w, run, "")
		return r, err
	case !format.Of(t).Rows:
		return nil, diag.Usagef("%s is a %s, not a report or a table", ref, art.Type)
	case run == "":
		return nil, diag.Usagef("no run has made %s", ref)
	}
	f, err := foldingOf(ctx, w, art)
	return &Report{Run: run, Name: name, title: f.stage.Stage + "." + f.made[0].Port, tables: []folding{f}, part: true}, err
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
			fmt.Sprintf("stage %s has one: pipe report %s", other, diag.ShellWord(runID+"/"+other)))
	}
	return artifacts.ID{}, diag.WithHint(fmt.Errorf("run %s has no report", runID), "pipe ls lists the runs")
}
