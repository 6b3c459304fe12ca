package lineage

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipe/artifacts"
)

// measuredRun records a run that trains a model on some data and measures it.
func measuredRun(t *testing.T, db *DB, model, data string, accuracy float64) (runID string) {
	t.Helper()
	runID, err := db.BeginRun(t.Context(), Run{Pipeline: "p", File: "p.yaml", SpecID: aid("p"), SpecText: "p", Trigger: "manual", Stages: 2})
	if err != nil {
		t.Fatal(err)
	}
	work := fmt.Sprint(model, data)
	for _, e := range []Execution{
		{Stage: "model", Kind: "train", Key: akey(model), Outputs: []Output{{"model", "model", aid(model), 10}}},
		{Stage: "score", Kind: "evaluate", Key: akey(work), Metrics: []Metric{{Name: "accuracy", Value: accuracy, Goal: "up"}},
			Inputs: []Input{
				{Port: "data", Type: "dataset", ID: aid(data), Size: 5, FromStage: "data", FromPort: "out"},
				{Port: "model", Type: "model", ID: aid(model), Size: 10, FromStage: "model", FromPort: "model"},
			},
			Outputs: []Output{{"metrics", "metrics", aid("metrics of " + work), 10}}},
	} {
		e.RunID, e.Status = runID, Succeeded
		hit, err := db.Lookup(t.Context(), e.Key)
		if err != nil {
			t.Fatal(err)
		}
		if hit != nil {
			e.Status, e.CachedFrom = Cached, hit.ExecutionID
		}
		record(t, db, e)
	}
	return runID
}

// better is a gate for models that are better than the one in production.
func better(rule string) Gate {
	return Gate{Label: "production", Stage: "score", Rule: rule, Rival: "production", Judge: func(m Measured, r *Rival) ([]Check, string) {
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
		check := Check{Metric: "accuracy", Condition: "better than production", Value: &value, Limit: &limit,
			OtherData: r.Measured[0].DataOf("accuracy") != m.DataOf("accuracy"), Met: value > limit}
		return []Check{check}, fmt.Sprintf("%v against %v", value, limit)
	}}
}

func judged(t *testing.T, db *DB, runID string, g Gate) Decision {
	t.Helper()
	list, err := db.FinishRunWith(t.Context(), runID, Succeeded, "", []Gate{g})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	return list[0]
}

