package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/workspace/schedules"
)

// The commands that change a schedule beside the process that acts for it, which
// notices within its poll.

func (a *app) schedulePauseCommand() *cobra.Command {
	return a.scheduleChange(&cobra.Command{
		Use:   "pause PIPELINE|FILE...",
		Short: "Stop schedules from running, until they are resumed",
		Long: `Stop schedules from running, also after a restart, until pipe schedule resume. A run that is under way goes on. What
falls due in the pause is recorded as skipped and not made up for; pipe schedule backfill can.`,
		Example: "  pipe schedule pause nightly",
	}, "paused", func(ctx context.Context, p *schedules.Picked) (string, error) {
		return "", p.Pause(ctx)
	})
}

func (a *app) scheduleResumeCommand() *cobra.Command {
	return a.scheduleChange(&cobra.Command{
		Use:     "resume PIPELINE|FILE...",
		Short:   "Let paused schedules run again, from now",
		Example: "  pipe schedule resume nightly",
	}, "resumed", func(ctx context.Context, p *schedules.Picked) (string, error) {
		return "", p.Resume(ctx)
	})
}

func (a *app) scheduleResetCommand() *cobra.Command {
	return a.scheduleChange(&cobra.Command{
		Use:   "reset PIPELINE|FILE...",
		Short: "Take schedules up from now, after the clock was wrong",
		Long: `Take schedules up from now. A clock that was in the future once, if only for seconds, has decided all ticks up to
then, and nothing is due until that time comes. Ended ticks after now are forgotten; their runs stay. What fell due
before now is not made up for; pipe schedule backfill can.`,
		Example: "  pipe schedule reset nightly",
	}, "taken up from now", func(ctx context.Context, p *schedules.Picked) (string, error) {
		n, err := p.Reset(ctx)
		if n == 0 || err != nil {
			return "", err
		}
		return fmt.Sprintf("; %s after now forgotten", ui.Plural(int(n), "tick")), nil
	})
}

// scheduleChange makes a command that does one thing to each schedule.
func (a *app) scheduleChange(cmd *cobra.Command, done string, change func(context.Context, *schedules.Picked) (string, error)) *cobra.Command {
	cmd.Args = args(cobra.MinimumNArgs(1))
	cmd.ValidArgsFunction = a.completeSchedules
	cmd.RunE = func(cmd *cobra.Command, words []string) error {
		for _, word := range words {
			err := a.withKnownSchedule(cmd.Context(), word, func(p *schedules.Picked) error {
				more, err := change(cmd.Context(), p)
				if err == nil {
					_, err = fmt.Fprintf(a.out, "%s is %s%s\n", diag.Visible(p.Pipeline), done, more)
				}
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	}
	return cmd
}
