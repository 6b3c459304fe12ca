package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/lineage"
	"pipe/schedule"
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
			return a.withSchedule(cmd.Context(), words[0], flags.jobs, func(s *scheduling, p picked) error {
				at := time.Now().UTC().Truncate(time.Second)
				for ; ; at = at.Add(time.Second) { // the schedule may have a tick at the very second
					ok, err := p.db.AskForTick(cmd.Context(), p.ID, at, lineage.TickRun)
					if err != nil {
						return err
					}
					if ok {
						return s.workOff(cmd.Context(), p, []time.Time{at}, flags.detach)
					}
				}
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
			return a.withSchedule(cmd.Context(), words[0], flags.jobs, func(s *scheduling, p picked) error {
				tick, err := p.retried(cmd.Context(), words[1:])
				if err != nil {
					return err
				}
				if _, err := p.db.AskForTick(cmd.Context(), p.ID, tick.ScheduledAt, lineage.TickRetry); err != nil {
					return err
				}
				return s.workOff(cmd.Context(), p, []time.Time{tick.ScheduledAt}, flags.detach)
			})
		},
	}
	flags.register(cmd, a)
	return cmd
}

// retried finds the tick to try again: at a time, or the newest that failed.
func (p picked) retried(ctx context.Context, words []string) (lineage.Tick, error) {
	if len(words) == 0 {
		ticks, err := p.db.Ticks(ctx, p.ID, 1000)
		if err != nil {
			return lineage.Tick{}, err
		}
		for _, t := range ticks {
			if t.State == lineage.TickFailed {
				return t, nil
			}
		}
		return lineage.Tick{}, diag.Usage(diag.WithHint(fmt.Errorf("no tick of %s has failed", p.Pipeline), "name another one by its time, see pipe schedule --history"))
	}
	at, _, err := p.day(words[0])
	if err != nil {
		return lineage.Tick{}, err
	}
	ticks, err := p.db.TicksBetween(ctx, p.ID, at, at)
	switch {
	case err != nil:
		return lineage.Tick{}, err
	case len(ticks) == 0:
		return lineage.Tick{}, diag.Usage(diag.WithHint(fmt.Errorf("%s has no tick at %s", p.Pipeline, p.clock(at)),
			"pipe schedule --history lists them; pipe schedule backfill makes ticks of times without one"))
	case ticks[0].Finished.IsZero():
		return lineage.Tick{}, diag.Usage(fmt.Errorf("the tick of %s is %s", p.clock(at), ticks[0].State))
	case ticks[0].State == lineage.TickDone:
		return lineage.Tick{}, diag.Usage(diag.WithHint(fmt.Errorf("the tick of %s is done", p.clock(at)), "pipe rerun "+ticks[0].RunID+" repeats its run"))
	}
	return ticks[0], nil
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
			return a.withSchedule(cmd.Context(), words[0], flags.jobs, func(s *scheduling, p picked) error {
				return s.backfill(cmd.Context(), p, from, to, dryRun, flags.detach)
			})
		},
	}
	flags.register(cmd, a)
	cmd.Flags().StringVar(&from, "from", "", "the first day, or a time")
	cmd.Flags().StringVar(&to, "to", "", "the last day, or a time (default: now)")
	cmd.Flags().BoolVarP(&dryRun, "dry-run", "n", false, "only list the times")
	return cmd
}

// maxBackfill is the most ticks that one command asks for.
const maxBackfill = 10000

func (s *scheduling) backfill(ctx context.Context, p picked, from, to string, dryRun, detach bool) error {
	now := time.Now()
	begin, _, err := p.day(from)
	if err != nil {
		return err
	}
	end := now
	if to != "" {
		if _, end, err = p.day(to); err != nil {
			return err
		}
	}
	if end.After(now) {
		end = now
	}
	var times []time.Time
	for at, ok := p.entry.Spec.Next(begin.Add(-time.Second)); ok && !at.After(end); at, ok = p.entry.Spec.Next(at) {
		if len(times) == maxBackfill {
			return diag.Usage(diag.WithHint(fmt.Errorf("there are more than %d ticks in that range", maxBackfill), "take a shorter one"))
		}
		times = append(times, at)
	}
	if len(times) == 0 {
		return diag.Usage(fmt.Errorf("%s was not due between %s and %s", p.Pipeline, p.clock(begin), p.clock(end)))
	}
	known, err := p.db.TicksBetween(ctx, p.ID, begin, end)
	if err != nil {
		return err
	}
	states := map[int64]lineage.TickState{}
	for _, t := range known {
		states[t.ScheduledAt.Unix()] = t.State
	}
	var rows [][]string
	var wanted []time.Time
	for _, at := range times {
		state, what := string(states[at.Unix()]), "run"
		switch lineage.TickState(state) {
		case lineage.TickDone, lineage.TickWaiting, lineage.TickClaimed, lineage.TickRunning:
			what = "leave"
		default:
			wanted = append(wanted, at)
		}
		if state == "" {
			state = "-"
		}
		rows = append(rows, []string{p.clock(at), state, what})
	}
	if dryRun {
		return writeTable(s.out, []string{"TICK", "STATE", "BACKFILL"}, rows)
	}
	asked := wanted[:0]
	for _, at := range wanted {
		ok, err := p.db.AskForTick(ctx, p.ID, at, lineage.TickBackfill)
		if err != nil {
			return err
		}
		if ok {
			asked = append(asked, at)
		}
	}
	if len(asked) == 0 {
		fmt.Fprintf(s.out, "nothing to do: all %s are done or in line\n", plural(len(times), "tick"))
		return nil
	}
	return s.workOff(ctx, p, asked, detach)
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
			return a.withKnownSchedule(cmd.Context(), words[0], func(p picked) error {
				n, err := p.db.DropAskedTicks(cmd.Context(), p.ID)
				if err == nil {
					fmt.Fprintf(a.out, "%s: %s given up\n", diag.Visible(p.Pipeline), plural(int(n), "tick"))
				}
				return err
			})
		},
	}
}

// workOff runs what was asked for, or waits for the process that does, and says
// how it ended.
func (s *scheduling) workOff(ctx context.Context, p picked, asked []time.Time, detach bool) error {
	if detach {
		fmt.Fprintf(s.out, "%s in line for the next pipe schedule of %s\n", plural(len(asked), "tick"), diag.Visible(p.file))
		return nil
	}
	scheduler := s.scheduler()
	scheduler.AskedOnly = true
	scheduler.Poll = time.Second
	scheduler.Entries = func(context.Context) ([]schedule.Entry, error) { return []schedule.Entry{p.entry}, nil }
	if err := scheduler.Run(ctx, nil); err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return diag.WithHint(fmt.Errorf("%w; what was asked for stays in line for the next pipe schedule", err),
			"pipe schedule cancel "+diag.ShellWord(p.file)+" gives it up")
	}
	ticks, err := p.db.TicksBetween(ctx, p.ID, asked[0], asked[len(asked)-1])
	if err != nil {
		return err
	}
	wanted := map[int64]bool{}
	for _, at := range asked {
		wanted[at.Unix()] = true
	}
	var rows [][]string
	failed := 0
	for _, t := range ticks {
		if !wanted[t.ScheduledAt.Unix()] {
			continue
		}
		if t.State != lineage.TickDone {
			failed++
		}
		rows = append(rows, []string{p.clock(t.ScheduledAt), string(t.State), t.RunID, firstLine(t.Reason)})
	}
	if err := writeTable(s.out, []string{"TICK", "STATE", "RUN", "REASON"}, rows); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %s did not succeed", failed, plural(len(asked), "tick"))
	}
	return nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
