package runner

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"unicode/utf8"
)

// What a stage warned of is said again when it is found in the cache, one by
// one and by way of a memo, and is kept with its execution.
func TestWarningsAreSaidAgain(t *testing.T) {
	w := newMemoWorld(t, "  odd: {uses: warns, with: {text: odd}}\n")
	said := func() (list []string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, ev := range w.events {
			if ev, ok := ev.(StageLog); ok && ev.Level == slog.LevelWarn && ev.Stage == "odd" {
				list = append(list, ev.Message)
			}
		}
		w.events = nil
		return list
	}
	w.full()
	first := said()
	want := make([]string, maxWarnings+1)
	for i := range want {
		want[i] = fmt.Sprintf("odd n=%d", i)
	}
	want[maxWarnings] = "and 2 more warnings: see pipe logs"
	check := func(how string, got []string) {
		t.Helper()
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %q", how, got)
		}
	}
	check("when it ran", first)
	res := w.settle()
	check("from the cache", said())
	for _, e := range res.Stages {
		if e.Stage == "odd" {
			check("in the result", e.Warnings)
		}
	}
	same := w.recall()
	if same == nil {
		t.Fatal("the run is not recalled")
	}
	var recalled []string
	for _, s := range same.Warnings {
		if s.Stage != "odd" {
			t.Errorf("a warning of stage %s", s.Stage)
		}
		recalled = append(recalled, s.Message)
	}
	check("recalled", recalled)
	list, err := w.runner.DB.Executions(t.Context(), same.RunID)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if e.Stage == "odd" {
			check("of the recalled run", e.Warnings)
			one, err := w.runner.DB.Execution(t.Context(), e.Origin())
			if err != nil {
				t.Fatal(err)
			}
			check("of the execution", one.Warnings)
		}
	}
}

func TestWarningIsCut(t *testing.T) {
	var w warnings
	w.add(strings.Repeat("x", maxWarningBytes-1) + "é\xff")
	got := w.list()[0]
	if !utf8.ValidString(got) || got != strings.Repeat("x", maxWarningBytes-1)+"..." {
		t.Errorf("got %d bytes that end in %q", len(got), got[len(got)-8:])
	}
}
