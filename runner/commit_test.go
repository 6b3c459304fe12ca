package runner

import (
	"fmt"
	"strings"
	"testing"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/pipeline"
)

// Stages that end together are committed together, and one whose rows are
// refused does not take the others with it.
func TestCommitTogether(t *testing.T) {
	w := newWorld(t)
	runID, err := w.runner.DB.BeginRun(t.Context(), lineage.Run{Pipeline: "p"})
	if err != nil {
		t.Fatal(err)
	}
	c := &committer{Runner: w.runner}
	e := &execution{Runner: w.runner, runID: runID}
	kind, _ := w.reg.Lookup("text")
	var list []*attempt
	for i := range 5 {
		out, err := w.runner.Store.Create()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(out, i)
		step := &pipeline.Step{Name: fmt.Sprint("s", i), Kind: kind}
		if i == 2 {
			step.Settings = []byte("{")
		}
		list = append(list, &attempt{
			stageRun: &stageRun{execution: e, Step: step},
			outcome:  Outcome{Outputs: []lineage.Output{{Port: "out", Type: "file"}}, Pending: []*artifacts.Writer{out}},
			recorded: make(chan error, 1),
		})
	}
	c.store(list)
	c.record(t.Context(), list)
	for i, end := range list {
		if err := <-end.recorded; (err != nil) != (i == 2) {
			t.Errorf("stage %d: %v", i, err)
		}
	}
	executions, err := w.runner.DB.Executions(t.Context(), runID)
	if err != nil {
		t.Fatal(err)
	}
	if len(executions) != 4 {
		t.Errorf("%d stages were recorded, want 4", len(executions))
	}
	for _, e := range executions {
		if err := w.runner.Store.Check(t.Context(), e.Outputs[0].ID); err != nil {
			t.Error(err)
		}
	}
}

// More stages than are committed at once, in a wide graph, on one slot.
func TestManyShortStages(t *testing.T) {
	w := newWorld(t)
	w.runner.Capacity = pipeline.Resources{CPU: 1}
	var b strings.Builder
	b.WriteString("pipeline: wide\nstages:\n")
	const n = 3 * maxTogether
	for i := range n {
		fmt.Fprintf(&b, "  s%d: {uses: text, with: {text: t%d}}\n", i, i)
	}
	b.WriteString("  last: {uses: text, with: {text: end}, inputs: {a: s0, b: s200}}\n")
	plan, err := pipeline.LoadBytes("wide.yaml", []byte(b.String()), w.reg, pipeline.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []lineage.Status{lineage.Succeeded, lineage.Cached} {
		res, err := w.runner.Run(t.Context(), plan, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := res.Count(want); got != n+1 {
			t.Errorf("%d stages %s, want %d", got, want, n+1)
		}
	}
}
