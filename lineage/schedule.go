package lineage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// A Schedule is the memory of `pipe schedule` for one pipeline file. The
// policies are read from the file each time; what must survive a restart is
// which ticks are decided.
type Schedule struct {
	ID        int64
	Pipeline  string
	File      string
	Cron      string
	Timezone  string
	Watermark time.Time // ticks up to here are decided
}

// TickState says what became of a tick.
type TickState string

const (
	TickClaimed TickState = "claimed" // a process has taken it on
	TickRunning TickState = "running"
	TickDone    TickState = "done"
	TickFailed  TickState = "failed"
	TickSkipped TickState = "skipped" // by the overlap policy
	TickMissed  TickState = "missed"  // by the catch-up policy
)

// A Tick is one time at which a schedule was due.
type Tick struct {
	ID          int64
	ScheduleID  int64
	ScheduledAt time.Time
	State       TickState
	RunID       string
	Reason      string
	Claimed     time.Time
	Finished    time.Time // zero while it is open
	Takeovers   int       // how often another process took it over from a dead one
	OwnerGone   bool      // its process is dead, as far as this process can see
}

// EnsureSchedule returns the schedule of a pipeline file. A new one starts with
// its watermark at now, so that no time before it was known counts as missed.
// So does one whose cron expression or time zone has changed: the times at
// which the new expression would have been due before are not made up for. The
// watermark never moves back.
func (d *DB) EnsureSchedule(ctx context.Context, pipeline, file, cron, timezone string, now time.Time) (_ Schedule, err error) {
	s := Schedule{Pipeline: pipeline, File: file, Cron: cron, Timezone: timezone}
	// Mostly nothing has changed, and then nothing is written.
	if d.w != nil {
		err := d.scanSchedule(&s, d.r.QueryRowContext(ctx, `SELECT id, watermark FROM schedules
			WHERE file = ? AND pipeline = ? AND cron = ? AND timezone = ?`, file, pipeline, cron, timezone))
		if !errors.Is(err, sql.ErrNoRows) {
			return s, wrap("read a schedule from", d.path, err)
		}
	}
	err = d.update(ctx, durable, "store a schedule in", func(t *tx) error {
		at := formatTime(now)
		return d.scanSchedule(&s, t.row(`INSERT INTO schedules (pipeline, file, cron, timezone, watermark, created_at, updated_at)
			VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (file) DO UPDATE SET
				watermark = CASE WHEN cron = excluded.cron AND timezone = excluded.timezone THEN watermark ELSE max(watermark, excluded.watermark) END,
				pipeline = excluded.pipeline, cron = excluded.cron, timezone = excluded.timezone, updated_at = excluded.updated_at
			RETURNING id, watermark`, pipeline, file, cron, timezone, at, at, at))
	})
	return s, err
}

func (d *DB) scanSchedule(s *Schedule, row *sql.Row) error {
	var watermark string
	if err := row.Scan(&s.ID, &watermark); err != nil {
		return err
	}
	return setTime(&s.Watermark, watermark)
}

// Schedules lists all schedules by file.
func (d *DB) Schedules(ctx context.Context) (_ []Schedule, err error) {
	defer func() { err = wrap("list schedules in", d.path, err) }()
	return collect(ctx, d.r, func(rows *sql.Rows) (Schedule, error) {
		var s Schedule
		var watermark string
		if err := rows.Scan(&s.ID, &s.Pipeline, &s.File, &s.Cron, &s.Timezone, &watermark); err != nil {
			return s, err
		}
		return s, setTime(&s.Watermark, watermark)
	}, "SELECT id, pipeline, file, cron, timezone, watermark FROM schedules ORDER BY file")
}

// Watermark returns the time up to which the ticks of a schedule are decided.
func (d *DB) Watermark(ctx context.Context, scheduleID int64) (t time.Time, err error) {
	defer func() { err = wrap("read a schedule from", d.path, err) }()
	var text string
	if err := d.r.QueryRowContext(ctx, "SELECT watermark FROM schedules WHERE id = ?", scheduleID).Scan(&text); err != nil {
		return t, err
	}
	return parseTime(text)
}

// ClaimTick takes a tick on for this process and moves the watermark to it, in
// one transaction. Of all processes that claim a tick exactly one gets true.
// The state is TickClaimed, or TickSkipped or TickMissed to decide against it.
func (d *DB) ClaimTick(ctx context.Context, scheduleID int64, at time.Time, state TickState, reason string) (claimed bool, err error) {
	if state != TickClaimed && state != TickSkipped && state != TickMissed {
		return false, fmt.Errorf("lineage: a tick cannot be claimed as %s", state)
	}
	err = d.update(ctx, durable, "claim a tick in", func(t *tx) error {
		now := formatTime(d.now())
		finished := sql.NullString{String: now, Valid: state != TickClaimed}
		n, err := t.exec(`INSERT INTO schedule_ticks (schedule_id, scheduled_at, state, reason, claimed_at, finished_at, takeovers,
				hostname, boot_id, pid, pid_start, pid_namespace, heartbeat_at)
			VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?) ON CONFLICT (schedule_id, scheduled_at) DO NOTHING`,
			scheduleID, formatTime(at), string(state), reason, now, finished,
			d.self.hostname, d.self.bootID, d.self.pid, d.self.pidStart, d.self.namespace, now)
		if err != nil {
			return err
		}
		claimed = n == 1
		_, err = t.exec("UPDATE schedules SET watermark = ?1, updated_at = ?2 WHERE id = ?3 AND watermark < ?1", formatTime(at), now, scheduleID)
		return err
	})
	return claimed && err == nil, err
}

