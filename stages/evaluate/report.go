package evaluate

import (
	"fmt"
	"math"
	"strings"

	"pipe/data/metric"
	"pipe/data/report"
	"pipe/data/report/chart"
	"pipe/nn"
)

// page is what the report says.
func (r *results) page(title string) *report.Page {
	sig := &r.model.Signature
	p := &report.Page{Title: title, Headline: r.headlines()}
	if p.Title == "" {
		p.Title = sig.Column
	}
	p.Subtitle = fmt.Sprintf("%s of %s on %s rows", capital(taskName(r.task)), sig.Column, chart.Count(int64(r.data().sample.Rows())))
	if w := r.data().weight; w != "" {
		p.Subtitle += ", weighted by " + w
	}
	if class, ok := r.positive(); ok {
		p.Subtitle += ", positive class: " + class
		if t := r.model.Signature.Threshold; t != 0 {
			p.Subtitle += " above a probability of " + chart.Number(t, 3)
		}
	}
	if t := sig.Transform; t != nil {
		p.Subtitle += ", learned as " + t.Of(sig.Column)
	}
	for _, v := range r.verdicts {
		p.Checks = append(p.Checks, report.Check{Met: v.met, Text: v.sentence()})
	}
	sections := []*report.Section{r.overviewSection(), r.againSection(), r.simpleSection(), r.againstSection(), r.fitSection()}
	heads := sig.Heads()
	if len(heads) > 1 {
		sections = append(sections, r.targetSection(heads))
	}
	for i, h := range heads[:min(len(heads), mostTargets)] {
		own := qualityOf(r.data().each[i], h)
		for _, s := range own {
			if s != nil && len(heads) > 1 {
				s.Title += " of " + h.Column
			}
		}
		sections = append(sections, own...)
	}
	sections = append(sections, r.explained.sections...)
	for _, s := range append(sections, r.worstSection(), r.sliceSection(), r.fairnessSection(), r.importanceSection(), r.learningSection(), r.originSection()) {
		if s != nil {
			p.Sections = append(p.Sections, *s)
		}
	}
	return p
}

// capital makes the first letter a capital one.
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// show writes a metric's value for people: scores, whose best value is 1, with
// three decimals, errors with three digits.
func show(def *metric.Def, v float64) string {
	switch {
	case def.Unit == metric.Share:
		return chart.Percentage(v, 1)
	case def.Goal == metric.Down:
		return chart.Digits(v, 3)
	}
	return chart.Decimals(v, 3)
}

func span(def *metric.Def, i *metric.Interval) string {
	if i == nil {
		return ""
	}
	return show(def, i.Low) + "\u2009–\u2009" + show(def, i.High)
}

func (r *results) headlines() []report.Highlight {
	const most = 4
	var heads []report.Highlight
	m := r.measured[0]
	for _, j := range r.inOrder() {
		v := m.values[j]
		if v.Undefined != "" || len(heads) == most {
			continue
		}
		def := v.Def
		h := report.Highlight{Name: def.Title, Doc: def.Doc, Value: show(def, v.Value)}
		lo, hi := v.Value, v.Value
		low, high, interval, baseline := math.NaN(), math.NaN(), "", ""
		if i := m.intervals[j]; i != nil {
			interval = span(def, i)
			h.Facts = append(h.Facts, report.Fact{Name: "95% interval", Value: interval})
			low, high = i.Low, i.High
			lo, hi = min(lo, low), max(hi, high)
		}
		guessed := math.NaN()
		if name, b, ok := r.bestBaseline(m, j); ok {
			baseline, guessed = show(def, b), b
			h.Facts = append(h.Facts, report.Fact{Name: name + " baseline", Value: baseline})
			lo, hi = min(lo, b), max(hi, b)
		}
		if lo < hi {
			pad := (hi - lo) * .06
			h.Gauge = &chart.Gauge{
				Label: fmt.Sprintf("%s %s, interval %s, baseline %s", def.Title, h.Value, interval, baseline),
				Value: v.Value, Low: low, High: high, Mark: guessed, From: lo - pad, To: hi + pad,
			}
		}
		heads = append(heads, h)
	}
	return heads
}

