package evaluate

import (
	"math"

	"pipe/data/report"
	"pipe/data/report/chart"
	"pipe/trees"
)

// importanceSection says what trees asked for, the columns that lowered the loss most first.
func (r *results) importanceSection() *report.Section {
	if r.model.Trees == nil {
		return nil
	}
	list := r.model.Trees.Importance()
	if len(list) == 0 {
		return nil
	}
	t := &report.Table{Columns: []report.Column{{Name: "feature"}, {Name: "share of the gain", Number: true}, {Name: "splits", Number: true}}}
	s := &report.Section{Title: "What the trees go by", Table: t,
		Lead: "By how much the splits of a feature lowered the loss of training. Where two features say the same, either may have been taken; a feature of many values has more chances to be."}
	for _, c := range list[:min(len(list), mostImportant)] {
		text := chart.Percentage(c.Share, 1)
		t.Rows = append(t.Rows, []report.Cell{{Text: c.Name},
			{Text: text, Gauge: &chart.Gauge{Label: "share " + text, Value: c.Share, Low: c.Share, High: c.Share, Mark: math.NaN(), From: 0, To: max(list[0].Share, trees.LeastShare)}},
			{Text: chart.Count(int64(c.Splits))}})
	}
	return s
}

// mostImportant is how many features the report lists.
const mostImportant = 20
