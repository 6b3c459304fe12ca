package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/lineage"
	"pipe/workspace"
	"pipe/workspace/runs"
)

func (a *app) lsCommand() *cobra.Command {
	var (
		filter lineage.RunFilter
		status string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "ls [PIPELINE]",
		Short: "List past runs, the newest first",
		Example: `  pipe ls
  pipe ls penguins --status failed
  pipe ls --json --limit 1`,
		Args:              args(cobra.MaximumNArgs(1)),
		ValidArgsFunction: a.completePipelines,
		RunE: func(cmd *cobra.Command, words []string) error {
			if len(words) == 1 {
				filter.Pipeline = words[0]
			}
			filter.Status = lineage.Status(status)
			if err := atLeast(0, filter.Limit, "limit"); err != nil {
				return err
			}
			if err := checkStatus(status); err != nil {
				return err
			}
			return withWorkspace(a.host.OpenNearest, func(ws *workspace.Workspace) error {
				list, err := runs.Find(cmd.Context(), ws, filter)
				if err != nil {
					return err
				}
				if asJSON {
					return ui.WriteJSON(a.out, list)
				}
				if len(list.Runs) == 0 {
					return a.noRuns(cmd.Context(), ws, filter)
				}
				var rows [][]string
				for _, r := range list.Runs {
					rows = append(rows, []string{r.ID, r.Pipeline, string(r.Status), r.Trigger, ui.LocalTime(r.Started), runTime(r), runStages(r)})
				}
				return ui.Table(a.out, []string{"RUN", "PIPELINE", "STATUS", "TRIGGER", "STARTED", "TOOK", "STAGES"}, rows)
			})
		},
	}
	cmd.Flags().IntVar(&filter.Limit, "limit", 20, "how many runs to list; 0 is all")
	cmd.Flags().StringVar(&status, "status", "", "only runs with this status: running, succeeded, failed, gate_failed, interrupted, cancelled")
	jsonFlag(cmd, &asJSON, printJSON)
	return cmd
}

// noRuns says why the list is empty: a pipeline that was never run may be
// misspelt.
func (a *app) noRuns(ctx context.Context, ws *workspace.Workspace, filter lineage.RunFilter) error {
	if filter.Pipeline != "" {
		if err := runs.CheckPipeline(ctx, ws, filter.Pipeline); err != nil {
			return err
		}
	}
	what := "no runs"
	if filter.Status != "" {
		what += " with status " + string(filter.Status)
	}
	fmt.Fprintln(a.err, what)
	return nil
}

func checkStatus(status string) error {
	known := []string{string(lineage.Running), string(lineage.Succeeded), string(lineage.Failed),
		string(lineage.RequirementFailed), string(lineage.Interrupted), string(lineage.Cancelled)}
	for _, k := range known {
		if status == "" || status == k {
			return nil
		}
	}
	return diag.Unknown("status", status, known)
}

func runTime(r runs.Run) string {
	if r.Finished.IsZero() {
		return "running"
	}
	if r.Status == lineage.Interrupted && !r.Finished.After(r.Started) {
		return "-" // its process died before it gave a sign of life
	}
	return ui.Duration(r.Finished.Sub(r.Started))
}

// runStages sums up what happened to the stages of a run.
func runStages(r runs.Run) string {
	return ui.Join(count(r, lineage.Succeeded, "run"), count(r, lineage.Cached, "cached"),
		count(r, lineage.Failed, "failed"), count(r, lineage.RequirementFailed, "below requirement"), count(r, lineage.Interrupted, "interrupted"),
		count(r, lineage.Cancelled, "cancelled"))
}

func count(r runs.Run, s lineage.Status, word string) string {
	n := r.Counts[s]
	if n == 0 {
		return ""
	}
	return ui.Number(float64(n)) + " " + word
}
