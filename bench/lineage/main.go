// Command lineage makes a lineage database of a million artifacts and of a
// hundred thousand runs, and measures questions about it: the closure of what
// artifacts came from, and the list of runs as the whole process of pipe.
//
//	go run ./bench/lineage
package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/lineage/walk"
)

func main() {
	log.SetFlags(0)
	var b bench
	flag.IntVar(&b.artifacts, "artifacts", 1_000_000, "artifacts in the database")
	flag.IntVar(&b.runs, "runs", 100_000, "runs in the database")
	flag.IntVar(&b.rounds, "rounds", 5, "how often to ask each question")
	flag.StringVar(&b.pipe, "pipe", "", "the pipe to measure; empty builds one from ./cmd/pipe")
	flag.StringVar(&b.dir, "dir", "", "folder of the database, which is kept and used again; empty takes a temporary one")
	flag.Parse()
	if err := b.run(context.Background()); err != nil {
		log.Fatal("lineage: ", err)
	}
}

type bench struct {
	artifacts, runs, rounds int
	pipe, dir               string
}

// A part of the lineage is a grid of executions: each reads the two above it,
// so that the last one comes from nearly all of them.
type part struct{ first, size, width int }

// parts are the closures to be asked for; what is left are rows beside them.
func (b *bench) parts() []part {
	small, large := b.artifacts/100+b.artifacts/2000, b.artifacts/2+b.artifacts/100
	return []part{{1, small, 20}, {small + 1, large, 100}, {small + large + 1, b.artifacts - small - large, 100}}
}

func (b *bench) run(ctx context.Context) error {
	if b.artifacts < 10_000 || b.runs < 10 {
		return fmt.Errorf("at least 10000 artifacts and 10 runs")
	}
	if b.dir == "" {
		dir, err := os.MkdirTemp("", "pipe-lineage-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		b.dir = dir
	}
	path := filepath.Join(b.dir, ".pipe", "lineage.db")
	if _, err := os.Stat(path); err != nil {
		begun := time.Now()
		if err := b.fill(ctx, path); err != nil {
			return err
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		fmt.Printf("%d artifacts, %d runs: %d MB in %s\n", b.artifacts, b.runs, info.Size()>>20, time.Since(begun).Round(time.Second))
	}
	if b.pipe == "" {
		b.pipe = filepath.Join(b.dir, "pipe")
		build := exec.Command("go", "build", "-o", b.pipe, "./cmd/pipe")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return err
		}
	}
	if err := b.closures(ctx, path); err != nil {
		return err
	}
	return b.processes()
}

// fill writes the rows with SQL: a million transactions are not the question.
// Executions of a run follow one another, as they do when it records them.
func (b *bench) fill(ctx context.Context, path string) error {
	db, err := lineage.Open(path)
	if err != nil {
		return err
	}
	if _, err := db.BeginRun(ctx, lineage.Run{Pipeline: "p000", File: "p.yaml", SpecID: artifacts.Sum(nil)}); err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	raw := sql.OpenDB(connector(path))
	defer raw.Close()
	raw.SetMaxOpenConns(1)
	const count = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
	// Spreads like a hash, and tells the number.
	hash := func(i string) string {
		return "printf('%%08x%%056x', (" + i + " * 2654435761) & 0xffffffff, " + i + ")"
	}
	statements := []string{
		"PRAGMA synchronous = OFF", "PRAGMA cache_size = -262144", "BEGIN",
		fmt.Sprintf(count+`INSERT INTO runs (id, pipeline, pipeline_id, environment_id, status, trigger, seed, stages, started_at, finished_at,
				hostname, boot_id, pid, pid_start, pid_namespace, heartbeat_at)
			SELECT printf('20250101T%%06d-%%06x', i / 10, i), printf('p%%03d', i %% 200), pipeline_id, environment_id, 'succeeded', 'manual', seed, 10,
				started_at, started_at, hostname, boot_id, pid, pid_start, pid_namespace, heartbeat_at
			FROM n, (SELECT * FROM runs LIMIT 1) r`, b.runs),
		fmt.Sprintf(count+"INSERT INTO artifacts (id, hash, size, created_at) SELECT i, "+hash("i")+", i, '2025-01-01T00:00:00.000Z' FROM n", b.artifacts),
		fmt.Sprintf(count+`INSERT INTO executions (id, run_id, stage, attempt, kind, kind_version, status, key, config, reason, started_at, finished_at)
			SELECT i, printf('20250101T%%06d-%%06x', (1 + (i - 1) / %[2]d) / 10, 1 + (i - 1) / %[2]d), 's' || i, 1, 'manifest', 1, 'succeeded', `+hash("(i + 10000000)")+`, '{}', 'not made before',
				t, t FROM (SELECT i, strftime('%%Y-%%m-%%dT%%H:%%M:%%fZ', 1735689600 + i * 0.037, 'unixepoch') AS t FROM n)`, b.artifacts, (b.artifacts+b.runs-1)/b.runs),
		fmt.Sprintf(count+"INSERT INTO execution_outputs (execution_id, port, type, artifact_id) SELECT i, 'manifest', 'file', i FROM n", b.artifacts),
	}
	for _, p := range b.parts() {
		// The two above, in a grid whose sides are joined.
		statements = append(statements, fmt.Sprintf(count+`INSERT INTO execution_inputs (execution_id, port, type, artifact_id, from_stage, from_port, made_by)
			SELECT %[2]d + j, port, 'file', %[2]d + up, 's' || (%[2]d + up), 'manifest', %[2]d + up FROM (
				SELECT i - 1 AS j, 'a' AS port, i - 1 - %[3]d AS up FROM n UNION ALL
				SELECT i - 1, 'b', (i - 1) / %[3]d * %[3]d - %[3]d + i %% %[3]d FROM n)
			WHERE up >= 0 ORDER BY j, port`, p.size, p.first, p.width))
	}
	for _, s := range append(statements, "COMMIT") {
		if _, err := raw.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%w in %s", err, s)
		}
	}
	return nil
}

