package lineage

import (
	"context"
	"database/sql"
	"time"

	"pipe/artifacts"
)

// An Artifact is what is known of some bytes.
type Artifact struct {
	ArtifactNode
	Created time.Time // when a run first recorded it
	MadeBy  []Use     // executions that made it, the first one first
	ReadBy  []Use     // executions that read it
}

// A Use is an execution that made or read an artifact.
type Use struct {
	Execution int64
	RunID     string
	Pipeline  string
	Stage     string
	Port      string
}

// Artifact returns what is known of an artifact. Resolve finds its ID from a
// shorter reference.
func (d *DB) Artifact(ctx context.Context, id artifacts.ID) (_ *Artifact, err error) {
	defer func() { err = wrapRef("read an artifact from", d.path, err) }()
	a := &Artifact{}
	if a.ArtifactNode, err = d.artifactNode(ctx, id); err != nil {
		return nil, err
	}
	var created string
	if err := d.r.QueryRowContext(ctx, "SELECT created_at FROM artifacts WHERE hash = ?", id.String()).Scan(&created); err != nil {
		return nil, err
	}
	if err := setTime(&a.Created, created); err != nil {
		return nil, err
	}
	const uses = ` u JOIN artifacts a ON a.id = u.artifact_id JOIN executions e ON e.id = u.execution_id
		JOIN runs r ON r.id = e.run_id WHERE a.hash = ? ORDER BY e.id, u.port`
	const columns = "SELECT e.id, e.run_id, r.pipeline, e.stage, u.port FROM "
	if a.MadeBy, err = collect(ctx, d.r, scanUse, columns+"execution_outputs"+uses, id.String()); err != nil {
		return nil, err
	}
	a.ReadBy, err = collect(ctx, d.r, scanUse, columns+"execution_inputs"+uses, id.String())
	return a, err
}

func scanUse(rows *sql.Rows) (u Use, err error) {
	err = rows.Scan(&u.Execution, &u.RunID, &u.Pipeline, &u.Stage, &u.Port)
	return u, err
}

// Referenced returns the IDs of everything that some row points at: inputs and
// outputs of executions, and the texts of pipelines. The files that a
// directory lists are not among them; artifacts.Store.Sweep looks there itself.
func (d *DB) Referenced(ctx context.Context) (_ map[artifacts.ID]bool, err error) {
	defer func() { err = wrap("list artifacts in", d.path, err) }()
	ids := map[artifacts.ID]bool{}
	err = d.each(ctx, func(rows *sql.Rows) error {
		hash, err := scanText(rows)
		if err != nil {
			return err
		}
		id, err := artifacts.ParseID(hash)
		ids[id] = true
		return err
	}, "SELECT hash FROM artifacts UNION ALL SELECT spec_hash FROM pipelines")
	return ids, err
}
