package lineage

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"pipe/artifacts"
)

// A large graph is read as a few long texts, since fetching a row costs more
// than finding it. In such a text rows end with ";" and fields with ",". Fields
// are numbers, hashes, and texts in hexadecimal, so that no text can look like
// an end.

// packed reads a query of one column and one row.
func (d *DB) packed(ctx context.Context, query string, args ...any) (*unpacker, error) {
	var text string
	err := d.r.QueryRowContext(ctx, query, args...).Scan(&text)
	return &unpacker{rest: text, texts: map[string]string{}}, err
}

// An unpacker takes a packed text apart.
type unpacker struct {
	rest  string
	texts map[string]string // that were decoded before: there are few
	err   error
}

func (u *unpacker) more() bool { return u.rest != "" && u.err == nil }

// field takes the next field, and its separator.
func (u *unpacker) field() string {
	at := strings.IndexAny(u.rest, ",;")
	if at < 0 {
		u.fail(errors.New("a list in the database ends too early"))
		u.rest = ""
		return ""
	}
	f := u.rest[:at]
	u.rest = u.rest[at+1:]
	return f
}

func (u *unpacker) fail(err error) {
	if u.err == nil {
		u.err = err
	}
}

func (u *unpacker) number() int64 {
	n, err := strconv.ParseInt(u.field(), 10, 64)
	if err != nil {
		u.fail(err)
	}
	return n
}

func (u *unpacker) text() string {
	f := u.field()
	if f == "" {
		return ""
	}
	if s, ok := u.texts[f]; ok {
		return s
	}
	b, err := hex.DecodeString(f)
	if err != nil {
		u.fail(err)
	}
	u.texts[f] = string(b)
	return u.texts[f]
}

// upstream collects the executions that the given ones come from, with what
// they read and who made it. CROSS JOIN makes SQLite join in the written order:
// from what is reached to what is next, through an index. It has no statistics
// to see that.
const upstream = `WITH RECURSIVE up (id) AS (
		SELECT value FROM json_each(?)
		UNION
		SELECT coalesce(i.made_by, (SELECT min(o.execution_id) FROM execution_outputs o WHERE o.artifact_id = i.artifact_id)) AS maker
		FROM up CROSS JOIN execution_inputs i ON i.execution_id = up.id WHERE maker IS NOT NULL
	)
	SELECT coalesce(group_concat(i.execution_id || ',' || hex(i.port) || ',' || hex(i.type) || ',' || i.artifact_id || ',' || hex(coalesce(i.path, '')) || ',' ||
		coalesce(o.execution_id, 0) || ',' || hex(coalesce(o.port, '')) || ';', ''), '')
	FROM up
	CROSS JOIN execution_inputs i ON i.execution_id = up.id
	LEFT JOIN execution_outputs o ON o.artifact_id = i.artifact_id AND o.execution_id =
		coalesce(i.made_by, (SELECT min(x.execution_id) FROM execution_outputs x WHERE x.artifact_id = i.artifact_id))
		AND (i.from_port IS NULL OR i.made_by IS NULL OR o.port = i.from_port)`

// addUpstream adds to a graph what the executions come from.
func (d *DB) addUpstream(ctx context.Context, g *Graph, start []int64) error {
	from, err := json.Marshal(start)
	if err != nil {
		return err
	}
	u, err := d.packed(ctx, upstream, string(from))
	if err != nil {
		return err
	}
	type edge struct {
		Edge
		artifact int64
	}
	var edges []edge
	var nodes []ArtifactNode
	index := map[int64]int{} // of an artifact in nodes
	var ids []int64          // of the artifacts
	for u.more() {
		execution, port, typ, artifact, path, maker, makerPort := u.number(), u.text(), u.text(), u.number(), u.text(), u.number(), u.text()
		n, ok := index[artifact]
		if !ok {
			n = len(nodes)
			index[artifact] = n
			ids = append(ids, artifact)
			nodes = append(nodes, ArtifactNode{})
		}
		nodes[n].Type, nodes[n].Path = leastText(nodes[n].Type, typ), leastText(nodes[n].Path, path)
		edges = append(edges, edge{Edge{Execution: execution, Port: port}, artifact})
		if maker != 0 {
			edges = append(edges, edge{Edge{Execution: maker, Output: true, Port: makerPort}, artifact})
		}
	}
	if u.err != nil {
		return u.err
	}
	slices.SortFunc(edges, func(x, y edge) int {
		return cmp.Or(cmp.Compare(x.Execution, y.Execution), compareBool(x.Output, y.Output), cmp.Compare(x.Port, y.Port), cmp.Compare(x.artifact, y.artifact))
	})
	edges = slices.Compact(edges)
	slices.Sort(ids)
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	u, err = d.packed(ctx, `SELECT coalesce(group_concat(a.id || ',' || a.hash || ',' || coalesce(a.size, 0) || ';', ''), '')
		FROM json_each(?) j JOIN artifacts a ON a.id = j.value`, string(list))
	if err != nil {
		return err
	}
	for u.more() {
		id, hash, size := u.number(), u.field(), u.number()
		n, ok := index[id]
		if !ok {
			continue
		}
		nodes[n].Size = size
		if nodes[n].ID, err = artifacts.ParseID(hash); err != nil {
			return err
		}
	}
	if u.err != nil {
		return u.err
	}
	g.Artifacts = append(g.Artifacts, nodes...)
	for _, e := range edges {
		e.Edge.Artifact = nodes[index[e.artifact]].ID
		g.Edges = append(g.Edges, e.Edge)
	}
	return nil
}

// leastText is the lesser of two texts, where an empty one is none.
func leastText(a, b string) string {
	if a == "" || b != "" && b < a {
		return b
	}
	return a
}

// addExecutions adds what is known of the executions of the edges and of
// further ones, sorted.
func (d *DB) addExecutions(ctx context.Context, g *Graph, further []int64) error {
	ids := slices.Clone(further)
	for _, e := range g.Edges {
		ids = append(ids, e.Execution)
	}
	slices.Sort(ids)
	list, err := json.Marshal(slices.Compact(ids))
	if err != nil {
		return err
	}
	u, err := d.packed(ctx, `SELECT coalesce(group_concat(e.id || ',' || hex(e.run_id) || ',' || hex(r.pipeline) || ',' || hex(e.stage) || ',' ||
			hex(e.kind) || ',' || hex(e.status) || ',' || hex(e.started_at) || ';', ''), '')
		FROM json_each(?) j JOIN executions e ON e.id = j.value JOIN runs r ON r.id = e.run_id`, string(list))
	if err != nil {
		return err
	}
	for u.more() {
		n := ExecutionNode{ID: u.number(), RunID: u.text(), Pipeline: u.text(), Stage: u.text(), Kind: u.text(), Status: Status(u.text())}
		if err := setTime(&n.Started, u.text()); err != nil {
			return err
		}
		g.Executions = append(g.Executions, n)
	}
	slices.SortFunc(g.Executions, func(x, y ExecutionNode) int { return cmp.Compare(x.ID, y.ID) })
	return u.err
}

// tidy sorts the artifacts and edges of a graph, and joins those that are
// there twice.
func (g *Graph) tidy() {
	slices.SortStableFunc(g.Artifacts, func(x, y ArtifactNode) int { return slices.Compare(x.ID[:], y.ID[:]) })
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
			cmp.Compare(x.Port, y.Port), slices.Compare(x.Artifact[:], y.Artifact[:]))
	}
	if !slices.IsSortedFunc(g.Edges, order) {
		slices.SortFunc(g.Edges, order)
	}
	g.Edges = slices.Compact(g.Edges)
}
