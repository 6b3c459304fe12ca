package registry_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/lineage/lineagetest"
	"pipe/lineage/registry"
)

// labels says which model has which label at a time.
func labels(t testing.TB, db *lineage.DB, at time.Time) map[string]artifacts.ID {
	t.Helper()
	list, err := registry.Labels(t.Context(), db, at)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]artifacts.ID{}
	for _, s := range list {
		got[s.Pipeline+"@"+s.Label] = s.Model
	}
	return got
}

func TestPromoteAndRetire(t *testing.T) {
	db, c := lineagetest.New(t)
	first, _ := lineagetest.TwoRuns(t, db, c)
	before := c.Now()
	c.Advance(time.Hour)
	done, err := registry.Promote(t.Context(), db, registry.Promotion{Model: lineagetest.ID("model"), Pipeline: "penguins", Label: "production", RunID: first, Actor: "ada", Reason: "it is good"})
	if err != nil {
		t.Fatal(err)
	}
	want := registry.Event{ID: 1, Time: c.Now(), Pipeline: "penguins", Label: "production", Event: registry.EventPromoted, Model: lineagetest.ID("model"),
		DecidedBy: registry.ByUser, Actor: "ada", RunID: first, Stage: "score", Metrics: map[string]float64{"accuracy": 0.96875, "f1": 0.9375},
		Classes: map[string]string{"f1": "failed"}, MeasuredOn: map[string]string{"data": lineagetest.ID("table").String()}, Note: "it is good"}
	if diff := cmp.Diff(registry.Decision{Outcome: registry.Promoted, Event: want}, done); diff != "" {
		t.Errorf("promotion (-want +got):\n%s", diff)
	}
	want.Checks = []registry.Check{}
	if again, err := registry.Promote(t.Context(), db, registry.Promotion{Model: lineagetest.ID("model"), Pipeline: "penguins", Label: "production"}); err != nil || again.Outcome != registry.Holds || !cmp.Equal(again.Event, want) {
		t.Errorf("a second time: %+v, %v", again, err)
	}
	for _, ref := range []string{"penguins@production", "penguins@production/model"} {
		if got, err := db.Resolve(t.Context(), ref); err != nil || got.RunID != first || !strings.Contains(ref, "/") && got.Artifact != lineagetest.ID("model") {
			t.Errorf("%s is %+v, %v", ref, got, err)
		}
	}
	c.Advance(time.Hour)
	if _, err := registry.Retire(t.Context(), db, "penguins", "production", "ada", "it drifts"); err != nil {
		t.Fatal(err)
	}
	var none *lineage.RefError
	for _, call := range []func() error{
		func() error { _, err := registry.Retire(t.Context(), db, "penguins", "production", "", ""); return err },
		func() error { _, err := db.Resolve(t.Context(), "penguins@production"); return err },
		func() error { _, err := db.RunByRef(t.Context(), "penguins@production"); return err },
	} {
		if err := call(); !errors.As(err, &none) || !strings.Contains(none.Hint(), "pipe promote") {
			t.Errorf("error is %v", err)
		}
	}
	for at, want := range map[time.Time]int{before: 0, before.Add(time.Hour): 1, before.Add(2*time.Hour - 1): 1, before.Add(2 * time.Hour): 0, {}: 0} {
		if got := labels(t, db, at); len(got) != want {
			t.Errorf("at %s: %v, want %d", at, got, want)
		}
	}
	if _, err := registry.Promote(t.Context(), db, registry.Promotion{Model: lineagetest.ID("report"), Pipeline: "penguins", Label: "production"}); !errors.As(err, &none) {
		t.Errorf("a report is promoted: %v", err)
	}
}

