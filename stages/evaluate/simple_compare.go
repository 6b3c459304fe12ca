package evaluate

import (
	"context"
	"fmt"
	"slices"

	"pipe/data/metric"
	"pipe/data/report"
	"pipe/data/report/chart"
	"pipe/data/table"
	"pipe/pipeline"
)

// measureSimple has them predict the rows of data, and compares.
func (r *results) measureSimple(ctx context.Context, from pipeline.Sources, threads int) error {
	if r.simple == nil {
		return nil
	}
	list := slices.DeleteFunc(slices.Clone(r.simple.list), func(v *simpleModel) bool { return v.predictor == nil })
	if len(list) == 0 {
		return nil
	}
	samples, err := r.samplesOf(ctx, from, list)
	if err != nil {
		return err
	}
	asked := r.withSecond()
	differences, err := metric.Drawing{Threads: threads, Block: r.blocks}.Differences(ctx, r.data().sample, samples, asked)
	if err != nil {
		return err
	}
	own := r.data().sample.Measure(asked, nil)
	for i, v := range list {
		values := samples[i].Measure(asked, nil)
		v.second = &contrast{own[len(asked)-1], values[len(asked)-1], differences[i][len(asked)-1]}
		v.values, v.against = values[:len(r.metrics)], differences[i][:len(r.metrics)]
		v.predictor = nil
		r.simpleSamples = append(r.simpleSamples, simpleSample{v.name, samples[i]})
	}
	return nil
}

// A simpleSample is what a simple model says of data.
type simpleSample struct {
	name string
	metric.Sample
}

// samplesOf are what simple models say of data.
func (r *results) samplesOf(ctx context.Context, from pipeline.Sources, list []*simpleModel) ([]metric.Sample, error) {
	in, err := from.Open(dataPort)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	ds, err := table.OpenDataset(in, in.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	defer ds.Close()
	p := r.data()
	heads := make([][]head, len(list))
	for i := range list {
		for _, h := range r.model.Signature.Heads() {
			h := *h
			h.Threshold, h.Log = list[i].threshold, false
			heads[i] = append(heads[i], newHead(&h, roomFor(ds.NumRows(), list[i].predictor.Outputs(), in.Size())))
		}
	}
	for ex, err := range ds.Stream() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", in.Name, err)
		}
		labelled, _ := labelledRows(ex)
		for i, v := range list {
			output, err := v.predictor.Predict(ex.Inputs, ex.Rows)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", in.Name, v.name, err)
			}
			addOutputs(heads[i], ex, output, v.predictor.Outputs(), labelled)
		}
	}
	samples := make([]metric.Sample, len(list))
	for i := range list {
		each := make([]metric.Sample, len(heads[i]))
		for j := range each {
			if each[j], err = heads[i][j].sample(p.weights); err != nil {
				return nil, fmt.Errorf("%s: %w", list[i].name, err)
			}
		}
		if samples[i] = each[0]; len(each) > 1 {
			if samples[i], err = metric.NewSeveral(r.model.Signature.Columns(), each); err != nil {
				return nil, fmt.Errorf("%s: %w", list[i].name, err)
			}
		}
	}
	return samples, nil
}

// simpleSection shows what simple models score on the same rows.
func (r *results) simpleSection() *report.Section {
	if r.simple == nil || len(r.simple.list) == 0 {
		return nil
	}
	s := &report.Section{Title: "Against simple models"}
	for _, j := range r.judgeSimple() {
		if s.Lead != "" {
			s.Lead += " "
		}
		s.Lead += capital(j.text) + "."
	}
	if r.knowsData() {
		s.Lead = "Which is better is not said: most rows of data are rows of train, and what has learned them by heart is best at these."
	}
	number := func(name string) report.Column { return report.Column{Name: name, Number: true} }
	t := &report.Table{Columns: []report.Column{{Name: "metric"}, number("this model")}}
	var there []*simpleModel
	for _, v := range r.simple.list {
		if v.values == nil {
			s.Notes = append(s.Notes, fmt.Sprintf("There is no %s: %s.", map[string]string{linearModel: "linear model", treesModel: "model of boosted trees"}[v.name], v.why))
			continue
		}
		there = append(there, v)
		t.Columns = append(t.Columns, number(v.name), number("difference"), number("95% interval"))
	}
	if len(there) == 0 {
		return s
	}
	for _, i := range r.inOrder() {
		own := r.measured[0].values[i]
		row := []report.Cell{{Text: own.Title, Doc: own.Doc}, {Text: shownValue(own), Tone: report.Strong}}
		for _, v := range there {
			row = append(row, append([]report.Cell{{Text: shownValue(v.values[i])}}, differenceCells(v.against[i])...)...)
		}
		t.Rows = append(t.Rows, row)
	}
	s.Table = t
	note := fmt.Sprintf("Trained on %s rows of train with the same features, without any search of settings: a ridge or logistic regression of standardised features, and %d rounds of gradient boosted trees.", chart.Count(int64(r.simple.rows)), simpleRounds)
	if r.simple.rows < r.simple.of {
		note = fmt.Sprintf("Trained on %s of the %s rows of train, drawn at random, with the same features and without any search of settings: a ridge or logistic regression of standardised features, and %d rounds of gradient boosted trees.",
			chart.Count(int64(r.simple.rows)), chart.Count(int64(r.simple.of)), simpleRounds)
	}
	if slices.ContainsFunc(there, func(v *simpleModel) bool { return v.threshold != 0 }) {
		note += " Their threshold is chosen as that of this model was, or is the same."
	}
	s.Notes = append([]string{note + " A difference is that of this model to it; its interval holds 0 where the two may be equally good."}, s.Notes...)
	return s
}

// differenceCells are a difference and its interval.
func differenceCells(d metric.Difference) []report.Cell {
	cells := []report.Cell{{Text: "–"}, {Tone: report.Quiet}}
	if d.Undefined == "" {
		cells[0].Text = chart.Number(d.Value, 3)
		if d.Interval != nil {
			cells[1].Text = chart.Number(d.Interval.Low, 3) + "\u2009–\u2009" + chart.Number(d.Interval.High, 3)
		}
	}
	return cells
}

// A simpleModelDocument is a simple model in the document of metrics.
type simpleModelDocument struct {
	Name    string               `json:"name"`
	Why     string               `json:"why,omitempty"`  // there is none
	Rows    int                  `json:"rows,omitempty"` // of train, that it learned from
	Metrics []differenceDocument `json:"metrics,omitempty"`
}

func (r *results) simpleDocument() (list []simpleModelDocument) {
	if r.simple == nil {
		return nil
	}
	for _, v := range r.simple.list {
		d := simpleModelDocument{Name: v.name, Why: v.why}
		if v.values != nil {
			d.Rows, d.Metrics = r.simple.rows, differenceDocuments(v.against, v.values)
		}
		list = append(list, d)
	}
	return list
}
