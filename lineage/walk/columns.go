package walk

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"slices"

	"pipe/artifacts"
	"pipe/lineage"
)

// ColumnEdges lists what a stage of a run said about its columns. If the stage
// was cached, origin is the execution that did the work; otherwise it is 0.
func ColumnEdges(ctx context.Context, d *lineage.DB, runID, stage string, origin int64) (_ []lineage.ColumnEdge, err error) {
	defer func() { err = d.Error("read the lineage of columns from", err) }()
	if origin == 0 {
		if origin, err = d.LastAttempt(ctx, runID, stage); err != nil {
			return nil, err
		}
	}
	return lineage.Collect(ctx, d.Reader(), func(rows *sql.Rows) (c lineage.ColumnEdge, err error) {
		err = rows.Scan(&c.OutPort, &c.OutColumn, &c.InPort, &c.InColumn)
		return c, err
	}, `SELECT out_port, out_column, in_port, in_column FROM column_edges WHERE execution_id = ?
		ORDER BY out_port, out_column, in_port, in_column`, origin)
}

// A Column is a column of an artifact with where it is from.
type Column struct {
	Artifact  artifacts.ID
	Type      string
	Execution int64 // that made the artifact
	RunID     string
	Stage     string
	Port      string
	Name      string
	Sources   []ColumnSource // sorted by path, ID and column
	Through   []string       // stages between the files and the column, in the order in which they ran
}

// A ColumnSource is a column that was not made by an execution that says what
// it is made of: of an external file, or of the output of a stage, such as any
// other program, whose inside is not known.
type ColumnSource struct {
	Artifact artifacts.ID
	Path     string // of an external file, as written in the pipeline
	Stage    string // that made the artifact, if it is no external file
	Port     string
	Column   string
}

