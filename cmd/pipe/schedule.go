package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/lineage"
	"pipe/runner"
	"pipe/schedule"
	"pipe/workspace"
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
				if words, err = a.knownFiles(cmd.Context()); err != nil {
					return err
				}
			}
			s := newScheduling(a, words, jobs)
			defer s.close()
			if asJSON {
				s.logTo(slog.NewJSONHandler(a.out, nil))
			}
			switch {
			case list:
				return s.printList(cmd.Context(), asJSON)
			case history:
				return s.printHistory(cmd.Context(), limit, asJSON)
			}
			entries, err := s.entries(cmd.Context())
			if err != nil {
				return err
			}
			if problems := s.files.problems(); problems != nil && (strict || len(entries) == 0) {
				return problems
			}
			if len(entries) == 0 {
				return s.noSchedule()
			}
			return s.scheduler().Run(cmd.Context(), nil)
		},
	}
	cmd.Flags().IntVarP(&jobs, "jobs", "j", 0, "stages to run at once in each pipeline (default: one for each CPU)")
	a.gpuFlag(cmd)
	cmd.Flags().BoolVar(&strict, "strict", false, "do not start while a file is wrong")
	cmd.Flags().BoolVar(&list, "list", false, "list the schedules with their last and next tick, and stop")
	cmd.Flags().BoolVar(&history, "history", false, "list the newest ticks with what became of them, and stop")
	cmd.Flags().IntVar(&limit, "limit", 20, "how many ticks to list; 0 is all")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON: the log, a line for each message, or the list or history")
	cmd.AddCommand(a.scheduleRunCommand(), a.scheduleRetryCommand(), a.scheduleBackfillCommand(), a.scheduleCancelCommand(),
		a.schedulePauseCommand(), a.scheduleResumeCommand(), a.scheduleResetCommand())
	return cmd
}

// A scheduling is one `pipe schedule`.
type scheduling struct {
	*app
	jobs  int
	files *scheduleFiles
	ticks *tickStore
	log   *slog.Logger

	opening func(dir string) (*workspace.Workspace, error)
	mu      sync.Mutex
	stores  map[string]*workspace.Workspace // by directory
}

func newScheduling(a *app, words []string, jobs int) *scheduling {
	s := &scheduling{app: a, jobs: jobs, opening: a.host.Open, stores: map[string]*workspace.Workspace{}}
	s.ticks = newTickStore(s.open)
	s.files = &scheduleFiles{app: a, words: words, store: s}
	s.logTo(slog.NewTextHandler(a.out, nil))
	return s
}

// logTo chooses where and how is logged.
func (s *scheduling) logTo(h slog.Handler) {
	s.log = slog.New(h)
	s.files.log = s.log
}

func (s *scheduling) scheduler() *schedule.Scheduler {
	return &schedule.Scheduler{Store: s.ticks, Entries: s.files.list, Start: s.start, Log: s.log}
}

func (s *scheduling) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ws := range s.stores {
		ws.Close()
	}
}

// open gives the store of a pipeline file, opened once.
func (s *scheduling) open(file string) (*workspace.Workspace, error) {
	dir := s.host.StoreOf(file)
	s.mu.Lock()
	defer s.mu.Unlock()
	if ws := s.stores[dir]; ws != nil {
		return ws, nil
	}
	ws, err := s.opening(dir)
	if err == nil {
		s.stores[dir] = ws
	}
	return ws, err
}

func (s *scheduling) keptVersion(ctx context.Context, file string) (text string) {
	s.withKept(ctx, file, func(db *lineage.DB, id int64) (err error) {
		text, err = db.ScheduleSource(ctx, id)
		return err
	})
	return text
}

func (s *scheduling) dropVersion(ctx context.Context, file string) {
	if ws, err := s.open(file); err == nil && ws.DB.ReadOnly() {
		return
	}
	if s.keptVersion(ctx, file) != "" {
		s.withKept(ctx, file, func(db *lineage.DB, id int64) error { return db.DropSource(ctx, id) })
	}
}

