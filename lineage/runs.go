package lineage

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"pipe/artifacts"
)

// A RunFilter chooses runs; zero fields choose all.
type RunFilter struct {
	Pipeline string
	Status   Status
	Limit    int
}

const runColumns = `r.id, r.pipeline, r.status, r.trigger, coalesce(r.scheduled_at, ''), coalesce(r.rerun_of, ''), r.seed, r.stages,
	r.started_at, coalesce(r.finished_at, ''), r.heartbeat_at, r.pid, coalesce(r.error, ''),
	coalesce(r.imported_at, ''), coalesce(r.imported_from, ''), l.file, l.spec_hash, v.pipe_version, v.go_version, v.os, v.arch, v.cpus, v.hostname, v.details,
	coalesce(r.git_commit, ''), r.git_clean`

const runTables = ` FROM runs r JOIN pipelines l ON l.id = r.pipeline_id JOIN environments v ON v.id = r.environment_id`

// Runs lists runs, the newest first, without SpecText.
func (d *DB) Runs(ctx context.Context, f RunFilter) (_ []Run, err error) {
	defer func() { err = d.Error("list runs in", err) }()
	dead, err := d.dead(ctx, d.r)
	if err != nil {
		return nil, err
	}
	query, args := "SELECT "+runColumns+runTables, []any{}
	where := []string{"r.id NOT IN (SELECT run_id FROM forgotten_runs)"}
	if f.Pipeline != "" {
		where, args = append(where, "r.pipeline = ?"), append(args, f.Pipeline)
	}
	switch f.Status {
	case "":
	case Running:
		where, args = append(where, "r.status = 'running' AND r.id NOT IN (SELECT value FROM json_each(?))"), append(args, idsOf(dead)) // an index has these
	case Interrupted:
		where, args = append(where, "(r.status = 'interrupted' OR r.id IN (SELECT value FROM json_each(?)))"), append(args, idsOf(dead))
	default:
		where, args = append(where, "r.status = ?"), append(args, string(f.Status))
	}
	query += " WHERE " + strings.Join(where, " AND ")
	query += " ORDER BY r.seq DESC"
	if f.Limit > 0 {
		query, args = query+" LIMIT ?", append(args, f.Limit)
	}
	runs, err := Collect(ctx, d.r, scanRun, query, args...)
	if err != nil {
		return nil, err
	}
	if err := d.completeRuns(ctx, runs); err != nil {
		return nil, err
	}
	return runs, bury(runs, dead)
}

// Run returns the run with that ID, with SpecText. See RunByRef for other ways
// to name a run.
func (d *DB) Run(ctx context.Context, id string) (_ *Run, err error) {
	defer func() { err = d.Error("read a run from", err) }()
	runs, err := Collect(ctx, d.r, scanRun, "SELECT "+runColumns+runTables+" WHERE r.id = ?", id)
	if err != nil {
		return nil, err
	}
	if len(runs) == 0 {
		return nil, &RefError{Ref: id, Msg: "is not the ID of a run"}
	}
	run := &runs[0]
	err = d.r.QueryRowContext(ctx, "SELECT l.spec FROM runs r JOIN pipelines l ON l.id = r.pipeline_id WHERE r.id = ?", id).Scan(&run.SpecText)
	if err != nil {
		return nil, err
	}
	if err := d.completeRuns(ctx, runs); err != nil || run.Status != Running {
		return run, err
	}
	dead, err := d.dead(ctx, d.r)
	if err != nil {
		return nil, err
	}
	return run, bury(runs, dead)
}

// NewestWith finds the newest run that has made an artifact of a type, or has found
// one in the cache. What measured the model of another run does not count. It is
// empty if there is none.
func (d *DB) NewestWith(ctx context.Context, portType string) (runID string, err error) {
	defer func() { err = d.Error("look for a run in", err) }()
	// CROSS JOIN keeps the order of the tables: from the newest run back.
	err = d.r.QueryRowContext(ctx, `SELECT r.id FROM runs r CROSS JOIN executions e ON e.run_id = coalesce(r.repeats, r.id)
		CROSS JOIN execution_outputs p ON p.execution_id = coalesce(e.cached_from, e.id)
		WHERE p.type = ? AND (r.repeats IS NULL OR e.status IN ('succeeded', 'cached')) AND r.id NOT IN (SELECT run_id FROM forgotten_runs)
		AND NOT EXISTS (SELECT 1 FROM rival_stages v WHERE v.run_id = e.run_id AND v.stage = e.stage)
		ORDER BY r.seq DESC LIMIT 1`, portType).Scan(&runID)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return runID, err
}