// Columns traces the columns of an artifact, or of all artifacts that an
// execution or the executions of a run made, back to the columns of files.
// Artifacts whose columns are not known do not occur.
func Columns(ctx context.Context, d *lineage.DB, ref lineage.Ref) (_ []Column, err error) {
	defer func() { err = d.RefError("read the lineage of columns from", err) }()
	g, err := Upstream(ctx, d, ref)
	if err != nil {
		return nil, err
	}
	t := &columnTracer{graph: g, steps: map[columnAt][]columnAt{}, from: map[portAt]inputAt{}, memo: map[columnAt]*traced{}}
	ids := make([]int64, len(g.Executions))
	for i, n := range g.Executions {
		ids[i] = n.ID
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	err = d.Each(ctx, t.scanInput, `SELECT i.execution_id, i.port, a.hash, coalesce(i.path, ''), coalesce(o.execution_id, 0), coalesce(o.port, '')
		FROM json_each(?) j
		CROSS JOIN execution_inputs i ON i.execution_id = j.value
		JOIN artifacts a ON a.id = i.artifact_id
		LEFT JOIN execution_outputs o ON o.artifact_id = i.artifact_id AND o.execution_id =
			coalesce(i.made_by, (SELECT min(x.execution_id) FROM execution_outputs x WHERE x.artifact_id = i.artifact_id))
			AND (i.from_port IS NULL OR i.made_by IS NULL OR o.port = i.from_port)
		ORDER BY i.execution_id, i.port, o.port DESC`, string(list))
	if err != nil {
		return nil, err
	}
	err = d.Each(ctx, t.scanEdge, `SELECT c.execution_id, c.out_port, c.out_column, c.in_port, c.in_column
		FROM json_each(?) j CROSS JOIN column_edges c ON c.execution_id = j.value
		ORDER BY c.execution_id, c.out_port, c.out_column, c.in_port, c.in_column`, string(list))
	if err != nil {
		return nil, err
	}
	starts, err := columnStarts(ctx, d, ref, g)
	if err != nil {
		return nil, err
	}
	return t.trace(starts), nil
}

// columnStarts lists the outputs that a reference is about.
func columnStarts(ctx context.Context, d *lineage.DB, ref lineage.Ref, g *Graph) ([]Edge, error) {
	start, err := graphStart(ctx, d, ref)
	if err != nil {
		return nil, err
	}
	if ref.Execution != 0 {
		start = []int64{ref.Execution}
	}
	var list []Edge
	for _, e := range g.Edges {
		switch {
		case !e.Output:
		case !ref.Artifact.IsZero() && g.Artifacts[e.Artifact].ID != ref.Artifact:
		case start != nil && !slices.Contains(start, e.Execution):
		case ref.Port != "" && g.Ports[e.Port] != ref.Port:
		default:
			list = append(list, e)
		}
	}
	return list, nil
}

type (
	portAt struct {
		execution int64
		port      string
	}
	columnAt struct {
		portAt
		column string
	}
	// inputAt is what is at an input port: the output of a maker, or a file.
	inputAt struct {
		maker    portAt
		artifact artifacts.ID
		path     string
	}
	traced struct {
		sources map[ColumnSource]bool
		through map[int64]bool
	}
)

type columnTracer struct {
	graph *Graph
	steps map[columnAt][]columnAt // output column -> input columns
	from  map[portAt]inputAt      // by input port
	memo  map[columnAt]*traced    // by output column
}

func (t *columnTracer) scanInput(rows *sql.Rows) error {
	var at portAt
	var in inputAt
	var hash string
	if err := rows.Scan(&at.execution, &at.port, &hash, &in.path, &in.maker.execution, &in.maker.port); err != nil {
		return err
	}
	id, err := artifacts.ParseID(hash)
	in.artifact = id
	t.from[at] = in
	return err
}

func (t *columnTracer) scanEdge(rows *sql.Rows) error {
	var out, in columnAt
	if err := rows.Scan(&out.execution, &out.port, &out.column, &in.port, &in.column); err != nil {
		return err
	}
	in.execution = out.execution
	t.steps[out] = append(t.steps[out], in)
	return nil
}

func (t *columnTracer) trace(starts []Edge) []Column {
	nodes := map[int64]ExecutionNode{}
	for _, n := range t.graph.Executions {
		nodes[n.ID] = n
	}
	byPort := map[portAt][]string{}
	for out := range t.steps {
		byPort[out.portAt] = append(byPort[out.portAt], out.column)
	}
	var list []Column
	for _, e := range starts {
		at := portAt{e.Execution, t.graph.Ports[e.Port]}
		names := byPort[at]
		slices.Sort(names)
		for _, name := range names {
			found := t.column(columnAt{at, name}, nodes)
			node := t.graph.Artifacts[e.Artifact]
			c := Column{Artifact: node.ID, Type: node.Type, Execution: e.Execution,
				RunID: nodes[e.Execution].RunID, Stage: nodes[e.Execution].Stage, Port: at.port, Name: name}
			for s := range found.sources {
				c.Sources = append(c.Sources, s)
			}
			slices.SortFunc(c.Sources, ColumnSource.compare)
			var through []int64
			for id := range found.through {
				through = append(through, id)
			}
			slices.Sort(through)
			for _, id := range through {
				c.Through = append(c.Through, nodes[id].Stage)
			}
			list = append(list, c)
		}
	}
	return list
}

func (s ColumnSource) compare(o ColumnSource) int {
	return cmp.Or(cmp.Compare(s.Path, o.Path), cmp.Compare(s.Stage, o.Stage), cmp.Compare(s.Port, o.Port),
		slices.Compare(s.Artifact[:], o.Artifact[:]), cmp.Compare(s.Column, o.Column))
}

// column finds the sources of an output column. The depth is that of the
// pipeline, and executions form no cycle: each reads what was there before.
func (t *columnTracer) column(at columnAt, nodes map[int64]ExecutionNode) *traced {
	if known, ok := t.memo[at]; ok {
		return known
	}
	found := &traced{sources: map[ColumnSource]bool{}, through: map[int64]bool{at.execution: true}}
	t.memo[at] = found // also ends the walk, should damage make a cycle
	for _, in := range t.steps[at] {
		from := t.from[in.portAt]
		maker := columnAt{from.maker, in.column}
		if len(t.steps[maker]) == 0 {
			s := ColumnSource{Artifact: from.artifact, Path: from.path, Column: in.column}
			if from.maker.execution != 0 {
				s.Stage, s.Port = nodes[from.maker.execution].Stage, from.maker.port
			}
			found.sources[s] = true
			continue
		}
		before := t.column(maker, nodes)
		for s := range before.sources {
			found.sources[s] = true
		}
		for id := range before.through {
			found.through[id] = true
		}
	}
	return found
}
