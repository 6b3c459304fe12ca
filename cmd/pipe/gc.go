package main

import (
	"fmt"
	"time"

	"pipe/cmd/pipe/ui"
	"pipe/workspace"
	"pipe/workspace/cleanup"

	"github.com/spf13/cobra"
)

func (a *app) gcCommand() *cobra.Command {
	var yes, asJSON bool
	var limit int
	cmd := &cobra.Command{
		Use:   "gc",
		Short: "Say which old runs and artifacts can go, or delete them with --yes",
		Long: `List what the retention rules of the store no longer keep: old runs, and the artifacts that nothing else needs.
Nothing is deleted without --yes. The rules are in the file config.yaml of the store:

  retention:
    keep_runs: 10          # the newest of each pipeline that gave a result
    keep_days: 30          # and all that are younger
    keep_failed_days: 7    # failed, interrupted and cancelled runs that are younger

The newest run of each pipeline, promoted models, and whatever kept artifacts were made from, down to the bytes of
the source files, stay in any case. Runs may go on meanwhile: what they may be using goes with the next pipe gc.
Artifacts that are younger than an hour stay too. The checkpoint of a stage that was killed stays as long as a failed
run does, unless the stage was finished since then or is at work, and so does what has come of a download. Of files
that were not copied (copy: false) the store forgets where they are, and nothing happens to them.`,
		Example: `  pipe gc
  pipe gc --yes
  pipe gc --json | jq .bytes`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withWorkspace(a.host.OpenNearestToWrite, func(ws *workspace.Workspace) error {
				plan, err := cleanup.New(cmd.Context(), ws)
				if err != nil {
					return err
				}
				if yes {
					if err := plan.Execute(cmd.Context()); err != nil {
						return err
					}
				}
				if asJSON {
					return ui.WriteJSON(a.out, plan)
				}
				return a.printCleanup(plan, limit)
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "delete what would otherwise only be listed")
	jsonFlag(cmd, &asJSON, printJSON)
	cmd.Flags().IntVar(&limit, "limit", 20, "how many artifacts to list; 0 is all")
	return cmd
}

func (a *app) printCleanup(p *cleanup.Plan, limit int) error {
	if len(p.Artifacts) > 0 {
		var rows [][]string
		for i, x := range p.Artifacts {
			if limit > 0 && i == limit {
				break
			}
			rows = append(rows, []string{x.ID.Short(), x.Type, ui.Bytes(x.Size), x.LastUse.Local().Format(time.DateOnly), x.Name})
		}
		if err := ui.Table(a.out, []string{"ARTIFACT", "TYPE", "SIZE", "LAST USE", "NAME"}, rows); err != nil {
			return err
		}
		if more := len(p.Artifacts) - len(rows); more > 0 {
			fmt.Fprintf(a.out, "and %d more (--limit 0 lists all)\n", more)
		}
		fmt.Fprintln(a.out)
	}
	what := fmt.Sprintf("%d of %s, %s with %s", len(p.Runs), ui.Plural(len(p.Runs)+p.KeptRuns, "run"),
		ui.Plural(len(p.Artifacts), "artifact"), ui.Bytes(p.Bytes))
	if p.Checkpoints > 0 {
		what += fmt.Sprintf(", %s with %s", ui.Plural(p.Checkpoints, "checkpoint"), ui.Bytes(p.CheckpointBytes))
	}
	if p.Logs > 0 {
		what += fmt.Sprintf(", the logs of %s with %s", ui.Plural(p.Logs, "run"), ui.Bytes(p.LogBytes))
	}
	switch {
	case p.Deleted:
		fmt.Fprintf(a.out, "forgot %s; deleted %s with %s\n", ui.Plural(len(p.Runs), "run"), ui.Plural(p.Swept.Artifacts, "artifact"), ui.Bytes(p.Swept.Bytes))
		if p.Checkpoints > 0 {
			fmt.Fprintf(a.out, "deleted %s of unfinished work with %s\n", ui.Plural(p.Checkpoints, "checkpoint"), ui.Bytes(p.CheckpointBytes))
		}
		if p.Logs > 0 {
			fmt.Fprintf(a.out, "deleted the logs of %s with %s\n", ui.Plural(p.Logs, "run"), ui.Bytes(p.LogBytes))
		}
		if p.Swept.Waiting > 0 {
			fmt.Fprintf(a.out, "%s may still be used by a run that goes on, and will go next time\n", ui.Plural(p.Swept.Waiting, "execution"))
		}
	case len(p.Artifacts) == 0 && len(p.Runs) == 0 && p.Checkpoints == 0 && p.Logs == 0:
		kept := fmt.Sprintf("all %d runs are kept", p.KeptRuns)
		if p.KeptRuns == 1 {
			kept = "the only run is kept"
		}
		fmt.Fprintf(a.out, "nothing to delete: %s\n", kept)
	default:
		fmt.Fprintf(a.out, "would delete %s; `pipe gc --yes` does\n", what)
	}
	return nil
}
