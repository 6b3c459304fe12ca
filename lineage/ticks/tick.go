// Package ticks remembers schedules and what became of the times at which they
// were due, in the lineage database: which process has taken a tick on, and how
// it ended.
package ticks

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"pipe/lineage"
)

// State says what became of a tick.
type State string

const (
	Waiting State = "waiting" // a person asked for it, and no process has taken it on
	Claimed State = "claimed" // a process has taken it on
	Running State = "running"
	Done    State = "done"
	Failed  State = "failed"
	Skipped State = "skipped" // by the overlap policy
	Missed  State = "missed"  // by the catch-up policy
)

// A Trigger says why a tick is there.
type Trigger string

const (
	Due         Trigger = "schedule" // the schedule was due
	ForRun      Trigger = "run"      // a person asked for a run
	ForRetry    Trigger = "retry"    // a person asked for it again
	ForBackfill Trigger = "backfill" // a person asked for a range of times
)

// A Tick is one time at which a schedule was due, or for which a person asked.
type Tick struct {
	ID          int64
	ScheduleID  int64
	ScheduledAt time.Time
	Trigger     Trigger
	State       State
	RunID       string
	Reason      string
	Claimed     time.Time // or asked for, while it waits
	Finished    time.Time // zero while it is open
	Takeovers   int       // how often another process took it over from a dead one
	OwnerGone   bool      // its process is dead, as far as this process can see
}

// Claim takes a tick on for this process and moves the watermark to it, in
// one transaction. Of all processes that claim a tick exactly one gets true.
// The state is Claimed, or Skipped or Missed to decide against it.
func Claim(ctx context.Context, d *lineage.DB, scheduleID int64, at time.Time, state State, reason string) (claimed bool, err error) {
	d.Hold()
	if state != Claimed && state != Skipped && state != Missed {
		return false, fmt.Errorf("lineage: a tick cannot be claimed as %s", state)
	}
	err = d.Update(ctx, lineage.Durable, "claim a tick in", func(t *lineage.Tx) error {
		now := lineage.FormatTime(d.Now())
		finished := sql.NullString{String: now, Valid: state != Claimed}
		n, err := t.Exec(`INSERT INTO schedule_ticks (schedule_id, scheduled_at, trigger, state, reason, claimed_at, finished_at, takeovers,
				hostname, boot_id, pid, pid_start, pid_namespace, heartbeat_at)
			VALUES (?, ?, 'schedule', ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?) ON CONFLICT (schedule_id, scheduled_at) DO NOTHING`,
			slices.Concat([]any{scheduleID, lineage.FormatTime(at), string(state), reason, now, finished}, d.Self().Values(), []any{now})...)
		if err != nil {
			return err
		}
		claimed = n == 1
		_, err = t.Exec("UPDATE schedules SET watermark = ?1, updated_at = ?2 WHERE id = ?3 AND watermark < ?1", lineage.FormatTime(at), now, scheduleID)
		return err
	})
	return claimed && err == nil, err
}

// Ask puts a tick in line for the next process that acts for the
// schedule. The watermark stays. A tick that is open or done is left as it is,
// and the result is false; one that ended otherwise waits again, without the run
// that it had led to.
func Ask(ctx context.Context, d *lineage.DB, scheduleID int64, at time.Time, trigger Trigger) (waits bool, err error) {
	if trigger == Due {
		return false, errors.New("lineage: nobody can ask for what is due")
	}
	err = d.Update(ctx, lineage.Durable, "ask for a tick in", func(t *lineage.Tx) error {
		now := lineage.FormatTime(d.Now())
		n, err := t.Exec(`INSERT INTO schedule_ticks (schedule_id, scheduled_at, trigger, state, reason, claimed_at, takeovers,
				hostname, boot_id, pid, pid_start, pid_namespace, heartbeat_at)
			VALUES (?, ?, ?, 'waiting', '', ?, 0, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (schedule_id, scheduled_at) DO UPDATE SET trigger = excluded.trigger, state = 'waiting', reason = '', run_id = NULL,
				claimed_at = excluded.claimed_at, finished_at = NULL, takeovers = 0
			WHERE finished_at IS NOT NULL AND state <> 'done'`,
			slices.Concat([]any{scheduleID, lineage.FormatTime(at), string(trigger), now}, d.Self().Values(), []any{now})...)
		waits = n == 1
		return err
	})
	return waits && err == nil, err
}

