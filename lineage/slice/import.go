package slice

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/lineage"
)

// oldestSlice is the oldest schema whose slices can be read: the first one
// that had any.
const oldestSlice = 4

// ReadSlice reads the JSON of a slice and nothing else.
func Read(r io.Reader) (*Slice, error) {
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	dec.UseNumber()
	s := &Slice{}
	if err := dec.Decode(s); err != nil {
		return nil, fmt.Errorf("rows: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("rows: there is something after their end")
	}
	return s, nil
}

// An Imported says what Import did.
type Imported struct {
	Runs       int // that were not there before
	Executions int
}

// Import adds the rows of a slice, in one transaction. Rows that are there
// already stay as they are; a row that contradicts one that is there is an
// error. Every artifact that an execution made must be in the store before.
//
// Imported runs sort before all runs of this database, so that "latest" and
// the name of a pipeline go on to mean what was run here, if there is any.
func Import(ctx context.Context, d *lineage.DB, s *Slice, from string) (done Imported, err error) {
	if s.Schema > lineage.SchemaVersion {
		return done, diag.WithHint(fmt.Errorf("it was written by a newer pipe (schema version %d, this one knows %d)", s.Schema, lineage.SchemaVersion), "use the newer pipe")
	}
	if s.Schema < oldestSlice {
		return done, fmt.Errorf("schema version %d never had bundles", s.Schema)
	}
	rules := slices.DeleteFunc(slices.Clone(rules), func(r tableRule) bool { return r.since > s.Schema })
	if len(s.Tables) != len(rules) {
		return done, fmt.Errorf("rows of %d tables, want %d", len(s.Tables), len(rules))
	}
	err = d.Update(ctx, lineage.Durable, "import into", func(t *lineage.Tx) error {
		im := &importer{Tx: t, ids: map[string][]int64{}, old: map[string]map[any]bool{}, run: s.Run, from: from, now: lineage.FormatTime(d.Now())}
		if err := t.Row("SELECT min(0, coalesce(min(seq), 0)) FROM runs").Scan(&im.seq); err != nil {
			return err
		}
		for i, rule := range rules {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := im.table(rule, s.Tables[i]); err != nil {
				return fmt.Errorf("table %s: %w", rule.name, err)
			}
		}
		if s.withoutGoals() {
			if err := t.KnowGoals(); err != nil {
				return err
			}
		}
		var n int
		if err := t.Row("SELECT count(*) FROM runs WHERE id = ?", s.Run).Scan(&n); err != nil || n == 0 {
			return errors.Join(err, fmt.Errorf("the run %q is not among its rows", s.Run))
		}
		done = im.done
		return nil
	})
	return done, err
}

// withoutGoals tells whether the slice is of before metrics had goals.
func (s *Slice) withoutGoals() bool {
	return slices.ContainsFunc(s.Tables, func(t Table) bool { return t.Name == "metrics" && !slices.Contains(t.Columns, "goal") })
}

type importer struct {
	*lineage.Tx
	ids  map[string][]int64      // row numbers here, by position in the slice
	old  map[string]map[any]bool // what was there already, by the value that owner columns hold
	run  string                  // that was asked for
	from string
	now  string
	seq  int64 // below that of every run
	done Imported
}

func (im *importer) table(rule tableRule, t Table) error {
	if t.Name != rule.name {
		return fmt.Errorf("here are the rows of %q", t.Name)
	}
	have, err := tableColumns(im.Ctx, im.Tx, rule.name)
	if err != nil {
		return err
	}
	columns := make([]sqlColumn, len(t.Columns))
	for i, name := range t.Columns {
		at := slices.IndexFunc(have, func(c sqlColumn) bool { return c.name == name })
		if at < 0 || name == rule.id || slices.Contains(rule.drop, name) || slices.Index(t.Columns, name) < i {
			return fmt.Errorf("there is no column %q to import", name)
		}
		columns[i] = have[at]
	}
	for _, name := range slices.Concat(rule.unique, rule.same, []string{rule.owner}) {
		if name != "" && !slices.Contains(t.Columns, name) {
			return fmt.Errorf("column %q is missing", name)
		}
	}
	im.old[rule.name] = map[any]bool{}
	switch rule.name {
	case "runs":
		im.seq -= int64(len(t.Rows))
	case "events":
		if err := im.forgetWithoutEvents(); err != nil {
			return err
		}
	}
	for i, row := range t.Rows {
		if len(row) != len(columns) {
			return fmt.Errorf("row %d has %d values for %d columns", i+1, len(row), len(columns))
		}
		if err := im.row(rule, columns, row); err != nil {
			return fmt.Errorf("row %d: %w", i+1, err)
		}
	}
	return nil
}

func (im *importer) row(rule tableRule, columns []sqlColumn, row []any) error {
	names, values := make([]string, len(columns)), make([]any, len(columns))
	for i, c := range columns {
		v, err := im.value(rule, c, row[i])
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		names[i], values[i] = c.name, v
	}
	at := func(name string) any {
		if i := slices.Index(names, name); i >= 0 {
			return values[i]
		}
		return nil
	}
	if err := consistent(rule.name, at); err != nil {
		return err
	}
	if rule.owner != "" && im.old[ownerTable(rule.owner)][at(rule.owner)] {
		return nil // it came with its owner, when that came
	}
	if len(rule.unique) > 0 {
		found, err := im.find(rule, at)
		if found || err != nil {
			return err
		}
	}
	if rule.name == "runs" {
		names = append(names, "seq", "imported_at", "imported_from")
		values = append(values, im.seq, im.now, im.from)
		im.seq++
		im.done.Runs++
	}
	if rule.name == "model_events" {
		// What was decided elsewhere is known here and has no effect here.
		names = append(names, "imported_at", "imported_from")
		values = append(values, im.now, im.from)
	}
	if rule.name == "executions" {
		im.done.Executions++
	}
	res, err := im.ExecContext(im.Ctx, `INSERT INTO `+rule.name+` ("`+strings.Join(names, `", "`)+`") VALUES (?`+strings.Repeat(", ?", len(names)-1)+`)`, values...)
	if err != nil || rule.id == "" {
		return err
	}
	id, err := res.LastInsertId()
	im.ids[rule.name] = append(im.ids[rule.name], id)
	return err
}

// forgetWithoutEvents lets events be added to runs of which only a part was
// known: what another run has taken from them.
func (im *importer) forgetWithoutEvents() error {
	for id := range im.old["runs"] {
		var n int
		if err := im.Tx.Row("SELECT count(*) FROM events WHERE run_id = ?", id).Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			delete(im.old["runs"], id)
		}
	}
	return nil
}

