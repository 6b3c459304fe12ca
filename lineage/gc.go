package lineage

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Forgotten counts what Forget deleted.
type Forgotten struct {
	Runs       int // without any execution left
	Executions int
	Artifacts  int // rows; the bytes are the store's to sweep
	Waiting    int // executions that stay until a run that may use them has ended
}

// Transactions are small, so that runs that go on have to wait for moments
// only.
const (
	gcBatch = 500
	gcRuns  = 100
)

// Forget deletes what a plan says, in several transactions; after a crash the
// next Forget goes on. Runs may begin and go on meanwhile, because an
// execution goes in two steps. First it is doomed: no run that begins from now
// on finds it in the cache. Then, when no run is left that began before that,
// and if nothing refers to it, it is deleted. What has to wait for a run, the
// next Forget deletes.
func (d *DB) Forget(ctx context.Context, plan *GCPlan) (done Forgotten, err error) {
	steps := []func(context.Context, *GCPlan, *Forgotten) error{
		d.doom, d.hideRuns, d.deleteDoomed, d.deleteRuns, d.deleteArtifacts,
	}
	for _, step := range steps {
		if err := step(ctx, plan, &done); err != nil {
			return done, err
		}
	}
	if err := d.r.QueryRowContext(ctx, "SELECT count(*) FROM doomed_executions").Scan(&done.Waiting); err != nil {
		return done, wrap("clean up", d.path, err)
	}
	return done, d.optimize(ctx)
}

// optimize renews what the query planner knows about the sizes of tables. The
// pages that were freed stay in the file and are used again: giving them back
// to the system (VACUUM) would lock out every run for as long as it takes to
// write the whole database anew.
func (d *DB) optimize(ctx context.Context) error {
	_, err := d.w.ExecContext(ctx, "PRAGMA optimize")
	return wrap("optimize", d.path, err)
}

// gcUpdate runs a part of a clean-up in a transaction of its own, and then lets
// go of the database for as long as that took: those who wait for SQLite's lock
// look at ever longer intervals, and one that takes it again at once starves
// them.
func (d *DB) gcUpdate(ctx context.Context, fn func(*tx) error) error {
	var begun time.Time
	err := d.update(ctx, relaxed, "clean up", func(t *tx) error {
		begun = d.now()
		return fn(t)
	})
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d.now().Sub(begun)):
		return nil
	}
}

func (d *DB) doom(ctx context.Context, plan *GCPlan, _ *Forgotten) error {
	for ids := range slices.Chunk(plan.doomed, 20*gcBatch) {
		err := d.gcUpdate(ctx, func(t *tx) error {
			_, err := t.exec(`INSERT INTO doomed_executions (execution_id, newest_run)
				SELECT e.id, (SELECT max(seq) FROM runs) FROM json_each(?) j JOIN executions e ON e.id = j.value
				WHERE true ON CONFLICT DO NOTHING`, idList(ids))
			return err
		})
		if err != nil {
			return err
		}
	}
	for ids := range slices.Chunk(plan.spared, 20*gcBatch) {
		err := d.gcUpdate(ctx, func(t *tx) error {
			_, err := t.exec("DELETE FROM doomed_executions WHERE execution_id IN (SELECT value FROM json_each(?))", idList(ids))
			return err
		})
		if err != nil {
			return err
		}
	}
	d.recent.clear()
	return nil
}

// deleteDoomed goes from the newest to the oldest, since executions refer to
// older ones.
func (d *DB) deleteDoomed(ctx context.Context, _ *GCPlan, done *Forgotten) error {
	for {
		n := 0
		err := d.gcUpdate(ctx, func(t *tx) error {
			ids, err := t.ids(`SELECT g.execution_id FROM doomed_executions g
				WHERE NOT EXISTS (SELECT 1 FROM runs r WHERE r.status = 'running' AND r.seq <= g.newest_run)
				  AND NOT EXISTS (SELECT 1 FROM executions c WHERE c.cached_from = g.execution_id)
				  AND NOT EXISTS (SELECT 1 FROM execution_inputs i WHERE i.made_by = g.execution_id)
				  AND NOT EXISTS (SELECT 1 FROM executions x JOIN runs r ON r.repeats = x.run_id
				    WHERE x.id = g.execution_id AND r.id NOT IN (SELECT run_id FROM forgotten_runs))
				  AND NOT EXISTS (SELECT 1 FROM models m JOIN artifacts a ON a.id = m.artifact_id
				    WHERE m.execution_id = g.execution_id AND a.hash IN (`+promotedModels+`))
				  AND g.execution_id NOT IN (`+promotedBy+`)
				ORDER BY g.execution_id DESC LIMIT ?`, gcBatch)
			if err != nil || len(ids) == 0 {
				return err
			}
			n = len(ids)
			return t.deleteExecutions(ids)
		})
		if err != nil || n == 0 {
			return err
		}
		done.Executions += n
	}
}

func (t *tx) deleteExecutions(ids []int64) error {
	list := idList(ids)
	// A model that somebody else made too is listed as theirs.
	_, err := t.exec(`UPDATE models SET execution_id = (SELECT o.execution_id FROM execution_outputs o
			WHERE o.artifact_id = models.artifact_id AND o.execution_id NOT IN (SELECT execution_id FROM doomed_executions) LIMIT 1)
		WHERE execution_id IN (SELECT value FROM json_each(?)) AND EXISTS (SELECT 1 FROM execution_outputs o
			WHERE o.artifact_id = models.artifact_id AND o.execution_id NOT IN (SELECT execution_id FROM doomed_executions))`, list)
	if err != nil {
		return err
	}
	if err := t.deleteChildren("executions", list); err != nil {
		return err
	}
	_, err = t.exec("DELETE FROM executions WHERE id IN (SELECT value FROM json_each(?))", list)
	return err
}

