package replay

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

const aJoin = `{"join":{"right":"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff","on":[{"left":"a","right":"b"}],"multiple":"error","columns":[{"left":"c","right":"d"}],"types":{"b":"string","d":"int64"}}}`

func list(t *testing.T, texts ...string) []*Step {
	t.Helper()
	s := new(Steps)
	for _, text := range texts {
		s.Steps = append(s.Steps, json.RawMessage(text))
	}
	steps, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	for i, step := range steps {
		if again, err := step.JSON(); err != nil || string(again) != texts[i] {
			t.Errorf("%s is written as %s, %v", texts[i], again, err)
		}
	}
	return steps
}

// Steps that nobody could have written are damage.
func TestDamagedSteps(t *testing.T) {
	list(t, aJoin)
	for _, c := range []struct{ old, new, want string }{
		{"00112233", "0011223", "no table"},
		{`"left":"a"`, `"left":7`, "cannot unmarshal"},
		{`"error"`, `"all"`, `unknown matches "all"`},
		{`[{"left":"c","right":"d"}]`, `[]`, "no columns"},
		{`{"left":"c","right":"d"}`, `{"left":"c","right":"d"},{"left":"c","right":"e"}`, `two columns "c"`},
		{`"on"`, `"off"`, "unknown field"},
		{`}}}`, `}},"filter":{"where":"a"}}`, "either"},
	} {
		text := strings.Replace(aJoin, c.old, c.new, 1)
		if _, err := (&Steps{Steps: []json.RawMessage{json.RawMessage(text)}}).List(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", text, err, c.want)
		}
	}
}

// What columns need is found from the last step to the first.
func TestNeedsOfColumns(t *testing.T) {
	steps := list(t, `{"columns":{"a":"lower(x)","z":"a"}}`, aJoin, `{"columns":{"e":"c + y"}}`)
	for _, c := range []struct {
		wanted, has, read string
		needs, taken      string
		joins             int
	}{
		{"e", "", "", "x y", "", 1},
		{"e y", "x y", "x y", "x y", "", 1},
		{"z", "", "", "x", "", 0},
		{"e", "c y", "x y", "c y", "c", 0},
		{"e", "c x y", "c x y", "x y", "", 1}, // another column of this name was read
	} {
		in := func(names string) func(string) bool {
			return func(name string) bool { return strings.Contains(" "+names+" ", " "+name+" ") }
		}
		p := NewPart(steps, strings.Fields(c.wanted), &Given{Has: in(c.has), Read: in(c.read)})
		if needs, taken := strings.Join(p.Needs(), " "), strings.Join(p.Taken(), " "); needs != c.needs || taken != c.taken || len(p.Joins()) != c.joins {
			t.Errorf("%s of %s: needs %q, takes %q, joins %d; want %q, %q, %d", c.wanted, c.has, needs, taken, len(p.Joins()), c.needs, c.taken, c.joins)
		}
	}
}

func TestStepsThatAreLeft(t *testing.T) {
	const a, b, f = `{"columns":{"a":"1"}}`, `{"columns":{"b":"2"}}`, `{"filter":{"where":"a > 1"}}`
	later := strings.Replace(aJoin, "00112233", "ffffffff", 1)
	for _, c := range []struct {
		through, steps string
		left           int // -1: other steps
	}{
		{"", a + "|" + aJoin, 2},
		{a, a + "|" + aJoin, 1},
		{a + "|" + later, a + "|" + aJoin, 0},
		{aJoin + "|" + a, a + "|" + aJoin, -1},
		{a + "|" + b, a, -1},
		{a + "|" + f, a + "|" + b, 1},
		{a + "|" + b, a + "|" + f + "|" + b + "|" + f, 1},
	} {
		split := func(text string) []*Step {
			if text == "" {
				return nil
			}
			return list(t, strings.Split(text, "|")...)
		}
		left, ok := Left(split(c.through), split(c.steps))
		if ok != (c.left >= 0) || ok && len(left) != c.left {
			t.Errorf("%s of %s: %d are left, %v, want %d", c.through, c.steps, len(left), ok, c.left)
		}
	}
}

