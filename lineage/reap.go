package lineage

import (
	"context"
	"database/sql"
	"fmt"
)

// A lease is a run or a tick with the process that holds it.
type lease struct {
	id        string
	owner     owner
	heartbeat string
}

func scanLease(rows *sql.Rows) (lease, error) {
	var l lease
	err := rows.Scan(&l.id, &l.owner.hostname, &l.owner.bootID, &l.owner.pid, &l.owner.pidStart, &l.owner.namespace, &l.heartbeat)
	return l, err
}

// gone reports whether the holder of a lease is dead.
func (d *DB) gone(l lease) (bool, error) {
	beat, err := parseTime(l.heartbeat)
	if err != nil {
		return false, err
	}
	return d.self.gone(l.owner, beat, d.now()), nil
}

// reap interrupts the runs whose process is gone. Mostly there is none, and
// then nothing is written.
func (d *DB) reap(ctx context.Context) error {
	leases, err := collect(ctx, d.w, scanLease, `SELECT id, hostname, boot_id, pid, pid_start, pid_namespace, heartbeat_at
		FROM runs WHERE status = 'running' ORDER BY seq`)
	if err != nil {
		return err
	}
	for _, l := range leases {
		gone, err := d.gone(l)
		if err != nil {
			return err
		}
		if gone {
			if err := d.interrupt(ctx, l); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *DB) interrupt(ctx context.Context, l lease) error {
	return d.update(ctx, durable, "interrupt a dead run in", func(t *tx) error {
		// Another process may have reaped it, and the run may have finished
		// between the look at the row and the look at the process.
		var status Status
		if err := t.row("SELECT status FROM runs WHERE id = ?", l.id).Scan(&status); err != nil || status != Running {
			return err
		}
		beat, err := parseTime(l.heartbeat)
		if err != nil {
			return err
		}
		// It ended at some time after its last sign of life.
		message := fmt.Sprintf("process %d on %s ended without finishing the run", l.owner.pid, l.owner.hostname)
		return t.finishRun(l.id, Interrupted, message, beat, d.now())
	})
}