// hideRuns takes runs out of sight. Executions of theirs may have to stay.
func (d *DB) hideRuns(ctx context.Context, plan *GCPlan, _ *Forgotten) error {
	for runs := range slices.Chunk(plan.Runs, 20*gcRuns) {
		names := make([]string, len(runs))
		for i, r := range runs {
			names[i] = r.ID
		}
		err := d.gcUpdate(ctx, func(t *tx) error {
			_, err := t.exec(`INSERT INTO forgotten_runs (run_id, forgotten_at)
				SELECT r.id, ? FROM json_each(?) j JOIN runs r ON r.id = j.value WHERE r.status <> 'running'
				ON CONFLICT DO NOTHING`, formatTime(d.now()), jsonList(names))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// deleteRuns deletes the hidden runs of which nothing is left.
func (d *DB) deleteRuns(ctx context.Context, _ *GCPlan, done *Forgotten) error {
	for {
		n := 0
		err := d.gcUpdate(ctx, func(t *tx) error {
			names, err := t.texts(`SELECT f.run_id FROM forgotten_runs f
				WHERE NOT EXISTS (SELECT 1 FROM executions e WHERE e.run_id = f.run_id) LIMIT ?`, gcRuns)
			if err != nil || len(names) == 0 {
				return err
			}
			n = len(names)
			list := jsonList(names)
			if err := t.deleteChildren("runs", list); err != nil {
				return err
			}
			_, err = t.exec("DELETE FROM runs WHERE id IN (SELECT value FROM json_each(?))", list)
			return err
		})
		if err != nil {
			return err
		}
		if done.Runs += n; n == 0 {
			return d.gcUpdate(ctx, func(t *tx) error {
				_, err := t.exec("DELETE FROM pipelines WHERE NOT EXISTS (SELECT 1 FROM runs r WHERE r.pipeline_id = pipelines.id)")
				return err
			})
		}
	}
}

// deleteArtifacts deletes the rows of artifacts that nothing refers to.
func (d *DB) deleteArtifacts(ctx context.Context, _ *GCPlan, done *Forgotten) error {
	for from, last := int64(0), false; !last; {
		err := d.gcUpdate(ctx, func(t *tx) error {
			ids, err := t.ids("SELECT id FROM artifacts WHERE id > ? ORDER BY id LIMIT ?", from, 20*gcBatch)
			if err != nil || len(ids) == 0 {
				last = true
				return err
			}
			from = ids[len(ids)-1]
			refs, err := t.references("artifacts")
			if err != nil {
				return err
			}
			var free strings.Builder
			for _, r := range refs {
				fmt.Fprintf(&free, " AND NOT EXISTS (SELECT 1 FROM %s x WHERE x.%s = artifacts.id)", r.table, r.column)
			}
			n, err := t.exec("DELETE FROM artifacts WHERE id IN (SELECT value FROM json_each(?))"+free.String(), idList(ids))
			done.Artifacts += int(n)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// A reference is a column that refers to a row of another table.
type reference struct {
	table, column string
	nullable      bool
}

// references lists the columns that refer to a table, as the schema says.
func (t *tx) references(table string) (list []reference, err error) {
	rows, err := t.QueryContext(t.ctx, `SELECT m.name, f."from", c."notnull" = 0 AND c.pk = 0
		FROM sqlite_schema m, pragma_foreign_key_list(m.name) f JOIN pragma_table_info(m.name) c ON c.name = f."from"
		WHERE m.type = 'table' AND f."table" = ? ORDER BY m.name, f.seq`, table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r reference
		if err := rows.Scan(&r.table, &r.column, &r.nullable); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// deleteChildren deletes the rows that cannot be without the rows in list, and
// takes the reference out of those that can.
func (t *tx) deleteChildren(table, list string) error {
	refs, err := t.references(table)
	if err != nil {
		return err
	}
	for _, r := range refs {
		query := fmt.Sprintf("DELETE FROM %s WHERE %s IN (SELECT value FROM json_each(?))", r.table, r.column)
		if r.column == "cached_from" || r.column == "made_by" {
			continue // nothing refers to them in this way, which was checked
		}
		if r.nullable {
			query = fmt.Sprintf("UPDATE %s SET %s = NULL WHERE %s IN (SELECT value FROM json_each(?))", r.table, r.column, r.column)
		}
		if _, err := t.exec(query, list); err != nil {
			return fmt.Errorf("%s of %s: %w", r.table, table, err)
		}
	}
	return nil
}

// KnownRuns tells which of these are IDs of runs.
func (d *DB) KnownRuns(ctx context.Context, ids []string) (_ map[string]bool, err error) {
	defer func() { err = wrap("look for runs in", d.path, err) }()
	list, err := collect(ctx, d.r, scanText, "SELECT id FROM runs WHERE id IN (SELECT value FROM json_each(?))", jsonList(ids))
	known := make(map[string]bool, len(list))
	for _, id := range list {
		known[id] = true
	}
	return known, err
}

// clear drops everything that is remembered.
func (r *recent) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hits = nil
}

func (t *tx) ids(query string, args ...any) ([]int64, error) { return scanAll[int64](t, query, args) }

func (t *tx) texts(query string, args ...any) ([]string, error) {
	return scanAll[string](t, query, args)
}

func scanAll[T any](t *tx, query string, args []any) (list []T, err error) {
	rows, err := t.QueryContext(t.ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var v T
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

func idList(ids []int64) string { return jsonList(ids) }

// jsonList is a list as one argument of a statement, for json_each.
func jsonList[T any](list []T) string {
	if list == nil {
		list = []T{}
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic(err) // numbers and texts cannot fail
	}
	return string(text)
}
