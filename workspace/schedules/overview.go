package schedules

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"pipe/lineage/ticks"
	"pipe/schedule"
	"pipe/workspace"
)

// An Overview is what there is to say of one schedule.
type Overview struct {
	Pipeline string    `json:"pipeline"`
	File     string    `json:"file"`
	State    string    `json:"state"` // see the constants
	Paused   time.Time `json:"paused_at,omitzero"`
	Problem  string    `json:"problem,omitempty"`
	Last     *Tick     `json:"last_tick,omitempty"`
	Next     time.Time `json:"next_tick,omitzero"` // none if it is paused, or never due
	Waiting  int       `json:"waiting"`            // ticks that were asked for and wait
	Cron     string    `json:"cron"`
	Timezone string    `json:"timezone"`
	CatchUp  string    `json:"catch_up"`
	Overlap  string    `json:"overlap"`

	Zone *time.Location `json:"-"` // of the schedule

	known []ticks.Tick // the newest, as far as they were asked for
}

// States of a schedule.
const (
	On     = "on"     // a process acts for it
	Off    = "off"    // none does
	Paused = "paused" // until a person resumes it
	Ahead  = "ahead"  // a clock that was wrong has decided ticks after now
	Broken = "broken" // the file is wrong and has no version to go on with
)

// A Tick is what became of one.
type Tick struct {
	Pipeline string    `json:"pipeline"`
	At       time.Time `json:"at"`
	Trigger  string    `json:"trigger"`
	State    string    `json:"state"`
	Run      string    `json:"run,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Claimed  time.Time `json:"claimed_at"`
	Finished time.Time `json:"finished_at,omitzero"`

	Zone *time.Location `json:"-"` // of the schedule
}

func tickOf(o Overview, t ticks.Tick) Tick {
	return Tick{Pipeline: o.Pipeline, At: t.ScheduledAt, Trigger: string(t.Trigger), State: string(t.State), Run: t.RunID, Reason: t.Reason,
		Claimed: t.Claimed, Finished: t.Finished, Zone: o.Zone}
}

// An Overviews is what there is to say of some schedules, by file.
type Overviews struct {
	Schedules []Overview `json:"schedules"`
}

// Overviews looks at the schedules of files and, where there is a store, at what
// became of them: at the newest tick of each.
func (s *Service) Overviews(ctx context.Context) (*Overviews, error) {
	list, err := s.overviews(ctx, 1)
	if err != nil {
		return nil, err
	}
	return &Overviews{list}, nil
}

// A History is some ticks, the newest first.
type History struct {
	Ticks []Tick `json:"ticks"`
}

// History lists the newest ticks of all schedules; limit 0 is all.
func (s *Service) History(ctx context.Context, limit int) (*History, error) {
	list, err := s.overviews(ctx, cmp.Or(limit, -1))
	if err != nil {
		return nil, err
	}
	h := &History{[]Tick{}}
	for _, o := range list {
		for _, t := range o.known {
			h.Ticks = append(h.Ticks, tickOf(o, t))
		}
	}
	slices.SortStableFunc(h.Ticks, func(a, b Tick) int { return b.At.Compare(a.At) })
	if limit > 0 {
		h.Ticks = h.Ticks[:min(limit, len(h.Ticks))]
	}
	return h, nil
}

// overviews gives with each schedule its newest ticks, as many as are asked for.
func (s *Service) overviews(ctx context.Context, newest int) ([]Overview, error) {
	entries, err := s.Entries(ctx)
	if err != nil {
		return nil, err
	}
	byFile := map[string]schedule.Entry{}
	for _, e := range entries {
		byFile[e.ID] = e
	}
	list := []Overview{}
	memory := map[*workspace.Workspace]*remembered{}
	for _, path := range slices.Sorted(maps.Keys(s.files.files)) {
		f := s.files.files[path]
		e, ok := byFile[path]
		if !ok && f.problem == nil {
			continue
		}
		o := Overview{Pipeline: e.Name, File: path, State: Off, Cron: e.Spec.Cron, Timezone: e.Spec.Timezone,
			CatchUp: e.Spec.CatchUp, Overlap: e.Spec.Overlap, Zone: time.UTC}
		if f.problem != nil {
			o.Problem = f.problem.Error()
		}
		if !ok {
			o.State = Broken
			list = append(list, o)
			continue
		}
		if err := s.remember(ctx, &o, e, memory, newest); err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	return list, nil
}

// remembered is what a store knows of its schedules, read once.
type remembered struct {
	schedules map[string]ticks.Schedule // by name
	ticks     map[int64][]ticks.Tick    // the newest, by schedule
}

func rememberedBy(ctx context.Context, w *workspace.Workspace, newest int) (*remembered, error) {
	list, err := ticks.Schedules(ctx, w.DB)
	if err != nil {
		return nil, err
	}
	r := &remembered{schedules: map[string]ticks.Schedule{}}
	for _, s := range list {
		r.schedules[s.File] = s
	}
	r.ticks, err = ticks.Newest(ctx, w.DB, newest)
	return r, err
}

// remember adds what the store knows.
func (s *Service) remember(ctx context.Context, o *Overview, e schedule.Entry, memory map[*workspace.Workspace]*remembered, newest int) error {
	now := time.Now()
	if loc, err := time.LoadLocation(e.Spec.Timezone); err == nil {
		o.Zone = loc
	}
	from := now
	if workspace.IsStore(s.host.StoreOf(o.File)) {
		w, err := s.open(o.File)
		if err != nil {
			return err
		}
		known := memory[w]
		if known == nil {
			if known, err = rememberedBy(ctx, w, newest); err != nil {
				return err
			}
			memory[w] = known
		}
		if sched, ok := known.schedules[name(w, o.File)]; ok {
			o.Waiting, o.Paused = sched.Waiting, sched.Paused
			if sched.Watermark.After(from) {
				from = sched.Watermark
			}
			if o.known = known.ticks[sched.ID]; len(o.known) > 0 {
				last := tickOf(*o, o.known[0])
				o.Last = &last
			}
		}
		if w.Store.Claimed(actingFor(w, o.File)) {
			o.State = On
		}
	}
	switch {
	case !o.Paused.IsZero():
		o.State = Paused
		return nil
	case from.Sub(now) > schedule.Late:
		o.State = Ahead
	}
	if at, ok := e.Spec.Next(from); ok {
		o.Next = at
	}
	return nil
}
