package settings_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pipe/pipeline/settings"
)

func TestChanges(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{`{"a":1}`, `{"a":1}`, ``},
		{`{"optimizer":{"adam":{"rate":0.01}},"epochs":100}`, `{"optimizer":{"adam":{"rate":0.003}},"epochs":50}`,
			"epochs: 100 -> 50\noptimizer.adam.rate: 0.01 -> 0.003"},
		{`{"parts":[["train",0.7],["test",0.3]]}`, `{"parts":[["train",0.8],["test",0.2]]}`,
			"parts.test: 0.3 -> 0.2\nparts.train: 0.7 -> 0.8"},
		{`{"parts":[["a",1],["b",2]]}`, `{"parts":[["b",2],["a",1]]}`,
			"parts[0][0]: \"a\" -> \"b\"\nparts[0][1]: 1 -> 2\nparts[1][0]: \"b\" -> \"a\"\nparts[1][1]: 2 -> 1"},
		{`{"fill":["!!int","5"]}`, `{"fill":["!!int","6"]}`, "fill: 5 -> 6"},
		{`{"fill":["!!int","5"]}`, `{"fill":["!!str","5"]}`, `fill: 5 -> "5"`},
		{`{"m":null}`, `{"m":[]}`, "m: null -> []"},
		{`broken`, `{}`, "broken -> {}"},
	} {
		var lines []string
		for _, l := range settings.Changes(c.old, c.new) {
			lines = append(lines, l.String())
		}
		if diff := cmp.Diff(c.want, strings.Join(lines, "\n")); diff != "" {
			t.Errorf("%s, %s: %s", c.old, c.new, diff)
		}
	}
}

// No difference goes unseen, whatever the canonical texts look like.
func TestChangesSeesEverything(t *testing.T) {
	word := rapid.SampledFrom([]string{`"a"`, `"b"`, `"!!str"`, `"!!int"`, `"1"`, `1`, `2`, `null`, `[]`, `{}`})
	var value func(depth int) *rapid.Generator[string]
	value = func(depth int) *rapid.Generator[string] {
		if depth == 0 {
			return word
		}
		list := rapid.Map(rapid.SliceOfN(value(depth-1), 0, 3), func(l []string) string { return "[" + strings.Join(l, ",") + "]" })
		object := rapid.Map(value(depth-1), func(v string) string { return `{"k":` + v + "}" })
		return rapid.OneOf(word, list, object)
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := value(4).Draw(t, "a"), value(4).Draw(t, "b")
		if got := settings.Changes(a, b); (len(got) == 0) != (a == b) {
			t.Fatalf("%s and %s: %v", a, b, got)
		}
	})
}
