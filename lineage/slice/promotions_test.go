package slice

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipe/lineage"
	"pipe/lineage/lineagetest"
	"pipe/lineage/registry"
)

func labels(t *testing.T, db *lineage.DB) []registry.Standing {
	t.Helper()
	list, err := registry.Labels(t.Context(), db, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// Promotions travel with the model, as what was decided elsewhere.
func TestPromotionsTravel(t *testing.T) {
	db, c := lineagetest.New(t)
	run := lineagetest.MeasuredRun(t, db, "a", "test", 0.9)
	lineagetest.Judge(t, db, run, lineagetest.Better("1"))
	c.Advance(time.Hour)
	if _, err := registry.Retire(t.Context(), db, "p", "production", "ada", "it drifts"); err != nil {
		t.Fatal(err)
	}
	s, err := Take(t.Context(), db, run)
	if err != nil {
		t.Fatal(err)
	}
	there, _ := lineagetest.New(t)
	for range 2 { // the second time nothing is new
		if _, err := Import(t.Context(), there, s, "a.tar"); err != nil {
			t.Fatal(err)
		}
	}
	events, err := registry.Events(t.Context(), there, registry.EventFilter{})
	if err != nil || len(events) != 2 || events[0].Event != registry.EventPromoted || events[1].Note != "it drifts" || events[0].ImportedFrom != "a.tar" {
		t.Errorf("history %+v, %v", events, err)
	}
	if got := labels(t, there); len(got) != 0 {
		t.Errorf("an import gives labels: %v", got)
	}
	// It is the same again from there, and back home nothing is new.
	again, err := Take(t.Context(), there, run)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, again); diff != "" {
		t.Errorf("exported again (-want +got):\n%s", diff)
	}
	if _, err := Import(t.Context(), db, again, "b.tar"); err != nil {
		t.Fatal(err)
	}
	if events, err := registry.Events(t.Context(), db, registry.EventFilter{}); err != nil || len(events) != 2 || events[0].ImportedFrom != "" {
		t.Errorf("history at home %+v, %v", events, err)
	}
	// Rows that say what cannot be are refused.
	for column, value := range map[string]any{"model": "zz", "previous": "..", "decided_by": "nobody", "checks": "{", "metrics": "[]", "gate": "{", "time": "now"} {
		bad, err := Take(t.Context(), db, run)
		if err != nil {
			t.Fatal(err)
		}
		last := &bad.Tables[len(bad.Tables)-1]
		last.Rows[0][slices.Index(last.Columns, column)] = value
		empty, _ := lineagetest.New(t)
		if _, err := Import(t.Context(), empty, bad, "bad.tar"); err == nil || !strings.Contains(err.Error(), "model_events") {
			t.Errorf("%s = %v: error is %v", column, value, err)
		}
	}
	// A bundle of an older pipe has no such rows.
	s.Schema = 6
	s.Tables = slices.DeleteFunc(s.Tables, func(t Table) bool {
		return slices.ContainsFunc(rules, func(r tableRule) bool { return r.name == t.Name && r.since > s.Schema })
	})
	fresh, _ := lineagetest.New(t)
	if _, err := Import(t.Context(), fresh, s, "old.tar"); err != nil {
		t.Error(err)
	}
}