// DropAsked ends the ticks of a schedule that a person asked for and that no
// process has taken on, as skipped. It returns how many.
func DropAsked(ctx context.Context, d *lineage.DB, scheduleID int64) (n int64, err error) {
	err = d.Update(ctx, lineage.Durable, "give up ticks in", func(t *lineage.Tx) (err error) {
		n, err = t.Exec("UPDATE schedule_ticks SET state = 'skipped', reason = 'given up', finished_at = ? WHERE schedule_id = ? AND state = 'waiting'",
			lineage.FormatTime(d.Now()), scheduleID)
		return err
	})
	return n, err
}

// Start notes the run that a claimed tick has led to.
func Start(ctx context.Context, d *lineage.DB, tickID int64, runID string) error {
	return d.Update(ctx, lineage.Durable, "start a tick in", func(t *lineage.Tx) error {
		return changeTick(t, tickID, "UPDATE schedule_ticks SET state = 'running', run_id = ?, heartbeat_at = ? WHERE id = ? AND finished_at IS NULL",
			runID, lineage.FormatTime(d.Now()), tickID)
	})
}

// Heartbeat says that the process that holds an open tick is alive.
func Heartbeat(ctx context.Context, d *lineage.DB, tickID int64) error {
	return d.Update(ctx, lineage.Relaxed, "heartbeat in", func(t *lineage.Tx) error {
		return changeTick(t, tickID, "UPDATE schedule_ticks SET heartbeat_at = ? WHERE id = ? AND finished_at IS NULL", lineage.FormatTime(d.Now()), tickID)
	})
}

// Finish ends an open tick as Done, Failed, Skipped or
// Missed. An empty runID leaves the one that Start noted.
func Finish(ctx context.Context, d *lineage.DB, tickID int64, state State, runID, reason string) error {
	if state == Waiting || state == Claimed || state == Running {
		return fmt.Errorf("lineage: a tick cannot finish as %s", state)
	}
	return d.Update(ctx, lineage.Durable, "finish a tick in", func(t *lineage.Tx) error {
		return changeTick(t, tickID, `UPDATE schedule_ticks SET state = ?, run_id = coalesce(?, run_id), reason = ?, finished_at = ?
			WHERE id = ? AND finished_at IS NULL`, string(state), lineage.Nullable(runID), reason, lineage.FormatTime(d.Now()), tickID)
	})
}

func changeTick(t *lineage.Tx, tickID int64, query string, args ...any) error {
	n, err := t.Exec(query, args...)
	if err == nil && n == 0 {
		err = fmt.Errorf("tick %d is not open", tickID)
	}
	return err
}

const tickColumns = `SELECT id, schedule_id, scheduled_at, trigger, state, coalesce(run_id, ''), reason, claimed_at, coalesce(finished_at, ''), takeovers,
	hostname, boot_id, pid, pid_start, pid_namespace, heartbeat_at FROM schedule_ticks`

// scanner scans ticks, and looks at the processes that hold them.
func scanner(d *lineage.DB) func(*sql.Rows) (Tick, error) {
	return func(rows *sql.Rows) (Tick, error) { return scanTick(d, rows) }
}

func scanTick(d *lineage.DB, rows *sql.Rows) (Tick, error) {
	var t Tick
	var owner lineage.Owner
	var heartbeat string
	var scheduled, claimed, finished string
	err := rows.Scan(slices.Concat([]any{&t.ID, &t.ScheduleID, &scheduled, &t.Trigger, &t.State, &t.RunID, &t.Reason, &claimed, &finished, &t.Takeovers},
		owner.Dest(), []any{&heartbeat})...)
	if err != nil {
		return t, err
	}
	if finished == "" {
		if t.OwnerGone, err = d.Gone(owner, heartbeat); err != nil {
			return t, err
		}
	}
	return t, errors.Join(lineage.SetTime(&t.ScheduledAt, scheduled), lineage.SetTime(&t.Claimed, claimed), lineage.SetTime(&t.Finished, finished))
}

