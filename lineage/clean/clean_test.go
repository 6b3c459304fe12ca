package clean_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipe/lineage"
	"pipe/lineage/clean"
	"pipe/lineage/lineagetest"
	"pipe/lineage/registry"
)

func TestForgetKeepsTheNewestAndWhatTheyDescendFrom(t *testing.T) {
	db, c := lineagetest.New(t)
	first := lineagetest.Chain(t, db, "p", "data", "fit 1")
	c.Advance(time.Hour)
	lineagetest.Chain(t, db, "p", "data", "fit 2") // load is cached from the first run
	c.Advance(time.Hour)
	third := lineagetest.Chain(t, db, "p", "data", "fit 3")
	plan, done := lineagetest.Clean(t, db, clean.Retention{Runs: 1})
	if len(plan.Runs) != 2 || plan.Kept != 1 || plan.Executions != 3 {
		t.Errorf("plan %+v", plan)
	}
	want := map[string]bool{lineagetest.ID("fit 1").Short(): true, lineagetest.ID("fit 2").Short(): true}
	if got := lineagetest.NamesOf(plan.Artifacts); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("artifacts %v, want %v", got, want)
	}
	for _, g := range plan.Artifacts {
		if g.Name == "" || g.Type != "model" || g.Size != 10 || g.LastUse.IsZero() {
			t.Errorf("%+v", g)
		}
	}
	// The first run holds the origin of load: it is hidden, not deleted.
	if want := (clean.Forgotten{Runs: 1, Executions: 3, Artifacts: 2}); done != want {
		t.Errorf("%+v, want %+v", done, want)
	}
	runs, err := db.Runs(t.Context(), lineage.RunFilter{})
	if err != nil || len(runs) != 1 || runs[0].ID != third {
		t.Errorf("runs %v, %v", runs, err)
	}
	list, err := db.Executions(t.Context(), first)
	if err != nil || len(list) != 1 || list[0].Stage != "load" || len(list[0].Inputs) != 1 {
		t.Errorf("of the first run there is %+v, %v", list, err)
	}
	refs, err := db.Referenced(t.Context())
	if err != nil || !refs[lineagetest.ID("source of data")] || !refs[lineagetest.ID("fit 3")] || refs[lineagetest.ID("fit 1")] {
		t.Errorf("referenced %v, %v", refs, err)
	}
	if plan, done := lineagetest.Clean(t, db, clean.Retention{Runs: 1}); done != (clean.Forgotten{}) || len(plan.Runs) != 0 {
		t.Errorf("a second time: %+v, %+v", plan, done)
	}
}

func TestRetentionByAgeAndFailure(t *testing.T) {
	db, c := lineagetest.New(t)
	day := 24 * time.Hour
	fail := func() {
		id, err := db.BeginRun(t.Context(), lineage.Run{Pipeline: "p", SpecID: lineagetest.ID("p")})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.FinishRun(t.Context(), id, lineage.Failed, "no"); err != nil {
			t.Fatal(err)
		}
	}
	fail()
	lineagetest.Chain(t, db, "p", "a", "b")
	c.Advance(10 * day)
	fail()
	lineagetest.Chain(t, db, "p", "a", "c")
	lineagetest.Chain(t, db, "p", "a", "d")
	for _, tt := range []struct {
		keep clean.Retention
		want int
	}{
		{clean.Retention{Runs: 3, FailedAge: 11 * day}, 0},
		{clean.Retention{Runs: 3, FailedAge: 2 * day}, 1},
		{clean.Retention{Runs: 1, Age: day, FailedAge: 2 * day}, 2},
		{clean.Retention{Runs: 1}, 4},
	} {
		plan, err := clean.Choose(t.Context(), db, tt.keep)
		if err != nil || len(plan.Runs) != tt.want {
			t.Errorf("%+v: %d runs, %v, want %d", tt.keep, len(plan.Runs), err, tt.want)
		}
	}
}

