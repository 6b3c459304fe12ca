// Package walk answers what an artifact, an execution or a run came from, and what
// was made from it, over the rows of the lineage.
package walk

import (
	"context"
	"time"

	"pipe/lineage"
)

// A Graph is the part of the lineage that a question is about: artifacts, the
// executions that made and read them, and the edges between them. Cached
// executions do not occur: the one that did the work stands for them.
type Graph struct {
	Artifacts  []lineage.ArtifactNode // sorted by ID
	Executions []ExecutionNode        // sorted by ID: makers before users
	Ports      []string               // names, sorted
	Edges      []Edge                 // sorted by execution, inputs first, then by port
}

// An ExecutionNode is an execution of a Graph.
type ExecutionNode struct {
	ID       int64
	RunID    string
	Pipeline string
	Stage    string
	Kind     string
	Status   lineage.Status
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
func graphStart(ctx context.Context, d *lineage.DB, ref lineage.Ref) ([]int64, error) {
	switch {
	case !ref.Artifact.IsZero():
		return nil, nil
	case ref.Execution != 0:
		return executionIDs(ctx, d, "SELECT coalesce(cached_from, id) FROM executions WHERE id = ?", ref.Execution)
	}
	return executionIDs(ctx, d, "SELECT DISTINCT coalesce(e.cached_from, e.id) FROM executions e WHERE "+lineage.OfRun, ref.RunID)
}

func executionIDs(ctx context.Context, d *lineage.DB, query string, args ...any) ([]int64, error) {
	ids, err := lineage.Collect(ctx, d.Reader(), lineage.Scan[int64], query, args...)
	if ids == nil {
		ids = []int64{}
	}
	return ids, err
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
