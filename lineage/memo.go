package lineage

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"pipe/artifacts"
)

// A Memo is a finished run of which all stages succeeded, together with what
// has to be still so for another run to give the same without looking at its
// stages one by one. The caller decides whether it is; see DB.Repeat.
type Memo struct {
	Fingerprint   artifacts.ID // of all that the run was given
	RunID         string
	LastExecution int64             // see DB.LastExecution
	Files         []MemoFile        // external files that were read
	Objects       []artifacts.Sized // all that the stages gave, and the text of the pipeline
	Warnings      []StageWarning    // of all stages, in order
}

// A StageWarning is what a stage warned of.
type StageWarning struct {
	Stage   string `json:"stage"`
	Message string `json:"message"`
}

// A MemoFile is an external file with the bytes that it had.
type MemoFile struct {
	Path string       `json:"path"` // absolute
	ID   artifacts.ID `json:"id"`
}

// maxMemos bounds how many memos are kept: those that were used last.
const maxMemos = 16

// LastExecution is the ID of the newest execution, 0 if there is none. Taken
// before a run looks up its stages, it says which executions the run could
// have found.
func (d *DB) LastExecution(ctx context.Context) (id int64, err error) {
	defer func() { err = d.Error("read", err) }()
	err = d.r.QueryRowContext(ctx, "SELECT coalesce(max(id), 0) FROM executions").Scan(&id)
	return id, err
}

// Remember keeps a memo of a run that has succeeded, in place of an earlier
// one with the fingerprint.
func (d *DB) Remember(ctx context.Context, m Memo) error {
	files, err := json.Marshal(m.Files)
	if err != nil {
		return err
	}
	warnings, err := json.Marshal(m.Warnings)
	if err != nil {
		return err
	}
	objects := make([]byte, 0, len(m.Objects)*memoObjectSize)
	for _, o := range m.Objects {
		objects = append(objects, o.ID[:]...)
		objects = binary.BigEndian.AppendUint64(objects, uint64(o.Size))
	}
	fingerprint := m.Fingerprint.String()
	return d.Update(ctx, Relaxed, "remember a run in", func(t *Tx) error {
		for _, st := range []struct {
			query string
			args  []any
		}{
			{"DELETE FROM run_memos WHERE fingerprint = ?", []any{fingerprint}},
			{"INSERT INTO run_memos (fingerprint, run_id, last_execution, used_at) VALUES (?, ?, ?, ?)",
				[]any{fingerprint, m.RunID, m.LastExecution, FormatTime(d.now())}},
			{"INSERT INTO run_memo_lists (fingerprint, files, objects, warnings) VALUES (?, ?, ?, ?)",
				[]any{fingerprint, string(files), objects, string(warnings)}},
			{`DELETE FROM run_memos WHERE fingerprint <> ? AND fingerprint NOT IN
				(SELECT fingerprint FROM run_memos ORDER BY used_at DESC, fingerprint LIMIT ?)`, []any{fingerprint, maxMemos}},
		} {
			if _, err := t.Exec(st.query, st.args...); err != nil {
				return err
			}
		}
		return nil
	})
}

const memoObjectSize = len(artifacts.ID{}) + 8

// Recall returns the memo with a fingerprint, nil if there is none or it
// cannot be read.
func (d *DB) Recall(ctx context.Context, fingerprint artifacts.ID) (_ *Memo, err error) {
	defer func() { err = d.Error("recall a run from", err) }()
	m := &Memo{Fingerprint: fingerprint}
	var files, warnings string
	var objects []byte
	err = d.opened().QueryRowContext(ctx, `SELECT m.run_id, m.last_execution, l.files, l.objects, l.warnings
		FROM run_memos m JOIN run_memo_lists l ON l.fingerprint = m.fingerprint WHERE m.fingerprint = ?`,
		fingerprint.String()).Scan(&m.RunID, &m.LastExecution, &files, &objects, &warnings)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if json.Unmarshal([]byte(files), &m.Files) != nil || json.Unmarshal([]byte(warnings), &m.Warnings) != nil || len(objects)%memoObjectSize != 0 {
		return nil, nil
	}
	m.Objects = make([]artifacts.Sized, len(objects)/memoObjectSize)
	for i := range m.Objects {
		o := objects[i*memoObjectSize:][:memoObjectSize]
		n := copy(m.Objects[i].ID[:], o)
		m.Objects[i].Size = int64(binary.BigEndian.Uint64(o[n:]))
	}
	return m, nil
}

