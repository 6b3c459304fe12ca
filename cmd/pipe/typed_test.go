package main

import "testing"

func TestHintsSayWhatWasTyped(t *testing.T) {
	a := newApp(nil, nil, nil, noEnv)
	a.calledAs = func() string { return goRun }
	for text, want := range map[string]string{
		"pipe show latest":                         "go run ./cmd/pipe show latest",
		"run `pipe check --repair`, or pipe gc":    "run `go run ./cmd/pipe check --repair`, or go run ./cmd/pipe gc",
		"pipe reads files of its project":          "pipe reads files of its project",
		"the user that runs pipe needs a pipe too": "the user that runs pipe needs a pipe too",
		"--store .pipe show":                       "--store .pipe show",
	} {
		if got := a.asTyped(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	a.calledAs = func() string { return "pipe" }
	if got := a.asTyped("pipe show"); got != "pipe show" {
		t.Errorf("a program on the PATH: %q", got)
	}
	for path, want := range map[string]bool{
		"/tmp/go-build2984715948/b001/exe/pipe": true,
		"/home/u/.cache/go-build/ab/ab00000000000000000000000000000000000000000000000000000000000000-d/pipe": true,
		"/usr/local/bin/pipe":         false,
		"/home/u/go-build/tools/pipe": false,
	} {
		if goRunPath.MatchString(path) != want {
			t.Errorf("%s: want %v", path, want)
		}
	}
}
