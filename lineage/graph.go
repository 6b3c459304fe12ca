package lineage

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"pipe/artifacts"
)

// A Graph is the part of the lineage that a question is about: artifacts, the
// executions that made and read them, and the edges between them. Cached
// executions do not occur: the one that did the work stands for them.
type Graph struct {
	Artifacts  []ArtifactNode  // sorted by ID
	Executions []ExecutionNode // sorted by ID: makers before users
	Ports      []string        // names, sorted
	Edges      []Edge          // sorted by execution, inputs first, then by port
}

// An ArtifactNode is an artifact of a Graph.
type ArtifactNode struct {
	ID   artifacts.ID
	Type string
	Size int64
	Path string // of the external file it was read from
}

// An ExecutionNode is an execution of a Graph.
type ExecutionNode struct {
	ID       int64
	RunID    string
	Pipeline string
	Stage    string
	Kind     string
	Status   Status
	Started  time.Time
}

// An Edge says that an execution read or made an artifact. A graph may have
// millions, so it is small, and without pointers for the garbage collector to
// follow.
type Edge struct {
	Execution int64 // its ID
	Artifact  int32 // its place in the artifacts of the graph
	Port      int32 // its place in the ports of the graph
	Output    bool  // made; otherwise read
}

// graphStart returns executions to start from if the reference names an
// execution or a run, and nil if it names an artifact, which begin checks.
func (d *DB) graphStart(ctx context.Context, ref Ref) ([]int64, error) {
	switch {
	case !ref.Artifact.IsZero():
		return nil, nil
	case ref.Execution != 0:
		return d.executionIDs(ctx, "SELECT coalesce(cached_from, id) FROM executions WHERE id = ?", ref.Execution)
	}
	return d.executionIDs(ctx, "SELECT DISTINCT coalesce(e.cached_from, e.id) FROM executions e WHERE "+ofRun, ref.RunID)
}

func (d *DB) executionIDs(ctx context.Context, query string, args ...any) ([]int64, error) {
	ids, err := collect(ctx, d.r, func(rows *sql.Rows) (id int64, err error) {
		err = rows.Scan(&id)
		return id, err
	}, query, args...)
	if ids == nil {
		ids = []int64{}
	}
	return ids, err
}

// artifactNode finds an artifact. Its type is that of the port that it was
// first made for or, for an external file, first read from.
func (d *DB) artifactNode(ctx context.Context, id artifacts.ID) (ArtifactNode, error) {
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

func compareBool(x, y bool) int {
	switch {
	case x == y:
		return 0
	case y:
		return -1
	}
	return 1
}
