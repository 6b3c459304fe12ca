package evaluate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/metric"
	"pipe/data/report"
	"pipe/data/table"
	"pipe/data/task"
	"pipe/nn"
	"pipe/pipeline"
)

// againstPort is the input with the predictions of another model.
const againstPort = "against"

// predicted are predictions that were written, as a sample.
type predicted struct {
	prefix    string
	heads     []*nn.Signature
	weight    string // the kept column that says how much rows count; empty: all the same
	collected []head
	weights   []float64
}

// read reads a table of predictions.
func (p *predicted) read(in *pipeline.Input) (_ metric.Sample, err error) {
	r, err := table.Open(in, in.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for _, h := range p.heads {
		p.collected = append(p.collected, newHead(h, roomFor(r.NumRows(), max(1, len(h.Classes)), in.Size())))
	}
	for rec, err := range r.Batches() {
		if err == nil {
			err = p.add(rec)
		}
		if err != nil {
			return nil, diag.WithHint(fmt.Errorf("%s: %w", in.Name, err), "connect the predictions of an evaluate stage that measures a model of the same target")
		}
	}
	samples := make([]metric.Sample, len(p.heads))
	names := make([]string, len(p.heads))
	for i := range p.collected {
		if samples[i], err = p.collected[i].sample(p.weights); err != nil {
			return nil, fmt.Errorf("%s: %w", in.Name, err)
		}
		names[i] = p.heads[i].Column
	}
	if len(samples) == 1 {
		return samples[0], nil
	}
	return metric.NewSeveral(names, samples)
}

// add takes rows that have all targets.
func (p *predicted) add(rec arrow.RecordBatch) error {
	defer rec.Release()
	column := func(name string) (arrow.Array, error) {
		i, err := table.Column(rec.Schema(), name)
		if err != nil {
			return nil, err
		}
		return rec.Column(i), nil
	}
	rows := int(rec.NumRows())
	labelled := make([]bool, rows)
	for i := range labelled {
		labelled[i] = true
	}
	for _, h := range p.heads {
		actual, err := column(p.prefix + "actual" + suffix(h, len(p.heads)))
		if err != nil {
			return err
		}
		for i := range labelled {
			labelled[i] = labelled[i] && actual.IsValid(i)
		}
	}
	for j := range p.collected {
		if err := p.collected[j].collect(column, p.prefix, suffix(p.heads[j], len(p.heads)), labelled); err != nil {
			return err
		}
	}
	if p.weight == "" {
		return nil
	}
	weights, err := column(p.weight)
	if err != nil {
		return err
	}
	list, _, err := table.Floats(weights)
	for i, w := range list {
		if labelled[i] {
			p.weights = append(p.weights, w)
		}
	}
	return err
}

// collect takes what was said of a target.
func (h *head) collect(column func(string) (arrow.Array, error), prefix, of string, labelled []bool) error {
	floats := func(name string) ([]float64, error) {
		a, err := column(prefix + name)
		if err != nil {
			return nil, err
		}
		list, _, err := table.Floats(a)
		return list, err
	}
	if h.Task == task.Regression {
		actual, err := floats("actual" + of)
		if err != nil {
			return err
		}
		guessed, err := floats("predicted" + of)
		if err != nil {
			return err
		}
		for i, ok := range labelled {
			if ok {
				h.actual, h.guessed = append(h.actual, actual[i]), append(h.guessed, guessed[i])
			}
		}
		return nil
	}
	texts := func(name string) ([]string, error) {
		a, err := column(prefix + name)
		if err != nil {
			return nil, err
		}
		list, _, err := table.Texts(a)
		return list, err
	}
	actual, err := texts("actual" + of)
	if err != nil {
		return err
	}
	said, err := texts("predicted" + of)
	if err != nil {
		return err
	}
	names := []string{"p" + of}
	if of == "" {
		names = nil
		for _, class := range h.Classes {
			names = append(names, "p_"+class)
		}
	}
	prob := make([][]float64, len(names))
	for j, name := range names {
		if prob[j], err = floats(name); err != nil {
			return err
		}
	}
	row := make([]float64, len(prob))
	for i, ok := range labelled {
		if !ok {
			continue
		}
		var codes [2]int32
		for j, text := range [2]string{actual[i], said[i]} {
			class := slices.Index(h.Classes, text)
			if class < 0 {
				return fmt.Errorf("row %d is of the class %q, which is none of %s", i+1, text, quoteAll(h.Classes))
			}
			codes[j] = int32(class)
		}
		for j, p := range prob {
			row[j] = p[i]
		}
		h.classes.AddAs(codes[0], codes[1], row...)
	}
	return nil
}

// compareWith measures the difference to a model whose predictions are connected.
func (r *results) compareWith(ctx context.Context, from pipeline.Sources, prefix string, threads int) error {
	if !slices.Contains(from.Inputs(), againstPort) {
		return nil
	}
	in, err := from.Open(againstPort)
	if err != nil {
		return err
	}
	defer in.Close()
	p := predicted{prefix: prefix, heads: r.model.Signature.Heads(), weight: r.data().weight}
	other, err := p.read(in)
	if err != nil {
		return err
	}
	all, err := metric.Drawing{Threads: threads, Block: r.blocks}.Differences(ctx, r.data().sample, []metric.Sample{other}, r.metrics)
	if err != nil {
		return diag.WithHint(fmt.Errorf("%s: they are not of the same rows: %w", in.Name, err), "measure both models on the same data set")
	}
	r.against = all[0]
	r.others = other.Measure(r.metrics, nil)
	return nil
}

// againstSection shows what is better than with another model, and how certain that is.
func (r *results) againstSection() *report.Section {
	if r.against == nil {
		return nil
	}
	number := func(name string) report.Column { return report.Column{Name: name, Number: true} }
	t := &report.Table{Columns: []report.Column{{Name: "metric"}, number("this model"), number("the other"), number("difference"), number("95% interval"), {Name: "better"}}}
	for i, d := range r.against {
		row := append([]report.Cell{{Text: d.Title, Doc: d.Doc}, {Text: shownValue(r.measured[0].values[i]), Tone: report.Strong}, {Text: shownValue(r.others[i])}},
			append(differenceCells(d), report.Cell{Tone: report.Quiet})...)
		if low, high, ok := d.Gain(); ok {
			switch {
			case low > 0:
				row[5].Text = "this model"
			case high < 0:
				row[5].Text = "the other"
			default:
				row[5].Text = "not certain"
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return &report.Section{Title: "Against another model", Table: t,
		Lead: "The same rows, predicted by another model. They are resampled together, so that rows that are hard for both do not blur the difference."}
}

type differenceDocument struct {
	Name       string            `json:"name"`
	Other      *float64          `json:"other"`      // of the other model; null: undefined
	Difference *float64          `json:"difference"` // value - other; null: undefined
	Interval   *intervalDocument `json:"interval,omitempty"`
}

// differenceDocuments are differences to another model, which has the values.
func differenceDocuments(differences []metric.Difference, others []metric.Value) (list []differenceDocument) {
	for i, d := range differences {
		doc := differenceDocument{Name: d.Name, Interval: documentOf(d.Interval)}
		if others[i].Undefined == "" {
			doc.Other = &others[i].Value
		}
		if d.Undefined == "" {
			doc.Difference = &differences[i].Value
		}
		list = append(list, doc)
	}
	return list
}

var _ pipeline.Comparer = (*Stage)(nil)

// Comparable implements pipeline.Comparer: metrics are comparable if they are of the same
// target, with the same classes.
func (s *Stage) Comparable(own, other pipeline.Sources) error {
	a, err := readDocument(own)
	if err != nil {
		return err
	}
	b, err := readDocument(other)
	if err != nil {
		return err
	}
	switch {
	case a.Target != b.Target:
		return fmt.Errorf("it predicts %q, and the new model %q", b.Target, a.Target)
	case a.Task != b.Task:
		return fmt.Errorf("it is for %s, and the new model for %s", taskName(b.Task), taskName(a.Task))
	case !slices.Equal(sorted(a.Classes), sorted(b.Classes)):
		return fmt.Errorf("its classes are %s, those of the new model %s", quoteAll(b.Classes), quoteAll(a.Classes))
	case a.Datasets[0].Compared != b.Datasets[0].Compared:
		return fmt.Errorf("it was measured on %d rows, and the new model on %d: others of them have no target, or were left out by a filter or a join", b.Datasets[0].Compared, a.Datasets[0].Compared)
	}
	return nil
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

// Contrast implements pipeline.Comparer.
func (s *Stage) Contrast(ctx context.Context, own, other pipeline.Sources, metrics []string, threads int) (map[string]pipeline.Contrast, error) {
	doc, err := readDocument(own)
	if err != nil {
		return nil, err
	}
	var samples [2]metric.Sample
	for i, from := range []pipeline.Sources{own, other} {
		p := predicted{prefix: s.Prefix, heads: doc.heads(), weight: doc.Weight}
		in, err := from.Open("predictions")
		if err != nil {
			return nil, err
		}
		if samples[i], err = p.read(in); err != nil {
			return nil, errors.Join(err, in.Close())
		}
		if err := in.Close(); err != nil {
			return nil, err
		}
	}
	list := s.defs().Named(metrics...)
	all, err := metric.Drawing{Threads: threads, Block: s.Blocks}.Differences(ctx, samples[0], samples[1:], list)
	if err != nil {
		return nil, fmt.Errorf("it was not measured on the same rows: %w", err)
	}
	contrasts := map[string]pipeline.Contrast{}
	for i, d := range all[0] {
		if low, high, ok := d.Gain(); ok {
			contrasts[list[i].Name] = pipeline.Contrast{Low: low, High: high}
		}
	}
	return contrasts, nil
}

// heads are the targets of what was measured, as far as predictions tell of them.
func (d *document) heads() []*nn.Signature {
	if d.Task.IsOne() {
		return []*nn.Signature{{Column: d.Target, Task: d.Task, Classes: d.Classes}}
	}
	var list []*nn.Signature
	for _, t := range d.Datasets[0].Targets {
		h := &nn.Signature{Column: t.Target, Task: task.Regression}
		if t.Positive != "" {
			h.Task, h.Classes = task.Binary, t.Classes
		}
		list = append(list, h)
	}
	return list
}

// readDocument reads the metrics of an execution.
func readDocument(from pipeline.Sources) (*document, error) {
	in, err := from.Open("metrics")
	if err != nil {
		return nil, err
	}
	defer in.Close()
	d := new(document)
	if err := json.NewDecoder(io.NewSectionReader(in, 0, in.Size())).Decode(d); err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	if len(d.Datasets) == 0 {
		return nil, fmt.Errorf("%s: nothing was measured", in.Name)
	}
	return d, nil
}