func scanRun(rows *sql.Rows) (Run, error) {
	var r Run
	var scheduled, seed, started, finished, heartbeat, imported, spec, details string
	env := &r.Environment
	err := rows.Scan(&r.ID, &r.Pipeline, &r.Status, &r.Trigger, &scheduled, &r.RerunOf, &seed, &r.Stages,
		&started, &finished, &heartbeat, &r.PID, &r.Error, &imported, &r.ImportedFrom,
		&r.File, &spec, &env.PipeVersion, &env.GoVersion, &env.OS, &env.Arch, &env.CPUs, &env.Hostname, &details, &r.Git.Commit, &r.Git.Clean)
	if err != nil {
		return r, err
	}
	if r.Seed, err = strconv.ParseUint(seed, 10, 64); err != nil {
		return r, fmt.Errorf("run %s: seed: %w", r.ID, err)
	}
	if r.SpecID, err = artifacts.ParseID(spec); err != nil {
		return r, fmt.Errorf("run %s: %w", r.ID, err)
	}
	if err := json.Unmarshal([]byte(details), &env.Details); err != nil {
		return r, fmt.Errorf("run %s: environment: %w", r.ID, err)
	}
	if len(env.Details) == 0 {
		env.Details = nil
	}
	return r, errors.Join(
		SetTime(&r.ScheduledAt, scheduled), SetTime(&r.Started, started),
		SetTime(&r.Finished, finished), SetTime(&r.Heartbeat, heartbeat), SetTime(&r.Imported, imported))
}

// completeRuns adds parameters and counts.
func (d *DB) completeRuns(ctx context.Context, runs []Run) error {
	ids := make([]string, len(runs))
	index := make(map[string]*Run, len(runs))
	for i := range runs {
		ids[i] = runs[i].ID
		index[runs[i].ID] = &runs[i]
		runs[i].Counts = map[Status]int{}
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	type param struct {
		run string
		Param
	}
	params, err := Collect(ctx, d.r, func(rows *sql.Rows) (p param, err error) {
		err = rows.Scan(&p.run, &p.Name, &p.Value, &p.Source)
		return p, err
	}, "SELECT run_id, name, value, source FROM params WHERE run_id IN (SELECT value FROM json_each(?)) ORDER BY run_id, name", string(list))
	if err != nil {
		return err
	}
	// In a database with damage a row may name another run than the one that it
	// was found by.
	for _, p := range params {
		if run := index[p.run]; run != nil {
			run.Params = append(run.Params, p.Param)
		}
	}
	type count struct {
		run    string
		status Status
		n      int
	}
	counts, err := Collect(ctx, d.r, func(rows *sql.Rows) (c count, err error) {
		err = rows.Scan(&c.run, &c.status, &c.n)
		return c, err
	}, `SELECT run_id, status, count(*) FROM executions WHERE run_id IN (SELECT value FROM json_each(?1)) GROUP BY run_id, status
		UNION ALL SELECT id, 'cached', stages FROM runs WHERE repeats IS NOT NULL AND id IN (SELECT value FROM json_each(?1))`, string(list))
	if err != nil {
		return err
	}
	for _, c := range counts {
		if run := index[c.run]; run != nil {
			run.Counts[c.status] = c.n
		}
	}
	return nil
}

// KnownRuns tells which of these are IDs of runs.
func (d *DB) KnownRuns(ctx context.Context, ids []string) (_ map[string]bool, err error) {
	defer func() { err = d.Error("look for runs in", err) }()
	list, err := Collect(ctx, d.r, Scan[string], "SELECT id FROM runs WHERE id IN (SELECT value FROM json_each(?))", JSONList(ids))
	known := make(map[string]bool, len(list))
	for _, id := range list {
		known[id] = true
	}
	return known, err
}
