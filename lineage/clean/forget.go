package clean

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"pipe/lineage"
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
	batchSize  = 500
	runsAtOnce = 100
)

// Forget deletes what was chosen, in several transactions; after a crash the
// next Forget goes on. Runs may begin and go on meanwhile, because an
// execution goes in two steps. First it is doomed: no run that begins from now
// on finds it in the cache. Then, when no run is left that began before that,
// and if nothing refers to it, it is deleted. What has to wait for a run, the
// next Forget deletes.
func Forget(ctx context.Context, d *lineage.DB, chosen *Choice) (done Forgotten, err error) {
	steps := []func(context.Context, *lineage.DB, *Choice, *Forgotten) error{
		doom, hideRuns, deleteDoomed, deleteRuns, deleteArtifacts,
	}
	for _, step := range steps {
		if err := step(ctx, d, chosen, &done); err != nil {
			return done, err
		}
	}
	if err := d.Reader().QueryRowContext(ctx, "SELECT count(*) FROM doomed_executions").Scan(&done.Waiting); err != nil {
		return done, d.Error("clean up", err)
	}
	return done, d.Optimize(ctx)
}

// update runs a part of a clean-up in a transaction of its own, and then lets
// go of the database for as long as that took: those who wait for SQLite's lock
// look at ever longer intervals, and one that takes it again at once starves
// them.
func update(ctx context.Context, d *lineage.DB, fn func(*lineage.Tx) error) error {
	var begun time.Time
	err := d.Update(ctx, lineage.Relaxed, "clean up", func(t *lineage.Tx) error {
		begun = d.Now()
		return fn(t)
	})
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d.Now().Sub(begun)):
		return nil
	}
}

func doom(ctx context.Context, d *lineage.DB, chosen *Choice, _ *Forgotten) error {
	for ids := range slices.Chunk(chosen.doomed, 20*batchSize) {
		err := update(ctx, d, func(t *lineage.Tx) error {
			_, err := t.Exec(`INSERT INTO doomed_executions (execution_id, newest_run)
				SELECT e.id, (SELECT max(seq) FROM runs) FROM json_each(?) j JOIN executions e ON e.id = j.value
				WHERE true ON CONFLICT DO NOTHING`, lineage.JSONList(ids))
			return err
		})
		if err != nil {
			return err
		}
	}
	for ids := range slices.Chunk(chosen.spared, 20*batchSize) {
		err := update(ctx, d, func(t *lineage.Tx) error {
			_, err := t.Exec("DELETE FROM doomed_executions WHERE execution_id IN (SELECT value FROM json_each(?))", lineage.JSONList(ids))
			return err
		})
		if err != nil {
			return err
		}
	}
	d.ForgetHits()
	return nil
}

// deleteDoomed goes from the newest to the oldest, since executions refer to
// older ones.
func deleteDoomed(ctx context.Context, d *lineage.DB, _ *Choice, done *Forgotten) error {
	for {
		n := 0
		err := update(ctx, d, func(t *lineage.Tx) error {
			ids, err := t.IDs(`SELECT g.execution_id FROM doomed_executions g
				WHERE NOT EXISTS (SELECT 1 FROM runs r WHERE r.status = 'running' AND r.seq <= g.newest_run)
				  AND NOT EXISTS (SELECT 1 FROM executions c WHERE c.cached_from = g.execution_id)
				  AND NOT EXISTS (SELECT 1 FROM execution_inputs i WHERE i.made_by = g.execution_id)
				  AND NOT EXISTS (SELECT 1 FROM executions x JOIN runs r ON r.repeats = x.run_id
				    WHERE x.id = g.execution_id AND r.id NOT IN (SELECT run_id FROM forgotten_runs))
				  AND NOT EXISTS (SELECT 1 FROM models m JOIN artifacts a ON a.id = m.artifact_id
				    WHERE m.execution_id = g.execution_id AND a.hash IN (`+promotedModels+`))
				  AND g.execution_id NOT IN (`+promotedBy+`)
				ORDER BY g.execution_id DESC LIMIT ?`, batchSize)
			if err != nil || len(ids) == 0 {
				return err
			}
			n = len(ids)
			return deleteExecutions(t, ids)
		})
		if err != nil || n == 0 {
			return err
		}
		done.Executions += n
	}
}

