//go:build duckdb_arrow

package main

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// The files and folders of a session, in the working directory.
const (
	databaseFile = "pipe-sql.duckdb"
	spillDir     = "pipe-sql.spill"
)

// resultTable holds the result: no input has such a name.
const resultTable = `"?"`

// A session is a database of its own in a file, so that it is not bounded by memory.
type session struct {
	connector *duckdb.Connector
	conn      *duckdb.Conn
}

func open(ctx context.Context, file string) (*session, error) {
	c, err := duckdb.NewConnector(file, nil)
	if err != nil {
		return nil, err
	}
	conn, err := c.Connect(ctx)
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return &session{c, conn.(*duckdb.Conn)}, nil
}

func (s *session) close() error { return errors.Join(s.conn.Close(), s.connector.Close()) }

// duckVersion is the version of DuckDB, without the v.
func duckVersion(ctx context.Context) (string, error) {
	s, err := open(ctx, "")
	if err != nil {
		return "", err
	}
	defer s.close()
	rows, err := s.strings(ctx, "SELECT version()")
	if err != nil {
		return "", err
	}
	return strings.TrimPrefix(rows[0][0], "v"), nil
}

func (s *session) exec(ctx context.Context, text string) error {
	_, err := s.conn.ExecContext(ctx, text, nil)
	return err
}

