package lineage

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"pipe/artifacts"
)

// An ArtifactNode is an artifact, as it is in a graph of the lineage.
type ArtifactNode struct {
	ID   artifacts.ID
	Type string
	Size int64
	Path string // of the external file it was read from
}

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

// ArtifactNode finds an artifact. Its type is that of the port that it was
// first made for or, for an external file, first read from.
func (d *DB) ArtifactNode(ctx context.Context, id artifacts.ID) (ArtifactNode, error) {
	n := ArtifactNode{ID: id}
	err := d.r.QueryRowContext(ctx, `SELECT coalesce(size, 0),
			coalesce((SELECT type FROM execution_outputs WHERE artifact_id = a.id ORDER BY execution_id, port LIMIT 1),
				(SELECT type FROM execution_inputs WHERE artifact_id = a.id ORDER BY execution_id, port LIMIT 1), ''),
			coalesce((SELECT path FROM execution_inputs WHERE artifact_id = a.id AND path IS NOT NULL ORDER BY execution_id, port LIMIT 1), '')
		FROM artifacts a WHERE hash = ?`, id.String()).Scan(&n.Size, &n.Type, &n.Path)
	if errors.Is(err, sql.ErrNoRows) {
		return n, &RefError{Ref: id.String(), Msg: "is not an artifact that a run made or read"}
	}
	return n, err
}

// Artifact returns what is known of an artifact. Resolve finds its ID from a
// shorter reference.
func (d *DB) Artifact(ctx context.Context, id artifacts.ID) (_ *Artifact, err error) {
	defer func() { err = d.RefError("read an artifact from", err) }()
	a := &Artifact{}
	if a.ArtifactNode, err = d.ArtifactNode(ctx, id); err != nil {
		return nil, err
	}
	var created string
	if err := d.r.QueryRowContext(ctx, "SELECT created_at FROM artifacts WHERE hash = ?", id.String()).Scan(&created); err != nil {
		return nil, err
	}
	if err := SetTime(&a.Created, created); err != nil {
		return nil, err
	}
	const uses = ` u JOIN artifacts a ON a.id = u.artifact_id JOIN executions e ON e.id = u.execution_id
		JOIN runs r ON r.id = e.run_id WHERE a.hash = ? ORDER BY e.id, u.port`
	const columns = "SELECT e.id, e.run_id, r.pipeline, e.stage, u.port FROM "
	if a.MadeBy, err = Collect(ctx, d.r, scanUse, columns+"execution_outputs"+uses, id.String()); err != nil {
		return nil, err
	}
	a.ReadBy, err = Collect(ctx, d.r, scanUse, columns+"execution_inputs"+uses, id.String())
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
	defer func() { err = d.Error("list artifacts in", err) }()
	ids := map[artifacts.ID]bool{}
	err = d.Each(ctx, func(rows *sql.Rows) error {
		hash, err := Scan[string](rows)
		if err != nil {
			return err
		}
		id, err := artifacts.ParseID(hash)
		ids[id] = true
		return err
	}, "SELECT hash FROM artifacts UNION ALL SELECT spec_hash FROM pipelines")
	return ids, err
}
