// Package slice takes the rows that explain one run out of a lineage database, and
// puts them into another.
package slice

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/lineage"
	"pipe/lineage/walk"
)

// A Slice is the part of a database that a run is explained by: the run, its
// executions, those that its results came from however far back, and whatever
// belongs to them. Row numbers mean something in one database only, so rows
// are referred to by their position, counted from 1.
type Slice struct {
	Schema int     `json:"schema"` // version of the schema that the columns are those of
	Run    string  `json:"run"`
	Tables []Table `json:"tables"`
}

// A Table holds rows of a table, each a list of values in the order of
// the columns: text, number or null.
type Table struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
	Rows    [][]any  `json:"rows"`
}

// A tableRule says how rows of a table are taken out of one database and put
// into another.
type tableRule struct {
	name   string
	where  string            // of rows to take; ?1 is a JSON list of execution IDs, ?2 of run IDs, ?3 the run
	order  string            // of the rows
	id     string            // the row number that others refer to
	refs   map[string]string // columns that hold a row number of another table
	unique []string          // what a row is recognised by, so that it is there once
	same   []string          // what must agree if it is there already
	owner  string            // the column that says what the row belongs to; it comes and stays away with it
	drop   []string          // columns that concern one database only
	since  int               // version of the schema from which it is part of slices; 0 is always
}

// sliceRules are in an order in which rows can be inserted.
var rules = []tableRule{
	{name: "pipelines", where: "id IN (SELECT pipeline_id FROM runs WHERE id IN (SELECT value FROM json_each(?2)))", order: "name, file, spec_hash",
		id: "id", unique: []string{"name", "file", "spec_hash"}},
	{name: "environments", where: "id IN (SELECT environment_id FROM runs WHERE id IN (SELECT value FROM json_each(?2)))", order: "hash",
		id: "id", unique: []string{"hash"}},
	{name: "artifacts", where: `id IN (SELECT artifact_id FROM execution_outputs WHERE execution_id IN (SELECT value FROM json_each(?1))
			UNION SELECT artifact_id FROM execution_inputs WHERE execution_id IN (SELECT value FROM json_each(?1)))`, order: "hash",
		id: "id", unique: []string{"hash"}, same: []string{"size"}},
	{name: "runs", where: "id IN (SELECT value FROM json_each(?2))", order: "started_at, id",
		refs: map[string]string{"pipeline_id": "pipelines", "environment_id": "environments"}, unique: []string{"id"},
		same: []string{"pipeline", "status", "seed", "started_at"}, drop: []string{"seq", "imported_at", "imported_from"}},
	{name: "params", where: "run_id IN (SELECT value FROM json_each(?2))", order: "run_id, name", owner: "run_id"},
	{name: "executions", where: "id IN (SELECT value FROM json_each(?1))", order: "id",
		id: "id", refs: map[string]string{"cached_from": "executions"}, unique: []string{"run_id", "stage", "attempt"},
		same: []string{"kind", "status", "key", "started_at"}},
	{name: "key_parts", where: ofExecution, order: "execution_id, position", refs: executionRef, owner: "execution_id"},
	{name: "execution_outputs", where: ofExecution, order: "execution_id, port", owner: "execution_id",
		refs: map[string]string{"execution_id": "executions", "artifact_id": "artifacts"}},
	{name: "execution_inputs", where: ofExecution, order: "execution_id, port", owner: "execution_id",
		refs: map[string]string{"execution_id": "executions", "artifact_id": "artifacts", "made_by": "executions"}},
	{name: "column_edges", where: ofExecution, order: "execution_id, in_port, in_column, out_port, out_column", refs: executionRef, owner: "execution_id"},
	{name: "seeds", where: ofExecution, order: "execution_id", refs: executionRef, owner: "execution_id"},
	{name: "metrics", where: ofExecution, order: "execution_id, name", refs: executionRef, owner: "execution_id"},
	{name: "metric_points", where: ofExecution, order: "execution_id, name, step", refs: executionRef, owner: "execution_id"},
	{name: "programs", where: ofExecution, order: "execution_id, path", refs: executionRef, owner: "execution_id", since: 15},
	{name: "devices", where: ofExecution, order: "execution_id", refs: executionRef, owner: "execution_id", since: 18},
	{name: "rival_stages", where: "run_id IN (SELECT value FROM json_each(?2))", order: "run_id, stage", owner: "run_id", since: 15},
	{name: "warnings", where: ofExecution, order: "execution_id, position", refs: executionRef, owner: "execution_id", since: 14},
	{name: "models", where: ofExecution, order: "execution_id, port", refs: map[string]string{"execution_id": "executions", "artifact_id": "artifacts"},
		unique: []string{"artifact_id"}, drop: []string{"id"}},
	{name: "events", where: "run_id = ?3", order: "id", owner: "run_id", drop: []string{"id"}},
	{name: "model_events", where: `model IN (SELECT a.hash FROM execution_outputs o JOIN artifacts a ON a.id = o.artifact_id
			WHERE o.type = 'model' AND o.execution_id IN (SELECT value FROM json_each(?1)))`, order: "time, pipeline, label, event, model",
		unique: []string{"time", "pipeline", "label", "event", "model"}, drop: []string{"id", "imported_at", "imported_from"}, since: 7},
}

