package lineage

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"sync"

	"pipe/artifacts"
)

// Lookup finds the newest execution that succeeded with the key. It returns
// nil if there is none.
//
// After Warm, an execution that another process adds meanwhile may be passed
// over in favour of an older one with the same key.
func (d *DB) Lookup(ctx context.Context, key artifacts.Key) (_ *Hit, err error) {
	if hit := d.recent.get(key); hit != nil {
		return hit, nil
	}
	defer func() { err = d.Error("look up in", err) }()
	hit := &Hit{}
	err = d.r.QueryRowContext(ctx, `SELECT id, run_id FROM executions WHERE key = ? AND status = 'succeeded'
		AND id NOT IN (SELECT execution_id FROM doomed_executions) ORDER BY id DESC LIMIT 1`,
		key.String()).Scan(&hit.ExecutionID, &hit.RunID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if hit.Outputs, err = d.outputs(ctx, hit.ExecutionID); err != nil {
		return nil, err
	}
	if hit.Metrics, err = d.metrics(ctx, hit.ExecutionID); err != nil {
		return nil, err
	}
	hit.Warnings, err = Collect(ctx, d.r, Scan[string], "SELECT message FROM warnings WHERE execution_id = ? ORDER BY position", hit.ExecutionID)
	return hit, err
}

// Made tells which of these keys Lookup finds.
func (d *DB) Made(ctx context.Context, keys []artifacts.Key) (_ map[artifacts.Key]bool, err error) {
	defer func() { err = d.Error("look up in", err) }()
	made := map[artifacts.Key]bool{}
	err = d.Each(ctx, func(rows *sql.Rows) error {
		var text string
		if err := rows.Scan(&text); err != nil {
			return err
		}
		key, err := artifacts.ParseKey(text)
		made[key] = true
		return err
	}, `SELECT DISTINCT key FROM executions WHERE key IN (SELECT value FROM json_each(?)) AND status = 'succeeded'
		AND id NOT IN (SELECT execution_id FROM doomed_executions)`, JSONList(keys))
	return made, err
}

// recent remembers hits, so that a run in which nothing changed needs a few
// queries and not several for each stage.
type recent struct {
	mu   sync.Mutex
	hits map[artifacts.Key]*Hit
}

// get returns a copy of its own for each caller.
func (r *recent) get(key artifacts.Key) *Hit {
	r.mu.Lock()
	defer r.mu.Unlock()
	hit := r.hits[key]
	if hit == nil {
		return nil
	}
	return &Hit{ExecutionID: hit.ExecutionID, RunID: hit.RunID, Outputs: slices.Clone(hit.Outputs), Metrics: slices.Clone(hit.Metrics),
		Warnings: slices.Clone(hit.Warnings)}
}

// forget drops the keys of executions that are recorded now, if they are new.
func (r *recent) forget(list []Execution) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range list {
		if list[i].Status != Cached {
			delete(r.hits, list[i].Key)
		}
	}
}

