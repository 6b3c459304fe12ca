package settings_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pipe/base/diag"
	"pipe/pipeline/settings"
)

// A marked text has to be without a !.
type marked string

type marker int

func (m marker) Error() string { return "there is a !" }
func (m marker) Offset() int   { return int(m) }

func (m *marked) UnmarshalText(text []byte) error {
	if at := strings.IndexByte(string(text), '!'); at >= 0 {
		return marker(at)
	}
	*m = marked(text)
	return nil
}

func (m marked) MarshalText() ([]byte, error) { return []byte(m), nil }

// An error that knows its place in a text is shown there, however the text was
// written.
func TestPlaceInsideOfAText(t *testing.T) {
	for _, tt := range []struct{ name, yaml string }{
		{"plain", "text: a b !c"},
		{"at the begin", "text: '!a'"},
		{"at the end", "text: \"a b!\""},
		{"double quotes", `text: "ä 'b' ! c"`},
		{"single quotes", `text: 'a "b" ! c'`},
		{"block", "text: |\n  a b\n  c ! d\n"},
		{"folded", "text: >-\n    a b\n    c !\n"},
		{"plain lines", "text: a\n  b !"},
		{"in brackets", "{text: a ! b}"},
		{"list", "texts: [a, 'b !']"},
	} {
		p := settings.NewProblems("a.yaml", []byte(tt.yaml))
		var got struct {
			Text  marked   `yaml:"text" doc:"A text."`
			Texts []marked `yaml:"texts" doc:"Texts."`
		}
		settings.Decode(settings.Parse([]byte(tt.yaml), p).Root, nil, &got, p)
		var list diag.List
		if !errors.As(p.Err(), &list) || len(list) != 1 {
			t.Errorf("%s: got %v", tt.name, p.Err())
			continue
		}
		at := strings.IndexByte(tt.yaml, '!')
		before := tt.yaml[:at]
		want := fmt.Sprintf("%d:%d", 1+strings.Count(before, "\n"), 1+len([]rune(before[strings.LastIndexByte(before, '\n')+1:])))
		if pos := fmt.Sprintf("%d:%d", list[0].Pos.Line, list[0].Pos.Column); pos != want {
			t.Errorf("%s: at %s, want %s", tt.name, pos, want)
		}
	}
	// With an escape before it nobody knows.
	yaml := `text: "a\tb \u0021"`
	p := settings.NewProblems("a.yaml", []byte(yaml))
	var got struct {
		Text marked `yaml:"text" doc:"A text."`
	}
	settings.Decode(settings.Parse([]byte(yaml), p).Root, nil, &got, p)
	if len(p.List) != 1 || p.List[0].Pos.Column != 7 {
		t.Errorf("got %v", p.List)
	}
}
