package derive

import (
	"testing"

	"pipe/pipeline/settings"
)

// TestReplayComputes: of what something is computed is known through names and steps.
func TestReplayComputes(t *testing.T) {
	var steps []*Columns
	for _, text := range []string{
		`{"columns": {"x": "a + 1", "same": "b"}, "rename": {"c": "d"}}`,
		`{"columns": {"y": "d * 2"}}`,
	} {
		s := new(Columns)
		if err := settings.FromJSON([]byte(text), s); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, s)
	}
	for _, c := range []struct {
		wanted, needs string
		computes      bool
	}{
		{"x", "a", true}, {"y", "c", true}, {"d", "c", false}, {"e", "e", false},
	} {
		r := NewReplay(steps, []string{c.wanted})
		if needs := r.Needs(); len(needs) != 1 || needs[0] != c.needs || r.Computes(c.needs) != c.computes {
			t.Errorf("%s needs %q, computes: %v; want %q, %v", c.wanted, needs, r.Computes(c.needs), c.needs, c.computes)
		}
	}
}
