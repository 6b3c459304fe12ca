package lineage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// TickState says what became of a tick.
type TickState string

const (
	TickWaiting TickState = "waiting" // a person asked for it, and no process has taken it on
	TickClaimed TickState = "claimed" // a process has taken it on
	TickRunning TickState = "running"
	TickDone    TickState = "done"
	TickFailed  TickState = "failed"
	TickSkipped TickState = "skipped" // by the overlap policy
	TickMissed  TickState = "missed"  // by the catch-up policy
)

// A TickTrigger says why a tick is there.
type TickTrigger string

const (
	TickDue      TickTrigger = "schedule" // the schedule was due
	TickRun      TickTrigger = "run"      // a person asked for a run
	TickRetry    TickTrigger = "retry"    // a person asked for it again
	TickBackfill TickTrigger = "backfill" // a person asked for a range of times
)

// A Tick is one time at which a schedule was due, or for which a person asked.
type Tick struct {
	ID          int64
	ScheduleID  int64
	ScheduledAt time.Time
	Trigger     TickTrigger
	State       TickState
	RunID       string
	Reason      string
	Claimed     time.Time // or asked for, while it waits
	Finished    time.Time // zero while it is open
	Takeovers   int       // how often another process took it over from a dead one
	OwnerGone   bool      // its process is dead, as far as this process can see
}

