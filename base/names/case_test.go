package names_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pipe/base/names"
)

func TestCases(t *testing.T) {
	for name, ok := range map[string]bool{
		"model":                                true,
		"model[seed=2]":                        true,
		"model[a=x,seed=1e-05]":                true,
		"model[rate=-0.5+1]":                   true,
		"model[seed=2,a=x]":                    false, // not in order
		"model[a=x, seed=2]":                   false,
		"model[a=x,a=y]":                       false,
		"model[]":                              false,
		"model[seed]":                          false,
		"model[seed=]":                         false,
		"model[=2]":                            false,
		"model[seed=2":                         false,
		"model[seed=2]x":                       false,
		"model]":                               false,
		"[seed=2]":                             false,
		"model[seed=.]":                        false,
		"model[seed=../../evil]":               false,
		"model[seed=a/b]":                      false,
		"model[seed=a\nb]":                     false,
		"model[s.d=1]":                         false,
		"../x[seed=2]":                         false,
		"m[a=" + strings.Repeat("x", 41) + "]": false,
		strings.Repeat("m", 100) + "[" + strings.Repeat("a", 100) + "=1]": false,
	} {
		if msg, _ := names.CheckStage(name); (msg == "") != ok {
			t.Errorf("CheckStage(%q) says %q, want that it is a name: %v", name, msg, ok)
		}
	}
	for ref, want := range map[string]string{
		"m[b=1,a=2].out": "m[a=2,b=1].out", "m[b=1, a=0.5]": "m[a=0.5,b=1]", "m.out": "m.out", "m[x].out": "m[x].out", "": "",
	} {
		if got := names.Canonical(ref); got != want {
			t.Errorf("Canonical(%q) = %q, want %q", ref, got, want)
		}
	}
	if got := names.Append("m[a=2]", "-test"); got != "m-test[a=2]" {
		t.Error(got)
	}
}

func TestSelect(t *testing.T) {
	stages := []string{"load", "m[a=1,b=x]", "m[a=2,b=x]", "m[a=2,b=y]", "n[a=1]"}
	for name, want := range map[string]string{
		"load": "load", "load[*]": "load", "m[a=2,b=y]": "m[a=2,b=y]", "m[b=y, a=2]": "m[a=2,b=y]", "m[a=2]": "m[a=2,b=x] m[a=2,b=y]",
		"m": "m[a=1,b=x] m[a=2,b=x] m[a=2,b=y]", "m[*]": "m[a=1,b=x] m[a=2,b=x] m[a=2,b=y]", "m[a=3]": "", "m[": "", "o": "", "load[a=1]": "",
	} {
		if got := strings.Join(names.Select(name, stages), " "); got != want {
			t.Errorf("%s selects %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{
		"m[a=3]": `stage "m" has no case a=3: 3 of [1 2]`, "m[c=3]": `stage "m" has no axis "c": c of [a b]`, "m[a=1,b=y]": `stage "m" has no case a=1,b=y:  of []`,
		"load[a=1]": "", "o[a=1]": "", "m": "", "m[": "",
	} {
		l, ok := names.Lacks(name, stages)
		if got := fmt.Sprintf("%s: %s of %v", l.Msg, l.Wrong, l.Valid); ok != (want != "") || ok && got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// A name that is one reads back as what it was made of.
func TestCaseReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.String().Draw(t, "name")
		if msg, _ := names.CheckStage(name); msg == "" {
			base, c, ok := names.SplitCase(name)
			if !ok || c.Of(base) != name || names.Canonical(name) != name {
				t.Errorf("%q reads back as %q", name, c.Of(base))
			}
		}
		values := map[string]string{}
		var parts []string
		for _, axis := range rapid.SliceOfNDistinct(rapid.StringMatching(`[A-Za-z0-9_][A-Za-z0-9_-]{0,8}`), 1, 5, rapid.ID).Draw(t, "axes") {
			values[axis] = rapid.StringMatching(`[A-Za-z0-9_+-][A-Za-z0-9_.+-]{0,8}`).Draw(t, axis)
			parts = append(parts, axis+"="+values[axis])
		}
		_, c, ok := names.SplitCase("m[" + strings.Join(parts, ",") + "]")
		if msg, _ := names.CheckStage(c.Of("m")); msg != "" || !ok || len(c) != len(values) {
			t.Errorf("%v is %q, which %s", parts, c.Of("m"), msg)
		}
		for axis, want := range values {
			if got, _ := c.Get(axis); got != want {
				t.Errorf("%s is %q, want %q", axis, got, want)
			}
		}
	})
}
