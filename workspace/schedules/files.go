package schedules

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pipe/base/diag"
	"pipe/pipeline"
	"pipe/schedule"
	"pipe/workspace"
)

// A files follows the pipeline files of a scheduler. Each is read again
// only when it has changed, and one that cannot be read stops no other: its last
// good version goes on.
type files struct {
	host  *workspace.Host
	words []string // files and folders as named
	log   *slog.Logger
	store keptVersions
	files map[string]*file // by path
}

// The keptVersions are the last good versions of files that earlier processes
// have put in their stores.
type keptVersions interface {
	keptVersion(ctx context.Context, file string) string // empty if there is none
	dropVersion(ctx context.Context, file string)        // it has no schedule any more
}

// A file is what is known of one file.
type file struct {
	path    string
	named   bool            // on the command line; not only its folder
	info    fs.FileInfo     // of the version that was read last
	config  fs.FileInfo     // of the configuration that it was read with; nil without one
	settled bool            // it was old enough then for a later version to have another time
	entry   *schedule.Entry // of the last good version; nil if that has no schedule
	problem error           // of the version that was read last
	again   time.Time       // when to read a file with a problem again that has not changed
	skipped string          // why that one is no pipeline file; empty if it is one
}

// list gives the schedules of all files. The error says that the files could
// not be listed; what is wrong in a file is in problems.
func (s *files) list(ctx context.Context) ([]schedule.Entry, error) {
	found, err := s.find()
	if err != nil {
		return nil, err
	}
	if s.files == nil {
		s.files = map[string]*file{}
	}
	for path := range s.files {
		if !slices.ContainsFunc(found, func(f *file) bool { return f.path == path }) {
			delete(s.files, path)
		}
	}
	configs := map[string]fs.FileInfo{} // by path: many files share one
	var entries []schedule.Entry
	for _, f := range found {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if was := s.files[f.path]; was != nil {
			f = was
		} else {
			s.files[f.path] = f
		}
		s.read(ctx, f, s.configOf(f.path, configs))
		if f.entry != nil {
			entries = append(entries, *f.entry)
		}
	}
	return entries, nil
}

// find lists the files that are named, and those in folders that are, each once.
func (s *files) find() ([]*file, error) {
	byPath := map[string]*file{}
	for _, word := range s.words {
		st, err := os.Stat(word)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, workspace.MissingPipeline(word)
		case err != nil:
			return nil, err
		case !st.IsDir():
			path := filepath.Clean(word)
			byPath[path] = &file{path: path, named: true}
			continue
		}
		entries, err := os.ReadDir(word)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			path := filepath.Join(word, e.Name())
			if ext := filepath.Ext(path); (ext == ".yaml" || ext == ".yml") && byPath[path] == nil {
				byPath[path] = &file{path: path}
			}
		}
	}
	files := make([]*file, 0, len(byPath))
	for _, f := range byPath {
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b *file) int { return strings.Compare(a.path, b.path) })
	return files, nil
}

// coarsest is how far apart two changes of a file are at least that are sure to
// have two times of modification: the resolution of the oldest file systems.
const coarsest = 2 * time.Second

// problemPause is how often a file with a problem is read again that has not
// changed: what it needs may have changed elsewhere.
const problemPause = time.Minute

// configOf looks at the configuration of the store of a file, which says what the
// file may read; nil if there is none.
func (s *files) configOf(path string, seen map[string]fs.FileInfo) fs.FileInfo {
	config := workspace.ConfigFile(s.host.StoreOf(path))
	info, ok := seen[config]
	if !ok {
		info, _ = os.Stat(config) // whoever reads it complains
		seen[config] = info
	}
	return info
}