func deleteExecutions(t *lineage.Tx, ids []int64) error {
	list := lineage.JSONList(ids)
	// A model that somebody else made too is listed as theirs.
	_, err := t.Exec(`UPDATE models SET execution_id = (SELECT o.execution_id FROM execution_outputs o
			WHERE o.artifact_id = models.artifact_id AND o.execution_id NOT IN (SELECT execution_id FROM doomed_executions) LIMIT 1)
		WHERE execution_id IN (SELECT value FROM json_each(?)) AND EXISTS (SELECT 1 FROM execution_outputs o
			WHERE o.artifact_id = models.artifact_id AND o.execution_id NOT IN (SELECT execution_id FROM doomed_executions))`, list)
	if err != nil {
		return err
	}
	if err := deleteChildren(t, "executions", list); err != nil {
		return err
	}
	_, err = t.Exec("DELETE FROM executions WHERE id IN (SELECT value FROM json_each(?))", list)
	return err
}

// hideRuns takes runs out of sight. Executions of theirs may have to stay.
func hideRuns(ctx context.Context, d *lineage.DB, chosen *Choice, _ *Forgotten) error {
	for runs := range slices.Chunk(chosen.Runs, 20*runsAtOnce) {
		names := make([]string, len(runs))
		for i, r := range runs {
			names[i] = r.ID
		}
		err := update(ctx, d, func(t *lineage.Tx) error {
			_, err := t.Exec(`INSERT INTO forgotten_runs (run_id, forgotten_at)
				SELECT r.id, ? FROM json_each(?) j JOIN runs r ON r.id = j.value WHERE r.status <> 'running'
				ON CONFLICT DO NOTHING`, lineage.FormatTime(d.Now()), lineage.JSONList(names))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// deleteRuns deletes the hidden runs of which nothing is left.
func deleteRuns(ctx context.Context, d *lineage.DB, _ *Choice, done *Forgotten) error {
	for {
		n := 0
		err := update(ctx, d, func(t *lineage.Tx) error {
			names, err := t.Texts(`SELECT f.run_id FROM forgotten_runs f
				WHERE NOT EXISTS (SELECT 1 FROM executions e WHERE e.run_id = f.run_id) LIMIT ?`, runsAtOnce)
			if err != nil || len(names) == 0 {
				return err
			}
			n = len(names)
			list := lineage.JSONList(names)
			if err := deleteChildren(t, "runs", list); err != nil {
				return err
			}
			_, err = t.Exec("DELETE FROM runs WHERE id IN (SELECT value FROM json_each(?))", list)
			return err
		})
		if err != nil {
			return err
		}
		if done.Runs += n; n == 0 {
			return update(ctx, d, func(t *lineage.Tx) error {
				_, err := t.Exec("DELETE FROM pipelines WHERE NOT EXISTS (SELECT 1 FROM runs r WHERE r.pipeline_id = pipelines.id)")
				return err
			})
		}
	}
}

// deleteArtifacts deletes the rows of artifacts that nothing refers to.
func deleteArtifacts(ctx context.Context, d *lineage.DB, _ *Choice, done *Forgotten) error {
	for from, last := int64(0), false; !last; {
		err := update(ctx, d, func(t *lineage.Tx) error {
			ids, err := t.IDs("SELECT id FROM artifacts WHERE id > ? ORDER BY id LIMIT ?", from, 20*batchSize)
			if err != nil || len(ids) == 0 {
				last = true
				return err
			}
			from = ids[len(ids)-1]
			refs, err := references(t, "artifacts")
			if err != nil {
				return err
			}
			var free strings.Builder
			for _, r := range refs {
				fmt.Fprintf(&free, " AND NOT EXISTS (SELECT 1 FROM %s x WHERE x.%s = artifacts.id)", r.table, r.column)
			}
			n, err := t.Exec("DELETE FROM artifacts WHERE id IN (SELECT value FROM json_each(?))"+free.String(), lineage.JSONList(ids))
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
func references(t *lineage.Tx, table string) (list []reference, err error) {
	rows, err := t.QueryContext(t.Ctx, `SELECT m.name, f."from", c."notnull" = 0 AND c.pk = 0
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
func deleteChildren(t *lineage.Tx, table, list string) error {
	refs, err := references(t, table)
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
		if _, err := t.Exec(query, list); err != nil {
			return fmt.Errorf("%s of %s: %w", r.table, table, err)
		}
	}
	return nil
}