func ownerTable(column string) string {
	if column == "run_id" {
		return "runs"
	}
	return "executions"
}

// find looks for the row in the database, and compares it with that.
func (im *importer) find(rule tableRule, at func(string) any) (bool, error) {
	id := rule.id
	if id == "" {
		id = "0"
	}
	var where []string
	var args []any
	for _, name := range rule.unique {
		where, args = append(where, `"`+name+`" = ?`), append(args, at(name))
	}
	read := id
	for _, name := range rule.same {
		read += `, "` + name + `"`
	}
	var number int64
	have := make([]any, len(rule.same))
	pointers := []any{&number}
	for i := range have {
		pointers = append(pointers, &have[i])
	}
	err := im.QueryRowContext(im.Ctx, "SELECT "+read+" FROM "+rule.name+" WHERE "+strings.Join(where, " AND "), args...).Scan(pointers...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for i, name := range rule.same {
		if want := at(name); have[i] != want && have[i] != nil && want != nil {
			return false, fmt.Errorf("%v is in this database with another %s: %v here, %v there", args, name, have[i], want)
		}
	}
	if rule.id != "" {
		im.ids[rule.name] = append(im.ids[rule.name], number)
		im.old[rule.name][number] = true
	}
	// What gc was about to delete is wanted again.
	switch rule.name {
	case "executions":
		_, err = im.Exec("DELETE FROM doomed_executions WHERE execution_id = ?", number)
	case "runs":
		im.old["runs"][at("id")] = true
		if at("id") == im.run {
			_, err = im.Exec("DELETE FROM forgotten_runs WHERE run_id = ?", im.run)
		}
	}
	if err != nil {
		return false, err
	}
	return true, nil
}

// value turns a value of JSON into one that its column takes.
func (im *importer) value(rule tableRule, c sqlColumn, v any) (any, error) {
	if v == nil {
		return nil, nil // the table refuses it where there must be something
	}
	if target, ok := rule.refs[c.name]; ok {
		n, err := integer(v)
		if ids := im.ids[target]; err == nil && (n < 1 || n > int64(len(ids))) {
			err = fmt.Errorf("table %s has no row %d yet", target, n)
		} else if err == nil {
			return ids[n-1], nil
		}
		return nil, err
	}
	switch c.typ {
	case "INTEGER":
		return integer(v)
	case "REAL":
		switch v := v.(type) {
		case float64:
			return v, lineage.Finite(v)
		case json.Number:
			f, err := v.Float64()
			return f, err
		}
	case "TEXT":
		if text, ok := v.(string); ok {
			return text, checkText(rule.name, c.name, text)
		}
	}
	return nil, fmt.Errorf("%v is not what a column of type %s holds", v, c.typ)
}

// consistent checks what several columns of a row say together.
func consistent(table string, at func(string) any) error {
	switch table {
	case "pipelines":
		spec, _ := at("spec").(string)
		if artifacts.Sum([]byte(spec)).String() != at("spec_hash") {
			return errors.New("the text of the pipeline does not have its hash")
		}
	case "runs":
		if at("status") == string(lineage.Running) {
			return fmt.Errorf("the run %v has not finished", at("id"))
		}
	case "executions":
		if at("status") == string(lineage.Running) {
			return errors.New("it has not finished")
		}
	}
	return nil
}

// WriteTo writes the JSON of a slice, one row a line.
func (s *Slice) WriteTo(w io.Writer) (int64, error) {
	var b bytes.Buffer
	run, err := json.Marshal(s.Run)
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(&b, "{\"schema\": %d, \"run\": %s, \"tables\": [", s.Schema, run)
	for i, t := range s.Tables {
		name, err := json.Marshal(t.Name)
		if err != nil {
			return 0, err
		}
		columns, err := json.Marshal(t.Columns)
		if err != nil {
			return 0, err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "\n{\"name\": %s, \"columns\": %s, \"rows\": [", name, columns)
		for j, r := range t.Rows {
			row, err := json.Marshal(r)
			if err != nil {
				return 0, err
			}
			if j > 0 {
				b.WriteByte(',')
			}
			b.WriteByte('\n')
			b.Write(row)
		}
		b.WriteString("]}")
	}
	b.WriteString("]}\n")
	return b.WriteTo(w)
}
