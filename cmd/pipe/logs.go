package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/base/infile"
	"pipe/lineage"
	"pipe/runner"
	"pipe/workspace"
)

func (a *app) logsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "logs [RUN[/STAGE]]",
		Short: "Print what the stages of a run said",
		Long: `Print what stages, and the commands that they ran, said in a run: of all its stages or of one, attempt by attempt.
For a stage that was found in the cache it is the log of the run that did the work. Without a reference it is the
latest run. What could steer a terminal is spelled out, as \x1b; the files in the folder logs of the store hold it as
it was said.`,
		Example: `  pipe logs
  pipe logs penguins/model
  pipe logs 20261123T031500-3f9a2c/score`,
		Args:              args(cobra.MaximumNArgs(1)),
		ValidArgsFunction: a.completeRefs,
		RunE: func(cmd *cobra.Command, words []string) error {
			ws, err := a.host.OpenNearest()
			if err != nil {
				return err
			}
			defer ws.Close()
			word := "latest"
			if len(words) == 1 {
				word = words[0]
			}
			ref, err := ws.DB.Resolve(cmd.Context(), word)
			if err != nil {
				return err
			}
			if ref.RunID == "" {
				return diag.Usage(diag.WithHint(fmt.Errorf("%s is an artifact", word), "name a run, or RUN/STAGE"))
			}
			list, err := ws.DB.Executions(cmd.Context(), ref.RunID)
			if err != nil {
				return err
			}
			shown := 0
			for i := range list {
				e := &list[i]
				if ref.Stage != "" && e.Stage != ref.Stage {
					continue
				}
				if e.CachedFrom != 0 {
					if e, err = ws.DB.Execution(cmd.Context(), e.CachedFrom); err != nil {
						return err
					}
				}
				ok, err := a.printLog(cmd.Context(), ws, e)
				if err != nil {
					return err
				}
				if ok {
					shown++
				}
			}
			if shown == 0 {
				fmt.Fprintln(a.err, "nothing was said")
			}
			return nil
		},
	}
}

// printLog prints the log of one execution, if there is one.
func (a *app) printLog(ctx context.Context, ws *workspace.Workspace, e *lineage.Execution) (bool, error) {
	attempt := max(1, e.Attempt)
	path, err := runner.LogFile(ws.Logs(), e.RunID, e.Stage, attempt)
	if err != nil {
		return false, err
	}
	f, err := infile.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	paint := a.painter(a.out)
	fmt.Fprintln(a.out, paint(bold, fmt.Sprintf("%s/%s attempt %d: %s", e.RunID, e.Stage, attempt, cmp.Or(e.Status, lineage.Running))))
	_, err = io.Copy(a.out, infile.Reader(ctx, f))
	return true, err
}
