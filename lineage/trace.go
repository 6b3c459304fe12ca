package lineage

import (
	"context"
	"database/sql/driver"

	"github.com/mattn/go-sqlite3"
)

// A tracedConn tells of each statement that is executed on a connection.
type tracedConn struct {
	*sqlite3.SQLiteConn
	trace func(statement string)
}

func (c tracedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.trace(query)
	return c.SQLiteConn.QueryContext(ctx, query, args)
}

func (c tracedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.trace(query)
	return c.SQLiteConn.ExecContext(ctx, query, args)
}

// PrepareContext counts as a statement, and its executions as no more: whoever
// prepares one means to execute it often.
func (c tracedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	c.trace(query)
	return c.SQLiteConn.PrepareContext(ctx, query)
}
