package lineage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"pipe/artifacts"
)

const executionColumns = `e.id, e.run_id, e.stage, e.attempt, e.kind, e.kind_version, e.status, coalesce(e.cached_from, 0), e.reason,
	e.started_at, coalesce(e.finished_at, ''), coalesce(e.error, ''), coalesce(o.key, ''), coalesce(o.config, ''), coalesce(s.seed, ''),
	coalesce((SELECT v.label FROM rival_stages v WHERE v.run_id = e.run_id AND v.stage = e.stage), ''),
	coalesce(d.device, ''), coalesce(d.varies, 0), coalesce(d.begun_on, '')
	FROM executions e JOIN executions o ON o.id = coalesce(e.cached_from, e.id) LEFT JOIN seeds s ON s.execution_id = o.id
	LEFT JOIN devices d ON d.execution_id = o.id`

// Executions lists the executions of a run in the order in which they were
// recorded, without KeyParts and Points. Those of a run that repeats another
// are those of that one, as found in the cache.
func (d *DB) Executions(ctx context.Context, runID string) (_ []Execution, err error) {
	defer func() { err = d.Error("list executions in", err) }()
	list, err := Collect(ctx, d.r, scanExecution, "SELECT "+executionColumns+" WHERE "+OfRun+" ORDER BY e.id", runID)
	if err != nil {
		return nil, err
	}
	if err := d.completeExecutions(ctx, list, OfRun, runID); err != nil {
		return nil, err
	}
	if err := d.buryExecutions(ctx, list); err != nil {
		return nil, err
	}
	return d.repeated(ctx, runID, list)
}

// OfRun chooses the executions e of the run ?1: its own or, if it repeats
// another run, the results of that one.
const OfRun = `e.run_id = coalesce((SELECT repeats FROM runs WHERE id = ?1), ?1) AND (e.run_id = ?1 OR e.status IN ('succeeded', 'cached'))`

