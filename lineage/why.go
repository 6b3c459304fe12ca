package lineage

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"pipe/artifacts"
)

// A PartChange is a component of a key that two executions do not share.
type PartChange struct {
	Name     string
	Old, New string
	Added    bool // there is no Old
	Removed  bool // there is no New
}

// ChangedParts lists the components that differ between two keys, in the order
// of the new one, and after them those that only the old one has. It is empty
// exactly if the keys are made of the same parts.
func ChangedParts(old, new []artifacts.KeyPart) []PartChange {
	before := make(map[string]string, len(old))
	for _, p := range old {
		before[p.Name] = p.Value
	}
	var list []PartChange
	for _, p := range new {
		value, ok := before[p.Name]
		delete(before, p.Name)
		if !ok || value != p.Value {
			list = append(list, PartChange{Name: p.Name, Old: value, New: p.Value, Added: !ok})
		}
	}
	for _, p := range old {
		if value, left := before[p.Name]; left {
			list = append(list, PartChange{Name: p.Name, Old: value, Removed: true})
		}
	}
	return list
}

// An Earlier is what became of a stage in an earlier run.
type Earlier struct {
	Execution int64 // also if it was cached
	RunID     string
	Status    Status
}

// Earlier finds the newest execution of a stage, cached or not, in the runs of
// a pipeline that began before the given one, or in all of them if it is
// empty. Executions without a key do not count: their inputs were not known.
// It returns nil if there is none.
func (d *DB) Earlier(ctx context.Context, pipeline, stage, before string) (_ *Earlier, err error) {
	// CROSS JOIN keeps the order of the tables: from the newest run back,
	// where the first or second one has the answer as a rule.
	return d.earlier(ctx, `SELECT e.id, r.id, CASE WHEN r.repeats IS NULL THEN e.status ELSE 'cached' END
		FROM runs r CROSS JOIN executions e ON e.run_id = coalesce(r.repeats, r.id) JOIN executions o ON o.id = coalesce(e.cached_from, e.id)
		WHERE r.pipeline = ?1 AND e.stage = ?2 AND r.seq < coalesce((SELECT seq FROM runs WHERE id = ?3), 9223372036854775807) AND o.key IS NOT NULL
		ORDER BY r.seq DESC, e.attempt DESC LIMIT 1`, pipeline, stage, before)
}

// InRun finds the last execution of a stage in one run; nil if there is none
// with a key.
func (d *DB) InRun(ctx context.Context, runID, stage string) (*Earlier, error) {
	return d.earlier(ctx, `SELECT e.id, r.id, CASE WHEN r.repeats IS NULL THEN e.status ELSE 'cached' END
		FROM runs r CROSS JOIN executions e ON e.run_id = coalesce(r.repeats, r.id) JOIN executions o ON o.id = coalesce(e.cached_from, e.id)
		WHERE r.id = ? AND e.stage = ? AND o.key IS NOT NULL ORDER BY e.attempt DESC LIMIT 1`, runID, stage)
}

func (d *DB) earlier(ctx context.Context, query string, args ...any) (_ *Earlier, err error) {
	defer func() { err = d.Error("look for an earlier execution in", err) }()
	e := &Earlier{}
	err = d.r.QueryRowContext(ctx, query, args...).Scan(&e.Execution, &e.RunID, &e.Status)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return e, err
}

// A Source says where an input of an execution came from.
type Source struct {
	ID        artifacts.ID
	FromStage string // empty for an external file
	FromPort  string
	MadeBy    int64  // the execution that did the work of FromStage; 0 if it is not known
	Path      string // of an external file, as written in the pipeline
}

// SourcesOf returns where the inputs of executions, cached or not, came from, by
// execution and port.
func (d *DB) SourcesOf(ctx context.Context, executions []int64) (_ map[int64]map[string]Source, err error) {
	defer func() { err = d.Error("read inputs from", err) }()
	sources := map[int64]map[string]Source{}
	err = d.Each(ctx, func(rows *sql.Rows) error {
		var id int64
		var port, hash string
		var s Source
		if err := rows.Scan(&id, &port, &hash, &s.FromStage, &s.FromPort, &s.MadeBy, &s.Path); err != nil {
			return err
		}
		if sources[id] == nil {
			sources[id] = map[string]Source{}
		}
		var err error
		s.ID, err = artifacts.ParseID(hash)
		sources[id][port] = s
		return err
	}, `SELECT e.id, p.port, a.hash, coalesce(p.from_stage, ''), coalesce(p.from_port, ''), coalesce(p.made_by, 0), coalesce(p.path, '')
		FROM executions e JOIN execution_inputs p ON p.execution_id = coalesce(e.cached_from, e.id) JOIN artifacts a ON a.id = p.artifact_id
		WHERE e.id IN (SELECT value FROM json_each(?))`, JSONList(executions))
	return sources, err
}

// SharedParts lists the names of the components that two keys share.
func SharedParts(old, new []artifacts.KeyPart) []string {
	var names []string
	for _, p := range new {
		if slices.Contains(old, p) {
			names = append(names, p.Name)
		}
	}
	slices.SortFunc(names, strings.Compare)
	return names
}
