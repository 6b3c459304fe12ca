package lineage

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"slices"
	"sync"

	"pipe/artifacts"
)

// An interner keeps one string for each text that is read often.
type interner map[string]string

func (in interner) text(b sql.RawBytes) string {
	if s, ok := in[string(b)]; ok {
		return s
	}
	s := string(b)
	in[s] = s
	return s
}

// addUpstream adds to a graph what the executions come from.
func (d *DB) addUpstream(ctx context.Context, g *Graph, start []int64) error {
	w := &upstreamWalk{db: d}
	if err := w.walk(ctx, start); err != nil {
		return err
	}
	executions := slices.Clone(start)
	for _, l := range w.links {
		executions = append(executions, l.execution)
	}
	// The names of the artifacts, what is known of the executions, and the order
	// of the edges are found side by side.
	var wg sync.WaitGroup
	var named, known error
	wg.Go(func() { named = w.nameArtifacts(ctx) })
	wg.Go(func() { w.sortLinks() })
	g.Executions, known = d.executionNodes(ctx, executions)
	wg.Wait()
	if err := errors.Join(named, known); err != nil {
		return err
	}
	edges := make([]Edge, 0, len(w.links)+len(g.Edges))
	for _, l := range w.links {
		edges = append(edges, Edge{Execution: l.execution, Output: l.output, Port: w.ports[l.port], Artifact: w.nodes[l.artifact].ID})
	}
	g.Edges = append(edges, g.Edges...) // what g has begins at the newest execution, as a rule
	g.Artifacts = append(g.Artifacts, w.nodes...)
	return nil
}

// leastText is the lesser of two texts, where an empty one is none.
func leastText(a, b string) string {
	if a == "" || b != "" && b < a {
		return b
	}
	return a
}

// executionNodes lists what is known of executions, sorted.
func (d *DB) executionNodes(ctx context.Context, ids []int64) ([]ExecutionNode, error) {
	slices.Sort(ids)
	ids = slices.Compact(ids)
	nodes := make([]ExecutionNode, 0, len(ids))
	texts := interner{}
	var run, pipeline, kind, status, started sql.RawBytes
	err := d.each(ctx, func(rows *sql.Rows) error {
		var n ExecutionNode
		if err := rows.Scan(&n.ID, &run, &pipeline, &n.Stage, &kind, &status, &started); err != nil {
			return err
		}
		n.RunID, n.Pipeline, n.Kind, n.Status = texts.text(run), texts.text(pipeline), texts.text(kind), Status(texts.text(status))
		if err := setTime(&n.Started, string(started)); err != nil {
			return err
		}
		nodes = append(nodes, n)
		return nil
	}, `SELECT e.id, e.run_id, r.pipeline, e.stage, e.kind, e.status, e.started_at
		FROM json_each(?) j CROSS JOIN executions e ON e.id = j.value JOIN runs r ON r.id = e.run_id`, idList(ids))
	slices.SortFunc(nodes, func(x, y ExecutionNode) int { return cmp.Compare(x.ID, y.ID) })
	return nodes, err
}

// tidy sorts the artifacts and edges of a graph, and joins those that are
// there twice.
func (g *Graph) tidy() {
	slices.SortFunc(g.Artifacts, func(x, y ArtifactNode) int { return compareIDs(x.ID, y.ID) })
	kept := g.Artifacts[:0]
	for _, n := range g.Artifacts {
		if last := len(kept) - 1; last >= 0 && kept[last].ID == n.ID {
			kept[last].Type, kept[last].Path = leastText(kept[last].Type, n.Type), leastText(kept[last].Path, n.Path)
			continue
		}
		kept = append(kept, n)
	}
	g.Artifacts = kept
	order := func(x, y Edge) int {
		return cmp.Or(cmp.Compare(x.Execution, y.Execution), compareBool(x.Output, y.Output),
			cmp.Compare(x.Port, y.Port), compareIDs(x.Artifact, y.Artifact))
	}
	if !slices.IsSortedFunc(g.Edges, order) {
		slices.SortFunc(g.Edges, order)
	}
	g.Edges = slices.Compact(g.Edges)
}

// compareIDs orders IDs by their bytes. The first eight nearly always decide.
func compareIDs(x, y artifacts.ID) int {
	if c := cmp.Compare(binary.BigEndian.Uint64(x[:]), binary.BigEndian.Uint64(y[:])); c != 0 {
		return c
	}
	return bytes.Compare(x[8:], y[8:])
}
