package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/lineage"
	"pipe/schedule"
	"pipe/workspace"
)

// A picked schedule is one that a command is about.
type picked struct {
	lineage.Schedule
	db    *lineage.DB
	file  string // as seen from here
	entry schedule.Entry
}

// zone is the time zone of the schedule.
func (p picked) zone() *time.Location {
	if loc, err := time.LoadLocation(p.Timezone); err == nil {
		return loc
	}
	return time.UTC
}

// clock prints a time as the schedule sees it.
func (p picked) clock(t time.Time) string { return tickTime(t, p.zone()) }

// tickTime prints the time of a tick. Only those that a person asked for have
// seconds.
func tickTime(t time.Time, zone *time.Location) string {
	layout := "2006-01-02 15:04 MST"
	if t.Second() != 0 {
		layout = "2006-01-02 15:04:05 MST"
	}
	return t.In(zone).Format(layout)
}

// day reads a day or a time, by the clock of the schedule: the first and the last
// moment of it.
func (p picked) day(text string) (first, last time.Time, err error) {
	if day, err := time.ParseInLocation(time.DateOnly, text, p.zone()); err == nil {
		return day, day.AddDate(0, 0, 1).Add(-time.Second), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateTime, "2006-01-02 15:04", "2006-01-02 15:04 MST", "2006-01-02 15:04:05 MST"} {
		if t, err := time.ParseInLocation(layout, text, p.zone()); err == nil {
			return t, t, nil
		}
	}
	return first, last, diag.Usage(diag.WithHint(fmt.Errorf("%q is neither a day nor a time", text),
		`write 2026-01-31, or a time such as "2026-01-31 03:00" by the clock of the schedule, or 2026-01-31T03:00:00Z`))
}

// storedSchedules are the schedules of the nearest store with their files as seen
// from here.
func (a *app) storedSchedules(ctx context.Context) (list []picked, err error) {
	dir, err := a.host.FindStore()
	if err != nil {
		return nil, err
	}
	ws, err := a.host.OpenToRead(dir)
	if err != nil {
		return nil, err
	}
	defer ws.Close()
	stored, err := ws.DB.Schedules(ctx)
	for _, s := range stored {
		file := filepath.FromSlash(s.File)
		if !filepath.IsAbs(file) {
			file = filepath.Join(filepath.Dir(dir), file)
		}
		list = append(list, picked{Schedule: s, file: fromHere(file)})
	}
	return list, err
}

// fromHere shortens the path of a file in this folder.
func fromHere(file string) string {
	if cwd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(cwd, file); err == nil && filepath.IsLocal(rel) {
			return rel
		}
	}
	return file
}

// scheduleFile finds the file that a word names: the path of one, or the name of
// a pipeline in the nearest store.
func (a *app) scheduleFile(ctx context.Context, word string) (string, error) {
	if st, err := os.Stat(word); err == nil && !st.IsDir() {
		return filepath.Clean(word), nil
	}
	stored, err := a.storedSchedules(ctx)
	if err != nil {
		return "", err
	}
	var files, names []string
	for _, s := range stored {
		names = append(names, s.Pipeline)
		if s.Pipeline == word || s.file == filepath.Clean(word) {
			files = append(files, s.file)
		}
	}
	switch len(files) {
	case 1:
		return files[0], nil
	case 0:
		if len(names) == 0 {
			return "", diag.Usage(diag.WithHint(fmt.Errorf("no schedule %q: none has ever run here", word), "name the pipeline file"))
		}
		return "", diag.Unknown("schedule", word, slices.Compact(slices.Sorted(slices.Values(names))))
	}
	return "", diag.Usage(diag.WithHint(fmt.Errorf("several files have a schedule for pipeline %q", word),
		fmt.Sprintf("name one of them: %q", files)))
}

// completeSchedules completes the names of schedules, and files.
func (a *app) completeSchedules(cmd *cobra.Command, words []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	if stored, err := a.storedSchedules(cmd.Context()); err == nil && len(words) == 0 {
		for _, s := range stored {
			names = append(names, s.Pipeline)
		}
	}
	return names, cobra.ShellCompDirectiveDefault
}

// withSchedule does something with a schedule whose file can be read, or has a
// good version in the store. One that no scheduler has seen becomes known.
func (a *app) withSchedule(ctx context.Context, word string, jobs int, do func(s *scheduling, p picked) error) error {
	if err := atLeast(0, jobs, "jobs"); err != nil {
		return err
	}
	file, err := a.scheduleFile(ctx, word)
	if err != nil {
		return err
	}
	s := newScheduling(a, []string{file}, jobs)
	defer s.close()
	entries, err := s.entries(ctx)
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		if problems := s.files.problems(); problems != nil {
			return problems
		}
		return s.noSchedule()
	}
	p := picked{file: file, entry: entries[0]}
	p.db, p.Schedule, err = s.ticks.find(ctx, file)
	if errors.As(err, new(*unknownSchedule)) {
		if _, err = s.ticks.EnsureSchedule(ctx, p.entry, time.Now()); err == nil {
			p.db, p.Schedule, err = s.ticks.find(ctx, file)
		}
	}
	if err != nil {
		return err
	}
	return do(s, p)
}

// withKnownSchedule does something with a schedule, whatever became of its file.
func (a *app) withKnownSchedule(ctx context.Context, word string, do func(p picked) error) error {
	file, err := a.scheduleFile(ctx, word)
	if err != nil {
		return err
	}
	s := newScheduling(a, []string{file}, 0)
	defer s.close()
	if workspace.IsStore(s.host.StoreOf(file)) {
		db, sched, err := s.ticks.find(ctx, file)
		if err == nil {
			return do(picked{Schedule: sched, db: db, file: file})
		}
		if !errors.As(err, new(*unknownSchedule)) {
			return err
		}
	}
	return a.withSchedule(ctx, word, 0, func(_ *scheduling, p picked) error { return do(p) })
}
