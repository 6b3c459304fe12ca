package workspace_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pipe/pipeline"
	"pipe/runner"
	"pipe/stages"
	"pipe/stages/exec"
	"pipe/workspace"
	"pipe/workspace/content"
	"pipe/workspace/runs"
)

// What a face of pipe does with a project: it opens it, runs a pipeline, follows
// what happens, and reads results and differences.
func TestProject(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	for name, text := range map[string]string{
		"rows.csv": "a,b\n1,x\n2,y\n",
		"p.yaml": `pipeline: p
params: {top: 2}
stages:
  load: {uses: ingest, with: {path: rows.csv}}
  score:
    uses: exec
    inputs: {table: load}
    with: {shell: 'echo "{\"best\": ${top}}" > outputs/metrics', outputs: {metrics: metrics}, metrics: {best: up}}
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	path := func(name string) (string, bool) { return "/usr/bin:/bin", name == "PATH" }
	h := workspace.NewHost(func() *pipeline.Registry { return stages.All(path, exec.NewSupervisor(), nil) })
	file := filepath.Join(dir, "p.yaml")
	w, err := h.Open(h.StoreOf(file))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var events bytes.Buffer
	run := func(set map[string]string) string {
		t.Helper()
		plan, err := h.Load(file, pipeline.Options{Set: set})
		if err != nil {
			t.Fatal(err)
		}
		res, err := w.Run(ctx, plan, workspace.RunOptions{Observe: func(ev runner.Event) {
			if err := json.NewEncoder(&events).Encode(runs.EventOf(ev)); err != nil {
				t.Error(err)
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		return res.RunID
	}
	first, second := run(nil), run(map[string]string{"top": "3"})
	for _, want := range []string{`{"event":"run_started","pipeline":"p","run":"` + first + `"`, `"metrics":{"best":3}`, `"status":"cached"`} {
		if !strings.Contains(events.String(), want) {
			t.Errorf("no event says %s:\n%s", want, &events)
		}
	}

	details, err := runs.Show(ctx, w, second)
	if err != nil {
		t.Fatal(err)
	}
	if s := details.Executions[1]; s.Stage != "score" || len(s.Metrics) != 1 || s.Metrics[0].Value != 3 {
		t.Errorf("the second run has %+v", details.Executions)
	}
	table, err := content.Find(ctx, w, "latest/load")
	if err != nil {
		t.Fatal(err)
	}
	form, err := content.FormNamed("csv")
	if err != nil {
		t.Fatal(err)
	}
	var csv bytes.Buffer
	if _, err := table.Write(ctx, w, &csv, form); err != nil || csv.String() != "a,b\n1,x\n2,y\n" {
		t.Errorf("the table is %q, %v", &csv, err)
	}

	old, err := w.DB.Run(ctx, first)
	if err != nil {
		t.Fatal(err)
	}
	new, err := w.DB.Run(ctx, second)
	if err != nil {
		t.Fatal(err)
	}
	diff, err := runs.Compare(ctx, w, old, new)
	if err != nil {
		t.Fatal(err)
	}
	if len(diff.Params) != 1 || *diff.Params[0].New != "3" || len(diff.Metrics) != 1 || diff.Metrics[0].Change != "better" || len(diff.Stages) != 1 {
		t.Errorf("the runs differ in %+v", diff)
	}

	repeated := h.Recall(ctx, h.Given(file, pipeline.Options{}), 0)
	if repeated != nil {
		t.Errorf("a run was recalled that left no memo: %+v", repeated)
	}
}

// A question about a folder without a store is a mistake of the asker, and leaves
// nothing behind.
func TestNoStore(t *testing.T) {
	t.Chdir(t.TempDir())
	h := workspace.NewHost(nil)
	if _, err := h.OpenNearest(); err == nil || !strings.Contains(err.Error(), "no store here") {
		t.Errorf("error %v", err)
	}
	if list, err := os.ReadDir("."); err != nil || len(list) > 0 {
		t.Errorf("the folder holds %v, %v", list, err)
	}
}
