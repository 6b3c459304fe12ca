package ticks

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"pipe/lineage"
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
	Source    string    // the last version of the file that could be read; only written, see Source
	Paused    time.Time // since when; zero if it is not
	Waiting   int       // ticks that were asked for, and that no process has taken on
	Asked     int       // ticks that were asked for and have not ended, with those that wait
}

// Ensure returns the schedule of a pipeline file. A new one starts with
// its watermark at now, so that no time before it was known counts as missed.
// So does one whose cron expression or time zone has changed: the times at
// which the new expression would have been due before are not made up for. The
// watermark does not move back. Of s are read Pipeline, File, Cron, Timezone and
// Source.
func Ensure(ctx context.Context, d *lineage.DB, s Schedule, now time.Time) (_ Schedule, err error) {
	// Mostly nothing has changed, and then nothing is written.
	if !d.ReadOnly() {
		err := scanSchedule(&s, d.Reader().QueryRowContext(ctx, selectSchedules+` WHERE file = ? AND pipeline = ? AND cron = ? AND timezone = ?
			AND source IS ?`, s.File, s.Pipeline, s.Cron, s.Timezone, lineage.Nullable(s.Source)))
		if !errors.Is(err, sql.ErrNoRows) {
			return s, d.Error("read a schedule from", err)
		}
	}
	err = d.Update(ctx, lineage.Durable, "store a schedule in", func(t *lineage.Tx) error {
		at := lineage.FormatTime(now)
		_, err := t.Exec(`INSERT INTO schedules (pipeline, file, cron, timezone, watermark, source, created_at, updated_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (file) DO UPDATE SET
				watermark = CASE WHEN cron = excluded.cron AND timezone = excluded.timezone THEN watermark ELSE max(watermark, excluded.watermark) END,
				pipeline = excluded.pipeline, cron = excluded.cron, timezone = excluded.timezone, source = excluded.source,
				updated_at = excluded.updated_at`, s.Pipeline, s.File, s.Cron, s.Timezone, at, lineage.Nullable(s.Source), at, at)
		if err != nil {
			return err
		}
		return scanSchedule(&s, t.Row(selectSchedules+" WHERE file = ?", s.File))
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
	return errors.Join(lineage.SetTime(&s.Watermark, watermark), lineage.SetTime(&s.Paused, paused))
}

// Schedules lists all schedules by file.
func Schedules(ctx context.Context, d *lineage.DB) (_ []Schedule, err error) {
	defer func() { err = d.Error("list schedules in", err) }()
	return lineage.Collect(ctx, d.Reader(), func(rows *sql.Rows) (s Schedule, err error) {
		return s, scanSchedule(&s, rows)
	}, selectSchedules+" ORDER BY file")
}

// Source is the last version of the file of a schedule that could be
// read, empty if none was kept.
func Source(ctx context.Context, d *lineage.DB, scheduleID int64) (text string, err error) {
	defer func() { err = d.Error("read a schedule from", err) }()
	err = d.Reader().QueryRowContext(ctx, "SELECT coalesce(source, '') FROM schedules WHERE id = ?", scheduleID).Scan(&text)
	return text, err
}

// DropSource forgets the text of a file that has no schedule any more.
func DropSource(ctx context.Context, d *lineage.DB, scheduleID int64) error {
	return d.Update(ctx, lineage.Durable, "change a schedule in", func(t *lineage.Tx) error {
		return changeSchedule(t, scheduleID, "UPDATE schedules SET source = NULL, updated_at = ? WHERE id = ?", lineage.FormatTime(d.Now()), scheduleID)
	})
}

// Pause stops the ticks of a schedule from running. Pausing it again
// changes nothing.
func Pause(ctx context.Context, d *lineage.DB, scheduleID int64) error {
	return d.Update(ctx, lineage.Durable, "pause a schedule in", func(t *lineage.Tx) error {
		now := lineage.FormatTime(d.Now())
		return changeSchedule(t, scheduleID, "UPDATE schedules SET paused_at = coalesce(paused_at, ?1), updated_at = ?1 WHERE id = ?2", now, scheduleID)
	})
}

// Resume ends a pause. What fell due in it is not made up for: the
// watermark moves forward to now. It changes nothing if there is no pause.
func Resume(ctx context.Context, d *lineage.DB, scheduleID int64) error {
	return d.Update(ctx, lineage.Durable, "resume a schedule in", func(t *lineage.Tx) error {
		now := lineage.FormatTime(d.Now())
		return changeSchedule(t, scheduleID, `UPDATE schedules SET watermark = CASE WHEN paused_at IS NULL THEN watermark ELSE max(watermark, ?1) END,
			paused_at = NULL, updated_at = ?1 WHERE id = ?2`, now, scheduleID)
	})
}

// Reset takes a schedule up from now, wherever its watermark was, and
// forgets the ended ticks after now: they were decided by a clock that was wrong.
// It returns how many.
func Reset(ctx context.Context, d *lineage.DB, scheduleID int64) (forgotten int64, err error) {
	err = d.Update(ctx, lineage.Durable, "reset a schedule in", func(t *lineage.Tx) error {
		// Ticks that people ask for in one second stand one behind the other, the
		// last of them some seconds after now.
		now, soon := lineage.FormatTime(d.Now()), lineage.FormatTime(d.Now().Add(time.Minute))
		var err error
		forgotten, err = t.Exec("DELETE FROM schedule_ticks WHERE schedule_id = ? AND scheduled_at > ? AND finished_at IS NOT NULL", scheduleID, soon)
		if err != nil {
			return err
		}
		return changeSchedule(t, scheduleID, "UPDATE schedules SET watermark = ?1, updated_at = ?1 WHERE id = ?2", now, scheduleID)
	})
	return forgotten, err
}

func changeSchedule(t *lineage.Tx, scheduleID int64, query string, args ...any) error {
	n, err := t.Exec(query, args...)
	if err == nil && n == 0 {
		err = fmt.Errorf("there is no schedule %d", scheduleID)
	}
	return err
}
