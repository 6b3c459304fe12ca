package lineage

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"pipe/artifacts"
)

// A lease is a run with the process that holds it.
type lease struct {
	id        string
	owner     Owner
	heartbeat string // its last sign of life
}

func scanLease(rows *sql.Rows) (lease, error) {
	var l lease
	err := rows.Scan(append(append([]any{&l.id}, l.owner.Dest()...), &l.heartbeat)...)
	return l, err
}

// runLeases are those of the runs that have not ended. Whatever a run has
// recorded is a sign of life too.
const runLeases = `SELECT id, hostname, boot_id, pid, pid_start, pid_namespace, max(heartbeat_at,
		coalesce((SELECT max(time) FROM events v WHERE v.run_id = r.id), ''),
		coalesce((SELECT max(coalesce(e.finished_at, e.started_at)) FROM executions e WHERE e.run_id = r.id), ''))
	FROM runs r WHERE status = 'running' ORDER BY seq`

// Claims are locks that end with the process that holds them, and that other
// processes see as long as they run on the same kernel, whatever their process
// namespaces. *artifacts.Store has them.
type Claims interface {
	Claim(name string) (*artifacts.Claim, error)
	Claimed(name string) bool
}

// Hold shows other processes that this one is alive, until Close. Without claims
// they go by what they can see of it, or by its heartbeat.
func (d *DB) Hold() {
	d.held.once.Do(func() {
		if d.claims == nil {
			return
		}
		// It fails if another DB of this process has it, which does as well.
		d.held.claim, _ = d.claims.Claim(d.self.claimName())
	})
}

func (d *DB) release() {
	if d.held.claim != nil {
		d.held.claim.Release()
	}
}

// Self is this process.
func (d *DB) Self() Owner { return d.self }

// Gone reports whether a process is dead that was alive at the time of a
// heartbeat, which is text of the database.
func (d *DB) Gone(o Owner, heartbeat string) (bool, error) {
	beat, err := ParseTime(heartbeat)
	if err != nil {
		return false, err
	}
	// A process that is stopped for a while, with the container that it is in,
	// has no heartbeat, but still its claim.
	return d.self.gone(o, beat, d.now()) && (d.claims == nil || !d.claims.Claimed(o.claimName())), nil
}

// dead lists the leases of runs whose process is gone, by run.
func (d *DB) dead(ctx context.Context, db *sql.DB) (map[string]lease, error) {
	leases, err := Collect(ctx, db, scanLease, runLeases)
	if err != nil {
		return nil, err
	}
	dead := map[string]lease{}
	for _, l := range leases {
		gone, err := d.Gone(l.owner, l.heartbeat)
		if err != nil {
			return nil, err
		}
		if gone {
			dead[l.id] = l
		}
	}
	return dead, nil
}

// idsOf is a JSON list of the runs.
func idsOf(leases map[string]lease) string {
	ids := slices.Sorted(maps.Keys(leases))
	if ids == nil {
		return "[]"
	}
	text, _ := json.Marshal(ids) // texts
	return string(text)
}

// message says what has become of a run whose process is gone.
func (l lease) message() string {
	return fmt.Sprintf("process %d on %s ended without finishing the run", l.owner.pid, l.owner.hostname)
}

// bury shows the runs whose process is gone as what they are, although nothing
// was written yet: it ended at some time after its last sign of life.
func bury(runs []Run, dead map[string]lease) error {
	for i := range runs {
		r := &runs[i]
		l, ok := dead[r.ID]
		if !ok || r.Status != Running {
			continue
		}
		r.Status, r.Error = Interrupted, l.message()
		if err := SetTime(&r.Finished, l.heartbeat); err != nil {
			return err
		}
		if n := r.Counts[Running]; n > 0 {
			r.Counts[Interrupted] += n
			delete(r.Counts, Running)
		}
	}
	return nil
}

// buryExecutions does the same for executions.
func (d *DB) buryExecutions(ctx context.Context, list []Execution) error {
	if !slices.ContainsFunc(list, func(e Execution) bool { return e.Status == Running }) {
		return nil
	}
	dead, err := d.dead(ctx, d.r)
	if err != nil {
		return err
	}
	for i := range list {
		e := &list[i]
		if l, ok := dead[e.RunID]; ok && e.Status == Running {
			e.Status = Interrupted
			if err := SetTime(&e.Finished, l.heartbeat); err != nil {
				return err
			}
		}
	}
	return nil
}

// reap interrupts the runs whose process is gone. Mostly there is none, and
// then nothing is written.
func (d *DB) reap(ctx context.Context) error {
	dead, err := d.dead(ctx, d.w)
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(dead)) {
		if err := d.interrupt(ctx, dead[id]); err != nil {
			return err
		}
	}
	return nil
}

func (d *DB) interrupt(ctx context.Context, l lease) error {
	return d.Update(ctx, Durable, "interrupt a dead run in", func(t *Tx) error {
		// Another process may have reaped it, and the run may have finished
		// between the look at the row and the look at the process.
		var status Status
		if err := t.Row("SELECT status FROM runs WHERE id = ?", l.id).Scan(&status); err != nil || status != Running {
			return err
		}
		var ended time.Time
		if err := SetTime(&ended, l.heartbeat); err != nil {
			return err
		}
		return t.FinishRun(l.id, Interrupted, l.message(), ended, d.now())
	})
}
