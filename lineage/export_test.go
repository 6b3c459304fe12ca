package lineage

import (
	"context"
	"database/sql"
	"time"

	"pipe/artifacts"
)

// What the tests of this package look at inside.
var (
	Migrations  = migrations
	Newest      = newest
	ErrReadOnly = errReadOnly
)

const Racy = racy

// Writer is the connection that writes.
func (d *DB) Writer() *sql.DB { return d.w }

// Remembered is what Lookup knows without a query.
func (d *DB) Remembered(key artifacts.Key) *Hit { return d.recent.get(key) }

// CompleteExecutions is what Executions does after it has listed them.
func (d *DB) CompleteExecutions(ctx context.Context, list []Execution, where string, arg any) error {
	return d.completeExecutions(ctx, list, where, arg)
}

// Elsewhere makes d that of a process in another namespace, with its own clock.
func (d *DB) Elsewhere(namespace string, pid int, now func() time.Time) {
	d.self.namespace, d.self.pid, d.now = namespace, pid, now
}
