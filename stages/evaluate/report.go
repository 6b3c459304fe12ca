package evaluate

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"

	"pipe/data/metric"
	"pipe/data/report/chart"
	"pipe/data/task"
	"pipe/nn"
)

//go:embed report.html
var reportHTML string

//go:embed report.css
var reportCSS string

// page is what report.html is filled with. All texts are plain; the template
// escapes them.
type page struct {
	CSS      template.CSS
	Title    string
	Subtitle string
	Gates    []gateRow
	Passed   int
	Headline []headline
	Overview overview
	Sections []section
	Data     []dataRow
	Features []string
	Hidden   int // features that are not listed
	Model    []fact
	Notes    []string
}

type gateRow struct {
	Met      bool
	Sentence string
}

type headline struct {
	Name, Doc, Value, Interval string
	Guess, Baseline            string // the best baseline and what it scores
	Picture                    template.HTML
}

// overview is the table of all metrics and data sets.
type overview struct {
	Baselines []string
	Others    []string // further data sets
	Rows      []overviewRow
}

type overviewRow struct {
	Name, Doc, Value, Interval string
	Baselines, Others          []string
}

// A section is figures and tables under a heading.
type section struct {
	Title   string
	Lead    string // what there is to see, in a sentence or two
	Figures []figure
	Tables  []dataTable
}

type figure struct {
	Title, Caption string
	SVG            template.HTML
	Wide           bool
}

type dataTable struct {
	Title, Caption string
	Head           []column
	Rows           [][]cell
	Wide           bool
}

// A column of a table; numbers are aligned to the right.
type column struct {
	Name   string
	Number bool
}

type cell struct {
	Text    string
	Number  bool
	Picture template.HTML
}

type dataRow struct{ Name, Role, Rows, Compared string }

type fact struct{ Name, Value string }

func picture(svg string) template.HTML { return template.HTML(svg) }

// plainText makes text safe for XML as well as for HTML: the template escapes
// markup but lets control characters through.
func plainText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\t' && r != '\n' || r >= 0x7f && r < 0xa0 || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

func writeReport(w io.Writer, r *results, title string) error {
	t, err := template.New("report").Funcs(template.FuncMap{"plain": plainText}).Parse(reportHTML)
	if err != nil {
		return err
	}
	p := r.page(title)
	p.CSS = template.CSS(reportCSS + chart.CSS)
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return err
	}
	_, err = w.Write(b.Bytes())
	return err
}