func TestGates(t *testing.T) {
	db, c := newTest(t)
	for i, step := range []struct {
		why         string
		model, data string
		accuracy    float64
		rule        string
		before      func()
		want        Outcome
		holder      string // afterwards
	}{
		{"nothing is in production", "a", "test", 0.9, "1", nil, Promoted, "a"},
		{"it is there already", "a", "test", 0.9, "1", nil, Holds, "a"},
		{"it is there, whatever the gate says", "a", "test", 0.9, "2", nil, Holds, "a"},
		{"it is no better", "b", "test", 0.9, "1", nil, Refused, "a"},
		{"that was decided", "b", "test", 0.9, "1", nil, Stands, "a"},
		{"another rule", "b", "test", 0.9, "2", nil, Refused, "a"},
		{"other data, where it is better", "b", "test 2", 0.95, "1", nil, Promoted, "b"},
		{"a user puts the old one back", "b", "test 2", 0.95, "1", func() { promote(t, db, "a", "production") }, Stands, "a"},
		{"also with another rule", "a", "test", 0.9, "3", nil, Holds, "a"},
		{"a better one comes", "c", "test", 0.97, "1", nil, Promoted, "c"},
		{"a user took it out", "c", "test", 0.97, "4", func() {
			if _, err := db.Retire(t.Context(), "p", "production", "", ""); err != nil {
				t.Fatal(err)
			}
		}, Stands, ""},
		{"none is there, so any is good", "d", "test", 0.1, "1", nil, Promoted, "d"},
	} {
		c.advance(time.Hour)
		run := measuredRun(t, db, step.model, step.data, step.accuracy)
		if step.before != nil {
			step.before()
		}
		done := judged(t, db, run, better(step.rule))
		got := labels(t, db, time.Time{})["p@production"]
		want := artifacts.ID{}
		if step.holder != "" {
			want = aid(step.holder)
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
	db, _ := newTest(t)
	run := measuredRun(t, db, "a", "test", 0.9)
	g := better("1")
	g.Stage = "model"
	if _, err := db.FinishRunWith(t.Context(), run, Succeeded, "", []Gate{better("1"), g}); err == nil {
		t.Error("a stage that measures nothing was judged")
	}
	if got, err := db.Run(t.Context(), run); err != nil || got.Status != Running {
		t.Errorf("the run is %+v, %v", got, err)
	}
	if got := labels(t, db, time.Time{}); len(got) != 0 {
		t.Errorf("labels %v", got)
	}
}

// When gc has deleted the evaluation of the rival, its promotion still says
// what was measured.
func TestRivalIsKnownFromItsPromotion(t *testing.T) {
	db, c := newTest(t)
	finish(t, db, measuredRun(t, db, "a", "test", 0.9))
	promote(t, db, "a", "production") // it is not said in which run
	c.advance(time.Hour)
	finish(t, db, measuredRun(t, db, "x", "test", 0.1))
	collectGarbage(t, db, Retention{Runs: 1})
	rows, err := db.Query(t.Context(), "SELECT count(*) FROM metrics WHERE value = 0.9", 0)
	if err != nil || !cmp.Equal(rows.Rows, [][]any{{int64(0)}}) {
		t.Fatal(rows, err)
	}
	if done := judged(t, db, measuredRun(t, db, "b", "test", 0.89), better("1")); done.Outcome != Refused || done.Event.Note != "0.89 against 0.9" {
		t.Errorf("%+v", done)
	}
}

// What measured a model that got a label stays with it, with its outputs.
func TestForgetKeepsWhatWasMeasured(t *testing.T) {
	db, c := newTest(t)
	judged(t, db, measuredRun(t, db, "a", "test", 0.9), better("1"))
	for _, accuracy := range []float64{0.1, 0.2} {
		c.advance(time.Hour)
		judged(t, db, measuredRun(t, db, fmt.Sprint(accuracy), "test", accuracy), better("1"))
	}
	plan, _ := collectGarbage(t, db, Retention{Runs: 1})
	want := map[string]bool{aid("0.1").Short(): true, aid("metrics of 0.1test").Short(): true}
	if diff := cmp.Diff(want, namesOf(plan.Artifacts)); diff != "" {
		t.Errorf("would delete (-want +got):\n%s", diff)
	}
}

func TestDataOf(t *testing.T) {
	m := Measured{On: map[string]string{"data": "D", "train": "T", "a.b": "AB"}}
	for metric, want := range map[string]string{"accuracy": "D", "train.accuracy": "T", "a.b.f1": "AB", "other.f1": "D", "recall[train.x]": "D", "train.recall[x.y]": "T"} {
		if got := m.DataOf(metric); got != want {
			t.Errorf("%s is measured on %s, want %s", metric, got, want)
		}
	}
	other := Measured{On: map[string]string{"x": "1"}}
	if other.DataOf("f1") == (&Measured{On: map[string]string{"x": "2"}}).DataOf("f1") {
		t.Error("other inputs are the same data")
	}
}

// Promotions travel with the model, as what was decided elsewhere.
func TestPromotionsTravel(t *testing.T) {
	db, c := newTest(t)
	run := measuredRun(t, db, "a", "test", 0.9)
	judged(t, db, run, better("1"))
	c.advance(time.Hour)
	if _, err := db.Retire(t.Context(), "p", "production", "ada", "it drifts"); err != nil {
		t.Fatal(err)
	}
	s, err := db.Slice(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	there, _ := newTest(t)
	for range 2 { // the second time nothing is new
		if _, err := there.Import(t.Context(), s, "a.tar"); err != nil {
			t.Fatal(err)
		}
	}
	events, err := there.ModelEvents(t.Context(), EventFilter{})
	if err != nil || len(events) != 2 || events[0].Event != EventPromoted || events[1].Note != "it drifts" || events[0].ImportedFrom != "a.tar" {
		t.Errorf("history %+v, %v", events, err)
	}
	if got := labels(t, there, time.Time{}); len(got) != 0 {
		t.Errorf("an import gives labels: %v", got)
	}
	// It is the same again from there, and back home nothing is new.
	again, err := there.Slice(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, again); diff != "" {
		t.Errorf("exported again (-want +got):\n%s", diff)
	}
	if _, err := db.Import(t.Context(), again, "b.tar"); err != nil {
		t.Fatal(err)
	}
	if events, err := db.ModelEvents(t.Context(), EventFilter{}); err != nil || len(events) != 2 || events[0].ImportedFrom != "" {
		t.Errorf("history at home %+v, %v", events, err)
	}
	// Rows that say what cannot be are refused.
	for column, value := range map[string]any{"model": "zz", "previous": "..", "decided_by": "nobody", "checks": "{", "metrics": "[]", "gate": "{", "time": "now"} {
		bad, err := db.Slice(t.Context(), run)
		if err != nil {
			t.Fatal(err)
		}
		last := &bad.Tables[len(bad.Tables)-1]
		last.Rows[0][slices.Index(last.Columns, column)] = value
		empty, _ := newTest(t)
		if _, err := empty.Import(t.Context(), bad, "bad.tar"); err == nil || !strings.Contains(err.Error(), "model_events") {
			t.Errorf("%s = %v: error is %v", column, value, err)
		}
	}
	// A bundle of an older pipe has no such rows.
	s.Schema = 6
	s.Tables = slices.DeleteFunc(s.Tables, func(t SliceTable) bool {
		return slices.ContainsFunc(sliceRules, func(r sliceRule) bool { return r.name == t.Name && r.since > s.Schema })
	})
	fresh, _ := newTest(t)
	if _, err := fresh.Import(t.Context(), s, "old.tar"); err != nil {
		t.Error(err)
	}
}
