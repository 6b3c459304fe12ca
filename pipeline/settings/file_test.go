package settings_test

import (
	"strings"
	"testing"

	"pipe/pipeline/settings"
)

func TestDecodeFile(t *testing.T) {
	type inner struct {
		Runs int `yaml:"runs" default:"10" min:"1" doc:"How many."`
	}
	type file struct {
		Keep inner `yaml:"keep" doc:"What to keep."`
	}
	for _, tt := range []struct {
		text string
		want int
		err  string
	}{
		{"", 10, ""},
		{"# nothing\n", 10, ""},
		{"keep: {runs: 3}\n", 3, ""},
		{"keep: {}\n", 10, ""},
		{"keep:\n  run: 3\n", 0, `f.yaml:2:3`},
		{"keep: {runs: 0}\n", 0, `f.yaml:1:14`},
		{"keep: [\n", 0, `f.yaml`},
	} {
		var s file
		err := settings.DecodeFile("f.yaml", []byte(tt.text), &s)
		switch {
		case tt.err == "" && (err != nil || s.Keep.Runs != tt.want):
			t.Errorf("%q: %d, %v, want %d", tt.text, s.Keep.Runs, err, tt.want)
		case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
			t.Errorf("%q: error %v, want one at %s", tt.text, err, tt.err)
		}
	}
}
