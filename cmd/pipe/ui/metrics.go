package ui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"pipe/base/diag"
	"pipe/lineage"
)

// Metrics lists metrics in a line. Those about one class come last, behind
// its name: accuracy 0.97  class failed: f1 0.96  recall 0.95.
func Metrics(metrics []lineage.Metric) string {
	sorted := slices.Clone(metrics)
	slices.SortStableFunc(sorted, func(a, b lineage.Metric) int { return cmp.Compare(Class(a), Class(b)) })
	var parts []string
	last := ""
	for _, m := range sorted {
		text := diag.Visible(m.Name) + " " + Number(m.Value)
		if class := Class(m); class != last {
			text, last = "class "+class+": "+text, class
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "  ")
}

// maxClassText is how many columns the name of a class takes.
const maxClassText = 30

// Class is the class that a metric is about, if its name does not say it.
func Class(m lineage.Metric) string {
	if strings.HasSuffix(m.Name, "["+m.Class+"]") {
		return ""
	}
	return Cut(diag.Visible(m.Class), maxClassText)
}

// maxOwnMetrics is how many metrics the line of a stage has.
const maxOwnMetrics = 12

// stageMetricsText lists the metrics of the stage itself; those of further data
// sets ("train.rmse") are in `pipe show`.
func stageMetricsText(metrics []lineage.Metric) string {
	own := slices.DeleteFunc(slices.Clone(metrics), func(m lineage.Metric) bool {
		return !isOwn(m)
	})
	// Those of one class or of one of several targets come last.
	slices.SortStableFunc(own, func(a, b lineage.Metric) int {
		return cmp.Compare(strings.Count(a.Name, "["), strings.Count(b.Name, "["))
	})
	more := ""
	if n := len(own) - maxOwnMetrics; n > 0 {
		own, more = own[:maxOwnMetrics], fmt.Sprintf("and %d more", n)
	}
	return Join(Metrics(own), more)
}
