package lineage_test

import (
	"errors"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pipe/lineage"
	"pipe/lineage/lineagetest"
	"pipe/lineage/registry"
)

func TestRunRoundTrip(t *testing.T) {
	db, c := lineagetest.New(t)
	began := c.T
	id := lineagetest.Begin(t, db, "penguins")
	if !regexp.MustCompile(`^20261123T031500-[0-9a-f]{6}$`).MatchString(id) {
		t.Errorf("run ID %q", id)
	}
	want := &lineage.Run{
		ID: id, Pipeline: "penguins", File: "pipelines/penguins.yaml", SpecText: "pipeline: penguins\n", SpecID: lineagetest.ID("pipeline: penguins\n"),
		Seed: 1<<63 + 7, Trigger: "manual", Stages: 3, Status: lineage.Running, Started: began, Heartbeat: began,
		Params:      []lineage.Param{{Name: "hidden", Value: "32", Source: "file"}, {Name: "learning_rate", Value: "0.01", Source: "set"}},
		Environment: lineage.Environment{PipeVersion: "0.1", GoVersion: "go1.26", OS: "linux", Arch: "amd64", CPUs: 2, Hostname: "vm", Details: map[string]string{"cpu": "fast"}},
		Counts:      map[lineage.Status]int{},
	}
	check := func() {
		t.Helper()
		got, err := db.RunByRef(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(lineage.Run{}, "PID")); diff != "" || got.PID == 0 {
			t.Errorf("PID %d %s", got.PID, diff)
		}
	}
	check()
	c.Advance(time.Second)
	if err := db.Heartbeat(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	want.Heartbeat = c.T
	check()
	lineagetest.Record(t, db, lineagetest.Penguins(id)...)
	c.Advance(time.Second)
	if err := db.FinishRun(t.Context(), id, lineage.RequirementFailed, "accuracy is 0.93, required >= 0.95"); err != nil {
		t.Fatal(err)
	}
	want.Status, want.Finished, want.Error = lineage.RequirementFailed, c.T, "accuracy is 0.93, required >= 0.95"
	want.Counts = map[lineage.Status]int{lineage.Succeeded: 3, lineage.Failed: 1}
	check()

	if err := db.FinishRun(t.Context(), id, lineage.Succeeded, ""); err == nil || !strings.Contains(err.Error(), "is not running") {
		t.Errorf("finishing twice: %v", err)
	}
	if err := db.Heartbeat(t.Context(), id); err == nil {
		t.Error("heartbeat of a finished run gave no error")
	}
	if err := db.FinishRun(t.Context(), "nothing", lineage.Succeeded, ""); err == nil {
		t.Error("finishing no run gave no error")
	}
	if err := db.FinishRun(t.Context(), lineagetest.Begin(t, db, "p"), lineage.Running, ""); err == nil {
		t.Error("a run finished as running")
	}
}

func TestScheduledRun(t *testing.T) {
	db, c := lineagetest.New(t)
	at := c.T.Add(-15 * time.Minute)
	id, err := db.BeginRun(t.Context(), lineage.Run{Pipeline: "p", SpecID: lineagetest.ID(""), Trigger: "schedule", ScheduledAt: at})
	if err != nil {
		t.Fatal(err)
	}
	run, err := db.Run(t.Context(), id)
	if err != nil || !run.ScheduledAt.Equal(at) || run.Trigger != "schedule" {
		t.Errorf("%+v, %v", run, err)
	}
}

func TestBeginRunRefusesBadParams(t *testing.T) {
	db, _ := lineagetest.New(t)
	_, err := db.BeginRun(t.Context(), lineage.Run{Pipeline: "p", Params: []lineage.Param{{Name: "a", Value: "not JSON", Source: "file"}}})
	if err == nil || !strings.Contains(err.Error(), "parameter a") {
		t.Errorf("error is %v", err)
	}
	if runs, err := db.Runs(t.Context(), lineage.RunFilter{}); len(runs) != 0 || err != nil {
		t.Errorf("%v, %v: half a run was recorded", runs, err)
	}
}

func TestEnvironmentsAndSpecsAreShared(t *testing.T) {
	db, _ := lineagetest.New(t)
	for range 3 {
		lineagetest.Finish(t, db, lineagetest.Begin(t, db, "p"))
	}
	lineagetest.Finish(t, db, lineagetest.Begin(t, db, "q"))
	rows, err := db.Query(t.Context(), "SELECT (SELECT count(*) FROM environments), (SELECT count(*) FROM pipelines), (SELECT count(*) FROM runs)", 0)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]any{{int64(1), int64(2), int64(4)}}, rows.Rows); diff != "" {
		t.Error(diff)
	}
}

