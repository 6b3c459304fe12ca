package lineage

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"pipe/artifacts"
)

// A Graph is the part of the lineage that a question is about: artifacts, the
// executions that made and read them, and the edges between them. Cached
// executions do not occur: the one that did the work stands for them.
type Graph struct {
	Artifacts  []ArtifactNode  // sorted by ID
	Executions []ExecutionNode // sorted by ID: makers before users
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

// An Edge says that an execution read or made an artifact.
type Edge struct {
	Execution int64
	Output    bool // made; otherwise read
	Port      string
	Artifact  artifacts.ID
}

// Upstream returns all that an artifact, an execution or a run came from. Of
// several executions that made the same bytes it follows the one that the
// reader in fact took them from; where that is not known, the first.
func (d *DB) Upstream(ctx context.Context, ref Ref) (_ *Graph, err error) {
	defer func() { err = wrapRef("read the lineage from", d.path, err) }()
	start, g, err := d.graphStart(ctx, ref)
	if err != nil {
		return nil, err
	}
	if start == nil {
		if ref.Execution != 0 {
			start = []int64{ref.Execution}
		} else {
			start, err = d.executionIDs(ctx, `SELECT min(o.execution_id) FROM execution_outputs o JOIN artifacts a ON a.id = o.artifact_id
				WHERE a.hash = ? HAVING count(*) > 0`, ref.Artifact.String())
		}
		if err != nil {
			return nil, err
		}
	}
	for _, id := range start {
		if err := d.addOutputs(ctx, g, id, ref.Artifact); err != nil {
			return nil, err
		}
	}
	graph := &Graph{Artifacts: slices.Collect(maps.Values(g.artifacts)), Edges: slices.Collect(maps.Keys(g.edges))}
	if err := d.addUpstream(ctx, graph, start); err != nil {
		return nil, err
	}
	graph.tidy()
	return graph, nil
}

// Downstream returns all that was made from an artifact, or from what an
// execution or the executions of a run made. It follows bytes: who read the
// same bytes from another maker belongs to it too.
func (d *DB) Downstream(ctx context.Context, ref Ref) (_ *Graph, err error) {
	defer func() { err = wrapRef("read the lineage from", d.path, err) }()
	start, g, err := d.graphStart(ctx, ref)
	if err != nil {
		return nil, err
	}
	where, arg := "SELECT id FROM artifacts WHERE hash = ?", ref.Artifact.String()
	if start != nil {
		ids, err := json.Marshal(start)
		if err != nil {
			return nil, err
		}
		where, arg = "SELECT DISTINCT artifact_id FROM execution_outputs WHERE execution_id IN (SELECT value FROM json_each(?))", string(ids)
		for _, id := range start {
			g.executions[id] = true
			if err := d.addOutputs(ctx, g, id, artifacts.ID{}); err != nil {
				return nil, err
			}
		}
	}
	// Walks from artifact to artifact, so that each is visited once however
	// many executions lie between.
	err = d.each(ctx, g.scanDownstream, `WITH RECURSIVE down (id) AS (
			`+where+`
			UNION
			SELECT o.artifact_id FROM down
			CROSS JOIN execution_inputs i ON i.artifact_id = down.id
			CROSS JOIN execution_outputs o ON o.execution_id = i.execution_id
		),
		readers (id) AS (SELECT DISTINCT i.execution_id FROM down CROSS JOIN execution_inputs i ON i.artifact_id = down.id)
		SELECT i.execution_id, 0, i.port, i.type, a.hash, coalesce(a.size, 0), coalesce(i.path, '')
		FROM down CROSS JOIN execution_inputs i ON i.artifact_id = down.id CROSS JOIN artifacts a ON a.id = down.id
		UNION ALL
		SELECT o.execution_id, 1, o.port, o.type, b.hash, coalesce(b.size, 0), ''
		FROM readers CROSS JOIN execution_outputs o ON o.execution_id = readers.id CROSS JOIN artifacts b ON b.id = o.artifact_id`, arg)
	if err != nil {
		return nil, err
	}
	return d.finish(ctx, g)
}

// graphStart checks the reference. It returns executions to start from if it
// names an execution or a run, and nil if it names an artifact.
func (d *DB) graphStart(ctx context.Context, ref Ref) ([]int64, *graphBuilder, error) {
	g := &graphBuilder{artifacts: map[artifacts.ID]ArtifactNode{}, executions: map[int64]bool{}, edges: map[Edge]bool{}}
	switch {
	case !ref.Artifact.IsZero():
		info, err := d.artifactNode(ctx, ref.Artifact)
		if err != nil {
			return nil, nil, err
		}
		g.addArtifact(info)
		return nil, g, nil
	case ref.Execution != 0:
		start, err := d.executionIDs(ctx, "SELECT coalesce(cached_from, id) FROM executions WHERE id = ?", ref.Execution)
		return start, g, err
	default:
		start, err := d.executionIDs(ctx, "SELECT DISTINCT coalesce(e.cached_from, e.id) FROM executions e WHERE "+ofRun, ref.RunID)
		return start, g, err
	}
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

// addOutputs adds the outputs of an execution, or only those that are one
// artifact.
func (d *DB) addOutputs(ctx context.Context, g *graphBuilder, execution int64, only artifacts.ID) error {
	outputs, err := d.outputs(ctx, execution)
	for _, o := range outputs {
		if only.IsZero() || only == o.ID {
			g.addArtifact(ArtifactNode{ID: o.ID, Type: o.Type, Size: o.Size})
			g.edges[Edge{Execution: execution, Output: true, Port: o.Port, Artifact: o.ID}] = true
		}
	}
	return err
}

// A graphBuilder collects a graph in any order and without regard to
// repetition.
type graphBuilder struct {
	artifacts  map[artifacts.ID]ArtifactNode
	executions map[int64]bool
	edges      map[Edge]bool
}

func (g *graphBuilder) addArtifact(n ArtifactNode) {
	// Bytes may be known under several types and paths; the least is kept,
	// whatever the order in which they come.
	if have, ok := g.artifacts[n.ID]; ok {
		if n.Type == "" || have.Type != "" && have.Type < n.Type {
			n.Type = have.Type
		}
		if n.Path == "" || have.Path != "" && have.Path < n.Path {
			n.Path = have.Path
		}
	}
	g.artifacts[n.ID] = n
}

// scanDownstream takes an input or an output.
func (g *graphBuilder) scanDownstream(rows *sql.Rows) error {
	var e Edge
	var hash string
	var n ArtifactNode
	if err := rows.Scan(&e.Execution, &e.Output, &e.Port, &n.Type, &hash, &n.Size, &n.Path); err != nil {
		return err
	}
	var err error
	if n.ID, err = artifacts.ParseID(hash); err != nil {
		return err
	}
	e.Artifact = n.ID
	g.addArtifact(n)
	g.executions[e.Execution] = true
	g.edges[e] = true
	return nil
}

// finish sorts the graph and adds what is known of its executions.
func (d *DB) finish(ctx context.Context, b *graphBuilder) (*Graph, error) {
	g := &Graph{}
	for _, n := range b.artifacts {
		g.Artifacts = append(g.Artifacts, n)
	}
	slices.SortFunc(g.Artifacts, func(x, y ArtifactNode) int { return slices.Compare(x.ID[:], y.ID[:]) })
	for e := range b.edges {
		g.Edges = append(g.Edges, e)
	}
	slices.SortFunc(g.Edges, func(x, y Edge) int {
		return cmp.Or(cmp.Compare(x.Execution, y.Execution), compareBool(x.Output, y.Output),
			cmp.Compare(x.Port, y.Port), slices.Compare(x.Artifact[:], y.Artifact[:]))
	})
	ids := make([]int64, 0, len(b.executions))
	for id := range b.executions {
		ids = append(ids, id)
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	g.Executions, err = collect(ctx, d.r, func(rows *sql.Rows) (ExecutionNode, error) {
		var n ExecutionNode
		var started string
		if err := rows.Scan(&n.ID, &n.RunID, &n.Pipeline, &n.Stage, &n.Kind, &n.Status, &started); err != nil {
			return n, err
		}
		return n, setTime(&n.Started, started)
	}, `SELECT e.id, e.run_id, r.pipeline, e.stage, e.kind, e.status, e.started_at
		FROM json_each(?) j JOIN executions e ON e.id = j.value JOIN runs r ON r.id = e.run_id ORDER BY e.id`, string(list))
	return g, err
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
