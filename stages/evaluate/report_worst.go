package evaluate

import (
	"pipe/data/report"
	"pipe/data/report/chart"
)

// worstSection lists the rows that the model is most wrong about.
func (r *results) worstSection() *report.Section {
	p := r.data()
	e := p.worst
	if e == nil || len(e.sample) == 0 {
		return nil
	}
	number := func(name string) report.Column { return report.Column{Name: name, Number: true} }
	t := report.Table{Columns: []report.Column{number("row"), {Name: "actual"}, {Name: "predicted"}, number("probability")}, Wide: true}
	s := &report.Section{Title: "Most confident mistakes", Lead: "Often a wrong label, a rare case, or a row that is not what it seems."}
	if p.values != nil {
		t.Columns = []report.Column{number("row"), number("actual"), number("predicted"), number("residual")}
		s.Title, s.Lead = "Largest errors", "Often a rare case, an outlier, or a wrong value."
	}
	for j, name := range e.columns {
		t.Columns = append(t.Columns, report.Column{Name: name, Number: e.numbers[j]})
	}
	for n, i := range e.sample {
		texts := []string{chart.Count(int64(e.rows[n] + 1))}
		if p.values != nil {
			for _, v := range []float64{p.values.Actual[i], p.values.Predicted[i], p.values.Residual(i)} {
				texts = append(texts, chart.Number(v, 4))
			}
		} else {
			c := p.classes
			texts = append(texts, c.Names[c.Actual(i)], c.Names[c.Predicted(i)], chart.Percentage(c.Confidence(i), 1))
		}
		for j := range e.columns {
			texts = append(texts, e.kept[j][n])
		}
		t.Rows = append(t.Rows, report.Texts(texts...))
	}
	s.Blocks = report.Blocks{t}
	return s
}