// overviewSection is the table of all metrics and data sets.
func (r *results) overviewSection() *report.Section {
	number := func(name string) report.Column { return report.Column{Name: name, Number: true} }
	t := &report.Table{Columns: []report.Column{{Name: "metric"}, number("data"), number("95% interval")}}
	for _, b := range r.baselines {
		t.Columns = append(t.Columns, report.Column{Name: b.Name, Note: "baseline", Number: true})
	}
	for _, m := range r.measured[1:] {
		t.Columns = append(t.Columns, number(m.port))
	}
	first := r.measured[0]
	for _, j := range r.inOrder() {
		v := first.values[j]
		def := v.Def
		row := []report.Cell{{Text: def.Title, Doc: def.Doc}, {Text: "–", Tone: report.Strong}, {Tone: report.Quiet}}
		if v.Undefined == "" {
			row[1].Text, row[2].Text = show(def, v.Value), span(def, first.intervals[j])
		}
		for _, known := range first.baselines {
			text := "–"
			if known[j].Undefined == "" {
				text = show(def, known[j].Value)
			}
			row = append(row, report.Cell{Text: text, Tone: report.Quiet})
		}
		for _, m := range r.measured[1:] {
			text := "–"
			if o := m.values[j]; o.Undefined == "" {
				text = show(def, o.Value)
			}
			row = append(row, report.Cell{Text: text})
		}
		t.Rows = append(t.Rows, row)
	}
	notes := []string{"Computed over all rows at once. A baseline says the same of every row: what the training data makes the best guess. Point at a metric to see its definition."}
	if a := r.again; a != nil && a.Again == 0 {
		notes = append(notes, "No row of data is a row of train.")
	}
	if why := r.withoutIntervals(); why != "" {
		notes = append(notes, capital(why)+".")
	}
	for _, u := range append(r.undefined(), r.unweighted()...) {
		notes = append(notes, u+".")
	}
	lead := r.headline.why
	if _, says := r.imbalance(); lead == "" && says != "" {
		lead = capital(says) + "."
	}
	return &report.Section{Title: "Metrics", Lead: lead, Table: t, Notes: notes}
}

// color gives a data set its colour, the same in every chart of the report.
func (r *results) color(port string) string {
	fixed := map[string]int{dataPort: 0, "train": 1, "validation": 2}
	if i, ok := fixed[port]; ok {
		return chart.Series(i)
	}
	next := len(fixed)
	for _, p := range r.parts {
		if _, ok := fixed[p.port]; ok {
			continue
		}
		if p.port == port {
			break
		}
		next++
	}
	return chart.Series(next)
}

func (r *results) sliceSection() *report.Section {
	if len(r.slices) == 0 {
		return nil
	}
	s := &report.Section{Title: "Slices", Lead: "The same metrics for parts of the data. A wide interval means few rows, not a bad model."}
	for _, c := range r.slices {
		t := report.Table{Title: c.column, Columns: []report.Column{{Name: "value"}, {Name: "rows", Number: true}}, Wide: true}
		if r.task.IsClassification() {
			t.Columns = append(t.Columns, report.Column{Name: "Accuracy", Number: true}, report.Column{Name: "95% interval"})
		}
		var shown []int
		for j, def := range r.metrics {
			if def.Name != "accuracy" && len(shown) < 5 {
				shown = append(shown, j)
				t.Columns = append(t.Columns, report.Column{Name: def.Title, Number: true})
			}
		}
		for _, v := range c.slices {
			row := report.Texts(v.Value, chart.Count(int64(v.Rows)))
			if v.Accuracy != nil {
				accuracy, interval := show(v.Accuracy.Def, v.Accuracy.Value), span(v.Accuracy.Def, v.Interval)
				gauge := &chart.Gauge{Label: "accuracy " + accuracy + ", interval " + interval,
					Value: v.Accuracy.Value, Low: v.Interval.Low, High: v.Interval.High, Mark: math.NaN(), From: 0, To: 1}
				row = append(row, report.Cell{Text: accuracy}, report.Cell{Text: interval, Gauge: gauge})
			} else if r.task.IsClassification() {
				row = append(row, report.Cell{Text: "–"}, report.Cell{})
			}
			for _, j := range shown {
				text := "–"
				if m := v.Values[j]; m.Undefined == "" {
					text = show(m.Def, m.Value)
				}
				row = append(row, report.Cell{Text: text})
			}
			t.Rows = append(t.Rows, row)
		}
		t.Caption = r.extremes(c)
		s.Blocks = append(s.Blocks, t)
	}
	return s
}

// extremes says how far the best and the worst value of a column are apart, in
// the first metric.
func (r *results) extremes(c slicing) string {
	best, worst := -1, -1
	def := r.metrics[0]
	for i, v := range c.slices {
		if v.Pooled > 0 || v.Values[0].Undefined != "" {
			continue
		}
		x := v.Values[0].Value
		if best < 0 || def.Better(x, c.slices[best].Values[0].Value) {
			best = i
		}
		if worst < 0 || def.Better(c.slices[worst].Values[0].Value, x) {
			worst = i
		}
	}
	if best == worst {
		return ""
	}
	b, w := c.slices[best], c.slices[worst]
	return fmt.Sprintf("%s is best for %s (%s) and worst for %s (%s).", def.Title,
		b.Value, show(def, b.Values[0].Value), w.Value, show(def, w.Values[0].Value))
}