// repeated turns the executions of a run that another one repeats into those of
// the other one. It leaves those of any other run alone.
func (d *DB) repeated(ctx context.Context, runID string, list []Execution) ([]Execution, error) {
	var repeats, started, finished string
	err := d.r.QueryRowContext(ctx, "SELECT repeats, started_at, finished_at FROM runs WHERE id = ? AND repeats IS NOT NULL", runID).
		Scan(&repeats, &started, &finished)
	if errors.Is(err, sql.ErrNoRows) {
		return list, nil
	}
	if err != nil {
		return nil, err
	}
	for i := range list {
		e := &list[i]
		if e.Status == Succeeded {
			e.CachedFrom = e.ID
		}
		e.RunID, e.Attempt, e.Status, e.Reason = runID, 1, Cached, "nothing has changed since run "+repeats
		if err := errors.Join(SetTime(&e.Started, started), SetTime(&e.Finished, finished)); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Execution returns one execution, without KeyParts and Points.
func (d *DB) Execution(ctx context.Context, id int64) (_ *Execution, err error) {
	defer func() { err = d.Error("read an execution from", err) }()
	list, err := Collect(ctx, d.r, scanExecution, "SELECT "+executionColumns+" WHERE e.id = ?", id)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, &RefError{Ref: strconv.FormatInt(id, 10), Msg: "is not the ID of an execution"}
	}
	if err := d.completeExecutions(ctx, list, "e.id = ?", id); err != nil {
		return nil, err
	}
	return &list[0], d.buryExecutions(ctx, list)
}

// ExecutionsByID returns some executions by their IDs, without KeyParts and Points.
// One that does not exist is left out.
func (d *DB) ExecutionsByID(ctx context.Context, ids []int64) (_ map[int64]*Execution, err error) {
	defer func() { err = d.Error("read executions from", err) }()
	const chosen = "e.id IN (SELECT value FROM json_each(?))"
	list, err := Collect(ctx, d.r, scanExecution, "SELECT "+executionColumns+" WHERE "+chosen, JSONList(ids))
	if err != nil {
		return nil, err
	}
	if err := d.completeExecutions(ctx, list, chosen, JSONList(ids)); err != nil {
		return nil, err
	}
	if err := d.buryExecutions(ctx, list); err != nil {
		return nil, err
	}
	byID := make(map[int64]*Execution, len(list))
	for i := range list {
		byID[list[i].ID] = &list[i]
	}
	return byID, nil
}

func scanExecution(rows *sql.Rows) (Execution, error) {
	var e Execution
	var started, finished, key, config, seed string
	err := rows.Scan(&e.ID, &e.RunID, &e.Stage, &e.Attempt, &e.Kind, &e.KindVersion, &e.Status, &e.CachedFrom, &e.Reason,
		&started, &finished, &e.Error, &key, &config, &seed, &e.Rival,
		&e.Device.Name, &e.Device.Varies, &e.Device.BegunOn)
	if err != nil {
		return e, err
	}
	if key != "" {
		if e.Key, err = artifacts.ParseKey(key); err != nil {
			return e, fmt.Errorf("execution %d: %w", e.ID, err)
		}
	}
	if config != "" {
		e.Config = []byte(config)
	}
	if seed != "" {
		n, err := strconv.ParseUint(seed, 10, 64)
		if err != nil {
			return e, fmt.Errorf("execution %d: seed: %w", e.ID, err)
		}
		e.Seed = &n
	}
	return e, errors.Join(SetTime(&e.Started, started), SetTime(&e.Finished, finished))
}

// completeExecutions adds inputs, outputs, metrics, programs and warnings of the executions that
// where chooses, which are those of list.
func (d *DB) completeExecutions(ctx context.Context, list []Execution, where string, arg any) error {
	index := make(executionIndex, len(list))
	for i := range list {
		index[list[i].ID] = &list[i]
	}
	const join = " ON p.execution_id = coalesce(e.cached_from, e.id) "
	err := d.Each(ctx, func(rows *sql.Rows) error {
		var id int64
		var in Input
		var hash string
		if err := rows.Scan(&id, &in.Port, &in.Type, &hash, &in.Size, &in.FromStage, &in.FromPort, &in.Path); err != nil {
			return err
		}
		var err error
		in.ID, err = artifacts.ParseID(hash)
		e := index.of(id)
		e.Inputs = append(e.Inputs, in)
		return err
	}, `SELECT e.id, p.port, p.type, a.hash, coalesce(a.size, 0), coalesce(p.from_stage, ''), coalesce(p.from_port, ''), coalesce(p.path, '')
		FROM executions e JOIN execution_inputs p`+join+`JOIN artifacts a ON a.id = p.artifact_id WHERE `+where+` ORDER BY e.id, p.port`, arg)
	if err != nil {
		return err
	}
	err = d.Each(ctx, func(rows *sql.Rows) error {
		var id int64
		var out Output
		var hash string
		if err := rows.Scan(&id, &out.Port, &out.Type, &hash, &out.Size); err != nil {
			return err
		}
		var err error
		out.ID, err = artifacts.ParseID(hash)
		e := index.of(id)
		e.Outputs = append(e.Outputs, out)
		return err
	}, `SELECT e.id, p.port, p.type, a.hash, coalesce(a.size, 0)
		FROM executions e JOIN execution_outputs p`+join+`JOIN artifacts a ON a.id = p.artifact_id WHERE `+where+` ORDER BY e.id, p.port`, arg)
	if err != nil {
		return err
	}
	err = d.Each(ctx, func(rows *sql.Rows) error {
		var id int64
		var m Metric
		if err := rows.Scan(&id, &m.Name, &m.Value, &m.Goal, &m.Class); err != nil {
			return err
		}
		e := index.of(id)
		e.Metrics = append(e.Metrics, m)
		return nil
	}, "SELECT e.id, p.name, p.value, coalesce(p.goal, ''), coalesce(p.class, '') FROM executions e JOIN metrics p"+join+"WHERE "+where+" ORDER BY e.id, p.name", arg)
	if err != nil {
		return err
	}
	err = d.Each(ctx, func(rows *sql.Rows) error {
		var id int64
		var p Program
		var hash string
		if err := rows.Scan(&id, &p.Path, &hash); err != nil {
			return err
		}
		var err error
		p.Hash, err = artifacts.ParseID(hash)
		e := index.of(id)
		e.Programs = append(e.Programs, p)
		return err
	}, "SELECT e.id, p.path, p.hash FROM executions e JOIN programs p"+join+"WHERE "+where+" ORDER BY e.id, p.path", arg)
	if err != nil {
		return err
	}
	return d.Each(ctx, func(rows *sql.Rows) error {
		var id int64
		var message string
		if err := rows.Scan(&id, &message); err != nil {
			return err
		}
		e := index.of(id)
		e.Warnings = append(e.Warnings, message)
		return nil
	}, "SELECT e.id, p.message FROM executions e JOIN warnings p"+join+"WHERE "+where+" ORDER BY e.id, p.position", arg)
}

// An executionIndex finds the executions of a list by their ID.
type executionIndex map[int64]*Execution

// of gives one that nobody looks at for an execution that is not in the list:
// while a run goes on, more are recorded between one query and the next.
func (x executionIndex) of(id int64) *Execution {
	if e := x[id]; e != nil {
		return e
	}
	return new(Execution)
}

// origin looks through a cached execution.
const origin = "(SELECT coalesce(cached_from, id) FROM executions WHERE id = ?)"

// KeyParts returns the components of the key of an execution, cached or not,
// in the order in which they were hashed.
func (d *DB) KeyParts(ctx context.Context, executionID int64) ([]artifacts.KeyPart, error) {
	parts, err := d.KeyPartsOf(ctx, []int64{executionID})
	return parts[executionID], err
}

// KeyPartsOf is KeyParts of several executions.
func (d *DB) KeyPartsOf(ctx context.Context, executions []int64) (_ map[int64][]artifacts.KeyPart, err error) {
	defer func() { err = d.Error("read keys from", err) }()
	parts := map[int64][]artifacts.KeyPart{}
	err = d.Each(ctx, func(rows *sql.Rows) error {
		var id int64
		var p artifacts.KeyPart
		err := rows.Scan(&id, &p.Name, &p.Value)
		parts[id] = append(parts[id], p)
		return err
	}, `SELECT e.id, p.name, p.value FROM executions e JOIN key_parts p ON p.execution_id = coalesce(e.cached_from, e.id)
		WHERE e.id IN (SELECT value FROM json_each(?)) ORDER BY e.id, p.position`, JSONList(executions))
	return parts, err
}

// Points returns the curves of an execution, cached or not, by name and step.
func (d *DB) Points(ctx context.Context, executionID int64) (_ []Point, err error) {
	defer func() { err = d.Error("read curves from", err) }()
	return Collect(ctx, d.r, func(rows *sql.Rows) (p Point, err error) {
		err = rows.Scan(&p.Name, &p.Step, &p.Value)
		return p, err
	}, "SELECT name, step, value FROM metric_points WHERE execution_id = "+origin+" ORDER BY name, step", executionID)
}

// A StageMetric is a final value with the stage that it belongs to.
type StageMetric struct {
	Stage string
	Metric
}

// Metrics returns the final values of all stages of a run, cached or not, by
// the order of the stages and by name.
func (d *DB) Metrics(ctx context.Context, runID string) (_ []StageMetric, err error) {
	defer func() { err = d.Error("read metrics from", err) }()
	return Collect(ctx, d.r, func(rows *sql.Rows) (m StageMetric, err error) {
		err = rows.Scan(&m.Stage, &m.Name, &m.Value, &m.Goal, &m.Class)
		return m, err
	}, `SELECT e.stage, m.name, m.value, coalesce(m.goal, ''), coalesce(m.class, '') FROM executions e JOIN metrics m ON m.execution_id = coalesce(e.cached_from, e.id)
		WHERE `+OfRun+` ORDER BY e.id, m.name`, runID)
}