// strings gives the rows of a small query whose columns are texts.
func (s *session) strings(ctx context.Context, text string) (list [][]string, err error) {
	rows, err := s.conn.QueryContext(ctx, text, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	values := make([]driver.Value, len(rows.Columns()))
	for rows.Next(values) == nil {
		row := make([]string, len(values))
		for i, v := range values {
			row[i], _ = v.(string)
		}
		list = append(list, row)
	}
	return list, nil
}

// query answers a request.
func query(ctx context.Context, req *Request, res *Response) (err error) {
	if res.DuckDB, err = duckVersion(ctx); err != nil {
		return err
	}
	s, err := open(ctx, databaseFile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(), os.Remove(databaseFile)) }()
	if err := s.configure(ctx, req); err != nil {
		return err
	}
	// What is wrong with the query is to be known before much is read.
	for _, t := range req.Tables {
		if err := s.load(ctx, t, true); err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	if err := s.checkCalls(ctx, req.Calls); err != nil {
		return err
	}
	columns, err := s.look(ctx, req.Query)
	if err != nil {
		return err
	}
	for _, t := range req.Tables {
		if err := s.load(ctx, t, false); err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	text, sorted := s.ordered(ctx, req, len(columns))
	res.Sorted = sorted
	if err := s.exec(ctx, "CREATE TABLE "+resultTable+" AS "+text); err != nil {
		return err
	}
	all, err := s.uncover(ctx, columns)
	if err != nil {
		return err
	}
	res.Rows, err = s.write(ctx, req.Out, all)
	return err
}

// uncover gives a column of the result that hides the number of a row another name: by
// these numbers the result is read. all is what selects all columns as they were named.
func (s *session) uncover(ctx context.Context, columns []string) (all string, err error) {
	const other = `"?rowid"`
	for _, column := range columns {
		if strings.EqualFold(column, "rowid") {
			return "* RENAME (" + other + " AS " + name(column) + ")", s.exec(ctx, "ALTER TABLE "+resultTable+" RENAME COLUMN "+name(column)+" TO "+other)
		}
	}
	return "*", nil
}

// configure makes DuckDB one that sees nothing but its tables, gives the same each time,
// and has bounds; then none of this can be changed.
func (s *session) configure(ctx context.Context, req *Request) error {
	spill, err := filepath.Abs(spillDir)
	if err != nil {
		return err
	}
	for _, set := range [][2]string{
		{"errors_as_json", "true"},
		{"threads", "1"}, // sums of decimal numbers have one order
		{"preserve_insertion_order", "true"},
		{"default_null_order", "'nulls_first_on_asc_last_on_desc'"}, // as SQLite
		{"TimeZone", "'UTC'"},
		{"memory_limit", fmt.Sprintf("'%dB'", req.Memory)},
		{"temp_directory", text(spill)},
		{"max_temp_directory_size", fmt.Sprintf("'%dB'", req.Disk)},
		{"autoinstall_known_extensions", "false"},
		{"autoload_known_extensions", "false"},
		{"allow_community_extensions", "false"},
		{"allow_persistent_secrets", "false"},
		{"enable_external_access", "false"},
		{"lock_configuration", "true"},
	} {
		if err := s.exec(ctx, "SET "+set[0]+" = "+set[1]); err != nil {
			return fmt.Errorf("setting %s: %w", set[0], err)
		}
	}
	return nil
}

// look finds what is wrong with a query, and the names of its columns.
func (s *session) look(ctx context.Context, query string) ([]string, error) {
	prepared, err := s.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	stmt := prepared.(*duckdb.Stmt)
	defer stmt.Close()
	if kind, err := stmt.StatementType(); err != nil || kind != duckdb.STATEMENT_TYPE_SELECT {
		return nil, errors.Join(err, &Problem{Message: "a query only reads: SELECT is allowed, and nothing else"})
	}
	if stmt.NumInput() > 0 {
		return nil, &Problem{Message: "the query has a place for a value, and nothing gives one", Hint: "write the value, or a parameter of the pipeline: ${name}", At: -1}
	}
	n, err := stmt.ColumnCount()
	if err != nil {
		return nil, err
	}
	names := make([]string, n)
	for i := range names {
		if names[i], err = stmt.ColumnName(i); err != nil {
			return nil, err
		}
		for _, other := range names[:i] {
			switch {
			case other == names[i]:
				return nil, &Problem{Message: fmt.Sprintf("two columns of the result are named %q", other), Hint: "give one of them another name: AS name", At: -1}
			case lower(other) == lower(names[i]): // of which DuckDB would rename one in silence
				return nil, &Problem{Message: fmt.Sprintf("columns %q and %q of the result have one name in DuckDB", other, names[i]), Hint: "give one of them another name: AS name", At: -1}
			}
		}
	}
	return names, nil
}

// ordered is the query with the order of its rows.
func (s *session) ordered(ctx context.Context, req *Request, columns int) (text string, sorted bool) {
	if req.Between == "" {
		return req.Query, false
	}
	if req.Lines != "" {
		text := req.Before + req.Between + name(req.Lines) + ".rowid" + req.After
		if prepared, err := s.conn.PrepareContext(ctx, text); err == nil {
			prepared.Close()
			return text, false
		} // it gives one row for all, or a column is named so
	}
	terms := make([]string, columns)
	for i := range terms {
		terms[i] = strconv.Itoa(i + 1)
	}
	return req.Before + req.Between + strings.Join(terms, ", ") + req.After, req.Between != ", "
}

// generators are the functions that give tables of nothing but their arguments.
var generators = []string{"unnest", "range", "generate_series", "json_each", "json_tree", "regexp_split_to_table"}

// checkCalls refuses functions that give something else each time, and those that read
// what is no input.
func (s *session) checkCalls(ctx context.Context, calls []Call) error {
	rows, err := s.strings(ctx, `SELECT lower(function_name), CASE WHEN bool_or(stability IN ('VOLATILE', 'CONSISTENT_WITHIN_QUERY')) THEN 'changes' ELSE 'reads' END
FROM duckdb_functions() GROUP BY 1
HAVING bool_or(stability IN ('VOLATILE', 'CONSISTENT_WITHIN_QUERY')) OR bool_and(function_type IN ('table', 'table_macro', 'pragma'))`)
	if err != nil {
		return err
	}
	kinds := map[string]string{}
	for _, r := range rows {
		kinds[r[0]] = r[1]
	}
	for _, c := range calls {
		known := slices.Contains(generators, c.Name)
		switch kind := kinds[c.Name]; {
		case kind == "changes":
			return &Problem{Message: fmt.Sprintf("the function %s is not allowed: it gives something else each time, or tells of the machine", c.Name), At: c.At}
		case kind == "reads" && !known, strings.HasPrefix(c.Name, "duckdb_"), strings.HasPrefix(c.Name, "pragma_"), strings.HasPrefix(c.Name, "pg_"), c.Name == "getenv":
			return &Problem{Message: fmt.Sprintf("the function %s is not allowed: a query sees only its inputs", c.Name), Hint: "name the table in `inputs`", At: c.At}
		}
	}
	return nil
}

// problemOf is what is wrong with the query, if an error is about that.
func problemOf(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	var d *duckdb.Error
	if !errors.As(err, &d) {
		return nil
	}
	var told struct {
		Type     string `json:"exception_type"`
		Message  string `json:"exception_message"`
		Position string `json:"position"`
	}
	begin := strings.IndexByte(d.Msg, '{')
	if begin < 0 || json.Unmarshal([]byte(d.Msg[begin:]), &told) != nil {
		return &Problem{Message: d.Msg, At: -1}
	}
	p = &Problem{Message: told.Message, At: -1}
	if at, err := strconv.Atoi(told.Position); err == nil {
		p.At = at
	}
	if told.Type == "Out of Memory" {
		p.Hint = "give it more with `memory_limit` or `disk_limit`, or look for a join that gives all pairs"
	}
	return p
}

// name writes a name in quotes, and text a text.
// lower is a name as DuckDB compares it: only a to z have another case.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

func name(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
func text(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
