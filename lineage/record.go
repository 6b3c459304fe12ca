package lineage

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

// Record adds an execution with all that belongs to it, in one transaction.
//
// The status Running may be recorded when the stage begins; a second Record
// for the same run, stage and attempt then ends it. Otherwise an execution is
// recorded once. The artifacts must be in the store already.
func (d *DB) Record(ctx context.Context, e Execution) error {
	how := Durable
	if e.Status == Running {
		how = Relaxed
	}
	d.recent.forget([]Execution{e})
	return d.Update(ctx, how, "record in", func(t *Tx) error { return d.record(t, &e) })
}

// RecordAll adds many executions in one transaction: all or none of them.
// Where one takes an input from another it comes after it.
func (d *DB) RecordAll(ctx context.Context, list []Execution) error {
	if len(list) == 0 {
		return nil
	}
	d.recent.forget(list)
	return d.Update(ctx, Durable, "record in", func(t *Tx) error {
		for len(list) > 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			n := cachedPrefix(list)
			if n > 0 {
				if err := d.recordCached(t, list[:n]); err != nil {
					return err
				}
				list = list[n:]
				continue
			}
			if err := d.record(t, &list[0]); err != nil {
				return err
			}
			list = list[1:]
		}
		return nil
	})
}

// cachedPrefix counts the cached executions that list begins with.
func cachedPrefix(list []Execution) int {
	n := 0
	for n < len(list) && list[n].Status == Cached {
		n++
	}
	return n
}

// recordCached is the hot path of a run in which nothing changed: many rows
// with one statement. A chain of cached executions never arises, since the one
// that is referred to is looked through.
func (d *DB) recordCached(t *Tx, list []Execution) error {
	const width = 9
	args := make([]any, 0, width*len(list))
	for i := range list {
		e := &list[i]
		started, finished := d.times(e)
		args = append(args, e.RunID, e.Stage, max(1, e.Attempt), e.Kind, e.KindVersion, e.Reason, started, finished, e.CachedFrom)
	}
	n, err := t.Insert(`INSERT INTO executions (run_id, stage, attempt, kind, kind_version, status, cached_from, reason, started_at, finished_at)
		SELECT v.column1, v.column2, v.column3, v.column4, v.column5, 'cached', coalesce(o.cached_from, o.id), v.column6, v.column7, v.column8
		FROM (`, `) v JOIN executions o ON o.id = v.column9`, width, args)
	if err != nil {
		return fmt.Errorf("run %s: cached stages: %w", list[0].RunID, err)
	}
	if n != int64(len(list)) {
		return fmt.Errorf("run %s: %d of %d cached stages refer to an execution that does not exist", list[0].RunID, int64(len(list))-n, len(list))
	}
	return nil
}

func (d *DB) record(t *Tx, e *Execution) error {
	err := d.recordRows(t, e)
	if err != nil {
		return fmt.Errorf("run %s, stage %s: %w", e.RunID, e.Stage, err)
	}
	return nil
}

func (d *DB) recordRows(t *Tx, e *Execution) error {
	if e.Status == Cached {
		return d.recordCached(t, []Execution{*e})
	}
	id, err := d.recordExecution(t, e)
	if err != nil {
		return err
	}
	if err := t.event(d.now(), e.RunID, e.Stage, max(1, e.Attempt), e.Status, e.Error); err != nil {
		return err
	}
	if e.Seed != nil {
		if _, err := t.Exec("INSERT INTO seeds (execution_id, seed) VALUES (?, ?)", id, strconv.FormatUint(*e.Seed, 10)); err != nil {
			return err
		}
	}
	if on := e.Device; on.Name != "" {
		if _, err := t.Exec("INSERT INTO devices (execution_id, device, varies, begun_on) VALUES (?, ?, ?, ?)", id, on.Name, on.Varies, Nullable(on.BegunOn)); err != nil {
			return err
		}
	}
	for _, in := range e.Inputs {
		if err := d.recordInput(t, e, id, in); err != nil {
			return fmt.Errorf("input %s: %w", in.Port, err)
		}
	}
	for _, out := range e.Outputs {
		if err := d.recordOutput(t, e, id, out); err != nil {
			return fmt.Errorf("output %s: %w", out.Port, err)
		}
	}
	return t.recordValues(e, id)
}

