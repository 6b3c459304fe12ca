package ui

import (
	"strings"
	"testing"

	"pipe/lineage"
)

func TestMetricsTextNamesTheClassOnce(t *testing.T) {
	m := func(name, class string) lineage.Metric { return lineage.Metric{Name: name, Value: 0.5, Class: class} }
	for _, c := range []struct {
		list []lineage.Metric
		want string
	}{
		{nil, ""},
		{[]lineage.Metric{m("f1", ""), m("rmse", "")}, "f1 0.5  rmse 0.5"},
		{[]lineage.Metric{m("f1", "failed"), m("accuracy", ""), m("recall", "failed")}, "accuracy 0.5  class failed: f1 0.5  recall 0.5"},
		{[]lineage.Metric{m("f1", "b"), m("recall", "a")}, "class a: recall 0.5  class b: f1 0.5"},
		{[]lineage.Metric{m("recall[Gentoo]", "Gentoo"), m("recall[b]", "")}, "recall[Gentoo] 0.5  recall[b] 0.5"},
		{[]lineage.Metric{m("f1", "not\x1b[2J ok\n")}, `class not\x1b[2J ok\n: f1 0.5`},
		{[]lineage.Metric{m("f1", strings.Repeat("x", 100))}, "class " + strings.Repeat("x", 29) + "…: f1 0.5"},
	} {
		if got := Metrics(c.list); got != c.want {
			t.Errorf("%v: %q, want %q", c.list, got, c.want)
		}
	}
}
