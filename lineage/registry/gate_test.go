package registry_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/lineage/clean"
	"pipe/lineage/lineagetest"
	"pipe/lineage/registry"
)

func TestGates(t *testing.T) {
	db, c := lineagetest.New(t)
	for i, step := range []struct {
		why         string
		model, data string
		accuracy    float64
		rule        string
		before      func()
		want        registry.Outcome
		holder      string // afterwards
	}{
		{"nothing is in production", "a", "test", 0.9, "1", nil, registry.Promoted, "a"},
		{"it is there already", "a", "test", 0.9, "1", nil, registry.Holds, "a"},
		{"it is there, whatever the gate says", "a", "test", 0.9, "2", nil, registry.Holds, "a"},
		{"it is no better", "b", "test", 0.9, "1", nil, registry.Refused, "a"},
		{"that was decided", "b", "test", 0.9, "1", nil, registry.Stands, "a"},
		{"another rule", "b", "test", 0.9, "2", nil, registry.Refused, "a"},
		{"other data, where it is better", "b", "test 2", 0.95, "1", nil, registry.Promoted, "b"},
		{"a user puts the old one back", "b", "test 2", 0.95, "1", func() { lineagetest.Promote(t, db, "a", "production") }, registry.Stands, "a"},
		{"also with another rule", "a", "test", 0.9, "3", nil, registry.Holds, "a"},
		{"a better one comes", "c", "test", 0.97, "1", nil, registry.Promoted, "c"},
		{"a user took it out", "c", "test", 0.97, "4", func() {
			if _, err := registry.Retire(t.Context(), db, "p", "production", "", ""); err != nil {
				t.Fatal(err)
			}
		}, registry.Stands, ""},
		{"none is there, so any is good", "d", "test", 0.1, "1", nil, registry.Promoted, "d"},
	} {
		c.Advance(time.Hour)
		run := lineagetest.MeasuredRun(t, db, step.model, step.data, step.accuracy)
		if step.before != nil {
			step.before()
		}
		done := lineagetest.Judge(t, db, run, lineagetest.Better(step.rule))
		got := labels(t, db, time.Time{})["p@production"]
		want := artifacts.ID{}
		if step.holder != "" {
			want = lineagetest.ID(step.holder)
		}
		if done.Outcome != step.want || got != want {
			t.Errorf("step %d, %s: %s, %q; then %s has the label, want %s", i, step.why, done.Outcome, done.Event.Note, got.Short(), want.Short())
		}
	}
	rows, err := db.Query(t.Context(), "SELECT event, note FROM model_events WHERE decided_by = 'gate' ORDER BY id", 0)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]any{{"promoted", "the first"}, {"refused", "0.9 against 0.9"}, {"refused", "0.9 against 0.9"}, {"promoted", "0.95 against 0.9"},
		{"promoted", "0.97 against 0.9"}, {"promoted", "the first"}}
	if diff := cmp.Diff(want, rows.Rows); diff != "" {
		t.Errorf("decisions (-want +got):\n%s", diff)
	}
}

// A gate that cannot be judged leaves the run as it is: both or none.
func TestGateIsJudgedWithTheEndOfTheRun(t *testing.T) {
	db, _ := lineagetest.New(t)
	run := lineagetest.MeasuredRun(t, db, "a", "test", 0.9)
	g := lineagetest.Better("1")
	g.Stage = "model"
	if _, err := registry.FinishRun(t.Context(), db, run, lineage.Succeeded, "", []registry.Gate{lineagetest.Better("1"), g}); err == nil {
		t.Error("a stage that measures nothing was judged")
	}
	if got, err := db.Run(t.Context(), run); err != nil || got.Status != lineage.Running {
		t.Errorf("the run is %+v, %v", got, err)
	}
	if got := labels(t, db, time.Time{}); len(got) != 0 {
		t.Errorf("labels %v", got)
	}
}

// When gc has deleted the evaluation of the rival, its promotion still says
// what was measured.
func TestRivalIsKnownFromItsPromotion(t *testing.T) {
	db, c := lineagetest.New(t)
	lineagetest.Finish(t, db, lineagetest.MeasuredRun(t, db, "a", "test", 0.9))
	lineagetest.Promote(t, db, "a", "production") // it is not said in which run
	c.Advance(time.Hour)
	lineagetest.Finish(t, db, lineagetest.MeasuredRun(t, db, "x", "test", 0.1))
	lineagetest.Clean(t, db, clean.Retention{Runs: 1})
	rows, err := db.Query(t.Context(), "SELECT count(*) FROM metrics WHERE value = 0.9", 0)
	if err != nil || !cmp.Equal(rows.Rows, [][]any{{int64(0)}}) {
		t.Fatal(rows, err)
	}
	if done := lineagetest.Judge(t, db, lineagetest.MeasuredRun(t, db, "b", "test", 0.89), lineagetest.Better("1")); done.Outcome != registry.Refused || done.Event.Note != "0.89 against 0.9" {
		t.Errorf("%+v", done)
	}
}

// What measured a model that got a label stays with it, with its outputs.
func TestForgetKeepsWhatWasMeasured(t *testing.T) {
	db, c := lineagetest.New(t)
	lineagetest.Judge(t, db, lineagetest.MeasuredRun(t, db, "a", "test", 0.9), lineagetest.Better("1"))
	for _, accuracy := range []float64{0.1, 0.2} {
		c.Advance(time.Hour)
		lineagetest.Judge(t, db, lineagetest.MeasuredRun(t, db, fmt.Sprint(accuracy), "test", accuracy), lineagetest.Better("1"))
	}
	plan, _ := lineagetest.Clean(t, db, clean.Retention{Runs: 1})
	want := map[string]bool{lineagetest.ID("0.1").Short(): true, lineagetest.ID("metrics of 0.1test").Short(): true}
	if diff := cmp.Diff(want, lineagetest.NamesOf(plan.Artifacts)); diff != "" {
		t.Errorf("would delete (-want +got):\n%s", diff)
	}
}

func TestDataOf(t *testing.T) {
	m := registry.Measured{On: map[string]string{"data": "D", "train": "T", "a.b": "AB"}}
	for metric, want := range map[string]string{"accuracy": "D", "train.accuracy": "T", "a.b.f1": "AB", "other.f1": "D", "recall[train.x]": "D", "train.recall[x.y]": "T"} {
		if got := m.DataOf(metric); got != want {
			t.Errorf("%s is measured on %s, want %s", metric, got, want)
		}
	}
	other := registry.Measured{On: map[string]string{"x": "1"}}
	if other.DataOf("f1") == (&registry.Measured{On: map[string]string{"x": "2"}}).DataOf("f1") {
		t.Error("other inputs are the same data")
	}
}