// Open lists the ticks of a schedule that have not ended, the oldest
// first. Those with OwnerGone are waiting to be taken over.
func Open(ctx context.Context, d *lineage.DB, scheduleID int64) (_ []Tick, err error) {
	defer func() { err = d.Error("list ticks in", err) }()
	return lineage.Collect(ctx, d.Reader(), scanner(d), tickColumns+" WHERE schedule_id = ? AND finished_at IS NULL ORDER BY scheduled_at", scheduleID)
}

// Between lists the ticks of a schedule from one time to another, both
// included, the oldest first.
func Between(ctx context.Context, d *lineage.DB, scheduleID int64, from, to time.Time) (_ []Tick, err error) {
	defer func() { err = d.Error("list ticks in", err) }()
	return lineage.Collect(ctx, d.Reader(), scanner(d), tickColumns+" WHERE schedule_id = ? AND scheduled_at BETWEEN ? AND ? ORDER BY scheduled_at",
		scheduleID, lineage.FormatTime(from), lineage.FormatTime(to))
}

// Of lists the newest ticks of a schedule, the newest first.
func Of(ctx context.Context, d *lineage.DB, scheduleID int64, limit int) (_ []Tick, err error) {
	defer func() { err = d.Error("list ticks in", err) }()
	return lineage.Collect(ctx, d.Reader(), scanner(d), tickColumns+" WHERE schedule_id = ? ORDER BY scheduled_at DESC LIMIT ?", scheduleID, limit)
}

// Newest lists the newest ticks of every schedule, the newest first: at most
// limit of each, or all if it is below 0.
func Newest(ctx context.Context, d *lineage.DB, limit int) (_ map[int64][]Tick, err error) {
	defer func() { err = d.Error("list ticks in", err) }()
	list, err := lineage.Collect(ctx, d.Reader(), scanner(d), tickColumns+` WHERE ?1 < 0 OR id IN (
		SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY schedule_id ORDER BY scheduled_at DESC) AS place FROM schedule_ticks) WHERE place <= ?1)
		ORDER BY scheduled_at DESC`, limit)
	ticks := map[int64][]Tick{}
	for _, t := range list {
		ticks[t.ScheduleID] = append(ticks[t.ScheduleID], t)
	}
	return ticks, err
}

// TakeOver makes this process the holder of a tick that waits, or of an
// open one whose process is dead. Of all processes that try, exactly one gets
// true. The run that the dead process had begun, if any, stays interrupted.
func TakeOver(ctx context.Context, d *lineage.DB, tickID int64) (taken bool, err error) {
	d.Hold()
	err = d.Update(ctx, lineage.Durable, "take over a tick in", func(t *lineage.Tx) error {
		rows, err := t.QueryContext(t.Ctx, tickColumns+" WHERE id = ? AND finished_at IS NULL", tickID)
		if err != nil {
			return err
		}
		defer rows.Close()
		if !rows.Next() {
			return rows.Err()
		}
		tick, err := scanTick(d, rows)
		if err != nil || !tick.OwnerGone && tick.State != Waiting {
			return err
		}
		if err := rows.Close(); err != nil {
			return err
		}
		_, err = t.Exec(`UPDATE schedule_ticks SET takeovers = takeovers + (state <> 'waiting'), state = 'claimed',
				hostname = ?, boot_id = ?, pid = ?, pid_start = ?, pid_namespace = ?, heartbeat_at = ? WHERE id = ?`,
			append(d.Self().Values(), lineage.FormatTime(d.Now()), tickID)...)
		taken = err == nil
		return err
	})
	return taken && err == nil, err
}
