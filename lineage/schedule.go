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
	Source    string    // the last version of the file that could be read; only written, see ScheduleSource
	Paused    time.Time // since when; zero if it is not
	Waiting   int       // ticks that were asked for, and that no process has taken on
	Asked     int       // ticks that were asked for and have not ended, with those that wait
}

// EnsureSchedule returns the schedule of a pipeline file. A new one starts with
// its watermark at now, so that no time before it was known counts as missed.
// So does one whose cron expression or time zone has changed: the times at
// which the new expression would have been due before are not made up for. The
// watermark does not move back. Of s are read Pipeline, File, Cron, Timezone and
// Source.
func (d *DB) EnsureSchedule(ctx context.Context, s Schedule, now time.Time) (_ Schedule, err error) {
	// Mostly nothing has changed, and then nothing is written.
	if d.w != nil {
		err := scanSchedule(&s, d.r.QueryRowContext(ctx, selectSchedules+` WHERE file = ? AND pipeline = ? AND cron = ? AND timezone = ?
			AND source IS ?`, s.File, s.Pipeline, s.Cron, s.Timezone, nullable(s.Source)))
		if !errors.Is(err, sql.ErrNoRows) {
			return s, wrap("read a schedule from", d.path, err)
		}
	}
	err = d.update(ctx, durable, "store a schedule in", func(t *tx) error {
		at := formatTime(now)
		_, err := t.exec(`INSERT INTO schedules (pipeline, file, cron, timezone, watermark, source, created_at, updated_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (file) DO UPDATE SET
				watermark = CASE WHEN cron = excluded.cron AND timezone = excluded.timezone THEN watermark ELSE max(watermark, excluded.watermark) END,
				pipeline = excluded.pipeline, cron = excluded.cron, timezone = excluded.timezone, source = excluded.source,
				updated_at = excluded.updated_at`, s.Pipeline, s.File, s.Cron, s.Timezone, at, nullable(s.Source), at, at)
		if err != nil {
			return err
		}
		return scanSchedule(&s, t.row(selectSchedules+" WHERE file = ?", s.File))
	})
	return s, err
}

const selectSchedules = `SELECT id, pipeline, file, cron, timezone, watermark, coalesce(paused_at, ''),
	(SELECT count(*) FROM schedule_ticks t WHERE t.schedule_id = schedules.id AND t.finished_at IS NULL AND t.state = 'waiting'),
	(SELECT count(*) FROM schedule_ticks t WHERE t.schedule_id = schedules.id AND t.finished_at IS NULL AND t.trigger <> 'schedule')
	FROM schedules`

func scanSchedule(s *Schedule, row interface{ Scan(...any) error }) error {
	var watermark, paused string
	err := row.Scan(&s.ID, &s.Pipeline, &s.File, &s.Cron, &s.Timezone, &watermark, &paused, &s.Waiting, &s.Asked)
	if err != nil {
		return err
	}
	return errors.Join(setTime(&s.Watermark, watermark), setTime(&s.Paused, paused))
}

// Schedules lists all schedules by file.
func (d *DB) Schedules(ctx context.Context) (_ []Schedule, err error) {
	defer func() { err = wrap("list schedules in", d.path, err) }()
	return collect(ctx, d.r, func(rows *sql.Rows) (s Schedule, err error) {
		return s, scanSchedule(&s, rows)
	}, selectSchedules+" ORDER BY file")
}

// ScheduleSource is the last version of the file of a schedule that could be
// read, empty if none was kept.
func (d *DB) ScheduleSource(ctx context.Context, scheduleID int64) (text string, err error) {
	defer func() { err = wrap("read a schedule from", d.path, err) }()
	err = d.r.QueryRowContext(ctx, "SELECT coalesce(source, '') FROM schedules WHERE id = ?", scheduleID).Scan(&text)
	return text, err
}

// DropSource forgets the text of a file that has no schedule any more.
func (d *DB) DropSource(ctx context.Context, scheduleID int64) error {
	return d.update(ctx, durable, "change a schedule in", func(t *tx) error {
		return t.changeSchedule(scheduleID, "UPDATE schedules SET source = NULL, updated_at = ? WHERE id = ?", formatTime(d.now()), scheduleID)
	})
}

// PauseSchedule stops the ticks of a schedule from running. Pausing it again
// changes nothing.
func (d *DB) PauseSchedule(ctx context.Context, scheduleID int64) error {
	return d.update(ctx, durable, "pause a schedule in", func(t *tx) error {
		now := formatTime(d.now())
		return t.changeSchedule(scheduleID, "UPDATE schedules SET paused_at = coalesce(paused_at, ?1), updated_at = ?1 WHERE id = ?2", now, scheduleID)
	})
}

// ResumeSchedule ends a pause. What fell due in it is not made up for: the
// watermark moves forward to now. It changes nothing if there is no pause.
func (d *DB) ResumeSchedule(ctx context.Context, scheduleID int64) error {
	return d.update(ctx, durable, "resume a schedule in", func(t *tx) error {
		now := formatTime(d.now())
		return t.changeSchedule(scheduleID, `UPDATE schedules SET watermark = CASE WHEN paused_at IS NULL THEN watermark ELSE max(watermark, ?1) END,
			paused_at = NULL, updated_at = ?1 WHERE id = ?2`, now, scheduleID)
	})
}

// ResetSchedule takes a schedule up from now, wherever its watermark was, and
// forgets the ended ticks after now: they were decided by a clock that was wrong.
// It returns how many.
func (d *DB) ResetSchedule(ctx context.Context, scheduleID int64) (forgotten int64, err error) {
	err = d.update(ctx, durable, "reset a schedule in", func(t *tx) error {
		// Ticks that people ask for in one second stand one behind the other, the
		// last of them some seconds after now.
		now, soon := formatTime(d.now()), formatTime(d.now().Add(time.Minute))
		var err error
		forgotten, err = t.exec("DELETE FROM schedule_ticks WHERE schedule_id = ? AND scheduled_at > ? AND finished_at IS NOT NULL", scheduleID, soon)
		if err != nil {
			return err
		}
		return t.changeSchedule(scheduleID, "UPDATE schedules SET watermark = ?1, updated_at = ?1 WHERE id = ?2", now, scheduleID)
	})
	return forgotten, err
}

func (t *tx) changeSchedule(scheduleID int64, query string, args ...any) error {
	n, err := t.exec(query, args...)
	if err == nil && n == 0 {
		err = fmt.Errorf("there is no schedule %d", scheduleID)
	}
	return err
}
