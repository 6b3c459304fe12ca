package evaluate

import (
	"strings"

	"pipe/data/metric"
	"pipe/data/report"
	"pipe/data/report/chart"
	"pipe/data/report/quality"
	"pipe/nn"
)

// mostTargets is how many of several targets have charts of their own.
const mostTargets = 8

// qualityOf says in what way a model is wrong about a target.
func qualityOf(s metric.Sample, sig *nn.Signature) []*report.Section {
	if v, ok := s.(*metric.Values); ok {
		return []*report.Section{quality.ValueErrors(v, sig.Column)}
	}
	c := s.(*metric.Classes)
	return []*report.Section{quality.ClassErrors(c), quality.Ranking(c, sig.Task, sig.Cut()), quality.Calibration(c, sig.Task)}
}

// targetSection has the usual metrics of each of several targets, beside what the
// best guess scores in the first of them.
func (r *results) targetSection(heads []*nn.Signature) *report.Section {
	const most = 7
	metrics := metric.Usual(heads[0].Task)
	metrics = metrics[:min(len(metrics), most)]
	t := &report.Table{Columns: []report.Column{{Name: "target"}}}
	for _, d := range metrics {
		t.Columns = append(t.Columns, report.Column{Name: d.Title, Number: true})
	}
	t.Columns = append(t.Columns, report.Column{Name: metrics[0].Title, Note: "best baseline", Number: true}, report.Column{Name: "learned as"})
	for i, h := range heads {
		row := []report.Cell{{Text: h.Column, Tone: report.Strong}}
		for _, v := range r.data().each[i].Measure(metrics, nil) {
			row = append(row, report.Cell{Text: shownValue(v)})
		}
		learned := "1 if " + strings.Join(h.Classes[min(1, len(h.Classes)):], ", ")
		if h.Classes == nil {
			learned = h.Transform.Of(h.Column)
		}
		row = append(row, report.Cell{Text: r.guessedOf(i, metrics[0]), Tone: report.Quiet}, report.Cell{Text: learned, Tone: report.Quiet})
		t.Rows = append(t.Rows, row)
	}
	s := &report.Section{Title: "Targets", Lead: "What the metrics above are the mean of: each of the " + chart.Count(int64(len(heads))) + " targets by itself, in its own units.", Table: t}
	if len(heads) > mostTargets {
		s.Notes = []string{"Charts are of the first " + chart.Count(mostTargets) + " targets."}
	}
	return s
}

// shownValue writes a value, or a dash where it is undefined.
func shownValue(v metric.Value) string {
	if v.Undefined != "" {
		return "–"
	}
	return show(v.Def, v.Value)
}

// guessedOf is the best that a baseline scores for one of several targets.
func (r *results) guessedOf(target int, of *metric.Def) string {
	var values []metric.Value
	for _, b := range r.baselines {
		if s, err := r.data().each[target].Guessed(b.Each[target]); err == nil {
			values = append(values, s.Measure(metric.List{of}, nil)...)
		}
	}
	if best := metric.Best(values); best >= 0 {
		return show(of, values[best].Value)
	}
	return "–"
}