// withKept does something about the version of a file that is in its store,
// should it be in one.
func (s *scheduling) withKept(ctx context.Context, file string, do func(db *lineage.DB, id int64) error) {
	if !workspace.IsStore(s.host.StoreOf(file)) {
		return
	}
	db, id, err := s.ticks.schedule(ctx, file)
	if err == nil {
		err = do(db, id)
	}
	if err != nil && !errors.As(err, new(*unknownSchedule)) {
		s.log.Warn("cannot look up the last good version", "file", file, "error", err)
	}
}

// entries lists the schedules at the start. The end of ctx ends the wait for a
// file system that hangs.
func (s *scheduling) entries(ctx context.Context) (entries []schedule.Entry, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		entries, err = s.files.list(ctx)
	}()
	select {
	case <-done:
		return entries, err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (s *scheduling) noSchedule() error {
	return diag.Usage(diag.WithHint(fmt.Errorf("no pipeline in %s has a schedule", strings.Join(s.files.words, ", ")),
		"add to a pipeline file: schedule: {cron: \"0 3 * * *\"}"))
}

// start runs a pipeline for a tick. A tick leaves a run, also if it cannot
// begin: a failed one, with the reason.
func (s *scheduling) start(ctx context.Context, tick schedule.Tick) error {
	ws, err := s.open(tick.Entry.ID)
	if err != nil {
		return err
	}
	plan, err := s.host.LoadVersion(tick.Entry.ID, []byte(tick.Entry.Text), tick.At)
	if err == nil {
		v := &logView{log: s.log, pipeline: plan.Pipeline, started: func(runID string) error {
			return s.ticks.started(ctx, tick.Entry.ID, tick.At, runID)
		}}
		var res *runner.Result
		res, err = s.runPlan(ctx, ws, plan, runner.Options{Trigger: "schedule", ScheduledAt: tick.At, Gates: true}, s.jobs, v, nil)
		if res != nil {
			return err
		}
	}
	if err == nil || ctx.Err() != nil {
		return err
	}
	runID, recordErr := ws.RecordFailure(ctx, lineage.Run{Pipeline: tick.Entry.Name, File: filepath.ToSlash(tick.Entry.ID),
		SpecText: tick.Entry.Text, Trigger: "schedule", ScheduledAt: tick.At}, err)
	if recordErr == nil {
		recordErr = s.ticks.started(ctx, tick.Entry.ID, tick.At, runID)
	}
	return errors.Join(err, recordErr)
}

// A logView notes the begin and the end of a run, and what failed in it.
type logView struct {
	log      *slog.Logger
	pipeline string
	started  func(runID string) error
}

func (v *logView) close() {}

func (v *logView) event(ev runner.Event) {
	switch ev := ev.(type) {
	case runner.RunStarted:
		if err := v.started(ev.RunID); err != nil {
			// The run itself says which tick it is for, so this is no reason
			// to stop it.
			v.log.Warn("tick is not linked to its run", "run", ev.RunID, "error", err)
		}
	case runner.StageWaiting:
		v.log.Info("stage waits", "pipeline", v.pipeline, "stage", ev.Stage, "note", waitingText(ev))
	case runner.StageFinished:
		switch {
		case ev.Err == nil:
		case ev.Status == lineage.Interrupted, ev.Status == lineage.Cancelled:
			v.log.Info("stage stopped", "pipeline", v.pipeline, "stage", ev.Stage, "status", ev.Status)
		default:
			v.log.Error("stage failed", "pipeline", v.pipeline, "stage", ev.Stage, "error", ev.Err)
		}
	case runner.GateJudged:
		_, _, text := gateText(ev)
		v.log.Info("gate judged", "pipeline", v.pipeline, "stage", ev.Stage, "outcome", ev.Decision.Outcome, "model", ev.Decision.Event.Model.Short(), "decision", text)
	case runner.RunFinished:
		v.log.Info("run ended", "run", ev.Result.RunID, "status", ev.Result.Status, "summary", summary(v.pipeline, ev.Result))
	}
}