// recordValues adds key parts, programs, metrics, warnings and curves.
func (t *Tx) recordValues(e *Execution, id int64) error {
	var args []any
	for i, p := range e.KeyParts {
		args = append(args, id, i, p.Name, p.Value)
	}
	if _, err := t.Insert("INSERT INTO key_parts (execution_id, position, name, value) ", "", 4, args); err != nil {
		return fmt.Errorf("key parts: %w", err)
	}
	args = args[:0]
	for _, p := range e.Programs {
		args = append(args, id, p.Path, p.Hash.String())
	}
	if _, err := t.Insert("INSERT INTO programs (execution_id, path, hash) ", "", 3, args); err != nil {
		return fmt.Errorf("programs: %w", err)
	}
	args = args[:0]
	for _, m := range e.Metrics {
		if err := Finite(m.Value); err != nil {
			return fmt.Errorf("metric %s: %w", m.Name, err)
		}
		args = append(args, id, m.Name, m.Value, Nullable(m.Goal), Nullable(m.Class))
	}
	if _, err := t.Insert("INSERT INTO metrics (execution_id, name, value, goal, class) ", "", 5, args); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	args = args[:0]
	for i, message := range e.Warnings {
		args = append(args, id, i, message)
	}
	if _, err := t.Insert("INSERT INTO warnings (execution_id, position, message) ", "", 3, args); err != nil {
		return fmt.Errorf("warnings: %w", err)
	}
	args = args[:0]
	for _, p := range e.Points {
		if err := Finite(p.Value); err != nil {
			return fmt.Errorf("curve %s at step %d: %w", p.Name, p.Step, err)
		}
		args = append(args, id, p.Name, p.Step, p.Value)
	}
	// The last value of a step counts: a stage that continues from a
	// checkpoint repeats steps.
	if _, err := t.Insert("INSERT OR REPLACE INTO metric_points (execution_id, name, step, value) ", "", 4, args); err != nil {
		return fmt.Errorf("curves: %w", err)
	}
	if err := t.recordColumns(e, id); err != nil {
		return fmt.Errorf("columns: %w", err)
	}
	return nil
}

// Finite refuses what SQL has no value for: NaN would be stored as NULL.
func Finite(v float64) error {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("%v is not a finite number", v)
	}
	return nil
}

// times fills in what is missing: a stage that could not even begin has none.
func (d *DB) times(e *Execution) (started string, finished sql.NullString) {
	start, finish := e.Started, e.Finished
	if start.IsZero() {
		start = d.now()
	}
	started = FormatTime(start)
	switch {
	case e.Status == Running:
		return started, sql.NullString{}
	case finish.Equal(start): // cached, as a rule; formatting shows in the profile
		return started, sql.NullString{String: started, Valid: true}
	case finish.IsZero():
		finish = d.now()
	}
	if finish.Before(start) { // the clock went back
		finish = start
	}
	return started, sql.NullString{String: FormatTime(finish), Valid: true}
}

func (d *DB) recordExecution(t *Tx, e *Execution) (id int64, err error) {
	started, finished := d.times(e)
	key, config := "", ""
	if !e.Key.IsZero() {
		key = e.Key.String()
	}
	if len(e.Config) > 0 {
		if !json.Valid(e.Config) {
			return 0, errors.New("the configuration is not JSON")
		}
		config = string(e.Config)
	}
	attempt := max(1, e.Attempt)
	res, err := t.ExecContext(t.Ctx, `INSERT INTO executions (run_id, stage, attempt, kind, kind_version, status, key, config, reason, started_at, finished_at, error)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run_id, stage, attempt) DO NOTHING`,
		e.RunID, e.Stage, attempt, e.Kind, e.KindVersion, string(e.Status), Nullable(key), Nullable(config), e.Reason,
		started, finished, Nullable(e.Error))
	if err != nil {
		return 0, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		id, idErr := res.LastInsertId()
		return id, errors.Join(err, idErr)
	}
	// It was recorded when it began.
	n, err := t.Exec(`UPDATE executions SET kind = ?, kind_version = ?, status = ?, key = ?, config = ?, reason = ?, finished_at = max(?, started_at), error = ?
		WHERE run_id = ? AND stage = ? AND attempt = ? AND status = 'running' AND ? <> 'running'`,
		e.Kind, e.KindVersion, string(e.Status), Nullable(key), Nullable(config), e.Reason, finished, Nullable(e.Error),
		e.RunID, e.Stage, attempt, string(e.Status))
	if err != nil {
		return 0, err
	}
	if n == 0 {
		return 0, fmt.Errorf("attempt %d was recorded before", attempt)
	}
	err = t.Row("SELECT id FROM executions WHERE run_id = ? AND stage = ? AND attempt = ?", e.RunID, e.Stage, attempt).Scan(&id)
	return id, err
}