// StartTick notes the run that a claimed tick has led to.
func (d *DB) StartTick(ctx context.Context, tickID int64, runID string) error {
	return d.update(ctx, durable, "start a tick in", func(t *tx) error {
		return t.changeTick(tickID, "UPDATE schedule_ticks SET state = 'running', run_id = ?, heartbeat_at = ? WHERE id = ? AND finished_at IS NULL",
			runID, formatTime(d.now()), tickID)
	})
}

// HeartbeatTick says that the process that holds an open tick is alive.
func (d *DB) HeartbeatTick(ctx context.Context, tickID int64) error {
	return d.update(ctx, relaxed, "heartbeat in", func(t *tx) error {
		return t.changeTick(tickID, "UPDATE schedule_ticks SET heartbeat_at = ? WHERE id = ? AND finished_at IS NULL", formatTime(d.now()), tickID)
	})
}

// FinishTick ends an open tick as TickDone, TickFailed, TickSkipped or
// TickMissed. An empty runID leaves the one that StartTick noted.
func (d *DB) FinishTick(ctx context.Context, tickID int64, state TickState, runID, reason string) error {
	if state == TickClaimed || state == TickRunning {
		return fmt.Errorf("lineage: a tick cannot finish as %s", state)
	}
	return d.update(ctx, durable, "finish a tick in", func(t *tx) error {
		return t.changeTick(tickID, `UPDATE schedule_ticks SET state = ?, run_id = coalesce(?, run_id), reason = ?, finished_at = ?
			WHERE id = ? AND finished_at IS NULL`, string(state), nullable(runID), reason, formatTime(d.now()), tickID)
	})
}

func (t *tx) changeTick(tickID int64, query string, args ...any) error {
	n, err := t.exec(query, args...)
	if err == nil && n == 0 {
		err = fmt.Errorf("tick %d is not open", tickID)
	}
	return err
}

const tickColumns = `SELECT id, schedule_id, scheduled_at, state, coalesce(run_id, ''), reason, claimed_at, coalesce(finished_at, ''), takeovers,
	hostname, boot_id, pid, pid_start, pid_namespace, heartbeat_at FROM schedule_ticks`

func (d *DB) scanTick(rows *sql.Rows) (Tick, error) {
	var t Tick
	var l lease
	var scheduled, claimed, finished string
	err := rows.Scan(&t.ID, &t.ScheduleID, &scheduled, &t.State, &t.RunID, &t.Reason, &claimed, &finished, &t.Takeovers,
		&l.owner.hostname, &l.owner.bootID, &l.owner.pid, &l.owner.pidStart, &l.owner.namespace, &l.heartbeat)
	if err != nil {
		return t, err
	}
	if finished == "" {
		if t.OwnerGone, err = d.gone(l); err != nil {
			return t, err
		}
	}
	return t, errors.Join(setTime(&t.ScheduledAt, scheduled), setTime(&t.Claimed, claimed), setTime(&t.Finished, finished))
}

// OpenTicks lists the ticks of a schedule that are claimed or running, the
// oldest first. Those with OwnerGone are waiting to be taken over.
func (d *DB) OpenTicks(ctx context.Context, scheduleID int64) (_ []Tick, err error) {
	defer func() { err = wrap("list ticks in", d.path, err) }()
	return collect(ctx, d.r, d.scanTick, tickColumns+" WHERE schedule_id = ? AND finished_at IS NULL ORDER BY scheduled_at", scheduleID)
}

// Ticks lists the newest ticks of a schedule, the newest first.
func (d *DB) Ticks(ctx context.Context, scheduleID int64, limit int) (_ []Tick, err error) {
	defer func() { err = wrap("list ticks in", d.path, err) }()
	return collect(ctx, d.r, d.scanTick, tickColumns+" WHERE schedule_id = ? ORDER BY scheduled_at DESC LIMIT ?", scheduleID, limit)
}

// TakeOverTick makes this process the holder of an open tick whose process is
// dead. Of all processes that try, exactly one gets true. The run that the
// dead process had begun, if any, stays interrupted.
func (d *DB) TakeOverTick(ctx context.Context, tickID int64) (taken bool, err error) {
	err = d.update(ctx, durable, "take over a tick in", func(t *tx) error {
		rows, err := t.QueryContext(t.ctx, tickColumns+" WHERE id = ? AND finished_at IS NULL", tickID)
		if err != nil {
			return err
		}
		defer rows.Close()
		if !rows.Next() {
			return rows.Err()
		}
		tick, err := d.scanTick(rows)
		if err != nil || !tick.OwnerGone {
			return err
		}
		if err := rows.Close(); err != nil {
			return err
		}
		_, err = t.exec(`UPDATE schedule_ticks SET state = 'claimed', takeovers = takeovers + 1,
				hostname = ?, boot_id = ?, pid = ?, pid_start = ?, pid_namespace = ?, heartbeat_at = ? WHERE id = ?`,
			d.self.hostname, d.self.bootID, d.self.pid, d.self.pidStart, d.self.namespace, formatTime(d.now()), tickID)
		taken = err == nil
		return err
	})
	return taken && err == nil, err
}
