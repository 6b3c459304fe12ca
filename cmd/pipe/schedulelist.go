package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"time"

	"pipe/base/diag"
	"pipe/lineage"
	"pipe/schedule"
	"pipe/workspace"
)

// An overview is what there is to say of one schedule.
type overview struct {
	Pipeline string     `json:"pipeline"`
	File     string     `json:"file"`
	State    string     `json:"state"` // see the constants
	Since    *time.Time `json:"paused_at,omitempty"`
	Problem  string     `json:"problem,omitempty"`
	Last     *tickJSON  `json:"last_tick,omitempty"`
	Next     *time.Time `json:"next_tick,omitempty"` // none if it is paused, or never due
	Waiting  int        `json:"waiting"`             // ticks that were asked for and wait
	Cron     string     `json:"cron"`
	Timezone string     `json:"timezone"`
	CatchUp  string     `json:"catch_up"`
	Overlap  string     `json:"overlap"`

	zone *time.Location
	db   *lineage.DB
	id   int64
}

// States of a schedule.
const (
	scheduleOn     = "on"     // a process acts for it
	scheduleOff    = "off"    // none does
	schedulePaused = "paused" // until a person resumes it
	scheduleAhead  = "ahead"  // a clock that was wrong has decided ticks after now
	scheduleBroken = "broken" // the file is wrong and has no version to go on with
)

type tickJSON struct {
	Pipeline string     `json:"pipeline"`
	At       time.Time  `json:"at"`
	Trigger  string     `json:"trigger"`
	State    string     `json:"state"`
	Run      string     `json:"run,omitempty"`
	Reason   string     `json:"reason,omitempty"`
	Claimed  time.Time  `json:"claimed_at"`
	Finished *time.Time `json:"finished_at,omitempty"`
}

func tickOf(name string, t lineage.Tick) *tickJSON {
	return &tickJSON{Pipeline: name, At: t.ScheduledAt, Trigger: string(t.Trigger), State: string(t.State), Run: t.RunID, Reason: t.Reason,
		Claimed: t.Claimed, Finished: timeOrNil(t.Finished)}
}

