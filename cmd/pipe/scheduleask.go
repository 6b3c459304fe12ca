package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/lineage/ticks"
	"pipe/workspace/schedules"
)

// The commands that ask for ticks. They put them in line in the table of ticks,
// where no tick is twice, and then work them off, unless another process acts for
// the schedule: that one does it, and they wait for it.

type askFlags struct {
	jobs   int
	detach bool
}

func (f *askFlags) register(cmd *cobra.Command, a *app) {
	cmd.Flags().IntVarP(&f.jobs, "jobs", "j", 0, "stages to run at once (default: one for each CPU)")
	a.gpuFlag(cmd)
	cmd.Flags().BoolVar(&f.detach, "detach", false, "only put it in line for the next pipe schedule, and do not wait")
}

func (a *app) scheduleRunCommand() *cobra.Command {
	var flags askFlags
	cmd := &cobra.Command{
		Use:   "run PIPELINE|FILE",
		Short: "Run a scheduled pipeline now, in turn with its schedule",
		Long: `Run a scheduled pipeline now. It waits for a run of its schedule that is under way, also in another process, and what
falls due meanwhile waits for it. run.scheduled_time is the time now.

If pipe schedule is at work on the pipeline, that process runs it, and this one waits; else it is run here.`,
		Example: `  pipe schedule run nightly
  pipe schedule run pipelines/nightly.yaml --detach`,
		Args:              args(cobra.ExactArgs(1)),
		ValidArgsFunction: a.completeSchedules,
		RunE: func(cmd *cobra.Command, words []string) error {
			return a.withSchedule(cmd.Context(), words[0], flags.jobs, func(s *schedules.Service, p *schedules.Picked) error {
				at, err := p.AskNow(cmd.Context())
				if err != nil {
					return err
				}
				return a.workOff(cmd.Context(), s, p, []time.Time{at}, flags.detach)
			})
		},
	}
	flags.register(cmd, a)
	return cmd
}

func (a *app) scheduleRetryCommand() *cobra.Command {
	var flags askFlags
	cmd := &cobra.Command{
		Use:   "retry PIPELINE|FILE [TIME]",
		Short: "Run a tick of a schedule again that failed, was skipped or missed",
		Long: `Run a tick of a schedule again with its time: the newest that failed, or the one of TIME, as pipe schedule --history
prints it. One that is done is not run again.`,
		Example: `  pipe schedule retry nightly
  pipe schedule retry nightly "2026-01-31 03:00"`,
		Args:              args(cobra.RangeArgs(1, 2)),
		ValidArgsFunction: a.completeSchedules,
		RunE: func(cmd *cobra.Command, words []string) error {
			when := ""
			if len(words) == 2 {
				when = words[1]
			}
			return a.withSchedule(cmd.Context(), words[0], flags.jobs, func(s *schedules.Service, p *schedules.Picked) error {
				at, err := p.AskAgain(cmd.Context(), when)
				if err != nil {
					return err
				}
				return a.workOff(cmd.Context(), s, p, []time.Time{at}, flags.detach)
			})
		},
	}
	flags.register(cmd, a)
	return cmd
}

func (a *app) scheduleBackfillCommand() *cobra.Command {
	var (
		flags    askFlags
		from, to string
		dryRun   bool
	)
	cmd := &cobra.Command{
		Use:   "backfill PIPELINE|FILE",
		Short: "Run the ticks of a schedule in a range of past days",
		Long: `Run the pipeline once for each time at which its schedule, as it is now, was due from one day to another, both included,
oldest first. Times whose tick is done are left out, so it can be repeated. Days are those of the time zone of the
schedule. What falls due meanwhile goes first.`,
		Example: `  pipe schedule backfill nightly --from 2026-01-01 --to 2026-01-31 --dry-run
  pipe schedule backfill nightly --from 2026-01-01`,
		Args:              args(cobra.ExactArgs(1)),
		ValidArgsFunction: a.completeSchedules,
		RunE: func(cmd *cobra.Command, words []string) error {
			if from == "" {
				return diag.Usage(diag.WithHint(errors.New("missing flag --from"), "say which day to begin with: --from 2026-01-31"))
			}
			return a.withSchedule(cmd.Context(), words[0], flags.jobs, func(s *schedules.Service, p *schedules.Picked) error {
				return a.backfill(cmd.Context(), s, p, from, to, dryRun, flags.detach)
			})
		},
	}
	flags.register(cmd, a)
	cmd.Flags().StringVar(&from, "from", "", "the first day, or a time")
	cmd.Flags().StringVar(&to, "to", "", "the last day, or a time (default: now)")
	cmd.Flags().BoolVarP(&dryRun, "dry-run", "n", false, "only list the times")
	return cmd
}