// artifact makes the row of an artifact, or adds a size that was not known.
func (t *Tx) artifact(hash string, size sql.NullInt64, now time.Time) error {
	_, err := t.Exec(`INSERT INTO artifacts (hash, size, created_at) VALUES (?, ?, ?)
		ON CONFLICT (hash) DO UPDATE SET size = excluded.size WHERE size IS NULL`, hash, size, FormatTime(now))
	return err
}

func (d *DB) recordInput(t *Tx, e *Execution, id int64, in Input) error {
	if in.ID.IsZero() {
		return nil
	}
	hash := in.ID.String()
	insert := func() (int64, error) {
		// The stage that it came from may itself have been cached: made_by is
		// the execution that did the work.
		return t.Exec(`INSERT INTO execution_inputs (execution_id, port, type, artifact_id, from_stage, from_port, made_by, path)
			SELECT ?, ?, ?, id, ?, ?, (SELECT coalesce(cached_from, id) FROM executions
				WHERE run_id = ? AND stage = ? AND status IN ('succeeded', 'cached', 'gate_failed') ORDER BY attempt DESC LIMIT 1), ?
			FROM artifacts WHERE hash = ?`,
			id, in.Port, in.Type, Nullable(in.FromStage), Nullable(in.FromPort), e.RunID, in.FromStage, Nullable(in.Path), hash)
	}
	if in.FromStage != "" { // then it has a row, as a rule
		if n, err := insert(); err != nil || n == 1 {
			return err
		}
	}
	// The size of an external file may not be known to the caller.
	if err := t.artifact(hash, sql.NullInt64{Int64: in.Size, Valid: in.Size != 0}, d.now()); err != nil {
		return err
	}
	_, err := insert()
	return err
}

// typeModel is the port type whose outputs are listed in models.
const typeModel = "model"

func (d *DB) recordOutput(t *Tx, e *Execution, id int64, out Output) error {
	if out.ID.IsZero() {
		return errors.New("it has no artifact")
	}
	hash := out.ID.String()
	if err := t.artifact(hash, sql.NullInt64{Int64: out.Size, Valid: true}, d.now()); err != nil {
		return err
	}
	_, err := t.Exec(`INSERT INTO execution_outputs (execution_id, port, type, artifact_id)
		SELECT ?, ?, ?, id FROM artifacts WHERE hash = ?`, id, out.Port, out.Type, hash)
	if err != nil || out.Type != typeModel {
		return err
	}
	_, err = t.Exec(`INSERT INTO models (artifact_id, execution_id, port, pipeline, stage, created_at)
		SELECT a.id, ?, ?, r.pipeline, ?, ? FROM runs r, artifacts a WHERE r.id = ? AND a.hash = ? ON CONFLICT (artifact_id) DO NOTHING`,
		id, out.Port, e.Stage, FormatTime(d.now()), e.RunID, hash)
	return err
}

func (t *Tx) recordColumns(e *Execution, id int64) error {
	args := make([]any, 0, 5*len(e.Columns))
	for _, c := range e.Columns {
		args = append(args, id, c.InPort, c.InColumn, c.OutPort, c.OutColumn)
	}
	_, err := t.Insert("INSERT OR IGNORE INTO column_edges (execution_id, in_port, in_column, out_port, out_column) ", "", 5, args)
	return err
}
