package runs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"pipe/base/diag"
	"pipe/base/infile"
	"pipe/lineage"
	"pipe/runner"
	"pipe/workspace"
)

// A Log is what a stage said in one attempt.
type Log struct {
	Run     string
	Stage   string
	Attempt int
	Status  lineage.Status

	path string
}

// Logs lists the logs of the stages of a run, or of one: attempt by attempt. For a
// stage that was found in the cache it is the log of the run that did the work.
// Not every one was kept.
func Logs(ctx context.Context, w *workspace.Workspace, word string) ([]Log, error) {
	ref, err := w.DB.Resolve(ctx, word)
	if err != nil {
		return nil, err
	}
	if ref.RunID == "" {
		return nil, diag.Usage(diag.WithHint(fmt.Errorf("%s is an artifact", word), "name a run, or RUN/STAGE"))
	}
	list, err := w.DB.Executions(ctx, ref.RunID)
	if err != nil {
		return nil, err
	}
	if ref.Stage != "" {
		list = slices.DeleteFunc(list, func(e lineage.Execution) bool { return e.Stage != ref.Stage })
	}
	var cached []int64
	for _, e := range list {
		if e.CachedFrom != 0 {
			cached = append(cached, e.CachedFrom)
		}
	}
	origins, err := w.DB.ExecutionsByID(ctx, cached)
	if err != nil {
		return nil, err
	}
	var logs []Log
	for i := range list {
		e := &list[i]
		if origin := origins[e.CachedFrom]; origin != nil {
			e = origin
		}
		l := Log{Run: e.RunID, Stage: e.Stage, Attempt: max(1, e.Attempt), Status: cmp.Or(e.Status, lineage.Running)}
		if l.path, err = runner.LogFile(w.Logs(), l.Run, l.Stage, l.Attempt); err != nil {
			return nil, err
		}
		logs = append(logs, l)
	}
	return logs, nil
}

// Open opens the text of a log; nil if nothing was said.
func (l *Log) Open() (*os.File, error) {
	f, err := infile.Open(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return f, err
}
