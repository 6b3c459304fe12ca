package lineage_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipe/lineage"
	"pipe/lineage/clean"
	"pipe/lineage/lineagetest"
	"pipe/lineage/slice"
	"pipe/lineage/walk"
)

// repeat records a run that repeats another, nil if it may not.
func repeat(t *testing.T, db *lineage.DB, run string) string {
	t.Helper()
	last, err := db.LastExecution(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	memo := lineage.Memo{Fingerprint: lineagetest.ID("given"), RunID: run, LastExecution: last}
	if err := db.Remember(t.Context(), memo); err != nil {
		t.Fatal(err)
	}
	same, err := db.Repeat(t.Context(), &memo, lineage.Run{Trigger: "manual"}, func() bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	if same == nil {
		return ""
	}
	return same.RunID
}

// A run that is recorded as the repetition of another looks, in everything that
// is asked about it, like one whose stages were found in the cache one by one.
func TestRepetitionLooksLikeACachedRun(t *testing.T) {
	db, c := lineagetest.New(t)
	ctx := t.Context()
	first := lineagetest.Begin(t, db, "penguins")
	lineagetest.Record(t, db, lineagetest.Penguins(first)...) // one of its stages had to be tried twice
	lineagetest.Finish(t, db, first)
	c.Advance(time.Hour)
	cached := lineagetest.Begin(t, db, "penguins")
	lineagetest.Record(t, db, lineagetest.Again(t, db, cached)...)
	lineagetest.Finish(t, db, cached)

	for _, root := range []string{first, cached} {
		c.Advance(time.Hour)
		run := repeat(t, db, root)
		if run == "" {
			t.Fatalf("run %s cannot be repeated", root)
		}
		facts := func(run string) map[string]any {
			f := map[string]any{}
			for view, columns := range map[string]string{
				"runs_view":       "pipeline, status, trigger, stages, ran, cached, seed, params, file, spec_hash",
				"executions_view": "pipeline, stage, attempt, kind, kind_version, status, seconds, origin_id, origin_run_id, key, config, seed, error",
				"outputs_view":    "pipeline, stage, port, type, hash, size, status, origin_id",
				"inputs_view":     "pipeline, stage, port, type, hash, size, path, from_stage, from_port, origin_id",
				"metrics_view":    "pipeline, stage, name, value, status",
			} {
				id := "run_id"
				if view == "runs_view" {
					id = "id"
				}
				rows, err := db.Query(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE %s = '%s' ORDER BY 1, 2, 3, 4, 5", columns, view, id, run), 0)
				if err != nil {
					t.Fatal(err)
				}
				f[view] = rows.Rows
			}
			list, err := db.Executions(ctx, run)
			if err != nil {
				t.Fatal(err)
			}
			for i := range list {
				e := &list[i]
				if e.RunID != run || e.Reason == "" || e.Started.IsZero() || e.Finished.Before(e.Started) {
					t.Errorf("run %s: execution %+v", run, e)
				}
				parts, err := db.KeyParts(ctx, e.ID)
				if err != nil {
					t.Fatal(err)
				}
				points, err := db.Points(ctx, e.ID)
				if err != nil {
					t.Fatal(err)
				}
				f["parts of "+e.Stage], f["points of "+e.Stage] = parts, points
				e.ID, e.RunID, e.Reason, e.Started, e.Finished = 0, "", "", time.Time{}, time.Time{}
			}
			f["executions"] = list
			info, err := db.Run(ctx, run)
			if err != nil {
				t.Fatal(err)
			}
			f["counts"] = info.Counts
			metrics, err := db.Metrics(ctx, run)
			if err != nil {
				t.Fatal(err)
			}
			f["metrics"] = metrics
			for _, ref := range []string{run, run + "/score", run + "/model.model"} {
				r, err := db.Resolve(ctx, ref)
				if err != nil {
					t.Fatal(err)
				}
				up, err := walk.Upstream(ctx, db, r)
				if err != nil {
					t.Fatal(err)
				}
				r.RunID = ""
				f[strings.TrimPrefix(ref, run)] = []any{r, up}
			}
			in, err := db.InRun(ctx, run, "model")
			if err != nil || in == nil || in.RunID != run {
				t.Fatalf("stage model in run %s: %+v, %v", run, in, err)
			}
			f["why"] = in.Status
			return f
		}
		if diff := cmp.Diff(facts(cached), facts(run)); diff != "" {
			t.Errorf("a repetition of %s is not like a cached run (-cached +repeated):\n%s", root, diff)
		}
		e, err := db.Earlier(ctx, "penguins", "score", "")
		if err != nil || e == nil || e.RunID != run || e.Status != lineage.Cached {
			t.Errorf("the newest execution is %+v (%v), want one of run %s", e, err, run)
		}
		var rows int
		if err := db.Reader().QueryRow("SELECT count(*) FROM executions WHERE run_id = ?", run).Scan(&rows); err != nil || rows != 0 {
			t.Errorf("%d rows of executions, %v", rows, err)
		}
	}
	touched, err := db.Touched(ctx, lineagetest.ID("model"), 100)
	if err != nil {
		t.Fatal(err)
	}
	runs := map[string]bool{}
	for _, u := range touched {
		runs[u.RunID] = true
	}
	if len(runs) != 4 {
		t.Errorf("a model of 4 runs touches %v", runs)
	}
}

// The run that others repeat keeps its executions as long as one of those is
// kept, and they go when the last one has gone.
func TestForgetSparesWhatIsRepeated(t *testing.T) {
	db, c := lineagetest.New(t)
	ctx := t.Context()
	root := lineagetest.Chain(t, db, "p", "data", "fit")
	var last string
	for range 3 {
		c.Advance(time.Hour)
		last = repeat(t, db, root)
	}
	c.Advance(100 * 24 * time.Hour)
	plan, done := lineagetest.Clean(t, db, clean.Retention{Runs: 1})
	if len(plan.Runs) != 3 || plan.Kept != 1 || done.Runs != 2 || done.Executions != 0 || len(plan.Artifacts) != 0 {
		t.Errorf("forgot %+v, planned %+v", done, plan)
	}
	if list, err := db.Executions(ctx, last); err != nil || len(list) != 2 || list[0].Outputs[0].ID != lineagetest.ID("data") {
		t.Errorf("the run that is left has %+v, %v", list, err)
	}
	if run := repeat(t, db, root); run != "" {
		t.Error("a forgotten run was repeated")
	}
	c.Advance(time.Hour)
	lineagetest.Chain(t, db, "p", "other data", "other fit")
	_, done = lineagetest.Clean(t, db, clean.Retention{Runs: 1})
	if done.Runs != 2 || done.Executions != 2 {
		t.Errorf("forgot %+v, want both old runs with the 2 executions", done)
	}
	list, err := db.Runs(ctx, lineage.RunFilter{})
	if err != nil || len(list) != 1 {
		t.Errorf("runs %+v, %v", list, err)
	}
}

// A run may repeat another while what that one has made is being cleaned up:
// either it is too late, or nothing it has is deleted.
func TestRepeatDuringCleanUp(t *testing.T) {
	db, c := lineagetest.New(t)
	ctx := t.Context()
	root := lineagetest.Chain(t, db, "p", "data", "fit")
	c.Advance(100 * 24 * time.Hour)
	lineagetest.Chain(t, db, "p", "new data", "new fit")
	plan, err := clean.Choose(ctx, db, clean.Retention{Runs: 1})
	if err != nil {
		t.Fatal(err)
	}
	run := repeat(t, db, root)
	if run == "" {
		t.Fatal("nothing is forgotten yet, and the run cannot be repeated")
	}
	done, err := clean.Forget(ctx, db, plan)
	if err != nil || done.Executions != 0 || done.Waiting != 2 {
		t.Errorf("forgot %+v, %v", done, err)
	}
	if list, err := db.Executions(ctx, run); err != nil || len(list) != 2 {
		t.Errorf("the repetition has %+v, %v", list, err)
	}
	if again := repeat(t, db, root); again != "" {
		t.Error("a run that is on its way out was repeated")
	}
	// The next plan knows of the repetition, which is the newest run: what it
	// repeats is spared, and the run before it goes.
	if _, done := lineagetest.Clean(t, db, clean.Retention{Runs: 1}); done.Waiting != 0 || done.Executions != 2 {
		t.Errorf("then forgot %+v", done)
	}
	if list, err := db.Executions(ctx, run); err != nil || len(list) != 2 {
		t.Errorf("the repetition has %+v, %v", list, err)
	}
}

// A repetition is exported with the run that it repeats.
func TestSliceOfARepetition(t *testing.T) {
	db, c := lineagetest.New(t)
	ctx := t.Context()
	root := lineagetest.Begin(t, db, "penguins")
	lineagetest.Record(t, db, lineagetest.Penguins(root)...)
	lineagetest.Finish(t, db, root)
	c.Advance(time.Hour)
	run := repeat(t, db, root)
	s, err := slice.Take(ctx, db, run)
	if err != nil {
		t.Fatal(err)
	}
	other, _ := lineagetest.New(t)
	if _, err := slice.Import(ctx, other, s, "x.tar"); err != nil {
		t.Fatal(err)
	}
	want, err := db.Executions(ctx, run)
	if err != nil {
		t.Fatal(err)
	}
	got, err := other.Executions(ctx, run)
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range [][]lineage.Execution{got, want} {
		for i := range list {
			list[i].ID, list[i].CachedFrom = 0, 0
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("imported (-want +got):\n%s", diff)
	}
}

// A process that only repeats a run needs the connection that opening the
// database has made, and no other: for each one SQLite reads the whole schema.
func TestRepetitionNeedsOneConnection(t *testing.T) {
	db, c := lineagetest.New(t)
	run := lineagetest.Begin(t, db, "penguins")
	lineagetest.Record(t, db, lineagetest.Penguins(run)...)
	lineagetest.Finish(t, db, run)
	if repeat(t, db, run) == "" {
		t.Fatal("the run cannot be repeated")
	}
	fresh := lineagetest.Open(t, db.Path(), c)
	memo, err := fresh.Recall(t.Context(), lineagetest.ID("given"))
	if err != nil || memo == nil {
		t.Fatalf("recall: %v, %v", memo, err)
	}
	same, err := fresh.Repeat(t.Context(), memo, lineage.Run{Trigger: "manual"}, func() bool { return true })
	if err != nil || same == nil {
		t.Fatalf("repeat: %v, %v", same, err)
	}
	if n := fresh.Reader().Stats().OpenConnections; n != 0 {
		t.Errorf("%d connections for reading were opened", n)
	}
}
