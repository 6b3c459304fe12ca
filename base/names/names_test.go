package names_test

import (
	"strings"
	"testing"

	"pipe/base/names"
)

func TestNames(t *testing.T) {
	long := strings.Repeat("n", names.Max)
	tests := []struct {
		name             string
		whole, part, one bool // by Check, CheckPart, CheckText
	}{
		{"penguins", true, true, true},
		{"2026_a-b", true, true, true},
		{"penguins.predict", true, false, true},
		{"20261123T031500-3f9a2c", true, true, true},
		{long, true, true, true},
		{long + "n", false, false, true},
		{"", false, false, false},
		{".", false, false, true},
		{"..", false, false, true},
		{".hidden", false, false, true},
		{"-f", false, false, true},
		{"../../evil", false, false, true},
		{"a/b", false, false, true},
		{`a\b`, false, false, true},
		{"C:", false, false, true},
		{"a b", false, false, true},
		{"recall.Adélie", false, false, true},
		{"نمی\u200cدانم", false, false, true},
		{"a\nb", false, false, false},
		{"a\x00", false, false, false},
		{"\x1b[31mred", false, false, false},
		{"\u009b31m", false, false, false},
		{"\xff", false, false, false},
		{strings.Repeat("n", names.MaxText+1), false, false, false},
	}
	for _, tt := range tests {
		for what, c := range map[string]struct {
			check func(string) (string, string)
			want  bool
		}{"Check": {names.Check, tt.whole}, "CheckPart": {names.CheckPart, tt.part}, "CheckText": {names.CheckText, tt.one}} {
			msg, _ := c.check(tt.name)
			if got := msg == ""; got != c.want {
				t.Errorf("%s(%.80q): %q", what, tt.name, msg)
			}
			if len(msg) > 400 {
				t.Errorf("%s gives a message of %d bytes", what, len(msg))
			}
		}
	}
}
