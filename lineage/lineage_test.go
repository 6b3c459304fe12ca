package lineage

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pipe/artifacts"
)

var update = flag.Bool("update", false, "write the expected files in testdata anew")

// TestMain lets the test binary stand in for another pipe process.
func TestMain(m *testing.M) {
	for name, process := range map[string]func(string) error{"LINEAGE_TEST_RUN": beginAndWait, "LINEAGE_TEST_RECORD": recordForEver} {
		if path := os.Getenv(name); path != "" {
			if err := process(path); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

// clock is a time that tests move by hand.
type clock struct{ t time.Time }

func (c *clock) now() time.Time          { return c.t }
func (c *clock) advance(d time.Duration) { c.t = c.t.Add(d) }
func newClock() *clock                   { return &clock{time.Date(2026, 11, 23, 3, 15, 0, 0, time.UTC)} }

func openTest(t testing.TB, path string, c *clock) *DB {
	t.Helper()
	db, err := open(context.Background(), path, c.now)
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

func newTest(t testing.TB) (*DB, *clock) {
	t.Helper()
	c := newClock()
	return openTest(t, filepath.Join(t.TempDir(), ".pipe", "lineage.db"), c), c
}

// aid and akey make artifact IDs and keys that tests can tell apart.
func aid(name string) artifacts.ID   { return artifacts.Sum([]byte(name)) }
func akey(name string) artifacts.Key { return artifacts.Key(artifacts.Sum([]byte("key of " + name))) }

func begin(t testing.TB, db *DB, pipeline string) string {
	t.Helper()
	spec := "pipeline: " + pipeline + "\n"
	run, err := db.BeginRun(t.Context(), Run{
		Pipeline: pipeline, File: "pipelines/" + pipeline + ".yaml", SpecText: spec, SpecID: aid(spec), Seed: 1<<63 + 7, Trigger: "manual", Stages: 3,
		Params:      []Param{{"hidden", "32", "file"}, {"learning_rate", "0.01", "set"}},
		Environment: Environment{PipeVersion: "0.1", GoVersion: "go1.26", OS: "linux", Arch: "amd64", CPUs: 2, Hostname: "vm", Details: map[string]string{"cpu": "fast"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func record(t testing.TB, db *DB, list ...Execution) {
	t.Helper()
	for _, e := range list {
		if err := db.Record(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
}

func finish(t testing.TB, db *DB, run string) {
	t.Helper()
	if err := db.FinishRun(t.Context(), run, Succeeded, ""); err != nil {
		t.Fatal(err)
	}
}

// penguins lists the executions of a run that did all its work.
func penguins(run string) []Execution {
	seed := uint64(1<<64 - 1)
	table := Output{"table", "table", aid("table"), 1000}
	return []Execution{
		{
			RunID: run, Stage: "load", Kind: "ingest", KindVersion: 1, Status: Succeeded, Key: akey("load"), Reason: "not made before",
			KeyParts: []artifacts.KeyPart{{Name: "kind", Value: "ingest"}, {Name: "config", Value: "{}"}, {Name: "input path", Value: aid("csv").String()}},
			Config:   []byte(`{"path":"data/penguins.csv"}`),
			Inputs:   []Input{{Port: "path", Type: "file", ID: aid("csv"), Path: "data/penguins.csv"}},
			Outputs:  []Output{table},
		},
		{
			RunID: run, Stage: "model", Kind: "train", KindVersion: 2, Status: Failed, Key: akey("model"), Reason: "not made before", Error: "out of luck",
			Seed: &seed, Inputs: []Input{{Port: "train", Type: "table", ID: table.ID, Size: table.Size, FromStage: "load", FromPort: "table"}},
		},
		{
			RunID: run, Stage: "model", Kind: "train", KindVersion: 2, Attempt: 2, Status: Succeeded, Key: akey("model"), Reason: "not made before",
			Config: []byte(`{"epochs":2}`), Seed: &seed,
			Inputs:  []Input{{Port: "train", Type: "table", ID: table.ID, Size: table.Size, FromStage: "load", FromPort: "table"}},
			Outputs: []Output{{"model", "model", aid("model"), 500}},
			Metrics: []Metric{{Name: "best_epoch", Value: 2}, {Name: "loss", Value: 0.25, Goal: "down"}}, Warnings: []string{"the loss grew", "and again"},
			Points: []Point{{"train.loss", 1, 0.5}, {"train.loss", 2, 0.25}, {"validation.loss", 1, 0.75}},
		},
		{
			RunID: run, Stage: "score", Kind: "evaluate", KindVersion: 1, Status: Succeeded, Key: akey("score"), Reason: "not made before",
			Inputs: []Input{
				{Port: "data", Type: "table", ID: table.ID, Size: table.Size, FromStage: "load", FromPort: "table"},
				{Port: "extra"}, // an optional output that was not written
				{Port: "model", Type: "model", ID: aid("model"), Size: 500, FromStage: "model", FromPort: "model"},
			},
			Outputs: []Output{{"metrics", "metrics", aid("metrics"), 50}, {"report", "report", aid("report"), 5000}},
			Metrics: []Metric{{Name: "accuracy", Value: 0.96875, Goal: "up"}, {"f1", 0.9375, "up", "failed"}},
		},
	}
}

// again lists the executions of a run that finds all of penguins in the cache.
func again(t testing.TB, db *DB, run string) []Execution {
	t.Helper()
	var list []Execution
	for _, e := range penguins(run) {
		if e.Status != Succeeded {
			continue
		}
		hit, err := db.Lookup(t.Context(), e.Key)
		if err != nil || hit == nil {
			t.Fatalf("stage %s: %v, %v", e.Stage, hit, err)
		}
		list = append(list, Execution{RunID: run, Stage: e.Stage, Kind: e.Kind, KindVersion: e.KindVersion, Status: Cached, CachedFrom: hit.ExecutionID, Reason: "same key"})
	}
	return list
}

// twoRuns records a run that did the work and one that found it.
func twoRuns(t testing.TB, db *DB, c *clock) (first, second string) {
	t.Helper()
	first = begin(t, db, "penguins")
	c.advance(1500 * time.Millisecond)
	record(t, db, penguins(first)...)
	finish(t, db, first)
	c.advance(time.Hour)
	second = begin(t, db, "penguins")
	if err := db.RecordAll(t.Context(), again(t, db, second)); err != nil {
		t.Fatal(err)
	}
	finish(t, db, second)
	return first, second
}