// Warm reads what the last run of a pipeline made or found, so that Lookup
// answers from memory. BeginRun does it; call it before many look-ups without
// a run.
func (d *DB) Warm(ctx context.Context, pipeline string) (err error) {
	defer func() { err = d.Error("read the last run from", err) }()
	var run string
	err = d.r.QueryRowContext(ctx, `SELECT id FROM runs WHERE pipeline = ? AND status <> 'running'
		ORDER BY seq DESC LIMIT 1`, pipeline).Scan(&run)
	if errors.Is(err, sql.ErrNoRows) {
		d.ForgetHits() // what an earlier run found may be gone
		return nil
	}
	if err != nil {
		return err
	}
	hits := map[artifacts.Key]*Hit{}
	byID := map[int64]*Hit{}
	err = d.Each(ctx, func(rows *sql.Rows) error {
		var key string
		hit := &Hit{}
		if err := rows.Scan(&key, &hit.ExecutionID, &hit.RunID); err != nil {
			return err
		}
		k, err := artifacts.ParseKey(key)
		hits[k], byID[hit.ExecutionID] = hit, hit
		return err
	}, `SELECT o.key, o.id, o.run_id FROM executions e JOIN executions o ON o.id = coalesce(e.cached_from, e.id)
		WHERE `+OfRun+` AND o.status = 'succeeded' AND o.key IS NOT NULL
		AND o.id NOT IN (SELECT execution_id FROM doomed_executions)`, run)
	if err != nil {
		return err
	}
	err = d.Each(ctx, func(rows *sql.Rows) error {
		var id int64
		out, err := scanOutput(rows, &id)
		if hit := byID[id]; hit != nil {
			hit.Outputs = append(hit.Outputs, out)
		}
		return err
	}, `SELECT p.execution_id, p.port, p.type, a.hash, coalesce(a.size, 0) FROM executions e
		JOIN execution_outputs p ON p.execution_id = coalesce(e.cached_from, e.id) JOIN artifacts a ON a.id = p.artifact_id WHERE `+OfRun, run)
	if err != nil {
		return err
	}
	err = d.Each(ctx, func(rows *sql.Rows) error {
		var id int64
		var m Metric
		err := rows.Scan(&id, &m.Name, &m.Value, &m.Goal, &m.Class)
		if hit := byID[id]; hit != nil {
			hit.Metrics = append(hit.Metrics, m)
		}
		return err
	}, "SELECT m.execution_id, m.name, m.value, coalesce(m.goal, ''), coalesce(m.class, '') FROM executions e JOIN metrics m ON m.execution_id = coalesce(e.cached_from, e.id) WHERE "+OfRun, run)
	if err != nil {
		return err
	}
	err = d.Each(ctx, func(rows *sql.Rows) error {
		var id int64
		var position int
		var message string
		err := rows.Scan(&id, &position, &message)
		// Two stages with one key list each row twice.
		if hit := byID[id]; hit != nil && position == len(hit.Warnings) {
			hit.Warnings = append(hit.Warnings, message)
		}
		return err
	}, "SELECT w.execution_id, w.position, w.message FROM executions e JOIN warnings w ON w.execution_id = coalesce(e.cached_from, e.id) WHERE "+OfRun+
		" ORDER BY w.execution_id, w.position", run)
	if err != nil {
		return err
	}
	for _, hit := range hits {
		// Two stages with one key list each row twice.
		slices.SortFunc(hit.Outputs, func(a, b Output) int { return strings.Compare(a.Port, b.Port) })
		hit.Outputs = slices.CompactFunc(hit.Outputs, func(a, b Output) bool { return a.Port == b.Port })
		slices.SortFunc(hit.Metrics, func(a, b Metric) int { return strings.Compare(a.Name, b.Name) })
		hit.Metrics = slices.CompactFunc(hit.Metrics, func(a, b Metric) bool { return a.Name == b.Name })
	}
	d.recent.mu.Lock()
	defer d.recent.mu.Unlock()
	d.recent.hits = hits
	return nil
}

func (d *DB) outputs(ctx context.Context, origin int64) ([]Output, error) {
	return Collect(ctx, d.r, func(rows *sql.Rows) (Output, error) {
		var id int64
		return scanOutput(rows, &id)
	}, `SELECT o.execution_id, o.port, o.type, a.hash, coalesce(a.size, 0) FROM execution_outputs o JOIN artifacts a ON a.id = o.artifact_id
		WHERE o.execution_id = ? ORDER BY o.port`, origin)
}

func scanOutput(rows *sql.Rows, execution *int64) (o Output, err error) {
	var hash string
	if err := rows.Scan(execution, &o.Port, &o.Type, &hash, &o.Size); err != nil {
		return o, err
	}
	o.ID, err = artifacts.ParseID(hash)
	return o, err
}

func (d *DB) metrics(ctx context.Context, origin int64) ([]Metric, error) {
	return Collect(ctx, d.r, func(rows *sql.Rows) (Metric, error) {
		var m Metric
		err := rows.Scan(&m.Name, &m.Value, &m.Goal, &m.Class)
		return m, err
	}, "SELECT name, value, coalesce(goal, ''), coalesce(class, '') FROM metrics WHERE execution_id = ? ORDER BY name", origin)
}

// ForgetHits drops what Lookup remembers, since executions are no longer to be
// found.
func (d *DB) ForgetHits() {
	d.recent.mu.Lock()
	defer d.recent.mu.Unlock()
	d.recent.hits = nil
}
