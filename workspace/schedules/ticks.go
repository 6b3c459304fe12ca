package schedules

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"time"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/lineage/ticks"
	"pipe/schedule"
	"pipe/workspace"
)

// A tickStore keeps the memory of the scheduler in the lineage database that
// belongs to each pipeline file. Who acts for a schedule holds a claim of the
// store, which ends with the process.
type tickStore struct {
	open func(file string) (*workspace.Workspace, error)

	mu   sync.Mutex
	held map[string]*artifacts.Claim // by file
	ids  map[string]int64            // of schedules, by file
}

var _ schedule.Store = (*tickStore)(nil)

func newTickStore(open func(file string) (*workspace.Workspace, error)) *tickStore {
	return &tickStore{open: open, held: map[string]*artifacts.Claim{}, ids: map[string]int64{}}
}

func (t *tickStore) Hold(ctx context.Context, file string) (bool, error) {
	ws, err := t.open(file)
	if err != nil {
		return false, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held[file] != nil {
		return true, nil
	}
	claim, err := ws.Store.Claim(actingFor(ws, file))
	if errors.As(err, new(*artifacts.ClaimedError)) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	t.held[file] = claim
	return true, nil
}

// actingFor is the name of the claim of whoever acts for a schedule.
func actingFor(ws *workspace.Workspace, file string) string {
	return artifacts.Sum([]byte("schedule " + name(ws, file))).String()
}

func (t *tickStore) Release(file string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if claim := t.held[file]; claim != nil {
		claim.Release()
		delete(t.held, file)
	}
}

func (t *tickStore) EnsureSchedule(ctx context.Context, e schedule.Entry, now time.Time) (schedule.State, error) {
	ws, err := t.open(e.ID)
	if err != nil {
		return schedule.State{}, err
	}
	s, err := ticks.Ensure(ctx, ws.DB, ticks.Schedule{
		Pipeline: e.Name, File: name(ws, e.ID), Cron: e.Spec.Cron, Timezone: e.Spec.Timezone, Source: e.Text}, now)
	return stateOf(s), err
}

func stateOf(s ticks.Schedule) schedule.State {
	return schedule.State{Watermark: s.Watermark, Paused: !s.Paused.IsZero(), Waiting: s.Waiting, Asked: s.Asked}
}

func (t *tickStore) States(ctx context.Context, files []string) (map[string]schedule.State, error) {
	byStore := map[*workspace.Workspace]map[string]string{} // files by their names
	var errs []error
	for _, file := range files {
		ws, err := t.open(file)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if byStore[ws] == nil {
			byStore[ws] = map[string]string{}
		}
		byStore[ws][name(ws, file)] = file
	}
	states := map[string]schedule.State{}
	for ws, names := range byStore {
		list, err := ticks.Schedules(ctx, ws.DB)
		if err != nil {
			errs = append(errs, err)
		}
		for _, s := range list {
			if file, ok := names[s.File]; ok {
				states[file] = stateOf(s)
			}
		}
	}
	return states, errors.Join(errs...)
}

// name is the file as seen from the folder that holds the store, so that a
// project can be moved without firing everything anew.
func name(ws *workspace.Workspace, file string) string {
	base, err := filepath.Abs(filepath.Dir(ws.Dir))
	if err != nil {
		return file
	}
	abs, err := filepath.Abs(file)
	if err != nil {
		return file
	}
	rel, err := filepath.Rel(base, abs)
	if err != nil {
		return abs
	}
	return filepath.ToSlash(rel)
}

// find gives the database of a pipeline file and what it knows of the schedule.
func (t *tickStore) find(ctx context.Context, file string) (*lineage.DB, ticks.Schedule, error) {
	ws, err := t.open(file)
	if err != nil {
		return nil, ticks.Schedule{}, err
	}
	list, err := ticks.Schedules(ctx, ws.DB)
	if err != nil {
		return nil, ticks.Schedule{}, err
	}
	for _, s := range list {
		if s.File == name(ws, file) {
			return ws.DB, s, nil
		}
	}
	return nil, ticks.Schedule{}, &unknownSchedule{file}
}

// An unknownSchedule says that no scheduler has seen a file yet.
type unknownSchedule struct{ file string }

func (e *unknownSchedule) Error() string { return "no schedule is stored for " + e.file }

// schedule gives the database of a pipeline file and the number of the schedule
// in it.
func (t *tickStore) schedule(ctx context.Context, file string) (*lineage.DB, int64, error) {
	t.mu.Lock()
	id, ok := t.ids[file]
	t.mu.Unlock()
	if ok {
		ws, err := t.open(file)
		if err != nil {
			return nil, 0, err
		}
		return ws.DB, id, nil
	}
	db, s, err := t.find(ctx, file)
	if err != nil {
		return nil, 0, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ids[file] = s.ID
	return db, s.ID, nil
}

// withOpen does something with the open tick of a file at a time; nothing if there
// is none, which has ended then.
func (t *tickStore) withOpen(ctx context.Context, file string, at time.Time, do func(db *lineage.DB, tickID int64) error) error {
	db, id, err := t.schedule(ctx, file)
	if err != nil {
		return err
	}
	list, err := ticks.Open(ctx, db, id)
	if err != nil {
		return err
	}
	for _, tick := range list {
		if tick.ScheduledAt.Equal(at) {
			return do(db, tick.ID)
		}
	}
	return nil
}

func (t *tickStore) ClaimTick(ctx context.Context, file string, at time.Time, status, note string) (bool, error) {
	db, id, err := t.schedule(ctx, file)
	if err != nil {
		return false, err
	}
	state := ticks.Claimed
	if status != "" {
		state = ticks.State(status)
	}
	return ticks.Claim(ctx, db, id, at, state, note)
}

func (t *tickStore) KeepTick(ctx context.Context, file string, at time.Time) error {
	return t.withOpen(ctx, file, at, func(db *lineage.DB, tick int64) error {
		return ticks.Heartbeat(ctx, db, tick)
	})
}

func (t *tickStore) FinishTick(ctx context.Context, file string, at time.Time, status, note string) error {
	return t.withOpen(ctx, file, at, func(db *lineage.DB, tick int64) error {
		return ticks.Finish(ctx, db, tick, ticks.State(status), "", note)
	})
}

func (t *tickStore) TakeAsked(ctx context.Context, file string) (at time.Time, ok bool, err error) {
	err = t.take(ctx, file, func(tick ticks.Tick) bool { return !ok && tick.State == ticks.Waiting }, func(tick ticks.Tick) {
		at, ok = tick.ScheduledAt, true
	})
	return at, ok, err
}

func (t *tickStore) TakeOverTicks(ctx context.Context, file string, asked bool) (taken []schedule.Tick, err error) {
	err = t.take(ctx, file, func(tick ticks.Tick) bool {
		return tick.OwnerGone && tick.State != ticks.Waiting && (!asked || tick.Trigger != ticks.Due)
	}, func(tick ticks.Tick) {
		taken = append(taken, schedule.Tick{At: tick.ScheduledAt, Asked: tick.Trigger != ticks.Due})
	})
	return taken, err
}

// take makes this process the holder of open ticks, the oldest first.
func (t *tickStore) take(ctx context.Context, file string, which func(ticks.Tick) bool, taken func(ticks.Tick)) error {
	db, id, err := t.schedule(ctx, file)
	if err != nil {
		return err
	}
	list, err := ticks.Open(ctx, db, id)
	if err != nil {
		return err
	}
	for _, tick := range list {
		if !which(tick) {
			continue
		}
		ok, err := ticks.TakeOver(ctx, db, tick.ID)
		if err != nil {
			return err
		}
		if ok {
			taken(tick)
		}
	}
	return nil
}

// started notes the run that a tick has led to.
func (t *tickStore) started(ctx context.Context, file string, at time.Time, runID string) error {
	return t.withOpen(ctx, file, at, func(db *lineage.DB, tick int64) error {
		return ticks.Start(ctx, db, tick, runID)
	})
}
