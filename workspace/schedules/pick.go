package schedules

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"pipe/base/diag"
	"pipe/lineage"
	"pipe/lineage/ticks"
	"pipe/schedule"
	"pipe/workspace"
)

// A Picked schedule is one that a command is about.
type Picked struct {
	ticks.Schedule
	db    *lineage.DB
	Path  string // of the file as seen from here
	entry schedule.Entry
}

// zone is the time zone of the schedule.
func (p *Picked) zone() *time.Location {
	if loc, err := time.LoadLocation(p.Timezone); err == nil {
		return loc
	}
	return time.UTC
}

// Clock prints a time as the schedule sees it.
func (p *Picked) Clock(t time.Time) string { return TickTime(t, p.zone()) }

// TickTime prints the time of a tick. Only those that a person asked for have
// seconds.
func TickTime(t time.Time, zone *time.Location) string {
	layout := "2006-01-02 15:04 MST"
	if t.Second() != 0 {
		layout = "2006-01-02 15:04:05 MST"
	}
	return t.In(zone).Format(layout)
}

// day reads a day or a time, by the clock of the schedule: the first and the last
// moment of it.
func (p *Picked) day(text string) (first, last time.Time, err error) {
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

// Stored are the schedules of the nearest store with their files as seen
// from here.
func Stored(ctx context.Context, h *workspace.Host) (list []Picked, err error) {
	dir, err := h.FindStore()
	if err != nil {
		return nil, err
	}
	ws, err := h.OpenToRead(dir)
	if err != nil {
		return nil, err
	}
	defer ws.Close()
	stored, err := ticks.Schedules(ctx, ws.DB)
	for _, s := range stored {
		file := filepath.FromSlash(s.File)
		if !filepath.IsAbs(file) {
			file = filepath.Join(filepath.Dir(dir), file)
		}
		list = append(list, Picked{Schedule: s, Path: fromHere(file)})
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

// FindFile finds the file that a word names: the path of one, or the name of
// a pipeline in the nearest store.
func FindFile(ctx context.Context, h *workspace.Host, word string) (string, error) {
	if st, err := os.Stat(word); err == nil && !st.IsDir() {
		return filepath.Clean(word), nil
	}
	stored, err := Stored(ctx, h)
	if err != nil {
		return "", err
	}
	var files, names []string
	for _, s := range stored {
		names = append(names, s.Pipeline)
		if s.Pipeline == word || s.Path == filepath.Clean(word) {
			files = append(files, s.Path)
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

// KnownFiles are the files of the schedules in the nearest store that are there.
func KnownFiles(ctx context.Context, h *workspace.Host) (list []string, err error) {
	stored, err := Stored(ctx, h)
	if err != nil {
		return nil, err
	}
	for _, p := range stored {
		if _, err := os.Stat(p.Path); err == nil {
			list = append(list, p.Path)
		}
	}
	if len(list) == 0 {
		return nil, diag.Usage(diag.WithHint(errors.New("the nearest store knows no schedule"), "name pipeline files, or a folder with some"))
	}
	return list, nil
}

// Pick gives the schedule of the only file of a service, which can be read or has a
// good version in the store. One that no scheduler has seen becomes known.
func (s *Service) Pick(ctx context.Context, file string) (*Picked, error) {
	entries, err := s.Entries(ctx)
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		if problems := s.Problems(); problems != nil {
			return nil, problems
		}
		return nil, s.NoSchedule()
	}
	p := &Picked{Path: file, entry: entries[0]}
	p.db, p.Schedule, err = s.ticks.find(ctx, file)
	if errors.As(err, new(*unknownSchedule)) {
		if _, err = s.ticks.EnsureSchedule(ctx, p.entry, time.Now()); err == nil {
			p.db, p.Schedule, err = s.ticks.find(ctx, file)
		}
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// PickKnown is Pick, but a schedule that the store knows is given whatever became
// of its file.
func (s *Service) PickKnown(ctx context.Context, file string) (*Picked, error) {
	if workspace.IsStore(s.host.StoreOf(file)) {
		db, sched, err := s.ticks.find(ctx, file)
		if err == nil {
			return &Picked{Schedule: sched, db: db, Path: file}, nil
		}
		if !errors.As(err, new(*unknownSchedule)) {
			return nil, err
		}
	}
	return s.Pick(ctx, file)
}

// Pause stops a schedule from running, until it is resumed.
func (p *Picked) Pause(ctx context.Context) error { return ticks.Pause(ctx, p.db, p.ID) }

// Resume lets it run again, from now.
func (p *Picked) Resume(ctx context.Context) error { return ticks.Resume(ctx, p.db, p.ID) }

// Reset takes it up from now, and says how many ticks after now are forgotten.
func (p *Picked) Reset(ctx context.Context) (int64, error) { return ticks.Reset(ctx, p.db, p.ID) }

// Cancel gives up the ticks that were asked for and that no process has begun, and
// says how many.
func (p *Picked) Cancel(ctx context.Context) (int64, error) { return ticks.DropAsked(ctx, p.db, p.ID) }
