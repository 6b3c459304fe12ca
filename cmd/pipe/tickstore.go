package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"pipe/lineage"
	"pipe/schedule"
)

// A tickStore keeps the memory of the scheduler in the lineage database that
// belongs to each pipeline file.
type tickStore struct {
	open func(file string) (*workspace, error)
}

var _ schedule.Store = (*tickStore)(nil)

func (t *tickStore) EnsureSchedule(ctx context.Context, e schedule.Entry, now time.Time) (time.Time, error) {
	ws, err := t.open(e.ID)
	if err != nil {
		return time.Time{}, err
	}
	s, err := ws.db.EnsureSchedule(ctx, lineage.Schedule{
		Pipeline: e.Name, File: name(ws, e.ID), Cron: e.Spec.Cron, Timezone: e.Spec.Timezone}, now)
	return s.Watermark, err
}

// name is the file as seen from the folder that holds the store, so that a
// project can be moved without firing everything anew.
func name(ws *workspace, file string) string {
	base, err := filepath.Abs(filepath.Dir(ws.dir))
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

// find gives the database of a pipeline file and the schedule in it.
func (t *tickStore) find(ctx context.Context, file string) (*lineage.DB, int64, error) {
	ws, err := t.open(file)
	if err != nil {
		return nil, 0, err
	}
	list, err := ws.db.Schedules(ctx)
	if err != nil {
		return nil, 0, err
	}
	for _, s := range list {
		if s.File == name(ws, file) {
			return ws.db, s.ID, nil
		}
	}
	return nil, 0, fmt.Errorf("no schedule is stored for %s", file)
}

// openTick finds an open tick of a schedule by its time; nil if there is none.
func openTick(ctx context.Context, db *lineage.DB, scheduleID int64, at time.Time) (*lineage.Tick, error) {
	list, err := db.OpenTicks(ctx, scheduleID)
	if err != nil {
		return nil, err
	}
	for _, tick := range list {
		if tick.ScheduledAt.Equal(at) {
			return &tick, nil
		}
	}
	return nil, nil
}

func (t *tickStore) ClaimTick(ctx context.Context, file string, at time.Time, status, note string) (bool, error) {
	db, id, err := t.find(ctx, file)
	if err != nil {
		return false, err
	}
	state := lineage.TickClaimed
	if status != "" {
		state = lineage.TickState(status)
	}
	return db.ClaimTick(ctx, id, at, state, note)
}

func (t *tickStore) KeepTick(ctx context.Context, file string, at time.Time) error {
	db, id, err := t.find(ctx, file)
	if err != nil {
		return err
	}
	tick, err := openTick(ctx, db, id, at)
	if err != nil || tick == nil {
		return err
	}
	return db.HeartbeatTick(ctx, tick.ID)
}

func (t *tickStore) FinishTick(ctx context.Context, file string, at time.Time, status, note string) error {
	db, id, err := t.find(ctx, file)
	if err != nil {
		return err
	}
	tick, err := openTick(ctx, db, id, at)
	if err != nil || tick == nil {
		return err // it is finished already
	}
	return db.FinishTick(ctx, tick.ID, lineage.TickState(status), "", note)
}

func (t *tickStore) TakeOverTicks(ctx context.Context, file string) ([]time.Time, error) {
	db, id, err := t.find(ctx, file)
	if err != nil {
		return nil, err
	}
	list, err := db.OpenTicks(ctx, id)
	if err != nil {
		return nil, err
	}
	var taken []time.Time
	for _, tick := range list {
		if !tick.OwnerGone {
			continue
		}
		ok, err := db.TakeOverTick(ctx, tick.ID)
		if err != nil {
			return taken, err
		}
		if ok {
			taken = append(taken, tick.ScheduledAt)
		}
	}
	return taken, nil
}

// started notes the run that a tick has led to.
func (t *tickStore) started(ctx context.Context, file string, at time.Time, runID string) error {
	db, id, err := t.find(ctx, file)
	if err != nil {
		return err
	}
	tick, err := openTick(ctx, db, id, at)
	if err != nil || tick == nil {
		return err
	}
	return db.StartTick(ctx, tick.ID, runID)
}
