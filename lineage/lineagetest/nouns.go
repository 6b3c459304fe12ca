package lineagetest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/mattn/go-sqlite3"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/lineage/clean"
	"pipe/lineage/registry"
)

// Chain records a run of two stages, `load` and `fit`, whose work is named
// by the two texts; a text that ends in "=" was found in the cache.
func Chain(t *testing.T, db *lineage.DB, pipeline, load, fit string) (runID string) {
	t.Helper()
	ctx := t.Context()
	runID, err := db.BeginRun(ctx, lineage.Run{Pipeline: pipeline, File: pipeline + ".yaml", SpecID: ID(pipeline), SpecText: pipeline, Trigger: "manual", Stages: 2})
	if err != nil {
		t.Fatal(err)
	}
	record := func(stage, work string, inputs ...lineage.Input) {
		e := lineage.Execution{RunID: runID, Stage: stage, Kind: stage, KindVersion: 1, Status: lineage.Succeeded, Key: Key(work),
			KeyParts: []artifacts.KeyPart{{Name: "kind", Value: stage}}, Inputs: inputs, Metrics: []lineage.Metric{{Name: "m", Value: 1}}, Points: []lineage.Point{{Name: "c", Step: 1, Value: 1}},
			Outputs: []lineage.Output{{Port: "out", Type: "model", ID: ID(work), Size: 10}}}
		hit, err := db.Lookup(ctx, e.Key)
		if err != nil {
			t.Fatal(err)
		}
		if hit != nil {
			e.Status, e.CachedFrom = lineage.Cached, hit.ExecutionID
		}
		if err := db.Record(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	record("load", load, lineage.Input{Port: "path", Type: "file", ID: ID("source of " + load), Size: 5, Path: load + ".csv"})
	record("fit", fit, lineage.Input{Port: "in", Type: "table", ID: ID(load), FromStage: "load", FromPort: "out"})
	if err := db.FinishRun(ctx, runID, lineage.Succeeded, ""); err != nil {
		t.Fatal(err)
	}
	return runID
}

// Clean forgets what a rule does not keep, and looks whether all rows that are left
// point at others.
func Clean(t *testing.T, db *lineage.DB, keep clean.Retention) (*clean.Choice, clean.Forgotten) {
	t.Helper()
	plan, err := clean.Choose(t.Context(), db, keep)
	if err != nil {
		t.Fatal(err)
	}
	done, err := clean.Forget(t.Context(), db, plan)
	if err != nil {
		t.Fatal(err)
	}
	var broken int
	if err := db.Reader().QueryRow("SELECT count(*) FROM pragma_foreign_key_check").Scan(&broken); err != nil || broken != 0 {
		t.Errorf("%d broken references, %v", broken, err)
	}
	return plan, done
}

// NamesOf lists artifacts by the short form of their IDs.
func NamesOf(list []clean.Garbage) map[string]bool {
	got := map[string]bool{}
	for _, g := range list {
		got[g.ID.Short()] = true
	}
	return got
}

// MeasuredRun records a run that trains a model on some data and measures it.
func MeasuredRun(t *testing.T, db *lineage.DB, model, data string, accuracy float64) (runID string) {
	t.Helper()
	runID, err := db.BeginRun(t.Context(), lineage.Run{Pipeline: "p", File: "p.yaml", SpecID: ID("p"), SpecText: "p", Trigger: "manual", Stages: 2})
	if err != nil {
		t.Fatal(err)
	}
	work := fmt.Sprint(model, data)
	for _, e := range []lineage.Execution{
		{Stage: "model", Kind: "train", Key: Key(model), Outputs: []lineage.Output{{Port: "model", Type: "model", ID: ID(model), Size: 10}}},
		{Stage: "score", Kind: "evaluate", Key: Key(work), Metrics: []lineage.Metric{{Name: "accuracy", Value: accuracy, Goal: "up"}},
			Inputs: []lineage.Input{
				{Port: "data", Type: "dataset", ID: ID(data), Size: 5, FromStage: "data", FromPort: "out"},
				{Port: "model", Type: "model", ID: ID(model), Size: 10, FromStage: "model", FromPort: "model"},
			},
			Outputs: []lineage.Output{{Port: "metrics", Type: "metrics", ID: ID("metrics of " + work), Size: 10}}},
	} {
		e.RunID, e.Status = runID, lineage.Succeeded
		hit, err := db.Lookup(t.Context(), e.Key)
		if err != nil {
			t.Fatal(err)
		}
		if hit != nil {
			e.Status, e.CachedFrom = lineage.Cached, hit.ExecutionID
		}
		Record(t, db, e)
	}
	return runID
}

// Better is a gate for models that are better than the one in production.
func Better(rule string) registry.Gate {
	return registry.Gate{Label: "production", Stage: "score", Rule: rule, Rival: "production", Judge: func(m registry.Measured, r *registry.Rival) ([]registry.Check, string) {
		if r == nil {
			return nil, "the first"
		}
		limit := r.Measured[0].Metrics["accuracy"]
		for _, known := range r.Measured {
			if known.DataOf("accuracy") == m.DataOf("accuracy") {
				limit = known.Metrics["accuracy"]
				break
			}
		}
		value := m.Metrics["accuracy"]
		check := registry.Check{Metric: "accuracy", Condition: "better than production", Value: &value, Limit: &limit,
			OtherData: r.Measured[0].DataOf("accuracy") != m.DataOf("accuracy"), Met: value > limit}
		return []registry.Check{check}, fmt.Sprintf("%v against %v", value, limit)
	}}
}

// Judge ends a run with a gate.
func Judge(t *testing.T, db *lineage.DB, runID string, g registry.Gate) registry.Decision {
	t.Helper()
	list, err := registry.FinishRun(t.Context(), db, runID, lineage.Succeeded, "", []registry.Gate{g})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	return list[0]
}

// Promote gives a model of Chain or MeasuredRun a label.
func Promote(t testing.TB, db *lineage.DB, model, label string) registry.Decision {
	t.Helper()
	done, err := registry.Promote(t.Context(), db, registry.Promotion{Model: ID(model), Pipeline: "p", Label: label, Actor: "ada", Reason: "it is good"})
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// WithColumns adds to the executions of penguins what their stages would say.
func WithColumns(run string) []lineage.Execution {
	list := Penguins(run)
	list[0].Columns = []lineage.ColumnEdge{{OutPort: "table", OutColumn: "island", InPort: "path", InColumn: "island"}, {OutPort: "table", OutColumn: "mass", InPort: "path", InColumn: "mass"}}
	list[2].Columns = []lineage.ColumnEdge{{OutPort: "model", OutColumn: "island=Biscoe", InPort: "train", InColumn: "island"}, {OutPort: "model", OutColumn: "island=Dream", InPort: "train", InColumn: "island"}, {OutPort: "model", OutColumn: "ratio", InPort: "train", InColumn: "island"}, {OutPort: "model", OutColumn: "ratio", InPort: "train", InColumn: "mass"}}
	list[3].Columns = []lineage.ColumnEdge{{OutPort: "report", OutColumn: "note", InPort: "extern", InColumn: "x"}, {OutPort: "report", OutColumn: "ratio", InPort: "model", InColumn: "ratio"}, {OutPort: "report", OutColumn: "other", InPort: "data", InColumn: "unknown"}}
	return list
}

// Numbered is an artifact ID that tests can tell from others.
func Numbered(n int) (id artifacts.ID) {
	n++ // the zero ID is none
	binary.BigEndian.PutUint64(id[:], uint64(n)*0x9e3779b97f4a7c15)
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return id
}

// Layered makes stages that each read the outputs of two earlier ones.
func Layered(run string, n int) []lineage.Execution {
	list := make([]lineage.Execution, n)
	for i := range list {
		e := &list[i]
		*e = lineage.Execution{RunID: run, Stage: fmt.Sprintf("stage%05d", i), Kind: "exec", KindVersion: 1, Status: lineage.Succeeded, Key: artifacts.Key(Numbered(1000000 + i)),
			Config: []byte(`{"command":["true"]}`), Outputs: []lineage.Output{{Port: "out", Type: "file", ID: Numbered(i), Size: 100}}}
		for k := range 2 {
			if from := i - 1 - k*7; from >= 0 {
				e.Inputs = append(e.Inputs, lineage.Input{Port: fmt.Sprint("in", k), Type: "file", ID: Numbered(from), Size: 100, FromStage: fmt.Sprintf("stage%05d", from), FromPort: "out"})
			}
		}
	}
	return list
}

// Change opens the file as any SQLite program would.
func Change(t *testing.T, path, query string) {
	t.Helper()
	db := sql.OpenDB(connector("file:" + path))
	defer db.Close()
	if _, err := db.Exec(query); err != nil {
		t.Fatal(err)
	}
}

// Refuse records that a gate was not met.
func Refuse(t testing.TB, db *lineage.DB, model, label string) {
	t.Helper()
	err := db.Update(t.Context(), lineage.Relaxed, "test", func(tx *lineage.Tx) error {
		_, err := tx.Exec(`INSERT INTO model_events (time, pipeline, label, event, model, decided_by, actor, metrics, classes, measured_on, checks, note)
			VALUES (max(?, coalesce((SELECT max(time) FROM model_events), '')), 'p', ?, ?, ?, ?, '', '{}', '{}', '{}', '[]', '')`,
			lineage.FormatTime(db.Now()), label, registry.EventRefused, ID(model).String(), registry.ByGate)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A connector is what any SQLite program would use.
type connector string

func (c connector) Driver() driver.Driver { return &sqlite3.SQLiteDriver{} }

func (c connector) Connect(context.Context) (driver.Conn, error) { return c.Driver().Open(string(c)) }
