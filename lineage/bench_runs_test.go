package lineage_test

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"testing"

	"pipe/lineage"
	"pipe/lineage/clean"
	"pipe/lineage/lineagetest"
)

var points = flag.Int("points", 1_000_000, "points of curves in BenchmarkAfter100000Runs")

// BenchmarkAfter100000Runs is what everyday operations cost in a database that
// has grown: 100,000 runs of 100 pipelines with three stages each, and points
// of curves beside them.
func BenchmarkAfter100000Runs(b *testing.B) {
	ctx := context.Background()
	db, err := lineage.Open(filepath.Join(b.TempDir(), "lineage.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	fill(b, db, 100_000, *points)

	b.Run("Runs", func(b *testing.B) {
		for b.Loop() {
			if runs, err := db.Runs(ctx, lineage.RunFilter{Limit: 20}); err != nil || len(runs) != 20 {
				b.Fatal(len(runs), err)
			}
		}
	})
	b.Run("RunsOfPipeline", func(b *testing.B) {
		for b.Loop() {
			if runs, err := db.Runs(ctx, lineage.RunFilter{Pipeline: "p7", Limit: 20}); err != nil || len(runs) != 20 {
				b.Fatal(len(runs), err)
			}
		}
	})
	b.Run("FailedRuns", func(b *testing.B) {
		for b.Loop() {
			if _, err := db.Runs(ctx, lineage.RunFilter{Status: lineage.Failed, Limit: 20}); err != nil {
				b.Fatal(err)
			}
		}
	})
	n := 0
	b.Run("Run", func(b *testing.B) { // begin, look up, record one stage, finish
		for b.Loop() {
			n++
			run := beginRun(b, db, "p7")
			work := fmt.Sprint("new ", n)
			if hit, err := db.Lookup(ctx, lineagetest.Key(work)); err != nil || hit != nil {
				b.Fatal(hit, err)
			}
			err := db.Record(ctx, lineage.Execution{RunID: run, Stage: "s", Kind: "s", Status: lineage.Succeeded, Key: lineagetest.Key(work),
				Outputs: []lineage.Output{{Port: "out", Type: "file", ID: lineagetest.ID(work), Size: 1}}, Points: []lineage.Point{{Name: "loss", Step: 1, Value: 0.5}}})
			if err != nil {
				b.Fatal(err)
			}
			if err := db.FinishRun(ctx, run, lineage.Succeeded, ""); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Open", func(b *testing.B) {
		for b.Loop() {
			other, err := lineage.Open(db.Path())
			if err != nil {
				b.Fatal(err)
			}
			if err := other.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("PlanGC", func(b *testing.B) {
		for b.Loop() {
			if plan, err := clean.Choose(ctx, db, clean.Retention{Runs: 10}); err != nil || len(plan.Runs) < 90_000 {
				b.Fatal(plan, err)
			}
		}
	})
}

// fill writes rows as runs would leave them, in one transaction.
func fill(b *testing.B, db *lineage.DB, runs, points int) {
	b.Helper()
	beginRun(b, db, "p0") // makes rows for the environment and the pipeline
	err := db.Update(context.Background(), lineage.Relaxed, "fill", func(t *lineage.Tx) error {
		const n = `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?) `
		for _, st := range []struct {
			query string
			args  []any
		}{
			{n + `INSERT INTO runs (id, pipeline, pipeline_id, environment_id, status, trigger, seed, stages, started_at, finished_at,
					hostname, boot_id, pid, pid_start, pid_namespace, heartbeat_at)
				SELECT printf('20200101T%06d-%06x', i, i), 'p' || (i % 100), 1, 1, iif(i % 50 = 0, 'failed', 'succeeded'), 'schedule', '7', 3,
					'2020-01-01T00:00:00.000Z', '2020-01-01T00:00:01.000Z', 'h', 'b', 1, 1, 'n', '2020-01-01T00:00:01.000Z' FROM n`, []any{runs}},
			{n + `INSERT INTO executions (run_id, stage, attempt, kind, kind_version, status, key, config, reason, started_at, finished_at)
				SELECT printf('20200101T%06d-%06x', i / 3, i / 3), 's' || (i % 3), 1, 'train', 1, 'succeeded', printf('%064x', i), '{}', 'not made before',
					'2020-01-01T00:00:00.000Z', '2020-01-01T00:00:01.000Z' FROM n`, []any{3 * runs}},
			{n + `INSERT INTO artifacts (hash, size, created_at) SELECT printf('%064x', i), 100, '2020-01-01T00:00:00.000Z' FROM n`, []any{3 * runs}},
			{`INSERT INTO execution_outputs (execution_id, port, type, artifact_id) SELECT id, 'out', 'file', id FROM executions`, nil},
			{`INSERT INTO execution_inputs (execution_id, port, type, artifact_id, from_stage, from_port, made_by)
				SELECT id, 'in', 'file', id - 1, 's', 'out', id - 1 FROM executions WHERE stage <> 's0'`, nil},
			{n + `INSERT INTO metric_points (execution_id, name, step, value)
				SELECT 3 + 3 * (i / 100), 'loss', i % 100, 1.0 / (1 + i % 100) FROM n`, []any{min(points, 100*runs)}},
		} {
			if _, err := t.Exec(st.query, st.args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := db.Optimize(context.Background()); err != nil {
		b.Fatal(err)
	}
}