func TestPromotedModelsStay(t *testing.T) {
	db, _ := lineagetest.New(t)
	lineagetest.Chain(t, db, "p", "old data", "old model")
	lineagetest.Chain(t, db, "p", "new data", "new model")
	lineagetest.Promote(t, db, "old model", "production")
	lineagetest.Chain(t, db, "p", "middle data", "middle model")
	lineagetest.Promote(t, db, "middle model", "production") // the old one was in production once
	lineagetest.Chain(t, db, "p", "newest data", "newest model")
	lineagetest.Refuse(t, db, "new model", "production")
	plan, _ := lineagetest.Clean(t, db, clean.Retention{Runs: 1})
	want := map[string]bool{lineagetest.ID("new model").Short(): true, lineagetest.ID("new data").Short(): true, lineagetest.ID("source of new data").Short(): true}
	if diff := cmp.Diff(want, lineagetest.NamesOf(plan.Artifacts)); diff != "" {
		t.Errorf("would delete (-want +got):\n%s", diff)
	}
	// That it was refused is on record all the same.
	events, err := registry.Events(t.Context(), db, registry.EventFilter{Model: lineagetest.ID("new model")})
	if err != nil || len(events) != 1 || events[0].Event != registry.EventRefused {
		t.Errorf("history %+v, %v", events, err)
	}
}

// A run that began before finds in the cache what is doomed while it goes on:
// that stays until it has ended. A run that begins after does not find it.
func TestForgetSparesWhatARunMayUse(t *testing.T) {
	db, _ := lineagetest.New(t)
	lineagetest.Chain(t, db, "p", "data", "fit 1")
	lineagetest.Chain(t, db, "p", "data", "fit 2")
	other := lineagetest.Open(t, filepath.Join(filepath.Dir(db.Path()), "lineage.db"), lineagetest.NewClock())
	running, err := other.BeginRun(t.Context(), lineage.Run{Pipeline: "q", SpecID: lineagetest.ID("q")})
	if err != nil {
		t.Fatal(err)
	}
	hit, err := other.Lookup(t.Context(), lineagetest.Key("fit 1"))
	if err != nil || hit == nil {
		t.Fatal(hit, err)
	}
	_, done := lineagetest.Clean(t, db, clean.Retention{Runs: 1})
	if done.Executions != 0 || done.Waiting != 1 {
		t.Errorf("while a run goes on: %+v", done)
	}
	if hit, err := db.Lookup(t.Context(), lineagetest.Key("fit 1")); err != nil || hit != nil {
		t.Errorf("what is doomed is found: %v, %v", hit, err)
	}
	err = other.Record(t.Context(), lineage.Execution{RunID: running, Stage: "fit", Status: lineage.Cached, CachedFrom: hit.ExecutionID})
	if err != nil {
		t.Fatal(err)
	}
	if err := other.FinishRun(t.Context(), running, lineage.Succeeded, ""); err != nil {
		t.Fatal(err)
	}
	// The newest run of q needs it now.
	_, done = lineagetest.Clean(t, db, clean.Retention{Runs: 1})
	if done.Executions != 0 || done.Waiting != 0 {
		t.Errorf("after it: %+v", done)
	}
	if hit, err := db.Lookup(t.Context(), lineagetest.Key("fit 1")); err != nil || hit == nil {
		t.Errorf("what is needed is still doomed: %v", err)
	}
}

func BenchmarkForget(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		db, c := lineagetest.New(b)
		ctx := context.Background()
		for i := range 2000 {
			id, err := db.BeginRun(ctx, lineage.Run{Pipeline: "p", SpecID: lineagetest.ID("p")})
			if err != nil {
				b.Fatal(err)
			}
			work := fmt.Sprint(i)
			err = db.Record(ctx, lineage.Execution{RunID: id, Stage: "s", Kind: "s", Status: lineage.Succeeded, Key: lineagetest.Key(work), Outputs: []lineage.Output{{Port: "out", Type: "file", ID: lineagetest.ID(work)}}})
			if err != nil {
				b.Fatal(err)
			}
			if err := db.FinishRun(ctx, id, lineage.Succeeded, ""); err != nil {
				b.Fatal(err)
			}
			c.Advance(time.Minute)
		}
		b.StartTimer()
		plan, err := clean.Choose(ctx, db, clean.Retention{Runs: 10})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := clean.Forget(ctx, db, plan); err != nil {
			b.Fatal(err)
		}
	}
}