func TestExecutionRoundTrip(t *testing.T) {
	db, c := lineagetest.New(t)
	run := lineagetest.Begin(t, db, "penguins")
	want := lineagetest.Penguins(run)
	want[0].Device = lineage.Device{Name: "NVIDIA H200, bfloat16", Varies: true, BegunOn: "CPU"}
	started := c.T
	for i := range want {
		c.Advance(time.Second)
		want[i].Started, want[i].Finished = started, c.T
		lineagetest.Record(t, db, want[i])
		want[i].ID, want[i].Attempt = int64(i+1), max(1, want[i].Attempt)
	}
	want[3].Inputs = append(want[3].Inputs[:1], want[3].Inputs[2]) // an input without artifact is not recorded
	got, err := db.Executions(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(lineage.Execution{}, "KeyParts", "Points")); diff != "" {
		t.Error(diff)
	}
	for i := range want {
		parts, err := db.KeyParts(t.Context(), want[i].ID)
		if diff := cmp.Diff(want[i].KeyParts, parts); diff != "" || err != nil {
			t.Error(diff, err)
		}
		points, err := db.Points(t.Context(), want[i].ID)
		if diff := cmp.Diff(want[i].Points, points); diff != "" || err != nil {
			t.Error(diff, err)
		}
		one, err := db.Execution(t.Context(), want[i].ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&got[i], one); diff != "" {
			t.Error(diff)
		}
	}
}

