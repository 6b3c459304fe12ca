package feature

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// Rows that lack one of several targets count for nothing, in any of them.
func TestSeveralTargets(t *testing.T) {
	table := []col{
		{"x", []any{1.0, 2.0, 3.0, 4.0, 5.0}}, {"a", []any{10.0, nil, 30.0, 50.0, 99.0}},
		{"b", []any{int64(1), int64(2), int64(3), int64(5), nil}}, {"l", []any{true, false, false, true, true}},
	}
	of := func(targets ...Target) Spec {
		return Spec{Features: []Column{{Name: "x", Scale: None}}, Targets: targets}
	}
	tr := fit(t, of(Target{Column: "b", Scale: MinMax}, Target{Column: "a"}), table...)
	read, err := ReadTransform(bytes.NewReader(written(t, tr)), All())
	if err != nil {
		t.Fatal(err)
	}
	for _, tr := range []*Transform{tr, read} {
		targets := tr.Info().Targets
		if len(targets) != 2 || targets[0].Column != "b" || targets[0].Center != 1 || targets[0].Scale != 4 || targets[1].Center != 30 {
			t.Errorf("targets are %+v", targets)
		}
		rec, err := tr.Apply(record(t, table...), true)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(rec.Column(1), rec.Column(2), rec.ColumnName(2)); got != "[1 3 5] [10 30 50]target.a" {
			t.Errorf("the targets are %s", got)
		}
		rec.Release()
	}
	for want, spec := range map[string]Spec{
		"it is there twice":                     of(Target{Column: "a"}, Target{Column: "a"}),
		"it is a class and a is a number":       of(Target{Column: "a"}, Target{Column: "l"}),
		"both a target and targets":             {Features: []Column{{Name: "x"}}, Target: &Target{Column: "a"}, Targets: of(Target{Column: "b"}).Targets},
		"which would leak the answer":           of(Target{Column: "a"}, Target{Column: "x"}),
		"it has 4 classes, and of several":      of(Target{Column: "l"}, Target{Column: "b", Task: Classification}),
		"there is no row of 2 that has all tar": of(Target{Column: "p"}, Target{Column: "q"}),
	} {
		cols := table
		if strings.Contains(want, "no row") {
			cols = []col{{"x", []any{1.0, 2.0}}, {"p", []any{1.0, nil}}, {"q", []any{nil, 2.0}}}
		}
		_, err := Fit(t.Context(), spec, tableOf(t, record(t, cols...)), All(), Resources{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q", err, want)
		}
	}
}
