package format_test

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipe/artifacts"
	"pipe/data/format"
	"pipe/data/table/tabletest"
)

// TestProfileIsKept: the second look finds what the first has made, to the byte.
func TestProfileIsKept(t *testing.T) {
	s, err := artifacts.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	many := make([]float64, 30_000)
	for i := range many {
		many[i] = math.Sin(float64(i)) / 3
	}
	for name, data := range map[string][]byte{
		"some": tabletest.Table(t, "n", []any{int64(1), nil, int64(math.MinInt64)}, "x", []float64{math.NaN(), math.Inf(1), 1. / 3},
			"s", []any{"ä\x00\u2028", nil, strings.Repeat("long", 100)}, "b", []bool{true, true, false}, "none", []any{nil, nil, nil}),
		"many": tabletest.Table(t, "x", many),
		"no":   tabletest.Table(t, "x", []float64{}),
	} {
		id, _ := put(t, s, string(data))
		var looks []string
		for range 2 {
			v, err := format.Profile(t.Context(), s, id)
			if err != nil {
				t.Fatal(err)
			}
			b, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			looks = append(looks, string(b))
			if s.Note("profile", id) == nil {
				t.Fatalf("%s: no profile was kept", name)
			}
		}
		if diff := cmp.Diff(looks[0], looks[1]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		view, err := format.Of("table").View(t.Context(), s, id, 2)
		if err != nil {
			t.Fatal(err)
		}
		if v := view.(*format.Table); int64(len(v.Head)) != min(2, v.Rows) {
			t.Errorf("%s: %d rows are shown", name, len(v.Head))
		}
	}
}

// TestForeignNotes: what cannot be the profile of the table is made again.
func TestForeignNotes(t *testing.T) {
	s, err := artifacts.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	id, _ := put(t, s, string(tabletest.Table(t, "x", []float64{1, 2, 3})))
	want, err := format.Profile(t.Context(), s, id)
	if err != nil {
		t.Fatal(err)
	}
	var now struct{ Version int }
	if err := json.Unmarshal(s.Note("profile", id), &now); err != nil {
		t.Fatal(err)
	}
	for _, note := range []string{
		``, `null`, `{}`, `{"version": 0, "rows": 3, "columns": []}`, `{"version": VERSION, "rows": -1, "columns": []}`,
		`{"version": VERSION, "rows": 3, "columns": [{"missing": 4}]}`, `{"version": 1, "rows": 3, "columns": [{"nan": -1}]}`,
		`{"version": VERSION, "rows": 3, "columns": [{"numbers": {"histogram": {}}}]}`,
		`{"version": VERSION, "rows": 3, "columns": [{"numbers": {"histogram": {"counts": [-9223372036854775808, 1]}}}]}`,
		`{"version": VERSION, "rows": 3, "columns": [{"top": [{"value": "a", "count": 4}]}]}`,
		`{"version": VERSION, "rows": 9223372036854775807, "columns": [{}]}`,
	} {
		note = strings.ReplaceAll(note, "VERSION", strconv.Itoa(now.Version))
		if err := s.SaveNote("profile", id, []byte(note)); err != nil {
			t.Fatal(err)
		}
		got, err := format.Profile(t.Context(), s, id)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", note, diff)
		}
	}
}