// Whoever has the file can read the history, and nobody can change it.
func TestModelEventsAreAppendOnly(t *testing.T) {
	db, _ := lineagetest.New(t)
	lineagetest.Chain(t, db, "p", "data", "fit 1")
	lineagetest.Promote(t, db, "fit 1", "production")
	for _, query := range []string{
		"DELETE FROM model_events",
		"UPDATE model_events SET note = 'another'",
		"INSERT OR REPLACE INTO model_events SELECT * FROM model_events",
		"REPLACE INTO model_events SELECT * FROM model_events",
	} {
		err := db.Update(t.Context(), lineage.Relaxed, "test", func(t *lineage.Tx) error {
			_, err := t.Exec(query)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: error is %v", query, err)
		}
	}
}

// asOfVersion makes a database as pipe made it then.
func asOfVersion(t *testing.T, path string, version int) {
	t.Helper()
	files, err := filepath.Glob("../migrations/*.sql")
	if err != nil || len(files) < version {
		t.Fatal(files, err)
	}
	for _, file := range files[:version] {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lineagetest.Change(t, path, string(text))
	}
	lineagetest.Change(t, path, fmt.Sprintf("PRAGMA user_version = %d; PRAGMA application_id = 1885958245;", version))
}

// What pipe has measured before metrics had goals has them now; of what commands
// have measured nobody knows.
func TestMigrateGoals(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lineage.db")
	asOfVersion(t, path, 9)
	lineagetest.Change(t, path, `
		INSERT INTO pipelines VALUES (1, 'p', 'p.yaml', '', '', '2026-01-01T00:00:00.000Z');
		INSERT INTO environments VALUES (1, '', '', '', '', '', 1, '', '{}');
		INSERT INTO runs (id, pipeline, pipeline_id, environment_id, status, trigger, seed, stages, started_at, finished_at, hostname, boot_id, pid, pid_start, pid_namespace, heartbeat_at)
		VALUES ('r', 'p', 1, 1, 'succeeded', 'manual', '0', 1, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', '', '', 1, 1, '', '');
		INSERT INTO executions (id, run_id, stage, attempt, kind, kind_version, status, reason, started_at, finished_at)
		SELECT value, 'r', 's' || value, 1, iif(value = 1, 'evaluate', iif(value = 2, 'train', 'exec')), 1, 'succeeded', '', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'
		FROM json_each('[1, 2, 3]');
		INSERT INTO metrics SELECT 1, value, 1 FROM json_each('["rmse", "outside.mae", "f1[a.b]", "train.recall[rmse]", "r2", "later"]');
		INSERT INTO metrics SELECT 2, value, 1 FROM json_each('["validation.loss", "train.accuracy", "best_epoch"]');
		INSERT INTO metrics SELECT 3, value, 1 FROM json_each('["rmse", "accuracy"]');`)
	db := lineagetest.Open(t, path, lineagetest.NewClock())
	rows, err := db.Query(t.Context(), "SELECT group_concat(name || ' ' || coalesce(goal, '-'), ', ') FROM (SELECT * FROM metrics ORDER BY execution_id, name)", 0)
	if err != nil {
		t.Fatal(err)
	}
	want := "f1[a.b] up, later -, outside.mae down, r2 up, rmse down, train.recall[rmse] up, best_epoch -, train.accuracy up, validation.loss down, accuracy -, rmse -"
	if got := rows.Rows[0][0]; got != want {
		t.Errorf("goals: %s\nwant   %s", got, want)
	}
}

// A database of the version before keeps what somebody has written into it.
func TestMigratePromotions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lineage.db")
	asOfVersion(t, path, 6)
	lineagetest.Change(t, path, `INSERT INTO pipelines VALUES (1, 'p', 'p.yaml', '', '', '2026-01-01T00:00:00.000Z');
		INSERT INTO environments VALUES (1, '', '', '', '', '', 1, '', '{}');
		INSERT INTO runs (id, pipeline, pipeline_id, environment_id, status, trigger, seed, stages, started_at, finished_at, hostname, boot_id, pid, pid_start, pid_namespace, heartbeat_at)
		VALUES ('r', 'p', 1, 1, 'succeeded', 'manual', '0', 1, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', '', '', 1, 1, '', '');
		INSERT INTO executions (id, run_id, stage, attempt, kind, kind_version, status, reason, started_at, finished_at)
		VALUES (1, 'r', 'fit', 1, 'fit', 1, 'succeeded', '', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z');
		INSERT INTO artifacts VALUES (1, '`+lineagetest.ID("m").String()+`', 1, '2026-01-01T00:00:00.000Z');
		INSERT INTO models VALUES (1, 1, 1, 'out', 'p', 'fit', '2026-01-01T00:00:00.000Z');
		INSERT INTO model_events VALUES (1, 1, '2026-01-02T00:00:00.000Z', 'promoted', 'production', 'by hand');`)
	db := lineagetest.Open(t, path, lineagetest.NewClock())
	if got := labels(t, db, time.Time{}); got["p@production"] != lineagetest.ID("m") {
		t.Errorf("labels %v", got)
	}
	events, err := registry.Events(t.Context(), db, registry.EventFilter{Pipeline: "p", Label: "production"})
	if err != nil || len(events) != 1 || events[0].Note != "by hand" || events[0].DecidedBy != registry.ByUser {
		t.Errorf("history %+v, %v", events, err)
	}
}

