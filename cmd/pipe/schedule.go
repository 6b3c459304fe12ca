package main

import (
	"errors"
	"log/slog"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/lineage"
	"pipe/runner"
	"pipe/workspace/schedules"
)

func (a *app) scheduleCommand() *cobra.Command {
	var (
		jobs, limit           int
		strict, list, history bool
		asJSON                bool
	)
	cmd := &cobra.Command{
		Use:   "schedule [DIR|FILE...]",
		Short: "Run pipelines by the schedule: block of their files",
		Long: `Run pipelines when they fall due by the schedule: block of their files (cron expression, time zone, catch_up,
overlap), until the process is stopped. Which ticks have run is kept in the store, so that a restart neither loses nor
doubles one: a run that was cut off is done again, and what fell due in between is caught up as catch_up says. Edits of
the files take effect while it runs. A file that is wrong stops no other: its last good version goes on, and the log
says what is wrong. Of several processes one acts for each schedule; the others stand by.

With --list, say what became of each schedule last and when it is due next; with --history, list the ticks. Both take
the schedules of the nearest store if no file is named. A folder that is called like one of the commands is ./NAME.`,
		Example: `  pipe schedule pipelines/
  pipe schedule pipelines/penguins.yaml pipelines/cars.yaml
  pipe schedule pipelines/ --strict        do not start while a file is wrong
  pipe schedule --list
  pipe schedule --history --limit 50
  pipe schedule run nightly                now, in turn with the schedule
  pipe schedule backfill nightly --from 2026-01-01 --to 2026-01-31`,
		Args: func(cmd *cobra.Command, words []string) error {
			if len(words) == 0 && !list && !history {
				return diag.Usage(diag.WithHint(errors.New("missing argument DIR|FILE"), "write it as: pipe schedule DIR|FILE..."))
			}
			return nil
		},
		ValidArgsFunction: pipelineFiles,
		RunE: func(cmd *cobra.Command, words []string) error {
			if err := atLeast(0, jobs, "jobs"); err != nil {
				return err
			}
			if err := atLeast(0, limit, "limit"); err != nil {
				return err
			}
			if list && history {
				return diag.Usagef("--list and --history are two questions: ask one")
			}
			if len(words) == 0 {
				var err error
				if words, err = schedules.KnownFiles(cmd.Context(), a.host); err != nil {
					return err
				}
			}
			switch {
			case list:
				return a.listSchedules(cmd.Context(), words, asJSON)
			case history:
				return a.listTicks(cmd.Context(), words, limit, asJSON)
			}
			s := a.service(words, jobs, asJSON)
			defer s.Close()
			entries, err := s.Entries(cmd.Context())
			if err != nil {
				return err
			}
			if problems := s.Problems(); problems != nil && (strict || len(entries) == 0) {
				return problems
			}
			if len(entries) == 0 {
				return s.NoSchedule()
			}
			return s.Scheduler().Run(cmd.Context(), nil)
		},
	}
	cmd.Flags().IntVarP(&jobs, "jobs", "j", 0, "stages to run at once in each pipeline (default: one for each CPU)")
	a.gpuFlag(cmd)
	cmd.Flags().BoolVar(&strict, "strict", false, "do not start while a file is wrong")
	cmd.Flags().BoolVar(&list, "list", false, "list the schedules with their last and next tick, and stop")
	cmd.Flags().BoolVar(&history, "history", false, "list the newest ticks with what became of them, and stop")
	cmd.Flags().IntVar(&limit, "limit", 20, "how many ticks to list; 0 is all")
	jsonFlag(cmd, &asJSON, "print JSON: the log, a line for each message, or the list or history")
	cmd.AddCommand(a.scheduleRunCommand(), a.scheduleRetryCommand(), a.scheduleBackfillCommand(), a.scheduleCancelCommand(),
		a.schedulePauseCommand(), a.scheduleResumeCommand(), a.scheduleResetCommand())
	return cmd
}

// service is one that logs to standard output.
func (a *app) service(words []string, jobs int, asJSON bool) *schedules.Service {
	log := slog.New(slog.NewTextHandler(a.out, nil))
	if asJSON {
		log = slog.New(slog.NewJSONHandler(a.out, nil))
	}
	s := schedules.New(a.host, words, jobs, log)
	s.Watch = func(pipeline string) func(runner.Event) { return (&logView{log: log, pipeline: pipeline}).event }
	return s
}

// A logView notes the end of a run, and what failed in it.
type logView struct {
	log      *slog.Logger
	pipeline string
}

func (v *logView) event(ev runner.Event) {
	switch ev := ev.(type) {
	case runner.StageWaiting:
		v.log.Info("stage waits", "pipeline", v.pipeline, "stage", ev.Stage, "note", ui.Waiting(ev))
	case runner.StageFinished:
		switch {
		case ev.Err == nil:
		case ev.Status == lineage.Interrupted, ev.Status == lineage.Cancelled:
			v.log.Info("stage stopped", "pipeline", v.pipeline, "stage", ev.Stage, "status", ev.Status)
		default:
			v.log.Error("stage failed", "pipeline", v.pipeline, "stage", ev.Stage, "error", ev.Err)
		}
	case runner.GateJudged:
		_, _, text := ui.Gate(ev)
		v.log.Info("gate judged", "pipeline", v.pipeline, "stage", ev.Stage, "outcome", ev.Decision.Outcome, "model", ev.Decision.Event.Model.Short(), "decision", text)
	case runner.RunFinished:
		v.log.Info("run ended", "run", ev.Result.RunID, "status", ev.Result.Status, "summary", ui.Summary(v.pipeline, ev.Result))
	}
}