// ClaimTick takes a tick on for this process and moves the watermark to it, in
// one transaction. Of all processes that claim a tick exactly one gets true.
// The state is TickClaimed, or TickSkipped or TickMissed to decide against it.
func (d *DB) ClaimTick(ctx context.Context, scheduleID int64, at time.Time, state TickState, reason string) (claimed bool, err error) {
	d.hold()
	if state != TickClaimed && state != TickSkipped && state != TickMissed {
		return false, fmt.Errorf("lineage: a tick cannot be claimed as %s", state)
	}
	err = d.update(ctx, durable, "claim a tick in", func(t *tx) error {
		now := formatTime(d.now())
		finished := sql.NullString{String: now, Valid: state != TickClaimed}
		n, err := t.exec(`INSERT INTO schedule_ticks (schedule_id, scheduled_at, trigger, state, reason, claimed_at, finished_at, takeovers,
				hostname, boot_id, pid, pid_start, pid_namespace, heartbeat_at)
			VALUES (?, ?, 'schedule', ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?) ON CONFLICT (schedule_id, scheduled_at) DO NOTHING`,
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

// AskForTick puts a tick in line for the next process that acts for the
// schedule. The watermark stays. A tick that is open or done is left as it is,
// and the result is false; one that ended otherwise waits again, without the run
// that it had led to.
func (d *DB) AskForTick(ctx context.Context, scheduleID int64, at time.Time, trigger TickTrigger) (waits bool, err error) {
	if trigger == TickDue {
		return false, errors.New("lineage: nobody can ask for what is due")
	}
	err = d.update(ctx, durable, "ask for a tick in", func(t *tx) error {
		now := formatTime(d.now())
		n, err := t.exec(`INSERT INTO schedule_ticks (schedule_id, scheduled_at, trigger, state, reason, claimed_at, takeovers,
				hostname, boot_id, pid, pid_start, pid_namespace, heartbeat_at)
			VALUES (?, ?, ?, 'waiting', '', ?, 0, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (schedule_id, scheduled_at) DO UPDATE SET trigger = excluded.trigger, state = 'waiting', reason = '', run_id = NULL,
				claimed_at = excluded.claimed_at, finished_at = NULL, takeovers = 0
			WHERE finished_at IS NOT NULL AND state <> 'done'`,
			scheduleID, formatTime(at), string(trigger), now, d.self.hostname, d.self.bootID, d.self.pid, d.self.pidStart, d.self.namespace, now)
		waits = n == 1
		return err
	})
	return waits && err == nil, err
}

// DropAskedTicks ends the ticks of a schedule that a person asked for and that no
// process has taken on, as skipped. It returns how many.
func (d *DB) DropAskedTicks(ctx context.Context, scheduleID int64) (n int64, err error) {
	err = d.update(ctx, durable, "give up ticks in", func(t *tx) (err error) {
		n, err = t.exec("UPDATE schedule_ticks SET state = 'skipped', reason = 'given up', finished_at = ? WHERE schedule_id = ? AND state = 'waiting'",
			formatTime(d.now()), scheduleID)
		return err
	})
	return n, err
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
	if state == TickWaiting || state == TickClaimed || state == TickRunning {
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

const tickColumns = `SELECT id, schedule_id, scheduled_at, trigger, state, coalesce(run_id, ''), reason, claimed_at, coalesce(finished_at, ''), takeovers,
	hostname, boot_id, pid, pid_start, pid_namespace, heartbeat_at FROM schedule_ticks`

func (d *DB) scanTick(rows *sql.Rows) (Tick, error) {
	var t Tick
	var l lease
	var scheduled, claimed, finished string
	err := rows.Scan(&t.ID, &t.ScheduleID, &scheduled, &t.Trigger, &t.State, &t.RunID, &t.Reason, &claimed, &finished, &t.Takeovers,
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

// OpenTicks lists the ticks of a schedule that have not ended, the oldest
// first. Those with OwnerGone are waiting to be taken over.
func (d *DB) OpenTicks(ctx context.Context, scheduleID int64) (_ []Tick, err error) {
	defer func() { err = wrap("list ticks in", d.path, err) }()
	return collect(ctx, d.r, d.scanTick, tickColumns+" WHERE schedule_id = ? AND finished_at IS NULL ORDER BY scheduled_at", scheduleID)
}

// TicksBetween lists the ticks of a schedule from one time to another, both
// included, the oldest first.
func (d *DB) TicksBetween(ctx context.Context, scheduleID int64, from, to time.Time) (_ []Tick, err error) {
	defer func() { err = wrap("list ticks in", d.path, err) }()
	return collect(ctx, d.r, d.scanTick, tickColumns+" WHERE schedule_id = ? AND scheduled_at BETWEEN ? AND ? ORDER BY scheduled_at",
		scheduleID, formatTime(from), formatTime(to))
}

// Ticks lists the newest ticks of a schedule, the newest first.
func (d *DB) Ticks(ctx context.Context, scheduleID int64, limit int) (_ []Tick, err error) {
	defer func() { err = wrap("list ticks in", d.path, err) }()
	return collect(ctx, d.r, d.scanTick, tickColumns+" WHERE schedule_id = ? ORDER BY scheduled_at DESC LIMIT ?", scheduleID, limit)
}

// NewestTicks lists the newest ticks of every schedule, the newest first: at most
// limit of each, or all if it is below 0.
func (d *DB) NewestTicks(ctx context.Context, limit int) (_ map[int64][]Tick, err error) {
	defer func() { err = wrap("list ticks in", d.path, err) }()
	list, err := collect(ctx, d.r, d.scanTick, tickColumns+` WHERE ?1 < 0 OR id IN (
		SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY schedule_id ORDER BY scheduled_at DESC) AS place FROM schedule_ticks) WHERE place <= ?1)
		ORDER BY scheduled_at DESC`, limit)
	ticks := map[int64][]Tick{}
	for _, t := range list {
		ticks[t.ScheduleID] = append(ticks[t.ScheduleID], t)
	}
	return ticks, err
}

// TakeOverTick makes this process the holder of a tick that waits, or of an
// open one whose process is dead. Of all processes that try, exactly one gets
// true. The run that the dead process had begun, if any, stays interrupted.
func (d *DB) TakeOverTick(ctx context.Context, tickID int64) (taken bool, err error) {
	d.hold()
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
		if err != nil || !tick.OwnerGone && tick.State != TickWaiting {
			return err
		}
		if err := rows.Close(); err != nil {
			return err
		}
		_, err = t.exec(`UPDATE schedule_ticks SET takeovers = takeovers + (state <> 'waiting'), state = 'claimed',
				hostname = ?, boot_id = ?, pid = ?, pid_start = ?, pid_namespace = ?, heartbeat_at = ? WHERE id = ?`,
			d.self.hostname, d.self.bootID, d.self.pid, d.self.pidStart, d.self.namespace, formatTime(d.now()), tickID)
		taken = err == nil
		return err
	})
	return taken && err == nil, err
}
