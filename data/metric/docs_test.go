package metric_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"pipe/data/metric"
	"pipe/data/task"
)

var update = flag.Bool("update", false, "rewrite docs/metrics.md")

// docs/metrics.md is made of the definitions.
func TestReferenceIsFresh(t *testing.T) {
	const path = "../../docs/metrics.md"
	got := reference()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is stale; renew it with: go test ./data/metric -update", path)
	}
}

func reference() string {
	var b strings.Builder
	all := metric.All()
	fmt.Fprintf(&b, `# Metrics

<!-- Written by go test ./data/metric -update; do not edit. -->

What an evaluate stage can compute. Each is computed over all rows at once. A metric with a goal is recorded with it, so that
gates, comparisons and lists of models know which of two values is the better one.

Which are computed unless `+"`metrics`"+` says otherwise, the most important first:

| Task | Metrics |
|---|---|
`)
	for _, kind := range task.All() {
		fmt.Fprintf(&b, "| %s | %s |\n", kind, words(metric.Usual(kind)))
	}
	fmt.Fprintf(&b, "\nOf one class there are %s: `recall[Gentoo]` is the recall of Gentoo. A threshold of two classes is chosen by %s.\n",
		words(all.OfOneClass()), words(metric.ForThreshold()))
	fmt.Fprintf(&b, "\nHow far a metric is apart in the groups of a column of `slices` or `fairness`, in `require`: `recall.sex.difference` of the greatest and the least group, "+
		"`recall.sex.ratio` of the least and the greatest, `recall.sex.min` and `recall.sex.max`. Of `selection_rate` that is demographic parity, of `recall` equal opportunity; "+
		"`equalized_odds` stands for the worse of `recall` and `false_positive_rate` (as in fairlearn 0.15, but that a group without a row of the class has no such rate). "+
		"Of %s, which are shares of rows, there are intervals: Wilson's of a group, Newcombe's of a difference, and of a ratio the same by logarithms.\n",
		words(all.Where(func(d *metric.Def) bool { return d.Among != nil })))
	fmt.Fprintf(&b, "\nSeveral targets of one model: of numbers (`multioutput`) %s are the plain mean over the targets, of labels (`multilabel`) there are %s: macro is over all labels, micro pools them, accuracy is the share of rows of which all labels are right. "+
		"`rmse[price]` or `f1[spam]` is that of one target.\n", words(all.For(task.Multioutput)), words(all.For(task.Multilabel)))
	unweighted := all.Where(func(d *metric.Def) bool { return d.Unweighted })
	fmt.Fprintf(&b, "\nWhere rows have weights (`sample_weight` of evaluate), each metric is that of scikit-learn 1.9 with `sample_weight`: a row counts as much as its weight says, also in intervals and slices. "+
		"No weighted form has %s: rows of weight 0 are left out, all others count the same.\n", words(unweighted))
	for _, part := range []struct {
		title string
		tasks []task.Kind
	}{
		{"Classification", []task.Kind{task.Binary, task.Multiclass}},
		{"Two classes", []task.Kind{task.Binary}},
		{"Several classes", []task.Kind{task.Multiclass}},
		{"Several labels", []task.Kind{task.Multilabel}},
		{"Regression", []task.Kind{task.Regression}},
	} {
		fmt.Fprintf(&b, "\n## %s\n\n| Metric | Better | Range | In | Looks at | 95%% interval | Definition | As in |\n|---|---|---|---|---|---|---|---|\n", part.title)
		for _, d := range all {
			if fits(d, part.tasks) {
				fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s | %s | %s |\n", d.Name, d.Goal, d.Range, unit(d), of(d), interval(d), cell(d.Doc), source(d))
			}
		}
	}
	return b.String()
}

func words(l metric.List) string { return "`" + strings.Join(l.Names(), "`, `") + "`" }

// fits tells whether the metric is for the tasks and no others.
func fits(d *metric.Def, tasks []task.Kind) bool {
	for _, kind := range task.All() {
		if !kind.IsOne() && len(tasks) > 0 && tasks[0].IsOne() {
			continue // the text says which are for several targets
		}
		wanted := false
		for _, k := range tasks {
			wanted = wanted || k == kind
		}
		if d.For(kind) != wanted {
			return false
		}
	}
	return true
}

func unit(d *metric.Def) string {
	if d.Unit == metric.Number {
		return ""
	}
	return string(d.Unit)
}

func of(d *metric.Def) string {
	if d.Of == metric.Probabilities {
		return "probabilities"
	}
	return "predictions"
}

func interval(d *metric.Def) string {
	if d.Interval == "" {
		return string(metric.Bootstrap)
	}
	return string(d.Interval)
}

func source(d *metric.Def) string {
	if name, ok := strings.CutPrefix(d.Source, "sklearn.metrics."); ok {
		return "scikit-learn, " + name
	}
	return d.Source
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