// Processes that promote at once leave one chain: each takes the label from
// the one before.
func TestPromoteTogether(t *testing.T) {
	db, _ := lineagetest.New(t)
	const models = 6
	for i := range models {
		lineagetest.Chain(t, db, "p", "data", fmt.Sprint("fit ", i))
	}
	var wg sync.WaitGroup
	for i := range models {
		other := lineagetest.Open(t, db.Path(), lineagetest.NewClock())
		wg.Go(func() {
			if _, err := registry.Promote(t.Context(), other, registry.Promotion{Model: lineagetest.ID(fmt.Sprint("fit ", i)), Pipeline: "p", Label: "production"}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	events, err := registry.Events(t.Context(), db, registry.EventFilter{})
	if err != nil || len(events) != models {
		t.Fatal(events, err)
	}
	var last artifacts.ID
	for _, ev := range events {
		if ev.Previous != last {
			t.Errorf("event %d takes the label from %s, and %s had it", ev.ID, ev.Previous.Short(), last.Short())
		}
		last = ev.Model
	}
	if got := labels(t, db, time.Time{}); got["p@production"] != last {
		t.Errorf("labels %v, want %s", got, last)
	}
}

// What had which label at any time follows from the decisions until then,
// whatever the clock did, and no decision changes an earlier one.
func TestLabelsFollowFromDecisions(t *testing.T) {
	db, c := lineagetest.New(t)
	models := []string{"fit 0", "fit 1", "fit 2"}
	for _, name := range models {
		lineagetest.Chain(t, db, "p", "data", name)
	}
	type state = map[string]artifacts.ID
	now := state{}
	type change struct {
		at   time.Time
		then state
	}
	var history []change
	copyOf := func(s state) state {
		c := state{}
		for k, v := range s {
			c[k] = v
		}
		return c
	}
	var last time.Time
	old, err := registry.Events(t.Context(), db, registry.EventFilter{})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		for range rapid.IntRange(1, 6).Draw(rt, "decisions") {
			c.Advance(time.Duration(rapid.IntRange(-5000, 60000).Draw(rt, "milliseconds")) * time.Millisecond)
			pipeline := rapid.SampledFrom([]string{"p", "q"}).Draw(rt, "pipeline")
			label := rapid.SampledFrom([]string{"production", "staging"}).Draw(rt, "label")
			model := rapid.SampledFrom(models).Draw(rt, "model")
			key := pipeline + "@" + label
			var at time.Time
			switch rapid.SampledFrom([]string{"promote", "promote", "retire", "refuse"}).Draw(rt, "what") {
			case "promote":
				done, err := registry.Promote(t.Context(), db, registry.Promotion{Model: lineagetest.ID(model), Pipeline: pipeline, Label: label})
				if err != nil {
					rt.Fatal(err)
				}
				if held := now[key] == lineagetest.ID(model); held != (done.Outcome == registry.Holds) {
					rt.Fatalf("%s to %s: %s", model, key, done.Outcome)
				} else if held {
					continue
				}
				if done.Event.Previous != now[key] {
					rt.Fatalf("%s took %s from %s", model, key, done.Event.Previous)
				}
				now[key], at = lineagetest.ID(model), done.Event.Time
			case "retire":
				ev, err := registry.Retire(t.Context(), db, pipeline, label, "", "")
				if _, held := now[key]; held != (err == nil) {
					rt.Fatalf("retire %s: %v", key, err)
				} else if !held {
					continue
				}
				delete(now, key)
				at = ev.Time
			case "refuse":
				lineagetest.Refuse(t, db, model, label)
				continue
			}
			if at.Before(last) {
				rt.Fatalf("the time of a decision goes back from %s to %s", last, at)
			}
			last = at
			history = append(history, change{at, copyOf(now)})
		}
		if diff := cmp.Diff(now, labels(t, db, time.Time{})); diff != "" {
			rt.Fatalf("now (-want +got):\n%s", diff)
		}
		if len(history) > 0 {
			at := history[rapid.IntRange(0, len(history)-1).Draw(rt, "when")].at.Add(time.Duration(rapid.IntRange(-2, 2).Draw(rt, "off")) * time.Millisecond)
			want := state{}
			for _, h := range history {
				if !h.at.After(at) {
					want = h.then
				}
			}
			if diff := cmp.Diff(want, labels(t, db, at)); diff != "" {
				rt.Fatalf("at %s (-want +got):\n%s", at, diff)
			}
		}
		events, err := registry.Events(t.Context(), db, registry.EventFilter{})
		if err != nil || len(events) < len(old) || len(old) > 0 && !cmp.Equal(old, events[:len(old)]) {
			rt.Fatalf("the history was changed: %v", err)
		}
		old = events
	})
}
