package lineage

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"pipe/artifacts"
)

// BeginRun records a run that begins now, in this process, and returns its ID.
// FinishRun ends it.
func (d *DB) BeginRun(ctx context.Context, run Run) (runID string, err error) {
	d.Hold()
	now := d.now()
	runID = newRunID(now)
	err = d.Update(ctx, Durable, "begin a run in", func(t *Tx) error {
		pipelineID, err := t.pipeline(run, now)
		if err != nil {
			return err
		}
		environmentID, err := t.environment(run.Environment)
		if err != nil {
			return err
		}
		scheduled := ""
		if !run.ScheduledAt.IsZero() {
			scheduled = FormatTime(run.ScheduledAt)
		}
		_, err = t.Exec(`INSERT INTO runs (id, pipeline, pipeline_id, environment_id, status, trigger, scheduled_at, rerun_of, seed, stages,
				started_at, hostname, boot_id, pid, pid_start, pid_namespace, heartbeat_at, git_commit, git_clean)
			VALUES (?, ?, ?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			runID, run.Pipeline, pipelineID, environmentID, run.Trigger, Nullable(scheduled), Nullable(run.RerunOf), strconv.FormatUint(run.Seed, 10), run.Stages,
			FormatTime(now), d.self.hostname, d.self.bootID, d.self.pid, d.self.pidStart, d.self.namespace, FormatTime(now),
			Nullable(run.Git.Commit), run.Git.Clean)
		if err != nil {
			return err
		}
		for _, p := range run.Params {
			if !json.Valid([]byte(p.Value)) {
				return fmt.Errorf("parameter %s: value %q is not JSON", p.Name, p.Value)
			}
			if _, err := t.Exec("INSERT INTO params (run_id, name, value, source) VALUES (?, ?, ?, ?)", runID, p.Name, p.Value, p.Source); err != nil {
				return fmt.Errorf("parameter %s: %w", p.Name, err)
			}
		}
		return t.event(now, runID, "", 0, Running, "")
	})
	if err != nil {
		return "", err
	}
	// Not earlier: from now on Forget spares what this run may find.
	return runID, d.Warm(ctx, run.Pipeline)
}

// newRunID sorts by time, and is unique also across machines whose databases
// are merged: two runs of one second differ in 24 random bits.
func newRunID(now time.Time) string {
	var random [3]byte
	rand.Read(random[:])
	return now.UTC().Format("20060102T150405") + "-" + hex.EncodeToString(random[:])
}

func (t *Tx) pipeline(run Run, now time.Time) (id int64, err error) {
	_, err = t.Exec(`INSERT INTO pipelines (name, file, spec_hash, spec, created_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (name, file, spec_hash) DO NOTHING`,
		run.Pipeline, run.File, run.SpecID.String(), run.SpecText, FormatTime(now))
	if err != nil {
		return 0, err
	}
	err = t.Row("SELECT id FROM pipelines WHERE name = ? AND file = ? AND spec_hash = ?",
		run.Pipeline, run.File, run.SpecID.String()).Scan(&id)
	return id, err
}

func (t *Tx) environment(env Environment) (id int64, err error) {
	all, err := json.Marshal(env) // map keys are sorted
	if err != nil {
		return 0, err
	}
	details := "{}"
	if len(env.Details) > 0 {
		text, err := json.Marshal(env.Details)
		if err != nil {
			return 0, err
		}
		details = string(text)
	}
	hash := artifacts.Sum(all).String()
	_, err = t.Exec(`INSERT INTO environments (hash, pipe_version, go_version, os, arch, cpus, hostname, details)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING`,
		hash, env.PipeVersion, env.GoVersion, env.OS, env.Arch, env.CPUs, env.Hostname, details)
	if err != nil {
		return 0, err
	}
	err = t.Row("SELECT id FROM environments WHERE hash = ?", hash).Scan(&id)
	return id, err
}

// FinishRun ends a run. Executions that are still running end with it, as
// interrupted or, like the run, as cancelled. Finishing a run twice is an error: somebody else (the reaper of
// a process that could not see this one) has decided that it is over.
func (d *DB) FinishRun(ctx context.Context, runID string, status Status, message string) error {
	return d.Update(ctx, Durable, "finish a run in", func(t *Tx) error {
		return t.FinishRun(runID, status, message, d.now(), d.now())
	})
}

// FinishRun is DB.FinishRun as a part of a transaction.
func (t *Tx) FinishRun(runID string, status Status, message string, finished, now time.Time) error {
	if status == Running {
		return fmt.Errorf("run %s: a run cannot finish as running", runID)
	}
	// A clock that went back must not make a run end before it began.
	n, err := t.Exec("UPDATE runs SET status = ?, finished_at = max(?, started_at), error = ? WHERE id = ? AND status = 'running'",
		string(status), FormatTime(finished), Nullable(message), runID)
	if err != nil {
		return fmt.Errorf("run %s: %w", runID, err)
	}
	if n == 0 {
		return fmt.Errorf("run %s is not running", runID)
	}
	cutOff := string(Interrupted)
	if status == Cancelled {
		cutOff = string(Cancelled)
	}
	_, err = t.Exec(`INSERT INTO events (time, run_id, stage, attempt, state, message)
		SELECT ?, run_id, stage, attempt, ?, '' FROM executions WHERE run_id = ? AND status = 'running' ORDER BY id`,
		FormatTime(now), cutOff, runID)
	if err != nil {
		return err
	}
	_, err = t.Exec("UPDATE executions SET status = ?, finished_at = max(?, started_at) WHERE run_id = ? AND status = 'running'",
		cutOff, FormatTime(finished), runID)
	if err != nil {
		return err
	}
	if status == Succeeded {
		// A tick whose run has succeeded is done in the same moment: it is never
		// run again, whenever the process dies.
		_, err := t.Exec("UPDATE schedule_ticks SET state = 'done', reason = '', finished_at = ? WHERE run_id = ? AND finished_at IS NULL", FormatTime(now), runID)
		if err != nil {
			return err
		}
	}
	return t.event(now, runID, "", 0, status, message)
}

func (t *Tx) event(now time.Time, runID, stage string, attempt int, state Status, message string) error {
	_, err := t.Exec("INSERT INTO events (time, run_id, stage, attempt, state, message) VALUES (?, ?, ?, ?, ?, ?)",
		FormatTime(now), runID, Nullable(stage), sqlAttempt(attempt), string(state), message)
	return err
}

func sqlAttempt(n int) any {
	if n == 0 {
		return nil
	}
	return n
}

// Heartbeat says that the process of a run is alive.
func (d *DB) Heartbeat(ctx context.Context, runID string) error {
	return d.Update(ctx, Relaxed, "heartbeat in", func(t *Tx) error {
		n, err := t.Exec("UPDATE runs SET heartbeat_at = ? WHERE id = ? AND status = 'running'", FormatTime(d.now()), runID)
		if err == nil && n == 0 {
			err = fmt.Errorf("run %s is not running", runID)
		}
		return err
	})
}

// RecordClean says whether no file of the project was changed or new when a run
// began.
func (d *DB) RecordClean(ctx context.Context, runID string, git Git) error {
	return d.Update(ctx, Relaxed, "record the state of the project in", func(t *Tx) error {
		_, err := t.Exec("UPDATE runs SET git_commit = coalesce(git_commit, ?), git_clean = ? WHERE id = ?", Nullable(git.Commit), git.Clean, runID)
		return err
	})
}

var runIDForm = regexp.MustCompile(`^[0-9]{8}T[0-9]{6}-[0-9a-f]{6,32}$`)

// IsRunID says whether a text has the form of the name of a run.
func IsRunID(text string) bool { return runIDForm.MatchString(text) }
