package evaluate

import (
	"context"
	"fmt"
	"log/slog"
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
	differences, err := metric.Drawing{Threads: threads, Block: r.blocks}.Differences(ctx, r.data().sample, samples, r.metrics)
	if err != nil {
		return err
	}
	for i, v := range list {
		v.values, v.against = samples[i].Measure(r.metrics, nil), differences[i]
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

// compareGuess is by how much the model is better than the best guess, in the headline.
func (r *results) compareGuess(ctx context.Context, threads int) error {
	m := r.measured[0]
	values := make([]metric.Value, len(m.baselines))
	for b, known := range m.baselines {
		values[b] = known[r.headline.at]
	}
	best := metric.Best(values)
	if r.simple == nil || best < 0 {
		return nil
	}
	guess, err := r.data().sample.Guessed(r.baselines[best])
	if err != nil {
		return err
	}
	list, err := metric.Drawing{Threads: threads, Block: r.blocks}.Differences(ctx, r.data().sample, []metric.Sample{guess}, r.metrics[r.headline.at:r.headline.at+1])
	if err != nil {
		return err
	}
	r.simple.guess, r.simple.guessed = r.baselines[best].Name, list[0]
	return nil
}

// mostKnown is the share of rows that may be rows of train for simple models to be compared in
// words. Data with few columns, or of people who say the same of themselves, have many.
const mostKnown = 0.5

// A judgement is what follows from comparing with simple models.
type judgement struct {
	text string
	todo string // where a simple model is as good; empty: none is
}

// judgeSimple says whether the model is better than the simplest ones, in the headline.
func (r *results) judgeSimple() []judgement {
	if r.simple == nil || r.again != nil && r.again.Again > 0 && r.again.Share() > mostKnown {
		return nil // of rows that are known, what has learned them by heart is best
	}
	at := r.headline.at
	own := r.measured[0].values[at]
	say := func(what, with string, other float64, d metric.Difference) string {
		return fmt.Sprintf("%s: %s is %s, and with %s %s (95%% interval of the difference %s to %s)", what, own.Title, show(own.Def, own.Value), with,
			show(own.Def, other), chart.Number(d.Interval.Low, 3), chart.Number(d.Interval.High, 3))
	}
	if len(r.simple.guessed) > 0 {
		d := r.simple.guessed[0]
		if low, _, ok := d.Gain(); ok && low <= 0 {
			return []judgement{{say("the model is no better than a guess, the "+r.simple.guess+" of train", "that", own.Value-d.Value, d),
				"it has learned nothing of use: look at the curves of training, the learning rate and the scale of the features"}}
		}
	}
	var list []judgement
	for _, v := range r.simple.list {
		if v.values == nil {
			continue
		}
		d := v.against[at]
		low, high, ok := d.Gain()
		switch {
		case !ok:
		case high < 0:
			list = append(list, judgement{say(v.title()+" would be better", v.pronoun(), v.values[at].Value, d), v.todo()})
		case low <= 0 && v.name == linearModel:
			list = append(list, judgement{say("the model is no better than "+v.title(), v.pronoun(), v.values[at].Value, d), v.todo()})
		case low <= 0:
			list = append(list, judgement{say("the model is about as good as "+v.title(), v.pronoun(), v.values[at].Value, d), ""})
		default:
			list = append(list, judgement{say("the model is better than "+v.title(), v.pronoun(), v.values[at].Value, d), ""})
		}
	}
	return list
}

// tellSimple logs what follows.
func (r *results) tellSimple(ctx context.Context, log *slog.Logger) {
	if r.simple != nil && r.simple.kept {
		log.InfoContext(ctx, "the simple models are kept from an earlier execution on the same train")
	}
	for _, j := range r.judgeSimple() {
		if j.todo != "" {
			log.WarnContext(ctx, j.text, "hint", j.todo)
		} else {
			log.InfoContext(ctx, j.text)
		}
	}
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
