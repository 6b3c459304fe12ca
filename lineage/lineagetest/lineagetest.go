// Package lineagetest has what tests of the lineage share: a database with a clock
// that is moved by hand, and runs to record.
package lineagetest

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"pipe/artifacts"
	"pipe/lineage"
)

// A Clock is a time that tests move by hand.
type Clock struct{ T time.Time }

func (c *Clock) Now() time.Time          { return c.T }
func (c *Clock) Advance(d time.Duration) { c.T = c.T.Add(d) }
func NewClock() *Clock                   { return &Clock{time.Date(2026, 11, 23, 3, 15, 0, 0, time.UTC)} }

func Open(t testing.TB, path string, c *Clock) *lineage.DB {
	t.Helper()
	db, err := lineage.OpenWith(path, lineage.Options{Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func New(t testing.TB) (*lineage.DB, *Clock) {
	t.Helper()
	c := NewClock()
	return Open(t, filepath.Join(t.TempDir(), ".pipe", "lineage.db"), c), c
}

// ID and akey make artifact IDs and keys that tests can tell apart.
func ID(name string) artifacts.ID   { return artifacts.Sum([]byte(name)) }
func Key(name string) artifacts.Key { return artifacts.Key(artifacts.Sum([]byte("key of " + name))) }

func Begin(t testing.TB, db *lineage.DB, pipeline string) string {
	t.Helper()
	spec := "pipeline: " + pipeline + "\n"
	run, err := db.BeginRun(t.Context(), lineage.Run{
		Pipeline: pipeline, File: "pipelines/" + pipeline + ".yaml", SpecText: spec, SpecID: ID(spec), Seed: 1<<63 + 7, Trigger: "manual", Stages: 3,
		Params:      []lineage.Param{{Name: "hidden", Value: "32", Source: "file"}, {Name: "learning_rate", Value: "0.01", Source: "set"}},
		Environment: lineage.Environment{PipeVersion: "0.1", GoVersion: "go1.26", OS: "linux", Arch: "amd64", CPUs: 2, Hostname: "vm", Details: map[string]string{"cpu": "fast"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func Record(t testing.TB, db *lineage.DB, list ...lineage.Execution) {
	t.Helper()
	for _, e := range list {
		if err := db.Record(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
}

func Finish(t testing.TB, db *lineage.DB, run string) {
	t.Helper()
	if err := db.FinishRun(t.Context(), run, lineage.Succeeded, ""); err != nil {
		t.Fatal(err)
	}
}

// Penguins lists the executions of a run that did all its work.
func Penguins(run string) []lineage.Execution {
	seed := uint64(1<<64 - 1)
	table := lineage.Output{Port: "table", Type: "table", ID: ID("table"), Size: 1000}
	return []lineage.Execution{
		{
			RunID: run, Stage: "load", Kind: "ingest", KindVersion: 1, Status: lineage.Succeeded, Key: Key("load"), Reason: "not made before",
			KeyParts: []artifacts.KeyPart{{Name: "kind", Value: "ingest"}, {Name: "config", Value: "{}"}, {Name: "input path", Value: ID("csv").String()}},
			Config:   []byte(`{"path":"data/penguins.csv"}`),
			Inputs:   []lineage.Input{{Port: "path", Type: "file", ID: ID("csv"), Path: "data/penguins.csv"}},
			Outputs:  []lineage.Output{table},
		},
		{
			RunID: run, Stage: "model", Kind: "train", KindVersion: 2, Status: lineage.Failed, Key: Key("model"), Reason: "not made before", Error: "out of luck",
			Seed: &seed, Inputs: []lineage.Input{{Port: "train", Type: "table", ID: table.ID, Size: table.Size, FromStage: "load", FromPort: "table"}},
		},
		{
			RunID: run, Stage: "model", Kind: "train", KindVersion: 2, Attempt: 2, Status: lineage.Succeeded, Key: Key("model"), Reason: "not made before",
			Config: []byte(`{"epochs":2}`), Seed: &seed,
			Inputs:  []lineage.Input{{Port: "train", Type: "table", ID: table.ID, Size: table.Size, FromStage: "load", FromPort: "table"}},
			Outputs: []lineage.Output{{Port: "model", Type: "model", ID: ID("model"), Size: 500}},
			Metrics: []lineage.Metric{{Name: "best_epoch", Value: 2}, {Name: "loss", Value: 0.25, Goal: "down"}}, Warnings: []string{"the loss grew", "and again"},
			Points: []lineage.Point{{Name: "train.loss", Step: 1, Value: 0.5}, {Name: "train.loss", Step: 2, Value: 0.25}, {Name: "validation.loss", Step: 1, Value: 0.75}},
		},
		{
			RunID: run, Stage: "score", Kind: "evaluate", KindVersion: 1, Status: lineage.Succeeded, Key: Key("score"), Reason: "not made before",
			Inputs: []lineage.Input{
				{Port: "data", Type: "table", ID: table.ID, Size: table.Size, FromStage: "load", FromPort: "table"},
				{Port: "extra"}, // an optional output that was not written
				{Port: "model", Type: "model", ID: ID("model"), Size: 500, FromStage: "model", FromPort: "model"},
			},
			Outputs: []lineage.Output{{Port: "metrics", Type: "metrics", ID: ID("metrics"), Size: 50}, {Port: "report", Type: "report", ID: ID("report"), Size: 5000}},
			Metrics: []lineage.Metric{{Name: "accuracy", Value: 0.96875, Goal: "up"}, {Name: "f1", Value: 0.9375, Goal: "up", Class: "failed"}},
		},
	}
}

// Again lists the executions of a run that finds all of penguins in the cache.
func Again(t testing.TB, db *lineage.DB, run string) []lineage.Execution {
	t.Helper()
	var list []lineage.Execution
	for _, e := range Penguins(run) {
		if e.Status != lineage.Succeeded {
			continue
		}
		hit, err := db.Lookup(t.Context(), e.Key)
		if err != nil || hit == nil {
			t.Fatalf("stage %s: %v, %v", e.Stage, hit, err)
		}
		list = append(list, lineage.Execution{RunID: run, Stage: e.Stage, Kind: e.Kind, KindVersion: e.KindVersion, Status: lineage.Cached, CachedFrom: hit.ExecutionID, Reason: "same key"})
	}
	return list
}

// TwoRuns records a run that did the work and one that found it.
func TwoRuns(t testing.TB, db *lineage.DB, c *Clock) (first, second string) {
	t.Helper()
	first = Begin(t, db, "penguins")
	c.Advance(1500 * time.Millisecond)
	Record(t, db, Penguins(first)...)
	Finish(t, db, first)
	c.Advance(time.Hour)
	second = Begin(t, db, "penguins")
	if err := db.RecordAll(t.Context(), Again(t, db, second)); err != nil {
		t.Fatal(err)
	}
	Finish(t, db, second)
	return first, second
}

// An Event is a row of the table of events: a change of state of a run or of one
// of its stages.
type Event struct {
	Time    time.Time
	Stage   string // empty: the run as a whole
	Attempt int
	State   lineage.Status
	Message string
}

// Events lists what happened in a run, in order.
func Events(t testing.TB, db *lineage.DB, run string) []Event {
	t.Helper()
	list, err := lineage.Collect(t.Context(), db.Reader(), func(rows *sql.Rows) (e Event, err error) {
		var at string
		if err := rows.Scan(&at, &e.Stage, &e.Attempt, &e.State, &e.Message); err != nil {
			return e, err
		}
		return e, lineage.SetTime(&e.Time, at)
	}, "SELECT time, coalesce(stage, ''), coalesce(attempt, 0), state, message FROM events WHERE run_id = ? ORDER BY id", run)
	if err != nil {
		t.Fatal(err)
	}
	return list
}