// originSection says what is known of the data and the model.
func (r *results) originSection() *report.Section {
	role := map[string]string{dataPort: "what the report is about", "train": "what the model learned from", "validation": "what training was watched on"}
	data := report.Table{Title: "Data sets", Columns: []report.Column{{Name: "name"}, {Name: "role"}, {Name: "rows", Number: true}, {Name: "with target", Number: true}}}
	for _, part := range r.parts {
		row := report.Texts(part.port, role[part.port], chart.Count(int64(part.rows)), chart.Count(int64(part.sample.Rows())))
		row[1].Tone = report.Quiet
		data.Rows = append(data.Rows, row)
	}
	const mostFeatures = 60
	features := report.Tags{Title: "Features"}
	for _, in := range r.model.Signature.AllInputs() {
		if features.Tags = append(features.Tags, in.Features...); len(in.Features) == 0 {
			features.Tags = append(features.Tags, in.Name)
		}
	}
	if n := len(features.Tags); n > mostFeatures {
		features.Tags, features.More = features.Tags[:mostFeatures], n-mostFeatures
	}
	model := report.Facts{Title: "Model"}
	s := &r.model.Summary
	add := func(name, value string) {
		if value != "" {
			model.Facts = append(model.Facts, report.Fact{Name: name, Value: value})
		}
	}
	if t := r.model.Trees; t != nil {
		add("Trees", chart.Count(int64(len(t.Trees)))+", at most "+chart.Count(int64(t.Depth()))+" questions deep")
	} else {
		add("Network", network(&r.model.Network.Spec))
	}
	if class, ok := r.positive(); ok {
		add("Threshold", r.thresholdText(class))
	}
	if r.model.Trees != nil {
		add("Leaves", chart.Count(int64(s.Parameters)))
		add("Loss", s.Loss)
		add("Growth", s.Optimizer)
		add("Trained on", chart.Count(int64(s.Rows))+" rows")
	} else {
		add("Parameters", chart.Count(int64(s.Parameters)))
		add("Loss", s.Loss)
		add("Optimizer", s.Optimizer)
		add("Trained on", chart.Count(int64(s.Rows))+" rows in batches of "+chart.Count(int64(s.BatchSize)))
	}
	if b := s.Balance; b != nil {
		add("Classes", b.String())
	}
	add("Device", s.Device)
	epochs := fmt.Sprintf("%d, the best was %d", s.EpochsRun, s.BestEpoch)
	if s.StoppedEarly {
		epochs += " (stopped early)"
	}
	add(capital(r.model.Pass())+"s", epochs)
	if t := s.Target; t != nil {
		add("Target in training", fmt.Sprintf("%s to %s, mean %s, median %s",
			chart.Number(t.Min, 4), chart.Number(t.Max, 4), chart.Number(t.Mean, 4), chart.Number(t.Median, 4)))
	}
	return &report.Section{Title: "Data and model", Blocks: report.Blocks{report.Group{Blocks: report.Blocks{data, features}}, model}}
}

// thresholdText says when a row is taken for the positive class, and since when.
func (r *results) thresholdText(class string) string {
	m := r.model
	text := fmt.Sprintf("%s above a probability of %s", class, chart.Number(m.Signature.Cut(), 4))
	if c := m.Summary.Threshold; c != nil {
		def, ok := r.known.Find(c.Metric)
		if !ok { // cost, which the model has of its own, or one of a later time
			return text + fmt.Sprintf(", where %s was best on the validation data (%s)", c.Metric, chart.Number(c.Value, 4))
		}
		text += fmt.Sprintf(", where %s was best on the validation data (%s)", def.Title, show(def, c.Value))
	}
	return text
}

// branches writes what each input passes through, those that are wide or the others.
func branches(s *nn.Spec, wide bool) string {
	var all []string
	for _, b := range s.Branches {
		if b.Wide != wide {
			continue
		}
		parts := []string{b.Input}
		for _, l := range b.Layers {
			parts = append(parts, l.String())
		}
		all = append(all, "("+strings.Join(parts, " → ")+")")
	}
	return strings.Join(all, " + ")
}

// network writes the layers in a row.
func network(s *nn.Spec) string {
	parts := []string{fmt.Sprintf("%d inputs", s.Inputs)}
	if len(s.Branches) > 0 {
		parts[0] = branches(s, false)
	}
	for _, l := range s.Layers {
		parts = append(parts, l.String())
	}
	if wide := branches(s, true); wide != "" {
		parts = append(parts, "beside "+wide)
	}
	parts = append(parts, fmt.Sprintf("%d outputs", s.Outputs))
	for i, p := range parts {
		if p == "1 inputs" || p == "1 outputs" {
			parts[i] = strings.TrimSuffix(p, "s")
		}
	}
	return strings.Join(parts, " → ")
}