// A Repeated is a run that was recorded by Repeat.
type Repeated struct {
	RunID    string
	Pipeline string
	Stages   int
	Warnings []StageWarning // of the stages, in order
}

// Repeat records a run that begins and ends now, in which every stage was
// found in the cache as in the run of the memo: one row, however many stages
// there are. It returns nil, and records
// nothing, if that run is not what the memo says, if an execution has been
// recorded since that a stage of a new run would take in preference, or if
// holds, which is asked at the end, says so.
func (d *DB) Repeat(ctx context.Context, m *Memo, run Run, holds func() bool) (*Repeated, error) {
	var repeated *Repeated
	err := d.Update(ctx, Durable, "repeat a run in", func(t *Tx) (err error) {
		if repeated, err = d.repeat(t, m, run); err == nil && !holds() {
			err = errStale
		}
		return err
	})
	if errors.Is(err, errStale) {
		return nil, nil
	}
	return repeated, err
}

// errStale says that a memo does not hold any more.
var errStale = errors.New("the memo is stale")

// maxNewer is the number of new executions up to which it pays to look at each.
const maxNewer = 200_000

func (d *DB) repeat(t *Tx, m *Memo, run Run) (*Repeated, error) {
	res := &Repeated{Warnings: m.Warnings}
	// A run that is not forgotten has all its executions, and they stay as long
	// as one that repeats it; see clean.Choose.
	err := t.Row(`SELECT pipeline, stages FROM runs r WHERE id = ? AND status = 'succeeded' AND repeats IS NULL
		AND id NOT IN (SELECT run_id FROM forgotten_runs)
		AND NOT EXISTS (SELECT 1 FROM doomed_executions g CROSS JOIN executions e ON e.id = g.execution_id WHERE e.run_id = r.id)`,
		m.RunID).Scan(&res.Pipeline, &res.Stages)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errStale
	}
	if err != nil {
		return nil, err
	}
	var newest, rivals int64
	if err := t.Row("SELECT coalesce(max(id), 0) FROM executions").Scan(&newest); err != nil {
		return nil, err
	}
	if newest-m.LastExecution > maxNewer {
		return nil, errStale
	}
	err = t.Row(`SELECT count(*) FROM executions n WHERE n.id > ? AND n.status = 'succeeded' AND n.run_id <> ?
			AND EXISTS (SELECT 1 FROM executions o WHERE o.key = n.key AND o.status = 'succeeded' AND o.id < n.id)`,
		m.LastExecution, m.RunID).Scan(&rivals)
	if err != nil {
		return nil, err
	}
	if rivals > 0 {
		return nil, errStale
	}
	return res, d.repeatRun(t, m, run, res)
}

func (d *DB) repeatRun(t *Tx, m *Memo, run Run, res *Repeated) error {
	now := d.now()
	at := FormatTime(now)
	res.RunID = newRunID(now)
	environmentID, err := t.environment(run.Environment)
	if err != nil {
		return err
	}
	scheduled := ""
	if !run.ScheduledAt.IsZero() {
		scheduled = FormatTime(run.ScheduledAt)
	}
	n, err := t.Exec(`INSERT INTO runs (id, pipeline, pipeline_id, environment_id, status, trigger, scheduled_at, repeats, seed, stages,
			started_at, finished_at, hostname, boot_id, pid, pid_start, pid_namespace, heartbeat_at, git_commit)
		SELECT ?, pipeline, pipeline_id, ?, 'succeeded', ?, ?, id, seed, stages, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM runs WHERE id = ?`,
		res.RunID, environmentID, run.Trigger, Nullable(scheduled), at, at,
		d.self.hostname, d.self.bootID, d.self.pid, d.self.pidStart, d.self.namespace, at, Nullable(run.Git.Commit), m.RunID)
	if err == nil && n != 1 {
		err = fmt.Errorf("run %s was not copied", m.RunID)
	}
	if err != nil {
		return err
	}
	if _, err := t.Exec("INSERT INTO params (run_id, name, value, source) SELECT ?, name, value, source FROM params WHERE run_id = ?",
		res.RunID, m.RunID); err != nil {
		return err
	}
	if _, err := t.Exec(`UPDATE run_memos SET used_at = ?, last_execution = (SELECT max(id) FROM executions) WHERE fingerprint = ?`,
		at, m.Fingerprint.String()); err != nil {
		return err
	}
	for _, state := range []Status{Running, Succeeded} {
		if err := t.event(now, res.RunID, "", 0, state, ""); err != nil {
			return err
		}
	}
	return nil
}