// A run in which everything was cached shows what it stands on.
func TestCachedExecutionsFollowTheirOrigin(t *testing.T) {
	db, c := lineagetest.New(t)
	first, second := lineagetest.TwoRuns(t, db, c)
	made, err := db.Executions(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	origin := map[string]lineage.Execution{}
	for _, e := range made {
		origin[e.Stage] = e // the last attempt
	}
	found, err := db.Executions(t.Context(), second)
	if err != nil || len(found) != 3 {
		t.Fatal(len(found), err)
	}
	for _, e := range found {
		o := origin[e.Stage]
		if e.Status != lineage.Cached || e.CachedFrom != o.ID || e.Origin() != o.ID || o.Origin() != o.ID {
			t.Errorf("stage %s: %s from %d, want %d", e.Stage, e.Status, e.CachedFrom, o.ID)
		}
		if diff := cmp.Diff(o, e, cmpopts.IgnoreFields(lineage.Execution{}, "ID", "RunID", "Attempt", "Status", "Reason", "CachedFrom", "Started", "Finished")); diff != "" {
			t.Errorf("stage %s: %s", e.Stage, diff)
		}
		points, _ := db.Points(t.Context(), e.ID)
		want, _ := db.Points(t.Context(), o.ID)
		if diff := cmp.Diff(want, points); diff != "" {
			t.Error(diff)
		}
	}
	a, err := db.Metrics(t.Context(), first)
	if err != nil || len(a) != 4 || a[0] != (lineage.StageMetric{"model", lineage.Metric{Name: "best_epoch", Value: 2}}) {
		t.Errorf("metrics of the first run: %v, %v", a, err)
	}
	b, err := db.Metrics(t.Context(), second)
	if diff := cmp.Diff(a, b); diff != "" || err != nil {
		t.Error(diff, err)
	}

	// Whoever refers to a cached execution refers to its origin.
	third := lineagetest.Begin(t, db, "penguins")
	lineagetest.Record(t, db, lineage.Execution{RunID: third, Stage: "score", Kind: "evaluate", Status: lineage.Cached, CachedFrom: found[2].ID})
	list, err := db.Executions(t.Context(), third)
	if err != nil || list[0].CachedFrom != origin["score"].ID {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestLookup(t *testing.T) {
	db, _ := lineagetest.New(t)
	if hit, err := db.Lookup(t.Context(), lineagetest.Key("load")); hit != nil || err != nil {
		t.Fatalf("%v, %v", hit, err)
	}
	run := lineagetest.Begin(t, db, "penguins")
	lineagetest.Record(t, db, lineagetest.Penguins(run)...)
	want := &lineage.Hit{ExecutionID: 4, RunID: run,
		Outputs: []lineage.Output{{Port: "metrics", Type: "metrics", ID: lineagetest.ID("metrics"), Size: 50}, {Port: "report", Type: "report", ID: lineagetest.ID("report"), Size: 5000}},
		Metrics: []lineage.Metric{{Name: "accuracy", Value: 0.96875, Goal: "up"}, {Name: "f1", Value: 0.9375, Goal: "up", Class: "failed"}}}
	for _, when := range []string{"while the run is on", "in the next run, from memory"} {
		hit, err := db.Lookup(t.Context(), lineagetest.Key("score"))
		if diff := cmp.Diff(want, hit); diff != "" || err != nil {
			t.Errorf("%s: %s %v", when, diff, err)
		}
		if when == "while the run is on" {
			lineagetest.Finish(t, db, run)
			lineagetest.Begin(t, db, "penguins")
			if db.Remembered(lineagetest.Key("score")) == nil {
				t.Error("BeginRun did not read the last run")
			}
		}
	}
	for _, status := range []lineage.Status{lineage.Failed, lineage.RequirementFailed, lineage.Interrupted, lineage.Skipped} {
		lineagetest.Record(t, db, lineage.Execution{RunID: run, Stage: string(status), Kind: "k", Status: status, Key: lineagetest.Key(string(status))})
		if hit, err := db.Lookup(t.Context(), lineagetest.Key(string(status))); hit != nil || err != nil {
			t.Errorf("%s counts as a hit: %v, %v", status, hit, err)
		}
	}
	// The newest one counts, also against what was read before.
	lineagetest.Record(t, db, lineage.Execution{RunID: run, Stage: "score2", Kind: "evaluate", Status: lineage.Succeeded, Key: lineagetest.Key("score"), Outputs: []lineage.Output{{Port: "metrics", Type: "metrics", ID: lineagetest.ID("new"), Size: 1}}})
	hit, err := db.Lookup(t.Context(), lineagetest.Key("score"))
	if err != nil || hit.ExecutionID == 4 || hit.Outputs[0].ID != lineagetest.ID("new") {
		t.Errorf("%+v, %v", hit, err)
	}
}

func TestRecordRunningThenEnd(t *testing.T) {
	db, c := lineagetest.New(t)
	run := lineagetest.Begin(t, db, "p")
	started := c.T
	lineagetest.Record(t, db, lineage.Execution{RunID: run, Stage: "s", Kind: "k", Status: lineage.Running, Started: started})
	list, err := db.Executions(t.Context(), run)
	if err != nil || len(list) != 1 || list[0].Status != lineage.Running || !list[0].Finished.IsZero() {
		t.Fatalf("%+v, %v", list, err)
	}
	c.Advance(time.Minute)
	e := lineage.Execution{RunID: run, Stage: "s", Kind: "k", Status: lineage.Succeeded, Key: lineagetest.Key("s"), Outputs: []lineage.Output{{Port: "o", Type: "table", ID: lineagetest.ID("o"), Size: 1}}, Finished: c.T}
	lineagetest.Record(t, db, e)
	list, err = db.Executions(t.Context(), run)
	if err != nil || len(list) != 1 || list[0].Status != lineage.Succeeded || !list[0].Started.Equal(started) || !list[0].Finished.Equal(c.T) || len(list[0].Outputs) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	if err := db.Record(t.Context(), e); err == nil || !strings.Contains(err.Error(), "was recorded before") {
		t.Errorf("recording twice: %v", err)
	}
	want := []lineagetest.Event{{Time: started, State: lineage.Running}, {Time: started, Stage: "s", Attempt: 1, State: lineage.Running}, {Time: c.T, Stage: "s", Attempt: 1, State: lineage.Succeeded}}
	if diff := cmp.Diff(want, lineagetest.Events(t, db, run)); diff != "" {
		t.Error(diff)
	}
}

// Executions that still run when their run ends end with it.
func TestFinishRunEndsItsExecutions(t *testing.T) {
	db, _ := lineagetest.New(t)
	run := lineagetest.Begin(t, db, "p")
	lineagetest.Record(t, db, lineage.Execution{RunID: run, Stage: "s", Kind: "k", Status: lineage.Running})
	if err := db.FinishRun(t.Context(), run, lineage.Interrupted, "signal"); err != nil {
		t.Fatal(err)
	}
	list, err := db.Executions(t.Context(), run)
	if err != nil || list[0].Status != lineage.Interrupted || list[0].Finished.IsZero() {
		t.Errorf("%+v, %v", list, err)
	}
}

// A transaction is all or nothing, whatever is wrong with the last row of it.
func TestRecordIsAtomic(t *testing.T) {
	bad := map[string]func(*lineage.Execution){
		"metric is NaN": func(e *lineage.Execution) {
			e.Metrics = append(e.Metrics, lineage.Metric{Name: "x", Value: math.NaN()})
		},
		"point is infinite": func(e *lineage.Execution) {
			e.Points = append(e.Points, lineage.Point{Name: "x", Step: 1, Value: math.Inf(1)})
		},
		"metric twice": func(e *lineage.Execution) { e.Metrics = append(e.Metrics, e.Metrics[0]) },
		"config":       func(e *lineage.Execution) { e.Config = []byte("{") },
		"output twice": func(e *lineage.Execution) { e.Outputs = append(e.Outputs, e.Outputs[0]) },
		"no output":    func(e *lineage.Execution) { e.Outputs = append(e.Outputs, lineage.Output{Port: "z"}) },
		"status":       func(e *lineage.Execution) { e.Status = "great" },
		"run":          func(e *lineage.Execution) { e.RunID = "20000101T000000-000000" },
		"cached from":  func(e *lineage.Execution) { e.Status, e.CachedFrom = lineage.Cached, 12345 },
	}
	for name, spoil := range bad {
		t.Run(name, func(t *testing.T) {
			db, _ := lineagetest.New(t)
			run := lineagetest.Begin(t, db, "penguins")
			list := lineagetest.Penguins(run)
			spoil(&list[3])
			if err := db.RecordAll(t.Context(), list); err == nil {
				t.Fatal("no error")
			}
			rows, err := db.Query(t.Context(), `SELECT (SELECT count(*) FROM executions) + (SELECT count(*) FROM artifacts)
				+ (SELECT count(*) FROM execution_outputs) + (SELECT count(*) FROM metrics) + (SELECT count(*) FROM models)`, 0)
			if err != nil || rows.Rows[0][0] != int64(0) {
				t.Errorf("rows were left: %v, %v", rows, err)
			}
			if err := db.RecordAll(t.Context(), lineagetest.Penguins(run)); err != nil {
				t.Errorf("after the failure: %v", err)
			}
		})
	}
}

// What a repeated step reports last counts, as after a checkpoint.
func TestPointsRepeat(t *testing.T) {
	db, _ := lineagetest.New(t)
	var want, points []lineage.Point
	for step := range int64(200) {
		points = append(points, lineage.Point{Name: "loss", Step: step, Value: 1}, lineage.Point{Name: "loss", Step: step, Value: float64(step)})
		want = append(want, lineage.Point{Name: "loss", Step: step, Value: float64(step)})
	}
	lineagetest.Record(t, db, lineage.Execution{RunID: lineagetest.Begin(t, db, "p"), Stage: "s", Kind: "k", Status: lineage.Succeeded, Points: points})
	got, err := db.Points(t.Context(), 1)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestModelsAreListed(t *testing.T) {
	db, c := lineagetest.New(t)
	first, _ := lineagetest.TwoRuns(t, db, c)
	models, err := registry.Models(t.Context(), db, "penguins")
	if err != nil || len(models) != 1 {
		t.Fatal(models, err)
	}
	want := registry.Model{ID: lineagetest.ID("model"), Execution: 3, RunID: first, Pipeline: "penguins", Stage: "model", Port: "model", Size: 500, Created: models[0].Created}
	if diff := cmp.Diff(want, models[0]); diff != "" {
		t.Error(diff)
	}
	if models, err := registry.Models(t.Context(), db, "other"); len(models) != 0 || err != nil {
		t.Error(models, err)
	}
}

func TestReferenced(t *testing.T) {
	db, c := lineagetest.New(t)
	lineagetest.TwoRuns(t, db, c)
	got, err := db.Referenced(t.Context())
	if err != nil || len(got) != 6 {
		t.Fatalf("%d IDs, %v", len(got), err)
	}
	for _, name := range []string{"csv", "table", "model", "metrics", "report", "pipeline: penguins\n"} {
		if !got[lineagetest.ID(name)] {
			t.Errorf("%q is not among them", name)
		}
	}
}

func TestReadOnlyRefusesToWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lineage.db")
	_, err := lineage.OpenReadOnly(path)
	var hint interface{ Hint() string }
	if !errors.As(err, &hint) || !strings.Contains(hint.Hint(), "pipe run") {
		t.Errorf("without a database: %v", err)
	}
	db := lineagetest.Open(t, path, lineagetest.NewClock())
	run := lineagetest.Begin(t, db, "p")
	ro, err := lineage.OpenReadOnly(path)
	if err != nil {
		t.Fatal(err)
	}
	defer ro.Close()
	if got, err := ro.RunByRef(t.Context(), "latest"); err != nil || got.ID != run {
		t.Errorf("%v, %v", got, err)
	}
	if err := ro.FinishRun(t.Context(), run, lineage.Succeeded, ""); !errors.Is(err, lineage.ErrReadOnly) {
		t.Errorf("FinishRun: %v", err)
	}
	lineagetest.Finish(t, db, run) // still running: nobody else touched it
}

// While a run goes on, executions are recorded between the query that lists
// them and those that complete the list.
func TestExecutionsThatAppearMeanwhileArePassedOver(t *testing.T) {
	db, c := lineagetest.New(t)
	_, second := lineagetest.TwoRuns(t, db, c)
	list, err := db.Executions(t.Context(), second)
	if err != nil || len(list) < 2 {
		t.Fatalf("%d executions, %v", len(list), err)
	}
	early := []lineage.Execution{{ID: list[0].ID}}
	if err := db.CompleteExecutions(t.Context(), early, "e.run_id = ?", second); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(early[0].Outputs, list[0].Outputs) {
		t.Errorf("outputs %v, want %v", early[0].Outputs, list[0].Outputs)
	}
}
