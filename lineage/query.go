package lineage

import (
	"context"
	"errors"
	"fmt"

	"github.com/mattn/go-sqlite3"

	"pipe/base/diag"
)

// Rows is the answer to a query.
type Rows struct {
	Columns   []string
	Rows      [][]any // int64, float64, string, []byte, bool or nil
	Truncated bool    // there are more rows than the limit
}

// maxValue bounds what a function of SQL can make, in bytes.
const maxValue = 128 << 20

// Query runs one SELECT on a connection that cannot write, and returns at most
// limit rows; 0 means all.
func (d *DB) Query(ctx context.Context, query string, limit int) (*Rows, error) {
	type answer struct {
		rows *Rows
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		rows, err := d.query(ctx, query, limit)
		answered <- answer{rows, err}
	}()
	select {
	case a := <-answered:
		return a.rows, d.Error("query", explain(a.err))
	case <-ctx.Done():
		// SQLite looks for the end of ctx between its steps only. One function
		// may take long, and is left to itself.
		return nil, ctx.Err()
	}
}

func (d *DB) query(ctx context.Context, query string, limit int) (_ *Rows, err error) {
	rows, err := d.q.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	res := &Rows{}
	if res.Columns, err = rows.Columns(); err != nil {
		return nil, err
	}
	for rows.Next() {
		if limit > 0 && len(res.Rows) == limit {
			res.Truncated = true
			return res, nil
		}
		row := make([]any, len(res.Columns))
		dest := make([]any, len(row))
		for i := range row {
			dest[i] = &row[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return nil, err
		}
		res.Rows = append(res.Rows, row)
	}
	return res, rows.Err()
}

// explain says what the short messages of SQLite mean here.
func explain(err error) error {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case sqlite3.ErrAuth, sqlite3.ErrReadonly, sqlite3.ErrPerm:
		return diag.WithHint(fmt.Errorf("the database is opened read-only: only SELECT is allowed (%w)", err),
			"the lineage is what happened: runs write it, and nobody else")
	case sqlite3.ErrError:
		return diag.WithHint(err, "docs/lineage.md lists tables and views; `SELECT name, sql FROM sqlite_schema` shows them too")
	}
	return err
}

// Actions of sqlite3_set_authorizer that a SELECT needs. The driver has no
// name for the last one.
const actionRecursive = 33

// onlySelect lets a connection do nothing but read. mode=ro and query_only
// already refuse to write; this also refuses ATTACH, which would open other
// files, and pragmas, which would switch query_only off.
func onlySelect(conn *sqlite3.SQLiteConn) error {
	conn.SetLimit(sqlite3.SQLITE_LIMIT_LENGTH, maxValue)
	conn.RegisterAuthorizer(func(action int, arg1, arg2, arg3 string) int {
		switch action {
		case sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, actionRecursive:
			return sqlite3.SQLITE_OK
		case sqlite3.SQLITE_FUNCTION:
			if arg2 == "load_extension" {
				return sqlite3.SQLITE_DENY
			}
			return sqlite3.SQLITE_OK
		case sqlite3.SQLITE_PRAGMA:
			if readPragmas[arg1] {
				return sqlite3.SQLITE_OK
			}
		}
		return sqlite3.SQLITE_DENY
	})
	return nil
}

// readPragmas are those that only tell something.
var readPragmas = map[string]bool{
	"table_info": true, "table_xinfo": true, "table_list": true, "index_list": true, "index_info": true, "index_xinfo": true,
	"foreign_key_list": true, "function_list": true,
}
