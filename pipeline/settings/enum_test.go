package settings_test

import (
	"fmt"
	"strings"
	"testing"

	"pipe/pipeline/settings"
)

type color string

func (color) Enum() []string { return []string{"red", "blue"} }

// A type that knows its texts is as good as a tag that lists them.
func TestEnum(t *testing.T) {
	type known struct {
		One  color               `yaml:"one" default:"red" doc:"A colour."`
		Many []color             `yaml:"many" doc:"Colours."`
		Map  settings.Map[color] `yaml:"map" doc:"Colours of things."`
	}
	type tagged struct {
		One  string               `yaml:"one" default:"red" enum:"red,blue" doc:"A colour."`
		Many []string             `yaml:"many" enum:"red,blue" doc:"Colours."`
		Map  settings.Map[string] `yaml:"map" enum:"red,blue" doc:"Colours of things."`
	}
	if err := settings.Check(new(known)); err != nil {
		t.Fatal(err)
	}
	decoded := func(text string, v any) string {
		p := settings.NewProblems("x.yaml", []byte(text))
		settings.Decode(settings.Parse([]byte(text), p).Root, settings.At(1, 1), v, p)
		got := string(settings.JSON(v))
		for _, d := range p.List {
			got += fmt.Sprintf(" %d:%d %s", d.Pos.Line, d.Pos.Column, d.Msg)
		}
		return got
	}
	for text, want := range map[string]string{
		"{one: blue, many: [red, blue], map: {x: red}}": `{"one":"blue","many":["red","blue"],`,
		"one: bleu":            `"one" must be one of red, blue, not "bleu"`,
		"many: [green]":        `must be one of red, blue, not "green"`,
		"map: {sky: darkblue}": `must be one of red, blue, not "darkblue"`,
	} {
		got, same := decoded(text, new(known)), decoded(text, new(tagged))
		if got != same || !strings.Contains(got, want) {
			t.Errorf("%s: got %s, with tags %s, want %s", text, got, same, want)
		}
	}
	type less struct {
		One color `yaml:"one" except:"red"`
	}
	if got, want := decoded("one: red", new(less)), `must be one of blue, not "red"`; !strings.Contains(got, want) {
		t.Errorf("without red: %s, want %s", got, want)
	}
	type wrong struct {
		One color `yaml:"one" except:"green"`
	}
	if settings.Check(new(wrong)) == nil {
		t.Error("an exception that is none passes")
	}
	var a, b strings.Builder
	settings.WriteMarkdown(&a, new(known))
	settings.WriteMarkdown(&b, new(tagged))
	if a.String() != b.String() || !strings.Contains(a.String(), "one of red, blue") {
		t.Errorf("the reference is\n%s\nwith tags\n%s", a.String(), b.String())
	}
}
