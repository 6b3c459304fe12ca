package lineage

import (
	"context"
	"database/sql"
	"fmt"

	"pipe/artifacts"
)

// Check reads the whole database and says what is wrong with it, in the words
// of SQLite: pages and indexes that do not fit (PRAGMA integrity_check), and
// rows that point at rows that are not there (PRAGMA foreign_key_check). The
// list is empty if all is well. An error means that the check itself failed.
func (d *DB) Check(ctx context.Context) (problems []string, err error) {
	defer func() { err = d.Error("check", err) }()
	problems, err = Collect(ctx, d.r, Scan[string], "PRAGMA integrity_check")
	if err != nil {
		return nil, err
	}
	if len(problems) == 1 && problems[0] == "ok" {
		problems = nil
	}
	orphans, err := Collect(ctx, d.r, func(rows *sql.Rows) (string, error) {
		var table, parent string
		var row sql.NullInt64
		var key int
		err := rows.Scan(&table, &row, &parent, &key)
		return fmt.Sprintf("row %d of table %s points at no row of %s", row.Int64, table, parent), err
	}, "PRAGMA foreign_key_check")
	return append(problems, orphans...), err
}

// A Touch is an execution, cached or not, that made or read an artifact.
type Touch struct {
	Use
	Made bool   // else it read it
	Path string // of an external file, as written in the pipeline
}

// Touched lists the executions that have to do with an artifact, also those
// that took it from the cache: at most limit, the newest first.
func (d *DB) Touched(ctx context.Context, id artifacts.ID, limit int) (_ []Touch, err error) {
	defer func() { err = d.Error("read an artifact from", err) }()
	return Collect(ctx, d.r, func(rows *sql.Rows) (t Touch, err error) {
		err = rows.Scan(&t.Execution, &t.RunID, &t.Pipeline, &t.Stage, &t.Port, &t.Made, &t.Path)
		return t, err
	}, `WITH uses AS (
			SELECT u.execution_id, u.port, 1 AS made, '' AS path FROM artifacts a JOIN execution_outputs u ON u.artifact_id = a.id WHERE a.hash = ?1
			UNION ALL
			SELECT u.execution_id, u.port, 0, coalesce(u.path, '') FROM artifacts a JOIN execution_inputs u ON u.artifact_id = a.id WHERE a.hash = ?1)
		SELECT e.id, r.id, r.pipeline, e.stage, u.port, u.made, u.path
		FROM (SELECT execution_id AS id, * FROM uses UNION ALL SELECT c.id, uses.* FROM uses JOIN executions c ON c.cached_from = uses.execution_id) u
		JOIN executions e ON e.id = u.id JOIN runs r ON r.id = e.run_id OR r.repeats = e.run_id ORDER BY r.seq DESC, e.id DESC, u.made DESC, u.port LIMIT ?2`, id.String(), limit)
}

// Directories lists the artifacts that are directory manifests.
func (d *DB) Directories(ctx context.Context) (_ []artifacts.ID, err error) {
	defer func() { err = d.Error("list artifacts in", err) }()
	return Collect(ctx, d.r, func(rows *sql.Rows) (artifacts.ID, error) {
		hash, err := Scan[string](rows)
		if err != nil {
			return artifacts.ID{}, err
		}
		return artifacts.ParseID(hash)
	}, `SELECT hash FROM artifacts WHERE id IN (SELECT artifact_id FROM execution_outputs WHERE type = 'directory'
		UNION SELECT artifact_id FROM execution_inputs WHERE type = 'directory') ORDER BY hash`)
}

// Spec returns the text of a pipeline file by its hash; false if no run had it.
func (d *DB) Spec(ctx context.Context, id artifacts.ID) (text string, ok bool, err error) {
	defer func() { err = d.Error("read a pipeline from", err) }()
	list, err := Collect(ctx, d.r, Scan[string], "SELECT spec FROM pipelines WHERE spec_hash = ? LIMIT 1", id.String())
	if err != nil || len(list) == 0 {
		return "", false, err
	}
	return list[0], true, nil
}