func (a *app) backfill(ctx context.Context, s *schedules.Service, p *schedules.Picked, from, to string, dryRun, detach bool) error {
	list, err := p.Missed(ctx, from, to)
	if err != nil {
		return err
	}
	if dryRun {
		var rows [][]string
		for _, m := range list {
			what := "leave"
			if m.Wanted {
				what = "run"
			}
			rows = append(rows, []string{p.Clock(m.At), cmp.Or(m.State, "-"), what})
		}
		return ui.Table(a.out, []string{"TICK", "STATE", "BACKFILL"}, rows)
	}
	asked, err := p.AskFor(ctx, list)
	if err != nil {
		return err
	}
	if len(asked) == 0 {
		fmt.Fprintf(a.out, "nothing to do: all %s are done or in line\n", ui.Plural(len(list), "tick"))
		return nil
	}
	return a.workOff(ctx, s, p, asked, detach)
}

func (a *app) scheduleCancelCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "cancel PIPELINE|FILE",
		Short: "Give up the ticks of a schedule that were asked for and wait",
		Long: `Give up the ticks that run, retry or backfill have put in line and that no process has begun. A run that has begun
goes on.`,
		Example:           "  pipe schedule cancel nightly",
		Args:              args(cobra.ExactArgs(1)),
		ValidArgsFunction: a.completeSchedules,
		RunE: func(cmd *cobra.Command, words []string) error {
			return a.withKnownSchedule(cmd.Context(), words[0], func(p *schedules.Picked) error {
				n, err := p.Cancel(cmd.Context())
				if err == nil {
					fmt.Fprintf(a.out, "%s: %s given up\n", diag.Visible(p.Pipeline), ui.Plural(int(n), "tick"))
				}
				return err
			})
		},
	}
}

// workOff runs what was asked for, or waits for the process that does, and says
// how it ended.
func (a *app) workOff(ctx context.Context, s *schedules.Service, p *schedules.Picked, asked []time.Time, detach bool) error {
	if detach {
		fmt.Fprintf(a.out, "%s in line for the next pipe schedule of %s\n", ui.Plural(len(asked), "tick"), diag.Visible(p.Path))
		return nil
	}
	done, err := s.WorkOff(ctx, p, asked)
	if err != nil {
		return err
	}
	var rows [][]string
	failed := 0
	for _, t := range done {
		if t.State != ticks.Done {
			failed++
		}
		rows = append(rows, []string{p.Clock(t.ScheduledAt), string(t.State), t.RunID, firstLine(t.Reason)})
	}
	if err := ui.Table(a.out, []string{"TICK", "STATE", "RUN", "REASON"}, rows); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %s did not succeed", failed, ui.Plural(len(asked), "tick"))
	}
	return nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// completeSchedules completes the names of schedules, and files.
func (a *app) completeSchedules(cmd *cobra.Command, words []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	if stored, err := schedules.Stored(cmd.Context(), a.host); err == nil && len(words) == 0 {
		for _, s := range stored {
			names = append(names, s.Pipeline)
		}
	}
	return names, cobra.ShellCompDirectiveDefault
}

// withSchedule does something with a schedule whose file can be read, or has a
// good version in the store. One that no scheduler has seen becomes known.
func (a *app) withSchedule(ctx context.Context, word string, jobs int, do func(s *schedules.Service, p *schedules.Picked) error) error {
	if err := atLeast(0, jobs, "jobs"); err != nil {
		return err
	}
	file, err := schedules.FindFile(ctx, a.host, word)
	if err != nil {
		return err
	}
	s := a.service([]string{file}, jobs, false)
	defer s.Close()
	p, err := s.Pick(ctx, file)
	if err != nil {
		return err
	}
	return do(s, p)
}

// withKnownSchedule does something with a schedule, whatever became of its file.
func (a *app) withKnownSchedule(ctx context.Context, word string, do func(p *schedules.Picked) error) error {
	file, err := schedules.FindFile(ctx, a.host, word)
	if err != nil {
		return err
	}
	s := a.service([]string{file}, 0, false)
	defer s.Close()
	p, err := s.PickKnown(ctx, file)
	if err != nil {
		return err
	}
	return do(p)
}
