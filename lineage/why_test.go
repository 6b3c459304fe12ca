package lineage_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/lineage/lineagetest"
)

func TestEarlier(t *testing.T) {
	db, _ := lineagetest.New(t)
	run := func(status lineage.Status, key string, parts ...artifacts.KeyPart) (string, int64) {
		t.Helper()
		id := lineagetest.Begin(t, db, "p")
		e := lineage.Execution{RunID: id, Stage: "s", Kind: "k", Status: status, KeyParts: parts}
		if key != "" {
			e.Key = lineagetest.Key(key)
		}
		if status == lineage.Cached {
			hit, err := db.Lookup(t.Context(), lineagetest.Key(key))
			if err != nil || hit == nil {
				t.Fatal(hit, err)
			}
			e = lineage.Execution{RunID: id, Stage: "s", Kind: "k", Status: lineage.Cached, CachedFrom: hit.ExecutionID}
		}
		lineagetest.Record(t, db, e)
		list, err := db.Executions(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return id, list[0].ID
	}
	first, a := run(lineage.Succeeded, "one", artifacts.KeyPart{Name: "kind", Value: "k"})
	second, b := run(lineage.Failed, "two", artifacts.KeyPart{Name: "kind", Value: "k2"})
	third, cached := run(lineage.Cached, "one")
	unread, _ := run(lineage.Failed, "")
	for _, q := range []struct {
		before string
		want   *lineage.Earlier
	}{
		{first, nil},
		{second, &lineage.Earlier{Execution: a, RunID: first, Status: lineage.Succeeded}},
		{third, &lineage.Earlier{Execution: b, RunID: second, Status: lineage.Failed}},
		{unread, &lineage.Earlier{Execution: cached, RunID: third, Status: lineage.Cached}},
		{"", &lineage.Earlier{Execution: cached, RunID: third, Status: lineage.Cached}},
	} {
		got, err := db.Earlier(t.Context(), "p", "s", q.before)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(q.want, got); diff != "" {
			t.Errorf("before %s: %s", q.before, diff)
		}
	}
	for _, other := range [][2]string{{"p", "t"}, {"q", "s"}} {
		if got, err := db.Earlier(t.Context(), other[0], other[1], ""); got != nil || err != nil {
			t.Errorf("%v: %v, %v", other, got, err)
		}
	}
	if got, err := db.InRun(t.Context(), third, "s"); err != nil || got == nil || got.Execution != cached {
		t.Errorf("in the third run: %+v, %v", got, err)
	}
	if got, err := db.InRun(t.Context(), unread, "s"); err != nil || got != nil {
		t.Errorf("in a run without a key: %+v, %v", got, err)
	}
}

// The changes are exactly what leads from one list of parts to the other.
func TestChangedPartsIsExact(t *testing.T) {
	names := []string{"kind", "config", "input.a", "input.b", "seed", "engine"}
	parts := rapid.Custom(func(t *rapid.T) []artifacts.KeyPart {
		var list []artifacts.KeyPart
		for _, n := range names {
			if v := rapid.SampledFrom([]string{"absent", "", "x", "y"}).Draw(t, n); v != "absent" {
				list = append(list, artifacts.KeyPart{Name: n, Value: v})
			}
		}
		return list
	})
	rapid.Check(t, func(t *rapid.T) {
		old, new := parts.Draw(t, "old"), parts.Draw(t, "new")
		values := map[string]string{}
		for _, p := range old {
			values[p.Name] = p.Value
		}
		changes := lineage.ChangedParts(old, new)
		for _, c := range changes {
			was, ok := values[c.Name]
			if ok == c.Added || was != c.Old || !c.Added && !c.Removed && c.Old == c.New {
				t.Fatalf("%+v does not fit %v", c, old)
			}
			if c.Removed {
				delete(values, c.Name)
			} else {
				values[c.Name] = c.New
			}
		}
		var got []artifacts.KeyPart
		for _, n := range names {
			if v, ok := values[n]; ok {
				got = append(got, artifacts.KeyPart{Name: n, Value: v})
			}
		}
		if diff := cmp.Diff(new, got); diff != "" {
			t.Fatalf("%v leads elsewhere: %s", changes, diff)
		}
		if n := len(lineage.SharedParts(old, new)); n+len(changes) != len(new)+len(slices.DeleteFunc(slices.Clone(old), func(p artifacts.KeyPart) bool {
			return slices.ContainsFunc(new, func(q artifacts.KeyPart) bool { return q.Name == p.Name })
		})) {
			t.Fatalf("%d parts are shared, %d changed", n, len(changes))
		}
	})
}
