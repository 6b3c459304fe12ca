package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/data/report"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/workspace"
)

func (a *app) reportCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "report [REF]",
		Short: "Write the report of a run as an HTML page",
		Long: `Write the report of a run, by default of the latest run that made one, as one HTML file that needs no network.
At its end it says which run, pipeline, date, commit, data and version of pipe it comes from. The report itself says nothing of
that, since equal runs make equal bytes: pipe get takes it out as it is.

` + refHelp,
		Example: `  pipe report
  pipe report penguins -o penguins.html
  pipe report latest/score.report -o - > page.html`,
		Args:              args(cobra.MaximumNArgs(1)),
		ValidArgsFunction: a.completeRefs,
		RunE: func(cmd *cobra.Command, words []string) error {
			ws, err := a.host.OpenNearest()
			if err != nil {
				return err
			}
			defer ws.Close()
			ref := ""
			if len(words) == 1 {
				ref = words[0]
			}
			id, runID, name, err := findReport(cmd.Context(), ws, ref)
			if err != nil {
				return err
			}
			f, err := ws.Store.Open(cmd.Context(), id)
			if err != nil {
				return err
			}
			defer f.Close()
			if output == "" {
				if output, err = fileNamed(name, ".html"); err != nil {
					return err
				}
			}
			from, err := provenanceOf(cmd.Context(), ws, id, runID)
			if err != nil {
				return err
			}
			isFile, err := a.write(cmd.Context(), output, func(w io.Writer) error { return report.AddOrigin(w, f, f.Size(), from) })
			if isFile && err == nil {
				fmt.Fprintln(a.out, output)
			}
			return err
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "file to write; - is standard output (default: PIPELINE.html)")
	return cmd
}

// findReport finds the report that a reference means, its run, and a name for it.
func findReport(ctx context.Context, ws *workspace.Workspace, ref string) (id artifacts.ID, runID, name string, err error) {
	if ref == "" {
		runs, err := ws.DB.Runs(ctx, lineage.RunFilter{Limit: 100})
		if err != nil {
			return id, "", "", err
		}
		for _, r := range runs {
			if id, err := reportOf(ctx, ws, r.ID, ""); err == nil {
				return id, r.ID, r.Pipeline, nil
			}
		}
		return id, "", "", diag.WithHint(errors.New("no run has made a report"),
			"add a stage with `uses: evaluate` to a pipeline, and run it")
	}
	found, err := ws.DB.ResolveEnded(ctx, ref)
	if err != nil {
		return id, "", "", err
	}
	if byLabel := found.RunID != "" && found.Stage == ""; !found.Artifact.IsZero() && !byLabel {
		art, err := ws.DB.Artifact(ctx, found.Artifact)
		if err != nil {
			return id, "", "", err
		}
		if art.Type != string(pipeline.Report) {
			return id, "", "", diag.Usagef("%s is a %s, not a report", ref, art.Type)
		}
		if runID = found.RunID; runID == "" && len(art.MadeBy) > 0 {
			runID = art.MadeBy[0].RunID
		}
		return found.Artifact, runID, "report-" + found.Artifact.Short(), nil
	}
	run, err := ws.DB.Run(ctx, found.RunID)
	if err != nil {
		return id, "", "", err
	}
	id, err = reportOf(ctx, ws, run.ID, found.Stage)
	return id, run.ID, run.Pipeline, err
}

// reportOf finds the report that a run made, in one stage or in any.
func reportOf(ctx context.Context, ws *workspace.Workspace, runID, stage string) (artifacts.ID, error) {
	list, err := ws.DB.Executions(ctx, runID)
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
