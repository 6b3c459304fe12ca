package sqlite

// #include "select.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/source/cell"
	"pipe/data/sql"
	"pipe/data/table"
)

// A Table is one that a query can read.
type Table struct {
	*table.Reader
	Name string
}

// Means are what a query may work with.
type Means struct {
	Scratch  func() (string, error) // an empty folder
	Memory   int64                  // bytes for what it keeps in memory
	Disk     int64                  // and for its files
	Types    []cell.Typed           // of columns of the result
	Progress func(done, total int64)
}

// A Result is what a query gives.
type Result struct {
	schema *arrow.Schema
	from   []Origin
	spool  *spool
	Sorted bool     // by all columns, since nothing says in which order the rows come
	Empty  []string // columns without any value, of which nobody knows the type
}

// An Origin is the column of a table that a column of a result is, whatever table that
// is; without a name it was computed.
type Origin struct{ Table, Column string }

// Query answers a query. The caller closes the result. An error about its text is an
// *sql.Error.
func Query(ctx context.Context, text string, tables []Table, means Means) (*Result, error) {
	query, err := Read(text)
	if err != nil {
		return nil, err
	}
	dir, err := means.Scratch()
	if err != nil {
		return nil, err
	}
	s, err := open(ctx, dir, means.Memory, means.Disk)
	if err != nil {
		return nil, err
	}
	defer s.close()
	r, err := s.query(ctx, query, tables, dir, means)
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return r, err
}

func (s *session) query(ctx context.Context, query *sql.Statement, tables []Table, dir string, means Means) (*Result, error) {
	loads := make([]*load, len(tables))
	var names []string
	for i, t := range tables {
		var err error
		if loads[i], err = newLoad(query, t, i); err != nil {
			return nil, err
		}
		if err := s.exec(loads[i].create()); err != nil {
			return nil, fmt.Errorf("%s: %w", t.Name, err)
		}
		names = append(names, t.Name)
	}
	// What is wrong with it is to be known before much is read.
	columns, err := s.look(query, names, tables)
	if err != nil {
		return nil, err
	}
	if err := named(columns); err != nil {
		return nil, err
	}
	for _, t := range means.Types {
		if !slices.Contains(columns, t.Name) {
			return nil, &sql.NoColumn{Name: t.Name, Known: columns}
		}
	}
	s.free()
	total, done := int64(1), int64(0)
	for _, l := range loads {
		total += l.NumRows()
	}
	for _, l := range loads {
		if err := l.run(ctx, s, func(rows int64) { means.Progress(done+rows, total) }); err != nil {
			return nil, fmt.Errorf("%s: %w", l.Name, err)
		}
		done += l.NumRows()
	}
	if err := s.exec("ANALYZE"); err != nil { // tells the planner how many rows there are
		return nil, err
	}
	s.restrict(nil)
	ordered, sorted := order(query, tables, len(columns))
	stmt, err := s.prepare(ordered, query)
	if err != nil {
		return nil, err
	}
	defer C.sql_finalize(stmt)
	r := &Result{Sorted: sorted}
	if r.spool, err = s.collect(ctx, stmt, dir, len(columns), query); err != nil {
		return nil, err
	}
	if err := r.decide(columns, declared(stmt, len(columns)), tables, means.Types); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// look finds what is wrong with a query, and the names of its columns.
func (s *session) look(query *sql.Statement, names []string, tables []Table) ([]string, error) {
	s.restrict(names)
	stmt, err := s.prepare(query.Text, query)
	if err != nil {
		return nil, nearColumn(err, tables)
	}
	defer C.sql_finalize(stmt)
	if err := checkReading(stmt); err != nil {
		return nil, err
	}
	columns := make([]string, C.sql_columns(stmt))
	for i := range columns {
		columns[i] = C.GoString(C.sql_column_name(stmt, C.int(i)))
	}
	return columns, nil
}

// nearColumn adds the column that was meant perhaps.
func nearColumn(err error, tables []Table) error {
	var wrong *sql.Error
	if !errors.As(err, &wrong) || wrong.Todo != "" {
		return err
	}
	rest, ok := strings.CutPrefix(wrong.Msg, "there is no column ")
	if !ok {
		return err
	}
	var all []string
	for _, t := range tables {
		all = append(all, table.Names(t.Schema())...)
	}
	rest = strings.Trim(rest, `"`)
	wrong.Todo = diag.NearestHint(rest[strings.LastIndexByte(rest, '.')+1:], all)
	return wrong
}

// order is the query with the order of its rows: that of its ORDER BY, and of equal rows
// that of the other columns; without one that of the table, if there is but one whose
// rows are only chosen, or that of all columns.
func order(query *sql.Statement, tables []Table, columns int) (text string, sorted bool) {
	var of Table
	alias, ok := query.Lines(func(name string) bool {
		return slices.ContainsFunc(tables, func(t Table) bool {
			of = t
			return strings.EqualFold(t.Name, name)
		})
	})
	if ok {
		for _, row := range []string{"rowid", "_rowid_", "oid"} {
			if !slices.ContainsFunc(table.Names(of.Schema()), func(name string) bool { return strings.EqualFold(name, row) }) {
				return query.OrderedBy(sql.Name(alias) + "." + row), false
			}
		}
		// Columns have all names of the number of a row, so that no ORDER BY can name it. The one
		// table has no index, and is read from its first row to its last.
		return query.Text, false
	}
	return query.OrderedBy(sql.Ordinals(columns, " COLLATE BINARY")...), !query.Ordered()
}

// named finds columns without a name, and two of one name.
func named(columns []string) error {
	for i, name := range columns {
		switch {
		case name == "":
			return &sql.Error{At: -1, Msg: fmt.Sprintf("column %d of the result has no name", i+1), Todo: "give it one: AS name"}
		case slices.Contains(columns[:i], name):
			return &sql.Error{At: -1, Msg: fmt.Sprintf("two columns of the result are named %q", name), Todo: "give one of them another name: AS name"}
		}
	}
	return nil
}

// declared is what the columns of tables say that columns of the result are.
func declared(stmt *C.sqlite3_stmt, n int) []string {
	list := make([]string, n)
	for i := range list {
		if c := C.sql_column_type(stmt, C.int(i)); c != nil {
			list[i] = C.GoString(c)
		}
	}
	return list
}