func (b *bench) closures(ctx context.Context, path string) error {
	db, err := lineage.OpenReadOnly(path)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, p := range b.parts()[:2] {
		last := p.first + p.size - 1
		rows, err := db.Query(ctx, fmt.Sprintf("SELECT hash FROM artifacts WHERE id = %d", last), 1)
		if err != nil {
			return err
		}
		id, err := artifacts.ParseID(rows.Rows[0][0].(string))
		if err != nil {
			return err
		}
		ref := lineage.Ref{Artifact: id}
		var times []time.Duration
		var found *walk.Graph
		for range b.rounds {
			found = nil
			runtime.GC()
			begun := time.Now()
			if found, err = walk.Upstream(ctx, db, ref); err != nil {
				return err
			}
			times = append(times, time.Since(begun))
		}
		if n := len(found.Artifacts); n > p.size || n < p.size-p.width*p.width {
			return fmt.Errorf("the closure has %d artifacts, want about %d", n, p.size)
		}
		report(fmt.Sprintf("upstream closure of %d artifacts, %d edges", len(found.Artifacts), len(found.Edges)), times)
	}
	return nil
}

// processes measures pipe from its start to its end.
func (b *bench) processes() error {
	for _, args := range [][]string{{"ls"}, {"ls", "--limit", "1000"}, {"ls", "p007"}, {"ls", "--status", "failed"}, {"ls", "--json"}, {"show", "p007"}} {
		var times []time.Duration
		for range b.rounds {
			cmd := exec.Command(b.pipe, args...)
			cmd.Dir = b.dir
			var errs bytes.Buffer
			cmd.Stderr = &errs
			begun := time.Now()
			out, err := cmd.Output()
			if err != nil {
				return fmt.Errorf("pipe %s: %w\n%s", args, err, errs.Bytes())
			}
			times = append(times, time.Since(begun))
			if args[len(args)-1] == "--json" && !json.Valid(out) {
				return fmt.Errorf("pipe %s: not JSON", args)
			}
		}
		report(fmt.Sprint("pipe ", args), times)
	}
	return nil
}

func report(what string, times []time.Duration) {
	slices.Sort(times)
	fmt.Printf("%-60s min %8s  median %8s\n", what, times[0].Round(100*time.Microsecond), times[len(times)/2].Round(100*time.Microsecond))
}