// read looks at a file, and reads it if it or its configuration has changed.
func (s *files) read(ctx context.Context, f *file, config fs.FileInfo) {
	info, err := os.Stat(f.path)
	configured := f.config == nil && config == nil || same(f.config, config)
	if err == nil && f.settled && same(f.info, info) && configured && (f.problem == nil || time.Now().Before(f.again)) {
		return
	}
	if err != nil {
		s.broken(ctx, f, err)
		return
	}
	settled := func(i fs.FileInfo) bool { return i == nil || time.Since(i.ModTime()) > coarsest }
	f.info, f.config, f.settled = info, config, settled(info) && settled(config)
	switch {
	case info.Mode().IsRegular():
	case f.named:
		s.broken(ctx, f, diag.Usage(fmt.Errorf("%s is no regular file", f.path)))
		return
	default:
		s.skip(f, "it is no regular file")
		return
	}
	source, err := pipeline.ReadFile(f.path)
	if err != nil {
		s.broken(ctx, f, err)
		return
	}
	if f.entry != nil && f.problem == nil && f.entry.Text == string(source) && configured {
		return // the time of a file changes without the text too
	}
	plan, err := s.host.LoadVersion(f.path, source, time.Unix(0, 0))
	switch {
	case err == nil:
		s.good(ctx, f, plan)
	case !f.named && f.entry == nil && !pipeline.IsPipeline(source):
		s.skip(f, "it is no pipeline file: it has no key `pipeline`")
	default:
		s.broken(ctx, f, err)
	}
}

// same reports whether a file is what it was.
func same(a, b fs.FileInfo) bool {
	return a != nil && b != nil && os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && a.Mode() == b.Mode()
}

func (s *files) good(ctx context.Context, f *file, plan *pipeline.Plan) {
	if f.problem != nil {
		s.log.Info("pipeline file mended", "file", f.path)
	}
	for _, w := range plan.Warnings {
		s.log.Warn("pipeline file looks wrong", "file", f.path, "at", w.Pos.String(), "warning", w.Msg, "hint", w.Hint)
	}
	f.problem, f.skipped, f.entry = nil, "", nil
	if plan.Schedule == nil {
		s.store.dropVersion(ctx, f.path)
	} else {
		f.entry = &schedule.Entry{ID: f.path, Name: plan.Pipeline, Spec: *plan.Schedule, Text: string(plan.Source)}
	}
}

func (s *files) skip(f *file, why string) {
	if f.skipped != why {
		s.log.Info("file skipped", "file", f.path, "note", why)
	}
	f.problem, f.skipped, f.entry = nil, why, nil
}

// broken notes that a file cannot be used now. If no version was good in this
// process, one that an earlier process has kept goes on.
func (s *files) broken(ctx context.Context, f *file, problem error) {
	if f.entry == nil && f.problem == nil {
		if text := s.store.keptVersion(ctx, f.path); text != "" {
			if plan, err := s.host.LoadVersion(f.path, []byte(text), time.Unix(0, 0)); err == nil && plan.Schedule != nil {
				f.entry = &schedule.Entry{ID: f.path, Name: plan.Pipeline, Spec: *plan.Schedule, Text: text}
			}
		}
	}
	if f.problem == nil || f.problem.Error() != problem.Error() {
		what := "pipeline file is wrong; it has no version to go on with"
		if f.entry != nil {
			what = "pipeline file is wrong; its last good version goes on"
		}
		attrs := []any{"file", f.path, "error", problem}
		if hint := diag.HintOf(problem); hint != "" {
			attrs = append(attrs, "hint", hint)
		}
		s.log.Error(what, attrs...)
	}
	f.problem, f.skipped, f.again = problem, "", time.Now().Add(problemPause)
}

// skippedFiles lists the files that are no pipeline files, with why.
func (s *files) skippedFiles() (list [][2]string) {
	for _, path := range slices.Sorted(maps.Keys(s.files)) {
		if why := s.files[path].skipped; why != "" {
			list = append(list, [2]string{path, why})
		}
	}
	return list
}

// problems lists what is wrong in files, in the order of their paths.
func (s *files) problems() error {
	var errs []error
	for _, path := range slices.Sorted(maps.Keys(s.files)) {
		if f := s.files[path]; f.problem != nil {
			errs = append(errs, f.problem)
		}
	}
	return joinProblems(errs)
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
	if len(others) == 0 && len(all) > 0 {
		return all
	}
	if len(all) > 0 {
		others = append(others, all)
	}
	return errors.Join(others...)
}
