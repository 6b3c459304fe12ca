package settings_test

import (
	"fmt"
	"strings"
	"testing"

	"pipe/pipeline/settings"
)

type named struct {
	On settings.Map[string] `yaml:"on" names:"true" max:"2"`
}

func (n *named) Validate() error {
	for _, e := range n.On {
		if e.Value == "bad" {
			return settings.FieldErrorf("on."+e.Key, "bad luck")
		}
	}
	return nil
}

// A mapping of names may be written as a list of names, or as one, and is the same
// thing then. Problems are reported at the name.
func TestNames(t *testing.T) {
	if err := settings.Check(new(named)); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"{}":                 `{"on":null}`,
		"on: a":              `{"on":[["a","a"]]}`,
		"on: [b, a]":         `{"on":[["b","b"],["a","a"]]}`,
		"on: {b: a, c: c}":   `{"on":[["b","a"],["c","c"]]}`,
		"on: [2020]":         `1:6 "2020" must be a text, not the number 2020`,
		"on: [a, [b]]":       `1:9 "on" is a list of something else than names`,
		"on: [a, b, a]":      `1:12 "on" has "a" twice`,
		"on: [a, b, c]":      `1:5 "on" must have at most 2 entries, not 3`,
		"on:":                `1:4 "on" is empty, it must be a mapping`,
		"on: [a, bad]":       `1:9 on.bad: bad luck`,
		"on: {a: b, c: bad}": `1:15 on.c: bad luck`,
	} {
		var s, again named
		p := settings.NewProblems("x.yaml", []byte(text))
		settings.Decode(settings.Parse([]byte(text), p).Root, settings.At(1, 1), &s, p)
		canonical := settings.Canonical(&s)
		got := string(canonical)
		for _, d := range p.List {
			got = fmt.Sprintf("%d:%d %s", d.Pos.Line, d.Pos.Column, d.Msg)
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
		if len(p.List) > 0 {
			continue
		}
		if err := settings.FromCanonical(canonical, &again); err != nil || string(settings.Canonical(&again)) != got {
			t.Errorf("%s comes back as %v, %v", canonical, again, err)
		}
	}
	type numbers struct {
		On settings.Map[int] `yaml:"on" names:"true"`
	}
	if err := settings.Check(new(numbers)); err == nil {
		t.Error("a mapping to numbers may be a list of names")
	}
}
