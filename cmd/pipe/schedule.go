package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"pipe/diag"
	"pipe/pipeline"
	"pipe/runner"
	"pipe/schedule"
)

func (a *app) scheduleCommand() *cobra.Command {
	var (
		jobs int
		list bool
	)
	cmd := &cobra.Command{
		Use:   "schedule DIR|FILE...",
		Short: "Run pipelines by the schedule: block of their files",
		Long: `Run pipelines when they fall due by the schedule: block of their files (cron expression, time zone, catch_up,
overlap), until the process is stopped. Which ticks have run is kept in the store, so that a restart neither loses nor
doubles one: a run that was cut off is done again, and what fell due in between is caught up as catch_up says. Edits of
the files take effect while it runs.`,
		Example: `  pipe schedule pipelines/
  pipe schedule pipelines/penguins.yaml pipelines/cars.yaml
  pipe schedule pipelines/ --list          when each pipeline runs next, and stop`,
		Args:              args(cobra.MinimumNArgs(1)),
		ValidArgsFunction: pipelineFiles,
		RunE: func(cmd *cobra.Command, words []string) error {
			if err := atLeast(0, jobs, "jobs"); err != nil {
				return err
			}
			s := newScheduling(a, words, jobs)
			defer s.close()
			entries, err := s.entries()
			if err != nil {
				return err
			}
			if len(entries) == 0 {
				return usageError{diag.WithHint(fmt.Errorf("no pipeline in %s has a schedule", strings.Join(words, ", ")),
					"add to a pipeline file: schedule: {cron: \"0 3 * * *\"}")}
			}
			if list {
				return a.printSchedules(entries)
			}
			return s.scheduler().Run(cmd.Context(), nil)
		},
	}
	cmd.Flags().IntVarP(&jobs, "jobs", "j", 0, "stages to run at once in each pipeline (default: one for each CPU)")
	a.gpuFlag(cmd)
	cmd.Flags().BoolVar(&list, "list", false, "list the schedules with their next run, and stop")
	return cmd
}

func (a *app) printSchedules(entries []schedule.Entry) error {
	var rows [][]string
	for _, e := range entries {
		next := "never"
		if at, ok := e.Spec.Next(time.Now()); ok {
			next = at.Format("2006-01-02 15:04 MST")
		}
		rows = append(rows, []string{e.Name, e.Spec.Cron, e.Spec.Timezone, e.Spec.CatchUp, e.Spec.Overlap, next, e.ID})
	}
	return writeTable(a.out, []string{"PIPELINE", "CRON", "TIMEZONE", "CATCH UP", "OVERLAP", "NEXT", "FILE"}, rows)
}

// A scheduling is one `pipe schedule`.
type scheduling struct {
	*app
	words []string // files and folders as named
	jobs  int
	ticks *tickStore
	log   *slog.Logger

	mu     sync.Mutex
	stores map[string]*workspace // by directory
}

func newScheduling(a *app, words []string, jobs int) *scheduling {
	s := &scheduling{app: a, words: words, jobs: jobs, stores: map[string]*workspace{}, log: slog.New(slog.NewTextHandler(a.out, nil))}
	s.ticks = &tickStore{open: s.open}
	return s
}

func (s *scheduling) scheduler() *schedule.Scheduler {
	return &schedule.Scheduler{Store: s.ticks, Entries: s.entries, Start: s.start, Log: s.log}
}

func (s *scheduling) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ws := range s.stores {
		ws.close()
	}
}

// open gives the store of a pipeline file, opened once.
func (s *scheduling) open(file string) (*workspace, error) {
	dir := s.storeFor(file)
	s.mu.Lock()
	defer s.mu.Unlock()
	if ws := s.stores[dir]; ws != nil {
		return ws, nil
	}
	ws, err := open(dir)
	if err == nil {
		s.stores[dir] = ws
	}
	return ws, err
}

// entries reads the files that have a schedule. A file that is wrong is an
// error, so that nobody waits for a pipeline that can never run.
func (s *scheduling) entries() ([]schedule.Entry, error) {
	var entries []schedule.Entry
	var errs []error
	for _, file := range s.files(&errs) {
		plan, err := s.load(file, pipeline.Options{Run: runValues(time.Unix(0, 0))})
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if plan.Schedule != nil {
			entries = append(entries, schedule.Entry{ID: file, Name: plan.Pipeline, Spec: *plan.Schedule})
		}
	}
	return entries, joinProblems(errs)
}

// joinProblems keeps the problems of several files one list.
func joinProblems(errs []error) error {
	var all diag.List
	var others []error
	for _, err := range errs {
		var problems diag.List
		if errors.As(err, &problems) {
			all = append(all, problems...)
		} else {
			others = append(others, err)
		}
	}
	if len(all) > 0 {
		return all
	}
	return errors.Join(others...)
}

// files lists the pipeline files that are named, and those in folders that
// are, each once.
func (s *scheduling) files(errs *[]error) []string {
	var files []string
	for _, word := range s.words {
		st, err := os.Stat(word)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			*errs = append(*errs, missingPipeline(word))
		case err != nil:
			*errs = append(*errs, err)
		case !st.IsDir():
			files = append(files, filepath.Clean(word))
		default:
			for _, pattern := range []string{"*.yaml", "*.yml"} {
				found, _ := filepath.Glob(filepath.Join(escapeGlob(word), pattern)) // the pattern is well formed
				files = append(files, found...)
			}
		}
	}
	slices.Sort(files)
	return slices.Compact(files)
}

func escapeGlob(dir string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(dir)
}

// runValues are what a pipeline file can use as ${run.NAME}.
func runValues(at time.Time) map[string]string {
	return map[string]string{"scheduled_time": at.UTC().Format(time.RFC3339)}
}

// start runs a pipeline for a tick.
func (s *scheduling) start(ctx context.Context, tick schedule.Tick) error {
	plan, err := s.load(tick.Entry.ID, pipeline.Options{Run: runValues(tick.At)})
	if err != nil {
		return err
	}
	ws, err := s.open(tick.Entry.ID)
	if err != nil {
		return err
	}
	v := &logView{log: s.log, pipeline: plan.Pipeline, started: func(runID string) error {
		return s.ticks.started(ctx, tick.Entry.ID, tick.At, runID)
	}}
	_, err = s.runPlan(ctx, ws, plan, runner.Options{Trigger: "schedule", ScheduledAt: tick.At, Gates: true}, s.jobs, v)
	return err
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
	case runner.StageFinished:
		if ev.Err != nil {
			v.log.Error("stage failed", "pipeline", v.pipeline, "stage", ev.Stage, "error", ev.Err)
		}
	case runner.GateJudged:
		_, _, text := gateText(ev)
		v.log.Info("gate judged", "pipeline", v.pipeline, "stage", ev.Stage, "outcome", ev.Decision.Outcome, "model", ev.Decision.Event.Model.Short(), "decision", text)
	case runner.RunFinished:
		v.log.Info("run ended", "run", ev.Result.RunID, "status", ev.Result.Status, "summary", summary(v.pipeline, ev.Result))
	}
}