// overviews looks at the schedules of files and, where there is a store, at what
// became of them. It writes nothing.
func (s *scheduling) overviews(ctx context.Context) ([]overview, error) {
	s.opening = s.host.OpenToRead
	s.logTo(slog.DiscardHandler) // it is said here
	entries, err := s.entries(ctx)
	if err != nil {
		return nil, err
	}
	byFile := map[string]schedule.Entry{}
	for _, e := range entries {
		byFile[e.ID] = e
	}
	var list []overview
	for _, path := range slices.Sorted(maps.Keys(s.files.files)) {
		f := s.files.files[path]
		e, ok := byFile[path]
		if !ok && f.problem == nil {
			continue
		}
		o := overview{Pipeline: e.Name, File: path, State: scheduleOff, Cron: e.Spec.Cron, Timezone: e.Spec.Timezone,
			CatchUp: e.Spec.CatchUp, Overlap: e.Spec.Overlap, zone: time.UTC}
		if f.problem != nil {
			o.Problem = f.problem.Error()
		}
		if !ok {
			o.State = scheduleBroken
			list = append(list, o)
			continue
		}
		if err := s.remember(ctx, &o, e); err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	return list, nil
}

// remember adds what the store knows.
func (s *scheduling) remember(ctx context.Context, o *overview, e schedule.Entry) error {
	now := time.Now()
	if loc, err := time.LoadLocation(e.Spec.Timezone); err == nil {
		o.zone = loc
	}
	from := now
	if workspace.IsStore(s.host.StoreOf(o.File)) {
		db, sched, err := s.ticks.find(ctx, o.File)
		switch {
		case errors.As(err, new(*unknownSchedule)):
		case err != nil:
			return err
		default:
			o.db, o.id, o.Waiting, o.Since = db, sched.ID, sched.Waiting, timeOrNil(sched.Paused)
			if sched.Watermark.After(from) {
				from = sched.Watermark
			}
			ticks, err := db.Ticks(ctx, sched.ID, 1)
			if err != nil {
				return err
			}
			if len(ticks) > 0 {
				o.Last = tickOf(o.Pipeline, ticks[0])
			}
		}
		if s.ticks.acted(o.File) {
			o.State = scheduleOn
		}
	}
	switch {
	case o.Since != nil:
		o.State = schedulePaused
		return nil
	case from.Sub(now) > schedule.Late:
		o.State = scheduleAhead
	}
	if at, ok := e.Spec.Next(from); ok {
		o.Next = timeOrNil(at)
	}
	return nil
}

// printList shows all schedules; what is wrong in files is the error.
func (s *scheduling) printList(ctx context.Context, asJSON bool) error {
	list, err := s.overviews(ctx)
	if err != nil {
		return err
	}
	problems := s.files.problems()
	if len(list) == 0 && problems == nil {
		return s.noSchedule()
	}
	if asJSON {
		if err := writeJSON(s.out, map[string]any{"schedules": list}); err != nil {
			return err
		}
		return problems
	}
	for _, path := range slices.Sorted(maps.Keys(s.files.files)) {
		if why := s.files.files[path].skipped; why != "" {
			fmt.Fprintf(s.err, "note: %s is skipped: %s\n", diag.Visible(path), why)
		}
	}
	var rows [][]string
	for _, o := range list {
		last, state, run, next := "-", "-", "-", "-"
		if o.Last != nil {
			last, state, run = tickTime(o.Last.At, o.zone), o.Last.State, cmp.Or(o.Last.Run, "-")
		}
		if o.Next != nil {
			next = tickTime(*o.Next, o.zone)
		}
		rows = append(rows, []string{cmp.Or(o.Pipeline, "-"), o.State, last, state, run, next, cmp.Or(o.Cron, "-"), cmp.Or(o.Timezone, "-"),
			cmp.Or(o.CatchUp, "-"), cmp.Or(o.Overlap, "-"), o.File})
		if o.State == scheduleAhead {
			fmt.Fprintf(s.err, "note: a clock that was wrong has decided the ticks of %s up to %s, and nothing is due before; mend it with: pipe schedule reset %s\n",
				diag.Visible(o.Pipeline), next, diag.ShellWord(o.File))
		}
	}
	if len(rows) > 0 {
		err := writeTable(s.out, []string{"PIPELINE", "STATE", "LAST TICK", "RESULT", "RUN", "NEXT TICK", "CRON", "TIMEZONE", "CATCH UP", "OVERLAP", "FILE"}, rows)
		if err != nil {
			return err
		}
	}
	return problems
}

// printHistory lists the newest ticks of all schedules.
func (s *scheduling) printHistory(ctx context.Context, limit int, asJSON bool) error {
	list, err := s.overviews(ctx)
	if err != nil {
		return err
	}
	type tick struct {
		*tickJSON
		zone *time.Location
	}
	var ticks []tick
	for _, o := range list {
		if o.db == nil {
			continue
		}
		found, err := o.db.Ticks(ctx, o.id, cmp.Or(limit, -1))
		if err != nil {
			return err
		}
		for _, t := range found {
			ticks = append(ticks, tick{tickOf(o.Pipeline, t), o.zone})
		}
	}
	slices.SortStableFunc(ticks, func(a, b tick) int { return b.At.Compare(a.At) })
	if limit > 0 {
		ticks = ticks[:min(limit, len(ticks))]
	}
	if asJSON {
		all := make([]*tickJSON, 0, len(ticks))
		for _, t := range ticks {
			all = append(all, t.tickJSON)
		}
		return writeJSON(s.out, map[string]any{"ticks": all})
	}
	if len(ticks) == 0 {
		fmt.Fprintln(s.err, "no ticks yet")
		return nil
	}
	var rows [][]string
	for _, t := range ticks {
		took := "-"
		if t.Finished != nil && t.Run != "" {
			took = duration(t.Finished.Sub(t.Claimed))
		}
		rows = append(rows, []string{t.Pipeline, tickTime(t.At, t.zone), t.Trigger, t.State, cmp.Or(t.Run, "-"), took, cmp.Or(firstLine(t.Reason), "-")})
	}
	return writeTable(s.out, []string{"PIPELINE", "TICK", "TRIGGER", "STATE", "RUN", "TOOK", "REASON"}, rows)
}

// knownFiles are the files of the schedules in the nearest store that are there.
func (a *app) knownFiles(ctx context.Context) (files []string, err error) {
	stored, err := a.storedSchedules(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range stored {
		if _, err := os.Stat(p.file); err == nil {
			files = append(files, p.file)
		}
	}
	if len(files) == 0 {
		return nil, diag.Usage(diag.WithHint(errors.New("the nearest store knows no schedule"), "name pipeline files, or a folder with some"))
	}
	return files, nil
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