const ofExecution = "execution_id IN (SELECT value FROM json_each(?1))"

var executionRef = map[string]string{"execution_id": "executions"}

// Take takes out what explains a finished run.
func Take(ctx context.Context, d *lineage.DB, runID string) (_ *Slice, err error) {
	defer func() { err = d.RefError("export a run from", err) }()
	g, err := walk.Upstream(ctx, d, lineage.Ref{RunID: runID})
	if err != nil {
		return nil, err
	}
	ids, err := lineage.Collect(ctx, d.Reader(), lineage.Scan[int64], "SELECT e.id FROM executions e WHERE "+lineage.OfRun+" ORDER BY e.id", runID)
	if err != nil {
		return nil, err
	}
	for _, e := range g.Executions {
		ids = append(ids, e.ID)
	}
	slices.Sort(ids)
	executions, err := json.Marshal(slices.Compact(ids))
	if err != nil {
		return nil, err
	}
	runs, err := lineage.Collect(ctx, d.Reader(), lineage.Scan[string], "SELECT run_id FROM executions WHERE id IN (SELECT value FROM json_each(?)) UNION SELECT ?", string(executions), runID)
	if err != nil {
		return nil, err
	}
	if err := allFinished(ctx, d, runs); err != nil {
		return nil, err
	}
	runList, err := json.Marshal(runs)
	if err != nil {
		return nil, err
	}
	s := &Slice{Schema: lineage.SchemaVersion, Run: runID}
	numbers := map[string]map[int64]int64{}
	for _, rule := range rules {
		t, err := readTable(ctx, d, rule, numbers, string(executions), string(runList), runID)
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", rule.name, err)
		}
		s.Tables = append(s.Tables, *t)
	}
	return s, nil
}

func allFinished(ctx context.Context, d *lineage.DB, runs []string) error {
	for _, id := range runs {
		var status lineage.Status
		if err := d.Reader().QueryRowContext(ctx, "SELECT status FROM runs WHERE id = ?", id).Scan(&status); err != nil {
			return err
		}
		if status == lineage.Running {
			return diag.WithHint(fmt.Errorf("run %s has not finished", id), "export it when it has; `pipe ls` shows how far it is")
		}
	}
	return nil
}

// A sqlColumn is a column of a table of the database.
type sqlColumn struct {
	name, typ string
	required  bool
}