// Of what something is computed is known through names and steps.
func TestPartComputes(t *testing.T) {
	steps := list(t, `{"columns":{"x":"a + 1","same":"b"},"rename":{"c":"d"}}`, `{"columns":{"y":"d * 2"}}`, strings.ReplaceAll(aJoin, `"a"`, `"same"`))
	for _, c := range []struct {
		wanted, needs string
		computes      bool
	}{
		{"x", "a", true}, {"y", "c", true}, {"d", "c", false}, {"e", "e", false}, {"same", "b", true}, {"c", "b", true},
	} {
		p := NewPart(steps, []string{c.wanted}, nil)
		if needs := p.Needs(); len(needs) != 1 || needs[0] != c.needs || p.Computes(c.needs) != c.computes {
			t.Errorf("%s needs %q, computes: %v; want %q, %v", c.wanted, needs, p.Computes(c.needs), c.needs, c.computes)
		}
	}
}

const aWindow = `{"window":{"framing":{"by":["shop"],"time":"day","step":"1d","gaps":"error","frames":[{"name":"x_lag_1","view":"shift","columns":["x"],"steps":-1},{"name":"y_h1","view":"shift","columns":["y"],"steps":1},{"name":"year_sin_1","view":"sine","period":"1y","harmonic":1}]}}}`

// A window needs the columns of what is wanted of it, and no target that is not.
func TestNeedsOfWindows(t *testing.T) {
	steps := list(t, `{"columns":{"x":"log(z)"}}`, `{"filter":{"where":"w > 0"}}`, aWindow, `{"columns":{"e":"x_lag_1 - x"}}`)
	for _, c := range []struct{ wanted, has, needs, taken string }{
		{"e", "day shop w x y z", "day shop w z", ""},
		{"y_h1", "day shop w y", "day shop w y", ""},
		{"year_sin_1", "day shop w", "day shop w", ""},
		{"z", "z", "z", ""},
		{"x_lag_1", "x_lag_1", "x_lag_1", "x_lag_1"},
	} {
		in := func(names string) func(string) bool {
			return func(name string) bool { return strings.Contains(" "+names+" ", " "+name+" ") }
		}
		p := NewPart(steps, strings.Fields(c.wanted), &Given{Has: in(c.has), Read: in("day shop w y z")})
		if needs, taken := strings.Join(p.Needs(), " "), strings.Join(p.Taken(), " "); needs != c.needs || taken != c.taken {
			t.Errorf("%s: needs %q, takes %q; want %q, %q", c.wanted, needs, taken, c.needs, c.taken)
		}
	}
	// A filter of what later rows say is not counted: the newest rows are to be scored.
	behind := append(steps, list(t, `{"filter":{"where":"y_h1 > 0"}}`)...)
	raw := func(name string) bool { return slices.Contains(strings.Fields("day shop w x y z"), name) }
	if needs := strings.Join(NewPart(behind, []string{"e"}, &Given{Has: raw, Read: raw}).Needs(), " "); needs != "day shop w z" {
		t.Errorf("a count needs %q", needs)
	}
	for _, c := range []struct{ old, new, want string }{
		{`"gaps":"error"`, `"gaps":"none"`, `unknown gaps "none"`},
		{`"steps":-1`, `"steps":-9000000`, "it shifts no column"},
		{`"steps":-1`, `"steps":0`, "it shifts no column"},
		{`"view":"sine"`, `"view":"tangent"`, `unknown view "tangent"`},
		{`"harmonic":1`, `"harmonic":0`, "it is no wave"},
		{`"y_h1"`, `"x_lag_1"`, `two columns would be named "x_lag_1"`},
		{`"time"`, `"times"`, "unknown field"},
	} {
		text := strings.Replace(aWindow, c.old, c.new, 1)
		if _, err := (&Steps{Steps: []json.RawMessage{json.RawMessage(text)}}).List(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", text, err, c.want)
		}
	}
}
