package lineage

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipe/artifacts"
)

// chain records a run of two stages, `load` and `fit`, whose work is named
// by the two texts; a text that ends in "=" was found in the cache.
func chain(t *testing.T, db *DB, pipeline, load, fit string) (runID string) {
	t.Helper()
	ctx := t.Context()
	runID, err := db.BeginRun(ctx, Run{Pipeline: pipeline, File: pipeline + ".yaml", SpecID: aid(pipeline), SpecText: pipeline, Trigger: "manual", Stages: 2})
	if err != nil {
		t.Fatal(err)
	}
	record := func(stage, work string, inputs ...Input) {
		e := Execution{RunID: runID, Stage: stage, Kind: stage, KindVersion: 1, Status: Succeeded, Key: akey(work),
			KeyParts: []artifacts.KeyPart{{Name: "kind", Value: stage}}, Inputs: inputs, Metrics: []Metric{{Name: "m", Value: 1}}, Points: []Point{{"c", 1, 1}},
			Outputs: []Output{{Port: "out", Type: "model", ID: aid(work), Size: 10}}}
		hit, err := db.Lookup(ctx, e.Key)
		if err != nil {
			t.Fatal(err)
		}
		if hit != nil {
			e.Status, e.CachedFrom = Cached, hit.ExecutionID
		}
		if err := db.Record(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	record("load", load, Input{Port: "path", Type: "file", ID: aid("source of " + load), Size: 5, Path: load + ".csv"})
	record("fit", fit, Input{Port: "in", Type: "table", ID: aid(load), FromStage: "load", FromPort: "out"})
	if err := db.FinishRun(ctx, runID, Succeeded, ""); err != nil {
		t.Fatal(err)
	}
	return runID
}

func collectGarbage(t *testing.T, db *DB, keep Retention) (*GCPlan, Forgotten) {
	t.Helper()
	plan, err := db.PlanGC(t.Context(), keep)
	if err != nil {
		t.Fatal(err)
	}
	done, err := db.Forget(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	var broken int
	if err := db.r.QueryRow("SELECT count(*) FROM pragma_foreign_key_check").Scan(&broken); err != nil || broken != 0 {
		t.Errorf("%d broken references, %v", broken, err)
	}
	return plan, done
}

func namesOf(list []Garbage) map[string]bool {
	got := map[string]bool{}
	for _, g := range list {
		got[g.ID.Short()] = true
	}
	return got
}

func TestForgetKeepsTheNewestAndWhatTheyDescendFrom(t *testing.T) {
	db, c := newTest(t)
	first := chain(t, db, "p", "data", "fit 1")
	c.advance(time.Hour)
	chain(t, db, "p", "data", "fit 2") // load is cached from the first run
	c.advance(time.Hour)
	third := chain(t, db, "p", "data", "fit 3")
	plan, done := collectGarbage(t, db, Retention{Runs: 1})
	if len(plan.Runs) != 2 || plan.Kept != 1 || plan.Executions != 3 {
		t.Errorf("plan %+v", plan)
	}
	want := map[string]bool{aid("fit 1").Short(): true, aid("fit 2").Short(): true}
	if got := namesOf(plan.Artifacts); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("artifacts %v, want %v", got, want)
	}
	for _, g := range plan.Artifacts {
		if g.Name == "" || g.Type != "model" || g.Size != 10 || g.LastUse.IsZero() {
			t.Errorf("%+v", g)
		}
	}
	// The first run holds the origin of load: it is hidden, not deleted.
	if want := (Forgotten{Runs: 1, Executions: 3, Artifacts: 2}); done != want {
		t.Errorf("%+v, want %+v", done, want)
	}
	runs, err := db.Runs(t.Context(), RunFilter{})
	if err != nil || len(runs) != 1 || runs[0].ID != third {
		t.Errorf("runs %v, %v", runs, err)
	}
	list, err := db.Executions(t.Context(), first)
	if err != nil || len(list) != 1 || list[0].Stage != "load" || len(list[0].Inputs) != 1 {
		t.Errorf("of the first run there is %+v, %v", list, err)
	}
	refs, err := db.Referenced(t.Context())
	if err != nil || !refs[aid("source of data")] || !refs[aid("fit 3")] || refs[aid("fit 1")] {
		t.Errorf("referenced %v, %v", refs, err)
	}
	if plan, done := collectGarbage(t, db, Retention{Runs: 1}); done != (Forgotten{}) || len(plan.Runs) != 0 {
		t.Errorf("a second time: %+v, %+v", plan, done)
	}
}

func TestRetentionByAgeAndFailure(t *testing.T) {
	db, c := newTest(t)
	day := 24 * time.Hour
	fail := func() {
		id, err := db.BeginRun(t.Context(), Run{Pipeline: "p", SpecID: aid("p")})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.FinishRun(t.Context(), id, Failed, "no"); err != nil {
			t.Fatal(err)
		}
	}
	fail()
	chain(t, db, "p", "a", "b")
	c.advance(10 * day)
	fail()
	chain(t, db, "p", "a", "c")
	chain(t, db, "p", "a", "d")
	for _, tt := range []struct {
		keep Retention
		want int
	}{
		{Retention{Runs: 3, FailedAge: 11 * day}, 0},
		{Retention{Runs: 3, FailedAge: 2 * day}, 1},
		{Retention{Runs: 1, Age: day, FailedAge: 2 * day}, 2},
		{Retention{Runs: 1}, 4},
	} {
		plan, err := db.PlanGC(t.Context(), tt.keep)
		if err != nil || len(plan.Runs) != tt.want {
			t.Errorf("%+v: %d runs, %v, want %d", tt.keep, len(plan.Runs), err, tt.want)
		}
	}
}

func TestPromotedModelsStay(t *testing.T) {
	db, _ := newTest(t)
	chain(t, db, "p", "old data", "old model")
	chain(t, db, "p", "new data", "new model")
	promote(t, db, "old model", "production")
	chain(t, db, "p", "middle data", "middle model")
	promote(t, db, "middle model", "production") // the old one was in production once
	chain(t, db, "p", "newest data", "newest model")
	refuse(t, db, "new model", "production")
	plan, _ := collectGarbage(t, db, Retention{Runs: 1})
	want := map[string]bool{aid("new model").Short(): true, aid("new data").Short(): true, aid("source of new data").Short(): true}
	if diff := cmp.Diff(want, namesOf(plan.Artifacts)); diff != "" {
		t.Errorf("would delete (-want +got):\n%s", diff)
	}
	// That it was refused is on record all the same.
	events, err := db.ModelEvents(t.Context(), EventFilter{Model: aid("new model")})
	if err != nil || len(events) != 1 || events[0].Event != EventRefused {
		t.Errorf("history %+v, %v", events, err)
	}
}

// A run that began before finds in the cache what is doomed while it goes on:
// that stays until it has ended. A run that begins after does not find it.
func TestForgetSparesWhatARunMayUse(t *testing.T) {
	db, _ := newTest(t)
	chain(t, db, "p", "data", "fit 1")
	chain(t, db, "p", "data", "fit 2")
	other := openTest(t, filepath.Join(filepath.Dir(db.path), "lineage.db"), newClock())
	running, err := other.BeginRun(t.Context(), Run{Pipeline: "q", SpecID: aid("q")})
	if err != nil {
		t.Fatal(err)
	}
	hit, err := other.Lookup(t.Context(), akey("fit 1"))
	if err != nil || hit == nil {
		t.Fatal(hit, err)
	}
	_, done := collectGarbage(t, db, Retention{Runs: 1})
	if done.Executions != 0 || done.Waiting != 1 {
		t.Errorf("while a run goes on: %+v", done)
	}
	if hit, err := db.Lookup(t.Context(), akey("fit 1")); err != nil || hit != nil {
		t.Errorf("what is doomed is found: %v, %v", hit, err)
	}
	err = other.Record(t.Context(), Execution{RunID: running, Stage: "fit", Status: Cached, CachedFrom: hit.ExecutionID})
	if err != nil {
		t.Fatal(err)
	}
	if err := other.FinishRun(t.Context(), running, Succeeded, ""); err != nil {
		t.Fatal(err)
	}
	// The newest run of q needs it now.
	_, done = collectGarbage(t, db, Retention{Runs: 1})
	if done.Executions != 0 || done.Waiting != 0 {
		t.Errorf("after it: %+v", done)
	}
	if hit, err := db.Lookup(t.Context(), akey("fit 1")); err != nil || hit == nil {
		t.Errorf("what is needed is still doomed: %v", err)
	}
}

func BenchmarkForget(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		db, c := newTest(b)
		ctx := context.Background()
		for i := range 2000 {
			id, err := db.BeginRun(ctx, Run{Pipeline: "p", SpecID: aid("p")})
			if err != nil {
				b.Fatal(err)
			}
			work := fmt.Sprint(i)
			err = db.Record(ctx, Execution{RunID: id, Stage: "s", Kind: "s", Status: Succeeded, Key: akey(work), Outputs: []Output{{Port: "out", Type: "file", ID: aid(work)}}})
			if err != nil {
				b.Fatal(err)
			}
			if err := db.FinishRun(ctx, id, Succeeded, ""); err != nil {
				b.Fatal(err)
			}
			c.advance(time.Minute)
		}
		b.StartTimer()
		plan, err := db.PlanGC(ctx, Retention{Runs: 10})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := db.Forget(ctx, plan); err != nil {
			b.Fatal(err)
		}
	}
}