func tableColumns(ctx context.Context, q interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}, table string) (list []sqlColumn, err error) {
	rows, err := q.QueryContext(ctx, "SELECT name, type, \"notnull\" FROM pragma_table_info(?) ORDER BY cid", table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var c sqlColumn
		if err := rows.Scan(&c.name, &c.typ, &c.required); err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, rows.Err()
}

// readTable reads the rows of one table, and gives each its number.
func readTable(ctx context.Context, d *lineage.DB, rule tableRule, numbers map[string]map[int64]int64, args ...any) (*Table, error) {
	columns, err := tableColumns(ctx, d.Reader(), rule.name)
	if err != nil {
		return nil, err
	}
	t := &Table{Name: rule.name, Columns: []string{}, Rows: [][]any{}}
	read := []string{"0"}
	if rule.id != "" {
		read[0] = rule.id
	}
	for _, c := range columns {
		if c.name != rule.id && !slices.Contains(rule.drop, c.name) {
			t.Columns = append(t.Columns, c.name)
			read = append(read, `"`+c.name+`"`)
		}
	}
	numbers[rule.name] = map[int64]int64{}
	err = d.Each(ctx, func(rows *sql.Rows) error {
		values, pointers := make([]any, len(read)), make([]any, len(read))
		for i := range values {
			pointers[i] = &values[i]
		}
		if err := rows.Scan(pointers...); err != nil {
			return err
		}
		if id, ok := values[0].(int64); ok && rule.id != "" {
			numbers[rule.name][id] = int64(len(t.Rows) + 1)
		}
		row := values[1:]
		for i, name := range t.Columns {
			if text, ok := row[i].(string); ok {
				row[i] = strings.ToValidUTF8(text, "\ufffd") // messages of programs; JSON has nothing else
			}
			if of, ok := row[i].(string); ok && name == "rerun_of" && !strings.Contains(args[1].(string), `"`+of+`"`) {
				row[i] = nil // of a run that does not come along
			}
			target, ok := rule.refs[name]
			if id, known := row[i].(int64); ok && known {
				row[i] = nil
				if n := numbers[target][id]; n != 0 {
					row[i] = n
				}
			}
		}
		t.Rows = append(t.Rows, row)
		return nil
	}, "SELECT "+strings.Join(read, ", ")+" FROM "+rule.name+" WHERE "+rule.where+" ORDER BY "+rule.order, args[:strings.Count(maxParam(rule.where), "?")]...)
	return t, err
}

// maxParam gives as many question marks as where has parameters: SQLite counts
// ?3 as three.
func maxParam(where string) string {
	for n := 3; n > 0; n-- {
		if strings.Contains(where, fmt.Sprintf("?%d", n)) {
			return strings.Repeat("?", n)
		}
	}
	return ""
}

// A Artifact is an artifact that rows of a Slice refer to.
type Artifact struct {
	ID     artifacts.ID
	Type   string // of the output that it is, or of the input
	Size   int64  // -1 if it is not known
	Output bool   // an execution of the slice made it
	Spec   bool   // it is the text of a pipeline file
}

// Artifacts lists what rows refer to, sorted by ID. It checks the references
// that it follows, as the slice may come from anywhere.
func (s *Slice) Artifacts() ([]Artifact, error) {
	found := map[artifacts.ID]Artifact{}
	hashes, err := s.texts("artifacts", "hash")
	if err != nil {
		return nil, err
	}
	sizes, err := s.column("artifacts", "size")
	if err != nil {
		return nil, err
	}
	ids := make([]artifacts.ID, len(hashes))
	for i, h := range hashes {
		if ids[i], err = artifacts.ParseID(h); err != nil {
			return nil, err
		}
		found[ids[i]] = Artifact{ID: ids[i], Size: -1}
		if sizes[i] != nil {
			a := found[ids[i]]
			if a.Size, err = integer(sizes[i]); err != nil || a.Size < 0 {
				return nil, fmt.Errorf("artifact %s cannot have %v bytes", ids[i].Short(), sizes[i])
			}
			found[ids[i]] = a
		}
	}
	for _, table := range []string{"execution_inputs", "execution_outputs"} {
		types, err := s.texts(table, "type")
		if err != nil {
			return nil, err
		}
		refs, err := s.numbers(table, "artifact_id")
		if err != nil {
			return nil, err
		}
		for i, n := range refs {
			if n < 1 || n > int64(len(ids)) {
				return nil, fmt.Errorf("%s: there is no artifact %d", table, n)
			}
			a := found[ids[n-1]]
			a.Output = a.Output || table == "execution_outputs"
			a.Type = types[i]
			found[a.ID] = a
		}
	}
	specs, err := s.texts("pipelines", "spec_hash")
	if err != nil {
		return nil, err
	}
	for _, h := range specs {
		id, err := artifacts.ParseID(h)
		if err != nil {
			return nil, err
		}
		a, ok := found[id]
		if !ok {
			a = Artifact{ID: id, Size: -1}
		}
		a.Spec = true
		found[id] = a
	}
	list := make([]Artifact, 0, len(found))
	for _, a := range found {
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b Artifact) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return list, nil
}

func (s *Slice) column(table, column string) ([]any, error) {
	for _, t := range s.Tables {
		if t.Name != table {
			continue
		}
		at := slices.Index(t.Columns, column)
		if at < 0 {
			break
		}
		values := make([]any, len(t.Rows))
		for i, r := range t.Rows {
			if len(r) != len(t.Columns) {
				return nil, fmt.Errorf("table %s: row %d has %d values for %d columns", table, i+1, len(r), len(t.Columns))
			}
			values[i] = r[at]
		}
		return values, nil
	}
	return nil, fmt.Errorf("there is no column %s.%s", table, column)
}

func (s *Slice) texts(table, column string) ([]string, error) {
	values, err := s.column(table, column)
	list := make([]string, len(values))
	for i, v := range values {
		text, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("table %s: row %d: %s is not a text", table, i+1, column)
		}
		list[i] = text
	}
	return list, err
}

func (s *Slice) numbers(table, column string) ([]int64, error) {
	values, err := s.column(table, column)
	list := make([]int64, len(values))
	for i, v := range values {
		if list[i], err = integer(v); err != nil {
			return nil, fmt.Errorf("table %s: row %d: %s: %w", table, i+1, column, err)
		}
	}
	return list, err
}

// integer reads what is an int64 from a database and a json.Number from JSON.
func integer(v any) (int64, error) {
	switch v := v.(type) {
	case int64:
		return v, nil
	case json.Number:
		return v.Int64()
	}
	return 0, fmt.Errorf("%v is not an integer", v)
}
