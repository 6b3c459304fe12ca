package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// A questioner asks pipe in a folder of its own, and counts the statements that
// the answer took.
type questioner struct {
	t   *testing.T
	dir string
}

func (q *questioner) ask(args ...string) int {
	q.t.Helper()
	q.t.Chdir(q.dir)
	var out bytes.Buffer
	a := newApp(strings.NewReader(""), &out, &out, func(name string) (string, bool) {
		values := map[string]string{"PATH": "/usr/bin:/bin", "PIPE_MACHINE": filepath.Join(q.dir, "slots")}
		return values[name], values[name] != ""
	})
	var statements atomic.Int64 // stages ask beside one another
	a.host.Trace = func(string) { statements.Add(1) }
	if code := a.execute(context.Background(), args); code != exitOK {
		q.t.Fatalf("pipe %q: exit code %d: %s", args, code, &out)
	}
	return int(statements.Load())
}

// newQuestioner has a project with so many runs and schedules, whose runs have so
// many stages. The first run of all is the only one with a report.
func newQuestioner(t *testing.T, runs, stages, schedules int) *questioner {
	q := &questioner{t, t.TempDir()}
	write := func(name, text string) {
		t.Helper()
		if err := writeFile(filepath.Join(q.dir, name), text); err != nil {
			t.Fatal(err)
		}
	}
	write("report.yaml", "pipeline: report\nstages:\n  page: {uses: exec, with: {shell: 'echo page > outputs/r', outputs: {r: report}}}\n")
	q.ask("run", "report.yaml")
	text := `pipeline: p
params: {n: 0}
stages:
  fit: {uses: exec, with: {shell: 'echo said; echo ${n} > outputs/model', outputs: {model: model}}}
  say: {uses: exec, with: {shell: 'echo said; echo > outputs/x', outputs: {x: file}}}
  score:
    uses: exec
    inputs: {model: fit}
    with: {shell: 'echo "{\"accuracy\": 0.9}" > outputs/metrics', outputs: {metrics: metrics}, metrics: {accuracy: up}}
    promote: {to: production, when: {accuracy: ">= 0.5"}}
`
	for i := range stages {
		text += fmt.Sprintf("  s%d: {uses: manifest, with: {text: \"%d ${n}\"}}\n  c%d: {uses: manifest, with: {text: \"%d\"}}\n", i, i, i, i)
	}
	write("p.yaml", text)
	for n := range runs {
		q.ask("run", "p.yaml", "--set", fmt.Sprintf("n=%d", n))
	}
	for i := range schedules {
		name := fmt.Sprintf("t%d.yaml", i)
		write(name, fmt.Sprintf("pipeline: t%d\nschedule: {cron: \"0 3 * * *\"}\nstages: {a: {uses: manifest, with: {text: a}}}\n", i))
		q.ask("schedule", "run", name, "--detach")
	}
	return q
}

// A command that looks asks the database as often about a large store as about a
// small one: not once for each run, stage, model, schedule or file.
func TestQueriesDoNotGrow(t *testing.T) {
	small, large := newQuestioner(t, 2, 1, 1), newQuestioner(t, 7, 6, 6)
	asked := map[string]bool{
		"run": true, "plan": true, "estimate": true, "rerun": true, "verify": true, "forget": true, // they look up each stage by its key
		"diff": true, "predict": true, // see below
		"forecast": true,                                                                                    // asks what predict asks, but for the transform
		"evaluate": true,                                                                                    // asks what predict asks, and for the stages of one run
		"stages":   true, "schema": true, "version": true, "doctor": true, "completion": true, "help": true, // they ask for nothing in a store
	}
	for _, args := range [][]string{
		{"ls", "--limit", "0"}, {"ls", "p", "--json"},
		{"show"}, {"show", "latest/fit"}, {"show", "p@production"}, {"show", "latest/fit.model", "--json"},
		{"why", "latest/fit"}, {"why", "latest/score"}, {"why", "latest/c0"},
		{"logs"}, {"logs", "latest/say"},
		{"report", "-o", "page.html"},
		{"lineage", "latest"}, {"lineage", "latest", "--columns"}, {"lineage", "latest/score", "--json"}, {"lineage", "latest/say.x", "--down"},
		{"query", "SELECT count(*) FROM runs"},
		{"get", "latest/fit.model", "-o", "m"}, {"cat", "latest/fit.model"},
		{"models", "--limit", "0"}, {"models", "--history"}, {"models", "--at", "2999-01-01"}, {"models", "p@production"},
		{"check"}, {"gc"},
		{"schedule", "--list"}, {"schedule", "--history"}, {"schedule", "--list", "."},
		{"export", "latest", "-o", "b.tar"}, {"import", "b.tar"},
		{"promote", "latest", "--to", "x"}, {"retire", "p@x"},
	} {
		asked[args[0]] = true
		if few, many := small.ask(args...), large.ask(args...); many > few+2 {
			t.Errorf("pipe %q: %d statements about a small store, %d about a large one", args, few, many)
		}
	}
	for _, c := range newApp(nil, nil, nil, noEnv).root().Commands() {
		if !asked[c.Name()] {
			t.Errorf("nobody counts what pipe %s asks: add it to the table", c.Name())
		}
	}
	if few, many := small.diff(), large.diff(); many > few+2 {
		t.Errorf("pipe diff: %d statements about a small store, %d about a large one", few, many)
	}
}

// diff compares two runs with other settings of most stages.
func (q *questioner) diff() int {
	q.ask("run", "p.yaml", "--set", "n=900")
	q.ask("promote", "latest", "--to", "before")
	q.ask("run", "p.yaml", "--set", "n=901")
	return q.ask("diff", "p@before", "latest")
}

// A prediction asks as often about a model with many stages behind it as about one
// with a few.
func TestQueriesOfPredict(t *testing.T) {
	ask := func(copies int) int {
		q := &questioner{t, t.TempDir()}
		text := `pipeline: m
seed: 1
stages:
  load: {uses: ingest, with: {path: rows.csv}}
  c0: {uses: exec, inputs: {table: load}, with: {shell: cp inputs/table.arrow outputs/table, outputs: {table: table}}}
`
		for i := range copies {
			text += fmt.Sprintf("  c%d: {uses: exec, inputs: {table: c%d}, with: {shell: cp inputs/table.arrow outputs/table, outputs: {table: table}}}\n", i+1, i)
		}
		text += fmt.Sprintf(`  features: {uses: preprocess, inputs: {train: c%d}, with: {target: y, features: {x: {}}}}
  fit: {uses: train, inputs: {train: features.train}, with: {network: [{dense: 2}], epochs: 1}}
`, copies)
		rows := "x,y\n"
		for i := range 20 {
			rows += fmt.Sprintf("%d,%d.5\n", i, i)
		}
		for name, text := range map[string]string{"m.yaml": text, "rows.csv": rows} {
			if err := writeFile(filepath.Join(q.dir, name), text); err != nil {
				t.Fatal(err)
			}
		}
		q.ask("run", "m.yaml")
		return q.ask("predict", "rows.csv", "-o", "scored.csv")
	}
	if few, many := ask(0), ask(8); many > few+2 {
		t.Errorf("%d statements about a model with few stages behind it, %d about one with many", few, many)
	}
}
