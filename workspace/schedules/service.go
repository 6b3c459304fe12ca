// Package schedules runs pipelines by the schedule: block of their files, and says
// and changes what became of the schedules. Which ticks fall due, and who acts, is
// decided in package schedule; this one gives it the files, their stores as its
// memory, and the runs.
package schedules

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"

	"pipe/base/diag"
	"pipe/lineage"
	"pipe/lineage/ticks"
	"pipe/runner"
	"pipe/schedule"
	"pipe/workspace"
)

// A Service follows the pipeline files of some schedules, with their stores.
type Service struct {
	// Watch, if set, gives what receives the events of a run of a pipeline.
	Watch func(pipeline string) func(runner.Event)

	host  *workspace.Host
	jobs  int
	files *files
	ticks *tickStore
	log   *slog.Logger

	opening func(dir string) (*workspace.Workspace, error)
	mu      sync.Mutex
	stores  map[string]*workspace.Workspace // by directory
}

// New is a service for files and folders. jobs is the number of stages at once in
// each pipeline, 0 for what the configuration of the store says.
func New(h *workspace.Host, words []string, jobs int, log *slog.Logger) *Service {
	s := &Service{host: h, jobs: jobs, log: log, opening: h.Open, stores: map[string]*workspace.Workspace{}}
	s.ticks = newTickStore(s.open)
	s.files = &files{host: h, words: words, log: log, store: s}
	return s
}

// NewReader is a service that only looks, and writes nothing.
func NewReader(h *workspace.Host, words []string) *Service {
	s := New(h, words, 0, slog.New(slog.DiscardHandler))
	s.opening = h.OpenToRead
	return s
}

// Close lets go of the stores.
func (s *Service) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.stores {
		w.Close()
	}
}

// Scheduler is what runs them when they are due.
func (s *Service) Scheduler() *schedule.Scheduler {
	return &schedule.Scheduler{Store: s.ticks, Entries: s.files.list, Start: s.start, Log: s.log}
}

// open gives the store of a pipeline file, opened once.
func (s *Service) open(file string) (*workspace.Workspace, error) {
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

func (s *Service) keptVersion(ctx context.Context, file string) (text string) {
	s.withKept(ctx, file, func(db *lineage.DB, id int64) (err error) {
		text, err = ticks.Source(ctx, db, id)
		return err
	})
	return text
}

func (s *Service) dropVersion(ctx context.Context, file string) {
	if ws, err := s.open(file); err == nil && ws.DB.ReadOnly() {
		return
	}
	if s.keptVersion(ctx, file) != "" {
		s.withKept(ctx, file, func(db *lineage.DB, id int64) error { return ticks.DropSource(ctx, db, id) })
	}
}

// withKept does something about the version of a file that is in its store,
// should it be in one.
func (s *Service) withKept(ctx context.Context, file string, do func(db *lineage.DB, id int64) error) {
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

// Entries lists the schedules as the files are now. The end of ctx ends the wait for a
// file system that hangs.
func (s *Service) Entries(ctx context.Context) (entries []schedule.Entry, err error) {
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

// NoSchedule is the error of files without a schedule.
func (s *Service) NoSchedule() error {
	return diag.Usage(diag.WithHint(fmt.Errorf("no pipeline in %s has a schedule", strings.Join(s.files.words, ", ")),
		"add to a pipeline file: schedule: {cron: \"0 3 * * *\"}"))
}

// start runs a pipeline for a tick. A tick leaves a run, also if it cannot
// begin: a failed one, with the reason.
func (s *Service) start(ctx context.Context, tick schedule.Tick) error {
	ws, err := s.open(tick.Entry.ID)
	if err != nil {
		return err
	}
	plan, err := s.host.LoadVersion(tick.Entry.ID, []byte(tick.Entry.Text), tick.At)
	if err == nil {
		var res *runner.Result
		opt := runner.Options{Trigger: "schedule", ScheduledAt: tick.At, Gates: true}
		res, err = ws.Run(ctx, plan, workspace.RunOptions{Options: opt, Jobs: s.jobs, Observe: s.observer(ctx, plan.Pipeline, tick)})
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

// observer links a tick to its run, and shows the run to whoever watches.
func (s *Service) observer(ctx context.Context, pipeline string, tick schedule.Tick) func(runner.Event) {
	watch := func(runner.Event) {}
	if s.Watch != nil {
		watch = s.Watch(pipeline)
	}
	return func(ev runner.Event) {
		if ev, ok := ev.(runner.RunStarted); ok {
			if err := s.ticks.started(ctx, tick.Entry.ID, tick.At, ev.RunID); err != nil {
				// The run itself says which tick it is for, so this is no reason
				// to stop it.
				s.log.Warn("tick is not linked to its run", "run", ev.RunID, "error", err)
			}
		}
		watch(ev)
	}
}

// Problems are what is wrong in the files, as Entries found it; nil if nothing is.
func (s *Service) Problems() error { return s.files.problems() }

// Skipped lists the files of folders that are no pipeline files, with why.
func (s *Service) Skipped() [][2]string { return s.files.skippedFiles() }
