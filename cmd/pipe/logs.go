package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"pipe/base/infile"
	"pipe/cmd/pipe/ui"
	"pipe/workspace"
	"pipe/workspace/runs"
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
			return withWorkspace(a.host.OpenNearest, func(ws *workspace.Workspace) error {
				word := "latest"
				if len(words) == 1 {
					word = words[0]
				}
				logs, err := runs.Logs(cmd.Context(), ws, word)
				if err != nil {
					return err
				}
				shown := 0
				for i := range logs {
					ok, err := a.printLog(cmd.Context(), &logs[i])
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
			})
		},
	}
}

// printLog prints a log, if something was said.
func (a *app) printLog(ctx context.Context, l *runs.Log) (bool, error) {
	f, err := l.Open()
	if f == nil || err != nil {
		return false, err
	}
	defer f.Close()
	paint := a.painter(a.out)
	fmt.Fprintln(a.out, paint(ui.Bold, fmt.Sprintf("%s/%s attempt %d: %s", l.Run, l.Stage, l.Attempt, l.Status)))
	_, err = io.Copy(a.out, infile.Reader(ctx, f))
	return true, err
}
