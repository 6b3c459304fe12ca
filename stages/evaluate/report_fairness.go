package evaluate

import (
	"fmt"
	"math"

	"pipe/data/metric"
	"pipe/data/report"
	"pipe/data/report/chart"
)

// fourFifths is the ratio of selection rates below which the guidelines of the US
// Equal Employment Opportunity Commission (1978) speak of adverse impact.
const fourFifths = 0.8

// fairnessSection shows what a model does to groups of rows.
func (r *results) fairnessSection() *report.Section {
	if len(r.fairness) == 0 {
		return nil
	}
	class, _ := r.positive()
	s := &report.Section{Title: "Fairness", Lead: "How often " + class + " is predicted for each group: of all its rows (selection rate), of those that are " + class +
		" (recall), and of those that are not (false positive rate). Where groups differ in how many are " + class + ", no model that tells them from the others is alike in all three."}
	for i := range r.fairness {
		f := &r.fairness[i]
		s.Blocks = append(s.Blocks, f.groupTable(class), f.gapTable())
	}
	s.Notes = []string{"Intervals are for the two groups that are compared, as if they had been named beforehand; of many groups, two are far apart by chance. A group without a row of the class has no such rate and is left out, and so are values that are taken together."}
	return s
}

// groupTable is the rates of each group.
func (f *fairness) groupTable(class string) report.Table {
	t := report.Table{Title: f.column, Wide: true, Columns: []report.Column{{Name: "group"}, {Name: "rows", Number: true}, {Name: "actually " + class, Number: true}}}
	order := []int{selectionPlace, recallPlace, falsePositivePlace}
	var top [actualPlace]float64 // of each rate, so that groups can be compared
	for _, g := range f.groups {
		for _, j := range order {
			if v := g.Values[j]; v.Undefined == "" {
				top[j] = max(top[j], v.Interval.High)
			}
		}
	}
	for i, g := range f.groups {
		row := append(report.Texts(g.Name, chart.Count(int64(g.Rows))), report.Cell{Text: rateText(g.Values[actualPlace]), Tone: report.Quiet})
		for _, j := range order {
			v := g.Values[j]
			if i == 0 {
				t.Columns = append(t.Columns, report.Column{Name: v.Title, Number: true}, report.Column{Name: "95% interval"})
			}
			cell := report.Cell{Tone: report.Quiet}
			if v.Undefined == "" {
				cell.Text = shareSpan(v.Interval)
				cell.Gauge = &chart.Gauge{Label: v.Title + " " + rateText(v) + ", interval " + cell.Text, Value: v.Value.Value, Low: v.Interval.Low, High: v.Interval.High, Mark: math.NaN(), To: top[j]}
			}
			row = append(row, report.Cell{Text: rateText(v)}, cell)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// gapTable is how far the groups are apart.
func (f *fairness) gapTable() report.Table {
	t := report.Table{Wide: true, Caption: f.words(), Columns: []report.Column{{Name: "groups of " + f.column + " are apart in"}, {Name: "most"}, {Name: "least"},
		{Name: "difference", Number: true}, {Name: "95% interval", Number: true}, {Name: "ratio", Number: true}, {Name: "95% interval", Number: true}}}
	for _, g := range f.gaps {
		title := g.title
		if g.name != equalizedOdds {
			title += " (" + g.of.Title + ")"
		} else {
			title += " (the wider of the two)"
		}
		row := append(report.Texts(title, g.gap.Names[0], g.gap.Names[1]), report.Cell{Text: "–"}, report.Cell{Tone: report.Quiet}, report.Cell{Text: "–"}, report.Cell{Tone: report.Quiet})
		if v, in, err := g.gap.In(metric.Apart); err == nil {
			row[3].Text, row[4].Text = chart.Decimals(v, 3), spanOf(in)
		}
		if v, in, err := g.ratio.In(metric.Ratio); err == nil {
			row[5].Text, row[6].Text = chart.Decimals(v, 3), spanOf(in)
		}
		t.Rows = append(t.Rows, row)
	}
	if len(t.Rows) == 0 {
		t.Caption = "Fewer than two groups can be compared."
	}
	return t
}

// words says what the selection rates of the groups come to.
func (f *fairness) words() string {
	if len(f.gaps) == 0 || f.gaps[0].name != "selection_rate" {
		return ""
	}
	g := f.gaps[0].gap
	ratio, in, err := g.In(metric.Ratio)
	if err != nil {
		return "No row of any group is selected."
	}
	text := fmt.Sprintf("%s is selected most often (%s) and %s least (%s): ", g.Names[0], rateText(g.Most), g.Names[1], rateText(g.Least))
	switch {
	case in.High < fourFifths:
		return text + "less than four fifths as often, which counts as adverse impact in the guidelines of the US EEOC."
	case ratio < fourFifths:
		return text + "less than four fifths as often, though of so few rows that this is not certain."
	case in.Low < fourFifths:
		return text + "four fifths as often or more, but of other rows it might be less."
	}
	return text + "certainly four fifths as often or more."
}

func rateText(v metric.Rate) string {
	if v.Undefined != "" {
		return "–"
	}
	return chart.Percentage(v.Value.Value, 1)
}

// shareSpan is an interval of a share.
func shareSpan(i *metric.Interval) string {
	return chart.Percentage(i.Low, 1) + "\u2009–\u2009" + chart.Percentage(i.High, 1)
}

// spanOf is an interval of a difference or a ratio.
func spanOf(i *metric.Interval) string {
	if i == nil {
		return ""
	}
	return chart.Decimals(i.Low, 3) + "\u2009–\u2009" + chart.Decimals(i.High, 3)
}
