package main

import (
	"github.com/spf13/cobra"

	"pipe/runner"
	"pipe/workspace"
)

func (a *app) rerunCommand() *cobra.Command {
	var (
		which     choiceFlags
		jobs      int
		keepGoing bool
		asJSON    bool
		verbose   bool
		dryRun    bool
		allowExec bool
	)
	cmd := &cobra.Command{
		Use:   "rerun RUN [STAGE...]",
		Short: "Run again what was run before, as it was then",
		Long: `Repeat a run from what was recorded of it: the text of its pipeline file, its parameters, its seed, and the bytes
of the files that it read. It does not matter whether the pipeline file or the data has changed since or is gone.
What is still in the store is not made again. A file that the run did not come to read is read now.
A run that pipe import has brought has commands of somebody else: they run with --allow-exec only.

RUN is "latest", the name of a pipeline for its latest run, or a run ID or the beginning of one.

` + exitCodeHelp(),
		Example: `  pipe rerun 20261123T031500-3f9a2c
  pipe rerun penguins --from model
  pipe rerun latest --dry-run`,
		Args:              args(cobra.MinimumNArgs(1)),
		ValidArgsFunction: a.completeRefs,
		RunE: func(cmd *cobra.Command, words []string) error {
			ctx := cmd.Context()
			return withWorkspace(a.host.OpenNearestToWrite, func(ws *workspace.Workspace) error {
				run, err := ws.DB.RunByRef(ctx, words[0])
				if err != nil {
					return err
				}
				plan, err := ws.Repeated(ctx, run)
				if err != nil {
					return err
				}
				opt := runner.Options{KeepGoing: keepGoing, Trigger: "rerun", ScheduledAt: run.ScheduledAt, RerunOf: run.ID}
				if plan, err = which.apply(plan, words[1:], &opt); err != nil {
					return err
				}
				if !allowExec && !dryRun {
					if err := workspace.CheckCommands(run, plan); err != nil {
						return err
					}
				}
				if dryRun {
					return a.forecast(ctx, ws, plan, opt, verbose, asJSON)
				}
				_, err = a.runPlan(ctx, ws, plan, opt, jobs, a.newView(asJSON, verbose, ws.Dir), nil)
				return err
			})
		},
	}
	which.register(cmd, a)
	allowExecFlag(cmd, &allowExec)
	cmd.Flags().BoolVarP(&dryRun, "dry-run", "n", false, "only say what would be run, and why")
	cmd.Flags().IntVarP(&jobs, "jobs", "j", 0, "stages to run at once (default: one for each CPU)")
	a.gpuFlag(cmd)
	cmd.Flags().BoolVarP(&keepGoing, "keep-going", "k", false, "after a failure, go on with stages that do not depend on it")
	jsonFlag(cmd, &asJSON, printEvents)
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "show what the stages say")
	return cmd
}
