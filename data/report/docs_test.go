package report_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// Each member that a page can have is described in docs/report.md.
func TestMembersAreDescribed(t *testing.T) {
	text, err := os.ReadFile("../../docs/report.md")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for i, word := range strings.Split(string(text), "`") {
		if i%2 == 1 {
			known[word] = true
		}
	}
	var page any
	if err := json.Unmarshal(document(t, whole("A name")), &page); err != nil {
		t.Fatal(err)
	}
	members := map[string]bool{}
	collect(page, members)
	for m := range members {
		if !known[m] {
			t.Errorf("docs/report.md does not describe %q", m)
		}
	}
	if len(members) < 50 {
		t.Errorf("only %d members were looked for", len(members))
	}
}

// collect adds the names of all members of a JSON value.
func collect(v any, members map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			members[name] = true
			collect(inner, members)
		}
	case []any:
		for _, inner := range v {
			collect(inner, members)
		}
	}
}