func (r *results) page(title string) page {
	sig := &r.model.Signature
	p := page{Title: title}
	if p.Title == "" {
		p.Title = sig.Column
	}
	p.Subtitle = fmt.Sprintf("%s of %s on %s rows", capital(taskName(r.task)), sig.Column, chart.Count(int64(r.data().sample.Rows())))
	if class, ok := r.positive(); ok {
		p.Subtitle += ", positive class: " + class
		if t := r.model.Signature.Threshold; t != 0 {
			p.Subtitle += " above a probability of " + chart.Number(t, 3)
		}
	}
	for _, v := range r.gates {
		p.Gates = append(p.Gates, gateRow{v.met, v.sentence()})
		if v.met {
			p.Passed++
		}
	}
	p.Headline = r.headlines()
	p.Overview = r.overview()
	p.Notes = r.undefined()
	for _, s := range []*section{r.fitSection(), r.errorSection(), r.rankingSection(), r.calibrationSection(), r.worstSection(), r.sliceSection(), r.learningSection()} {
		if s != nil {
			p.Sections = append(p.Sections, *s)
		}
	}
	r.describe(&p)
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
	case def.Percent:
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

func (r *results) headlines() []headline {
	const most = 4
	var heads []headline
	m := r.measured[0]
	for j, v := range m.values {
		if v.Undefined != "" || len(heads) == most {
			continue
		}
		def, _ := metric.Find(v.Name)
		h := headline{Name: def.Title, Doc: def.Doc, Value: show(def, v.Value)}
		lo, hi := v.Value, v.Value
		low, high := math.NaN(), math.NaN()
		if i := m.intervals[j]; i != nil {
			h.Interval = span(def, i)
			low, high = i.Low, i.High
			lo, hi = min(lo, low), max(hi, high)
		}
		guessed := math.NaN()
		if name, b, ok := r.bestBaseline(m, v.Name); ok {
			h.Guess, h.Baseline = name, show(def, b)
			guessed = b
			lo, hi = min(lo, b), max(hi, b)
		}
		if lo < hi {
			pad := (hi - lo) * .06
			h.Picture = picture(chart.Gauge{
				Label: fmt.Sprintf("%s %s, interval %s, baseline %s", def.Title, h.Value, h.Interval, h.Baseline),
				Value: v.Value, Low: low, High: high, Mark: guessed, From: lo - pad, To: hi + pad,
			}.SVG())
		}
		heads = append(heads, h)
	}
	return heads
}

func (r *results) overview() overview {
	o := overview{Baselines: r.baselines}
	for _, m := range r.measured[1:] {
		o.Others = append(o.Others, m.port)
	}
	first := r.measured[0]
	for j, v := range first.values {
		def, _ := metric.Find(v.Name)
		row := overviewRow{Name: def.Title, Doc: def.Doc, Value: "–"}
		if v.Undefined == "" {
			row.Value = show(def, v.Value)
			row.Interval = span(def, first.intervals[j])
		}
		for _, known := range first.baselines {
			text := "–"
			if b, ok := known[v.Name]; ok {
				text = show(def, b)
			}
			row.Baselines = append(row.Baselines, text)
		}
		for _, m := range r.measured[1:] {
			text := "–"
			if o := m.values[j]; o.Undefined == "" {
				text = show(def, o.Value)
			}
			row.Others = append(row.Others, text)
		}
		o.Rows = append(o.Rows, row)
	}
	return o
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

// mostPoints is how many points a chart draws.
const mostPoints = 1500

// every gives the step at which rows are picked so that few enough are drawn,
// and what to say of it.
func every(rows int) (step int, caption string) {
	step = (rows + mostPoints - 1) / mostPoints
	if step <= 1 {
		return 1, ""
	}
	return step, fmt.Sprintf(" One row in %d is drawn.", step)
}

func (r *results) sliceSection() *section {
	if len(r.slices) == 0 {
		return nil
	}
	s := &section{Title: "Slices", Lead: "The same metrics for parts of the data. A wide interval means few rows, not a bad model."}
	for _, c := range r.slices {
		t := dataTable{Title: c.column, Head: []column{{Name: "value"}, {"rows", true}}, Wide: true}
		if r.task != task.Regression {
			t.Head = append(t.Head, column{"Accuracy", true}, column{Name: "95% interval"})
		}
		var names []int
		for j, name := range r.names {
			if name != "accuracy" && len(names) < 5 {
				names = append(names, j)
				def, _ := metric.Find(name)
				t.Head = append(t.Head, column{def.Title, true})
			}
		}
		for _, v := range c.values {
			row := []cell{{Text: v.value}, {Text: chart.Count(int64(v.rows)), Number: true}}
			if v.interval != nil {
				accuracy, _ := metric.Find("accuracy")
				p := v.accuracy
				row = append(row, cell{Text: show(accuracy, p), Number: true}, cell{Text: span(accuracy, v.interval),
					Picture: picture(chart.Gauge{Label: "accuracy " + show(accuracy, p) + ", interval " + span(accuracy, v.interval),
						Value: p, Low: v.interval.Low, High: v.interval.High, Mark: math.NaN(), From: 0, To: 1}.SVG())})
			}
			for _, j := range names {
				def, _ := metric.Find(r.names[j])
				text := "–"
				if v.measured[j].Undefined == "" {
					text = show(def, v.measured[j].Value)
				}
				row = append(row, cell{Text: text, Number: true})
			}
			t.Rows = append(t.Rows, row)
		}
		t.Caption = r.spread(c)
		s.Tables = append(s.Tables, t)
	}
	return s
}

// spread says how far the best and the worst value of a column are apart, in
// the first metric.
func (r *results) spread(c slicing) string {
	best, worst := -1, -1
	def, _ := metric.Find(r.names[0])
	for i, v := range c.values {
		if v.pooled > 0 || v.measured[0].Undefined != "" {
			continue
		}
		x := v.measured[0].Value
		if best < 0 || def.Better(x, c.values[best].measured[0].Value) {
			best = i
		}
		if worst < 0 || def.Better(c.values[worst].measured[0].Value, x) {
			worst = i
		}
	}
	if best == worst {
		return ""
	}
	b, w := c.values[best], c.values[worst]
	return fmt.Sprintf("%s is best for %s (%s) and worst for %s (%s).", def.Title,
		b.value, show(def, b.measured[0].Value), w.value, show(def, w.measured[0].Value))
}

// describe fills in what is known of the data and the model.
func (r *results) describe(p *page) {
	role := map[string]string{dataPort: "what the report is about", "train": "what the model learned from", "validation": "what training was watched on"}
	for _, part := range r.parts {
		p.Data = append(p.Data, dataRow{part.port, role[part.port], chart.Count(int64(part.rows)), chart.Count(int64(part.sample.Rows()))})
	}
	const mostFeatures = 60
	p.Features = r.model.Signature.Features
	if n := len(p.Features); n > mostFeatures {
		p.Features, p.Hidden = p.Features[:mostFeatures], n-mostFeatures
	}
	s := &r.model.Summary
	add := func(name, value string) {
		if value != "" {
			p.Model = append(p.Model, fact{name, value})
		}
	}
	add("Network", network(&r.model.Spec))
	if class, ok := r.positive(); ok {
		add("Threshold", thresholdText(r.model, class))
	}
	add("Parameters", chart.Count(int64(s.Parameters)))
	add("Loss", s.Loss)
	add("Optimizer", s.Optimizer)
	add("Trained on", chart.Count(int64(s.Rows))+" rows in batches of "+chart.Count(int64(s.BatchSize)))
	epochs := fmt.Sprintf("%d, the best was %d", s.EpochsRun, s.BestEpoch)
	if s.StoppedEarly {
		epochs += " (stopped early)"
	}
	add("Epochs", epochs)
	if t := s.Target; t != nil {
		add("Target in training", fmt.Sprintf("%s to %s, mean %s, median %s",
			chart.Number(t.Min, 4), chart.Number(t.Max, 4), chart.Number(t.Mean, 4), chart.Number(t.Median, 4)))
	}
}

// thresholdText says when a row is taken for the positive class, and since when.
func thresholdText(m *nn.Model, class string) string {
	text := fmt.Sprintf("%s above a probability of %s", class, chart.Number(m.Signature.Cut(), 4))
	if c := m.Summary.Threshold; c != nil {
		def, ok := metric.Find(c.Metric)
		if !ok {
			return text // a model from a store of a later time
		}
		text += fmt.Sprintf(", where %s was best on the validation data (%s)", def.Title, show(def, c.Value))
	}
	return text
}

// network writes the layers in a row.
func network(s *nn.Spec) string {
	parts := []string{fmt.Sprintf("%d inputs", s.Inputs)}
	for _, l := range s.Layers {
		parts = append(parts, l.String())
	}
	parts = append(parts, fmt.Sprintf("%d outputs", s.Outputs))
	for i, p := range parts {
		if p == "1 inputs" || p == "1 outputs" {
			parts[i] = strings.TrimSuffix(p, "s")
		}
	}
	return strings.Join(parts, " → ")
}
