package jsondiff

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestChanges(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{`1`, `1`, ``},
		{`{"a":1,"b":2}`, `{"b":2,"a":1}`, ``},
		{`{"a":{"b":{"c":0.01}}}`, `{"a":{"b":{"c":0.003}}}`, `a.b.c: 0.01 -> 0.003`},
		{`{"a":[1,2,3]}`, `{"a":[1,5]}`, "a[1]: 2 -> 5\na[2]: 3 -> (none)"},
		{`{"two words":1}`, `{"x":{"b":"<"}}`, "[\"two words\"]: 1 -> (none)\nx: (none) -> {\"b\":\"<\"}"},
		{`[1]`, `{"a":1}`, `[1] -> {"a":1}`},
		{`null`, `[]`, `null -> []`},
		{`{"a":null}`, `{}`, `a: null -> (none)`},
		{`9007199254740993`, `9007199254740992`, `9007199254740993 -> 9007199254740992`},
	} {
		list, err := Bytes([]byte(c.old), []byte(c.new))
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, l := range list {
			lines = append(lines, l.String())
		}
		if diff := cmp.Diff(c.want, strings.Join(lines, "\n")); diff != "" {
			t.Errorf("%s, %s: %s", c.old, c.new, diff)
		}
	}
	for _, bad := range []string{``, `{`, `1 2`, `{"a":}`} {
		if _, err := Bytes([]byte(bad), []byte(`1`)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func value(depth int) *rapid.Generator[any] {
	leaf := rapid.OneOf(
		rapid.Map(rapid.IntRange(0, 3), func(n int) any { return json.Number(string(rune('0' + n))) }),
		rapid.Map(rapid.SampledFrom([]string{"", "a", "b"}), func(s string) any { return s }),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Just[any](nil))
	if depth == 0 {
		return leaf
	}
	return rapid.OneOf(leaf,
		rapid.Map(rapid.SliceOfN(value(depth-1), 0, 3), func(l []any) any { return append([]any{}, l...) }),
		rapid.Map(rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c d"}), value(depth-1), 0, 3), func(m map[string]any) any { return m }))
}

// There are changes exactly if the documents differ, and they are the same in
// both directions with old and new exchanged.
func TestChangesAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := value(3).Draw(t, "a"), value(3).Draw(t, "b")
		there, back := Values(a, b), Values(b, a)
		if (len(there) == 0) != cmp.Equal(a, b) {
			t.Fatalf("%v for %s and %s", there, text(a), text(b))
		}
		for i, c := range there {
			if c.Old == c.New || back[i] != (Change{c.Path, c.New, c.Old}) {
				t.Fatalf("%v and back %v", c, back[i])
			}
		}
	})
}
